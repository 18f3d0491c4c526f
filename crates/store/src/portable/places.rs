//! Where data come from and go to: a data folder, or a database. Locks and leases are taken here, and
//! a place that is not empty is refused.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use types::time::Timestamp;

use super::archive::Draft;
use super::copy::Source;
use super::error::{PortableError, file_fault};
use super::landing::{Restoring, complete_postgres, land_in_postgres, land_in_sqlite};
use super::marks::{self, Mark};
use super::postgres::{PostgresSink, PostgresSource};
use super::sqlite::{SqliteSink, SqliteSource};
use super::tables::{Sessions, Table, tables};
use crate::PostgresOpenError;
use crate::fault::Fault;
use crate::folder::{Refused, claim};
use crate::postgres::{self, Io, PostgresUrl, Session, Writer};
use crate::sqlite::{self, DATABASE_FILE, OpenError, SCHEMA, bring_up_to_date, integer};

/// Where an installation keeps its data.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a data folder.
    Sqlite(PathBuf),
    /// In a database. Its data folder has the lock and the keys.
    Postgres {
        /// The data folder.
        folder: PathBuf,
        /// The database.
        url: Box<PostgresUrl>,
    },
}

impl Place {
    /// As it is shown: without user and password.
    pub fn shown(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.display()),
            Self::Postgres { url, .. } => url.shown(),
        }
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Sqlite(folder) | Self::Postgres { folder, .. } => folder,
        }
    }

    /// The word for its engine.
    pub(crate) const fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres { .. } => "postgres",
        }
    }

    /// Begins to read; the platform may run.
    pub(crate) fn source(&self) -> Result<Box<dyn Source>, PortableError> {
        match self {
            Self::Sqlite(folder) => {
                let path = folder.join(DATABASE_FILE);
                if !path.is_file() {
                    return Err(PortableError::NoInstallation { place: self.shown() });
                }
                let source = SqliteSource::open(&path)?;
                let found = integer(source.connection(), sqlite::VERSION, [])?;
                self.check_schema(found, SCHEMA)?;
                Ok(Box::new(source))
            }
            Self::Postgres { url, .. } => {
                let source = PostgresSource::open(url)?;
                let found = source.ask(|session| async move { postgres::schema_version(&session).await })?;
                if found == 0 {
                    return Err(PortableError::NoInstallation { place: self.shown() });
                }
                self.check_schema(i64::from(found), postgres::SCHEMA)?;
                let mark = source.ask(|session| async move { marks::of_postgres(&session).await })?;
                if mark == Some(Mark::Unfinished) {
                    return Err(PostgresOpenError::Unfinished.into());
                }
                Ok(Box::new(source))
            }
        }
    }

    fn check_schema(&self, found: i64, known: u32) -> Result<(), PortableError> {
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        if found == known {
            return Ok(());
        }
        Err(PortableError::OtherSchema { what: self.shown(), found, known })
    }
}

/// The tables of the schema that this version writes.
pub(crate) fn known_tables(sessions: Sessions) -> Result<Vec<Table>, PortableError> {
    let mut schema = Connection::open_in_memory().map_err(Fault::from)?;
    bring_up_to_date(&mut schema)?;
    Ok(tables(&schema, sessions)?)
}

/// Locks a data folder.
pub(crate) fn lock(folder: &Path) -> Result<File, PortableError> {
    claim(folder).map_err(|refused| match refused {
        Refused::InUse => OpenError::InUse { folder: folder.to_owned() }.into(),
        Refused::File(path, source) => file_fault(&path, "opened")(source),
    })
}

/// Whether what an interrupted run has left is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It is.
    Yes,
    /// It is refused.
    No,
}

/// A database whose lease is held.
pub(crate) struct Entered {
    pub(crate) writer: Writer,
    pub(crate) io: Arc<Io>,
}

impl Entered {
    /// Takes the lease of a database, which waits for nobody who renews it.
    pub(crate) fn enter(url: &PostgresUrl, lock: &File) -> Result<Self, PortableError> {
        let io = Arc::new(Io::start("store-copy").map_err(|error| Fault::Engine(Box::new(error)))?);
        let (url, holder) = (url.clone(), postgres::holder(lock));
        let entered = io.run(async move {
            let entered = match postgres::enter(&url, &holder).await {
                Ok(entered) => entered,
                Err(trouble) => return Ok(Err(trouble)),
            };
            Ok(Ok(postgres::begin(entered.0, entered.1).await?))
        })?;
        let writer = entered.map_err(PostgresOpenError::from)?;
        Ok(Self { writer, io })
    }

