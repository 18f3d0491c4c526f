//! One attempt as it is written ahead: in which form, under which addresses, at which cost.
//!
//! What stands in the row is what the channel is handed, so that the octets on the wire can be made
//! again from it. Start at [`Engine::outline`].

use decide::snapshot::CompiledConnector;
use ports::channel::{AttemptRef, Dispatch};
use ports::store::AttemptRow;
use types::address::{Address, Addressing};
use types::charge::Cost;
use types::form::{Fit, Rendering, fit, sent_content};
use types::id::{ConnectorId, RowKey};
use types::message::{Content, Reason};
use types::money::Money;
use types::receipt::Verdict;
use types::time::Timestamp;

use super::Engine;
use super::live::{AttemptLive, Live};
use crate::seal::Kind;
use crate::sealed::{Sent, write_sent};

/// What is decided of an attempt before it begins.
struct Outline {
    fit: Fit,
    /// The parts that it sends, by number; empty for all.
    only_parts: Vec<u8>,
}

/// An attempt that can begin.
pub(super) struct Prepared {
    pub(super) attempt: AttemptLive,
    pub(super) row: AttemptRow,
    pub(super) dispatch: Dispatch,
    /// Whether the connector leads to real people.
    pub(super) real: bool,
}

impl Engine {
    /// The next attempt of a queued message on a connector; `None` when the connector cannot carry the
    /// message. It changes nothing.
    pub(super) fn prepared(
        &self,
        live: &Live,
        connector: ConnectorId,
        content: &std::sync::Arc<Content>,
        now: Timestamp,
    ) -> Option<Prepared> {
        let Outline { fit, only_parts } = self.outline(live, connector, content)?;
        let trigger = if live.attempts.is_empty() { Reason::None } else { live.progress.reason };
        let number = live.progress.attempts.saturating_add(1);
        let mut attempt = AttemptLive::new(number, connector, (trigger, now), fit);
        live.complete(&mut attempt, &only_parts);
        let (row, dispatch) = self.attempt_row(live, &attempt, only_parts, content, now)?;
        let real = self.connectors.get(&connector).is_none_or(|state| state.channel.capabilities().real);
        Some(Prepared { attempt, row, dispatch, real })
    }

    /// The form of the next attempt on a connector and the parts that it sends; `None` when the
    /// connector cannot carry the message in the parts that were sold. An attempt that completes an
    /// earlier one keeps its form.
    fn outline(&self, live: &Live, id: ConnectorId, content: &Content) -> Option<Outline> {
        if let Some(begun) = live.to_be_completed().filter(|begun| begun.connector == id) {
            let fit = Fit { form: begun.form, parts: begun.parts };
            return Some(Outline { fit, only_parts: begun.missing_parts() });
        }
        let connector = self.snapshot.traffic.connectors.get(&id)?;
        let found = fit(content, &connector.offer.manner, reference_of(live.facts.key))?;
        let carried = u32::from(found.parts) <= live.facts.price.parts;
        carried.then_some(Outline { fit: found, only_parts: Vec::new() })
    }

