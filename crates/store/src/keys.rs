//! Which row keys a batch uses.

use ports::store::{Batch, ConfigChange, ContactChange};
use types::id::RowKey;

/// The highest row key that a batch uses.
pub(crate) fn highest_key(batch: &Batch) -> i64 {
    let submissions = batch.submissions.iter().map(|row| row.key);
    let messages = batch.messages.iter().map(|row| row.message.facts.key);
    let receipts = batch.receipts.iter().map(|row| row.key);
    let parked = batch.parked.iter().map(|row| row.key);
    let inbound = batch.inbound.iter().map(|row| row.key);
    let outbox = batch.outbox.iter().map(|row| row.key);
    let listed = batch.config.iter().filter_map(|change| match change {
        ConfigChange::Suppression(row) => Some(row.key),
        ConfigChange::Contact(ContactChange::Put(row)) => Some(row.key),
        ConfigChange::Resource(row) => Some(row.key),
        _ => None,
    });
    let keys = submissions.chain(messages).chain(receipts).chain(parked).chain(inbound).chain(outbox);
    let keys = keys.chain(listed);
    keys.max().unwrap_or(RowKey::ZERO).as_i64()
}
