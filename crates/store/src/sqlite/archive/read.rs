//! Questions that the archive answers: one message, a submission's, and what a list shows.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ports::store::{ListFilter, MessageView, SubmissionRow};
use rusqlite::{Connection, params};
use types::id::{AccountId, ConnectorId, RowKey};
use types::message::State;

use super::block::{
    ATTEMPT, ATTEMPT_PART, BODY, Content, Facts, MESSAGE, Opening, PROGRESS, Packed, RECEIPT, SHARES,
    SUBMISSION, arranged, damaged, number,
};
use super::index::{has_account, may_have_recipient};
use super::keyring::Keyring;
use super::pack::{Column, Rows};
use super::rows::DAY_MS;
use crate::codec::{self, Cells, Columns, message_columns, single};
use crate::codec_attempt::{self, attempt_columns, attempt_part_columns, receipt_columns};
use crate::portable::row::{Cell, Row};
use crate::span::{Span, submission_end};
use crate::sqlite::fault::{Fault, all, first, integer};

/// Blocks in which the last sender to a number is looked for, newest first: two million messages. The
/// writer asks, and it must not stand still.
const SENDER_BLOCKS_MAX: i64 = 1_024;

/// A row of a block as the decoders read rows.
struct Stored(Row);

impl Columns for Stored {
    fn int(&self, column: usize) -> Result<Option<i64>, Fault> {
        match self.0.get(column) {
            Some(Cell::Number(number)) => Ok(Some(*number)),
            Some(Cell::Nothing) => Ok(None),
            _ => Err(damaged()),
        }
    }

    fn text(&self, column: usize) -> Result<Option<String>, Fault> {
        match self.0.get(column) {
            Some(Cell::Text(text)) => Ok(Some(text.clone())),
            Some(Cell::Nothing) => Ok(None),
            _ => Err(damaged()),
        }
    }

    fn blob(&self, column: usize) -> Result<Option<Vec<u8>>, Fault> {
        match self.0.get(column) {
            Some(Cell::Octets(octets)) => Ok(Some(octets.clone())),
            Some(Cell::Nothing) => Ok(None),
            _ => Err(damaged()),
        }
    }
}

/// A block by its number and the key to which its groups are bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BlockAt {
    pub(super) block: i64,
    pub(super) anchor: i64,
}

fn block_at(row: &dyn Columns) -> Result<BlockAt, Fault> {
    let cells = &mut Cells::new(row, "past_block");
    Ok(BlockAt { block: cells.int()?, anchor: cells.int()? })
}

/// The highest key in the archive, or the lowest number there is.
pub(crate) fn highest(connection: &Connection) -> Result<i64, Fault> {
    let found = first(connection, "SELECT max(high) FROM past_block", [], |row| row.int(0))?;
    Ok(found.flatten().unwrap_or(i64::MIN))
}

pub(super) fn packed(connection: &Connection, block: i64) -> Result<Packed, Fault> {
    let sql = "SELECT facts, sealed FROM past_content WHERE block = ?1";
    let found = first(connection, sql, [block], |row| {
        let cells = &mut Cells::new(row, "past_content");
        Ok(Packed { facts: cells.blob()?, sealed: cells.blob()? })
    })?;
    found.ok_or(damaged())
}

fn facts(connection: &Connection, block: i64) -> Result<Facts, Fault> {
    let sql = "SELECT facts FROM past_content WHERE block = ?1";
    Facts::open(&first(connection, sql, [block], codec::single_blob)?.ok_or(damaged())?)
}

