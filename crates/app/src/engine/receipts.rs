//! Receipts.
//!
//! A receipt is matched by its carrier id: in memory, then in the store, then in another notation (see
//! `notation`). One that finds nothing is parked on disk (see `parked`), because it may have overtaken the
//! answer that tells the id. One that can only belong to an attempt of unknown outcome (see `doubt`) is
//! taken for that attempt's.

use decide::lifecycle::{Input as StepInput, worst_receipt};
use ports::store::{ReceiptMapRow, ReceiptRow, ReceiptTarget};
use types::address::{Address, Addressing, Msisdn};
use types::id::{ConnectorId, RowKey};
use types::message::{Flags, State};
use types::receipt::{Origin, ReceiptNotice, Verdict, part_tlvs};
use types::time::Timestamp;

use super::attempt::sent_addresses;
use super::live::Live;
use super::steps::ReceiptNote;
use super::{Engine, EngineError};
use crate::seal::Kind;
use crate::sealed::write_echo;
use crate::shared::Count;

impl Engine {
    /// Takes a receipt.
    pub(super) fn receipt(
        &mut self,
        connector: ConnectorId,
        notice: &ReceiptNotice,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let as_written = self.target_as_written(connector, notice, now)?;
        if let Some(target) = self.confirmed(connector, as_written, notice, now)? {
            return self.matched_receipt(connector, target, notice, now);
        }
        let Some(target) = self.doubt_of(connector, notice, now)? else {
            return self.park(connector, notice, now);
        };
        self.matched_receipt(connector, target, notice, now)?;
        // Its id is known only now: what else was told under it may be parked.
        self.match_parked(connector, Some(&notice.carrier_id), now)
    }

    fn target_as_written(
        &mut self,
        connector: ConnectorId,
        notice: &ReceiptNotice,
        now: Timestamp,
    ) -> Result<Option<ReceiptTarget>, EngineError> {
        let recipient = notice.source.msisdn();
        let wanted = (connector, notice.carrier_id.clone());
        let newest = self.recent_ids.get(&wanted).copied();
        let newest = newest.or_else(|| self.mapped_in_batch(connector, &notice.carrier_id));
        if let Some(target) = newest
            && self.is_to(&[target], recipient)?.is_some()
        {
            return Ok(newest);
        }
        // A carrier that begins its ids anew may have used this one before: the newest message to
        // the same recipient is meant.
        let found = self.store.receipt_targets(std::slice::from_ref(&wanted))?;
        let candidates = found.into_iter().next().unwrap_or_default();
        if let Some(target) = self.is_to(&candidates, recipient)? {
            return Ok(Some(target));
        }
        // An attempt to this phone may wait for its id, which may be this one, given out again. Otherwise:
        // some carriers echo another number than that which they were given.
        let Some(otherwise) = newest.or_else(|| candidates.first().copied()) else { return Ok(None) };
        let awaits_its_id = match self.slot_of(connector, notice) {
            Some(slot) => self.awaits_an_id(slot, now)?,
            None => false,
        };
        Ok((!awaits_its_id).then_some(otherwise))
    }

    /// What an id leads to by the batch that is being made; the store does not know of it yet.
    pub(super) fn mapped_in_batch(&self, connector: ConnectorId, carrier_id: &str) -> Option<ReceiptTarget> {
        let mut rows = self.draft.batch.receipt_map.iter().rev();
        rows.find(|row| row.connector == connector && row.carrier_id == carrier_id).map(|row| ReceiptTarget {
            message: row.message,
            attempt: row.attempt,
            part: row.part,
        })
    }

    /// The first of the targets whose message went to a recipient; `None` for the recipient fits all.
    fn is_to(
        &mut self,
        targets: &[ReceiptTarget],
        recipient: Option<Msisdn>,
    ) -> Result<Option<ReceiptTarget>, EngineError> {
        let keys: Vec<RowKey> = targets.iter().map(|target| target.message).collect();
        self.ensure_live(&keys)?;
        let fits = |target: &&ReceiptTarget| {
            let live = self.live.get(&target.message);
            live.is_some_and(|live| recipient.is_none_or(|number| number == live.recipient))
        };
        Ok(targets.iter().find(fits).copied())
    }

