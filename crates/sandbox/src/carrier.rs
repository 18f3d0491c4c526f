//! The simulated carrier: an SMPP server behind a listener, with chosen fates, receipts and phones.
//!
//! It keeps everything in memory and forgets it when it stops. Start at [`Carrier::start`]; `session.rs` owns a
//! socket, `centre.rs` decides, `fate.rs` is the table of destinations.

mod centre;
mod delivery;
mod desk;
mod fate;
mod incoming;
mod log;
mod memory;
mod queue;
mod requests;
mod session;
mod shared;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use ports::Disposition;
use ports::clock::Clock;
use ports::entropy::Entropy;
use ports::phones::PhoneDesk;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use types::Sensitive;

pub use centre::CarrierCounts;
pub(crate) use centre::Now;
pub(crate) use incoming::Incoming;

use self::centre::{CentreSettings, MessageCentre};
use self::desk::Desk;
use self::log::PartLog;
use self::session::Session;
use self::shared::{Alarm, Shared, stop_asked};
use crate::phones::PhoneBook;

/// Deliveries held by default: receipts that wait for their time or for a bind. Beyond it the oldest goes. At up to
/// 200 octets each they take 100 MB, and are enough for 16,000 messages a second whose receipts come after 30 s.
pub const RECEIPTS_HELD_MAX: usize = 500_000;
/// Time from submit to receipt by default, in milliseconds.
const RECEIPT_DELAY_MS: u64 = 700;
/// Links at one time; further ones wait in the listener's backlog.
const SESSIONS_MAX: usize = 256;
/// Pause after a failed accept, which means that descriptors are short.
const ACCEPT_PAUSE_MS: u64 = 100;
/// Ids begin at a random number below this, so that those of two runs rarely meet.
const FIRST_ID_BITS: u64 = 0x00FF_FFFF_FFFF;

/// What a carrier is set to.
#[derive(Clone, Debug)]
pub struct CarrierOptions {
    /// The only system id that may bind; up to 15 octets.
    pub system_id: String,
    /// Its password; up to 8 octets.
    pub password: Sensitive<String>,
    /// Time from submit to receipt, give or take a fifth.
    pub receipt_delay_ms: u64,
    /// A file to append each accepted part to, one JSON object to a line. It holds destinations in clear.
    pub log: Option<PathBuf>,
    /// Whether messages appear on simulated phones. A load test needs none.
    pub keep_phones: bool,
    /// Most deliveries held; the oldest is dropped beyond it.
    pub receipts_held_max: usize,
}

impl CarrierOptions {
    /// The usual settings: receipts after 0.7 s, phones, no log.
    #[must_use]
    pub fn new(system_id: &str, password: &str) -> Self {
        Self {
            system_id: system_id.to_owned(),
            password: Sensitive::new(password.to_owned()),
            receipt_delay_ms: RECEIPT_DELAY_MS,
            log: None,
            keep_phones: true,
            receipts_held_max: RECEIPTS_HELD_MAX,
        }
    }
}

/// Why a carrier could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The listener has no address, so it does not listen.
    #[error("read the address of the listener")]
    Listener {
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The log cannot be written.
    #[error("open the log of accepted parts at {}", path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl StartError {
    /// Never: both are mistakes of the set-up.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        Disposition::Never
    }
}

/// A running simulated carrier. Dropping it leaves it running; the shutdown signal ends it.
pub struct Carrier {
    shared: Arc<Shared>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Carrier {
    /// Starts a carrier on a listener. It runs until `shutdown` turns true or its sender is gone; then it unbinds
    /// its peers and forgets the receipts that it holds.
    ///
    /// Must be called inside a tokio runtime with its I/O driver enabled.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(
        listener: TcpListener,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        options: CarrierOptions,
        shutdown: watch::Receiver<bool>,
    ) -> Result<Self, StartError> {
        let address = listener.local_addr().map_err(|source| StartError::Listener { source })?;
        let log = match &options.log {
            Some(path) => {
                PartLog::open(path).map_err(|source| StartError::Log { path: path.clone(), source })?
            }
            None => PartLog::none(),
        };
        let settings = CentreSettings {
            receipt_delay_ms: options.receipt_delay_ms,
            held_max: options.receipts_held_max,
        };
        let first_id = entropy.next_u64() & FIRST_ID_BITS;
        let shared = Arc::new(Shared {
            clock,
            options,
            phones: PhoneBook::new(),
            pacer_bell: Notify::new(),
            centre: Mutex::new(MessageCentre::new(first_id, log, settings)),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared), shutdown));
        Ok(Self { shared, address, task })
    }

    /// The address that it really listens on.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The phones that its messages arrive on; they can answer even when messages are not kept.
    #[must_use]
    pub fn phones(&self) -> Arc<dyn PhoneDesk> {
        Arc::new(Desk::new(Arc::clone(&self.shared)))
    }

    /// Counters since the start.
    #[must_use]
    pub fn counts(&self) -> CarrierCounts {
        self.shared.with_centre(|centre| centre.counts())
    }

    /// Waits until the carrier has stopped after its shutdown signal.
    pub async fn stopped(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "simulated carrier ended abnormally");
        }
    }
}

impl std::fmt::Debug for Carrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Carrier").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Accepts links and supervises their tasks and the pacer until shutdown.
async fn serve(listener: TcpListener, shared: Arc<Shared>, mut shutdown: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    tasks.spawn(pace(Arc::clone(&shared), shutdown.clone()));
    let mut next_session = 0_u64;
    loop {
        tokio::select! {
            () = stop_asked(&mut shutdown) => break,
            Some(ended) = tasks.join_next() => report(ended),
            // The pacer is one of the tasks.
            accepted = listener.accept(), if tasks.len() <= SESSIONS_MAX => match accepted {
                Ok((stream, _)) => {
                    next_session += 1;
                    let session = Session::new(next_session, Arc::clone(&shared));
                    tasks.spawn(session.run(stream, shutdown.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "simulated carrier cannot accept a link");
                    shared.clock.sleep(ACCEPT_PAUSE_MS).await;
                }
            },
        }
    }
    drop(listener);
    while let Some(ended) = tasks.join_next().await {
        report(ended);
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "task of the simulated carrier ended abnormally");
    }
}

/// Moves receipts that have become due to the binds.
async fn pace(shared: Arc<Shared>, mut shutdown: watch::Receiver<bool>) {
    let mut alarm = Alarm::new(Arc::clone(&shared.clock));
    loop {
        let now = shared.now();
        let due_ms = shared.with_centre(|centre| centre.ripen(now));
        tokio::select! {
            () = stop_asked(&mut shutdown) => return,
            () = shared.pacer_bell.notified() => {}
            () = alarm.until(due_ms) => {}
        }
    }
}
