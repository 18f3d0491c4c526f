//! Webhook calls: one try of one event, and what its answer means.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use decide::notice::wait_ms;
use ports::courier::{Answer, Call, CourierError};
use ports::store::OutboxRetry;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use types::account::Endpoint;
use types::id::{EventId, RowKey};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::{Event, Notifier};
use crate::engine::{Change, Input};
use crate::inbox::Kind;
use crate::shared::{Count, Shared};
use crate::submission::{ReplyTo, Submission};

/// Webhook calls at once, over all endpoints, that have not waited for long.
pub(super) const CALLS_MAX: usize = 256;
/// Webhook calls at once, over all endpoints, that have waited for longer than [`PROMPT_MS`]. They stand
/// apart from the others, so that listeners that answer nothing take no place from those that answer. When
/// there is no room here, a call is given up as unanswered and tried again later.
pub(super) const SILENT_CALLS_MAX: usize = 1_024;
/// Milliseconds after which a call without an answer counts as silent.
const PROMPT_MS: u64 = 1_000;
/// The status by which a listener says that it wants no more calls (RFC 9110, section 15.5.11;
/// Standard Webhooks asks to switch such an address off).
const GONE: u16 = 410;

/// How a webhook answered when it was tried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestCall {
    /// The event's id (`webhook-id`).
    pub id: EventId,
    /// The HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// Why no answer came.
    pub error: Option<String>,
    /// Milliseconds until the answer, or until none was waited for.
    pub took_ms: u64,
}

/// How an event under way ended.
enum End {
    /// The listener took it.
    Told,
    /// The endpoint's form has no such event.
    Moot,
    /// It cannot be told at all.
    GivenUp,
}

