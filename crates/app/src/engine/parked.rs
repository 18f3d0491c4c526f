//! Receipts that found no message: kept on disk until the answer that tells their id comes, until only
//! one attempt to their phone is left without an outcome, or until they lapse.
//!
//! It moves no message itself; what finds its message goes the way of every receipt. Start at
//! [`Engine::park`].

use std::collections::BTreeSet;

use ports::store::ParkedReceiptRow;
use types::id::{ConnectorId, RowKey};
use types::receipt::ReceiptNotice;
use types::time::Timestamp;

use super::doubt::Slot;
use super::{Engine, EngineError};
use crate::maps::IdMap;
use crate::seal::{KeyClass, Kind};
use crate::sealed::{read_receipt, write_receipt};
use crate::shared::Count;

/// Parked receipts that can be found by their recipient; more are found by their id alone.
const INDEX_MAX: usize = 100_000;
/// Rows that are read at once.
const ROWS: usize = 1_024;
/// Milliseconds between looks for what has lapsed.
const LAPSE_PAUSE_MS: i64 = 60_000;

/// A parked receipt in memory.
#[derive(Clone, Debug)]
struct Waiting {
    key: RowKey,
    carrier_id: String,
    read_at: Timestamp,
}

/// Parked receipts by the phone that they are about, and what is to be looked at again.
#[derive(Debug, Default)]
pub(crate) struct Parked {
    by_slot: IdMap<Slot, Vec<Waiting>>,
    indexed: usize,
    /// Phones of which a receipt may find its message now.
    again: BTreeSet<Slot>,
    /// When lapsed ones are looked for next.
    lapse_at: Timestamp,
}

impl Parked {
    fn add(&mut self, slot: Slot, row: &ParkedReceiptRow) {
        if self.indexed < INDEX_MAX {
            self.indexed += 1;
            let (key, carrier_id, read_at) = (row.key, row.carrier_id.clone(), row.read_at);
            self.by_slot.entry(slot).or_default().push(Waiting { key, carrier_id, read_at });
        }
    }

    fn remove(&mut self, slot: Slot, key: RowKey) {
        let Some(receipts) = self.by_slot.get_mut(&slot) else { return };
        let before = receipts.len();
        receipts.retain(|known| known.key != key);
        self.indexed = self.indexed.saturating_sub(before - receipts.len());
        if receipts.is_empty() {
            self.by_slot.remove(&slot);
        }
    }

    /// A receipt to this phone may be meant for a message of which it was not sure before.
    pub(crate) fn look_again(&mut self, slot: Slot) {
        if self.by_slot.contains_key(&slot) {
            self.again.insert(slot);
        }
    }
}

impl Engine {
    /// The phone that a receipt is about, where it can be read.
    pub(super) fn slot_of(&self, connector: ConnectorId, notice: &ReceiptNotice) -> Option<Slot> {
        notice.source.msisdn().map(|number| (connector, self.hasher.number(number)))
    }

    /// Keeps a receipt that found no message.
    pub(super) fn park(
        &mut self,
        connector: ConnectorId,
        notice: &ReceiptNotice,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let (key, _) = self.next_key(now);
        let data_key = self.sealer.current(None, KeyClass::Messages, now, &mut self.draft.batch.data_keys)?;
        let plain = write_receipt(notice);
        let sealed = data_key.seal(Kind::Receipt, key, &plain, self.entropy.as_ref());
        let row = ParkedReceiptRow {
            key,
            connector,
            carrier_id: notice.carrier_id.clone(),
            data_key: data_key.id(),
            sealed,
            read_at: notice.read_at,
        };
        self.parked += 1;
        self.notations.remember_parked(connector, &notice.carrier_id);
        if let Some(slot) = self.slot_of(connector, notice) {
            self.parked_receipts.add(slot, &row);
        }
        self.draft.batch.parked.push(row);
        self.draft.counts.push(Count::Orphan);
        Ok(())
    }

    /// Looks whether receipts overtook what just told this id, in whichever notation.
    pub(super) fn match_parked(
        &mut self,
        connector: ConnectorId,
        carrier_id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(carrier_id) = carrier_id.filter(|_| self.parked > 0) else { return Ok(()) };
        let others = self.notations.take_parked(connector, carrier_id);
        for written in std::iter::once(carrier_id).chain(others.iter().map(String::as_str)) {
            for row in self.take_parked(connector, written, |_| true)? {
                self.unpark(&row, now)?;
            }
        }
        Ok(())
    }

