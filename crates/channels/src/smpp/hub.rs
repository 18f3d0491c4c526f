//! What the sessions of one connector share: the queue of messages, the credit, the pace, the state.
//!
//! It owns no socket. Sessions pull from it; the keeper task tells its state and gives back messages
//! that no link can take. Start at [`Hub::accept`] and [`keep`].

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ports::channel::{AttemptRef, ChannelEvent, ChannelSink, ConnectorStatus, Dispatch};
use ports::clock::Clock;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use types::address::Address;
use types::id::ConnectorId;
use types::receipt::{PartOutcome, Verdict};
use types::time::Timestamp;

use super::options::{BindOption, Settings};
use crate::credit::Credit;
use crate::pacer::Pacer;
use crate::queue::Queue;

/// Questions about messages that wait for a link; more are not asked, and the core asks again.
const QUERIES_MAX: usize = 1_000;

/// A question about a message.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) attempt: AttemptRef,
    pub(super) carrier_id: String,
    pub(super) source: Address,
}

/// Whether the carrier takes our name and password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// No bind was answered yet: only the first session tries.
    Unknown,
    /// A bind was accepted.
    Open,
    /// So many binds in a row were refused for who we are.
    Shut(u32),
}

/// The next message for a link.
pub(super) enum Next {
    /// Here it is.
    Message(Box<Dispatch>),
    /// Ask again after so many microseconds.
    Wait(u64),
    /// There is none.
    Nothing,
}

struct State {
    queue: Queue,
    queries: VecDeque<Query>,
    credit: Credit,
    links_up: u32,
    senders_up: u32,
    pacer: Pacer,
    last_error: String,
    bound_to_self: Option<String>,
    closing: bool,
}

/// What the sessions of one connector share.
pub(super) struct Hub {
    pub(super) id: ConnectorId,
    pub(super) settings: Settings,
    pub(super) instance: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sink: Arc<dyn ChannelSink>,
    /// Rung when there is work that a link can take.
    pub(super) bell: Notify,
    /// When the connector must have taken its leave; set once.
    pub(super) leave_by: watch::Sender<Option<Instant>>,
    pub(super) door: watch::Sender<Door>,
    /// Counts the wishes to try at once what waits or was given up.
    pub(super) knocks: watch::Sender<u64>,
    /// Requests that wait for their answer, over all links.
    pub(super) in_flight: AtomicU32,
    odd_answers: AtomicU64,
    disagreeing_receipts: AtomicU64,
    keeper_bell: Notify,
    sessions: watch::Sender<u32>,
    kept: watch::Sender<bool>,
    started: Instant,
    state: Mutex<State>,
}

