//! Opening: the lock of the data folder, durability, the schema, and the lease.
//!
//! It never repairs a database. Start at [`open_postgres`].

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ports::Disposition;
use ports::store::StoreError;
use tokio::sync::watch;
use types::time::Timestamp;

use super::io::Io;
use super::lease::{self, LEASE_MS, Writer};
use super::link::Link;
use super::partitions::Partitions;
use super::session::Session;
use super::url::{Durability, PostgresUrl};
use super::{PostgresReader, PostgresStore, bell};
use crate::codec::{Cells, single, single_key};
use crate::fault::Fault;
use crate::folder::{Refused, claim};
use crate::names::code_names;
use crate::portable::marks::{self, Mark};

/// The oldest server that is known to work, as PostgreSQL counts its versions.
const SERVER_VERSION_LEAST: i64 = 150_000;
/// Two starts at once bring the schema up to date one after the other. The number is ours alone.
const SCHEMA_LOCK: i64 = 0x6368_6170_7065;
/// How often a lease of another is looked at.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(500);
/// What changed the schema so far, oldest first; the version is the place counted from one.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_suppression.sql"),
    include_str!("migrations/0003_keyword_replies.sql"),
    include_str!("migrations/0004_inbound_numbers.sql"),
    include_str!("migrations/0005_contacts.sql"),
    include_str!("migrations/0006_archive.sql"),
    include_str!("migrations/0007_resellers.sql"),
    include_str!("migrations/0008_pools.sql"),
];
/// The schema that this version writes.
pub(crate) const SCHEMA: u32 = MIGRATIONS.len() as u32;
/// What a commit does; installed whenever its text has changed.
const ROUTINES: &str = include_str!("routines.sql");

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum PostgresOpenError {
    /// Another process (or this one) has the data folder open for writing.
    #[error("the data folder {} is in use by another process", .folder.display())]
    FolderInUse {
        /// The folder.
        folder: PathBuf,
    },
    /// A process with another data folder writes this database.
    #[error("another process writes this database; it may be on another machine")]
    DatabaseInUse,
    /// A file or folder cannot be made or opened.
    #[error("{} cannot be opened", .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The server is too old.
    #[error("the database server is older than PostgreSQL 15")]
    TooOld,
    /// The server may lose what it said was committed.
    #[error(
        "the database may lose commits in a power cut, because {setting} is off; \
         switch it on, or write durability=relaxed in the address of the database"
    )]
    NotDurable {
        /// The setting of the server.
        setting: &'static str,
    },
    /// The data were moved to another store.
    #[error(
        "the data of this database were moved to {to} at {at}; start with the store that they are in, or take \
         the move back with `chappe migrate-store --take-back`"
    )]
    Moved {
        /// Where they are.
        to: String,
        /// When they were moved.
        at: Timestamp,
    },
    /// A copy into this database was interrupted.
    #[error(
        "a copy into this database was interrupted, and what is there is not whole; run the same `chappe \
         migrate-store` or `chappe restore` once more, with --again"
    )]
    Unfinished,
    /// The database cannot be read, or a newer version wrote it.
    #[error("the database cannot be opened")]
    Database(#[source] StoreError),
}

impl PostgresOpenError {
    /// What a caller may do.
    pub const fn disposition(&self) -> Disposition {
        match self {
            Self::FolderInUse { .. } | Self::DatabaseInUse => Disposition::Later,
            Self::File { .. }
            | Self::TooOld
            | Self::NotDurable { .. }
            | Self::Moved { .. }
            | Self::Unfinished => Disposition::Never,
            Self::Database(source) => source.disposition(),
        }
    }
}

/// What opening may meet inside.
pub(crate) enum Trouble {
    Fault(Fault),
    InUse,
    TooOld,
    NotDurable(&'static str),
    Newer(u32),
    Marked(Mark),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Trouble> for PostgresOpenError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Fault(fault) => Self::Database(fault.doing("open the database")),
            Trouble::InUse => Self::DatabaseInUse,
            Trouble::TooOld => Self::TooOld,
            Trouble::NotDurable(setting) => Self::NotDurable { setting },
            Trouble::Marked(Mark::Moved { to, at }) => Self::Moved { to, at },
            Trouble::Marked(Mark::Unfinished) => Self::Unfinished,
            Trouble::Newer(found) => Self::Database(StoreError::NewerSchema { found, known: SCHEMA }),
        }
    }
}

