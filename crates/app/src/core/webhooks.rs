//! Webhooks: the addresses at which an account's events are told, what was told there, and telling again.
//!
//! Addresses are made in two ways: a message or an account names one, or an owner sets one up that hears of
//! all messages. Telling itself is the notifier's work. Start at [`Core::make_webhook`].

use std::sync::Arc;

use types::Sensitive;
use types::account::{Endpoint, EndpointKind};
use types::event::EventTypes;
use types::id::{AccountId, EndpointId};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::keys::{check_label, check_overlap};
use super::{Core, stopped, unheard};
use crate::engine::{AskedEndpoint, Change, Changed, Input};
use crate::inbox::Kind;
use crate::submission::{Done, Idempotency};

/// The most octets of a callback address.
const URL_OCTETS_MAX: usize = 2_048;
/// The most callback addresses of an account. All of them are in memory, and a new one makes a copy.
const ENDPOINTS_MAX: usize = 10_000;

/// Addresses of an account that hear of all messages. Each event is kept and told once for every one.
const STANDING_MAX: usize = 20;

/// An address that events of an account are told at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointView {
    /// Its number.
    pub id: EndpointId,
    /// How events are told there.
    pub kind: EndpointKind,
    /// The address.
    pub url: Sensitive<String>,
    /// The secret that signs, for kinds that sign.
    pub secret: Sensitive<String>,
    /// Until when the secret before signs too, after a rotation.
    pub old_secret_until: Option<Timestamp>,
    /// What its owner calls it; empty for nothing.
    pub description: String,
    /// Which events it wants to hear.
    pub wants: EventTypes,
    /// Whether it hears of all messages of the account, not only of those that name it.
    pub standing: bool,
    /// Whether it was switched off, by its owner or because it answered 410 (Gone).
    pub disabled: bool,
    /// Whether messages that state no address of their own are told here.
    pub is_default: bool,
}

/// What to make of a new address that hears of all messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointWish {
    /// How events are told there.
    pub kind: EndpointKind,
    /// The address.
    pub url: Sensitive<String>,
    /// What its owner calls it.
    pub description: String,
    /// Which events it wants to hear.
    pub wants: EventTypes,
    /// Whether it is switched on.
    pub enabled: bool,
}

/// What to change of an address; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointPatch {
    /// The address.
    pub url: Option<Sensitive<String>>,
    /// What its owner calls it.
    pub description: Option<String>,
    /// Which events it wants to hear.
    pub wants: Option<EventTypes>,
    /// Whether it is switched on.
    pub enabled: Option<bool>,
}

impl Core {
    /// One address of an account.
    pub fn webhook(&self, account: AccountId, id: EndpointId) -> Option<EndpointView> {
        let directory = self.inner.shared.directory.load();
        let known = directory.address_of(account, id)?;
        let default = directory.accounts.get(&account).and_then(|handle| handle.account.default_endpoint);
        Some(view(known, default == Some(id), self.now()))
    }

    /// Makes an address that hears of all messages of its account.
    ///
    /// # Errors
    /// `invalid_request` at the field that cannot be used, `conflict` for an address that the account has,
    /// `limit_reached`, and the refusals of an idempotency key.
    pub async fn make_webhook(
        &self,
        account: AccountId,
        wish: EndpointWish,
        once: Option<Idempotency>,
    ) -> Result<Done<EndpointView>, Refusal> {
        self.check_kind(wish.kind)?;
        self.check_url(account, wish.url.expose(), "url")?;
        check_label(&wish.description, "description")?;
        check_wants(wish.wants)?;
        let change = Change::EndpointMade { account, wish, most: STANDING_MAX };
        self.webhook_done(account, self.change_once(account, change, once).await?)
    }

