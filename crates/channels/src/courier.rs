//! The outbound HTTP client behind [`ports::courier::Courier`], with its guard against requests to
//! the inside of the operator's network.
//!
//! It never follows a redirect, never uses a proxy of the environment and never repeats a request.
//! Start at [`HttpCourier::new`]; which addresses may be called stands in `guard`.

mod guard;
mod resolve;
mod retry_after;

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ports::BoxFuture;
use ports::courier::{ANSWER_OCTETS_MAX, Answer, CONNECT_TIMEOUT_MS, Call, Courier, CourierError, Method};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Request, Url};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use types::Sensitive;

pub use guard::URL_OCTETS_MAX;
pub(crate) use guard::check_url;
pub use resolve::{NameLookup, SystemLookup};

use crate::tls::{Trust, client_config};
use resolve::{GuardedResolver, ResolveError};

/// Guarded calls under way at once. More wait, within their own time limit.
pub const GUARDED_CALLS_MAX: usize = 512;
/// Guarded calls under way at once to one host and port, so that one slow receiver cannot take all.
pub const GUARDED_CALLS_PER_HOST_MAX: usize = 32;
/// Hosts whose calls are counted before idle ones are forgotten.
const HOSTS_COUNTED_MAX: usize = 1_024;
/// Idle connections kept per host.
const IDLE_PER_HOST_MAX: usize = 256;
/// How long an idle connection is kept; below the 60 s after which many servers close.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Headers that HTTP itself sets, so that a caller cannot contradict the request's framing or host.
const RESERVED_HEADERS: [&str; 8] =
    ["connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

/// Why a courier could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up: {reason}")]
pub struct CourierBuildError {
    reason: String,
}

impl CourierBuildError {
    /// What a caller may do.
    pub const fn disposition(&self) -> ports::Disposition {
        ports::Disposition::Never
    }
}

/// The courier. Cheap to share; one serves the whole process.
pub struct HttpCourier {
    guarded: Client,
    open: Client,
    calls: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl HttpCourier {
    /// Makes a courier that asks the operating system for addresses.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> Result<Self, CourierBuildError> {
        Self::with_lookup(Arc::new(SystemLookup))
    }

    /// Makes a courier with another source of addresses.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn with_lookup(lookup: Arc<dyn NameLookup>) -> Result<Self, CourierBuildError> {
        Ok(Self {
            guarded: client(Arc::clone(&lookup), false)?,
            open: client(lookup, true)?,
            calls: Arc::new(Semaphore::new(GUARDED_CALLS_MAX)),
            hosts: Mutex::default(),
        })
    }

    /// Takes a place among the guarded calls.
    async fn place(&self, url: &Url) -> Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)> {
        let host = Arc::clone(&self.host_places(url));
        let of_host = host.acquire_owned().await.ok()?;
        let of_all = Arc::clone(&self.calls).acquire_owned().await.ok()?;
        Some((of_host, of_all))
    }

    fn host_places(&self, url: &Url) -> Arc<Semaphore> {
        let key = format!("{}:{}", url.host_str().unwrap_or(""), url.port_or_known_default().unwrap_or(0));
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= HOSTS_COUNTED_MAX {
            hosts.retain(|_, places| places.available_permits() < GUARDED_CALLS_PER_HOST_MAX);
        }
        let places = hosts.entry(key).or_insert_with(|| Arc::new(Semaphore::new(GUARDED_CALLS_PER_HOST_MAX)));
        Arc::clone(places)
    }

    async fn call_now(&self, call: Call) -> Result<Answer, CourierError> {
        let deadline = Instant::now() + Duration::from_millis(call.timeout_ms);
        let allow_private = call.allow_private;
        let request = request_of(call)?;
        let (client, _place) = if allow_private {
            (&self.open, None)
        } else {
            let place = timeout_at(deadline, self.place(request.url()))
                .await
                .map_err(|_| CourierError::NotConnected { reason: "too many calls at once" })?;
            (&self.guarded, place)
        };
        timeout_at(deadline, exchange(client, request))
            .await
            .unwrap_or(Err(CourierError::NoAnswer { reason: "timed out" }))
    }
}

