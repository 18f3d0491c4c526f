//! Answers about events: what was told at an endpoint, and what was not.
//!
//! Events that were told are in no look-up by endpoint, because nearly all of them are told within seconds
//! and never asked for. A list therefore looks through the newest rows, a bounded number for each page.

use ports::store::{EVENTS_LOOKED_AT_MAX, EventFilter, EventStatus, ListPage, ListedEvent, PAGE_ROWS_MAX};
use rusqlite::Connection;
use types::id::RowKey;

use super::archive;
use super::fault::{Fault, all, first, sql_limit};
use crate::codec::{self, never, outbox_columns, single_key};
use crate::span::event_span;

macro_rules! events_where {
    ($condition:expr) => {
        concat!(
            "SELECT ",
            outbox_columns!(),
            " FROM outbox o WHERE o.key >= ?1 AND o.key < ?2 AND o.endpoint = ?3 ",
            $condition,
            " ORDER BY o.key DESC LIMIT ?4"
        )
    };
}

const fn sql_of(status: Option<EventStatus>) -> &'static str {
    match status {
        None => events_where!(""),
        Some(EventStatus::Waiting) => {
            events_where!(concat!("AND o.told_at IS NULL AND o.next_at < ", never!()))
        }
        Some(EventStatus::Dead) => events_where!(concat!("AND o.told_at IS NULL AND o.next_at = ", never!())),
        Some(EventStatus::Told) => events_where!("AND o.told_at IS NOT NULL AND o.next_at IS NULL"),
        Some(EventStatus::Moot) => events_where!("AND o.told_at IS NOT NULL AND o.next_at IS NOT NULL"),
    }
}

/// Events of an endpoint, newest first.
pub(crate) fn events(connection: &Connection, filter: &EventFilter) -> Result<ListPage<ListedEvent>, Fault> {
    let limit = filter.limit.clamp(1, PAGE_ROWS_MAX);
    let (low, high) = event_span(filter);
    let edge = "SELECT key FROM outbox WHERE key >= ?1 AND key < ?2 ORDER BY key DESC LIMIT 1 OFFSET ?3";
    let edge = first(connection, edge, [low, high, sql_limit(EVENTS_LOOKED_AT_MAX)], single_key)?;
    let from = edge.map_or(low, |edge| edge.as_i64().saturating_add(1));
    let range = [from, high, filter.endpoint.0, sql_limit(limit + 1)];
    let mut found = all(connection, sql_of(filter.status), range, codec::event)?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| has_more).map(|event| event.row.key);
    let next = last.or_else(|| edge.map(RowKey::next));
    let mut items = Vec::with_capacity(found.len());
    for event in found {
        let about = event.row.about.as_i64();
        let tail =
            "SELECT tail FROM message WHERE key = ?1 UNION ALL SELECT tail FROM inbound WHERE key = ?1";
        let about_tail = match first(connection, tail, [about], codec::single_tail)? {
            None => archive::read::tail(connection, about)?,
            found => found,
        };
        items.push(ListedEvent { event, about_tail });
    }
    Ok(ListPage { items, next })
}
