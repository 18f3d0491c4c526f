//! Whether a supplier is worth calling: after several calls in a row without an answer it rests, then one message
//! at a time tries it.
//!
//! Without it every message of a dead supplier would end in doubt, one time limit after the other. Pure; times are
//! milliseconds of any clock that never goes back. Start at [`Breaker::room`].

use crate::backoff;

/// Calls in a row without an answer after which the supplier rests.
const FAILURES_MAX: u32 = 5;
/// The first rest, in milliseconds; it doubles up to a minute.
const FIRST_REST_MS: u64 = 1_000;

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// So many calls in a row had no answer.
    Closed(u32),
    /// No calls until then.
    Resting(u64),
    /// One call at a time, until one has an answer.
    Trying,
}

/// The state of one supplier.
#[derive(Clone, Copy, Debug)]
pub(super) struct Breaker {
    stage: Stage,
    rests: u32,
    seed: u64,
}

impl Breaker {
    /// Nothing is known yet. The seed spreads the rests of connectors that fail together.
    pub(super) const fn new(seed: u64) -> Self {
        Self { stage: Stage::Closed(0), rests: 0, seed }
    }

    /// How many calls may be under way.
    pub(super) fn room(&mut self, window: usize, now_ms: u64) -> usize {
        if self.rests_until(now_ms).is_some() {
            return 0;
        }
        match self.stage {
            Stage::Closed(_) => window,
            Stage::Trying | Stage::Resting(_) => 1,
        }
    }

    /// When its rest is over; `None` when it does not rest.
    pub(super) fn rests_until(&mut self, now_ms: u64) -> Option<u64> {
        match self.stage {
            Stage::Resting(until_ms) if now_ms < until_ms => Some(until_ms),
            Stage::Resting(_) => {
                self.stage = Stage::Trying;
                None
            }
            Stage::Closed(_) | Stage::Trying => None,
        }
    }

    /// A call was answered, whatever the answer.
    pub(super) const fn answered(&mut self) {
        self.stage = Stage::Closed(0);
        self.rests = 0;
    }

    /// A call was not answered, or there was no connection.
    pub(super) fn unanswered(&mut self, now_ms: u64) {
        let failures = match self.stage {
            Stage::Closed(failures) => failures.saturating_add(1),
            Stage::Trying => FAILURES_MAX,
            // Begun before the rest.
            Stage::Resting(_) => return,
        };
        if failures < FAILURES_MAX {
            self.stage = Stage::Closed(failures);
            return;
        }
        let rest_ms = backoff::delay_ms(FIRST_REST_MS, self.rests, self.seed);
        self.rests = self.rests.saturating_add(1);
        self.stage = Stage::Resting(now_ms.saturating_add(rest_ms));
    }

    /// Somebody asks for a try at once.
    pub(super) const fn knock(&mut self) {
        if let Stage::Resting(_) = self.stage {
            self.stage = Stage::Trying;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Breaker, FAILURES_MAX};

    #[test]
    fn it_rests_longer_and_longer_and_is_whole_again_after_one_answer() {
        let mut breaker = Breaker::new(7);
        for _ in 1..FAILURES_MAX {
            breaker.unanswered(0);
            assert_eq!(breaker.room(10, 0), 10);
        }
        breaker.unanswered(0);
        let first = breaker.rests_until(0).unwrap();
        assert!((750..=1_250).contains(&first), "{first}");
        assert_eq!((breaker.room(10, first - 1), breaker.room(10, first)), (0, 1));
        breaker.unanswered(first);
        let second = breaker.rests_until(first).unwrap() - first;
        assert!((1_500..=2_500).contains(&second), "{second}");
        breaker.unanswered(first + 1);
        assert_eq!(breaker.rests_until(first).unwrap() - first, second, "begun before the rest");
        breaker.knock();
        assert_eq!(breaker.room(10, first), 1);
        breaker.answered();
        assert_eq!(breaker.room(10, first), 10);
        breaker.knock();
        assert_eq!(breaker.room(10, first), 10, "nothing to do");
    }

    #[test]
    fn an_answer_in_between_begins_the_count_anew() {
        let mut breaker = Breaker::new(7);
        for _ in 0..20 {
            breaker.unanswered(0);
            breaker.unanswered(0);
            breaker.answered();
        }
        assert_eq!(breaker.room(10, 0), 10);
    }
}
