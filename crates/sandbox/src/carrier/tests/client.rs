//! A carrier for tests, a clock that moves only when told, and clients of its links.

use std::sync::{Arc, Mutex};

use ports::BoxFuture;
use ports::clock::Clock;
use ports::entropy::Entropy;
use smpp::{Address, CommandId, CommandStatus, ShortMessage};
use testkit::wire::Wire;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use types::time::Timestamp;

use crate::{Carrier, CarrierOptions, StartError};

/// Wall clock at the start: 2026-01-02T03:04:05Z.
const START_MS: i64 = 1_767_323_045_000;

pub(super) const SENDER: &[u8] = b"ACME";

#[derive(Default)]
struct Hands {
    now_ms: u64,
    sleepers: Vec<(u64, oneshot::Sender<()>)>,
}

/// A clock that stands still until it is advanced.
#[derive(Default)]
pub(super) struct HandClock {
    hands: Mutex<Hands>,
}

impl HandClock {
    pub(super) fn advance(&self, ms: u64) {
        let mut hands = self.hands.lock().unwrap();
        hands.now_ms += ms;
        let now_ms = hands.now_ms;
        for (_, sleeper) in hands.sleepers.extract_if(.., |(due_ms, _)| *due_ms <= now_ms) {
            // The sleep may have been dropped.
            let _gone = sleeper.send(());
        }
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        let ms = self.hands.lock().unwrap().now_ms;
        Timestamp::from_ms(START_MS + i64::try_from(ms).unwrap())
    }

    fn monotonic_us(&self) -> u64 {
        self.hands.lock().unwrap().now_ms * 1_000
    }

    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        let mut hands = self.hands.lock().unwrap();
        let (wake, woken) = oneshot::channel();
        let due_ms = hands.now_ms + ms;
        if ms == 0 {
            return Box::pin(std::future::ready(()));
        }
        hands.sleepers.push((due_ms, wake));
        Box::pin(async move {
            let _ended = woken.await;
        })
    }
}

struct FixedEntropy;

impl Entropy for FixedEntropy {
    fn fill(&self, out: &mut [u8]) {
        out.fill(0x42);
    }
}

/// A carrier and what drives it.
pub(super) struct Stage {
    pub(super) carrier: Carrier,
    pub(super) clock: Arc<HandClock>,
    pub(super) shutdown: watch::Sender<bool>,
}

impl Stage {
    pub(super) async fn new() -> Self {
        Self::with(CarrierOptions::new("chappe", "secret")).await
    }

    pub(super) async fn with(options: CarrierOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clock = Arc::new(HandClock::default());
        let shutdown = watch::Sender::new(false);
        let carrier = start(listener, &clock, options, &shutdown).unwrap();
        Self { carrier, clock, shutdown }
    }

    pub(super) async fn connect(&self) -> Wire {
        Wire::connect(self.carrier.local_addr()).await
    }

    /// A client that is bound already.
    pub(super) async fn bound(&self, bind: CommandId) -> Wire {
        let mut client = self.connect().await;
        assert_eq!(client.bind(bind, "chappe", "secret").await, CommandStatus::ESME_ROK);
        client
    }

    pub(super) async fn transceiver(&self) -> Wire {
        self.bound(CommandId::BIND_TRANSCEIVER).await
    }
}

/// Starts a carrier.
pub(super) fn start(
    listener: TcpListener,
    clock: &Arc<HandClock>,
    options: CarrierOptions,
    shutdown: &watch::Sender<bool>,
) -> Result<Carrier, StartError> {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    Carrier::start(listener, clock, Arc::new(FixedEntropy), options, shutdown.subscribe())
}

/// A submit for tests: asks for a receipt.
pub(super) fn message<'a>(destination: &'a str, text: &'a [u8]) -> ShortMessage<'a> {
    ShortMessage {
        source: Address { ton: 5, npi: 0, digits: SENDER },
        destination: Address { ton: 1, npi: 1, digits: destination.as_bytes() },
        registered_delivery: 1,
        short_message: text,
        ..ShortMessage::default()
    }
}