/// Opens the store at `url` for this process alone and brings its schema up to date. The lock of the
/// data folder, which also holds the keys, is taken first. A lease that another process left behind
/// without giving it back is waited for, up to ten seconds.
///
/// # Errors
/// When another process has the folder or the database, the database cannot be reached or may lose
/// commits, or a newer version wrote it.
pub fn open_postgres(
    data_dir: &Path,
    url: &PostgresUrl,
) -> Result<(PostgresStore, Arc<PostgresReader>), PostgresOpenError> {
    let refused = |refused| match refused {
        Refused::InUse => PostgresOpenError::FolderInUse { folder: data_dir.to_owned() },
        Refused::File(path, source) => PostgresOpenError::File { path, source },
    };
    let lock = claim(data_dir).map_err(refused)?;
    let url = Arc::new(url.clone());
    let thread =
        |source| PostgresOpenError::Database(Fault::Engine(Box::new(source)).doing("start a thread"));
    let io = Io::start("store").map_err(thread)?;
    let holder = lease::holder(&lock);
    let (opened_url, opened_holder) = (Arc::clone(&url), holder.clone());
    // What opening meets is told through the value, since the thread knows faults alone.
    let opened = io.run(async move { Ok(open(&opened_url, &opened_holder).await) });
    let (writer, remembered) = opened.map_err(Trouble::from)??;
    let (ring, commits) = watch::channel(0);
    io.handle().spawn(bell::ring(Arc::clone(&url), commits));
    let store = store(Link::new(io, Arc::clone(&url), holder, writer), remembered, ring, lock);
    Ok((store, Arc::new(PostgresReader::new(url).map_err(thread)?)))
}

/// What the writer mirrors in memory.
struct Remembered {
    last_key: i64,
    last_posting: i64,
    last_at: i64,
    staged: Vec<types::id::RowKey>,
    parked: i64,
    partitions: Partitions,
}

fn store(link: Link, remembered: Remembered, bell: watch::Sender<i64>, lock: File) -> PostgresStore {
    PostgresStore {
        last_commit: link.newest(),
        link,
        last_key: remembered.last_key,
        last_posting: remembered.last_posting,
        last_at: remembered.last_at,
        staged: remembered.staged.into_iter().collect(),
        parked: remembered.parked,
        partitions: remembered.partitions,
        accounts: super::accounts::Accounts::default(),
        sweeps: super::tidy::Sweeps::default(),
        counter: 0,
        bell,
        stopped: false,
        _lock: lock,
    }
}

async fn open(url: &PostgresUrl, holder: &str) -> Result<(Writer, Remembered), Trouble> {
    let (session, epoch) = enter(url, holder).await?;
    if let Some(mark) = marks::of_postgres(&session).await? {
        // Nobody need wait for a lease that is not used.
        let session = Arc::new(session);
        lease::give_back(session, epoch).await?;
        return Err(Trouble::Marked(mark));
    }
    let remembered = remember(&session).await?;
    Ok((lease::begin(session, epoch).await?, remembered))
}

/// Connects, takes the lease and brings the schema up to date. What is in the database is not looked at.
pub(crate) async fn enter(url: &PostgresUrl, holder: &str) -> Result<(Session, i64), Trouble> {
    let session = lease::session(url).await?;
    let version = session.integer("SELECT current_setting('server_version_num')::bigint", &[]).await?;
    if version < SERVER_VERSION_LEAST {
        return Err(Trouble::TooOld);
    }
    if url.durability == Durability::Required
        && let Some(setting) = lax_setting(&session).await?
    {
        return Err(Trouble::NotDurable(setting));
    }
    let found = schema_version(&session).await?;
    if usize::try_from(found).unwrap_or(usize::MAX) > MIGRATIONS.len() {
        return Err(Trouble::Newer(found));
    }
    if found == 0 {
        // The lease is a table too; nobody can hold it before it is there.
        session.in_transaction("BEGIN", first_schema(&session)).await?;
    }
    let epoch = wait_for_lease(&session, holder).await?;
    session.in_transaction("BEGIN", bring_up(&session)).await?;
    Ok((session, epoch))
}

