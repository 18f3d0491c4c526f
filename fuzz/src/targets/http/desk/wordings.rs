//! The looking desk has no templates and no signatures, and takes none.

use api::{Answer, Wordings};
use app::detail::Page;
use app::submission::{Done, Idempotency};
use app::{SignatureView, TemplateView, TemplateWish};
use types::id::{AccountId, RowKey, SignatureId, TemplateId};
use types::refusal::{Refusal, RefusalCode};

use super::{LookingDesk, missing};

impl Wordings for LookingDesk {
    fn templates(&self, _account: AccountId, _before: Option<RowKey>, _limit: usize) -> Page<TemplateView> {
        Page { items: Vec::new(), next: None }
    }

    fn template(&self, _account: AccountId, _id: TemplateId) -> Option<TemplateView> {
        None
    }

    fn template_text(&self, _account: AccountId, _called: &str) -> Result<String, Refusal> {
        Err(Refusal::new(RefusalCode::NotFound, "there is nothing by this name"))
    }

    fn make_template(
        &self,
        _account: AccountId,
        wish: TemplateWish,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<TemplateView>> {
        // Whatever it says, it can be read.
        drop(wish.text.as_deref().map(decide::template::pieces));
        missing()
    }

    fn change_template(
        &self,
        _account: AccountId,
        _id: TemplateId,
        _wish: TemplateWish,
    ) -> Answer<'_, TemplateView> {
        missing()
    }

    fn remove_template(&self, _account: AccountId, _id: TemplateId) -> Answer<'_, ()> {
        missing()
    }

    fn signatures(&self, _account: AccountId, _before: Option<RowKey>, _limit: usize) -> Page<SignatureView> {
        Page { items: Vec::new(), next: None }
    }

    fn signature(&self, _account: AccountId, _id: SignatureId) -> Option<SignatureView> {
        None
    }

    fn request_signature(
        &self,
        _account: AccountId,
        _signature: String,
        _purpose: String,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<SignatureView>> {
        missing()
    }

    fn remove_signature(&self, _account: AccountId, _id: SignatureId) -> Answer<'_, ()> {
        missing()
    }
}
