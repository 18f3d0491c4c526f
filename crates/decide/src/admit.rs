//! The one admission path: may this message be taken, and on which terms?
//!
//! The stages are shape and times, account, suppression, content, queue, quiet hours, sender, price, route, repeats and
//! balance, in this order; the first refusal wins, so that nobody is asked to top up for a message that could not go
//! anyway. A plan says what the message will be; nothing has happened until it is committed.

use std::borrow::Cow;

use types::account::{Account, AccountState};
use types::address::{ADDRESS_OCTETS_MAX, Address, Msisdn};
use types::charge::{ChargeTrigger, LOT_SHARES_MAX, LevelPrice, Price};
use types::form::octet_parts;
use types::message::{Class, Content, Draft, PARTS_MAX, State, TEXT_CHARS_MAX};
use types::money::Money;
use types::network::{Country, NetworkFact};
use types::quiet::TimeFinding;
use types::refusal::{Refusal, RefusalCode};
use types::region::Region;
use types::resource::pool_named;
use types::suppression::SuppressionReason;
use types::time::Timestamp;

use crate::budget::{self, Waiting};
use crate::ledger::{Payment, Purse};
use crate::path::state_along;
use crate::pool::{self, Choice, Chosen};
use crate::quiet::{self, AccountQuiet};
use crate::route::{Subject, choose, find_route};
use crate::sender::{self, Identity};
use crate::snapshot::Snapshot;
use crate::wording::{self, Wordings};

/// The longest that a message is tried when its sender names no end: two days.
pub const VALIDITY_MS_DEFAULT: i64 = 172_800_000;
/// The longest validity that is kept: seven days.
pub const VALIDITY_MS_MAX: i64 = 604_800_000;
/// The furthest that a message can be scheduled: 35 days.
pub const SCHEDULE_MS_MAX: i64 = 3_024_000_000;
/// Characters of an alphanumeric sender that networks carry (3GPP TS 23.040, 9.1.2.5).
pub const ALPHANUMERIC_SENDER_MAX: usize = 11;
/// Characters of a traffic type.
pub const TRAFFIC_TYPE_MAX: usize = 32;
/// Characters of a client's reference.
pub const CLIENT_REFERENCE_MAX: usize = 255;
/// Octets of a recipient as it was written, with its spaces and brackets.
pub const RECIPIENT_OCTETS_MAX: usize = 32;
/// Octets of user data with an own coding, as `message_payload` carries them.
pub const OCTETS_MAX: usize = 35_700;

/// What admission looks at besides the draft.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Who asks.
    pub account: &'a Account,
    /// The configuration.
    pub snapshot: &'a Snapshot,
    /// The account's lots as left by earlier messages of the batch.
    pub purse: &'a Purse,
    /// The recipient's country by its numbering plan.
    pub country: Country,
    /// What waits to be sent.
    pub waiting: Waiting,
    /// The accounts above, the nearest first; `None` when the path cannot be walked
    /// ([`crate::path::Broken`]).
    pub above: Option<&'a [&'a Account]>,
    /// Whether the same text went to the same number within the account's guard, where the door
    /// promises one.
    pub is_repeat: bool,
    /// The senders that the account has asked for. They need to be there only where
    /// [`crate::sender::SenderRules::are_none`] does not hold.
    pub identities: &'a [Identity],
    /// The pool that the draft names where a sender is expected, if the account has it; then `identities` are
    /// there, whatever the rules.
    pub pool: Option<Choice<'a>>,
    /// The approved texts of the account. They need to be there only where
    /// [`crate::wording::WordingRules::are_none`] does not hold.
    pub wordings: &'a Wordings,
    /// Why the account must not message the recipient, if it must not.
    pub suppressed: Option<SuppressionReason>,
    /// Quiet hours that the account has set for its messages.
    pub quiet: Option<&'a AccountQuiet>,
}

/// What an admitted message will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The sender that was chosen from a pool; `None` for the draft's own.
    pub chosen: Option<Chosen>,
    /// The draft's content with a signature; `None` where it stays as it is.
    pub content: Option<Content>,
    /// The recipient.
    pub recipient: Msisdn,
    /// Its country.
    pub country: Country,
    /// Its network, when the operator's ranges tell.
    pub network: Option<NetworkFact>,
    /// Its class.
    pub class: Class,
    /// What it costs.
    pub price: Price,
    /// What it costs the accounts above, the nearest first. Only `price` is charged.
    pub levels: Box<[LevelPrice]>,
    /// Who pays.
    pub payment: Payment,
    /// The region of its data.
    pub region: Region,
    /// What makes the hold a charge.
    pub trigger: ChargeTrigger,
    /// `queued` or `scheduled`.
    pub state: State,
    /// Not before, if scheduled.
    pub send_at: Option<Timestamp>,
    /// When it stops being worth sending.
    pub expires_at: Timestamp,
    /// What steered `send_at`, where the recipient's clock did.
    pub time: Option<Box<TimeFinding>>,
}

