//! The outbound HTTP client behind [`ports::courier::Courier`], with its guard against requests to
//! the inside of the operator's network.
//!
//! It never follows a redirect, never uses a proxy of the environment and never repeats a request.
//! Start at [`HttpCourier::new`]; which addresses may be called stands in `guard`.

mod guard;
mod hosts;
mod resolve;
mod retry_after;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use ports::BoxFuture;
use ports::courier::{ANSWER_OCTETS_MAX, Answer, CONNECT_TIMEOUT_MS, Call, Courier, CourierError, Method};
use reqwest::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Request, Url};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use types::Sensitive;

pub use guard::URL_OCTETS_MAX;
pub(crate) use guard::check_url;
pub use hosts::{GUARDED_CALLS_PER_HOST_MAX, HOSTS_KEPT_MAX};
pub use resolve::{LOOKUPS_MAX, NameLookup, SystemLookup};

use crate::tls::{Trust, client_config};
use hosts::{Hosts, Place};
use resolve::{GuardedResolver, ResolveError};

/// Guarded calls under way at once. More wait, within their own time limit.
pub const GUARDED_CALLS_MAX: usize = 512;
/// Idle connections kept per host that the operator has chosen.
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
    hosts: Hosts,
}

impl HttpCourier {
    /// Makes a courier that asks the operating system for addresses.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> Result<Self, CourierBuildError> {
        Self::with_lookup(Arc::new(SystemLookup::default()))
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
            hosts: Hosts::new(IDLE_TIMEOUT),
        })
    }

    /// Takes a place among the guarded calls.
    async fn place(&self, url: &Url) -> Option<(Place, OwnedSemaphorePermit)> {
        let of_host = self.hosts.place(url).await?;
        let of_all = Arc::clone(&self.calls).acquire_owned().await.ok()?;
        Some((of_host, of_all))
    }

    async fn call_now(&self, call: Call) -> Result<Answer, CourierError> {
        let deadline = Instant::now() + Duration::from_millis(call.timeout_ms);
        let allow_private = call.allow_private;
        let mut request = request_of(call)?;
        let (client, _place) = if allow_private {
            (&self.open, None)
        } else {
            let place = timeout_at(deadline, self.place(request.url()))
                .await
                .map_err(|_| CourierError::NotConnected { reason: "too many calls at once" })?;
            if !place.as_ref().is_some_and(|(of_host, _)| of_host.keeps_connection) {
                request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
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
        .pool_max_idle_per_host(if allow_private { IDLE_PER_HOST_MAX } else { GUARDED_CALLS_PER_HOST_MAX })
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::{CONNECTION, HeaderValue};
    use reqwest::{Request, Url};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::{Arc, SystemLookup, client, exchange};

    const LIMIT: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_connection_that_is_not_to_be_kept_is_closed_after_its_call() {
        for (closes, expected) in [(true, 0), (false, 1)] {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            let client = client(Arc::new(SystemLookup::default()), true).unwrap();
            let call = async {
                for _ in 0..2 {
                    let mut request = Request::new(reqwest::Method::GET, Url::parse(&url).unwrap());
                    if closes {
                        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                    }
                    exchange(&client, request).await.unwrap();
                }
            };
            let serve = async {
                let mut again = 0;
                for _ in 0..2 - expected {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let mut octets = [0; 4_096];
                    let mut requests = 0;
                    while requests < 2 && stream.read(&mut octets).await.unwrap() > 0 {
                        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
                        requests += 1;
                    }
                    again += requests - 1;
                }
                again
            };
            let ((), again) = tokio::time::timeout(LIMIT, async { tokio::join!(call, serve) }).await.unwrap();
            assert_eq!(again, expected, "requests over a connection that was used before");
        }
    }
}
