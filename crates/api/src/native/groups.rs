//! Groups of contacts: `/api/v1/groups`, one of them, and who is in it.

use app::submission::Caller;
use app::{CONTACTS_AT_ONCE_MAX, GroupPatch, GroupView, Membership};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use types::id::{ContactId, GroupId};
use types::refusal::{Refusal, RefusalCode};
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::native::lists::{PageQuery, read_place, write_cursor};
use crate::native::shape::{ContactText, is_id};
use crate::native::webhooks::IdPath;
use crate::once::{Posted, marked};
use crate::problem::{Refused, json_bytes};
use crate::state::Api;

/// A group of contacts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "grp_01kq3v8w2rj5x7n4m6t9p0c1dc",
    "name": "customers",
    "description": "",
    "contacts": 1,
    "created_at": "2026-11-22T10:00:00.000Z"
}))]
pub(crate) struct GroupItem {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// What it is for; empty for nothing.
    description: String,
    /// How many contacts are in it.
    contacts: u64,
    /// Since when it is there.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<GroupView> for GroupItem {
    fn from(view: GroupView) -> Self {
        Self {
            id: view.id.to_string(),
            name: view.name,
            description: view.description,
            contacts: view.contacts,
            created_at: view.created_at.to_string(),
        }
    }
}

/// A page of groups, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupPage {
    /// The groups.
    items: Vec<GroupItem>,
    /// Give it as `cursor` to read on; null at the end.
    next_cursor: Option<String>,
}

/// A new group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "customers"}))]
pub(crate) struct NewGroup {
    /// Its name, which no other group of the account has: 1 to 64 characters.
    #[schema(
        example = "customers",
        min_length = 1,
        max_length = 64,
        pattern = r"^[!-~\u00a1-\u00ff]([^\u0000-\u001f\u007f-\u009f]*[!-~\u00a1-\u00ff])?$"
    )]
    name: String,
    /// What it is for, at most 200 characters.
    #[schema(max_length = 200, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    description: Option<String>,
}

/// What to change of a group; what is not there stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"description": "those who have bought something"}))]
pub(crate) struct GroupChange {
    /// Another name.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^[!-~\u00a1-\u00ff]([^\u0000-\u001f\u007f-\u009f]*[!-~\u00a1-\u00ff])?$"
    )]
    name: Option<String>,
    /// Another description.
    #[schema(max_length = 200, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    description: Option<String>,
}

/// Contacts that come into a group or leave it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"contacts": ["con_01kq3v8w2rj5x7n4m6t9p0c1db"]}))]
pub(crate) struct MembersOfGroup {
    /// Their ids.
    #[schema(value_type = Vec<ContactText>, inline, min_items = 1, max_items = 500)]
    contacts: Vec<String>,
}

/// Lists groups, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/groups",
    operation_id = "group_list",
    tag = "contacts",
    params(PageQuery),
    responses((status = 200, description = "A page", body = GroupPage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let (before, limit) = api.counting(caller, read_place(query.as_deref().unwrap_or("")))?;
    let page = api.desk().groups(caller.account, before, limit).await?;
    let items = page.items.into_iter().map(GroupItem::from).collect();
    let next_cursor = page.next.map(write_cursor);
    Ok(json_bytes(StatusCode::OK, &GroupPage { items, next_cursor }))
}

/// Makes a group.
#[utoipa::path(
    post,
    path = "/api/v1/groups",
    operation_id = "group_create",
    tag = "contacts",
    request_body(content = NewGroup, content_type = "application/json"),
    responses((status = 201, description = "The group", body = GroupItem))
)]
pub(crate) async fn create(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    posted: Posted,
) -> Result<Response, Refused> {
    let body: NewGroup = api.counting(caller, posted.json())?;
    let description = body.description.unwrap_or_default();
    let done = api.desk().make_group(caller.account, body.name, description, posted.once).await?;
    Ok(marked(json_bytes(StatusCode::CREATED, &GroupItem::from(done.value)), done.replayed))
}

