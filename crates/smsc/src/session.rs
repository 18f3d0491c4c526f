//! One connection: its state, its timers and the one task that does everything for it.
//!
//! The task loops: write answers that the core has left, act on frames that were read, write reports, look at
//! the timers, and then wait for any of these. Nothing is spawned per message. A session that is not bound can
//! do nothing but bind.
//!
//! Start at [`Session::run`]. `requests` acts on PDUs, `binding` on binds, `answers` writes what the core
//! answered, `manage` looks up what was submitted before, `reports` delivers.

mod answers;
mod binding;
mod manage;
mod reports;
mod requests;
mod version;

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use app::report::{Report, ReportResult};
use futures_util::stream::{FuturesUnordered, StreamExt};
use ports::BoxFuture;
use smpp::session::{BindState, LinkAction, LinkTimerLimits, LinkTimers, Sequence, Side, Window};
use smpp::{CommandId, CommandStatus, FrameCutter, write_header_only};
use tokio::sync::watch;
use types::address::Address;
use types::id::{AccountId, RowKey};
use types::time::Timestamp;

use crate::connections::ConnectionPermit;
use crate::deliver::Scratch;
use crate::door::{House, until_shutdown};
use crate::limits::{DRAIN_MS, FLUSH_MS, Limits, REPORTS_GRACE_MS, UNBIND_MS};
use crate::link::{Link, Stream};
use crate::outbox::{Answer, Outbox};
use crate::trace::pdus;
use answers::Found;
use binding::{Bound, Penalty};

/// What is left to say before a session closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LastWord {
    /// The server ends the session.
    Unbind,
    /// The customer does, with this sequence number.
    UnbindResp(u32),
    /// The stream has ended or cannot be trusted.
    Nothing,
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Until something ends it.
    Running,
    /// It takes nothing new and waits for the answers in hand, and for a moment for those to its reports.
    Draining { until_ms: u64, reports_until_ms: u64, last: LastWord },
    /// `unbind` was written.
    Unbinding { until_ms: u64 },
    /// It closes as soon as everything is written.
    Flushing { until_ms: u64 },
    /// It is over.
    Over,
}

/// One connection.
pub(crate) struct Session {
    house: Arc<House>,
    peer: IpAddr,
    permit: ConnectionPermit,
    link: Link,
    cutter: FrameCutter,
    outbox: Arc<Outbox>,
    phase: Phase,
    state: BindState,
    bound: Option<Bound>,
    /// Monotonic milliseconds and wall clock, read once per turn of the loop.
    now_ms: u64,
    now: Timestamp,
    timer: Option<(u64, BoxFuture<'static, ()>)>,
    link_timers: LinkTimers,
    is_shutting_down: bool,
    // Binding.
    /// The account that must bind: the one that was called.
    expected: Option<AccountId>,
    has_bound: bool,
    bind_due_ms: u64,
    failed_binds: u32,
    penalty: Option<Penalty>,
    // Requests of the customer.
    in_hand: usize,
    lookups: FuturesUnordered<BoxFuture<'static, Found>>,
    multis: HashMap<u64, Vec<Address>>,
    last_multi: u64,
    answers: Vec<Answer>,
    // Requests to the customer.
    sequence: Sequence,
    reports: VecDeque<Arc<Report>>,
    window: Window<RowKey>,
    results: Vec<ReportResult>,
    scratch: Scratch,
}

impl Session {
    /// Begins a session that is not bound.
    pub(crate) fn new(house: Arc<House>, stream: Stream, peer: IpAddr, permit: ConnectionPermit) -> Self {
        let limits = house.limits;
        let now_ms = house.clock.monotonic_us() / 1_000;
        let now = house.clock.now();
        Self {
            peer,
            permit,
            link: Link::new(stream),
            cutter: FrameCutter::default(),
            outbox: Arc::new(Outbox::new(limits.delivery_window)),
            phase: Phase::Running,
            state: BindState::Open,
            bound: None,
            now_ms,
            now,
            timer: None,
            link_timers: LinkTimers::new(link_timer_limits(&limits), now_ms),
            is_shutting_down: false,
            expected: None,
            has_bound: false,
            bind_due_ms: now_ms.saturating_add(limits.bind_timeout_ms),
            failed_binds: 0,
            penalty: None,
            in_hand: 0,
            lookups: FuturesUnordered::new(),
            multis: HashMap::new(),
            last_multi: 0,
            answers: Vec::new(),
            sequence: Sequence::new(),
            reports: VecDeque::new(),
            window: Window::new(limits.delivery_window),
            results: Vec::new(),
            scratch: Scratch::default(),
            house,
        }
    }

