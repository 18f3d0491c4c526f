//! Where events are told: `/api/v1/webhooks` and what is done with one of them.

use app::{EndpointPatch, EndpointView, EndpointWish, OVERLAP_MS_DEFAULT};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use types::account::EndpointKind;
use types::event::{EventType, EventTypes};
use types::id::EndpointId;
use types::refusal::{Refusal, RefusalCode};
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::body::whole;
use crate::native::shape::EventName;
use crate::once::{Posted, marked};
use crate::problem::{Refused, json_bytes};
use crate::state::Api;

/// The most addresses that are listed.
const WEBHOOKS_MAX: usize = 500;
/// The most events that one body names.
const EVENTS_MAX: usize = 100;

/// An address at which events are told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "3",
    "kind": "webhook",
    "url": "https://example.com/events",
    "description": "the shop",
    "events": ["message.delivered", "inbound.received"],
    "all_messages": true,
    "enabled": true,
    "default": false,
    "old_secret_until": null
}))]
pub(crate) struct WebhookView {
    /// Its id.
    id: String,
    /// `webhook`, signed JSON by POST; or a dialect that tells in its own way.
    #[schema(value_type = String)]
    kind: &'static str,
    /// The address.
    #[schema(format = "uri")]
    url: String,
    /// What its owner calls it.
    description: String,
    /// The events that it wants to hear; null for all.
    events: Option<Vec<String>>,
    /// Whether it hears of all messages of the account; else of those that name it, and of those that name
    /// none while it is the default.
    all_messages: bool,
    /// Whether it is switched on. One that answers 410 (Gone) is switched off.
    enabled: bool,
    /// Whether messages that state no address of their own are told here.
    default: bool,
    /// Until when the secret before signs too, after a rotation.
    #[schema(format = DateTime)]
    old_secret_until: Option<String>,
    /// What its calls are signed with; only in the answer that makes or rotates it, and null for a kind
    /// that signs nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl WebhookView {
    /// An address without its secret.
    fn of(view: EndpointView) -> Self {
        let events = view.wants.listed().map(|events| events.map(EventType::name).collect());
        Self {
            id: view.id.0.to_string(),
            kind: view.kind.as_str(),
            url: view.url.into_inner(),
            description: view.description,
            events,
            all_messages: view.standing,
            enabled: !view.disabled,
            default: view.is_default,
            old_secret_until: view.old_secret_until.map(|until| until.to_string()),
            secret: None,
        }
    }

    /// An address with its secret, for the one time that it is shown.
    fn shown(view: EndpointView) -> Self {
        let secret = view.kind.has_secret().then(|| view.secret.expose().clone());
        Self { secret, ..Self::of(view) }
    }
}

/// The addresses of an account: its default first, then the newest, at most 500.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookList {
    /// The addresses.
    items: Vec<WebhookView>,
    /// Always null: there is one page.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<&'static str>,
}

/// An address that shall hear of all messages.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://example.com/events", "events": ["message.delivered"]}))]
pub(crate) struct NewWebhook {
    /// The address.
    #[schema(format = "uri", max_length = 2048, pattern = r"^https?://[!-~]+$")]
    url: String,
    /// `webhook` (when absent), or a dialect that tells in its own way.
    #[schema(example = "webhook")]
    kind: Option<String>,
    /// What you call it.
    #[schema(max_length = 100, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    description: Option<String>,
    /// The events that it shall hear, e.g. `message.delivered`; all when absent.
    #[schema(value_type = Option<Vec<EventName>>, inline, min_items = 1, max_items = 100)]
    events: Option<Vec<String>>,
    /// Whether it is switched on; true when absent.
    enabled: Option<bool>,
}

/// What to change of an address; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"enabled": false}))]
pub(crate) struct WebhookPatch {
    /// The address.
    #[schema(format = "uri", max_length = 2048, pattern = r"^https?://[!-~]+$")]
    url: Option<String>,
    /// What you call it.
    #[schema(max_length = 100, pattern = r"^[^\u0000-\u001f\u007f-\u009f]*$")]
    description: Option<String>,
    /// The events that it shall hear; null for all.
    #[serde(default, deserialize_with = "stated")]
    #[schema(value_type = Option<Vec<EventName>>, inline, min_items = 1, max_items = 100)]
    events: Option<Option<Vec<String>>>,
    /// Whether it is switched on.
    enabled: Option<bool>,
}

