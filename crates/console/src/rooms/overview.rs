//! A customer's overview: how fast traffic moves, what is left, and the latest messages. Where
//! there are none yet, it teaches how to send the first.

use app::Scope;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use types::role::Permission;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page};
use crate::guard::SignedIn;
use crate::rooms::messages::{self, Row};
use crate::rooms::send::SendForm;
use crate::shared::House;
use crate::view::count;

/// Messages on the overview.
const LATEST: usize = 12;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    figures: Figures,
    balance: Option<(String, String)>,
    rows: Vec<Row>,
    staff: bool,
    fragment: &'static str,
    send: Option<SendForm>,
    origin: String,
    demo: bool,
}

/// Counts since start, as shown before scripts make rates of them.
pub(crate) struct Figures {
    pub(crate) accepted: String,
    pub(crate) submitted: String,
    pub(crate) delivered: String,
    pub(crate) failed: String,
}

impl Figures {
    /// The figures of an account or of the installation.
    pub(crate) fn of(house: &House, scope: Scope) -> Self {
        let live = house.desk.live(scope);
        Self {
            accepted: count(live.accepted),
            submitted: count(live.submitted),
            delivered: count(live.delivered),
            failed: count(live.failed),
        }
    }
}

/// Shows the overview; staff are led to theirs.
pub(crate) async fn show(
    State(house): State<House>,
    person: SignedIn,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    if person.0.role.is_staff() {
        return Ok(Redirect::to("/staff").into_response());
    }
    let rows = messages::newest(&house, &person, None, LATEST).await?;
    let balance = person.0.account.filter(|_| person.may(Permission::MoneyView));
    let balance = balance.and_then(|account| house.desk.balance(account));
    let form = if house.demo.is_some() { SendForm::first } else { SendForm::blank };
    let send = person.may(Permission::MessagesSend).then(|| form(&house, &person));
    page(&OverviewPage {
        frame: Frame::new(&house, Some(&person.0), Room::Overview, "Overview")
            .live("/events/overview")
            .with_chart(),
        figures: Figures::of(&house, person.scope()?),
        balance: balance.map(|balance| (balance.available.to_string(), balance.held.to_string())),
        rows,
        staff: false,
        fragment: "/messages/rows",
        send,
        origin: origin(&house, &headers),
        demo: house.demo.is_some(),
    })
}

/// Where the visitor reached this installation, for commands to copy.
fn origin(house: &House, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_plain = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b".:-[]".contains(&b));
    let host = host.filter(is_plain).unwrap_or("127.0.0.1:8080");
    format!("{}://{host}", if house.secure_cookie { "https" } else { "http" })
}
