//! Answers about messages: one, a submission's, lists, and inbound ones.
//!
//! A list walks candidates from the newest down: the rows above the last sorted run, then run by
//! run (see `runs`), checks each against the filter, and stops when the page is full.

use std::collections::HashSet;

use ports::store::{InboundRow, ListFilter, ListPage, MessageView, PAGE_ROWS_MAX};
use rusqlite::{Connection, Params};
use types::id::{AccountId, ConnectorId, RowKey};
use types::message::State;
use types::time::Timestamp;

use super::archive::{self, Keyring};
use super::fault::{Fault, all, first, integer, sql_limit};
use super::load;
use crate::codec::{self, Cells, Columns, outbox_columns, single, single_key, submission_columns};
use crate::codec_config::{self, inbound_columns};
use crate::span::Span;

pub(crate) fn message(
    connection: &Connection,
    keyring: &Keyring,
    key: RowKey,
) -> Result<Option<MessageView>, Fault> {
    let staged = staged(connection)?;
    let (view, attempts) = match view(connection, key, true)? {
        Some(view) => (view, load::attempts(connection, key)?),
        None => match archived(connection, keyring, key)? {
            None => return Ok(None),
            Some(mut view) => {
                let attempts = std::mem::take(&mut view.attempts);
                (view, attempts)
            }
        },
    };
    if staged.contains(&view.submission.key) {
        return Ok(None);
    }
    let events = concat!(
        "SELECT ",
        outbox_columns!(),
        " FROM outbox_by_about i JOIN outbox o ON o.key = i.key WHERE i.about = ?1 \
         UNION ALL SELECT ",
        outbox_columns!(),
        " FROM outbox o WHERE o.about = ?1 AND o.key > ?2 ORDER BY 1"
    );
    let settled = load::outbox_settled(connection)?;
    Ok(Some(MessageView {
        attempts,
        outbox: all(connection, events, [key.as_i64(), settled], codec::event)?,
        ..view
    }))
}

fn archived(connection: &Connection, keyring: &Keyring, key: RowKey) -> Result<Option<MessageView>, Fault> {
    if archive::read::highest(connection)? < key.as_i64() {
        return Ok(None);
    }
    Ok(archive::read::views(connection, keyring, &[key])?.pop())
}

pub(crate) fn of_submission(
    connection: &Connection,
    keyring: &Keyring,
    submission: RowKey,
) -> Result<Vec<MessageView>, Fault> {
    let sql = concat!("SELECT ", submission_columns!(), " FROM submission s WHERE s.key = ?1");
    let row = first(connection, sql, [submission.as_i64()], codec::submission)?;
    let mut views = Vec::new();
    if let Some(row) = &row {
        if row.staged {
            return Ok(Vec::new());
        }
        for key in load::submission_keys(connection, submission, row.messages)? {
            views.extend(view(connection, key, true)?);
        }
    }
    if row.as_ref().is_none_or(|row| views.len() < row.messages as usize) {
        let (_, mut archived) = archive::read::of_submission(connection, keyring, submission, row)?;
        archived.iter_mut().for_each(|view| view.attempts.clear());
        views.append(&mut archived);
    }
    views.sort_by_key(|view| view.message.facts.index);
    Ok(views)
}

/// A message with its submission, without attempts and events.
fn view(connection: &Connection, key: RowKey, with_body: bool) -> Result<Option<MessageView>, Fault> {
    let Some(message) = load::message(connection, key)? else { return Ok(None) };
    let sql = concat!("SELECT ", submission_columns!(), " FROM submission s WHERE s.key = ?1");
    let submission = first(connection, sql, [message.facts.submission.as_i64()], codec::submission)?
        .ok_or(Fault::Corrupt("submission"))?;
    let body = if with_body { load::body(connection, key)? } else { None };
    Ok(Some(MessageView { message, submission, body, attempts: Vec::new(), outbox: Vec::new() }))
}

