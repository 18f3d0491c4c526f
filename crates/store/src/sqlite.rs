//! The SQLite store: one writer, read-only readers, one file in the data folder.
//!
//! Layout. New rows carry time-ordered integer keys that are the rowid, so that they land on the
//! newest pages; what changes (`progress`) is a small row apart from what does not (`message`).
//! Nothing on the path of a message writes to a random page of a big table: look-ups by account, by
//! recipient and by carrier id are *sorted runs* (see `runs` and `receipt_map`), written by
//! [`Store::tidy`] from what the writer remembers, and queries join them with the newest rows.
//! Every statement is prepared once. A commit is synced (`synchronous=FULL`); the work of `tidy` is
//! derived from synced rows and is not.
//!
//! Start at `apply` for what a commit does, at `open` for files and settings, at `tidy` for the work
//! between commits and at `reader` for questions.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;

use ports::store::{
    ApplyError, AttemptView, Batch, ContactRow, IdempotencyHit, InboundRow, MessageFacts, OpenMessage,
    OutboxRow, ParkedReceiptRow, ReceiptTarget, SenderMemory, Store, StoreError, StoredState,
    SuppressionMark,
};
use rusqlite::Connection;
use types::id::{AccountId, CommitSeq, ConnectorId, EndpointId, RowKey};
use types::time::Timestamp;

mod apply;
mod apply_config;
mod apply_events;
mod apply_money;
mod apply_progress;
mod apply_rollup;
mod apply_traffic;
mod archive;
mod checkpoint;
mod contacts;
mod fault;
mod load;
mod open;
mod read_config;
mod read_events;
mod read_messages;
mod read_money;
mod read_suppressions;
mod reader;
mod receipt_map;
mod recent;
mod runs;
mod senders;
mod tidy;

pub(crate) use fault::{all, first, integer};
pub(crate) use open::{SCHEMA, VERSION, bring_up_to_date, reading_connection, ready_connection};
pub(crate) use read_money::ledger_sums;

pub use archive::{ArchiveStatus, ArchivedDay, Damage, archive_status, verify_archive};
pub use open::{DATABASE_FILE, OpenError, open_sqlite, open_sqlite_with};
pub use reader::SqliteReader;

use archive::Archive;
use checkpoint::Checkpointer;
use receipt_map::ReceiptMap;
use recent::Recent;
use runs::Runs;
use tidy::Sweeps;

use crate::rollup::Deltas;

/// Sizes that trade memory and the work of queries against the work of the writer.
#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    /// Rows of a sorted run of messages or postings; a list query scans up to twice as many.
    pub run_rows: usize,
    /// Carrier ids remembered in memory before they are moved to a run, about 20 octets each.
    pub receipt_run_rows: usize,
    /// Rows that one step of [`Store::tidy`] moves.
    pub step_rows: usize,
    /// How old an event is at least when the look-ups by endpoint and by message list it,
    /// milliseconds. Look-ups scan what is younger.
    pub outbox_settle_ms: i64,
    /// How many days after a UTC day its messages are archived that have ended; `None` for never.
    pub archive_after_days: Option<u32>,
    /// Messages of one block of the archive. More press better together, and take longer to open for the one
    /// that is asked for, and to delete.
    pub archive_block_messages: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            run_rows: 32_768,
            receipt_run_rows: 786_432,
            step_rows: 1_024,
            outbox_settle_ms: 2_000,
            archive_after_days: None,
            archive_block_messages: 2_048,
        }
    }
}

/// Submissions that are staged, with what their messages count; `None` where this process has not written them.
type Staged = HashMap<RowKey, Option<Deltas>>;

/// The writing side. What it remembers beside the connection mirrors committed rows.
pub struct SqliteStore {
    checkpointer: Checkpointer,
    connection: Connection,
    tuning: Tuning,
    last_commit: i64,
    last_key: i64,
    last_posting: i64,
    staged: Staged,
    /// Receipts that found no message; usually none, so that asking for them costs nothing.
    parked: i64,
    recent: Recent,
    messages: Runs,
    postings: Runs,
    receipt_map: ReceiptMap,
    archive: Archive,
    folder: PathBuf,
    /// Events up to this key are in the look-ups by endpoint and by message.
    outbox_settled: i64,
    sweeps: Sweeps,
    /// Set when it is not known what is on the disk; nothing is written any more.
    stopped: bool,
    /// Held as long as the store is open; see [`OpenError::InUse`].
    _lock: File,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("last_commit", &self.last_commit).finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<StoredState, StoreError> {
        self.load_state().map_err(|fault| fault.doing("load its state"))
    }

    fn apply(&mut self, batch: &Batch) -> Result<CommitSeq, ApplyError> {
        self.apply_batch(batch)
    }

