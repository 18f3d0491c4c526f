//! Which promises have been kept: receipts matched to the ids that the answers gave.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher as _;

use serde_json::{Value, json};

use super::super::latency::Latencies;

/// Into how many pieces a run of so many messages is cut.
const TENTHS: u64 = 10;

/// What is known of an id.
#[derive(Clone, Copy)]
enum Known {
    /// It was promised, at this time.
    Promised(u64),
    /// Its receipt has come before the answer.
    Early,
    /// Both have come.
    Done,
}

/// Receipts of a run.
#[derive(Default)]
pub(super) struct Receipts {
    hasher: RandomState,
    /// By the hash of the id: a run has some millions of them and 64 bits.
    ids: HashMap<u64, Known>,
    matched: u64,
    repeated: u64,
    unreadable: u64,
    last_us: u64,
    latencies: Latencies,
    /// A tenth of the run's messages, where their number is planned.
    tenth: u64,
    /// When each tenth of the receipts had come.
    tenths_us: Vec<u64>,
}

impl Receipts {
    /// Receipts of so many messages.
    pub(super) fn of(messages: Option<u64>) -> Self {
        Self { tenth: messages.unwrap_or(0) / TENTHS, ..Self::default() }
    }

    /// An answer has given an id to a message that was due then.
    pub(super) fn promise(&mut self, id: &[u8], due_us: u64) {
        let hash = self.hasher.hash_one(id);
        match self.ids.entry(hash) {
            Entry::Vacant(entry) => drop(entry.insert(Known::Promised(due_us))),
            Entry::Occupied(mut entry) => {
                if matches!(entry.get(), Known::Early) {
                    entry.insert(Known::Done);
                    self.matched += 1;
                }
            }
        }
    }

    /// A receipt has come.
    pub(super) fn receive(&mut self, id: Option<&str>, now_us: u64) {
        let Some(id) = id else {
            self.unreadable += 1;
            return;
        };
        let hash = self.hasher.hash_one(id.as_bytes());
        match self.ids.entry(hash) {
            Entry::Vacant(entry) => drop(entry.insert(Known::Early)),
            Entry::Occupied(mut entry) => match *entry.get() {
                Known::Promised(due_us) => {
                    entry.insert(Known::Done);
                    self.matched += 1;
                    self.last_us = now_us;
                    self.latencies.note(now_us.saturating_sub(due_us));
                    self.note_tenths(now_us);
                }
                Known::Early | Known::Done => self.repeated += 1,
            },
        }
    }

    fn note_tenths(&mut self, now_us: u64) {
        let reached = self.matched.checked_div(self.tenth).unwrap_or(0).min(TENTHS);
        while u64::try_from(self.tenths_us.len()).is_ok_and(|noted| noted < reached) {
            self.tenths_us.push(now_us);
        }
    }

    /// Promises whose receipt has come.
    pub(super) const fn matched(&self) -> u64 {
        self.matched
    }

    /// The counts as JSON. `per_second` counts from the first message to the last receipt.
    pub(super) fn summary(&mut self) -> Value {
        let foreign = self.ids.values().filter(|known| matches!(known, Known::Early)).count();
        let missing = self.ids.values().filter(|known| matches!(known, Known::Promised(_))).count();
        json!({
            "matched": self.matched, "missing": missing, "foreign": foreign, "repeated": self.repeated,
            "unreadable": self.unreadable,
            "per_second": self.matched.saturating_mul(1_000_000) / self.last_us.max(1),
            "latency_us": self.latencies.summary(), "tenths_us": self.tenths_us,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Receipts;

    #[test]
    fn receipts_are_matched_in_either_order_and_counted_once() {
        let mut receipts = Receipts::default();
        receipts.promise(b"a", 0);
        receipts.receive(Some("a"), 1_000_000);
        receipts.receive(Some("a"), 1_000_001);
        receipts.receive(Some("b"), 1_000_002);
        receipts.promise(b"b", 5);
        receipts.promise(b"c", 5);
        receipts.receive(Some("d"), 9);
        receipts.receive(None, 9);
        let summary = receipts.summary();
        assert_eq!(summary["tenths_us"], serde_json::json!([]));
        for (name, expected) in [
            ("matched", 2),
            ("missing", 1),
            ("foreign", 1),
            ("repeated", 1),
            ("unreadable", 1),
            ("per_second", 2),
        ] {
            assert_eq!(summary[name], expected, "{name}");
        }
    }

    #[test]
    fn the_moment_of_each_tenth_is_kept() {
        let mut receipts = Receipts::of(Some(20));
        for number in 0..20_u64 {
            let id = number.to_string();
            receipts.promise(id.as_bytes(), 0);
            receipts.receive(Some(&id), number + 1);
        }
        assert_eq!(receipts.summary()["tenths_us"], serde_json::json!([2, 4, 6, 8, 10, 12, 14, 16, 18, 20]));
    }
}
