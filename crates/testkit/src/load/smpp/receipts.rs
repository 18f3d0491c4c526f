//! Which promises have been kept: receipts matched to the ids that the answers gave.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher as _;

use serde_json::{Value, json};

use super::super::latency::Latencies;

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
}

impl Receipts {
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
                }
                Known::Early | Known::Done => self.repeated += 1,
            },
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
            "latency_us": self.latencies.summary(),
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
}
