//! Opening: the lock, the files and their permissions, the settings of connections, migrations.
//!
//! It never repairs a file. Start at [`open_sqlite`]; how a schema may change is said at [`migrate`].

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ports::Disposition;
use ports::store::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, params};
use types::time::Timestamp;

use crate::codec::single_key;
use crate::folder::{Refused, claim, private_file};
use crate::names::code_names;
use crate::portable::marks::{self, Mark};

use super::archive::Archive;
use super::checkpoint::Checkpointer;
use super::fault::{Fault, all, integer};
use super::receipt_map::ReceiptMap;
use super::recent::Recent;
use super::runs::{self, Runs};
use super::tidy::Sweeps;
use super::{SqliteReader, SqliteStore, Tuning, load};

mod migrate;

pub(crate) use migrate::{Found, SCHEMA, VERSION, bring_up_to_date, schema_of};

/// The database's name in the data folder.
pub const DATABASE_FILE: &str = "chappe.db";

/// Statements kept prepared per connection: more than the store has.
const STATEMENTS_MAX: usize = 256;
/// How long a statement waits for a lock: only the checkpoint and other processes' readers hold any.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Octets of a page of a new database. Most pages are written from left to right and once, so that bigger ones
/// mean fewer of them; the random ones among them grow too.
const PAGE_OCTETS: i64 = 8_192;
/// Page cache of the writer, KiB.
const WRITER_CACHE_KIB: i64 = 65_536;
/// Page cache of one reader, KiB.
const READER_CACHE_KIB: i64 = 8_192;
/// The log's file is never cut while it is in use: cutting a hundred megabytes off a file takes the
/// file system a hundred milliseconds, in which nobody would be answered. It is written anew from
/// its beginning, and its size stays what the busiest moment needed.
const LOG_OCTETS_UNCUT: i64 = -1;

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process (or this one) has the data folder open for writing.
    #[error("the data folder {} is in use by another process", .folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The data were moved to another store.
    #[error(
        "the data of {} were moved to {to} at {at}; start with --store and that address, or take the move back \
         with `chappe migrate-store --take-back`", .folder.display()
    )]
    Moved {
        /// The folder.
        folder: PathBuf,
        /// Where they are.
        to: String,
        /// When they were moved.
        at: Timestamp,
    },
    /// A file or folder cannot be made or opened.
    #[error("{} cannot be opened", .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The database cannot be read, or a newer version wrote it.
    #[error("the database in {} cannot be opened", .folder.display())]
    Database {
        /// The folder.
        folder: PathBuf,
        /// What the store said.
        #[source]
        source: StoreError,
    },
}

impl OpenError {
    /// What a caller may do.
    pub const fn disposition(&self) -> Disposition {
        match self {
            Self::InUse { .. } => Disposition::Later,
            Self::File { .. } | Self::Moved { .. } => Disposition::Never,
            Self::Database { source, .. } => source.disposition(),
        }
    }
}

/// Opens the store in `data_dir` for this process alone and brings its schema up to date. The
/// folder is made when it is missing.
///
/// # Errors
/// When another process has it, a file cannot be opened, or a newer version wrote it.
pub fn open_sqlite(data_dir: &Path) -> Result<(SqliteStore, Arc<SqliteReader>), OpenError> {
    open_sqlite_with(data_dir, Tuning::default())
}

/// As [`open_sqlite`], with other sizes.
///
/// # Errors
/// As [`open_sqlite`].
pub fn open_sqlite_with(
    data_dir: &Path,
    tuning: Tuning,
) -> Result<(SqliteStore, Arc<SqliteReader>), OpenError> {
    let refused = |refused| match refused {
        Refused::InUse => OpenError::InUse { folder: data_dir.to_owned() },
        Refused::File(path, source) => OpenError::File { path, source },
    };
    let lock = claim(data_dir).map_err(refused)?;
    let path = data_dir.join(DATABASE_FILE);
    // SQLite gives its log and shared memory the permissions of the database.
    drop(private_file(&path).map_err(refused)?);
    let in_folder = |source| OpenError::Database { folder: data_dir.to_owned(), source };
    let connection = ready_connection(&path).map_err(in_folder)?;
    let opening = |fault: Fault| in_folder(fault.doing("open its database"));
    if let Some(Mark::Moved { to, at }) = marks::of_sqlite(&connection).map_err(opening)? {
        return Err(OpenError::Moved { folder: data_dir.to_owned(), to, at });
    }
    let checkpointer = Checkpointer::start(&path).map_err(opening)?;
    let store = remembered(connection, checkpointer, tuning, lock, data_dir).map_err(opening)?;
    Ok((store, Arc::new(SqliteReader::open(data_dir)?)))
}

/// A connection that may write to a database with the present schema.
pub(crate) fn ready_connection(path: &Path) -> Result<Connection, StoreError> {
    let opening = |fault: Fault| fault.doing("open its database");
    let mut connection = writing_connection(path).map_err(opening)?;
    if bring_up_to_date(&mut connection)? == Found::Known {
        write_names(&mut connection).map_err(opening)?;
    }
    Ok(connection)
}

/// A connection that may write. No mutex: each is used by one thread at a time.
pub(crate) fn writing_connection(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    settle_plans(&connection)?;
    connection.pragma_update(None, "page_size", PAGE_OCTETS)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    // Checkpoints are made by `tidy`, never by the commit that happens to fill the log.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", LOG_OCTETS_UNCUT)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// A connection that only reads; it works while another process writes.
pub(crate) fn reading_connection(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    settle_plans(&connection)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    Ok(connection)
}

/// Every statement is prepared once and keeps its plan. Without the planner's stability guarantee
/// SQLite would plan a join anew whenever another key is bound, which costs more than running it.
fn settle_plans(connection: &Connection) -> Result<(), Fault> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Keeps the names of codes up to date with the `types` crate.
fn write_names(connection: &mut Connection) -> Result<(), Fault> {
    let transaction = connection.transaction()?;
    for (kind, code, name) in code_names() {
        transaction.execute(
            "INSERT INTO code_name VALUES (?1, ?2, ?3) \
             ON CONFLICT DO UPDATE SET name = excluded.name WHERE name <> excluded.name",
            params![kind, code, name],
        )?;
    }
    Ok(transaction.commit()?)
}

/// Reads what the writer mirrors in memory.
fn remembered(
    connection: Connection,
    checkpointer: Checkpointer,
    tuning: Tuning,
    lock: File,
    folder: &Path,
) -> Result<SqliteStore, Fault> {
    let last_commit = integer(&connection, "SELECT max(seq) FROM journal", [])?;
    let last_key = integer(&connection, "SELECT last_key FROM journal WHERE seq = ?1", [last_commit])?;
    let staged = all(&connection, "SELECT submission FROM staged", [], single_key)?;
    Ok(SqliteStore {
        checkpointer,
        tuning,
        last_commit,
        last_key,
        last_posting: integer(&connection, "SELECT max(id) FROM posting", [])?,
        staged: staged.into_iter().map(|key| (key, None)).collect(),
        parked: integer(&connection, "SELECT count(*) FROM parked_receipt", [])?,
        recent: Recent::default(),
        messages: Runs::open(&connection, &runs::MESSAGES)?,
        postings: Runs::open(&connection, &runs::POSTINGS)?,
        receipt_map: ReceiptMap::open(&connection)?,
        archive: Archive::open(&connection, folder, tuning.archive_after_days)?,
        folder: folder.to_owned(),
        outbox_settled: load::outbox_settled(&connection)?,
        sweeps: Sweeps::default(),
        stopped: false,
        connection,
        _lock: lock,
    })
}
