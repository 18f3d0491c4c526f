//! A bound link: one loop that reads, writes, tells events and watches the timers.
//!
//! It decides nothing about messages; `traffic` books what was sent and answered, `frames` reads what
//! came. Start at [`Link::run`].

mod frames;
mod outbox;
mod traffic;

use std::time::Duration;

use ports::BoxFuture;
use ports::channel::ChannelEvent;
use smpp::session::{LinkAction, LinkTimerLimits, LinkTimers};
use smpp::{CommandId, CommandStatus, FrameCutter, write_deliver_sm_resp, write_header_only};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout};

use super::bind::Bound;
use super::hub::Hub;
use frames::Ack;
use traffic::Traffic;

/// Octets read at once.
const CHUNK_OCTETS: usize = 65_536;
/// Events that wait for the core; then the link is not read until it has taken them.
const EVENTS_MAX: usize = 4_096;
/// Octets that wait for the peer to read them; then it is not read either. One read adds at most as many.
const UNWRITTEN_MAX: usize = 262_144;
/// How long a peer that was not listened to may take to be heard again before its silence counts, in
/// milliseconds.
const LISTEN_MS: u64 = 1_000;
/// How long to wait for the answer to our unbind, in milliseconds.
const UNBIND_MS: u64 = 5_000;
/// How long the peer's last answers are waited for once it has unbound, and how long our answer to that may take
/// to leave; in milliseconds each.
const LEAVE_MS: u64 = 1_000;
/// How long closing the connection may take.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// Where the link is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// Waits for answers until then.
    Draining(u64),
    /// Our unbind is written; waits for its answer until then.
    Unbinding(u64),
    /// The peer unbound with this sequence number; its last answers are waited for until then.
    Finishing(u64, u32),
    /// Nothing more is said for this reason; what is written leaves until then.
    Leaving(u64, &'static str),
}

/// Events under way to the core, and what is answered to the carrier once it has them.
struct Telling<'a> {
    future: BoxFuture<'a, ()>,
    acks: Vec<Ack>,
}

/// What woke the loop.
enum Woke {
    Read(std::io::Result<usize>),
    Wrote(std::io::Result<usize>),
    Flushed(std::io::Result<()>),
    Told,
    Look,
}

/// A bound link.
pub(super) struct Link<'a> {
    hub: &'a Hub,
    reader: Box<dyn AsyncRead + Send + Unpin>,
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    cutter: FrameCutter,
    chunk: Vec<u8>,
    traffic: Traffic<'a>,
    acks: Vec<Ack>,
    telling: Option<Telling<'a>>,
    timers: LinkTimers,
    phase: Phase,
    /// A whole PDU has come since the timers were told last.
    heard: bool,
    unflushed: bool,
    transmits: bool,
    /// Until then the peer is given time to be heard again: answers may be among what was not read.
    listens_from_ms: u64,
}

impl<'a> Link<'a> {
    /// Takes over a bound connection and counts the link as up.
    pub(super) fn new(hub: &'a Hub, bound: Bound, command: CommandId) -> Self {
        let transmits = command != CommandId::BIND_RECEIVER;
        let credit = hub.link_up(transmits, &bound.peer);
        tracing::info!(connector = hub.id.0, "link up");
        let mut traffic = Traffic::new(hub, bound.sequence, transmits);
        if credit > 0 {
            traffic.events.push(ChannelEvent::Credit(credit));
        }
        Self {
            hub,
            reader: bound.reader,
            writer: bound.writer,
            cutter: bound.cutter,
            chunk: vec![0; CHUNK_OCTETS],
            traffic,
            acks: Vec::new(),
            telling: None,
            timers: LinkTimers::new(timer_limits(hub), hub.now_ms()),
            phase: Phase::Open,
            heard: false,
            unflushed: false,
            transmits,
            listens_from_ms: 0,
        }
    }

    /// Runs until the link is gone; everything that it took is reported when this returns.
    pub(super) async fn run(mut self) {
        let mut leave = self.hub.leave_by.subscribe();
        // The answer to the bind may have brought more.
        let mut end = self.read_frames();
        while end.is_none() {
            end = self.look(*leave.borrow_and_update());
            if end.is_none() {
                let woke = self.wait(&mut leave).await;
                end = self.after(woke);
            }
        }
        self.close(&end.unwrap_or_default()).await;
    }

