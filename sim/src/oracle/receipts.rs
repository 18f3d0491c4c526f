//! Receipts and messages from phones: what was acknowledged is on disk, and what is on disk is right.

use ports::store::Batch;
use types::id::{ConnectorId, RowKey};
use types::time::Timestamp;

use super::{Oracle, Told};
use crate::disk::Tables;

impl Oracle {
    /// A carrier will tell a receipt.
    pub(crate) fn receipt_planned(&mut self, serial: u64, told: Told) {
        self.receipts.insert(serial, told);
    }

    pub(crate) fn told(&self, serial: u64) -> Option<&Told> {
        self.receipts.get(&serial)
    }

    /// Receipts of a commit must have found the messages that they are about.
    pub(super) fn look_at_receipts(&mut self, batch: &Batch) {
        for row in &batch.receipts {
            self.count("receipts");
            let Some((serial, told)) = row
                .done_date
                .parse()
                .ok()
                .and_then(|serial: u64| Some((serial, self.receipts.get(&serial)?)))
            else {
                self.broken("a receipt keeps the carrier's words", row.done_date.clone());
                continue;
            };
            let right = row.message == told.took.attempt.message && row.part == told.took.part;
            let told = told.clone();
            self.found.insert(serial, row.message);
            self.note(|| format!("receipt {serial} {} found {:x}", told.state, row.message.as_i64()));
            let excused = self.is_ambiguous(&told);
            self.holds(right || excused, "a receipt finds its own message", || {
                let meant = told.took.attempt.message.as_i64();
                let found = row.message.as_i64();
                format!(
                    "receipt {serial} for {meant:x} part {} found {found:x} part {}",
                    told.took.part, row.part
                )
            });
        }
    }

    /// Whether nobody could say which message is meant: the carrier gave its id to several, and to one
    /// phone or without a recipient that can be read.
    fn is_ambiguous(&self, told: &Told) -> bool {
        let took = &told.took;
        let uses = self.uses.get(&(took.connector, took.carrier_id.clone()));
        let others: Vec<RowKey> =
            uses.into_iter().flatten().filter(|message| **message != took.attempt.message).copied().collect();
        let same_phone = |message: &RowKey| {
            let takes = self.takes.range((*message, 0)..=(*message, u8::MAX));
            takes.flat_map(|(_, takes)| takes).any(|other| other.recipient == took.recipient)
        };
        others.iter().any(|message| !told.readable || same_phone(message))
    }

    /// The house has acknowledged a receipt to the carrier.
    pub(crate) fn receipt_acknowledged(&mut self, tables: &Tables, serial: u64, now: Timestamp) {
        self.now = now;
        self.count("receipts_acknowledged");
        let Some(told) = self.receipts.get_mut(&serial) else { return };
        told.acknowledged_at.get_or_insert(now);
        let told = told.clone();
        let is_parked = || {
            let mut parked = tables.parked.values();
            parked.any(|row| row.connector == told.took.connector && row.carrier_id == told.took.carrier_id)
        };
        let is_kept = self.found.get(&serial).is_some_and(|message| holds_receipt(tables, *message, serial));
        self.holds(is_kept || is_parked(), "an acknowledged receipt is on disk", || format!("{serial}"));
    }

    /// The house has acknowledged a message from a phone.
    pub(crate) fn inbound_acknowledged(
        &mut self,
        tables: &Tables,
        serial: u64,
        connector: ConnectorId,
        read_at: Timestamp,
    ) {
        self.count("inbound_acknowledged");
        let acknowledged = self.inbound.entry((connector, read_at)).or_default();
        acknowledged.insert(serial);
        let acknowledged = acknowledged.len();
        let rows = tables.inbound.values();
        let kept = rows.filter(|row| row.connector == connector && row.received_at == read_at).count();
        self.holds(kept >= acknowledged, "an acknowledged message from a phone is on disk", || {
            format!("{serial}: {kept} of {acknowledged}")
        });
    }

    pub(crate) fn inbound_is_acknowledged(&self, serial: u64) -> bool {
        self.inbound.values().any(|acknowledged| acknowledged.contains(&serial))
    }
}

/// Whether a message has a receipt on disk.
pub(super) fn holds_receipt(tables: &Tables, message: RowKey, serial: u64) -> bool {
    let attempts = tables.kept(message).into_iter().flat_map(|kept| &kept.attempts);
    let mut receipts = attempts.flat_map(|view| &view.receipts);
    receipts.any(|receipt| receipt.done_date.parse() == Ok(serial))
}
