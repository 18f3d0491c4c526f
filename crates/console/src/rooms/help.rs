//! Help: what states mean, the numbers of the sandbox, the keys of the keyboard, and every code.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use types::message::State as MessageState;
use types::refusal::RefusalCode;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page};
use crate::guard::Visitor;
use crate::shared::House;
use crate::view::{Piece, mark, meaning};

#[derive(Template)]
#[template(path = "help.html")]
struct HelpPage {
    frame: Frame,
    states: Vec<(Piece, &'static str, &'static str)>,
    destinations: &'static [(&'static str, &'static str)],
    codes: Vec<(&'static str, &'static str)>,
    sandbox: bool,
}

/// What the last four digits of a number do in the sandbox.
const DESTINATIONS: &[(&str, &str)] = &[
    ("0001", "undeliverable"),
    ("0002", "expired"),
    ("0003", "rejected by the carrier"),
    ("0004", "no receipt ever"),
    ("0005", "throttled twice, then accepted"),
    ("0006", "receipt before the response"),
    ("0007", "link cut after the submit and before the response"),
    ("0008", "response after 10 s"),
    ("0009", "receipt after 30 s"),
    ("0010", "delivered, then contradicted"),
    ("any other", "delivered within about a second"),
];

/// Shows the help.
pub(crate) async fn show(State(house): State<House>, visitor: Visitor) -> Result<Response, Fault> {
    let states = MessageState::ALL.iter().map(|state| (mark(*state), state.as_str(), meaning(*state)));
    page(&HelpPage {
        frame: Frame::new(&house, visitor.person.as_ref(), Room::Help, "Help"),
        states: states.collect(),
        destinations: DESTINATIONS,
        codes: RefusalCode::ALL.iter().map(|code| (code.code(), code.title())).collect(),
        sandbox: house.phones.is_some(),
    })
}
