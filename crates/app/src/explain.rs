//! Why: the story of a message in sentences, each with the facts and versions that it rests on.
//!
//! Every sentence is built from what was recorded when the decision was taken; nothing is decided
//! anew and nothing is guessed. No sentence holds personal data.

use decide::cost::Owed;
use types::address::{Address, mask};
use types::charge::{ChargeState, LotShare};
use types::message::{Flags, Pause, Reason, State};
use types::money::Money;
use types::network::{NetworkFact, NetworkSource};
use types::quiet::{QuietSource, TimeFinding, ZoneSource};
use types::receipt::{Origin, Verdict};
use types::resource::ChosenBy;
use types::suppression::SuppressionReason;
use types::time::Timestamp;

use crate::core::SuppressionView;
use crate::detail::{AttemptDetail, Because, LevelDetail, MessageDetail, ToldEvent};

mod customer;

/// Writes the story of a message, oldest first. `listed` is the recipient's entry in the suppression list, if
/// it has one now.
pub(crate) fn explain(detail: &MessageDetail, listed: Option<&SuppressionView>) -> Vec<Because> {
    let mut story = vec![admission(detail)];
    story.extend(sender(detail));
    story.extend(detail.time.as_ref().map(|time| clock(detail, time)));
    story.extend([price(detail), charge(detail)]);
    for attempt in &detail.attempts {
        story.push(route(attempt));
        story.extend(answers(attempt));
        story.extend(receipts(attempt));
    }
    story.extend(pause(detail));
    if let Some(end) = end(detail) {
        story.push(end);
    }
    story.extend(detail.told.iter().map(told));
    story.extend(detail.moot.iter().map(moot));
    story.extend(untold(detail));
    story.extend(listed.map(suppression));
    story.sort_by_key(|because| because.at);
    story
}

fn admission(detail: &MessageDetail) -> Because {
    let scheduled = detail.send_at.map(|at| format!(" It waits until {at}.")).unwrap_or_default();
    let text = format!(
        "Accepted through the {} door and written to stable storage before the answer.{scheduled}",
        detail.door
    );
    let mut facts = vec![
        ("class", detail.class.to_string()),
        ("country", detail.country.to_string()),
        ("profile version", detail.profile_version.to_string()),
        ("route version", detail.traffic_version.to_string()),
        ("valid until", detail.expires_at.to_string()),
    ];
    facts.push(("region", detail.region.to_string()));
    if let Some(network) = &detail.network {
        facts.push(("network", network.plmn.to_string()));
        facts.push(("network by", network_words(network)));
    }
    Because { at: detail.accepted_at, stage: "admission", text, facts }
}

/// Which sender of a pool was chosen, and why.
fn sender(detail: &MessageDetail) -> Option<Because> {
    let chosen = detail.chosen.as_ref()?;
    let why = match chosen.by {
        ChosenBy::Memory => "the recipient heard from it before",
        ChosenBy::Country => "it is of the recipient's country, and the recipient has heard from no other",
        ChosenBy::Spread => "the pool spreads recipients over its senders, and this one has that",
    };
    let text = format!("The sender was chosen from the pool {}: {why}.", chosen.pool_name);
    let facts = vec![("pool", chosen.pool.to_string()), ("chosen by", chosen.by.to_string())];
    Some(Because { at: detail.accepted_at, stage: "sender", text, facts })
}

/// What the recipient's clock had to do with the time at which the message is sent.
fn clock(detail: &MessageDetail, time: &TimeFinding) -> Because {
    let text = match &time.held_by {
        None => "It was asked to be sent at a time of the recipient's clock.".to_owned(),
        Some((source, hours)) => {
            let who = match source {
                QuietSource::Operator => "the operator",
                QuietSource::Account => "the account",
                QuietSource::Message => "its sender",
            };
            format!(
                "It was due at {} and fell into quiet hours of {who}, {hours} on the recipient's clock: it waits until \
                 they end, and its validity counts from then.",
                time.due_at
            )
        }
    };
    let known_by = match time.source {
        ZoneSource::Number => "the leading digits of the number",
        ZoneSource::Stated => "what the account knows of the contact",
        ZoneSource::Unknown => "nothing; UTC stands in",
    };
    let mut facts = vec![
        ("time zones", time.zones.join(", ")),
        ("time zones by", known_by.to_owned()),
        ("table of zones", time.table_version.to_string()),
    ];
    facts.extend(detail.send_at.map(|at| ("sent from", at.to_string())));
    Because { at: detail.accepted_at, stage: "schedule", text, facts }
}