/// The block that has a message.
pub(super) fn find(connection: &Connection, key: i64) -> Result<Option<BlockAt>, Fault> {
    // No block is longer than a day.
    let sql = "SELECT block, low FROM past_block INDEXED BY past_block_by_high \
               WHERE high >= ?1 AND high < ?2 AND low <= ?1 ORDER BY high";
    let day_end = RowKey::from_parts(RowKey::from_i64(key).unix_ms().saturating_add(DAY_MS), 0).as_i64();
    for at in all(connection, sql, [key, day_end], block_at)? {
        let facts = facts(connection, at.block)?;
        let keys = column_of(&facts, MESSAGE, "key")?;
        if (0..keys.1).any(|row| keys.0.number(row) == Some(key)) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn column_of(facts: &Facts, table: usize, name: &str) -> Result<(Column, usize), Fault> {
    let tables = facts.tables()?;
    let table = tables.get(table).ok_or(damaged())?;
    Ok((table.column(name)?, table.rows))
}

/// Messages by key with their bodies, attempts and receipts; those that are not in the archive are left
/// out. In no particular order.
pub(crate) fn views(
    connection: &Connection,
    keyring: &Keyring,
    keys: &[RowKey],
) -> Result<Vec<MessageView>, Fault> {
    let mut by_block: BTreeMap<BlockAt, HashSet<i64>> = BTreeMap::new();
    for key in keys {
        if let Some(at) = find(connection, key.as_i64())? {
            by_block.entry(at).or_default().insert(key.as_i64());
        }
    }
    views_in(connection, keyring, by_block)
}

fn views_in(
    connection: &Connection,
    keyring: &Keyring,
    by_block: BTreeMap<BlockAt, HashSet<i64>>,
) -> Result<Vec<MessageView>, Fault> {
    let mut found = Vec::new();
    for (at, wanted) in by_block {
        let content = Content::unpack(&packed(connection, at.block)?)?;
        let mut opening = Opening::new(connection, keyring, at.anchor);
        let rows = content.rows_of(|key| wanted.contains(&key), &mut opening)?;
        found.append(&mut views_of(&rows)?);
    }
    Ok(found)
}

/// Names of columns as a list of SQL has them; `message_columns!` begins with those of `message`.
fn names(list: &'static str) -> Vec<&'static str> {
    list.split(", ").map(|name| name.trim().trim_start_matches("m.")).collect()
}

fn of_message(rows: &[Row], key: i64) -> Vec<&Row> {
    rows.iter().filter(|row| row.first() == Some(&Cell::Number(key))).collect()
}

fn decoded<T>(rows: Vec<&Row>, decode: fn(&dyn Columns) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
    rows.into_iter().map(|row| decode(&Stored(row.clone()))).collect()
}

/// The messages of these rows as they are shown, without their events.
fn views_of(tables: &[Rows]) -> Result<Vec<MessageView>, Fault> {
    let table = |index: usize| tables.get(index).ok_or(damaged());
    let message_list = message_columns!();
    let of_message_table = names(message_list.split(", p.lot").next().unwrap_or_default());
    let messages = arranged(table(MESSAGE)?, &of_message_table);
    let progress_names = [
        "price_micros",
        "version",
        "state",
        "reason",
        "flags",
        "charge",
        "attempts",
        "events",
        "connector",
        "due_at",
        "submitted_at",
        "final_at",
    ];
    let progress = arranged(table(PROGRESS)?, &progress_names);
    let lots = arranged(table(PROGRESS)?, &["key", "lot"]);
    let shares = arranged(table(SHARES)?, &["message", "lot", "micros"]);
    let bodies = arranged(table(BODY)?, &["message", "sealed"]);
    let attempts = arranged(table(ATTEMPT)?, &names(attempt_columns!()));
    let parts = arranged(table(ATTEMPT_PART)?, &names(attempt_part_columns!()));
    let receipts = arranged(table(RECEIPT)?, &names(receipt_columns!()));
    let submissions = submissions_of(table(SUBMISSION)?)?;
    let mut views = Vec::with_capacity(messages.len());
    for ((message, progress), lot) in messages.iter().zip(&progress).zip(&lots) {
        let key = number(message, Some(0))?;
        if number(lot, Some(0))? != key {
            return Err(damaged());
        }
        let mut row = message.clone();
        row.push(lot.get(1).cloned().unwrap_or(Cell::Nothing));
        row.push(shares_text(&of_message(&shares, key))?);
        row.extend_from_slice(progress);
        let message = codec::message(&Stored(row))?;
        let submission = submissions.get(&message.facts.submission.as_i64()).cloned();
        views.push(MessageView {
            submission: submission.ok_or(damaged())?,
            body: decoded(of_message(&bodies, key), |row| row.blob(1)?.ok_or(damaged()))?.pop(),
            attempts: codec_attempt::attempt_views(
                decoded(of_message(&attempts, key), codec_attempt::attempt)?,
                decoded(of_message(&parts, key), codec_attempt::attempt_part)?,
                decoded(of_message(&receipts, key), codec_attempt::receipt)?,
            ),
            outbox: Vec::new(),
            message,
        });
    }
    Ok(views)
}

fn shares_text(shares: &[&Row]) -> Result<Cell, Fault> {
    if shares.is_empty() {
        return Ok(Cell::Nothing);
    }
    let word = |row: &&Row| Ok(format!("{}:{}", number(row, Some(1))?, number(row, Some(2))?));
    let words = shares.iter().map(word).collect::<Result<Vec<_>, Fault>>()?;
    Ok(Cell::Text(words.join(",")))
}

fn submissions_of(table: &Rows) -> Result<BTreeMap<i64, SubmissionRow>, Fault> {
    let rows = arranged(table, &["key", "tail", "account", "door", "received_at", "messages"]);
    let decode = |mut row: Row| {
        // It is not staged: those are not archived.
        row.push(Cell::Number(0));
        let submission = codec::submission(&Stored(row))?;
        Ok((submission.key.as_i64(), submission))
    };
    rows.into_iter().map(decode).collect()
}

/// A submission with its messages that are in the archive, at most as many as it has. `known` is the row, if
/// it is still in its table.
pub(crate) fn of_submission(
    connection: &Connection,
    keyring: &Keyring,
    submission: RowKey,
    known: Option<SubmissionRow>,
) -> Result<(Option<SubmissionRow>, Vec<MessageView>), Fault> {
    let key = submission.as_i64();
    if highest(connection)? < key {
        return Ok((known, Vec::new()));
    }
    let sql = "SELECT block, low FROM past_block INDEXED BY past_block_by_high \
               WHERE high >= ?1 AND high < ?2 AND submission_low <= ?1 AND submission_high >= ?1 ORDER BY high";
    let end = RowKey::from_parts(submission_end(submission).unix_ms().saturating_add(DAY_MS), 0);
    let (mut row, mut found) = (known, Vec::new());
    for at in all(connection, sql, [key, end.as_i64()], block_at)? {
        let facts = facts(connection, at.block)?;
        let (of_block, messages) = column_of(&facts, MESSAGE, "submission")?;
        if (0..messages).any(|message| of_block.number(message) == Some(key)) {
            let (keys, _) = column_of(&facts, MESSAGE, "key")?;
            let wanted = (0..messages)
                .filter(|message| of_block.number(*message) == Some(key))
                .filter_map(|message| keys.number(message));
            let mut views = views_in(connection, keyring, BTreeMap::from([(at, wanted.collect())]))?;
            row = row.or_else(|| views.first().map(|view| view.submission.clone()));
            found.append(&mut views);
        }
        let all = row.as_ref().map_or(usize::MAX, |row| usize::try_from(row.messages).unwrap_or(usize::MAX));
        if found.len() >= all {
            break;
        }
    }
    Ok((row, found))
}

/// The random bits of a message's id.
pub(crate) fn tail(connection: &Connection, key: i64) -> Result<Option<u64>, Fault> {
    if highest(connection)? < key {
        return Ok(None);
    }
    let Some(at) = find(connection, key)? else { return Ok(None) };
    let facts = facts(connection, at.block)?;
    let ((keys, rows), (tails, _)) =
        (column_of(&facts, MESSAGE, "key")?, column_of(&facts, MESSAGE, "tail")?);
    let row = (0..rows).find(|row| keys.number(*row) == Some(key));
    Ok(row.and_then(|row| tails.number(row)).map(i64::cast_unsigned))
}

/// What a list takes from a block, and whether it has enough.
struct Wanted<'a> {
    filter: &'a ListFilter,
    span: &'a Span,
    limit: usize,
    found: BTreeSet<(i64, BlockAt)>,
}

/// Messages that match, newest first, at most `limit`; their keys are at least those of the span.
pub(crate) fn list(
    connection: &Connection,
    keyring: &Keyring,
    filter: &ListFilter,
    span: &Span,
    limit: usize,
) -> Result<Vec<MessageView>, Fault> {
    if limit == 0 || highest(connection)? < span.low {
        return Ok(Vec::new());
    }
    let mut wanted = Wanted { filter, span, limit, found: BTreeSet::new() };
    let sql = "SELECT block, low, high, accounts, recipients FROM past_block \
               WHERE high >= ?1 AND low < ?2 ORDER BY high DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([span.low, span.high])?;
    while let Some(row) = rows.next()? {
        let at = BlockAt { block: row.get(0)?, anchor: row.get(1)? };
        // Blocks that come now have no key above this one.
        if wanted.is_settled(row.get(2)?) {
            break;
        }
        let has_account = match filter.account {
            None => true,
            Some(account) => has_account(&row.get::<_, Vec<u8>>(3)?, account.0)?,
        };
        let may_have = match filter.recipient_hash {
            Some(hash) if has_account => may_have_recipient(&row.get::<_, Vec<u8>>(4)?, hash),
            _ => has_account,
        };
        if may_have {
            wanted.take_from(&facts(connection, at.block)?, at)?;
        }
    }
    let mut by_block: BTreeMap<BlockAt, HashSet<i64>> = BTreeMap::new();
    for (key, at) in wanted.found.iter().rev().take(limit) {
        by_block.entry(*at).or_default().insert(*key);
    }
    let mut views = views_in(connection, keyring, by_block)?;
    views.sort_by_key(|view| std::cmp::Reverse(view.message.facts.key));
    if !filter.with_bodies {
        views.iter_mut().for_each(|view| view.body = None);
    }
    views.iter_mut().for_each(|view| view.attempts.clear());
    Ok(views)
}

impl Wanted<'_> {
    /// Whether enough are found that lie above a key.
    fn is_settled(&self, high: i64) -> bool {
        self.found.iter().rev().take_while(|(key, _)| *key > high).take(self.limit).count() >= self.limit
    }

    fn take_from(&mut self, facts: &Facts, at: BlockAt) -> Result<(), Fault> {
        let tables = facts.tables()?;
        let (messages, progress) =
            (tables.get(MESSAGE).ok_or(damaged())?, tables.get(PROGRESS).ok_or(damaged())?);
        let keys = messages.column("key")?;
        let (accounts, recipients) = (messages.column("account")?, messages.column("recipient_hash")?);
        let accepted = messages.column("accepted_at")?;
        let (states, connectors) = (progress.column("state")?, progress.column("connector")?);
        let filter = self.filter;
        for row in 0..messages.rows {
            let number = |column: &Column| column.number(row).ok_or(damaged());
            let (key, accepted_at) = (number(&keys)?, number(&accepted)?);
            let takes = (self.span.low..self.span.high).contains(&key)
                && filter.account.is_none_or(|account| accounts.number(row) == Some(account.0))
                && filter.recipient_hash.is_none_or(|hash| recipients.number(row) == Some(hash))
                && (filter.states.is_empty() || has_state(&filter.states, number(&states)?))
                && (filter.connector.is_none()
                    || connectors.number(row).map(ConnectorId) == filter.connector)
                && filter.since.is_none_or(|since| accepted_at >= since.as_ms())
                && filter.until.is_none_or(|until| accepted_at < until.as_ms());
            if takes {
                self.found.insert((key, at));
            }
        }
        Ok(())
    }
}

fn has_state(states: &[State], code: i64) -> bool {
    states.iter().any(|state| i64::from(state.code()) == code)
}

/// The account whose archived message to a recipient is the newest, as far as [`SENDER_BLOCKS_MAX`] goes.
pub(crate) fn last_sender(connection: &Connection, recipient_hash: i64) -> Result<Option<AccountId>, Fault> {
    let sql = "SELECT block, recipients FROM past_block ORDER BY high DESC LIMIT ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![SENDER_BLOCKS_MAX])?;
    while let Some(row) = rows.next()? {
        if !may_have_recipient(&row.get::<_, Vec<u8>>(1)?, recipient_hash) {
            continue;
        }
        let facts = facts(connection, row.get(0)?)?;
        let (recipients, messages) = column_of(&facts, MESSAGE, "recipient_hash")?;
        let newest = (0..messages).rev().find(|row| recipients.number(*row) == Some(recipient_hash));
        if let Some(newest) = newest {
            return Ok(column_of(&facts, MESSAGE, "account")?.0.number(newest).map(AccountId));
        }
    }
    Ok(None)
}

/// How many messages the archive has.
pub(crate) fn messages(connection: &Connection) -> Result<i64, Fault> {
    integer(connection, "SELECT sum(messages) FROM past_block", [])
}

/// Numbers of all blocks, oldest first.
pub(super) fn blocks(connection: &Connection) -> Result<Vec<BlockAt>, Fault> {
    all(connection, "SELECT block, low FROM past_block ORDER BY high", [], block_at)
}

/// Whether a message is in the tables of traffic.
pub(super) fn is_live(connection: &Connection, key: i64) -> Result<bool, Fault> {
    Ok(first(connection, "SELECT 1 FROM progress WHERE key = ?1", [key], single)?.is_some())
}
