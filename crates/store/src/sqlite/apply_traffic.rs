//! The part of a commit that admits: submissions, idempotency keys, staging, messages, bodies.

use ports::store::MessageRow;
use rusqlite::{CachedStatement, Connection};
use types::id::RowKey;
use types::money::{Money, Unit};
use types::network::Country;
use types::time::Timestamp;

use super::apply::Work;
use super::fault::{Fault, first, guarded, run};
use super::load::submission_keys;
use super::runs::Entry;
use crate::codec::{Cells, levels_text};
use crate::codec_attempt::network_source_code;
use crate::rollup::{Deltas, Traffic};
use crate::span::submission_end;

pub(crate) fn write_submissions(work: &mut Work<'_>) -> Result<(), Fault> {
    let batch = work.batch;
    if !batch.submissions.is_empty() {
        let insert = "INSERT INTO submission VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let mut insert = work.connection.prepare_cached(insert)?;
        for row in &batch.submissions {
            let inserted = run!(
                insert,
                row.key.as_i64(),
                row.tail.cast_signed(),
                row.account.0,
                row.door.code(),
                row.received_at.as_ms(),
                row.messages
            );
            guarded(inserted, "submission key")?;
            if row.staged {
                work.connection
                    .prepare_cached("INSERT INTO staged VALUES (?1)")?
                    .execute([row.key.as_i64()])?;
                work.staged.insert(row.key, Some(Deltas::default()));
            }
        }
    }
    for row in &batch.idempotency {
        let mut upsert = work.connection.prepare_cached(
            "INSERT INTO idempotency VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET \
             fingerprint = excluded.fingerprint, submission = excluded.submission, \
             expires_at = excluded.expires_at WHERE expires_at <= ?6",
        )?;
        let changed = run!(
            upsert,
            row.account.0,
            row.key_hash.as_slice(),
            row.fingerprint.as_slice(),
            row.created.as_i64(),
            row.expires_at.as_ms(),
            batch.at.as_ms()
        )?;
        if changed != 1 {
            return Err(Fault::Guard("idempotency key"));
        }
    }
    Ok(())
}

/// Makes staged submissions visible, or removes them with their messages.
pub(crate) fn write_staging(work: &mut Work<'_>) -> Result<(), Fault> {
    let batch = work.batch;
    for key in &batch.unstaged {
        if let Some(sums) = end_staging(work, *key)? {
            work.rollup.merge(&sums);
            continue;
        }
        for message in submission_keys(work.connection, *key, u32::MAX)? {
            let traffic = traffic(work.connection, message)?.ok_or(Fault::Corrupt("progress"))?;
            work.rollup.admit(&traffic.0);
            work.rollup.end(&traffic.0, traffic.1.state);
        }
    }
    for key in &batch.discarded {
        end_staging(work, *key)?;
        for message in submission_keys(work.connection, *key, u32::MAX)? {
            discard(work.connection, message)?;
        }
        work.connection.prepare_cached("DELETE FROM submission WHERE key = ?1")?.execute([key.as_i64()])?;
    }
    Ok(())
}

/// Gives what its messages so far count, if the writer knows.
fn end_staging(work: &mut Work<'_>, key: RowKey) -> Result<Option<Deltas>, Fault> {
    let delete = "DELETE FROM staged WHERE submission = ?1";
    if work.connection.prepare_cached(delete)?.execute([key.as_i64()])? != 1 {
        return Err(Fault::Guard("staged submission"));
    }
    Ok(work.staged.remove(&key).flatten())
}

/// Look-ups that name the message stay: they are joined with it, and its key is not used again.
fn discard(connection: &Connection, message: RowKey) -> Result<(), Fault> {
    for sql in [
        "DELETE FROM message WHERE key = ?1",
        "DELETE FROM progress WHERE key = ?1",
        "DELETE FROM message_lot WHERE message = ?1",
        "DELETE FROM body WHERE message = ?1",
        "DELETE FROM attempt WHERE message = ?1",
        "DELETE FROM attempt_part WHERE message = ?1",
        "DELETE FROM receipt WHERE message = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([message.as_i64()])?;
    }
    Ok(())
}

/// Where a message stands.
pub(crate) struct Stored {
    pub(crate) open: bool,
    pub(crate) state: u8,
    pub(crate) submission: RowKey,
}

