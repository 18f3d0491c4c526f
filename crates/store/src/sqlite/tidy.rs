//! The work between commits, in steps of a few milliseconds.
//!
//! Everything here is derived from rows that are already synced, so its commits are not synced
//! themselves: a crash repeats a step, never loses a row. Start at [`SqliteStore::tidy_step`].

use ports::store::TOLD_KEPT_MS;
use rusqlite::{Connection, params};
use types::id::{AccountId, RowKey};
use types::time::Timestamp;

use super::SqliteStore;
use super::fault::{Fault, first, integer, sql_limit};
use crate::codec::{Cells, never, single};

/// Pause between two rounds of removing what has lapsed, milliseconds.
const SWEEP_PAUSE_MS: i64 = 60_000;

/// How long events may stay out of the look-ups when they do not make a step, milliseconds.
const SETTLE_PAUSE_MS: i64 = 60_000;

/// How far the removal of what has lapsed has come.
#[derive(Debug, Default)]
pub(crate) struct Sweeps {
    /// Idempotency keys, by account and hash.
    keys: Round<(AccountId, Vec<u8>)>,
    /// Events that were told, by key.
    told: Round<i64>,
}

/// One round after the other through the rows of a table.
#[derive(Debug)]
struct Round<T> {
    /// When the next round begins; the epoch for at once.
    next_at: Timestamp,
    /// The last row looked at in this round; `None` between rounds.
    after: Option<T>,
}

impl<T> Default for Round<T> {
    fn default() -> Self {
        Self { next_at: Timestamp::EPOCH, after: None }
    }
}

impl<T> Round<T> {
    fn is_due(&self, now: Timestamp) -> bool {
        self.after.is_some() || now >= self.next_at
    }

    /// A step came to a row, or to the end. Returns whether the round goes on.
    fn reach(&mut self, row: Option<T>, now: Timestamp) -> bool {
        if row.is_none() {
            self.next_at = now.plus_ms(SWEEP_PAUSE_MS);
        }
        self.after = row;
        self.after.is_some()
    }
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
        let done = self.steps(now);
        if done.is_err() {
            self.put_right();
        }
        done
    }

    /// A step that failed may have left its transaction open, or commits without their sync. Where that
    /// cannot be put right nothing must be written any more: what is promised would not be on the disk.
    fn put_right(&mut self) {
        let is_closed = self.connection.is_autocommit() || self.connection.execute_batch("ROLLBACK").is_ok();
        let syncs = self.connection.pragma_update(None, "synchronous", "full").is_ok();
        if !is_closed || !syncs {
            self.stopped = true;
        }
    }

    fn steps(&mut self, now: Timestamp) -> Result<bool, Fault> {
        let copied = self.checkpointer.step(&self.connection)?;
        let moved = self.catch_up(now)?;
        let settled = self.settle_outbox(now)?;
        let expired = self.receipt_map.expire_step(&self.connection, now, self.tuning.step_rows)?;
        let swept = self.sweep(now)?;
        let forgot = self.forget_told(now)?;
        let archived = self.archive_step(now)?;
        Ok(copied || moved || settled || expired || swept || forgot || archived)
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
            let done = self.catch_up(now);
            if done.is_err() {
                self.put_right();
            }
            done?;
        }
        Ok(())
    }

    /// Lists events that are no longer young in the look-ups: all of them by message, those that were
    /// not told by endpoint. A step of many is cheap for each, so a few wait for more.
    fn settle_outbox(&mut self, now: Timestamp) -> Result<bool, Fault> {
        let settle = now.plus_ms(-self.tuning.outbox_settle_ms);
        let to = RowKey::from_parts(settle.as_ms().max(0), 0).as_i64();
        let step = sql_limit(self.tuning.step_rows);
        let from = self.outbox_settled;
        let nth = "SELECT key FROM outbox WHERE key > ?1 AND key <= ?2 ORDER BY key LIMIT 1 OFFSET ?3";
        let is_any = "SELECT key FROM outbox WHERE key > ?1 AND key <= ?2 LIMIT 1";
        if to <= from || integer(&self.connection, is_any, [from, to])? == 0 {
            return Ok(false);
        }
        let full_step = first(&self.connection, nth, [from, to, step - 1], single)?;
        let since_ms = now.ms_since(Timestamp::from_ms(RowKey::from_i64(from).unix_ms()));
        if full_step.is_none() && since_ms < SETTLE_PAUSE_MS {
            return Ok(false);
        }
        let to = full_step.unwrap_or(to);
        unsynced(&self.connection, |connection| {
            for sql in [
                concat!(
                    "INSERT OR IGNORE INTO outbox_by_endpoint SELECT endpoint, next_at = ",
                    never!(),
                    ", key FROM outbox WHERE key > ?1 AND key <= ?2 AND told_at IS NULL ORDER BY 1, 2, 3"
                ),
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
        if !self.sweeps.keys.is_due(now) {
            return Ok(false);
        }
        let begins = self.sweeps.keys.after.is_none();
        let after = self.sweeps.keys.after.clone().unwrap_or((AccountId(i64::MIN), Vec::new()));
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
                |row| {
                    let cells = &mut Cells::new(row, "idempotency");
                    Ok((cells.account()?, cells.blob()?))
                },
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
        Ok(self.sweeps.keys.reach(reached, now))
    }

    /// Removes events that were told long ago, and dead letters that were made long ago. An event is
    /// made before it is told, so that only old keys are looked at; what is left of them waits or was
    /// told late.
    fn forget_told(&mut self, now: Timestamp) -> Result<bool, Fault> {
        if !self.sweeps.told.is_due(now) {
            return Ok(false);
        }
        let told_to = now.plus_ms(-TOLD_KEPT_MS).as_ms();
        let highest = RowKey::from_parts(told_to.max(0), 0).as_i64();
        let after = self.sweeps.told.after.unwrap_or(0);
        let nth = "SELECT key FROM outbox WHERE key > ?1 AND key <= ?2 ORDER BY key LIMIT 1 OFFSET ?3";
        let step = sql_limit(self.tuning.step_rows);
        let reached: Option<i64> = first(&self.connection, nth, [after, highest, step - 1], single)?;
        let range = [after, reached.unwrap_or(highest), told_to];
        let is_any = concat!(
            "SELECT key FROM outbox WHERE key > ?1 AND key <= ?2 AND (told_at <= ?3 OR next_at = ",
            never!(),
            ") LIMIT 1"
        );
        if integer(&self.connection, is_any, range)? != 0 {
            unsynced(&self.connection, |connection| {
                let dead = concat!(
                    "DELETE FROM outbox_by_endpoint WHERE (endpoint, dead, key) IN \
                     (SELECT endpoint, 1, key FROM outbox WHERE key > ?1 AND key <= ?2 AND next_at = ",
                    never!(),
                    ")"
                );
                let [from, to, _] = range;
                connection.prepare_cached(dead)?.execute([from, to])?;
                for sql in [
                    concat!(
                        "DELETE FROM outbox_by_about WHERE (about, key) IN (SELECT about, key FROM outbox \
                         WHERE key > ?1 AND key <= ?2 AND (told_at <= ?3 OR next_at = ",
                        never!(),
                        "))"
                    ),
                    concat!(
                        "DELETE FROM outbox WHERE key > ?1 AND key <= ?2 AND (told_at <= ?3 OR next_at = ",
                        never!(),
                        ")"
                    ),
                ] {
                    connection.prepare_cached(sql)?.execute(range)?;
                }
                Ok(())
            })?;
        }
        Ok(self.sweeps.told.reach(reached, now))
    }
}