    /// Serves the connection until it is over. Afterwards call [`Session::finish`].
    pub(crate) async fn run(&mut self, shutdown: watch::Receiver<bool>) {
        let mut shutdown: BoxFuture<'static, ()> = Box::pin(until_shutdown(shutdown));
        while self.phase != Phase::Over {
            self.read_clock();
            self.take_answers();
            self.take_frames();
            self.take_reports();
            self.tick();
            self.hand_over_results();
            self.publish_figures();
            self.trace_output();
            if self.phase != Phase::Over {
                poll_fn(|cx| self.poll_event(&mut shutdown, cx)).await;
            }
        }
    }

    /// Gives back what was not settled and leaves the list of sessions; gives whether the session was bound. Doing
    /// it twice changes nothing.
    pub(crate) fn finish(&mut self) -> bool {
        self.phase = Phase::Over;
        self.state = BindState::Closed;
        self.give_back_reports();
        if let Some(bound) = self.bound.take() {
            tracing::info!(account = bound.account.0, bind = bound.kind.as_str(), "smpp session ended");
        }
        self.has_bound
    }

    /// Lets the peer read the last octets; see [`Link::linger`]. A connection that makes room for another goes
    /// at once.
    pub(crate) async fn linger(&mut self) {
        if !self.permit.is_recalled() {
            self.link.linger().await;
        }
    }

    fn read_clock(&mut self) {
        self.now_ms = self.house.clock.monotonic_us() / 1_000;
        self.now = self.house.clock.now();
    }

