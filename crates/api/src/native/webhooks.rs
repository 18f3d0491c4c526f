//! Where events are told: `GET /api/v1/webhooks` and `PUT /api/v1/webhooks/default`.

use app::EndpointView;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use types::account::EndpointKind;
use types::refusal::{Refusal, RefusalCode};
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::body::{BODY_OCTETS_MAX, parse_json, require_json};
use crate::problem::{Refused, json_bytes};
use crate::state::Api;

/// The most addresses that are listed.
const WEBHOOKS_MAX: usize = 500;

/// An address at which events are told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "3",
    "kind": "webhook",
    "url": "https://example.com/events",
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "disabled": false,
    "default": true
}))]
pub(crate) struct WebhookView {
    /// Its id.
    id: String,
    /// `webhook`, signed JSON by POST; or `paasoo`, that dialect's GET.
    #[schema(value_type = String)]
    kind: &'static str,
    /// The address.
    #[schema(format = "uri")]
    url: String,
    /// What its calls are signed with; null for a kind that signs nothing.
    secret: Option<String>,
    /// Whether it was switched off because it answered 410 (Gone). Set it again to switch it on.
    disabled: bool,
    /// Whether messages that state no address of their own are told here.
    default: bool,
}

impl From<EndpointView> for WebhookView {
    fn from(view: EndpointView) -> Self {
        let signs = view.kind == EndpointKind::Webhook;
        Self {
            id: view.id.0.to_string(),
            kind: view.kind.as_str(),
            url: view.url.into_inner(),
            secret: signs.then(|| view.secret.into_inner()),
            disabled: view.disabled,
            default: view.is_default,
        }
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
    /// `webhook` (when absent), or `paasoo`.
    #[schema(example = "webhook", pattern = "^(webhook|paasoo)$")]
    kind: Option<String>,
}

/// The address that is set now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DefaultWebhook {
    /// It; null for none.
    default: Option<WebhookView>,
}

/// Lists the addresses at which events are told, with their secrets.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks",
    operation_id = "webhook_list",
    tag = "webhooks",
    responses((status = 200, description = "The addresses", body = WebhookList))
)]
pub(crate) async fn list(State(api): State<Api>, Authenticated(caller): Authenticated) -> Response {
    let views = api.desk().endpoints(caller.account);
    let items = views.into_iter().take(WEBHOOKS_MAX).map(WebhookView::from).collect();
    json_bytes(StatusCode::OK, &WebhookList { items, next_cursor: None })
}

/// Sets the address of messages that state none, or none at all. One that was switched off is
/// switched on again.
#[utoipa::path(
    put,
    path = "/api/v1/webhooks/default",
    operation_id = "webhook_set_default",
    tag = "webhooks",
    request_body(content = DefaultWebhookBody, content_type = "application/json"),
    responses((status = 200, description = "The address that is set now", body = DefaultWebhook))
)]
pub(crate) async fn set_default(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let (url, kind) = api.counting(caller, read_body(&api, &headers, body).await)?;
    let set = api.desk().set_default_webhook(caller.account, kind, url.as_deref()).await?;
    Ok(json_bytes(StatusCode::OK, &DefaultWebhook { default: set.map(WebhookView::from) }))
}

async fn read_body(
    api: &Api,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Option<String>, EndpointKind), Refusal> {
    require_json(headers)?;
    let taken = api.read_known(headers, body, BODY_OCTETS_MAX).await?;
    let body: DefaultWebhookBody = parse_json(&taken.octets)?;
    let kind = body.kind.as_deref().map_or(Some(EndpointKind::Webhook), EndpointKind::parse);
    // Binds are told by themselves; they have no address to set.
    let kind = kind.filter(|kind| *kind != EndpointKind::Smpp).ok_or_else(|| {
        let detail = "the kind of an address is webhook or paasoo";
        Refusal::new(RefusalCode::InvalidRequest, detail).at("kind")
    })?;
    Ok((body.url, kind))
}
