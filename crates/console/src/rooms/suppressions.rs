//! The suppression list of an account: searched, added to, taken from.
//!
//! Numbers never stand in an address: a search is posted and answered at once. Start at [`list`].

use app::{SUPPRESSED_AT_ONCE_MAX, SuppressionQuery, SuppressionView, SuppressionWish};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use types::address::Msisdn;
use types::id::RowKey;
use types::refusal::Refusal;
use types::role::Permission;
use types::suppression::SuppressionReason;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page, page_with};
use crate::guard::{Asked, Posted, SignedIn};
use crate::rooms::forms::{check_token, own, unknown, words, wrong};
use crate::shared::House;
use crate::view::{Piece, cell_time, grouped};

/// Entries on one page.
const PAGE_SIZE: usize = 100;

/// Forms that say beside their fields what is wrong.
const FORMS: &[&str] = &["search", "add"];

#[derive(Template)]
#[template(path = "suppressions.html")]
struct ListPage {
    frame: Frame,
    rows: Vec<Row>,
    next: Option<i64>,
    editable: bool,
    token: String,
    search: String,
    numbers: String,
    error: Option<(String, String)>,
}

impl ListPage {
    /// What was wrong with one of the forms.
    fn wrong(&self, form: &str) -> Option<&str> {
        self.error.as_ref().filter(|(at, _)| at == form).map(|(_, text)| text.as_str())
    }

    /// What was wrong with a form that has no place of its own for it.
    fn elsewhere(&self) -> Option<&str> {
        let error = self.error.as_ref();
        error.filter(|(at, _)| !FORMS.contains(&at.as_str())).map(|(_, text)| text.as_str())
    }
}

struct Row {
    number: String,
    digits: String,
    why: &'static str,
    of: String,
    since: Piece,
}

/// What the address may say.
#[derive(Default, Deserialize)]
pub(crate) struct Place {
    before: Option<i64>,
    /// How many numbers came onto the list.
    added: Option<usize>,
}

/// The forms of the page: `what` names the button.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct Changing {
    #[serde(default)]
    what: String,
    #[serde(default)]
    numbers: String,
    #[serde(default)]
    token: String,
}

/// Shows the list.
pub(crate) async fn list(
    State(house): State<House>,
    person: SignedIn,
    Asked(place): Asked<Place>,
) -> Result<Response, Fault> {
    let before = place.before.map(RowKey::from_i64);
    let query = SuppressionQuery { before, ..SuppressionQuery::default() };
    let mut shown = list_page(&house, &person, query, None).await?;
    shown.frame.notice = place.added.map(|added| format!("{added} numbers were not on the list before."));
    page(&shown)
}

/// Searches, adds or takes off.
pub(crate) async fn change(
    State(house): State<House>,
    person: SignedIn,
    Posted(form): Posted<Changing>,
) -> Result<Response, Fault> {
    let text = form.numbers.trim();
    if form.what == "search" {
        let number = Msisdn::parse(text);
        let is_wrong = number.is_none() && !text.is_empty();
        let says = || ("search".to_owned(), "Write a phone number with its country code.".to_owned());
        let query = SuppressionQuery { number, ..SuppressionQuery::default() };
        let mut shown = list_page(&house, &person, query, is_wrong.then(says)).await?;
        shown.search = text.to_owned();
        return page(&shown);
    }
    match carry_out(&house, &person, &form).await {
        Ok(Some(added)) => Ok(Redirect::to(&format!("/suppressions?added={added}")).into_response()),
        Ok(None) => Ok(Redirect::to("/suppressions").into_response()),
        Err(refusal) => {
            let error = Some((form.what.clone(), words(refusal)?));
            let mut shown = list_page(&house, &person, SuppressionQuery::default(), error).await?;
            shown.numbers = form.numbers;
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
    }
}

async fn carry_out(house: &House, person: &SignedIn, form: &Changing) -> Result<Option<usize>, Refusal> {
    let account = own(person).map_err(|_| unknown())?;
    check_token(&form.token, account)?;
    match form.what.as_str() {
        "add" => {
            let lines = form.numbers.split(['\n', ',', ';']).map(str::trim).filter(|line| !line.is_empty());
            let number = |line: &str| {
                let detail =
                    format!("\"{line}\" is no phone number with its country code. Nothing was added.");
                Msisdn::parse(line).ok_or_else(|| wrong(&detail))
            };
            let numbers: Vec<Msisdn> = lines.map(number).collect::<Result<_, _>>()?;
            if numbers.is_empty() || numbers.len() > SUPPRESSED_AT_ONCE_MAX {
                return Err(wrong(&format!("Write 1 to {SUPPRESSED_AT_ONCE_MAX} numbers, one to a line.")));
            }
            let source = format!("person:{}", person.0.id.0);
            let wish = SuppressionWish { numbers, reason: SuppressionReason::Manual, source };
            house.desk.suppress(account, wish).await.map(Some)
        }
        "remove" => {
            let number = Msisdn::parse(form.numbers.trim()).ok_or_else(unknown)?;
            house.desk.unsuppress(account, number).await.map(|()| None)
        }
        _ => Err(unknown()),
    }
}

async fn list_page(
    house: &House,
    person: &SignedIn,
    query: SuppressionQuery,
    error: Option<(String, String)>,
) -> Result<ListPage, Fault> {
    let account = own(person)?;
    let found = house.desk.suppressions(account, SuppressionQuery { limit: PAGE_SIZE, ..query }).await?;
    let pools = house.desk.pools(account);
    let row = |view: &SuppressionView| Row {
        number: grouped(view.number),
        digits: view.number.digits(),
        why: match view.reason {
            SuppressionReason::OptOut => "wrote STOP",
            SuppressionReason::Complaint => "complained",
            SuppressionReason::Imported => "imported",
            SuppressionReason::Manual => "put there by you",
        },
        of: match view.pool {
            None => "everything".to_owned(),
            Some(id) => {
                let named = pools.iter().find(|pool| pool.id == id).map(|pool| pool.name.clone());
                format!("pool {}", named.unwrap_or_else(|| "that is gone".to_owned()))
            }
        },
        since: cell_time(view.created_at),
    };
    Ok(ListPage {
        frame: Frame::new(house, Some(&person.0), Room::Suppressions, "Blocked numbers"),
        rows: found.items.iter().map(row).collect(),
        next: found.next.map(RowKey::as_i64),
        editable: person.may(Permission::MessagesSend),
        token: house.form_token(person.0.account),
        search: String::new(),
        numbers: String::new(),
        error,
    })
}