impl Courier for HttpCourier {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, CourierError>> {
        Box::pin(self.call_now(call))
    }
}

fn client(lookup: Arc<dyn NameLookup>, allow_private: bool) -> Result<Client, CourierBuildError> {
    let tls = client_config(&Trust::Platform).map_err(|reason| CourierBuildError { reason })?;
    Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(GuardedResolver { lookup, allow_private })
        .https_only(!allow_private)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .user_agent(concat!("Chappe/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_millis(CONNECT_TIMEOUT_MS))
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
        .build()
        .map_err(|error| CourierBuildError { reason: error.to_string() })
}

fn request_of(call: Call) -> Result<Request, CourierError> {
    let forbidden = |reason| CourierError::Forbidden { reason };
    let url = check_url(call.url.expose(), call.allow_private).map_err(forbidden)?;
    let method = match call.method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
    };
    let mut request = Request::new(method, url);
    *request.headers_mut() = headers_of(&call.headers).map_err(forbidden)?;
    if call.method == Method::Post {
        *request.body_mut() = Some(call.body.into_inner().into());
    }
    Ok(request)
}

/// Checks headers and brings them into the form of the library.
///
/// # Errors
/// The rule that one of them breaks.
pub(crate) fn headers_of(pairs: &[(String, Sensitive<String>)]) -> Result<HeaderMap, &'static str> {
    let mut headers = HeaderMap::with_capacity(pairs.len());
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "malformed header")?;
        if RESERVED_HEADERS.contains(&name.as_str()) || name.as_str().starts_with("proxy-") {
            return Err("reserved header");
        }
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| "malformed header")?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

async fn exchange(client: &Client, request: Request) -> Result<Answer, CourierError> {
    let mut response = client.execute(request).await.map_err(|error| reason_of(&error))?;
    let status = response.status().as_u16();
    let retry_after_s = retry_after::seconds(response.headers());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| reason_of(&error))? {
        let room = ANSWER_OCTETS_MAX.saturating_sub(body.len());
        body.extend(chunk.iter().take(room));
        if body.len() >= ANSWER_OCTETS_MAX {
            // The rest is not read; dropping the response closes the connection.
            break;
        }
    }
    Ok(Answer { status, retry_after_s, body: Sensitive::new(body) })
}

/// Says what went wrong without the address, which the error of the library would carry.
fn reason_of(error: &reqwest::Error) -> CourierError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    let mut refused = false;
    let mut tls = false;
    while let Some(current) = cause {
        match current.downcast_ref::<ResolveError>() {
            Some(ResolveError::Forbidden(reason)) => return CourierError::Forbidden { reason },
            Some(ResolveError::NotFound) => return CourierError::NotConnected { reason: "name not found" },
            None => {}
        }
        if let Some(io) = current.downcast_ref::<std::io::Error>() {
            refused |= io.kind() == std::io::ErrorKind::ConnectionRefused;
            tls |= is_tls(io);
        }
        tls |= current.is::<rustls::Error>();
        cause = current.source();
    }
    if error.is_connect() {
        let reason = match (refused, tls, error.is_timeout()) {
            (true, ..) => "refused",
            (_, true, _) => "TLS",
            (.., true) => "timed out",
            _ => "unreachable",
        };
        return CourierError::NotConnected { reason };
    }
    if error.is_builder() {
        return CourierError::Forbidden { reason: "malformed request" };
    }
    let reason = if error.is_timeout() { "timed out" } else { "connection lost" };
    CourierError::NoAnswer { reason }
}

/// Whether TLS failed. The TLS library hides its error inside one of the input and output, and the
/// HTTP library inside another.
fn is_tls(error: &std::io::Error) -> bool {
    error.get_ref().is_some_and(|inner| {
        inner.is::<rustls::Error>() || inner.downcast_ref::<std::io::Error>().is_some_and(is_tls)
    })
}
