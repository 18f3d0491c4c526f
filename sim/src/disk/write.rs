//! Writing a batch whose guards hold, in the order of its fields. Nothing here can fail.

use ports::store::{
    AttemptPartView, AttemptView, Batch, BatchJournal, ConfigChange, EventEnd, EventView, MessageChange,
    MessageRow, PostingView,
};
use types::charge::Posting;
use types::id::{CommitSeq, RowKey};
use types::time::Timestamp;

use super::{Kept, Settings, Tables, highest_key};

impl Tables {
    pub(super) fn write(&mut self, batch: &Batch, settings: Option<Settings>) {
        self.last_commit += 1;
        self.last_key = self.last_key.max(highest_key(batch));
        if let Some(settings) = settings {
            self.settings = settings;
        }
        self.write_submissions(batch);
        for row in &batch.messages {
            self.write_message(row);
        }
        self.write_attempts(batch);
        self.write_receipts(batch);
        for change in &batch.config {
            match change {
                ConfigChange::ContentErased(_, message) => self.erase_content(*message),
                ConfigChange::AddressesErased { message, sealed, .. } => {
                    self.erase_content(*message);
                    if let Some(kept) = self.messages.get_mut(message) {
                        kept.message.facts.sealed = sealed.clone().into();
                    }
                }
                _ => {}
            }
        }
        for change in &batch.changes {
            self.write_change(change);
        }
        self.write_money(batch);
        self.write_events(batch);
        self.journal.push(BatchJournal {
            seq: CommitSeq(self.last_commit),
            at: batch.at,
            entries: batch.journal.clone(),
        });
    }

    fn write_submissions(&mut self, batch: &Batch) {
        for row in &batch.submissions {
            if row.staged {
                self.staged.insert(row.key);
            }
            self.submissions.insert(row.key, row.clone());
        }
        for row in &batch.idempotency {
            self.idempotency.insert((row.account, row.key_hash), row.clone());
        }
        for key in &batch.unstaged {
            self.staged.remove(key);
            if let Some(row) = self.submissions.get_mut(key) {
                row.staged = false;
            }
            for message in self.by_submission.get(key).cloned().unwrap_or_default() {
                let Some(kept) = self.messages.get(&message) else { continue };
                let (facts, progress) = (kept.message.facts.clone(), kept.message.progress);
                self.usage.admit(&facts, 1);
                self.usage.end(&facts, progress.state, 1);
                self.count_charge(&facts, progress.charge, 1);
            }
        }
        for key in &batch.discarded {
            self.staged.remove(key);
            self.submissions.remove(key);
            for message in self.by_submission.remove(key).unwrap_or_default() {
                self.forget_message(message);
            }
        }
    }

    fn forget_message(&mut self, key: RowKey) {
        let Some(kept) = self.messages.remove(&key) else { return };
        self.open.remove(&key);
        if let Some(keys) = self.by_recipient.get_mut(&kept.message.facts.recipient_hash) {
            keys.remove(&key);
        }
    }

    fn write_message(&mut self, row: &MessageRow) {
        let facts = &row.message.facts;
        let key = facts.key;
        if !row.message.progress.state.is_final() {
            self.open.insert(key);
        }
        self.by_submission.entry(facts.submission).or_default().push(key);
        self.by_recipient.entry(facts.recipient_hash).or_default().insert(key);
        if !self.staged.contains(&facts.submission) {
            self.usage.admit(facts, 1);
            self.usage.end(facts, row.message.progress.state, 1);
            self.count_charge(facts, row.message.progress.charge, 1);
        }
        let kept = Kept { message: row.message.clone(), body: Some(row.body.clone()), attempts: Vec::new() };
        self.messages.insert(key, kept);
    }

    fn erase_content(&mut self, message: RowKey) {
        let Some(kept) = self.messages.get_mut(&message) else { return };
        kept.body = None;
        for view in &mut kept.attempts {
            view.row.sealed_sent.clear();
            view.receipts.iter_mut().for_each(|receipt| receipt.sealed_echo.clear());
        }
    }

    fn write_attempts(&mut self, batch: &Batch) {
        for row in &batch.attempts {
            if let Some(kept) = self.messages.get_mut(&row.message) {
                let view = AttemptView { row: row.clone(), parts: Vec::new(), receipts: Vec::new() };
                kept.attempts.push(view);
                kept.attempts.sort_by_key(|view| view.row.attempt);
            }
        }
        for row in &batch.attempt_parts {
            let Some(view) = self.attempt_mut(row.message, row.attempt) else { continue };
            let outcome = row.outcome.clone();
            view.parts.push(AttemptPartView {
                part: outcome.part,
                verdict: outcome.verdict,
                status: outcome.status,
                carrier_id: outcome.carrier_id,
                written_at: outcome.written_at,
                answered_at: outcome.answered_at,
            });
            // The sort is stable: answers to one part stay in the order in which they came.
            view.parts.sort_by_key(|part| part.part);
        }
        for row in &batch.receipt_map {
            let target =
                ports::store::ReceiptTarget { message: row.message, attempt: row.attempt, part: row.part };
            self.receipt_map.entry((row.connector, row.carrier_id.clone())).or_default().push(target);
        }
    }