/// A field that says something else when it is null than when it is absent.
pub(crate) fn stated<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// How a secret is replaced.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"overlap_s": 3600}))]
pub(crate) struct Rotation {
    /// Seconds for which the secret before stays good beside the new one; a day when absent.
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 0, maximum = 2_592_000)]
    overlap_s: Option<u32>,
}

impl Rotation {
    /// Milliseconds of the overlap.
    pub(crate) fn overlap_ms(&self) -> i64 {
        self.overlap_s.map_or(OVERLAP_MS_DEFAULT, |seconds| i64::from(seconds) * 1_000)
    }
}

/// The address to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "https://example.com/events"}))]
pub(crate) struct DefaultWebhookBody {
    // Asking for a reader of its own makes serde insist on the field: leaving it out by mistake
    // must not switch anything off.
    /// The address; null for none.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, format = "uri", max_length = 2048, pattern = r"^https?://[!-~]+$")]
    url: Option<String>,
    /// `webhook` (when absent), or a dialect that tells in its own way.
    #[schema(example = "webhook")]
    kind: Option<String>,
}

/// The address that is set now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DefaultWebhook {
    /// It, with its secret; null for none.
    default: Option<WebhookView>,
}

/// Lists the addresses at which events are told.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks",
    operation_id = "webhook_list",
    tag = "webhooks",
    responses((status = 200, description = "The addresses", body = WebhookList))
)]
pub(crate) async fn list(State(api): State<Api>, Authenticated(caller): Authenticated) -> Response {
    let views = api.desk().endpoints(caller.account);
    let items = views.into_iter().take(WEBHOOKS_MAX).map(WebhookView::of).collect();
    json_bytes(StatusCode::OK, &WebhookList { items, next_cursor: None })
}

/// Makes an address that hears of all messages of the account. Its secret is shown once.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks",
    operation_id = "webhook_create",
    tag = "webhooks",
    request_body(content = NewWebhook, content_type = "application/json"),
    responses((status = 201, description = "The address with its secret", body = WebhookView))
)]
pub(crate) async fn create(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    posted: Posted,
) -> Result<Response, Refused> {
    let wish = api.counting(caller, read_new(&posted))?;
    let done = api.desk().make_webhook(caller.account, wish, posted.once).await?;
    Ok(marked(json_bytes(StatusCode::CREATED, &WebhookView::shown(done.value)), done.replayed))
}

/// Shows one address.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks/{id}",
    operation_id = "webhook_view",
    tag = "webhooks",
    params(("id" = String, Path, description = "The address's id")),
    responses((status = 200, description = "The address", body = WebhookView))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    let found = api.desk().webhook(caller.account, read_id(id)?);
    Ok(json_bytes(StatusCode::OK, &WebhookView::of(found.ok_or_else(no_such_webhook)?)))
}

/// Changes an address. Its id and its secret stay.
#[utoipa::path(
    patch,
    path = "/api/v1/webhooks/{id}",
    operation_id = "webhook_change",
    tag = "webhooks",
    params(("id" = String, Path, description = "The address's id")),
    request_body(content = WebhookPatch, content_type = "application/json"),
    responses((status = 200, description = "The address as it is now", body = WebhookView))
)]
pub(crate) async fn change(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    let patch = api.counting(caller, read_patch(&posted))?;
    let changed = api.desk().change_webhook(caller.account, read_id(id)?, patch).await?;
    Ok(json_bytes(StatusCode::OK, &WebhookView::of(changed)))
}

