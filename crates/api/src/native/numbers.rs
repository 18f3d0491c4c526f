//! Numbers of the caller's account to which phones write: `/api/v1/senders/numbers` and one of them.

use app::InboundNumberView;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use types::id::{EndpointId, RowKey};
use types::inbound::{InboundNumber, NumberRoute};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::native::lists::{PageQuery, read_place, write_cursor};
use crate::native::webhooks::IdPath;
use crate::once::Posted;
use crate::problem::{Refused, json_bytes};
use crate::state::Api;

/// A number to which phones write.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "number": "447400999000",
    "route": "webhook",
    "webhook": "3",
    "assigned_at": "2026-11-22T10:00:00.000Z"
}))]
pub(crate) struct NumberItem {
    /// The number or short code.
    number: String,
    /// Where goes what is written to it: `account`, where the account hears of everything; `webhook`;
    /// `binds`, its SMPP sessions; or `keywords`, to nobody, while words such as STOP are obeyed and answered.
    #[schema(value_type = String)]
    route: &'static str,
    /// The id of the webhook, where the route is one.
    webhook: Option<String>,
    /// Since when the account holds it.
    #[schema(format = DateTime)]
    assigned_at: Option<String>,
}

impl From<InboundNumberView> for NumberItem {
    fn from(view: InboundNumberView) -> Self {
        Self {
            number: view.number.to_string(),
            route: view.route.as_str(),
            webhook: view.endpoint.map(|endpoint| endpoint.0.to_string()),
            assigned_at: view.assigned_at.map(|at: Timestamp| at.to_string()),
        }
    }
}

/// A page of numbers, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumberPage {
    /// The numbers.
    items: Vec<NumberItem>,
    /// Give it as `cursor` to read on; null at the end.
    next_cursor: Option<String>,
}

/// Where shall go what is written to a number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"route": "webhook", "webhook": "3"}))]
pub(crate) struct NumberChange {
    /// `account`, `webhook`, `binds` or `keywords`.
    #[schema(example = "account", pattern = "^(account|webhook|binds|keywords)$")]
    route: String,
    /// The id of the webhook; with the route `webhook` only.
    #[schema(pattern = "^[1-9][0-9]{0,17}$")]
    webhook: Option<String>,
}

/// Lists the numbers that the account holds.
#[utoipa::path(
    get,
    path = "/api/v1/senders/numbers",
    operation_id = "own_number_list",
    tag = "inbound",
    params(PageQuery),
    responses((status = 200, description = "A page", body = NumberPage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let (after, limit) = api.counting(caller, read_place(query.as_deref().unwrap_or("")))?;
    // A cursor is the number before the page.
    let after = after.and_then(|key| u64::try_from(key.as_i64()).ok()).and_then(InboundNumber::from_u64);
    let mut views = api.desk().inbound_numbers(caller.account, after, limit + 1);
    let has_more = views.len() > limit;
    views.truncate(limit);
    let last = views.last().filter(|_| has_more).map(|view| view.number.as_u64().cast_signed());
    let next_cursor = last.map(RowKey::from_i64).map(write_cursor);
    let items = views.into_iter().map(NumberItem::from).collect();
    Ok(json_bytes(StatusCode::OK, &NumberPage { items, next_cursor }))
}

/// Shows one number that the account holds.
#[utoipa::path(
    get,
    path = "/api/v1/senders/numbers/{id}",
    operation_id = "own_number_view",
    tag = "inbound",
    params(("id" = String, Path, description = "The number or short code")),
    responses((status = 200, description = "The number", body = NumberItem))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    number: IdPath,
) -> Result<Response, Refused> {
    let found = api.desk().inbound_number(caller.account, read_path(number)?);
    Ok(json_bytes(StatusCode::OK, &NumberItem::from(found.ok_or_else(no_such_number)?)))
}

/// Says where goes what is written to a number.
#[utoipa::path(
    patch,
    path = "/api/v1/senders/numbers/{id}",
    operation_id = "own_number_change",
    tag = "inbound",
    params(("id" = String, Path, description = "The number or short code")),
    request_body(content = NumberChange, content_type = "application/json"),
    responses((status = 200, description = "The number as it is now", body = NumberItem))
)]
pub(crate) async fn change(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    number: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    let (route, webhook) = api.counting(caller, read_change(&posted))?;
    let changed = api.desk().route_number(caller.account, read_path(number)?, route, webhook).await?;
    Ok(json_bytes(StatusCode::OK, &NumberItem::from(changed)))
}

fn read_change(posted: &Posted) -> Result<(NumberRoute, Option<EndpointId>), Refusal> {
    let body: NumberChange = posted.json()?;
    let refuse = |detail: &str, field: &str| Refusal::new(RefusalCode::InvalidRequest, detail).at(field);
    let route = NumberRoute::parse(&body.route)
        .ok_or_else(|| refuse("expected account, webhook, binds or keywords", "route"))?;
    let read = |text: String| text.parse().ok().filter(|id: &i64| *id > 0 && id.to_string() == text);
    let webhook =
        body.webhook.map(|text| read(text).ok_or_else(|| refuse("expected the id of a webhook", "webhook")));
    Ok((route, webhook.transpose()?.map(EndpointId)))
}

/// Text that is no number is treated like a number that the account does not hold.
fn read_path(path: IdPath) -> Result<InboundNumber, Refusal> {
    let number = path.ok().and_then(|Path(text)| InboundNumber::parse(&text));
    number.ok_or_else(no_such_number)
}

fn no_such_number() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "this account holds no such number").at("id")
}