    /// The row of an attempt that has begun, and what the channel is handed.
    fn attempt_row(
        &self,
        live: &Live,
        attempt: &AttemptLive,
        only_parts: Vec<u8>,
        content: &std::sync::Arc<Content>,
        now: Timestamp,
    ) -> Option<(AttemptRow, Dispatch)> {
        let connector = self.snapshot.traffic.connectors.get(&attempt.connector)?;
        let (source, destination) = sent_addresses(live, &connector.offer.addressing);
        let mut passed_over = Vec::new();
        let route = self.route_of(live);
        if let Some(route) = route {
            let before = route.legs.iter().take_while(|(leg, _)| *leg != attempt.connector);
            passed_over.extend(before.map(|(leg, _)| (*leg, self.why_passed_over(live, *leg).code())));
        }
        let network = self.snapshot.traffic.network_of(live.recipient, now).map(|(fact, _)| fact);
        let mut row = AttemptRow {
            message: live.facts.key,
            attempt: attempt.number,
            connector: attempt.connector,
            trigger: attempt.trigger,
            started_at: now,
            parts: attempt.parts,
            only_parts,
            form: attempt.form,
            network: network.or(live.facts.network),
            cost: None,
            traffic_version: self.snapshot.traffic.version,
            route: route.map_or(u16::MAX, |route| route.index),
            passed_over,
            sealed_sent: self.seal_sent(
                live,
                attempt,
                (&source, &destination),
                &connector.offer.addressing,
                content,
            ),
        };
        row.cost = cost_of(connector, live, row.bought(), self.snapshot.traffic.version);
        let dispatch = Dispatch {
            attempt: AttemptRef { message: live.facts.key, attempt: attempt.number },
            only_parts: row.only_parts.clone(),
            source,
            destination,
            content: std::sync::Arc::clone(content),
            form: attempt.form,
            requests: row.requests(),
            class: live.facts.class,
            expires_at: live.facts.expires_at,
            public_id: ports::store::message_id(&live.facts),
        };
        Some((row, dispatch))
    }

    /// What was sent otherwise than in normal form; empty for nearly all messages.
    fn seal_sent(
        &self,
        live: &Live,
        attempt: &AttemptLive,
        (source, destination): (&Address, &Address),
        asks: &Addressing,
        content: &Content,
    ) -> Vec<u8> {
        let normal = *asks == Addressing::default() && attempt.form.rendering == Rendering::AsReceived;
        if normal {
            return Vec::new();
        }
        let sent = Sent {
            attempt: attempt.number,
            source: (*source != live.source.as_sender()).then(|| source.clone()),
            destination: (*destination != Address::international(live.recipient))
                .then(|| destination.clone()),
            content: sent_content(content, &attempt.form),
        };
        if sent.is_nothing() {
            return Vec::new();
        }
        let Some(data_key) = self.sealer.key(live.facts.data_key) else { return Vec::new() };
        data_key.seal(Kind::Sent, live.facts.key, &write_sent(&sent), self.entropy.as_ref())
    }

    fn why_passed_over(&self, live: &Live, connector: ConnectorId) -> Reason {
        // What a connector cannot carry is left without an attempt.
        if !self.carries(live, connector) {
            return Reason::NotEncodable;
        }
        if live.left.contains(&connector) {
            return Reason::Rerouted;
        }
        match self.connectors.get(&connector) {
            Some(state) if state.is_up() => Reason::None,
            Some(_) | None => Reason::NoConnectorUp,
        }
    }
}

/// The addresses of a message as a carrier is sent them.
pub(super) fn sent_addresses(live: &Live, asks: &Addressing) -> (Address, Address) {
    let destination = Address::international(live.recipient);
    (asks.source(live.source.as_sender()), asks.destination(destination))
}

/// What the parts of a message share. The low bits of the key differ between messages that follow
/// each other to one phone.
fn reference_of(key: RowKey) -> u16 {
    u16::try_from(key.as_i64() & 0xffff).unwrap_or(0)
}

fn cost_of(connector: &CompiledConnector, live: &Live, bought: u8, deck_version: u32) -> Option<Cost> {
    let (_, per_part) = connector.rates.get(live.recipient)?;
    let micros = per_part.checked_mul(i64::from(bought))?;
    let amount = Money::new(micros, connector.currency);
    Some(Cost { amount, deck_version, trigger: connector.rate_trigger })
}

impl AttemptLive {
    /// The numbers of the requests that were not taken.
    fn missing_parts(&self) -> Vec<u8> {
        let missing =
            |(answer, number): (&Option<Verdict>, u8)| (*answer != Some(Verdict::Accepted)).then_some(number);
        self.answers.iter().zip(1_u8..=u8::MAX).filter_map(missing).collect()
    }
}
