//! The part of a commit that tells: inbound messages and the outbox.
//!
//! An event that was told keeps its row. The row is a few seconds old then and on a page that is in
//! memory; see the table for why it does not grow.

use ports::store::{EventSubject, OutboxRetry, OutboxRow};
use rusqlite::{CachedStatement, Connection, params};
use types::id::RowKey;
use types::time::Timestamp;

use super::apply::Work;
use super::fault::{Fault, guarded, run};

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
        let insert = "INSERT INTO outbox VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, NULL)";
        let mut insert = work.connection.prepare_cached(insert)?;
        for row in &batch.outbox {
            insert_event(&mut insert, row)?;
            if row.key.as_i64() <= work.outbox_settled {
                settle(work.connection, row)?;
            }
        }
    }
    if !batch.outbox_done.is_empty() {
        let told = "UPDATE outbox SET told_at = ?2, next_at = NULL WHERE key = ?1 AND told_at IS NULL";
        let mut told = work.connection.prepare_cached(told)?;
        for key in &batch.outbox_done {
            if key.as_i64() <= work.outbox_settled {
                unsettle(work.connection, *key)?;
            }
            told.execute([key.as_i64(), batch.at.as_ms()])?;
        }
    }
    for key in &batch.outbox_moot {
        let moot = "UPDATE outbox SET told_at = ?2, next_at = ?2 WHERE key = ?1 AND told_at IS NULL";
        if key.as_i64() <= work.outbox_settled {
            unsettle(work.connection, *key)?;
        }
        work.connection.prepare_cached(moot)?.execute([key.as_i64(), batch.at.as_ms()])?;
    }
    for retry in &batch.outbox_retry {
        write_retry(work, retry)?;
    }
    Ok(())
}

/// What was told meanwhile stays told.
fn write_retry(work: &Work<'_>, retry: &OutboxRetry) -> Result<(), Fault> {
    let key = retry.key.as_i64();
    let update = "UPDATE outbox SET tries = ?2, next_at = ?3 WHERE key = ?1 AND told_at IS NULL";
    work.connection.prepare_cached(update)?.execute([key, i64::from(retry.tries), retry.next_at.as_ms()])?;
    if key <= work.outbox_settled {
        let listed = "UPDATE outbox_by_endpoint SET dead = ?2 WHERE key = ?1 AND dead = 1 - ?2 \
                      AND endpoint = (SELECT endpoint FROM outbox WHERE key = ?1)";
        let is_dead = retry.next_at == Timestamp::NEVER;
        work.connection.prepare_cached(listed)?.execute([key, i64::from(is_dead)])?;
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
    let inserted = run!(
        insert,
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
    );
    guarded(inserted, "event key").map(drop)
}

/// Lists a new event in the look-ups, which have passed its key already.
fn settle(connection: &Connection, row: &OutboxRow) -> Result<(), Fault> {
    let key = row.key.as_i64();
    connection.prepare_cached("INSERT INTO outbox_by_endpoint VALUES (?1, ?2, ?3)")?.execute([
        row.endpoint.0,
        i64::from(row.next_at == Timestamp::NEVER),
        key,
    ])?;
    connection
        .prepare_cached("INSERT INTO outbox_by_about VALUES (?1, ?2)")?
        .execute([row.about.as_i64(), key])?;
    Ok(())
}

/// Takes an event that was told out of the look-up of those that were not.
fn unsettle(connection: &Connection, key: RowKey) -> Result<(), Fault> {
    let delete = "DELETE FROM outbox_by_endpoint WHERE key = ?1 AND dead IN (0, 1) \
                  AND endpoint = (SELECT endpoint FROM outbox WHERE key = ?1)";
    connection.prepare_cached(delete)?.execute([key.as_i64()])?;
    Ok(())
}
