//! The way from a carrier's id to the attempt part that it names.
//!
//! Carrier ids come in any order, so a table keyed by them would touch a random page for each.
//! Instead `receipt_map` is a log in the order of arrival, and the writer keeps the hashes of its
//! ids in memory. Once there are enough, the older ones are sorted by hash and appended to
//! `receipt_map_closed` as a run (the idea of `runs`), a step at a time, and then leave the log.
//! A look-up asks the memory first and then run by run from the newest; it stops at the first that
//! knows the id, so that of an id used twice the newest use wins. Runs are kept for the time in
//! which receipts may be disputed.
//!
//! Every hit is compared with the stored id; the hash is seeded per database.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use ports::store::{ReceiptMapRow, ReceiptTarget};
use rusqlite::{Connection, params};
use types::id::ConnectorId;
use types::time::Timestamp;

use super::fault::{Fault, all, first, integer, run, sql_limit};
use super::runs::RECEIPT_MAP;
use super::tidy::unsynced;
use crate::codec::{Cells, Columns, single};

/// How long a carrier id stays findable after it was moved to a run: the default dispute period.
const KEEP_MS: i64 = 90 * 86_400_000;
/// The log may fall behind by this many run lengths; then `apply` does a step itself.
const BEHIND_MAX: usize = 2;

/// Passes hashes through: they are mixed already.
#[derive(Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = self.0.rotate_left(8) ^ u64::from(*octet);
        }
    }

    fn write_i64(&mut self, value: i64) {
        self.0 = value.cast_unsigned();
    }
}

/// Hashes in memory with their places in the log.
#[derive(Default)]
struct Remembered {
    newest: HashMap<i64, i64, BuildHasherDefault<Mixed>>,
    /// Earlier places of a hash that came again; rare.
    earlier: HashMap<i64, Vec<i64>>,
    rows: usize,
}

impl Remembered {
    fn insert(&mut self, hash: i64, seq: i64) {
        self.rows += 1;
        if let Some(before) = self.newest.insert(hash, seq) {
            self.earlier.entry(hash).or_default().push(before);
        }
    }

    /// Newest first.
    fn places(&self, hash: i64) -> impl Iterator<Item = i64> {
        let earlier = self.earlier.get(&hash).into_iter().flatten().rev();
        self.newest.get(&hash).into_iter().chain(earlier).copied()
    }

    fn sorted(&self) -> Vec<(i64, i64)> {
        let earlier = self.earlier.iter().flat_map(|(hash, places)| places.iter().map(|seq| (*hash, *seq)));
        let mut pairs: Vec<_> = self.newest.iter().map(|(hash, seq)| (*hash, *seq)).chain(earlier).collect();
        pairs.sort_unstable();
        pairs
    }
}

/// A run that is being written; still found in memory until it is complete.
struct Closing {
    run: i64,
    high: i64,
    remembered: Remembered,
    pairs: Vec<(i64, i64)>,
    next: usize,
}

/// A complete run.
struct ClosedRun {
    run: i64,
    written_at: i64,
}

/// The receipt map of the writer.
pub(crate) struct ReceiptMap {
    seed: u64,
    /// The highest place used.
    last_seq: i64,
    recent: Remembered,
    closing: Option<Closing>,
    /// Complete runs, oldest first.
    closed: Vec<ClosedRun>,
    /// The number of the run written last, also when it has lapsed since.
    last_run: i64,
    /// Places up to this one are in complete runs.
    closed_to: i64,
    /// Places up to this one are no longer in the log.
    removed_to: i64,
}

impl ReceiptMap {
    /// Remembers the log above the last complete run. An unfinished one is begun again: it gets the
    /// same rows under the same number, and more.
    pub(crate) fn open(connection: &Connection) -> Result<Self, Fault> {
        let seed = integer(connection, "SELECT value FROM meta WHERE name = 'receipt_hash_seed'", [])?;
        let runs = "SELECT run, written_at, high FROM sorted_run WHERE kind = ?1 ORDER BY run";
        let runs = all(connection, runs, [RECEIPT_MAP], |row| {
            let cells = &mut Cells::new(row, "sorted_run");
            Ok((ClosedRun { run: cells.int()?, written_at: cells.int()? }, cells.int()?))
        })?;
        let closed_to = runs.last().map_or(0, |(_, high)| *high);
        let closed: Vec<_> = runs.into_iter().map(|(run, _)| run).collect();
        let last_run = closed.last().map_or(0, |closed| closed.run);
        let mut map = Self {
            seed: seed.cast_unsigned(),
            last_seq: closed_to,
            recent: Remembered::default(),
            closing: None,
            closed,
            last_run,
            closed_to,
            removed_to: integer(connection, "SELECT min(seq) - 1 FROM receipt_map", [])?,
        };
        let log = "SELECT seq, connector, carrier_id FROM receipt_map WHERE seq > ?1 ORDER BY seq";
        let mut statement = connection.prepare(log)?;
        let mut rows = statement.query([closed_to])?;
        while let Some(row) = rows.next()? {
            let cells = &mut Cells::new(row, "receipt_map");
            map.last_seq = cells.int()?;
            let (connector, carrier_id) = (cells.connector()?, cells.text()?);
            map.recent.insert(hash(map.seed, connector, &carrier_id), map.last_seq);
        }
        Ok(map)
    }

