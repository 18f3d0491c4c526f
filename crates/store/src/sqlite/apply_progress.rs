//! The part of a commit that moves messages: attempts, answers, receipts and progress.

use ports::store::{AttemptPartRow, AttemptRow, MessageChange};
use rusqlite::{CachedStatement, Connection, params};
use types::time::Timestamp;

use super::apply::Work;
use super::apply_traffic::traffic;
use super::fault::{Fault, guarded, run};
use crate::codec_attempt::{network_source_code, passed_over_text};

const STALE: Fault = Fault::Guard("message version");

/// Moves an open message. It leaves `open` alone, so that the index of open messages is not touched.
const MOVE: &str = "UPDATE progress SET version = ?3, state = ?4, reason = ?5, flags = ?6, charge = ?7, \
                    attempts = ?8, events = ?9, connector = ?10, due_at = ?11, submitted_at = ?12, \
                    final_at = ?13 WHERE key = ?1 AND version = ?2 AND open = 1";

/// Ends an open message.
const END: &str = "UPDATE progress SET version = ?3, state = ?4, reason = ?5, flags = ?6, charge = ?7, \
                   attempts = ?8, events = ?9, connector = ?10, due_at = ?11, submitted_at = ?12, \
                   final_at = ?13, open = 0 WHERE key = ?1 AND version = ?2 AND open = 1";

/// Moves any message, and marks it open or not.
const MOVE_AND_MARK: &str = "UPDATE progress SET version = ?3, state = ?4, reason = ?5, flags = ?6, charge = ?7, \
                             attempts = ?8, events = ?9, connector = ?10, due_at = ?11, submitted_at = ?12, \
                             final_at = ?13, open = ?14 WHERE key = ?1 AND version = ?2";

pub(crate) fn write_attempts(work: &Work<'_>) -> Result<(), Fault> {
    let batch = work.batch;
    if !batch.attempts.is_empty() {
        let insert = "INSERT INTO attempt VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, \
                      ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25)";
        let mut insert = work.connection.prepare_cached(insert)?;
        for row in &batch.attempts {
            insert_attempt(&mut insert, row)?;
        }
    }
    if !batch.attempt_parts.is_empty() {
        let insert = "INSERT OR IGNORE INTO attempt_part VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8)";
        let mut insert = work.connection.prepare_cached(insert)?;
        for row in &batch.attempt_parts {
            if insert_part(&mut insert, row)? == 0 {
                let mut late = work.connection.prepare_cached(
                    "INSERT INTO attempt_part SELECT ?1, ?2, ?3, max(answer) + 1, ?4, ?5, ?6, ?7, ?8 \
                     FROM attempt_part WHERE message = ?1 AND attempt = ?2 AND part = ?3",
                )?;
                insert_part(&mut late, row)?;
            }
        }
    }
    Ok(())
}

fn insert_attempt(insert: &mut CachedStatement<'_>, row: &AttemptRow) -> Result<(), Fault> {
    let (form, network, cost) = (&row.form, row.network.as_ref(), row.cost.as_ref());
    let inserted = run!(
        insert,
        row.message.as_i64(),
        row.attempt,
        row.connector.0,
        row.trigger.code(),
        row.started_at.as_ms(),
        row.parts,
        row.only_parts,
        form.data_coding,
        form.encoding.code(),
        form.joined.code(),
        form.reference,
        form.rendering.code(),
        network.map(|fact| fact.plmn.to_string()),
        network.map(|fact| network_source_code(fact.source)),
        network.map(|fact| fact.data_version),
        network.and_then(|fact| fact.ported),
        network.map(|fact| fact.checked_at.as_ms()),
        cost.map(|cost| cost.amount.micros),
        cost.map(|cost| cost.amount.unit.as_str()),
        cost.map(|cost| cost.trigger.code()),
        cost.map(|cost| cost.deck_version),
        row.traffic_version,
        row.route,
        passed_over_text(&row.passed_over),
        row.sealed_sent
    );
    guarded(inserted, "attempt number").map(drop)
}

fn insert_part(insert: &mut CachedStatement<'_>, row: &AttemptPartRow) -> Result<usize, Fault> {
    let outcome = &row.outcome;
    Ok(run!(
        insert,
        row.message.as_i64(),
        row.attempt,
        outcome.part,
        outcome.verdict.code(),
        outcome.status,
        outcome.carrier_id,
        outcome.written_at.as_ms(),
        outcome.answered_at.as_ms()
    )?)
}

