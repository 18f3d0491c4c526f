//! Telling customers what happened: one lane per endpoint, so that a dead one delays nobody else.
//!
//! Events are rows in the store's outbox; a lane holds the next few of them in memory and asks the
//! engine for more. Events of one message are told in order: the next one waits until the one
//! before it was taken or given up. Webhooks are called here; reports over SMPP are offered to
//! whichever bind of the account can take them and wait while none can.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use ports::clock::Clock;
use ports::courier::Courier;
use ports::entropy::Entropy;
use ports::store::{EventSubject, OutboxRetry, OutboxRow};
use types::account::EndpointKind;
use types::id::{AccountId, EndpointId, EventId, InboundId, RowKey};
use types::message::State;
use types::receipt::InboundNotice;
use types::time::Timestamp;

use crate::engine::Input;
use crate::engine::live::Live;
use crate::inbox::Kind;
use crate::maps::IdMap;
use crate::report::{
    BindSink, InboundReport, MessageReport, Renderer, Report, ReportBody, ReportResult, Told,
};
use crate::shared::Shared;

mod calls;
mod lane;

pub use calls::TestCall;
use lane::Lane;

/// Events that are read from the store at once.
pub(crate) const LOAD_ROWS: usize = 500;
/// Events of one endpoint in memory; others wait in the store.
const LANE_EVENTS_MAX: usize = 2_000;
/// Fewest events that an endpoint may have in memory, however many endpoints there are.
const LANE_EVENTS_MIN: usize = 50;
/// Events of all endpoints in memory, shared equally.
const ALL_EVENTS_MAX: usize = 100_000;
/// Milliseconds before a report is offered again that a bind could not take.
const OFFER_AGAIN_MS: i64 = 5_000;
/// Milliseconds after which a bind that has gone is asked no longer what became of its reports; a
/// session that takes leave needs less.
const ANSWERS_LOST_MS: u64 = 30_000;
/// Milliseconds between looks at what is due.
const TICK_MS: u64 = 500;
/// Milliseconds that the clock may be behind before it counts as set back.
const CLOCK_SLACK_MS: i64 = 2_000;

/// An event in memory.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) key: RowKey,
    pub(crate) about: RowKey,
    pub(crate) tries: u16,
    pub(crate) next_at: Timestamp,
    pub(crate) report: Arc<Report>,
}

impl Event {
    /// Writes the report of a message's event.
    pub(crate) fn of_message(row: &OutboxRow, live: &Live) -> Self {
        let (state, reason, receipt, error, seq) = match row.subject {
            EventSubject::Message { state, reason, receipt, error, seq } => {
                (state, reason, receipt, error, seq)
            }
            EventSubject::Inbound => (State::Accepted, types::message::Reason::None, None, 0, 0),
        };
        let facts = &live.facts;
        let body = ReportBody::Message(Box::new(MessageReport {
            message: ports::store::message_id(facts),
            seq,
            state,
            reason,
            receipt,
            error,
            flags: live.progress.flags,
            source: live.source.clone(),
            destination: live.destination.clone(),
            client_reference: live.client_reference.clone(),
            parts: facts.price.parts,
            price: facts.price.amount,
            network: facts.network,
            accepted_at: facts.accepted_at,
            final_at: if state.is_final() { Some(row.at) } else { None },
        }));
        Self::new(row, body)
    }

    /// Writes the report of a message from a phone.
    pub(crate) fn of_inbound(row: &OutboxRow, tail: u64, notice: &InboundNotice) -> Self {
        let text = crate::text::of_octets(&notice.content);
        let body = ReportBody::Inbound(Box::new(InboundReport {
            id: InboundId::new(row.about, tail),
            source: notice.source.clone(),
            destination: notice.destination.clone(),
            keyword: decide::keyword::find(&text),
            text: text.into(),
            content: notice.content.clone(),
        }));
        Self::new(row, body)
    }

    fn new(row: &OutboxRow, body: ReportBody) -> Self {
        let report = Report { id: EventId::new(row.key, row.tail), at: row.at, body };
        Self {
            key: row.key,
            about: row.about,
            tries: row.tries,
            next_at: row.next_at,
            report: Arc::new(report),
        }
    }
}

/// A bind that can receive, and the number by which it is taken away again.
type NumberedBind = (u64, Arc<dyn BindSink>);

/// An event that a bind has.
struct Offered {
    endpoint: EndpointId,
    bind: u64,
}

