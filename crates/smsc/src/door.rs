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
use crate::outbind;
use crate::proxy::{self, Behind};
use crate::session::Session;
use crate::sessions::SessionsHandle;
use crate::settings::Settings;

/// What all sessions share.
pub(crate) struct House {
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) settings: Settings,
    pub(crate) sessions: SessionsHandle,
    pub(crate) guard: BindGuard,
    pub(crate) connections: Connections,
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

impl Smsc {
    /// Makes a server; it does nothing until [`Smsc::serve`].
    pub fn new(core: Core, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        Self::with_desk(Arc::new(core), clock, settings)
    }

    pub(crate) fn with_desk(desk: Arc<dyn Desk>, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        let limits = settings.limits;
        let sessions = SessionsHandle::new(Arc::clone(&clock));
        let house = House {
            desk,
            clock,
            limits,
            settings,
            sessions,
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
                        let is_proxy = self.house.settings.is_proxy(peer);
                        if let Some(permit) = self.admit(peer, is_proxy) {
                            let acceptor = acceptor.clone();
                            let connection = Connection { stream, peer, is_proxy, permit, acceptor };
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
        self.end(tasks).await;
    }

    /// Calls the customers of [`Settings::outbinds`] when reports wait for them, until `shutdown` holds `true` or
    /// its sender is gone; then drains its sessions as [`Smsc::serve`] does. Call it once.
    pub async fn call_customers(&self, shutdown: watch::Receiver<bool>) {
        let mut tasks = JoinSet::new();
        for customer in &self.house.settings.outbinds {
            tasks.spawn(outbind::call(Arc::clone(&self.house), customer.clone(), shutdown.clone()));
        }
        until_shutdown(shutdown).await;
        self.end(tasks).await;
    }

    fn admit(&self, peer: IpAddr, is_proxy: bool) -> Option<ConnectionPermit> {
        let House { connections, limits, .. } = self.house.as_ref();
        if is_proxy { connections.admit_unknown(limits) } else { connections.admit(peer, limits) }
    }

    async fn end(&self, mut tasks: JoinSet<()>) {
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
    is_proxy: bool,
    permit: ConnectionPermit,
    acceptor: Option<TlsAcceptor>,
}

impl Connection {
    async fn run(self, house: Arc<House>, shutdown: watch::Receiver<bool>) {
        let Self { mut stream, mut peer, is_proxy, mut permit, acceptor } = self;
        if is_proxy {
            match client_behind(&mut stream, peer, &mut permit, &house, &shutdown).await {
                Some(client) => peer = client,
                None => return,
            }
        }
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "smpp connection keeps nagle's algorithm");
        }
        let Some(stream) = shake_hands(stream, acceptor, &mut permit, &house, &shutdown).await else {
            return;
        };
        let session = Session::new(Arc::clone(&house), stream, peer, permit);
        run_session(session, &house, shutdown).await;
    }
}

/// Serves a connection to its end; gives whether it was bound.
pub(crate) async fn run_session(
    mut session: Session,
    house: &House,
    shutdown: watch::Receiver<bool>,
) -> bool {
    session.run(shutdown).await;
    let has_bound = session.finish();
    tokio::select! {
        () = session.linger() => {}
        () = house.clock.sleep(LINGER_MS) => {}
    }
    has_bound
}

/// Who is behind a proxy; `None` when it does not say so in time, or has said what cannot be read, or when the
/// client has as many connections as it may have.
async fn client_behind(
    stream: &mut TcpStream,
    proxy: IpAddr,
    permit: &mut ConnectionPermit,
    house: &House,
    shutdown: &watch::Receiver<bool>,
) -> Option<IpAddr> {
    let read = tokio::select! {
        read = proxy::read_header(stream) => read,
        () = house.clock.sleep(house.limits.bind_timeout_ms) => return None,
        () = poll_fn(|cx| permit.poll_recalled(cx)) => return None,
        () = until_shutdown(shutdown.clone()) => return None,
    };
    let client = match read {
        Ok(Behind::Client(client)) => client,
        Ok(Behind::Proxy) => proxy,
        Err(error) => {
            tracing::warn!(%error, "smpp connection of a trusted proxy closed");
            return None;
        }
    };
    permit.belongs_to(client, &house.limits).then_some(client)
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
