//! Simulated channels: they keep the contract of [`ports::channel`] towards the core, over links that
//! break and carriers that answer as they like.
//!
//! A channel decides nothing and repeats nothing. Start at [`SimFactory`], then at the channel's `send`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ports::BoxFuture;
use ports::channel::{
    AttemptRef, Capabilities, CarrierAlphabet, Channel, ChannelEvent, ChannelFactory, ChannelSink,
    ConnectorStatus, Dispatch, Joining,
};
use ports::clock::Clock;
use types::address::{Address, Addressing, Msisdn};
use types::catalog::Connector;
use types::form::Manner;
use types::id::ConnectorId;
use types::receipt::{PartOutcome, Verdict};
use types::time::Timestamp;

use crate::carrier::{Answer, Judgement, Piece};
use crate::ground::{Ground, Happening};
use crate::vitals::Vitals;

mod credit;
mod receive;

use credit::Credit;
pub(crate) use receive::inbound;

/// The type of simulated connectors in configuration documents.
pub(crate) const KIND: &str = "simulated";
/// Milliseconds between looks of a channel that closes.
const CLOSING_MS: u64 = 100;

/// The name of a carrier's connector.
pub(crate) fn connector_name(carrier: usize) -> String {
    format!("carrier{carrier}")
}

/// A part that was written and has no answer yet.
struct Written {
    attempt: AttemptRef,
    part: u8,
    parts: u8,
    recipient: Option<Msisdn>,
    link: usize,
    written_at: Timestamp,
    /// It was reported as unknown already; its answer is a late one.
    given_up: bool,
}

#[derive(Default)]
struct Link {
    is_up: bool,
    /// Counts how often it came up.
    epoch: u64,
}

struct State {
    links: Vec<Link>,
    credit: Credit,
    written: BTreeMap<u64, Written>,
    /// Parts without an outcome, by attempt.
    under_way: BTreeMap<AttemptRef, usize>,
    last: u64,
    closing: bool,
    /// What is to be told, in order.
    mouth: VecDeque<Vec<ChannelEvent>>,
    speaks: bool,
}

/// A channel of one process.
pub(crate) struct SimChannel {
    pub(crate) id: ConnectorId,
    /// The place of its carrier.
    pub(crate) carrier: usize,
    pub(crate) vitals: Arc<Vitals>,
    ground: Arc<Ground>,
    runtime: tokio::runtime::Handle,
    sink: Arc<dyn ChannelSink>,
    can_query: bool,
    me: Weak<Self>,
    state: Mutex<State>,
}

impl SimChannel {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn me(&self) -> Option<Arc<Self>> {
        self.me.upgrade().filter(|_| self.vitals.is_alive())
    }

    /// Puts something on the agenda for this channel.
    fn after(&self, ms: u64, happening: impl FnOnce(Arc<Self>) -> Happening) {
        if let Some(me) = self.me() {
            self.ground.after(ms, happening(me));
        }
    }

    /// Tells events in order, each batch after the one before it was taken.
    fn tell(&self, events: Vec<ChannelEvent>) {
        let Some(me) = self.me() else { return };
        let mut state = self.state();
        state.mouth.push_back(events);
        if !std::mem::replace(&mut state.speaks, true) {
            drop(self.runtime.spawn(me.speak()));
        }
    }

    async fn speak(self: Arc<Self>) {
        loop {
            let next = {
                let mut state = self.state();
                let next = state.mouth.pop_front();
                state.speaks = next.is_some();
                next
            };
            let Some(events) = next else { return };
            self.sink.tell(self.id, events).await;
        }
    }

    fn status(&self, state: &State, why: &str) -> ChannelEvent {
        let up = state.links.iter().filter(|link| link.is_up).count();
        ChannelEvent::Status(ConnectorStatus {
            links_up: u32::try_from(up).unwrap_or(u32::MAX),
            links: u32::try_from(state.links.len()).unwrap_or(u32::MAX),
            window: state.credit.capacity(),
            last_error: why.to_owned(),
            ..ConnectorStatus::default()
        })
    }

