//! Why: the story of a message in sentences, each with the facts and versions that it rests on.
//!
//! Every sentence is built from what was recorded when the decision was taken; nothing is decided
//! anew and nothing is guessed. No sentence holds personal data.

use types::charge::ChargeState;
use types::message::{Flags, Reason, State};
use types::receipt::{Origin, Verdict};
use types::time::Timestamp;

use crate::detail::{AttemptDetail, Because, MessageDetail, ToldEvent};

mod customer;

/// Writes the story of a message, oldest first.
pub(crate) fn explain(detail: &MessageDetail) -> Vec<Because> {
    let mut story = vec![admission(detail), price(detail), charge(detail)];
    for attempt in &detail.attempts {
        story.push(route(attempt));
        story.extend(answers(attempt));
        story.extend(receipts(attempt));
    }
    if let Some(end) = end(detail) {
        story.push(end);
    }
    story.extend(detail.told.iter().map(told));
    story.extend(detail.moot.iter().map(moot));
    story.extend(untold(detail));
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
    if let Some(network) = detail.network {
        facts.push(("network", network.plmn.to_string()));
    }
    Because { at: detail.accepted_at, stage: "admission", text, facts }
}

fn price(detail: &MessageDetail) -> Because {
    let parts = i64::from(detail.parts.max(1));
    let per_part = types::money::Money::new(detail.price.micros / parts, detail.price.unit);
    let text = match detail.parts {
        1 => format!("1 part costs {}.", detail.price),
        count => format!("{count} parts at {per_part} each cost {}.", detail.price),
    };
    let facts = vec![
        ("price book version", detail.book_version.to_string()),
        ("parts", detail.parts.to_string()),
        ("counted", "by 8-bit user data headers".to_owned()),
    ];
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
    let facts = vec![("charge", detail.charge.to_string()), ("amount", detail.price.to_string())];
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
    let mut facts = vec![
        ("route version", attempt.traffic_version.to_string()),
        ("parts bought", attempt.parts.to_string()),
    ];
    if !attempt.route.is_empty() {
        facts.push(("route", attempt.route.clone()));
    }
    if let Some(cost) = attempt.cost {
        facts.push(("cost", cost.to_string()));
    }
    Because { at: attempt.started_at, stage: "route", text, facts }
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
        };
        let text = format!("The carrier {said} part {}.", answer.part);
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
        let facts = vec![
            ("stat", receipt.stat.clone()),
            ("err", receipt.error.clone()),
            ("submit date", receipt.submit_date.clone()),
            ("done date", receipt.done_date.clone()),
        ];
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
    Some(Because {
        at,
        stage: "end",
        text,
        facts: vec![("state", detail.state.to_string()), ("reason", detail.reason.to_string())],
    })
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
        Reason::NoReceipt => "no receipt came in time",
        Reason::LinkBroke => "the link broke before the answer",
        Reason::AnswerMissing => "the answer did not come",
        Reason::ProcessStopped => "the process stopped before the answer",
        Reason::Throttled => "the carrier asked to slow down",
        Reason::Transient => "the carrier could not take it then",
        Reason::Rerouted => "the connector could not take it",
        Reason::NoConnectorUp => "the connector was down",
        Reason::NotEncodable => "it would have needed more parts than were sold, or cannot carry the content",
        Reason::Quarantined => "it waits for a person",
    }
}
