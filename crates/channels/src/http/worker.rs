//! The task of an HTTP connector: starts calls as window and pace allow and tells what became of them.
//!
//! Every message that was taken gets one outcome: what was never started can be sent elsewhere, what
//! was cut off is unknown. Start at [`run`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ports::channel::{AttemptRef, ChannelEvent, ConnectorStatus, Dispatch};
use ports::courier::{Answer, Call, CourierError, Method};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use types::Sensitive;
use types::form::Encoding;
use types::message::Content;
use types::receipt::{PartOutcome, Verdict};
use types::time::Timestamp;

use super::answer::{self, Outcome};
use super::breaker::Breaker;
use super::template::Values;
use super::{Next, Shared};
use crate::crash::guarded;
use crate::pacer::Pacer;

/// The longest pause that a supplier can ask for, in seconds.
const PAUSE_S_MAX: u32 = 60;
/// How long the task sleeps when nothing is due.
const IDLE: Duration = Duration::from_secs(3_600);

type Done = Result<(Id, Result<Answer, CourierError>), JoinError>;

/// The state of the task.
struct Worker {
    shared: Arc<Shared>,
    handle: tokio::runtime::Handle,
    calls: JoinSet<Result<Answer, CourierError>>,
    /// Attempt and start of each call.
    started: HashMap<Id, (AttemptRef, Timestamp)>,
    pacer: Pacer,
    breaker: Breaker,
    since: Instant,
    retry_at: Option<Instant>,
    last_error: String,
    told: ConnectorStatus,
    events: Vec<ChannelEvent>,
}

/// Runs until the connector has closed and everything is told.
pub(super) async fn run(shared: Arc<Shared>, handle: tokio::runtime::Handle) {
    let pacer = Pacer::new(shared.settings.rate, shared.settings.throttle_pause_us);
    let mut worker = Worker {
        handle,
        calls: JoinSet::new(),
        started: HashMap::new(),
        pacer,
        breaker: Breaker::new(u64::from_ne_bytes(shared.id.0.to_ne_bytes())),
        since: Instant::now(),
        retry_at: None,
        last_error: String::new(),
        told: ConnectorStatus::default(),
        events: Vec::new(),
        shared,
    };
    worker.tell(0).await;
    worker.work().await;
    worker.leave().await;
    worker.shared.ended.send_replace(true);
}

