//! Answers of carriers to attempts.

use std::collections::VecDeque;

use decide::lifecycle::{Effects, Input as StepInput, worst_verdict};
use ports::channel::{AttemptRef, ChannelEvent};
use ports::store::{AttemptPartRow, ReceiptTarget};
use types::id::{ConnectorId, RowKey};
use types::message::{Reason, State};
use types::receipt::{PartOutcome, ReceiptState, Verdict};
use types::time::Timestamp;

use super::receipts::map_row;
use super::steps::ReceiptNote;
use super::{Engine, EngineError, Input, RECENT_IDS_MAX};
use crate::shared::Count;

/// Puts the answers that channels told before what else they told. What waits together has come together: a
/// receipt that overtook its answer on another link finds its message all the same, without being parked.
pub(super) fn answers_first(inputs: &mut VecDeque<Input>) {
    let is_answer = |event: &ChannelEvent| matches!(event, ChannelEvent::Outcome { .. });
    let says_more = |event: &ChannelEvent| !is_answer(event) && !matches!(event, ChannelEvent::Credit(_));
    let is_mixed =
        |input: &Input| matches!(input, Input::Channel(_, events, _) if events.iter().any(says_more));
    if !inputs.iter().any(is_mixed) {
        return;
    }
    let mut answers = Vec::new();
    for input in inputs.iter_mut() {
        if let Input::Channel(connector, events, _) = input
            && events.iter().any(is_answer)
        {
            let told = events.extract_if(.., |event| is_answer(event)).collect();
            answers.push(Input::Channel(*connector, told, None));
        }
    }
    for input in answers.into_iter().rev() {
        inputs.push_front(input);
    }
}

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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use ports::channel::{AttemptRef, ChannelEvent};
    use tokio::sync::oneshot;
    use types::id::{ConnectorId, RowKey};
    use types::receipt::{PartOutcome, Verdict};
    use types::time::Timestamp;

    use super::{Input, answers_first};

    fn attempt(message: i64) -> AttemptRef {
        AttemptRef { message: RowKey::from_i64(message), attempt: 1 }
    }

    fn answer(message: i64) -> ChannelEvent {
        let at = Timestamp::EPOCH;
        let verdict = Verdict::Accepted;
        let outcome =
            PartOutcome { part: 1, verdict, status: 0, carrier_id: None, written_at: at, answered_at: at };
        ChannelEvent::Outcome { attempt: attempt(message), outcome, parts: 1 }
    }

    fn other(message: i64) -> ChannelEvent {
        ChannelEvent::QueryAnswer { attempt: attempt(message), state: None }
    }

    /// The messages of each input, negative where something else than an answer is told of them, and whether
    /// somebody waits for the input to be on disk.
    fn told(inputs: &VecDeque<Input>) -> Vec<(Vec<i64>, bool)> {
        let of_event = |event: &ChannelEvent| match event {
            ChannelEvent::Outcome { attempt, .. } => attempt.message.as_i64(),
            ChannelEvent::QueryAnswer { attempt, .. } => -attempt.message.as_i64(),
            _ => 0,
        };
        let of_input = |input: &Input| match input {
            Input::Channel(_, events, waits) => (events.iter().map(of_event).collect(), waits.is_some()),
            _ => (Vec::new(), false),
        };
        inputs.iter().map(of_input).collect()
    }

    #[test]
    fn answers_come_before_what_else_is_told_and_whoever_waits_still_waits() {
        let waits = || Some(oneshot::channel().0);
        let link = ConnectorId(1);
        let mut inputs = VecDeque::from([
            Input::Channel(link, vec![other(2), answer(1)], waits()),
            Input::Channel(link, vec![answer(2), answer(3)], waits()),
            Input::Channel(link, vec![ChannelEvent::Credit(1)], None),
        ]);
        answers_first(&mut inputs);
        let expected =
            [(vec![1], false), (vec![2, 3], false), (vec![-2], true), (vec![], true), (vec![0], false)];
        assert_eq!(told(&inputs), expected);
        let mut only_answers = VecDeque::from([Input::Channel(link, vec![answer(1)], waits())]);
        answers_first(&mut only_answers);
        assert_eq!(told(&only_answers), [(vec![1], true)]);
    }
}
