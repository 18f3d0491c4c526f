//! `GET /api/v1/exports/…`: everything that matches as CSV, written as it is read.
//!
//! Pages are read one after another, and the next one only when the caller has taken the one before, so
//! that an export takes as much memory as a page. Start at [`written`].

use std::pin::Pin;
use std::task::{Context, Poll};

use app::detail::{InboundDetail, MessageDetail, Movement, Page};
use app::{DeliveryQuery, DeliveryView, MessageQuery, Scope};
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use hyper::body::Frame;
use ports::BoxFuture;
use tokio::sync::mpsc;
use types::id::RowKey;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;
use utoipa::IntoParams;

use crate::auth::Authenticated;
use crate::native::csv::{file, line};
use crate::native::deliveries::{Delivery, read_status};
use crate::native::lists::{MessageExportQuery, read_export, read_moment, write_cursor};
use crate::native::webhooks::{IdPath, read_id};
use crate::problem::Refused;
use crate::query::Fields;
use crate::state::Api;

/// Rows of one page.
const PAGE: usize = 500;
/// Rows of one export; who has more asks for a shorter time.
const ROWS_MAX: usize = 1_000_000;
/// Pages that wait for the caller.
const PAGES_WAITING: usize = 1;

/// Of which time to write what happened. The parameters are read by [`read_span`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that the hand-written reader takes")]
pub(crate) struct SpanQuery {
    /// At or after this time.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Before this time.
    #[param(format = DateTime)]
    until: Option<String>,
    /// `csv`, which is the only form so far.
    #[param(pattern = "^csv$")]
    format: Option<String>,
}

/// Which events of a webhook to write. The parameters are read by [`read_span`] and [`read_status`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that the hand-written reader takes")]
pub(crate) struct DeliverySpanQuery {
    /// Of which this became: `waiting` to be told, `told`, `dead` (given up), or `moot` (nothing to tell).
    #[param(example = "dead", pattern = "^(waiting|told|dead|moot)$")]
    status: Option<String>,
    /// Made at or after this time.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Made before this time.
    #[param(format = DateTime)]
    until: Option<String>,
    /// `csv`, which is the only form so far.
    #[param(pattern = "^csv$")]
    format: Option<String>,
}

/// A time, from the first moment and before the second; open at an end that is not stated.
#[derive(Clone, Copy)]
struct Span {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Span {
    /// Leaves what lies in the span of a page whose rows come newest first, and ends with the first that is
    /// older.
    fn cut<T>(self, page: Page<T>, at: fn(&T) -> Timestamp) -> Page<T> {
        let Page { mut items, next } = page;
        let is_older = |item: &T| self.since.is_some_and(|since| at(item) < since);
        let next = if items.iter().any(is_older) { None } else { next };
        items.retain(|item| !is_older(item) && self.until.is_none_or(|until| at(item) < until));
        Page { items, next }
    }
}

const MESSAGE_TITLES: [&str; 17] = [
    "id",
    "submission_id",
    "state",
    "reason",
    "from",
    "to",
    "client_reference",
    "class",
    "traffic_type",
    "country",
    "network",
    "parts",
    "price",
    "unit",
    "accepted_at",
    "submitted_at",
    "final_at",
];

const MOVEMENT_TITLES: [&str; 6] = ["id", "at", "kind", "amount", "unit", "messages"];
const INBOUND_TITLES: [&str; 6] = ["id", "from", "to", "text", "keyword", "received_at"];
const DELIVERY_TITLES: [&str; 9] = [
    "id",
    "type",
    "message_id",
    "inbound_id",
    "status",
    "failed_tries",
    "happened_at",
    "next_at",
    "ended_at",
];

/// Writes all messages that match as a table, newest first, at most 1,000,000.
#[utoipa::path(
    get,
    path = "/api/v1/exports/messages",
    operation_id = "message_export",
    tag = "messages",
    params(MessageExportQuery),
    responses((status = 200, description = "A table; fields that begin like a formula have an apostrophe before them", content_type = "text/csv", body = String))
)]
pub(crate) async fn messages(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let query = api.counting(caller, read_export(query.as_deref().unwrap_or("")))?;
    let scope = Scope::Account(caller.account);
    let first = MessageQuery { limit: PAGE, ..query };
    let read = move |before: Option<RowKey>| -> Reading<MessageDetail> {
        let (api, query) = (api.clone(), MessageQuery { before, ..first.clone() });
        Box::pin(async move { api.desk().messages(scope, query).await })
    };
    let body = written(line(MESSAGE_TITLES), message_row, read).await?;
    Ok(file("attachment; filename=\"messages.csv\"", body))
}

