//! The file of a backup: one form for both engines.
//!
//! It is a database of SQLite with the tables of our schema, filled with truth and without look-ups, and
//! three tables of its own: `archive` says what it is, `archive_table` has the tally of every table and
//! `archive_ledger` the sums of the ledger. A sum over these three is the last entry. Rows are read by
//! any tool that reads SQLite; what is sealed in the store is as sealed here.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use ports::store::LedgerSum;
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use types::id::RowKey;
use types::time::Timestamp;
use zeroize::Zeroizing;

use super::copy::{Counted, Phase, Source, Watch, compare};
use super::error::{PortableError, file_fault};
use super::row::{SUM_OCTETS, Tally};
use super::sqlite::SqliteSource;
use super::tables::Table;
use crate::codec::{Cells, Columns};
use crate::fault::Fault;
use crate::folder::{Refused, private_file};
use crate::sqlite::{SCHEMA, all, first, integer};

/// The number in the file's header by which it is known ("Chap").
const APPLICATION: i64 = 0x4368_6170;
/// The form of the file.
const FORM: i64 = 1;
const TABLES: &str = "\
    CREATE TABLE archive (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID; \
    CREATE TABLE archive_table (name TEXT PRIMARY KEY, columns TEXT NOT NULL, rows INTEGER NOT NULL, \
    sum BLOB NOT NULL) STRICT, WITHOUT ROWID; \
    CREATE TABLE archive_ledger (unit TEXT PRIMARY KEY, available_micros INTEGER NOT NULL, \
    held_micros INTEGER NOT NULL, posted_available_micros INTEGER NOT NULL, \
    posted_held_micros INTEGER NOT NULL, message_held_micros INTEGER NOT NULL, \
    posted_charged_micros INTEGER NOT NULL, message_charged_micros INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

/// A key, in memory as short as it can be.
pub(crate) type Secret = Zeroizing<Vec<u8>>;

/// What a backup says of itself.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) made_at: Timestamp,
    /// The version of the programme that wrote it.
    pub(crate) version: String,
    /// `sqlite` or `postgres`.
    pub(crate) engine: String,
    pub(crate) schema: u32,
    /// The highest row key in use.
    pub(crate) last_key: RowKey,
    /// Messages that were not at their end.
    pub(crate) open: i64,
    /// Of those, the ones that would be sent.
    pub(crate) waiting: i64,
    /// A number that only the right key has; empty when no key was found.
    pub(crate) key_id: Vec<u8>,
    /// The key-encryption key itself, if it was to be in the file.
    pub(crate) key: Option<Secret>,
}

/// A file that is being written under another name, until it is whole.
pub(crate) struct Draft {
    /// Whether an interrupted run had left one.
    pub(crate) was_there: bool,
    path: PathBuf,
    draft: PathBuf,
    file: File,
    is_whole: bool,
}

