//! The books of a link: what was written, what was answered, what is late.
//!
//! Every part that was taken gets exactly one outcome, and one more if its answer comes late. It does
//! no input and output. Start at [`Traffic::fill`] and [`Traffic::answered`].

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering;
use std::time::Duration;

use ports::channel::{AttemptRef, ChannelEvent, Dispatch};
use smpp::session::{Sequence, Window};
use smpp::{CommandStatus, Pdu, QuerySm, QuerySmResp};
use tokio::time::Instant;
use types::receipt::{PartOutcome, Verdict};
use types::time::Timestamp;

use super::outbox::Outbox;
use crate::crash::{Crashed, guarded};
use crate::smpp::encode::{self, Prepared, wire_address};
use crate::smpp::hub::{self, Hub, Next, Query};
use crate::smpp::{deliver, verdict};

/// Octets that may wait for the socket before further parts are written.
const OUTBOX_OCTETS_MAX: usize = 65_536;
/// Late requests that are remembered per link; beyond it the oldest is forgotten.
const LATE_MAX: usize = 10_000;

/// A message of which not all parts are written.
struct Current {
    key: u64,
    prepared: Prepared,
    /// Index of the next part.
    next: usize,
}

/// A part that was written.
#[derive(Clone, Copy, Debug)]
struct Sent {
    key: u64,
    attempt: AttemptRef,
    part: u8,
    total: u8,
    written_at: Timestamp,
    /// Position of its first octet.
    start: u64,
}

/// A request that waits for its answer.
enum Request {
    Part(Sent),
    Query(Query),
}

/// The books of a link.
pub(super) struct Traffic<'a> {
    pub(super) hub: &'a Hub,
    pub(super) out: Outbox,
    /// Events that the core has not been told.
    pub(super) events: Vec<ChannelEvent>,
    /// When the pace allows the next part.
    pub(super) retry_at: Option<Instant>,
    window: Window<Request>,
    late: HashMap<u32, Sent>,
    late_order: VecDeque<u32>,
    sequence: Sequence,
    current: Option<Current>,
    /// Parts without an outcome, by message.
    open: HashMap<u64, usize>,
    next_key: u64,
    /// Messages whose outcomes stand in `events`.
    finished: u32,
    /// Since when no submit was answered although some wait.
    unanswered_since_ms: Option<u64>,
    transmits: bool,
    taking: bool,
}

impl<'a> Traffic<'a> {
    pub(super) fn new(hub: &'a Hub, sequence: Sequence, transmits: bool) -> Self {
        Self {
            hub,
            out: Outbox::default(),
            events: Vec::new(),
            retry_at: None,
            window: Window::new(usize::try_from(hub.settings.window).unwrap_or(1)),
            late: HashMap::new(),
            late_order: VecDeque::new(),
            sequence,
            current: None,
            open: HashMap::new(),
            next_key: 0,
            finished: 0,
            unanswered_since_ms: None,
            transmits,
            taking: transmits,
        }
    }

    /// Writes as many parts as window, pace and buffer allow.
    pub(super) fn fill(&mut self, now_ms: u64) {
        self.retry_at = None;
        if !self.transmits {
            return;
        }
        if self.taking {
            self.write_queries(now_ms);
        }
        let mut share = if self.taking { self.hub.share() } else { 0 };
        while !self.window.is_full() && self.out.waiting() < OUTBOX_OCTETS_MAX {
            if self.current.is_none() {
                if share == 0 {
                    break;
                }
                share -= 1;
                match self.hub.next_message() {
                    Next::Message(dispatch) => self.begin(&dispatch),
                    Next::Wait(wait_us) => return self.retry_after(wait_us),
                    Next::Nothing => break,
                }
            } else if let Err(wait_us) = self.hub.pace() {
                return self.retry_after(wait_us);
            } else {
                self.write_part(now_ms);
            }
        }
        if self.taking && self.hub.has_work() {
            // Another link may have room.
            self.hub.bell.notify_one();
        }
    }