fn staged(connection: &Connection) -> Result<HashSet<RowKey>, Fault> {
    let staged = all(connection, "SELECT submission FROM staged", [], single_key)?;
    Ok(HashSet::from_iter(staged))
}

/// What a filter is checked against.
struct Candidate {
    key: RowKey,
    account: AccountId,
    recipient_hash: i64,
    submission: RowKey,
    accepted_at: Timestamp,
    state: State,
    connector: Option<ConnectorId>,
}

macro_rules! candidate_columns {
    () => {
        "SELECT m.key, m.account, m.recipient_hash, m.submission, m.accepted_at, p.state, p.connector "
    };
}

const ALL: &str = concat!(
    candidate_columns!(),
    "FROM message m CROSS JOIN progress p ON p.key = m.key WHERE m.key >= ?1 AND m.key < ?2 ORDER BY m.key DESC"
);
const NEWEST_OF_ACCOUNT: &str = concat!(
    candidate_columns!(),
    "FROM message m CROSS JOIN progress p ON p.key = m.key \
     WHERE m.key >= ?1 AND m.key < ?2 AND m.account = ?3 ORDER BY m.key DESC"
);
const NEWEST_TO_RECIPIENT: &str = concat!(
    candidate_columns!(),
    "FROM message m CROSS JOIN progress p ON p.key = m.key \
     WHERE m.key >= ?1 AND m.key < ?2 AND m.recipient_hash = ?3 ORDER BY m.key DESC"
);
const RUN_OF_ACCOUNT: &str = concat!(
    candidate_columns!(),
    "FROM message_by_account i CROSS JOIN message m ON m.key = i.key CROSS JOIN progress p ON p.key = m.key \
     WHERE i.run = ?4 AND i.account = ?3 AND i.key >= ?1 AND i.key < ?2 ORDER BY i.key DESC"
);
const RUN_TO_RECIPIENT: &str = concat!(
    candidate_columns!(),
    "FROM message_by_recipient i CROSS JOIN message m ON m.key = i.key CROSS JOIN progress p ON p.key = m.key \
     WHERE i.run = ?4 AND i.recipient_hash = ?3 AND i.key >= ?1 AND i.key < ?2 ORDER BY i.key DESC"
);

/// A page that is being filled: the keys found, one more than fit at most.
struct Page<'a> {
    filter: &'a ListFilter,
    staged: HashSet<RowKey>,
    limit: usize,
    found: Vec<RowKey>,
}

impl Page<'_> {
    fn is_full(&self) -> bool {
        self.found.len() > self.limit
    }

    fn fill<P: Params>(&mut self, connection: &Connection, sql: &str, params: P) -> Result<(), Fault> {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        while !self.is_full()
            && let Some(row) = rows.next()?
        {
            let candidate = candidate(row)?;
            if self.takes(&candidate) {
                self.found.push(candidate.key);
            }
        }
        Ok(())
    }

    fn takes(&self, candidate: &Candidate) -> bool {
        let filter = self.filter;
        filter.account.is_none_or(|account| candidate.account == account)
            && filter.recipient_hash.is_none_or(|hash| candidate.recipient_hash == hash)
            && (filter.states.is_empty() || filter.states.contains(&candidate.state))
            && (filter.connector.is_none() || candidate.connector == filter.connector)
            && filter.since.is_none_or(|since| candidate.accepted_at >= since)
            && filter.until.is_none_or(|until| candidate.accepted_at < until)
            && !self.staged.contains(&candidate.submission)
    }
}

fn candidate(row: &dyn Columns) -> Result<Candidate, Fault> {
    let cells = &mut Cells::new(row, "message");
    Ok(Candidate {
        key: cells.key()?,
        account: cells.account()?,
        recipient_hash: cells.int()?,
        submission: cells.key()?,
        accepted_at: cells.time()?,
        state: cells.coded(State::from_code)?,
        connector: cells.optional_int()?.map(ConnectorId),
    })
}

