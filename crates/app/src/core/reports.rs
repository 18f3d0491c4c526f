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
    /// The endpoint for a callback address of an account, made when it is new.
    ///
    /// # Errors
    /// `invalid_request` for an address that may not be called.
    pub async fn webhook_endpoint(
        &self,
        account: AccountId,
        kind: EndpointKind,
        url: &str,
    ) -> Result<EndpointId, Refusal> {
        let allow_private = self.account(account).is_some_and(|account| account.allow_private_callbacks);
        let https = url.starts_with("https://") || (allow_private && url.starts_with("http://"));
        if !https || url.len() > 2_048 || url.contains(char::is_whitespace) {
            let detail = "a callback address begins with https:// and has at most 2048 characters";
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("callback_url"));
        }
        match self.change(Change::Endpoint { account, kind, url: url.to_owned().into() }).await? {
            Changed::Endpoint(id) => Ok(id),
            _ => Err(stopped()),
        }
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
