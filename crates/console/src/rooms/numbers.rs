//! The numbers to which phones write: which an account holds, where each leads, and what phones are answered that
//! write a keyword. Start at [`list`].

use app::{InboundNumberView, KeywordReplyPatch, Scope};
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use types::address::Msisdn;
use types::inbound::{InboundNumber, NumberRoute};
use types::refusal::Refusal;
use types::role::Permission;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page, page_with};
use crate::guard::{Posted, SignedIn};
use crate::rooms::forms::{check_token, own, unknown, words};
use crate::shared::House;
use crate::view::grouped;

/// Numbers that are shown.
const SHOWN_MAX: usize = 1_000;

/// Forms that say beside their fields what is wrong.
const FORMS: &[&str] = &["answers"];

#[derive(Template)]
#[template(path = "numbers.html")]
struct NumbersPage {
    frame: Frame,
    rows: Vec<Row>,
    routes: Vec<(&'static str, &'static str)>,
    stop: String,
    start: String,
    help: String,
    editable: bool,
    token: String,
    error: Option<(String, String)>,
}

impl NumbersPage {
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
    shown: String,
    route: &'static str,
    leads: &'static str,
    pools: String,
}

/// The forms of the page: `what` names the button.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct Changing {
    #[serde(default)]
    what: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    route: String,
    #[serde(default)]
    stop: String,
    #[serde(default)]
    start: String,
    #[serde(default)]
    help: String,
    #[serde(default)]
    token: String,
}

/// Where a number leads, in words.
const fn leads(route: NumberRoute) -> &'static str {
    match route {
        NumberRoute::Account => "the account's default",
        NumberRoute::Webhook => "a webhook of its own",
        NumberRoute::Binds => "the SMPP sessions",
        NumberRoute::Keywords => "nobody; keywords are answered",
    }
}

/// Shows numbers and answers.
pub(crate) async fn list(State(house): State<House>, person: SignedIn) -> Result<Response, Fault> {
    page(&numbers_page(&house, &person, None)?)
}

/// Sets where a number leads, or what phones are answered.
pub(crate) async fn change(
    State(house): State<House>,
    person: SignedIn,
    Posted(form): Posted<Changing>,
) -> Result<Response, Fault> {
    match carry_out(&house, &person, &form).await {
        Ok(()) => Ok(Redirect::to("/numbers").into_response()),
        Err(refusal) => {
            let error = Some((form.what.clone(), words(refusal)?));
            let mut shown = numbers_page(&house, &person, error)?;
            if form.what == "answers" {
                (shown.stop, shown.start, shown.help) = (form.stop, form.start, form.help);
            }
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
    }
}

async fn carry_out(house: &House, person: &SignedIn, form: &Changing) -> Result<(), Refusal> {
    let account = own(person).map_err(|_| unknown())?;
    check_token(&form.token, account)?;
    match form.what.as_str() {
        "route" => {
            let number = InboundNumber::parse(&form.number).ok_or_else(unknown)?;
            let route = NumberRoute::parse(&form.route).filter(|route| *route != NumberRoute::Webhook);
            house.desk.route_number(account, number, route.ok_or_else(unknown)?).await
        }
        "answers" => {
            let text =
                |text: &str| Some(Some(text.trim().replace("\r\n", "\n")).filter(|text| !text.is_empty()));
            let (stop, start, help) = (text(&form.stop), text(&form.start), text(&form.help));
            house.desk.change_keyword_replies(account, KeywordReplyPatch { stop, start, help }).await
        }
        _ => Err(unknown()),
    }
}

fn numbers_page(
    house: &House,
    person: &SignedIn,
    error: Option<(String, String)>,
) -> Result<NumbersPage, Fault> {
    let account = own(person)?;
    let pools = house.desk.pools(account);
    let row = |view: &InboundNumberView| {
        let digits = view.number.as_u64().to_string();
        let in_pool = pools.iter().filter(|pool| {
            let own = |member: &app::PoolMemberView| {
                InboundNumber::parse(&member.sender).is_some_and(|number| number == view.number)
            };
            pool.members.iter().any(own)
        });
        Row {
            shown: Msisdn::parse(&digits).map_or_else(|| digits.clone(), grouped),
            number: digits,
            route: view.route.as_str(),
            leads: leads(view.route),
            pools: in_pool.map(|pool| pool.name.as_str()).collect::<Vec<_>>().join(", "),
        }
    };
    let found = house.desk.inbound_numbers(Scope::Account(account), SHOWN_MAX);
    let replies = house.desk.keyword_replies(account);
    let choices = [NumberRoute::Account, NumberRoute::Binds, NumberRoute::Keywords];
    Ok(NumbersPage {
        frame: Frame::new(house, Some(&person.0), Room::Numbers, "Numbers"),
        rows: found.iter().map(row).collect(),
        routes: choices.into_iter().map(|route| (route.as_str(), leads(route))).collect(),
        stop: replies.stop.unwrap_or_default(),
        start: replies.start.unwrap_or_default(),
        help: replies.help.unwrap_or_default(),
        editable: person.may(Permission::MessagesSend),
        token: house.form_token(person.0.account),
        error,
    })
}
