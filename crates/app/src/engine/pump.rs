//! From the queue to the wire: choosing a connector, writing ahead, handing over.
//!
//! An attempt is recorded in the same commit as everything else of the cycle, and only after that
//! commit is the message handed to the channel. A message that was just admitted and for which a
//! connector has room is admitted and written ahead in one commit.

use decide::lifecycle::Input as StepInput;
use decide::route::{Subject, choose, find_route, parts_needed};
use decide::snapshot::CompiledRoute;
use types::id::{ConnectorId, RowKey};
use types::message::{Reason, State};
use types::time::Timestamp;

use super::attempt::Prepared;
use super::crash::AtWork;
use super::live::{ConnectorState, Live};
use super::queue::Waiter;
use super::steps::ReceiptNote;
use super::{Engine, EngineError};

/// Messages that all connectors together are handed in one cycle, besides as many as it has admitted: a long queue is
/// worked off, and who submits meanwhile does not wait long for the cycle.
const HANDOVER_MAX: usize = 256;
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
    /// route that is up and was not left, else the first that may come up. One that waits for a person
    /// stands in no queue; only its validity goes on. A message that has moved on while it waited keeps its
    /// timer and is left alone.
    pub(super) fn place(&mut self, key: RowKey, now: Timestamp) -> Result<(), EngineError> {
        let spread = self.spread.next();
        let queued = self.live.get(&key).filter(|live| live.progress.state == State::Queued);
        let Some(live) = queued else { return Ok(()) };
        let (expires_at, class, account) = (live.facts.expires_at, live.facts.class, live.facts.account);
        if live.progress.flags.pause().is_some() {
            // What ended it crashed too, when it is never due.
            let is_never_due = live.progress.due_at == Timestamp::NEVER;
            self.set_timer(key, if is_never_due { Timestamp::NEVER } else { expires_at });
            return Ok(());
        }
        let Some(target) = self.guarded("placing", || self.target_of(live, spread)) else {
            return self.crashed_looking_at(key, now);
        };
        if target == Target::Never {
            return self.step(key, StepInput::NoConnector, ReceiptNote::default(), now).map(|_| ());
        }
        self.set_timer(key, expires_at);
        let connector = if let Target::Connector(id) = target { Some(id) } else { None };
        if let Some(live) = self.live.get_mut(&key) {
            live.queued_for = connector;
        }
        match connector.and_then(|id| self.connectors.get_mut(&id)) {
            Some(state) => state.queue.push(Waiter { key, account, class, since: now }),
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
        if let Some(begun) = live.to_be_completed() {
            return if open(&begun.connector) { Target::Connector(begun.connector) } else { Target::Wait };
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
        let elsewhere = matches!(live.progress.reason, Reason::Transient | Reason::CrashedWriting);
        let avoid = if elsewhere { latest } else { None };
        let up = |id: &&ConnectorId| self.connectors.get(id).is_some_and(ConnectorState::is_up);
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
            self.at_work = Some(AtWork::message("due", key));
            self.timers.remove(&(at, key));
            let Some(live) = self.live.get_mut(&key) else { continue };
            if live.timer == at {
                live.timer = Timestamp::NEVER;
            }
            if self.crashes.shuns(key) {
                continue;
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

    /// Hands waiting messages to connectors that have room. Which of them comes first goes round, because one cycle may
    /// not have enough for all.
    pub(super) fn pump(&mut self, now: Timestamp) -> Result<(), EngineError> {
        let mut ready: Vec<ConnectorId> =
            self.connectors.iter().filter(|(_, state)| state.can_take()).map(|(id, _)| *id).collect();
        let turn = usize::try_from(self.spread.next()).unwrap_or(0).checked_rem(ready.len());
        ready.rotate_left(turn.unwrap_or(0));
        let mut most = HANDOVER_MAX + self.draft.new_messages.len();
        for connector in ready {
            let mut keys = Vec::new();
            if let Some(state) = self.connectors.get_mut(&connector) {
                let room = usize::try_from(state.credit).unwrap_or(0).min(most);
                while keys.len() < room
                    && let Some(waiter) = state.queue.pop()
                {
                    keys.push(waiter.key);
                }
            }
            most -= keys.len();
            self.at_work = Some(AtWork::other("handover"));
            self.ensure_live(&keys)?;
            self.ensure_content(&keys)?;
            for key in keys {
                self.at_work = Some(AtWork::message("handover", key));
                self.hand_over(connector, key, now)?;
            }
        }
        self.has_more_to_hand_over = most == 0;
        Ok(())
    }

    fn hand_over(&mut self, connector: ConnectorId, key: RowKey, now: Timestamp) -> Result<(), EngineError> {
        // A queue may hold keys of messages that have moved on since; their turn passes.
        let Some(live) = self.live.get(&key) else { return Ok(()) };
        let waits_here = live.queued_for.is_none_or(|target| target == connector);
        if live.progress.state != State::Queued || !waits_here || self.crashes.shuns(key) {
            return Ok(());
        }
        // It was put off after it had been placed.
        let due_at = live.progress.due_at;
        if due_at > now {
            self.set_timer(key, due_at);
            return Ok(());
        }
        if now >= live.facts.expires_at {
            return self.step(key, StepInput::Due, ReceiptNote::default(), now).map(|_| ());
        }
        if self.is_suppressed_by_now(key)? {
            return self.step(key, StepInput::Suppressed, ReceiptNote::default(), now).map(|_| ());
        }
        let Some(live) = self.live.get(&key) else { return Ok(()) };
        let Some(content) = live.content.clone() else {
            tracing::error!("a queued message has lost its content");
            return self.step(key, StepInput::NoConnector, ReceiptNote::default(), now).map(|_| ());
        };
        let Some(prepared) = self.guarded("handover", || self.prepared(live, connector, &content, now))
        else {
            return self.crashed_looking_at(key, now);
        };
        let Some(Prepared { attempt, row, dispatch, real }) = prepared else {
            // Routes or connectors have changed since it was placed: the next one may carry it.
            if let Some(live) = self.live.get_mut(&key) {
                live.left.push(connector);
            }
            return self.step(key, StepInput::NotEncodable, ReceiptNote::default(), now).map(|_| ());
        };
        if self.step(key, StepInput::Begin, ReceiptNote::default(), now)?.is_none() {
            return Ok(());
        }
        let Some(live) = self.live.get_mut(&key) else { return Ok(()) };
        live.queued_for = None;
        live.progress.connector = Some(connector);
        if !real {
            live.progress.flags = live.progress.flags.with(types::message::Flags::TEST);
        }
        let number = attempt.number;
        live.attempts.push(attempt);
        self.follow_doubt(key, number);
        self.draft.batch.attempts.push(row);
        self.draft.dispatches.entry(connector).or_default().push(dispatch);
        if let Some(state) = self.connectors.get_mut(&connector) {
            state.credit = state.credit.saturating_sub(1);
        }
        Ok(())
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