/// Decides about one message.
///
/// # Errors
/// The first refusal in the order of the stages.
pub fn admit(facts: &Facts<'_>, draft: &Draft, now: Timestamp) -> Result<Plan, Refusal> {
    let recipient = check_shape(draft)?;
    let times = check_times(draft, recipient, now)?;
    check_account(facts)?;
    check_suppression(facts.suppressed)?;
    let class = draft.class.unwrap_or(facts.account.default_class);
    let network = facts.snapshot.traffic.network_of(recipient, now);
    let country = network.map_or(facts.country, |(_, country)| country);
    let network = network.map(|(fact, _)| fact);
    let parts = count_parts(&draft.content)?;
    let rules = &facts.snapshot.traffic.wording_rules;
    let content = wording::word(rules, facts.wordings, (country, class), &draft.content)?;
    let parts = content.as_ref().map_or(Ok(parts), count_parts)?;
    budget::check(&facts.snapshot.profile.queue, &facts.waiting, class, parts, now)?;
    let (Times { send_at, expires_at }, time) = calm(facts, draft, recipient, (country, class), times, now)?;
    let chosen = choose_sender(facts, draft, country, recipient)?;
    let source = chosen.as_ref().map_or(&draft.source, |chosen| &chosen.sender);
    let price = quote(facts, facts.account, recipient, parts)?;
    let levels = quote_above(facts, recipient, parts)?;
    check_route(facts, (source, draft, content.as_ref()), recipient, country, network, class, parts)?;
    if facts.is_repeat {
        let detail = "the same text went to the same number a moment ago";
        return Err(Refusal::new(RefusalCode::RepeatedMessage, detail).at("to"));
    }
    let payment = facts.purse.choose(price.amount, now, facts.snapshot.profile.money.allow_negative);
    let payment = payment.ok_or_else(|| too_little_balance(facts.purse, price.amount, now))?;
    Ok(Plan {
        chosen,
        content,
        recipient,
        country,
        network,
        class,
        price,
        levels,
        payment,
        region: facts.account.region.unwrap_or(facts.snapshot.profile.operator.region),
        trigger: facts.snapshot.trigger(),
        state: if send_at.is_some() { State::Scheduled } else { State::Queued },
        send_at,
        expires_at,
        time,
    })
}

/// The sender from a pool where the draft names one; else the draft's own is checked.
fn choose_sender(
    facts: &Facts<'_>,
    draft: &Draft,
    country: Country,
    recipient: Msisdn,
) -> Result<Option<Chosen>, Refusal> {
    let rules = &facts.snapshot.traffic.sender_rules;
    if let Some(choice) = facts.pool {
        return pool::choose(choice, rules, facts.identities, country, recipient).map(Some);
    }
    if pool_named(&draft.source).is_some() {
        let detail = "the account has no pool by this name or id; see `GET /api/v1/pools`";
        return Err(Refusal::new(RefusalCode::InvalidSender, detail).at("pool"));
    }
    sender::check(rules, facts.identities, country, &draft.source).map(|()| None)
}

fn quote(facts: &Facts<'_>, account: &Account, recipient: Msisdn, parts: u32) -> Result<Price, Refusal> {
    facts
        .snapshot
        .prices
        .quote(&account.price_book, recipient, parts)
        .ok_or_else(|| no_price("no price is published for this destination; ask the operator to open it"))
}

/// What a message costs each account above, by that account's own book.
fn quote_above(facts: &Facts<'_>, recipient: Msisdn, parts: u32) -> Result<Box<[LevelPrice]>, Refusal> {
    let above = facts.above.ok_or_else(|| {
        no_price("the accounts above this one cannot be priced; ask the operator to put them in order")
    })?;
    let level = |account: &&Account| {
        let price = facts.snapshot.prices.quote(&account.price_book, recipient, parts).ok_or_else(|| {
            no_price(
                "an account above this one has no price for this destination; ask the operator to open it",
            )
        })?;
        Ok(LevelPrice { account: account.id, price })
    };
    above.iter().map(level).collect()
}

fn no_price(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::NoPrice, detail).at("to")
}

