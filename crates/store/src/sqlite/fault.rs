//! What can go wrong inside the store, before it is told in the words of the seam.

use ports::store::{ApplyError, StoreError};
use rusqlite::{Connection, ErrorCode, Params, Row};

/// An error inside the store. Its `Guard` never leaves a batch half applied: the caller rolls back.
#[derive(Debug)]
pub(crate) enum Fault {
    /// SQLite reported an error.
    Engine(rusqlite::Error),
    /// A row of this table cannot be read.
    Corrupt(&'static str),
    /// A guard of the batch does not hold.
    Guard(&'static str),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

impl Fault {
    /// In the words of the seam; `operation` completes "the store could not …".
    pub(crate) fn doing(self, operation: &'static str) -> StoreError {
        match self {
            Self::Engine(source) => StoreError::Engine { operation, source: Box::new(source) },
            Self::Corrupt(table) | Self::Guard(table) => StoreError::Corrupt { table },
        }
    }

    /// As the outcome of a batch that was rolled back.
    pub(crate) fn not_written(self) -> ApplyError {
        match self {
            Self::Guard(what) => ApplyError::Guard { what },
            other => ApplyError::NotWritten(other.doing("apply a batch")),
        }
    }
}

/// Turns a broken uniqueness into a guard that does not hold.
pub(crate) fn guarded<T>(result: rusqlite::Result<T>, what: &'static str) -> Result<T, Fault> {
    result.map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => Fault::Guard(what),
        _ => Fault::Engine(error),
    })
}

/// All rows of a query, decoded.
pub(crate) fn all<T, P: Params>(
    connection: &Connection,
    sql: &str,
    params: P,
    decode: fn(&Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(decode(row)?);
    }
    Ok(found)
}

/// The first row of a query, decoded.
pub(crate) fn first<T, P: Params>(
    connection: &Connection,
    sql: &str,
    params: P,
    decode: fn(&Row<'_>) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(decode).transpose()
}

/// The integer that a query gives; `NULL` and no row are zero.
pub(crate) fn integer<P: Params>(connection: &Connection, sql: &str, params: P) -> Result<i64, Fault> {
    let found = first(connection, sql, params, |row| Ok(row.get::<_, Option<i64>>(0)?))?;
    Ok(found.flatten().unwrap_or(0))
}

/// A count of rows as SQLite takes it.
pub(crate) fn sql_limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
