//! Rows out of and into a database of SQLite: a data folder's, or an archive.

use std::path::Path;

use ports::store::LedgerSum;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, ToSql, params_from_iter, types::ToSqlOutput};

use super::copy::{Behind, PIECE_OCTETS, PIECE_ROWS, Sink, Source, Take};
use super::error::PortableError;
use super::row::{Cell, Row};
use super::tables::{RECEIPT_MAP, Table};
use crate::fault::Fault;
use crate::sqlite::{bring_up_to_date, integer, ledger_sums, reading_connection};

/// Page cache while a database is filled, KiB.
const CACHE_KIB: i64 = 65_536;

/// Carrier ids: those in complete runs, and those of the log above them.
const MAP: &str = "(SELECT c.seq, c.connector, c.carrier_id, c.message, c.attempt, c.part \
    FROM receipt_map_closed c JOIN sorted_run r ON r.kind = 2 AND r.run = c.run \
    UNION ALL SELECT seq, connector, carrier_id, message, attempt, part FROM receipt_map \
    WHERE seq > (SELECT coalesce(max(high), 0) FROM sorted_run WHERE kind = 2))";
/// The highest place of a carrier id. In PostgreSQL places are numbers of commits; what was there
/// before gets those below the first, so that later uses of an id stay the newest.
const MAP_END: &str = "max(coalesce((SELECT max(seq) FROM receipt_map), 0), \
    coalesce((SELECT max(high) FROM sorted_run WHERE kind = 2), 0))";
/// When a carrier id came, which SQLite does not keep: with an answer, or after its attempt.
const MAP_AT: &str = "coalesce((SELECT max(p.answered_at) FROM attempt_part p \
    WHERE p.message = t.message AND p.attempt = t.attempt AND p.part = t.part), \
    (SELECT a.started_at FROM attempt a WHERE a.message = t.message AND a.attempt = t.attempt), \
    t.message >> 21)";

/// One state of a database: what is committed later is not seen.
pub(crate) struct SqliteSource {
    connection: Connection,
}

impl SqliteSource {
    /// Begins to read. Other processes may write meanwhile.
    pub(crate) fn open(path: &Path) -> Result<Self, Fault> {
        Self::of(reading_connection(path)?)
    }

    fn of(connection: Connection) -> Result<Self, Fault> {
        connection.execute_batch("BEGIN")?;
        // The state is that of the first question.
        integer(&connection, "SELECT count(*) FROM sqlite_schema", [])?;
        Ok(Self { connection })
    }

    /// The connection, for questions about the same state.
    pub(crate) const fn connection(&self) -> &Connection {
        &self.connection
    }
}

fn place_of(table: &Table) -> String {
    if table.name == RECEIPT_MAP { format!("{MAP} t") } else { format!("\"{}\" t", table.name) }
}

fn question(table: &Table, behind: Behind) -> String {
    let place = place_of(table);
    let order = if table.name == RECEIPT_MAP { " ORDER BY t.seq" } else { "" };
    let mut list = table.list("t.");
    if behind == Behind::Wanted {
        if let Some(key) = table.owned_by() {
            list += &format!(", coalesce((SELECT m.account FROM message m WHERE m.key = t.\"{key}\"), 0)");
        } else if table.name == RECEIPT_MAP {
            list = list.replacen("t.\"seq\"", &format!("t.seq - {MAP_END}"), 1) + ", " + MAP_AT;
        }
    }
    format!("SELECT {list} FROM {place}{order}")
}

/// A value as it is.
pub(crate) fn cell(value: ValueRef<'_>) -> Result<Cell, Fault> {
    Ok(match value {
        ValueRef::Null => Cell::Nothing,
        ValueRef::Integer(number) => Cell::Number(number),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|error| Fault::Engine(Box::new(error)))?;
            Cell::Text(text.to_owned())
        }
        ValueRef::Blob(octets) => Cell::Octets(octets.to_vec()),
        ValueRef::Real(_) => return Err(Fault::Corrupt("a number with a point")),
    })
}

impl Source for SqliteSource {
    fn count(&mut self, table: &Table) -> Result<u64, Fault> {
        let sql = format!("SELECT count(*) FROM {}", place_of(table));
        Ok(u64::try_from(integer(&self.connection, &sql, [])?).unwrap_or(0))
    }

    fn read(&mut self, table: &Table, behind: Behind, take: Take<'_>) -> Result<(), PortableError> {
        let mut statement = self.connection.prepare(&question(table, behind)).map_err(Fault::from)?;
        let width = statement.column_count();
        let mut rows = statement.query([]).map_err(Fault::from)?;
        let (mut piece, mut octets) = (Vec::new(), 0);
        while let Some(row) = rows.next().map_err(Fault::from)? {
            let mut cells: Row = Vec::with_capacity(width);
            for column in 0..width {
                let cell = cell(row.get_ref(column).map_err(Fault::from)?)?;
                octets += cell.octets();
                cells.push(cell);
            }
            piece.push(cells);
            if piece.len() >= PIECE_ROWS || octets >= PIECE_OCTETS {
                octets = 0;
                take(std::mem::take(&mut piece))?;
            }
        }
        if piece.is_empty() { Ok(()) } else { take(piece) }
    }

    fn ledger(&mut self) -> Result<Vec<LedgerSum>, Fault> {
        ledger_sums(&self.connection)
    }
}

/// A database that is being filled. Nobody else knows of it yet, so that nothing in it is journalled or
/// synced on its own: a draft that is not finished is thrown away.
pub(crate) struct SqliteSink {
    connection: Connection,
}

impl SqliteSink {
    /// Makes the tables in an empty file.
    pub(crate) fn make(path: &Path) -> Result<Self, PortableError> {
        let open = || -> Result<Connection, Fault> {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            connection.pragma_update(None, "journal_mode", "off")?;
            connection.pragma_update(None, "synchronous", "off")?;
            connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            Ok(connection)
        };
        let mut connection = open()?;
        bring_up_to_date(&mut connection)?;
        Ok(Self { connection })
    }

    /// The connection, for what is no table of rows.
    pub(crate) const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Lets the file grow by so many pages and no more, as a full disk does.
    #[cfg(test)]
    pub(crate) fn leave_room(&self, pages: i64) {
        let now = integer(&self.connection, "PRAGMA page_count", []).unwrap();
        self.connection.pragma_update(None, "max_page_count", now + pages).unwrap();
    }

    /// The same, for transactions.
    pub(crate) const fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Nothing => ValueRef::Null,
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Octets(octets) => ValueRef::Blob(octets),
        }))
    }
}

impl Sink for SqliteSink {
    fn behind(&self) -> Behind {
        Behind::LeftOut
    }

    fn adapt(&self, _row: &mut Row) {}

    fn write(&mut self, table: &Table, rows: Vec<Row>) -> Result<(), Fault> {
        let places = vec!["?"; table.columns.len()].join(", ");
        let sql = format!("INSERT INTO \"{}\" ({}) VALUES ({places})", table.name, table.list(""));
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(&sql)?;
            for row in rows {
                insert.execute(params_from_iter(row.iter().take(table.columns.len())))?;
            }
        }
        Ok(transaction.commit()?)
    }
}
