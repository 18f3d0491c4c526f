//! Senders of the caller's account: `/api/v1/senders` and one of them.

use app::{SenderView, SenderWish};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use types::id::SenderId;
use types::network::Country;
use types::refusal::{Refusal, RefusalCode};
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::native::lists::{PageQuery, read_place, write_cursor};
use crate::native::shape::CountryText;
use crate::native::webhooks::IdPath;
use crate::once::{Posted, marked};
use crate::problem::{Refused, json_bytes};
use crate::state::Api;

/// A sender of the account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "sdr_01kq3v8w2rj5x7n4m6t9p0c1db",
    "sender": "ACME",
    "state": "approved",
    "countries": ["GB"],
    "purpose": "order updates",
    "note": "",
    "created_at": "2026-11-22T10:00:00.000Z",
    "changed_at": "2026-11-22T12:00:00.000Z"
}))]
pub(crate) struct SenderItem {
    /// Its id.
    id: String,
    /// The name or number that phones see.
    sender: String,
    /// `pending`, until the operator has reviewed it; `approved`, `rejected`, or `revoked`: approved for a
    /// while.
    #[schema(value_type = String)]
    state: &'static str,
    /// The countries for which it is meant, by two letters each; none for all.
    countries: Vec<String>,
    /// What you say that it is for.
    purpose: String,
    /// What the operator says of its review.
    note: String,
    /// When it was asked for.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was reviewed last, or asked for.
    #[schema(format = DateTime)]
    changed_at: String,
}

impl From<SenderView> for SenderItem {
    fn from(view: SenderView) -> Self {
        Self {
            id: view.id.to_string(),
            sender: view.sender,
            state: view.state.as_str(),
            countries: view.countries.iter().map(ToString::to_string).collect(),
            purpose: view.purpose,
            note: view.note,
            created_at: view.created_at.to_string(),
            changed_at: view.changed_at.to_string(),
        }
    }
}

/// A page of senders, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SenderPage {
    /// The senders.
    items: Vec<SenderItem>,
    /// Give it as `cursor` to read on; null at the end.
    next_cursor: Option<String>,
}

/// A sender that the account would like to use.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"sender": "ACME", "countries": ["GB"], "purpose": "order updates"}))]
pub(crate) struct NewSender {
    /// Up to 11 letters and digits, a number, or a short code.
    #[schema(example = "ACME")]
    sender: String,
    /// The countries for which it is meant, by two letters each; all when absent.
    #[schema(value_type = Option<Vec<CountryText>>, inline, max_items = 250)]
    countries: Option<Vec<String>>,
    /// What it is for, at most 200 characters.
    #[schema(max_length = 200, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    purpose: Option<String>,
}

/// Lists senders, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/senders",
    operation_id = "sender_list",
    tag = "senders",
    params(PageQuery),
    responses((status = 200, description = "A page", body = SenderPage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let (before, limit) = api.counting(caller, read_place(query.as_deref().unwrap_or("")))?;
    let page = api.desk().senders(caller.account, before, limit);
    let items = page.items.into_iter().map(SenderItem::from).collect();
    let next_cursor = page.next.map(write_cursor);
    Ok(json_bytes(StatusCode::OK, &SenderPage { items, next_cursor }))
}

/// Asks the operator for a sender. It is `pending` until it was reviewed; where the operator wants senders
/// approved, messages from it are refused until then.
#[utoipa::path(
    post,
    path = "/api/v1/senders",
    operation_id = "sender_request",
    tag = "senders",
    request_body(content = NewSender, content_type = "application/json"),
    responses((status = 201, description = "The sender", body = SenderItem))
)]
pub(crate) async fn request(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    posted: Posted,
) -> Result<Response, Refused> {
    let wish = api.counting(caller, read_new(&posted))?;
    let done = api.desk().request_sender(caller.account, wish, posted.once).await?;
    Ok(marked(json_bytes(StatusCode::CREATED, &SenderItem::from(done.value)), done.replayed))
}

/// Shows one sender.
#[utoipa::path(
    get,
    path = "/api/v1/senders/{id}",
    operation_id = "sender_view",
    tag = "senders",
    params(("id" = String, Path, description = "The id")),
    responses((status = 200, description = "The sender", body = SenderItem))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    let found = api.desk().sender(caller.account, read_path(id)?);
    Ok(json_bytes(StatusCode::OK, &SenderItem::from(found.ok_or_else(no_such_sender)?)))
}

/// Takes a sender away, with its review.
#[utoipa::path(
    delete,
    path = "/api/v1/senders/{id}",
    operation_id = "sender_remove",
    tag = "senders",
    params(("id" = String, Path, description = "The id")),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    api.desk().remove_sender(caller.account, read_path(id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn read_new(posted: &Posted) -> Result<SenderWish, Refusal> {
    let body: NewSender = posted.json()?;
    let countries = body.countries.unwrap_or_default();
    let read = |(place, text): (usize, &String)| {
        Country::parse(text).ok_or_else(|| {
            let field = format!("countries[{place}]");
            Refusal::new(RefusalCode::InvalidRequest, "expected two letters, such as GB").at(field)
        })
    };
    let countries = countries.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    Ok(SenderWish { sender: body.sender, countries, purpose: body.purpose.unwrap_or_default() })
}

/// Text that is no id is treated like the id of nothing.
fn read_path(path: IdPath) -> Result<SenderId, Refusal> {
    let id = path.ok().and_then(|Path(text)| SenderId::parse(&text));
    id.ok_or_else(no_such_sender)
}

fn no_such_sender() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the account has no such sender").at("id")
}
