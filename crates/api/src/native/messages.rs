//! One message: `GET /api/v1/messages/{id}`, its explanation, its withdrawal, the erasure of its text, and its deletion.

use app::Scope;
use app::submission::{Act, Caller};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use types::id::MessageId;
use types::refusal::{Refusal, RefusalCode};

use crate::auth::Authenticated;
use crate::native::view::{ExplainView, MessageView};
use crate::once::{Posted, marked};
use crate::problem::{Refused, json_bytes};
use crate::state::Api;

/// Shows a message with its attempts. The id is taken in every notation that any door hands out.
#[utoipa::path(
    get,
    path = "/api/v1/messages/{id}",
    operation_id = "message_view",
    tag = "messages",
    params(("id" = String, Path, description = "The message's id in any notation")),
    responses((status = 200, description = "The message", body = MessageView))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    let found = api.desk().message(Scope::Account(caller.account), read_id(id)?).await?;
    let detail = found.ok_or_else(no_such_message)?;
    Ok(json_bytes(StatusCode::OK, &MessageView::full(&detail)))
}

/// Explains why a message was priced, sent, charged and ended as it was.
#[utoipa::path(
    get,
    path = "/api/v1/messages/{id}/explain",
    operation_id = "message_explain",
    tag = "messages",
    params(("id" = String, Path, description = "The message's id in any notation")),
    responses((status = 200, description = "The explanation", body = ExplainView))
)]
pub(crate) async fn explain(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    let found = api.desk().explain(Scope::Account(caller.account), read_id(id)?).await?;
    let (detail, because) = found.ok_or_else(no_such_message)?;
    Ok(json_bytes(StatusCode::OK, &ExplainView::new(&detail, &because)))
}

/// Withdraws a message that was not sent yet.
#[utoipa::path(
    post,
    path = "/api/v1/messages/{id}/cancel",
    operation_id = "message_cancel",
    tag = "messages",
    params(("id" = String, Path, description = "The message's id in any notation")),
    responses((status = 200, description = "The message, withdrawn", body = MessageView))
)]
pub(crate) async fn cancel(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    act(&api, caller, Act::Withdraw, id, posted).await
}

/// Erases what a message says, once it has ended: its text as you sent it and as it was written for the carrier.
/// Everything else of it stays, and this cannot be undone.
#[utoipa::path(
    post,
    path = "/api/v1/messages/{id}/redact",
    operation_id = "message_redact",
    tag = "messages",
    params(("id" = String, Path, description = "The message's id in any notation")),
    responses((status = 200, description = "The message, without its text", body = MessageView))
)]
pub(crate) async fn redact(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    act(&api, caller, Act::EraseContent, id, posted).await
}

/// Deletes a message, once it has ended: what it says, its addresses and your reference are erased, and it is found
/// no more. What it cost stays in the balance and the statistics, and what carriers told of it on the operator's
/// record. This cannot be undone.
#[utoipa::path(
    delete,
    path = "/api/v1/messages/{id}",
    operation_id = "message_delete",
    tag = "messages",
    params(("id" = String, Path, description = "The message's id in any notation")),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    api.desk().act(Act::Delete, Scope::Account(caller.account), read_id(id)?, None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn act(api: &Api, caller: Caller, act: Act, id: IdPath, posted: Posted) -> Result<Response, Refused> {
    let posted = api.counting(caller, posted.without_body())?;
    let done = api.desk().act(act, Scope::Account(caller.account), read_id(id)?, posted.once).await?;
    Ok(marked(json_bytes(StatusCode::OK, &MessageView::full(&done.value)), done.replayed))
}

/// The id in the path; an error when its octets are not UTF-8.
type IdPath = Result<Path<String>, PathRejection>;

/// Text that is no id in any notation is treated like the id of nothing.
fn read_id(path: IdPath) -> Result<MessageId, Refusal> {
    path.ok().and_then(|Path(text)| MessageId::parse(&text)).ok_or_else(no_such_message)
}

fn no_such_message() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "this account has no message with this id").at("id")
}
