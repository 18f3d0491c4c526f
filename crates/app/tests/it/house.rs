//! A house for tests: the whole shell on a SQLite store in a folder of its own, with a clock that
//! stands still until it is moved, channels that record, and a courier that answers as told.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use app::detail::MessageDetail;
use app::report::Renderer;
use app::submission::{Accepted, Submission, SubmitOutcome};
use app::{Core, EngineThread, NewAccount, Parts, Scope};
use ports::BoxFuture;
use ports::channel::{
    AttemptRef, Capabilities, Channel, ChannelEvent, ChannelFactory, ChannelSink, ConnectorStatus, Dispatch, Joining,
};
use ports::clock::Clock;
use ports::courier::{Answer, Call, Courier, CourierError, Method};
use ports::entropy::Entropy;
use ports::phones::{Mail, Mailer};
use ports::store::{ApplyError, Batch, Store, StoreError};
use types::account::{Account, AccountLimits, Endpoint, EndpointKind};
use types::address::Address;
use types::catalog::{
    Connector, PrefixPrice, PriceBook, Profile, Route, RouteLeg, Supplier, TrafficDocument, TriggerKey,
};
use types::id::{CommitSeq, ConnectorId, EndpointId, MessageId};
use types::message::{Class, Content, Door, Draft, ReportWish, State};
use types::money::{Money, Unit};
use types::receipt::{PartOutcome, ReceiptNotice, ReceiptState, Verdict};
use types::time::Timestamp;

/// Sunday, 22 November 2026, noon.
pub(crate) const NOON_MS: i64 = 1_795_348_800_000;

pub(crate) struct TestClock {
    now_ms: AtomicI64,
    moved: tokio::sync::Notify,
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

struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let value = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let octets = (value ^ (value >> 31)).to_le_bytes();
            chunk.copy_from_slice(&octets[..chunk.len()]);
        }
    }
}

/// A channel that records what it is handed.
pub(crate) struct Recorder {
    pub(crate) sent: Mutex<VecDeque<Dispatch>>,
    pub(crate) arrived: tokio::sync::Notify,
    pub(crate) queries: Mutex<Vec<AttemptRef>>,
}

impl Channel for Recorder {
    fn capabilities(&self) -> Capabilities {
        Capabilities { joining: Joining::Udh8, octets: true, receipts: true, query: true, real: true }
    }

    fn send(&self, batch: Vec<Dispatch>) -> Result<(), Vec<Dispatch>> {
        self.sent.lock().unwrap().extend(batch);
        self.arrived.notify_waiters();
        Ok(())
    }

    fn query(&self, attempt: AttemptRef, _carrier_id: &str, _source: &Address) {
        self.queries.lock().unwrap().push(attempt);
    }

    fn drain(&self, _deadline_ms: u64) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

#[derive(Default)]
pub(crate) struct Factory {
    pub(crate) open: Mutex<BTreeMap<String, (ConnectorId, Arc<Recorder>, Arc<dyn ChannelSink>)>>,
}

impl ChannelFactory for Factory {
    fn kinds(&self) -> Vec<&'static str> {
        vec!["fake"]
    }

    fn check(&self, config: &Connector) -> Result<Capabilities, String> {
        if config.kind != "fake" {
            return Err("type: write fake".into());
        }
        Ok(Capabilities { joining: Joining::Udh8, octets: true, receipts: true, query: true, real: true })
    }

    fn open(&self, id: ConnectorId, config: &Connector, sink: Arc<dyn ChannelSink>) -> Result<Arc<dyn Channel>, String> {
        let channel =
            Arc::new(Recorder { sent: Mutex::default(), arrived: tokio::sync::Notify::new(), queries: Mutex::default() });
        self.open.lock().unwrap().insert(config.name.clone(), (id, Arc::clone(&channel), sink));
        Ok(channel)
    }
}