    /// A link tries to come up; it tries again while the carrier is away.
    pub(crate) fn link_tries(&self, link: usize) {
        let window = self.ground.plan.window;
        if !self.ground.carriers().is_there(self.carrier, self.ground.clock.elapsed_ms()) {
            let wait_ms = self.ground.draw(|chance| chance.between(1_000, 10_000));
            self.after(wait_ms, |me| Happening::LinkTries(me, link));
            return;
        }
        let mut state = self.state();
        let Some(tried) = state.links.get_mut(link).filter(|link| !link.is_up) else { return };
        tried.is_up = true;
        tried.epoch += 1;
        if state.closing {
            return;
        }
        state.credit.grow(window);
        let credit = state.credit.grant();
        let status = self.status(&state, "");
        drop(state);
        self.tell(vec![status, ChannelEvent::Credit(credit)]);
    }

    /// A link breaks: what it wrote has no answer and never gets one.
    pub(crate) fn link_breaks(&self, link: usize) {
        let window = self.ground.plan.window;
        let mut state = self.state();
        let Some(broken) = state.links.get_mut(link).filter(|link| link.is_up) else { return };
        broken.is_up = false;
        state.credit.shrink(window);
        let lost: Vec<u64> = state
            .written
            .iter()
            .filter(|(_, written)| written.link == link)
            .map(|(number, _)| *number)
            .collect();
        let mut events = Vec::new();
        for number in lost {
            let Some(written) = state.written.remove(&number) else { continue };
            if !written.given_up {
                self.outcome(&mut state, &written, unknown(), &mut events);
            }
        }
        events.push(self.status(&state, "the peer closed the link"));
        drop(state);
        self.ground.oracle().count("link_breaks");
        self.tell(events);
        let wait_ms = self.ground.draw(|chance| chance.between(50, 20_000));
        self.after(wait_ms, |me| Happening::LinkTries(me, link));
    }

    /// How many links it has, and whether one of them is up.
    pub(crate) fn links(&self) -> (usize, bool) {
        let state = self.state();
        (state.links.len(), state.links.iter().any(|link| link.is_up))
    }

    /// Room for messages that the core may use, and whether it knows of it.
    pub(crate) fn free(&self) -> u32 {
        let state = self.state();
        if state.links.iter().any(|link| link.is_up) && !state.closing { state.credit.free() } else { 0 }
    }

    /// Adds the outcome of a part to what is told; with the last part of a message its credit.
    fn outcome(&self, state: &mut State, written: &Written, answer: Answer, events: &mut Vec<ChannelEvent>) {
        let outcome = PartOutcome {
            part: written.part,
            verdict: answer.verdict,
            status: answer.status,
            carrier_id: answer.carrier_id,
            written_at: written.written_at,
            answered_at: self.ground.now(),
        };
        events.push(ChannelEvent::Outcome { attempt: written.attempt, outcome, parts: written.parts });
        if written.given_up {
            return;
        }
        let left = state.under_way.get_mut(&written.attempt);
        let is_last = left.is_some_and(|left| {
            *left = left.saturating_sub(1);
            *left == 0
        });
        if is_last {
            state.under_way.remove(&written.attempt);
            state.credit.finish(1);
            let credit = if state.closing { 0 } else { state.credit.grant() };
            if credit > 0 {
                events.push(ChannelEvent::Credit(credit));
            }
        }
    }

