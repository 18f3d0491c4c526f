//! Scripted peers and what tests need around them.

mod door;
pub(crate) mod smsc;
pub(crate) mod supplier;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use channels::courier::HttpCourier;
use channels::{Factory, InstanceName};
use ports::BoxFuture;
use ports::channel::{Channel, ChannelFactory, ChannelSink};
use ports::clock::Clock;
use types::catalog::Connector;
use types::id::ConnectorId;
use types::time::Timestamp;

/// The longest that a test may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// The clock of the tokio runtime.
pub(crate) struct TokioClock(tokio::time::Instant);

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let ms = i64::try_from(self.0.elapsed().as_millis()).unwrap();
        Timestamp::from_ms(1_800_000_000_000 + ms)
    }

    fn monotonic_us(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap()
    }

    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
    }
}

/// The same clock, which crashes who asks it: at the question with this number, counted back to zero.
pub(crate) struct TrippingClock {
    clock: TokioClock,
    questions: AtomicU64,
}

impl TrippingClock {
    pub(crate) fn new() -> Arc<Self> {
        let clock = TokioClock(tokio::time::Instant::now());
        Arc::new(Self { clock, questions: AtomicU64::new(0) })
    }

    /// Crashes who asks the `number`-th question from now.
    pub(crate) fn trip_at(&self, number: u64) {
        self.questions.store(number, Ordering::SeqCst);
    }
}

impl Clock for TrippingClock {
    fn now(&self) -> Timestamp {
        let left = self.questions.load(Ordering::SeqCst);
        self.questions.store(left.saturating_sub(1), Ordering::SeqCst);
        assert_ne!(left, 1, "a planted crash");
        self.clock.now()
    }

    fn monotonic_us(&self) -> u64 {
        self.clock.monotonic_us()
    }

    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        self.clock.sleep(ms)
    }
}

pub(crate) fn factory() -> Factory {
    factory_with(Arc::new(TokioClock(tokio::time::Instant::now())))
}

pub(crate) fn factory_with(clock: Arc<dyn Clock>) -> Factory {
    channels::factory(
        Arc::new(HttpCourier::new().unwrap()),
        clock,
        InstanceName("chappe-test".into()),
        tokio::runtime::Handle::current(),
        Arc::new(|name| Err(format!("the environment variable {name} is not set"))),
    )
}

pub(crate) fn connector(kind: &str, options: serde_json::Value) -> Connector {
    Connector {
        name: "acme".into(),
        supplier: None,
        kind: kind.into(),
        disabled: false,
        error_codes: std::collections::BTreeMap::new(),
        options: serde_json::from_value(options).unwrap(),
    }
}

pub(crate) fn open(connector: &Connector, sink: Arc<dyn ChannelSink>) -> Arc<dyn Channel> {
    factory().open(ConnectorId(1), connector, sink).unwrap()
}
