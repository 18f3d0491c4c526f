//! API keys of the caller's account: `/api/v1/keys` and what is done with one of them.

use app::{KeyPatch, KeyView, KeyWish, ShownKey};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use types::access::{AddressRange, KeyScope, KeyScopes};
use types::id::CredentialId;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;
use utoipa::ToSchema;

use crate::auth::{Authenticated, KeyHolder};
use crate::native::shape::{RangeText, ScopeName};
use crate::native::webhooks::{IdPath, Rotation, read_number, stated};
use crate::once::{Posted, marked};
use crate::problem::{Refused, json_bytes};
use crate::state::Api;

/// An API key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "12",
    "key": "ckq7m2v9x4r8t3w6z5",
    "label": "the shop",
    "scopes": ["send", "read"],
    "addresses": ["192.0.2.0/24"],
    "created_at": "2026-11-22T10:00:00.000Z",
    "expires_at": null,
    "last_used_at": "2026-11-22T11:00:00.000Z",
    "old_secret_until": null
}))]
pub(crate) struct KeyItem {
    /// Its id.
    id: String,
    /// The key itself, which is no secret.
    key: String,
    /// What its owner calls it.
    label: String,
    /// What it may do: `send`, `read`, `manage`, `accounts`.
    scopes: Vec<&'static str>,
    /// The addresses and ranges from which it may be used; none for everywhere.
    addresses: Vec<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ends.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// When it was used last, to the hour.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
    /// Until when the secret before is still good, after a rotation.
    #[schema(format = DateTime)]
    old_secret_until: Option<String>,
    /// Its secret; only in the answer that makes or rotates it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<KeyView> for KeyItem {
    fn from(view: KeyView) -> Self {
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        Self {
            id: view.id.0.to_string(),
            key: view.name,
            label: view.label,
            scopes: view.scopes.iter().map(KeyScope::as_str).collect(),
            addresses: view.ranges.iter().map(ToString::to_string).collect(),
            created_at: view.created_at.to_string(),
            expires_at: time(view.expires_at),
            last_used_at: time(view.used_at),
            old_secret_until: time(view.old_secret_until),
            secret: None,
        }
    }
}

impl From<ShownKey> for KeyItem {
    fn from(shown: ShownKey) -> Self {
        Self { secret: Some(shown.secret.into_inner()), ..Self::from(shown.key) }
    }
}

/// The keys of an account, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyList {
    /// The keys.
    pub(crate) items: Vec<KeyItem>,
    /// Always null: there is one page.
    #[schema(value_type = Option<String>)]
    pub(crate) next_cursor: Option<&'static str>,
}

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"label": "the shop", "scopes": ["send"], "addresses": ["192.0.2.0/24"]}))]
pub(crate) struct NewKey {
    /// What you call it.
    #[schema(max_length = 100, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    label: Option<String>,
    /// What it may do: `send`, `read`, `manage`, `accounts`; what the calling key may do when absent.
    #[schema(value_type = Option<Vec<ScopeName>>, inline, min_items = 1, max_items = 4)]
    scopes: Option<Vec<String>>,
    /// The addresses and ranges from which it may be used, e.g. `192.0.2.0/24`; everywhere when absent.
    #[schema(value_type = Option<Vec<RangeText>>, inline, max_items = 50)]
    addresses: Option<Vec<String>>,
    /// When it ends; never when absent.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// What to change of a key; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"scopes": ["read"], "expires_at": null}))]
pub(crate) struct KeyChange {
    /// What you call it.
    #[schema(max_length = 100, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    label: Option<String>,
    /// What it may do: `send`, `read`, `manage`, `accounts`.
    #[schema(value_type = Option<Vec<ScopeName>>, inline, min_items = 1, max_items = 4)]
    scopes: Option<Vec<String>>,
    /// The addresses and ranges from which it may be used; none for everywhere.
    #[schema(value_type = Option<Vec<RangeText>>, inline, max_items = 50)]
    addresses: Option<Vec<String>>,
    /// When it ends; null for never.
    #[serde(default, deserialize_with = "stated")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Option<String>>,
}

/// Lists the API keys of the account, without their secrets.
#[utoipa::path(
    get,
    path = "/api/v1/keys",
    operation_id = "key_list",
    tag = "keys",
    responses((status = 200, description = "The keys", body = KeyList))
)]
pub(crate) async fn list(State(api): State<Api>, Authenticated(caller): Authenticated) -> Response {
    let items = api.desk().keys(caller.account).into_iter().map(KeyItem::from).collect();
    json_bytes(StatusCode::OK, &KeyList { items, next_cursor: None })
}

/// Makes an API key. Its secret is shown once. No key can make one that may do more than itself.
#[utoipa::path(
    post,
    path = "/api/v1/keys",
    operation_id = "key_create",
    tag = "keys",
    request_body(content = NewKey, content_type = "application/json"),
    responses((status = 201, description = "The key with its secret", body = KeyItem))
)]
pub(crate) async fn create(
    State(api): State<Api>,
    KeyHolder(access): KeyHolder,
    posted: Posted,
) -> Result<Response, Refused> {
    let caller = access.caller;
    let wish = api.counting(caller, read_new(&posted, access.scopes))?;
    let done = api.desk().make_key(caller.account, wish, access.scopes, posted.once).await?;
    Ok(marked(json_bytes(StatusCode::CREATED, &KeyItem::from(done.value)), done.replayed))
}

