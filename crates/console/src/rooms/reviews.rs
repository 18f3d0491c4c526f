//! What customers ask the operator for: senders, templates and signatures, and the decision about each.
//!
//! What waits stands first. Start at [`list`].

use app::Scope;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use types::id::AccountId;
use types::refusal::Refusal;
use types::resource::{ResourceKind, ReviewState};
use types::role::Permission;
use types::time::Timestamp;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page, page_with};
use crate::guard::{Asked, Posted, SignedIn};
use crate::rooms::forms::{unknown, words};
use crate::rooms::senders::{hue, said};
use crate::shared::House;
use crate::view::{Piece, ago};

/// Things that are looked through of each kind, the newest first.
const LOOKED_AT_MAX: usize = 2_000;
/// Things that are shown.
const SHOWN_MAX: usize = 200;

#[derive(Template)]
#[template(path = "reviews.html")]
struct ReviewsPage {
    frame: Frame,
    rows: Vec<Row>,
    pending: bool,
    editable: bool,
    error: Option<String>,
}

struct Row {
    kind: &'static str,
    account: i64,
    account_name: String,
    name: String,
    text: String,
    state: &'static str,
    hue: &'static str,
    says: String,
    since: Piece,
    is_approved: bool,
}

/// One that can be reviewed.
struct Asking {
    kind: ResourceKind,
    account: AccountId,
    name: String,
    text: String,
    state: ReviewState,
    says: String,
    at: Timestamp,
}

/// What the address may say.
#[derive(Default, Deserialize)]
pub(crate) struct Place {
    /// `all` for what was reviewed as well.
    #[serde(default)]
    state: String,
    done: Option<String>,
}

/// What a person decides.
#[derive(Default, Deserialize)]
pub(crate) struct Verdict {
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    account: i64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    note: String,
}

/// Shows what waits, or everything.
pub(crate) async fn list(
    State(house): State<House>,
    person: SignedIn,
    Asked(place): Asked<Place>,
) -> Result<Response, Fault> {
    let mut shown = reviews_page(&house, &person, place.state != "all", None);
    let done = place.done.as_deref().and_then(ReviewState::parse);
    shown.frame.notice = done.map(|state| format!("It is {state} now; the next message is held against it."));
    page(&shown)
}

/// Approves, rejects or takes an approval back.
pub(crate) async fn decide(
    State(house): State<House>,
    person: SignedIn,
    Posted(verdict): Posted<Verdict>,
) -> Result<Response, Fault> {
    let kind = ResourceKind::parse(&verdict.kind);
    let state = ReviewState::parse(&verdict.verdict).filter(|state| {
        matches!(state, ReviewState::Approved | ReviewState::Rejected | ReviewState::Revoked)
    });
    let done: Result<ReviewState, Refusal> = match (kind, state) {
        (Some(kind), Some(state)) => {
            let (what, note) = ((kind, verdict.name), verdict.note.trim().to_owned());
            house.desk.review(AccountId(verdict.account), what, (state, note)).await.map(|()| state)
        }
        _ => Err(unknown()),
    };
    match done {
        Ok(state) => Ok(Redirect::to(&format!("/staff/reviews?done={state}")).into_response()),
        Err(refusal) => {
            let shown = reviews_page(&house, &person, true, Some(words(refusal)?));
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
    }
}

fn reviews_page(house: &House, person: &SignedIn, pending: bool, error: Option<String>) -> ReviewsPage {
    let mut found = asking(house);
    found.retain(|one| one.state != ReviewState::Draft && (!pending || one.state == ReviewState::Pending));
    found.sort_by_key(|one| (one.state != ReviewState::Pending, std::cmp::Reverse(one.at)));
    found.truncate(SHOWN_MAX);
    let now = house.desk.now();
    let row = |one: Asking| Row {
        kind: one.kind.as_str(),
        account: one.account.0,
        account_name: house.desk.account(one.account).map(|known| known.name.clone()).unwrap_or_default(),
        name: one.name,
        text: one.text,
        state: one.state.as_str(),
        hue: hue(one.state),
        says: one.says,
        since: ago(one.at, now),
        is_approved: one.state == ReviewState::Approved,
    };
    ReviewsPage {
        frame: Frame::new(house, Some(&person.0), Room::Reviews, "Reviews"),
        rows: found.into_iter().map(row).collect(),
        pending,
        editable: person.may(Permission::TrafficChange),
        error,
    }
}

/// Everything that can be reviewed.
fn asking(house: &House) -> Vec<Asking> {
    let senders = house.desk.senders(Scope::All, LOOKED_AT_MAX).into_iter().map(|view| {
        let countries: Vec<String> = view.countries.iter().map(ToString::to_string).collect();
        Asking {
            kind: ResourceKind::Sender,
            account: view.account,
            name: view.sender,
            text: String::new(),
            state: view.state,
            says: said(&[&countries.join(" "), &view.purpose, &view.note]),
            at: view.changed_at,
        }
    });
    let templates = house.desk.templates(Scope::All, LOOKED_AT_MAX).into_iter().map(|view| {
        let newest = view.versions.first().cloned().unwrap_or_default();
        let examples: Vec<String> =
            newest.examples.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Asking {
            kind: ResourceKind::Template,
            account: view.account,
            name: view.name,
            text: newest.text,
            state: view.state,
            says: said(&[&examples.join(", "), &newest.note]),
            at: view.changed_at,
        }
    });
    let signatures = house.desk.signatures(Scope::All, LOOKED_AT_MAX).into_iter().map(|view| Asking {
        kind: ResourceKind::Signature,
        account: view.account,
        name: view.signature,
        text: String::new(),
        state: view.state,
        says: said(&[&view.purpose, &view.note]),
        at: view.changed_at,
    });
    senders.chain(templates).chain(signatures).collect()
}