/// Takes an address away. What waits for it is told nowhere.
#[utoipa::path(
    delete,
    path = "/api/v1/webhooks/{id}",
    operation_id = "webhook_remove",
    tag = "webhooks",
    params(("id" = String, Path, description = "The address's id")),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
) -> Result<Response, Refused> {
    api.desk().remove_webhook(caller.account, read_id(id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Gives an address another secret, which is shown once. The one before signs beside it for a while.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/rotate",
    operation_id = "webhook_rotate",
    tag = "webhooks",
    params(("id" = String, Path, description = "The address's id")),
    request_body(content = Option<Rotation>, content_type = "application/json"),
    responses((status = 200, description = "The address with its new secret", body = WebhookView))
)]
pub(crate) async fn rotate(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    let rotation: Rotation = api.counting(caller, posted.json_or_usual())?;
    let overlap_ms = rotation.overlap_ms();
    let done = api.desk().rotate_webhook(caller.account, read_id(id)?, overlap_ms, posted.once).await?;
    Ok(marked(json_bytes(StatusCode::OK, &WebhookView::shown(done.value)), done.replayed))
}

/// Sets the address of messages that state none, or none at all. One that was switched off is
/// switched on again.
#[utoipa::path(
    put,
    path = "/api/v1/webhooks/default",
    operation_id = "webhook_set_default",
    tag = "webhooks",
    request_body(content = DefaultWebhookBody, content_type = "application/json"),
    responses((status = 200, description = "The address that is set now, with its secret", body = DefaultWebhook))
)]
pub(crate) async fn set_default(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    posted: Posted,
) -> Result<Response, Refused> {
    let read = posted
        .json()
        .and_then(|body: DefaultWebhookBody| read_kind(body.kind.as_deref()).map(|kind| (body.url, kind)));
    let (url, kind) = api.counting(caller, read)?;
    let set = api.desk().set_default_webhook(caller.account, kind, url.as_deref()).await?;
    Ok(json_bytes(StatusCode::OK, &DefaultWebhook { default: set.map(WebhookView::shown) }))
}

fn read_new(posted: &Posted) -> Result<EndpointWish, Refusal> {
    let body: NewWebhook = posted.json()?;
    Ok(EndpointWish {
        kind: read_kind(body.kind.as_deref())?,
        url: body.url.into(),
        description: body.description.unwrap_or_default(),
        wants: read_events(body.events)?,
        enabled: body.enabled.unwrap_or(true),
    })
}

fn read_patch(posted: &Posted) -> Result<EndpointPatch, Refusal> {
    let body: WebhookPatch = posted.json()?;
    Ok(EndpointPatch {
        url: body.url.map(Into::into),
        description: body.description,
        wants: body.events.map(read_events).transpose()?,
        enabled: body.enabled,
    })
}

/// The types that are listed; every one for no list.
fn read_events(names: Option<Vec<String>>) -> Result<EventTypes, Refusal> {
    let Some(names) = names else { return Ok(EventTypes::ALL) };
    if names.len() > EVENTS_MAX {
        let detail = format!("expected at most {EVENTS_MAX} events");
        return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("events"));
    }
    let read = |(place, name): (usize, &String)| {
        EventType::parse(name).ok_or_else(|| {
            let known: Vec<_> = EventType::all().map(EventType::name).collect();
            let detail = format!("expected one of {}", known.join(", "));
            Refusal::new(RefusalCode::InvalidRequest, detail).at(format!("events[{place}]"))
        })
    };
    names.iter().enumerate().map(read).collect()
}

fn read_kind(name: Option<&str>) -> Result<EndpointKind, Refusal> {
    let kind = name.map_or(Some(EndpointKind::Webhook), EndpointKind::parse);
    // Binds are told by themselves; they have no address to set.
    kind.filter(|kind| *kind != EndpointKind::Smpp).ok_or_else(|| {
        let detail = format!("the kind of an address is one of {}", crate::kinds_of_addresses().join(", "));
        Refusal::new(RefusalCode::InvalidRequest, detail).at("kind")
    })
}

/// The id in the path; an error when its octets are not UTF-8.
pub(crate) type IdPath = Result<Path<String>, PathRejection>;

/// The number of an id that is one; a sign, zeros in front and the like are nobody's.
pub(crate) fn read_number(path: IdPath) -> Option<i64> {
    let Path(text) = path.ok()?;
    let number = text.parse::<i64>().ok()?;
    (number > 0 && number.to_string() == text).then_some(number)
}

/// Text that is no id is treated like the id of nothing.
pub(crate) fn read_id(path: IdPath) -> Result<EndpointId, Refusal> {
    read_number(path).map(EndpointId).ok_or_else(no_such_webhook)
}

fn no_such_webhook() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "this account has no webhook with this id").at("id")
}