impl Worker {
    async fn work(&mut self) {
        let shared = Arc::clone(&self.shared);
        let mut leave = shared.leave_by.subscribe();
        while leave.borrow_and_update().is_none() {
            let finished = self.fill();
            if finished > 0 {
                self.tell(finished).await;
                continue;
            }
            self.tell(0).await;
            let rest = self
                .breaker
                .rests_until(self.now_ms())
                .map(|until_ms| self.since + Duration::from_millis(until_ms));
            let wake = self.retry_at.or(rest).unwrap_or_else(|| Instant::now() + IDLE);
            // What comes while the supplier rests is given back at once.
            let room = rest.is_some() || self.has_room() && self.retry_at.is_none();
            tokio::select! {
                Some(done) = self.calls.join_next_with_id() => self.finish(done).await,
                () = shared.bell.notified(), if room => {}
                () = shared.knock.notified() => self.breaker.knock(),
                () = sleep_until(wake) => {}
                changed = leave.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Waits for outstanding answers until the deadline, then reports the rest as unknown.
    async fn leave(&mut self) {
        let given_back = self.give_back();
        self.tell(given_back).await;
        let until = self.shared.leave_by.borrow().unwrap_or_else(Instant::now);
        while !self.calls.is_empty() {
            tokio::select! {
                Some(done) = self.calls.join_next_with_id() => self.finish(done).await,
                () = sleep_until(until) => break,
            }
        }
        self.calls.abort_all();
        while let Some(done) = self.calls.join_next_with_id().await {
            self.finish(done).await;
        }
        self.told.links_up = 0;
        let status = ConnectorStatus { links_up: 0, ..self.status() };
        self.shared.sink.tell(self.shared.id, vec![ChannelEvent::Status(status)]).await;
    }

    /// Gives back what waits and was never sent; returns how many.
    fn give_back(&mut self) -> u32 {
        let waiting = self.shared.take_all();
        let given_back = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
        for dispatch in waiting {
            self.report_unsent(dispatch.attempt, Verdict::Transient);
        }
        given_back
    }

    fn has_room(&mut self) -> bool {
        let window = usize::try_from(self.shared.settings.window).unwrap_or(usize::MAX);
        let now_ms = self.now_ms();
        self.calls.len() < self.breaker.room(window, now_ms)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Starts calls; returns how many messages ended without one.
    fn fill(&mut self) -> u32 {
        self.retry_at = None;
        let now_ms = self.now_ms();
        if self.breaker.rests_until(now_ms).is_some() {
            return self.give_back();
        }
        let mut finished = 0_u32;
        while self.has_room() && self.shared.has_work() {
            if let Err(wait_us) = self.pacer.ready(self.now_us()) {
                self.retry_at = Some(Instant::now() + Duration::from_micros(wait_us));
                break;
            }
            let Next::Message(dispatch) = self.shared.next() else { break };
            finished = finished.saturating_add(self.begin(&dispatch));
        }
        finished
    }

    /// Starts the call of a message; returns 1 when the message ended without one.
    fn begin(&mut self, dispatch: &Dispatch) -> u32 {
        let put = guarded(self.shared.id, || {
            let now = self.shared.clock.now();
            if dispatch.expires_at <= now {
                return Err(Verdict::Transient);
            }
            self.call_of(dispatch).map(|call| (now, call)).ok_or(Verdict::Reroute)
        });
        let (now, call) = match put.unwrap_or(Err(Verdict::Crashed)) {
            Ok(put) => put,
            Err(verdict) => {
                self.report_unsent(dispatch.attempt, verdict);
                return 1;
            }
        };
        if self.pacer.take(self.now_us()).is_err() {
            // It was ready a moment ago on the same clock.
            tracing::debug!("the pace changed between two looks");
        }
        let courier = Arc::clone(&self.shared.courier);
        let task = self.calls.spawn_on(async move { courier.call(call).await }, &self.handle);
        self.started.insert(task.id(), (dispatch.attempt, now));
        0
    }

    fn call_of(&self, dispatch: &Dispatch) -> Option<Call> {
        let settings = &self.shared.settings;
        let text = text_of(dispatch)?;
        let number = dispatch.destination.msisdn().map(types::address::Msisdn::digits);
        let to = number.unwrap_or_else(|| dispatch.destination.text().into_owned());
        let id = dispatch.public_id.to_string();
        let from = dispatch.source.text();
        let values = Values { to: &to, from: &from, text, id: &id, reference: dispatch.form.reference };
        let body = match settings.method {
            Method::Get => Vec::new(),
            Method::Post => settings.body.render(&values, settings.escape)?.into_bytes(),
        };
        Some(Call {
            method: settings.method,
            url: Sensitive::new(settings.address(&values)?),
            headers: settings.headers.clone(),
            body: Sensitive::new(body),
            allow_private: true,
            timeout_ms: settings.timeout_ms,
        })
    }

    async fn finish(&mut self, done: Done) {
        self.close_call(done);
        let mut finished = 1;
        while let Some(done) = self.calls.try_join_next_with_id() {
            self.close_call(done);
            finished += 1;
        }
        self.tell(finished).await;
    }

    fn close_call(&mut self, done: Done) {
        let (id, answer) = match done {
            Ok((id, answer)) => (id, answer),
            // Cut off, or broken: the request may have left.
            Err(error) => (error.id(), Err(CourierError::NoAnswer { reason: "cut off" })),
        };
        let Some((attempt, written_at)) = self.started.remove(&id) else { return };
        match &answer {
            Ok(_) => self.breaker.answered(),
            Err(CourierError::NotConnected { .. } | CourierError::NoAnswer { .. }) => {
                let now_ms = self.now_ms();
                self.breaker.unanswered(now_ms);
            }
            // The address of this one message.
            Err(CourierError::Forbidden { .. }) => {}
        }
        let outcome = answer::read(&answer, &self.shared.settings);
        if outcome.verdict == Verdict::Throttled {
            let pause_us = outcome.pause_s.map(|s| u64::from(s.min(PAUSE_S_MAX)) * 1_000_000);
            let now_us = self.now_us();
            self.pacer.throttled(now_us, pause_us);
        }
        self.last_error = outcome.trouble.clone().unwrap_or_default();
        self.report(attempt, outcome, written_at);
    }

    fn report(&mut self, attempt: AttemptRef, outcome: Outcome, written_at: Timestamp) {
        let outcome = PartOutcome {
            part: 1,
            verdict: outcome.verdict,
            status: outcome.status,
            carrier_id: outcome.carrier_id,
            written_at,
            answered_at: self.shared.clock.now(),
        };
        self.events.push(ChannelEvent::Outcome { attempt, outcome, parts: 1 });
    }

    fn report_unsent(&mut self, attempt: AttemptRef, verdict: Verdict) {
        let outcome = Outcome { verdict, status: 0, carrier_id: None, pause_s: None, trouble: None };
        let now = self.shared.clock.now();
        self.report(attempt, outcome, now);
    }

    fn status(&mut self) -> ConnectorStatus {
        let now_ms = self.now_ms();
        ConnectorStatus {
            links_up: u32::from(self.breaker.rests_until(now_ms).is_none()),
            links: 1,
            window: self.shared.settings.window,
            window_used: u32::try_from(self.calls.len()).unwrap_or(u32::MAX),
            rate_per_second: self.pacer.rate_per_second(),
            last_error: self.last_error.clone(),
            ..ConnectorStatus::default()
        }
    }

    /// Tells what has happened, the credit that it frees, and the state if it changed.
    async fn tell(&mut self, finished: u32) {
        let mut events = std::mem::take(&mut self.events);
        let credit = self.shared.finish(finished);
        if credit > 0 {
            events.push(ChannelEvent::Credit(credit));
        }
        let status = self.status();
        if (ConnectorStatus { window_used: status.window_used, ..self.told.clone() }) != status {
            events.push(ChannelEvent::Status(status.clone()));
            self.told = status;
        }
        if !events.is_empty() {
            self.shared.sink.tell(self.shared.id, events).await;
        }
    }
}

/// The text of a message. Octets in a text alphabet are read; other octets cannot be put into a request.
/// The text of a message in the form that a supplier's API takes.
fn text_of(dispatch: &Dispatch) -> Option<&str> {
    match (dispatch.content.as_ref(), dispatch.form.encoding) {
        (Content::Text(text), Encoding::Utf8) => Some(text),
        _ => None,
    }
}