    /// Does what time and work ask for; a text when the link must end.
    fn look(&mut self, leave_by: Option<Instant>) -> Option<String> {
        let now_ms = self.hub.now_ms();
        // A peer that is not listened to, because the core is behind, cannot be called silent.
        if self.is_deaf() {
            self.listens_from_ms = now_ms.saturating_add(LISTEN_MS);
            self.heard = true;
        }
        // Octets that never become a PDU are no sign of life.
        if std::mem::take(&mut self.heard) {
            self.timers.on_received(now_ms);
        }
        match self.timers.poll(now_ms) {
            LinkAction::None => {}
            LinkAction::SendEnquireLink => {
                let sequence = self.traffic.next_sequence();
                self.write_bare(CommandId::ENQUIRE_LINK, sequence);
            }
            LinkAction::Dead => return Some("the peer is silent".into()),
        }
        if now_ms >= self.listens_from_ms {
            self.traffic.expire(now_ms);
            if self.traffic.is_unanswered_since(now_ms, self.hub.settings.timing.dead_peer_ms) {
                return Some("the peer answers no submits".into());
            }
        }
        if let Some(end) = self.advance_phase(leave_by, now_ms) {
            return Some(end);
        }
        self.traffic.fill(now_ms);
        self.start_telling();
        None
    }

    fn advance_phase(&mut self, leave_by: Option<Instant>, now_ms: u64) -> Option<String> {
        if let (Phase::Open, Some(leave_by)) = (self.phase, leave_by) {
            let left = leave_by.saturating_duration_since(Instant::now());
            let left_ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
            self.traffic.stop_taking();
            self.phase = Phase::Draining(now_ms.saturating_add(left_ms));
        }
        match self.phase {
            Phase::Open => None,
            Phase::Draining(until_ms) => {
                let idle = self.traffic.is_idle() && self.telling.is_none() && self.acks.is_empty();
                if idle || now_ms >= until_ms {
                    self.traffic.give_back_unwritten();
                    let sequence = self.traffic.next_sequence();
                    self.write_bare(CommandId::UNBIND, sequence);
                    self.phase = Phase::Unbinding(now_ms + UNBIND_MS);
                }
                None
            }
            Phase::Unbinding(until_ms) => (now_ms >= until_ms).then(String::new),
            Phase::Finishing(until_ms, sequence) => {
                if !self.traffic.waits_for_answers() || now_ms >= until_ms {
                    self.write_bare(CommandId::UNBIND_RESP, sequence);
                    self.phase = Phase::Leaving(now_ms + LEAVE_MS, "the peer unbound");
                }
                None
            }
            Phase::Leaving(until_ms, reason) => {
                let left = self.traffic.out.is_empty() && !self.unflushed;
                (left || now_ms >= until_ms).then(|| reason.into())
            }
        }
    }

    fn write_bare(&mut self, command: CommandId, sequence: u32) {
        write_header_only(command, CommandStatus::ESME_ROK, sequence, self.traffic.out.buffer());
    }

    fn start_telling(&mut self) {
        if self.telling.is_some() {
            return;
        }
        let events = self.traffic.take_events();
        if events.is_empty() {
            return;
        }
        let acks = std::mem::take(&mut self.acks);
        self.telling = Some(Telling { future: self.hub.sink.tell(self.hub.id, events), acks });
    }

    async fn wait(&mut self, leave: &mut tokio::sync::watch::Receiver<Option<Instant>>) -> Woke {
        let (wake, deaf) = (self.wake_at(), self.is_deaf());
        let Self { hub, reader, writer, chunk, traffic, telling, unflushed, .. } = self;
        let may_read = !deaf && traffic.out.waiting() < UNWRITTEN_MAX;
        let (may_write, may_take) = (!traffic.out.is_empty(), traffic.can_take());
        let told = async {
            match telling {
                Some(telling) => telling.future.as_mut().await,
                None => std::future::pending().await,
            }
        };
        let written = async {
            if may_write {
                Woke::Wrote(writer.write(traffic.out.next_write()).await)
            } else if *unflushed {
                Woke::Flushed(writer.flush().await)
            } else {
                std::future::pending().await
            }
        };
        tokio::select! {
            read = reader.read(chunk), if may_read => Woke::Read(read),
            woke = written => woke,
            () = told => Woke::Told,
            () = hub.bell.notified(), if may_take => Woke::Look,
            () = sleep_until(wake) => Woke::Look,
            changed = leave.changed() => {
                // The sender lives in the hub, which outlives the link.
                debug_assert!(changed.is_ok());
                Woke::Look
            }
        }
    }

    /// Whether nothing is read because the core has not taken what came before.
    fn is_deaf(&self) -> bool {
        self.traffic.events.len() >= EVENTS_MAX
    }

    /// The next moment at which something is due.
    fn wake_at(&self) -> Instant {
        let mut due_ms = self.timers.next_due();
        let phase_ms = match self.phase {
            Phase::Open => None,
            Phase::Draining(until)
            | Phase::Unbinding(until)
            | Phase::Finishing(until, _)
            | Phase::Leaving(until, _) => Some(until),
        };
        let timing = &self.hub.settings.timing;
        let answers_ms = [self.traffic.next_expiry_ms(), self.traffic.gives_up_ms(timing.dead_peer_ms)];
        let answers_ms = answers_ms.into_iter().flatten().map(|due| due.max(self.listens_from_ms));
        for due in answers_ms.chain(phase_ms) {
            due_ms = due_ms.min(due);
        }
        let due = self.hub.moment(due_ms);
        self.traffic.retry_at.map_or(due, |retry| retry.min(due))
    }

