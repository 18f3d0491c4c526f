//! A batch as the parameters of the statement that commits it, in the order of `routines.sql`.
//!
//! It asks nothing; what takes a look-up is put in by `apply`.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicBool;

use ports::store::{Batch, ConfigChange};
use types::id::{AccountId, RowKey};

use super::apply_rows as rows;
use super::encode::{Rows, Single};
use super::lease::LEASE_MS;
use super::session::Param;
use crate::rollup::{Deltas, Traffic};

/// The statement of a commit.
pub(crate) const APPLY: &str = "SELECT apply_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
                     $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)";

/// A batch as the parameters of its statement.
pub(crate) struct Encoded {
    pub(crate) journal: Single,
    pub(crate) data_keys: Rows,
    pub(crate) submissions: Rows,
    pub(crate) staged: Vec<i64>,
    pub(crate) idempotency: Rows,
    pub(crate) unstaged: Vec<i64>,
    pub(crate) discarded: Vec<i64>,
    pub(crate) messages: Rows,
    pub(crate) progress: Rows,
    pub(crate) shares: Rows,
    pub(crate) bodies: Rows,
    pub(crate) attempts: Rows,
    pub(crate) parts: Rows,
    /// Some answers are not the first to their part.
    pub(crate) with_late_parts: AtomicBool,
    pub(crate) receipt_map: Rows,
    pub(crate) receipts: Rows,
    pub(crate) parked: Rows,
    pub(crate) unparked: Vec<i64>,
    pub(crate) changes: Rows,
    pub(crate) lots: Rows,
    pub(crate) lot_changes: Rows,
    pub(crate) postings: Rows,
    pub(crate) inbound: Rows,
    pub(crate) outbox: Rows,
    pub(crate) told: Vec<i64>,
    pub(crate) moot: Vec<i64>,
    pub(crate) retries: Rows,
    pub(crate) usage: Rows,
    pub(crate) config: Vec<ConfigChange>,
    /// Set when the statement that commits may have left this process.
    pub(crate) sent: AtomicBool,
}

impl Encoded {
    /// Everything that needs no look-up. Rows are put in the order of their account.
    pub(crate) fn of_traffic(batch: &Batch, staged: &HashSet<RowKey>) -> Self {
        let keys = |keys: &[RowKey]| keys.iter().map(|key| key.as_i64()).collect::<Vec<_>>();
        let mut encoded = Self {
            journal: Single(Rows::default()),
            data_keys: of(&batch.data_keys, rows::data_key),
            submissions: Rows::default(),
            staged: batch.submissions.iter().filter(|row| row.staged).map(|row| row.key.as_i64()).collect(),
            idempotency: of(&batch.idempotency, rows::idempotency),
            unstaged: keys(&batch.unstaged),
            discarded: keys(&batch.discarded),
            messages: Rows::default(),
            progress: Rows::default(),
            shares: Rows::default(),
            bodies: Rows::default(),
            attempts: Rows::default(),
            parts: Rows::default(),
            with_late_parts: AtomicBool::new(false),
            receipt_map: Rows::default(),
            receipts: Rows::default(),
            parked: of(&batch.parked, rows::parked),
            unparked: keys(&batch.unparked),
            changes: Rows::default(),
            lots: Rows::default(),
            lot_changes: Rows::default(),
            postings: Rows::default(),
            inbound: of(&batch.inbound, rows::inbound),
            outbox: of(&batch.outbox, rows::outbox),
            told: keys(&batch.outbox_done),
            moot: keys(&batch.outbox_moot),
            retries: Rows::default(),
            usage: rows::usage(&counted(batch, staged)),
            config: batch.config.clone(),
            sent: AtomicBool::new(false),
        };
        let mut submissions: Vec<_> = batch.submissions.iter().collect();
        submissions.sort_unstable_by_key(|row| (row.account, row.key));
        submissions.into_iter().for_each(|row| rows::submission(&mut encoded.submissions, row));
        let mut messages: Vec<_> = batch.messages.iter().collect();
        messages.sort_by_key(|row| (row.message.facts.account, row.message.facts.key));
        for row in messages {
            rows::message(&mut encoded.messages, row);
            rows::progress(&mut encoded.progress, row);
            rows::shares(&mut encoded.shares, row);
            rows::body(&mut encoded.bodies, row);
        }
        // Of several tries of one event the last counts.
        let last: HashMap<_, _> = batch.outbox_retry.iter().map(|retry| (retry.key, retry)).collect();
        for retry in last.into_values() {
            encoded.retries.push(3, |record| {
                record.big(retry.key.as_i64()).big(retry.next_at.as_ms()).medium(retry.tries);
            });
        }
        encoded
    }

    /// The parameters of [`APPLY`].
    pub(crate) fn params<'a>(&'a self, epoch: &'a i64, with_late_parts: &'a bool) -> [Param<'a>; 30] {
        [
            epoch,
            &LEASE_MS,
            &self.journal,
            &self.data_keys,
            &self.submissions,
            &self.staged,
            &self.idempotency,
            &self.unstaged,
            &self.discarded,
            &self.messages,
            &self.progress,
            &self.shares,
            &self.bodies,
            &self.attempts,
            &self.parts,
            with_late_parts,
            &self.receipt_map,
            &self.receipts,
            &self.parked,
            &self.unparked,
            &self.changes,
            &self.lots,
            &self.lot_changes,
            &self.postings,
            &self.inbound,
            &self.outbox,
            &self.told,
            &self.moot,
            &self.retries,
            &self.usage,
        ]
    }
}

fn of<T>(items: &[T], put: fn(&mut Rows, &T)) -> Rows {
    let mut rows = Rows::default();
    items.iter().for_each(|item| put(&mut rows, item));
    rows
}

/// Answers in the order of the batch; those to the same part are counted.
pub(crate) fn encode_parts(parts: &mut Rows, batch: &Batch, of: impl Fn(RowKey) -> AccountId) {
    let mut answers: HashMap<_, u16> = HashMap::with_capacity(batch.attempt_parts.len());
    for row in &batch.attempt_parts {
        let answer = answers.entry((row.message, row.attempt, row.outcome.part)).or_default();
        rows::attempt_part(parts, of(row.message), *answer, row);
        *answer = answer.saturating_add(1);
    }
}

/// What the new messages of a batch count as. Ends of messages are counted by the statement.
fn counted(batch: &Batch, staged: &HashSet<RowKey>) -> Deltas {
    let mut deltas = Deltas::default();
    for row in &batch.messages {
        let facts = &row.message.facts;
        if staged.contains(&facts.submission) {
            continue;
        }
        let traffic = Traffic {
            account: facts.account,
            accepted_at: facts.accepted_at,
            country: facts.country,
            parts: facts.price.parts,
            amount: facts.price.amount,
        };
        deltas.admit(&traffic);
        deltas.end(&traffic, row.message.progress.state.code());
    }
    deltas
}
