//! Quiet hours of an account, `/api/v1/quiet-hours`, and how times on a recipient's clock are read and shown.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use decide::quiet::AccountQuiet;
use serde::{Deserialize, Serialize};
use types::message::Class;
use types::quiet::{LocalTime, QuietHours, QuietHoursText, QuietWish, RecipientTime, TimeFinding};
use types::refusal::{Refusal, RefusalCode};
use utoipa::ToSchema;

use crate::auth::Authenticated;
use crate::body::object;
use crate::native::shape::{ClassName, DayName};
use crate::once::Posted;
use crate::problem::{Refused, json_bytes};
use crate::state::Api;

/// The classes that an account's quiet hours are for when it names none: who asks for a code waits for it.
const CLASSES_USUAL: [Class; 2] = [Class::Transactional, Class::Bulk];

/// Hours at which recipients are not disturbed, on the clock where each of them is.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "21:00", "to": "08:00"}))]
pub(crate) struct QuietHoursBody {
    /// When they begin.
    #[schema(example = "21:00", pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    from: String,
    /// When they end: on the next day, where that is not later than `from`.
    #[schema(example = "08:00", pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    to: String,
    /// The days on which they begin, `mon` to `sun`; all when absent.
    #[schema(value_type = Option<Vec<DayName>>, inline, min_items = 1, max_items = 7)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    days: Option<Vec<String>>,
}

impl QuietHoursBody {
    fn of(hours: &QuietHours) -> Self {
        let QuietHoursText { from, to, days } = QuietHoursText::of(hours);
        Self { from, to, days }
    }

    fn read(&self, field: &str) -> Result<QuietHours, Refusal> {
        QuietHours::parse(&self.from, &self.to, self.days.as_deref()).map_err(|(member, expected)| {
            Refusal::new(RefusalCode::InvalidRequest, expected).at(format!("{field}.{member}"))
        })
    }
}

/// What the clock where a recipient is had to do with the time of a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "time_zones": ["America/New_York"],
    "time_zones_by": "number",
    "table_version": "9.0.43",
    "due_at": "2026-11-23T02:30:00.000Z",
    "quiet_by": "account",
    "quiet_hours": {"from": "21:00", "to": "08:00"}
}))]
pub(crate) struct ClockView {
    /// The zones in which the recipient may be; where there are several, quiet hours and local times hold in all.
    time_zones: Vec<String>,
    /// Where they come from: `number`, its leading digits; `stated`, the contact; or `unknown`, then UTC stands in.
    #[schema(value_type = String)]
    time_zones_by: &'static str,
    /// The version of the table of zones.
    table_version: String,
    /// When the message was due without quiet hours.
    #[schema(format = DateTime)]
    due_at: String,
    /// Whose quiet hours it fell into: those of the `operator`, the `account` or the `message`; null for none.
    #[schema(value_type = Option<String>)]
    quiet_by: Option<&'static str>,
    /// Those hours.
    quiet_hours: Option<QuietHoursBody>,
}

impl ClockView {
    pub(crate) fn of(finding: &TimeFinding) -> Self {
        Self {
            time_zones: finding.zones.iter().map(ToString::to_string).collect(),
            time_zones_by: finding.source.as_str(),
            table_version: finding.table_version.to_string(),
            due_at: finding.due_at.to_string(),
            quiet_by: finding.held_by.map(|(source, _)| source.as_str()),
            quiet_hours: finding.held_by.map(|(_, hours)| QuietHoursBody::of(&hours)),
        }
    }
}

/// Reads what a submission states about the recipients' clocks.
pub(super) fn read_time(
    at: Option<&str>,
    quiet: Option<&Option<QuietHoursBody>>,
) -> Result<RecipientTime, Refusal> {
    let unreadable = || {
        let detail = "expected a time such as 09:30 or 2026-11-22T09:30";
        Refusal::new(RefusalCode::InvalidRequest, detail).at("send_at_local")
    };
    let at = at.map(|text| LocalTime::parse(text).ok_or_else(unreadable)).transpose()?;
    let quiet = match quiet {
        None => QuietWish::Usual,
        Some(None) => QuietWish::None,
        Some(Some(hours)) => QuietWish::Hours(hours.read("quiet_hours")?),
    };
    Ok(RecipientTime { zone: None, at, quiet })
}

