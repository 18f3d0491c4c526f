//! Suppliers, connectors, routes and networks: the current document as tables and as text, a form
//! that publishes the next version, and the way back to an older one.
//!
//! Secrets of connectors never reach a page; `document` hides and restores them.

mod document;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use types::catalog::secrets::{KEPT, restore_secrets};
use types::catalog::{OneOrMany, Route, RouteLeg, TrafficDocument};
use types::refusal::RefusalCode;
use types::role::Permission;

use crate::fault::Fault;
use crate::frame::{Frame, Room, page, page_with};
use crate::guard::{Asked, Posted, SignedIn};
use crate::shared::House;
use crate::view::{Piece, cell_time};

/// Versions in the list, newest first.
const VERSIONS: usize = 50;
/// Network ranges in the table; the text has all.
const NETWORKS_SHOWN: usize = 200;
/// The most characters of a comment.
const COMMENT_CHARS_MAX: usize = 200;

#[derive(Template)]
#[template(path = "traffic.html")]
struct TrafficPage {
    frame: Frame,
    number: u32,
    tables: Tables,
    text: String,
    comment: String,
    base: u32,
    problem: Option<Problem>,
    editable: bool,
    versions: Vec<Version>,
    kept: &'static str,
}

#[derive(Template)]
#[template(path = "traffic_version.html")]
struct VersionPage {
    frame: Frame,
    number: u32,
    current: u32,
    tables: Tables,
    text: String,
    changes: Vec<String>,
    editable: bool,
}

/// A document as tables.
struct Tables {
    suppliers: Vec<(String, String, String)>,
    connectors: Vec<ConnectorLine>,
    routes: Vec<RouteLine>,
    networks: Vec<(String, String, String)>,
    more_networks: usize,
}

struct ConnectorLine {
    name: String,
    supplier: String,
    kind: String,
    settings: String,
    off: bool,
}

struct RouteLine {
    name: String,
    order: i32,
    conditions: String,
    connectors: String,
    policies: String,
}

/// What is wrong with the text.
struct Problem {
    text: String,
    line: Option<usize>,
    code: &'static str,
}

struct Version {
    number: u32,
    author: String,
    comment: String,
    at: Piece,
    current: bool,
}

/// What the address may say.
#[derive(Deserialize)]
pub(crate) struct Told {
    published: Option<u32>,
}

/// The form that publishes.
#[derive(Deserialize)]
pub(crate) struct Draft {
    #[serde(default)]
    document: String,
    #[serde(default)]
    comment: String,
    /// The version that the text was made from.
    #[serde(default)]
    base: u32,
}

/// Shows the current document.
pub(crate) async fn show(
    State(house): State<House>,
    person: SignedIn,
    Asked(told): Asked<Told>,
) -> Result<Response, Fault> {
    let (number, document) = house.desk.traffic();
    let notice = told.published.filter(|published| *published == number);
    let notice = notice
        .map(|number| format!("Version {number} is published. It decides for every message from now on."));
    let text = document::to_text(&document).map_err(|error| Fault::broken(&error))?;
    let mut shown =
        current(&house, &person, Draft { document: text, comment: String::new(), base: number }).await?;
    shown.frame = shown.frame.telling(notice);
    page(&shown)
}

/// Checks a text and publishes it as the next version.
pub(crate) async fn publish(
    State(house): State<House>,
    person: SignedIn,
    Posted(mut draft): Posted<Draft>,
) -> Result<Response, Fault> {
    draft.document = draft.document.replace("\r\n", "\n");
    draft.comment = draft.comment.trim().chars().take(COMMENT_CHARS_MAX).collect();
    match try_to_publish(&house, &person, &draft).await {
        Ok(number) => Ok(Redirect::to(&format!("/staff/routes?published={number}")).into_response()),
        Err(problem) => {
            let mut shown = current(&house, &person, draft).await?;
            // The text is now looked at beside today's version, so it may replace that one.
            shown.base = shown.number;
            shown.problem = Some(problem);
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &shown)
        }
    }
}

/// Shows an older version and what going back to it would change.
pub(crate) async fn version(
    State(house): State<House>,
    person: SignedIn,
    Path(number): Path<u32>,
) -> Result<Response, Fault> {
    let document = house.desk.traffic_version(number).await?;
    let document = document.ok_or_else(|| Fault::not_found("There is no such version."))?;
    let (current, newest) = house.desk.traffic();
    page(&VersionPage {
        frame: Frame::new(&house, Some(&person.0), Room::Routes, &format!("Routes, version {number}")),
        number,
        current,
        changes: document::changes(&newest, &document),
        text: document::to_text(&document).map_err(|error| Fault::broken(&error))?,
        tables: tables(&document),
        editable: person.may(Permission::TrafficChange),
    })
}

