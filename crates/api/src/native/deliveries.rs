//! What was told at a webhook, telling it again, and trying it out:
//! `/api/v1/webhooks/{id}/deliveries`, `/replay` and `/test`.

use app::{About, DeliveryQuery, DeliveryView, EventStatus, ReplayWish, TestCall};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use types::id::EventId;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;
use utoipa::{IntoParams, ToSchema};

use crate::auth::Authenticated;
use crate::native::lists::{read_cursor, read_limit, read_moment, write_cursor};
use crate::native::webhooks::{IdPath, read_id};
use crate::once::{Posted, marked};
use crate::problem::{Refused, json_bytes};
use crate::query::Fields;
use crate::state::Api;

/// The names of what may become of an event.
const STATUSES: [(EventStatus, &str); 4] = [
    (EventStatus::Waiting, "waiting"),
    (EventStatus::Told, "told"),
    (EventStatus::Dead, "dead"),
    (EventStatus::Moot, "moot"),
];

fn status_name(status: EventStatus) -> &'static str {
    STATUSES.iter().find(|(known, _)| *known == status).map_or("", |(_, name)| name)
}

pub(crate) fn read_status(name: &str) -> Result<EventStatus, Refusal> {
    let found = STATUSES.iter().find(|(_, known)| *known == name).map(|(status, _)| *status);
    found.ok_or_else(|| {
        let detail = "expected `waiting`, `told`, `dead` or `moot`";
        Refusal::new(RefusalCode::InvalidRequest, detail).at("status")
    })
}

/// Which events to list. The parameters are read by [`read_query`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that the hand-written reader takes")]
pub(crate) struct DeliveryListQuery {
    /// Of which this became: `waiting` to be told, `told`, `dead` (given up), or `moot` (nothing to tell).
    #[param(example = "dead", pattern = "^(waiting|told|dead|moot)$")]
    status: Option<String>,
    /// Made at or after this time.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Made before this time.
    #[param(format = DateTime)]
    until: Option<String>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-7][0-9a-f]{15}$")]
    cursor: Option<String>,
    /// Items of the page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// An event at a webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "evt_01m80ty97qe69s69mbvjej7haq",
    "type": "message.delivered",
    "message_id": "msg_01m80ty8ffehes7y8wyt12a95z",
    "inbound_id": null,
    "status": "waiting",
    "failed_tries": 2,
    "happened_at": "2026-11-22T05:16:25.207Z",
    "next_at": "2026-11-22T05:21:31.000Z",
    "ended_at": null
}))]
pub(crate) struct Delivery {
    /// Its id: the `webhook-id` of its calls.
    id: String,
    /// What it tells.
    #[serde(rename = "type")]
    kind: String,
    /// The message that it is about.
    message_id: Option<String>,
    /// The message from a phone that it is about.
    inbound_id: Option<String>,
    /// `waiting` to be told, `told`, `dead` (given up), or `moot` (nothing to tell).
    #[schema(value_type = String)]
    status: &'static str,
    /// Calls that were not taken so far.
    failed_tries: u16,
    /// When what it tells happened.
    #[schema(format = DateTime)]
    happened_at: String,
    /// When it is told next.
    #[schema(format = DateTime)]
    next_at: Option<String>,
    /// When it was taken, or found to tell nothing.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
}

impl From<&DeliveryView> for Delivery {
    fn from(view: &DeliveryView) -> Self {
        let (message_id, inbound_id) = match view.about {
            About::Message(id) => (Some(id.to_string()), None),
            About::Inbound(id) => (None, Some(id.to_string())),
            About::Gone => (None, None),
        };
        Self {
            id: view.event.to_string(),
            kind: view.kind.name(),
            message_id,
            inbound_id,
            status: status_name(view.status),
            failed_tries: view.failed_tries,
            happened_at: view.happened_at.to_string(),
            next_at: view.next_at.map(|at| at.to_string()),
            ended_at: view.ended_at.map(|at| at.to_string()),
        }
    }
}

impl Delivery {
    /// Its members as texts, in their order; empty for null.
    pub(crate) fn fields(self) -> [String; 9] {
        let text = |text: Option<String>| text.unwrap_or_default();
        [
            self.id,
            self.kind,
            text(self.message_id),
            text(self.inbound_id),
            self.status.to_owned(),
            self.failed_tries.to_string(),
            self.happened_at,
            text(self.next_at),
            text(self.ended_at),
        ]
    }
}

/// A page of events, newest first. It may have fewer than asked for while there are more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryPage {
    /// The events.
    items: Vec<Delivery>,
    /// Give it as `cursor` to read on; null at the end.
    next_cursor: Option<String>,
}