impl Hub {
    pub(super) fn new(
        id: ConnectorId,
        settings: Settings,
        instance: String,
        clock: Arc<dyn Clock>,
        sink: Arc<dyn ChannelSink>,
    ) -> Self {
        let pacer = Pacer::new(settings.rate, settings.timing.throttle_pause_us);
        let state = State {
            queue: Queue::default(),
            queries: VecDeque::new(),
            credit: Credit::default(),
            links_up: 0,
            senders_up: 0,
            pacer,
            last_error: String::new(),
            bound_to_self: None,
            closing: false,
        };
        let sessions = u32::try_from(settings.binds().len()).unwrap_or(u32::MAX);
        Self {
            id,
            settings,
            instance,
            clock,
            sink,
            bell: Notify::new(),
            leave_by: watch::Sender::new(None),
            door: watch::Sender::new(Door::Unknown),
            knocks: watch::Sender::new(0),
            in_flight: AtomicU32::new(0),
            odd_answers: AtomicU64::new(0),
            disagreeing_receipts: AtomicU64::new(0),
            keeper_bell: Notify::new(),
            sessions: watch::Sender::new(sessions),
            kept: watch::Sender::new(false),
            started: Instant::now(),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds on the clock of the links.
    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// The moment of a time on the clock of the links.
    pub(super) fn moment(&self, ms: u64) -> Instant {
        self.started + std::time::Duration::from_millis(ms)
    }

    /// Queues messages as far as the credit goes and gives the rest back.
    pub(super) fn accept(&self, mut batch: Vec<Dispatch>) -> Result<(), Vec<Dispatch>> {
        let (rest, stranded) = {
            let mut state = self.state();
            let taken = if state.closing { 0 } else { state.credit.accept(batch.len()) };
            let rest = batch.split_off(taken);
            batch.into_iter().for_each(|dispatch| state.queue.push(dispatch));
            (rest, state.senders_up == 0)
        };
        if stranded {
            self.keeper_bell.notify_one();
        } else {
            self.bell.notify_one();
        }
        if rest.is_empty() { Ok(()) } else { Err(rest) }
    }

    pub(super) fn ask(&self, query: Query) {
        {
            let mut state = self.state();
            if state.queries.len() >= QUERIES_MAX {
                return;
            }
            state.queries.push_back(query);
        }
        self.bell.notify_one();
    }

    pub(super) fn next_query(&self) -> Option<Query> {
        self.state().queries.pop_front()
    }

    /// How many messages one link should take now, so that all links have work.
    pub(super) fn share(&self) -> usize {
        let state = self.state();
        let links = usize::try_from(state.senders_up.max(1)).unwrap_or(1);
        state.queue.len().div_ceil(links)
    }

    /// Whether messages wait.
    pub(super) fn has_work(&self) -> bool {
        let state = self.state();
        state.queue.len() > 0 || !state.queries.is_empty()
    }

    /// The next message, one-time codes first, when the pace allows one.
    pub(super) fn next_message(&self) -> Next {
        let now_us = self.now_us();
        let mut state = self.state();
        if state.queue.len() == 0 {
            return Next::Nothing;
        }
        if let Err(wait_us) = state.pacer.ready(now_us) {
            return Next::Wait(wait_us);
        }
        state.queue.pop().map_or(Next::Nothing, |dispatch| Next::Message(Box::new(dispatch)))
    }

    /// Takes the right to write one part, or tells the microseconds to wait.
    pub(super) fn pace(&self) -> Result<(), u64> {
        let now_us = self.now_us();
        self.state().pacer.take(now_us)
    }

    /// Whether so many parts may leave before that moment at the pace of now.
    pub(super) fn leaves_in_time(&self, parts: usize, until: Timestamp) -> bool {
        let needed_us = self.state().pacer.time_for(parts, self.now_us());
        let left_ms = until.ms_since(self.clock.now());
        left_ms > 0 && needed_us / 1_000 < u64::try_from(left_ms).unwrap_or(0)
    }

    /// An answer has come that fits no open request.
    pub(super) fn note_odd_answer(&self) {
        self.count(&self.odd_answers);
    }

    /// A receipt has come whose text and optional parameters say different things.
    pub(super) fn note_disagreeing_receipt(&self) {
        self.count(&self.disagreeing_receipts);
    }

    /// Counts; only each power of two is worth telling, so that a bad peer cannot keep the core busy.
    fn count(&self, counter: &AtomicU64) {
        if counter.fetch_add(1, Ordering::Relaxed).wrapping_add(1).is_power_of_two() {
            self.keeper_bell.notify_one();
        }
    }

    /// The carrier asked to slow down.
    pub(super) fn throttled(&self) {
        let now_us = self.now_us();
        let changed = self.state().pacer.throttled(now_us, None);
        if changed {
            self.keeper_bell.notify_one();
        }
    }

    /// Books messages as finished; returns the credit to tell.
    pub(super) fn finish(&self, messages: u32) -> u32 {
        let mut state = self.state();
        state.credit.finish(messages);
        state.grant()
    }

    /// Whether any link is up.
    pub(super) fn is_up(&self) -> bool {
        self.state().links_up > 0
    }

    /// A bind was accepted; returns the credit to tell.
    pub(super) fn link_up(&self, transmits: bool, peer: &str) -> u32 {
        let credit = {
            let mut state = self.state();
            state.links_up += 1;
            let itself = !peer.is_empty() && peer == self.instance;
            state.bound_to_self = itself.then(|| self.settings.system_id.clone());
            if transmits {
                state.senders_up += 1;
                state.credit.grow(self.settings.window);
            }
            state.grant()
        };
        self.door.send_replace(Door::Open);
        self.keeper_bell.notify_one();
        credit
    }

    /// A link that was up is gone.
    pub(super) fn link_down(&self, transmits: bool, reason: &str) {
        {
            let mut state = self.state();
            state.links_up = state.links_up.saturating_sub(1);
            if transmits {
                state.senders_up = state.senders_up.saturating_sub(1);
                state.credit.shrink(self.settings.window);
            }
            if !reason.is_empty() {
                reason.clone_into(&mut state.last_error);
            }
        }
        self.keeper_bell.notify_one();
    }

    /// A try to bring a link up failed.
    pub(super) fn try_failed(&self, reason: String) {
        self.state().last_error = reason;
        self.keeper_bell.notify_one();
    }

    /// Takes no more messages; links take their leave by then.
    pub(super) fn close(&self, leave_by: Instant) {
        self.state().closing = true;
        self.leave_by.send_if_modified(|now| match now {
            Some(earlier) if *earlier <= leave_by => false,
            _ => {
                *now = Some(leave_by);
                true
            }
        });
        self.keeper_bell.notify_one();
    }

    /// Waits until every session has ended and everything is told.
    pub(super) async fn ended(&self) {
        let mut kept = self.kept.subscribe();
        // The sender lives as long as `self`, so this cannot fail.
        if kept.wait_for(|kept| *kept).await.is_err() {
            tracing::debug!("the keeper of the connector is gone");
        }
    }

    /// Counts a session out when it is dropped, however it ended.
    pub(super) fn session_guard(self: &Arc<Self>) -> SessionGuard {
        SessionGuard(Arc::clone(self))
    }

    /// The state to tell. A connector none of whose senders is up counts as down, whatever it can still receive:
    /// messages then go elsewhere or wait.
    fn snapshot(&self) -> ConnectorStatus {
        let state = self.state();
        let can_do_its_work = state.senders_up > 0 || self.settings.bind == BindOption::Receiver;
        ConnectorStatus {
            links_up: if can_do_its_work { state.links_up } else { 0 },
            links: u32::try_from(self.settings.binds().len()).unwrap_or(u32::MAX),
            window: state.credit.capacity(),
            window_used: self.in_flight.load(Ordering::Relaxed),
            rate_per_second: state.pacer.rate_per_second(),
            last_error: state.last_error.clone(),
            bound_to_self: state.bound_to_self.clone(),
            odd_answers: self.odd_answers.load(Ordering::Relaxed),
            disagreeing_receipts: self.disagreeing_receipts.load(Ordering::Relaxed),
        }
    }

    /// Takes back what no link will take: all of it when none is up or the connector closes.
    fn strand(&self) -> Vec<Dispatch> {
        let mut state = self.state();
        if state.senders_up > 0 && !state.closing {
            return Vec::new();
        }
        std::iter::from_fn(|| state.queue.pop()).collect()
    }
}

impl State {
    /// The credit to tell now.
    fn grant(&mut self) -> u32 {
        if self.closing { 0 } else { self.credit.grant() }
    }
}

/// Counts a session out when dropped.
pub(super) struct SessionGuard(Arc<Hub>);

impl Drop for SessionGuard {
    fn drop(&mut self) {
        self.0.sessions.send_modify(|sessions| *sessions = sessions.saturating_sub(1));
    }
}

/// The keeper task: tells the state when it changes, in order, and gives back messages that were
/// never written because no link is up. Ends after the last session.
pub(super) async fn keep(hub: Arc<Hub>) {
    let mut sessions = hub.sessions.subscribe();
    let mut told: Option<ConnectorStatus> = None;
    loop {
        let last = *sessions.borrow_and_update() == 0;
        let mut events = given_back(&hub, hub.strand());
        let status = hub.snapshot();
        if told.as_ref().is_none_or(|told| differs(told, &status)) {
            events.push(ChannelEvent::Status(status.clone()));
            told = Some(status);
        }
        if !events.is_empty() {
            hub.sink.tell(hub.id, events).await;
        }
        if last {
            hub.kept.send_replace(true);
            return;
        }
        tokio::select! {
            () = hub.keeper_bell.notified() => {}
            changed = sessions.changed() => if changed.is_err() { return },
        }
    }
}

/// Whether more changed than the number of messages under way. Of the counters the next power of two counts.
fn differs(told: &ConnectorStatus, now: &ConnectorStatus) -> bool {
    let ConnectorStatus { window_used, odd_answers, disagreeing_receipts, .. } = *now;
    let grown = |told: u64, now: u64| told.leading_zeros() != now.leading_zeros();
    ConnectorStatus { window_used, odd_answers, disagreeing_receipts, ..told.clone() } != *now
        || grown(told.odd_answers, odd_answers)
        || grown(told.disagreeing_receipts, disagreeing_receipts)
}

fn given_back(hub: &Hub, stranded: Vec<Dispatch>) -> Vec<ChannelEvent> {
    let now = hub.clock.now();
    let mut events = Vec::new();
    let count = u32::try_from(stranded.len()).unwrap_or(u32::MAX);
    for dispatch in stranded {
        let (total, numbers) = numbers_asked(&dispatch);
        for part in numbers {
            let outcome = PartOutcome {
                part,
                verdict: Verdict::Transient,
                status: 0,
                carrier_id: None,
                written_at: now,
                answered_at: now,
            };
            events.push(ChannelEvent::Outcome { attempt: dispatch.attempt, outcome, parts: total });
        }
    }
    let credit = hub.finish(count);
    if credit > 0 {
        events.push(ChannelEvent::Credit(credit));
    }
    events
}

/// How many parts a message has, and those that are to be sent, by number.
pub(super) fn numbers_asked(dispatch: &Dispatch) -> (u8, Vec<u8>) {
    let all = || (1..=dispatch.requests).collect();
    let numbers = if dispatch.only_parts.is_empty() { all() } else { dispatch.only_parts.clone() };
    (dispatch.requests, numbers)
}
