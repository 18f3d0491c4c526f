//! Rates: a bucket of tokens that fills with time.

use types::time::Timestamp;

/// A bucket that holds up to twice the rate and fills by the rate each second.
#[derive(Clone, Copy, Debug)]
pub struct TokenBucket {
    /// Thousandths of a token.
    level_milli: i64,
    filled_at: Timestamp,
}

impl TokenBucket {
    /// A full bucket.
    pub const fn full(rate_per_second: u32, now: Timestamp) -> Self {
        Self { level_milli: rate_per_second as i64 * 2_000, filled_at: now }
    }

    /// How many tokens could be taken now.
    pub fn left(&self, rate_per_second: u32, now: Timestamp) -> u32 {
        u32::try_from(self.level_at(i64::from(rate_per_second), now).div_euclid(1_000).max(0))
            .unwrap_or(u32::MAX)
    }

    /// Thousandths of a token at a time: the bucket fills by the rate and holds twice as much.
    fn level_at(&self, rate: i64, now: Timestamp) -> i64 {
        let passed_ms = now.ms_since(self.filled_at).clamp(0, 3_600_000);
        (self.level_milli + passed_ms * rate).min(rate * 2_000)
    }

    /// Takes `count` tokens if they are there; otherwise says in how many milliseconds they will
    /// be. A rate of zero lifts the limit. More tokens than the bucket holds are taken from a full
    /// bucket, which then stays empty for as long as they are worth.
    ///
    /// # Errors
    /// Milliseconds to wait.
    pub fn take(&mut self, count: u32, rate_per_second: u32, now: Timestamp) -> Result<(), u64> {
        if rate_per_second == 0 {
            return Ok(());
        }
        let rate = i64::from(rate_per_second);
        let capacity = rate * 2_000;
        self.level_milli = self.level_at(rate, now);
        self.filled_at = now;
        let wanted = i64::from(count) * 1_000;
        let needed = wanted.min(capacity);
        if self.level_milli >= needed {
            self.level_milli -= wanted;
            return Ok(());
        }
        let missing = needed - self.level_milli;
        Err(u64::try_from(missing.div_euclid(rate) + 1).unwrap_or(1))
    }
}

impl TokenBucket {
    /// Gives back what was taken for something that did not happen. A bucket never holds more than it can.
    pub fn give_back(&mut self, count: u32) {
        self.level_milli = self.level_milli.saturating_add(i64::from(count) * 1_000);
    }
}

#[cfg(test)]
mod tests {
    use types::time::Timestamp;

    use super::TokenBucket;

    #[test]
    fn lets_the_rate_through_and_says_when_to_come_back() {
        let at = Timestamp::from_ms;
        let mut bucket = TokenBucket::full(10, at(0));
        for _ in 0..20 {
            assert_eq!(bucket.take(1, 10, at(0)), Ok(()));
        }
        assert_eq!(
            (bucket.left(10, at(0)), bucket.left(10, at(250)), bucket.left(10, at(9_000))),
            (0, 2, 20)
        );
        assert_eq!(bucket.take(1, 10, at(0)), Err(101));
        assert_eq!(bucket.take(1, 10, at(101)), Ok(()));
        assert_eq!(bucket.take(100, 10, at(10_000)), Ok(()));
        assert!(bucket.take(1, 10, at(11_000)).is_err());
        assert_eq!(bucket.take(1_000_000, 0, at(11_000)), Ok(()));
    }

    #[test]
    fn what_was_given_back_can_be_taken_again() {
        let now = Timestamp::from_ms(0);
        let mut bucket = TokenBucket::full(10, now);
        assert_eq!(bucket.take(20, 10, now), Ok(()));
        bucket.give_back(5);
        assert_eq!(bucket.take(5, 10, now), Ok(()));
        assert!(bucket.take(1, 10, now).is_err());
        bucket.give_back(1_000);
        assert_eq!(bucket.left(10, now), 20);
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let mut bucket = TokenBucket::full(1, Timestamp::from_ms(10_000));
        assert_eq!(bucket.take(2, 1, Timestamp::from_ms(0)), Ok(()));
        assert!(bucket.take(1, 1, Timestamp::from_ms(1)).is_err());
    }
}
