//! The simulated disk: every table of an installation as plain maps, and what a crash leaves of it.
//!
//! It keeps the contract of [`ports::store`] and passes its conformance suite; it knows no faults, which
//! are put before it in `faults`. A batch is checked as a whole before any of it is written, so that
//! writing cannot fail. Start at [`Disk::apply`], then at `check` and `write`.

use std::collections::{BTreeMap, BTreeSet};

use ports::store::{
    AttemptView, Batch, BatchJournal, EventView, IdempotencyRow, InboundRow, LedgerSum, OpenMessage,
    ParkedReceiptRow, PostingView, ReceiptTarget, SubmissionRow,
};
use types::charge::Lot;
use types::id::{AccountId, ConnectorId, EndpointId, LotId, RowKey};
use types::money::Unit;
use types::time::Timestamp;

mod check;
mod money;
mod questions;
mod reader;
mod settings;
mod tidy;
mod views;
mod write;

pub(crate) use questions::highest_key;
pub(crate) use reader::DiskReader;
pub(crate) use settings::Settings;

/// A message with everything that hangs on it.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) message: OpenMessage,
    /// `None` once it was erased.
    pub(crate) body: Option<Box<[u8]>>,
    pub(crate) attempts: Vec<AttemptView>,
}

/// An idempotency key: whose, and its hash.
pub(crate) type IdempotencyKey = (AccountId, [u8; 16]);

/// Every table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    pub(crate) last_commit: i64,
    pub(crate) last_key: RowKey,
    pub(crate) settings: Settings,
    pub(crate) submissions: BTreeMap<RowKey, SubmissionRow>,
    pub(crate) staged: BTreeSet<RowKey>,
    pub(crate) idempotency: BTreeMap<IdempotencyKey, IdempotencyRow>,
    pub(crate) messages: BTreeMap<RowKey, Kept>,
    pub(crate) open: BTreeSet<RowKey>,
    by_submission: BTreeMap<RowKey, Vec<RowKey>>,
    by_recipient: BTreeMap<i64, BTreeSet<RowKey>>,
    receipt_map: BTreeMap<(ConnectorId, String), Vec<ReceiptTarget>>,
    pub(crate) parked: BTreeMap<RowKey, ParkedReceiptRow>,
    pub(crate) lots: BTreeMap<LotId, Lot>,
    pub(crate) postings: Vec<PostingView>,
    accounts_of_postings: Vec<AccountId>,
    pub(crate) inbound: BTreeMap<RowKey, InboundRow>,
    pub(crate) outbox: BTreeMap<RowKey, EventView>,
    pub(crate) events_about: BTreeMap<RowKey, Vec<RowKey>>,
    untold: BTreeMap<EndpointId, BTreeSet<RowKey>>,
    told: BTreeSet<(Timestamp, RowKey)>,
    journal: Vec<BatchJournal>,
    pub(crate) sums: BTreeMap<Unit, LedgerSum>,
    usage: money::Usage,
    tidied_at: Timestamp,
}

/// The disk of one installation. It outlives its processes.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// What is visible; without a planted fault also what is durable.
    pub(crate) tables: Tables,
    /// What a crash leaves, when it is less than what is visible.
    synced: Option<Box<Tables>>,
    /// Which opening of the store may write.
    pub(crate) epoch: u64,
}

impl Disk {
    /// Writes a batch, whole or not at all.
    ///
    /// # Errors
    /// The guard that does not hold.
    pub(crate) fn apply(&mut self, batch: &Batch) -> Result<i64, &'static str> {
        self.tables.apply(batch)
    }

    /// From now on what is written is durable only at the next [`Disk::sync`]: a planted fault.
    pub(crate) fn sync(&mut self) {
        self.synced = Some(Box::new(self.tables.clone()));
    }

    /// The process stopped: what was never synced is gone.
    pub(crate) fn crash(&mut self) {
        if let Some(synced) = &self.synced {
            self.tables = (**synced).clone();
        }
    }
}

impl Tables {
    fn apply(&mut self, batch: &Batch) -> Result<i64, &'static str> {
        let settings = self.check(batch)?;
        self.write(batch, settings);
        Ok(self.last_commit)
    }

    pub(crate) fn kept(&self, key: RowKey) -> Option<&Kept> {
        self.messages.get(&key)
    }
}

#[cfg(test)]
mod tests;
