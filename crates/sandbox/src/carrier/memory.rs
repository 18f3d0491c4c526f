//! What the carrier remembers: the newest messages for `query_sm` and `cancel_sm`, and which messages it has
//! refused or cut already.
//!
//! Both are bounded and forget the oldest first.

use std::collections::{HashMap, VecDeque};

use smpp::MessageState;
use types::time::Timestamp;

use super::fate::Fate;
use super::incoming::StoredAddress;
use super::queue::{CONTRADICTION_MS, DueKey};

/// Messages that can be asked about.
const RECENT_MAX: usize = 100_000;
/// Refused or cut messages whose repeat is recognised.
const REPEATS_MAX: usize = 10_000;

/// One message, or one `submit_multi`.
pub(crate) struct Record {
    /// Who sent it, and who alone may ask about it.
    pub(crate) source: StoredAddress,
    /// What becomes of it.
    pub(crate) fate: Fate,
    /// When it becomes final, on the clock that never goes back.
    pub(crate) done_ms: u64,
    /// The same on the wall clock.
    pub(crate) done_at: Timestamp,
    /// Whether it was cancelled.
    pub(crate) cancelled: bool,
    /// Its receipt, while that waits.
    pub(crate) pending: Option<DueKey>,
    /// Whether it is a `submit_multi`, of which no single message can be cancelled.
    pub(crate) is_multi: bool,
}

impl Record {
    /// The state at that time, and its error.
    pub(crate) fn state_at(&self, now_ms: u64) -> (MessageState, u16) {
        if self.cancelled {
            (MessageState::Deleted, 0)
        } else if now_ms < self.done_ms {
            (MessageState::Enroute, 0)
        } else if self.fate == Fate::Contradicted && now_ms >= self.done_ms + CONTRADICTION_MS {
            (MessageState::Undeliverable, 10)
        } else {
            self.fate.end()
        }
    }
}

/// The newest messages. Ids are consecutive, so that a look-up is one subtraction.
pub(crate) struct Recent {
    records: VecDeque<Record>,
    next_id: u64,
}

impl Recent {
    /// Begins at an id.
    pub(crate) fn new(first_id: u64) -> Self {
        Self { records: VecDeque::new(), next_id: first_id }
    }

    /// Keeps a message under the next id.
    pub(crate) fn issue(&mut self, record: Record) -> u64 {
        if self.records.len() >= RECENT_MAX {
            self.records.pop_front();
        }
        self.records.push_back(record);
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// The message of an id, unless it is forgotten.
    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Record> {
        let age = usize::try_from(self.next_id.checked_sub(id)?).ok()?;
        let index = self.records.len().checked_sub(age)?;
        self.records.get_mut(index)
    }
}

/// Counts how often a message was turned away.
#[derive(Default)]
pub(crate) struct Repeats {
    counts: HashMap<u64, u8>,
    order: VecDeque<u64>,
}

impl Repeats {
    /// Whether to turn this message away: yes for its first `times` attempts. The one after them passes, and the
    /// message is forgotten, so that the same text sent anew meets the same fate again.
    pub(crate) fn turns_away(&mut self, digest: u64, times: u8) -> bool {
        let count = self.counts.get(&digest).copied().unwrap_or(0);
        if count >= times {
            self.counts.remove(&digest);
            return false;
        }
        if self.counts.insert(digest, count + 1).is_none() {
            self.order.push_back(digest);
        }
        if self.order.len() > REPEATS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.counts.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use types::time::Timestamp;

    use super::{RECENT_MAX, REPEATS_MAX, Recent, Record, Repeats};
    use crate::carrier::fate::Fate;
    use crate::carrier::incoming::StoredAddress;

    fn record(done_ms: u64) -> Record {
        Record {
            source: StoredAddress::new(smpp::Address::EMPTY).unwrap(),
            fate: Fate::Delivered,
            done_ms,
            done_at: Timestamp::EPOCH,
            cancelled: false,
            pending: None,
            is_multi: false,
        }
    }

    #[test]
    fn forgets_the_oldest_messages() {
        let mut recent = Recent::new(500);
        let count = RECENT_MAX as u64 + 10;
        for number in 0..count {
            assert_eq!(recent.issue(record(number)), 500 + number);
        }
        assert_eq!(recent.records.len(), RECENT_MAX);
        for (id, known) in
            [(499, None), (509, None), (510, Some(10)), (509 + RECENT_MAX as u64, Some(count - 1))]
        {
            assert_eq!(recent.get_mut(id).map(|record| record.done_ms), known, "{id}");
        }
        assert!(recent.get_mut(500 + count).is_none(), "not issued yet");
        assert!(recent.get_mut(u64::MAX).is_none());
    }

    #[test]
    fn turns_away_as_often_as_told_and_stays_bounded() {
        let mut repeats = Repeats::default();
        for round in 0..2 {
            let answers: Vec<bool> = (0..3).map(|_| repeats.turns_away(7, 2)).collect();
            assert_eq!(answers, [true, true, false], "round {round}");
        }
        for digest in 0..3 * REPEATS_MAX as u64 {
            assert!(repeats.turns_away(digest, 1));
        }
        assert!(repeats.counts.len() <= REPEATS_MAX && repeats.order.len() <= REPEATS_MAX);
    }
}
