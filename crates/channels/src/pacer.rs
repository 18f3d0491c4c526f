//! The pace of a link: a token bucket that slows down when the carrier asks for it and then feels
//! its way back.
//!
//! Pure: times are microseconds of any clock that never goes back. Start at [`Pacer::take`].

/// Micro-tokens that one request takes.
const TOKEN: u64 = 1_000_000;
/// Microseconds of a second.
const SECOND_US: u64 = 1_000_000;
/// The slowest pace, in thousandths of a request per second.
const FLOOR: u64 = 1_000;
/// Parts of a second that may be sent at once after a moment of silence.
const BURST_PARTS: u64 = 20;
/// Seconds of recovery after which a link that had no pace of its own is unpaced again at the latest.
const CATCH_UP_SECONDS_MAX: u64 = 600;

/// Grants requests at a pace. Rates are kept in thousandths of a request per second.
#[derive(Clone, Debug)]
pub(crate) struct Pacer {
    /// The pace that the connector's options set; 0 for none.
    configured: u64,
    /// The pace now; 0 for none.
    rate: u64,
    /// The pace at which the carrier last asked to slow down; recovery aims at it.
    target: u64,
    tokens: u64,
    refilled_us: u64,
    raised_us: u64,
    paused_until_us: u64,
    pause_us: u64,
    counting_since_us: u64,
    counted: u64,
    /// Requests of the last whole second.
    measured: u64,
}

impl Pacer {
    /// A pacer of `rate_per_second` requests, 0 for as many as the window lets through. After a
    /// throttling answer it pauses for `pause_us`.
    pub(crate) fn new(rate_per_second: u32, pause_us: u64) -> Self {
        let configured = u64::from(rate_per_second) * 1_000;
        Self {
            configured,
            rate: configured,
            target: configured,
            tokens: TOKEN,
            refilled_us: 0,
            raised_us: 0,
            paused_until_us: 0,
            pause_us,
            counting_since_us: 0,
            counted: 0,
            measured: 0,
        }
    }

    /// Takes the right to send one request.
    ///
    /// # Errors
    /// The microseconds to wait before asking again, at least 1.
    pub(crate) fn take(&mut self, now_us: u64) -> Result<(), u64> {
        self.ready(now_us)?;
        if self.rate > 0 {
            self.tokens = self.tokens.saturating_sub(TOKEN);
        }
        if now_us.saturating_sub(self.counting_since_us) >= SECOND_US {
            self.measured = self.counted;
            self.counted = 0;
            self.counting_since_us = now_us;
        }
        self.counted = self.counted.saturating_add(1);
        Ok(())
    }

    /// Whether a request may be sent now, without taking the right.
    ///
    /// # Errors
    /// As [`Pacer::take`].
    pub(crate) fn ready(&mut self, now_us: u64) -> Result<(), u64> {
        if now_us < self.paused_until_us {
            return Err(self.paused_until_us - now_us);
        }
        self.raise(now_us);
        self.refill(now_us);
        if self.rate == 0 || self.tokens >= TOKEN {
            return Ok(());
        }
        let missing = TOKEN.saturating_sub(self.tokens);
        Err((missing.saturating_mul(1_000) / self.rate).max(1))
    }

    /// Microseconds until so many requests may have been sent at the pace of now.
    pub(crate) fn time_for(&self, requests: usize, now_us: u64) -> u64 {
        let pause_us = self.paused_until_us.saturating_sub(now_us);
        if self.rate == 0 {
            return pause_us;
        }
        let wanted = u64::try_from(requests).unwrap_or(u64::MAX).saturating_mul(TOKEN);
        let missing = wanted.saturating_sub(self.tokens);
        pause_us.saturating_add(missing.saturating_mul(1_000) / self.rate)
    }

    /// The carrier asked to slow down. One decrease answers all such answers to one burst; a longer
    /// pause than usual may be asked for. Returns whether the pace changed.
    pub(crate) fn throttled(&mut self, now_us: u64, pause_us: Option<u64>) -> bool {
        let in_pause = now_us < self.paused_until_us;
        let pause_us = pause_us.unwrap_or(self.pause_us).max(self.pause_us);
        self.paused_until_us = self.paused_until_us.max(now_us.saturating_add(pause_us));
        if in_pause {
            return false;
        }
        let measured = self.measured.max(self.counted).saturating_mul(1_000);
        self.target = if self.rate == 0 { measured.max(FLOOR) } else { self.rate };
        self.rate = (self.target * 7 / 10).max(FLOOR);
        self.tokens = 0;
        self.raised_us = self.paused_until_us;
        self.refilled_us = self.paused_until_us;
        true
    }

    /// The pace now in whole requests per second; 0 for unpaced.
    pub(crate) fn rate_per_second(&self) -> u32 {
        u32::try_from(self.rate.div_ceil(1_000)).unwrap_or(u32::MAX)
    }

