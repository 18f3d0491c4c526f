//! The looking desk has no webhooks, no keys and no suppression list, and takes none.

use api::{Answer, Settings};
use app::detail::Page;
use app::submission::{Done, Idempotency};
use app::{
    DeliveryQuery, DeliveryView, EndpointPatch, EndpointView, EndpointWish, InboundNumberView, KeyPatch,
    KeyView, KeyWish, KeywordReplies, KeywordReplyPatch, ReplayWish, ShownKey, SuppressionQuery,
    SuppressionView, SuppressionWish, TestCall,
};
use decide::quiet::AccountQuiet;
use types::access::KeyScopes;
use types::account::EndpointKind;
use types::address::Msisdn;
use types::id::{AccountId, CredentialId, EndpointId};
use types::inbound::{InboundNumber, NumberRoute};
use types::refusal::{Refusal, RefusalCode};

use super::{LookingDesk, missing, none};

impl Settings for LookingDesk {
    fn webhook_endpoint<'a>(
        &'a self,
        _account: AccountId,
        _kind: EndpointKind,
        url: &'a str,
    ) -> Answer<'a, EndpointId> {
        let is_secure = url.starts_with("https://");
        let refusal = || Refusal::new(RefusalCode::InvalidRequest, "the address may not be called");
        Box::pin(async move { if is_secure { Ok(EndpointId(5)) } else { Err(refusal()) } })
    }

    fn endpoints(&self, _account: AccountId) -> Vec<EndpointView> {
        Vec::new()
    }

    fn set_default_webhook<'a>(
        &'a self,
        _account: AccountId,
        _kind: EndpointKind,
        _url: Option<&'a str>,
    ) -> Answer<'a, Option<EndpointView>> {
        none()
    }

    fn webhook(&self, _account: AccountId, _id: EndpointId) -> Option<EndpointView> {
        None
    }

    fn make_webhook(
        &self,
        _account: AccountId,
        _wish: EndpointWish,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<EndpointView>> {
        missing()
    }

    fn change_webhook(
        &self,
        _account: AccountId,
        _id: EndpointId,
        _patch: EndpointPatch,
    ) -> Answer<'_, EndpointView> {
        missing()
    }

    fn rotate_webhook(
        &self,
        _account: AccountId,
        _id: EndpointId,
        _overlap_ms: i64,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<EndpointView>> {
        missing()
    }

    fn remove_webhook(&self, _account: AccountId, _id: EndpointId) -> Answer<'_, ()> {
        missing()
    }

    fn deliveries(
        &self,
        _account: AccountId,
        _id: EndpointId,
        _query: DeliveryQuery,
    ) -> Answer<'_, Page<DeliveryView>> {
        missing()
    }

    fn replay(
        &self,
        _account: AccountId,
        _id: EndpointId,
        _wish: ReplayWish,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<usize>> {
        missing()
    }

    fn try_webhook(&self, _account: AccountId, _id: EndpointId) -> Answer<'_, TestCall> {
        missing()
    }

    fn keys(&self, _account: AccountId) -> Vec<KeyView> {
        Vec::new()
    }

    fn key(&self, _account: AccountId, _id: CredentialId) -> Option<KeyView> {
        None
    }

    fn make_key(
        &self,
        _account: AccountId,
        _wish: KeyWish,
        _by: KeyScopes,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<ShownKey>> {
        missing()
    }

    fn change_key(
        &self,
        _account: AccountId,
        _id: CredentialId,
        _patch: KeyPatch,
        _by: KeyScopes,
    ) -> Answer<'_, KeyView> {
        missing()
    }

    fn rotate_key(
        &self,
        _account: AccountId,
        _id: CredentialId,
        _overlap_ms: i64,
        _by: KeyScopes,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<ShownKey>> {
        missing()
    }

    fn revoke_key(&self, _account: AccountId, _id: CredentialId) -> Answer<'_, ()> {
        missing()
    }

    fn inbound_numbers(
        &self,
        _account: AccountId,
        _after: Option<InboundNumber>,
        _limit: usize,
    ) -> Vec<InboundNumberView> {
        Vec::new()
    }

    fn inbound_number(&self, _account: AccountId, _number: InboundNumber) -> Option<InboundNumberView> {
        None
    }

    fn route_number(
        &self,
        _account: AccountId,
        _number: InboundNumber,
        _route: NumberRoute,
        _endpoint: Option<EndpointId>,
    ) -> Answer<'_, InboundNumberView> {
        missing()
    }

    fn quiet_hours(&self, _account: AccountId) -> Option<AccountQuiet> {
        None
    }

    fn set_quiet_hours(
        &self,
        _account: AccountId,
        quiet: Option<AccountQuiet>,
    ) -> Answer<'_, Option<AccountQuiet>> {
        Box::pin(std::future::ready(Ok(quiet)))
    }

    fn keyword_replies(&self, _account: AccountId) -> KeywordReplies {
        KeywordReplies::default()
    }

    fn change_keyword_replies(
        &self,
        _account: AccountId,
        _patch: KeywordReplyPatch,
    ) -> Answer<'_, KeywordReplies> {
        missing()
    }

    fn suppressions(
        &self,
        _account: AccountId,
        _query: SuppressionQuery,
    ) -> Answer<'_, Page<SuppressionView>> {
        missing()
    }

    fn suppression(&self, _account: AccountId, _number: Msisdn) -> Answer<'_, Option<SuppressionView>> {
        missing()
    }

    fn suppress(
        &self,
        _account: AccountId,
        _wish: SuppressionWish,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<usize>> {
        missing()
    }

    fn unsuppress(&self, _account: AccountId, _number: Msisdn) -> Answer<'_, ()> {
        missing()
    }
}
