//! What stands outside the house in tests: time, chance, channels, a courier, mail and a store that can
//! be told to fail.
//!
//! They judge nothing; they record what they are handed and answer as told. Start at [`Recorder`].

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use app::report::Renderer;
use ports::BoxFuture;
use ports::channel::{
    AttemptRef, Capabilities, CarrierAlphabet, Channel, ChannelFactory, ChannelSink, Dispatch, Joining,
};
use ports::clock::Clock;
use ports::courier::{Answer, Call, Courier, CourierError, Method};
use ports::entropy::Entropy;
use ports::phones::{Mail, Mailer};
use ports::store::{ApplyError, Batch, Store, StoreError};
use types::account::{Endpoint, EndpointKind};
use types::address::{Address, Addressing};
use types::catalog::Connector;
use types::form::Manner;
use types::id::{CommitSeq, ConnectorId, EndpointId, EventId};
use types::time::Timestamp;

pub(crate) struct TestClock {
    pub(super) now_ms: AtomicI64,
    pub(super) moved: tokio::sync::Notify,
}

impl TestClock {
    pub(crate) fn advance(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::SeqCst);
        self.moved.notify_waiters();
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.now_ms.load(Ordering::SeqCst))
    }

    fn monotonic_us(&self) -> u64 {
        u64::try_from(self.now_ms.load(Ordering::SeqCst)).unwrap() * 1_000
    }

    fn sleep(&self, _ms: u64) -> BoxFuture<'static, ()> {
        // What is due is looked at whenever the test moves the clock or pokes the notifier.
        Box::pin(tokio::time::sleep(std::time::Duration::from_millis(5)))
    }
}

pub(super) struct Counter(pub(super) AtomicU64);

impl Entropy for Counter {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let value =
                self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let octets = (value ^ (value >> 31)).to_le_bytes();
            chunk.copy_from_slice(&octets[..chunk.len()]);
        }
    }
}

/// A channel that records what it is handed.
pub(crate) struct Recorder {
    pub(crate) sent: Mutex<VecDeque<Dispatch>>,
    pub(crate) arrived: tokio::sync::Notify,
    pub(crate) queries: Mutex<Vec<(AttemptRef, String)>>,
    /// Whether it gives back what it is handed next.
    pub(crate) refuses: AtomicBool,
    pub(crate) knocks: AtomicU64,
    /// For each of the next questions what it can: whether it crashes over it.
    pub(crate) crashes: Mutex<VecDeque<bool>>,
    can: Capabilities,
}

/// What the options `joining`, `latin1` and `source_ton` of a fake connector come to.
fn capabilities(config: &Connector) -> Capabilities {
    let joining = match config.options.get("joining").and_then(|value| value.as_str()) {
        Some("udh16") => Joining::Udh16,
        Some("sar") => Joining::Sar,
        Some("payload") => Joining::Payload,
        _ => Joining::Udh8,
    };
    let latin1 = config.options.contains_key("latin1");
    let alphabet = if latin1 { CarrierAlphabet::Latin1 } else { CarrierAlphabet::Gsm7 };
    let source_ton = config.options.get("source_ton").and_then(|value| value.as_u64());
    Capabilities {
        manner: Manner { joining, alphabet, octets: true },
        addressing: Addressing {
            source_ton: source_ton.map(|ton| u8::try_from(ton).unwrap()),
            ..Addressing::default()
        },
        receipts: true,
        query: true,
        real: true,
    }
}

impl Channel for Recorder {
    fn capabilities(&self) -> Capabilities {
        let crashes = self.crashes.lock().unwrap().pop_front().unwrap_or(false);
        assert!(!crashes, "a planted crash");
        self.can
    }

    fn send(&self, batch: Vec<Dispatch>) -> Result<(), Vec<Dispatch>> {
        if self.refuses.swap(false, Ordering::SeqCst) {
            return Err(batch);
        }
        self.sent.lock().unwrap().extend(batch);
        self.arrived.notify_waiters();
        Ok(())
    }

    fn query(&self, attempt: AttemptRef, carrier_id: &str, _source: &Address) {
        self.queries.lock().unwrap().push((attempt, carrier_id.to_owned()));
    }

    fn knock(&self) {
        self.knocks.fetch_add(1, Ordering::SeqCst);
    }

    fn drain(&self, _deadline_ms: u64) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// A connector's number, the channel that was opened for it, and where the channel tells.
type Opened = (ConnectorId, Arc<Recorder>, Arc<dyn ChannelSink>);

#[derive(Default)]
pub(crate) struct Factory {
    pub(crate) open: Mutex<BTreeMap<String, Opened>>,
}

impl ChannelFactory for Factory {
    fn kinds(&self) -> Vec<&'static str> {
        vec!["fake"]
    }