    /// Takes one message in: writes its parts, or gives it back when no link is up.
    fn take(&self, dispatch: &Dispatch) {
        let parts = part_count(dispatch);
        let wanted: Vec<u8> =
            if dispatch.only_parts.is_empty() { (1..=parts).collect() } else { dispatch.only_parts.clone() };
        let mut state = self.state();
        state.under_way.insert(dispatch.attempt, wanted.len());
        let up: Vec<usize> =
            state.links.iter().enumerate().filter(|(_, link)| link.is_up).map(|(place, _)| place).collect();
        let mut events = Vec::new();
        let mut numbers = Vec::new();
        for part in wanted {
            state.last += 1;
            let number = state.last;
            let turn = usize::try_from(number).unwrap_or(0).checked_rem(up.len());
            let written = Written {
                attempt: dispatch.attempt,
                part,
                parts,
                recipient: dispatch.destination.msisdn(),
                link: turn.and_then(|turn| up.get(turn)).copied().unwrap_or(0),
                written_at: self.ground.now(),
                given_up: false,
            };
            if turn.is_some() {
                state.written.insert(number, written);
                numbers.push(number);
            } else {
                let never_left = Answer { verdict: Verdict::Transient, status: 0, carrier_id: None };
                self.outcome(&mut state, &written, never_left, &mut events);
            }
        }
        drop(state);
        if !events.is_empty() {
            self.tell(events);
        }
        for number in numbers {
            let way_ms = self.ground.draw(|chance| chance.between(0, self.ground.plan.latency_ms));
            self.after(way_ms, |me| Happening::Reaches(me, number));
            self.after(self.ground.plan.answer_ms, |me| Happening::Patience(me, number));
        }
    }

    /// A part reaches the carrier, unless its link broke on the way.
    pub(crate) fn reaches(&self, number: u64) {
        let piece = {
            let state = self.state();
            let Some(written) = state.written.get(&number) else { return };
            let Some(recipient) = written.recipient else { return };
            Piece { connector: self.id, attempt: written.attempt, part: written.part, recipient }
        };
        let (judgement, took, receipts) = self.ground.carriers().judge(self.carrier, &piece);
        if let Some(took) = took {
            let mut oracle = self.ground.oracle();
            oracle.took(&took);
            for (serial, _) in &receipts {
                if let Some(told) = self.ground.carriers().truth(*serial, &took) {
                    oracle.receipt_planned(*serial, told);
                }
            }
        }
        for (serial, wait_ms) in receipts {
            self.ground.receipt_after(wait_ms, serial);
        }
        if let Judgement::Answered(Some((wait_ms, answer))) = judgement {
            self.after(wait_ms, |me| Happening::Answer(me, number, Box::new(answer)));
        }
    }

    /// The answer to a part; a late one is reported again.
    pub(crate) fn answered(&self, number: u64, answer: Answer) {
        let mut state = self.state();
        let Some(written) = state.written.remove(&number) else { return };
        let mut events = Vec::new();
        self.outcome(&mut state, &written, answer, &mut events);
        drop(state);
        self.tell(events);
    }

    /// The patience for a part ends: nobody knows.
    pub(crate) fn loses_patience(&self, number: u64) {
        let mut state = self.state();
        let Some(mut written) = state.written.remove(&number) else { return };
        let mut events = Vec::new();
        self.outcome(&mut state, &written, unknown(), &mut events);
        written.given_up = true;
        state.written.insert(number, written);
        drop(state);
        self.tell(events);
    }

    /// The carrier answers a question.
    pub(crate) fn told(&self, attempt: AttemptRef) {
        let state = self.ground.carriers().asked(attempt);
        self.tell(vec![ChannelEvent::QueryAnswer { attempt, state }]);
    }
}

const fn unknown() -> Answer {
    Answer { verdict: Verdict::Unknown, status: 0, carrier_id: None }
}

/// How many parts a message has on simulated links.
fn part_count(dispatch: &Dispatch) -> u8 {
    let pieces = types::form::user_data(&dispatch.content, &dispatch.form);
    pieces.ok().and_then(|pieces| u8::try_from(pieces.len()).ok()).unwrap_or(1).max(1)
}

impl Channel for SimChannel {
    fn capabilities(&self) -> Capabilities {
        capabilities(self.can_query)
    }

    fn send(&self, mut batch: Vec<Dispatch>) -> Result<(), Vec<Dispatch>> {
        let rest = {
            let mut state = self.state();
            let taken = if state.closing { 0 } else { state.credit.accept(batch.len()) };
            batch.split_off(taken)
        };
        {
            let disk = self.ground.disk();
            let (tables, now) = (&disk.tables, self.ground.now());
            self.ground.oracle().handed(tables, self.id, &batch, &self.vitals, now);
        }
        for dispatch in batch {
            if self.vitals.acts() {
                self.take(&dispatch);
            }
        }
        if rest.is_empty() { Ok(()) } else { Err(rest) }
    }

