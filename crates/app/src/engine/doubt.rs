//! Attempts of which no answer has told an id, by the phone that they went to. A receipt that carries an
//! id which nobody was told can be meant for one of these only; when there are several, nobody can say
//! for which, and nobody guesses.
//!
//! Those of open messages are in memory. A message that has ended may have such an attempt too, and its
//! receipt may still come. It is marked in the receipt map, under the phone in place of an id, so that it
//! is known after a restart and forgotten when the message did not end after all: one mark leads to the
//! newest such attempt to a phone, and one for each attempt to the one before. Start at
//! [`Engine::only_doubt`].

use decide::lifecycle::PARKED_HORIZON_MS;
use ports::store::ReceiptTarget;
use types::id::{ConnectorId, RowKey};
use types::receipt::{ReceiptNotice, Verdict};
use types::time::Timestamp;

use super::live::AttemptLive;
use super::receipts::map_row;
use super::{Engine, EngineError};
use crate::maps::IdMap;

/// A connector and the hash of a recipient.
pub(crate) type Slot = (ConnectorId, i64);
/// A message and the number of its attempt.
pub(crate) type Attempt = (RowKey, u8);

/// How long attempts of ended messages count, milliseconds: seven days, since the receipt of one that is
/// left out would be taken for that of another, and as long as that receipt may have been parked.
const ENDED_KEPT_MS: i64 = 604_800_000 + PARKED_HORIZON_MS;
/// Marks of one phone that are followed. Of a phone with more, receipts are found by their ids alone.
const MARKS_MAX: usize = 64;
/// Stands before a mark, so that it is never taken for an id.
const MARK: char = '?';

/// What leads to the newest attempt to a phone whose message has ended in doubt.
fn newest_mark(recipient: i64) -> String {
    format!("{MARK}{recipient:016x}")
}

/// What leads from such an attempt to the one before it.
fn earlier_mark(recipient: i64, (message, number): Attempt) -> String {
    format!("{MARK}{recipient:016x}/{:x}.{number}", message.as_i64())
}

/// An attempt of which nobody knows the outcome, and nobody will be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    target: ReceiptTarget,
    started_at: Timestamp,
}

impl Doubt {
    /// Whether a receipt that was read then may be meant: it came in the 72 hours after the attempt.
    pub(super) fn may_be_meant(&self, read_at: Timestamp) -> bool {
        (0..=PARKED_HORIZON_MS).contains(&read_at.ms_since(self.started_at))
    }
}

/// Attempts of ended messages to a phone of which nothing was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    None,
    One(Attempt),
    /// Also when there are too many marks to follow.
    Several,
}

/// The attempts of open messages.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    by_slot: IdMap<Slot, Vec<Attempt>>,
}

impl Doubts {
    /// An attempt is made, or found on disk without an answer.
    pub(crate) fn add(&mut self, slot: Slot, attempt: Attempt) {
        let attempts = self.by_slot.entry(slot).or_default();
        if !attempts.contains(&attempt) {
            attempts.push(attempt);
        }
    }

    /// What became of an attempt is known, or its message has ended.
    pub(crate) fn remove(&mut self, slot: Slot, attempt: Attempt) {
        let Some(attempts) = self.by_slot.get_mut(&slot) else { return };
        attempts.retain(|known| *known != attempt);
        if attempts.is_empty() {
            self.by_slot.remove(&slot);
        }
    }

    /// Forgets everything, before the open messages are read anew.
    pub(crate) fn clear(&mut self) {
        self.by_slot.clear();
    }

    /// The attempts to a phone without an outcome.
    fn of(&self, slot: Slot) -> &[Attempt] {
        self.by_slot.get(&slot).map_or(&[], Vec::as_slice)
    }
}

impl Engine {
    /// The attempt without a known outcome that a receipt can only belong to. Its id is known from then
    /// on: whatever else the carrier tells under it finds the same.
    pub(super) fn doubt_of(
        &mut self,
        connector: ConnectorId,
        notice: &ReceiptNotice,
        now: Timestamp,
    ) -> Result<Option<ReceiptTarget>, EngineError> {
        let Some(slot) = self.slot_of(connector, notice) else { return Ok(None) };
        let only = self.only_doubt(slot, now)?.filter(|only| only.may_be_meant(notice.read_at));
        if let Some(only) = only {
            self.map_receipts(connector, &notice.carrier_id, only.target);
        }
        Ok(only.map(|only| only.target))
    }

    /// The attempt to a phone of which nobody knows the outcome, when there is exactly one, it had one
    /// part, and no answer is to be expected any more.
    pub(super) fn only_doubt(&mut self, slot: Slot, now: Timestamp) -> Result<Option<Doubt>, EngineError> {
        let open = match self.doubts.of(slot) {
            [] => None,
            [open] => Some(*open),
            [..] => return Ok(None),
        };
        if let Some(open) = open {
            self.ensure_live(&[open.0])?;
            if self.given_up(open).is_none() {
                return Ok(None);
            }
        }
        Ok(match (open, self.ended_in_doubt(slot, now)?) {
            (Some(only), Ended::None) | (None, Ended::One(only)) => self.given_up(only),
            _ => None,
        })
    }

    /// Whether a receipt to this phone may be meant for an attempt that waits for its id.
    pub(super) fn awaits_an_id(&mut self, slot: Slot, now: Timestamp) -> Result<bool, EngineError> {
        if !self.doubts.of(slot).is_empty() {
            return Ok(true);
        }
        Ok(self.ended_in_doubt(slot, now)? != Ended::None)
    }