/// Writes what moved the balance as a table, newest first, at most 1,000,000 rows.
#[utoipa::path(
    get,
    path = "/api/v1/exports/movements",
    operation_id = "movement_export",
    tag = "account",
    params(SpanQuery),
    responses((status = 200, description = "A table; fields that begin like a formula have an apostrophe before them", content_type = "text/csv", body = String))
)]
pub(crate) async fn movements(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let span = api.counting(caller, read_span(query.as_deref().unwrap_or("")))?;
    let read = move |before: Option<RowKey>| -> Reading<Movement> {
        let api = api.clone();
        Box::pin(async move {
            let before = before.map(RowKey::as_i64);
            let page = api.desk().movements(caller.account, before, PAGE).await?;
            Ok(span.cut(page, |movement| movement.at))
        })
    };
    let body = written(line(MOVEMENT_TITLES), movement_row, read).await?;
    Ok(file("attachment; filename=\"movements.csv\"", body))
}

/// Writes messages from phones as a table, newest first, at most 1,000,000.
#[utoipa::path(
    get,
    path = "/api/v1/exports/inbound",
    operation_id = "inbound_export",
    tag = "inbound",
    params(SpanQuery),
    responses((status = 200, description = "A table; fields that begin like a formula have an apostrophe before them", content_type = "text/csv", body = String))
)]
pub(crate) async fn inbound(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let span = api.counting(caller, read_span(query.as_deref().unwrap_or("")))?;
    let scope = Scope::Account(caller.account);
    let read = move |before: Option<RowKey>| -> Reading<InboundDetail> {
        let api = api.clone();
        Box::pin(async move {
            let page = api.desk().inbound(scope, before, PAGE).await?;
            Ok(span.cut(page, |inbound| inbound.received_at))
        })
    };
    let body = written(line(INBOUND_TITLES), inbound_row, read).await?;
    Ok(file("attachment; filename=\"inbound.csv\"", body))
}

/// Writes events of a webhook as a table, newest first, at most 1,000,000: what was told, what waits and what was
/// given up.
#[utoipa::path(
    get,
    path = "/api/v1/exports/webhooks/{id}",
    operation_id = "webhook_export",
    tag = "webhooks",
    params(("id" = String, Path, description = "The address's id"), DeliverySpanQuery),
    responses((status = 200, description = "A table; fields that begin like a formula have an apostrophe before them", content_type = "text/csv", body = String))
)]
pub(crate) async fn deliveries(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let text = query.as_deref().unwrap_or("");
    let Span { since, until } = api.counting(caller, read_span(text))?;
    let fields = api.counting(caller, Fields::parse(text))?;
    let status = api.counting(caller, fields.once("status"))?.map(read_status);
    let status = api.counting(caller, status.transpose())?;
    let id = read_id(id)?;
    let read = move |before: Option<RowKey>| -> Reading<DeliveryView> {
        let (api, query) = (api.clone(), DeliveryQuery { status, since, until, before, limit: PAGE });
        Box::pin(async move { api.desk().deliveries(caller.account, id, query).await })
    };
    let body = written(line(DELIVERY_TITLES), delivery_row, read).await?;
    Ok(file("attachment; filename=\"deliveries.csv\"", body))
}

/// A page on its way.
type Reading<T> = BoxFuture<'static, Result<Page<T>, Refusal>>;

