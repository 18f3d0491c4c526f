//! From the queue to the wire: choosing a connector, writing ahead, handing over.
//!
//! An attempt is recorded in the same commit as everything else of the cycle, and only after that
//! commit is the message handed to the channel. A message that was just admitted and for which a
//! connector has room is admitted and written ahead in one commit.

use decide::lifecycle::Input as StepInput;
use decide::route::{Subject, choose, find_route, parts_needed};
use decide::snapshot::CompiledRoute;
use ports::channel::{AttemptRef, Dispatch};
use ports::store::AttemptRow;
use types::address::Address;
use types::id::{ConnectorId, RowKey};
use types::message::{Content, Reason, State};
use types::time::Timestamp;

use super::live::{AttemptLive, Live};
use super::steps::ReceiptNote;
use super::{Engine, EngineError};

/// Messages that one connector is handed in one cycle.
const HANDOVER_MAX: usize = 1_024;
/// Timers that one cycle works off.
const DUE_MAX: usize = 2_048;

/// Where a queued message should wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    /// In the queue of this connector.
    Connector(ConnectorId),
    /// Nowhere yet: no route or no open connector may take it now.
    Wait,
    /// No connector of its route will ever take it.
    Never,
}

impl Engine {
    /// The route that holds for a message now.
    pub(super) fn route_of(&self, live: &Live) -> Option<&CompiledRoute> {
        let directory = self.shared.directory.load();
        let handle = directory.accounts.get(&live.facts.account)?;
        let sender = live.source.text();
        find_route(&self.snapshot.traffic, &subject_of(live, &handle.account.name, &sender, 0))
    }

    /// Whether a connector can carry a message in the parts that were sold. Content that is not in
    /// memory was checked at admission and counts as carried.
    pub(super) fn carries(&self, live: &Live, connector: ConnectorId) -> bool {
        let Some(connector) = self.snapshot.traffic.connectors.get(&connector) else { return false };
        live.content.as_ref().is_none_or(|content| {
            parts_needed(content, &connector.offer).is_some_and(|parts| parts <= live.facts.price.parts)
        })
    }

    /// Puts a queued message into the queue of the connector that it should take: the first of its
    /// route that is up and was not left, else the first that may come up.
    pub(super) fn place(&mut self, key: RowKey, now: Timestamp) -> Result<(), EngineError> {
        let spread = self.spread.next();
        let Some(live) = self.live.get(&key) else { return Ok(()) };
        let (expires_at, class) = (live.facts.expires_at, live.facts.class);
        let target = self.target_of(live, spread);
        if target == Target::Never {
            return self.step(key, StepInput::NotEncodable, ReceiptNote::default(), now).map(|_| ());
        }
        self.set_timer(key, expires_at);
        let connector = if let Target::Connector(id) = target { Some(id) } else { None };
        if let Some(live) = self.live.get_mut(&key) {
            live.queued_for = connector;
        }
        match connector.and_then(|id| self.connectors.get_mut(&id)) {
            Some(state) => state.push(class, key),
            None => self.unplaced.push(key),
        }
        Ok(())
    }

    /// Finds messages a connector that had none: routes or links have changed.
    pub(super) fn place_unplaced(&mut self, now: Timestamp) -> Result<(), EngineError> {
        let waiting = std::mem::take(&mut self.unplaced);
        for chunk in waiting.chunks(super::LIVE_MAX / 10) {
            self.ensure_live(chunk)?;
            for key in chunk {
                if self.live.get(key).is_some_and(|live| live.progress.state == State::Queued) {
                    self.place(*key, now)?;
                }
            }
        }
        Ok(())
    }

