//! Answers about messages: one, a submission's, lists, and inbound ones.

use ports::store::{InboundRow, ListFilter, ListPage, MessageView, PAGE_ROWS_MAX};
use types::id::{AccountId, RowKey};
use types::time::Timestamp;

use super::load::{self, all_messages, each, inbound_columns, open_messages, sql_limit};
use super::session::{Param, Session};
use crate::codec::{self, Columns, message_columns, outbox_columns, submission_columns};
use crate::codec_config;
use crate::fault::Fault;
use crate::span::{Span, submission_end};

/// Messages with their progress, their submission and, where it is wanted, their body; in this order.
/// What narrows them follows.
macro_rules! views_from {
    ($from:expr, $body:expr, $more:expr) => {
        concat!(
            "SELECT ",
            submission_columns!(),
            ", ",
            $body,
            ", ",
            message_columns!("l.account = p.account AND "),
            " FROM ",
            $from,
            each!("submission", "x.account = m.account AND x.key = m.submission", "s"),
            $more
        )
    };
}

/// The sealed body of a message.
macro_rules! its_body {
    () => {
        "(SELECT b.sealed FROM body b WHERE b.account = m.account AND b.message = m.key)"
    };
}

/// Lists of messages that are not staged, without and with their bodies.
macro_rules! lists {
    ($from:expr, $span:literal) => {
        [
            views_from!($from, "NULL::bytea", concat!($span, not_staged!())),
            views_from!($from, its_body!(), concat!($span, not_staged!())),
        ]
    };
}

macro_rules! not_staged {
    () => {
        " AND NOT EXISTS (SELECT 1 FROM staged g WHERE g.submission = m.submission)"
    };
}

pub(crate) async fn message(session: &Session, key: RowKey) -> Result<Option<MessageView>, Fault> {
    let sql = views_from!(all_messages!(), its_body!(), "WHERE m.key = $1");
    let found = session.first(sql, &[&key.as_i64()], view).await?;
    let Some(view) = found.filter(|view| !view.submission.staged) else { return Ok(None) };
    let events = concat!("SELECT ", outbox_columns!(), " FROM outbox o WHERE o.about = $1 ORDER BY o.key");
    Ok(Some(MessageView {
        attempts: load::attempts(session, &[key.as_i64()]).await?,
        outbox: session.all(events, &[&key.as_i64()], codec::event).await?,
        ..view
    }))
}

pub(crate) async fn of_submission(session: &Session, submission: RowKey) -> Result<Vec<MessageView>, Fault> {
    let sql = views_from!(
        all_messages!(),
        its_body!(),
        "WHERE s.key = $1 AND m.key >= $1 AND m.key < $2 AND m.submission = $1 ORDER BY m.position, m.key"
    );
    let end = submission_end(submission).as_i64();
    let mut views = session.all(sql, &[&submission.as_i64(), &end], view).await?;
    views.retain(|view| !view.submission.staged);
    Ok(views)
}

/// Columns of a submission.
const SUBMISSION_COLUMNS: usize = 7;

/// The columns of a row behind the first ones.
struct Behind<'a>(&'a dyn Columns, usize);

impl Columns for Behind<'_> {
    fn int(&self, column: usize) -> Result<Option<i64>, Fault> {
        self.0.int(self.1 + column)
    }

    fn text(&self, column: usize) -> Result<Option<String>, Fault> {
        self.0.text(self.1 + column)
    }

    fn blob(&self, column: usize) -> Result<Option<Vec<u8>>, Fault> {
        self.0.blob(self.1 + column)
    }
}

/// The row of `views_from!`, without attempts and events.
fn view(row: &dyn Columns) -> Result<MessageView, Fault> {
    Ok(MessageView {
        submission: codec::submission(row)?,
        body: row.blob(SUBMISSION_COLUMNS)?,
        message: codec::message(&Behind(row, SUBMISSION_COLUMNS + 1))?,
        attempts: Vec::new(),
        outbox: Vec::new(),
    })
}

