//! Messages that wait for a person of the operator: what crashed, when and where, and the two things that
//! can be done about it.
//!
//! The text of a message stands on its own page, not here: it may be what crashes whoever reads it. Start
//! at [`list`].

use app::detail::{CrashDetail, CrashStage, PausedDetail};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use types::id::{MessageId, RowKey};
use types::message::{Pause, State as MessageState};
use types::role::Permission;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page, page_with};
use crate::guard::{Asked, Posted, SignedIn};
use crate::shared::House;
use crate::view::{Piece, ago, cell_time, full_time, mark};

/// Messages on one page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "quarantine.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    next: Option<i64>,
}

#[derive(Template)]
#[template(path = "quarantine_message.html")]
struct MessagePage {
    frame: Frame,
    row: Row,
    state: Piece,
    until: Piece,
    crashes: Vec<Crash>,
    /// What giving it up leads to.
    end: &'static str,
    editable: bool,
    unsure: bool,
}

struct Row {
    id: String,
    account: String,
    why: &'static str,
    stage: &'static str,
    connector: String,
    since: Option<Piece>,
    expires: Piece,
}

struct Crash {
    stage: &'static str,
    at: Option<Piece>,
    connector: String,
    attempt: Option<u8>,
}

/// What the address may say.
#[derive(Deserialize)]
pub(crate) struct Told {
    before: Option<i64>,
    released: Option<String>,
    ended: Option<String>,
}

/// What a person says of a message.
#[derive(Deserialize)]
pub(crate) struct Ruling {
    #[serde(default)]
    ruling: String,
    /// Given with an end, which cannot be taken back.
    #[serde(default)]
    sure: String,
}

/// Shows what waits.
pub(crate) async fn list(
    State(house): State<House>,
    person: SignedIn,
    Asked(told): Asked<Told>,
) -> Result<Response, Fault> {
    let found = house.desk.paused(told.before.map(RowKey::from_i64), ROWS).await?;
    let id_of = |text: &Option<String>| text.as_deref().and_then(MessageId::parse);
    let notice = match (id_of(&told.released), id_of(&told.ended)) {
        (Some(id), _) => Some(format!("Message {id} goes on.")),
        (None, Some(id)) => Some(format!("Message {id} has ended.")),
        (None, None) => None,
    };
    page(&ListPage {
        frame: Frame::new(&house, Some(&person.0), Room::Quarantine, "Quarantine").telling(notice),
        rows: found.items.iter().map(|paused| row(&house, paused)).collect(),
        next: found.next.map(RowKey::as_i64),
    })
}

/// Shows one that waits, with what can be done about it.
pub(crate) async fn show(
    State(house): State<House>,
    person: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    page(&message_page(&house, &person, parse(&id)?).await?)
}

/// Does what the person says, and leads back to the list.
pub(crate) async fn rule(
    State(house): State<House>,
    person: SignedIn,
    Path(id): Path<String>,
    Posted(ruling): Posted<Ruling>,
) -> Result<Response, Fault> {
    let id = parse(&id)?;
    let done = match ruling.ruling.as_str() {
        "release" => {
            house.desk.release(id).await?;
            "released"
        }
        "fail" if ruling.sure == "yes" => {
            house.desk.give_up(id).await?;
            "ended"
        }
        _ => {
            let mut shown = message_page(&house, &person, id).await?;
            shown.unsure = ruling.ruling == "fail";
            return page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown);
        }
    };
    Ok(Redirect::to(&format!("/staff/quarantine?{done}={id}")).into_response())
}

async fn message_page(house: &House, person: &SignedIn, id: MessageId) -> Result<MessagePage, Fault> {
    let paused = house.desk.paused_message(id).await?.ok_or_else(nothing)?;
    let end = match paused.message.state {
        MessageState::Submitted => "no_report, because a carrier has it",
        MessageState::Unknown => "unconfirmed, because a carrier may have it",
        _ => "failed",
    };
    Ok(MessagePage {
        frame: Frame::new(house, Some(&person.0), Room::Quarantine, &format!("Quarantine, {id}")),
        row: row(house, &paused),
        state: mark(paused.message.state),
        until: full_time(paused.message.expires_at),
        crashes: paused.crashes.iter().map(crash).collect(),
        end,
        editable: person.may(Permission::TrafficChange),
        unsure: false,
    })
}

fn parse(id: &str) -> Result<MessageId, Fault> {
    MessageId::parse(id).ok_or_else(nothing)
}

fn nothing() -> Fault {
    Fault::not_found("No message by this id waits for a person. It was released, or it has ended.")
}

fn row(house: &House, paused: &PausedDetail) -> Row {
    let last = paused.crashes.last();
    Row {
        id: paused.message.id.to_string(),
        account: paused.message.account_name.clone(),
        why: match paused.pause {
            Pause::Quarantined => "Crashed twice",
            Pause::Restored => "From a backup",
        },
        stage: last.map_or("–", |crash| stage_words(crash.stage)),
        connector: last.and_then(|crash| crash.connector.clone()).unwrap_or_default(),
        since: paused.since.map(|at| ago(at, house.desk.now())),
        expires: cell_time(paused.message.expires_at),
    }
}

fn crash(crash: &CrashDetail) -> Crash {
    Crash {
        stage: stage_words(crash.stage),
        at: crash.at.map(cell_time),
        connector: crash.connector.clone().unwrap_or_default(),
        attempt: crash.attempt,
    }
}

const fn stage_words(stage: CrashStage) -> &'static str {
    match stage {
        CrashStage::Writing => "Writing it for the carrier",
        CrashStage::Deciding => "A step of the engine",
    }
}
