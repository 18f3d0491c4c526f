//! The fake's contacts, suppression list, senders and texts: some of everything, with hostile names.

use std::collections::BTreeMap;

use app::detail::Page;
use app::{
    ContactQuery, ContactView, GroupView, Imported, InboundNumberView, KeywordReplies, KeywordReplyPatch,
    PoolMemberView, PoolPatch, PoolView, Scope, SenderView, SenderWish, SignatureView, SuppressionQuery,
    SuppressionView, SuppressionWish, TemplateView, TemplateWish,
};
use console::{Book, Desk};
use types::Sensitive;
use types::address::Msisdn;
use types::contact::Contact;
use types::id::{AccountId, ContactId, GroupId, PoolId, RowKey, SenderId, SignatureId, TemplateId};
use types::inbound::{InboundNumber, NumberRoute};
use types::network::Country;
use types::refusal::{Refusal, RefusalCode};
use types::resource::{OptOutScope, ResourceKind, ReviewState, TemplateVersion};
use types::suppression::SuppressionReason;

use super::messages::HOSTILE;
use super::{ACCOUNT, Answer, FakeDesk, ready};

fn key(place: u32) -> RowKey {
    RowKey::from_parts(1_795_000_000_000, place)
}

/// The group of the fake.
pub fn group_id() -> GroupId {
    GroupId::new(key(50), 5)
}

/// A contact of the fake.
pub fn contact_id() -> ContactId {
    ContactId::new(key(51), 5)
}

fn wrong(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::InvalidRequest, detail)
}

impl FakeDesk {
    fn has_things(&self) -> bool {
        !self.messages.lock().unwrap().is_empty()
    }

    fn contact(&self, place: u32, digits: &str, name: &str) -> ContactView {
        let number = Msisdn::parse(digits).unwrap();
        let name = Sensitive::new(name.to_owned());
        let is_blocked = place == 2;
        ContactView {
            id: ContactId::new(key(50 + place), 5),
            contact: Contact { name, language: "en".to_owned(), ..Contact::of(number) },
            suppressed: is_blocked.then_some(SuppressionReason::OptOut),
            groups: vec![group_id()],
            created_at: Desk::now(self),
            changed_at: Desk::now(self),
        }
    }

    fn sender(&self, place: u32, sender: &str, state: ReviewState) -> SenderView {
        SenderView {
            id: SenderId::new(key(60 + place), 5),
            account: ACCOUNT,
            sender: sender.to_owned(),
            state,
            countries: vec![Country::parse("GB").unwrap(), Country::parse("FR").unwrap()],
            purpose: "order updates".to_owned(),
            note: if state == ReviewState::Rejected { HOSTILE.to_owned() } else { String::new() },
            created_at: Desk::now(self).plus_ms(-7_200_000),
            changed_at: Desk::now(self).plus_ms(-3_600_000),
        }
    }

    fn template(&self, place: u32, state: ReviewState) -> TemplateView {
        let version = |number: u32, text: &str, state: ReviewState| TemplateVersion {
            number,
            text: text.to_owned(),
            examples: BTreeMap::from([("code".to_owned(), "123456".to_owned())]),
            state: state.to_string(),
            note: if state == ReviewState::Rejected { "Say who you are.".to_owned() } else { String::new() },
            at_ms: Desk::now(self).as_ms(),
        };
        let older = version(1, "Your code is {code}.", ReviewState::Approved);
        let newest = version(2, "{code} is your code. Tell it to nobody.", state);
        let in_force = if state == ReviewState::Approved { 2 } else { 1 };
        TemplateView {
            id: TemplateId::new(key(70 + place), 5),
            account: ACCOUNT,
            name: format!("login code {place}"),
            state,
            in_force: Some(in_force),
            versions: vec![newest, older],
            created_at: Desk::now(self).plus_ms(-7_200_000),
            changed_at: Desk::now(self).plus_ms(-600_000),
        }
    }
}

