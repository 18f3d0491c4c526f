//! Crashes, and messages that wait for a person: what stops them, and what lets them go on.
//!
//! Working on a message may crash. The first time that is counted and the message is tried once more; the
//! second time it is quarantined: it keeps state and hold and is not begun until a person releases it or
//! gives it up. A message from a backup waits in the same way. Nothing here ends a message but
//! [`Step::end`]. Start at [`Step::crashed_writing`].

use types::message::{Flags, Reason, State};
use types::time::Timestamp;

use super::transition::{Outcome, Step, is_unanswered};
use super::{CRASH_WAIT_MS, Effects, NotApplicable, UNKNOWN_HORIZON_MS};

impl Step<'_> {
    /// Writing it crashed, and nothing of it left: it is as if the attempt had not been made.
    pub(super) fn crashed_writing(mut self) -> Outcome {
        if !self.count_crash() {
            self.stage.reason = Reason::CrashedWriting;
            return self.requeue(CRASH_WAIT_MS, Effects::default());
        }
        let (mut stage, effects) = self.requeue(0, Effects::default())?;
        if stage.state == State::Queued {
            stage.flags = stage.flags.with(Flags::QUARANTINED);
            stage.reason = Reason::Quarantined;
        }
        Ok((stage, effects))
    }

    /// A step of the engine crashed on it. Its reason stays, because that may be what says that a copy may
    /// have arrived.
    pub(super) fn crashed(mut self) -> Outcome {
        if self.stage.state.is_final() {
            return Err(NotApplicable);
        }
        if self.count_crash() {
            return self.quarantine();
        }
        let later = self.now.plus_ms(CRASH_WAIT_MS);
        if self.stage.state != State::Sending {
            self.stage.due_at = self.stage.due_at.max(later);
        }
        self.waits(Reason::CrashedDeciding)
    }

    /// Notes a crash; tells whether it is the second.
    fn count_crash(&mut self) -> bool {
        let is_second = self.stage.flags.contains(Flags::CRASHED);
        self.stage.flags = self.stage.flags.with(Flags::CRASHED);
        is_second
    }

    fn quarantine(mut self) -> Outcome {
        // What is due crashed, so that it is never due again by itself.
        let is_due = match self.stage.state {
            State::Queued => self.now >= self.policy.expires_at,
            _ => self.stage.due_at <= self.now,
        };
        let again = self.stage.flags.contains(Flags::QUARANTINED);
        self.stage.flags = self.stage.flags.with(Flags::QUARANTINED);
        match self.stage.state {
            _ if is_due || again => self.stage.due_at = Timestamp::NEVER,
            State::Queued => self.stage.due_at = self.now,
            // The answer could not be taken, so nobody knows what it was.
            State::Sending => return self.answer_is_lost(),
            _ => {}
        }
        self.waits(Reason::Quarantined)
    }

    fn answer_is_lost(mut self) -> Outcome {
        let tell = self.stage.submitted_at.is_none();
        self.stage.state = State::Unknown;
        self.stage.reason = Reason::AnswerMissing;
        self.stage.due_at = self.now.plus_ms(UNKNOWN_HORIZON_MS);
        Ok((self.stage, Effects { tell, note: Some(Reason::Quarantined), ..Effects::default() }))
    }

    fn waits(self, note: Reason) -> Outcome {
        let enqueue = self.stage.state == State::Queued;
        Ok((self.stage, Effects { enqueue, note: Some(note), ..Effects::default() }))
    }

    /// A person lets it go on: from now on what is due is done. What comes from a backup may have been
    /// sent after that was taken; where the outcome of an attempt is unknown, a copy is marked when it is
    /// sent.
    pub(super) fn release(mut self) -> Outcome {
        if self.stage.state.is_final() || self.stage.flags.pause().is_none() {
            return Err(NotApplicable);
        }
        let was_restored = self.stage.flags.contains(Flags::RESTORED);
        self.stage.flags = self.stage.flags.without(Flags::PAUSES);
        if was_restored && !matches!(self.stage.state, State::Sending | State::Unknown) {
            self.stage.flags = self.stage.flags.with(Flags::POSSIBLE_DUPLICATE);
        }
        let was_never_due = self.stage.due_at == Timestamp::NEVER && self.stage.state != State::Sending;
        if self.stage.state == State::Queued || was_never_due {
            self.stage.due_at = self.now;
        }
        self.waits(Reason::Released)
    }

    /// A person gives it up. Its end says what is known of it: what a carrier may have is not `failed`.
    pub(super) fn give_up(mut self) -> Outcome {
        if self.stage.flags.pause().is_none() {
            return Err(NotApplicable);
        }
        let end = match self.stage.state {
            State::Accepted | State::Scheduled | State::Queued if self.may_have_been_taken() => {
                self.unmark_resend();
                State::Unconfirmed
            }
            State::Accepted | State::Scheduled | State::Queued => State::Failed,
            State::Unknown => State::Unconfirmed,
            State::Submitted => State::NoReport,
            _ => return Err(NotApplicable),
        };
        if !is_unanswered(self.stage.reason) {
            self.stage.reason = Reason::GivenUp;
        }
        let (stage, effects) = self.end(end)?;
        Ok((stage, Effects { note: Some(Reason::GivenUp), ..effects }))
    }
}