impl Draft {
    /// Makes an empty file beside `path` that only its owner may read. One that an interrupted run has
    /// left there is removed.
    pub(crate) fn beside(path: &Path) -> Result<Self, PortableError> {
        let exists = || PortableError::Exists { path: path.to_owned() };
        if path.symlink_metadata().is_ok() {
            return Err(exists());
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let draft = PathBuf::from(name);
        let was_there = draft.symlink_metadata().is_ok();
        let refused = |refused| match refused {
            Refused::InUse => PortableError::BeingWritten { path: path.to_owned() },
            Refused::File(path, source) => file_fault(&path, "written")(source),
        };
        let file = private_file(&draft).map_err(refused)?;
        if file.try_lock().is_err() {
            return Err(PortableError::BeingWritten { path: path.to_owned() });
        }
        file.set_len(0).map_err(file_fault(&draft, "written"))?;
        Ok(Self { was_there, path: path.to_owned(), draft, file, is_whole: false })
    }

    /// Where the file lies until it is whole.
    pub(crate) fn lies_at(&self) -> &Path {
        &self.draft
    }

    /// Gives the file its name, once it is on the disk.
    pub(crate) fn finish(mut self) -> Result<(), PortableError> {
        let failed = || file_fault(&self.path, "written");
        self.file.flush().and_then(|()| self.file.sync_all()).map_err(failed())?;
        if self.path.symlink_metadata().is_ok() {
            return Err(PortableError::Exists { path: self.path.clone() });
        }
        std::fs::rename(&self.draft, &self.path).map_err(failed())?;
        self.is_whole = true;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
        folder.map_err(failed())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.is_whole {
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.draft) {
            tracing::warn!(%error, "what was written of a file that is not whole could not be removed");
        }
    }
}

/// Writes what an archive says of itself; the last thing that is written.
pub(crate) fn seal(
    connection: &Connection,
    header: &Header,
    copied: &[Counted],
    ledger: &[LedgerSum],
) -> Result<(), Fault> {
    connection.execute_batch(TABLES)?;
    connection.pragma_update(None, "application_id", APPLICATION)?;
    let put = "INSERT INTO archive VALUES (?1, ?2)";
    connection.execute(put, params!["form", FORM])?;
    connection.execute(put, params!["made_at", header.made_at.as_ms()])?;
    connection.execute(put, params!["version", header.version])?;
    connection.execute(put, params!["engine", header.engine])?;
    connection.execute(put, params!["schema", header.schema])?;
    connection.execute(put, params!["last_key", header.last_key.as_i64()])?;
    connection.execute(put, params!["open", header.open])?;
    connection.execute(put, params!["waiting", header.waiting])?;
    connection.execute(put, params!["key_id", header.key_id])?;
    if let Some(key) = &header.key {
        connection.execute(put, params!["key", key.as_slice()])?;
    }
    for Counted { table, tally } in copied {
        let rows = i64::try_from(tally.rows).unwrap_or(i64::MAX);
        connection.execute(
            "INSERT INTO archive_table VALUES (?1, ?2, ?3, ?4)",
            params![table.name, table.columns.join(","), rows, tally.sum()],
        )?;
    }
    for sum in ledger {
        connection.execute(
            "INSERT INTO archive_ledger VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                sum.unit.as_str(),
                sum.available_micros,
                sum.held_micros,
                sum.posted_available_micros,
                sum.posted_held_micros,
                sum.message_held_micros,
                sum.posted_charged_micros,
                sum.message_charged_micros
            ],
        )?;
    }
    let sum = sum_of(connection)?;
    connection.execute(put, params!["sum", sum])?;
    Ok(())
}

/// A sum over everything that an archive says of itself.
fn sum_of(connection: &Connection) -> Result<Vec<u8>, Fault> {
    let mut hash = Sha256::new();
    for sql in [
        "SELECT name || ' ' || typeof(value), CAST(value AS BLOB) FROM archive WHERE name <> 'sum' ORDER BY name",
        "SELECT name || ' ' || columns || ' ' || rows, sum FROM archive_table ORDER BY name",
        "SELECT concat_ws(' ', unit, available_micros, held_micros, posted_available_micros, \
         posted_held_micros, message_held_micros, posted_charged_micros, message_charged_micros), x'' \
         FROM archive_ledger ORDER BY unit",
    ] {
        let entries = all(connection, sql, [], |row| {
            Ok((row.text(0)?.unwrap_or_default(), row.blob(1)?.unwrap_or_default()))
        })?;
        for (text, octets) in entries {
            for piece in [text.as_bytes(), octets.as_slice()] {
                hash.update((piece.len() as u64).to_be_bytes());
                hash.update(piece);
            }
        }
    }
    Ok(hash.finalize().to_vec())
}

/// A backup that is there.
pub(crate) struct Archive {
    path: PathBuf,
    pub(crate) header: Header,
    /// What it says that it holds.
    pub(crate) tables: Vec<Counted>,
    pub(crate) ledger: Vec<LedgerSum>,
    pub(crate) source: SqliteSource,
}

impl Archive {
    /// Opens a backup and reads what it says of itself.
    pub(crate) fn open(path: &Path) -> Result<Self, PortableError> {
        File::open(path).map_err(file_fault(path, "read"))?;
        let no_archive = |_: Fault| PortableError::NoArchive { path: path.to_owned() };
        let source = SqliteSource::open(path).map_err(no_archive)?;
        let connection = source.connection();
        let application = integer(connection, "PRAGMA application_id", []).map_err(no_archive)?;
        if application != APPLICATION {
            return Err(PortableError::NoArchive { path: path.to_owned() });
        }
        let damaged = || PortableError::Damaged { path: path.to_owned(), what: "its header".to_owned() };
        let sum = blob(connection, "sum").and_then(|sum| Ok((sum, sum_of(connection)?)));
        if sum.is_err() || sum.is_ok_and(|(said, found)| said != found) {
            return Err(damaged());
        }
        let read = || -> Result<_, Fault> {
            let header = header(connection)?;
            Ok((header, counted(connection)?, ledger(connection)?))
        };
        let (header, tables, ledger) = read().map_err(|_| damaged())?;
        if header.schema != SCHEMA {
            let what = path.display().to_string();
            return Err(PortableError::OtherSchema { what, found: header.schema, known: SCHEMA });
        }
        Ok(Self { path: path.to_owned(), header, tables, ledger, source })
    }

