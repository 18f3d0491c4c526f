//! Binds that receive: attached, asked, and what they answered.
//!
//! Telling itself, with its repeats, is the notifier's work. Start at [`Core::attach_bind`].

use std::sync::Arc;

use types::id::{AccountId, EndpointId};

use super::Core;
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
    /// The endpoint of an account's SMPP binds.
    pub fn smpp_endpoint(&self, account: AccountId) -> Option<EndpointId> {
        self.inner.shared.directory.load().smpp_endpoints.get(&account).copied()
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

    /// Whether events wait for a bind of an account that takes them.
    pub fn reports_wait(&self, account: AccountId) -> bool {
        self.smpp_endpoint(account).is_some_and(|endpoint| self.inner.shared.notifier.waits(endpoint))
    }

    /// How telling events went.
    pub fn report_done(&self, results: Vec<ReportResult>) {
        self.inner.shared.notifier.answered(&results);
    }
}
