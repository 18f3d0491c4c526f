//! One message and its story: what came in, what was decided and why, what went out, what came
//! back, what it cost. Every other room leads here.
//!
//! The timeline itself is made in `timeline`.

mod timeline;

use std::hash::{DefaultHasher, Hash, Hasher};

use app::detail::MessageDetail;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use types::id::MessageId;
use types::message::{Class, Door, Flags, Reason, State as MessageState};
use types::network::NetworkSource;
use types::role::Permission;

use self::timeline::{Entry, Eye};
use crate::fault::Fault;
use crate::frame::{Frame, page};
use crate::guard::SignedIn;
use crate::rooms::messages::home;
use crate::shared::House;
use crate::view::{
    Hue, Piece, ago, charge_words, full_time, mark, mast, meaning, price_by_parts, shown_address,
};

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    frame: Frame,
    base: &'static str,
    story: Story,
}

#[derive(Template)]
#[template(path = "parts/story.html")]
struct StoryPart {
    base: &'static str,
    story: Story,
}

/// What the page shows of a message.
struct Story {
    id: String,
    mark: Piece,
    mast: Piece,
    meaning: &'static str,
    reason: Option<&'static str>,
    flags: Vec<&'static str>,
    to: String,
    from: String,
    price: String,
    charge: &'static str,
    accepted: Piece,
    accepted_ago: Piece,
    until: Piece,
    send_at: Option<Piece>,
    facts: Vec<(&'static str, String)>,
    notations: Vec<(&'static str, String)>,
    entries: Vec<Entry>,
    pending_events: usize,
    dead_letters: usize,
    withdrawable: bool,
    revision: String,
}

/// Shows a message.
pub(crate) async fn show(
    State(house): State<House>,
    person: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let story = tell(&house, &person, &id).await?;
    let (base, room) = home(&person);
    let stream = format!("/events/messages/{}", story.id);
    let frame = Frame::new(&house, Some(&person.0), room, &format!("Message {}", story.id)).live(stream);
    page(&MessagePage { frame, base, story })
}

/// Only the story, for pages that are live.
pub(crate) async fn fragment(
    State(house): State<House>,
    person: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let (base, _) = home(&person);
    page(&StoryPart { base, story: tell(&house, &person, &id).await? })
}

/// Withdraws a message that was not sent yet.
pub(crate) async fn withdraw(
    State(house): State<House>,
    person: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let id = MessageId::parse(&id).ok_or_else(nothing)?;
    let message = house.desk.cancel(person.scope()?, id).await?;
    let (base, _) = home(&person);
    Ok(Redirect::to(&format!("{base}/{}", message.id)).into_response())
}

/// A number that moves when the story does.
pub(crate) fn revision(message: &MessageDetail) -> String {
    let mut hasher = DefaultHasher::new();
    (
        message.state.code(),
        message.flags.bits(),
        message.charge.code(),
        message.pending_events,
        message.dead_letters,
    )
        .hash(&mut hasher);
    for attempt in &message.attempts {
        (attempt.number, attempt.answers.len(), attempt.receipts.len()).hash(&mut hasher);
    }
    format!("{:x}", hasher.finish())
}

fn nothing() -> Fault {
    Fault::not_found("No message that you may see has this id. An id can be written in any of its forms.")
}

async fn tell(house: &House, person: &SignedIn, id: &str) -> Result<Story, Fault> {
    let id = MessageId::parse(id).ok_or_else(nothing)?;
    let (message, becauses) = house.desk.explain(person.scope()?, id).await?.ok_or_else(nothing)?;
    let eye = Eye { unmasked: person.may(Permission::NumbersUnmasked), staff: person.0.role.is_staff() };
    let withdrawable = person.may(Permission::MessagesSend)
        && matches!(message.state, MessageState::Queued | MessageState::Scheduled);
    let hue = Hue::of(message.state);
    let words = timeline::reason_words(message.reason);
    Ok(Story {
        id: message.id.to_string(),
        mark: mark(message.state),
        mast: mast(hue),
        meaning: meaning(message.state),
        // That a receipt says so is what the state means.
        reason: Some(words).filter(|_| !matches!(message.reason, Reason::None | Reason::Receipt)),
        flags: flag_words(message.flags),
        to: shown_address(&message.destination, eye.unmasked),
        from: shown_address(&message.source, eye.unmasked),
        price: price_by_parts(message.price, message.parts),
        charge: charge_words(message.charge),
        accepted: full_time(message.accepted_at),
        accepted_ago: ago(message.accepted_at, house.desk.now()),
        until: full_time(message.expires_at),
        send_at: message.send_at.map(full_time),
        facts: facts(&message, eye),
        notations: notations(message.id),
        entries: timeline::entries(&message, &becauses, eye),
        pending_events: message.pending_events,
        dead_letters: message.dead_letters,
        withdrawable,
        revision: revision(&message),
    })
}

fn facts(message: &MessageDetail, eye: Eye) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if eye.staff {
        facts.push(("Account", message.account_name.clone()));
    }
    facts.push(("Came by", door_words(message.door).to_owned()));
    facts.push(("Class", class_words(message.class).to_owned()));
    if !message.traffic_type.is_empty() {
        facts.push(("Traffic type", message.traffic_type.clone()));
    }
    facts.push(("Country", message.country.as_str().to_owned()));
    if let Some(network) = &message.network {
        let ported = if network.ported == Some(true) { ", ported" } else { "" };
        let source = source_words(network.source);
        facts.push((
            "Network",
            format!("{} by {source}, version {}{ported}", network.plmn, network.data_version),
        ));
    }
    if let Some(reference) = &message.client_reference {
        facts.push(("Your reference", reference.clone()));
    }
    facts.push(("Submission", message.submission.to_string()));
    facts.push(("Price book", format!("version {}", message.book_version)));
    if eye.staff {
        facts.push(("Routes", format!("version {}", message.traffic_version)));
        facts.push(("Profile", format!("version {}", message.profile_version)));
    }
    facts
}

/// The id as other doors write it.
fn notations(id: MessageId) -> Vec<(&'static str, String)> {
    vec![
        ("SMPP and HTTP dialects", id.0.base32()),
        ("Twilio dialect", format!("SM{}", id.0.hex())),
        ("UUID", id.0.uuid()),
        ("Decimal", id.0.as_u128().to_string()),
    ]
}

fn flag_words(flags: Flags) -> Vec<&'static str> {
    let words = [
        (Flags::TEST, "Test traffic: it never goes to a real carrier."),
        (Flags::POSSIBLE_DUPLICATE, "It may have been sent twice."),
        (Flags::CONTRADICTED, "A later receipt contradicted the end that was told."),
        (Flags::DELETED, "Its owner has deleted it: what it said and its addresses are gone."),
        (
            Flags::QUARANTINED,
            "Working on it crashed twice: until it ends it waits for a person of the operator.",
        ),
        (Flags::RESTORED, "It comes from a backup: until it ends it waits for a person of the operator."),
    ];
    words.into_iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, words)| words).collect()
}

const fn door_words(door: Door) -> &'static str {
    match door {
        Door::Native => "HTTP API",
        Door::Smpp => "SMPP",
        Door::Console => "Console",
        Door::Cli => "Command line",
        Door::Paasoo => "PaaSoo dialect",
        Door::Keyword => "Answer to a keyword",
        Door::Twilio => "Twilio dialect",
        Door::Vonage => "Vonage dialect",
        Door::Smstools => "Smstools dialect",
        Door::Dialect => "Another dialect",
    }
}

const fn class_words(class: Class) -> &'static str {
    match class {
        Class::OneTime => "One-time code",
        Class::Transactional => "Transactional",
        Class::Bulk => "Bulk",
    }
}

const fn source_words(source: NetworkSource) -> &'static str {
    match source {
        NetworkSource::RangeTable => "number ranges",
        NetworkSource::Mnp => "look-up of ported numbers",
        NetworkSource::Hlr => "HLR",
        NetworkSource::Override => "override",
    }
}
