//! Answers about suppression lists: to the writer, which remembers marks, and to doors, which show entries.

use ports::store::{ListPage, PAGE_ROWS_MAX, SuppressionFilter, SuppressionMark, SuppressionRow};
use rusqlite::{Connection, params};
use types::id::{AccountId, RowKey};

use super::fault::{Fault, all, first, sql_limit};
use crate::codec_config::{self, suppression_columns, suppression_mark_columns};

/// Marks of entries above a key.
pub(crate) fn after(
    connection: &Connection,
    after: RowKey,
    limit: usize,
) -> Result<Vec<SuppressionMark>, Fault> {
    let sql = concat!(
        "SELECT ",
        suppression_mark_columns!(),
        " FROM suppression WHERE key > ?1 ORDER BY key LIMIT ?2"
    );
    all(connection, sql, [after.as_i64(), sql_limit(limit)], codec_config::suppression_mark)
}

/// Which of these recipients are on the list of an account within a scope.
pub(crate) fn among(
    connection: &Connection,
    (account, scope): (AccountId, &str),
    number_hashes: &[i64],
) -> Result<Vec<SuppressionMark>, Fault> {
    let sql = concat!(
        "SELECT ",
        suppression_mark_columns!(),
        " FROM suppression WHERE account = ?1 AND scope = ?2 AND number_hash = ?3"
    );
    let mut found = Vec::new();
    for hash in number_hashes {
        found.extend(first(
            connection,
            sql,
            params![account.0, scope, hash],
            codec_config::suppression_mark,
        )?);
    }
    Ok(found)
}

/// A page of an account's list, newest first.
pub(crate) fn list(
    connection: &Connection,
    filter: &SuppressionFilter,
) -> Result<ListPage<SuppressionRow>, Fault> {
    let limit = filter.limit.clamp(1, PAGE_ROWS_MAX);
    let before = filter.before.map_or(i64::MAX, RowKey::as_i64);
    let of_all = concat!(
        "SELECT ",
        suppression_columns!(),
        " FROM suppression WHERE account = ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3"
    );
    let of_one = concat!(
        "SELECT ",
        suppression_columns!(),
        " FROM suppression WHERE account = ?1 AND key < ?2 AND number_hash = ?4 ORDER BY key DESC LIMIT ?3"
    );
    let (account, rows) = (filter.account.0, sql_limit(limit + 1));
    let decode = codec_config::suppression;
    let items = match filter.number_hash {
        None => all(connection, of_all, params![account, before, rows], decode)?,
        Some(hash) => all(connection, of_one, params![account, before, rows, hash], decode)?,
    };
    Ok(ListPage::cut(items, limit, |row| row.key))
}
