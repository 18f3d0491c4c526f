//! Durations of one run, kept one by one so that percentiles are exact.

use serde_json::{Value, json};

/// Durations that are kept; of a longer run the later ones are counted and not kept.
const KEPT_MAX: usize = 20_000_000;

/// Durations in microseconds.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    kept_us: Vec<u32>,
    dropped: u64,
}

impl Latencies {
    /// Keeps a duration.
    pub(super) fn note(&mut self, duration_us: u64) {
        if self.kept_us.len() < KEPT_MAX {
            self.kept_us.push(u32::try_from(duration_us).unwrap_or(u32::MAX));
        } else {
            self.dropped += 1;
        }
    }

    /// `{p50, p90, p99, max}` in microseconds, all zero when nothing was kept.
    pub(super) fn summary(&mut self) -> Value {
        self.kept_us.sort_unstable();
        let at = |per_mille: usize| {
            let last = self.kept_us.len().saturating_sub(1);
            self.kept_us.get(last * per_mille / 1_000).copied().unwrap_or(0)
        };
        json!({ "p50": at(500), "p90": at(900), "p99": at(990), "max": at(1_000), "not_kept": self.dropped })
    }
}

#[cfg(test)]
mod tests {
    use super::Latencies;

    #[test]
    fn percentiles_are_exact() {
        let mut latencies = Latencies::default();
        for duration_us in (0..=1_000).rev() {
            latencies.note(duration_us);
        }
        let summary = latencies.summary();
        for (name, expected) in [("p50", 500), ("p90", 900), ("p99", 990), ("max", 1_000)] {
            assert_eq!(summary[name], expected, "{name}");
        }
        assert_eq!(Latencies::default().summary()["p99"], 0);
    }
}