    fn retry_after(&mut self, wait_us: u64) {
        self.retry_at = Some(Instant::now() + Duration::from_micros(wait_us));
    }

    fn begin(&mut self, dispatch: &Dispatch) {
        let hub = self.hub;
        let prepared = guarded(hub.id, || {
            let prepared = encode::prepare(dispatch, &hub.settings)?;
            let leaves_in_time = hub.leaves_in_time(prepared.parts.len(), prepared.expires_at);
            Ok::<_, encode::Unsendable>((prepared, leaves_in_time))
        });
        let (prepared, leaves_in_time) = match prepared {
            Ok(Ok(prepared)) => prepared,
            Ok(Err(encode::Unsendable)) => return self.give_back_whole(dispatch, Verdict::Reroute),
            Err(Crashed) => return self.give_back_whole(dispatch, Verdict::Crashed),
        };
        if !leaves_in_time {
            // Too late to be worth sending, or to be sent whole; the core knows what its end is.
            for part in &prepared.parts {
                self.report_unwritten(prepared.attempt, part.number, prepared.total, Verdict::Transient);
            }
            self.finished = self.finished.saturating_add(1);
            return;
        }
        let key = self.next_key;
        self.next_key = key.wrapping_add(1);
        self.open.insert(key, prepared.parts.len());
        self.current = Some(Current { key, prepared, next: 0 });
    }

    /// Reports a message of which nothing was written.
    fn give_back_whole(&mut self, dispatch: &Dispatch, verdict: Verdict) {
        let (total, numbers) = hub::numbers_asked(dispatch);
        for part in numbers {
            self.report_unwritten(dispatch.attempt, part, total, verdict);
        }
        self.finished = self.finished.saturating_add(1);
    }

    /// Writes the next part of the current message.
    fn write_part(&mut self, now_ms: u64) {
        let sequence = self.next_sequence();
        let Some(mut current) = self.current.take() else { return };
        let Some(part) = current.prepared.parts.get(current.next) else { return };
        let (start, hub) = (self.out.end(), self.hub);
        let (prepared, out) = (&current.prepared, self.out.buffer());
        let (attempt, total, number) = (prepared.attempt, prepared.total, part.number);
        let length = out.len();
        let written = guarded(hub.id, || {
            let now = hub.clock.now();
            encode::write(prepared, part, &hub.settings, now, sequence, out).map(|()| now)
        });
        let taken = match written {
            Ok(Ok(written_at)) => {
                let sent = Sent { key: current.key, attempt, part: number, total, written_at, start };
                // The number is fresh and the window has room.
                self.window.insert(sequence, Request::Part(sent), now_ms).map_err(|_| Verdict::Reroute)
            }
            // A field that SMPP does not allow.
            Ok(Err(_)) => Err(Verdict::Reroute),
            Err(Crashed) => {
                self.out.buffer().truncate(length);
                Err(Verdict::Crashed)
            }
        };
        if let Err(verdict) = taken {
            self.report_unwritten(attempt, number, total, verdict);
            self.settle(current.key);
        } else {
            self.hub.in_flight.fetch_add(1, Ordering::Relaxed);
            self.unanswered_since_ms.get_or_insert(now_ms);
        }
        current.next += 1;
        if current.next < current.prepared.parts.len() {
            self.current = Some(current);
        }
    }

    fn write_queries(&mut self, now_ms: u64) {
        while !self.window.is_full()
            && let Some(query) = self.hub.next_query()
        {
            let sequence = self.next_sequence();
            let message_id = query.carrier_id.as_bytes();
            let pdu = Pdu::QuerySm(QuerySm { message_id, source: wire_address(&query.source) });
            let written = pdu.encode(CommandStatus::ESME_ROK, sequence, self.out.buffer());
            if written.is_err() || self.window.insert(sequence, Request::Query(query), now_ms).is_err() {
                tracing::debug!(connector = self.hub.id.0, "a question could not be written");
            }
        }
    }

