//! Sorted runs: look-up tables that cost the writer no random page.
//!
//! A look-up from a value (an account, a hash) to row keys, kept up to date row by row, touches one
//! page somewhere in a big table for every row. Instead the writer remembers the newest pairs, and
//! once there are enough, `tidy` sorts them and appends them as one *run*: a stretch of the look-up
//! table under its own number, written from left to right. Runs follow each other in key order, so
//! that newest first means the rows above the last complete run (a scan of the newest pages), then
//! run by run downwards. A run counts once it stands in `sorted_run`; what a stopped process left of
//! an unfinished one is a part of the next, which begins with the same rows under the same number.

use rusqlite::{Connection, params};
use types::time::Timestamp;

use crate::codec::Cells;

use super::fault::{Fault, all, first, integer};
use super::tidy::unsynced;

/// Runs may fall behind by this many run lengths; then `apply` does a step itself.
const BEHIND_MAX: usize = 4;

/// A look-up by one value.
struct Lane {
    insert: &'static str,
    /// Which value of an entry.
    value: fn(&Entry) -> i64,
}

/// What is looked up.
pub(crate) struct RunKind {
    /// The number in `sorted_run`.
    code: i64,
    lanes: &'static [Lane],
    /// Keys and values of the rows above a key.
    newest: &'static str,
}

/// Messages by account and by recipient.
pub(crate) static MESSAGES: RunKind = RunKind {
    code: 0,
    lanes: &[
        Lane {
            insert: "INSERT OR IGNORE INTO message_by_account VALUES (?1, ?2, ?3)",
            value: |entry| entry.account,
        },
        Lane {
            insert: "INSERT OR IGNORE INTO message_by_recipient VALUES (?1, ?2, ?3)",
            value: |entry| entry.recipient_hash,
        },
    ],
    newest: "SELECT key, account, recipient_hash FROM message WHERE key > ?1 ORDER BY key",
};

/// Postings by account.
pub(crate) static POSTINGS: RunKind = RunKind {
    code: 1,
    lanes: &[Lane {
        insert: "INSERT OR IGNORE INTO posting_by_account VALUES (?1, ?2, ?3)",
        value: |entry| entry.account,
    }],
    newest: "SELECT id, account, 0 FROM posting WHERE id > ?1 ORDER BY id",
};

/// The lane of [`MESSAGES`] by recipient.
pub(crate) const BY_RECIPIENT: usize = 1;

/// The number of receipt map runs in `sorted_run`.
pub(crate) const RECEIPT_MAP: i64 = 2;

/// One row that is not in a run yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) key: i64,
    pub(crate) account: i64,
    pub(crate) recipient_hash: i64,
}

/// A run that is being written.
#[derive(Debug)]
struct Writing {
    run: i64,
    high: i64,
    /// Sorted (value, key) pairs per lane, longest part done first.
    lanes: Vec<Vec<(i64, i64)>>,
    lane: usize,
    next: usize,
}

/// The runs of one kind, and the rows above them.
pub(crate) struct Runs {
    kind: &'static RunKind,
    last_run: i64,
    /// Keys up to this one are in complete runs.
    indexed: i64,
    newest: Vec<Entry>,
    writing: Option<Writing>,
}

impl Runs {
    /// Remembers the rows above the last complete run.
    pub(crate) fn open(connection: &Connection, kind: &'static RunKind) -> Result<Self, Fault> {
        let last = "SELECT run, high FROM sorted_run WHERE kind = ?1 ORDER BY run DESC LIMIT 1";
        let last = first(connection, last, [kind.code], |row| {
            let cells = &mut Cells::new(row, "sorted_run");
            Ok((cells.int()?, cells.int()?))
        })?;
        let (last_run, indexed) = last.unwrap_or((0, i64::MIN));
        let newest = all(connection, kind.newest, [indexed], |row| {
            let cells = &mut Cells::new(row, "message");
            Ok(Entry { key: cells.int()?, account: cells.int()?, recipient_hash: cells.int()? })
        })?;
        Ok(Self { kind, last_run, indexed, newest, writing: None })
    }

    /// Remembers a row that was committed. One below what is already sorted is left out: [`late`]
    /// has written it.
    ///
    /// [`late`]: Self::late
    pub(crate) fn remember(&mut self, entry: Entry) {
        if entry.key > self.sorted_to() {
            self.newest.push(entry);
        }
    }

