//! Pools of senders of the caller's account: `/api/v1/pools` and one of them.

use app::{PoolMemberView, PoolPatch, PoolView};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use types::id::PoolId;
use types::refusal::{Refusal, RefusalCode};
use types::resource::{OptOutScope, PoolMember, PoolReply};
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::native::lists::{PageQuery, read_place, write_cursor};
use crate::native::webhooks::IdPath;
use crate::once::{Posted, marked};
use crate::problem::{Refused, json_bytes};
use crate::state::Api;

/// A sender of a pool.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PoolMemberItem {
    /// The name or number that phones see.
    sender: String,
    /// Whether you have switched it off.
    off: bool,
    /// Why it is passed over for every message: `off`; `not_own`, when it is no sender and no number of the
    /// account any more; `pending`, `rejected` or `revoked`, by its review. Null when nothing keeps it from being
    /// chosen, except where the operator's rules for a country do.
    #[schema(value_type = Option<String>)]
    passed_over: Option<&'static str>,
}

impl From<PoolMemberView> for PoolMemberItem {
    fn from(view: PoolMemberView) -> Self {
        Self { sender: view.sender, off: view.off, passed_over: view.passed_over }
    }
}

/// What phones are answered that write a keyword to a number of a pool.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PoolReplyItem {
    /// `stop`, `start` or `help`.
    #[schema(pattern = "^(stop|start|help)$")]
    keyword: String,
    /// For words of this language, by two letters; null for those of any other.
    #[schema(pattern = "^(de|en|es|fr|it|nl|pt|zh)$")]
    language: Option<String>,
    /// The answer, 1 to 459 characters.
    #[schema(
        min_length = 1,
        max_length = 459,
        pattern = r"^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*[!-~\u00a1-\u00ff][^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$"
    )]
    text: String,
}

impl From<PoolReply> for PoolReplyItem {
    fn from(reply: PoolReply) -> Self {
        let PoolReply { keyword, language, text } = reply;
        Self { keyword, language: Some(language).filter(|language| !language.is_empty()), text }
    }
}

/// A pool of senders.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "pool_01kq3v8w2rj5x7n4m6t9p0c1db",
    "name": "marketing",
    "description": "",
    "members": [
        {"sender": "447400100200", "off": false, "passed_over": null},
        {"sender": "ACME", "off": false, "passed_over": "pending"}
    ],
    "sticky": true,
    "country_match": true,
    "opt_out": "pool",
    "replies": [{"keyword": "stop", "language": null, "text": "You get no more offers of ACME."}],
    "created_at": "2026-11-22T10:00:00.000Z",
    "changed_at": "2026-11-22T12:00:00.000Z"
}))]
pub(crate) struct PoolItem {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// What it is for; empty for nothing.
    description: String,
    /// The senders.
    members: Vec<PoolMemberItem>,
    /// Whether a recipient hears from the sender that it heard from before, as long as that can be used.
    sticky: bool,
    /// Whether numbers of the recipient's country go before other senders.
    country_match: bool,
    /// What a phone that writes STOP to one of the numbers wants no more of: messages of the `account`, or only
    /// those of the `pool`.
    #[schema(value_type = String)]
    opt_out: &'static str,
    /// What phones are answered that write a keyword to one of the numbers; where nothing is said, what the
    /// account answers.
    replies: Vec<PoolReplyItem>,
    /// Since when it is there.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was set last.
    #[schema(format = DateTime)]
    changed_at: String,
}

impl From<PoolView> for PoolItem {
    fn from(view: PoolView) -> Self {
        Self {
            id: view.id.to_string(),
            name: view.name,
            description: view.description,
            members: view.members.into_iter().map(PoolMemberItem::from).collect(),
            sticky: view.is_sticky,
            country_match: view.prefers_country,
            opt_out: view.opt_out.as_str(),
            replies: view.replies.into_iter().map(PoolReplyItem::from).collect(),
            created_at: view.created_at.to_string(),
            changed_at: view.changed_at.to_string(),
        }
    }
}

/// A page of pools, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PoolPage {
    /// The pools.
    items: Vec<PoolItem>,
    /// Give it as `cursor` to read on; null at the end.
    next_cursor: Option<String>,
}

/// A sender that a pool shall have.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPoolMember {
    /// A sender that the account has asked for, or a number that it holds.
    #[schema(example = "ACME")]
    sender: String,
    /// Whether it is switched off; `false` when absent.
    off: Option<bool>,
}

/// What to set of a pool; what is not there stays, and for a new one is what is usual.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"members": [{"sender": "447400100200"}], "opt_out": "pool"}))]
pub(crate) struct PoolChange {
    /// Another name, which no other pool of the account has: 1 to 64 characters.
    name: Option<String>,
    /// What it is for, at most 200 characters.
    description: Option<String>,
    /// All senders.
    #[schema(max_items = 100)]
    members: Option<Vec<NewPoolMember>>,
    /// Whether a recipient hears from the sender that it heard from before; `true` for a new pool.
    sticky: Option<bool>,
    /// Whether numbers of the recipient's country go first; `true` for a new pool.
    country_match: Option<bool>,
    /// `account` (for a new pool) or `pool`: what a phone that writes STOP wants no more of.
    #[schema(example = "pool", pattern = "^(account|pool)$")]
    opt_out: Option<String>,
    /// All answers to keywords.
    #[schema(max_items = 60)]
    replies: Option<Vec<PoolReplyItem>>,
}

