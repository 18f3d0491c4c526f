//! What an account sets up for itself: webhooks, keys, numbers and suppression lists. See [`super::Desk`].

use app::detail::Page;
use app::submission::{Done, Idempotency};
use app::{
    Core, DeliveryQuery, DeliveryView, EndpointPatch, EndpointView, EndpointWish, InboundNumberView,
    KeyPatch, KeyView, KeyWish, KeywordReplies, KeywordReplyPatch, ReplayWish, Scope, ShownKey,
    SuppressionQuery, SuppressionView, SuppressionWish, TestCall,
};
use decide::quiet::AccountQuiet;
use ports::BoxFuture;
use types::access::KeyScopes;
use types::account::EndpointKind;
use types::address::Msisdn;
use types::id::{AccountId, CredentialId, EndpointId};
use types::inbound::{InboundNumber, NumberRoute};
use types::refusal::Refusal;

/// An answer that may be a refusal.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, Refusal>>;

/// What this door asks of the core about webhooks, keys and suppression lists; see the methods of the same names of
/// [`app::Core`].
pub trait Settings: Send + Sync + 'static {
    /// The endpoint of a callback address, made when it is new.
    fn webhook_endpoint<'a>(
        &'a self,
        account: AccountId,
        kind: EndpointKind,
        url: &'a str,
    ) -> Answer<'a, EndpointId>;
    /// The callback addresses of an account, its default first.
    fn endpoints(&self, account: AccountId) -> Vec<EndpointView>;
    /// Sets the address of messages that state none; `None` for none.
    fn set_default_webhook<'a>(
        &'a self,
        account: AccountId,
        kind: EndpointKind,
        url: Option<&'a str>,
    ) -> Answer<'a, Option<EndpointView>>;
    /// One address.
    fn webhook(&self, account: AccountId, id: EndpointId) -> Option<EndpointView>;
    /// Makes an address that hears of all messages.
    fn make_webhook(
        &self,
        account: AccountId,
        wish: EndpointWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<EndpointView>>;
    /// Changes an address.
    fn change_webhook(
        &self,
        account: AccountId,
        id: EndpointId,
        patch: EndpointPatch,
    ) -> Answer<'_, EndpointView>;
    /// Gives an address another secret.
    fn rotate_webhook(
        &self,
        account: AccountId,
        id: EndpointId,
        overlap_ms: i64,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<EndpointView>>;
    /// Takes an address away.
    fn remove_webhook(&self, account: AccountId, id: EndpointId) -> Answer<'_, ()>;
    /// Events of an address, newest first.
    fn deliveries(
        &self,
        account: AccountId,
        id: EndpointId,
        query: DeliveryQuery,
    ) -> Answer<'_, Page<DeliveryView>>;
    /// Has events told again.
    fn replay(
        &self,
        account: AccountId,
        id: EndpointId,
        wish: ReplayWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<usize>>;
    /// Tries an address out.
    fn try_webhook(&self, account: AccountId, id: EndpointId) -> Answer<'_, TestCall>;
    /// The API keys of an account.
    fn keys(&self, account: AccountId) -> Vec<KeyView>;
    /// One API key.
    fn key(&self, account: AccountId, id: CredentialId) -> Option<KeyView>;
    /// Makes an API key.
    fn make_key(
        &self,
        account: AccountId,
        wish: KeyWish,
        by: KeyScopes,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<ShownKey>>;
    /// Changes an API key.
    fn change_key(
        &self,
        account: AccountId,
        id: CredentialId,
        patch: KeyPatch,
        by: KeyScopes,
    ) -> Answer<'_, KeyView>;
    /// Gives an API key another secret.
    fn rotate_key(
        &self,
        account: AccountId,
        id: CredentialId,
        overlap_ms: i64,
        by: KeyScopes,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<ShownKey>>;
    /// Ends an API key.
    fn revoke_key(&self, account: AccountId, id: CredentialId) -> Answer<'_, ()>;
    /// Numbers that an account holds, in their order, behind a number.
    fn inbound_numbers(
        &self,
        account: AccountId,
        after: Option<InboundNumber>,
        limit: usize,
    ) -> Vec<InboundNumberView>;
    /// One number that an account holds.
    fn inbound_number(&self, account: AccountId, number: InboundNumber) -> Option<InboundNumberView>;
    /// Says where goes what is written to a number.
    fn route_number(
        &self,
        account: AccountId,
        number: InboundNumber,
        route: NumberRoute,
        endpoint: Option<EndpointId>,
    ) -> Answer<'_, InboundNumberView>;
    /// The quiet hours of an account.
    fn quiet_hours(&self, account: AccountId) -> Option<AccountQuiet>;
    /// Sets the quiet hours of an account, or takes them away.
    fn set_quiet_hours(
        &self,
        account: AccountId,
        quiet: Option<AccountQuiet>,
    ) -> Answer<'_, Option<AccountQuiet>>;
    /// What phones are answered that write a keyword.
    fn keyword_replies(&self, account: AccountId) -> KeywordReplies;
    /// Changes what phones are answered.
    fn change_keyword_replies(
        &self,
        account: AccountId,
        patch: KeywordReplyPatch,
    ) -> Answer<'_, KeywordReplies>;
    /// The suppression list of an account, newest first.
    fn suppressions(&self, account: AccountId, query: SuppressionQuery) -> Answer<'_, Page<SuppressionView>>;
    /// The entry of one number.
    fn suppression(&self, account: AccountId, number: Msisdn) -> Answer<'_, Option<SuppressionView>>;
    /// Puts numbers on the list; gives how many were not on it.
    fn suppress(
        &self,
        account: AccountId,
        wish: SuppressionWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<usize>>;
    /// Takes a number from the list.
    fn unsuppress(&self, account: AccountId, number: Msisdn) -> Answer<'_, ()>;
}

impl Settings for Core {
    fn webhook_endpoint<'a>(
        &'a self,
        account: AccountId,
        kind: EndpointKind,
        url: &'a str,
    ) -> Answer<'a, EndpointId> {
        Box::pin(Self::webhook_endpoint(self, account, kind, url))
    }

    fn endpoints(&self, account: AccountId) -> Vec<EndpointView> {
        Self::endpoints(self, account)
    }

    fn set_default_webhook<'a>(
        &'a self,
        account: AccountId,
        kind: EndpointKind,
        url: Option<&'a str>,
    ) -> Answer<'a, Option<EndpointView>> {
        Box::pin(Self::set_default_webhook(self, account, kind, url))
    }

    fn webhook(&self, account: AccountId, id: EndpointId) -> Option<EndpointView> {
        Self::webhook(self, account, id)
    }

    fn make_webhook(
        &self,
        account: AccountId,
        wish: EndpointWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<EndpointView>> {
        Box::pin(Self::make_webhook(self, account, wish, once))
    }

    fn change_webhook(
        &self,
        account: AccountId,
        id: EndpointId,
        patch: EndpointPatch,
    ) -> Answer<'_, EndpointView> {
        Box::pin(Self::change_webhook(self, account, id, patch))
    }

    fn rotate_webhook(
        &self,
        account: AccountId,
        id: EndpointId,
        overlap_ms: i64,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<EndpointView>> {
        Box::pin(Self::rotate_webhook(self, account, id, overlap_ms, once))
    }

    fn remove_webhook(&self, account: AccountId, id: EndpointId) -> Answer<'_, ()> {
        Box::pin(Self::remove_webhook(self, account, id))
    }

    fn deliveries(
        &self,
        account: AccountId,
        id: EndpointId,
        query: DeliveryQuery,
    ) -> Answer<'_, Page<DeliveryView>> {
        Box::pin(Self::deliveries(self, account, id, query))
    }

    fn replay(
        &self,
        account: AccountId,
        id: EndpointId,
        wish: ReplayWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<usize>> {
        Box::pin(Self::replay(self, account, id, wish, once))
    }

    fn try_webhook(&self, account: AccountId, id: EndpointId) -> Answer<'_, TestCall> {
        Box::pin(Self::try_webhook(self, account, id))
    }

    fn keys(&self, account: AccountId) -> Vec<KeyView> {
        Self::keys(self, account)
    }

    fn key(&self, account: AccountId, id: CredentialId) -> Option<KeyView> {
        Self::key(self, account, id)
    }

    fn make_key(
        &self,
        account: AccountId,
        wish: KeyWish,
        by: KeyScopes,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<ShownKey>> {
        Box::pin(Self::make_key(self, account, wish, by, once))
    }

    fn change_key(
        &self,
        account: AccountId,
        id: CredentialId,
        patch: KeyPatch,
        by: KeyScopes,
    ) -> Answer<'_, KeyView> {
        Box::pin(Self::change_key(self, account, id, patch, by))
    }

    fn rotate_key(
        &self,
        account: AccountId,
        id: CredentialId,
        overlap_ms: i64,
        by: KeyScopes,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<ShownKey>> {
        Box::pin(Self::rotate_key(self, account, id, overlap_ms, by, once))
    }

    fn revoke_key(&self, account: AccountId, id: CredentialId) -> Answer<'_, ()> {
        Box::pin(Self::revoke_key(self, account, id))
    }

    fn inbound_numbers(
        &self,
        account: AccountId,
        after: Option<InboundNumber>,
        limit: usize,
    ) -> Vec<InboundNumberView> {
        Self::inbound_numbers(self, Scope::Account(account), after, limit)
    }

    fn inbound_number(&self, account: AccountId, number: InboundNumber) -> Option<InboundNumberView> {
        Self::inbound_number(self, account, number)
    }

    fn route_number(
        &self,
        account: AccountId,
        number: InboundNumber,
        route: NumberRoute,
        endpoint: Option<EndpointId>,
    ) -> Answer<'_, InboundNumberView> {
        Box::pin(Self::route_number(self, account, number, route, endpoint))
    }

    fn quiet_hours(&self, account: AccountId) -> Option<AccountQuiet> {
        Self::quiet_hours(self, account)
    }

    fn set_quiet_hours(
        &self,
        account: AccountId,
        quiet: Option<AccountQuiet>,
    ) -> Answer<'_, Option<AccountQuiet>> {
        Box::pin(Self::set_quiet_hours(self, account, quiet))
    }

    fn keyword_replies(&self, account: AccountId) -> KeywordReplies {
        Self::keyword_replies(self, account)
    }

    fn change_keyword_replies(
        &self,
        account: AccountId,
        patch: KeywordReplyPatch,
    ) -> Answer<'_, KeywordReplies> {
        Box::pin(Self::change_keyword_replies(self, account, patch))
    }

    fn suppressions(&self, account: AccountId, query: SuppressionQuery) -> Answer<'_, Page<SuppressionView>> {
        Box::pin(Self::suppressions(self, account, query))
    }

    fn suppression(&self, account: AccountId, number: Msisdn) -> Answer<'_, Option<SuppressionView>> {
        Box::pin(Self::suppression(self, account, number))
    }

    fn suppress(
        &self,
        account: AccountId,
        wish: SuppressionWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<usize>> {
        Box::pin(Self::suppress(self, account, wish, once))
    }

    fn unsuppress(&self, account: AccountId, number: Msisdn) -> Answer<'_, ()> {
        Box::pin(Self::unsuppress(self, account, number))
    }
}
