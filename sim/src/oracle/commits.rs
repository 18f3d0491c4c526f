//! What must hold of every commit.

use std::collections::BTreeMap;
use std::hash::Hash as _;

use decide::invariant;
use ports::store::{Batch, JournalEntry, MessageChange, Progress};
use types::id::RowKey;

use super::Oracle;
use crate::disk::Tables;

/// The first and the last state of a message in one commit, and whether every step between is lawful.
struct Steps {
    first: types::message::State,
    last: types::message::State,
    are_lawful: bool,
}

fn steps_of(journal: &[JournalEntry]) -> BTreeMap<RowKey, Steps> {
    let mut steps: BTreeMap<RowKey, Steps> = BTreeMap::new();
    for entry in journal {
        let lawful = invariant::step_is_lawful(entry.from, entry.to);
        match steps.get_mut(&entry.message) {
            Some(known) => {
                known.are_lawful &= lawful && known.last == entry.from;
                known.last = entry.to;
            }
            None => {
                let new = Steps { first: entry.from, last: entry.to, are_lawful: lawful };
                steps.insert(entry.message, new);
            }
        }
    }
    steps
}

impl Oracle {
    /// A batch is about to be written.
    pub(crate) fn before_commit(&mut self, tables: &Tables, batch: &Batch) {
        self.now = batch.at;
        let steps = steps_of(&batch.journal);
        for change in &batch.changes {
            let new = || batch.messages.iter().find(|row| row.message.facts.key == change.key);
            let stored = tables.kept(change.key).map(|kept| kept.message.progress);
            let Some(before) = stored.or_else(|| new().map(|row| row.message.progress)) else { continue };
            self.look_at_change(&before, change, steps.get(&change.key), batch);
        }
        for row in &batch.messages {
            let progress = &row.message.progress;
            let sound = invariant::hold_ends_with_message(progress.state, progress.charge)
                && invariant::end_has_its_time(progress.state, progress.final_at.is_some());
            self.holds(sound, "a message is admitted sound", || format!("{progress:?}"));
        }
        for key in &batch.outbox_done {
            let known = self.accepted.contains(key) || !tables.outbox.contains_key(key);
            self.holds(known, "what is recorded as told was told", || format!("{:x}", key.as_i64()));
        }
    }

    fn look_at_change(
        &mut self,
        before: &Progress,
        change: &MessageChange,
        steps: Option<&Steps>,
        batch: &Batch,
    ) {
        let after = &change.progress;
        let what = || format!("{:x}: {before:?} to {after:?}", change.key.as_i64());
        let lawful = steps.map_or(before.state == after.state, |steps| {
            steps.are_lawful && steps.first == before.state && steps.last == after.state
        });
        self.holds(lawful, "steps follow the graph", what);
        let version = invariant::version_rises(before.version, after.version);
        self.holds(version, "versions rise by one", what);
        let charge = invariant::charge_step_is_lawful(before.charge, after.charge);
        self.holds(charge, "one money event each", what);
        let hold = invariant::hold_ends_with_message(after.state, after.charge);
        self.holds(hold, "no hold outlives its message", what);
        let end = invariant::end_has_its_time(after.state, after.final_at.is_some());
        self.holds(end, "an end has its time, and only an end", what);
        let written = batch
            .attempts
            .iter()
            .filter(|row| row.message == change.key && row.attempt > before.attempts)
            .count();
        let attempts = invariant::attempts_are_written(before.attempts, after.attempts, written);
        self.holds(attempts, "every attempt is written ahead", what);
        let flags = invariant::marks_stay(before.flags, after.flags);
        self.holds(flags, "marks stay", what);
    }

    /// A batch was written.
    pub(crate) fn after_commit(&mut self, tables: &Tables, batch: &Batch) {
        self.count("commits");
        for entry in &batch.journal {
            (entry.message, entry.from.code(), entry.to.code(), entry.reason.code(), entry.attempt)
                .hash(&mut self.hash);
            self.note(|| {
                let key = entry.message.as_i64();
                format!("{key:x}/{} {} to {} ({})", entry.attempt, entry.from, entry.to, entry.reason)
            });
        }
        batch.at.as_ms().hash(&mut self.hash);
        for change in &batch.lots {
            let Some(lot) = tables.lots.get(&change.lot) else { continue };
            let sound = invariant::lot_is_sound(lot, change.floor_micros);
            self.holds(sound, "a lot keeps its floor", || format!("{lot:?}"));
        }
        let off: Vec<_> = tables.sums.values().filter(|sum| sum.imbalance_micros() != 0).collect();
        self.holds(off.is_empty(), "the ledger balances", || format!("{off:?}"));
        self.look_at_receipts(batch);
    }

    /// A guard of the store refused a batch.
    pub(crate) fn refused(&mut self, what: &'static str, by_ghost: bool) {
        self.count("guards");
        // One process writes at a time, so nothing can have changed behind its back.
        self.holds(by_ghost, "the engine's memory agrees with the disk", || what.to_owned());
    }
}
