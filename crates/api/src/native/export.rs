//! `GET /api/v1/exports/messages`: all messages that match, as CSV, written as they are read.
//!
//! Pages are read one after another, and the next one only when the caller has taken the one before, so
//! that an export takes as much memory as a page.

use std::pin::Pin;
use std::task::{Context, Poll};

use app::detail::MessageDetail;
use app::{MessageQuery, Scope};
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use hyper::body::Frame;
use tokio::sync::mpsc;

use crate::auth::Authenticated;
use crate::native::csv::{file, line};
use crate::native::lists::{MessageExportQuery, read_export};
use crate::problem::Refused;
use crate::state::Api;

/// Messages of one page.
const PAGE: usize = 500;
/// Messages of one export; who has more asks for a shorter time.
const MESSAGES_MAX: usize = 1_000_000;
/// Pages that wait for the caller.
const PAGES_WAITING: usize = 1;

const TITLES: [&str; 17] = [
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

/// Writes all messages that match as CSV, newest first, at most 1,000,000.
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
    let query = MessageQuery { limit: PAGE, ..query };
    // What cannot be read at all is refused properly; what fails later breaks the table off.
    let first = api.desk().messages(scope, query.clone()).await?;
    let (sender, receiver) = mpsc::channel(PAGES_WAITING);
    tokio::spawn(async move {
        let (mut page, mut written) = (first, 0);
        let mut text = line(TITLES);
        loop {
            page.items.iter().for_each(|detail| text.push_str(&row(detail)));
            written += page.items.len();
            if sender.send(Ok(Bytes::from(std::mem::take(&mut text)))).await.is_err() {
                return;
            }
            let Some(next) = page.next.filter(|_| written < MESSAGES_MAX) else { return };
            let query = MessageQuery { before: Some(next), ..query.clone() };
            match api.desk().messages(scope, query).await {
                Ok(next) => page = next,
                Err(refusal) => {
                    tracing::warn!(code = refusal.code.code(), written, "an export broke off");
                    let broken = std::io::Error::other("the export broke off");
                    // Who has gone needs no word of it.
                    drop(sender.send(Err(broken)).await);
                    return;
                }
            }
        }
    });
    Ok(file("attachment; filename=\"messages.csv\"", Body::new(Table(receiver))))
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

fn row(detail: &MessageDetail) -> String {
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
