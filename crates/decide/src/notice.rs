//! When an event that could not be told is told again (the schedule of Standard Webhooks).

/// Milliseconds to wait after each failed try; after the last one the event is a dead letter.
/// Together 75 hours and 35 minutes.
pub const WAITS_MS: [i64; 9] =
    [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 50_400_000, 72_000_000, 86_400_000];

/// Failed calls in a row after which an endpoint is left alone for a while.
pub const BREAKER_FAILURES: u32 = 5;
/// Milliseconds for which it is left alone; then one call tries.
pub const BREAKER_PAUSE_MS: i64 = 30_000;
/// The most that `Retry-After` can ask for.
pub const RETRY_AFTER_S_MAX: u32 = 3_600;

/// Milliseconds until the next try after `tries` failed ones, with 0 to 20 % of jitter added by
/// `chance`; `None` when there is none left.
pub fn wait_ms(tries: u16, chance: u64, retry_after_s: Option<u32>) -> Option<i64> {
    let base = *WAITS_MS.get(usize::from(tries).checked_sub(1)?)?;
    let jitter = base / 5 * i64::try_from(chance % 1_001).unwrap_or(0) / 1_000;
    let asked = i64::from(retry_after_s.unwrap_or(0).min(RETRY_AFTER_S_MAX)) * 1_000;
    Some((base + jitter).max(asked))
}

#[cfg(test)]
mod tests {
    use super::{WAITS_MS, wait_ms};

    #[test]
    fn waits_for_75_hours_in_all() {
        assert_eq!(WAITS_MS.iter().sum::<i64>(), (75 * 60 + 35) * 60_000 + 5_000);
        assert_eq!(wait_ms(1, 0, None), Some(5_000));
        assert_eq!(wait_ms(1, 1_000, None), Some(6_000));
        assert_eq!(wait_ms(1, 0, Some(60)), Some(60_000));
        assert_eq!(wait_ms(1, 0, Some(999_999)), Some(3_600_000));
        assert_eq!(wait_ms(10, 0, None), None);
        assert_eq!(wait_ms(0, 0, None), None);
    }
}
