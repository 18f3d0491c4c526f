//! Marks of a store that is not to be used: its data have moved elsewhere, or they are not whole yet.
//!
//! `meta` has their times; it holds numbers only, so that the word for where to stands in `code_name`.
//! Both engines have both tables.

use rusqlite::Connection;
use types::time::Timestamp;

use crate::codec::Columns;
use crate::fault::Fault;
use crate::postgres::Session;
use crate::sqlite::{first, integer};

/// When the data moved, in `meta`.
const MOVED: &str = "moved_at";
/// When a copy into this store was begun that is not whole, in `meta`.
const UNFINISHED: &str = "unfinished_since";

/// Why a store is not to be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Its data are elsewhere.
    Moved { to: String, at: Timestamp },
    /// A copy into it was interrupted.
    Unfinished,
}

const TIME: &str = "SELECT value FROM meta WHERE name = ";
const PLACE: &str = "SELECT name FROM code_name WHERE kind = 'moved_to' AND code = 0";

fn word(row: &dyn Columns) -> Result<String, Fault> {
    Ok(row.text(0)?.unwrap_or_default())
}

fn moved(at: i64, to: Option<String>) -> Option<Mark> {
    (at != 0).then(|| Mark::Moved { to: to.unwrap_or_default(), at: Timestamp::from_ms(at) })
}

/// The mark of a database of SQLite. A copy into a folder gets its name when it is whole.
pub(crate) fn of_sqlite(connection: &Connection) -> Result<Option<Mark>, Fault> {
    let at = integer(connection, &format!("{TIME}?1"), [MOVED])?;
    Ok(moved(at, first(connection, PLACE, [], word)?))
}

/// Marks a database of SQLite as moved.
pub(crate) fn move_sqlite(connection: &mut Connection, to: &str, at: Timestamp) -> Result<(), Fault> {
    let transaction = connection.transaction()?;
    transaction.execute("INSERT OR REPLACE INTO meta VALUES (?1, ?2)", (MOVED, at.as_ms()))?;
    transaction.execute("INSERT OR REPLACE INTO code_name VALUES ('moved_to', 0, ?1)", [to])?;
    Ok(transaction.commit()?)
}

/// Takes the mark of a move back; tells whether there was one.
pub(crate) fn take_back_sqlite(connection: &mut Connection) -> Result<bool, Fault> {
    let transaction = connection.transaction()?;
    let found = transaction.execute("DELETE FROM meta WHERE name = ?1", [MOVED])?;
    transaction.execute("DELETE FROM code_name WHERE kind = 'moved_to'", [])?;
    transaction.commit()?;
    Ok(found > 0)
}

/// The mark of a database of PostgreSQL.
pub(crate) async fn of_postgres(session: &Session) -> Result<Option<Mark>, Fault> {
    let time = "SELECT value FROM meta WHERE name = $1";
    if session.integer(time, &[&UNFINISHED]).await? != 0 {
        return Ok(Some(Mark::Unfinished));
    }
    let at = session.integer(time, &[&MOVED]).await?;
    Ok(moved(at, session.first(PLACE, &[], word).await?))
}

/// Marks a database of PostgreSQL as moved.
pub(crate) async fn move_postgres(session: &Session, to: &str, at: Timestamp) -> Result<(), Fault> {
    set(session, MOVED, at).await?;
    let word = "INSERT INTO code_name VALUES ('moved_to', 0, $1) \
                ON CONFLICT (kind, code) DO UPDATE SET name = excluded.name";
    session.execute(word, &[&to]).await.map(drop)
}

/// Takes the mark of a move back; tells whether there was one.
pub(crate) async fn take_back_postgres(session: &Session) -> Result<bool, Fault> {
    session.execute("DELETE FROM code_name WHERE kind = 'moved_to'", &[]).await?;
    clear(session, MOVED).await
}

/// Marks a database of PostgreSQL as one that is being filled.
pub(crate) async fn begin_postgres(session: &Session, at: Timestamp) -> Result<(), Fault> {
    set(session, UNFINISHED, at).await
}

/// Says that a database of PostgreSQL is whole.
pub(crate) async fn end_postgres(session: &Session) -> Result<(), Fault> {
    clear(session, UNFINISHED).await.map(drop)
}

async fn set(session: &Session, name: &str, at: Timestamp) -> Result<(), Fault> {
    let upsert = "INSERT INTO meta VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    session.execute(upsert, &[&name, &at.as_ms()]).await.map(drop)
}

async fn clear(session: &Session, name: &str) -> Result<bool, Fault> {
    Ok(session.execute("DELETE FROM meta WHERE name = $1", &[&name]).await? > 0)
}