    fn after(&mut self, woke: Woke) -> Option<String> {
        match woke {
            Woke::Read(Ok(0)) => Some("the peer closed the connection".into()),
            Woke::Read(Ok(count)) => {
                self.cutter.extend(self.chunk.get(..count).unwrap_or_default());
                self.read_frames()
            }
            Woke::Wrote(Ok(count)) => {
                self.timers.on_sent(self.hub.now_ms());
                self.traffic.out.wrote(count);
                self.unflushed = true;
                None
            }
            Woke::Wrote(Err(error)) => {
                // Nobody knows how much of it left.
                self.traffic.out.perhaps_wrote();
                Some(format!("the connection was lost: {}", error.kind()))
            }
            Woke::Read(Err(error)) | Woke::Flushed(Err(error)) => {
                Some(format!("the connection was lost: {}", error.kind()))
            }
            Woke::Flushed(Ok(())) => {
                self.unflushed = false;
                None
            }
            Woke::Told => {
                self.acknowledge();
                None
            }
            Woke::Look => None,
        }
    }

    /// Answers the carrier's messages that the core now has.
    fn acknowledge(&mut self) {
        let Some(told) = self.telling.take() else { return };
        let out = self.traffic.out.buffer();
        for ack in told.acks {
            match ack {
                Ack::DeliverSm(sequence) => write_deliver_sm_resp(CommandStatus::ESME_ROK, sequence, out),
                Ack::DataSm(sequence) => frames::write_data_sm_resp(sequence, out),
            }
        }
    }

    /// Reads every whole PDU that has come; a text when the link must end.
    fn read_frames(&mut self) -> Option<String> {
        loop {
            let then = match self.cutter.next_frame() {
                Ok(Some(frame)) => frames::read(&frame, &mut self.traffic, &mut self.acks),
                Ok(None) => return None,
                Err(error) => {
                    let (status, sequence) = (error.command_status(), error.sequence_number());
                    write_header_only(CommandId::GENERIC_NACK, status, sequence, self.traffic.out.buffer());
                    self.traffic.stop_writing();
                    let reason = "the peer sent what is not SMPP";
                    self.phase = Phase::Leaving(self.hub.now_ms() + LEAVE_MS, reason);
                    tracing::warn!(connector = self.hub.id.0, "the peer sent something that is not SMPP");
                    return None;
                }
            };
            self.heard = true;
            match (then, self.phase) {
                (frames::Then::Go, _) => {}
                (frames::Then::Leave(sequence), Phase::Finishing(..) | Phase::Leaving(..)) => {
                    self.write_bare(CommandId::UNBIND_RESP, sequence);
                }
                (frames::Then::Leave(sequence), _) => {
                    self.traffic.stop_writing();
                    self.phase = Phase::Finishing(self.hub.now_ms() + LEAVE_MS, sequence);
                }
                (frames::Then::Unbound, Phase::Unbinding(_)) => return Some(String::new()),
                (frames::Then::Unbound, _) => {}
            }
        }
    }

    /// Reports everything that has no answer and closes the connection.
    async fn close(mut self, reason: &str) {
        self.hub.link_down(self.transmits, reason);
        tracing::info!(connector = self.hub.id.0, reason, "link down");
        if let Some(telling) = self.telling.take() {
            telling.future.await;
        }
        self.traffic.lose();
        let events = self.traffic.take_events();
        if !events.is_empty() {
            self.hub.sink.tell(self.hub.id, events).await;
        }
        // The peer may be gone already; the connection is closed either way.
        match timeout(SHUTDOWN, self.writer.shutdown()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => {
                tracing::debug!(connector = self.hub.id.0, "the connection was closed hard")
            }
        }
        // Other links may take what this one had no room for.
        self.hub.bell.notify_one();
    }
}

/// The peer counts as gone after `dead_peer` of silence: two questions go unanswered in that time.
fn timer_limits(hub: &Hub) -> LinkTimerLimits {
    let timing = &hub.settings.timing;
    match timing.dead_peer_ms.checked_sub(timing.enquire_link_ms) {
        Some(left_ms) if left_ms >= 2 => {
            LinkTimerLimits { idle_ms: timing.enquire_link_ms, response_ms: left_ms / 2, missed_limit: 2 }
        }
        _ => LinkTimerLimits {
            idle_ms: timing.enquire_link_ms,
            response_ms: timing.dead_peer_ms,
            missed_limit: 1,
        },
    }
}