/// Where the knowledge of a network comes from, and when it was asked.
fn network_words(network: &NetworkFact) -> String {
    let source = match network.source {
        NetworkSource::RangeTable => "number ranges",
        NetworkSource::Mnp => "look-up of ported numbers",
        NetworkSource::Hlr => "HLR",
        NetworkSource::Override => "override",
    };
    let ported = match network.ported {
        Some(true) => ", ported",
        Some(false) => ", not ported",
        None => "",
    };
    format!("{source}, version {}, asked {}{ported}", network.data_version, network.checked_at)
}

fn price(detail: &MessageDetail) -> Because {
    let parts = i64::from(detail.parts.max(1));
    let per_part = Money::new(detail.price.micros / parts, detail.price.unit);
    let text = match detail.parts {
        1 => format!("1 part costs {}.", detail.price),
        count => format!("{count} parts at {per_part} each cost {}.", detail.price),
    };
    let mut facts = vec![
        ("price book version", detail.book_version.to_string()),
        ("parts", detail.parts.to_string()),
        ("counted", "by 8-bit user data headers".to_owned()),
    ];
    if !detail.levels.is_empty() {
        let level = |level: &LevelDetail| {
            format!(
                "{} {} (price book version {})",
                level.account, level.price.amount, level.price.book_version
            )
        };
        facts.push(("levels above", detail.levels.iter().map(level).collect::<Vec<_>>().join(", ")));
    }
    Because { at: detail.accepted_at, stage: "price", text, facts }
}

fn charge(detail: &MessageDetail) -> Because {
    let text = match detail.charge {
        ChargeState::None => "Nothing was charged.",
        ChargeState::Held => "The price is held and will be charged or given back at the end.",
        ChargeState::Charged => "The price was charged; the profile's trigger says when.",
        ChargeState::Released => "The price was held and given back.",
        ChargeState::Refunded => "The price was charged and paid back.",
    };
    let mut facts = vec![("charge", detail.charge.to_string()), ("amount", detail.price.to_string())];
    if !detail.shares.is_empty() {
        let share = |share: &LotShare| {
            format!("lot {}: {}", share.lot.0, Money::new(share.micros, detail.price.unit))
        };
        facts.push(("lots", detail.shares.iter().map(share).collect::<Vec<_>>().join(", ")));
    }
    Because { at: detail.accepted_at, stage: "charge", text: text.to_owned(), facts }
}

fn route(attempt: &AttemptDetail) -> Because {
    let why = match attempt.trigger {
        Reason::None => String::new(),
        reason => format!(" The attempt before met: {}.", words(reason)),
    };
    let passed: Vec<String> =
        attempt.passed_over.iter().map(|(name, reason)| format!("{name} ({})", words(*reason))).collect();
    let over =
        if passed.is_empty() { String::new() } else { format!(" Passed over: {}.", passed.join(", ")) };
    let text = format!("Attempt {} goes to connector {}.{why}{over}", attempt.number, attempt.connector);
    let bought = if attempt.only_parts.is_empty() {
        attempt.parts.to_string()
    } else {
        let numbers: Vec<_> = attempt.only_parts.iter().map(u8::to_string).collect();
        format!("{} of {} ({})", numbers.len(), attempt.parts, numbers.join(", "))
    };
    let mut facts = vec![("route version", attempt.traffic_version.to_string()), ("parts bought", bought)];
    if !attempt.route.is_empty() {
        facts.push(("route", attempt.route.clone()));
    }
    facts.extend(sent(attempt));
    facts.extend(cost(attempt));
    Because { at: attempt.started_at, stage: "route", text, facts }
}

/// How the message went out: form, addresses, network. Numbers are masked.
fn sent(attempt: &AttemptDetail) -> Vec<(&'static str, String)> {
    let form = &attempt.form;
    let mut facts = vec![
        ("data coding", format!("0x{:02X}", form.data_coding)),
        ("encoding", form.encoding.to_string()),
        ("joined", form.joined.to_string()),
        ("text", form.rendering.to_string()),
        ("sender as sent", address_words(&attempt.source)),
        ("recipient as sent", address_words(&attempt.destination)),
    ];
    if form.reference != 0 {
        facts.push(("reference", form.reference.to_string()));
    }
    if let Some(network) = &attempt.network {
        facts.push(("network at send", format!("{} by {}", network.plmn, network_words(network))));
    }
    facts
}