/// Which events to tell again: one, or those of a time and of which something became.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "dead", "since": "2026-11-20T00:00:00Z"}))]
pub(crate) struct ReplayBody {
    /// This one.
    #[schema(example = "evt_01m80ty97qe69s69mbvjej7haq")]
    event: Option<String>,
    /// Those made at or after this time.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// Those made before this time.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Those of which this became: `waiting`, `told` or `dead`.
    #[schema(pattern = "^(waiting|told|dead|moot)$")]
    status: Option<String>,
}

/// How many events will be told again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replayed {
    /// At most 10,000; ask again for more.
    events: usize,
}

/// How a webhook answered when it was tried out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "evt_01m80ty97qe69s69mbvjej7haq", "taken": true, "status": 204, "error": null, "took_ms": 83
}))]
pub(crate) struct TestView {
    /// The event's id: the `webhook-id` of the call.
    id: String,
    /// Whether it was taken: answered with any 2xx.
    taken: bool,
    /// The HTTP status of the answer.
    status: Option<u16>,
    /// Why no answer came.
    error: Option<String>,
    /// Milliseconds until the answer.
    took_ms: u64,
}

impl From<TestCall> for TestView {
    fn from(call: TestCall) -> Self {
        let taken = call.status.is_some_and(|status| (200..300).contains(&status));
        let TestCall { id, status, error, took_ms } = call;
        Self { id: id.to_string(), taken, status, error, took_ms }
    }
}

/// Lists events of a webhook: what was told, what waits and what was given up.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks/{id}/deliveries",
    operation_id = "webhook_deliveries",
    tag = "webhooks",
    params(("id" = String, Path, description = "The address's id"), DeliveryListQuery),
    responses((status = 200, description = "A page", body = DeliveryPage))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let query = api.counting(caller, read_query(query.as_deref().unwrap_or("")))?;
    let page = api.desk().deliveries(caller.account, read_id(id)?, query).await?;
    let items = page.items.iter().map(Delivery::from).collect();
    Ok(json_bytes(StatusCode::OK, &DeliveryPage { items, next_cursor: page.next.map(write_cursor) }))
}

/// Tells events of a webhook again. One that nobody took keeps its id; one that was taken comes as another
/// event.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/replay",
    operation_id = "webhook_replay",
    tag = "webhooks",
    params(("id" = String, Path, description = "The address's id")),
    request_body(content = ReplayBody, content_type = "application/json"),
    responses((status = 200, description = "How many will be told", body = Replayed))
)]
pub(crate) async fn replay(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    let wish = api.counting(caller, posted.json().and_then(read_replay))?;
    let done = api.desk().replay(caller.account, read_id(id)?, wish, posted.once).await?;
    Ok(marked(json_bytes(StatusCode::OK, &Replayed { events: done.value }), done.replayed))
}

/// Calls a webhook once with an event of the type `webhook.test`, and says how it answered. Nothing is
/// kept: the same request again is another call.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/test",
    operation_id = "webhook_test",
    tag = "webhooks",
    params(("id" = String, Path, description = "The address's id")),
    responses((status = 200, description = "How it answered", body = TestView))
)]
pub(crate) async fn test(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    id: IdPath,
    posted: Posted,
) -> Result<Response, Refused> {
    api.counting(caller, posted.without_body())?;
    let answered = api.desk().try_webhook(caller.account, read_id(id)?).await?;
    Ok(json_bytes(StatusCode::OK, &TestView::from(answered)))
}

fn read_query(query: &str) -> Result<DeliveryQuery, Refusal> {
    let fields = Fields::parse(query)?;
    Ok(DeliveryQuery {
        status: fields.once("status")?.map(read_status).transpose()?,
        since: read_moment(&fields, "since")?,
        until: read_moment(&fields, "until")?,
        before: read_cursor(&fields)?,
        limit: read_limit(&fields)?,
    })
}

fn read_replay(body: ReplayBody) -> Result<ReplayWish, Refusal> {
    let refuse = |detail: &str, field: &str| Refusal::new(RefusalCode::InvalidRequest, detail).at(field);
    let moment = |text: Option<&String>, field: &str| {
        let wrong = || refuse("expected a time such as 2026-11-22T10:00:00Z", field);
        text.map(|text| Timestamp::parse_rfc3339(text).ok_or_else(wrong)).transpose()
    };
    let status = body.status.as_deref().map(read_status).transpose()?;
    let (since, until) = (moment(body.since.as_ref(), "since")?, moment(body.until.as_ref(), "until")?);
    let has_range = since.is_some() || until.is_some() || status.is_some();
    match body.event {
        Some(_) if has_range => {
            Err(refuse("state one event, or a time and what became of the events, not both", "event"))
        }
        Some(text) => {
            let unknown = || Refusal::new(RefusalCode::NotFound, "this webhook has no event with this id");
            Ok(ReplayWish::Event(EventId::parse(&text).ok_or_else(|| unknown().at("event"))?))
        }
        None if has_range => Ok(ReplayWish::Range { since, until, status }),
        None => Err(refuse("state `event`, or at least one of `since`, `until` and `status`", "event")),
    }
}
