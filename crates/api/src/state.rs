//! What every handler of this door shares: the desk that it asks, how it is set up, and what it
//! counts so that no caller can harm another.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use app::submission::{Caller, KeyAccess};
use axum::body::Body;
use axum::http::HeaderMap;
use ports::BoxFuture;
use tokio::time::{Duration, Instant};
use types::account::EndpointKind;
use types::id::{AccountId, PublicId};
use types::message::ReportWish;
use types::refusal::{Refusal, RefusalCode};

use crate::body::{self, Taken};
use crate::desk::Desk;
use crate::fixed::Fixed;
use crate::reference;
use crate::room::{Room, Share};
use crate::strikes::WrongKeys;

/// How long an answer about readiness is good for, so that probing from outside cannot make the
/// store write without end.
const READINESS_TTL: Duration = Duration::from_millis(500);
/// How long the store may take for the write that proves readiness.
const READINESS_LIMIT: Duration = Duration::from_secs(5);
/// Octets of bodies, and of the messages made of them, that customers may have in memory at once.
const CUSTOMERS_OCTETS_MAX: usize = 1024 * 1024 * 1024;
/// Octets of bodies in memory at once that must be read before it is known who sends them.
const STRANGERS_OCTETS_MAX: usize = 64 * 1024 * 1024;

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
    pages: Pages,
    readiness: tokio::sync::Mutex<Option<(Instant, Result<(), Refusal>)>>,
    wrong_keys: WrongKeys,
    customers: Room,
    strangers: Room,
    requests: AtomicU64,
    request_names: RandomState,
}

/// What is written once and served as it stands.
pub(crate) struct Pages {
    /// The OpenAPI document, as JSON.
    pub(crate) openapi: Fixed,
    /// The same as a page for people.
    pub(crate) reference: Fixed,
}

impl Api {
    pub(crate) fn new(desk: Arc<dyn Desk>, mut state: ApiState) -> Self {
        state.public_url.truncate(state.public_url.trim_end_matches('/').len());
        let openapi = crate::openapi::document(&state.public_url);
        let reference = Fixed::new("text/html; charset=utf-8", reference::write(&openapi));
        let pages = Pages { openapi: Fixed::new("application/json", openapi), reference };
        Self(Arc::new(Inner {
            desk,
            state,
            pages,
            readiness: tokio::sync::Mutex::new(None),
            wrong_keys: WrongKeys::default(),
            customers: Room::new(CUSTOMERS_OCTETS_MAX),
            strangers: Room::new(STRANGERS_OCTETS_MAX),
            requests: AtomicU64::new(0),
            request_names: RandomState::new(),
        }))
    }

    pub(crate) fn desk(&self) -> &dyn Desk {
        self.0.desk.as_ref()
    }

    pub(crate) fn settings(&self) -> &ApiState {
        &self.0.state
    }

    pub(crate) fn pages(&self) -> &Pages {
        &self.0.pages
    }

    /// A name for the next request. It is drawn from a count, and does not tell the count.
    pub(crate) fn next_request_id(&self) -> String {
        let count = self.0.requests.fetch_add(1, Ordering::Relaxed);
        format!("req_{:016x}", self.0.request_names.hash_one(count))
    }

    /// Who has this key and secret. `from` is where the request came from, where that is known.
    ///
    /// # Errors
    /// `invalid_credentials`, the same for an unknown key and a wrong secret; `rate_limited` in its
    /// place when too many wrong keys came from there; `forbidden` for a key that may not be used there.
    pub(crate) fn authenticate(
        &self,
        from: Option<IpAddr>,
        key: &str,
        secret: &str,
    ) -> Result<KeyAccess, Refusal> {
        self.note_wrong(from, self.desk().authenticate_key(key, secret, from))
    }

    /// Who has this public id and the secret of one of its keys; as [`Api::authenticate`].
    ///
    /// # Errors
    /// The same.
    pub(crate) fn authenticate_account(
        &self,
        from: Option<IpAddr>,
        sid: PublicId,
        secret: &str,
    ) -> Result<KeyAccess, Refusal> {
        self.note_wrong(from, self.desk().authenticate_account(sid, secret, from))
    }

    /// Who has this key and has signed with its secret; as [`Api::authenticate`].
    ///
    /// # Errors
    /// The same.
    pub(crate) fn authenticate_signed(
        &self,
        from: Option<IpAddr>,
        key: &str,
        is_right: &dyn Fn(&str) -> bool,
    ) -> Result<KeyAccess, Refusal> {
        self.note_wrong(from, self.desk().authenticate_signed(key, from, is_right))
    }

    /// Counts wrong credentials by where they came from.
    fn note_wrong(
        &self,
        from: Option<IpAddr>,
        outcome: Result<KeyAccess, Refusal>,
    ) -> Result<KeyAccess, Refusal> {
        let refusal = match outcome {
            Err(refusal) if refusal.code == RefusalCode::InvalidCredentials => refusal,
            outcome => return outcome,
        };
        let place = from.map(app::place_of);
        let noted = place.map_or(Ok(()), |place| self.0.wrong_keys.note(place, self.desk().now()));
        Err(match noted {
            Ok(()) => refusal,
            Err(seconds) => {
                let detail = "too many wrong keys came from this address; a right one is still taken";
                Refusal::new(RefusalCode::RateLimited, detail).retry_after(seconds)
            }
        })
    }

    /// Reads a body of somebody who is known.
    ///
    /// # Errors
    /// As [`body::read`].
    pub(crate) async fn read_known(
        &self,
        headers: &HeaderMap,
        body: Body,
        octets_max: usize,
    ) -> Result<Taken, Refusal> {
        body::read(headers, body, octets_max, self.0.customers.share()).await
    }

    /// Reads a body that must be read before it is known who sends it.
    ///
    /// # Errors
    /// As [`body::read`].
    pub(crate) async fn read_unknown(&self, headers: &HeaderMap, body: Body) -> Result<Taken, Refusal> {
        body::read(headers, body, body::STRANGERS_OCTETS_MAX, self.0.strangers.share()).await
    }

    /// Room for what is made of a body of somebody who is known.
    ///
    /// # Errors
    /// `unavailable` when there is none left.
    pub(crate) fn make_room(&self, octets: usize) -> Result<Share, Refusal> {
        let mut share = self.0.customers.share();
        share.grow(octets)?;
        Ok(share)
    }

    /// Counts a refusal that this door made itself, and passes it on.
    pub(crate) fn counted(&self, account: Option<AccountId>, refusal: Refusal) -> Refusal {
        self.desk().note_refusal(account, refusal.code);
        refusal
    }

    /// The outcome of reading a caller's request; a refusal of it is counted.
    pub(crate) fn counting<T>(&self, caller: Caller, read: Result<T, Refusal>) -> Result<T, Refusal> {
        read.map_err(|refusal| self.counted(Some(caller.account), refusal))
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
        let steps = kind.hears_steps();
        let endpoint = match url {
            Some(url) => Some(self.desk().webhook_endpoint(account, kind, url).await?),
            None => self.desk().account(account).and_then(|account| account.default_endpoint),
        };
        Ok(ReportWish { endpoint, steps, ..ReportWish::default() })
    }
}

/// The refusal of an address that this door does not have.
pub(crate) fn no_such_address() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "nothing is served at this address")
}