/// A courier that answers with what was put on its list; 200 when the list is empty.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) answers: Mutex<VecDeque<Result<u16, CourierError>>>,
    pub(crate) calls: Mutex<Vec<(String, String)>>,
}

impl Courier for Script {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, CourierError>> {
        let body = String::from_utf8(call.body.expose().clone()).unwrap();
        self.calls.lock().unwrap().push((call.url.expose().clone(), body));
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or(Ok(200));
        Box::pin(async move { answer.map(|status| Answer { status, retry_after_s: None, body: Vec::new().into() }) })
    }
}

struct Plain;

impl Renderer for Plain {
    fn kind(&self) -> EndpointKind {
        EndpointKind::Webhook
    }

    fn render(&self, endpoint: &Endpoint, report: &app::report::Report, _now: Timestamp) -> Option<Call> {
        let text = match &report.body {
            app::report::ReportBody::Message(message) => format!("{} {} {}", message.message, message.seq, message.state),
            app::report::ReportBody::Inbound(_) => "inbound".to_owned(),
        };
        Some(Call {
            method: Method::Post,
            url: endpoint.url.clone(),
            headers: Vec::new(),
            body: text.into_bytes().into(),
            allow_private: false,
            timeout_ms: 1_000,
        })
    }
}

struct NoMail;

impl Mailer for NoMail {
    fn send(&self, _mail: Mail) {}
}

/// A store that can be told to fail.
pub(crate) struct Failing {
    inner: store::SqliteStore,
    pub(crate) fails: Arc<AtomicBool>,
}

macro_rules! pass_through {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)+) => {
        $(fn $name(&mut self, $($arg: $ty),*) -> Result<$ret, StoreError> { self.inner.$name($($arg),*) })+
    };
}

impl Store for Failing {
    fn apply(&mut self, batch: &Batch) -> Result<CommitSeq, ApplyError> {
        if self.fails.load(Ordering::SeqCst) {
            let source = std::io::Error::from(std::io::ErrorKind::StorageFull).into();
            return Err(ApplyError::NotWritten(StoreError::Engine { operation: "write", source }));
        }
        self.inner.apply(batch)
    }

    pass_through! {
        load() -> ports::store::StoredState;
        open_messages(after: types::id::RowKey, limit: usize) -> Vec<ports::store::OpenMessage>;
        messages(keys: &[types::id::RowKey]) -> Vec<ports::store::OpenMessage>;
        bodies(keys: &[types::id::RowKey]) -> Vec<(types::id::RowKey, Vec<u8>)>;
        attempts(key: types::id::RowKey) -> Vec<ports::store::AttemptView>;
        receipt_targets(wanted: &[(ConnectorId, String)]) -> Vec<Vec<ports::store::ReceiptTarget>>;
        parked_receipts(wanted: &[(ConnectorId, String)]) -> Vec<ports::store::ParkedReceiptRow>;
        outbox(endpoint: EndpointId, after: types::id::RowKey, limit: usize) -> Vec<ports::store::OutboxRow>;
        idempotency(account: types::id::AccountId, key_hash: [u8; 16], now: Timestamp) -> Option<ports::store::IdempotencyHit>;
        submission(key: types::id::RowKey) -> (Vec<ports::store::MessageFacts>, Option<u64>);
        staged() -> Vec<types::id::RowKey>;
        inbound(key: types::id::RowKey) -> Option<ports::store::InboundRow>;
        last_sender_to(recipient_hash: i64) -> Option<types::id::AccountId>;
        tidy(now: Timestamp) -> bool;
    }
}

pub(crate) struct House {
    pub(crate) core: Core,
    engine: Option<EngineThread>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) factory: Arc<Factory>,
    pub(crate) courier: Arc<Script>,
    pub(crate) store_fails: Arc<AtomicBool>,
    folder: Arc<tempfile::TempDir>,
}

