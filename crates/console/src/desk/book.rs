//! What the console asks of the core about whom an account writes to, and from which senders. See
//! [`super::Desk`].

use app::detail::Page;
use app::{
    ContactQuery, ContactView, Core, GroupView, Imported, InboundNumberView, KeywordReplies,
    KeywordReplyPatch, PoolPatch, PoolView, Scope, SenderView, SenderWish, SignatureView, SuppressionQuery,
    SuppressionView, SuppressionWish, TemplateView, TemplateWish,
};
use types::address::Msisdn;
use types::contact::Contact;
use types::id::{AccountId, ContactId, GroupId, PoolId, SenderId, SignatureId, TemplateId};
use types::inbound::{InboundNumber, NumberRoute};
use types::resource::{ResourceKind, ReviewState};

use super::Answer;

/// The questions about contacts, suppression lists, senders and texts. Each is the method of [`app::Core`] of the
/// same name.
pub trait Book: Send + Sync {
    /// Contacts, newest first.
    fn contacts(&self, account: AccountId, query: ContactQuery) -> Answer<'_, Page<ContactView>>;
    /// Keeps a new contact.
    fn make_contact(&self, account: AccountId, contact: Contact, groups: Vec<GroupId>) -> Answer<'_, ()>;
    /// Takes a contact away.
    fn remove_contact(&self, account: AccountId, id: ContactId) -> Answer<'_, ()>;
    /// Keeps new contacts and changes known ones.
    fn import_contacts(
        &self,
        account: AccountId,
        contacts: Vec<Contact>,
        group: Option<GroupId>,
    ) -> Answer<'_, Imported>;
    /// All groups, newest first.
    fn groups(&self, account: AccountId) -> Answer<'_, Vec<GroupView>>;
    /// Makes a group.
    fn make_group(&self, account: AccountId, name: String) -> Answer<'_, ()>;
    /// Takes a group away.
    fn remove_group(&self, account: AccountId, id: GroupId) -> Answer<'_, ()>;
    /// The suppression list, newest first.
    fn suppressions(&self, account: AccountId, query: SuppressionQuery) -> Answer<'_, Page<SuppressionView>>;
    /// Puts numbers on it; gives how many are new.
    fn suppress(&self, account: AccountId, wish: SuppressionWish) -> Answer<'_, usize>;
    /// Takes a number from it.
    fn unsuppress(&self, account: AccountId, number: Msisdn) -> Answer<'_, ()>;
    /// What phones are answered.
    fn keyword_replies(&self, account: AccountId) -> KeywordReplies;
    /// Changes what phones are answered.
    fn change_keyword_replies(&self, account: AccountId, patch: KeywordReplyPatch) -> Answer<'_, ()>;
    /// The first numbers of an account, or of all.
    fn inbound_numbers(&self, scope: Scope, limit: usize) -> Vec<InboundNumberView>;
    /// Says where goes what is written to a number.
    fn route_number(&self, account: AccountId, number: InboundNumber, route: NumberRoute) -> Answer<'_, ()>;
    /// The newest senders.
    fn senders(&self, scope: Scope, limit: usize) -> Vec<SenderView>;
    /// Asks for a sender.
    fn request_sender(&self, account: AccountId, wish: SenderWish) -> Answer<'_, ()>;
    /// Takes a sender away.
    fn remove_sender(&self, account: AccountId, id: SenderId) -> Answer<'_, ()>;
    /// All pools.
    fn pools(&self, account: AccountId) -> Vec<PoolView>;
    /// Makes a pool.
    fn make_pool(&self, account: AccountId, wish: PoolPatch) -> Answer<'_, ()>;
    /// Changes a pool.
    fn change_pool(&self, account: AccountId, id: PoolId, patch: PoolPatch) -> Answer<'_, ()>;
    /// Takes a pool away.
    fn remove_pool(&self, account: AccountId, id: PoolId) -> Answer<'_, ()>;
    /// The newest templates.
    fn templates(&self, scope: Scope, limit: usize) -> Vec<TemplateView>;
    /// Makes a template.
    fn make_template(&self, account: AccountId, wish: TemplateWish) -> Answer<'_, ()>;
    /// Changes a template.
    fn change_template(&self, account: AccountId, id: TemplateId, wish: TemplateWish) -> Answer<'_, ()>;
    /// Takes a template away.
    fn remove_template(&self, account: AccountId, id: TemplateId) -> Answer<'_, ()>;
    /// The newest signatures.
    fn signatures(&self, scope: Scope, limit: usize) -> Vec<SignatureView>;
    /// Asks for a signature, and says what it stands for.
    fn request_signature(&self, account: AccountId, wish: (String, String)) -> Answer<'_, ()>;
    /// Takes a signature away.
    fn remove_signature(&self, account: AccountId, id: SignatureId) -> Answer<'_, ()>;
    /// Reviews a sender, a template or a signature of an account, by its name.
    fn review(
        &self,
        account: AccountId,
        what: (ResourceKind, String),
        verdict: (ReviewState, String),
    ) -> Answer<'_, ()>;
}

/// Groups and pools that one page shows.
const LISTED_MAX: usize = 1_000;