    /// Changes an address. Its id and its secret stay.
    ///
    /// # Errors
    /// `not_found`, `invalid_request` at the field that cannot be used, or `conflict` for an address that
    /// the account has.
    pub async fn change_webhook(
        &self,
        account: AccountId,
        id: EndpointId,
        patch: EndpointPatch,
    ) -> Result<EndpointView, Refusal> {
        self.webhook(account, id).ok_or_else(no_such_webhook)?;
        if let Some(url) = &patch.url {
            self.check_url(account, url.expose(), "url")?;
        }
        check_label(patch.description.as_deref().unwrap_or(""), "description")?;
        check_wants(patch.wants.unwrap_or(EventTypes::ALL))?;
        self.change(Change::EndpointSet { account, id, patch }).await?;
        self.webhook(account, id).ok_or_else(no_such_webhook)
    }

    /// Gives an address another secret. The one before signs beside it for `overlap_ms`.
    ///
    /// # Errors
    /// `not_found`, `invalid_request` at `overlap_s` for more than 30 days, and the refusals of an
    /// idempotency key.
    pub async fn rotate_webhook(
        &self,
        account: AccountId,
        id: EndpointId,
        overlap_ms: i64,
        once: Option<Idempotency>,
    ) -> Result<Done<EndpointView>, Refusal> {
        self.webhook(account, id).ok_or_else(no_such_webhook)?;
        check_overlap(overlap_ms)?;
        let change = Change::EndpointRotated { account, id, overlap_ms };
        self.webhook_done(account, self.change_once(account, change, once).await?)
    }

