//! The guard against repeats: the same text to the same number within an account's guard, for doors
//! that promise one.
//!
//! It is memory only: after a start nothing counts as a repeat.

use types::id::AccountId;
use types::message::Draft;
use types::time::Timestamp;

use super::Engine;
use crate::sealed::write_content;

/// Entries of the guard; when it is full, it is emptied of what has lapsed, and when that does not
/// suffice, of all.
const REPEATS_MAX: usize = 100_000;

/// Account, recipient and content, the latter two as keyed hashes.
pub(crate) type RepeatKey = (AccountId, i64, i64);

impl Engine {
    /// What a draft is known by; `None` for a recipient that is no number.
    pub(super) fn repeat_key(&self, account: AccountId, draft: &Draft) -> Option<RepeatKey> {
        let recipient = self.hasher.number(draft.destination.msisdn()?);
        Some((account, recipient, self.hasher.hash(b'c', &write_content(&draft.content))))
    }

    /// Whether the same was taken less than `guard_ms` ago.
    pub(super) fn is_repeat(&self, key: &RepeatKey, guard_ms: i64, now: Timestamp) -> bool {
        self.repeats.get(key).is_some_and(|at| now.ms_since(*at) < guard_ms)
    }

    /// Remembers what is being taken.
    pub(super) fn remember_repeat(&mut self, key: RepeatKey, guard_ms: i64, now: Timestamp) {
        if self.repeats.len() >= REPEATS_MAX {
            self.repeats.retain(|_, at| now.ms_since(*at) < guard_ms);
            if self.repeats.len() >= REPEATS_MAX {
                self.repeats.clear();
            }
        }
        self.repeats.insert(key, now);
    }

    /// Forgets what was not taken after all.
    pub(super) fn forget_repeats(&mut self, keys: &[RepeatKey]) {
        for key in keys {
            self.repeats.remove(key);
        }
    }
}