    fn refill(&mut self, now_us: u64) {
        let elapsed = now_us.saturating_sub(self.refilled_us);
        self.refilled_us = self.refilled_us.max(now_us);
        let burst = (self.rate * 1_000 / BURST_PARTS).max(TOKEN);
        self.tokens = self.tokens.saturating_add(elapsed.saturating_mul(self.rate) / 1_000).min(burst);
    }

    /// Raises the pace by a fixed step for every second without a throttling answer: a tenth of the
    /// target while far from it, a fiftieth when close, so that most of what the carrier allows is used.
    fn raise(&mut self, now_us: u64) {
        if self.rate == self.configured {
            return;
        }
        let seconds = (now_us.saturating_sub(self.raised_us) / SECOND_US).min(CATCH_UP_SECONDS_MAX);
        if seconds == 0 {
            return;
        }
        self.raised_us = now_us;
        for _ in 0..seconds {
            let far = self.rate < self.target * 9 / 10;
            let step = if far { self.target / 10 } else { self.target / 50 };
            self.rate = self.rate.saturating_add(step.max(FLOOR));
            if self.configured > 0 && self.rate >= self.configured {
                self.rate = self.configured;
                return;
            }
            if self.configured == 0 && self.rate >= self.target.saturating_mul(2) {
                self.rate = 0;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pacer, SECOND_US};

    /// Requests granted between two times when asked as often as possible.
    fn granted(pacer: &mut Pacer, from_us: u64, until_us: u64) -> u64 {
        let mut now_us = from_us;
        let mut count = 0;
        while now_us < until_us {
            match pacer.take(now_us) {
                Ok(()) => {
                    count += 1;
                    // Asking takes time too, or an unpaced link would never reach the end.
                    now_us += 10;
                }
                Err(wait_us) => now_us += wait_us,
            }
        }
        count
    }

    #[test]
    fn the_pace_is_kept() {
        for rate in [1, 7, 100, 5_000] {
            let mut pacer = Pacer::new(rate, SECOND_US);
            let count = granted(&mut pacer, 0, 10 * SECOND_US);
            let wanted = u64::from(rate) * 10;
            assert!((wanted..=wanted + wanted / 100 + 2).contains(&count), "{rate}: {count}");
        }
        let mut unpaced = Pacer::new(0, SECOND_US);
        assert!((0..100_000).all(|_| unpaced.take(5).is_ok()));
    }

    #[test]
    fn throttling_pauses_decreases_once_and_recovers() {
        let mut pacer = Pacer::new(100, SECOND_US);
        assert!(pacer.throttled(SECOND_US, None));
        assert!(!pacer.throttled(SECOND_US + 10, None), "one burst decreases once");
        assert_eq!(pacer.rate_per_second(), 70);
        assert_eq!(granted(&mut pacer, SECOND_US + 10, 2 * SECOND_US), 0);
        let recovered = granted(&mut pacer, 2 * SECOND_US, 20 * SECOND_US);
        assert_eq!(pacer.rate_per_second(), 100);
        assert!(recovered > 18 * 95, "{recovered}");
    }

    #[test]
    fn it_never_stops_altogether() {
        let mut pacer = Pacer::new(2, SECOND_US);
        for round in 0..50 {
            assert!(pacer.throttled(round * 2 * SECOND_US, None));
        }
        assert_eq!(pacer.rate_per_second(), 1);
    }

    #[test]
    fn the_time_of_several_requests_is_known_before() {
        let mut pacer = Pacer::new(2, SECOND_US);
        assert_eq!(pacer.time_for(1, 0), 0, "the first may go at once");
        assert_eq!(pacer.time_for(5, 0), 2 * SECOND_US);
        pacer.throttled(0, None);
        assert_eq!(pacer.time_for(1, SECOND_US / 2), SECOND_US / 2 + 714_285, "pause and slower pace");
        assert_eq!(Pacer::new(0, SECOND_US).time_for(1_000, 0), 0);
    }

    #[test]
    fn a_longer_pause_is_kept() {
        let mut pacer = Pacer::new(0, SECOND_US);
        pacer.throttled(0, Some(30 * SECOND_US));
        assert_eq!(pacer.ready(SECOND_US), Err(29 * SECOND_US));
    }

    #[test]
    fn an_unpaced_link_starts_from_what_was_measured() {
        let mut pacer = Pacer::new(0, SECOND_US);
        for request in 0..1_000 {
            assert!(pacer.take(request * 1_000).is_ok());
        }
        assert!(pacer.throttled(SECOND_US - 1, None));
        assert_eq!(pacer.rate_per_second(), 700);
        granted(&mut pacer, 2 * SECOND_US, 120 * SECOND_US);
        assert_eq!(pacer.rate_per_second(), 0, "unpaced again after a long quiet time");
    }
}
