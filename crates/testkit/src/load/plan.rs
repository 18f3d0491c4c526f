//! When messages are sent: at a steady rate, or as fast as answers come.

use std::str::FromStr;
use std::time::Duration;

use tokio::time::Instant;

/// A pace, as typed: a number of messages per second, or `max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rate {
    /// As fast as answers come.
    Max,
    /// Messages per second.
    PerSecond(u32),
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        text.parse().map(Self::PerSecond).map_err(|_| "expected messages per second, or max".to_owned())
    }
}

/// The plan of a run. Latencies count from the planned moment, so that a peer that stalls cannot hide the
/// messages that had to wait for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    began: Instant,
    rate: Rate,
    seconds: u64,
    messages: Option<u64>,
}

impl Plan {
    /// A run that begins now and ends after so many seconds, or when so many messages were sent.
    pub(super) fn begin(rate: Rate, seconds: u64, messages: Option<u64>) -> Self {
        Self { began: Instant::now(), rate, seconds, messages }
    }

    /// Whether the message of this number (from zero) is no more part of the run.
    pub(super) fn is_beyond(&self, number: u64) -> bool {
        self.messages.is_some_and(|messages| number >= messages)
    }

    /// How many messages the run has, where that is planned.
    pub(super) const fn messages(&self) -> Option<u64> {
        self.messages
    }

    /// Microseconds since the beginning.
    pub(super) fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// When sending ends, in microseconds since the beginning.
    pub(super) const fn end_us(&self) -> u64 {
        self.seconds * 1_000_000
    }

    /// When the message of this number (from zero) is to go, in microseconds since the beginning.
    pub(super) const fn due_us(&self, number: u64) -> Option<u64> {
        match self.rate {
            Rate::Max => None,
            Rate::PerSecond(0) => Some(u64::MAX),
            Rate::PerSecond(rate) => Some(number.saturating_mul(1_000_000) / rate as u64),
        }
    }

    /// That moment as one to sleep until.
    pub(super) fn instant(&self, since_us: u64) -> Instant {
        self.began + Duration::from_micros(since_us.min(self.end_us()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Plan, Rate};

    #[test]
    fn a_run_of_so_many_messages_ends_with_the_last() {
        let plan = Plan::begin(Rate::Max, 1, Some(2));
        assert_eq!([0, 1, 2, 3].map(|number| plan.is_beyond(number)), [false, false, true, true]);
        assert!(!Plan::begin(Rate::Max, 1, None).is_beyond(u64::MAX));
    }
}
