//! How long to wait before the next try to bring a link up.
//!
//! Pure: the jitter is a hash of connector, session and try, so that no source of chance is needed
//! and links of one connector do not knock at the same moment. Start at [`delay_ms`].

/// The longest wait, in milliseconds.
pub(crate) const DELAY_MS_MAX: u64 = 60_000;

/// Milliseconds before try number `attempt` (counted from zero): doubled from `first_ms` up to
/// [`DELAY_MS_MAX`], each with up to a quarter less or more.
pub(crate) fn delay_ms(first_ms: u64, attempt: u32, seed: u64) -> u64 {
    let doubled = first_ms.saturating_mul(1_u64 << attempt.min(16)).min(DELAY_MS_MAX.max(first_ms));
    let chance = mix(seed ^ (u64::from(attempt) << 48)) % 1_000;
    doubled * 3 / 4 + doubled / 2 * chance / 1_000
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
const fn mix(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::{DELAY_MS_MAX, delay_ms};

    #[test]
    fn grows_within_its_bounds_and_spreads() {
        for attempt in 0..100 {
            for seed in 0..50 {
                let middle = 1_000_u64.saturating_mul(1 << attempt.min(16)).min(DELAY_MS_MAX);
                let delay = delay_ms(1_000, attempt, seed);
                assert!((middle * 3 / 4..=middle * 5 / 4).contains(&delay), "{attempt} {seed}: {delay}");
            }
        }
        let distinct: std::collections::BTreeSet<_> = (0..50).map(|seed| delay_ms(1_000, 0, seed)).collect();
        assert!(distinct.len() > 40);
    }
}
