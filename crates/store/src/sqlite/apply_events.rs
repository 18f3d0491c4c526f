//! The part of a commit that tells: inbound messages and the outbox.

use ports::store::{EventSubject, OutboxRow};
use rusqlite::{CachedStatement, Connection, params};
use types::id::RowKey;

use super::apply::Work;
use super::fault::{Fault, first, guarded};

pub(crate) fn write_inbound(work: &Work<'_>) -> Result<(), Fault> {
    for row in &work.batch.inbound {
        let insert = "INSERT INTO inbound VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let inserted = work.connection.prepare_cached(insert)?.execute(params![
            row.key.as_i64(),
            row.tail.cast_signed(),
            row.account.map(|account| account.0),
            row.connector.0,
            row.received_at.as_ms(),
            row.data_key,
            row.sealed
        ]);
        guarded(inserted, "inbound key")?;
    }
    Ok(())
}

pub(crate) fn write_outbox(work: &Work<'_>) -> Result<(), Fault> {
    let batch = work.batch;
    if !batch.outbox.is_empty() {
        let insert = "INSERT INTO outbox VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let mut insert = work.connection.prepare_cached(insert)?;
        for row in &batch.outbox {
            insert_event(&mut insert, row)?;
            if row.key.as_i64() <= work.outbox_settled {
                settle(work.connection, row)?;
            }
        }
    }
    if !batch.outbox_done.is_empty() {
        let mut delete = work.connection.prepare_cached("DELETE FROM outbox WHERE key = ?1")?;
        for key in &batch.outbox_done {
            if key.as_i64() <= work.outbox_settled {
                unsettle(work.connection, *key)?;
            }
            delete.execute([key.as_i64()])?;
        }
    }
    for retry in &batch.outbox_retry {
        let update = "UPDATE outbox SET tries = ?2, next_at = ?3 WHERE key = ?1";
        work.connection.prepare_cached(update)?.execute([
            retry.key.as_i64(),
            i64::from(retry.tries),
            retry.next_at.as_ms(),
        ])?;
    }
    Ok(())
}

fn insert_event(insert: &mut CachedStatement<'_>, row: &OutboxRow) -> Result<(), Fault> {
    let (mut codes, mut told, mut error_and_seq) = ((None, None), None, (None, None));
    match row.subject {
        EventSubject::Message { state, reason, receipt, error, seq } => {
            codes = (Some(state.code()), Some(reason.code()));
            told = receipt.map(|receipt| receipt.code());
            error_and_seq = (Some(error), Some(seq));
        }
        EventSubject::Inbound => {}
    }
    let inserted = insert.execute(params![
        row.key.as_i64(),
        row.endpoint.0,
        row.about.as_i64(),
        row.tail.cast_signed(),
        codes.0,
        codes.1,
        told,
        error_and_seq.0,
        error_and_seq.1,
        row.at.as_ms(),
        row.tries,
        row.next_at.as_ms()
    ]);
    guarded(inserted, "event key").map(drop)
}

/// Lists an event in the look-ups of waiting events, which have passed its key already.
fn settle(connection: &Connection, row: &OutboxRow) -> Result<(), Fault> {
    let key = row.key.as_i64();
    connection
        .prepare_cached("INSERT INTO outbox_by_endpoint VALUES (?1, ?2)")?
        .execute([row.endpoint.0, key])?;
    connection
        .prepare_cached("INSERT INTO outbox_by_about VALUES (?1, ?2)")?
        .execute([row.about.as_i64(), key])?;
    Ok(())
}

fn unsettle(connection: &Connection, key: RowKey) -> Result<(), Fault> {
    let key = key.as_i64();
    let listed = first(connection, "SELECT endpoint, about FROM outbox WHERE key = ?1", [key], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    if let Some((endpoint, about)) = listed {
        let delete = "DELETE FROM outbox_by_endpoint WHERE endpoint = ?1 AND key = ?2";
        connection.prepare_cached(delete)?.execute([endpoint, key])?;
        let delete = "DELETE FROM outbox_by_about WHERE about = ?1 AND key = ?2";
        connection.prepare_cached(delete)?.execute([about, key])?;
    }
    Ok(())
}