impl Book for Core {
    fn contacts(&self, account: AccountId, query: ContactQuery) -> Answer<'_, Page<ContactView>> {
        Box::pin(Self::contacts(self, account, query))
    }

    fn make_contact(&self, account: AccountId, contact: Contact, groups: Vec<GroupId>) -> Answer<'_, ()> {
        Box::pin(async move { Self::make_contact(self, account, contact, &groups, None).await.map(drop) })
    }

    fn remove_contact(&self, account: AccountId, id: ContactId) -> Answer<'_, ()> {
        Box::pin(Self::remove_contact(self, account, id))
    }

    fn import_contacts(
        &self,
        account: AccountId,
        contacts: Vec<Contact>,
        group: Option<GroupId>,
    ) -> Answer<'_, Imported> {
        Box::pin(async move { Ok(Self::import_contacts(self, account, contacts, group, None).await?.value) })
    }

    fn groups(&self, account: AccountId) -> Answer<'_, Vec<GroupView>> {
        Box::pin(async move { Ok(Self::groups(self, account, None, LISTED_MAX).await?.items) })
    }

    fn make_group(&self, account: AccountId, name: String) -> Answer<'_, ()> {
        Box::pin(async move { Self::make_group(self, account, name, String::new(), None).await.map(drop) })
    }

    fn remove_group(&self, account: AccountId, id: GroupId) -> Answer<'_, ()> {
        Box::pin(Self::remove_group(self, account, id))
    }

    fn suppressions(&self, account: AccountId, query: SuppressionQuery) -> Answer<'_, Page<SuppressionView>> {
        Box::pin(Self::suppressions(self, account, query))
    }

    fn suppress(&self, account: AccountId, wish: SuppressionWish) -> Answer<'_, usize> {
        Box::pin(async move { Ok(Self::suppress(self, account, wish, None).await?.value) })
    }

    fn unsuppress(&self, account: AccountId, number: Msisdn) -> Answer<'_, ()> {
        Box::pin(Self::unsuppress(self, account, number))
    }

    fn keyword_replies(&self, account: AccountId) -> KeywordReplies {
        Self::keyword_replies(self, account)
    }

    fn change_keyword_replies(&self, account: AccountId, patch: KeywordReplyPatch) -> Answer<'_, ()> {
        Box::pin(async move { Self::change_keyword_replies(self, account, patch).await.map(drop) })
    }

    fn inbound_numbers(&self, scope: Scope, limit: usize) -> Vec<InboundNumberView> {
        Self::inbound_numbers(self, scope, None, limit)
    }

    fn route_number(&self, account: AccountId, number: InboundNumber, route: NumberRoute) -> Answer<'_, ()> {
        Box::pin(async move { Self::route_number(self, account, number, route, None).await.map(drop) })
    }

    fn senders(&self, scope: Scope, limit: usize) -> Vec<SenderView> {
        Self::senders(self, scope, None, limit).items
    }

    fn request_sender(&self, account: AccountId, wish: SenderWish) -> Answer<'_, ()> {
        Box::pin(async move { Self::request_sender(self, account, wish, None).await.map(drop) })
    }

    fn remove_sender(&self, account: AccountId, id: SenderId) -> Answer<'_, ()> {
        Box::pin(Self::remove_sender(self, account, id))
    }

    fn pools(&self, account: AccountId) -> Vec<PoolView> {
        Self::pools(self, account, None, LISTED_MAX).items
    }

    fn make_pool(&self, account: AccountId, wish: PoolPatch) -> Answer<'_, ()> {
        Box::pin(async move { Self::make_pool(self, account, wish, None).await.map(drop) })
    }

    fn change_pool(&self, account: AccountId, id: PoolId, patch: PoolPatch) -> Answer<'_, ()> {
        Box::pin(async move { Self::change_pool(self, account, id, patch).await.map(drop) })
    }

    fn remove_pool(&self, account: AccountId, id: PoolId) -> Answer<'_, ()> {
        Box::pin(Self::remove_pool(self, account, id))
    }

    fn templates(&self, scope: Scope, limit: usize) -> Vec<TemplateView> {
        Self::templates(self, scope, None, limit).items
    }

    fn make_template(&self, account: AccountId, wish: TemplateWish) -> Answer<'_, ()> {
        Box::pin(async move { Self::make_template(self, account, wish, None).await.map(drop) })
    }

    fn change_template(&self, account: AccountId, id: TemplateId, wish: TemplateWish) -> Answer<'_, ()> {
        Box::pin(async move { Self::change_template(self, account, id, wish).await.map(drop) })
    }

    fn remove_template(&self, account: AccountId, id: TemplateId) -> Answer<'_, ()> {
        Box::pin(Self::remove_template(self, account, id))
    }

    fn signatures(&self, scope: Scope, limit: usize) -> Vec<SignatureView> {
        Self::signatures(self, scope, None, limit).items
    }

    fn request_signature(&self, account: AccountId, wish: (String, String)) -> Answer<'_, ()> {
        Box::pin(async move { Self::request_signature(self, account, wish, None).await.map(drop) })
    }

    fn remove_signature(&self, account: AccountId, id: SignatureId) -> Answer<'_, ()> {
        Box::pin(Self::remove_signature(self, account, id))
    }

    fn review(
        &self,
        account: AccountId,
        (kind, name): (ResourceKind, String),
        (state, note): (ReviewState, String),
    ) -> Answer<'_, ()> {
        Box::pin(async move {
            match kind {
                ResourceKind::Template => self.review_template(account, &name, state, note).await.map(drop),
                ResourceKind::Signature => self.review_signature(account, &name, state, note).await.map(drop),
                ResourceKind::Sender | ResourceKind::Group | ResourceKind::Pool | ResourceKind::Quiet => {
                    self.review_sender(account, &name, state, note).await.map(drop)
                }
            }
        })
    }
}
