//! Answers about messages: one, a submission's, lists, and inbound ones.

use ports::store::{InboundRow, ListFilter, ListPage, MessageView, OpenMessage, PAGE_ROWS_MAX};
use types::id::{AccountId, RowKey};
use types::time::Timestamp;

use super::load::{self, inbound_columns, messages_where, sql_limit};
use super::session::{Param, Session};
use crate::codec::{self, message_columns, outbox_columns, submission_columns};
use crate::codec_config;
use crate::fault::Fault;
use crate::span::Span;

pub(crate) async fn message(session: &Session, key: RowKey) -> Result<Option<MessageView>, Fault> {
    let found = session.first(messages_where!("WHERE m.key = $1"), &[&key.as_i64()], codec::message).await?;
    let Some(message) = found else { return Ok(None) };
    let view = view(session, message, true).await?;
    if view.submission.staged {
        return Ok(None);
    }
    let events = concat!("SELECT ", outbox_columns!(), " FROM outbox o WHERE o.about = $1 ORDER BY o.key");
    Ok(Some(MessageView {
        attempts: load::attempts(session, key).await?,
        outbox: session.all(events, &[&key.as_i64()], codec::event).await?,
        ..view
    }))
}

pub(crate) async fn of_submission(session: &Session, submission: RowKey) -> Result<Vec<MessageView>, Fault> {
    let sql = concat!("SELECT ", submission_columns!(), " FROM submission s WHERE s.key = $1");
    let row = session.first(sql, &[&submission.as_i64()], codec::submission).await?;
    let Some(row) = row.filter(|row| !row.staged) else { return Ok(Vec::new()) };
    let mut views = Vec::new();
    for message in load::of_submission(session, row.account, submission).await? {
        views.push(view(session, message, true).await?);
    }
    Ok(views)
}

/// A message with its submission, without attempts and events.
async fn view(session: &Session, message: OpenMessage, with_body: bool) -> Result<MessageView, Fault> {
    let (account, key) = (message.facts.account, message.facts.key);
    let sql =
        concat!("SELECT ", submission_columns!(), " FROM submission s WHERE s.account = $1 AND s.key = $2");
    let params: [Param<'_>; 2] = [&account.0, &message.facts.submission.as_i64()];
    let submission =
        session.first(sql, &params, codec::submission).await?.ok_or(Fault::Corrupt("submission"))?;
    let body = if with_body { load::body(session, account, key).await? } else { None };
    Ok(MessageView { message, submission, body, attempts: Vec::new(), outbox: Vec::new() })
}

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
        let mut sql = messages_where!(
            "WHERE m.key >= $1 AND m.key < $2 \
             AND NOT EXISTS (SELECT 1 FROM staged g WHERE g.submission = m.submission)"
        )
        .to_owned();
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
        sql.push_str(" ORDER BY m.key DESC LIMIT $3");
        (sql, params)
    }
}

pub(crate) async fn list(session: &Session, filter: &ListFilter) -> Result<ListPage<MessageView>, Fault> {
    let limit = filter.limit.clamp(1, PAGE_ROWS_MAX);
    let wanted = Wanted::of(filter, sql_limit(limit + 1));
    let (sql, params) = wanted.query(filter);
    let mut found = session.all(sql, &params, codec::message).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = if has_more { found.last().map(|message| message.facts.key) } else { None };
    let mut items = Vec::with_capacity(found.len());
    for message in found {
        items.push(view(session, message, filter.with_bodies).await?);
    }
    Ok(ListPage { items, next })
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
    let mut items = match account {
        None => session.all(of_all, &[&before, &rows], codec_config::inbound).await?,
        Some(account) => session.all(of_one, &[&before, &rows, &account.0], codec_config::inbound).await?,
    };
    let has_more = items.len() > limit;
    items.truncate(limit);
    let next = if has_more { items.last().map(|row| row.key) } else { None };
    Ok(ListPage { items, next })
}