    fn attempt_mut(&mut self, message: RowKey, attempt: u8) -> Option<&mut AttemptView> {
        let kept = self.messages.get_mut(&message)?;
        kept.attempts.iter_mut().find(|view| view.row.attempt == attempt)
    }

    fn write_receipts(&mut self, batch: &Batch) {
        for row in &batch.receipts {
            if let Some(view) = self.attempt_mut(row.message, row.attempt) {
                view.receipts.push(row.clone());
                view.receipts.sort_by_key(|receipt| receipt.key);
            }
        }
        for row in &batch.parked {
            self.parked.insert(row.key, row.clone());
        }
        for key in &batch.unparked {
            self.parked.remove(key);
        }
    }

    fn write_change(&mut self, change: &MessageChange) {
        let Some(kept) = self.messages.get_mut(&change.key) else { return };
        let before = kept.message.progress;
        let after = change.progress;
        kept.message.progress = after;
        let facts = kept.message.facts.clone();
        if after.state.is_final() {
            self.open.remove(&change.key);
        } else {
            self.open.insert(change.key);
        }
        if self.staged.contains(&facts.submission) {
            return;
        }
        if before.state != after.state {
            self.usage.end(&facts, before.state, -1);
            self.usage.end(&facts, after.state, 1);
        }
        self.count_move(&facts, &before, &after);
    }

    fn write_money(&mut self, batch: &Batch) {
        for change in &batch.lots {
            if let Some(new) = &change.new {
                let mut lot = new.clone();
                (lot.available_micros, lot.held_micros) = (0, 0);
                self.lots.insert(change.lot, lot);
            }
            let Some(lot) = self.lots.get_mut(&change.lot) else { continue };
            lot.available_micros += change.available_delta;
            lot.held_micros += change.held_delta;
            let unit = lot.unit;
            let sum = self.sum_of(unit);
            sum.available_micros += change.available_delta;
            sum.held_micros += change.held_delta;
        }
        for posting in &batch.postings {
            self.write_posting(posting, batch.at);
        }
    }

    fn write_posting(&mut self, posting: &Posting, at: Timestamp) {
        let Some(unit) = self.lots.get(&posting.lot).map(|lot| lot.unit) else { return };
        self.count_posting(posting.lot, posting.kind, posting.amount_micros);
        self.accounts_of_postings.push(posting.account);
        self.postings.push(PostingView {
            id: i64::try_from(self.postings.len()).unwrap_or(i64::MAX).saturating_add(1),
            commit: CommitSeq(self.last_commit),
            at,
            lot: posting.lot,
            kind: posting.kind,
            amount_micros: posting.amount_micros,
            unit,
            messages: posting.messages,
            policy: posting.policy,
        });
    }

    fn write_events(&mut self, batch: &Batch) {
        for row in &batch.inbound {
            self.inbound.insert(row.key, row.clone());
        }
        for row in &batch.outbox {
            self.outbox.insert(row.key, EventView { row: row.clone(), end: None });
            self.events_about.entry(row.about).or_default().push(row.key);
            self.untold.entry(row.endpoint).or_default().insert(row.key);
        }
        for key in &batch.outbox_done {
            self.end_event(*key, EventEnd::Told(batch.at), batch.at);
        }
        for key in &batch.outbox_moot {
            self.end_event(*key, EventEnd::Moot(batch.at), batch.at);
        }
        for retry in &batch.outbox_retry {
            let event = self.outbox.get_mut(&retry.key);
            if let Some(event) = event.filter(|event| event.end.is_none()) {
                event.row.tries = retry.tries;
                event.row.next_at = retry.next_at;
            }
        }
    }

    fn end_event(&mut self, key: RowKey, end: EventEnd, at: Timestamp) {
        let Some(event) = self.outbox.get_mut(&key).filter(|event| event.end.is_none()) else { return };
        event.end = Some(end);
        event.row.next_at = at;
        self.told.insert((at, key));
        let endpoint = event.row.endpoint;
        if let Some(keys) = self.untold.get_mut(&endpoint) {
            keys.remove(&key);
        }
    }
}