/// A route over connectors in their order.
pub(crate) fn route(legs: &[&str]) -> Route {
    Route {
        name: "default".into(),
        connectors: legs.iter().map(|leg| RouteLeg::Name((*leg).into())).collect(),
        order: 0,
        account: None,
        prefix: None,
        country: None,
        mcc: None,
        mnc: None,
        sender: None,
        class: None,
        traffic_type: None,
        on_unknown: None,
        reroute_on: Vec::new(),
        receipt_patience_s: None,
    }
}

pub(crate) fn traffic(route: Route) -> TrafficDocument {
    let connector = |name: &str| Connector {
        name: name.into(),
        supplier: None,
        kind: "fake".into(),
        disabled: false,
        error_codes: BTreeMap::new(),
        options: BTreeMap::new(),
    };
    let supplier = |name: &str, price: &str| Supplier {
        name: name.into(),
        currency: Unit::EUR,
        rate: vec![PrefixPrice { prefix: String::new(), price: price.into() }],
    };
    TrafficDocument {
        supplier: vec![supplier("a", "0.01"), supplier("b", "0.02")],
        connector: vec![connector("a"), connector("b")],
        route: vec![route],
        network: Vec::new(),
    }
}

impl House {
    /// A house with an account `acme` that has 10.00 EUR, a price of 0.05 EUR a part, and
    /// connectors `a` and `b` that are up with room for 1,000 messages each.
    pub(crate) async fn new(route: Route) -> Self {
        Self::with_profile(route, Profile::default()).await
    }

    pub(crate) async fn with_trigger(route: Route, trigger: TriggerKey) -> Self {
        let mut profile = Profile::default();
        profile.charging.trigger = trigger;
        Self::with_profile(route, profile).await
    }

