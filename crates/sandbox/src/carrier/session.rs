//! One link: a task that owns the socket, cuts frames, writes answers in batches and carries deliveries.
//!
//! It never holds the lock of the message centre while it waits. What requests mean is in `requests.rs`. Start
//! at [`Session::run`].

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use smpp::session::{BindState, LinkAction, LinkTimerLimits, LinkTimers, Sequence, Window};
use smpp::{CommandId, CommandStatus, FrameCutter, write_header_only};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};

use super::centre::{MessageCentre, Now};
use super::delivery::Delivery;
use super::shared::{Alarm, Shared, stop_asked};

/// Deliveries that may wait for their response on one link.
const DELIVERY_WINDOW: usize = 200;
/// How long a delivery may stay unanswered before it is tried again.
const DELIVERY_RESPONSE_MS: u64 = 30_000;
/// Octets to write beyond which nothing more is read, so that a peer that does not read is not served.
const UNWRITTEN_MAX: usize = 1024 * 1024;
/// How long a link may stay unbound.
const BIND_MS: u64 = 5_000;
/// How long the last octets may take to be written.
const DRAIN_MS: u64 = 5_000;
/// How long a closed link waits for the peer to close too, so that the peer can read what was written last.
const LINGER_MS: u64 = 2_000;
/// Probes for a silent peer.
const LINK_TIMERS: LinkTimerLimits =
    LinkTimerLimits { idle_ms: 60_000, response_ms: 20_000, missed_limit: 3 };

/// Where a link stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Reads and writes.
    Running,
    /// Writes what is left and reads nothing more.
    Draining {
        /// When it gives up.
        until_ms: u64,
    },
    /// Is closed.
    Over,
}

/// One link.
pub(super) struct Session {
    number: u64,
    pub(super) shared: Arc<Shared>,
    pub(super) state: BindState,
    pub(super) interface_version: u8,
    pub(super) stage: Stage,
    cutter: FrameCutter,
    pub(super) out: Vec<u8>,
    written: usize,
    pub(super) window: Window<Delivery>,
    sequence: Sequence,
    /// Responses that wait, by due time and order.
    pub(super) late: BTreeMap<(u64, u64), Vec<u8>>,
    pub(super) late_count: u64,
    timers: Option<LinkTimers>,
    opened_ms: u64,
    wake: Arc<Notify>,
}

impl Session {
    /// A link that was accepted just now.
    pub(super) fn new(number: u64, shared: Arc<Shared>) -> Self {
        let opened_ms = shared.now().ms;
        Self {
            number,
            shared,
            state: BindState::Open,
            interface_version: 0,
            stage: Stage::Running,
            cutter: FrameCutter::default(),
            out: Vec::new(),
            written: 0,
            window: Window::new(DELIVERY_WINDOW),
            sequence: Sequence::new(),
            late: BTreeMap::new(),
            late_count: 0,
            timers: None,
            opened_ms,
            wake: Arc::new(Notify::new()),
        }
    }

    /// Serves the link until either side ends it. On shutdown the peer gets an `unbind`, and responses that wait
    /// are not given.
    pub(super) async fn run(mut self, stream: TcpStream, mut shutdown: watch::Receiver<bool>) {
        // Small answers must not wait for others; a failure only costs time.
        drop(stream.set_nodelay(true));
        let wake = Arc::clone(&self.wake);
        let mut alarm = Alarm::new(Arc::clone(&self.shared.clock));
        let mut stopping = false;
        loop {
            let now = self.shared.now();
            self.on_time(now);
            self.fetch_deliveries(now);
            if self.write(&stream, now).is_err() {
                self.stage = Stage::Over;
            }
            let drained = matches!(self.stage, Stage::Draining { .. }) && self.out.is_empty();
            if drained || self.stage == Stage::Over {
                break;
            }
            tokio::select! {
                ready = stream.ready(self.interest()) => match ready {
                    Ok(ready) if ready.is_readable() && self.stage == Stage::Running => self.read(&stream),
                    Ok(_) => {}
                    Err(_) => self.stage = Stage::Over,
                },
                () = wake.notified() => {}
                () = alarm.until(self.deadline_ms()) => {}
                () = stop_asked(&mut shutdown), if !stopping => {
                    stopping = true;
                    self.stop();
                }
            }
            // A peer that always has something to say must not keep others of this thread waiting.
            tokio::task::coop::consume_budget().await;
        }
        self.leave();
        if !stopping {
            linger(stream, &self.shared).await;
        }
    }

    fn interest(&self) -> Interest {
        let reads = self.stage == Stage::Running && self.out.len() < UNWRITTEN_MAX;
        match (reads, self.out.is_empty()) {
            (true, true) => Interest::READABLE,
            (true, false) => Interest::READABLE | Interest::WRITABLE,
            (false, _) => Interest::WRITABLE,
        }
    }