/// Messages between two keys.
const SEEN: [&str; 2] = lists!(all_messages!(), "WHERE m.key >= $1 AND m.key < $2");
/// Those of them that have not ended.
const SEEN_OPEN: [&str; 2] = lists!(open_messages!(), "WHERE p.open AND p.key >= $1 AND p.key < $2");

/// The values that a filter is compared with.
struct Wanted {
    span: Span,
    rows: i64,
    account: Option<i64>,
    states: Vec<i16>,
    connector: Option<i64>,
    since: Option<i64>,
    until: Option<i64>,
}

impl Wanted {
    fn of(filter: &ListFilter, rows: i64) -> Self {
        Self {
            span: Span::of(filter),
            rows,
            account: filter.account.map(|account| account.0),
            states: filter.states.iter().map(|state| i16::from(state.code())).collect(),
            connector: filter.connector.map(|connector| connector.0),
            since: filter.since.map(Timestamp::as_ms),
            until: filter.until.map(Timestamp::as_ms),
        }
    }

    /// The statement of a list, with a condition and a parameter for each part of the filter that is
    /// given; there are few such statements.
    fn query<'a>(&'a self, filter: &'a ListFilter) -> (String, Vec<Param<'a>>) {
        let is_open = !filter.states.is_empty() && !filter.states.iter().any(|state| state.is_final());
        let [without_bodies, with_bodies] = if is_open { SEEN_OPEN } else { SEEN };
        let mut sql = if filter.with_bodies { with_bodies } else { without_bodies }.to_owned();
        let mut params: Vec<Param<'a>> = vec![&self.span.low, &self.span.high, &self.rows];
        let mut narrow = |condition: &str, param: Param<'a>| {
            params.push(param);
            sql.push_str(&format!(" AND {condition}${}", params.len()));
            if condition.ends_with('(') {
                sql.push(')');
            }
        };
        if let Some(account) = &self.account {
            narrow("m.account = ", account);
        }
        if let Some(hash) = &filter.recipient_hash {
            narrow("m.recipient_hash = ", hash);
        }
        if !self.states.is_empty() {
            narrow("p.state = ANY (", &self.states);
        }
        if let Some(connector) = &self.connector {
            narrow("p.connector = ", connector);
        }
        if let Some(since) = &self.since {
            narrow("m.accepted_at >= ", since);
        }
        if let Some(until) = &self.until {
            narrow("m.accepted_at < ", until);
        }
        sql.push_str(if is_open { " ORDER BY p.key DESC LIMIT $3" } else { " ORDER BY m.key DESC LIMIT $3" });
        (sql, params)
    }
}

pub(crate) async fn list(session: &Session, filter: &ListFilter) -> Result<ListPage<MessageView>, Fault> {
    let limit = filter.limit.clamp(1, PAGE_ROWS_MAX);
    let wanted = Wanted::of(filter, sql_limit(limit + 1));
    let (sql, params) = wanted.query(filter);
    let items = session.all(sql, &params, view).await?;
    Ok(ListPage::cut(items, limit, |view| view.message.facts.key))
}

pub(crate) async fn inbound(
    session: &Session,
    account: Option<AccountId>,
    before: Option<RowKey>,
    limit: usize,
) -> Result<ListPage<InboundRow>, Fault> {
    let limit = limit.clamp(1, PAGE_ROWS_MAX);
    let before = before.map_or(i64::MAX, RowKey::as_i64);
    let rows = sql_limit(limit + 1);
    let of_all =
        concat!("SELECT ", inbound_columns!(), " FROM inbound WHERE key < $1 ORDER BY key DESC LIMIT $2");
    let of_one = concat!(
        "SELECT ",
        inbound_columns!(),
        " FROM inbound WHERE account = $3 AND key < $1 ORDER BY key DESC LIMIT $2"
    );
    let items = match account {
        None => session.all(of_all, &[&before, &rows], codec_config::inbound).await?,
        Some(account) => session.all(of_one, &[&before, &rows, &account.0], codec_config::inbound).await?,
    };
    Ok(ListPage::cut(items, limit, |row| row.key))
}
