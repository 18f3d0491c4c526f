//! The staff's overview: connectors live, and one connector with its latest messages.

use app::{ConnectorView, Scope};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use types::catalog::Connector;
use types::role::Permission;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page};
use crate::guard::SignedIn;
use crate::rooms::messages::{self, Row};
use crate::rooms::overview::Figures;
use crate::shared::House;
use crate::view::{Piece, ago, connector_mark, count, percent_encode};
use types::catalog::secrets::is_secret;

/// Messages on the page of a connector.
const LATEST: usize = 20;

#[derive(Template)]
#[template(path = "staff.html")]
struct StaffPage {
    frame: Frame,
    figures: Option<Figures>,
    connectors: Vec<Line>,
    waiting: String,
    links: String,
}

#[derive(Template)]
#[template(path = "parts/connector_rows.html")]
struct RowsPart {
    connectors: Vec<Line>,
}

#[derive(Template)]
#[template(path = "connector.html")]
struct ConnectorPage {
    frame: Frame,
    line: Line,
    options: Vec<(String, String)>,
    routes: Vec<String>,
    rows: Option<Vec<Row>>,
    staff: bool,
}

/// A connector as a line of the table.
struct Line {
    id: i64,
    name: String,
    href: String,
    mark: Piece,
    supplier: String,
    kind: String,
    target: String,
    links: String,
    window: String,
    pace: String,
    queued: String,
    oldest: Option<Piece>,
    submitted: String,
    delivered: String,
    failed: String,
    errors: String,
    receipt_ids: &'static str,
    ambiguous_receipts: u64,
    last_error: String,
    /// The last error is over: every link is up.
    healed: bool,
}

/// Shows all connectors.
pub(crate) async fn overview(State(house): State<House>, person: SignedIn) -> Result<Response, Fault> {
    let views = house.desk.connectors();
    let waiting = views.iter().map(|view| view.queued).sum();
    let (up, all) =
        views.iter().fold((0, 0), |(up, all), view| (up + view.status.links_up, all + view.status.links));
    let figures = person.may(Permission::AnyMessageView).then(|| Figures::of(&house, Scope::All));
    page(&StaffPage {
        frame: Frame::new(&house, Some(&person.0), Room::Connectors, "Connectors")
            .live("/events/connectors")
            .with_chart(),
        figures,
        connectors: lines(&house, &views),
        waiting: count(waiting),
        links: format!("{up} of {all}"),
    })
}

/// The lines of the table as HTML, for the event stream.
pub(crate) fn rows_html(house: &House) -> Result<String, askama::Error> {
    RowsPart { connectors: lines(house, &house.desk.connectors()) }.render()
}

/// Shows one connector.
pub(crate) async fn connector(
    State(house): State<House>,
    person: SignedIn,
    Path(name): Path<String>,
) -> Result<Response, Fault> {
    let view = house.desk.connectors().into_iter().find(|view| view.name == name);
    let view = view.ok_or_else(|| Fault::not_found("No connector has this name now."))?;
    let (_, document) = house.desk.traffic();
    let config = document.connector.iter().find(|config| config.name == name);
    let uses = document.route.iter().filter(|route| route.connectors.iter().any(|leg| leg.name() == name));
    let rows = if person.may(Permission::AnyMessageView) {
        Some(messages::newest(&house, &person, Some(name.clone()), LATEST).await?)
    } else {
        None
    };
    page(&ConnectorPage {
        frame: Frame::new(&house, Some(&person.0), Room::Connectors, &name).live("/events/connectors"),
        line: line(&house, &view),
        options: config.map(options).unwrap_or_default(),
        routes: uses.map(|route| route.name.clone()).collect(),
        rows,
        staff: true,
    })
}

/// The settings of a connector, without its secrets.
fn options(config: &Connector) -> Vec<(String, String)> {
    let shown = |(key, value): (&String, &serde_json::Value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (key.clone(), if is_secret(key, value) { "hidden".to_owned() } else { text })
    };
    config.options.iter().map(shown).collect()
}

/// How receipts write ids, in a few words.
fn notation(receipt_ids: Option<&'static str>) -> &'static str {
    match receipt_ids {
        Some("raw") => "as the answers do",
        Some("case_folded" | "no_leading_zeros") => "in other case or with other zeros",
        Some("hex_to_decimal") => "in hexadecimal, the answers in decimal",
        Some("decimal_to_hex") => "in decimal, the answers in hexadecimal",
        Some(_) | None => "not learned yet",
    }
}

fn lines(house: &House, views: &[ConnectorView]) -> Vec<Line> {
    views.iter().map(|view| line(house, view)).collect()
}

fn line(house: &House, view: &ConnectorView) -> Line {
    let status = &view.status;
    let own =
        status.bound_to_self.as_ref().map(|id| format!("it is bound to this installation itself as {id}"));
    Line {
        id: view.id.0,
        name: view.name.clone(),
        href: format!("/staff/connectors/{}", percent_encode(&view.name)),
        mark: connector_mark(view),
        supplier: view.supplier.clone(),
        kind: view.kind.clone(),
        target: view.target.clone(),
        links: format!("{}/{}", status.links_up, status.links),
        window: format!("{}/{}", count(status.window_used.into()), count(status.window.into())),
        pace: if status.rate_per_second == 0 {
            "–".to_owned()
        } else {
            count(status.rate_per_second.into())
        },
        queued: count(view.queued),
        oldest: view.oldest_queued_at.map(|at| ago(at, house.desk.now())),
        submitted: count(view.submitted),
        delivered: count(view.delivered),
        failed: count(view.failed),
        errors: count(view.errors),
        receipt_ids: notation(view.receipt_ids),
        ambiguous_receipts: view.ambiguous_receipts,
        healed: own.is_none() && status.links > 0 && status.links_up >= status.links,
        last_error: own.unwrap_or_else(|| status.last_error.clone()),
    }
}
