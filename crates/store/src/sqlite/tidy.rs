//! The work between commits, in steps of a few milliseconds.
//!
//! Everything here is derived from rows that are already synced, so its commits are not synced
//! themselves: a crash repeats a step, never loses a row. Start at [`SqliteStore::tidy_step`].

use rusqlite::{Connection, params};
use types::id::{AccountId, RowKey};
use types::time::Timestamp;

use super::SqliteStore;
use super::fault::{Fault, first, integer, sql_limit};

/// Pause between two rounds of removing what has lapsed, milliseconds.
const SWEEP_PAUSE_MS: i64 = 60_000;

/// How far the removal of lapsed idempotency keys has come.
#[derive(Debug, Default)]
pub(crate) struct Sweeps {
    /// When the next round begins; the epoch for at once.
    next_at: Timestamp,
    /// The last key looked at in this round; `None` between rounds.
    after: Option<(AccountId, Vec<u8>)>,
}

/// Runs `work` in a transaction that is not synced on its own; all of it or nothing.
pub(crate) fn unsynced<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    connection.pragma_update(None, "synchronous", "normal")?;
    let done = in_transaction(connection, work);
    connection.pragma_update(None, "synchronous", "full")?;
    done
}

fn in_transaction<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let done = work(connection).and_then(|value| {
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(value)
    });
    if done.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    done
}

impl SqliteStore {
    /// One step of each kind of work that is due. Returns whether more is.
    pub(crate) fn tidy_step(&mut self, now: Timestamp) -> Result<bool, Fault> {
        if self.stopped || self.checkpointer.has_failed() {
            return Ok(false);
        }
        let copied = self.checkpointer.step(&self.connection)?;
        let moved = self.catch_up(now)?;
        let settled = self.settle_outbox(now)?;
        let expired = self.receipt_map.expire_step(&self.connection, now, self.tuning.step_rows)?;
        let swept = self.sweep(now)?;
        Ok(copied || moved || settled || expired || swept)
    }

    /// One step of each kind of sorted run.
    fn catch_up(&mut self, now: Timestamp) -> Result<bool, Fault> {
        let (run_rows, step_rows) = (self.tuning.run_rows, self.tuning.step_rows);
        let messages = self.messages.step(&self.connection, now, run_rows, step_rows)?;
        let postings = self.postings.step(&self.connection, now, run_rows, step_rows)?;
        let receipts =
            self.receipt_map.step(&self.connection, now, self.tuning.receipt_run_rows, step_rows)?;
        Ok(messages || postings || receipts)
    }

    /// Bounds what the writer remembers when nobody calls `tidy`: a step per batch is more than a
    /// batch adds.
    pub(crate) fn catch_up_if_behind(&mut self, now: Timestamp) -> Result<(), Fault> {
        let is_behind = self.messages.is_behind(self.tuning.run_rows)
            || self.postings.is_behind(self.tuning.run_rows)
            || self.receipt_map.is_behind(self.tuning.receipt_run_rows);
        if is_behind {
            self.catch_up(now)?;
        }
        Ok(())
    }

    /// Lists events that have waited a while in the look-ups by endpoint and by message. Most
    /// events are told before and never get there.
    fn settle_outbox(&mut self, now: Timestamp) -> Result<bool, Fault> {
        let settle = now.plus_ms(-self.tuning.outbox_settle_ms);
        let to = RowKey::from_parts(settle.as_ms().max(0), 0).as_i64();
        let step = sql_limit(self.tuning.step_rows);
        let from = self.outbox_settled;
        let nth = "SELECT key FROM outbox WHERE key > ?1 AND key <= ?2 ORDER BY key LIMIT 1 OFFSET ?3";
        let is_waiting = "SELECT key FROM outbox WHERE key > ?1 AND key <= ?2 LIMIT 1";
        if to <= from || integer(&self.connection, is_waiting, [from, to])? == 0 {
            return Ok(false);
        }
        let to = first(&self.connection, nth, [from, to, step - 1], |row| Ok(row.get(0)?))?.unwrap_or(to);
        unsynced(&self.connection, |connection| {
            for sql in [
                "INSERT OR IGNORE INTO outbox_by_endpoint SELECT endpoint, key FROM outbox \
                 WHERE key > ?1 AND key <= ?2 ORDER BY endpoint, key",
                "INSERT OR IGNORE INTO outbox_by_about SELECT about, key FROM outbox \
                 WHERE key > ?1 AND key <= ?2 ORDER BY about, key",
            ] {
                connection.prepare_cached(sql)?.execute([from, to])?;
            }
            let sql = "INSERT OR REPLACE INTO meta VALUES ('outbox_settled', ?1)";
            Ok(connection.prepare_cached(sql)?.execute([to])?)
        })?;
        self.outbox_settled = to;
        Ok(true)
    }

    /// Removes sessions and idempotency keys that have lapsed. There is no index on the time:
    /// rounds through the table are cheaper than keeping one up to date.
    fn sweep(&mut self, now: Timestamp) -> Result<bool, Fault> {
        let begins = self.sweeps.after.is_none();
        if begins && now < self.sweeps.next_at {
            return Ok(false);
        }
        let after = self.sweeps.after.clone().unwrap_or((AccountId(i64::MIN), Vec::new()));
        let step = sql_limit(self.tuning.step_rows);
        let reached = unsynced(&self.connection, |connection| {
            if begins {
                connection
                    .prepare_cached("DELETE FROM session WHERE expires_at <= ?1")?
                    .execute([now.as_ms()])?;
            }
            let (account, hash) = (after.0.0, after.1.as_slice());
            let reached = first(
                connection,
                "SELECT account, key_hash FROM idempotency WHERE (account, key_hash) > (?1, ?2) \
                 ORDER BY account, key_hash LIMIT 1 OFFSET ?3",
                params![account, hash, step],
                |row| Ok((AccountId(row.get(0)?), row.get::<_, Vec<u8>>(1)?)),
            )?;
            let (to_account, to_hash) = match &reached {
                Some((account, hash)) => (account.0, hash.as_slice()),
                None => (i64::MAX, &[0xff; 17][..]),
            };
            connection
                .prepare_cached(
                    "DELETE FROM idempotency WHERE (account, key_hash) > (?1, ?2) \
                     AND (account, key_hash) <= (?3, ?4) AND expires_at <= ?5",
                )?
                .execute(params![account, hash, to_account, to_hash, now.as_ms()])?;
            Ok(reached)
        })?;
        if reached.is_none() {
            self.sweeps.next_at = now.plus_ms(SWEEP_PAUSE_MS);
        }
        self.sweeps.after = reached;
        Ok(self.sweeps.after.is_some())
    }
}