#[derive(Default)]
struct Lanes {
    by_endpoint: BTreeMap<EndpointId, Lane>,
    /// Events that binds have, for their answers.
    offered: IdMap<RowKey, Offered>,
    binds: HashMap<AccountId, Vec<NumberedBind>>,
    /// Binds that have gone, with when (monotonic milliseconds): their last answers may still come.
    gone: HashMap<u64, u64>,
    last_bind: u64,
    /// The clock at the latest tick, and the monotonic one.
    ticked: Option<(Timestamp, u64)>,
}

impl Lanes {
    /// Takes back what binds were given that went without a word; gives the endpoints.
    fn take_back(&mut self, now_ms: u64) -> BTreeSet<EndpointId> {
        let lost = |gone_ms: &u64| now_ms.saturating_sub(*gone_ms) >= ANSWERS_LOST_MS;
        let silent: BTreeSet<u64> =
            self.gone.extract_if(|_, gone_ms| lost(gone_ms)).map(|(bind, _)| bind).collect();
        if silent.is_empty() {
            return BTreeSet::new();
        }
        let mut touched = BTreeSet::new();
        let taken_back = self.offered.extract_if(|_, offered| silent.contains(&offered.bind));
        // Each goes to the front: the newest first, so that they are offered again in their order.
        let taken_back: BTreeMap<_, _> = taken_back.collect();
        for (key, offered) in taken_back.into_iter().rev() {
            if let Some(lane) = self.by_endpoint.get_mut(&offered.endpoint) {
                lane.give_back(key);
                touched.insert(offered.endpoint);
            }
        }
        touched
    }

    /// Waits end by the clock; when it was set back, they do not grow by that.
    fn follow_the_clock(&mut self, now: Timestamp, now_ms: u64) {
        if let Some((then, then_ms)) = self.ticked.replace((now, now_ms)) {
            let passed_ms = i64::try_from(now_ms.saturating_sub(then_ms)).unwrap_or(i64::MAX);
            let behind_ms = then.plus_ms(passed_ms).ms_since(now);
            if behind_ms >= CLOCK_SLACK_MS {
                self.by_endpoint.values_mut().for_each(|lane| lane.clock_was_set_back(behind_ms));
            }
        }
    }
}

/// Tells customers what happened.
pub(crate) struct Notifier {
    lanes: Mutex<Lanes>,
    shared: OnceLock<Weak<Shared>>,
    courier: Arc<dyn Courier>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    renderers: Vec<Arc<dyn Renderer>>,
    runtime: tokio::runtime::Handle,
    calls: Arc<tokio::sync::Semaphore>,
    silent_calls: Arc<tokio::sync::Semaphore>,
}

impl Notifier {
    pub(crate) fn new(
        courier: Arc<dyn Courier>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        renderers: Vec<Arc<dyn Renderer>>,
        runtime: tokio::runtime::Handle,
    ) -> Self {
        let room = |calls| Arc::new(tokio::sync::Semaphore::new(calls));
        Self {
            lanes: Mutex::default(),
            shared: OnceLock::new(),
            courier,
            clock,
            entropy,
            renderers,
            runtime,
            calls: room(calls::CALLS_MAX),
            silent_calls: room(calls::SILENT_CALLS_MAX),
        }
    }

    /// Learns where the engine's inbox and the directory are, and begins to look at what is due.
    pub(crate) fn start(&self, shared: &Arc<Shared>, pending: &[(EndpointId, u64)]) {
        if self.shared.set(Arc::downgrade(shared)).is_err() {
            return;
        }
        {
            let mut lanes = self.lock();
            for (endpoint, _) in pending {
                lanes.by_endpoint.entry(*endpoint).or_default().spilled = true;
            }
        }
        let shared = Arc::downgrade(shared);
        let clock = Arc::clone(&self.clock);
        self.runtime.spawn(async move {
            loop {
                clock.sleep(TICK_MS).await;
                let Some(shared) = shared.upgrade() else { return };
                shared.notifier.tick();
            }
        });
        self.tick();
    }

