//! Where receipts and messages from phones are told: endpoints of callbacks, and binds that receive.
//!
//! Telling itself, with its repeats, is the notifier's work. Start at [`Core::attach_bind`].

use std::sync::Arc;

use types::Sensitive;
use types::account::EndpointKind;
use types::id::{AccountId, EndpointId};
use types::refusal::{Refusal, RefusalCode};

use super::{Core, stopped};
use crate::engine::{Change, Changed};
use crate::report::{BindSink, ReportResult};

/// The most octets of a callback address.
const URL_OCTETS_MAX: usize = 2_048;
/// The most callback addresses of an account. All of them are in memory, and a new one makes a copy.
const ENDPOINTS_MAX: usize = 10_000;

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
    /// Whether it was switched off: it answered 410 (Gone).
    pub disabled: bool,
    /// Whether messages that state no address of their own are told here.
    pub is_default: bool,
}

/// Keeps a bind attached.
pub struct BindHandle {
    detach: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Drop for BindHandle {
    fn drop(&mut self) {
        if let Some(detach) = self.detach.take() {
            detach();
        }
    }
}

impl Core {
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
        let allow_private = self.account(account).is_some_and(|account| account.allow_private_callbacks);
        if !may_be_called(url, allow_private) {
            let detail = "a callback address begins with https://, names a host and has at most 2048 visible \
                          ASCII characters; percent-encode others";
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("callback_url"));
        }
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
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("callback_url"));
        }
        match self.change(Change::Endpoint { account, kind, url: url.to_owned().into(), enable }).await? {
            Changed::Endpoint(id) => Ok(id),
            _ => Err(stopped()),
        }
    }

    /// The callback addresses of an account: its default first, then the newest. Its SMPP binds are
    /// not among them.
    pub fn endpoints(&self, account: AccountId) -> Vec<EndpointView> {
        let directory = self.inner.shared.directory.load();
        let default = directory.accounts.get(&account).and_then(|handle| handle.account.default_endpoint);
        let own = directory.endpoints.values().filter(|known| known.account == account);
        let mut views: Vec<EndpointView> = own
            .filter(|known| known.kind != EndpointKind::Smpp)
            .map(|known| EndpointView {
                id: known.id,
                kind: known.kind,
                url: known.url.clone(),
                secret: known.secret.clone(),
                disabled: known.disabled,
                is_default: default == Some(known.id),
            })
            .collect();
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
        if kind == EndpointKind::Smpp {
            let detail = "the kind of an address is webhook or paasoo";
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("kind"));
        }
        let endpoint = match url {
            None => None,
            Some(url) => Some(self.endpoint_at(account, kind, url, true).await.map_err(|refusal| {
                let is_its_fault = refusal.code == RefusalCode::InvalidRequest;
                if is_its_fault { refusal.at("url") } else { refusal }
            })?),
        };
        self.set_default_endpoint(account, endpoint).await?;
        Ok(self.endpoints(account).into_iter().find(|view| view.is_default))
    }

    /// The endpoint of an account's SMPP binds.
    pub fn smpp_endpoint(&self, account: AccountId) -> Option<EndpointId> {
        self.inner.shared.directory.load().smpp_endpoints.get(&account).copied()
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
    /// `not_found` for an account or endpoint that does not exist, `invalid_request` for an endpoint
    /// that is switched off.
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

    /// A bind that can receive has come up. Dropping the handle takes it away.
    pub fn attach_bind(&self, account: AccountId, sink: Arc<dyn BindSink>) -> BindHandle {
        let endpoint = self.smpp_endpoint(account);
        let number = self.inner.shared.notifier.attach(account, endpoint, sink);
        let shared = Arc::clone(&self.inner.shared);
        BindHandle { detach: Some(Box::new(move || shared.notifier.detach(account, number))) }
    }

    /// A bind has room again.
    pub fn bind_ready(&self, account: AccountId) {
        if let Some(endpoint) = self.smpp_endpoint(account) {
            self.inner.shared.notifier.ready(endpoint);
        }
    }

    /// How telling events went.
    pub fn report_done(&self, results: Vec<ReportResult>) {
        self.inner.shared.notifier.answered(&results);
    }
}

/// Whether an address has the form of one that may be called. Where its host leads is looked at when
/// it is called.
fn may_be_called(url: &str, allow_private: bool) -> bool {
    let plain = if allow_private { url.strip_prefix("http://") } else { None };
    let Some(rest) = url.strip_prefix("https://").or(plain) else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or("");
    !host.is_empty() && url.len() <= URL_OCTETS_MAX && url.bytes().all(|byte| byte.is_ascii_graphic())
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
