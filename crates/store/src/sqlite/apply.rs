//! One commit: everything that a batch changes, or nothing.
//!
//! The order of a batch's fields is the order here. A fault before `COMMIT` rolls back and leaves
//! nothing; a fault of `COMMIT` itself that is not a full disk or a lock leaves it unknown what is
//! on the disk, and the store stops. What the writer remembers changes only after the commit.

use ports::store::{ApplyError, Batch};
use rusqlite::{Connection, ErrorCode, params};
use types::id::CommitSeq;

use super::apply_config::{write_config, write_data_keys};
use super::apply_events::{write_inbound, write_outbox};
use super::apply_money::{write_lots, write_postings};
use super::apply_progress::{write_attempts, write_changes, write_receipts};
use super::apply_rollup::write_rollup;
use super::apply_traffic::{write_messages, write_staging, write_submissions};
use super::fault::Fault;
use super::recent::Recent;
use super::runs::{Entry, Runs};
use super::{SqliteStore, Staged};
use crate::journal;
use crate::keys::highest_key;
use crate::rollup::Deltas;

/// What the parts of one commit share.
pub(crate) struct Work<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) batch: &'a Batch,
    /// The number of this commit.
    pub(crate) seq: i64,
    /// The number of the first posting.
    pub(crate) first_posting: i64,
    /// Submissions that are staged, as this batch leaves them.
    pub(crate) staged: Staged,
    pub(crate) rollup: Deltas,
    pub(crate) recent: &'a Recent,
    pub(crate) messages: &'a Runs,
    pub(crate) postings: &'a Runs,
    pub(crate) outbox_settled: i64,
}

impl SqliteStore {
    /// Applies a batch; see [`ports::store::Store::apply`].
    pub(crate) fn apply_batch(&mut self, batch: &Batch) -> Result<CommitSeq, ApplyError> {
        if self.stopped || self.checkpointer.has_failed() {
            self.stopped = true;
            return Err(ApplyError::InDoubt(Fault::Corrupt("the log").doing("apply a batch")));
        }
        self.catch_up_if_behind(batch.at).map_err(Fault::not_written)?;
        let begun = self.connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([]));
        begun.map_err(|error| Fault::from(error).not_written())?;
        let (staged, parked) = match self.write(batch) {
            Ok(written) => written,
            Err(fault) => return Err(self.roll_back(fault)),
        };
        if let Err(error) = self.commit() {
            return Err(self.judge_failed_commit(error));
        }
        self.remember(batch, staged, parked);
        Ok(CommitSeq(self.last_commit))
    }

    fn write(&self, batch: &Batch) -> Result<(Staged, i64), Fault> {
        let mut work = Work {
            connection: &self.connection,
            batch,
            seq: self.last_commit + 1,
            first_posting: self.last_posting + 1,
            staged: self.staged.clone(),
            rollup: Deltas::default(),
            recent: &self.recent,
            messages: &self.messages,
            postings: &self.postings,
            outbox_settled: self.outbox_settled,
        };
        self.archive.make_way(work.connection, work.messages, batch)?;
        write_data_keys(&work)?;
        write_config(&work)?;
        write_submissions(&mut work)?;
        write_staging(&mut work)?;
        write_messages(&mut work)?;
        write_attempts(&work)?;
        self.receipt_map.write(work.connection, &batch.receipt_map)?;
        let parked = write_receipts(&work)?;
        write_changes(&mut work)?;
        write_lots(&work)?;
        write_postings(&work)?;
        write_inbound(&work)?;
        write_outbox(&work)?;
        write_rollup(work.connection, &work.rollup)?;
        let insert = "INSERT INTO journal VALUES (?1, ?2, ?3, ?4)";
        work.connection.prepare_cached(insert)?.execute(params![
            work.seq,
            batch.at.as_ms(),
            self.last_key.max(highest_key(batch)),
            journal::pack(&batch.journal)
        ])?;
        Ok((work.staged, parked))
    }

    fn commit(&self) -> rusqlite::Result<()> {
        self.connection.prepare_cached("COMMIT")?.execute([]).map(drop)
    }

    fn roll_back(&mut self, fault: Fault) -> ApplyError {
        // Some errors roll back by themselves.
        if !self.connection.is_autocommit() && self.connection.execute_batch("ROLLBACK").is_err() {
            self.stopped = true;
        }
        fault.not_written()
    }

    /// A full disk and a lock are met before the commit record is whole, so that nothing is
    /// written. After anything else, above all a failed sync, the record may or may not be there.
    pub(crate) fn judge_failed_commit(&mut self, error: rusqlite::Error) -> ApplyError {
        let code = error.sqlite_error_code();
        if matches!(code, Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) {
            return self.roll_back(error.into());
        }
        self.stopped = true;
        ApplyError::InDoubt(Fault::from(error).doing("commit a batch"))
    }

    fn remember(&mut self, batch: &Batch, staged: Staged, parked: i64) {
        self.last_commit += 1;
        self.last_key = self.last_key.max(highest_key(batch));
        self.recent.remember(batch, |submission| staged.contains_key(&submission));
        self.staged = staged;
        self.parked += parked;
        self.receipt_map.remember(&batch.receipt_map);
        self.archive.left().into_iter().for_each(|entry| self.messages.remember(entry));
        for row in &batch.messages {
            self.messages.remember(Entry {
                key: row.message.facts.key.as_i64(),
                account: row.message.facts.account.0,
                recipient_hash: row.message.facts.recipient_hash,
            });
        }
        for posting in &batch.postings {
            self.last_posting += 1;
            self.postings.remember(Entry {
                key: self.last_posting,
                account: posting.account.0,
                recipient_hash: 0,
            });
        }
    }
}