/// The quiet hours of an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "quiet_hours": {"from": "21:00", "to": "08:00"},
    "classes": ["transactional", "bulk"]
}))]
pub(crate) struct QuietView {
    /// The hours; null when the account has set none.
    quiet_hours: Option<QuietHoursBody>,
    /// The classes of the messages that they are for.
    #[schema(value_type = Vec<String>)]
    classes: Vec<&'static str>,
}

impl QuietView {
    fn of(quiet: Option<AccountQuiet>) -> Self {
        Self {
            quiet_hours: quiet.as_ref().map(|quiet| QuietHoursBody::of(&quiet.hours)),
            classes: quiet.iter().flat_map(|quiet| &quiet.classes).map(|class| class.as_str()).collect(),
        }
    }
}

/// The quiet hours to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"quiet_hours": {"from": "21:00", "to": "08:00"}}))]
pub(crate) struct QuietBody {
    // Asking for a reader of its own makes serde insist on the field: leaving it out by mistake
    // must not let messages out at night.
    /// The hours; null for none.
    #[serde(deserialize_with = "object")]
    #[schema(required)]
    quiet_hours: Option<QuietHoursBody>,
    /// The classes of the messages that they are for; `transactional` and `bulk` when absent.
    #[schema(value_type = Option<Vec<ClassName>>, inline, min_items = 1, max_items = 3)]
    classes: Option<Vec<String>>,
}

/// Shows the quiet hours of the account.
#[utoipa::path(
    get,
    path = "/api/v1/quiet-hours",
    operation_id = "quiet_hours_view",
    tag = "messages",
    responses((status = 200, description = "The quiet hours", body = QuietView))
)]
pub(crate) async fn show(State(api): State<Api>, Authenticated(caller): Authenticated) -> Response {
    json_bytes(StatusCode::OK, &QuietView::of(api.desk().quiet_hours(caller.account)))
}

/// Sets the quiet hours of the account, or takes them away. They hold from the next message on, for messages that
/// state none of their own.
#[utoipa::path(
    put,
    path = "/api/v1/quiet-hours",
    operation_id = "quiet_hours_set",
    tag = "messages",
    request_body(content = QuietBody, content_type = "application/json"),
    responses((status = 200, description = "The quiet hours as they are now", body = QuietView))
)]
pub(crate) async fn set(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    posted: Posted,
) -> Result<Response, Refused> {
    let quiet = api.counting(caller, posted.json().and_then(read))?;
    let set = api.desk().set_quiet_hours(caller.account, quiet).await?;
    Ok(json_bytes(StatusCode::OK, &QuietView::of(set)))
}

fn read(body: QuietBody) -> Result<Option<AccountQuiet>, Refusal> {
    let classes = match body.classes {
        None => CLASSES_USUAL.to_vec(),
        Some(names) => read_classes(&names)?,
    };
    let hours = body.quiet_hours.map(|hours| hours.read("quiet_hours")).transpose()?;
    Ok(hours.map(|hours| AccountQuiet { hours, classes }))
}

fn read_classes(names: &[String]) -> Result<Vec<Class>, Refusal> {
    let invalid = |detail: &str, field: String| Refusal::new(RefusalCode::InvalidRequest, detail).at(field);
    if names.is_empty() || names.len() > Class::ALL.len() {
        let detail = "expected one to three classes; leave the list out for transactional and bulk";
        return Err(invalid(detail, "classes".to_owned()));
    }
    let mut classes = Vec::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        let class = Class::parse(name).ok_or_else(|| {
            invalid("expected `one_time`, `transactional` or `bulk`", format!("classes[{place}]"))
        })?;
        if !classes.contains(&class) {
            classes.push(class);
        }
    }
    Ok(classes)
}
