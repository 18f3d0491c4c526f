//! Statements and their rows in the words of the store: running, decoding, and broken uniqueness.

use rusqlite::types::FromSql;
use rusqlite::{Connection, ErrorCode, Params, Row};

use crate::codec::Columns;
pub(crate) use crate::fault::Fault;

impl Columns for Row<'_> {
    fn int(&self, column: usize) -> Result<Option<i64>, Fault> {
        value(self, column)
    }

    fn text(&self, column: usize) -> Result<Option<String>, Fault> {
        value(self, column)
    }

    fn blob(&self, column: usize) -> Result<Option<Vec<u8>>, Fault> {
        value(self, column)
    }
}

fn value<T: FromSql>(row: &Row<'_>, column: usize) -> Result<Option<T>, Fault> {
    Ok(row.get(column)?)
}

/// Binds values in their order and runs a statement. Each value is bound by its own type; through `params!` every
/// one would be asked at run time what it is, which costs the path of a message more than binding it.
macro_rules! run {
    ($statement:expr, $($value:expr),+ $(,)?) => {
        (|| -> rusqlite::Result<usize> {
            let mut index = 0_usize;
            $(
                index += 1;
                $statement.raw_bind_parameter(index, &$value)?;
            )+
            debug_assert_eq!(index, $statement.parameter_count());
            $statement.raw_execute()
        })()
    };
}
pub(crate) use run;

/// Turns a broken uniqueness into a guard that does not hold.
pub(crate) fn guarded<T>(result: rusqlite::Result<T>, what: &'static str) -> Result<T, Fault> {
    result.map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => Fault::Guard(what),
        _ => Fault::from(error),
    })
}

/// All rows of a query, decoded.
pub(crate) fn all<T, P: Params>(
    connection: &Connection,
    sql: &str,
    params: P,
    decode: fn(&dyn Columns) -> Result<T, Fault>,
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
    decode: fn(&dyn Columns) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(|row| decode(row)).transpose()
}

/// The integer that a query gives; `NULL` and no row are zero.
pub(crate) fn integer<P: Params>(connection: &Connection, sql: &str, params: P) -> Result<i64, Fault> {
    let found = first(connection, sql, params, |row| row.int(0))?;
    Ok(found.flatten().unwrap_or(0))
}

/// A count of rows as SQLite takes it.
pub(crate) fn sql_limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
