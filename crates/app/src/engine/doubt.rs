//! Attempts of which no answer has told an id, by the phone that they went to. A receipt that carries an
//! id which nobody was told can be meant for one of these only; when there are several, nobody can say
//! for which, and nobody guesses.
//!
//! It knows nothing of receipts. Start at [`Doubts::only`].

use std::collections::{HashMap, VecDeque};

use types::id::{ConnectorId, RowKey};
use types::time::Timestamp;

/// A connector and the hash of a recipient.
pub(crate) type Slot = (ConnectorId, i64);
/// A message and the number of its attempt.
pub(crate) type Attempt = (RowKey, u8);

/// How long attempts of ended messages count, milliseconds: seven days, since the receipt of one that is
/// forgotten would be taken for that of another.
pub(crate) const ENDED_KEPT_MS: i64 = 604_800_000;
/// Attempts of ended messages that are remembered; more are forgotten, the oldest first.
const ENDED_MAX: usize = 100_000;

/// The attempts.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    by_slot: HashMap<Slot, Vec<Attempt>>,
    /// Those of messages that have ended meanwhile, with the time until which they count.
    ended: VecDeque<(Timestamp, Slot, Attempt)>,
}

impl Doubts {
    /// An attempt is made, or found on disk without an answer.
    pub(crate) fn add(&mut self, slot: Slot, attempt: Attempt) {
        let attempts = self.by_slot.entry(slot).or_default();
        if !attempts.contains(&attempt) {
            attempts.push(attempt);
        }
    }

    /// What became of an attempt is known. Tells whether exactly one is left for this phone.
    pub(crate) fn remove(&mut self, slot: Slot, attempt: Attempt) -> bool {
        let Some(attempts) = self.by_slot.get_mut(&slot) else { return false };
        attempts.retain(|known| *known != attempt);
        if attempts.is_empty() {
            self.by_slot.remove(&slot);
            return false;
        }
        attempts.len() == 1
    }

    /// The message has ended, and what became of the attempt is still not known: until `until` a receipt
    /// may be meant for it.
    pub(crate) fn outlive(&mut self, until: Timestamp, slot: Slot, attempt: Attempt) {
        if self.ended.len() >= ENDED_MAX {
            self.forget_first();
        }
        self.ended.push_back((until, slot, attempt));
    }

    /// Forgets what is too old to be meant.
    pub(crate) fn lapse(&mut self, now: Timestamp) {
        while self.ended.front().is_some_and(|(until, ..)| *until <= now) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, slot, attempt)) = self.ended.pop_front() {
            self.remove(slot, attempt);
        }
    }

    /// Forgets the attempts of open messages, which are about to be read anew.
    pub(crate) fn clear_open(&mut self) {
        let before = std::mem::take(&mut self.by_slot);
        let is_open = |slot: &Slot, attempt: &Attempt| {
            before.get(slot).is_some_and(|attempts| attempts.contains(attempt))
        };
        self.ended.retain(|(_, slot, attempt)| is_open(slot, attempt));
        for (_, slot, attempt) in &self.ended {
            self.by_slot.entry(*slot).or_default().push(*attempt);
        }
    }

    /// Whether any attempt to a phone has no outcome.
    pub(crate) fn has(&self, slot: Slot) -> bool {
        self.by_slot.contains_key(&slot)
    }

    /// The attempt to a phone without an outcome, when there is exactly one.
    pub(crate) fn only(&self, slot: Slot) -> Option<Attempt> {
        match self.by_slot.get(&slot)?.as_slice() {
            [attempt] => Some(*attempt),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use types::id::{ConnectorId, RowKey};
    use types::time::Timestamp;

    use super::Doubts;

    const SLOT: (ConnectorId, i64) = (ConnectorId(1), 7);

    fn attempt(key: i64) -> (RowKey, u8) {
        (RowKey::from_i64(key), 1)
    }

    #[test]
    fn one_of_several_is_never_told() {
        let mut doubts = Doubts::default();
        doubts.add(SLOT, attempt(1));
        doubts.add(SLOT, attempt(1));
        assert_eq!(doubts.only(SLOT), Some(attempt(1)));
        doubts.add(SLOT, attempt(2));
        assert_eq!((doubts.only(SLOT), doubts.has(SLOT)), (None, true));
        assert!(doubts.remove(SLOT, attempt(1)));
        assert_eq!(doubts.only(SLOT), Some(attempt(2)));
        assert!(!doubts.remove(SLOT, attempt(2)));
        assert!(!doubts.has(SLOT));
    }

    #[test]
    fn what_has_ended_counts_for_a_while() {
        let mut doubts = Doubts::default();
        doubts.add(SLOT, attempt(1));
        doubts.outlive(Timestamp::from_ms(100), SLOT, attempt(1));
        doubts.clear_open();
        doubts.add(SLOT, attempt(2));
        doubts.lapse(Timestamp::from_ms(99));
        assert_eq!(doubts.only(SLOT), None);
        doubts.lapse(Timestamp::from_ms(100));
        assert_eq!(doubts.only(SLOT), Some(attempt(2)));
    }
}
