//! Rows of messages on their way between the tables and a block.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rusqlite::{Connection, params, params_from_iter};
use types::id::RowKey;

use super::block::{
    Content, MESSAGE, Opening, PROGRESS, Packed, SHARES, SUBMISSION, TABLES, damaged, number, place,
};
use super::index::{put_accounts, put_recipients};
use super::keyring::Keyring;
use super::pack::{ROWS_MAX, Rows};
use crate::codec::single;
use crate::portable::row::{Cell, Row};
use crate::portable::sqlite::cell;
use crate::sqlite::fault::{Fault, all, sql_limit};

/// A UTC day, milliseconds.
pub(super) const DAY_MS: i64 = 86_400_000;

/// A block as it was made of rows, to be written in their place.
#[derive(Debug)]
pub(super) struct Pressed {
    pub(super) keys: Vec<i64>,
    /// Submissions that have all their messages in it.
    pub(super) submissions: Vec<i64>,
    /// The first and the last submission of its messages.
    pub(super) submission_span: (i64, i64),
    pub(super) accounts: Vec<u8>,
    pub(super) recipients: Vec<u8>,
    pub(super) lots: Lots,
    pub(super) packed: Packed,
}

/// What is held or charged of lots, by lot and code of the charge.
pub(super) type Lots = BTreeMap<(i64, i64), i64>;

/// The start of the day of a key, milliseconds.
pub(super) const fn day_of(key: i64) -> i64 {
    let at = RowKey::from_i64(key).unix_ms();
    at - at.rem_euclid(DAY_MS)
}

/// Keys of the oldest messages that have ended, below a key: of one day, at most `limit`.
pub(super) fn pick(connection: &Connection, below: i64, limit: usize) -> Result<Vec<i64>, Fault> {
    let sql = "SELECT p.key FROM progress p CROSS JOIN message m ON m.key = p.key \
               WHERE p.key < ?1 AND p.open = 0 AND m.submission NOT IN (SELECT submission FROM staged) \
               ORDER BY p.key LIMIT ?2";
    let mut keys = all(connection, sql, [below, sql_limit(limit)], single)?;
    let day = keys.first().copied().map(day_of);
    keys.retain(|key| Some(day_of(*key)) == day);
    Ok(keys)
}

/// Reads all rows of some messages and makes a block of them; then opens the block again and compares.
pub(super) fn press(
    connection: &Connection,
    keyring: &Keyring,
    mut keys: Vec<i64>,
) -> Result<Option<Pressed>, Fault> {
    let tables = loop {
        if keys.is_empty() {
            return Ok(None);
        }
        let tables = gather(connection, &keys)?;
        // One message alone has fewer rows than that.
        if keys.len() == 1 || tables.iter().all(|table| table.rows.len() < ROWS_MAX / 2) {
            break tables;
        }
        keys.truncate(keys.len() / 2);
    };
    let anchor = keys.first().copied().unwrap_or_default();
    let opening = &mut Opening::new(connection, keyring, anchor);
    let content = Content::of(tables.clone(), opening)?;
    let packed = content.pack()?;
    let again = Content::unpack(&packed)?;
    let rows = again.rows_of(|_| true, opening)?;
    let is_same = again == content && again.keys()? == keys && same_but_nonces(&rows, &tables);
    // The same values make the same groups, octet by octet.
    if !is_same || Content::of(rows, opening)? != content {
        return Err(Fault::Corrupt("a block that was made"));
    }
    let messages = tables.get(MESSAGE).ok_or(damaged())?;
    let submissions = column(messages, "submission")?;
    let span = submissions.iter().copied().min().zip(submissions.iter().copied().max());
    Ok(Some(Pressed {
        submissions: whole_submissions(&tables)?,
        submission_span: span.ok_or(damaged())?,
        accounts: put_accounts(&column(messages, "account")?.into_iter().collect()),
        recipients: put_recipients(&column(messages, "recipient_hash")?.into_iter().collect()),
        lots: lots_of(&tables)?,
        keys,
        packed,
    }))
}

/// Whether rows are the same, where a value that was sealed again has another nonce and the same length.
fn same_but_nonces(found: &[Rows], expected: &[Rows]) -> bool {
    let same_cell = |(found, expected): (&Cell, &Cell)| match (found, expected) {
        (Cell::Octets(found), Cell::Octets(expected)) => found.len() == expected.len(),
        (found, expected) => found == expected,
    };
    let same_row = |(found, expected): (&Row, &Row)| {
        found.len() == expected.len() && found.iter().zip(expected).all(same_cell)
    };
    found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| {
            found.columns == expected.columns
                && found.rows.len() == expected.rows.len()
                && found.rows.iter().zip(&expected.rows).all(same_row)
        })
}