    fn target_of(&self, live: &Live, spread: u64) -> Target {
        let open = |id: &ConnectorId| self.connectors.contains_key(id);
        // Parts that the carrier took already bind the rest of the message to it.
        if let Some(latest) = live.latest()
            && latest.answers.len() > 1
            && latest.answers.contains(&Some(types::receipt::Verdict::Accepted))
            && matches!(live.progress.reason, Reason::Throttled | Reason::Transient)
        {
            return if open(&latest.connector) { Target::Connector(latest.connector) } else { Target::Wait };
        }
        let directory = self.shared.directory.load();
        let Some(handle) = directory.accounts.get(&live.facts.account) else { return Target::Wait };
        let sender = live.source.text();
        let subject = subject_of(live, &handle.account.name, &sender, spread);
        // Without a route the message waits: one may be published before its validity ends.
        let Some(route) = find_route(&self.snapshot.traffic, &subject) else { return Target::Wait };
        let legs: Vec<ConnectorId> = match &live.content {
            Some(content) => {
                let choice = choose(&self.snapshot.traffic, route, &subject, content);
                if choice.legs.is_empty() && !choice.passed_over.is_empty() {
                    return Target::Never;
                }
                choice.legs
            }
            None => route.legs.iter().map(|(id, _)| *id).collect(),
        };
        let not_left: Vec<ConnectorId> = legs.iter().filter(|id| !live.left.contains(id)).copied().collect();
        if not_left.is_empty() && !legs.is_empty() {
            return Target::Never;
        }
        let latest = live.latest().map(|attempt| attempt.connector);
        let avoid = if live.progress.reason == Reason::Transient { latest } else { None };
        let up = |id: &&ConnectorId| self.connectors.get(id).is_some_and(super::live::ConnectorState::is_up);
        let preferred = not_left.iter().filter(up).find(|id| Some(**id) != avoid);
        let chosen =
            preferred.or_else(|| not_left.iter().find(up)).or_else(|| not_left.iter().find(|id| open(id)));
        chosen.map_or(Target::Wait, |id| Target::Connector(*id))
    }

    /// Works off what is due.
    pub(super) fn run_due(&mut self, now: Timestamp) -> Result<(), EngineError> {
        let due: Vec<_> =
            self.timers.iter().take_while(|(at, _)| *at <= now).take(DUE_MAX).copied().collect();
        let keys: Vec<RowKey> = due.iter().map(|(_, key)| *key).collect();
        self.ensure_live(&keys)?;
        for (at, key) in due {
            self.timers.remove(&(at, key));
            let Some(live) = self.live.get_mut(&key) else { continue };
            if live.timer == at {
                live.timer = Timestamp::NEVER;
            }
            let retry_is_due = live.progress.state == State::Queued && now < live.facts.expires_at;
            if retry_is_due {
                self.place(key, now)?;
            } else {
                let effects = self.step(key, StepInput::Due, ReceiptNote::default(), now)?;
                self.note_query(key, effects)?;
            }
        }
        Ok(())
    }

    /// Hands waiting messages to connectors that have room.
    pub(super) fn pump(&mut self, now: Timestamp) -> Result<(), EngineError> {
        let mut ready: Vec<ConnectorId> = self
            .connectors
            .iter()
            .filter(|(_, state)| state.credit > 0 && state.queued() > 0)
            .map(|(id, _)| *id)
            .collect();
        ready.sort_unstable();
        for connector in ready {
            let mut keys = Vec::new();
            if let Some(state) = self.connectors.get_mut(&connector) {
                let room = usize::try_from(state.credit).unwrap_or(0).min(HANDOVER_MAX);
                while keys.len() < room
                    && let Some(key) = state.pop()
                {
                    keys.push(key);
                }
            }
            self.ensure_live(&keys)?;
            self.ensure_content(&keys)?;
            for key in keys {
                self.hand_over(connector, key, now)?;
            }
        }
        Ok(())
    }

