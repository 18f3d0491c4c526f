//! Requests that are done once: an idempotency key is kept in the commit of what its first request
//! created, and leads every later one there.
//!
//! It answers nobody; each kind of request writes its own answer again. Start at [`Engine::known`].

use ports::store::IdempotencyRow;
use types::id::{AccountId, RowKey};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::admission::hash_key;
use super::{Engine, EngineError, IDEMPOTENCY_MS};
use crate::submission::Idempotency;

/// What is known of an idempotency key.
pub(super) enum Known {
    /// Nothing: the request is the first one.
    Nothing,
    /// The same request was done, and created this.
    Done(RowKey),
    /// It stands with another request, or the first one is not finished.
    Refused(Refusal),
}

impl Engine {
    /// Looks a key up, in the batch that is being made too.
    pub(super) fn known(
        &mut self,
        account: AccountId,
        idempotency: &Idempotency,
        now: Timestamp,
    ) -> Result<Known, EngineError> {
        let key_hash = hash_key(&idempotency.key);
        if self.long_keys.contains(&(account, key_hash)) {
            let detail = "the first request with this idempotency key is still being taken; try again";
            return Ok(Known::Refused(Refusal::new(RefusalCode::IdempotencyInFlight, detail).retry_after(1)));
        }
        let rows = &self.draft.batch.idempotency;
        let in_batch = rows.iter().find(|row| row.account == account && row.key_hash == key_hash);
        let hit = match in_batch {
            Some(row) => Some((row.fingerprint, row.created)),
            None => self.store.idempotency(account, key_hash, now)?.map(|hit| (hit.fingerprint, hit.created)),
        };
        Ok(match hit {
            None => Known::Nothing,
            Some((fingerprint, created)) if fingerprint == idempotency.fingerprint => Known::Done(created),
            Some(_) => {
                let detail =
                    "the idempotency key was used with another request; use a new key for a new request";
                Known::Refused(Refusal::new(RefusalCode::IdempotencyMismatch, detail))
            }
        })
    }
}

/// The row that keeps a key for a day.
pub(super) fn idempotency_row(
    account: AccountId,
    idempotency: &Idempotency,
    created: RowKey,
    now: Timestamp,
) -> IdempotencyRow {
    IdempotencyRow {
        account,
        key_hash: hash_key(&idempotency.key),
        fingerprint: idempotency.fingerprint,
        created,
        expires_at: now.plus_ms(IDEMPOTENCY_MS),
    }
}