/// A new pool of senders.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "marketing", "opt_out": "pool"}))]
pub(crate) struct NewPool {
    /// Its name, which no other pool of the account has: 1 to 64 characters.
    #[schema(example = "marketing")]
    name: String,
    /// What it is for, at most 200 characters.
    description: Option<String>,
    /// The senders.
    #[schema(max_items = 100)]
    members: Option<Vec<NewPoolMember>>,
    /// Whether a recipient hears from the sender that it heard from before; `true` when absent.
    sticky: Option<bool>,
    /// Whether numbers of the recipient's country go first; `true` when absent.
    country_match: Option<bool>,
    /// `account` (when absent) or `pool`: what a phone that writes STOP wants no more of.
    #[schema(example = "pool", pattern = "^(account|pool)$")]
    opt_out: Option<String>,
    /// What phones are answered that write a keyword to one of the numbers.
    #[schema(max_items = 60)]
    replies: Option<Vec<PoolReplyItem>>,
}

impl From<NewPool> for PoolChange {
    fn from(new: NewPool) -> Self {
        let NewPool { name, description, members, sticky, country_match, opt_out, replies } = new;
        Self { name: Some(name), description, members, sticky, country_match, opt_out, replies }
    }
}

/// Lists pools, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/pools",
    operation_id = "pool_list",
    tag = "pools",
    params(PageQuery),
    responses((status = 200, description = "A page", body = PoolPage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let (before, limit) = api.counting(caller, read_place(query.as_deref().unwrap_or("")))?;
    let page = api.desk().pools(caller.account, before, limit);
    let items = page.items.into_iter().map(PoolItem::from).collect();
    let next_cursor = page.next.map(write_cursor);
    Ok(json_bytes(StatusCode::OK, &PoolPage { items, next_cursor }))
}

/// Makes a pool of senders. A message that names it as `pool` gets one of them.
#[utoipa::path(
    post,
    path = "/api/v1/pools",
    operation_id = "pool_create",
    tag = "pools",
    request_body(content = NewPool, content_type = "application/json"),
    responses((status = 201, description = "The pool", body = PoolItem))
)]
pub(crate) async fn create(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    posted: Posted,
) -> Result<Response, Refused> {
    let new: NewPool = api.counting(caller, posted.json())?;
    let wish = api.counting(caller, read_change(new.into()))?;
    let done = api.desk().make_pool(caller.account, wish, posted.once).await?;
    Ok(marked(json_bytes(StatusCode::CREATED, &PoolItem::from(done.value)), done.replayed))
}

/// Shows one pool.
#[utoipa::path(
    get,
    path = "/api/v1/pools/{id}",
    operation_id = "pool_view",
    tag = "pools",
    params(("id" = String, Path, description = "The id")),
    responses((status = 200, description = "The pool", body = PoolItem))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    let found = api.desk().pool(caller.account, read_path(id)?);
    Ok(json_bytes(StatusCode::OK, &PoolItem::from(found.ok_or_else(no_such_pool)?)))
}

/// Changes a pool; the next message is sent by it as it is then.
#[utoipa::path(
    patch,
    path = "/api/v1/pools/{id}",
    operation_id = "pool_change",
    tag = "pools",
    params(("id" = String, Path, description = "The id")),
    request_body(content = PoolChange, content_type = "application/json"),
    responses((status = 200, description = "The pool as it is now", body = PoolItem))
)]
pub(crate) async fn change(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    let patch = api.counting(caller, posted.json().and_then(read_change))?;
    let changed = api.desk().change_pool(caller.account, read_path(id)?, patch).await?;
    Ok(json_bytes(StatusCode::OK, &PoolItem::from(changed)))
}

/// Takes a pool away. Phones that opted out of it stay on the suppression list.
#[utoipa::path(
    delete,
    path = "/api/v1/pools/{id}",
    operation_id = "pool_remove",
    tag = "pools",
    params(("id" = String, Path, description = "The id")),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    api.desk().remove_pool(caller.account, read_path(id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn read_change(body: PoolChange) -> Result<PoolPatch, Refusal> {
    let opt_out = body.opt_out.map(|text| {
        let scope = OptOutScope::parse(&text);
        scope.ok_or_else(|| {
            Refusal::new(RefusalCode::InvalidRequest, "expected `account` or `pool`").at("opt_out")
        })
    });
    let member = |new: NewPoolMember| PoolMember { sender: new.sender, off: new.off == Some(true) };
    let reply = |item: PoolReplyItem| PoolReply {
        keyword: item.keyword,
        language: item.language.unwrap_or_default(),
        text: item.text,
    };
    Ok(PoolPatch {
        name: body.name,
        description: body.description,
        members: body.members.map(|members| members.into_iter().map(member).collect()),
        is_sticky: body.sticky,
        prefers_country: body.country_match,
        opt_out: opt_out.transpose()?,
        replies: body.replies.map(|replies| replies.into_iter().map(reply).collect()),
    })
}

/// Text that is no id is treated like the id of nothing.
fn read_path(path: IdPath) -> Result<PoolId, Refusal> {
    let id = path.ok().and_then(|Path(text)| PoolId::parse(&text));
    id.ok_or_else(no_such_pool)
}

fn no_such_pool() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "the account has no such pool").at("id")
}