    fn hand_over(&mut self, connector: ConnectorId, key: RowKey, now: Timestamp) -> Result<(), EngineError> {
        // A queue may hold keys of messages that have moved on since; their turn passes.
        let Some(live) = self.live.get(&key) else { return Ok(()) };
        let waits_here = live.queued_for.is_none_or(|target| target == connector);
        if live.progress.state != State::Queued || !waits_here {
            return Ok(());
        }
        if now >= live.facts.expires_at {
            return self.step(key, StepInput::Due, ReceiptNote::default(), now).map(|_| ());
        }
        let Some(content) = live.content.clone() else {
            tracing::error!("a queued message has lost its content");
            return self.step(key, StepInput::NotEncodable, ReceiptNote::default(), now).map(|_| ());
        };
        let trigger = if live.attempts.is_empty() { Reason::None } else { live.progress.reason };
        if self.step(key, StepInput::Begin, ReceiptNote::default(), now)?.is_none() {
            return Ok(());
        }
        let row = self.attempt_row(key, connector, trigger, &content, now);
        let Some(row) = row else { return Ok(()) };
        let real = self.connectors.get(&connector).is_none_or(|state| state.channel.capabilities().real);
        let Some(live) = self.live.get_mut(&key) else { return Ok(()) };
        live.queued_for = None;
        live.progress.connector = Some(connector);
        if !real {
            live.progress.flags = live.progress.flags.with(types::message::Flags::TEST);
        }
        let parts = usize::from(row.parts);
        let mut attempt = AttemptLive {
            number: row.attempt,
            connector,
            trigger,
            answers: vec![None; parts],
            receipts: vec![None; parts],
            group: row.attempt,
        };
        live.inherit_parts(&mut attempt);
        let dispatch = dispatch_of(live, &attempt, content);
        live.attempts.push(attempt);
        self.draft.batch.attempts.push(row);
        self.draft.dispatches.entry(connector).or_default().push(dispatch);
        if let Some(state) = self.connectors.get_mut(&connector) {
            state.credit = state.credit.saturating_sub(1);
        }
        Ok(())
    }

    fn attempt_row(
        &self,
        key: RowKey,
        id: ConnectorId,
        trigger: Reason,
        content: &Content,
        now: Timestamp,
    ) -> Option<AttemptRow> {
        let live = self.live.get(&key)?;
        let connector = self.snapshot.traffic.connectors.get(&id)?;
        let parts = parts_needed(content, &connector.offer).unwrap_or(1).clamp(1, 255);
        let rate = connector.rates.get(live.recipient).map(|(_, micros)| *micros);
        let mut passed_over = Vec::new();
        if let Some(route) = self.route_of(live) {
            let before = route.legs.iter().take_while(|(leg, _)| *leg != id);
            passed_over.extend(before.map(|(leg, _)| (*leg, self.why_passed_over(live, *leg).code())));
        }
        Some(AttemptRow {
            message: key,
            attempt: live.progress.attempts,
            connector: id,
            trigger,
            started_at: now,
            parts: u8::try_from(parts).unwrap_or(u8::MAX),
            cost_micros: rate.and_then(|rate| rate.checked_mul(i64::from(parts))),
            cost_unit: rate.map(|_| connector.currency),
            traffic_version: self.snapshot.traffic.version,
            route: self.route_of(live).map_or(u16::MAX, |route| route.index),
            passed_over,
            sealed_sent: Vec::new(),
        })
    }

    fn why_passed_over(&self, live: &Live, connector: ConnectorId) -> Reason {
        if live.left.contains(&connector) {
            return Reason::Rerouted;
        }
        match self.connectors.get(&connector) {
            Some(state) if !state.is_up() => Reason::NoConnectorUp,
            None => Reason::NoConnectorUp,
            Some(_) if !self.carries(live, connector) => Reason::NotEncodable,
            Some(_) => Reason::None,
        }
    }
}

fn subject_of<'a>(live: &'a Live, account: &'a str, sender: &'a str, spread: u64) -> Subject<'a> {
    Subject {
        account,
        recipient: live.recipient,
        country: live.facts.country,
        network: live.facts.network.map(|fact| fact.plmn),
        sender,
        class: live.facts.class,
        traffic_type: &live.facts.traffic_type,
        parts: live.facts.price.parts,
        spread,
    }
}

fn dispatch_of(live: &Live, attempt: &AttemptLive, content: std::sync::Arc<Content>) -> Dispatch {
    let missing = |(place, answer): (usize, &Option<types::receipt::Verdict>)| {
        if answer.is_none() { u8::try_from(place + 1).ok() } else { None }
    };
    let inherited = attempt.answers.iter().any(Option::is_some);
    let only_parts =
        if inherited { attempt.answers.iter().enumerate().filter_map(missing).collect() } else { Vec::new() };
    Dispatch {
        attempt: AttemptRef { message: live.facts.key, attempt: attempt.number },
        only_parts,
        source: live.source.as_sender(),
        destination: Address::international(live.recipient),
        content,
        // The low bits of the key differ between messages that follow each other to one phone.
        reference: u16::try_from(live.facts.key.as_i64() & 0xffff).unwrap_or(0),
        class: live.facts.class,
        expires_at: live.facts.expires_at,
        public_id: ports::store::message_id(&live.facts),
    }
}
