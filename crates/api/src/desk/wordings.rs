//! Templates and signatures of an account. See [`super::Desk`].

use app::detail::Page;
use app::submission::{Done, Idempotency};
use app::{Core, Scope, SignatureView, TemplateView, TemplateWish};
use types::id::{AccountId, RowKey, SignatureId, TemplateId};
use types::refusal::Refusal;

use super::Answer;

/// What this door asks of the core about templates and signatures; see the methods of the same names of
/// [`app::Core`].
pub trait Wordings: Send + Sync + 'static {
    /// Templates, newest first.
    fn templates(&self, account: AccountId, before: Option<RowKey>, limit: usize) -> Page<TemplateView>;
    /// One template.
    fn template(&self, account: AccountId, id: TemplateId) -> Option<TemplateView>;
    /// The text in force of a template, by its name or id.
    ///
    /// # Errors
    /// As the method of the core.
    fn template_text(&self, account: AccountId, called: &str) -> Result<String, Refusal>;
    /// Makes a template.
    fn make_template(
        &self,
        account: AccountId,
        wish: TemplateWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<TemplateView>>;
    /// Changes a template.
    fn change_template(
        &self,
        account: AccountId,
        id: TemplateId,
        wish: TemplateWish,
    ) -> Answer<'_, TemplateView>;
    /// Takes a template away.
    fn remove_template(&self, account: AccountId, id: TemplateId) -> Answer<'_, ()>;
    /// Signatures, newest first.
    fn signatures(&self, account: AccountId, before: Option<RowKey>, limit: usize) -> Page<SignatureView>;
    /// One signature.
    fn signature(&self, account: AccountId, id: SignatureId) -> Option<SignatureView>;
    /// Asks for a signature, and says what it stands for.
    fn request_signature(
        &self,
        account: AccountId,
        signature: String,
        purpose: String,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<SignatureView>>;
    /// Takes a signature away.
    fn remove_signature(&self, account: AccountId, id: SignatureId) -> Answer<'_, ()>;
}

impl Wordings for Core {
    fn templates(&self, account: AccountId, before: Option<RowKey>, limit: usize) -> Page<TemplateView> {
        Self::templates(self, Scope::Account(account), before, limit)
    }

    fn template(&self, account: AccountId, id: TemplateId) -> Option<TemplateView> {
        Self::template(self, account, id)
    }

    fn template_text(&self, account: AccountId, called: &str) -> Result<String, Refusal> {
        Self::template_text(self, account, called)
    }

    fn make_template(
        &self,
        account: AccountId,
        wish: TemplateWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<TemplateView>> {
        Box::pin(Self::make_template(self, account, wish, once))
    }

    fn change_template(
        &self,
        account: AccountId,
        id: TemplateId,
        wish: TemplateWish,
    ) -> Answer<'_, TemplateView> {
        Box::pin(Self::change_template(self, account, id, wish))
    }

    fn remove_template(&self, account: AccountId, id: TemplateId) -> Answer<'_, ()> {
        Box::pin(Self::remove_template(self, account, id))
    }

    fn signatures(&self, account: AccountId, before: Option<RowKey>, limit: usize) -> Page<SignatureView> {
        Self::signatures(self, Scope::Account(account), before, limit)
    }

    fn signature(&self, account: AccountId, id: SignatureId) -> Option<SignatureView> {
        Self::signature(self, account, id)
    }

    fn request_signature(
        &self,
        account: AccountId,
        signature: String,
        purpose: String,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<SignatureView>> {
        Box::pin(Self::request_signature(self, account, (signature, purpose), once))
    }

    fn remove_signature(&self, account: AccountId, id: SignatureId) -> Answer<'_, ()> {
        Box::pin(Self::remove_signature(self, account, id))
    }
}