    fn sorted_to(&self) -> i64 {
        self.writing.as_ref().map_or(self.indexed, |writing| writing.high)
    }

    /// Writes the look-ups of a row whose key lies below what is already sorted. Keys ascend, so
    /// that this is rare; it is a part of the row's own commit.
    pub(crate) fn late(&self, connection: &Connection, entry: Entry) -> Result<(), Fault> {
        if entry.key > self.sorted_to() {
            return Ok(());
        }
        let run = match &self.writing {
            Some(writing) if entry.key > self.indexed => writing.run,
            _ => integer(
                connection,
                "SELECT min(run) FROM sorted_run WHERE kind = ?1 AND high >= ?2",
                [self.kind.code, entry.key],
            )?,
        };
        for lane in self.kind.lanes {
            connection.prepare_cached(lane.insert)?.execute([run, (lane.value)(&entry), entry.key])?;
        }
        Ok(())
    }

    /// Keys of rows outside of complete runs whose value in a lane is this one, newest first.
    pub(crate) fn outside(&self, lane: usize, value: i64) -> Vec<i64> {
        let value_of = self.kind.lanes.get(lane).map(|lane| lane.value);
        let newest = self.newest.iter().filter(|entry| value_of.is_some_and(|of| of(entry) == value));
        let writing = self.writing.iter().filter_map(|writing| writing.lanes.get(lane)).flatten();
        let writing = writing.filter(|pair| pair.0 == value).map(|pair| pair.1);
        let mut keys: Vec<_> = newest.map(|entry| entry.key).chain(writing).collect();
        keys.sort_unstable_by_key(|key| std::cmp::Reverse(*key));
        keys
    }

    /// Whether the rows outside of runs have become too many.
    pub(crate) fn is_behind(&self, run_rows: usize) -> bool {
        self.newest.len() > run_rows.saturating_mul(BEHIND_MAX)
    }

    /// Writes a part of a run, when there are rows enough for one. Returns whether it did.
    pub(crate) fn step(
        &mut self,
        connection: &Connection,
        now: Timestamp,
        run_rows: usize,
        step_rows: usize,
    ) -> Result<bool, Fault> {
        if self.writing.is_none() {
            if self.newest.len() < run_rows.max(1) {
                return Ok(false);
            }
            self.begin();
        }
        let Some(writing) = &mut self.writing else { return Ok(false) };
        let (lane, next) = unsynced(connection, |connection| {
            let reached = append(connection, self.kind, writing, step_rows)?;
            if reached.0 >= self.kind.lanes.len() {
                connection
                    .prepare_cached("INSERT INTO sorted_run VALUES (?1, ?2, ?3, ?4, ?5)")?
                    .execute(params![self.kind.code, writing.run, self.indexed, writing.high, now.as_ms()])?;
            }
            Ok(reached)
        })?;
        (writing.lane, writing.next) = (lane, next);
        if lane >= self.kind.lanes.len() {
            (self.last_run, self.indexed) = (writing.run, writing.high);
            self.writing = None;
        }
        Ok(true)
    }

    fn begin(&mut self) {
        let rows = std::mem::take(&mut self.newest);
        let high = rows.iter().map(|entry| entry.key).max().unwrap_or(self.indexed);
        let sorted = |lane: &Lane| {
            let mut pairs: Vec<_> = rows.iter().map(|entry| ((lane.value)(entry), entry.key)).collect();
            pairs.sort_unstable();
            pairs
        };
        let lanes = self.kind.lanes.iter().map(sorted).collect();
        self.writing = Some(Writing { run: self.last_run + 1, high, lanes, lane: 0, next: 0 });
    }
}

/// Appends up to `step_rows` pairs; returns the lane and the place that come next.
fn append(
    connection: &Connection,
    kind: &RunKind,
    writing: &Writing,
    step_rows: usize,
) -> Result<(usize, usize), Fault> {
    let (Some(lane), Some(pairs)) = (kind.lanes.get(writing.lane), writing.lanes.get(writing.lane)) else {
        return Ok((kind.lanes.len(), 0));
    };
    let mut insert = connection.prepare_cached(lane.insert)?;
    let mut next = writing.next;
    for (value, key) in pairs.iter().skip(writing.next).take(step_rows) {
        insert.execute([writing.run, *value, *key])?;
        next += 1;
    }
    Ok(if next >= pairs.len() { (writing.lane + 1, 0) } else { (writing.lane, next) })
}
