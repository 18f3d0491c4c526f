//! Scripted peers and what tests need around them.

mod door;
pub(crate) mod smsc;
pub(crate) mod supplier;

use std::sync::Arc;
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

pub(crate) fn factory() -> Factory {
    channels::factory(
        Arc::new(HttpCourier::new().unwrap()),
        Arc::new(TokioClock(tokio::time::Instant::now())),
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