impl Book for FakeDesk {
    fn contacts(&self, account: AccountId, query: ContactQuery) -> Answer<'_, Page<ContactView>> {
        let mut items = Vec::new();
        if account == ACCOUNT && self.has_things() {
            items = vec![
                self.contact(1, "447911123456", "Ada Lovelace"),
                self.contact(2, "32470000001", HOSTILE),
                self.contact(3, "33612345678", ""),
            ];
        }
        items.retain(|view| query.number.is_none_or(|number| view.contact.number == number));
        ready(Ok(Page { items, next: None }))
    }

    fn make_contact(&self, account: AccountId, contact: Contact, groups: Vec<GroupId>) -> Answer<'_, ()> {
        let name = contact.name.expose();
        self.note(format!("{} adds {} {name} to {}", account.0, contact.number.digits(), groups.len()));
        ready(Ok(()))
    }

    fn remove_contact(&self, account: AccountId, id: ContactId) -> Answer<'_, ()> {
        self.note(format!("{} removes {id}", account.0));
        ready(Ok(()))
    }

    fn import_contacts(
        &self,
        account: AccountId,
        contacts: Vec<Contact>,
        group: Option<GroupId>,
    ) -> Answer<'_, Imported> {
        self.note(format!("{} imports {} into {}", account.0, contacts.len(), group.is_some()));
        ready(Ok(Imported { made: contacts.len(), changed: 0 }))
    }

    fn groups(&self, account: AccountId) -> Answer<'_, Vec<GroupView>> {
        let group = GroupView {
            id: group_id(),
            name: "Customers <b>".to_owned(),
            description: String::new(),
            contacts: 1_234,
            created_at: Desk::now(self),
        };
        let own = account == ACCOUNT && self.has_things();
        ready(Ok(own.then_some(group).into_iter().collect()))
    }

    fn make_group(&self, account: AccountId, name: String) -> Answer<'_, ()> {
        if name == "taken" {
            return ready(Err(wrong("the account has a group of this name already")));
        }
        self.note(format!("{} makes group {name}", account.0));
        ready(Ok(()))
    }

    fn remove_group(&self, account: AccountId, id: GroupId) -> Answer<'_, ()> {
        self.note(format!("{} removes {id}", account.0));
        ready(Ok(()))
    }

    fn suppressions(&self, account: AccountId, query: SuppressionQuery) -> Answer<'_, Page<SuppressionView>> {
        let entry = |digits: &str, pool, reason| SuppressionView {
            number: Msisdn::parse(digits).unwrap(),
            pool,
            reason,
            source: "inbound:inb_1".to_owned(),
            created_at: Desk::now(self),
        };
        let mut items = Vec::new();
        if account == ACCOUNT && self.has_things() {
            items = vec![
                entry("447911123456", None, SuppressionReason::OptOut),
                entry("32470000001", Some(PoolId::new(key(80), 5)), SuppressionReason::OptOut),
                entry("33612345678", None, SuppressionReason::Complaint),
            ];
        }
        items.retain(|view| query.number.is_none_or(|number| view.number == number));
        ready(Ok(Page { items, next: None }))
    }

    fn suppress(&self, account: AccountId, wish: SuppressionWish) -> Answer<'_, usize> {
        self.note(format!("{} blocks {} from {}", account.0, wish.numbers.len(), wish.source));
        ready(Ok(wish.numbers.len()))
    }

    fn unsuppress(&self, account: AccountId, number: Msisdn) -> Answer<'_, ()> {
        self.note(format!("{} takes {} off", account.0, number.digits()));
        ready(Ok(()))
    }

    fn keyword_replies(&self, _account: AccountId) -> KeywordReplies {
        let stop = self.has_things().then(|| format!("No more. {HOSTILE}"));
        KeywordReplies { stop, ..KeywordReplies::default() }
    }

    fn change_keyword_replies(&self, account: AccountId, patch: KeywordReplyPatch) -> Answer<'_, ()> {
        if patch.help == Some(Some("bad".to_owned())) {
            return ready(Err(wrong("expected 1 to 459 characters")));
        }
        self.note(format!("{} answers {:?}", account.0, patch.stop));
        ready(Ok(()))
    }

    fn inbound_numbers(&self, _scope: Scope, _limit: usize) -> Vec<InboundNumberView> {
        let number = |text: &str, route| InboundNumberView {
            number: InboundNumber::parse(text).unwrap(),
            account: Some((ACCOUNT, "demo".to_owned())),
            route,
            endpoint: None,
            added_at: Desk::now(self),
            assigned_at: Some(Desk::now(self)),
        };
        if !self.has_things() {
            return Vec::new();
        }
        vec![number("447400999000", NumberRoute::Account), number("88811", NumberRoute::Webhook)]
    }

    fn route_number(&self, account: AccountId, number: InboundNumber, route: NumberRoute) -> Answer<'_, ()> {
        self.note(format!("{} leads {} to {route}", account.0, number.as_u64()));
        ready(Ok(()))
    }

    fn senders(&self, _scope: Scope, _limit: usize) -> Vec<SenderView> {
        if !self.has_things() {
            return Vec::new();
        }
        vec![
            self.sender(1, "ACME", ReviewState::Approved),
            self.sender(2, "<b>Shop", ReviewState::Pending),
            self.sender(3, "447400999000", ReviewState::Rejected),
        ]
    }

    fn request_sender(&self, account: AccountId, wish: SenderWish) -> Answer<'_, ()> {
        if wish.sender.len() > 11 {
            let refusal = Refusal::new(RefusalCode::InvalidSender, "a sender has at most 11 characters");
            return ready(Err(refusal));
        }
        self.note(format!("{} asks for {} in {}", account.0, wish.sender, wish.countries.len()));
        ready(Ok(()))
    }

    fn remove_sender(&self, account: AccountId, id: SenderId) -> Answer<'_, ()> {
        self.note(format!("{} removes {id}", account.0));
        ready(Ok(()))
    }

    fn pools(&self, account: AccountId) -> Vec<PoolView> {
        let member = |sender: &str, passed_over: Option<&'static str>| PoolMemberView {
            sender: sender.to_owned(),
            off: passed_over == Some("off"),
            passed_over,
        };
        if account != ACCOUNT || !self.has_things() {
            return Vec::new();
        }
        vec![PoolView {
            id: PoolId::new(key(80), 5),
            name: "marketing".to_owned(),
            description: String::new(),
            members: vec![member("ACME", None), member("447400999000", Some("off"))],
            is_sticky: true,
            prefers_country: true,
            opt_out: OptOutScope::Pool,
            replies: Vec::new(),
            created_at: Desk::now(self),
            changed_at: Desk::now(self),
        }]
    }

    fn make_pool(&self, account: AccountId, wish: PoolPatch) -> Answer<'_, ()> {
        self.note(format!("{} makes pool {:?} {:?}", account.0, wish.name, wish.members));
        ready(Ok(()))
    }

    fn change_pool(&self, account: AccountId, id: PoolId, patch: PoolPatch) -> Answer<'_, ()> {
        self.note(format!("{} sets {id} {:?}", account.0, patch.opt_out));
        ready(Ok(()))
    }

    fn remove_pool(&self, account: AccountId, id: PoolId) -> Answer<'_, ()> {
        self.note(format!("{} removes {id}", account.0));
        ready(Ok(()))
    }

    fn templates(&self, _scope: Scope, _limit: usize) -> Vec<TemplateView> {
        if !self.has_things() {
            return Vec::new();
        }
        vec![
            self.template(1, ReviewState::Pending),
            self.template(2, ReviewState::Approved),
            self.template(3, ReviewState::Rejected),
            self.template(4, ReviewState::Draft),
        ]
    }

    fn make_template(&self, account: AccountId, wish: TemplateWish) -> Answer<'_, ()> {
        self.note(format!("{} writes {:?} {:?} {}", account.0, wish.name, wish.examples, wish.submit));
        ready(Ok(()))
    }

    fn change_template(&self, account: AccountId, id: TemplateId, wish: TemplateWish) -> Answer<'_, ()> {
        self.note(format!("{} changes {id} {}", account.0, wish.submit));
        ready(Ok(()))
    }

    fn remove_template(&self, account: AccountId, id: TemplateId) -> Answer<'_, ()> {
        self.note(format!("{} removes {id}", account.0));
        ready(Ok(()))
    }

    fn signatures(&self, _scope: Scope, _limit: usize) -> Vec<SignatureView> {
        let signature = SignatureView {
            id: SignatureId::new(key(90), 5),
            account: ACCOUNT,
            signature: "ACME Ltd.".to_owned(),
            state: ReviewState::Revoked,
            purpose: "our company".to_owned(),
            note: "The contract has ended.".to_owned(),
            created_at: Desk::now(self),
            changed_at: Desk::now(self),
        };
        self.has_things().then_some(signature).into_iter().collect()
    }

    fn request_signature(&self, account: AccountId, (signature, _): (String, String)) -> Answer<'_, ()> {
        self.note(format!("{} asks for signature {signature}", account.0));
        ready(Ok(()))
    }

    fn remove_signature(&self, account: AccountId, id: SignatureId) -> Answer<'_, ()> {
        self.note(format!("{} removes {id}", account.0));
        ready(Ok(()))
    }

    fn review(
        &self,
        account: AccountId,
        (kind, name): (ResourceKind, String),
        (state, note): (ReviewState, String),
    ) -> Answer<'_, ()> {
        if name == "gone" {
            return ready(Err(Refusal::new(RefusalCode::NotFound, "the account has no such sender")));
        }
        self.note(format!("{kind} {name} of {} is {state}: {note}", account.0));
        ready(Ok(()))
    }
}
