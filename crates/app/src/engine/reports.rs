//! Events that the notifier asks for: read from the store when its memory has run out of them.

use ports::store::EventSubject;
use types::id::{EndpointId, RowKey};

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
            let event = match row.subject {
                EventSubject::Message { .. } => {
                    self.live.get(&row.about).map(|live| Event::of_message(row, live))
                }
                EventSubject::Inbound => self.inbound_event(row)?,
            };
            match event {
                Some(event) => events.push(event),
                // What it was about was erased: there is nothing left to tell.
                None => self.draft.batch.outbox_done.push(row.key),
            }
        }
        self.shared.notifier.loaded(endpoint, events, complete);
        Ok(())
    }

    fn inbound_event(&mut self, row: &ports::store::OutboxRow) -> Result<Option<Event>, EngineError> {
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
