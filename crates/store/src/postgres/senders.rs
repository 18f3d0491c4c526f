//! From which sender of a pool a recipient heard last: written in a commit, and read by the writer at its start.

use ports::store::SenderMemory;
use types::id::RowKey;

use super::encode::holdable;
use super::load::sql_limit;
use super::session::Session;
use crate::codec_config::{self, sender_memory_columns};
use crate::fault::Fault;

/// Remembers senders: all in one statement.
pub(crate) async fn remember(session: &Session, rows: &[SenderMemory]) -> Result<(), Fault> {
    let upsert = "INSERT INTO sender_memory (pool, number_hash, sender, used_at) \
                  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[]) \
                  ON CONFLICT (pool, number_hash) DO UPDATE \
                  SET sender = excluded.sender, used_at = excluded.used_at";
    let pools: Vec<i64> = rows.iter().map(|row| row.pool.as_i64()).collect();
    let hashes: Vec<i64> = rows.iter().map(|row| row.number_hash).collect();
    let senders: Vec<String> = rows.iter().map(|row| holdable(&row.sender).into_owned()).collect();
    let used: Vec<i64> = rows.iter().map(|row| row.used_at.as_ms()).collect();
    session.execute(upsert, &[&pools, &hashes, &senders, &used]).await.map(drop)
}

/// Forgets senders.
pub(crate) async fn forget(session: &Session, places: &[(RowKey, i64)]) -> Result<(), Fault> {
    let delete = "DELETE FROM sender_memory s USING unnest($1::bigint[], $2::bigint[]) AS gone (pool, number_hash) \
                  WHERE s.pool = gone.pool AND s.number_hash = gone.number_hash";
    let pools: Vec<i64> = places.iter().map(|(pool, _)| pool.as_i64()).collect();
    let hashes: Vec<i64> = places.iter().map(|(_, number_hash)| *number_hash).collect();
    session.execute(delete, &[&pools, &hashes]).await.map(drop)
}

/// Forgets all senders of a pool.
pub(crate) async fn end_pool(session: &Session, pool: RowKey) -> Result<(), Fault> {
    let delete = "DELETE FROM sender_memory WHERE pool = $1";
    session.execute(delete, &[&pool.as_i64()]).await.map(drop)
}

/// What is remembered behind a pool and the hash of a number.
pub(crate) async fn after(
    session: &Session,
    (pool, number_hash): (RowKey, i64),
    limit: usize,
) -> Result<Vec<SenderMemory>, Fault> {
    let sql = concat!(
        "SELECT ",
        sender_memory_columns!(),
        " FROM sender_memory WHERE (pool, number_hash) > ($1, $2) ORDER BY pool, number_hash LIMIT $3"
    );
    let given = [pool.as_i64(), number_hash, sql_limit(limit)];
    session.all(sql, &[&given[0], &given[1], &given[2]], codec_config::sender_memory).await
}