impl Notifier {
    /// Calls an endpoint once with an event that tells nothing.
    ///
    /// # Errors
    /// `conflict` for a form without such an event, `rate_limited` while all calls are under way.
    pub(crate) async fn try_out(
        &self,
        endpoint: &Endpoint,
        allow_private: bool,
    ) -> Result<TestCall, Refusal> {
        let Ok(_permit) = self.calls.try_acquire() else {
            let detail = "too many calls are under way; try again in a moment";
            return Err(Refusal::new(RefusalCode::RateLimited, detail).retry_after(2));
        };
        let renderer = self.renderers.iter().find(|renderer| renderer.kind() == endpoint.kind);
        let now = self.clock.now();
        let sequence = u32::try_from(self.entropy.next_u64() >> 48).unwrap_or(0);
        let id = EventId::new(RowKey::from_parts(now.as_ms(), sequence), self.entropy.next_u64());
        let call = renderer.and_then(|renderer| renderer.render_test(endpoint, id, now));
        let Some(mut call) = call else {
            let detail = "events of this kind have no form for a test";
            return Err(Refusal::new(RefusalCode::Conflict, detail).at("id"));
        };
        call.allow_private = allow_private;
        let began_us = self.clock.monotonic_us();
        let outcome = self.courier.call(call).await;
        let took_ms = self.clock.monotonic_us().saturating_sub(began_us) / 1_000;
        let (status, error) = match outcome {
            Ok(answer) => (Some(answer.status), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Ok(TestCall { id, status, error, took_ms })
    }

    /// Starts one call.
    pub(super) fn call(
        &self,
        shared: &Arc<Shared>,
        endpoint: &Arc<Endpoint>,
        event: Event,
        allow_private: bool,
    ) {
        let renderer = self.renderers.iter().find(|renderer| renderer.kind() == endpoint.kind).cloned();
        let shared = Arc::clone(shared);
        let endpoint = Arc::clone(endpoint);
        let clock = Arc::clone(&self.clock);
        let calls = Arc::clone(&self.calls);
        self.runtime.spawn(async move {
            let Ok(permit) = calls.acquire_owned().await else { return };
            let Some(renderer) = renderer else {
                tracing::error!(kind = endpoint.kind.as_str(), "nobody writes events of this kind");
                shared.notifier.ended(&shared, &endpoint, event.key, End::GivenUp);
                return;
            };
            let rendered =
                catch_unwind(AssertUnwindSafe(|| renderer.render(&endpoint, &event.report, clock.now())));
            let mut call = match rendered {
                Ok(Some(call)) => call,
                Ok(None) => return shared.notifier.ended(&shared, &endpoint, event.key, End::Moot),
                Err(_) => return shared.notifier.crashed(&shared, &endpoint, &event),
            };
            let owner = shared.directory.load().owner(endpoint.account, clock.now());
            if let Some(owner) = owner {
                call = renderer.prove(call, &owner, clock.now());
            }
            call.allow_private = allow_private;
            let mut outcome = shared.notifier.answer_of(&endpoint, event.key, call, permit).await;
            if let Ok(answer) = &outcome
                && is_taken(answer)
            {
                let reply = renderer.reply(&endpoint, &event.report, answer.body.expose(), clock.now());
                if let Some(reply) = reply
                    && !hand_in(&shared, reply, clock.now())
                {
                    // The listener is asked again what it wants sent.
                    outcome = Err(CourierError::NoAnswer { reason: "its reply could not be taken now" });
                }
            }
            shared.notifier.called(&shared, &endpoint, &event, outcome);
        });
    }

    /// Makes the call. While it waits for long, it stands with the silent ones.
    async fn answer_of(
        &self,
        endpoint: &Endpoint,
        key: RowKey,
        call: Call,
        permit: OwnedSemaphorePermit,
    ) -> Result<Answer, CourierError> {
        let mut answer = self.courier.call(call);
        tokio::select! {
            biased;
            outcome = &mut answer => return outcome,
            () = self.clock.sleep(PROMPT_MS) => {}
        }
        if let Some(lane) = self.lock().by_endpoint.get_mut(&endpoint.id) {
            lane.note_silence(key);
        }
        let Ok(_silent) = Arc::clone(&self.silent_calls).try_acquire_owned() else {
            return Err(CourierError::NoAnswer { reason: "too many listeners are silent" });
        };
        drop(permit);
        answer.await
    }

    /// Writing an event crashed: it is tried once more, and then it is a dead letter for a person. What
    /// counts is the number of tries on disk, so that a restart in between makes no difference.
    fn crashed(&self, shared: &Shared, endpoint: &Endpoint, event: &Event) {
        shared.metrics.crashed("report");
        tracing::error!(
            event = event.report.id.to_string(),
            endpoint = endpoint.id.0,
            "writing an event crashed"
        );
        shared.metrics.told(0, 1);
        if event.tries > 0 {
            self.ended(shared, endpoint, event.key, End::GivenUp);
        } else {
            self.try_again(shared, endpoint, event.key, None, self.clock.now());
            self.kick(endpoint.id);
        }
    }

    fn called(
        &self,
        shared: &Shared,
        endpoint: &Endpoint,
        event: &Event,
        outcome: Result<Answer, CourierError>,
    ) {
        let now = self.clock.now();
        let taken = outcome.as_ref().is_ok_and(is_taken);
        if let Some(lane) = self.lock().by_endpoint.get_mut(&endpoint.id) {
            lane.note_answer(taken, now);
        }
        if taken {
            shared.metrics.told(1, 0);
            self.ended(shared, endpoint, event.key, End::Told);
            return;
        }
        let retry_after_s = outcome.as_ref().ok().and_then(|answer| answer.retry_after_s);
        let why = match &outcome {
            Ok(answer) => format!("status {}", answer.status),
            Err(error) => error.to_string(),
        };
        tracing::info!(
            endpoint = endpoint.id.0,
            account = endpoint.account.0,
            why,
            "a webhook was not taken"
        );
        shared.metrics.told(0, 1);
        self.try_again(shared, endpoint, event.key, retry_after_s, now);
        if outcome.is_ok_and(|answer| answer.status == GONE) {
            // Nobody waits for the answer: a switch that was not written is tried with the next 410.
            let (unheard, _) = oneshot::channel();
            self.report(shared, Input::Change(Change::EndpointDisabled(endpoint.id), unheard));
        }
        self.kick(endpoint.id);
    }

    fn try_again(
        &self,
        shared: &Shared,
        endpoint: &Endpoint,
        key: RowKey,
        retry_after_s: Option<u32>,
        now: Timestamp,
    ) {
        let mut lanes = self.lock();
        let Some(lane) = lanes.by_endpoint.get_mut(&endpoint.id) else { return };
        let Some(tries) = lane.count_try(key) else { return };
        let wait = wait_ms(tries, self.entropy.next_u64(), retry_after_s);
        let next_at = wait.map_or(Timestamp::NEVER, |ms| now.plus_ms(ms));
        if wait.is_some() {
            lane.delay(key, next_at);
        } else {
            // A dead letter stays in the store for a person; its message's next event may go.
            lane.finish(key);
        }
        self.report(shared, Input::ReportsRetry(vec![OutboxRetry { key, tries, next_at }]));
    }

    /// An event under way has ended. The engine hears of it under the same lock; see `kick`.
    fn ended(&self, shared: &Shared, endpoint: &Endpoint, key: RowKey, end: End) {
        let mut lanes = self.lock();
        let lane = lanes.by_endpoint.get_mut(&endpoint.id);
        let tries = lane.map_or(0, |lane| {
            let tries = lane.count_try(key).unwrap_or(1);
            lane.finish(key);
            tries
        });
        let input = match end {
            End::Told => Input::ReportsDone(vec![key]),
            End::Moot => Input::ReportsMoot(vec![key]),
            End::GivenUp => Input::ReportsRetry(vec![OutboxRetry { key, tries, next_at: Timestamp::NEVER }]),
        };
        self.report(shared, input);
        drop(lanes);
        self.kick(endpoint.id);
    }
}

/// Whether a listener has taken an event by this answer.
fn is_taken(answer: &Answer) -> bool {
    (200..300).contains(&answer.status)
}

/// Hands in what a listener wants sent. A refusal of it is counted, and nobody is told; `false` when it
/// cannot be taken now.
fn hand_in(shared: &Shared, reply: Submission, now: Timestamp) -> bool {
    if let Err(refusal) = shared.take_rate(&reply, now) {
        shared.count(&[Count::Refused(Some(reply.account), refusal.code)]);
        return false;
    }
    let (unheard, _) = oneshot::channel();
    let input = Input::Submit(reply, ReplyTo::Once(unheard));
    shared.inbox.push(Kind::Submission, input).is_ok()
}