    fn matched_receipt(
        &mut self,
        connector: ConnectorId,
        target: ReceiptTarget,
        notice: &ReceiptNotice,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let key = target.message;
        self.ensure_live(&[key])?;
        let Some(live) = self.live.get_mut(&key) else { return self.park(connector, notice, now) };
        let Some(named) = live.attempts.iter_mut().find(|known| known.number == target.attempt) else {
            return self.park(connector, notice, now);
        };
        named.hear_of(target.part);
        let group = named.group;
        // What is told of an attempt is told of the one that completes it.
        let Some(known) = live.attempts.iter_mut().rev().find(|known| known.group == group) else {
            return self.park(connector, notice, now);
        };
        let slot = usize::from(target.part).saturating_sub(1);
        if let (Some(place), true) = (known.receipts.get_mut(slot), notice.state.end().is_some()) {
            *place = Some(notice.state);
        }
        let attempt = known.number;
        let complete = known.receipts.iter().all(Option::is_some);
        let worst = worst_receipt(known.receipts.iter().flatten().copied());
        // That one part is on its way says nothing of a part without any word.
        let every_part_heard_of = known
            .answers
            .iter()
            .zip(&known.receipts)
            .all(|(answer, receipt)| *answer == Some(Verdict::Accepted) || receipt.is_some());
        let says_of_all = known.answers.len() == 1 || every_part_heard_of;
        let submitted_at = live.progress.submitted_at;
        let error = notice.error.trim_start_matches('0').parse().unwrap_or(0);
        let reroutes = self
            .snapshot
            .traffic
            .connectors
            .get(&connector)
            .is_some_and(|c| c.reroute_errors.contains(&notice.error));
        self.follow_doubt(key, target.attempt);
        let note = ReceiptNote { state: Some(notice.state), error, reroutes };
        let input = match (notice.state.end(), complete, worst) {
            (None, ..) if says_of_all => Some(StepInput::Receipt { attempt, state: notice.state }),
            (Some(_), true, Some(worst)) => Some(StepInput::Receipt { attempt, state: worst }),
            _ => None,
        };
        let effects = match input {
            Some(input) => self.step(key, input, note, now)?,
            None => None,
        };
        let contradicts = effects.is_some_and(|effects| effects.contradicts);
        self.keep_receipt(connector, target, notice, contradicts, now);
        let waited_ms = submitted_at.map_or(0, |at| notice.read_at.ms_since(at));
        let state = notice.state.end().unwrap_or(State::Submitted);
        self.draft.counts.push(Count::Receipt(connector, state, waited_ms));
        if self.live.get(&key).is_some_and(|live| live.progress.state.is_final()) {
            self.recent_ids.remove(&(connector, notice.carrier_id.clone()));
        }
        Ok(())
    }

    fn keep_receipt(
        &mut self,
        connector: ConnectorId,
        target: ReceiptTarget,
        notice: &ReceiptNotice,
        contradicts: bool,
        now: Timestamp,
    ) {
        let (key, _) = self.next_key(now);
        let Some(live) = self.live.get(&target.message) else { return };
        let (tlvs, personal) = part_tlvs(&notice.tlvs);
        let connector = self.snapshot.traffic.connectors.get(&connector);
        let usual = live.progress.flags.contains(Flags::DELETED)
            || (personal.is_empty() && connector.is_some_and(|c| echoes(live, &c.offer.addressing, notice)));
        let zone = connector.map(|connector| connector.zone.clone()).unwrap_or_default();
        let sealed_echo = if usual { Vec::new() } else { self.seal_echo(live, key, notice, &personal) };
        let origin = if notice.state.end().is_some() { Origin::Carrier } else { Origin::Intermediate };
        self.draft.batch.receipts.push(ReceiptRow {
            message: target.message,
            key,
            attempt: target.attempt,
            part: target.part,
            origin,
            state: notice.state,
            stat: notice.stat.clone(),
            error: notice.error.clone(),
            submit_date: notice.submit_date.clone(),
            done_date: notice.done_date.clone(),
            zone,
            tlvs,
            mapping_version: self.snapshot.traffic.version,
            read_at: notice.read_at,
            contradicts,
            sealed_echo,
        });
    }

    fn seal_echo(&self, live: &Live, key: RowKey, notice: &ReceiptNotice, personal: &[u8]) -> Vec<u8> {
        let Some(data_key) = self.sealer.key(live.facts.data_key) else { return Vec::new() };
        let plain = write_echo(&notice.source, &notice.destination, personal);
        data_key.seal(Kind::Echo, key, &plain, self.entropy.as_ref())
    }
}

/// The row by which an id leads to a part.
pub(super) const fn map_row(
    connector: ConnectorId,
    carrier_id: String,
    target: ReceiptTarget,
) -> ReceiptMapRow {
    let ReceiptTarget { message, attempt, part } = target;
    ReceiptMapRow { connector, carrier_id, message, attempt, part }
}

/// Whether a receipt echoes the addresses that were sent. One without a type of number, as HTTP has
/// none, is compared by what it says; an empty one says nothing.
fn echoes(live: &Live, asks: &Addressing, notice: &ReceiptNotice) -> bool {
    let (sender, recipient) = sent_addresses(live, asks);
    let same = |echoed: &Address, sent: &Address| {
        let untyped = echoed.ton == 0 && echoed.npi == 0;
        let alike = echoed.octets == sent.octets
            || echoed.msisdn().is_some_and(|number| Some(number) == sent.msisdn());
        echoed == sent || (untyped && (echoed.octets.is_empty() || alike))
    };
    same(&notice.source, &recipient) && same(&notice.destination, &sender)
}
