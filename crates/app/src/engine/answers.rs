//! Answers of carriers to attempts.

use decide::lifecycle::{Effects, Input as StepInput, worst_verdict};
use ports::channel::AttemptRef;
use ports::store::{AttemptPartRow, ReceiptTarget};
use types::id::{ConnectorId, RowKey};
use types::message::{Reason, State};
use types::receipt::{PartOutcome, ReceiptState, Verdict};
use types::time::Timestamp;

use super::receipts::map_row;
use super::steps::ReceiptNote;
use super::{Engine, EngineError, RECENT_IDS_MAX};
use crate::shared::Count;

impl Engine {
    /// Takes the answer to one part; when all parts have one, the message moves.
    pub(super) fn answer(
        &mut self,
        connector: ConnectorId,
        attempt: AttemptRef,
        outcome: &PartOutcome,
        parts: u8,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let key = attempt.message;
        if let Some(work) = &mut self.at_work {
            work.message = Some(key);
        }
        self.ensure_live(&[key])?;
        let Some(live) = self.live.get_mut(&key) else {
            tracing::warn!(connector = connector.0, "an answer names a message that does not exist");
            return Ok(());
        };
        let Some(known) = live.attempts.iter_mut().find(|known| known.number == attempt.attempt) else {
            tracing::warn!(connector = connector.0, "an answer names an attempt that does not exist");
            return Ok(());
        };
        known.set_requests(usize::from(parts.max(1)));
        let slot = usize::from(outcome.part).saturating_sub(1);
        let Some(answer) = known.answers.get_mut(slot) else { return Ok(()) };
        *answer = Some(outcome.verdict);
        let all = known.answers.iter().all(Option::is_some);
        let worst = worst_verdict(known.answers.iter().flatten().copied());
        let some_taken = known.answers.contains(&Some(Verdict::Accepted));
        self.draft.batch.attempt_parts.push(AttemptPartRow {
            message: key,
            attempt: attempt.attempt,
            outcome: outcome.clone(),
        });
        let waited_ms = outcome.answered_at.ms_since(outcome.written_at);
        self.draft.counts.push(Count::Answered(connector, outcome.verdict, waited_ms));
        if let Some(carrier_id) = &outcome.carrier_id {
            let target = ReceiptTarget { message: key, attempt: attempt.attempt, part: outcome.part };
            self.map_receipts(connector, carrier_id, target);
        }
        self.follow_doubt(key, attempt.attempt);
        if let (true, Some(worst)) = (all, worst) {
            // Parts that were taken cannot be taken back: another connector would send them twice.
            let verdict = if worst == Verdict::Reroute && some_taken { Verdict::Permanent } else { worst };
            let input = StepInput::Answer { attempt: attempt.attempt, verdict, reason: reason_of(verdict) };
            let effects = self.step(key, input, ReceiptNote::default(), now)?;
            self.note_query(key, effects)?;
        }
        self.match_parked(connector, outcome.carrier_id.as_deref(), now)
    }

    pub(super) fn map_receipts(&mut self, connector: ConnectorId, carrier_id: &str, target: ReceiptTarget) {
        self.draft.batch.receipt_map.push(map_row(connector, carrier_id.to_owned(), target));
        // What is forgotten here is found in the store.
        if self.recent_ids.len() >= RECENT_IDS_MAX {
            self.recent_ids.clear();
        }
        self.recent_ids.insert((connector, carrier_id.to_owned()), target);
        // An id that can be written otherwise is found in other notations by its folded form.
        if let Some(folded) = Self::folded_key(carrier_id) {
            self.draft.batch.receipt_map.push(map_row(connector, folded.clone(), target));
            self.recent_ids.insert((connector, folded), target);
        }
    }

    /// Asks the carrier what became of the parts that have no receipt, by the ids that it gave. A part that was never
    /// answered has none, and nobody can ask about it.
    pub(super) fn note_query(&mut self, key: RowKey, effects: Option<Effects>) -> Result<(), EngineError> {
        if !effects.is_some_and(|effects| effects.query) {
            return Ok(());
        }
        let Some(live) = self.live.get(&key) else { return Ok(()) };
        let Some(latest) = live.latest() else { return Ok(()) };
        let (attempt, connector, group) = (latest.number, latest.connector, latest.group);
        let (source, receipts) = (live.source.as_sender(), latest.receipts.clone());
        for view in
            self.store.attempts(&[key])?.iter().filter(|view| (group..=attempt).contains(&view.row.attempt))
        {
            for part in &view.parts {
                let slot = usize::from(part.part).saturating_sub(1);
                let has_receipt = receipts.get(slot).is_some_and(Option::is_some);
                if let (Some(id), false) = (&part.carrier_id, has_receipt) {
                    let attempt = AttemptRef { message: key, attempt };
                    self.draft.queries.push((connector, attempt, id.clone(), source.clone()));
                }
            }
        }
        Ok(())
    }

    /// Takes what the carrier says of a message that was asked for.
    pub(super) fn query_answer(
        &mut self,
        attempt: AttemptRef,
        state: Option<ReceiptState>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let key = attempt.message;
        self.ensure_live(&[key])?;
        let still_unknown = self.live.get(&key).is_some_and(|live| {
            live.progress.state == State::Unknown && live.progress.attempts == attempt.attempt
        });
        if !still_unknown {
            return Ok(());
        }
        let input = match state {
            Some(state) => StepInput::Receipt { attempt: attempt.attempt, state },
            None => StepInput::NotKnownByPeer,
        };
        let note = ReceiptNote { state, ..ReceiptNote::default() };
        self.step(key, input, note, now).map(|_| ())
    }
}

const fn reason_of(verdict: Verdict) -> Reason {
    match verdict {
        Verdict::Accepted => Reason::None,
        Verdict::Throttled => Reason::Throttled,
        Verdict::Transient => Reason::Transient,
        Verdict::Permanent => Reason::CarrierRefused,
        Verdict::Reroute => Reason::Rerouted,
        Verdict::Unknown => Reason::LinkBroke,
        Verdict::Crashed => Reason::CrashedWriting,
    }
}
