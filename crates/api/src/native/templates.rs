//! Templates of the caller's account: `/api/v1/templates` and one of them.

use std::collections::BTreeMap;

use app::{TemplateView, TemplateWish};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use types::id::TemplateId;
use types::refusal::{Refusal, RefusalCode};
use types::resource::TemplateVersion;
use types::time::Timestamp;
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::native::lists::{PageQuery, read_place, write_cursor};
use crate::native::webhooks::IdPath;
use crate::once::{Posted, marked};
use crate::problem::{Refused, json_bytes};
use crate::state::Api;

/// A version of a template.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateVersionItem {
    /// Counted from one.
    number: u32,
    /// The text with its placeholders.
    text: String,
    /// What stands for each placeholder, for example.
    examples: BTreeMap<String, String>,
    /// What it came to: as `state` of the template.
    #[schema(value_type = String)]
    state: &'static str,
    /// What the operator says of its review.
    note: String,
    /// Since when it is in this state.
    #[schema(format = DateTime)]
    since: String,
}

impl From<TemplateVersion> for TemplateVersionItem {
    fn from(version: TemplateVersion) -> Self {
        Self {
            number: version.number,
            state: version.review().as_str(),
            text: version.text,
            examples: version.examples,
            note: version.note,
            since: Timestamp::from_ms(version.at_ms).to_string(),
        }
    }
}

/// A template of the account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "tpl_01kq3v8w2rj5x7n4m6t9p0c1db",
    "name": "login code",
    "state": "approved",
    "in_force": 1,
    "versions": [{
        "number": 1,
        "text": "Your code is {code}.",
        "examples": {"code": "123456"},
        "state": "approved",
        "note": "",
        "since": "2026-11-22T12:00:00.000Z"
    }],
    "created_at": "2026-11-22T10:00:00.000Z",
    "changed_at": "2026-11-22T12:00:00.000Z"
}))]
pub(crate) struct TemplateItem {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// Of the newest version: `draft`, until you submit it; `pending`, until the operator has reviewed it;
    /// `approved`, `rejected`, or `revoked`: approved for a while.
    #[schema(value_type = String)]
    state: &'static str,
    /// The version from which messages are written: the newest that was approved, if there is one.
    in_force: Option<u32>,
    /// The versions, newest first.
    versions: Vec<TemplateVersionItem>,
    /// Since when it is there.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was changed or reviewed last.
    #[schema(format = DateTime)]
    changed_at: String,
}

impl From<TemplateView> for TemplateItem {
    fn from(view: TemplateView) -> Self {
        Self {
            id: view.id.to_string(),
            name: view.name,
            state: view.state.as_str(),
            in_force: view.in_force,
            versions: view.versions.into_iter().map(TemplateVersionItem::from).collect(),
            created_at: view.created_at.to_string(),
            changed_at: view.changed_at.to_string(),
        }
    }
}

/// A page of templates, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplatePage {
    /// The templates.
    items: Vec<TemplateItem>,
    /// Give it as `cursor` to read on; null at the end.
    next_cursor: Option<String>,
}

/// A new template.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "login code",
    "text": "Your code is {code}.",
    "examples": {"code": "123456"},
    "submit": true
}))]
pub(crate) struct NewTemplate {
    /// Its name, which no other template of the account has: 1 to 64 characters.
    #[schema(example = "login code")]
    name: String,
    /// The text; `{name}` is a placeholder, `{{` and `}}` stand for braces.
    #[schema(example = "Your code is {code}.")]
    text: String,
    /// What stands for each placeholder, for example.
    examples: Option<BTreeMap<String, String>>,
    /// Whether the operator is asked to review it; it is a draft when absent.
    submit: Option<bool>,
}

/// What to change of a template; what is not there stays. Another text or other examples are a new version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"submit": true}))]
pub(crate) struct TemplateChange {
    /// Another name.
    name: Option<String>,
    /// Another text.
    text: Option<String>,
    /// Other examples, all of them.
    examples: Option<BTreeMap<String, String>>,
    /// Whether the operator is asked to review it; another text stays a draft when absent.
    submit: Option<bool>,
}

/// Lists templates, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/templates",
    operation_id = "template_list",
    tag = "templates",
    params(PageQuery),
    responses((status = 200, description = "A page", body = TemplatePage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let (before, limit) = api.counting(caller, read_place(query.as_deref().unwrap_or("")))?;
    let page = api.desk().templates(caller.account, before, limit);
    let items = page.items.into_iter().map(TemplateItem::from).collect();
    let next_cursor = page.next.map(write_cursor);
    Ok(json_bytes(StatusCode::OK, &TemplatePage { items, next_cursor }))
}

/// Makes a template. Messages can name it once the operator has approved it.
#[utoipa::path(
    post,
    path = "/api/v1/templates",
    operation_id = "template_create",
    tag = "templates",
    request_body(content = NewTemplate, content_type = "application/json"),
    responses((status = 201, description = "The template", body = TemplateItem))
)]
pub(crate) async fn create(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    posted: Posted,
) -> Result<Response, Refused> {
    let NewTemplate { name, text, examples, submit } = api.counting(caller, posted.json())?;
    let wish = TemplateWish { name: Some(name), text: Some(text), examples, submit: submit == Some(true) };
    let done = api.desk().make_template(caller.account, wish, posted.once).await?;
    Ok(marked(json_bytes(StatusCode::CREATED, &TemplateItem::from(done.value)), done.replayed))
}

/// Shows one template with its versions.
#[utoipa::path(
    get,
    path = "/api/v1/templates/{id}",
    operation_id = "template_view",
    tag = "templates",
    params(("id" = String, Path, description = "The id")),
    responses((status = 200, description = "The template", body = TemplateItem))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    let found = api.desk().template(caller.account, read_path(id)?);
    Ok(json_bytes(StatusCode::OK, &TemplateItem::from(found.ok_or_else(no_such_template)?)))
}

/// Changes a template, or submits it. The version in force stays so until a newer one was approved.
#[utoipa::path(
    patch,
    path = "/api/v1/templates/{id}",
    operation_id = "template_change",
    tag = "templates",
    params(("id" = String, Path, description = "The id")),
    request_body(content = TemplateChange, content_type = "application/json"),
    responses((status = 200, description = "The template as it is now", body = TemplateItem))
)]
pub(crate) async fn change(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    let TemplateChange { name, text, examples, submit } = api.counting(caller, posted.json())?;
    let wish = TemplateWish { name, text, examples, submit: submit == Some(true) };
    let changed = api.desk().change_template(caller.account, read_path(id)?, wish).await?;
    Ok(json_bytes(StatusCode::OK, &TemplateItem::from(changed)))
}

/// Takes a template away, with its reviews.
#[utoipa::path(
    delete,
    path = "/api/v1/templates/{id}",
    operation_id = "template_remove",
    tag = "templates",
    params(("id" = String, Path, description = "The id")),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    api.desk().remove_template(caller.account, read_path(id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Text that is no id is treated like the id of nothing.
fn read_path(path: IdPath) -> Result<TemplateId, Refusal> {
    let id = path.ok().and_then(|Path(text)| TemplateId::parse(&text));
    id.ok_or_else(no_such_template)
}

fn no_such_template() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the account has no such template").at("id")
}