    /// Takes parked receipts of one id off the disk with this batch.
    fn take_parked(
        &mut self,
        connector: ConnectorId,
        carrier_id: &str,
        wanted: impl Fn(RowKey) -> bool,
    ) -> Result<Vec<ParkedReceiptRow>, EngineError> {
        let in_batch = |row: &ParkedReceiptRow| {
            row.connector == connector && row.carrier_id == carrier_id && wanted(row.key)
        };
        let (mut taken, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.draft.batch.parked).into_iter().partition(in_batch);
        self.draft.batch.parked = rest;
        for row in self.store.parked_receipts(&[(connector, carrier_id.to_owned())])? {
            if wanted(row.key) && !self.draft.batch.unparked.contains(&row.key) {
                self.draft.batch.unparked.push(row.key);
                taken.push(row);
            }
        }
        self.parked -= i64::try_from(taken.len()).unwrap_or(0);
        for _ in &taken {
            self.notations.forget_parked(connector, carrier_id);
        }
        Ok(taken)
    }

    fn unpark(&mut self, row: &ParkedReceiptRow, now: Timestamp) -> Result<(), EngineError> {
        let Some(notice) = self.unseal_parked(row) else { return Ok(()) };
        if let Some(slot) = self.slot_of(row.connector, &notice) {
            self.parked_receipts.remove(slot, row.key);
        }
        self.receipt(row.connector, &notice, now)
    }

    fn unseal_parked(&self, row: &ParkedReceiptRow) -> Option<ReceiptNotice> {
        let plain = self.sealer.key(row.data_key)?.open(Kind::Receipt, row.key, &row.sealed).ok()?;
        read_receipt(&plain, &row.carrier_id, row.read_at)
    }

    /// Looks at parked receipts again whose phones have one attempt left without an outcome.
    pub(super) fn match_by_phone(&mut self, now: Timestamp) -> Result<(), EngineError> {
        for slot in std::mem::take(&mut self.parked_receipts.again) {
            let Some(only) = self.only_doubt(slot, now)? else { continue };
            let receipts = self.parked_receipts.by_slot.get(&slot).into_iter().flatten();
            let fitting = receipts.filter(|waiting| only.may_be_meant(waiting.read_at));
            for Waiting { key, carrier_id, .. } in fitting.cloned().collect::<Vec<_>>() {
                for row in self.take_parked(slot.0, &carrier_id, |other| other == key)? {
                    self.unpark(&row, now)?;
                }
                if self.only_doubt(slot, now)? != Some(only) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Reads the parked receipts, so that they are found by their recipients and in other notations.
    pub(crate) fn scan_parked(&mut self) -> Result<(), EngineError> {
        self.parked_receipts = Parked::default();
        self.notations.clear_parked();
        let mut after = RowKey::ZERO;
        while self.parked > 0 && self.parked_receipts.indexed < INDEX_MAX {
            let rows = self.store.parked_after(after, ROWS)?;
            let Some(last) = rows.last() else { break };
            after = last.key;
            for row in rows {
                self.notations.remember_parked(row.connector, &row.carrier_id);
                let slot = self.unseal_parked(&row).and_then(|notice| self.slot_of(row.connector, &notice));
                if let Some(slot) = slot {
                    self.parked_receipts.add(slot, &row);
                }
            }
        }
        Ok(())
    }

    /// Gives up receipts that have waited long enough: they hold a recipient, and nobody will ask.
    pub(super) fn lapse_parked(&mut self, now: Timestamp) -> Result<(), EngineError> {
        if self.parked <= 0 || now < self.parked_receipts.lapse_at {
            return Ok(());
        }
        let rows = self.store.parked_after(RowKey::ZERO, ROWS)?;
        let has_lapsed =
            |row: &&ParkedReceiptRow| now.ms_since(row.read_at) >= decide::lifecycle::PARKED_HORIZON_MS;
        let lapsed: Vec<_> = rows.iter().filter(has_lapsed).collect();
        if lapsed.len() < ROWS {
            self.parked_receipts.lapse_at = now.plus_ms(LAPSE_PAUSE_MS);
        }
        for row in lapsed {
            if self.draft.batch.unparked.contains(&row.key) {
                continue;
            }
            self.draft.batch.unparked.push(row.key);
            self.parked -= 1;
            self.notations.forget_parked(row.connector, &row.carrier_id);
            let slot = self.unseal_parked(row).and_then(|notice| self.slot_of(row.connector, &notice));
            if let Some(slot) = slot {
                self.parked_receipts.remove(slot, row.key);
            }
        }
        Ok(())
    }
}