/// Returns by how much the count of parked receipts changed.
pub(crate) fn write_receipts(work: &Work<'_>) -> Result<i64, Fault> {
    let batch = work.batch;
    if !batch.receipts.is_empty() {
        let insert = "INSERT INTO receipt VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, \
                      ?15, ?16)";
        let mut insert = work.connection.prepare_cached(insert)?;
        for row in &batch.receipts {
            let inserted = run!(
                insert,
                row.message.as_i64(),
                row.key.as_i64(),
                row.attempt,
                row.part,
                row.origin.code(),
                row.state.code(),
                row.stat,
                row.error,
                row.submit_date,
                row.done_date,
                row.zone,
                row.tlvs,
                row.mapping_version,
                row.read_at.as_ms(),
                row.contradicts,
                row.sealed_echo
            );
            guarded(inserted, "receipt key")?;
        }
    }
    write_parked(work.connection, work)
}

fn write_parked(connection: &Connection, work: &Work<'_>) -> Result<i64, Fault> {
    let mut change = 0;
    for row in &work.batch.parked {
        let insert = "INSERT INTO parked_receipt VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let inserted = connection.prepare_cached(insert)?.execute(params![
            row.key.as_i64(),
            row.connector.0,
            row.carrier_id,
            row.data_key,
            row.sealed,
            row.read_at.as_ms()
        ]);
        guarded(inserted, "parked receipt key")?;
        change += 1;
    }
    for key in &work.batch.unparked {
        let delete = "DELETE FROM parked_receipt WHERE key = ?1";
        if connection.prepare_cached(delete)?.execute([key.as_i64()])? == 1 {
            change -= 1;
        }
    }
    Ok(change)
}

pub(crate) fn write_changes(work: &mut Work<'_>) -> Result<(), Fault> {
    let batch = work.batch;
    if batch.changes.is_empty() {
        return Ok(());
    }
    let mut move_open = work.connection.prepare_cached(MOVE)?;
    let mut end_open = work.connection.prepare_cached(END)?;
    for change in &batch.changes {
        let counted = work.recent.get(change.key);
        let done = match (change.progress.state.is_final(), counted) {
            (false, _) => moved(&mut move_open, change)?,
            (true, Some(traffic)) if moved(&mut end_open, change)? => {
                work.rollup.end(traffic, change.progress.state.code());
                true
            }
            (true, _) => false,
        };
        if !done {
            move_and_count(work, change)?;
        }
    }
    Ok(())
}

/// Runs a change through `MOVE` or `END`, or with a mark through `MOVE_AND_MARK`.
macro_rules! run_change {
    ($statement:expr, $change:expr $(, $mark:expr)?) => {
        run!(
            $statement,
            $change.key.as_i64(),
            $change.expected_version,
            $change.progress.version,
            $change.progress.state.code(),
            $change.progress.reason.code(),
            $change.progress.flags.bits(),
            $change.progress.charge.code(),
            $change.progress.attempts,
            $change.progress.events,
            $change.progress.connector.map(|connector| connector.0),
            $change.progress.due_at.as_ms(),
            $change.progress.submitted_at.map(Timestamp::as_ms),
            $change.progress.final_at.map(Timestamp::as_ms)
            $(, $mark)?
        )
    };
}

fn moved(statement: &mut CachedStatement<'_>, change: &MessageChange) -> Result<bool, Fault> {
    Ok(run_change!(statement, change)? == 1)
}

/// The way of a message that ends and of which the writer remembers nothing, or that had ended: its counts
/// move too.
fn move_and_count(work: &mut Work<'_>, change: &MessageChange) -> Result<(), Fault> {
    let (traffic, stored) = traffic(work.connection, change.key)?.ok_or(STALE)?;
    let mut statement = work.connection.prepare_cached(MOVE_AND_MARK)?;
    let open = !change.progress.state.is_final();
    if run_change!(statement, change, open)? != 1 {
        return Err(STALE);
    }
    let state = change.progress.state.code();
    if let Some(sums) = work.staged.get_mut(&stored.submission) {
        // What was counted of it holds no more: its messages are read when it becomes visible.
        *sums = None;
    } else if state != stored.state {
        if !stored.open {
            work.rollup.unend(&traffic, stored.state);
        }
        work.rollup.end(&traffic, state);
    }
    Ok(())
}