fn gather(connection: &Connection, keys: &[i64]) -> Result<Vec<Rows>, Fault> {
    let mut wanted: HashSet<i64> = keys.iter().copied().collect();
    let mut span = (keys.first().copied().unwrap_or_default(), keys.last().copied().unwrap_or_default());
    let mut tables: Vec<Rows> = Vec::with_capacity(TABLES.len());
    for (index, (name, owner)) in TABLES.into_iter().enumerate() {
        if index == SUBMISSION {
            let messages = tables.get(MESSAGE).ok_or(damaged())?;
            wanted = column(messages, "submission")?.into_iter().collect();
            span = (*wanted.iter().min().unwrap_or(&0), *wanted.iter().max().unwrap_or(&0));
        }
        let rows = between(connection, name, owner, span, &wanted)?;
        let is_one_each = [MESSAGE, PROGRESS, SUBMISSION].contains(&index);
        if is_one_each && rows.rows.len() != wanted.len() {
            return Err(Fault::Corrupt(name));
        }
        tables.push(rows);
    }
    Ok(tables)
}

fn between(
    connection: &Connection,
    table: &str,
    owner: &str,
    (from, to): (i64, i64),
    wanted: &HashSet<i64>,
) -> Result<Rows, Fault> {
    let sql = format!("SELECT * FROM {table} WHERE {owner} >= ?1 AND {owner} <= ?2 ORDER BY {owner}");
    let mut statement = connection.prepare_cached(&sql)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let owner = columns.iter().position(|column| column == owner).ok_or(Fault::Corrupt("schema"))?;
    let mut found = Rows { columns, rows: Vec::new() };
    let mut rows = statement.query([from, to])?;
    while let Some(row) = rows.next()? {
        if wanted.contains(&row.get(owner)?) {
            let cells = (0..found.columns.len()).map(|column| cell(row.get_ref(column)?));
            found.rows.push(cells.collect::<Result<_, Fault>>()?);
        }
    }
    Ok(found)
}

/// The numbers in a column.
pub(super) fn column(table: &Rows, name: &str) -> Result<Vec<i64>, Fault> {
    let at = place(table, name);
    table.rows.iter().map(|row| number(row, at)).collect()
}

/// Submissions all of whose messages are in these rows.
fn whole_submissions(tables: &[Rows]) -> Result<Vec<i64>, Fault> {
    let (messages, submissions) =
        (tables.get(MESSAGE).ok_or(damaged())?, tables.get(SUBMISSION).ok_or(damaged())?);
    let mut here: BTreeMap<i64, i64> = BTreeMap::new();
    column(messages, "submission")?.into_iter().for_each(|key| *here.entry(key).or_default() += 1);
    let keys = column(submissions, "key")?.into_iter().zip(column(submissions, "messages")?);
    Ok(keys.filter(|(key, messages)| here.get(key) == Some(messages)).map(|(key, _)| key).collect())
}

/// What is held or charged of lots for these messages, as the proof of the ledger counts it.
pub(super) fn lots_of(tables: &[Rows]) -> Result<Lots, Fault> {
    let (progress, shares) = (tables.get(PROGRESS).ok_or(damaged())?, tables.get(SHARES).ok_or(damaged())?);
    let (key, charge) = (place(progress, "key"), place(progress, "charge"));
    let (lot, price) = (place(progress, "lot"), place(progress, "price_micros"));
    let mut lots = Lots::new();
    let mut charges = BTreeMap::new();
    for row in &progress.rows {
        let code = number(row, charge)?;
        if code != 1 && code != 2 {
            continue;
        }
        charges.insert(number(row, key)?, code);
        if let Ok(lot) = number(row, lot) {
            *lots.entry((lot, code)).or_default() += number(row, price)?;
        }
    }
    let (message, lot, micros) = (place(shares, "message"), place(shares, "lot"), place(shares, "micros"));
    for row in &shares.rows {
        if let Some(code) = charges.get(&number(row, message)?) {
            *lots.entry((number(row, lot)?, *code)).or_default() += number(row, micros)?;
        }
    }
    Ok(lots)
}