/// Says what is missing: all lots that may be spent, against the price.
pub fn too_little_balance(purse: &Purse, price: Money, now: Timestamp) -> Refusal {
    let spendable = purse.spendable(price.unit, now);
    let detail = if spendable.micros >= price.micros {
        format!(
            "the message costs {price} and would take more than {LOT_SHARES_MAX} lots; top up and send again"
        )
    } else {
        format!("the message costs {price} and {spendable} is available; top up and send again")
    };
    Refusal::new(RefusalCode::InsufficientBalance, detail)
}

/// Checks sender, recipient and texts; gives the recipient's number.
fn check_shape(draft: &Draft) -> Result<Msisdn, Refusal> {
    let destination = Some(&draft.destination).filter(|address| address.octets.len() <= RECIPIENT_OCTETS_MAX);
    let recipient = destination.and_then(Address::msisdn).ok_or_else(|| {
        let detail = "the recipient must be an international number: country code first, 6 to 15 digits";
        Refusal::new(RefusalCode::InvalidDestination, detail).at("to")
    })?;
    // Senders of a pool were checked when they came into it.
    if pool_named(&draft.source).is_none() {
        check_sender(&draft.source)?;
    }
    if draft.traffic_type.chars().count() > TRAFFIC_TYPE_MAX {
        let detail = format!("traffic_type has at most {TRAFFIC_TYPE_MAX} characters");
        return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("traffic_type"));
    }
    let reference = draft.client_reference.as_deref().unwrap_or_default();
    if reference.chars().count() > CLIENT_REFERENCE_MAX {
        let detail = format!("client_reference has at most {CLIENT_REFERENCE_MAX} characters");
        return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("client_reference"));
    }
    Ok(recipient)
}

/// Whether an address can stand as a sender, by its form.
///
/// # Errors
/// `invalid_sender`.
pub fn check_sender(source: &Address) -> Result<(), Refusal> {
    let refuse = |detail: &str| Err(Refusal::new(RefusalCode::InvalidSender, detail).at("from"));
    let octets = &source.octets;
    if octets.is_empty() {
        return refuse("the sender is empty");
    }
    if octets.len() > ADDRESS_OCTETS_MAX {
        return refuse("the sender has more than 20 characters");
    }
    let digits = octets.strip_prefix(b"+").unwrap_or(octets);
    if digits.iter().all(u8::is_ascii_digit) {
        return if digits.is_empty() || digits.len() > 15 {
            refuse("a numeric sender has 1 to 15 digits")
        } else {
            Ok(())
        };
    }
    if source.msisdn().is_some() {
        return Ok(());
    }
    if octets.len() > ALPHANUMERIC_SENDER_MAX {
        return refuse("a sender with letters has at most 11 characters");
    }
    if octets.iter().all(|octet| (0x20..0x7f).contains(octet)) && octets.iter().any(u8::is_ascii_graphic) {
        Ok(())
    } else {
        refuse("a sender with letters has visible ASCII characters only")
    }
}

/// Not before when, and how long a message is worth sending.
#[derive(Clone, Copy)]
struct Times {
    send_at: Option<Timestamp>,
    expires_at: Timestamp,
}

/// When the message is due, and until when it is worth sending: its validity counts from the time at which it is due
/// on the recipient's clock, where one was asked for.
fn check_times(draft: &Draft, recipient: Msisdn, now: Timestamp) -> Result<Times, Refusal> {
    let local = quiet::local_moment(recipient, &draft.time, now);
    let send_at = local.or(draft.send_at).filter(|at| *at > now);
    if send_at.is_some_and(|at| at.ms_since(now) > SCHEDULE_MS_MAX) {
        let detail = "a message can be scheduled at most 35 days ahead";
        return Err(Refusal::new(RefusalCode::InvalidSchedule, detail).at("send_at"));
    }
    let start = send_at.unwrap_or(now);
    let latest = start.plus_ms(VALIDITY_MS_MAX);
    let waits_ms = if local.is_some() { start.ms_since(now) } else { 0 };
    let expires_at = draft.expires_at.map(|at| at.plus_ms(waits_ms));
    let expires_at = expires_at.unwrap_or_else(|| start.plus_ms(VALIDITY_MS_DEFAULT)).min(latest);
    if expires_at <= start {
        let detail = "the validity ends before the message could be sent";
        return Err(Refusal::new(RefusalCode::ExpiredValidity, detail).at("validity_s"));
    }
    Ok(Times { send_at, expires_at })
}

/// Moves a message that falls into quiet hours to their end, and its validity with it.
fn calm(
    facts: &Facts<'_>,
    draft: &Draft,
    recipient: Msisdn,
    (country, class): (Country, Class),
    times: Times,
    now: Timestamp,
) -> Result<(Times, Option<Box<TimeFinding>>), Refusal> {
    let subject =
        quiet::Subject { recipient, country, class, traffic_type: &draft.traffic_type, time: &draft.time };
    let due_at = times.send_at.unwrap_or(now);
    let held = quiet::hold(&facts.snapshot.traffic.quiet_rules, facts.quiet, &subject, due_at)?;
    let Some((at, finding)) = held else { return Ok((times, None)) };
    let moved = Times {
        send_at: Some(at).filter(|at| *at > now),
        expires_at: times.expires_at.plus_ms(at.ms_since(due_at)),
    };
    Ok((moved, Some(Box::new(finding))))
}