/// What the rollup counts a message under, and where it stands.
pub(crate) fn traffic(connection: &Connection, key: RowKey) -> Result<Option<(Traffic, Stored)>, Fault> {
    let sql = "SELECT m.account, m.submission, m.accepted_at, m.country, m.price_unit, m.parts, \
               p.price_micros, p.open, p.state \
               FROM progress p JOIN message m ON m.key = p.key WHERE p.key = ?1";
    first(connection, sql, [key.as_i64()], |row| {
        let cells = &mut Cells::new(row, "message");
        let account = cells.account()?;
        let submission = cells.key()?;
        let accepted_at = cells.time()?;
        let country: Country = cells.country()?;
        let unit: Unit = cells.unit()?;
        let parts: u32 = cells.small()?;
        let amount = Money::new(cells.int()?, unit);
        let traffic = Traffic { account, accepted_at, country, parts, amount };
        let stored = Stored { open: cells.flag()?, state: cells.small()?, submission };
        Ok((traffic, stored))
    })
}

pub(crate) fn write_messages(work: &mut Work<'_>) -> Result<(), Fault> {
    if work.batch.messages.is_empty() {
        return Ok(());
    }
    let mut facts = work.connection.prepare_cached(
        "INSERT INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, \
         ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33)",
    )?;
    let mut progress = work.connection.prepare_cached(
        "INSERT INTO progress VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?;
    let mut body = work.connection.prepare_cached("INSERT INTO body VALUES (?1, ?2)")?;
    for row in &work.batch.messages {
        let message = &row.message.facts;
        if message.key < message.submission || message.key >= submission_end(message.submission) {
            return Err(Fault::Guard("message key near its submission's"));
        }
        insert_facts(&mut facts, row)?;
        insert_progress(&mut progress, row)?;
        insert_shares(work.connection, row)?;
        run!(body, message.key.as_i64(), row.body)?;
        work.messages.late(
            work.connection,
            Entry {
                key: message.key.as_i64(),
                account: message.account.0,
                recipient_hash: message.recipient_hash,
            },
        )?;
        let counted = if work.staged.is_empty() { None } else { work.staged.get_mut(&message.submission) };
        let sums = match counted {
            Some(staged) => staged.as_mut(),
            None => Some(&mut work.rollup),
        };
        if let Some(sums) = sums {
            let traffic = Traffic::of(message);
            sums.admit(&traffic);
            sums.end(&traffic, row.message.progress.state.code());
        }
    }
    Ok(())
}

fn insert_facts(insert: &mut CachedStatement<'_>, row: &MessageRow) -> Result<(), Fault> {
    let facts = &row.message.facts;
    let network = facts.network.as_ref();
    let inserted = run!(
        insert,
        facts.key.as_i64(),
        facts.account.0,
        facts.recipient_hash,
        facts.submission.as_i64(),
        facts.accepted_at.as_ms(),
        facts.country.as_str(),
        facts.price.amount.unit.as_str(),
        facts.price.parts,
        facts.index,
        facts.tail.cast_signed(),
        facts.door.code(),
        facts.class.code(),
        facts.traffic_type,
        network.map(|fact| fact.plmn.to_string()),
        network.map(|fact| network_source_code(fact.source)),
        network.map(|fact| fact.data_version),
        network.and_then(|fact| fact.ported),
        network.map(|fact| fact.checked_at.as_ms()),
        facts.content_hash,
        facts.price.book_version,
        facts.trigger.code(),
        facts.received_at.as_ms(),
        facts.send_at.map(Timestamp::as_ms),
        facts.expires_at.as_ms(),
        facts.report.endpoint.map(|endpoint| endpoint.0),
        facts.report.steps,
        facts.report.failures_only,
        levels_text(&facts.levels),
        facts.region.as_str(),
        facts.profile_version,
        facts.traffic_version,
        facts.data_key,
        facts.sealed,
    );
    guarded(inserted, "message key").map(drop)
}

fn insert_progress(insert: &mut CachedStatement<'_>, row: &MessageRow) -> Result<(), Fault> {
    let (facts, progress) = (&row.message.facts, &row.message.progress);
    run!(
        insert,
        facts.key.as_i64(),
        !progress.state.is_final(),
        progress.version,
        progress.state.code(),
        progress.reason.code(),
        progress.flags.bits(),
        progress.charge.code(),
        progress.attempts,
        progress.events,
        progress.connector.map(|connector| connector.0),
        progress.due_at.as_ms(),
        progress.submitted_at.map(Timestamp::as_ms),
        progress.final_at.map(Timestamp::as_ms),
        facts.shares.is_empty().then_some(facts.lot.0),
        facts.price.amount.micros,
    )?;
    Ok(())
}

/// What each of several lots pays; nothing for nearly all messages.
fn insert_shares(connection: &Connection, row: &MessageRow) -> Result<(), Fault> {
    let facts = &row.message.facts;
    if facts.shares.is_empty() {
        return Ok(());
    }
    let mut insert = connection.prepare_cached("INSERT INTO message_lot VALUES (?1, ?2, ?3, ?4)")?;
    for (position, share) in (0_i64..).zip(&facts.shares) {
        insert.execute([facts.key.as_i64(), position, share.lot.0, share.micros])?;
    }
    Ok(())
}