    /// Takes an address away; what waits for it is told nowhere.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn remove_webhook(&self, account: AccountId, id: EndpointId) -> Result<(), Refusal> {
        self.webhook(account, id).ok_or_else(no_such_webhook)?;
        self.change(Change::EndpointRemoved(account, id)).await.map(drop)
    }

    fn webhook_done(&self, account: AccountId, done: Done<Changed>) -> Result<Done<EndpointView>, Refusal> {
        let id = match done.value {
            Changed::Endpoint(id) => id,
            Changed::Again(created) => EndpointId(created.as_i64()),
            _ => return Err(stopped()),
        };
        let value = self.webhook(account, id).ok_or_else(no_such_webhook)?;
        Ok(Done { value, replayed: done.replayed })
    }

    /// The names of the kinds of addresses that somebody writes calls for.
    pub fn kinds_of_addresses(&self) -> Vec<&'static str> {
        self.inner.shared.notifier.kinds().map(EndpointKind::as_str).collect()
    }

    fn check_kind(&self, kind: EndpointKind) -> Result<(), Refusal> {
        if self.inner.shared.notifier.kinds().any(|known| known == kind) {
            return Ok(());
        }
        let detail = format!("the kind of an address is one of {}", self.kinds_of_addresses().join(", "));
        Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("kind"))
    }

    fn check_url(&self, account: AccountId, url: &str, field: &str) -> Result<(), Refusal> {
        let allow_private = self.account(account).is_some_and(|account| account.allow_private_callbacks);
        if may_be_called(url, allow_private) {
            return Ok(());
        }
        let detail = "a callback address begins with https://, names a host and has at most 2048 visible \
                      ASCII characters; percent-encode others";
        Err(Refusal::new(RefusalCode::InvalidRequest, detail).at(field))
    }

    /// The endpoint for a callback address of an account, made when it is new. One that was switched
    /// off stays off.
    ///
    /// # Errors
    /// `invalid_request` for an address that may not be called.
    pub async fn webhook_endpoint(
        &self,
        account: AccountId,
        kind: EndpointKind,
        url: &str,
    ) -> Result<EndpointId, Refusal> {
        self.endpoint_at(account, kind, url, false).await
    }

    async fn endpoint_at(
        &self,
        account: AccountId,
        kind: EndpointKind,
        url: &str,
        enable: bool,
    ) -> Result<EndpointId, Refusal> {
        self.check_url(account, url, "callback_url")?;
        // Nearly every message names an address that is known: no need to ask the engine.
        let url_hash = self.inner.hasher.hash(b'u', url.as_bytes());
        let known = self.inner.shared.directory.load().by_url.get(&(account, kind, url_hash)).copied();
        if let Some(id) = known.filter(|_| !enable) {
            return Ok(id);
        }
        if known.is_none() && self.endpoints(account).len() >= ENDPOINTS_MAX {
            let detail = format!(
                "the account has {ENDPOINTS_MAX} callback addresses already; use one for many messages and \
                 tell them apart by `client_reference`"
            );
            return Err(Refusal::new(RefusalCode::LimitReached, detail).at("callback_url"));
        }
        let (reply, found) = tokio::sync::oneshot::channel();
        let asked = AskedEndpoint { account, kind, url: url.to_owned().into(), enable };
        let input = Input::Endpoint(asked, reply);
        self.inner.shared.inbox.push(Kind::Command, input).map_err(|_| stopped())?;
        found.await.map_err(|_| unheard())?
    }

    /// The callback addresses of an account: its default first, then the newest. Its SMPP binds are
    /// not among them.
    pub fn endpoints(&self, account: AccountId) -> Vec<EndpointView> {
        let directory = self.inner.shared.directory.load();
        let default = directory.accounts.get(&account).and_then(|handle| handle.account.default_endpoint);
        let ids = directory.endpoints.keys().copied();
        let own = ids.filter_map(|id| directory.address_of(account, id));
        let now = self.now();
        let mut views: Vec<EndpointView> =
            own.map(|known| view(known, default == Some(known.id), now)).collect();
        views.sort_by_key(|view| std::cmp::Reverse((view.is_default, view.id)));
        views
    }

    /// Sets the address at which messages are told that state none of their own, or switches that
    /// off for `None`. An address that was switched off before is switched on again.
    ///
    /// # Errors
    /// `invalid_request` at `url` or `kind` for what cannot be called, `not_found` for an account
    /// that does not exist.
    pub async fn set_default_webhook(
        &self,
        account: AccountId,
        kind: EndpointKind,
        url: Option<&str>,
    ) -> Result<Option<EndpointView>, Refusal> {
        self.check_kind(kind)?;
        let endpoint = match url {
            None => None,
            Some(url) => Some(self.endpoint_at(account, kind, url, true).await.map_err(|refusal| {
                let is_its_fault = refusal.field.as_deref() == Some("callback_url");
                if is_its_fault { refusal.at("url") } else { refusal }
            })?),
        };
        self.set_default_endpoint(account, endpoint).await?;
        Ok(self.endpoints(account).into_iter().find(|view| view.is_default))
    }

    /// Where messages that state no callback are told; `None` for nowhere.
    ///
    /// # Errors
    /// `not_found` for an account or endpoint that does not exist.
    pub async fn set_default_endpoint(
        &self,
        account: AccountId,
        endpoint: Option<EndpointId>,
    ) -> Result<(), Refusal> {
        self.change(Change::DefaultEndpoint { account, endpoint }).await.map(|_| ())
    }

    /// Has events told again that were given up, at one address or at every one that is switched on;
    /// gives how many, at most 10,000. They are known for [`ports::store::TOLD_KEPT_MS`].
    ///
    /// # Errors
    /// `not_found` for an account or endpoint that does not exist, `conflict` for an endpoint that is
    /// switched off.
    pub async fn tell_again(
        &self,
        account: AccountId,
        endpoint: Option<EndpointId>,
    ) -> Result<usize, Refusal> {
        match self.change(Change::TellAgain { account, endpoint }).await? {
            Changed::Events(count) => Ok(count),
            _ => Err(stopped()),
        }
    }

    /// The secret that signs an endpoint's webhooks.
    pub fn endpoint_secret(&self, account: AccountId, endpoint: EndpointId) -> Option<Sensitive<String>> {
        let directory = self.inner.shared.directory.load();
        directory.endpoints.get(&endpoint).filter(|e| e.account == account).map(|e| e.secret.clone())
    }
}

fn view(known: &Arc<Endpoint>, is_default: bool, now: Timestamp) -> EndpointView {
    EndpointView {
        id: known.id,
        kind: known.kind,
        url: known.url.clone(),
        secret: known.secret.clone(),
        old_secret_until: known.old_secret.as_ref().filter(|old| old.is_good(now)).map(|old| old.until),
        description: known.description.clone(),
        wants: known.wants,
        standing: known.standing,
        disabled: known.disabled,
        is_default,
    }
}

