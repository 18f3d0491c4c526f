//! Events that the notifier asks for: read from the store when its memory has run out of them.

use ports::store::{EventSubject, OutboxRow};
use types::id::{EndpointId, RowKey};
use types::time::Timestamp;

use super::{Engine, EngineError};
use crate::notify::{Event, LOAD_ROWS};
use crate::seal::Kind;
use crate::sealed::read_inbound;

impl Engine {
    /// Reads waiting events of an endpoint and hands them to the notifier.
    pub(super) fn load_reports(&mut self, endpoint: EndpointId, after: RowKey) -> Result<(), EngineError> {
        let rows = self.store.outbox(endpoint, after, LOAD_ROWS)?;
        let complete = rows.len() < LOAD_ROWS;
        let keys: Vec<RowKey> = rows.iter().map(|row| row.about).collect();
        self.ensure_live(&keys)?;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            if self.ends_in_this_batch(row) {
                continue;
            }
            let event = match row.subject {
                EventSubject::Message { .. } => {
                    self.live.get(&row.about).map(|live| Event::of_message(row, live))
                }
                EventSubject::Inbound => self.inbound_event(row)?,
            };
            match event {
                Some(event) => events.push(event),
                None => {
                    tracing::info!(endpoint = endpoint.0, "an event is about something that was erased");
                    self.draft.batch.outbox_moot.push(row.key);
                }
            }
        }
        let read_to = rows.last().map_or(after, |row| row.key);
        self.shared.notifier.loaded(endpoint, events, read_to, complete);
        Ok(())
    }

    /// Whether the batch that is being made takes an event out of those that wait; the store does not
    /// know of it yet.
    fn ends_in_this_batch(&self, row: &OutboxRow) -> bool {
        let batch = &self.draft.batch;
        let given_up =
            |retry: &ports::store::OutboxRetry| retry.key == row.key && retry.next_at == Timestamp::NEVER;
        batch.outbox_done.contains(&row.key)
            || batch.outbox_moot.contains(&row.key)
            || batch.outbox_retry.iter().any(given_up)
    }

    fn inbound_event(&mut self, row: &OutboxRow) -> Result<Option<Event>, EngineError> {
        let Some(inbound) = self.store.inbound(row.about)? else { return Ok(None) };
        let opened = self
            .sealer
            .key(inbound.data_key)
            .and_then(|data_key| data_key.open(Kind::Inbound, inbound.key, &inbound.sealed).ok())
            .and_then(|plain| read_inbound(&plain));
        let Some((source, destination, content)) = opened else { return Ok(None) };
        let notice =
            types::receipt::InboundNotice { source, destination, content, read_at: inbound.received_at };
        Ok(Some(Event::of_inbound(row, inbound.tail, &notice)))
    }
}
