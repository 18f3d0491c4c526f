//! Moving a message: asks `decide::lifecycle::step` and carries out what follows.

use decide::lifecycle::{Effects, Input as StepInput, Policy, step};
use decide::snapshot::CompiledRoute;
use ports::store::{EventSubject, JournalEntry, OutboxRow};
use types::event::EventType;
use types::id::{AccountId, ConnectorId, EndpointId, RowKey};
use types::message::{Class, Flags, State, UnknownPolicy};
use types::receipt::{ReceiptState, Verdict};
use types::time::Timestamp;

use super::admission::stage_of;
use super::live::Live;
use super::money::Payer;
use super::{Engine, EngineError};
use crate::shared::Count;

/// What a receipt adds to an event for the customer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReceiptNote {
    pub(super) state: Option<ReceiptState>,
    pub(super) error: u16,
    /// The receipt's error asks for another connector.
    pub(super) reroutes: bool,
}

impl Engine {
    /// Moves a message that is in memory. Gives the effects, or `None` when the input means nothing
    /// in its state.
    pub(super) fn step(
        &mut self,
        key: RowKey,
        input: StepInput,
        note: ReceiptNote,
        now: Timestamp,
    ) -> Result<Option<Effects>, EngineError> {
        if let Some(work) = &mut self.at_work {
            work.message = Some(key);
        }
        let Some(live) = self.live.get(&key) else { return Ok(None) };
        let before = live.progress;
        let policy = self.policy_of(live, input, note);
        let Ok((stage, effects)) = step(&stage_of(&before), &policy, input, now) else { return Ok(None) };
        debug_assert!(
            decide::invariant::step_is_lawful(before.state, stage.state),
            "{} to {}",
            before.state,
            stage.state
        );
        self.backlogs.follow(live.facts.account, live.facts.price.parts, Some(before.state), stage.state);
        let Some(live) = self.live.get_mut(&key) else { return Ok(None) };
        self.draft.touched.entry(key).or_insert(Some(before.version));
        let progress = &mut live.progress;
        progress.state = stage.state;
        progress.reason = stage.reason;
        progress.flags = stage.flags;
        progress.charge = stage.charge;
        progress.attempts = stage.attempts;
        progress.due_at = stage.due_at;
        progress.submitted_at = stage.submitted_at;
        progress.final_at = stage.final_at;
        let facts_account = live.facts.account;
        let payer = effects.money.map(|kind| (Payer::of(&live.facts), kind));
        self.draft.batch.journal.push(JournalEntry {
            message: key,
            from: before.state,
            to: stage.state,
            reason: effects.note.unwrap_or(stage.reason),
            attempt: stage.attempts,
        });
        self.follow_pause(key);
        if let Some((payer, kind)) = payer {
            self.post_price(&payer, kind);
        }
        self.follow_unknown(key, before.state, stage.state);
        if before.submitted_at.is_none() && stage.submitted_at.is_some() {
            self.draft.counts.push(Count::Submitted(facts_account));
        }
        if stage.state.is_final() && !before.state.is_final() {
            self.draft.counts.push(Count::Ended(facts_account, stage.state));
            self.end_doubts(key)?;
        }
        if effects.tell {
            self.tell(key, note, now);
        }
        self.wait_after_step(key, &effects, now)?;
        Ok(Some(effects))
    }

    fn wait_after_step(&mut self, key: RowKey, effects: &Effects, now: Timestamp) -> Result<(), EngineError> {
        let Some(live) = self.live.get_mut(&key) else { return Ok(()) };
        if effects.leave_connector
            && let Some(connector) = live.latest().map(|attempt| attempt.connector)
        {
            live.left.push(connector);
        }
        let due_at = live.progress.due_at;
        if effects.enqueue && due_at <= now {
            return self.place(key, now);
        }
        self.set_timer(key, due_at);
        Ok(())
    }

    /// Sets the one timer of a message; [`Timestamp::NEVER`] sets none.
    pub(super) fn set_timer(&mut self, key: RowKey, at: Timestamp) {
        let Some(live) = self.live.get_mut(&key) else { return };
        if live.timer == at {
            return;
        }
        if live.timer != Timestamp::NEVER {
            self.timers.remove(&(live.timer, key));
        }
        live.timer = at;
        if at != Timestamp::NEVER {
            self.timers.insert((at, key));
        }
    }

    /// A message whose outcome is not known any more may have a receipt on disk that found nothing before.
    fn follow_unknown(&mut self, key: RowKey, from: State, to: State) {
        match (from == State::Unknown, to == State::Unknown) {
            (false, true) => self.unknown += 1,
            (true, false) => self.unknown = self.unknown.saturating_sub(1),
            _ => {}
        }
        let Some(live) = self.live.get(&key) else { return };
        if to == State::Unknown
            && let Some(connector) = live.progress.connector
        {
            self.parked_receipts.look_again((connector, live.facts.recipient_hash));
        }
    }

