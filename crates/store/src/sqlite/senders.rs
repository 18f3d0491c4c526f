//! From which sender of a pool a recipient heard last: written in a commit, and read by the writer at its start.

use ports::store::SenderMemory;
use rusqlite::{Connection, params};
use types::id::RowKey;

use super::fault::{Fault, all, sql_limit};
use crate::codec_config::{self, sender_memory_columns};

/// Remembers senders.
pub(crate) fn remember(connection: &Connection, rows: &[SenderMemory]) -> Result<(), Fault> {
    let upsert = "INSERT INTO sender_memory VALUES (?1, ?2, ?3, ?4) ON CONFLICT (pool, number_hash) DO UPDATE \
                  SET sender = excluded.sender, used_at = excluded.used_at";
    let mut upsert = connection.prepare_cached(upsert)?;
    for row in rows {
        upsert.execute(params![row.pool.as_i64(), row.number_hash, row.sender, row.used_at.as_ms()])?;
    }
    Ok(())
}

/// Forgets senders.
pub(crate) fn forget(connection: &Connection, places: &[(RowKey, i64)]) -> Result<(), Fault> {
    let delete = "DELETE FROM sender_memory WHERE pool = ?1 AND number_hash = ?2";
    let mut delete = connection.prepare_cached(delete)?;
    for (pool, number_hash) in places {
        delete.execute([pool.as_i64(), *number_hash])?;
    }
    Ok(())
}

/// Forgets all senders of a pool.
pub(crate) fn end_pool(connection: &Connection, pool: RowKey) -> Result<(), Fault> {
    let delete = "DELETE FROM sender_memory WHERE pool = ?1";
    connection.prepare_cached(delete)?.execute([pool.as_i64()])?;
    Ok(())
}

/// What is remembered behind a pool and the hash of a number.
pub(crate) fn after(
    connection: &Connection,
    (pool, number_hash): (RowKey, i64),
    limit: usize,
) -> Result<Vec<SenderMemory>, Fault> {
    let sql = concat!(
        "SELECT ",
        sender_memory_columns!(),
        " FROM sender_memory WHERE (pool, number_hash) > (?1, ?2) ORDER BY pool, number_hash LIMIT ?3"
    );
    let given = [pool.as_i64(), number_hash, sql_limit(limit)];
    all(connection, sql, given, codec_config::sender_memory)
}
