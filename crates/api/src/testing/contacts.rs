//! The fake desk's contacts and groups: the owner has one of each, one in the other.

use app::detail::Page;
use app::submission::{Accepted, Done, Idempotency};
use app::{
    ContactPatch, ContactQuery, ContactView, GroupMembers, GroupPatch, GroupView, Imported, Membership,
};
use ports::BoxFuture;
use types::address::Msisdn;
use types::contact::Contact;
use types::id::{AccountId, ContactId, GroupId, RowKey, SubmissionId};
use types::message::State;
use types::refusal::{Refusal, RefusalCode};

use super::settings::{at_once, missing};
use super::{FakeDesk, NOW, OWNER};
use crate::desk::{Answer, Contacts};

/// The number of the owner's contact.
pub(crate) const CONTACT_NUMBER: &str = "447700900777";

/// The owner's contact.
pub(crate) fn contact_id() -> ContactId {
    ContactId::new(RowKey::from_parts(NOW.as_ms(), 31), 7)
}

/// The owner's group.
pub(crate) fn group_id() -> GroupId {
    GroupId::new(RowKey::from_parts(NOW.as_ms(), 32), 7)
}

fn view(contact: Contact) -> ContactView {
    let (id, groups) = (contact_id(), vec![group_id()]);
    ContactView { id, contact, suppressed: None, groups, created_at: NOW, changed_at: NOW }
}

fn known() -> Contact {
    let attributes = [("city".to_owned(), "Gent".to_owned())];
    Contact {
        name: "Ada".to_owned().into(),
        attributes: attributes.into_iter().collect::<std::collections::BTreeMap<_, _>>().into(),
        ..Contact::of(Msisdn::parse(CONTACT_NUMBER).unwrap())
    }
}

fn group(name: String, description: String) -> GroupView {
    GroupView { id: group_id(), name, description, contacts: 1, created_at: NOW }
}

fn known_group() -> GroupView {
    group("customers of owner.example".to_owned(), String::new())
}

impl Contacts for FakeDesk {
    fn contacts(&self, account: AccountId, query: ContactQuery) -> Answer<'_, Page<ContactView>> {
        if query.group.is_some_and(|id| id != group_id() || account != OWNER) {
            return at_once(Err(missing().at("group")));
        }
        let items = if account == OWNER { vec![view(known())] } else { Vec::new() };
        let next = items.first().map(|view| view.id.key());
        at_once(Ok(Page { items, next }))
    }

    fn contact(&self, account: AccountId, id: ContactId) -> Answer<'_, Option<ContactView>> {
        at_once(Ok((account == OWNER && id == contact_id()).then(|| view(known()))))
    }

    fn make_contact(
        &self,
        account: AccountId,
        contact: Contact,
        groups: Vec<GroupId>,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<ContactView>> {
        if groups.iter().any(|id| *id != group_id() || account != OWNER) {
            return at_once(Err(missing().at("groups")));
        }
        let checked = decide::contact::check(&contact);
        let made = ContactView { groups, ..view(contact) };
        at_once(checked.map(|()| self.done(made, once)))
    }

    fn change_contact(
        &self,
        account: AccountId,
        id: ContactId,
        patch: ContactPatch,
    ) -> Answer<'_, ContactView> {
        if account != OWNER || id != contact_id() {
            return at_once(Err(missing()));
        }
        let old = known();
        let contact = Contact {
            number: patch.number.unwrap_or(old.number),
            name: patch.name.unwrap_or(old.name),
            language: patch.language.unwrap_or(old.language),
            time_zone: patch.time_zone.unwrap_or(old.time_zone),
            attributes: patch.attributes.unwrap_or(old.attributes),
        };
        at_once(decide::contact::check(&contact).map(|()| view(contact)))
    }

    fn remove_contact(&self, account: AccountId, id: ContactId) -> Answer<'_, ()> {
        at_once(if account == OWNER && id == contact_id() { Ok(()) } else { Err(missing()) })
    }

    fn import_contacts(
        &self,
        account: AccountId,
        contacts: Vec<Contact>,
        group: Option<GroupId>,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<Imported>> {
        if group.is_some_and(|id| id != group_id() || account != OWNER) {
            return at_once(Err(missing().at("group")));
        }
        at_once(Ok(self.done(Imported { made: contacts.len(), changed: 0 }, once)))
    }

    fn groups(
        &self,
        account: AccountId,
        before: Option<RowKey>,
        _limit: usize,
    ) -> Answer<'_, Page<GroupView>> {
        let own = account == OWNER && before.is_none();
        at_once(Ok(Page { items: own.then(known_group).into_iter().collect(), next: None }))
    }

    fn group(&self, account: AccountId, id: GroupId) -> Answer<'_, Option<GroupView>> {
        at_once(Ok((account == OWNER && id == group_id()).then(known_group)))
    }

    fn make_group(
        &self,
        _account: AccountId,
        name: String,
        description: String,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<GroupView>> {
        if !types::resource::is_name(&name) {
            return at_once(Err(Refusal::new(RefusalCode::InvalidRequest, "no name").at("name")));
        }
        at_once(Ok(self.done(group(name, description), once)))
    }

    fn change_group(&self, account: AccountId, id: GroupId, patch: GroupPatch) -> Answer<'_, GroupView> {
        if account != OWNER || id != group_id() {
            return at_once(Err(missing()));
        }
        let old = known_group();
        at_once(Ok(group(patch.name.unwrap_or(old.name), patch.description.unwrap_or(old.description))))
    }

    fn remove_group(&self, account: AccountId, id: GroupId) -> Answer<'_, ()> {
        at_once(if account == OWNER && id == group_id() { Ok(()) } else { Err(missing()) })
    }

    fn change_members(
        &self,
        account: AccountId,
        id: GroupId,
        _membership: Membership,
        _contacts: Vec<ContactId>,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<GroupView>> {
        if account != OWNER || id != group_id() {
            return at_once(Err(missing()));
        }
        at_once(Ok(self.done(known_group(), once)))
    }

    fn answered(&self, _account: AccountId, _once: Idempotency) -> BoxFuture<'_, Option<Accepted>> {
        let message = app::submission::AcceptedMessage {
            id: super::message_id(1),
            state: State::Queued,
            parts: 1,
            price: super::PRICE,
            preview: None,
            send_at: None,
            time: None,
        };
        let id = SubmissionId::new(RowKey::from_parts(NOW.as_ms(), 0), 1);
        let known = Accepted { id, messages: vec![message], replayed: true };
        let known = Some(known).filter(|_| self.replayed);
        Box::pin(async move { known })
    }

    fn recipients_of(&self, _account: AccountId, _id: SubmissionId) -> Answer<'_, Vec<String>> {
        at_once(Ok(vec!["447700900778".to_owned()]))
    }

    fn members_to_message(
        &self,
        account: AccountId,
        group: String,
        _pool: Option<String>,
    ) -> Answer<'_, GroupMembers> {
        let is_own = account == OWNER && GroupId::parse(&group) == Some(group_id());
        let members = vec![view(known())];
        at_once(if is_own { Ok(GroupMembers { members, left_out: 2 }) } else { Err(missing()) })
    }
}