    /// Writes rows to the log as a part of their commit.
    pub(crate) fn write(&self, connection: &Connection, rows: &[ReceiptMapRow]) -> Result<(), Fault> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut insert =
            connection.prepare_cached("INSERT INTO receipt_map VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        for (seq, row) in (self.last_seq + 1..).zip(rows) {
            run!(insert, seq, row.connector.0, row.carrier_id, row.message.as_i64(), row.attempt, row.part)?;
        }
        Ok(())
    }

    /// Remembers the same rows once they are committed.
    pub(crate) fn remember(&mut self, rows: &[ReceiptMapRow]) {
        for row in rows {
            self.last_seq += 1;
            self.recent.insert(hash(self.seed, row.connector, &row.carrier_id), self.last_seq);
        }
    }

    /// The attempt parts that carry an id, newest first.
    pub(crate) fn find(
        &self,
        connection: &Connection,
        connector: ConnectorId,
        carrier_id: &str,
    ) -> Result<Vec<ReceiptTarget>, Fault> {
        let hash = hash(self.seed, connector, carrier_id);
        let log = "SELECT message, attempt, part FROM receipt_map \
                   WHERE seq = ?1 AND connector = ?2 AND carrier_id = ?3";
        let mut found = Vec::new();
        let closing = self.closing.iter().flat_map(|closing| closing.remembered.places(hash));
        for seq in self.recent.places(hash).chain(closing) {
            found.extend(first(connection, log, params![seq, connector.0, carrier_id], target)?);
        }
        let run = "SELECT message, attempt, part FROM receipt_map_closed \
                   WHERE run = ?1 AND hash = ?2 AND connector = ?3 AND carrier_id = ?4 ORDER BY seq DESC";
        for closed in self.closed.iter().rev() {
            if !found.is_empty() {
                break;
            }
            found = all(connection, run, params![closed.run, hash, connector.0, carrier_id], target)?;
        }
        Ok(found)
    }

    /// Whether the log has become too long.
    pub(crate) fn is_behind(&self, run_rows: usize) -> bool {
        self.recent.rows > run_rows.saturating_mul(BEHIND_MAX)
    }

    /// Writes a part of a run, or removes a part of what is in runs from the log. Returns whether
    /// it did.
    pub(crate) fn step(
        &mut self,
        connection: &Connection,
        now: Timestamp,
        run_rows: usize,
        step_rows: usize,
    ) -> Result<bool, Fault> {
        if self.removed_to < self.closed_to {
            let step = i64::try_from(step_rows).unwrap_or(i64::MAX);
            let to = self.removed_to.saturating_add(step).min(self.closed_to);
            unsynced(connection, |connection| {
                Ok(connection.prepare_cached("DELETE FROM receipt_map WHERE seq <= ?1")?.execute([to])?)
            })?;
            self.removed_to = to;
            return Ok(true);
        }
        if self.closing.is_none() {
            if self.recent.rows < run_rows.max(1) {
                return Ok(false);
            }
            let remembered = std::mem::take(&mut self.recent);
            let pairs = remembered.sorted();
            let run = self.last_run + 1;
            self.closing = Some(Closing { run, high: self.last_seq, remembered, pairs, next: 0 });
        }
        let Some(closing) = &mut self.closing else { return Ok(false) };
        let closed_to = self.closed_to;
        let next = unsynced(connection, |connection| {
            let next = append(connection, closing, step_rows)?;
            if next >= closing.pairs.len() {
                connection
                    .prepare_cached("INSERT INTO sorted_run VALUES (?1, ?2, ?3, ?4, ?5)")?
                    .execute([RECEIPT_MAP, closing.run, closed_to, closing.high, now.as_ms()])?;
            }
            Ok(next)
        })?;
        closing.next = next;
        if next >= closing.pairs.len() {
            self.last_run = closing.run;
            self.closed_to = closing.high;
            self.closed.push(ClosedRun { run: closing.run, written_at: now.as_ms() });
            self.closing = None;
        }
        Ok(true)
    }

    /// Removes a part of the oldest run once it has lapsed. Returns whether it did. The newest run
    /// stays whatever its age: it tells up to where the log was moved.
    pub(crate) fn expire_step(
        &mut self,
        connection: &Connection,
        now: Timestamp,
        step_rows: usize,
    ) -> Result<bool, Fault> {
        let [oldest, _, ..] = self.closed.as_slice() else { return Ok(false) };
        if now.as_ms().saturating_sub(oldest.written_at) <= KEEP_MS {
            return Ok(false);
        }
        let run = oldest.run;
        let is_gone = unsynced(connection, |connection| {
            let part = "SELECT hash FROM receipt_map_closed WHERE run = ?1 ORDER BY hash LIMIT 1 OFFSET ?2";
            let bound: Option<i64> = first(connection, part, [run, sql_limit(step_rows)], single)?;
            let sql = "DELETE FROM receipt_map_closed WHERE run = ?1 AND hash <= ?2";
            connection.prepare_cached(sql)?.execute([run, bound.unwrap_or(i64::MAX)])?;
            if bound.is_none() {
                let sql = "DELETE FROM sorted_run WHERE kind = ?1 AND run = ?2";
                connection.prepare_cached(sql)?.execute([RECEIPT_MAP, run])?;
            }
            Ok(bound.is_none())
        })?;
        if is_gone {
            self.closed.remove(0);
        }
        Ok(true)
    }
}

