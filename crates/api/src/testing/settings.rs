//! The fake desk's webhooks and keys: those of the owner, kept in lists.

use app::detail::Page;
use app::submission::{Done, Idempotency};
use app::{
    About, DeliveryQuery, DeliveryView, EndpointPatch, EndpointView, EndpointWish, EventStatus,
    InboundNumberView, KeyPatch, KeyView, KeyWish, KeywordReplies, KeywordReplyPatch, ReplayWish, ShownKey,
    SuppressionQuery, SuppressionView, SuppressionWish, TestCall,
};
use decide::quiet::AccountQuiet;
use types::access::KeyScopes;
use types::account::EndpointKind;
use types::address::Msisdn;
use types::event::{EventType, EventTypes};
use types::id::{AccountId, CredentialId, EndpointId, EventId, RowKey};
use types::inbound::{InboundNumber, NumberRoute};
use types::message::State;
use types::refusal::{Refusal, RefusalCode};
use types::suppression::SuppressionReason;

use super::{FakeDesk, NOW, OWNER, message_id};
use crate::desk::{Answer, Settings};

/// The number on the owner's suppression list.
pub(crate) const SUPPRESSED: &str = "447700900123";

/// A number that the owner holds.
pub(crate) const HELD: &str = "447700900999";

/// A callback address of the owner.
pub(crate) fn webhook(id: i64, url: &str) -> EndpointView {
    EndpointView {
        id: EndpointId(id),
        kind: EndpointKind::Webhook,
        url: url.to_owned().into(),
        secret: "whsec_c2VjcmV0".to_owned().into(),
        old_secret_until: None,
        description: String::new(),
        wants: EventTypes::ALL,
        standing: false,
        disabled: false,
        is_default: false,
    }
}

pub(super) fn missing() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is none by this id").at("id")
}

fn check(url: &str) -> Result<(), Refusal> {
    if url.starts_with("https://") {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::InvalidRequest, "the address may not be called").at("url"))
}

pub(super) fn at_once<'a, T: Send + 'a>(outcome: Result<T, Refusal>) -> Answer<'a, T> {
    Box::pin(async { outcome })
}

impl FakeDesk {
    fn next_webhook_id(&self) -> i64 {
        i64::try_from(self.webhooks.lock().unwrap().len()).unwrap() + 1
    }

    pub(super) fn done<T>(&self, value: T, once: Option<Idempotency>) -> Done<T> {
        let replayed = self.replayed && once.is_some();
        self.onces.lock().unwrap().push(once);
        Done { value, replayed }
    }

    fn shown(&self, account: AccountId, id: CredentialId) -> Result<ShownKey, Refusal> {
        let key = self.key(account, id).ok_or_else(missing)?;
        Ok(ShownKey { key, secret: "word".to_owned().into() })
    }
}