    /// Asks the database.
    pub(crate) fn ask<T, A>(&self, question: impl FnOnce(Arc<Session>) -> A) -> Result<T, Fault>
    where
        T: Send + 'static,
        A: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        self.io.run(question(Arc::clone(&self.writer.session)))
    }
}

/// Gives the lease back, so that the platform can start at once.
pub(crate) fn leave(io: &Io, writer: &Writer) {
    let (session, epoch) = (Arc::clone(&writer.session), writer.epoch);
    if let Err(fault) = io.run(async move { postgres::give_back(session, epoch).await }) {
        tracing::debug!(?fault, "the lease could not be given back");
    }
}

/// An empty database that is being filled.
pub(crate) struct IntoPostgres {
    /// Whether an interrupted run had left something, which is removed now.
    pub(crate) was_unfinished: bool,
    pub(crate) sink: PostgresSink,
    io: Arc<Io>,
    url: PostgresUrl,
    _lock: File,
}

impl IntoPostgres {
    /// Makes sure that the database is empty, and marks it as one that is not whole.
    pub(crate) fn begin(
        url: &PostgresUrl,
        lock: File,
        tables: &[Table],
        again: Again,
        now: Timestamp,
    ) -> Result<Self, PortableError> {
        let entered = Entered::enter(url, &lock)?;
        let was_unfinished = match Self::prepare(&entered, url, tables, again, now) {
            Ok(was_unfinished) => was_unfinished,
            Err(error) => {
                leave(&entered.io, &entered.writer);
                return Err(error);
            }
        };
        let Entered { writer, io } = entered;
        let sink = PostgresSink::new(Arc::clone(&io), writer)?;
        Ok(Self { was_unfinished, sink, io, url: url.clone(), _lock: lock })
    }

    fn prepare(
        entered: &Entered,
        url: &PostgresUrl,
        tables: &[Table],
        again: Again,
        now: Timestamp,
    ) -> Result<bool, PortableError> {
        let place = url.shown();
        let mark = entered.ask(|session| async move { marks::of_postgres(&session).await })?;
        let was_unfinished = mark == Some(Mark::Unfinished);
        if was_unfinished {
            if again == Again::No {
                return Err(PortableError::Unfinished { place });
            }
            let names: Vec<_> = tables.iter().map(|table| table.name.clone()).collect();
            let empty = format!("TRUNCATE {}", names.join(", "));
            entered.ask(|session| async move { session.run(&empty).await })?;
        }
        for table in tables {
            let any = format!("SELECT 1::bigint FROM {} LIMIT 1", table.name);
            if !entered.ask(|session| async move { session.rows(&any).await })?.is_empty() {
                return Err(PortableError::NotEmpty { place });
            }
        }
        entered.ask(move |session| async move { marks::begin_postgres(&session, now).await })?;
        Ok(was_unfinished)
    }

    /// Leaves the database as empty as it was.
    pub(crate) fn give_up(self) {
        if let Err(fault) = self.sink.commit(|session| async move { marks::end_postgres(&session).await }) {
            tracing::warn!(?fault, "the mark of a database that is still empty could not be removed");
        }
    }

    /// A second look at what was written.
    pub(crate) fn arrived(&self) -> Result<PostgresSource, Fault> {
        PostgresSource::beside(Arc::clone(&self.io), &self.url)
    }

    /// Puts the database into use; gives how many messages were marked.
    pub(crate) fn finish(self, restoring: Option<Restoring>) -> Result<u64, PortableError> {
        let session = Arc::clone(&self.sink.writer.session);
        // Whoever reads first would plan without knowing what is there.
        self.io.run(async move { session.run("ANALYZE").await })?;
        let marked = self.sink.commit(|session| async move {
            let marked = match restoring {
                Some(restoring) => land_in_postgres(&session, restoring).await?,
                None => 0,
            };
            complete_postgres(&session).await?;
            marks::end_postgres(&session).await?;
            Ok(marked)
        });
        Ok(marked?)
    }
}

impl Drop for IntoPostgres {
    fn drop(&mut self) {
        leave(&self.io, &self.sink.writer);
    }
}