/// Appends up to `step_rows` rows of the log to the run; returns the place that comes next.
fn append(connection: &Connection, closing: &Closing, step_rows: usize) -> Result<usize, Fault> {
    let mut copy = connection.prepare_cached(
        "INSERT OR IGNORE INTO receipt_map_closed \
         SELECT ?1, ?2, seq, connector, carrier_id, message, attempt, part FROM receipt_map WHERE seq = ?3",
    )?;
    let mut next = closing.next;
    for (hash, seq) in closing.pairs.iter().skip(closing.next).take(step_rows) {
        copy.execute([closing.run, *hash, *seq])?;
        next += 1;
    }
    Ok(next)
}

fn target(row: &dyn Columns) -> Result<ReceiptTarget, Fault> {
    let cells = &mut Cells::new(row, "receipt_map");
    Ok(ReceiptTarget { message: cells.key()?, attempt: cells.small()?, part: cells.small()? })
}

/// A seeded 64-bit hash (multiply, rotate, then the finaliser of MurmurHash3). It is stored and must
/// never change.
fn hash(seed: u64, connector: ConnectorId, carrier_id: &str) -> i64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = (seed ^ connector.0.cast_unsigned()).wrapping_mul(MULTIPLIER);
    for part in carrier_id.as_bytes().chunks(8) {
        let word = part.iter().fold(0_u64, |word, octet| (word << 8) | u64::from(*octet));
        state = (state.rotate_left(29) ^ word).wrapping_mul(MULTIPLIER);
    }
    state ^= carrier_id.len() as u64;
    state = (state ^ (state >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    state = (state ^ (state >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    (state ^ (state >> 33)).cast_signed()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use types::id::ConnectorId;

    use super::{Remembered, hash};

    #[test]
    fn the_hash_never_changes_and_spreads() {
        assert_eq!(hash(1, ConnectorId(2), "abcdefghi"), hash(1, ConnectorId(2), "abcdefghi"));
        let ids = (0..20_000).map(|n| n.to_string());
        let hashes: HashSet<_> =
            ids.flat_map(|id| [1, 2].map(|connector| hash(7, ConnectorId(connector), &id))).collect();
        assert_eq!(hashes.len(), 40_000);
    }

    #[test]
    fn an_id_used_again_is_found_newest_first() {
        let mut remembered = Remembered::default();
        for (hash, seq) in [(5, 1), (6, 2), (5, 3), (5, 4)] {
            remembered.insert(hash, seq);
        }
        assert_eq!(remembered.places(5).collect::<Vec<_>>(), [4, 3, 1]);
        assert_eq!(remembered.places(7).count(), 0);
        assert_eq!(remembered.sorted(), [(5, 1), (5, 3), (5, 4), (6, 2)]);
    }
}