    /// An attempt that had one part, when its answer is not to be expected any more.
    fn given_up(&self, (message, number): Attempt) -> Option<Doubt> {
        let attempts = &self.live.get(&message)?.attempts;
        let known = attempts.iter().find(|known| known.number == number)?;
        let target = ReceiptTarget { message, attempt: number, part: 1 };
        let is_given_up = known.answers == [Some(Verdict::Unknown)];
        is_given_up.then_some(Doubt { target, started_at: known.started_at })
    }

    /// The attempts of ended messages to a phone of which nothing was heard.
    fn ended_in_doubt(&mut self, (connector, recipient): Slot, now: Timestamp) -> Result<Ended, EngineError> {
        let mut ended = Ended::None;
        let mut mark = newest_mark(recipient);
        for _ in 0..MARKS_MAX {
            let Some(target) = self.marked(connector, &mark)? else { return Ok(ended) };
            let attempt = (target.message, target.attempt);
            self.ensure_live(&[target.message])?;
            if let Some(live) = self.live.get(&target.message) {
                let ended_at = live.progress.final_at.unwrap_or(now);
                if now.ms_since(ended_at) > ENDED_KEPT_MS {
                    return Ok(ended);
                }
                let known = live.attempts.iter().find(|known| known.number == target.attempt);
                match (known.is_some_and(AttemptLive::is_in_doubt), ended) {
                    (false, _) => {}
                    (true, Ended::None) => ended = Ended::One(attempt),
                    (true, Ended::One(_) | Ended::Several) => return Ok(Ended::Several),
                }
            }
            mark = earlier_mark(recipient, attempt);
        }
        Ok(Ended::Several)
    }

    /// Where a mark leads.
    fn marked(&mut self, connector: ConnectorId, mark: &str) -> Result<Option<ReceiptTarget>, EngineError> {
        if let Some(target) = self.mapped_in_batch(connector, mark) {
            return Ok(Some(target));
        }
        let found = self.store.receipt_targets(&[(connector, mark.to_owned())])?;
        Ok(found.into_iter().flatten().next())
    }

    /// Follows whether it is known what became of an attempt.
    pub(super) fn follow_doubt(&mut self, key: RowKey, number: u8) {
        let Some(live) = self.live.get(&key) else { return };
        let Some(attempt) = live.attempts.iter().find(|known| known.number == number) else { return };
        let slot = (attempt.connector, live.facts.recipient_hash);
        match (attempt.is_in_doubt(), live.progress.state.is_final()) {
            (true, false) => self.doubts.add(slot, (key, number)),
            (true, true) => {}
            (false, _) => {
                self.doubts.remove(slot, (key, number));
                self.parked_receipts.look_again(slot);
            }
        }
    }

    /// A message has ended: those of its attempts of which nothing was heard are marked on disk.
    pub(super) fn end_doubts(&mut self, key: RowKey) -> Result<(), EngineError> {
        let Some(live) = self.live.get(&key) else { return Ok(()) };
        let recipient = live.facts.recipient_hash;
        let in_doubt = live.attempts.iter().filter(|attempt| attempt.is_in_doubt());
        let in_doubt: Vec<_> = in_doubt.map(|attempt| (attempt.connector, attempt.number)).collect();
        for (connector, number) in in_doubt {
            self.doubts.remove((connector, recipient), (key, number));
            let (mark, target) =
                (newest_mark(recipient), ReceiptTarget { message: key, attempt: number, part: 1 });
            if let Some(earlier) = self.marked(connector, &mark)? {
                self.draft.batch.receipt_map.push(map_row(
                    connector,
                    earlier_mark(recipient, (key, number)),
                    earlier,
                ));
            }
            self.draft.batch.receipt_map.push(map_row(connector, mark, target));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use types::id::{ConnectorId, RowKey};

    use super::{Attempt, Doubts, earlier_mark, newest_mark};

    const SLOT: (ConnectorId, i64) = (ConnectorId(1), 7);

    fn attempt(key: i64) -> Attempt {
        (RowKey::from_i64(key), 1)
    }

    #[test]
    fn attempts_are_kept_by_phone_and_once_each() {
        let mut doubts = Doubts::default();
        doubts.add(SLOT, attempt(1));
        doubts.add(SLOT, attempt(1));
        assert_eq!(doubts.of(SLOT), [attempt(1)]);
        doubts.add(SLOT, attempt(2));
        assert_eq!((doubts.of(SLOT).len(), doubts.of((ConnectorId(2), 7)).len()), (2, 0));
        doubts.remove(SLOT, attempt(1));
        doubts.remove(SLOT, attempt(3));
        assert_eq!(doubts.of(SLOT), [attempt(2)]);
        doubts.remove(SLOT, attempt(2));
        assert!(doubts.of(SLOT).is_empty() && doubts.by_slot.is_empty());
    }

    #[test]
    fn marks_differ_from_each_other_and_from_ids() {
        let marks = [
            newest_mark(-7),
            newest_mark(7),
            earlier_mark(7, attempt(1)),
            earlier_mark(7, attempt(17)),
            earlier_mark(7, (RowKey::from_i64(1), 17)),
        ];
        for (place, mark) in marks.iter().enumerate() {
            assert!(mark.starts_with('?') && !marks[..place].contains(mark), "{mark}");
        }
    }
}
