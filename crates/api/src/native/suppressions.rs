//! Recipients that the caller's account must not message: `/api/v1/suppressions` and one of them.

use app::{SUPPRESSED_AT_ONCE_MAX, SuppressionQuery, SuppressionView, SuppressionWish};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use types::address::Msisdn;
use types::id::CredentialId;
use types::refusal::{Refusal, RefusalCode};
use types::suppression::SuppressionReason;
use utoipa::{IntoParams, ToSchema};

use crate::auth::Authenticated;
use crate::native::lists::{read_cursor, read_limit, write_cursor};
use crate::native::shape::NumberText;
use crate::native::webhooks::IdPath;
use crate::once::{Posted, marked};
use crate::problem::{Refused, json_bytes};
use crate::query::Fields;
use crate::state::Api;

/// Which entries to list. The parameters are read by [`read_query`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that the hand-written reader takes")]
pub(crate) struct SuppressionListQuery {
    /// Of this number, in any notation.
    #[param(example = "+447911123456", pattern = r"^\+?[1-9]([ .()/-]*[0-9]){5,14}$")]
    number: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-7][0-9a-f]{15}$")]
    cursor: Option<String>,
    /// Items of the page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// A recipient that must not be messaged.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "number": "447911123456",
    "pool": null,
    "reason": "opt_out",
    "source": "inbound:in_01kq3v8w2rj5x7n4m6t9p0c1db",
    "created_at": "2026-11-22T10:00:00.000Z"
}))]
pub(crate) struct SuppressionItem {
    /// The number, country code first.
    number: String,
    /// The id of the pool of senders whose messages it must not get; null for all of the account.
    pool: Option<String>,
    /// `opt_out`: the phone wrote a word such as STOP, and takes it back with one such as START; `complaint`,
    /// `imported` or `manual`.
    #[schema(value_type = String)]
    reason: &'static str,
    /// From where: `inbound:` and the id of the phone's message, or `key:` and the id of the API key.
    source: String,
    /// Since when.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<SuppressionView> for SuppressionItem {
    fn from(view: SuppressionView) -> Self {
        Self {
            number: view.number.digits(),
            pool: view.pool.map(|pool| pool.to_string()),
            reason: view.reason.as_str(),
            source: view.source,
            created_at: view.created_at.to_string(),
        }
    }
}

/// A page of the suppression list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuppressionPage {
    /// The recipients.
    items: Vec<SuppressionItem>,
    /// Give it as `cursor` to read on; null at the end.
    next_cursor: Option<String>,
}

/// Recipients that shall not be messaged.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"numbers": ["+447911123456"], "reason": "manual"}))]
pub(crate) struct NewSuppressions {
    /// The numbers, in any notation; each with its country code.
    #[schema(value_type = Vec<NumberText>, inline, min_items = 1, max_items = 1000)]
    numbers: Vec<String>,
    /// `manual` (when absent), `imported` or `complaint`.
    #[schema(example = "manual", pattern = "^(manual|imported|complaint)$")]
    reason: Option<String>,
}

/// What became of the numbers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"added": 1}))]
pub(crate) struct SuppressionsAdded {
    /// How many of them were not on the list; the others stay as they were.
    added: usize,
}

/// Lists the recipients that must not be messaged, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/suppressions",
    operation_id = "suppression_list",
    tag = "suppressions",
    params(SuppressionListQuery),
    responses((status = 200, description = "A page", body = SuppressionPage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let query = api.counting(caller, read_query(query.as_deref().unwrap_or("")))?;
    let page = api.desk().suppressions(caller.account, query).await?;
    let items = page.items.into_iter().map(SuppressionItem::from).collect();
    let next_cursor = page.next.map(write_cursor);
    Ok(json_bytes(StatusCode::OK, &SuppressionPage { items, next_cursor }))
}

/// Puts recipients on the list. The next message to each of them is refused, whatever its class.
#[utoipa::path(
    post,
    path = "/api/v1/suppressions",
    operation_id = "suppression_add",
    tag = "suppressions",
    request_body(content = NewSuppressions, content_type = "application/json"),
    responses((status = 201, description = "They are on the list", body = SuppressionsAdded))
)]
pub(crate) async fn add(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    posted: Posted,
) -> Result<Response, Refused> {
    let wish = api.counting(caller, read_new(&posted, caller.credential))?;
    let done = api.desk().suppress(caller.account, wish, posted.once).await?;
    let added = SuppressionsAdded { added: done.value };
    Ok(marked(json_bytes(StatusCode::CREATED, &added), done.replayed))
}

/// Shows why a number is on the list.
#[utoipa::path(
    get,
    path = "/api/v1/suppressions/{id}",
    operation_id = "suppression_view",
    tag = "suppressions",
    params(("id" = String, Path, description = "The number, in any notation")),
    responses((status = 200, description = "The recipient", body = SuppressionItem))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    number: IdPath,
) -> Result<Response, Refused> {
    let found = api.desk().suppression(caller.account, read_path(number)?).await?;
    Ok(json_bytes(StatusCode::OK, &SuppressionItem::from(found.ok_or_else(not_listed)?)))
}

/// Takes a number from the list, whatever has put it there. Do this only when the person behind it has
/// agreed.
#[utoipa::path(
    delete,
    path = "/api/v1/suppressions/{id}",
    operation_id = "suppression_remove",
    tag = "suppressions",
    params(("id" = String, Path, description = "The number, in any notation")),
    responses((status = 204, description = "It may be messaged again"))
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    number: IdPath,
) -> Result<Response, Refused> {
    api.desk().unsuppress(caller.account, read_path(number)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn read_query(query: &str) -> Result<SuppressionQuery, Refusal> {
    let fields = Fields::parse(query)?;
    fields.only(&["number", "cursor", "limit"])?;
    let number = fields.once("number")?.map(|text| Msisdn::parse(text).ok_or_else(|| no_number("number")));
    Ok(SuppressionQuery {
        number: number.transpose()?,
        before: read_cursor(&fields)?,
        limit: read_limit(&fields)?,
    })
}

fn read_new(posted: &Posted, key: CredentialId) -> Result<SuppressionWish, Refusal> {
    let body: NewSuppressions = posted.json()?;
    if body.numbers.is_empty() || body.numbers.len() > SUPPRESSED_AT_ONCE_MAX {
        let detail = format!("expected 1 to {SUPPRESSED_AT_ONCE_MAX} numbers");
        return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("numbers"));
    }
    let read = |(place, text): (usize, &String)| {
        Msisdn::parse(text).ok_or_else(|| no_number(&format!("numbers[{place}]")))
    };
    let numbers = body.numbers.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    let reason = body.reason.as_deref().map_or(Some(SuppressionReason::Manual), SuppressionReason::parse);
    // Only a phone can opt out.
    let reason = reason.filter(|reason| *reason != SuppressionReason::OptOut).ok_or_else(|| {
        Refusal::new(RefusalCode::InvalidRequest, "expected manual, imported or complaint").at("reason")
    })?;
    Ok(SuppressionWish { numbers, reason, source: format!("key:{}", key.0) })
}

fn no_number(field: &str) -> Refusal {
    let detail = "expected an international number: country code first, 6 to 15 digits";
    Refusal::new(RefusalCode::InvalidRequest, detail).at(field)
}

/// Text that is no number is treated like a number that is not on the list.
fn read_path(path: IdPath) -> Result<Msisdn, Refusal> {
    let number = path.ok().and_then(|Path(text)| Msisdn::parse(&text));
    number.ok_or_else(not_listed)
}

fn not_listed() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "this number is not on the suppression list")
}