    /// Reads once and handles each whole frame, all under one lock.
    fn read(&mut self, stream: &TcpStream) {
        match stream.try_read_buf(self.cutter.buffer_mut()) {
            Ok(0) => self.stage = Stage::Over,
            Ok(_) => {
                let now = self.shared.now();
                if let Some(timers) = &mut self.timers {
                    timers.on_received(now.ms);
                }
                let shared = Arc::clone(&self.shared);
                shared.with_centre(|centre| self.handle_frames(centre, now));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => self.stage = Stage::Over,
        }
    }

    fn handle_frames(&mut self, centre: &mut MessageCentre, now: Now) {
        let mut cutter = std::mem::take(&mut self.cutter);
        while self.stage == Stage::Running {
            match cutter.next_frame() {
                Ok(Some(frame)) => self.on_frame(centre, &frame, now),
                Ok(None) => break,
                Err(error) => {
                    let (status, sequence) = (error.command_status(), error.sequence_number());
                    write_header_only(CommandId::GENERIC_NACK, status, sequence, &mut self.out);
                    self.drain(now);
                }
            }
        }
        self.cutter = cutter;
    }

    /// Goes into a bound state.
    pub(super) fn bind(&mut self, centre: &mut MessageCentre, state: BindState, now: Now) {
        self.state = state;
        self.timers = Some(LinkTimers::new(LINK_TIMERS, now.ms));
        if state.can_receive() {
            centre.add_receiver(self.number, Arc::clone(&self.wake));
        }
    }

    /// Reads nothing more and closes when everything is written.
    pub(super) fn drain(&mut self, now: Now) {
        self.stage = Stage::Draining { until_ms: now.ms + DRAIN_MS };
        self.late.clear();
    }

    fn stop(&mut self) {
        if self.state.is_bound() {
            let sequence = self.sequence.advance();
            write_header_only(CommandId::UNBIND, CommandStatus::ESME_ROK, sequence, &mut self.out);
        }
        self.drain(self.shared.now());
    }

    /// Does what the clock asks for.
    fn on_time(&mut self, now: Now) {
        while let Some(entry) = self.late.first_entry()
            && entry.key().0 <= now.ms
        {
            self.out.extend_from_slice(&entry.remove());
        }
        if self.window.next_expiry_ms(DELIVERY_RESPONSE_MS).is_some_and(|due_ms| due_ms <= now.ms) {
            let expired = self.window.expired(now.ms, DELIVERY_RESPONSE_MS);
            self.shared.with_centre(|centre| {
                for (_, delivery) in expired {
                    centre.retry(delivery, now);
                }
            });
        }
        match self.timers.as_mut().map(|timers| timers.poll(now.ms)) {
            Some(LinkAction::SendEnquireLink) => {
                let sequence = self.sequence.advance();
                write_header_only(CommandId::ENQUIRE_LINK, CommandStatus::ESME_ROK, sequence, &mut self.out);
            }
            Some(LinkAction::Dead) => self.stage = Stage::Over,
            Some(LinkAction::None) => {}
            None if now.ms >= self.opened_ms + BIND_MS => self.stage = Stage::Over,
            None => {}
        }
        if let Stage::Draining { until_ms } = self.stage
            && now.ms >= until_ms
        {
            self.stage = Stage::Over;
        }
    }

    fn deadline_ms(&self) -> Option<u64> {
        let late_ms = self.late.first_key_value().map(|(key, _)| key.0);
        let window_ms = self.window.next_expiry_ms(DELIVERY_RESPONSE_MS);
        let link_ms = self.timers.as_ref().map_or(self.opened_ms + BIND_MS, LinkTimers::next_due);
        let drain_ms = match self.stage {
            Stage::Draining { until_ms } => Some(until_ms),
            Stage::Running | Stage::Over => None,
        };
        [late_ms, window_ms, Some(link_ms), drain_ms].into_iter().flatten().min()
    }

    /// Takes deliveries as far as the window allows.
    fn fetch_deliveries(&mut self, now: Now) {
        let may = self.state.can_receive() && self.stage == Stage::Running && self.out.len() < UNWRITTEN_MAX;
        if !may || self.window.is_full() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        shared.with_centre(|centre| {
            while !self.window.is_full()
                && let Some(delivery) = centre.next_delivery()
            {
                let sequence = self.sequence.advance();
                if let Err(error) = delivery.encode(self.interface_version, sequence, &mut self.out) {
                    tracing::warn!(%error, "simulated carrier drops a delivery that cannot be encoded");
                } else if self.window.insert(sequence, delivery, now.ms).is_err() {
                    // Only after the numbers have gone round with a delivery still open.
                    tracing::warn!("simulated carrier drops a delivery: its sequence number is in use");
                }
            }
        });
    }

    /// Writes as much as the socket takes now.
    fn write(&mut self, stream: &TcpStream, now: Now) -> io::Result<()> {
        while let Some(rest) = self.out.get(self.written..)
            && !rest.is_empty()
        {
            match stream.try_write(rest) {
                Ok(octets) => self.written += octets,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
            if let Some(timers) = &mut self.timers {
                timers.on_sent(now.ms);
            }
        }
        self.out.clear();
        self.written = 0;
        Ok(())
    }

    /// Hands open deliveries over to other links.
    fn leave(&mut self) {
        let open: Vec<Delivery> = self.window.drain().into_iter().map(|(_, delivery)| delivery).collect();
        if self.state.can_receive() || !open.is_empty() {
            self.shared.with_centre(|centre| centre.remove_receiver(self.number, open));
        }
        self.state = BindState::Closed;
    }
}

/// Closes our side and waits for the peer to close its own: closing a socket with unread octets would reset the
/// link, and the peer could lose the last answers.
async fn linger(mut stream: TcpStream, shared: &Shared) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut sink = [0; 4096];
    let read_to_end = async { while matches!(stream.read(&mut sink).await, Ok(octets) if octets > 0) {} };
    tokio::select! {
        () = read_to_end => {}
        () = shared.clock.sleep(LINGER_MS) => {}
    }
}
