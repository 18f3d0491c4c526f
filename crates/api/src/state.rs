//! What every handler of this door shares: the desk that it asks and how it is set up.

use std::sync::Arc;

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use ports::BoxFuture;
use tokio::time::{Duration, Instant};
use types::account::EndpointKind;
use types::id::AccountId;
use types::message::ReportWish;
use types::refusal::{Refusal, RefusalCode};

use crate::desk::Desk;
use crate::problem::{Refused, problem};

/// How long an answer about readiness is good for, so that probing from outside cannot make the
/// store write without end.
const READINESS_TTL: Duration = Duration::from_millis(500);
/// How long the store may take for the write that proves readiness.
const READINESS_LIMIT: Duration = Duration::from_secs(5);

/// Takes what carriers and channels call back with.
pub trait CallbackDesk: Send + Sync {
    /// Takes the fields of one call, of its query first and then of its body. `true` when the
    /// connector and its token are known and the call was taken.
    fn receive(&self, connector: &str, token: &str, fields: Vec<(String, String)>) -> BoxFuture<'_, bool>;
}

/// How this door is set up.
#[derive(Clone, Default)]
pub struct ApiState {
    /// The address under which customers reach it, without a trailing slash, e.g.
    /// `https://sms.example.com`. It stands in problem types and in the OpenAPI document.
    pub public_url: String,
    /// Whether `/metrics` is answered to callers that are not on this machine.
    pub metrics_for_all: bool,
    /// Takes calls of carriers; `None` when no connector is called back.
    pub callbacks: Option<Arc<dyn CallbackDesk>>,
}

/// The shared state of the handlers; cheap to clone.
#[derive(Clone)]
pub(crate) struct Api(Arc<Inner>);

struct Inner {
    desk: Arc<dyn Desk>,
    state: ApiState,
    openapi: Bytes,
    readiness: tokio::sync::Mutex<Option<(Instant, Result<(), Refusal>)>>,
}

impl Api {
    pub(crate) fn new(desk: Arc<dyn Desk>, mut state: ApiState) -> Self {
        state.public_url.truncate(state.public_url.trim_end_matches('/').len());
        let openapi = Bytes::from(crate::openapi::document(&state.public_url));
        Self(Arc::new(Inner { desk, state, openapi, readiness: tokio::sync::Mutex::new(None) }))
    }

    pub(crate) fn desk(&self) -> &dyn Desk {
        self.0.desk.as_ref()
    }

    pub(crate) fn settings(&self) -> &ApiState {
        &self.0.state
    }

    /// The OpenAPI document, as JSON.
    pub(crate) fn openapi(&self) -> Bytes {
        self.0.openapi.clone()
    }

    /// Turns the outcome of a handler into its answer.
    pub(crate) fn answer(&self, outcome: Result<Response, Refused>) -> Response {
        outcome.unwrap_or_else(|refused| self.refuse(refused))
    }

    /// Writes a refusal as a problem document.
    pub(crate) fn refuse(&self, refused: impl Into<Refused>) -> Response {
        problem(&self.0.state.public_url, refused.into()).into_response()
    }

    /// Counts a refusal that this door made itself, and passes it on.
    pub(crate) fn counted(&self, account: Option<AccountId>, refusal: Refusal) -> Refusal {
        self.desk().note_refusal(account, refusal.code);
        refusal
    }

    /// Whether the store takes writes, asked at most twice a second.
    pub(crate) async fn readiness(&self) -> Result<(), Refusal> {
        let mut kept = self.0.readiness.lock().await;
        if let Some((asked_at, outcome)) = kept.as_ref()
            && asked_at.elapsed() < READINESS_TTL
        {
            return outcome.clone();
        }
        // While the fate of a commit is not known, the engine answers nobody.
        let outcome = tokio::time::timeout(READINESS_LIMIT, self.desk().ready()).await.unwrap_or_else(|_| {
            let detail = "a durable write was not answered in time";
            Err(Refusal::new(RefusalCode::Unavailable, detail).retry_after(5))
        });
        *kept = Some((Instant::now(), outcome.clone()));
        outcome
    }

    /// Where and what a message reports: the address stated with it, or the account's default.
    pub(crate) async fn report_wish(
        &self,
        account: AccountId,
        kind: EndpointKind,
        url: Option<&str>,
    ) -> Result<ReportWish, Refusal> {
        let steps = kind == EndpointKind::Webhook;
        let endpoint = match url {
            Some(url) => Some(self.desk().webhook_endpoint(account, kind, url).await?),
            None => self.desk().account(account).and_then(|account| account.default_endpoint),
        };
        Ok(ReportWish { endpoint, steps, failures_only: false })
    }
}

/// The refusal of an address that this door does not have.
pub(crate) fn no_such_address() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "nothing is served at this address")
}