    async fn with_profile(route: Route, profile: Profile) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let clock = Arc::new(TestClock { now_ms: AtomicI64::new(NOON_MS), moved: tokio::sync::Notify::new() });
        let house = Self::open(folder, clock, Some(profile));
        let price = vec![PrefixPrice { prefix: String::new(), price: "0.05".into() }];
        let book = PriceBook { name: "standard".into(), unit: Unit::EUR, price };
        house.core.change_prices(vec![book], "test", "").await.unwrap();
        house.core.change_traffic(traffic(route), "test", "").await.unwrap();
        let limits = AccountLimits { rate_per_second: 0, window: 0, binds: 0, repeat_guard_s: 3 };
        let new = NewAccount { name: "acme".into(), price_book: None, limits, allow_private_callbacks: false };
        let account = house.core.create_account(new).await.unwrap();
        house.core.top_up(account.id, Money::parse("10.00 EUR").unwrap(), "test").await.unwrap();
        house.up("a").await;
        house.up("b").await;
        house
    }

    fn open(folder: Arc<tempfile::TempDir>, clock: Arc<TestClock>, profile: Option<Profile>) -> Self {
        let data: &Path = folder.path();
        let (sqlite, reader) = store::open_sqlite(data).unwrap();
        // The start of the count differs from start to start, as real chance does.
        let entropy: Arc<dyn Entropy> = Arc::new(Counter(AtomicU64::new(
            u64::try_from(clock.now_ms.load(Ordering::SeqCst)).unwrap() ^ u64::from(std::process::id()),
        )));
        let vault = store::FileVault::open(data, Arc::clone(&entropy)).unwrap();
        let store_fails = Arc::new(AtomicBool::new(false));
        let factory = Arc::new(Factory::default());
        let courier = Arc::new(Script::default());
        let parts = Parts {
            store: Box::new(Failing { inner: sqlite, fails: Arc::clone(&store_fails) }),
            reader,
            vault: Arc::new(vault),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy,
            factory: Arc::clone(&factory) as Arc<dyn ChannelFactory>,
            courier: Arc::clone(&courier) as Arc<dyn Courier>,
            renderers: vec![Arc::new(Plain)],
            mailer: Arc::new(NoMail),
            runtime: tokio::runtime::Handle::current(),
            own_smpp: Vec::new(),
            instance_name: "chappe-test".into(),
            profile,
        };
        let (core, engine) = app::start(parts).unwrap();
        Self { core, engine: Some(engine), clock, factory, courier, store_fails, folder }
    }

    /// Stops the engine as a crash would: nothing more is written; then opens the folder again.
    pub(crate) async fn restart(mut self) -> Self {
        let engine = self.engine.take().unwrap();
        tokio::task::spawn_blocking(move || engine.stop()).await.unwrap().unwrap();
        let (folder, clock) = (Arc::clone(&self.folder), Arc::clone(&self.clock));
        drop(self);
        clock.advance(1_000);
        let house = Self::open(folder, clock, None);
        house.up("a").await;
        house.up("b").await;
        house
    }

    pub(crate) fn account(&self) -> Arc<Account> {
        self.core.account_by_name("acme").unwrap()
    }

    /// Lets the engine work off everything that waits and is due.
    pub(crate) async fn settle(&self) {
        for _ in 0..3 {
            self.core.ready().await.unwrap();
        }
    }

    pub(crate) async fn advance(&self, ms: i64) {
        self.clock.advance(ms);
        self.settle().await;
    }

    async fn tell(&self, connector: &str, event: ChannelEvent) {
        self.tell_unsettled(connector, event).await;
        self.settle().await;
    }

    async fn tell_unsettled(&self, connector: &str, event: ChannelEvent) {
        let (id, sink) = {
            let open = self.factory.open.lock().unwrap();
            let (id, _, sink) = open.get(connector).unwrap();
            (*id, Arc::clone(sink))
        };
        sink.tell(id, vec![event]).await;
    }

    pub(crate) async fn answer_unsettled(&self, connector: &str, attempt: AttemptRef, verdict: Verdict, id: &str) {
        let now = self.clock.now();
        let carrier_id = Some(id.to_owned());
        let outcome = PartOutcome { part: 1, verdict, status: 0, carrier_id, written_at: now, answered_at: now };
        self.tell_unsettled(connector, ChannelEvent::Outcome { attempt, outcome, parts: 1 }).await;
    }

    pub(crate) async fn receipt_unsettled(&self, connector: &str, id: &str, state: ReceiptState) {
        self.tell_unsettled(connector, ChannelEvent::Receipt(self.notice(id, state, "447400123456"))).await;
    }

    /// Waits until a message is in a state.
    pub(crate) async fn until(&self, id: MessageId, state: State) {
        let wait = async {
            while self.state(id).await != state {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), wait).await.expect("the state did not come");
    }

    fn notice(&self, id: &str, state: ReceiptState, number: &str) -> ReceiptNotice {
        ReceiptNotice {
            carrier_id: id.into(),
            state,
            stat: "TEST".into(),
            error: "000".into(),
            submit_date: String::new(),
            done_date: String::new(),
            source: Address::from_text(number),
            destination: Address::from_text("ACME"),
            read_at: self.clock.now(),
        }
    }

    pub(crate) async fn up(&self, connector: &str) {
        let status = ConnectorStatus { links_up: 1, links: 1, window: 1_000, ..ConnectorStatus::default() };
        self.tell(connector, ChannelEvent::Status(status)).await;
        self.tell(connector, ChannelEvent::Credit(1_000)).await;
    }

    pub(crate) async fn down(&self, connector: &str) {
        let status = ConnectorStatus { links: 1, last_error: "refused".into(), ..ConnectorStatus::default() };
        self.tell(connector, ChannelEvent::Status(status)).await;
    }

    /// What a connector was handed since the last call.
    pub(crate) fn sent(&self, connector: &str) -> Vec<Dispatch> {
        let open = self.factory.open.lock().unwrap();
        open.get(connector).unwrap().1.sent.lock().unwrap().drain(..).collect()
    }

    pub(crate) fn queries(&self, connector: &str) -> Vec<AttemptRef> {
        let open = self.factory.open.lock().unwrap();
        open.get(connector).unwrap().1.queries.lock().unwrap().drain(..).collect()
    }

    /// The one message that a connector was handed since the last call.
    pub(crate) fn sent_one(&self, connector: &str) -> AttemptRef {
        let mut sent = self.sent(connector);
        assert_eq!(sent.len(), 1, "{connector}");
        sent.remove(0).attempt
    }

    pub(crate) async fn answer(&self, connector: &str, attempt: AttemptRef, verdict: Verdict, id: Option<&str>) {
        self.answer_part(connector, attempt, 1, 1, verdict, id).await;
    }

    pub(crate) async fn answer_part(
        &self,
        connector: &str,
        attempt: AttemptRef,
        part: u8,
        parts: u8,
        verdict: Verdict,
        id: Option<&str>,
    ) {
        let now = self.clock.now();
        let outcome = PartOutcome {
            part,
            verdict,
            status: 0,
            carrier_id: id.map(str::to_owned),
            written_at: now,
            answered_at: now,
        };
        self.tell(connector, ChannelEvent::Outcome { attempt, outcome, parts }).await;
    }

    pub(crate) async fn receipt(&self, connector: &str, id: &str, state: ReceiptState) {
        self.receipt_for(connector, id, state, "447400123456").await;
    }

    pub(crate) async fn receipt_for(&self, connector: &str, id: &str, state: ReceiptState, number: &str) {
        let notice = self.notice(id, state, number);
        self.tell(connector, ChannelEvent::Receipt(notice)).await;
    }

    pub(crate) async fn query_answer(&self, connector: &str, attempt: AttemptRef, state: Option<ReceiptState>) {
        self.tell(connector, ChannelEvent::QueryAnswer { attempt, state }).await;
    }

    pub(crate) fn draft(&self, text: &str) -> Draft {
        Draft {
            source: Address::from_text("ACME"),
            destination: Address::from_text("+447400123456"),
            content: Content::Text(text.into()),
            class: Some(Class::Transactional),
            traffic_type: String::new(),
            expires_at: None,
            send_at: None,
            client_reference: None,
            report: ReportWish::default(),
        }
    }

    pub(crate) async fn submit(&self, drafts: Vec<Draft>) -> SubmitOutcome {
        let submission = Submission {
            account: self.account().id,
            door: Door::Native,
            received_at: self.clock.now(),
            idempotency: None,
            drafts,
            guard_repeats: false,
        };
        self.core.submit_and_wait(submission).await
    }

    /// Submits one text; gives its id.
    pub(crate) async fn send(&self, text: &str) -> MessageId {
        let accepted: Accepted = self.submit(vec![self.draft(text)]).await.unwrap();
        self.settle().await;
        accepted.messages[0].id
    }

    pub(crate) async fn message(&self, id: MessageId) -> MessageDetail {
        self.core.message(Scope::All, id).await.unwrap().unwrap()
    }

    pub(crate) async fn state(&self, id: MessageId) -> State {
        self.message(id).await.state
    }

    /// Available and held, in micro-units; checks on the way that the ledger balances.
    pub(crate) async fn balance(&self) -> (i64, i64) {
        assert_eq!(self.core.store_figures().await.unwrap().imbalance_micros, 0, "the ledger is off");
        let balance = self.core.balance(self.account().id).unwrap();
        (balance.available.micros, balance.held.micros)
    }

    /// Waits until the courier has made `count` calls.
    pub(crate) async fn calls(&self, count: usize) -> Vec<(String, String)> {
        let wait = async {
            loop {
                if self.courier.calls.lock().unwrap().len() >= count {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), wait).await.expect("the calls were not made");
        self.settle().await;
        self.courier.calls.lock().unwrap().clone()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.take() {
            drop(engine.stop());
        }
    }
}
