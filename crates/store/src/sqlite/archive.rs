//! The archive: whole days of messages that have ended, compressed, in tables of the same database.
//!
//! A message is in the tables of traffic or in one block of the archive. The step that archives inserts the
//! block and deletes the rows in one transaction, so that after any crash each message is there once, and
//! every reader sees it once: no second file has to agree with the database, and a backup, a copy or a power
//! cut knows of nothing new. The block itself is made beside the writer (`presser`), from a state in which
//! the messages had ended, opened again and compared; when one of them changes meanwhile, it is thrown away
//! and made anew. A message of which something new is told leaves the archive first (`leave`).
//!
//! What was archived leaves the look-ups by account and by recipient run by run; blocks say themselves what
//! they have (`index`). Carrier ids stay in their runs for 90 days. Start at [`Archive`]; how a block is laid
//! out stands in `block`, what is asked of it in `read`.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::sync::Arc;

use ports::store::Batch;
use rusqlite::Connection;
use types::id::RowKey;
use types::time::Timestamp;

use super::fault::{Fault, all, first, integer, sql_limit};
use super::runs::{Entry, Runs};
use super::tidy::unsynced;
use super::{DATABASE_FILE, SqliteStore};
use crate::codec::{Cells, single};

mod block;
mod index;
mod keyring;
mod leave;
mod manage;
mod pack;
mod presser;
pub(crate) mod read;
mod rows;
#[cfg(test)]
mod tests;

pub(crate) use keyring::Keyring;
pub use manage::{ArchiveStatus, ArchivedDay, Damage, archive_status, verify_archive};

use presser::{Outcome, Presser, Wish};
use rows::{DAY_MS, Pressed};

/// Pause between two blocks, milliseconds: eight thousand messages a second, and the writer is free for
/// most of it.
const BLOCK_PAUSE_MS: i64 = 250;
/// Pause when nothing is left to archive, milliseconds.
const REST_MS: i64 = 600_000;
/// Runs that are looked at for one that can go; each may have a message that is still open.
const RUNS_LOOKED_AT: usize = 16;

/// The archive as the writer knows it.
pub(crate) struct Archive {
    keyring: Arc<Keyring>,
    /// How old a day is at least when it is archived; `None` for never.
    after_ms: Option<i64>,
    presser: Option<Presser>,
    next_at: Timestamp,
    /// The highest key in the archive.
    highest: i64,
    /// Whether look-ups may have runs that only name archived messages.
    has_old_runs: bool,
    /// Below this key messages are being read for a block, or were.
    being_read: i64,
    /// Whether one of those has changed since.
    is_stale: Cell<bool>,
    /// Messages that the commit in progress has put back.
    put_back: RefCell<Vec<Entry>>,
}

impl Archive {
    pub(crate) fn open(
        connection: &Connection,
        folder: &Path,
        after_days: Option<u32>,
    ) -> Result<Self, Fault> {
        Ok(Self {
            keyring: Arc::new(Keyring::of(folder)),
            after_ms: after_days.map(|days| i64::from(days) * DAY_MS),
            presser: None,
            next_at: Timestamp::EPOCH,
            highest: read::highest(connection)?,
            has_old_runs: true,
            being_read: i64::MIN,
            is_stale: Cell::new(false),
            put_back: RefCell::default(),
        })
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Whether a message with this key may be in the archive.
    pub(crate) const fn may_have(&self, key: RowKey) -> bool {
        key.as_i64() <= self.highest
    }

    /// Before a batch is written: what it says of archived messages finds them in the tables again. Costs a
    /// comparison for each change while nothing of the batch is old.
    pub(crate) fn make_way(&self, connection: &Connection, runs: &Runs, batch: &Batch) -> Result<(), Fault> {
        self.put_back.borrow_mut().clear();
        let up_to = self.highest.max(self.being_read);
        if up_to == i64::MIN {
            return Ok(());
        }
        let touched = leave::touched(batch, up_to);
        if touched.is_empty() {
            return Ok(());
        }
        self.is_stale.set(true);
        let entries = leave::put_back_touched(connection, &self.keyring, runs, touched)?;
        *self.put_back.borrow_mut() = entries;
        Ok(())
    }

    /// What was put back by the commit that has just been made.
    pub(crate) fn left(&self) -> Vec<Entry> {
        self.put_back.take()
    }
}

impl SqliteStore {
    /// One step: asks for a block, writes one that is ready, or removes look-ups of what was archived.
    /// Returns whether there is more to do at once.
    pub(crate) fn archive_step(&mut self, now: Timestamp) -> Result<bool, Fault> {
        if self.forget_runs()? {
            return Ok(true);
        }
        let Some(after_ms) = self.archive.after_ms else { return Ok(false) };
        let outcome = self.archive.presser.as_mut().map_or(Outcome::Idle, Presser::answer);
        match outcome {
            Outcome::Busy => return Ok(false),
            Outcome::Done(made) => return self.archive_made(made, now),
            Outcome::Idle if now < self.archive.next_at => return Ok(false),
            Outcome::Idle => {}
        }
        let below = horizon(now, after_ms);
        if self.archive.presser.is_none() {
            let path = self.folder.join(DATABASE_FILE);
            self.archive.presser = Some(Presser::start(&path, Arc::clone(&self.archive.keyring))?);
        }
        self.archive.being_read = below - 1;
        self.archive.is_stale.set(false);
        let wish = Wish { below, messages: self.tuning.archive_block_messages.max(1) };
        if let Some(presser) = &mut self.archive.presser {
            presser.ask(wish);
        }
        Ok(false)
    }

