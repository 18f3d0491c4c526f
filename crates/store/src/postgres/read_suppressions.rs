//! Answers about suppression lists: to the writer, which remembers marks, and to doors, which show entries.

use ports::store::{ListPage, PAGE_ROWS_MAX, SuppressionFilter, SuppressionMark, SuppressionRow};
use types::id::{AccountId, RowKey};

use super::load::sql_limit;
use super::session::Session;
use crate::codec_config::{self, suppression_columns, suppression_mark_columns};
use crate::fault::Fault;

/// Marks of entries above a key.
pub(crate) async fn after(
    session: &Session,
    after: RowKey,
    limit: usize,
) -> Result<Vec<SuppressionMark>, Fault> {
    let sql = concat!(
        "SELECT ",
        suppression_mark_columns!(),
        " FROM suppression WHERE key > $1 ORDER BY key LIMIT $2"
    );
    session.all(sql, &[&after.as_i64(), &sql_limit(limit)], codec_config::suppression_mark).await
}

/// Which of these recipients are on the list of an account within a scope.
pub(crate) async fn among(
    session: &Session,
    (account, scope): (AccountId, &str),
    number_hashes: &[i64],
) -> Result<Vec<SuppressionMark>, Fault> {
    let sql = concat!(
        "SELECT ",
        suppression_mark_columns!(),
        " FROM suppression WHERE account = $1 AND scope = $2 AND number_hash = ANY ($3)"
    );
    session.all(sql, &[&account.0, &scope, &number_hashes], codec_config::suppression_mark).await
}

/// A page of an account's list, newest first.
pub(crate) async fn list(
    session: &Session,
    filter: &SuppressionFilter,
) -> Result<ListPage<SuppressionRow>, Fault> {
    let limit = filter.limit.clamp(1, PAGE_ROWS_MAX);
    let before = filter.before.map_or(i64::MAX, RowKey::as_i64);
    let of_all = concat!(
        "SELECT ",
        suppression_columns!(),
        " FROM suppression WHERE account = $1 AND key < $2 ORDER BY key DESC LIMIT $3"
    );
    let of_one = concat!(
        "SELECT ",
        suppression_columns!(),
        " FROM suppression WHERE account = $1 AND key < $2 AND number_hash = $4 ORDER BY key DESC LIMIT $3"
    );
    let (account, rows) = (filter.account.0, sql_limit(limit + 1));
    let decode = codec_config::suppression;
    let items = match filter.number_hash {
        None => session.all(of_all, &[&account, &before, &rows], decode).await?,
        Some(hash) => session.all(of_one, &[&account, &before, &rows, &hash], decode).await?,
    };
    Ok(ListPage::cut(items, limit, |row| row.key))
}
