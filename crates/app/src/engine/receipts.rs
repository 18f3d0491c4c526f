//! Receipts and messages from phones.
//!
//! A receipt is matched by its carrier id: in memory, then in the store, then in another notation
//! ([`super::notation`]). One that finds nothing is parked on disk, because it may have overtaken the answer that tells the id. One that can only
//! belong to a message of unknown outcome (same connector and recipient, and only one such message)
//! is taken for that message's.

use decide::lifecycle::{Input as StepInput, worst_receipt};
use ports::store::{EventSubject, InboundRow, OutboxRow, ParkedReceiptRow, ReceiptRow, ReceiptTarget};
use types::address::Address;
use types::id::{ConnectorId, RowKey};
use types::message::State;
use types::receipt::{InboundNotice, Origin, ReceiptNotice, ReceiptState};
use types::time::Timestamp;

use super::steps::ReceiptNote;
use super::{Engine, EngineError};
use crate::seal::{KeyClass, Kind};
use crate::sealed::{read_texts, write_inbound, write_texts};
use crate::shared::Count;

impl Engine {
    /// Takes a receipt.
    pub(super) fn receipt(
        &mut self,
        connector: ConnectorId,
        notice: &ReceiptNotice,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let as_written = self.target_as_written(connector, notice)?;
        let target = match self.confirmed(connector, as_written, notice)? {
            Some(target) => Some(target),
            None => self.find_unknown(connector, notice),
        };
        match target {
            Some(target) => self.matched_receipt(connector, target, notice, now),
            None => self.park(connector, notice, now),
        }
    }

    fn target_as_written(
        &mut self,
        connector: ConnectorId,
        notice: &ReceiptNotice,
    ) -> Result<Option<ReceiptTarget>, EngineError> {
        let wanted = (connector, notice.carrier_id.clone());
        if let Some(target) = self.recent_ids.get(&wanted) {
            return Ok(Some(*target));
        }
        let in_batch = self
            .draft
            .batch
            .receipt_map
            .iter()
            .rev()
            .find(|row| row.connector == connector && row.carrier_id == notice.carrier_id);
        if let Some(row) = in_batch {
            return Ok(Some(ReceiptTarget { message: row.message, attempt: row.attempt, part: row.part }));
        }
        let found = self.store.receipt_targets(std::slice::from_ref(&wanted))?;
        let candidates = found.into_iter().next().unwrap_or_default();
        // A carrier that begins its ids anew may have used this one before: the newest message to
        // the same recipient is meant.
        let recipient = notice.source.msisdn().map(|number| self.hasher.number(number));
        let keys: Vec<RowKey> = candidates.iter().map(|target| target.message).collect();
        self.ensure_live(&keys)?;
        let same = |target: &&ReceiptTarget| {
            let live = self.live.get(&target.message);
            live.is_some_and(|live| recipient.is_none_or(|hash| hash == live.facts.recipient_hash))
        };
        let by_recipient = candidates.iter().find(same).copied();
        Ok(by_recipient.or_else(|| candidates.first().copied()))
    }

