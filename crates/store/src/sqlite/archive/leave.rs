//! The way out of the archive: a message of which something new is told is put back into the tables.
//!
//! A late receipt, a late answer or an erasure is then recorded like that of any other message, in the same
//! commit, and a later day archives the message again as it is then. Nothing of it is left in its block.

use std::collections::{BTreeMap, BTreeSet};

use ports::store::{Batch, ConfigChange};
use rusqlite::{Connection, params};

use super::block::{Content, MESSAGE, Opening, damaged, number, place};
use super::keyring::Keyring;
use super::pack::Rows;
use super::read::{BlockAt, find, is_live, packed};
use super::rows::{add_lots, lots_of, put_back};
use crate::sqlite::fault::{Fault, sql_limit};
use crate::sqlite::runs::{Entry, Runs};

/// Messages, up to a key, of which a batch says something new.
pub(super) fn touched(batch: &Batch, up_to: i64) -> BTreeSet<i64> {
    let changes = batch.changes.iter().map(|row| row.key);
    let receipts = batch.receipts.iter().map(|row| row.message);
    let answers = batch.attempt_parts.iter().map(|row| row.message);
    let attempts = batch.attempts.iter().map(|row| row.message);
    let erased = batch.config.iter().filter_map(|change| match change {
        ConfigChange::ContentErased(_, message) | ConfigChange::AddressesErased { message, .. } => {
            Some(*message)
        }
        _ => None,
    });
    let all = changes.chain(receipts).chain(answers).chain(attempts).chain(erased);
    all.map(|key| key.as_i64()).filter(|key| *key <= up_to).collect()
}

/// Puts those of the messages back that are archived, and gives what look-ups must know of them.
pub(super) fn put_back_touched(
    connection: &Connection,
    keyring: &Keyring,
    runs: &Runs,
    touched: BTreeSet<i64>,
) -> Result<Vec<Entry>, Fault> {
    let mut by_block: BTreeMap<BlockAt, BTreeSet<i64>> = BTreeMap::new();
    for key in touched {
        if !is_live(connection, key)?
            && let Some(at) = find(connection, key)?
        {
            by_block.entry(at).or_default().insert(key);
        }
    }
    let mut entries = Vec::new();
    for (at, keys) in by_block {
        entries.append(&mut take_out(connection, keyring, at, |key| keys.contains(&key))?);
    }
    for entry in &entries {
        list_again(connection, runs, *entry)?;
    }
    Ok(entries)
}

/// Moves messages of a block back into the tables.
pub(super) fn take_out(
    connection: &Connection,
    keyring: &Keyring,
    at: BlockAt,
    is_wanted: impl Fn(i64) -> bool + Copy,
) -> Result<Vec<Entry>, Fault> {
    let content = Content::unpack(&packed(connection, at.block)?)?;
    let mut opening = Opening::new(connection, keyring, at.anchor);
    let tables = content.rows_of(is_wanted, &mut opening)?;
    let rest = content.without(is_wanted, &mut opening)?;
    put_back(connection, &tables)?;
    add_lots(connection, &lots_of(&tables)?, -1)?;
    let left = rest.keys()?.len();
    if left == 0 {
        connection.prepare_cached("DELETE FROM past_content WHERE block = ?1")?.execute([at.block])?;
        connection.prepare_cached("DELETE FROM past_block WHERE block = ?1")?.execute([at.block])?;
    } else {
        let packed = rest.pack()?;
        connection
            .prepare_cached("UPDATE past_content SET facts = ?2, sealed = ?3 WHERE block = ?1")?
            .execute(params![at.block, packed.facts, packed.sealed])?;
        connection
            .prepare_cached("UPDATE past_block SET messages = ?2 WHERE block = ?1")?
            .execute([at.block, sql_limit(left)])?;
    }
    entries(tables.get(MESSAGE).ok_or(damaged())?)
}

fn entries(messages: &Rows) -> Result<Vec<Entry>, Fault> {
    let (key, account) = (place(messages, "key"), place(messages, "account"));
    let recipient_hash = place(messages, "recipient_hash");
    let entry = |row: &Vec<_>| {
        Ok(Entry {
            key: number(row, key)?,
            account: number(row, account)?,
            recipient_hash: number(row, recipient_hash)?,
        })
    };
    messages.rows.iter().map(entry).collect()
}

/// The look-ups of the message may be gone with their run: the next run takes it, as its oldest.
pub(super) fn list_again(connection: &Connection, runs: &Runs, entry: Entry) -> Result<(), Fault> {
    runs.late(connection, entry)?;
    let begins_earlier = "UPDATE sorted_run SET low = ?1 - 1 WHERE kind = 0 AND low >= ?1 AND run = \
                          (SELECT min(run) FROM sorted_run WHERE kind = 0 AND high >= ?1)";
    connection.prepare_cached(begins_earlier)?.execute([entry.key])?;
    Ok(())
}