    /// A number that no open or late request has.
    pub(super) fn next_sequence(&mut self) -> u32 {
        loop {
            let sequence = self.sequence.advance();
            if self.window.get(sequence).is_none() && !self.late.contains_key(&sequence) {
                return sequence;
            }
        }
    }

    /// An answer to a submit.
    pub(super) fn answered(&mut self, sequence: u32, status: CommandStatus, message_id: &[u8]) {
        let verdict = verdict::of_answer(status, &self.hub.settings.errors);
        let id = String::from_utf8_lossy(message_id);
        let id = Some(id.trim()).filter(|id| !id.is_empty()).map(str::to_owned);
        self.conclude(sequence, verdict, status, id);
    }

    /// A `generic_nack`: the peer did not understand the request.
    pub(super) fn refused(&mut self, sequence: u32, status: CommandStatus) {
        if self.query_of(sequence).is_some() {
            return;
        }
        let verdict = match verdict::of_answer(status, &self.hub.settings.errors) {
            Verdict::Accepted => Verdict::Transient,
            other => other,
        };
        self.conclude(sequence, verdict, status, None);
    }

    fn conclude(&mut self, sequence: u32, verdict: Verdict, status: CommandStatus, id: Option<String>) {
        let in_time = match self.window.get(sequence) {
            Some(Request::Part(sent)) => Some(*sent),
            Some(Request::Query(_)) | None => None,
        };
        let Some(sent) = in_time.or_else(|| self.late.remove(&sequence)) else {
            return self.hub.note_odd_answer();
        };
        if verdict == Verdict::Throttled {
            self.hub.throttled();
        }
        if in_time.is_some() {
            self.window.take(sequence);
        }
        self.alive();
        self.report(&sent, verdict, status.0, id);
        if in_time.is_some() {
            self.closed(&sent);
        }
    }

    /// Takes out the question of that number; an answer to anything else than a question is odd.
    fn query_of(&mut self, sequence: u32) -> Option<Query> {
        if !matches!(self.window.get(sequence), Some(Request::Query(_))) {
            return None;
        }
        match self.window.take(sequence) {
            Some((Request::Query(query), _)) => Some(query),
            Some((Request::Part(_), _)) | None => None,
        }
    }

    /// An answer to a question. A state is told as a receipt is. Only the specification's own word for it means
    /// that the carrier has no such message; a question that failed says nothing.
    pub(super) fn query_answered(&mut self, sequence: u32, status: CommandStatus, resp: &QuerySmResp<'_>) {
        let Some(query) = self.query_of(sequence) else { return self.hub.note_odd_answer() };
        match (status, resp.state()) {
            (CommandStatus::ESME_ROK, Some(state)) => {
                let now = self.hub.clock.now();
                let notice = deliver::of_query(&query.carrier_id, state, resp, now);
                self.events.push(ChannelEvent::Receipt(notice));
            }
            (CommandStatus::ESME_RINVMSGID, _) => {
                self.events.push(ChannelEvent::QueryAnswer { attempt: query.attempt, state: None });
            }
            _ => tracing::debug!(connector = self.hub.id.0, "a question was not answered"),
        }
    }

    /// An answer to a question that cannot be read.
    pub(super) fn query_failed(&mut self, sequence: u32) {
        if self.query_of(sequence).is_none() {
            self.hub.note_odd_answer();
        }
    }

    /// Reports requests that have waited too long as unknown, and remembers them.
    pub(super) fn expire(&mut self, now_ms: u64) {
        let limit_ms = self.hub.settings.timing.response_timeout_ms;
        for (sequence, request) in self.window.expired(now_ms, limit_ms) {
            let Request::Part(sent) = request else { continue };
            self.report(&sent, Verdict::Unknown, 0, None);
            self.closed(&sent);
            self.late.insert(sequence, sent);
            self.late_order.push_back(sequence);
            if self.late_order.len() > LATE_MAX
                && let Some(oldest) = self.late_order.pop_front()
            {
                self.late.remove(&oldest);
            }
        }
    }

