//! The copy itself: table by table, in pieces, with a tally of what was read and a second reading of
//! what has arrived.
//!
//! It knows neither engine. Start at [`copy`] and [`compare`].

use ports::store::LedgerSum;

use super::error::PortableError;
use super::row::{Row, Tally};
use super::tables::Table;
use crate::fault::Fault;

/// Rows of one piece.
pub(crate) const PIECE_ROWS: usize = 5_000;
/// Octets of one piece, about; a row that is larger alone is a piece of its own.
pub(crate) const PIECE_OCTETS: usize = 4 * 1024 * 1024;

/// Whether rows come with what only PostgreSQL has beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    /// They do; see [`Table::behind`].
    Wanted,
    /// They do not.
    LeftOut,
}

/// Takes a piece of a table.
pub(crate) type Take<'a> = &'a mut dyn FnMut(Vec<Row>) -> Result<(), PortableError>;

/// Where rows come from: one state of a store, however long it is read.
pub(crate) trait Source {
    /// How many rows a table has.
    fn count(&mut self, table: &Table) -> Result<u64, Fault>;
    /// Reads a table, in any order but that of the carrier ids, which come as they came.
    fn read(&mut self, table: &Table, behind: Behind, take: Take<'_>) -> Result<(), PortableError>;
    /// The ledger of the same state.
    fn ledger(&mut self) -> Result<Vec<LedgerSum>, Fault>;
}

/// Where rows go to.
pub(crate) trait Sink {
    /// Which rows it takes.
    fn behind(&self) -> Behind;
    /// Makes of a row what this engine can hold.
    fn adapt(&self, row: &mut Row);
    /// Adds rows to a table.
    fn write(&mut self, table: &Table, rows: Vec<Row>) -> Result<(), Fault>;
}

/// What a long work does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reads a backup to see whether it is whole.
    Verifying,
    /// Copies rows.
    Copying,
    /// Reads the copy to see whether it is the same.
    Comparing,
    /// Makes look-ups of what was copied.
    Indexing,
}

/// How far a long work is.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// What it does.
    pub phase: Phase,
    /// With which table.
    pub table: &'a str,
    /// Rows done in this phase.
    pub rows: u64,
    /// Rows to be done in this phase; zero when nobody knows.
    pub of: u64,
}

/// Hears how far a long work is.
pub(crate) type Watch<'a> = &'a mut dyn FnMut(Moment<'_>);

/// A table with its tally.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) table: Table,
    pub(crate) tally: Tally,
}

/// How many rows the tables have.
fn total(source: &mut dyn Source, tables: &[Table]) -> Result<u64, Fault> {
    tables.iter().try_fold(0_u64, |sum, table| Ok(sum.saturating_add(source.count(table)?)))
}

/// Copies all tables; gives what was copied.
pub(crate) fn copy(
    source: &mut dyn Source,
    sink: &mut dyn Sink,
    tables: &[Table],
    watch: Watch<'_>,
) -> Result<Vec<Counted>, PortableError> {
    let of = total(source, tables)?;
    let (mut rows_done, mut copied) = (0, Vec::new());
    for table in tables {
        let (counts, mut tally) = (table.counts(), Tally::default());
        source.read(table, sink.behind(), &mut |mut rows| {
            for row in &mut rows {
                sink.adapt(row);
                tally.add(row, &counts);
            }
            rows_done += rows.len() as u64;
            sink.write(table, rows)?;
            watch(Moment { phase: Phase::Copying, table: &table.name, rows: rows_done, of });
            Ok(())
        })?;
        copied.push(Counted { table: table.clone(), tally });
    }
    Ok(copied)
}

/// Reads tables and gives those whose tally is another than expected, with the one found.
pub(crate) fn compare(
    source: &mut dyn Source,
    expected: &[Counted],
    phase: Phase,
    watch: Watch<'_>,
) -> Result<Option<(Counted, Tally)>, PortableError> {
    let of = expected.iter().map(|counted| counted.tally.rows).sum();
    let mut rows_done = 0;
    for counted in expected {
        let (counts, mut tally) = (counted.table.counts(), Tally::default());
        source.read(&counted.table, Behind::LeftOut, &mut |rows| {
            rows.iter().for_each(|row| tally.add(row, &counts));
            rows_done += rows.len() as u64;
            watch(Moment { phase, table: &counted.table.name, rows: rows_done, of });
            Ok(())
        })?;
        if tally != counted.tally {
            return Ok(Some((counted.clone(), tally)));
        }
    }
    Ok(None)
}

/// Compares a copy with what was copied: every row, and the ledger.
pub(crate) fn prove(
    arrived: &mut dyn Source,
    copied: &[Counted],
    ledger: &[LedgerSum],
    watch: Watch<'_>,
) -> Result<(), PortableError> {
    if let Some((sent, found)) = compare(arrived, copied, Phase::Comparing, watch)? {
        let (sent, table) = (sent.tally.rows, sent.table.name);
        return Err(PortableError::Differs { table, sent, arrived: found.rows });
    }
    if arrived.ledger()? == ledger { Ok(()) } else { Err(PortableError::OtherLedger) }
}