    fn open_messages(&mut self, after: RowKey, limit: usize) -> Result<Vec<OpenMessage>, StoreError> {
        self.load_open(after, limit).map_err(|fault| fault.doing("read open messages"))
    }

    fn messages(&mut self, keys: &[RowKey]) -> Result<Vec<OpenMessage>, StoreError> {
        self.load_messages(keys).map_err(|fault| fault.doing("read messages"))
    }

    fn bodies(&mut self, keys: &[RowKey]) -> Result<Vec<(RowKey, Vec<u8>)>, StoreError> {
        self.load_bodies(keys).map_err(|fault| fault.doing("read bodies"))
    }

    fn attempts(&mut self, keys: &[RowKey]) -> Result<Vec<AttemptView>, StoreError> {
        self.load_attempts(keys).map_err(|fault| fault.doing("read attempts"))
    }

    fn receipt_targets(
        &mut self,
        wanted: &[(ConnectorId, String)],
    ) -> Result<Vec<Vec<ReceiptTarget>>, StoreError> {
        let find =
            |(connector, id): &(ConnectorId, String)| self.receipt_map.find(&self.connection, *connector, id);
        wanted
            .iter()
            .map(find)
            .collect::<Result<_, _>>()
            .map_err(|fault| fault.doing("find receipts' messages"))
    }

    fn parked_receipts(
        &mut self,
        wanted: &[(ConnectorId, String)],
    ) -> Result<Vec<ParkedReceiptRow>, StoreError> {
        self.load_parked(wanted).map_err(|fault| fault.doing("read parked receipts"))
    }

    fn parked_after(&mut self, after: RowKey, limit: usize) -> Result<Vec<ParkedReceiptRow>, StoreError> {
        load::parked_after(&self.connection, after, limit)
            .map_err(|fault| fault.doing("read parked receipts"))
    }

    fn outbox(
        &mut self,
        endpoint: EndpointId,
        after: RowKey,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.load_outbox(endpoint, after, limit).map_err(|fault| fault.doing("read events"))
    }

    fn dead_letters(&mut self, endpoint: EndpointId, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        load::dead_letters(&self.connection, endpoint, self.outbox_settled, limit)
            .map_err(|fault| fault.doing("read dead letters"))
    }

    fn idempotency(
        &mut self,
        account: AccountId,
        key_hash: [u8; 16],
        now: Timestamp,
    ) -> Result<Option<IdempotencyHit>, StoreError> {
        load::idempotency(&self.connection, account, key_hash, now)
            .map_err(|fault| fault.doing("look up an idempotency key"))
    }

    fn submission(&mut self, key: RowKey) -> Result<(Vec<MessageFacts>, Option<u64>), StoreError> {
        self.load_submission(key).map_err(|fault| fault.doing("read a submission"))
    }

    fn staged(&mut self) -> Result<Vec<RowKey>, StoreError> {
        let mut staged: Vec<_> = self.staged.keys().copied().collect();
        staged.sort_unstable();
        Ok(staged)
    }

    fn inbound(&mut self, key: RowKey) -> Result<Option<InboundRow>, StoreError> {
        load::inbound(&self.connection, key).map_err(|fault| fault.doing("read an inbound message"))
    }

    fn last_sender_to(&mut self, recipient_hash: i64) -> Result<Option<AccountId>, StoreError> {
        self.load_last_sender(recipient_hash).map_err(|fault| fault.doing("find the last sender to a number"))
    }

    fn suppressions_after(
        &mut self,
        after: RowKey,
        limit: usize,
    ) -> Result<Vec<SuppressionMark>, StoreError> {
        read_suppressions::after(&self.connection, after, limit)
            .map_err(|fault| fault.doing("read suppression lists"))
    }

    fn suppressed(
        &mut self,
        account: AccountId,
        scope: &str,
        number_hashes: &[i64],
    ) -> Result<Vec<SuppressionMark>, StoreError> {
        read_suppressions::among(&self.connection, (account, scope), number_hashes)
            .map_err(|fault| fault.doing("look recipients up in a suppression list"))
    }

    fn remembered_senders(
        &mut self,
        after: (RowKey, i64),
        limit: usize,
    ) -> Result<Vec<SenderMemory>, StoreError> {
        senders::after(&self.connection, after, limit)
            .map_err(|fault| fault.doing("read which senders recipients heard from"))
    }

    fn contacts(&mut self, account: AccountId, number_hashes: &[i64]) -> Result<Vec<ContactRow>, StoreError> {
        contacts::among(&self.connection, account, number_hashes)
            .map_err(|fault| fault.doing("look contacts up"))
    }

    fn tidy(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        self.tidy_step(now).map_err(|fault| fault.doing("tidy up"))
    }
}

#[cfg(test)]
mod tests;