/// An address with its types; digits are masked.
fn address_words(address: &Address) -> String {
    let text = address.text();
    let digits = address.octets.iter().all(|octet| octet.is_ascii_digit() || *octet == b'+');
    let name = address.ton == Address::TON_ALPHANUMERIC && !digits;
    let shown = if name { text.into_owned() } else { mask(&text, 4, 2) };
    format!("{shown} (type {}, plan {})", address.ton, address.npi)
}

/// What the supplier asked and what is owed by the answers and receipts. Nothing is shown as cost
/// where nothing is owed.
fn cost(attempt: &AttemptDetail) -> Vec<(&'static str, String)> {
    let (Some(cost), Some(owed)) = (attempt.cost, attempt.owed) else { return Vec::new() };
    let mut facts = vec![
        ("asked", cost.amount.to_string()),
        ("rate deck version", cost.deck_version.to_string()),
        ("owed", cost.trigger.to_string()),
    ];
    facts.extend(owed_facts(&owed));
    facts
}

fn owed_facts(owed: &Owed) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if owed.parts > 0 {
        facts.push(("cost", owed.amount.to_string()));
    }
    if owed.possible_parts > 0 {
        facts.push(("possible cost", owed.possible.to_string()));
    }
    facts
}

fn answers(attempt: &AttemptDetail) -> impl Iterator<Item = Because> + '_ {
    attempt.answers.iter().map(|answer| {
        let said = match answer.verdict {
            Verdict::Accepted => "took",
            Verdict::Throttled => "was too busy for",
            Verdict::Transient => "could not take now",
            Verdict::Permanent => "refused for good",
            Verdict::Reroute => "could not take here",
            Verdict::Unknown => "gave no answer about",
            Verdict::Crashed => "",
        };
        let text = if said.is_empty() {
            format!("Writing part {} crashed here; nothing of it left.", answer.part)
        } else {
            format!("The carrier {said} part {}.", answer.part)
        };
        let mut facts =
            vec![("status", format!("0x{:08X}", answer.status)), ("verdict", answer.verdict.to_string())];
        if let Some(id) = &answer.carrier_id {
            facts.push(("carrier's id", id.clone()));
        }
        facts.push(("written", answer.written_at.to_string()));
        Because { at: answer.answered_at, stage: "answer", text, facts }
    })
}

fn receipts(attempt: &AttemptDetail) -> impl Iterator<Item = Because> + '_ {
    attempt.receipts.iter().map(|receipt| {
        let who = match receipt.origin {
            Origin::Carrier | Origin::Intermediate => "A receipt of the carrier",
            Origin::Platform => "The platform",
            Origin::Staff => "A person of the operator",
        };
        let late =
            if receipt.contradicts { " It contradicts the end that was told, which stays." } else { "" };
        let text = format!("{who} says of part {}: {}.{late}", receipt.part, receipt.state);
        let mut facts = vec![
            ("stat", receipt.stat.clone()),
            ("err", receipt.error.clone()),
            ("submit date", receipt.submit_date.clone()),
            ("done date", receipt.done_date.clone()),
            ("origin", receipt.origin.to_string()),
            ("mapping version", receipt.mapping_version.to_string()),
        ];
        if !receipt.zone.is_empty() {
            facts.push(("zone of the dates", receipt.zone.clone()));
        }
        if !receipt.tlvs.is_empty() {
            facts.push(("parameters", hexadecimal(&receipt.tlvs)));
        }
        if let Some(echoed) = &receipt.echoed {
            facts.push(("recipient as echoed", address_words(&echoed.recipient)));
            facts.push(("sender as echoed", address_words(&echoed.sender)));
        }
        Because { at: receipt.read_at, stage: "receipt", text, facts }
    })
}

fn end(detail: &MessageDetail) -> Option<Because> {
    let at = detail.final_at.or_else(|| (detail.state == State::Unknown).then_some(detail.accepted_at))?;
    let mut text = match (detail.state, detail.reason) {
        (State::Delivered, _) => "Delivered.".to_owned(),
        (State::Unconfirmed, _) => {
            "Nobody knows whether the carrier has it, and the route prefers no duplicate, so it was not sent again.".to_owned()
        }
        (state, Reason::None) => format!("Ended as {state}."),
        (state, reason) => format!("Ended as {state}: {}.", words(reason)),
    };
    if detail.flags.contains(Flags::POSSIBLE_DUPLICATE) {
        text.push_str(" It may have arrived twice.");
    }
    let mut facts = vec![("state", detail.state.to_string()), ("reason", detail.reason.to_string())];
    let owed = detail.attempts.iter().filter_map(|attempt| attempt.owed);
    for (name, text) in decide::cost::sum(owed).iter().flat_map(owed_facts) {
        match facts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = format!("{known}, {text}"),
            None => facts.push((name, text)),
        }
    }
    Some(Because { at, stage: "end", text, facts })
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn told(event: &ToldEvent) -> Because {
    let text = format!("The customer was told {}.", event.state);
    let facts = vec![("event", event.seq.to_string()), ("tries", event.tries.to_string())];
    Because { at: event.told_at, stage: "report", text, facts }
}

