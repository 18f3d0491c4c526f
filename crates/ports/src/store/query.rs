//! Questions to the reading side, and counts.

use types::id::{AccountId, ConnectorId, EndpointId, RowKey};
use types::message::State;
use types::money::Unit;
use types::network::Country;
use types::time::Timestamp;

use super::EventView;

/// The most rows of one page.
pub const PAGE_ROWS_MAX: usize = 500;

/// Which messages to list, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Of this account; `None` for all (staff).
    pub account: Option<AccountId>,
    /// In one of these states; empty for any.
    pub states: Vec<State>,
    /// To this recipient.
    pub recipient_hash: Option<i64>,
    /// Whose latest attempt went here.
    pub connector: Option<ConnectorId>,
    /// Accepted at or after.
    pub since: Option<Timestamp>,
    /// Accepted before.
    pub until: Option<Timestamp>,
    /// Below this key: the cursor.
    pub before: Option<RowKey>,
    /// At most this many, 1 to [`PAGE_ROWS_MAX`].
    pub limit: usize,
    /// Whether the sealed bodies are wanted.
    pub with_bodies: bool,
}

/// The most rows that are looked through for one page of events. A page may then have fewer events than
/// asked for, and still be followed by another.
pub const EVENTS_LOOKED_AT_MAX: usize = 10_000;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventStatus {
    /// It waits to be told, for the first time or again.
    Waiting,
    /// It was given up: a dead letter.
    Dead,
    /// It was told.
    Told,
    /// There was nothing to tell.
    Moot,
}

/// Which events of an endpoint to list, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this endpoint.
    pub endpoint: EndpointId,
    /// Of which this became; `None` for any.
    pub status: Option<EventStatus>,
    /// Made at or after.
    pub since: Option<Timestamp>,
    /// Made before.
    pub until: Option<Timestamp>,
    /// Below this key: the cursor.
    pub before: Option<RowKey>,
    /// At most this many, 1 to [`PAGE_ROWS_MAX`].
    pub limit: usize,
}

/// An event as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedEvent {
    /// The event.
    pub event: EventView,
    /// The random bits of the public id of what it is about; `None` when that is gone.
    pub about_tail: Option<u64>,
}

/// One page of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage<T> {
    /// The rows, newest first.
    pub items: Vec<T>,
    /// Where the next page begins, when there is one.
    pub next: Option<RowKey>,
}

impl<T> ListPage<T> {
    /// The page of rows that were read with one more than its limit, which says whether there is a next one.
    pub fn cut(mut items: Vec<T>, limit: usize, key: impl Fn(&T) -> RowKey) -> Self {
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| has_more).map(key);
        Self { items, next }
    }
}

/// Traffic of one day, summed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollup {
    /// The UTC day, as its first moment.
    pub day: Timestamp,
    /// Whose traffic.
    pub account: AccountId,
    /// Where to.
    pub country: Country,
    /// State reached; every message counts once under its latest state.
    pub state: State,
    /// How many messages.
    pub messages: i64,
    /// How many parts.
    pub parts: i64,
    /// What they were sold for.
    pub amount_micros: i64,
    /// The unit of the amount.
    pub unit: Unit,
}

/// Counts of the store, for `doctor` and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreFigures {
    /// Messages kept.
    pub messages: i64,
    /// Of those, not final.
    pub open: i64,
    /// Receipts without a message.
    pub parked: i64,
    /// Events not told yet, dead letters included.
    pub outbox: i64,
    /// Of those, dead letters.
    pub dead_letters: i64,
    /// When the oldest event was made that waits to be told; dead letters do not wait.
    pub oldest_event_at: Option<Timestamp>,
    /// Octets on disk.
    pub octets: i64,
    /// The schema's version.
    pub schema: u32,
    /// Whether the engine is set so that no commit is lost in a power cut.
    pub durable: bool,
}
