//! Where a message goes: which connectors may take it, in which order.
//!
//! The first route whose conditions hold wins; its connectors are tried in order, and neighbours
//! that state a weight share traffic by it. A connector that would need more parts than were sold,
//! that cannot carry the content, or that was tried already is passed over, and the answer says so.

use types::address::{Addressing, Msisdn};
use types::form::{Manner, fit};
use types::id::ConnectorId;
use types::message::{Class, Content, Reason};
use types::network::{Country, Plmn};

use crate::prefix::begins_with;
use crate::snapshot::{CompiledRoute, Conditions, TrafficTable};

/// What a connector can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// In which form it takes messages.
    pub manner: Manner,
    /// How it asks addresses to be stated.
    pub addressing: Addressing,
    /// Whether receipts come.
    pub receipts: bool,
}

/// What routing looks at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The account's name.
    pub account: &'a str,
    /// The recipient.
    pub recipient: Msisdn,
    /// Its country.
    pub country: Country,
    /// Its network, when known.
    pub network: Option<Plmn>,
    /// The sender as text.
    pub sender: &'a str,
    /// The class.
    pub class: Class,
    /// The operator's traffic type.
    pub traffic_type: &'a str,
    /// Parts sold.
    pub parts: u32,
    /// Spreads messages over weights: any number that differs from message to message.
    pub spread: u64,
}

/// The connectors that may take a message, the best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The route's place in the document.
    pub route: u16,
    /// Connectors that may be tried now or later.
    pub legs: Vec<ConnectorId>,
    /// Connectors passed over, with why.
    pub passed_over: Vec<(ConnectorId, Reason)>,
}

/// The first route that holds for a message.
pub fn find_route<'t>(table: &'t TrafficTable, subject: &Subject<'_>) -> Option<&'t CompiledRoute> {
    table.routes.iter().find(|route| holds(&route.when, subject))
}

/// The connectors that may take a message, and those that are passed over.
pub fn choose(
    table: &TrafficTable,
    route: &CompiledRoute,
    subject: &Subject<'_>,
    content: &Content,
) -> Choice {
    let mut choice = Choice { route: route.index, legs: Vec::new(), passed_over: Vec::new() };
    for id in ordered_legs(&route.legs, subject.spread) {
        let Some(connector) = table.connectors.get(&id).filter(|connector| !connector.disabled) else {
            continue;
        };
        match parts_needed(content, &connector.offer) {
            Some(parts) if parts <= subject.parts => choice.legs.push(id),
            _ => choice.passed_over.push((id, Reason::NotEncodable)),
        }
    }
    choice
}

/// How many parts a content needs on a connector; `None` when it cannot be carried there.
pub fn parts_needed(content: &Content, offer: &Offer) -> Option<u32> {
    fit(content, &offer.manner, 0).map(|fit| u32::from(fit.parts))
}

/// Legs in the order in which this message tries them: runs of weighted neighbours are rotated so
/// that each comes first as often as its weight says.
fn ordered_legs(legs: &[(ConnectorId, u32)], spread: u64) -> Vec<ConnectorId> {
    let mut ordered = Vec::with_capacity(legs.len());
    let mut rest = legs;
    while let Some((first, weight)) = rest.first() {
        if *weight == 0 {
            ordered.push(*first);
            rest = rest.get(1..).unwrap_or(&[]);
            continue;
        }
        let run = rest.iter().take_while(|(_, weight)| *weight > 0).count();
        let (group, after) = rest.split_at(run);
        ordered.extend(draw_order(group, spread));
        rest = after;
    }
    ordered
}

fn draw_order(group: &[(ConnectorId, u32)], spread: u64) -> Vec<ConnectorId> {
    let mut left: Vec<(ConnectorId, u32)> = group.to_vec();
    let mut order = Vec::with_capacity(left.len());
    let mut draw = mix(spread);
    while !left.is_empty() {
        let total: u64 = left.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut point = draw % total.max(1);
        draw = mix(draw);
        let place = left.iter().position(|(_, weight)| {
            let weight = u64::from(*weight);
            if point < weight {
                true
            } else {
                point -= weight;
                false
            }
        });
        order.push(left.remove(place.unwrap_or(0)).0);
    }
    order
}

/// Scatters the bits of a number (the finaliser of SplitMix64), so that neighbours differ.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn holds(when: &Conditions, subject: &Subject<'_>) -> bool {
    let network = subject.network;
    let any = |list: &[String], value: &str| list.is_empty() || list.iter().any(|item| item == value);
    any(&when.accounts, subject.account)
        && any(&when.traffic_types, subject.traffic_type)
        && (when.classes.is_empty() || when.classes.contains(&subject.class))
        && (when.countries.is_empty() || when.countries.contains(&subject.country))
        && (when.prefixes.is_empty()
            || when.prefixes.iter().any(|prefix| begins_with(subject.recipient, *prefix)))
        && (when.senders.is_empty()
            || when.senders.iter().any(|pattern| sender_matches(pattern, subject.sender)))
        && (when.mccs.is_empty() || network.is_some_and(|n| any(&when.mccs, &format!("{:03}", n.mcc))))
        && (when.mncs.is_empty() || network.is_some_and(|n| any(&when.mncs, &mnc_text(n))))
}

fn mnc_text(network: Plmn) -> String {
    format!("{:0width$}", network.mnc, width = usize::from(network.mnc_digits))
}

fn sender_matches(pattern: &str, sender: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(head) => sender.starts_with(head),
        None => pattern == sender,
    }
}

#[cfg(test)]
mod tests;