impl Settings for FakeDesk {
    fn webhook_endpoint<'a>(
        &'a self,
        _account: AccountId,
        _kind: EndpointKind,
        url: &'a str,
    ) -> Answer<'a, EndpointId> {
        let refusal = || Refusal::new(RefusalCode::InvalidRequest, "the address may not be called");
        at_once(if url.starts_with("https://") { Ok(EndpointId(5)) } else { Err(refusal()) })
    }

    fn endpoints(&self, account: AccountId) -> Vec<EndpointView> {
        if account != OWNER {
            return Vec::new();
        }
        self.webhooks.lock().unwrap().iter().rev().flatten().cloned().collect()
    }

    fn set_default_webhook<'a>(
        &'a self,
        _account: AccountId,
        kind: EndpointKind,
        url: Option<&'a str>,
    ) -> Answer<'a, Option<EndpointView>> {
        if let Some(refusal) = url.and_then(|url| check(url).err()) {
            return at_once(Err(refusal));
        }
        let id = self.next_webhook_id();
        let mut known = self.webhooks.lock().unwrap();
        known.iter_mut().flatten().for_each(|view| view.is_default = false);
        let view = url.map(|url| EndpointView { kind, is_default: true, ..webhook(id, url) });
        known.push(view.clone());
        at_once(Ok(view))
    }

    fn webhook(&self, account: AccountId, id: EndpointId) -> Option<EndpointView> {
        self.endpoints(account).into_iter().find(|view| view.id == id)
    }

    fn make_webhook(
        &self,
        _account: AccountId,
        wish: EndpointWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<EndpointView>> {
        if let Err(refusal) = check(wish.url.expose()) {
            return at_once(Err(refusal));
        }
        let view = EndpointView {
            kind: wish.kind,
            description: wish.description,
            wants: wish.wants,
            standing: true,
            disabled: !wish.enabled,
            ..webhook(self.next_webhook_id(), wish.url.expose())
        };
        self.webhooks.lock().unwrap().push(Some(view.clone()));
        at_once(Ok(self.done(view, once)))
    }

    fn change_webhook(
        &self,
        account: AccountId,
        id: EndpointId,
        patch: EndpointPatch,
    ) -> Answer<'_, EndpointView> {
        let Some(old) = self.webhook(account, id) else { return at_once(Err(missing())) };
        at_once(Ok(EndpointView {
            url: patch.url.unwrap_or(old.url),
            description: patch.description.unwrap_or(old.description),
            wants: patch.wants.unwrap_or(old.wants),
            disabled: patch.enabled.map_or(old.disabled, |enabled| !enabled),
            ..old
        }))
    }

    fn rotate_webhook(
        &self,
        account: AccountId,
        id: EndpointId,
        overlap_ms: i64,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<EndpointView>> {
        let Some(old) = self.webhook(account, id) else { return at_once(Err(missing())) };
        let view = EndpointView { old_secret_until: Some(NOW.plus_ms(overlap_ms)), ..old };
        at_once(Ok(self.done(view, once)))
    }

    fn remove_webhook(&self, account: AccountId, id: EndpointId) -> Answer<'_, ()> {
        at_once(self.webhook(account, id).map(drop).ok_or_else(missing))
    }

    fn deliveries(
        &self,
        account: AccountId,
        id: EndpointId,
        query: DeliveryQuery,
    ) -> Answer<'_, Page<DeliveryView>> {
        if self.webhook(account, id).is_none() {
            return at_once(Err(missing()));
        }
        let view = DeliveryView {
            event: EventId::new(RowKey::from_parts(NOW.as_ms(), 9), 9),
            kind: EventType::Message(State::Delivered),
            about: About::Message(message_id(1)),
            status: query.status.unwrap_or(EventStatus::Waiting),
            failed_tries: 2,
            happened_at: NOW,
            next_at: Some(NOW.plus_ms(5)),
            ended_at: None,
        };
        at_once(Ok(Page { items: vec![view], next: Some(view.event.key()) }))
    }

    fn replay(
        &self,
        account: AccountId,
        id: EndpointId,
        _wish: ReplayWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<usize>> {
        at_once(self.webhook(account, id).map(|_| self.done(3, once)).ok_or_else(missing))
    }

    fn try_webhook(&self, account: AccountId, id: EndpointId) -> Answer<'_, TestCall> {
        let event = EventId::new(RowKey::from_parts(NOW.as_ms(), 8), 8);
        let call = TestCall { id: event, status: Some(204), error: None, took_ms: 7 };
        at_once(self.webhook(account, id).map(|_| call).ok_or_else(missing))
    }

    fn keys(&self, account: AccountId) -> Vec<KeyView> {
        if account == OWNER { self.keys.lock().unwrap().clone() } else { Vec::new() }
    }

    fn key(&self, account: AccountId, id: CredentialId) -> Option<KeyView> {
        Settings::keys(self, account).into_iter().find(|key| key.id == id)
    }

    fn make_key(
        &self,
        account: AccountId,
        wish: KeyWish,
        by: KeyScopes,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<ShownKey>> {
        if !wish.scopes.are_within(by) {
            return at_once(Err(Refusal::new(RefusalCode::Forbidden, "not so much").at("scopes")));
        }
        let id = CredentialId(i64::try_from(self.keys.lock().unwrap().len()).unwrap() + 1);
        let key = KeyView {
            id,
            name: format!("ck{}", id.0),
            label: wish.label,
            scopes: wish.scopes,
            ranges: wish.ranges,
            created_at: NOW,
            expires_at: wish.expires_at,
            used_at: None,
            old_secret_until: None,
        };
        if account == OWNER {
            self.keys.lock().unwrap().push(key.clone());
        }
        let shown = ShownKey { key, secret: "word".to_owned().into() };
        at_once(Ok(self.done(shown, once)))
    }

    fn change_key(
        &self,
        account: AccountId,
        id: CredentialId,
        patch: KeyPatch,
        _by: KeyScopes,
    ) -> Answer<'_, KeyView> {
        let Some(old) = self.key(account, id) else { return at_once(Err(missing())) };
        at_once(Ok(KeyView {
            label: patch.label.unwrap_or(old.label),
            scopes: patch.scopes.unwrap_or(old.scopes),
            ranges: patch.ranges.unwrap_or(old.ranges),
            expires_at: patch.expires_at.unwrap_or(old.expires_at),
            ..old
        }))
    }

    fn rotate_key(
        &self,
        account: AccountId,
        id: CredentialId,
        overlap_ms: i64,
        _by: KeyScopes,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<ShownKey>> {
        let rotated = self.shown(account, id).map(|shown| {
            let key = KeyView { old_secret_until: Some(NOW.plus_ms(overlap_ms)), ..shown.key };
            self.done(ShownKey { key, ..shown }, once)
        });
        at_once(rotated)
    }

    fn revoke_key(&self, account: AccountId, id: CredentialId) -> Answer<'_, ()> {
        at_once(self.key(account, id).map(drop).ok_or_else(missing))
    }

    fn inbound_numbers(
        &self,
        account: AccountId,
        after: Option<InboundNumber>,
        limit: usize,
    ) -> Vec<InboundNumberView> {
        let view = |digits: &str| InboundNumberView {
            number: InboundNumber::parse(digits).unwrap(),
            account: Some((OWNER, "demo".to_owned())),
            route: NumberRoute::Account,
            endpoint: None,
            added_at: NOW,
            assigned_at: None,
        };
        let own = if account == OWNER { vec![view("88811"), view(HELD)] } else { Vec::new() };
        own.into_iter().filter(|view| after.is_none_or(|after| view.number > after)).take(limit).collect()
    }

    fn inbound_number(&self, account: AccountId, number: InboundNumber) -> Option<InboundNumberView> {
        let own = Settings::inbound_numbers(self, account, None, 9);
        own.into_iter().find(|view| view.number == number)
    }

    fn route_number(
        &self,
        account: AccountId,
        number: InboundNumber,
        route: NumberRoute,
        endpoint: Option<EndpointId>,
    ) -> Answer<'_, InboundNumberView> {
        let Some(old) = Settings::inbound_number(self, account, number) else {
            return at_once(Err(missing()));
        };
        at_once(Ok(InboundNumberView { route, endpoint, ..old }))
    }

    fn quiet_hours(&self, account: AccountId) -> Option<AccountQuiet> {
        if account == OWNER { self.quiet.lock().unwrap().clone() } else { None }
    }

    fn set_quiet_hours(
        &self,
        account: AccountId,
        quiet: Option<AccountQuiet>,
    ) -> Answer<'_, Option<AccountQuiet>> {
        if account == OWNER {
            self.quiet.lock().unwrap().clone_from(&quiet);
        }
        at_once(Ok(quiet))
    }

    fn keyword_replies(&self, account: AccountId) -> KeywordReplies {
        let own =
            KeywordReplies { stop: Some("no more of owner.example".to_owned()), ..KeywordReplies::default() };
        if account == OWNER { own } else { KeywordReplies::default() }
    }

    fn change_keyword_replies(
        &self,
        account: AccountId,
        patch: KeywordReplyPatch,
    ) -> Answer<'_, KeywordReplies> {
        if patch.start.as_ref().is_some_and(|text| text.as_deref() == Some("")) {
            return at_once(Err(Refusal::new(RefusalCode::InvalidRequest, "no text").at("start")));
        }
        let old = Settings::keyword_replies(self, account);
        at_once(Ok(KeywordReplies {
            stop: patch.stop.unwrap_or(old.stop),
            start: patch.start.unwrap_or(old.start),
            help: patch.help.unwrap_or(old.help),
        }))
    }

    fn suppressions(&self, account: AccountId, query: SuppressionQuery) -> Answer<'_, Page<SuppressionView>> {
        let view = SuppressionView {
            number: Msisdn::parse(SUPPRESSED).unwrap(),
            pool: None,
            reason: SuppressionReason::OptOut,
            source: "inbound:in_1".to_owned(),
            created_at: NOW,
        };
        let is_asked = query.number.is_none_or(|number| number == view.number);
        let items = if account == OWNER && is_asked { vec![view] } else { Vec::new() };
        let next = (!items.is_empty()).then(|| RowKey::from_parts(NOW.as_ms(), 4));
        at_once(Ok(Page { items, next }))
    }

    fn suppression(&self, account: AccountId, number: Msisdn) -> Answer<'_, Option<SuppressionView>> {
        let query = SuppressionQuery { number: Some(number), before: None, limit: 1 };
        Box::pin(async move { Ok(Settings::suppressions(self, account, query).await?.items.pop()) })
    }

    fn suppress(
        &self,
        _account: AccountId,
        wish: SuppressionWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<usize>> {
        let count = wish.numbers.len();
        self.suppressed.lock().unwrap().push(wish);
        at_once(Ok(self.done(count, once)))
    }

    fn unsuppress(&self, account: AccountId, number: Msisdn) -> Answer<'_, ()> {
        let is_listed = account == OWNER && number.digits() == SUPPRESSED;
        at_once(if is_listed { Ok(()) } else { Err(missing()) })
    }
}