/// The refusal of an id that leads to no address of the account.
pub(super) fn no_such_webhook() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "this account has no webhook with this id").at("id")
}

fn check_wants(wants: EventTypes) -> Result<(), Refusal> {
    if wants.bits() != 0 {
        return Ok(());
    }
    let detail = "the list of events is empty; leave it out for all, or switch the address off";
    Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("events"))
}

/// Whether an address has the form of one that may be called. Where its host leads is looked at when
/// it is called.
fn may_be_called(url: &str, allow_private: bool) -> bool {
    let plain = if allow_private { url.strip_prefix("http://") } else { None };
    let Some(rest) = url.strip_prefix("https://").or(plain) else { return false };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    url.len() <= URL_OCTETS_MAX
        && is_authority(authority)
        && is_made_of(path, "/?:@")
        && is_made_of(fragment, "/?:@")
}

/// A user, a host and a port (RFC 3986, 3.2), of which the host must be there.
fn is_authority(text: &str) -> bool {
    let (user, place) = text.rsplit_once('@').unwrap_or(("", text));
    let (host, port, is_host) = match place.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((inner, port)) => (inner, port, inner.parse::<std::net::Ipv6Addr>().is_ok()),
        None => {
            let (host, port) = place.split_at(place.find(':').unwrap_or(place.len()));
            (host, port, is_made_of(host, ""))
        }
    };
    let is_port = match port.strip_prefix(':') {
        Some("") => true,
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok(),
        None => port.is_empty(),
    };
    !host.is_empty() && is_host && is_port && is_made_of(user, ":")
}

/// Whether a part of an address has nothing but the characters that are allowed in all of them, those of
/// `more`, and octets in percent signs (RFC 3986, 2).
fn is_made_of(text: &str, more: &str) -> bool {
    const ALLOWED: &str = "-._~!$&'()*+,;=";
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is_fine = match byte {
            b'%' => {
                let mut is_digit = || bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit());
                is_digit() && is_digit()
            }
            _ => {
                let character = char::from(byte);
                character.is_ascii_alphanumeric() || ALLOWED.contains(character) || more.contains(character)
            }
        };
        if !is_fine {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{URL_OCTETS_MAX, may_be_called};

    #[test]
    fn addresses_of_callbacks_have_a_form() {
        let cases = [
            ("https://example.com", true, true),
            ("https://example.com:8443/a?b=%C3%A9#c", true, true),
            ("http://127.0.0.1:9/a", true, false),
            ("https://user:word@example.com:65535/a//b;c=(1)?d[]=1", false, false),
            ("https://user:word@example.com:65535/a//b;c=(1)?d=1/?", true, true),
            ("https://[2001:db8::1]:443?a", true, true),
            ("https://[2001:db8::g]", false, false),
            ("https://2001:db8::1", false, false),
            ("https://example.com:65536", false, false),
            ("https://example.com:+1", false, false),
            ("https://^k<e", false, false),
            ("https://example.com/%4", false, false),
            ("https://example.com/a#b#c", false, false),
            ("https://@", false, false),
            ("https://a@b@c", false, false),
            ("https://", false, false),
            ("https:///a", false, false),
            ("https://?a", false, false),
            ("HTTPS://example.com", false, false),
            ("ftp://example.com", false, false),
            ("https://example.com/a b", false, false),
            ("https://example.com/\u{12}", false, false),
            ("https://example.com/\r\nHost: other", false, false),
            ("https://exämple.com", false, false),
            ("", false, false),
        ];
        for (url, privately, publicly) in cases {
            assert_eq!(
                (may_be_called(url, true), may_be_called(url, false)),
                (privately, publicly),
                "{url:?}"
            );
        }
        let long = |octets: usize| format!("https://{}", "a".repeat(octets - 8));
        assert!(may_be_called(&long(URL_OCTETS_MAX), false));
        assert!(!may_be_called(&long(URL_OCTETS_MAX + 1), false));
    }
}
