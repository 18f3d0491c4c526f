//! Accepts connections, gives each its task, and drains them at shutdown.
//!
//! It never reads a PDU; that begins in `session`. Start at [`Smsc::serve`].

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;

use app::Core;
use ports::clock::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::connections::{ConnectionPermit, Connections};
use crate::desk::Desk;
use crate::guard::BindGuard;
use crate::limits::{ACCEPT_PAUSE_MS, LINGER_MS, Limits, REFUSALS_LOG_MS, SHUTDOWN_MS};
use crate::link::Stream;
use crate::session::Session;
use crate::sessions::SessionsHandle;

/// What all sessions share.
pub(crate) struct House {
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) sessions: SessionsHandle,
    pub(crate) guard: BindGuard,
    connections: Connections,
}

/// The SMPP server. One serves any number of listeners: limits hold over all of them. Cheap to clone.
#[derive(Clone)]
pub struct Smsc {
    house: Arc<House>,
}

impl std::fmt::Debug for Smsc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smsc").field("sessions", &self.house.sessions).finish_non_exhaustive()
    }
}

/// Serves one listener with a server of its own; see [`Smsc::serve`].
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    core: Core,
    clock: Arc<dyn Clock>,
    shutdown: watch::Receiver<bool>,
    limits: Limits,
) {
    Smsc::new(core, clock, limits).serve(listener, tls, shutdown).await;
}

impl Smsc {
    /// Makes a server; it does nothing until [`Smsc::serve`].
    pub fn new(core: Core, clock: Arc<dyn Clock>, limits: Limits) -> Self {
        Self::with_desk(Arc::new(core), clock, limits)
    }

    pub(crate) fn with_desk(desk: Arc<dyn Desk>, clock: Arc<dyn Clock>, limits: Limits) -> Self {
        let house = House {
            desk,
            clock,
            limits,
            sessions: SessionsHandle::default(),
            guard: BindGuard::new(limits.failed_binds_per_minute),
            connections: Connections::default(),
        };
        Self { house: Arc::new(house) }
    }

    /// The list of bound sessions.
    pub fn sessions(&self) -> SessionsHandle {
        self.house.sessions.clone()
    }

    /// Accepts connections until `shutdown` holds `true` or its sender is gone, then drains every session and
    /// returns, after 20 seconds at the latest. Dropping the future closes all its connections at once.
    pub async fn serve(
        &self,
        listener: TcpListener,
        tls: Option<Arc<rustls::ServerConfig>>,
        shutdown: watch::Receiver<bool>,
    ) {
        let acceptor = tls.map(TlsAcceptor::from);
        let mut tasks = JoinSet::new();
        let mut refusals = Refusals::default();
        let mut stop = pin!(until_shutdown(shutdown.clone()));
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(ended) = tasks.join_next() => note_end(ended),
                accepted = listener.accept() => match accepted {
                    Ok((stream, address)) => {
                        let peer = address.ip().to_canonical();
                        if let Some(permit) = self.house.connections.admit(peer, &self.house.limits) {
                            let acceptor = acceptor.clone();
                            let connection = Connection { stream, peer, permit, acceptor };
                            tasks.spawn(connection.run(Arc::clone(&self.house), shutdown.clone()));
                        } else {
                            refusals.note(self.house.clock.monotonic_us() / 1_000);
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "smpp connection could not be accepted");
                        self.house.clock.sleep(ACCEPT_PAUSE_MS).await;
                    }
                }
            }
        }
        drop(listener);
        tokio::select! {
            () = drain(&mut tasks) => {}
            () = self.house.clock.sleep(SHUTDOWN_MS) => {
                tracing::warn!(sessions = tasks.len(), "smpp sessions did not end in time and are cut");
            }
        }
        tasks.shutdown().await;
    }
}

/// Ends when `shutdown` holds `true` or its sender is gone.
pub(crate) async fn until_shutdown(mut shutdown: watch::Receiver<bool>) {
    drop(shutdown.wait_for(|is_down| *is_down).await);
}

async fn drain(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        note_end(ended);
    }
}

fn note_end(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("smpp session task panicked");
    }
}

/// Connections that were refused, logged together: whoever floods the door must not flood the log.
#[derive(Default)]
struct Refusals {
    count: u64,
    logged_ms: Option<u64>,
}

impl Refusals {
    /// Counts one; gives how many were logged just now, if it was time to.
    fn note(&mut self, now_ms: u64) -> Option<u64> {
        self.count += 1;
        let is_time = self.logged_ms.is_none_or(|at_ms| now_ms.saturating_sub(at_ms) >= REFUSALS_LOG_MS);
        if !is_time {
            return None;
        }
        self.logged_ms = Some(now_ms);
        let refused = std::mem::take(&mut self.count);
        tracing::warn!(refused, "smpp connections refused, too many are open");
        Some(refused)
    }
}

/// An accepted connection.
struct Connection {
    stream: TcpStream,
    peer: IpAddr,
    permit: ConnectionPermit,
    acceptor: Option<TlsAcceptor>,
}

impl Connection {
    async fn run(self, house: Arc<House>, shutdown: watch::Receiver<bool>) {
        let Self { stream, peer, mut permit, acceptor } = self;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "smpp connection keeps nagle's algorithm");
        }
        let Some(stream) = shake_hands(stream, acceptor, &mut permit, &house, &shutdown).await else {
            return;
        };
        let mut session = Session::new(Arc::clone(&house), stream, peer, permit);
        session.run(shutdown).await;
        session.finish();
        tokio::select! {
            () = session.linger() => {}
            () = house.clock.sleep(LINGER_MS) => {}
        }
    }
}

/// Makes the connection ready to read PDUs; `None` when the TLS handshake fails or takes too long, or its place
/// is given to another.
async fn shake_hands(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    permit: &mut ConnectionPermit,
    house: &House,
    shutdown: &watch::Receiver<bool>,
) -> Option<Stream> {
    let Some(acceptor) = acceptor else { return Some(Stream::Plain(stream)) };
    tokio::select! {
        shaken = acceptor.accept(stream) => match shaken {
            Ok(stream) => Some(Stream::Tls(Box::new(stream))),
            Err(error) => {
                tracing::debug!(%error, "smpp tls handshake failed");
                None
            }
        },
        () = house.clock.sleep(house.limits.bind_timeout_ms) => None,
        () = poll_fn(|cx| permit.poll_recalled(cx)) => None,
        () = until_shutdown(shutdown.clone()) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Refusals;

    #[test]
    fn refusals_are_logged_at_once_and_then_together() {
        let mut refusals = Refusals::default();
        let told: Vec<_> = [0, 1, 9_999, 10_000, 10_001, 30_000].map(|now_ms| refusals.note(now_ms)).into();
        assert_eq!(told, [Some(1), None, None, Some(3), None, Some(2)]);
    }
}