    fn check(&self, config: &Connector) -> Result<Capabilities, String> {
        if config.kind != "fake" {
            return Err("type: write fake".into());
        }
        Ok(capabilities(config))
    }

    fn open(
        &self,
        id: ConnectorId,
        config: &Connector,
        sink: Arc<dyn ChannelSink>,
    ) -> Result<Arc<dyn Channel>, String> {
        let channel = Arc::new(Recorder {
            sent: Mutex::default(),
            arrived: tokio::sync::Notify::new(),
            queries: Mutex::default(),
            refuses: AtomicBool::new(false),
            can: capabilities(config),
            knocks: AtomicU64::new(0),
            crashes: Mutex::default(),
        });
        self.open.lock().unwrap().insert(config.name.clone(), (id, Arc::clone(&channel), sink));
        Ok(channel)
    }
}

/// A courier that answers with what was put on its list; 200 when the list is empty.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) answers: Mutex<VecDeque<Result<u16, CourierError>>>,
    pub(crate) calls: Mutex<Vec<(String, String)>>,
    /// Hosts that cannot be reached.
    pub(crate) down: Mutex<Vec<&'static str>>,
    /// What was taken, in its order: address, body, and the secrets that sign.
    pub(crate) taken: Mutex<Vec<Taken>>,
}

/// A call that was answered with 2xx.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) url: String,
    pub(crate) body: String,
    /// The `webhook-id`.
    pub(crate) id: String,
    /// The secrets that sign, the newest first.
    pub(crate) signed_by: String,
}

impl Script {
    fn header(call: &Call, name: &str) -> String {
        let found = call.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.expose().clone()).unwrap_or_default()
    }
}

impl Courier for Script {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, CourierError>> {
        let body = String::from_utf8(call.body.expose().clone()).unwrap();
        self.calls.lock().unwrap().push((call.url.expose().clone(), body));
        let is_down = self.down.lock().unwrap().iter().any(|host| call.url.expose().contains(host));
        let answer = if is_down {
            Err(CourierError::NotConnected { reason: "refused" })
        } else {
            self.answers.lock().unwrap().pop_front().unwrap_or(Ok(200))
        };
        if answer.as_ref().is_ok_and(|status| (200..300).contains(status)) {
            let url = call.url.expose().clone();
            let body = String::from_utf8(call.body.expose().clone()).unwrap();
            let (id, signed_by) = (Self::header(&call, "webhook-id"), Self::header(&call, "signed-by"));
            self.taken.lock().unwrap().push(Taken { url, body, id, signed_by });
        }
        Box::pin(async move {
            answer.map(|status| Answer { status, retry_after_s: None, body: Vec::new().into() })
        })
    }
}

/// The reference of messages whose events crash who writes them.
pub(crate) const POISON: &str = "poison";

/// Writes the id, the number and the state; for PaaSoo's kind of ends only.
pub(super) struct Plain(pub(super) EndpointKind);

impl Renderer for Plain {
    fn kind(&self) -> EndpointKind {
        self.0
    }

    fn render_test(&self, endpoint: &Endpoint, id: EventId, _now: Timestamp) -> Option<Call> {
        (self.0 == EndpointKind::Webhook).then(|| Call {
            method: Method::Post,
            url: endpoint.url.clone(),
            headers: vec![("webhook-id".to_owned(), id.to_string().into())],
            body: b"test".to_vec().into(),
            allow_private: false,
            timeout_ms: 1_000,
        })
    }

    fn render(&self, endpoint: &Endpoint, report: &app::report::Report, now: Timestamp) -> Option<Call> {
        let text = match &report.body {
            app::report::ReportBody::Message(message) => {
                assert_ne!(message.client_reference.as_deref(), Some(POISON), "a planted crash");
                if self.0 == EndpointKind::Paasoo && !message.state.is_final() {
                    return None;
                }
                format!("{} {} {}", message.message, message.seq, message.state)
            }
            app::report::ReportBody::Inbound(inbound) => {
                let meaning = inbound.keyword.map(|keyword| format!(" {keyword}")).unwrap_or_default();
                format!("inbound{meaning}")
            }
        };
        let secrets: Vec<_> = endpoint.secrets(now).map(|secret| secret.expose().as_str()).collect();
        let headers = [("webhook-id", report.id.to_string()), ("signed-by", secrets.join(" "))];
        Some(Call {
            method: Method::Post,
            url: endpoint.url.clone(),
            headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect(),
            body: text.into_bytes().into(),
            allow_private: false,
            timeout_ms: 1_000,
        })
    }
}