/// Makes an older version the newest again.
pub(crate) async fn roll_back(
    State(house): State<House>,
    person: SignedIn,
    Path(number): Path<u32>,
) -> Result<Response, Fault> {
    let number = house.desk.roll_back_traffic(number, &person.0.email).await?;
    Ok(Redirect::to(&format!("/staff/routes?published={number}")).into_response())
}

async fn try_to_publish(house: &House, person: &SignedIn, draft: &Draft) -> Result<u32, Problem> {
    let unusable = RefusalCode::InvalidConfiguration.code();
    let mut document = document::parse(&draft.document).map_err(|wrong| Problem {
        text: wrong.text,
        line: wrong.line,
        code: unusable,
    })?;
    let (number, newest) = house.desk.traffic();
    restore_secrets(&mut document, &newest).map_err(|text| Problem { text, line: None, code: unusable })?;
    if draft.base != number {
        let text = format!(
            "Version {number} was published while you were writing; your text was made from version {}. \
             Compare it with the tables, then publish again to replace version {number}.",
            draft.base
        );
        return Err(Problem { text, line: None, code: unusable });
    }
    let published = house.desk.change_traffic(document, &person.0.email, &draft.comment).await;
    published.map_err(|refusal| Problem { text: refusal.detail, line: None, code: refusal.code.code() })
}

async fn current(house: &House, person: &SignedIn, draft: Draft) -> Result<TrafficPage, Fault> {
    let (number, document) = house.desk.traffic();
    let versions = house.desk.traffic_versions(VERSIONS).await?.into_iter().map(|version| Version {
        number: version.number,
        author: version.author,
        comment: version.comment,
        at: cell_time(version.created_at),
        current: version.number == number,
    });
    Ok(TrafficPage {
        frame: Frame::new(house, Some(&person.0), Room::Routes, "Routes"),
        number,
        tables: tables(&document),
        text: draft.document,
        comment: draft.comment,
        base: draft.base,
        problem: None,
        editable: person.may(Permission::TrafficChange),
        versions: versions.collect(),
        kept: KEPT,
    })
}

fn tables(document: &TrafficDocument) -> Tables {
    let suppliers = document.supplier.iter().map(|supplier| {
        let rates = match supplier.rate.len() {
            0 => "none".to_owned(),
            1 => "1 prefix".to_owned(),
            count => format!("{count} prefixes"),
        };
        (supplier.name.clone(), supplier.currency.to_string(), rates)
    });
    let connectors = document.connector.iter().map(|connector| ConnectorLine {
        name: connector.name.clone(),
        supplier: connector.supplier_name().to_owned(),
        kind: connector.kind.clone(),
        settings: document::settings(connector),
        off: connector.disabled,
    });
    let networks = document.network.iter().take(NETWORKS_SHOWN);
    Tables {
        suppliers: suppliers.collect(),
        connectors: connectors.collect(),
        routes: document.route.iter().map(route_line).collect(),
        networks: networks
            .map(|range| (range.prefix.clone(), range.network.clone(), range.country.clone()))
            .collect(),
        more_networks: document.network.len().saturating_sub(NETWORKS_SHOWN),
    }
}

fn route_line(route: &Route) -> RouteLine {
    let conditions = [
        ("account", &route.account),
        ("prefix", &route.prefix),
        ("country", &route.country),
        ("mcc", &route.mcc),
        ("mnc", &route.mnc),
        ("sender", &route.sender),
        ("class", &route.class),
        ("traffic type", &route.traffic_type),
    ];
    let stated: Vec<_> =
        conditions.into_iter().filter_map(|(name, values)| condition(name, values.as_ref())).collect();
    let legs: Vec<_> = route.connectors.iter().map(leg).collect();
    let weighted = route.connectors.iter().any(|leg| leg.weight() > 0);
    let mut policies = Vec::new();
    policies.extend(route.on_unknown.as_ref().map(|policy| format!("unknown: {}", policy.replace('_', " "))));
    if !route.reroute_on.is_empty() {
        policies.push(format!("next connector on {}", route.reroute_on.join(", ")));
    }
    policies.extend(
        route.receipt_patience_s.map(|seconds| format!("next connector after {seconds} s without receipt")),
    );
    RouteLine {
        name: route.name.clone(),
        order: route.order,
        conditions: if stated.is_empty() { "every message".to_owned() } else { stated.join("; ") },
        connectors: legs.join(if weighted { " + " } else { " → " }),
        policies: policies.join("; "),
    }
}

fn condition(name: &str, values: Option<&OneOrMany>) -> Option<String> {
    values.map(|values| format!("{name} {}", values.values().join(" or ")))
}

fn leg(leg: &RouteLeg) -> String {
    match leg.weight() {
        0 => leg.name().to_owned(),
        weight => format!("{} ({weight})", leg.name()),
    }
}