    /// Waits for anything that the next turn of the loop can act on.
    fn poll_event(&mut self, shutdown: &mut BoxFuture<'static, ()>, cx: &mut Context<'_>) -> Poll<()> {
        self.outbox.register(cx.waker());
        let mut has_event = self.outbox.has_answers();
        has_event |= self.may_write_reports() && self.outbox.has_reports();
        has_event |= self.poll_write(cx).is_ready();
        has_event |= self.poll_read(cx).is_ready();
        has_event |= self.poll_lookups(cx).is_ready();
        has_event |= self.poll_timer(cx).is_ready();
        if self.permit.poll_recalled(cx).is_ready() {
            tracing::debug!("smpp connection closed, a newer one takes its place");
            self.phase = Phase::Over;
            has_event = true;
        }
        if self.outbox.take_wish_to_end() && self.phase == Phase::Running {
            tracing::info!(
                account = self.bound.as_ref().map(|bound| bound.account.0),
                "smpp session closed by staff"
            );
            self.begin_draining(LastWord::Unbind);
            has_event = true;
        }
        if !self.is_shutting_down && shutdown.as_mut().poll(cx).is_ready() {
            self.is_shutting_down = true;
            self.begin_shutdown();
            has_event = true;
        }
        if has_event { Poll::Ready(()) } else { Poll::Pending }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.link.poll_write(self.now_ms, cx) {
            Poll::Ready(Ok(())) => {
                self.link_timers.on_sent(self.now_ms);
                Poll::Ready(())
            }
            Poll::Ready(Err(_)) => {
                self.phase = Phase::Over;
                Poll::Ready(())
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.may_take_frames() {
            return Poll::Pending;
        }
        match self.link.poll_read(&mut self.cutter, cx) {
            Poll::Ready(Ok(0)) => self.end_of_stream(),
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(_)) => self.phase = Phase::Over,
            Poll::Pending => return Poll::Pending,
        }
        Poll::Ready(())
    }

    fn poll_lookups(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.lookups.is_empty() {
            return Poll::Pending;
        }
        match self.lookups.poll_next_unpin(cx) {
            Poll::Ready(Some(found)) => {
                self.take_found(found);
                Poll::Ready(())
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    /// Waits for the earliest deadline. A deadline that has moved away is noticed when the timer ends, so that
    /// traffic does not set it anew for each PDU.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let due_ms = self.next_due_ms();
        let is_early_enough = self.timer.as_ref().is_some_and(|(set_ms, _)| *set_ms <= due_ms);
        if !is_early_enough {
            let wait = self.house.clock.sleep(due_ms.saturating_sub(self.now_ms));
            self.timer = Some((due_ms, wait));
        }
        let Some((_, timer)) = &mut self.timer else { return Poll::Pending };
        if Pin::new(timer).poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.timer = None;
        Poll::Ready(())
    }

    /// The moment at which [`Session::tick`] will next have something to do.
    fn next_due_ms(&mut self) -> u64 {
        let limits = self.house.limits;
        let phase_due = match self.phase {
            Phase::Running => match &self.penalty {
                Some(penalty) => penalty.due_ms,
                None if self.state == BindState::Open => self.bind_due_ms,
                None => self.link_timers.next_due(),
            },
            Phase::Draining { until_ms, reports_until_ms, .. } if reports_until_ms <= self.now_ms => until_ms,
            Phase::Draining { reports_until_ms, .. } => reports_until_ms,
            Phase::Unbinding { until_ms } | Phase::Flushing { until_ms } => until_ms,
            Phase::Over => u64::MAX,
        };
        let report_due = self.window.next_expiry_ms(limits.delivery_timeout_ms).unwrap_or(u64::MAX);
        let stall_due = self.link.stall_due_ms(self.now_ms, limits.write_stall_ms).unwrap_or(u64::MAX);
        phase_due.min(report_due).min(stall_due)
    }

    /// Does what is due.
    fn tick(&mut self) {
        let limits = self.house.limits;
        self.tick_binding();
        self.refresh_account();
        for (_, event) in self.window.expired(self.now_ms, limits.delivery_timeout_ms) {
            self.settle_report(event, app::report::Told::Later);
        }
        if self.state.is_bound() && self.phase == Phase::Running {
            match self.link_timers.poll(self.now_ms) {
                LinkAction::None => {}
                LinkAction::SendEnquireLink => {
                    let sequence = self.next_sequence();
                    self.say(CommandId::ENQUIRE_LINK, CommandStatus::ESME_ROK, sequence);
                }
                LinkAction::Dead => self.cut("smpp session closed, the peer does not answer"),
            }
        }
        let stall_due = self.link.stall_due_ms(self.now_ms, limits.write_stall_ms);
        if stall_due.is_some_and(|due_ms| due_ms <= self.now_ms) {
            self.cut("smpp session closed, the peer does not read");
        }
        if limits.output_octets_max != 0 && self.link.waiting_octets() > limits.output_octets_max {
            self.cut("smpp session closed, too much waits to be written");
        }
        self.tick_phase();
    }

    fn tick_phase(&mut self) {
        if let Phase::Draining { until_ms, reports_until_ms, last } = self.phase {
            let is_answered = self.in_hand == 0 && self.lookups.is_empty();
            let is_heard =
                last == LastWord::Nothing || self.window.is_empty() || reports_until_ms <= self.now_ms;
            if (is_answered && is_heard) || until_ms <= self.now_ms {
                self.say_last_word(last);
            }
        }
        if let Phase::Unbinding { until_ms } = self.phase
            && until_ms <= self.now_ms
        {
            self.begin_flushing();
        }
        // Last, because what came before may have nothing left to write.
        if let Phase::Flushing { until_ms } = self.phase
            && (self.link.is_drained() || until_ms <= self.now_ms)
        {
            self.phase = Phase::Over;
        }
    }

    fn say_last_word(&mut self, last: LastWord) {
        match last {
            LastWord::Unbind => {
                let sequence = self.next_sequence();
                self.say(CommandId::UNBIND, CommandStatus::ESME_ROK, sequence);
                self.state = BindState::Unbinding;
                self.phase = Phase::Unbinding { until_ms: self.now_ms.saturating_add(UNBIND_MS) };
                return;
            }
            LastWord::UnbindResp(sequence) => {
                self.say(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, sequence);
            }
            LastWord::Nothing => {}
        }
        self.begin_flushing();
    }

    fn begin_shutdown(&mut self) {
        if self.state.is_bound() {
            self.begin_draining(LastWord::Unbind);
        } else if self.phase == Phase::Running {
            self.begin_flushing();
        }
    }

    /// Takes nothing new, waits for the answers in hand, then says the last word. What has begun already goes
    /// its way.
    fn begin_draining(&mut self, last: LastWord) {
        if self.phase == Phase::Running {
            self.stop_reports();
            self.phase = Phase::Draining {
                until_ms: self.now_ms.saturating_add(DRAIN_MS),
                reports_until_ms: self.now_ms.saturating_add(REPORTS_GRACE_MS),
                last,
            };
        }
    }

    /// Ends the draining with another word.
    fn change_last_word(&mut self, word: LastWord) {
        if let Phase::Draining { last, .. } = &mut self.phase {
            *last = word;
        }
    }

    fn begin_flushing(&mut self) {
        self.phase = Phase::Flushing { until_ms: self.now_ms.saturating_add(FLUSH_MS) };
    }

    /// The peer has closed its side: it may still read.
    fn end_of_stream(&mut self) {
        match self.phase {
            Phase::Running => self.begin_draining(LastWord::Nothing),
            // It has unbound and may still read the answer; its own answers have ended.
            Phase::Draining { last: LastWord::UnbindResp(_), .. } => self.give_up_answers(),
            Phase::Draining { .. } => self.change_last_word(LastWord::Nothing),
            Phase::Unbinding { .. } => self.begin_flushing(),
            Phase::Flushing { .. } | Phase::Over => {}
        }
    }

    /// Writes a PDU that has a header only.
    fn say(&mut self, command: CommandId, status: CommandStatus, sequence: u32) {
        write_header_only(command, status, sequence, self.link.output());
    }

    fn cut(&mut self, why: &'static str) {
        if self.phase != Phase::Over {
            tracing::info!(
                account = self.bound.as_ref().map(|bound| bound.account.0),
                why,
                "smpp session cut"
            );
            self.phase = Phase::Over;
        }
    }

    /// Shows to who looks what was written in this turn, before any of it can be gone.
    fn trace_output(&mut self) {
        let tap = self.bound.as_ref().map(|bound| &bound.ticket.tap).filter(|tap| tap.is_open()).cloned();
        let octets = self.link.take_untraced();
        let Some(tap) = tap else { return };
        for pdu in pdus(octets) {
            tap.keep(Side::Smsc, pdu, self.now);
        }
        tap.close_when_idle(self.now_ms);
    }

    fn publish_figures(&self) {
        let Some(bound) = &self.bound else { return };
        let counters = &bound.ticket.counters;
        counters.window_used.store(self.in_hand + self.lookups.len(), Ordering::Relaxed);
        counters.delivery_window_used.store(self.window.len(), Ordering::Relaxed);
        counters.output_octets.store(self.link.waiting_octets(), Ordering::Relaxed);
    }

    /// The number for a request of the server that is not in use.
    fn next_sequence(&mut self) -> u32 {
        let mut sequence = self.sequence.advance();
        // The window is far smaller than the range of numbers, so that this ends.
        while self.window.get(sequence).is_some() {
            sequence = self.sequence.advance();
        }
        sequence
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _was_bound = self.finish();
    }
}

fn link_timer_limits(limits: &Limits) -> LinkTimerLimits {
    LinkTimerLimits {
        idle_ms: limits.probe_after_ms,
        response_ms: limits.probe_timeout_ms,
        missed_limit: limits.probes_missed_max,
    }
}