/// A data folder that gets a database.
pub(crate) struct IntoFolder {
    /// Whether an interrupted run had left something, which is removed now.
    pub(crate) was_unfinished: bool,
    pub(crate) sink: SqliteSink,
    draft: Draft,
    _lock: File,
}

impl IntoFolder {
    /// Makes sure that there is no database, and begins one under another name.
    pub(crate) fn begin(folder: &Path, lock: File) -> Result<Self, PortableError> {
        let path = folder.join(DATABASE_FILE);
        let draft = Draft::beside(&path).map_err(|error| match error {
            PortableError::Exists { .. } => PortableError::NotEmpty { place: folder.display().to_string() },
            other => other,
        })?;
        let sink = SqliteSink::make(draft.lies_at())?;
        Ok(Self { was_unfinished: draft.was_there, sink, draft, _lock: lock })
    }

    /// A second look at what was written.
    pub(crate) fn arrived(&self) -> Result<SqliteSource, Fault> {
        SqliteSource::open(self.draft.lies_at())
    }

    /// Puts the database into use; gives how many messages were marked.
    pub(crate) fn finish(self, restoring: Option<Restoring>) -> Result<u64, PortableError> {
        let Self { mut sink, draft, _lock, .. } = self;
        let marked = match restoring {
            Some(restoring) => land_in_sqlite(sink.connection_mut(), restoring)?,
            None => 0,
        };
        drop(sink);
        draft.finish()?;
        Ok(marked)
    }
}

/// A store that is moved away from, held so that nobody writes it.
pub(crate) struct Left {
    side: LeftSide,
    place: Place,
    mark: Option<Mark>,
}

enum LeftSide {
    Sqlite(Box<Connection>),
    Postgres(Entered),
}

impl Left {
    /// Takes the store for this process alone. Its data may have moved already; see [`Self::check`].
    pub(crate) fn hold(place: &Place, lock: &File) -> Result<Self, PortableError> {
        let (side, mark) = match place {
            Place::Sqlite(folder) => {
                let path = folder.join(DATABASE_FILE);
                if !path.is_file() {
                    return Err(PortableError::NoInstallation { place: place.shown() });
                }
                let connection = sqlite::ready_connection(&path)?;
                let mark = marks::of_sqlite(&connection)?;
                (LeftSide::Sqlite(Box::new(connection)), mark)
            }
            Place::Postgres { url, .. } => {
                let entered = Entered::enter(url, lock)?;
                let mark = entered.ask(|session| async move { marks::of_postgres(&session).await })?;
                (LeftSide::Postgres(entered), mark)
            }
        };
        let held = Self { side, place: place.clone(), mark };
        if held.mark == Some(Mark::Unfinished) { Err(PostgresOpenError::Unfinished.into()) } else { Ok(held) }
    }

    /// Refuses a store whose data have moved, unless that very move was interrupted and is repeated.
    pub(crate) fn check(&self, was_unfinished: bool) -> Result<(), PortableError> {
        match (&self.mark, &self.place) {
            (Some(Mark::Moved { to, at }), place) if !was_unfinished => {
                let (to, at) = (to.clone(), *at);
                Err(match place {
                    Place::Sqlite(folder) => OpenError::Moved { folder: folder.clone(), to, at }.into(),
                    Place::Postgres { .. } => PostgresOpenError::Moved { to, at }.into(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Marks the store as one whose data have moved.
    pub(crate) fn mark(&mut self, to: &str, now: Timestamp) -> Result<(), Fault> {
        match &mut self.side {
            LeftSide::Sqlite(connection) => marks::move_sqlite(connection, to, now),
            LeftSide::Postgres(entered) => {
                let to = to.to_owned();
                entered.ask(move |session| async move { marks::move_postgres(&session, &to, now).await })
            }
        }
    }

    /// Takes such a mark back; tells whether there was one.
    pub(crate) fn take_back(&mut self) -> Result<bool, Fault> {
        match &mut self.side {
            LeftSide::Sqlite(connection) => marks::take_back_sqlite(connection),
            LeftSide::Postgres(entered) => {
                entered.ask(|session| async move { marks::take_back_postgres(&session).await })
            }
        }
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        if let LeftSide::Postgres(entered) = &self.side {
            leave(&entered.io, &entered.writer);
        }
    }
}