/// Adds to what archived messages have charged; `sign` is minus one for messages that leave the archive.
pub(super) fn add_lots(connection: &Connection, lots: &Lots, sign: i64) -> Result<(), Fault> {
    let sql = "INSERT INTO past_lot VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET micros = micros + ?3";
    for ((lot, charge), micros) in lots {
        connection.prepare_cached(sql)?.execute([*lot, *charge, micros.saturating_mul(sign)])?;
    }
    Ok(())
}

/// Removes messages from the tables, by stretches of keys that have no other between.
pub(super) fn remove(connection: &Connection, pressed: &Pressed) -> Result<(), Fault> {
    let spans = spans(connection, "progress", &pressed.keys)?;
    for (index, (name, owner)) in TABLES.into_iter().enumerate().filter(|(index, _)| *index != SUBMISSION) {
        let removed = remove_spans(connection, name, owner, &spans)?;
        if [MESSAGE, PROGRESS].contains(&index) && removed != pressed.keys.len() {
            return Err(Fault::Corrupt(name));
        }
    }
    let spans = self::spans(connection, "submission", &pressed.submissions)?;
    remove_spans(connection, "submission", "key", &spans)?;
    Ok(())
}

fn remove_spans(
    connection: &Connection,
    table: &str,
    owner: &str,
    spans: &[(i64, i64)],
) -> Result<usize, Fault> {
    let sql = format!("DELETE FROM {table} WHERE {owner} >= ?1 AND {owner} <= ?2");
    let mut delete = connection.prepare_cached(&sql)?;
    let mut removed = 0;
    for (from, to) in spans {
        removed += delete.execute([*from, *to])?;
    }
    Ok(removed)
}

/// Stretches of a table's keys in which all are among the given ones, which ascend.
fn spans(connection: &Connection, table: &str, keys: &[i64]) -> Result<Vec<(i64, i64)>, Fault> {
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else { return Ok(Vec::new()) };
    let sql = format!("SELECT key FROM {table} WHERE key >= ?1 AND key <= ?2 ORDER BY key");
    let there = all(connection, &sql, [*first, *last], single)?;
    let goes: BTreeSet<i64> = keys.iter().copied().collect();
    let mut spans: Vec<(i64, i64)> = Vec::new();
    let mut is_open = false;
    for key in there {
        let went = is_open;
        is_open = goes.contains(&key);
        match (went, is_open, spans.last_mut()) {
            (true, true, Some(span)) => span.1 = key,
            (_, true, _) => spans.push((key, key)),
            (_, false, _) => {}
        }
    }
    Ok(spans)
}

/// Puts rows back into the tables. A submission that is still there stays.
pub(super) fn put_back(connection: &Connection, tables: &[Rows]) -> Result<(), Fault> {
    for (index, (table, (name, _))) in tables.iter().zip(TABLES).enumerate() {
        let verb = if index == SUBMISSION { "INSERT OR IGNORE INTO" } else { "INSERT INTO" };
        let places = vec!["?"; table.columns.len()].join(", ");
        let sql = format!("{verb} {name} ({}) VALUES ({places})", table.columns.join(", "));
        let mut insert = connection.prepare_cached(&sql)?;
        for row in &table.rows {
            insert.execute(params_from_iter(row))?;
        }
    }
    Ok(())
}

/// Writes a block, and reads again what was written.
pub(super) fn write(connection: &Connection, pressed: &Pressed, now_ms: i64) -> Result<(), Fault> {
    let (Some(low), Some(high)) = (pressed.keys.first(), pressed.keys.last()) else { return Ok(()) };
    connection
        .prepare_cached("INSERT INTO past_block VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute(params![
            day_of(*low),
            low,
            high,
            pressed.submission_span.0,
            pressed.submission_span.1,
            sql_limit(pressed.keys.len()),
            now_ms,
            pressed.accounts,
            pressed.recipients,
        ])?;
    let block = connection.last_insert_rowid();
    connection.prepare_cached("INSERT INTO past_content VALUES (?1, ?2, ?3)")?.execute(params![
        block,
        pressed.packed.facts,
        pressed.packed.sealed
    ])?;
    add_lots(connection, &pressed.lots, 1)?;
    // What is on its way to the disk is read again before the rows go.
    let there: bool = connection
        .prepare_cached("SELECT facts = ?2 AND sealed = ?3 FROM past_content WHERE block = ?1")?
        .query_row(params![block, pressed.packed.facts, pressed.packed.sealed], |row| row.get(0))?;
    if there { Ok(()) } else { Err(Fault::Corrupt("past_content")) }
}
