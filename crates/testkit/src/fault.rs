//! A proxy that spoils connections on purpose: it delays, slices, corrupts, swallows, stops and cuts.
//!
//! What it does follows from a [`Plan`] and a seed, so that a failure can be repeated. It knows nothing of
//! what it forwards, apart from the heads of SMPP PDUs when a plan counts octets from one of them. Start at
//! [`Proxy::start`].

mod connection;
mod gate;
mod plan;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use self::plan::{End, Faults, Plan};

/// How long to wait after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// What a proxy has done so far.
#[derive(Debug, Default)]
pub struct Counts {
    connections: AtomicU64,
    octets_up: AtomicU64,
    octets_down: AtomicU64,
    ended: AtomicU64,
    open: AtomicU64,
}

impl Counts {
    /// Connections that were accepted.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Octets that were written to the target.
    #[must_use]
    pub fn octets_up(&self) -> u64 {
        self.octets_up.load(Ordering::Relaxed)
    }

    /// Octets that were written to the clients.
    #[must_use]
    pub fn octets_down(&self) -> u64 {
        self.octets_down.load(Ordering::Relaxed)
    }

    /// Ends and stops that the plan had ordered and that came about: `cut`, `reset`, `close`, `hole`, `freeze`.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.ended.load(Ordering::Relaxed)
    }

    /// Connections that are open.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }
}

/// How all open connections are ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sever {
    /// Closed, as by an orderly end of the process.
    Close,
    /// Reset, as by a machine that has lost its memory of them.
    Reset,
}

/// What the accepting task and its connections share.
#[derive(Debug)]
struct House {
    target: SocketAddr,
    seed: u64,
    plan: Mutex<Plan>,
    counts: Counts,
    /// The last order to end all open connections; a connection looks at changes only.
    severed: watch::Sender<Sever>,
}

/// A running proxy; dropping it ends it with all its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    house: Arc<House>,
    /// The accepting task, which owns the connections.
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Listens at `listen` and forwards to `target`, spoilt as planned.
    ///
    /// # Errors
    /// When the address cannot be listened at.
    pub async fn start(listen: SocketAddr, target: SocketAddr, plan: Plan, seed: u64) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let house = Arc::new(House {
            target,
            seed,
            plan: Mutex::new(plan),
            counts: Counts::default(),
            severed: watch::channel(Sever::Close).0,
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&house)));
        Ok(Self { address, house, _tasks: tasks })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has done.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.house.counts
    }

    /// The plan of connections from now on, which are counted from 1 again; open ones keep theirs.
    pub fn set_plan(&self, plan: Plan) {
        *self.house.plan.lock().unwrap_or_else(PoisonError::into_inner) = plan;
    }

    /// Ends all open connections.
    pub fn sever(&self, how: Sever) {
        self.house.severed.send_replace(how);
    }
}

async fn accept(listener: TcpListener, house: Arc<House>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((client, _)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let number = house.counts.connections.fetch_add(1, Ordering::Relaxed);
        let faults = house.plan.lock().unwrap_or_else(PoisonError::into_inner).next();
        connections.spawn(connection::serve(Arc::clone(&house), client, faults, number));
    }
}