    /// Reads every row, and compares what is there with what the backup says.
    pub(crate) fn verify(&mut self, watch: Watch<'_>) -> Result<(), PortableError> {
        let damaged = |what: String| PortableError::Damaged { path: self.path.clone(), what };
        match compare(&mut self.source, &self.tables, Phase::Verifying, watch) {
            Ok(None) => {}
            Ok(Some((counted, _))) => return Err(damaged(format!("the table {}", counted.table.name))),
            // SQLite notices by itself where a page is none.
            Err(PortableError::Store(_)) => return Err(damaged("a page".to_owned())),
            Err(error) => return Err(error),
        }
        if self.source.ledger()? == self.ledger { Ok(()) } else { Err(damaged("its ledger".to_owned())) }
    }
}

const ENTRY: &str = "SELECT value FROM archive WHERE name = ?1";

fn number(connection: &Connection, name: &str) -> Result<i64, Fault> {
    first(connection, ENTRY, [name], |row| row.int(0))?.flatten().ok_or(Fault::Corrupt("archive"))
}

fn text(connection: &Connection, name: &str) -> Result<String, Fault> {
    first(connection, ENTRY, [name], |row| row.text(0))?.flatten().ok_or(Fault::Corrupt("archive"))
}

fn blob(connection: &Connection, name: &str) -> Result<Vec<u8>, Fault> {
    first(connection, ENTRY, [name], |row| row.blob(0))?.flatten().ok_or(Fault::Corrupt("archive"))
}

fn header(connection: &Connection) -> Result<Header, Fault> {
    if number(connection, "form")? != FORM {
        return Err(Fault::Corrupt("archive"));
    }
    Ok(Header {
        made_at: Timestamp::from_ms(number(connection, "made_at")?),
        version: text(connection, "version")?,
        engine: text(connection, "engine")?,
        schema: u32::try_from(number(connection, "schema")?).map_err(|_| Fault::Corrupt("archive"))?,
        last_key: RowKey::from_i64(number(connection, "last_key")?),
        open: number(connection, "open")?,
        waiting: number(connection, "waiting")?,
        key_id: blob(connection, "key_id")?,
        key: first(connection, ENTRY, ["key"], |row| row.blob(0))?.flatten().map(Zeroizing::new),
    })
}

fn counted(connection: &Connection) -> Result<Vec<Counted>, Fault> {
    let sql = "SELECT name, columns, rows, sum FROM archive_table ORDER BY name";
    all(connection, sql, [], |row: &dyn Columns| {
        let cells = &mut Cells::new(row, "archive_table");
        let (name, columns) = (cells.text()?, cells.text()?);
        let columns = columns.split(',').map(str::to_owned).collect();
        let tally = Tally::from_parts(cells.small()?, &cells.blob()?).ok_or_else(|| cells.corrupt())?;
        Ok(Counted { table: Table { name, columns }, tally })
    })
}

fn ledger(connection: &Connection) -> Result<Vec<LedgerSum>, Fault> {
    let sql = "SELECT unit, available_micros, held_micros, posted_available_micros, posted_held_micros, \
               message_held_micros, posted_charged_micros, message_charged_micros \
               FROM archive_ledger";
    let mut sums = all(connection, sql, [], |row: &dyn Columns| {
        let cells = &mut Cells::new(row, "archive_ledger");
        Ok(LedgerSum {
            unit: cells.unit()?,
            available_micros: cells.int()?,
            held_micros: cells.int()?,
            posted_available_micros: cells.int()?,
            posted_held_micros: cells.int()?,
            message_held_micros: cells.int()?,
            posted_charged_micros: cells.int()?,
            message_charged_micros: cells.int()?,
        })
    })?;
    sums.sort_by_key(|sum| sum.unit);
    Ok(sums)
}

/// A number by which a key is known and that tells nothing of it: keys are random.
pub(crate) fn key_id(key: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(b"chappe key-encryption key");
    hash.update(key);
    hash.finalize().iter().take(SUM_OCTETS / 4).copied().collect()
}
