//! The part of a commit that moves value: lots and ledger entries.

use rusqlite::{Connection, params};
use types::charge::Lot;
use types::time::Timestamp;

use super::apply::Work;
use super::fault::{Fault, guarded, run};
use super::runs::Entry;

pub(crate) fn write_lots(work: &Work<'_>) -> Result<(), Fault> {
    for change in &work.batch.lots {
        if let Some(lot) = &change.new {
            insert_lot(work.connection, lot)?;
        }
        let mut update = work.connection.prepare_cached(
            "UPDATE lot SET available_micros = available_micros + ?2, held_micros = held_micros + ?3 \
             WHERE id = ?1 AND available_micros + ?2 >= ?4 AND held_micros + ?3 >= 0",
        )?;
        let changed =
            update.execute([change.lot.0, change.available_delta, change.held_delta, change.floor_micros])?;
        if changed != 1 {
            return Err(Fault::Guard("lot floor"));
        }
    }
    Ok(())
}

fn insert_lot(connection: &Connection, lot: &Lot) -> Result<(), Fault> {
    let insert = "INSERT INTO lot VALUES (?1, ?2, ?3, ?4, 0, 0, ?5, ?6, ?7)";
    let inserted = connection.prepare_cached(insert)?.execute(params![
        lot.id.0,
        lot.account.0,
        lot.unit.as_str(),
        lot.granted_micros,
        lot.created_at.as_ms(),
        lot.expires_at.map(Timestamp::as_ms),
        lot.source
    ]);
    guarded(inserted, "lot number").map(drop)
}

pub(crate) fn write_postings(work: &Work<'_>) -> Result<(), Fault> {
    if work.batch.postings.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO posting VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let mut insert = work.connection.prepare_cached(insert)?;
    for (id, posting) in (work.first_posting..).zip(&work.batch.postings) {
        run!(
            insert,
            id,
            posting.account.0,
            posting.lot.0,
            posting.kind.code(),
            posting.amount_micros,
            posting.messages,
            posting.policy,
            work.seq,
            work.batch.at.as_ms()
        )?;
        work.postings
            .late(work.connection, Entry { key: id, account: posting.account.0, recipient_hash: 0 })?;
    }
    Ok(())
}