/// Shows one group. Its contacts are listed at `/api/v1/contacts?group=`.
#[utoipa::path(
    get,
    path = "/api/v1/groups/{id}",
    operation_id = "group_view",
    tag = "contacts",
    params(("id" = String, Path, description = "The id")),
    responses((status = 200, description = "The group", body = GroupItem))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    let found = api.desk().group(caller.account, read_path(id)?).await?;
    Ok(json_bytes(StatusCode::OK, &GroupItem::from(found.ok_or_else(no_such_group)?)))
}

/// Changes a group.
#[utoipa::path(
    patch,
    path = "/api/v1/groups/{id}",
    operation_id = "group_change",
    tag = "contacts",
    params(("id" = String, Path, description = "The id")),
    request_body(content = GroupChange, content_type = "application/json"),
    responses((status = 200, description = "The group as it is now", body = GroupItem))
)]
pub(crate) async fn change(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    let GroupChange { name, description } = api.counting(caller, posted.json())?;
    let patch = GroupPatch { name, description };
    let changed = api.desk().change_group(caller.account, read_path(id)?, patch).await?;
    Ok(json_bytes(StatusCode::OK, &GroupItem::from(changed)))
}

/// Takes a group away; its contacts stay.
#[utoipa::path(
    delete,
    path = "/api/v1/groups/{id}",
    operation_id = "group_remove",
    tag = "contacts",
    params(("id" = String, Path, description = "The id")),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    api.desk().remove_group(caller.account, read_path(id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Puts contacts into a group: all or none.
#[utoipa::path(
    post,
    path = "/api/v1/groups/{id}/join",
    operation_id = "group_join",
    tag = "contacts",
    params(
        ("id" = String, Path, description = "The id")
    ),
    request_body(content = MembersOfGroup, content_type = "application/json"),
    responses((status = 200, description = "The group as it is now", body = GroupItem))
)]
pub(crate) async fn join(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    change_members(&api, caller, id, posted, Membership::Join).await
}

/// Takes contacts out of a group; those that are not in it stay out.
#[utoipa::path(
    post,
    path = "/api/v1/groups/{id}/leave",
    operation_id = "group_leave",
    tag = "contacts",
    params(
        ("id" = String, Path, description = "The id")
    ),
    request_body(content = MembersOfGroup, content_type = "application/json"),
    responses((status = 200, description = "The group as it is now", body = GroupItem))
)]
pub(crate) async fn leave(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    change_members(&api, caller, id, posted, Membership::Leave).await
}

async fn change_members(
    api: &Api,
    caller: Caller,
    id: IdPath,
    posted: Posted,
    membership: Membership,
) -> Result<Response, Refused> {
    let contacts = api.counting(caller, read_members(&posted))?;
    let id = read_path(id)?;
    let done = api.desk().change_members(caller.account, id, membership, contacts, posted.once).await?;
    Ok(marked(json_bytes(StatusCode::OK, &GroupItem::from(done.value)), done.replayed))
}

fn read_members(posted: &Posted) -> Result<Vec<ContactId>, Refusal> {
    let body: MembersOfGroup = posted.json()?;
    let refuse = |detail: String, field: String| Refusal::new(RefusalCode::InvalidRequest, detail).at(field);
    if body.contacts.is_empty() || body.contacts.len() > CONTACTS_AT_ONCE_MAX {
        return Err(refuse(format!("expected 1 to {CONTACTS_AT_ONCE_MAX} contacts"), "contacts".to_owned()));
    }
    let read = |(place, text): (usize, &String)| {
        let no = || {
            let field = format!("contacts[{place}]");
            if is_id(text, "con_") {
                return Refusal::new(RefusalCode::NotFound, "the account has no contact by this id")
                    .at(field);
            }
            refuse("expected the id of a contact".to_owned(), field)
        };
        ContactId::parse(text).ok_or_else(no)
    };
    body.contacts.iter().enumerate().map(read).collect()
}

/// Text that is no id is treated like the id of nothing.
fn read_path(path: IdPath) -> Result<GroupId, Refusal> {
    let id = path.ok().and_then(|Path(text)| GroupId::parse(&text));
    id.ok_or_else(no_such_group)
}

fn no_such_group() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the account has no such group").at("id")
}