    fn policy_of(&self, live: &Live, input: StepInput, note: ReceiptNote) -> Policy<'_> {
        let traffic = &self.snapshot.traffic;
        let route = self.route_of(live);
        let connector = live.latest().and_then(|attempt| traffic.connectors.get(&attempt.connector));
        let on_unknown = route.and_then(|route| route.on_unknown).unwrap_or(match live.facts.class {
            Class::OneTime | Class::Transactional => UnknownPolicy::PreferNoDuplicate,
            Class::Bulk => UnknownPolicy::PreferDelivery,
        });
        let can_query = live
            .latest()
            .and_then(|attempt| self.connectors.get(&attempt.connector))
            .is_some_and(|state| state.channel.capabilities().query);
        let reroute_on = route.map_or(&[][..], |route| &route.reroute_on);
        let patience_ms = route.and_then(|route| route.patience_ms);
        // Nearly all messages are begun, taken and delivered, and nobody asks where else they could go.
        let goes_well = match input {
            StepInput::Begin => true,
            StepInput::Answer { verdict: Verdict::Accepted, .. } => patience_ms.is_none(),
            StepInput::Receipt { state: ReceiptState::Delivered, .. } => true,
            _ => false,
        };
        let more_connectors = !goes_well && route.is_some_and(|route| self.has_more(live, route, input));
        Policy {
            on_unknown,
            can_query,
            receipts: connector.is_none_or(|connector| connector.offer.receipts),
            reroute_on,
            error_reroutes: note.reroutes,
            patience_ms,
            more_connectors,
            expires_at: live.facts.expires_at,
            trigger: live.facts.trigger,
            transient_count: live.transient_count(),
            resent_count: live.resent_count(),
        }
    }

    /// Whether another connector of its route could take a message.
    fn has_more(&self, live: &Live, route: &CompiledRoute, input: StepInput) -> bool {
        // A message that a connector cannot carry was not tried there: the latest one may take it again.
        let latest = live.latest().map(|attempt| attempt.connector);
        let latest = latest.filter(|_| input != StepInput::NotEncodable);
        // Parts that a carrier took bind the rest of the message to it.
        let bound = live.latest().is_some_and(|attempt| {
            attempt.answers.len() > 1 && attempt.answers.contains(&Some(Verdict::Accepted))
        }) && live.progress.state != State::Submitted;
        let connectors = &self.snapshot.traffic.connectors;
        let could_take = |id: &ConnectorId| {
            let usable = connectors.get(id).is_some_and(|connector| !connector.disabled);
            usable && Some(*id) != latest && !live.left.contains(id) && self.carries(live, *id)
        };
        !bound && route.legs.iter().any(|(id, _)| could_take(id))
    }

    /// Writes an event for the customer, if it wants to hear of it.
    fn tell(&mut self, key: RowKey, note: ReceiptNote, now: Timestamp) {
        let Some(live) = self.live.get(&key) else { return };
        let state = live.progress.state;
        let wish = live.facts.report;
        let successes_only = live.progress.flags.contains(Flags::SUCCESSES_ONLY);
        let wanted = if state.is_final() {
            (!wish.failures_only || state.is_failure()) && !(successes_only && state.is_failure())
        } else {
            wish.steps
        };
        if live.progress.flags.contains(Flags::DELETED) {
            return;
        }
        let own = wish.endpoint.filter(|_| wanted);
        let endpoints = self.listeners(live.facts.account, own, EventType::Message(state));
        if endpoints.is_empty() {
            return;
        }
        let Some(live) = self.live.get_mut(&key) else { return };
        let seq = live.progress.events;
        live.progress.events = seq.saturating_add(1);
        let (reason, receipt, error) = (live.progress.reason, note.state, note.error);
        let subject = EventSubject::Message { state, reason, receipt, error, seq };
        for endpoint in endpoints {
            let row = self.event_row(endpoint, key, subject, now);
            let Some(live) = self.live.get(&key) else { return };
            let event = crate::notify::Event::of_message(&row, live);
            self.draft.batch.outbox.push(row);
            self.draft.events.push((endpoint, event));
        }
    }

    /// Where an event is told: at the endpoint that its message names, and at those of the account that
    /// hear of everything; each only if it wants such events.
    pub(super) fn listeners(
        &self,
        account: AccountId,
        own: Option<EndpointId>,
        event: EventType,
    ) -> Vec<EndpointId> {
        let directory = self.shared.directory.load();
        let standing = directory.standing.get(&account).into_iter().flatten().copied();
        let wants = |id: &EndpointId| {
            let known = directory.endpoints.get(id);
            // One that cannot be opened keeps its events until it can.
            known.is_none_or(|known| !known.removed && known.wants.wants(event))
        };
        own.into_iter().chain(standing.filter(|id| Some(*id) != own)).filter(wants).collect()
    }

    /// The row of an event that is to be told at once.
    pub(super) fn event_row(
        &mut self,
        endpoint: EndpointId,
        about: RowKey,
        subject: EventSubject,
        now: Timestamp,
    ) -> OutboxRow {
        let (key, tail) = self.next_key(now);
        OutboxRow { key, tail, endpoint, about, subject, at: now, tries: 0, next_at: now }
    }
}