    fn archive_made(&mut self, made: Result<Option<Pressed>, Fault>, now: Timestamp) -> Result<bool, Fault> {
        self.archive.being_read = i64::MIN;
        match made {
            Ok(Some(pressed)) => {
                self.archive.next_at = now.plus_ms(BLOCK_PAUSE_MS);
                if !self.archive.is_stale.get() {
                    self.write_block(&pressed, now)?;
                }
                Ok(false)
            }
            Ok(None) => {
                self.archive.next_at = now.plus_ms(REST_MS);
                Ok(false)
            }
            Err(fault) => {
                self.archive.next_at = now.plus_ms(REST_MS);
                Err(fault)
            }
        }
    }

    /// The block comes and the rows go, or neither. A crash before the next sync may take the step back as a
    /// whole; then it is made again.
    fn write_block(&mut self, pressed: &Pressed, now: Timestamp) -> Result<(), Fault> {
        unsynced(&self.connection, |connection| {
            rows::write(connection, pressed, now.as_ms())?;
            rows::remove(connection, pressed)
        })?;
        self.archive.has_old_runs = true;
        self.archive.highest = self.archive.highest.max(pressed.keys.last().copied().unwrap_or(i64::MIN));
        Ok(())
    }

    /// Archives all days that ended at least `after_days` days before `now`, at once. `watch` hears how many
    /// messages are done.
    pub(crate) fn archive_now(
        &mut self,
        now: Timestamp,
        after_days: u32,
        watch: &mut dyn FnMut(u64),
    ) -> Result<u64, Fault> {
        let below = horizon(now, i64::from(after_days) * DAY_MS);
        let wish = Wish { below, messages: self.tuning.archive_block_messages.max(1) };
        let mut done = 0;
        while let Some(pressed) = presser::make(&self.connection, &self.archive.keyring, wish)? {
            self.write_block(&pressed, now)?;
            done += pressed.keys.len() as u64;
            watch(done);
            self.checkpointer.step(&self.connection)?;
        }
        while self.forget_runs()? {
            self.checkpointer.step(&self.connection)?;
        }
        Ok(done)
    }

    /// Puts all archived messages back into the tables. `watch` hears how many are done.
    pub(crate) fn unpack_now(&mut self, watch: &mut dyn FnMut(u64)) -> Result<u64, Fault> {
        let mut done = 0;
        for at in read::blocks(&self.connection)? {
            let (runs, keyring) = (&self.messages, &self.archive.keyring);
            let entries = unsynced(&self.connection, |connection| {
                let entries = leave::take_out(connection, keyring, at, |_| true)?;
                for entry in &entries {
                    leave::list_again(connection, runs, *entry)?;
                }
                Ok(entries)
            })?;
            done += entries.len() as u64;
            entries.into_iter().for_each(|entry| self.messages.remember(entry));
            watch(done);
            self.checkpointer.step(&self.connection)?;
        }
        self.archive.highest = read::highest(&self.connection)?;
        Ok(done)
    }

    /// Removes a part of a run of look-ups all of whose messages were archived. The newest run stays: it
    /// tells up to where there are runs.
    fn forget_runs(&mut self) -> Result<bool, Fault> {
        if self.archive.highest == i64::MIN || !self.archive.has_old_runs {
            return Ok(false);
        }
        let runs = "SELECT run, low, high FROM sorted_run WHERE kind = 0 AND high <= ?1 AND run < \
                    (SELECT max(run) FROM sorted_run WHERE kind = 0) ORDER BY run LIMIT ?2";
        let range = [self.archive.highest, sql_limit(RUNS_LOOKED_AT)];
        let runs = all(&self.connection, runs, range, |row| {
            let cells = &mut Cells::new(row, "sorted_run");
            Ok((cells.int()?, cells.int()?, cells.int()?))
        })?;
        for (run, low, high) in runs {
            let is_needed = "SELECT 1 FROM message WHERE key > ?1 AND key <= ?2 LIMIT 1";
            if first(&self.connection, is_needed, [low, high], single)?.is_none() {
                return self.forget_run(run).map(|()| true);
            }
        }
        self.archive.has_old_runs = false;
        Ok(false)
    }

    fn forget_run(&self, run: i64) -> Result<(), Fault> {
        let step = sql_limit(self.tuning.step_rows.max(1));
        unsynced(&self.connection, |connection| {
            let mut is_gone = true;
            for (table, value) in
                [("message_by_account", "account"), ("message_by_recipient", "recipient_hash")]
            {
                let nth =
                    format!("SELECT {value} FROM {table} WHERE run = ?1 ORDER BY {value} LIMIT 1 OFFSET ?2");
                let bound = first(connection, &nth, [run, step], single)?;
                let delete = format!("DELETE FROM {table} WHERE run = ?1 AND {value} <= ?2");
                connection.prepare_cached(&delete)?.execute([run, bound.unwrap_or(i64::MAX)])?;
                is_gone &= bound.is_none();
            }
            if is_gone {
                connection
                    .prepare_cached("DELETE FROM sorted_run WHERE kind = 0 AND run = ?1")?
                    .execute([run])?;
            }
            Ok(())
        })
    }
}

/// The first key of the days that are too young.
fn horizon(now: Timestamp, after_ms: i64) -> i64 {
    let day = now.as_ms() - after_ms;
    RowKey::from_parts((day - day.rem_euclid(DAY_MS)).max(0), 0).as_i64()
}

/// How many octets the archive takes, and what stands beside it.
fn octets(connection: &Connection) -> Result<i64, Fault> {
    let sql = "SELECT (SELECT coalesce(sum(length(facts) + length(sealed)), 0) FROM past_content) \
               + (SELECT coalesce(sum(length(accounts) + length(recipients) + 64), 0) FROM past_block)";
    integer(connection, sql, [])
}
