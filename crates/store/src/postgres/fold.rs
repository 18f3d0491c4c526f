//! Several changes of the same row as one.
//!
//! A statement touches a row once. Where a batch changes a lot or a message several times, its changes
//! are put together here, with the guards of each step; what no order could satisfy is refused.

use std::collections::HashMap;

use ports::store::{Batch, LotChange, MessageChange};
use types::charge::Lot;

use super::encode::Rows;
use crate::fault::Fault;

const FLOOR: Fault = Fault::Guard("lot floor");

/// All changes of one lot: the sums, and what must be there before so that every step is lawful.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct LotSum {
    available_delta: i64,
    held_delta: i64,
    least_available: i64,
    least_held: i64,
}

impl LotSum {
    fn add(&mut self, change: &LotChange) -> Result<(), Fault> {
        self.available_delta = self.available_delta.checked_add(change.available_delta).ok_or(FLOOR)?;
        self.held_delta = self.held_delta.checked_add(change.held_delta).ok_or(FLOOR)?;
        let least_available = change.floor_micros.saturating_sub(self.available_delta);
        self.least_available = self.least_available.max(least_available);
        self.least_held = self.least_held.max(0_i64.saturating_sub(self.held_delta));
        Ok(())
    }
}

/// New lots, and the changes of all lots in the order of their numbers.
pub(crate) fn lots(changes: &[LotChange]) -> Result<(Vec<&Lot>, Rows), Fault> {
    let (new, sums) = summed(changes)?;
    let mut rows = Rows::default();
    for (lot, sum) in sums {
        rows.push(5, |record| {
            record.big(lot).big(sum.available_delta).big(sum.held_delta);
            record.big(sum.least_available).big(sum.least_held);
        });
    }
    Ok((new, rows))
}

/// New lots, and what moves in which lot.
type Summed<'a> = (Vec<&'a Lot>, Vec<(i64, LotSum)>);

fn summed(changes: &[LotChange]) -> Result<Summed<'_>, Fault> {
    let mut new = Vec::new();
    let mut sums: HashMap<i64, LotSum> = HashMap::new();
    for change in changes {
        if let Some(lot) = &change.new {
            if sums.contains_key(&change.lot.0) {
                return Err(Fault::Guard("lot number"));
            }
            new.push(lot);
        }
        let none = LotSum { least_available: i64::MIN, least_held: i64::MIN, ..LotSum::default() };
        sums.entry(change.lot.0).or_insert(none).add(change)?;
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_unstable_by_key(|(lot, _)| *lot);
    Ok((new, sums))
}

/// The changes of messages, one for each message, in the order of the batch.
pub(crate) fn changes(batch: &Batch) -> Result<Vec<MessageChange>, Fault> {
    let mut folded: Vec<MessageChange> = Vec::with_capacity(batch.changes.len());
    let mut places = HashMap::with_capacity(batch.changes.len());
    for change in &batch.changes {
        let before = places.insert(change.key, folded.len()).and_then(|place| folded.get_mut(place));
        match before {
            None => folded.push(*change),
            Some(before) if before.progress.version == change.expected_version => {
                before.progress = change.progress;
                places.insert(change.key, folded.iter().position(|c| c.key == change.key).unwrap_or(0));
            }
            Some(_) => return Err(Fault::Guard("message version")),
        }
    }
    Ok(folded)
}

#[cfg(test)]
mod tests {
    use ports::conformance::store::BEGIN;
    use ports::conformance::store::rows::{change, lot_change, message};
    use ports::store::{Batch, LotChange};
    use types::id::RowKey;

    use super::{LotSum, changes, summed};

    fn sum(changes: &[LotChange]) -> Option<(i64, i64, i64, i64)> {
        let mut sum = LotSum { least_available: i64::MIN, least_held: i64::MIN, ..LotSum::default() };
        for change in changes {
            sum.add(change).ok()?;
        }
        Some((sum.available_delta, sum.held_delta, sum.least_available, sum.least_held))
    }

    #[test]
    fn every_step_of_a_lot_keeps_its_floor() {
        type Sums = Option<(i64, i64, i64, i64)>;
        let cases: [(&[LotChange], Sums); 5] = [
            (&[lot_change(1, -5, 5)], Some((-5, 5, 5, -5))),
            (&[lot_change(1, -5, 5), lot_change(1, 7, -7)], Some((2, -2, 5, 2))),
            (&[lot_change(1, 3, 0), lot_change(1, -9, 0)], Some((-6, 0, 6, 0))),
            (&[LotChange { floor_micros: i64::MIN, ..lot_change(1, -9, 0) }], Some((-9, 0, i64::MIN + 9, 0))),
            (&[lot_change(1, i64::MAX, 0), lot_change(1, 1, 0)], None),
        ];
        for (changes, expected) in cases {
            assert_eq!(sum(changes), expected, "{changes:?}");
        }
        let changes = [lot_change(2, 1, 0), lot_change(1, 1, 0), lot_change(2, 1, 0)];
        let lots: Vec<_> = summed(&changes).unwrap().1.into_iter().map(|(lot, _)| lot).collect();
        assert_eq!(lots, [1, 2]);
    }

    #[test]
    fn changes_of_a_message_follow_each_other() {
        let key = RowKey::from_i64(9);
        let row = message(key, key, 1, 1, BEGIN).message;
        let first = change(key, &row.progress, |progress| progress.attempts = 1);
        let second = change(key, &first.progress, |progress| progress.attempts = 2);
        let third = change(key, &second.progress, |progress| progress.attempts = 3);
        let batch = |changes: &[_]| Batch { changes: changes.to_vec(), ..Batch::default() };
        let folded = changes(&batch(&[first, second, third])).unwrap();
        assert_eq!(folded.len(), 1);
        assert_eq!((folded[0].expected_version, folded[0].progress), (1, third.progress));
        assert!(changes(&batch(&[first, first])).is_err());
        assert!(changes(&batch(&[first, third])).is_err());
    }
}
