//! Carriers, listeners and customers of the isolation runs: how long each takes, which of them are dead,
//! and what was seen of every message and event.
//!
//! A dead carrier reads and never answers; its links count as down once the channel's patience has ended.
//! A dead listener accepts the connection and never answers. Both are the worst kinds of death: one that
//! refuses at once holds nothing up. Start at [`Ground`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::report::{Renderer, Report};
use app::submission::{ReplySink, SubmitOutcome};
use ports::BoxFuture;
use ports::channel::{
    AttemptRef, Capabilities, CarrierAlphabet, Channel, ChannelEvent, ChannelFactory, ChannelSink,
    ConnectorStatus, Dispatch, Joining,
};
use ports::clock::Clock as _;
use ports::courier::{Answer, CALL_TIMEOUT_MS, Call, Courier, CourierError, Method};
use types::account::{Endpoint, EndpointKind};
use types::address::{Address, Addressing};
use types::catalog::Connector;
use types::form::Manner;
use types::id::{ConnectorId, MessageId};
use types::message::Class;
use types::receipt::{PartOutcome, ReceiptNotice, ReceiptState, Verdict};
use types::refusal::RefusalCode;
use types::time::Timestamp;

use super::time::{Agenda, MicroClock, since_begin_ms};
use crate::chance::Chance;

/// The type of the connectors in the routes.
pub(super) const KIND: &str = "isolated";
/// Messages that a carrier takes before it has answered the first of them.
pub(super) const WINDOW: u32 = 200;
/// Microseconds that a carrier takes to answer.
const ANSWER_US: (u64, u64) = (20_000, 80_000);
/// Microseconds from the answer to the receipt.
const RECEIPT_US: (u64, u64) = (300_000, 1_500_000);
/// Milliseconds that a listener takes to answer.
const LISTENER_MS: (u64, u64) = (10, 300);
/// Microseconds after which a channel counts a carrier as dead that answers nothing.
pub(super) const PATIENCE_US: u64 = 30_000_000;

/// What happens at its time.
pub(super) enum Happening {
    /// A customer asks for a message.
    Request,
    /// A message is written to its carrier.
    Written(usize, Handed),
    /// The carrier answers.
    Answered(usize, Handed),
    /// The carrier tells a receipt.
    Told(usize, Handed),
    /// The channel's patience with a dead carrier ends.
    Silent(usize),
    /// A carrier that was down comes up.
    Up(usize),
}

/// A message that a channel was handed.
#[derive(Clone, Debug)]
pub(super) struct Handed {
    pub(super) attempt: AttemptRef,
    pub(super) message: MessageId,
    pub(super) class: Class,
    destination: Address,
}

/// Who is dead, and from when on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deaths {
    pub(super) from_us: u64,
    /// The first so many listeners.
    pub(super) listeners: usize,
    /// The carrier at this place.
    pub(super) carrier: Option<usize>,
}

/// What was seen.
#[derive(Default)]
pub(super) struct Records {
    /// By the token of the request: when it was answered, and with what.
    pub(super) replies: BTreeMap<u64, (u64, Result<MessageId, RefusalCode>)>,
    /// When a message was first written to a carrier.
    pub(super) written_us: BTreeMap<MessageId, u64>,
    /// When messages were written, to which carrier, and of which class; in their order.
    pub(super) order: Vec<(u64, usize, Class)>,
    /// Of each event that was taken: the listener's place, when it happened, and how long it took.
    pub(super) taken: Vec<(usize, u64, u64)>,
    /// The most calls that were under way at once.
    pub(super) calls_most: usize,
    calls: usize,
}

/// What all parties stand on.
pub(super) struct Ground {
    pub(super) clock: MicroClock,
    pub(super) deaths: Deaths,
    /// Inputs that the engine was given since its last cycle: what a cycle costs.
    pub(super) inputs: AtomicU64,
    /// When the effects of the cycle under way show.
    pub(super) effect_us: AtomicU64,
    agenda: Mutex<Agenda<Happening>>,
    records: Mutex<Records>,
    chance: Mutex<Chance>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ground {
    pub(super) fn new(deaths: Deaths, chance: Chance) -> Self {
        Self {
            clock: MicroClock::default(),
            deaths,
            inputs: AtomicU64::new(0),
            effect_us: AtomicU64::new(0),
            agenda: Mutex::default(),
            records: Mutex::default(),
            chance: Mutex::new(chance),
        }
    }

    pub(super) fn at(&self, us: u64, happening: Happening) {
        lock(&self.agenda).at(us, happening);
    }

    pub(super) fn next_us(&self) -> Option<u64> {
        lock(&self.agenda).next_us()
    }

    pub(super) fn take_due(&self) -> Option<Happening> {
        lock(&self.agenda).take_due(self.clock.now_us())
    }

    pub(super) fn records(&self) -> MutexGuard<'_, Records> {
        lock(&self.records)
    }