pub(super) struct NoMail;

impl Mailer for NoMail {
    fn send(&self, _mail: Mail) {}
}

/// What a store is told to do, and what it saw.
#[derive(Default)]
pub(crate) struct Orders {
    /// After so many commits the disk is full; zero for never.
    pub(crate) fails_after: AtomicU64,
    /// The next commit is in doubt.
    pub(crate) doubts: AtomicBool,
    /// Staged submissions that were given up.
    pub(crate) given_up: AtomicU64,
}

/// A store that can be told to fail.
pub(crate) struct Failing {
    pub(super) inner: store::SqliteStore,
    pub(crate) fails: Arc<AtomicBool>,
    pub(crate) orders: Arc<Orders>,
    /// Nothing can be asked either: the database is on another machine.
    pub(crate) is_away: Arc<AtomicBool>,
}

impl Failing {
    fn reach(&self) -> Result<(), StoreError> {
        if !self.is_away.load(Ordering::SeqCst) {
            return Ok(());
        }
        let source = std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into();
        Err(StoreError::Unreachable { operation: "be asked", source })
    }
}

macro_rules! pass_through {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)+) => {
        $(fn $name(&mut self, $($arg: $ty),*) -> Result<$ret, StoreError> {
            self.reach()?;
            self.inner.$name($($arg),*)
        })+
    };
}

impl Store for Failing {
    fn apply(&mut self, batch: &Batch) -> Result<CommitSeq, ApplyError> {
        self.reach().map_err(ApplyError::NotWritten)?;
        if self.fails.load(Ordering::SeqCst) {
            let source = std::io::Error::from(std::io::ErrorKind::StorageFull).into();
            return Err(ApplyError::NotWritten(StoreError::Engine { operation: "write", source }));
        }
        if self.orders.doubts.swap(false, Ordering::SeqCst) {
            let source = std::io::Error::from(std::io::ErrorKind::Other).into();
            return Err(ApplyError::InDoubt(StoreError::Engine { operation: "sync", source }));
        }
        let left = self.orders.fails_after.load(Ordering::SeqCst);
        if left > 0 {
            self.orders.fails_after.store(left - 1, Ordering::SeqCst);
            self.fails.store(left == 1, Ordering::SeqCst);
        }
        let seq = self.inner.apply(batch)?;
        self.orders.given_up.fetch_add(batch.discarded.len() as u64, Ordering::SeqCst);
        Ok(seq)
    }

    pass_through! {
        load() -> ports::store::StoredState;
        open_messages(after: types::id::RowKey, limit: usize) -> Vec<ports::store::OpenMessage>;
        messages(keys: &[types::id::RowKey]) -> Vec<ports::store::OpenMessage>;
        bodies(keys: &[types::id::RowKey]) -> Vec<(types::id::RowKey, Vec<u8>)>;
        attempts(keys: &[types::id::RowKey]) -> Vec<ports::store::AttemptView>;
        receipt_targets(wanted: &[(ConnectorId, String)]) -> Vec<Vec<ports::store::ReceiptTarget>>;
        parked_receipts(wanted: &[(ConnectorId, String)]) -> Vec<ports::store::ParkedReceiptRow>;
        parked_after(after: types::id::RowKey, limit: usize) -> Vec<ports::store::ParkedReceiptRow>;
        outbox(endpoint: EndpointId, after: types::id::RowKey, limit: usize) -> Vec<ports::store::OutboxRow>;
        dead_letters(endpoint: EndpointId, limit: usize) -> Vec<ports::store::OutboxRow>;
        idempotency(account: types::id::AccountId, key_hash: [u8; 16], now: Timestamp) -> Option<ports::store::IdempotencyHit>;
        submission(key: types::id::RowKey) -> (Vec<ports::store::MessageFacts>, Option<u64>);
        staged() -> Vec<types::id::RowKey>;
        inbound(key: types::id::RowKey) -> Option<ports::store::InboundRow>;
        last_sender_to(recipient_hash: i64) -> Option<types::id::AccountId>;
        suppressions_after(after: types::id::RowKey, limit: usize) -> Vec<ports::store::SuppressionMark>;
        suppressed(account: types::id::AccountId, scope: &str, hashes: &[i64]) -> Vec<ports::store::SuppressionMark>;
        remembered_senders(after: (types::id::RowKey, i64), limit: usize) -> Vec<ports::store::SenderMemory>;
        contacts(account: types::id::AccountId, hashes: &[i64]) -> Vec<ports::store::ContactRow>;
        tidy(now: Timestamp) -> bool;
    }
}