fn moot((state, at): &(State, Timestamp)) -> Because {
    let text = format!("The customer was not told {state}: the form of its address has no such event.");
    Because { at: *at, stage: "report", text, facts: Vec::new() }
}

/// That no more can follow to the same recipient, since when and why.
fn suppression(entry: &SuppressionView) -> Because {
    let why = match entry.reason {
        SuppressionReason::OptOut => "it wrote that it wants no more",
        SuppressionReason::Complaint => "there was a complaint",
        SuppressionReason::Imported => "it came with an imported list",
        SuppressionReason::Manual => "the account has put it there",
    };
    let whose = if entry.pool.is_some() { "a pool of the account" } else { "the account" };
    let text = format!(
        "From here on the recipient is on the suppression list of {whose}, because {why}: further messages to it \
         are refused."
    );
    let facts = vec![("suppressed", entry.reason.to_string()), ("suppressed by", entry.source.clone())];
    Because { at: entry.created_at, stage: "suppression", text, facts }
}

/// That it waits for a person, and what happens meanwhile.
fn pause(detail: &MessageDetail) -> Option<Because> {
    let pause = detail.flags.pause().filter(|_| !detail.state.is_final())?;
    let why = match pause {
        Pause::Quarantined => "working on it crashed twice here",
        Pause::Restored => "it comes from a backup, and it may have been sent since that was made",
    };
    let text = format!(
        "It is not sent by itself: {why}, so it waits for a person of the operator, who sends it on or gives \
         it up. Until then its price stays held; its validity ends it all the same."
    );
    let answers = detail.attempts.iter().flat_map(|attempt| &attempt.answers);
    let at = answers.map(|answer| answer.answered_at).max().unwrap_or(detail.accepted_at);
    Some(Because { at, stage: "pause", text, facts: vec![("pause", pause.to_string())] })
}

/// Events that wait, and those that nobody took.
fn untold(detail: &MessageDetail) -> impl Iterator<Item = Because> {
    let at = detail.final_at.unwrap_or(detail.accepted_at);
    let waits = match detail.pending_events.saturating_sub(detail.dead_letters) {
        0 => None,
        1 => Some("1 event waits to be told to the customer.".to_owned()),
        count => Some(format!("{count} events wait to be told to the customer.")),
    };
    let dead = match detail.dead_letters {
        0 => None,
        1 => Some("1 event was given up: nobody took it. A person can have it told again.".to_owned()),
        count => Some(format!(
            "{count} events were given up: nobody took them. A person can have them told again."
        )),
    };
    let because = move |text| Because { at, stage: "report", text, facts: Vec::new() };
    waits.into_iter().chain(dead).map(because)
}

/// A reason in words.
fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::None => "its turn had not come",
        Reason::Receipt => "a receipt told so",
        Reason::CarrierRefused => "the carrier refused it for good",
        Reason::RoutesExhausted => "every connector of the route was tried",
        Reason::ValidityEnded => "its validity ended",
        Reason::Withdrawn => "the customer withdrew it",
        Reason::Suppressed => "the recipient had come onto the suppression list of the account",
        Reason::NoReceipt => "no receipt came in time",
        Reason::LinkBroke => "the link broke before the answer",
        Reason::AnswerMissing => "the answer did not come",
        Reason::ProcessStopped => "the process stopped before the answer",
        Reason::Throttled => "the carrier asked to slow down",
        Reason::Transient => "the carrier could not take it then",
        Reason::Rerouted => "the connector could not take it",
        Reason::NoConnectorUp => "the connector was down",
        Reason::NotEncodable => "it would have needed more parts than were sold, or cannot carry the content",
        Reason::Quarantined => "working on it crashed twice",
        Reason::CrashedWriting => "writing it for the carrier crashed here",
        Reason::CrashedDeciding => "a step of the engine crashed on it",
        Reason::GivenUp => "a person of the operator gave it up",
        Reason::Released => "a person of the operator let it go on",
        Reason::Erased => "its content was erased",
    }
}