    fn query(&self, attempt: AttemptRef, _carrier_id: &str, _source: &Address) {
        let (wait_ms, is_lost) = self.ground.draw(|chance| (chance.between(10, 20_000), chance.happens(100)));
        if self.vitals.acts() && !is_lost {
            self.after(wait_ms, |me| Happening::Told(me, attempt));
        }
    }

    fn drain(&self, deadline_ms: u64) -> BoxFuture<'_, ()> {
        self.state().closing = true;
        Box::pin(async move {
            let end_ms = self.ground.clock.elapsed_ms().saturating_add(deadline_ms);
            while self.ground.clock.elapsed_ms() < end_ms && !self.state().under_way.is_empty() {
                self.ground.clock.sleep(CLOSING_MS).await;
            }
            let mut state = self.state();
            let mut events = Vec::new();
            for (_, written) in std::mem::take(&mut state.written) {
                if !written.given_up {
                    self.outcome(&mut state, &written, unknown(), &mut events);
                }
            }
            for link in &mut state.links {
                link.is_up = false;
            }
            drop(state);
            self.tell(events);
        })
    }
}

fn capabilities(query: bool) -> Capabilities {
    let manner = Manner { joining: Joining::Udh8, alphabet: CarrierAlphabet::Gsm7, octets: true };
    Capabilities { manner, addressing: Addressing::default(), receipts: true, query, real: true }
}

/// Opens channels for one process, and finds them again.
pub(crate) struct SimFactory {
    ground: Arc<Ground>,
    vitals: Arc<Vitals>,
    runtime: tokio::runtime::Handle,
    open: Mutex<BTreeMap<usize, Arc<SimChannel>>>,
}

impl SimFactory {
    pub(crate) fn new(ground: Arc<Ground>, vitals: Arc<Vitals>, runtime: tokio::runtime::Handle) -> Self {
        Self { ground, vitals, runtime, open: Mutex::default() }
    }

    /// The newest channel to a carrier.
    pub(crate) fn channel(&self, carrier: usize) -> Option<Arc<SimChannel>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&carrier).cloned()
    }
}

fn carrier_of(config: &Connector) -> Result<usize, String> {
    let place = config.options.get("carrier").and_then(serde_json::Value::as_u64);
    place.and_then(|place| usize::try_from(place).ok()).ok_or_else(|| "carrier: write its place".to_owned())
}

impl ChannelFactory for SimFactory {
    fn kinds(&self) -> Vec<&'static str> {
        vec![KIND]
    }

    fn check(&self, config: &Connector) -> Result<Capabilities, String> {
        if config.kind != KIND {
            return Err(format!("type: write {KIND}"));
        }
        carrier_of(config)?;
        Ok(capabilities(self.ground.plan.seed.is_multiple_of(2)))
    }

    fn open(
        &self,
        id: ConnectorId,
        config: &Connector,
        sink: Arc<dyn ChannelSink>,
    ) -> Result<Arc<dyn Channel>, String> {
        let carrier = carrier_of(config)?;
        let links = usize::try_from(self.ground.plan.links).unwrap_or(1);
        let channel = Arc::new_cyclic(|me| SimChannel {
            id,
            carrier,
            vitals: Arc::clone(&self.vitals),
            ground: Arc::clone(&self.ground),
            runtime: self.runtime.clone(),
            sink,
            can_query: self.ground.plan.seed.is_multiple_of(2),
            me: Weak::clone(me),
            state: Mutex::new(State {
                links: (0..links).map(|_| Link::default()).collect(),
                credit: Credit::default(),
                written: BTreeMap::new(),
                under_way: BTreeMap::new(),
                last: 0,
                closing: false,
                mouth: VecDeque::new(),
                speaks: false,
            }),
        });
        for link in 0..links {
            let wait_ms = self.ground.draw(|chance| chance.between(1, 3_000));
            channel.after(wait_ms, |me| Happening::LinkTries(me, link));
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(carrier, Arc::clone(&channel));
        Ok(channel)
    }
}