    /// The kinds of endpoints whose calls somebody writes.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = EndpointKind> {
        self.renderers.iter().map(|renderer| renderer.kind())
    }

    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shared(&self) -> Option<Arc<Shared>> {
        self.shared.get().and_then(Weak::upgrade)
    }

    /// Takes events that were just committed.
    pub(crate) fn add(&self, events: Vec<(EndpointId, Event)>) {
        if events.is_empty() {
            return;
        }
        let mut touched = BTreeSet::new();
        let mut lanes = self.lock();
        let share = ALL_EVENTS_MAX / lanes.by_endpoint.len().max(1);
        let most = share.clamp(LANE_EVENTS_MIN, LANE_EVENTS_MAX);
        for (endpoint, event) in events {
            lanes.by_endpoint.entry(endpoint).or_default().add(event, most);
            touched.insert(endpoint);
        }
        drop(lanes);
        for endpoint in touched {
            self.kick(endpoint);
        }
    }

    /// Takes events that the engine read from the store.
    pub(crate) fn loaded(&self, endpoint: EndpointId, events: Vec<Event>, read_to: RowKey, complete: bool) {
        self.lock().by_endpoint.entry(endpoint).or_default().take_loaded(events, read_to, complete);
        self.kick(endpoint);
    }

    /// Dead letters of an endpoint, from this key on, are due again.
    pub(crate) fn read_again(&self, endpoint: EndpointId, from: RowKey) {
        self.lock().by_endpoint.entry(endpoint).or_default().read_again(from);
        self.kick(endpoint);
    }

    /// A person wants what waits at an endpoint to be told now: what has to be read again from this key
    /// on, and what is in memory. It is asked at once even when it failed a moment ago.
    pub(crate) fn hurry(&self, endpoint: EndpointId, from: RowKey) {
        {
            let mut lanes = self.lock();
            let lane = lanes.by_endpoint.entry(endpoint).or_default();
            lane.forgive();
            lane.forget_waits();
            lane.read_again(from);
        }
        self.kick(endpoint);
    }

    /// Starts whatever a lane can start now.
    fn kick(&self, endpoint: EndpointId) {
        let Some(shared) = self.shared() else { return };
        let directory = shared.directory.load();
        let Some(known) = directory.endpoints.get(&endpoint).cloned() else { return };
        let now = self.clock.now();
        let mut lanes = self.lock();
        if known.kind == EndpointKind::Smpp {
            self.offer(&mut lanes, endpoint, known.account, now);
        } else if known.disabled {
            let Some(lane) = lanes.by_endpoint.get_mut(&endpoint) else { return };
            let given_up = lane.give_up();
            if given_up.is_empty() {
                // Nothing waits in memory.
            } else if known.removed {
                self.report(&shared, Input::ReportsMoot(given_up.into_iter().map(|(key, _)| key).collect()));
            } else {
                // Nobody listens there any more: dead letters, until a person has them told again.
                let dead = |(key, tries)| OutboxRetry { key, tries, next_at: Timestamp::NEVER };
                self.report(&shared, Input::ReportsRetry(given_up.into_iter().map(dead).collect()));
            }
        } else {
            let Some(lane) = lanes.by_endpoint.get_mut(&endpoint) else { return };
            let account = directory.accounts.get(&known.account);
            let allow_private = account.is_some_and(|handle| handle.account.allow_private_callbacks);
            for event in lane.next_calls(now) {
                self.call(&shared, &known, event, allow_private);
            }
        }
        // Whatever ended before was reported under the same lock: the engine hears of it first.
        if let Some(after) = lanes.by_endpoint.get_mut(&endpoint).and_then(Lane::wants_more) {
            self.report(&shared, Input::LoadReports(endpoint, after));
        }
    }

    fn offer(&self, lanes: &mut Lanes, endpoint: EndpointId, account: AccountId, now: Timestamp) {
        let Lanes { by_endpoint, offered, binds, .. } = lanes;
        let Some(lane) = by_endpoint.get_mut(&endpoint) else { return };
        let Some(binds) = binds.get_mut(&account).filter(|binds| !binds.is_empty()) else { return };
        while let Some(event) = lane.next_offer(now) {
            let mut report = Arc::clone(&event.report);
            let mut taker = None;
            for _ in 0..binds.len() {
                binds.rotate_left(1);
                let Some((bind, sink)) = binds.last() else { break };
                // A session that crashes takes nothing; the next one may.
                let offered = catch_unwind(AssertUnwindSafe(|| sink.offer(Arc::clone(&report))));
                match offered {
                    Ok(Ok(())) => {
                        taker = Some(*bind);
                        break;
                    }
                    Ok(Err(back)) => report = back,
                    Err(_) => tracing::error!("a bind crashed when it was offered an event"),
                }
            }
            let Some(bind) = taker else {
                lane.put_back(event);
                return;
            };
            offered.insert(event.key, Offered { endpoint, bind });
            lane.in_flight.insert(event.key, event);
        }
    }

    /// A bind that can receive has come up.
    pub(crate) fn attach(
        &self,
        account: AccountId,
        endpoint: Option<EndpointId>,
        sink: Arc<dyn BindSink>,
    ) -> u64 {
        let mut lanes = self.lock();
        lanes.last_bind += 1;
        let number = lanes.last_bind;
        lanes.binds.entry(account).or_default().push((number, sink));
        if let Some(lane) = endpoint.and_then(|endpoint| lanes.by_endpoint.get_mut(&endpoint)) {
            lane.forget_waits();
        }
        drop(lanes);
        if let Some(endpoint) = endpoint {
            self.kick(endpoint);
        }
        number
    }

    /// A bind has gone.
    pub(crate) fn detach(&self, account: AccountId, number: u64) {
        let mut lanes = self.lock();
        if let Some(binds) = lanes.binds.get_mut(&account) {
            binds.retain(|(other, _)| *other != number);
        }
        if lanes.offered.values().any(|offered| offered.bind == number) {
            lanes.gone.insert(number, self.clock.monotonic_us() / 1_000);
        }
    }

    /// A bind has room, or an address was switched.
    pub(crate) fn ready(&self, endpoint: EndpointId) {
        self.kick(endpoint);
    }

    /// Whether events of an endpoint wait to be told.
    pub(crate) fn waits(&self, endpoint: EndpointId) -> bool {
        self.lock().by_endpoint.get(&endpoint).is_some_and(Lane::has_waiting)
    }

    /// What binds answered.
    pub(crate) fn answered(&self, results: &[ReportResult]) {
        let now = self.clock.now();
        let mut done = Vec::new();
        let mut given_up = Vec::new();
        let mut touched = BTreeSet::new();
        let mut lanes = self.lock();
        for result in results {
            let Some(Offered { endpoint, bind }) = lanes.offered.remove(&result.event) else { continue };
            let is_gone = lanes.gone.contains_key(&bind);
            let Some(lane) = lanes.by_endpoint.get_mut(&endpoint) else { continue };
            touched.insert(endpoint);
            match result.told {
                Told::Done => {
                    lane.finish(result.event);
                    done.push(result.event);
                }
                // Nobody will take it: a dead letter, for a person to look at.
                Told::Refused => {
                    let tries = lane.count_try(result.event).unwrap_or(1);
                    lane.finish(result.event);
                    given_up.push(OutboxRetry { key: result.event, tries, next_at: Timestamp::NEVER });
                }
                // It cannot come back to the bind that it went to: another is asked at once.
                Told::Later if is_gone => lane.give_back(result.event),
                Told::Later => lane.delay(result.event, now.plus_ms(OFFER_AGAIN_MS)),
            }
        }
        if let Some(shared) = self.shared() {
            shared.metrics.told(done.len(), results.len() - done.len());
            if !done.is_empty() {
                self.report(&shared, Input::ReportsDone(done));
            }
            if !given_up.is_empty() {
                self.report(&shared, Input::ReportsRetry(given_up));
            }
        }
        drop(lanes);
        for endpoint in touched {
            self.kick(endpoint);
        }
    }

    fn report(&self, shared: &Shared, input: Input) {
        if shared.inbox.push(Kind::Command, input).is_err() {
            tracing::debug!("the engine has stopped; an event will be told again after the start");
        }
    }

    fn tick(&self) {
        let (now, now_ms) = (self.clock.now(), self.clock.monotonic_us() / 1_000);
        let mut lanes = self.lock();
        lanes.follow_the_clock(now, now_ms);
        let mut endpoints = lanes.take_back(now_ms);
        let due = lanes.by_endpoint.iter().filter(|(_, lane)| lane.is_due(now));
        endpoints.extend(due.map(|(id, _)| *id));
        drop(lanes);
        for endpoint in endpoints {
            self.kick(endpoint);
        }
    }

    /// How many events wait in memory.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().by_endpoint.values().map(Lane::len).sum()
    }
}

/// A queue of events with those that wait for their time.
type Delayed = BTreeMap<(Timestamp, RowKey), Event>;
type Queue = VecDeque<Event>;