/// The first setting that lets the server lose what it said was committed.
pub(crate) async fn lax_setting(session: &Session) -> Result<Option<&'static str>, Fault> {
    for setting in ["synchronous_commit", "fsync", "full_page_writes"] {
        let is_off = "SELECT (current_setting($1) = 'off')::integer";
        if session.integer(is_off, &[&setting]).await? != 0 {
            return Ok(Some(setting));
        }
    }
    Ok(None)
}

/// The schema's version: zero for an empty database.
pub(crate) async fn schema_version(session: &Session) -> Result<u32, Fault> {
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'meta'";
    if session.integer(tables, &[]).await? == 0 {
        return Ok(0);
    }
    let version = session.integer("SELECT value FROM meta WHERE name = 'schema_version'", &[]).await?;
    u32::try_from(version).map_err(|_| Fault::Corrupt("meta"))
}

async fn first_schema(session: &Session) -> Result<(), Fault> {
    session.integer("SELECT 0::bigint FROM pg_advisory_xact_lock($1)", &[&SCHEMA_LOCK]).await?;
    if schema_version(session).await? == 0 {
        for sql in MIGRATIONS.iter().take(1) {
            session.run(sql).await?;
        }
        session.run("INSERT INTO meta VALUES ('schema_version', 1)").await?;
    }
    Ok(())
}

/// Takes the lease, and waits for one that nobody renews to lapse.
async fn wait_for_lease(session: &Session, holder: &str) -> Result<i64, Trouble> {
    let mut seen = None;
    let looks = u32::try_from(LEASE_MS).unwrap_or(0) / 500 + 4;
    for _ in 0..looks {
        if let Some(epoch) = lease::take(session, holder).await? {
            return Ok(epoch);
        }
        let expires_at = lease::expires_at(session).await?;
        if seen.is_some_and(|seen| seen != expires_at) {
            return Err(Trouble::InUse);
        }
        seen = Some(expires_at);
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Err(Trouble::InUse)
}

async fn bring_up(session: &Session) -> Result<(), Fault> {
    let applied = usize::try_from(schema_version(session).await?).unwrap_or(usize::MAX);
    for (version, sql) in (1_i64..).zip(MIGRATIONS).skip(applied) {
        session.run(sql).await?;
        session.execute("UPDATE meta SET value = $1 WHERE name = 'schema_version'", &[&version]).await?;
    }
    let routines = fingerprint(ROUTINES);
    if session.integer("SELECT value FROM meta WHERE name = 'routines'", &[]).await? != routines {
        session.run(ROUTINES).await?;
        let upsert = "INSERT INTO meta VALUES ('routines', $1) ON CONFLICT (name) DO UPDATE SET value = $1";
        session.execute(upsert, &[&routines]).await?;
    }
    write_names(session).await
}

/// A number that changes with a text (FNV-1a); never zero.
fn fingerprint(text: &str) -> i64 {
    let step = |hash: u64, octet: u8| (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3);
    (text.bytes().fold(0xcbf2_9ce4_8422_2325, step) | 1).cast_signed()
}

/// Keeps the names of codes up to date with the `types` crate.
async fn write_names(session: &Session) -> Result<(), Fault> {
    let (mut kinds, mut codes, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (kind, code, name) in code_names() {
        kinds.push(kind);
        codes.push(i16::from(code));
        names.push(name);
    }
    let upsert = "INSERT INTO code_name AS n SELECT * FROM unnest($1::text[], $2::smallint[], $3::text[]) \
                  ON CONFLICT (kind, code) DO UPDATE SET name = excluded.name WHERE n.name <> excluded.name";
    session.execute(upsert, &[&kinds, &codes, &names]).await.map(drop)
}

async fn remember(session: &Session) -> Result<Remembered, Fault> {
    let newest = "SELECT last_key, last_posting, at FROM journal ORDER BY seq DESC LIMIT 1";
    let newest = session.first(newest, &[], |row| {
        let cells = &mut Cells::new(row, "journal");
        Ok((cells.int()?, cells.int()?, cells.int()?))
    });
    let (last_key, last_posting, last_at) = newest.await?.unwrap_or_default();
    let parked = session.first("SELECT count(*) FROM parked_receipt", &[], single).await?;
    Ok(Remembered {
        last_key,
        last_posting,
        last_at,
        staged: session.all("SELECT submission FROM staged", &[], single_key).await?,
        parked: parked.unwrap_or(0),
        partitions: Partitions::load(session).await?,
    })
}
