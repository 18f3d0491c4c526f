//! Answers about events: what was told at an endpoint, and what was not.
//!
//! No index has the events that were told by their endpoint. A list therefore looks through the newest
//! rows, a bounded number for each page.

use std::collections::HashMap;

use ports::store::{EVENTS_LOOKED_AT_MAX, EventFilter, EventStatus, ListPage, ListedEvent, PAGE_ROWS_MAX};
use types::id::RowKey;

use super::load::sql_limit;
use super::session::Session;
use crate::codec::{self, Cells, Columns, never, outbox_columns, single_key};
use crate::fault::Fault;
use crate::span::event_span;

macro_rules! events_where {
    ($condition:expr) => {
        concat!(
            "SELECT ",
            outbox_columns!(),
            " FROM outbox o WHERE o.key >= $1 AND o.key < $2 AND o.endpoint = $3 ",
            $condition,
            " ORDER BY o.key DESC LIMIT $4"
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
pub(crate) async fn events(session: &Session, filter: &EventFilter) -> Result<ListPage<ListedEvent>, Fault> {
    let limit = filter.limit.clamp(1, PAGE_ROWS_MAX);
    let (low, high) = event_span(filter);
    let edge = "SELECT key FROM outbox WHERE key >= $1 AND key < $2 ORDER BY key DESC LIMIT 1 OFFSET $3";
    let edge = session.first(edge, &[&low, &high, &sql_limit(EVENTS_LOOKED_AT_MAX)], single_key).await?;
    let from = edge.map_or(low, |edge| edge.as_i64().saturating_add(1));
    let params: [super::session::Param<'_>; 4] = [&from, &high, &filter.endpoint.0, &sql_limit(limit + 1)];
    let mut found = session.all(sql_of(filter.status), &params, codec::event).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| has_more).map(|event| event.row.key);
    let next = last.or_else(|| edge.map(RowKey::next));
    let keys: Vec<i64> = found.iter().map(|event| event.row.about.as_i64()).collect();
    let tails = "SELECT key, tail FROM message WHERE key = ANY ($1) \
                 UNION ALL SELECT key, tail FROM inbound WHERE key = ANY ($1)";
    let tails: HashMap<RowKey, u64> = session.all(tails, &[&keys], key_and_tail).await?.into_iter().collect();
    let listed = |event: ports::store::EventView| {
        let about_tail = tails.get(&event.row.about).copied();
        ListedEvent { event, about_tail }
    };
    Ok(ListPage { items: found.into_iter().map(listed).collect(), next })
}

fn key_and_tail(row: &dyn Columns) -> Result<(RowKey, u64), Fault> {
    let cells = &mut Cells::new(row, "message");
    Ok((cells.key()?, cells.tail()?))
}