/// Writes a table while it is read. What cannot be read at all is refused properly; what fails later breaks the
/// table off.
async fn written<T: Send + 'static>(
    titles: String,
    row: fn(&T) -> String,
    read: impl Fn(Option<RowKey>) -> Reading<T> + Send + 'static,
) -> Result<Body, Refusal> {
    let mut page = read(None).await?;
    let (sender, receiver) = mpsc::channel(PAGES_WAITING);
    tokio::spawn(async move {
        let (mut text, mut rows) = (titles, 0);
        loop {
            page.items.iter().for_each(|item| text.push_str(&row(item)));
            rows += page.items.len();
            if sender.send(Ok(Bytes::from(std::mem::take(&mut text)))).await.is_err() {
                return;
            }
            let Some(next) = page.next.filter(|_| rows < ROWS_MAX) else { return };
            match read(Some(next)).await {
                Ok(next) => page = next,
                Err(refusal) => {
                    tracing::warn!(code = refusal.code.code(), rows, "an export broke off");
                    let broken = std::io::Error::other("the export broke off");
                    // Who has gone needs no word of it.
                    drop(sender.send(Err(broken)).await);
                    return;
                }
            }
        }
    });
    Ok(Body::new(Table(receiver)))
}

fn read_span(query: &str) -> Result<Span, Refusal> {
    let fields = Fields::parse(query)?;
    check_format(&fields)?;
    Ok(Span { since: read_moment(&fields, "since")?, until: read_moment(&fields, "until")? })
}

/// Refuses a form that this build does not write.
///
/// # Errors
/// `not_built` for Parquet, `invalid_request` for a form that does not exist.
pub(crate) fn check_format(fields: &Fields) -> Result<(), Refusal> {
    match fields.once("format")? {
        None | Some("csv") => Ok(()),
        Some("parquet") => {
            let detail = "this build writes no Parquet; ask for csv";
            Err(Refusal::new(RefusalCode::NotBuilt, detail).at("format"))
        }
        Some(_) => Err(Refusal::new(RefusalCode::InvalidRequest, "expected `csv` or `parquet`").at("format")),
    }
}

/// A body that is written while it is read.
struct Table(mpsc::Receiver<std::io::Result<Bytes>>);

impl hyper::body::Body for Table {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(context).map(|page| page.map(|page| page.map(Frame::data)))
    }
}

fn message_row(detail: &MessageDetail) -> String {
    let time = |time: Option<types::time::Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
    let fields = [
        detail.id.to_string(),
        detail.submission.to_string(),
        detail.state.as_str().to_owned(),
        detail.reason.as_str().to_owned(),
        detail.source.text().into_owned(),
        detail.destination.text().into_owned(),
        detail.client_reference.clone().unwrap_or_default(),
        detail.class.as_str().to_owned(),
        detail.traffic_type.clone(),
        detail.country.as_str().to_owned(),
        detail.network.map(|network| network.plmn.to_string()).unwrap_or_default(),
        detail.parts.to_string(),
        detail.price.decimal(),
        detail.price.unit.as_str().to_owned(),
        detail.accepted_at.to_string(),
        time(detail.submitted_at),
        time(detail.final_at),
    ];
    line(fields.iter().map(String::as_str))
}

fn movement_row(movement: &Movement) -> String {
    let id = write_cursor(RowKey::from_i64(movement.id));
    let (at, amount) = (movement.at.to_string(), movement.amount.decimal());
    let (unit, messages) = (movement.amount.unit, movement.messages.to_string());
    line([id.as_str(), &at, movement.kind.as_str(), &amount, unit.as_str(), &messages])
}

fn inbound_row(inbound: &InboundDetail) -> String {
    let (id, received_at) = (inbound.id.to_string(), inbound.received_at.to_string());
    let keyword = inbound.keyword.map_or("", types::keyword::Keyword::as_str);
    let (source, destination) = (inbound.source.text(), inbound.destination.text());
    line([id.as_str(), &source, &destination, inbound.text.expose(), keyword, &received_at])
}

fn delivery_row(view: &DeliveryView) -> String {
    let fields = Delivery::from(view).fields();
    line(fields.iter().map(String::as_str))
}
