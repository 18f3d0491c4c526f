//! What becomes of a message whose recipient wants no more: nothing of it is sent from then on, and nothing is
//! said of it that nobody knows.
//!
//! Start at [`Step::suppressed`].

use types::message::{Reason, State};

use super::transition::{Outcome, Step};
use super::{Effects, NotApplicable, RECEIPT_HORIZON_MS};

impl Step<'_> {
    /// Ends what waits to be tried. Of a message whose last attempt may have arrived, only the next one is
    /// called off: it goes back to waiting for word.
    pub(super) fn suppressed(mut self) -> Outcome {
        if !matches!(self.stage.state, State::Accepted | State::Scheduled | State::Queued) {
            return Err(NotApplicable);
        }
        if self.may_have_been_taken() {
            return self.wait_for_word();
        }
        // A carrier took it, and the next connector was to be tried because no receipt came.
        if self.stage.reason == Reason::NoReceipt
            && let Some(since) = self.stage.submitted_at
        {
            return self.wait_for_receipt(since.plus_ms(RECEIPT_HORIZON_MS));
        }
        self.stage.reason = Reason::Suppressed;
        self.end(State::Cancelled)
    }

    /// Back to what it was before its patience ended.
    fn wait_for_receipt(mut self, horizon: types::time::Timestamp) -> Outcome {
        if self.now >= horizon {
            return self.end(State::NoReport);
        }
        self.stage.state = State::Submitted;
        self.stage.due_at = horizon;
        Ok((self.stage, Effects::default()))
    }
}