    pub(super) fn between(&self, (low, high): (u64, u64)) -> u64 {
        lock(&self.chance).between(low, high)
    }

    fn is_dead(&self, is_one: bool) -> bool {
        is_one && self.clock.now_us() >= self.deaths.from_us
    }

    fn carrier_is_dead(&self, carrier: usize) -> bool {
        self.is_dead(self.deaths.carrier == Some(carrier))
    }

    fn asks_engine(&self, inputs: usize) {
        self.inputs.fetch_add(u64::try_from(inputs).unwrap_or(0), Ordering::Relaxed);
    }
}

/// A channel to a carrier.
pub(super) struct Line {
    carrier: usize,
    id: ConnectorId,
    ground: Arc<Ground>,
    sink: Arc<dyn ChannelSink>,
    runtime: tokio::runtime::Handle,
    outstanding: Mutex<BTreeSet<AttemptRef>>,
}

impl Line {
    fn tell(&self, events: Vec<ChannelEvent>) {
        self.ground.asks_engine(events.len());
        let (id, sink) = (self.id, Arc::clone(&self.sink));
        drop(self.runtime.spawn(async move { sink.tell(id, events).await }));
    }

    fn status(&self, links_up: u32) -> ChannelEvent {
        let status = ConnectorStatus { links_up, links: 1, window: WINDOW, ..ConnectorStatus::default() };
        ChannelEvent::Status(status)
    }

    /// Its link is up.
    pub(super) fn comes_up(&self) {
        self.tell(vec![self.status(1), ChannelEvent::Credit(WINDOW)]);
    }

    /// A message is written; a carrier that lives will answer.
    pub(super) fn writes(&self, handed: Handed) {
        let now_us = self.ground.clock.now_us();
        {
            let mut records = self.ground.records();
            records.written_us.entry(handed.message).or_insert(now_us);
            records.order.push((now_us, self.carrier, handed.class));
        }
        lock(&self.outstanding).insert(handed.attempt);
        if !self.ground.carrier_is_dead(self.carrier) {
            let at_us = now_us + self.ground.between(ANSWER_US);
            self.ground.at(at_us, Happening::Answered(self.carrier, handed));
        }
    }

    fn outcome(&self, attempt: AttemptRef, verdict: Verdict, carrier_id: Option<String>) -> ChannelEvent {
        let now = self.ground.clock.now();
        let outcome =
            PartOutcome { part: 1, verdict, status: 0, carrier_id, written_at: now, answered_at: now };
        ChannelEvent::Outcome { attempt, outcome, parts: 1 }
    }

    /// The carrier takes a message, and tells a receipt later.
    pub(super) fn answered(&self, handed: Handed) {
        if self.ground.carrier_is_dead(self.carrier) || !lock(&self.outstanding).remove(&handed.attempt) {
            return;
        }
        let id = Some(handed.message.0.hex());
        self.tell(vec![self.outcome(handed.attempt, Verdict::Accepted, id), ChannelEvent::Credit(1)]);
        let at_us = self.ground.clock.now_us() + self.ground.between(RECEIPT_US);
        self.ground.at(at_us, Happening::Told(self.carrier, handed));
    }

    /// The carrier tells that a message was delivered.
    pub(super) fn told(&self, handed: &Handed) {
        if self.ground.carrier_is_dead(self.carrier) {
            return;
        }
        self.tell(vec![ChannelEvent::Receipt(ReceiptNotice {
            carrier_id: handed.message.0.hex(),
            state: ReceiptState::Delivered,
            stat: "DELIVRD".into(),
            error: "000".into(),
            submit_date: String::new(),
            done_date: String::new(),
            source: handed.destination.clone(),
            destination: Address::from_text("ACME"),
            tlvs: Vec::new(),
            read_at: self.ground.clock.now(),
        })]);
    }

    /// The carrier has answered nothing for too long: the link is down, and nobody knows.
    pub(super) fn falls_silent(&self) {
        let lost = std::mem::take(&mut *lock(&self.outstanding));
        let mut events = vec![self.status(0)];
        events.extend(lost.into_iter().map(|attempt| self.outcome(attempt, Verdict::Unknown, None)));
        self.tell(events);
    }
}

fn capabilities() -> Capabilities {
    let manner = Manner { joining: Joining::Udh8, alphabet: CarrierAlphabet::Gsm7, octets: true };
    Capabilities { manner, addressing: Addressing::default(), receipts: true, query: false, real: true }
}

impl Channel for Line {
    fn capabilities(&self) -> Capabilities {
        capabilities()
    }

