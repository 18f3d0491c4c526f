//! The fake desk's templates and signatures: the owner has one of each, both approved.

use std::collections::BTreeMap;

use app::detail::Page;
use app::submission::{Done, Idempotency};
use app::{SignatureView, TemplateView, TemplateWish};
use types::id::{AccountId, RowKey, SignatureId, TemplateId};
use types::refusal::{Refusal, RefusalCode};
use types::resource::{ReviewState, TemplateVersion};

use super::settings::{at_once, missing};
use super::{FakeDesk, NOW, OWNER};
use crate::desk::{Answer, Wordings};

/// The owner's template.
pub(crate) fn template_id() -> TemplateId {
    TemplateId::new(RowKey::from_parts(NOW.as_ms(), 43), 7)
}

/// The owner's signature.
pub(crate) fn signature_id() -> SignatureId {
    SignatureId::new(RowKey::from_parts(NOW.as_ms(), 44), 7)
}

fn template(name: &str, text: &str, state: ReviewState) -> TemplateView {
    let version = TemplateVersion {
        number: 1,
        text: text.to_owned(),
        examples: BTreeMap::from([("code".to_owned(), "1234".to_owned())]),
        state: state.to_string(),
        note: String::new(),
        at_ms: NOW.as_ms(),
    };
    TemplateView {
        id: template_id(),
        account: OWNER,
        name: name.to_owned(),
        state,
        in_force: (state == ReviewState::Approved).then_some(1),
        versions: vec![version],
        created_at: NOW,
        changed_at: NOW,
    }
}

fn known() -> TemplateView {
    template("code of OwnersName", "Your code is {code}.", ReviewState::Approved)
}

fn wished(wish: TemplateWish) -> TemplateView {
    let state = if wish.submit { ReviewState::Pending } else { ReviewState::Draft };
    template(&wish.name.unwrap_or_default(), &wish.text.unwrap_or_default(), state)
}

fn signature(signature: &str, purpose: &str, state: ReviewState) -> SignatureView {
    SignatureView {
        id: signature_id(),
        account: OWNER,
        signature: signature.to_owned(),
        state,
        purpose: purpose.to_owned(),
        note: String::new(),
        created_at: NOW,
        changed_at: NOW,
    }
}

fn known_signature() -> SignatureView {
    signature("OwnersName", "the owner", ReviewState::Approved)
}

impl Wordings for FakeDesk {
    fn templates(&self, account: AccountId, before: Option<RowKey>, _limit: usize) -> Page<TemplateView> {
        let own = account == OWNER && before.is_none();
        Page { items: own.then(known).into_iter().collect(), next: None }
    }

    fn template(&self, account: AccountId, id: TemplateId) -> Option<TemplateView> {
        (account == OWNER && id == template_id()).then(known)
    }

    fn template_text(&self, account: AccountId, called: &str) -> Result<String, Refusal> {
        match TemplateId::parse(called).and_then(|id| Wordings::template(self, account, id)) {
            Some(_) => Ok("Your code is {code}.".to_owned()),
            None => Err(missing().at("template")),
        }
    }

    fn make_template(
        &self,
        _account: AccountId,
        wish: TemplateWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<TemplateView>> {
        let name = wish.name.clone().unwrap_or_default();
        if !types::resource::is_name(&name) {
            return at_once(Err(Refusal::new(RefusalCode::InvalidRequest, "no name").at("name")));
        }
        if let Err(detail) = decide::template::pieces(wish.text.as_deref().unwrap_or_default()) {
            return at_once(Err(Refusal::new(RefusalCode::InvalidTemplate, detail).at("text")));
        }
        at_once(Ok(self.done(wished(wish), once)))
    }

    fn change_template(
        &self,
        account: AccountId,
        id: TemplateId,
        wish: TemplateWish,
    ) -> Answer<'_, TemplateView> {
        at_once(Wordings::template(self, account, id).map(|_| wished(wish)).ok_or_else(missing))
    }

    fn remove_template(&self, account: AccountId, id: TemplateId) -> Answer<'_, ()> {
        at_once(Wordings::template(self, account, id).map(drop).ok_or_else(missing))
    }

    fn signatures(&self, account: AccountId, before: Option<RowKey>, _limit: usize) -> Page<SignatureView> {
        let own = account == OWNER && before.is_none();
        Page { items: own.then(known_signature).into_iter().collect(), next: None }
    }

    fn signature(&self, account: AccountId, id: SignatureId) -> Option<SignatureView> {
        (account == OWNER && id == signature_id()).then(known_signature)
    }

    fn request_signature(
        &self,
        _account: AccountId,
        text: String,
        purpose: String,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<SignatureView>> {
        if text.chars().count() < 2 {
            return at_once(Err(Refusal::new(RefusalCode::InvalidRequest, "too short").at("signature")));
        }
        at_once(Ok(self.done(signature(&text, &purpose, ReviewState::Pending), once)))
    }

    fn remove_signature(&self, account: AccountId, id: SignatureId) -> Answer<'_, ()> {
        at_once(Wordings::signature(self, account, id).map(drop).ok_or_else(missing))
    }
}
