//! Whether every guard of a batch holds, looked at before anything is written.
//!
//! What earlier rows of the same batch would change is looked at as changed.

use std::collections::{BTreeMap, BTreeSet};

use ports::store::Batch;
use types::id::{LotId, RowKey};

use super::{Settings, Tables};

/// Messages of a submission have keys from the submission's own to this much later.
const SUBMISSION_SPAN_MS: i64 = 3_600_000;

impl Tables {
    /// Checks all guards; gives the settings as the batch leaves them, when it changes them.
    pub(super) fn check(&self, batch: &Batch) -> Result<Option<Settings>, &'static str> {
        let settings = self.settings.with(batch)?;
        self.check_submissions(batch)?;
        self.check_messages(batch)?;
        self.check_attempts(batch)?;
        self.check_changes(batch)?;
        self.check_lots(batch)?;
        self.check_events(batch)?;
        Ok(settings)
    }

    fn check_submissions(&self, batch: &Batch) -> Result<(), &'static str> {
        let mut new = BTreeSet::new();
        let mut staged = self.staged.clone();
        for row in &batch.submissions {
            if self.submissions.contains_key(&row.key) || !new.insert(row.key) {
                return Err("submission key");
            }
            if row.staged {
                staged.insert(row.key);
            }
        }
        let mut used = BTreeSet::new();
        for row in &batch.idempotency {
            let key = (row.account, row.key_hash);
            let holds = self.idempotency.get(&key).is_some_and(|known| known.expires_at > batch.at);
            if holds || !used.insert(key) {
                return Err("idempotency key");
            }
        }
        for key in batch.unstaged.iter().chain(&batch.discarded) {
            if !staged.remove(key) {
                return Err("staged submission");
            }
        }
        Ok(())
    }

    fn check_messages(&self, batch: &Batch) -> Result<(), &'static str> {
        let mut new = BTreeSet::new();
        for row in &batch.messages {
            let facts = &row.message.facts;
            let end = RowKey::from_parts(facts.submission.unix_ms() + SUBMISSION_SPAN_MS, 0);
            if facts.key < facts.submission || facts.key >= end {
                return Err("message key near its submission's");
            }
            if self.messages.contains_key(&facts.key) || !new.insert(facts.key) {
                return Err("message key");
            }
        }
        Ok(())
    }

    fn check_attempts(&self, batch: &Batch) -> Result<(), &'static str> {
        let mut new = BTreeSet::new();
        for row in &batch.attempts {
            let known = self.kept(row.message);
            let taken =
                known.is_some_and(|kept| kept.attempts.iter().any(|view| view.row.attempt == row.attempt));
            if taken || !new.insert((row.message, row.attempt)) {
                return Err("attempt number");
            }
        }
        let mut receipts = BTreeSet::new();
        for row in &batch.receipts {
            let known = self.kept(row.message).into_iter().flat_map(|kept| &kept.attempts);
            let taken = known.flat_map(|view| &view.receipts).any(|receipt| receipt.key == row.key);
            if taken || !receipts.insert((row.message, row.key)) {
                return Err("receipt key");
            }
        }
        let mut parked = BTreeSet::new();
        let taken = |key: RowKey| self.parked.contains_key(&key);
        if batch.parked.iter().any(|row| taken(row.key) || !parked.insert(row.key)) {
            return Err("parked receipt key");
        }
        Ok(())
    }

    fn check_changes(&self, batch: &Batch) -> Result<(), &'static str> {
        let mut versions: BTreeMap<RowKey, u32> = BTreeMap::new();
        if !batch.changes.is_empty() {
            let new = batch.messages.iter().map(|row| &row.message);
            versions.extend(new.map(|message| (message.facts.key, message.progress.version)));
        }
        for change in &batch.changes {
            let stored = versions.get(&change.key).copied();
            let stored = stored.or_else(|| self.kept(change.key).map(|kept| kept.message.progress.version));
            if stored != Some(change.expected_version) {
                return Err("message version");
            }
            versions.insert(change.key, change.progress.version);
        }
        Ok(())
    }

    fn check_lots(&self, batch: &Batch) -> Result<(), &'static str> {
        let mut amounts: BTreeMap<LotId, (i64, i64)> = BTreeMap::new();
        for change in &batch.lots {
            let known = amounts.get(&change.lot).copied();
            let known =
                known.or_else(|| self.lots.get(&change.lot).map(|l| (l.available_micros, l.held_micros)));
            let before = match (&change.new, known) {
                (Some(_), Some(_)) => return Err("lot number"),
                (Some(_), None) => (0, 0),
                (None, Some(known)) => known,
                (None, None) => return Err("lot floor"),
            };
            let available = before.0.checked_add(change.available_delta);
            let held = before.1.checked_add(change.held_delta);
            match (available, held) {
                (Some(available), Some(held)) if available >= change.floor_micros && held >= 0 => {
                    amounts.insert(change.lot, (available, held));
                }
                _ => return Err("lot floor"),
            }
        }
        Ok(())
    }

    fn check_events(&self, batch: &Batch) -> Result<(), &'static str> {
        let mut new = BTreeSet::new();
        if batch.inbound.iter().any(|row| self.inbound.contains_key(&row.key) || !new.insert(row.key)) {
            return Err("inbound key");
        }
        let mut new = BTreeSet::new();
        if batch.outbox.iter().any(|row| self.outbox.contains_key(&row.key) || !new.insert(row.key)) {
            return Err("event key");
        }
        Ok(())
    }
}