/// Shows one key, without its secret.
#[utoipa::path(
    get,
    path = "/api/v1/keys/{id}",
    operation_id = "key_view",
    tag = "keys",
    params(("id" = String, Path, description = "The key's id")),
    responses((status = 200, description = "The key", body = KeyItem))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    let found = api.desk().key(caller.account, read_id(id)?);
    Ok(json_bytes(StatusCode::OK, &KeyItem::from(found.ok_or_else(no_such_key)?)))
}

/// Changes what a key may do, from where and until when.
#[utoipa::path(
    patch,
    path = "/api/v1/keys/{id}",
    operation_id = "key_change",
    tag = "keys",
    params(("id" = String, Path, description = "The key's id")),
    request_body(content = KeyChange, content_type = "application/json"),
    responses((status = 200, description = "The key as it is now", body = KeyItem))
)]
pub(crate) async fn change(
    State(api): State<Api>,
    KeyHolder(access): KeyHolder,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    let caller = access.caller;
    let patch = api.counting(caller, read_patch(&posted))?;
    let changed = api.desk().change_key(caller.account, read_id(id)?, patch, access.scopes).await?;
    Ok(json_bytes(StatusCode::OK, &KeyItem::from(changed)))
}

/// Ends a key for good.
#[utoipa::path(
    delete,
    path = "/api/v1/keys/{id}",
    operation_id = "key_revoke",
    tag = "keys",
    params(("id" = String, Path, description = "The key's id")),
    responses((status = 204, description = "It opens nothing any more"))
)]
pub(crate) async fn revoke(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    api.desk().revoke_key(caller.account, read_id(id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Gives a key another secret, which is shown once. The one before stays good for a while.
#[utoipa::path(
    post,
    path = "/api/v1/keys/{id}/rotate",
    operation_id = "key_rotate",
    tag = "keys",
    params(("id" = String, Path, description = "The key's id")),
    request_body(content = Option<Rotation>, content_type = "application/json"),
    responses((status = 200, description = "The key with its new secret", body = KeyItem))
)]
pub(crate) async fn rotate(
    State(api): State<Api>,
    KeyHolder(access): KeyHolder,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    let caller = access.caller;
    let rotation: Rotation = api.counting(caller, posted.json_or_usual())?;
    let (id, overlap_ms) = (read_id(id)?, rotation.overlap_ms());
    let done = api.desk().rotate_key(caller.account, id, overlap_ms, access.scopes, posted.once).await?;
    Ok(marked(json_bytes(StatusCode::OK, &KeyItem::from(done.value)), done.replayed))
}

pub(crate) fn read_new(posted: &Posted, own: KeyScopes) -> Result<KeyWish, Refusal> {
    let body: NewKey = posted.json()?;
    Ok(KeyWish {
        label: body.label.unwrap_or_default(),
        scopes: body.scopes.map_or(Ok(own), |names| read_scopes(&names))?,
        ranges: read_ranges(&body.addresses.unwrap_or_default())?,
        expires_at: body.expires_at.as_deref().map(read_end).transpose()?,
    })
}

fn read_patch(posted: &Posted) -> Result<KeyPatch, Refusal> {
    let body: KeyChange = posted.json()?;
    Ok(KeyPatch {
        label: body.label,
        scopes: body.scopes.map(|names| read_scopes(&names)).transpose()?,
        ranges: body.addresses.map(|texts| read_ranges(&texts)).transpose()?,
        expires_at: body.expires_at.map(|end| end.as_deref().map(read_end).transpose()).transpose()?,
    })
}

fn read_scopes(names: &[String]) -> Result<KeyScopes, Refusal> {
    if names.is_empty() || names.len() > KeyScope::ALL.len() {
        let detail = "expected one or more of `send`, `read`, `manage` and `accounts`, each once";
        return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("scopes"));
    }
    let read = |(place, name): (usize, &String)| {
        KeyScope::parse(name).ok_or_else(|| {
            Refusal::new(RefusalCode::InvalidRequest, "expected `send`, `read`, `manage` or `accounts`")
                .at(format!("scopes[{place}]"))
        })
    };
    names.iter().enumerate().map(read).collect()
}

fn read_ranges(texts: &[String]) -> Result<Vec<AddressRange>, Refusal> {
    let read = |(place, text): (usize, &String)| {
        AddressRange::parse(text).ok_or_else(|| {
            let detail = "expected an address such as 192.0.2.7, or a range such as 192.0.2.0/24 whose \
                          other bits are zero";
            Refusal::new(RefusalCode::InvalidRequest, detail).at(format!("addresses[{place}]"))
        })
    };
    texts.iter().enumerate().map(read).collect()
}

fn read_end(text: &str) -> Result<Timestamp, Refusal> {
    Timestamp::parse_rfc3339(text).ok_or_else(|| {
        let detail = "expected a time such as 2026-11-22T10:00:00Z";
        Refusal::new(RefusalCode::InvalidRequest, detail).at("expires_at")
    })
}

fn read_id(path: IdPath) -> Result<CredentialId, Refusal> {
    read_number(path).map(CredentialId).ok_or_else(no_such_key)
}

fn no_such_key() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "this account has no API key with this id").at("id")
}
