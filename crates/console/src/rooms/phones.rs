//! The simulated phones: what arrived on them, a box to answer, and the way to each message's story.
//!
//! The numbers belong to nobody, so they are shown to everybody who may see the sandbox.

use app::MessageQuery;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use ports::phones::{Bubble, Direction, Phone, PhoneDesk};
use serde::Deserialize;
use types::Sensitive;
use types::address::Msisdn;
use types::role::Permission;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page};
use crate::guard::{Posted, SignedIn};
use crate::rooms::messages::home;
use crate::shared::House;
use crate::view::{Piece, Run, ago, dialable, grouped, percent_encode, runs};

/// Phones on the page, the most recently active first.
const PHONES_SHOWN: usize = 12;
/// Bubbles shown of one phone, the newest.
const BUBBLES_SHOWN: usize = 40;
/// How many of a phone's messages are looked through for a story.
const STORIES_LOOKED_AT: usize = 100;
/// The most characters of an answer.
const ANSWER_CHARS_MAX: usize = 1_000;

#[derive(Template)]
#[template(path = "phones.html")]
struct PhonesPage {
    frame: Frame,
    phones: Vec<PhoneView>,
    may_send: bool,
}

#[derive(Template)]
#[template(path = "parts/phones.html")]
struct PhonesPart {
    phones: Vec<PhoneView>,
}

struct PhoneView {
    digits: String,
    number: String,
    bubbles: Vec<BubbleView>,
    answer_to: String,
    revision: String,
}

struct BubbleView {
    sent: bool,
    peer: String,
    runs: Vec<Run>,
    parts: u8,
    time: Piece,
    fate: String,
    story: Option<String>,
}

/// An answer typed on a phone.
#[derive(Deserialize)]
pub(crate) struct Answer {
    #[serde(default)]
    to: String,
    #[serde(default)]
    text: String,
}

/// Shows the phones.
pub(crate) async fn show(State(house): State<House>, person: SignedIn) -> Result<Response, Fault> {
    let frame = Frame::new(&house, Some(&person.0), Room::Phones, "Phones").live("/events/phones");
    page(&PhonesPage { frame, phones: views(&house)?, may_send: person.may(Permission::MessagesSend) })
}

/// Only the phones, for pages that are live.
pub(crate) async fn fragment(State(house): State<House>) -> Result<Response, Fault> {
    page(&PhonesPart { phones: views(&house)? })
}

/// Writes an answer from a phone.
pub(crate) async fn answer(
    State(house): State<House>,
    Path(number): Path<String>,
    headers: HeaderMap,
    Posted(answer): Posted<Answer>,
) -> Result<Response, Fault> {
    let desk = desk(&house)?;
    let number = Msisdn::parse(&number).filter(|number| desk.phone(*number).is_some());
    let number = number.ok_or_else(|| Fault::not_found("There is no such phone any more."))?;
    let (to, text) = (answer.to.trim(), answer.text.trim());
    let is_script = headers.contains_key("hx-request");
    let problem = match () {
        () if !dialable(to) => Some("A phone can only write to a number or short code."),
        () if text.is_empty() => Some("Write what the phone should say."),
        () if text.chars().count() > ANSWER_CHARS_MAX => Some("This is too long for one answer."),
        () if !desk.answer(number, to, text).await => {
            Some("No link can carry the answer now. Try again in a moment.")
        }
        () => None,
    };
    match problem {
        None if is_script => Ok(Html("").into_response()),
        None => Ok(Redirect::to("/phones").into_response()),
        // Shown beside the box by the script that sent it.
        Some(problem) if is_script => Ok((StatusCode::UNPROCESSABLE_ENTITY, Html(problem)).into_response()),
        Some(problem) => {
            let refusal = types::refusal::Refusal::new(types::refusal::RefusalCode::InvalidRequest, problem);
            Err(refusal.into())
        }
    }
}

