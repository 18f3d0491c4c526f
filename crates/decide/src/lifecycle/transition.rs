//! The transitions, one method per input: what each state makes of it.
//!
//! Nothing here is reached but through [`super::step`], and nothing here knows of stores, links or
//! clocks. Start at [`Step::begin`] and go on in the order in which things happen to a message;
//! [`Step::end`] is the only way to an end and the only place that settles a hold.

use types::charge::{ChargeState, ChargeTrigger, PostingKind};
use types::message::{Flags, Reason, State, UnknownPolicy};
use types::receipt::{ReceiptState, Verdict};
use types::time::Timestamp;

use super::{
    ATTEMPTS_MAX, Effects, NotApplicable, Policy, RECEIPT_HORIZON_MS, Stage, THROTTLED_WAIT_MS,
    TRANSIENT_WAITS_MS, UNKNOWN_GRACE_MS, UNKNOWN_HORIZON_MS,
};

/// When so few attempts are left, waits stretch over what is left of the validity, so that a
/// carrier that asks for patience never uses the attempts up.
const ATTEMPTS_STRETCHED: u8 = 50;

/// One step: the stage that it starts from becomes the stage that it leads to.
pub(super) struct Step<'a> {
    pub(super) stage: Stage,
    pub(super) policy: &'a Policy<'a>,
    pub(super) now: Timestamp,
}

pub(super) type Outcome = Result<(Stage, Effects), NotApplicable>;

