//! Rows out of and into a database of PostgreSQL.
//!
//! They are read by cursors in one transaction that sees one state, and written by `COPY` under the
//! lease, a piece in each transaction.

use std::collections::HashMap;
use std::sync::Arc;

use ports::store::LedgerSum;
use tokio::runtime::Handle;
use tokio_postgres::types::Type;

use super::copy::{Behind, PIECE_OCTETS, PIECE_ROWS, Sink, Source, Take};
use super::copy_in::encode;
use super::error::PortableError;
use super::row::{Cell, Row};
use super::tables::{INBOUND, JOURNAL, RECEIPT_MAP, Table};
use crate::codec::Columns;
use crate::fault::Fault;
use crate::postgres::{Io, Partitions, PostgresUrl, Session, Writer, connect, hold_lease, holdable};

/// Settings of the session that reads. It may wait long for the other side to take what it has read.
const SETTINGS: &str = "SET jit = off; SET client_min_messages = warning; SET work_mem = '64MB'; \
                        SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0";
const ONE_STATE: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Rows of the first piece of a table, before it is known how large they are.
const FIRST_ROWS: usize = 64;

/// One state of a database.
pub(crate) struct PostgresSource {
    session: Arc<Session>,
    /// Ends last: dropping it ends the connection.
    io: Arc<Io>,
}

impl PostgresSource {
    /// Begins to read. The platform may write meanwhile.
    pub(crate) fn open(url: &PostgresUrl) -> Result<Self, Fault> {
        let io = Io::start("store-copy").map_err(|error| Fault::Engine(Box::new(error)))?;
        Self::beside(Arc::new(io), url)
    }

    /// The same on a thread that is there.
    pub(crate) fn beside(io: Arc<Io>, url: &PostgresUrl) -> Result<Self, Fault> {
        let url = url.clone();
        let session = io.run(async move {
            let session = connect(&url, &Handle::current()).await?;
            session.run(SETTINGS).await?;
            session.run(ONE_STATE).await?;
            // The state is that of the first question.
            session.integer("SELECT 1::bigint", &[]).await?;
            Ok(Arc::new(session))
        })?;
        Ok(Self { session, io })
    }

    /// Asks about the same state.
    pub(crate) fn ask<T, A>(&self, question: impl FnOnce(Arc<Session>) -> A) -> Result<T, Fault>
    where
        T: Send + 'static,
        A: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        self.io.run(question(Arc::clone(&self.session)))
    }
}

fn question(table: &Table) -> String {
    let name = &table.name;
    let list = table.list("t.");
    if *name == RECEIPT_MAP {
        let place = "row_number() OVER (ORDER BY t.seq, t.message, t.attempt, t.part)";
        return format!("SELECT {} FROM {name} t ORDER BY 1", list.replacen("t.\"seq\"", place, 1));
    }
    if *name == INBOUND {
        let account = "nullif(t.\"account\", 0)";
        return format!("SELECT {} FROM {name} t", list.replacen("t.\"account\"", account, 1));
    }
    format!("SELECT {list} FROM {name} t")
}

fn cells(row: &tokio_postgres::Row) -> Result<Row, Fault> {
    let cell = |(column, kind): (usize, &tokio_postgres::Column)| {
        Ok(match *kind.type_() {
            Type::TEXT => row.text(column)?.map(Cell::Text),
            Type::BYTEA => row.blob(column)?.map(Cell::Octets),
            _ => row.int(column)?.map(Cell::Number),
        }
        .unwrap_or(Cell::Nothing))
    };
    row.columns().iter().enumerate().map(cell).collect()
}

/// How many rows to ask for, so that a piece has about the octets that it may have.
fn next_rows(rows: usize, octets: usize) -> usize {
    let each = octets.checked_div(rows).unwrap_or(0).max(1);
    (PIECE_OCTETS / each).clamp(1, PIECE_ROWS)
}

impl Source for PostgresSource {
    fn count(&mut self, table: &Table) -> Result<u64, Fault> {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        let counted = self.ask(|session| async move { session.rows(&sql).await })?;
        let count = counted.first().map(|row| row.int(0)).transpose()?.flatten();
        Ok(u64::try_from(count.unwrap_or(0)).unwrap_or(0))
    }

    fn read(&mut self, table: &Table, _behind: Behind, take: Take<'_>) -> Result<(), PortableError> {
        let cursor = format!("chappe_{}", table.name);
        let declare = format!("DECLARE {cursor} NO SCROLL CURSOR FOR {}", question(table));
        self.ask(|session| async move { session.run(&declare).await })?;
        let mut wanted = FIRST_ROWS;
        loop {
            let fetch = format!("FETCH FORWARD {wanted} FROM {cursor}");
            let fetched = self.ask(|session| async move { session.rows(&fetch).await })?;
            if fetched.is_empty() {
                break;
            }
            let rows = fetched.iter().map(cells).collect::<Result<Vec<_>, _>>()?;
            let octets = rows.iter().flatten().map(Cell::octets).sum();
            wanted = next_rows(rows.len(), octets);
            take(rows)?;
        }
        let close = format!("CLOSE {cursor}");
        Ok(self.ask(|session| async move { session.run(&close).await })?)
    }

