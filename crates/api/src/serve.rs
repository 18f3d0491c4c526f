//! The server loop under every HTTP door: it accepts connections within limits, speaks TLS where
//! asked, and drains when told to stop.
//!
//! It knows nothing of what the router serves. A peer that is slow to send headers or a body, or
//! to read an answer, is cut off; a peer beyond the limits is closed at once, because to wait
//! would let it fill the queue of the listener.

mod body;
mod gate;
mod stream;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, Uri};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::Service;

use body::PacedBody;
use gate::{Gate, Pass};
use stream::Impatient;

/// How long to wait after an accept that failed, e.g. because no file descriptor was left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How connections are treated.
#[derive(Clone, Debug)]
pub struct HttpLimits {
    /// Connections at once; further ones are closed.
    pub connections_max: usize,
    /// Connections at once from one address (one /64 of IPv6); zero lifts the limit.
    pub connections_per_ip_max: usize,
    /// Octets of a request line and its headers.
    pub header_octets_max: usize,
    /// How long a request line and its headers may take; also how long a connection may be idle.
    pub header_timeout: Duration,
    /// How long a body may take beyond what its octets are granted.
    pub body_grace: Duration,
    /// Octets per second that a body must bring.
    pub body_octets_per_second_min: u64,
    /// How long a peer may leave an answer unread.
    pub write_timeout: Duration,
    /// How long a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// How long running requests may take after the order to stop.
    pub drain_timeout: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            connections_per_ip_max: 100,
            header_octets_max: 16 * 1024,
            header_timeout: Duration::from_secs(10),
            body_grace: Duration::from_secs(10),
            body_octets_per_second_min: 1_024,
            write_timeout: Duration::from_secs(30),
            handshake_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// Marks requests that came over TLS, as a request extension. The peer's address is there as
/// [`axum::extract::ConnectInfo`] of a [`SocketAddr`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverTls;

/// Serves `router` on `listener` until `shutdown` turns true or its sender is gone; then finishes
/// the requests that run, at most for the drain timeout. Dropping the future cuts everything off.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    router: Router,
    limits: HttpLimits,
    mut shutdown: watch::Receiver<bool>,
) {
    let gate = Gate::new(&limits);
    let host = Arc::new(Host { tls: tls.map(TlsAcceptor::from), router, limits });
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut shutdown) => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => note_end(ended),
            accepted = listener.accept() => match accepted {
                Ok((socket, peer)) => {
                    if let Some(pass) = gate.enter(peer.ip()) {
                        connections.spawn(Arc::clone(&host).attend(socket, peer, pass, shutdown.clone()));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection failed");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let drained = timeout(host.limits.drain_timeout, async {
        while let Some(ended) = connections.join_next().await {
            note_end(ended);
        }
    });
    if drained.await.is_err() {
        tracing::warn!(connections = connections.len(), "cutting off connections that did not end in time");
        connections.shutdown().await;
    }
}

fn note_end(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection's task panicked");
    }
}

/// Waits for the order to stop. A sender that is gone means the same.
async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    drop(shutdown.wait_for(|stop| *stop).await);
}

/// What all connections of one listener share.
struct Host {
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: HttpLimits,
}

impl Host {
    /// Serves one connection to its end.
    async fn attend(
        self: Arc<Self>,
        socket: TcpStream,
        peer: SocketAddr,
        pass: Pass,
        shutdown: watch::Receiver<bool>,
    ) {
        // Small answers must not wait for more to send; a socket that refuses this is broken anyway.
        if socket.set_nodelay(true).is_err() {
            return;
        }
        match &self.tls {
            None => self.converse(socket, peer, None, shutdown).await,
            Some(acceptor) => {
                // A failed handshake is the peer's business: scanners make many.
                if let Ok(Ok(stream)) = timeout(self.limits.handshake_timeout, acceptor.accept(socket)).await
                {
                    self.converse(stream, peer, Some(OverTls), shutdown).await;
                }
            }
        }
        drop(pass);
    }

    async fn converse<S>(
        &self,
        stream: S,
        peer: SocketAddr,
        over_tls: Option<OverTls>,
        mut shutdown: watch::Receiver<bool>,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let io = TokioIo::new(Impatient::new(stream, self.limits.write_timeout));
        let service = service_fn(|request| self.respond(request, peer, over_tls));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_timeout)
            .max_header_size(self.limits.header_octets_max)
            .serve_connection(io, service);
        let mut connection = pin!(connection);
        let outcome = tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = stopped(&mut shutdown) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    fn respond(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        over_tls: Option<OverTls>,
    ) -> impl Future<Output = Result<Response<Body>, Infallible>> + Send + 'static {
        let (mut parts, incoming) = request.into_parts();
        if let Some(uri) = without_idle_slashes(&parts.uri) {
            parts.uri = uri;
        }
        parts.extensions.insert(ConnectInfo(peer));
        if let Some(mark) = over_tls {
            parts.extensions.insert(mark);
        }
        let body = if incoming.is_end_stream() {
            Body::empty()
        } else {
            let limits = &self.limits;
            Body::new(PacedBody::new(incoming, limits.body_grace, limits.body_octets_per_second_min))
        };
        self.router.clone().call(Request::from_parts(parts, body))
    }
}

/// The address with runs of slashes in its path made one and the last one left out, because some
/// clients write two, or one too many; `None` when it is plain.
fn without_idle_slashes(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if path == "/" || !(path.contains("//") || path.ends_with('/')) {
        return None;
    }
    let mut plain = String::with_capacity(path.len());
    for character in path.chars() {
        if character != '/' || !plain.ends_with('/') {
            plain.push(character);
        }
    }
    if plain.len() > 1 && plain.ends_with('/') {
        plain.pop();
    }
    if let Some(query) = uri.query() {
        plain.push('?');
        plain.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(plain.parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests;