    fn find_unknown(&self, connector: ConnectorId, notice: &ReceiptNotice) -> Option<ReceiptTarget> {
        let recipient = self.hasher.number(notice.source.msisdn()?);
        let keys = self.unknown_by_recipient.get(&(connector, recipient))?;
        if keys.len() != 1 {
            return None;
        }
        let key = *keys.first()?;
        let attempt = self.live.get(&key)?.latest()?;
        let single = attempt.answers.len() == 1;
        single.then_some(ReceiptTarget { message: key, attempt: attempt.number, part: 1 })
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
        let group =
            live.attempts.iter().find(|known| known.number == target.attempt).map(|known| known.group);
        let Some(known) = live.attempts.iter_mut().rev().find(|known| Some(known.group) == group) else {
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
        let every_part_heard_of =
            known.answers.iter().zip(&known.receipts).all(|(answer, receipt)| {
                *answer == Some(types::receipt::Verdict::Accepted) || receipt.is_some()
            });
        let says_of_all = known.answers.len() == 1 || every_part_heard_of;
        let submitted_at = live.progress.submitted_at;
        let error = notice.error.trim_start_matches('0').parse().unwrap_or(0);
        let reroutes = self
            .snapshot
            .traffic
            .connectors
            .get(&connector)
            .is_some_and(|c| c.reroute_errors.contains(&notice.error));
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
        self.keep_receipt(target, notice, contradicts, now);
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
        target: ReceiptTarget,
        notice: &ReceiptNotice,
        contradicts: bool,
        now: Timestamp,
    ) {
        let (key, _) = self.next_key(now);
        let Some(live) = self.live.get(&target.message) else { return };
        let echoed = Address::international(live.recipient);
        let unusual = notice.source.msisdn() != echoed.msisdn();
        let sealed_echo = if unusual { self.seal_echo(target.message, notice) } else { Vec::new() };
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
            read_at: notice.read_at,
            contradicts,
            sealed_echo,
        });
    }

    fn seal_echo(&self, message: RowKey, notice: &ReceiptNotice) -> Vec<u8> {
        let Some(live) = self.live.get(&message) else { return Vec::new() };
        let Some(data_key) = self.sealer.key(live.facts.data_key) else { return Vec::new() };
        let plain = crate::sealed::write_addresses(&notice.source, &notice.destination, None);
        data_key.seal(Kind::Receipt, message, &plain, self.entropy.as_ref())
    }

    fn park(
        &mut self,
        connector: ConnectorId,
        notice: &ReceiptNotice,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let (key, _) = self.next_key(now);
        let data_key = self.sealer.current(None, KeyClass::Messages, now, &mut self.draft.batch.data_keys)?;
        let plain = write_texts(&[
            &notice.stat,
            &notice.error,
            &notice.submit_date,
            &notice.done_date,
            &notice.source.text(),
            &notice.destination.text(),
            notice.state.as_str(),
        ]);
        let sealed = data_key.seal(Kind::Receipt, key, &plain, self.entropy.as_ref());
        self.draft.batch.parked.push(ParkedReceiptRow {
            key,
            connector,
            carrier_id: notice.carrier_id.clone(),
            data_key: data_key.id(),
            sealed,
            read_at: notice.read_at,
        });
        self.parked += 1;
        self.notations.remember_parked(connector, &notice.carrier_id);
        self.draft.counts.push(Count::Orphan);
        Ok(())
    }

    /// Looks whether a receipt overtook the answer that just told this id, in whichever notation.
    pub(super) fn match_parked(
        &mut self,
        connector: ConnectorId,
        carrier_id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(carrier_id) = carrier_id.filter(|_| self.parked > 0) else { return Ok(()) };
        self.match_parked_under(connector, carrier_id, now)?;
        for written in self.notations.take_parked(connector, carrier_id) {
            self.match_parked_under(connector, &written, now)?;
        }
        Ok(())
    }

    fn match_parked_under(
        &mut self,
        connector: ConnectorId,
        carrier_id: &str,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let in_batch = |row: &ParkedReceiptRow| row.connector == connector && row.carrier_id == carrier_id;
        let (mine, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.draft.batch.parked).into_iter().partition(in_batch);
        self.draft.batch.parked = rest;
        self.parked -= i64::try_from(mine.len()).unwrap_or(0);
        let stored = self.store.parked_receipts(&[(connector, carrier_id.to_owned())])?;
        for row in &stored {
            self.draft.batch.unparked.push(row.key);
            self.parked -= 1;
        }
        for row in mine.into_iter().chain(stored) {
            if let Some(notice) = self.unseal_parked(&row) {
                self.receipt(connector, &notice, now)?;
            }
        }
        Ok(())
    }

    fn unseal_parked(&self, row: &ParkedReceiptRow) -> Option<ReceiptNotice> {
        let plain = self.sealer.key(row.data_key)?.open(Kind::Receipt, row.key, &row.sealed).ok()?;
        let [stat, error, submit_date, done_date, source, destination, state] = read_texts::<7>(&plain)?;
        Some(ReceiptNotice {
            carrier_id: row.carrier_id.clone(),
            state: ReceiptState::parse(&state)?,
            stat,
            error,
            submit_date,
            done_date,
            source: Address::from_text(&source),
            destination: Address::from_text(&destination),
            read_at: row.read_at,
        })
    }

    /// Takes a message from a phone: it is for the account that wrote to that phone last, else for
    /// nobody yet.
    pub(super) fn inbound(
        &mut self,
        connector: ConnectorId,
        notice: &InboundNotice,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let (key, tail) = self.next_key(now);
        let account = self.account_for_inbound(notice)?;
        let data_key =
            self.sealer.current(account, KeyClass::Messages, now, &mut self.draft.batch.data_keys)?;
        let plain = write_inbound(&notice.source, &notice.destination, &notice.content);
        let sealed = data_key.seal(Kind::Inbound, key, &plain, self.entropy.as_ref());
        let row = InboundRow {
            key,
            tail,
            account,
            connector,
            received_at: notice.read_at,
            data_key: data_key.id(),
            sealed,
        };
        let endpoint = account.and_then(|account| self.endpoint_for_inbound(account));
        self.draft.batch.inbound.push(row);
        let Some(endpoint) = endpoint else { return Ok(()) };
        let (event_key, event_tail) = self.next_key(now);
        let outbox = OutboxRow {
            key: event_key,
            tail: event_tail,
            endpoint,
            about: key,
            subject: EventSubject::Inbound,
            at: now,
            tries: 0,
            next_at: now,
        };
        let event = crate::notify::Event::of_inbound(&outbox, tail, notice);
        self.draft.batch.outbox.push(outbox);
        self.draft.events.push((endpoint, event));
        Ok(())
    }

    /// Whoever wrote to this phone last is whom it answers.
    fn account_for_inbound(
        &mut self,
        notice: &InboundNotice,
    ) -> Result<Option<types::id::AccountId>, EngineError> {
        let Some(number) = notice.source.msisdn() else { return Ok(None) };
        let hash = self.hasher.number(number);
        Ok(self.store.last_sender_to(hash)?)
    }

    fn endpoint_for_inbound(&self, account: types::id::AccountId) -> Option<types::id::EndpointId> {
        let directory = self.shared.directory.load();
        let handle = directory.accounts.get(&account)?;
        handle.account.default_endpoint.or_else(|| directory.smpp_endpoints.get(&account).copied())
    }
}