    fn send(&self, batch: Vec<Dispatch>) -> Result<(), Vec<Dispatch>> {
        // What a cycle does outside shows when the cycle, and with it the commit, has ended.
        let at_us = self.ground.effect_us.load(Ordering::Relaxed);
        for dispatch in batch {
            let handed = Handed {
                attempt: dispatch.attempt,
                message: dispatch.public_id,
                class: dispatch.class,
                destination: dispatch.destination,
            };
            self.ground.at(at_us, Happening::Written(self.carrier, handed));
        }
        Ok(())
    }

    fn query(&self, _attempt: AttemptRef, _carrier_id: &str, _source: &Address) {}

    fn drain(&self, _deadline_ms: u64) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// The name of a carrier's connector.
pub(super) fn connector_name(carrier: usize) -> String {
    format!("carrier{carrier}")
}

/// Opens lines.
pub(super) struct Lines {
    pub(super) ground: Arc<Ground>,
    pub(super) runtime: tokio::runtime::Handle,
    pub(super) open: Mutex<BTreeMap<usize, Arc<Line>>>,
}

impl Lines {
    pub(super) fn line(&self, carrier: usize) -> Option<Arc<Line>> {
        lock(&self.open).get(&carrier).cloned()
    }
}

impl ChannelFactory for Lines {
    fn kinds(&self) -> Vec<&'static str> {
        vec![KIND]
    }

    fn check(&self, _config: &Connector) -> Result<Capabilities, String> {
        Ok(capabilities())
    }

    fn open(
        &self,
        id: ConnectorId,
        config: &Connector,
        sink: Arc<dyn ChannelSink>,
    ) -> Result<Arc<dyn Channel>, String> {
        let carrier = config.name.trim_start_matches("carrier").parse().map_err(|_| "name".to_owned())?;
        let (ground, runtime) = (Arc::clone(&self.ground), self.runtime.clone());
        let line = Arc::new(Line { carrier, id, ground, sink, runtime, outstanding: Mutex::default() });
        lock(&self.open).insert(carrier, Arc::clone(&line));
        Ok(line)
    }
}

/// Notes what customers are answered.
pub(super) struct Desk(pub(super) Arc<Ground>);

impl ReplySink for Desk {
    fn reply(&self, token: u64, outcome: SubmitOutcome) {
        let at_us = self.0.effect_us.load(Ordering::Relaxed).max(self.0.clock.now_us());
        let outcome = match outcome {
            Ok(accepted) => {
                accepted.messages.first().map(|message| message.id).ok_or(RefusalCode::Unavailable)
            }
            Err(rejected) => Err(rejected.first().map_or(RefusalCode::Unavailable, |refusal| refusal.code)),
        };
        self.0.records().replies.insert(token, (at_us, outcome));
    }
}

/// The address of a listener.
pub(super) fn address(listener: usize) -> String {
    format!("https://listener{listener}.example/")
}

/// Writes when an event happened, so that its listener can say how long it took.
pub(super) struct TimeRenderer;

impl Renderer for TimeRenderer {
    fn kind(&self) -> EndpointKind {
        EndpointKind::Webhook
    }

    fn render(&self, endpoint: &Endpoint, report: &Report, _now: Timestamp) -> Option<Call> {
        Some(Call {
            method: Method::Post,
            url: endpoint.url.clone(),
            headers: Vec::new(),
            body: since_begin_ms(report.at).to_string().into_bytes().into(),
            allow_private: false,
            timeout_ms: CALL_TIMEOUT_MS,
        })
    }
}

/// Calls listeners.
pub(super) struct Listeners(pub(super) Arc<Ground>);

impl Courier for Listeners {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, CourierError>> {
        Box::pin(async move {
            let url = call.url.expose();
            let place = url.strip_prefix("https://listener").and_then(|rest| rest.split('.').next());
            let place: usize = place.and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
            let body = String::from_utf8_lossy(call.body.expose()).into_owned();
            let happened_ms: u64 = body.parse().unwrap_or(0);
            let ground = &self.0;
            {
                let mut records = ground.records();
                records.calls += 1;
                records.calls_most = records.calls_most.max(records.calls);
            }
            let is_dead = ground.is_dead(place < ground.deaths.listeners);
            let wait_ms = if is_dead { CALL_TIMEOUT_MS } else { ground.between(LISTENER_MS) };
            ground.clock.sleep(wait_ms).await;
            ground.asks_engine(1);
            let mut records = ground.records();
            records.calls -= 1;
            if is_dead {
                return Err(CourierError::NoAnswer { reason: "timed out" });
            }
            let took_us = ground.clock.now_us().saturating_sub(happened_ms * 1_000);
            records.taken.push((place, happened_ms * 1_000, took_us));
            Ok(Answer { status: 200, retry_after_s: None, body: Vec::new().into() })
        })
    }
}