    /// The link is gone: what may have left is unknown, the rest can be sent elsewhere.
    pub(super) fn lose(&mut self) {
        let left = self.out.left();
        for (_, request) in self.window.drain() {
            let Request::Part(sent) = request else { continue };
            let verdict = if sent.start < left { Verdict::Unknown } else { Verdict::Transient };
            self.report(&sent, verdict, 0, None);
            self.closed(&sent);
        }
        self.give_back_unwritten();
    }

    /// Gives back the parts of the current message that were not written.
    pub(super) fn give_back_unwritten(&mut self) {
        let Some(current) = self.current.take() else { return };
        let prepared = current.prepared;
        for part in prepared.parts.iter().skip(current.next) {
            self.report_unwritten(prepared.attempt, part.number, prepared.total, Verdict::Transient);
            self.settle(current.key);
        }
    }

    /// Writes nothing more: of the current message the rest is given back.
    pub(super) fn stop_writing(&mut self) {
        self.stop_taking();
        self.give_back_unwritten();
    }

    /// Whether requests wait for their answer.
    pub(super) fn waits_for_answers(&self) -> bool {
        !self.window.is_empty()
    }

    /// Takes no further messages; the current one is finished.
    pub(super) fn stop_taking(&mut self) {
        self.taking = false;
    }

    /// Whether the link could take more work.
    pub(super) fn can_take(&self) -> bool {
        self.taking
            && self.retry_at.is_none()
            && !self.window.is_full()
            && self.out.waiting() < OUTBOX_OCTETS_MAX
    }

    /// Whether nothing waits for an answer, for the socket or for the core.
    pub(super) fn is_idle(&self) -> bool {
        self.window.is_empty() && self.current.is_none() && self.events.is_empty()
    }

    /// When the oldest request will have waited too long.
    pub(super) fn next_expiry_ms(&self) -> Option<u64> {
        self.window.next_expiry_ms(self.hub.settings.timing.response_timeout_ms)
    }

    /// When the peer counts as gone because it answers no submit.
    pub(super) fn gives_up_ms(&self, limit_ms: u64) -> Option<u64> {
        self.unanswered_since_ms.map(|since| since.saturating_add(limit_ms))
    }

    /// Whether that time has come.
    pub(super) fn is_unanswered_since(&self, now_ms: u64, limit_ms: u64) -> bool {
        self.gives_up_ms(limit_ms).is_some_and(|until| now_ms >= until)
    }

    /// The events to tell now, with the credit that they free.
    pub(super) fn take_events(&mut self) -> Vec<ChannelEvent> {
        let mut events = std::mem::take(&mut self.events);
        let finished = std::mem::take(&mut self.finished);
        if finished > 0 {
            let credit = self.hub.finish(finished);
            if credit > 0 {
                events.push(ChannelEvent::Credit(credit));
            }
        }
        events
    }

    fn alive(&mut self) {
        self.unanswered_since_ms = if self.window.is_empty() { None } else { Some(self.hub.now_ms()) };
    }

    /// A written part has its outcome.
    fn closed(&mut self, sent: &Sent) {
        self.hub.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.settle(sent.key);
    }

    fn settle(&mut self, key: u64) {
        let Some(left) = self.open.get_mut(&key) else { return };
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.open.remove(&key);
            self.finished = self.finished.saturating_add(1);
        }
    }

    fn report(&mut self, sent: &Sent, verdict: Verdict, status: u32, carrier_id: Option<String>) {
        let answered_at = self.hub.clock.now();
        let (part, written_at) = (sent.part, sent.written_at);
        let outcome = PartOutcome { part, verdict, status, carrier_id, written_at, answered_at };
        self.events.push(ChannelEvent::Outcome { attempt: sent.attempt, outcome, parts: sent.total });
    }

    fn report_unwritten(&mut self, attempt: AttemptRef, part: u8, parts: u8, verdict: Verdict) {
        let now = self.hub.clock.now();
        let outcome =
            PartOutcome { part, verdict, status: 0, carrier_id: None, written_at: now, answered_at: now };
        self.events.push(ChannelEvent::Outcome { attempt, outcome, parts });
    }
}
