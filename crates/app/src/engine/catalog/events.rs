//! Dead letters that a person brings back.
//!
//! It tells nothing itself: the events become due, and the notifier reads them again. Start at
//! [`Engine::tell_again`].

use ports::store::{Batch, EventEnd, EventView, OutboxRetry, OutboxRow};
use types::account::EndpointKind;
use types::id::{AccountId, EndpointId, RowKey};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::Changed;
use crate::engine::{Engine, EngineError};

/// Dead letters that are brought back at once; who has more asks again.
const TELL_AGAIN_MAX: usize = 10_000;

impl Engine {
    /// Makes dead letters of an account due at once, as if they had never been tried: those of one
    /// endpoint, or of all that are switched on.
    pub(super) fn tell_again(
        &mut self,
        account: AccountId,
        endpoint: Option<EndpointId>,
        now: Timestamp,
    ) -> Result<Result<Changed, Refusal>, EngineError> {
        let endpoints = match self.endpoints_on(account, endpoint) {
            Ok(endpoints) => endpoints,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut count = 0;
        for endpoint in endpoints {
            let dead = self.store.dead_letters(endpoint, TELL_AGAIN_MAX.saturating_sub(count))?;
            let Some(first) = dead.first().map(|row| row.key) else { continue };
            let due = |row: &ports::store::OutboxRow| OutboxRetry { key: row.key, tries: 0, next_at: now };
            let outbox_retry: Vec<_> = dead.iter().map(due).collect();
            let events = outbox_retry.len();
            if let Err(refusal) = self.write_batch(Batch { at: now, outbox_retry, ..Batch::default() }) {
                return Ok(Err(refusal));
            }
            count += events;
            self.shared.notifier.read_again(endpoint, first);
        }
        Ok(Ok(Changed::Events(count)))
    }

    /// Tells events of an endpoint again, oldest first. One that nobody took is the same event once more;
    /// one that was taken becomes another event, because whoever took it would drop it by its id.
    pub(super) fn replay(
        &mut self,
        account: AccountId,
        endpoint: EndpointId,
        events: &[EventView],
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        self.endpoints_on(account, Some(endpoint))?;
        let mut batch = Batch { at: now, ..Batch::default() };
        for EventView { row, end } in events.iter().filter(|event| event.row.endpoint == endpoint) {
            match end {
                None => {
                    let tries = if row.next_at == Timestamp::NEVER { 0 } else { row.tries };
                    batch.outbox_retry.push(OutboxRetry { key: row.key, tries, next_at: now });
                }
                Some(EventEnd::Told(_)) => {
                    let (key, tail) = self.next_key(now);
                    batch.outbox.push(OutboxRow { key, tail, tries: 0, next_at: now, ..row.clone() });
                }
                Some(EventEnd::Moot(_)) => {}
            }
        }
        let again = batch.outbox_retry.iter().map(|retry| retry.key);
        let Some(first) = again.chain(batch.outbox.iter().map(|row| row.key)).min() else {
            return Ok(Changed::Events(0));
        };
        let count = batch.outbox_retry.len() + batch.outbox.len();
        self.note_created(RowKey::from_i64(i64::try_from(count).unwrap_or(i64::MAX)));
        self.write_batch(batch)?;
        self.shared.notifier.hurry(endpoint, first);
        Ok(Changed::Events(count))
    }

    /// The endpoints at which events can be told now, oldest first.
    fn endpoints_on(
        &self,
        account: AccountId,
        wanted: Option<EndpointId>,
    ) -> Result<Vec<EndpointId>, Refusal> {
        self.check_account(account)?;
        let directory = self.shared.directory.load();
        let own = directory.endpoints.values().filter(|known| known.account == account && !known.removed);
        let asked: Vec<_> = own.filter(|known| wanted.is_none_or(|wanted| wanted == known.id)).collect();
        if wanted.is_some() && asked.is_empty() {
            return Err(Refusal::new(RefusalCode::NotFound, "there is no such endpoint").at("endpoint"));
        }
        let is_on = |known: &&&std::sync::Arc<types::account::Endpoint>| {
            known.kind == EndpointKind::Smpp || !known.disabled
        };
        let mut on: Vec<EndpointId> = asked.iter().filter(is_on).map(|known| known.id).collect();
        if wanted.is_some() && on.is_empty() {
            let detail = "the address is switched off; switch it on again first";
            return Err(Refusal::new(RefusalCode::Conflict, detail).at("endpoint"));
        }
        on.sort_unstable();
        Ok(on)
    }
}
