//! What was told at a webhook, telling it again, and trying whether it listens.
//!
//! It only reads; what is told again is the engine's to write and the notifier's to tell. Start at
//! [`Core::deliveries`].

use ports::store::{EventEnd, EventFilter, EventStatus, EventSubject, ListedEvent, PAGE_ROWS_MAX};
use types::event::EventType;
use types::id::{AccountId, EndpointId, EventId, InboundId, MessageId, RowKey};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::webhooks::no_such_webhook;
use super::{Core, stopped};
use crate::detail::Page;
use crate::engine::{Change, Changed};
use crate::notify::TestCall;
use crate::submission::{Done, Idempotency};

/// Events that one request has told again; who has more asks again.
const REPLAY_MAX: usize = 10_000;
/// Pages that one request reads to find them, so that it ends.
const REPLAY_PAGES_MAX: usize = 100;

/// Which events of a webhook to list, newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveryQuery {
    /// What became of them; `None` for any.
    pub status: Option<EventStatus>,
    /// Made at or after.
    pub since: Option<Timestamp>,
    /// Made before.
    pub until: Option<Timestamp>,
    /// The cursor.
    pub before: Option<RowKey>,
    /// 1 to 500.
    pub limit: usize,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A message.
    Message(MessageId),
    /// A message from a phone.
    Inbound(InboundId),
    /// Something that is gone.
    Gone,
}

/// An event at a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryView {
    /// Its id: the `webhook-id` of its calls.
    pub event: EventId,
    /// What it tells.
    pub kind: EventType,
    /// What it is about.
    pub about: About,
    /// What became of it.
    pub status: EventStatus,
    /// Tries that were not taken so far.
    pub failed_tries: u16,
    /// When what it tells happened.
    pub happened_at: Timestamp,
    /// When it is told next; `None` once it has ended or was given up.
    pub next_at: Option<Timestamp>,
    /// When it was taken, or found to tell nothing.
    pub ended_at: Option<Timestamp>,
}

/// Which events to tell again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayWish {
    /// One.
    Event(EventId),
    /// Those that were made in a time and of which something became, at most 10,000, the newest first.
    Range {
        /// Made at or after.
        since: Option<Timestamp>,
        /// Made before.
        until: Option<Timestamp>,
        /// What became of them.
        status: Option<EventStatus>,
    },
}

impl Core {
    /// Events of a webhook, newest first. A page may have fewer than asked for while there are more.
    ///
    /// # Errors
    /// `not_found`, or when the store cannot be read.
    pub async fn deliveries(
        &self,
        account: AccountId,
        id: EndpointId,
        query: DeliveryQuery,
    ) -> Result<Page<DeliveryView>, Refusal> {
        self.webhook(account, id).ok_or_else(no_such_webhook)?;
        let DeliveryQuery { status, since, until, before, limit } = query;
        let filter = EventFilter { endpoint: id, status, since, until, before, limit };
        let page = self.inner.ask(move |reader| reader.events(&filter)).await?;
        Ok(Page { items: page.items.iter().map(view).collect(), next: page.next })
    }

    /// Has events of a webhook told again; gives how many.
    ///
    /// # Errors
    /// `not_found` for a webhook or an event that there is not, `conflict` for a webhook that is
    /// switched off, the refusals of an idempotency key, or when the store cannot be read.
    pub async fn replay(
        &self,
        account: AccountId,
        id: EndpointId,
        wish: ReplayWish,
        once: Option<Idempotency>,
    ) -> Result<Done<usize>, Refusal> {
        self.webhook(account, id).ok_or_else(no_such_webhook)?;
        let mut events: Vec<_> = self.found(id, wish).await?.into_iter().map(|listed| listed.event).collect();
        // Events of one message are told in their order.
        events.sort_unstable_by_key(|event| event.row.key);
        let change = Change::Replay { account, endpoint: id, events };
        let done = self.change_once(account, change, once).await?;
        let value = match done.value {
            Changed::Events(count) => count,
            Changed::Again(count) => usize::try_from(count.as_i64()).unwrap_or(0),
            _ => return Err(stopped()),
        };
        Ok(Done { value, replayed: done.replayed })
    }

    async fn found(&self, endpoint: EndpointId, wish: ReplayWish) -> Result<Vec<ListedEvent>, Refusal> {
        let none = EventFilter { endpoint, status: None, since: None, until: None, before: None, limit: 1 };
        let mut filter = match wish {
            ReplayWish::Event(event) => {
                let filter = EventFilter { before: Some(event.key().next()), ..none };
                let page = self.inner.ask(move |reader| reader.events(&filter)).await?;
                let is_it = |listed: &ListedEvent| {
                    listed.event.row.key == event.key() && listed.event.row.tail == event.tail()
                };
                let found: Vec<_> = page.items.into_iter().filter(is_it).collect();
                let missing =
                    || Refusal::new(RefusalCode::NotFound, "this webhook has no event with this id");
                return if found.is_empty() { Err(missing().at("event")) } else { Ok(found) };
            }
            ReplayWish::Range { since, until, status } => {
                EventFilter { since, until, status, limit: PAGE_ROWS_MAX, ..none }
            }
        };
        let mut found = Vec::new();
        for _ in 0..REPLAY_PAGES_MAX {
            let page = self.inner.ask(move |reader| reader.events(&filter)).await?;
            found.extend(page.items);
            match page.next {
                Some(next) if found.len() < REPLAY_MAX => filter.before = Some(next),
                _ => break,
            }
        }
        found.truncate(REPLAY_MAX);
        Ok(found)
    }

    /// Calls a webhook once with an event that tells nothing, and says how it answered. Nothing is kept.
    ///
    /// # Errors
    /// `not_found`; `conflict` for a kind that has no such event; `rate_limited` while too many are
    /// tried at once.
    pub async fn try_webhook(&self, account: AccountId, id: EndpointId) -> Result<TestCall, Refusal> {
        let directory = self.inner.shared.directory.load_full();
        let endpoint = directory.address_of(account, id).ok_or_else(no_such_webhook)?;
        let handle = directory.accounts.get(&account);
        let allow_private = handle.is_some_and(|handle| handle.account.allow_private_callbacks);
        self.inner.shared.notifier.try_out(endpoint, allow_private).await
    }
}

fn view(listed: &ListedEvent) -> DeliveryView {
    let row = &listed.event.row;
    let (kind, about) = match row.subject {
        EventSubject::Message { state, .. } => {
            let id = listed.about_tail.map(|tail| About::Message(MessageId::new(row.about, tail)));
            (EventType::Message(state), id)
        }
        EventSubject::Inbound => {
            let id = listed.about_tail.map(|tail| About::Inbound(InboundId::new(row.about, tail)));
            (EventType::Inbound, id)
        }
    };
    let (status, next_at, ended_at) = match listed.event.end {
        Some(EventEnd::Told(at)) => (EventStatus::Told, None, Some(at)),
        Some(EventEnd::Moot(at)) => (EventStatus::Moot, None, Some(at)),
        None if row.next_at == Timestamp::NEVER => (EventStatus::Dead, None, None),
        None => (EventStatus::Waiting, Some(row.next_at), None),
    };
    DeliveryView {
        event: EventId::new(row.key, row.tail),
        kind,
        about: about.unwrap_or(About::Gone),
        status,
        failed_tries: row.tries,
        happened_at: row.at,
        next_at,
        ended_at,
    }
}