impl Step<'_> {
    /// A message whose validity has ended is not begun: [`Input::Due`] ends it. One that waits for a
    /// person is not begun either.
    pub(super) fn begin(mut self) -> Outcome {
        let is_paused = self.stage.flags.pause().is_some();
        if self.stage.state != State::Queued || self.now >= self.policy.expires_at || is_paused {
            return Err(NotApplicable);
        }
        self.stage.state = State::Sending;
        self.stage.attempts = self.stage.attempts.saturating_add(1);
        self.stage.due_at = Timestamp::NEVER;
        Ok((self.stage, Effects::default()))
    }

    pub(super) fn answer(mut self, attempt: u8, verdict: Verdict, reason: Reason) -> Outcome {
        let waiting = matches!(self.stage.state, State::Sending | State::Unknown);
        if attempt != self.stage.attempts || !waiting {
            return self.late_answer(attempt, verdict);
        }
        if self.stage.state == State::Unknown && verdict == Verdict::Unknown {
            return Err(NotApplicable);
        }
        self.stage.reason = reason;
        match verdict {
            Verdict::Accepted => self.submitted(),
            Verdict::Throttled => {
                let wait_ms = throttled_wait_ms(self.stage.attempts);
                self.requeue(wait_ms, Effects::default())
            }
            Verdict::Transient => {
                let place = usize::from(self.policy.transient_count).min(TRANSIENT_WAITS_MS.len() - 1);
                let wait_ms = TRANSIENT_WAITS_MS.get(place).copied().unwrap_or(THROTTLED_WAIT_MS);
                // Without leaving the connector, the wait of zero would come round to it again. After
                // as many moves as there are waits it waits all the same.
                let leave_connector = self.policy.more_connectors;
                let moves_on =
                    leave_connector && usize::from(self.policy.transient_count) < TRANSIENT_WAITS_MS.len();
                let wait_ms = if moves_on { 0 } else { wait_ms };
                self.requeue(wait_ms, Effects { transient: true, leave_connector, ..Effects::default() })
            }
            Verdict::Reroute => self.next_connector(State::Failed, Reason::RoutesExhausted),
            Verdict::Permanent => self.end(State::Failed),
            Verdict::Crashed => self.crashed_writing(),
            Verdict::Unknown => {
                self.stage.reason = if is_unanswered(reason) { reason } else { Reason::AnswerMissing };
                self.unknown()
            }
        }
    }

    /// An answer to an attempt that was given up: that it was taken means a possible duplicate when
    /// the message was, or may be, sent again, and means that it need not be when it still waits. An
    /// attempt of which a receipt told was given up for its receipt, and its answer is no news.
    fn late_answer(mut self, attempt: u8, verdict: Verdict) -> Outcome {
        if verdict != Verdict::Accepted || !self.was_made(attempt) || self.stage.state.is_final() {
            return Err(NotApplicable);
        }
        if attempt == self.stage.attempts {
            return if self.waits_to_be_resent() {
                self.taken_after_all(Reason::None)
            } else {
                Err(NotApplicable)
            };
        }
        let told_by_receipt = self.stage.state == State::Sending
            && attempt.saturating_add(1) == self.stage.attempts
            && matches!(self.stage.reason, Reason::Receipt | Reason::NoReceipt);
        if told_by_receipt || self.stage.flags.contains(Flags::POSSIBLE_DUPLICATE) {
            return Err(NotApplicable);
        }
        self.stage.flags = self.stage.flags.with(Flags::POSSIBLE_DUPLICATE);
        Ok((self.stage, Effects::default()))
    }

    const fn was_made(&self, attempt: u8) -> bool {
        attempt > 0 && attempt <= self.stage.attempts
    }

    /// Whether it waits to be sent again because nobody knows what became of the latest attempt.
    fn waits_to_be_resent(&self) -> bool {
        self.stage.state == State::Queued && is_unanswered(self.stage.reason)
    }

    /// The carrier has it, and what waited to be sent again is not.
    fn taken_after_all(mut self, reason: Reason) -> Outcome {
        self.unmark_resend();
        self.stage.reason = reason;
        self.submitted()
    }

    /// Takes back the mark of a copy that was never sent.
    pub(super) fn unmark_resend(&mut self) {
        if self.waits_to_be_resent() {
            let others = self.stage.flags.bits() & !Flags::POSSIBLE_DUPLICATE.bits();
            self.stage.flags = Flags::from_bits(others);
        }
    }

    fn submitted(mut self) -> Outcome {
        let first = self.stage.submitted_at.is_none();
        self.stage.state = State::Submitted;
        self.stage.submitted_at = self.stage.submitted_at.or(Some(self.now));
        let wait_ms = match self.policy.patience_ms {
            Some(patience_ms) if self.policy.more_connectors => patience_ms,
            _ => RECEIPT_HORIZON_MS,
        };
        self.stage.due_at = self.now.plus_ms(wait_ms);
        let captures =
            self.policy.trigger == ChargeTrigger::OnSubmit && self.stage.charge == ChargeState::Held;
        let money = captures.then_some(PostingKind::Capture);
        if captures {
            self.stage.charge = ChargeState::Charged;
        }
        if !self.policy.receipts {
            let (stage, effects) = Step { stage: self.stage, ..self }.end(State::NoReport)?;
            return Ok((stage, Effects { money: money.or(effects.money), ..effects }));
        }
        Ok((self.stage, Effects { money, tell: first, ..Effects::default() }))
    }

    /// Waits for a connector, unless the validity ends before the next try.
    pub(super) fn requeue(mut self, wait_ms: i64, effects: Effects) -> Outcome {
        let next = self.now.plus_ms(self.stretched_ms(wait_ms));
        if next >= self.policy.expires_at {
            self.stage.reason = Reason::ValidityEnded;
            return self.end(State::Expired);
        }
        if self.stage.attempts >= ATTEMPTS_MAX {
            self.stage.reason = Reason::RoutesExhausted;
            return self.end(State::Failed);
        }
        self.stage.state = State::Queued;
        self.stage.due_at = next;
        Ok((self.stage, Effects { enqueue: true, ..effects }))
    }

    /// A wait that lets the attempts left last as long as the validity.
    fn stretched_ms(&self, wait_ms: i64) -> i64 {
        let left = ATTEMPTS_MAX.saturating_sub(self.stage.attempts);
        if wait_ms == 0 || left == 0 || left >= ATTEMPTS_STRETCHED {
            return wait_ms;
        }
        let remaining_ms = self.policy.expires_at.ms_since(self.now);
        wait_ms.max(remaining_ms.div_euclid(i64::from(left)))
    }

    const fn has_attempts_left(&self) -> bool {
        self.stage.attempts < ATTEMPTS_MAX
    }

    /// Tries the next connector. Where there is none the message ends as `otherwise`; a refusal
    /// that comes after the validity ends it as expired.
    fn next_connector(mut self, otherwise: State, why: Reason) -> Outcome {
        let in_time = self.now < self.policy.expires_at || otherwise == State::Failed;
        if self.policy.more_connectors && in_time && self.has_attempts_left() {
            return self.requeue(0, Effects { leave_connector: true, ..Effects::default() });
        }
        if otherwise == State::Failed {
            self.stage.reason = why;
        }
        self.end(otherwise)
    }

    /// Nobody knows. The customer hears it unless it was told before that a carrier took it.
    pub(super) fn unknown(mut self) -> Outcome {
        self.stage.state = State::Unknown;
        let after_grace = self.now.plus_ms(UNKNOWN_GRACE_MS);
        let resends = self.may_resend() && after_grace < self.policy.expires_at;
        self.stage.due_at = if resends { after_grace } else { self.now.plus_ms(UNKNOWN_HORIZON_MS) };
        let query = self.policy.on_unknown == UnknownPolicy::AskPeer && self.policy.can_query;
        Ok((self.stage, Effects { tell: self.stage.submitted_at.is_none(), query, ..Effects::default() }))
    }

    /// Whether the policy sends it again after the grace time; it does so once.
    fn may_resend(&self) -> bool {
        let prefers_delivery = self.policy.on_unknown == UnknownPolicy::PreferDelivery;
        prefers_delivery && self.policy.resent_count == 0 && self.has_attempts_left()
    }

    pub(super) fn receipt(mut self, attempt: u8, state: ReceiptState) -> Outcome {
        if !self.was_made(attempt) {
            return Err(NotApplicable);
        }
        let Some(end) = state.end() else { return self.intermediate(attempt) };
        if self.stage.state.is_final() {
            return self.late_receipt(attempt, end);
        }
        if attempt < self.stage.attempts {
            return self.earlier_receipt(end);
        }
        // It waits for the next try already: that the last one failed changes nothing.
        if self.stage.state == State::Queued && end != State::Delivered {
            return Err(NotApplicable);
        }
        self.unmark_resend();
        self.note_receipt();
        let reroutes = self.policy.reroute_on.contains(&end) || self.policy.error_reroutes;
        if reroutes && end != State::Delivered {
            return self.next_connector(end, Reason::Receipt);
        }
        self.end(end)
    }

    /// A carrier that writes a receipt has taken the message, whether or not it answered.
    fn note_receipt(&mut self) {
        self.stage.reason = Reason::Receipt;
        self.stage.submitted_at = self.stage.submitted_at.or(Some(self.now));
    }

    /// A receipt of an attempt that was given up. A delivery is what the customer paid for; that a
    /// later attempt was made means a possible duplicate. A failure was known already.
    fn earlier_receipt(mut self, end: State) -> Outcome {
        if end != State::Delivered {
            return Err(NotApplicable);
        }
        self.stage.flags = self.stage.flags.with(Flags::POSSIBLE_DUPLICATE);
        self.note_receipt();
        self.end(end)
    }

    /// The carrier has it, but it is not at its end: an unknown outcome is known now.
    fn intermediate(self, attempt: u8) -> Outcome {
        let is_open = self.stage.state == State::Unknown || self.waits_to_be_resent();
        if is_open && attempt == self.stage.attempts {
            return self.taken_after_all(Reason::Receipt);
        }
        Err(NotApplicable)
    }

    /// A receipt after the end. `no_report` and `unconfirmed` were ends for want of knowledge and
    /// improve; every other end stays, and the contradiction is marked. The failure of an earlier
    /// attempt, or of one of two copies, contradicts nothing; the delivery of an earlier one is a
    /// possible duplicate.
    fn late_receipt(mut self, attempt: u8, end: State) -> Outcome {
        let before = self.stage;
        let is_latest = attempt == self.stage.attempts;
        if !is_latest && end != State::Delivered {
            return Err(NotApplicable);
        }
        if !is_latest {
            self.stage.flags = self.stage.flags.with(Flags::POSSIBLE_DUPLICATE);
        }
        if matches!(self.stage.state, State::NoReport | State::Unconfirmed) {
            self.note_receipt();
            return self.end(end);
        }
        let one_of_two = before.state == State::Delivered && before.flags.contains(Flags::POSSIBLE_DUPLICATE);
        let contradicts = end != before.state && !one_of_two;
        if contradicts {
            self.stage.flags = self.stage.flags.with(Flags::CONTRADICTED);
        } else if self.stage == before {
            return Err(NotApplicable);
        }
        Ok((self.stage, Effects { contradicts, ..Effects::default() }))
    }

    /// The carrier says that it has no such message: it is sent again, once, because some carriers
    /// say so of messages that they have.
    pub(super) fn not_known_by_peer(mut self) -> Outcome {
        let may_resend =
            self.policy.on_unknown != UnknownPolicy::PreferNoDuplicate && self.policy.resent_count == 0;
        if self.stage.state != State::Unknown || !may_resend {
            return Err(NotApplicable);
        }
        // "Not known" may also mean "known and forgotten".
        self.stage.reason = Reason::AnswerMissing;
        let (mut stage, effects) = self.requeue(0, Effects { resent: true, ..Effects::default() })?;
        if stage.state == State::Queued {
            stage.flags = stage.flags.with(Flags::POSSIBLE_DUPLICATE);
        }
        Ok((stage, effects))
    }

    pub(super) fn due(mut self) -> Outcome {
        if self.stage.due_at > self.now {
            return Err(NotApplicable);
        }
        match self.stage.state {
            State::Accepted | State::Scheduled | State::Queued if self.now >= self.policy.expires_at => {
                self.expire()
            }
            State::Accepted | State::Scheduled => {
                self.stage.state = State::Queued;
                self.stage.due_at = self.now;
                Ok((self.stage, Effects { enqueue: true, ..Effects::default() }))
            }
            State::Unknown => self.unknown_due(),
            State::Submitted => self.receipt_due(),
            _ => Err(NotApplicable),
        }
    }

    /// The validity ended before another attempt. When nobody knows what became of the last one, it
    /// goes back to waiting for word of it, because `expired` would be more than anybody knows.
    fn expire(mut self) -> Outcome {
        if self.may_have_been_taken() {
            return self.wait_for_word();
        }
        self.stage.reason = Reason::ValidityEnded;
        self.end(State::Expired)
    }

    /// Whether a copy waits to be sent of which the first may have arrived.
    pub(super) fn may_have_been_taken(&self) -> bool {
        self.waits_to_be_resent() && self.stage.flags.contains(Flags::POSSIBLE_DUPLICATE)
    }

    /// The copy will not be sent: what became of the first is as unknown as before.
    pub(super) fn wait_for_word(mut self) -> Outcome {
        self.unmark_resend();
        self.stage.state = State::Unknown;
        self.stage.due_at = self.now.plus_ms(UNKNOWN_HORIZON_MS);
        Ok((self.stage, Effects::default()))
    }

    /// Whether the carrier is asked before silence counts as its last word; it is asked once.
    fn may_ask(&self) -> bool {
        let asks = self.policy.on_unknown == UnknownPolicy::AskPeer && self.policy.can_query;
        asks && self.stage.reason != Reason::NoReceipt
    }

    fn unknown_due(mut self) -> Outcome {
        if self.may_resend() && self.now < self.policy.expires_at {
            self.stage.flags = self.stage.flags.with(Flags::POSSIBLE_DUPLICATE);
            return self.requeue(0, Effects { resent: true, ..Effects::default() });
        }
        self.end(State::Unconfirmed)
    }

    fn receipt_due(mut self) -> Outcome {
        let since = *self.stage.submitted_at.get_or_insert(self.now);
        let horizon = since.plus_ms(RECEIPT_HORIZON_MS);
        let patience_over = self.policy.patience_ms.is_some() && self.policy.more_connectors;
        let moves_on = patience_over && self.now < self.policy.expires_at && self.has_attempts_left();
        if !moves_on && self.now < horizon {
            self.stage.due_at = horizon;
            return Ok((self.stage, Effects::default()));
        }
        let asks = self.may_ask();
        self.stage.reason = Reason::NoReceipt;
        if asks {
            self.stage.due_at = self.now.plus_ms(UNKNOWN_GRACE_MS);
            return Ok((self.stage, Effects { query: true, ..Effects::default() }));
        }
        if moves_on {
            self.next_connector(State::NoReport, Reason::NoReceipt)
        } else {
            self.end(State::NoReport)
        }
    }

    /// Ends what no connector was ever tried with.
    pub(super) fn cancel(mut self) -> Outcome {
        if !matches!(self.stage.state, State::Accepted | State::Scheduled | State::Queued)
            || self.stage.attempts > 0
        {
            return Err(NotApplicable);
        }
        self.stage.reason = Reason::Withdrawn;
        self.end(State::Cancelled)
    }

    /// It was not written, so that it waits for the next connector as it waited for this one.
    pub(super) fn not_encodable(mut self) -> Outcome {
        if self.stage.state != State::Queued || !self.policy.more_connectors {
            return self.no_connector();
        }
        self.stage.due_at = self.now;
        Ok((self.stage, Effects { enqueue: true, ..Effects::default() }))
    }

    pub(super) fn no_connector(mut self) -> Outcome {
        if self.stage.state != State::Queued {
            return Err(NotApplicable);
        }
        if self.may_have_been_taken() {
            return self.wait_for_word();
        }
        let tried = self.stage.attempts > 0;
        self.stage.reason = if tried { Reason::RoutesExhausted } else { Reason::NotEncodable };
        self.end(State::Failed)
    }

    /// Ends the message and settles its hold. A charge that was made stays (rule PT-2.4a), and what
    /// was accepted under [`ChargeTrigger::OnAccept`] is charged whatever its end (rule PT-2.1d).
    pub(super) fn end(mut self, state: State) -> Outcome {
        self.stage.state = state;
        self.stage.final_at = Some(self.now);
        self.stage.due_at = Timestamp::NEVER;
        let money = match (self.stage.charge, self.policy.trigger) {
            (ChargeState::Held, ChargeTrigger::OnAccept) => Some(PostingKind::Capture),
            (ChargeState::Held, ChargeTrigger::OnDelivery) if state == State::Delivered => {
                Some(PostingKind::Capture)
            }
            (ChargeState::Held, ChargeTrigger::OnSubmit) if self.stage.submitted_at.is_some() => {
                Some(PostingKind::Capture)
            }
            (ChargeState::Held, _) => Some(PostingKind::Release),
            _ => None,
        };
        match money {
            Some(PostingKind::Capture) => self.stage.charge = ChargeState::Charged,
            Some(_) => self.stage.charge = ChargeState::Released,
            None => {}
        }
        Ok((self.stage, Effects { money, tell: true, ..Effects::default() }))
    }
}

/// Whether this is a reason for which nobody knows what became of an attempt.
pub(super) const fn is_unanswered(reason: Reason) -> bool {
    matches!(reason, Reason::LinkBroke | Reason::AnswerMissing | Reason::ProcessStopped)
}

fn throttled_wait_ms(attempts: u8) -> i64 {
    let longest_ms = TRANSIENT_WAITS_MS.last().copied().unwrap_or(THROTTLED_WAIT_MS);
    (THROTTLED_WAIT_MS << (attempts / 10)).min(longest_ms)
}