/// Leads from a bubble to the story of its message.
pub(crate) async fn story(
    State(house): State<House>,
    person: SignedIn,
    Path(carrier_id): Path<String>,
) -> Result<Response, Fault> {
    let phones = desk(&house)?.phones(ports::phones::PHONES_MAX);
    let holds = |phone: &&Phone| phone.bubbles.iter().any(|bubble| bubble.carrier_id == carrier_id);
    let gone = "The phones have forgotten this message. Look for its number among the messages.";
    let phone = phones.iter().find(holds).filter(|_| !carrier_id.is_empty());
    let number = phone.ok_or_else(|| Fault::not_found(gone))?.number;
    let scope = person.scope()?;
    let query = MessageQuery {
        recipient: Some(Sensitive::new(number.e164())),
        limit: STORIES_LOOKED_AT,
        ..MessageQuery::default()
    };
    let (base, _) = home(&person);
    for listed in house.desk.messages(scope, query).await?.items {
        let Some(message) = house.desk.message(scope, listed.id).await? else { continue };
        let mut answers = message.attempts.iter().flat_map(|attempt| &attempt.answers);
        if answers.any(|answer| answer.carrier_id.as_deref() == Some(&carrier_id)) {
            return Ok(Redirect::to(&format!("{base}/{}", message.id)).into_response());
        }
    }
    let text = "No message that you may see was given this id by the carrier. It may belong to another account, \
                or to a carrier outside this installation.";
    Err(Fault::not_found(text))
}

fn desk(house: &House) -> Result<&dyn PhoneDesk, Fault> {
    house.phones.as_deref().ok_or_else(|| Fault::not_found("This installation has no simulated phones."))
}

fn views(house: &House) -> Result<Vec<PhoneView>, Fault> {
    let now = house.desk.now();
    let view = |phone: Phone| {
        let skipped = phone.bubbles.len().saturating_sub(BUBBLES_SHOWN);
        let last = phone.bubbles.iter().rev().find(|bubble| bubble.direction == Direction::Received);
        PhoneView {
            digits: phone.number.digits(),
            number: grouped(phone.number),
            answer_to: last
                .map(|bubble| bubble.peer.clone())
                .filter(|peer| dialable(peer))
                .unwrap_or_default(),
            revision: format!("{}-{}", phone.active_at.as_ms(), phone.bubbles.len()),
            bubbles: phone.bubbles.iter().skip(skipped).map(|bubble| bubble_view(bubble, now)).collect(),
        }
    };
    Ok(desk(house)?.phones(PHONES_SHOWN).into_iter().map(view).collect())
}

fn bubble_view(bubble: &Bubble, now: types::time::Timestamp) -> BubbleView {
    let carrier_id = &bubble.carrier_id;
    BubbleView {
        sent: bubble.direction == Direction::Sent,
        peer: Msisdn::parse(&bubble.peer).map_or_else(|| bubble.peer.clone(), grouped),
        runs: runs(bubble.text.expose()),
        parts: bubble.parts,
        time: ago(bubble.at, now),
        fate: fate_words(bubble.fate),
        story: (!carrier_id.is_empty()).then(|| format!("/phones/story/{}", percent_encode(carrier_id))),
    }
}

/// The carrier's word for what it did, for people; nothing where all went as usual.
fn fate_words(fate: &str) -> String {
    let words = match fate.strip_prefix("delivered_") {
        None if fate == "delivered" => "",
        None => fate,
        Some("link_cut") => "delivered, but the link was cut",
        Some("receipt_first") => "delivered, the receipt came first",
        Some("late_response") => "delivered, answered late",
        Some("late_receipt") => "delivered, the receipt comes late",
        Some(_) => fate,
    };
    words.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::fate_words;

    #[test]
    fn fates_are_told_in_words() {
        let cases = [
            ("delivered", ""),
            ("delivered_link_cut", "delivered, but the link was cut"),
            ("delivered_after_throttling", "delivered after throttling"),
            ("no_receipt", "no receipt"),
        ];
        for (fate, words) in cases {
            assert_eq!(fate_words(fate), words);
        }
    }
}