pub(crate) fn list(
    connection: &Connection,
    keyring: &Keyring,
    filter: &ListFilter,
) -> Result<ListPage<MessageView>, Fault> {
    let limit = filter.limit.clamp(1, PAGE_ROWS_MAX);
    let mut page = Page { filter, staged: staged(connection)?, limit, found: Vec::new() };
    let span = Span::of(filter);
    match (filter.recipient_hash, filter.account) {
        (Some(hash), _) => {
            fill_by(connection, &mut page, &span, hash, (NEWEST_TO_RECIPIENT, RUN_TO_RECIPIENT))?;
        }
        (None, Some(account)) => {
            fill_by(connection, &mut page, &span, account.0, (NEWEST_OF_ACCOUNT, RUN_OF_ACCOUNT))?;
        }
        (None, None) => page.fill(connection, ALL, [span.low, span.high])?,
    }
    // The archive has a part in the page only where it reaches above the last of these.
    let lowest = page.found.last().filter(|_| page.is_full()).map_or(span.low, |key| key.as_i64());
    let above = Span { low: span.low.max(lowest), ..span };
    let archived = archive::read::list(connection, keyring, filter, &above, limit + 1)?;
    let mut shown: Vec<(RowKey, Option<MessageView>)> = page.found.iter().map(|key| (*key, None)).collect();
    shown.extend(archived.into_iter().map(|view| (view.message.facts.key, Some(view))));
    shown.sort_by_key(|(key, _)| std::cmp::Reverse(*key));
    let has_more = shown.len() > limit;
    let next = shown.get(limit - 1).filter(|_| has_more).map(|(key, _)| *key);
    let mut items = Vec::with_capacity(limit.min(shown.len()));
    for (key, archived) in shown.into_iter().take(limit) {
        match archived {
            Some(view) => items.push(view),
            None => items.extend(view(connection, key, filter.with_bodies)?),
        }
    }
    Ok(ListPage { items, next })
}

/// Fills a page by a look-up: the statement for rows above the last run, and the one for a run.
fn fill_by(
    connection: &Connection,
    page: &mut Page<'_>,
    span: &Span,
    value: i64,
    (newest, in_run): (&str, &str),
) -> Result<(), Fault> {
    let indexed = integer(connection, "SELECT max(high) FROM sorted_run WHERE kind = 0", [])?;
    let above = span.low.max(indexed.saturating_add(1));
    page.fill(connection, newest, [above, span.high, value])?;
    let runs = "SELECT run FROM sorted_run WHERE kind = 0 AND low < ?1 AND high >= ?2 ORDER BY run DESC";
    let runs = all(connection, runs, [span.high, span.low], single)?;
    for run in runs {
        if page.is_full() {
            break;
        }
        page.fill(connection, in_run, [span.low, span.high, value, run])?;
    }
    Ok(())
}

pub(crate) fn inbound(
    connection: &Connection,
    account: Option<AccountId>,
    before: Option<RowKey>,
    limit: usize,
) -> Result<ListPage<InboundRow>, Fault> {
    let limit = limit.clamp(1, PAGE_ROWS_MAX);
    let before = before.map_or(i64::MAX, RowKey::as_i64);
    let of_all =
        concat!("SELECT ", inbound_columns!(), " FROM inbound WHERE key < ?1 ORDER BY key DESC LIMIT ?2");
    let of_one = concat!(
        "SELECT ",
        inbound_columns!(),
        " FROM inbound WHERE account = ?3 AND key < ?1 ORDER BY key DESC LIMIT ?2"
    );
    let items = match account {
        None => all(connection, of_all, [before, sql_limit(limit + 1)], codec_config::inbound)?,
        Some(account) => {
            all(connection, of_one, [before, sql_limit(limit + 1), account.0], codec_config::inbound)?
        }
    };
    Ok(ListPage::cut(items, limit, |row| row.key))
}
