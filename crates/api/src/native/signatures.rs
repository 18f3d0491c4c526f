//! Signatures of the caller's account: `/api/v1/signatures` and one of them.

use app::SignatureView;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use types::id::SignatureId;
use types::refusal::{Refusal, RefusalCode};
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::native::lists::{PageQuery, read_place, write_cursor};
use crate::native::webhooks::IdPath;
use crate::once::{Posted, marked};
use crate::problem::{Refused, json_bytes};
use crate::state::Api;

/// A signature of the account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "sig_01kq3v8w2rj5x7n4m6t9p0c1db",
    "signature": "ACME",
    "state": "approved",
    "purpose": "our company",
    "note": "",
    "created_at": "2026-11-22T10:00:00.000Z",
    "changed_at": "2026-11-22T12:00:00.000Z"
}))]
pub(crate) struct SignatureItem {
    /// Its id.
    id: String,
    /// The signature, without the brackets that the operator's rules put around it.
    signature: String,
    /// `pending`, until the operator has reviewed it; `approved`, `rejected`, or `revoked`: approved for a
    /// while.
    #[schema(value_type = String)]
    state: &'static str,
    /// What you say that it stands for.
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

impl From<SignatureView> for SignatureItem {
    fn from(view: SignatureView) -> Self {
        Self {
            id: view.id.to_string(),
            signature: view.signature,
            state: view.state.as_str(),
            purpose: view.purpose,
            note: view.note,
            created_at: view.created_at.to_string(),
            changed_at: view.changed_at.to_string(),
        }
    }
}

/// A page of signatures, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignaturePage {
    /// The signatures.
    items: Vec<SignatureItem>,
    /// Give it as `cursor` to read on; null at the end.
    next_cursor: Option<String>,
}

/// A signature that the account would like to use.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"signature": "ACME", "purpose": "our company"}))]
pub(crate) struct NewSignature {
    /// 2 to 24 letters and digits, with blanks, dots and hyphens between them.
    #[schema(example = "ACME")]
    signature: String,
    /// What it stands for, at most 200 characters.
    purpose: Option<String>,
}

/// Lists signatures, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/signatures",
    operation_id = "signature_list",
    tag = "templates",
    params(PageQuery),
    responses((status = 200, description = "A page", body = SignaturePage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let (before, limit) = api.counting(caller, read_place(query.as_deref().unwrap_or("")))?;
    let page = api.desk().signatures(caller.account, before, limit);
    let items = page.items.into_iter().map(SignatureItem::from).collect();
    let next_cursor = page.next.map(write_cursor);
    Ok(json_bytes(StatusCode::OK, &SignaturePage { items, next_cursor }))
}

/// Asks the operator for a signature. It is `pending` until it was reviewed.
#[utoipa::path(
    post,
    path = "/api/v1/signatures",
    operation_id = "signature_request",
    tag = "templates",
    request_body(content = NewSignature, content_type = "application/json"),
    responses((status = 201, description = "The signature", body = SignatureItem))
)]
pub(crate) async fn request(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    posted: Posted,
) -> Result<Response, Refused> {
    let NewSignature { signature, purpose } = api.counting(caller, posted.json())?;
    let purpose = purpose.unwrap_or_default();
    let done = api.desk().request_signature(caller.account, signature, purpose, posted.once).await?;
    Ok(marked(json_bytes(StatusCode::CREATED, &SignatureItem::from(done.value)), done.replayed))
}

/// Shows one signature.
#[utoipa::path(
    get,
    path = "/api/v1/signatures/{id}",
    operation_id = "signature_view",
    tag = "templates",
    params(("id" = String, Path, description = "The id")),
    responses((status = 200, description = "The signature", body = SignatureItem))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    let found = api.desk().signature(caller.account, read_path(id)?);
    Ok(json_bytes(StatusCode::OK, &SignatureItem::from(found.ok_or_else(no_such_signature)?)))
}

/// Takes a signature away, with its review.
#[utoipa::path(
    delete,
    path = "/api/v1/signatures/{id}",
    operation_id = "signature_remove",
    tag = "templates",
    params(("id" = String, Path, description = "The id")),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    api.desk().remove_signature(caller.account, read_path(id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Text that is no id is treated like the id of nothing.
fn read_path(path: IdPath) -> Result<SignatureId, Refusal> {
    let id = path.ok().and_then(|Path(text)| SignatureId::parse(&text));
    id.ok_or_else(no_such_signature)
}

fn no_such_signature() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the account has no such signature").at("id")
}