    fn ledger(&mut self) -> Result<Vec<LedgerSum>, Fault> {
        self.ask(|session| async move { crate::postgres::ledger_sums(&session).await })
    }
}

/// A database that is being filled by the holder of its lease.
pub(crate) struct PostgresSink {
    pub(crate) writer: Writer,
    partitions: Partitions,
    /// The types of the columns that are written, by table.
    types: HashMap<String, Vec<Type>>,
    io: Arc<Io>,
}

impl PostgresSink {
    /// With the lease; the thread is the one of the connection.
    pub(crate) fn new(io: Arc<Io>, writer: Writer) -> Result<Self, Fault> {
        let session = Arc::clone(&writer.session);
        let partitions = io.run(async move { Partitions::load(&session).await })?;
        Ok(Self { writer, partitions, types: HashMap::new(), io })
    }

    /// Runs work in a transaction of the lease's holder.
    pub(crate) fn commit<T, A>(&self, work: impl FnOnce(Arc<Session>) -> A) -> Result<T, Fault>
    where
        T: Send + 'static,
        A: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let (session, epoch) = (Arc::clone(&self.writer.session), self.writer.epoch);
        let work = work(Arc::clone(&session));
        self.io.run(async move {
            let fenced = async {
                hold_lease(&session, epoch).await?;
                work.await
            };
            session.in_transaction("BEGIN", fenced).await
        })
    }

    fn types_of(&mut self, table: &Table, list: &str) -> Result<Vec<Type>, Fault> {
        if let Some(known) = self.types.get(&table.name) {
            return Ok(known.clone());
        }
        let (session, sql) = (Arc::clone(&self.writer.session), format!("SELECT {list} FROM {}", table.name));
        let types = self.io.run(async move { session.types(&sql).await })?;
        self.types.insert(table.name.clone(), types.clone());
        Ok(types)
    }
}

/// The columns that are written.
fn written(table: &Table) -> String {
    let mut list = table.list("");
    if let Some(behind) = table.behind() {
        list += &format!(", \"{behind}\"");
    }
    if table.name == JOURNAL {
        list += ", \"last_posting\", \"token\"";
    }
    list
}

/// The values by which a table is divided.
fn dividing(table: &Table, rows: &[Row]) -> Vec<i64> {
    let place = match table.name.as_str() {
        // The time of a carrier id stands behind the columns of SQLite.
        RECEIPT_MAP => Some(table.columns.len()),
        _ => table.place("message").or_else(|| table.place("key")),
    };
    let number = |row: &Row| match place.and_then(|place| row.get(place)) {
        Some(Cell::Number(number)) => Some(*number),
        _ => None,
    };
    rows.iter().filter_map(number).collect()
}

impl Sink for PostgresSink {
    fn behind(&self) -> Behind {
        Behind::Wanted
    }

    fn adapt(&self, row: &mut Row) {
        for cell in row {
            if let Cell::Text(text) = cell
                && let std::borrow::Cow::Owned(other) = holdable(text)
            {
                *text = other;
            }
        }
    }

    fn write(&mut self, table: &Table, mut rows: Vec<Row>) -> Result<(), Fault> {
        let missing = self.partitions.covering(&table.name, dividing(table, &rows).into_iter());
        if table.name == JOURNAL {
            // The newest of them gets its last posting when all are there.
            rows.iter_mut().for_each(|row| row.extend([Cell::Number(0), Cell::Octets(Vec::new())]));
        }
        if let Some(account) = table.place("account").filter(|_| table.name == INBOUND) {
            let nobody = |cell: &mut Cell| {
                if *cell == Cell::Nothing {
                    *cell = Cell::Number(0);
                }
            };
            rows.iter_mut().filter_map(|row| row.get_mut(account)).for_each(nobody);
        }
        let list = written(table);
        let types = self.types_of(table, &list)?;
        let octets = encode(&rows, &types)?;
        let (count, divide) = (rows.len() as u64, missing.sql());
        let copy = format!("COPY {} ({list}) FROM STDIN BINARY", table.name);
        self.commit(|session| async move {
            session.run(&divide).await?;
            let written = session.copy_in(&copy, octets).await?;
            if written == count { Ok(()) } else { Err(Fault::Corrupt("a piece of a copy")) }
        })?;
        self.partitions.made(&missing);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{FIRST_ROWS, PIECE_OCTETS, PIECE_ROWS, next_rows};

    #[test]
    fn pieces_follow_the_size_of_rows() {
        let cases = [
            (FIRST_ROWS, FIRST_ROWS * 10, PIECE_ROWS),
            (FIRST_ROWS, FIRST_ROWS * 8_192, PIECE_OCTETS / 8_192),
            (1, PIECE_OCTETS * 10, 1),
            (3, 0, PIECE_ROWS),
        ];
        for (rows, octets, expected) in cases {
            assert_eq!(next_rows(rows, octets), expected, "{rows} {octets}");
        }
    }
}