fn check_account(facts: &Facts<'_>) -> Result<(), Refusal> {
    match facts.account.state {
        AccountState::Active => {}
        AccountState::Suspended => {
            return Err(Refusal::new(
                RefusalCode::AccountSuspended,
                "the account is suspended; ask the operator",
            ));
        }
        AccountState::Closed => {
            return Err(Refusal::new(RefusalCode::AccountSuspended, "the account is closed"));
        }
    }
    match state_along(facts.account, facts.above.unwrap_or_default()) {
        AccountState::Active => Ok(()),
        AccountState::Suspended | AccountState::Closed => {
            let detail = "an account above this one may not send; ask whoever runs it";
            Err(Refusal::new(RefusalCode::AccountSuspended, detail))
        }
    }
}

/// Messages of every class are refused: who writes STOP means all of them.
fn check_suppression(suppressed: Option<SuppressionReason>) -> Result<(), Refusal> {
    let why = match suppressed {
        None => return Ok(()),
        Some(SuppressionReason::OptOut) => "the recipient has opted out of these messages",
        Some(SuppressionReason::Complaint) => "messages of this account to the recipient met a complaint",
        Some(SuppressionReason::Imported | SuppressionReason::Manual) => {
            "the account has put the recipient on its suppression list"
        }
    };
    Err(Refusal::new(RefusalCode::RecipientSuppressed, why).at("to"))
}

fn count_parts(content: &Content) -> Result<u32, Refusal> {
    let too_long = || {
        Refusal::new(RefusalCode::TextTooLong, format!("the text needs more than {PARTS_MAX} parts"))
            .at("text")
    };
    match content {
        Content::Text(text) if text.is_empty() => {
            Err(Refusal::new(RefusalCode::EmptyText, "the text is empty").at("text"))
        }
        Content::Text(text) if text.len() > TEXT_CHARS_MAX * 4 || text.chars().count() > TEXT_CHARS_MAX => {
            Err(too_long())
        }
        Content::Text(text) => {
            let parts = u32::try_from(gsm_text::count(text).parts).unwrap_or(u32::MAX);
            if parts > PARTS_MAX { Err(too_long()) } else { Ok(parts) }
        }
        Content::Octets(octets) if octets.payload.is_empty() => {
            Err(Refusal::new(RefusalCode::EmptyText, "the message has no content").at("text"))
        }
        Content::Octets(octets) if octets.payload.len() > OCTETS_MAX => Err(too_long()),
        Content::Octets(octets) => match octet_parts(octets) {
            None => {
                let detail = "the user data header cannot be read";
                Err(Refusal::new(RefusalCode::InvalidCoding, detail).at("text"))
            }
            Some(parts) if parts > PARTS_MAX => Err(too_long()),
            Some(parts) => Ok(parts),
        },
    }
}

fn check_route(
    facts: &Facts<'_>,
    (source, draft, content): (&Address, &Draft, Option<&Content>),
    recipient: Msisdn,
    country: Country,
    network: Option<NetworkFact>,
    class: Class,
    parts: u32,
) -> Result<(), Refusal> {
    let sender: Cow<'_, str> = source.text();
    let subject = Subject {
        account: &facts.account.name,
        recipient,
        country,
        network: network.map(|fact| fact.plmn),
        sender: &sender,
        class,
        traffic_type: &draft.traffic_type,
        parts,
        spread: 0,
    };
    let traffic = &facts.snapshot.traffic;
    let refuse = |detail: &str| Err(Refusal::new(RefusalCode::NoRoute, detail).at("to"));
    let Some(route) = find_route(traffic, &subject) else {
        return refuse("no route leads to this destination; ask the operator to open it");
    };
    let choice = choose(traffic, route, &subject, content.unwrap_or(&draft.content));
    if choice.legs.is_empty() {
        return refuse("no connector of the route can carry this content");
    }
    let leads_back = |id| {
        traffic.connectors.get(id).is_some_and(|c| c.comes_back_as.as_deref() == Some(&facts.account.name))
    };
    if choice.legs.iter().any(leads_back) {
        let detail = "the route leads back to this account; the message would go round in circles";
        return Err(Refusal::new(RefusalCode::RouteLoop, detail).at("to"));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
