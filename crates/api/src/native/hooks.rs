//! `POST /api/v1/hooks/…`: the webhooks of Prometheus Alertmanager and of Grafana become messages.
//!
//! The address says to whom and from whom, the body what happened. Everything else is as in
//! [`super::submit`]: the same admission, the same refusals. These products call again when no answer
//! came, so what a call tells is the key under which it is sent once. Start at [`alertmanager`]; [`text`]
//! writes the text.

use std::collections::BTreeMap;

use app::submission::{Accepted, Caller, Idempotency, Rejected, Submission};
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use types::account::EndpointKind;
use types::address::Address;
use types::message::{Class, Content, Door, Draft, ReportWish};
use types::refusal::{Refusal, RefusalCode};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Authenticated;
use crate::body::whole;
use crate::native::shape::NumberList;
use crate::native::submit::{AcceptedItem, QuoteItem};
use crate::once::{Posted, marked};
use crate::problem::{Refused, json_bytes};
use crate::query::Fields;
use crate::state::Api;

mod text;

/// The most recipients of one call.
const RECIPIENTS_MAX: usize = 100;
/// The only form of Alertmanager's document that is read.
const ALERTMANAGER_VERSION: &str = "4";

/// To whom and from whom. The parameters are read by [`Wish::read`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that the hand-written reader takes")]
pub(crate) struct HookQuery {
    /// The recipients with their country codes: several separated by commas, or the parameter several times.
    #[param(value_type = Vec<NumberList>, inline, min_items = 1, max_items = 100, example = json!(["447911123456"]))]
    to: Vec<String>,
    /// The sender: up to 11 letters and digits, a number, or a short code.
    #[param(example = "Alerts", min_length = 1, pattern = "[!-~]")]
    from: String,
    /// What goes first when there is a queue: `one_time`, `transactional` or `bulk`.
    #[param(pattern = "^(one_time|transactional|bulk)$")]
    class: Option<String>,
    /// Only tell the text and what it would cost; nothing is sent and nothing kept.
    dry_run: Option<bool>,
}

/// A group of alerts, as Alertmanager tells it in version 4 and Grafana in its own. Members that are not
/// listed here are allowed and not looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "version": "4",
    "groupKey": "{}:{alertname=\"InstanceDown\"}",
    "truncatedAlerts": 0,
    "status": "firing",
    "receiver": "sms",
    "groupLabels": {"alertname": "InstanceDown"},
    "commonLabels": {"alertname": "InstanceDown"},
    "commonAnnotations": {},
    "externalURL": "http://alertmanager.example.com:9093",
    "alerts": [{
        "status": "firing",
        "labels": {"alertname": "InstanceDown", "instance": "web-1:9100", "severity": "critical"},
        "annotations": {"summary": "web-1 does not answer"},
        "startsAt": "2026-11-22T10:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.com:9090/graph",
        "fingerprint": "1a30ba71cca2921f"
    }]
}))]
pub(crate) struct AlertGroup {
    /// The form of the document; Alertmanager's must be `4`.
    version: Option<String>,
    /// Which group it is.
    #[serde(rename = "groupKey")]
    group_key: String,
    /// Alerts of the group that are not in the document.
    #[serde(rename = "truncatedAlerts", default, deserialize_with = "whole")]
    truncated_alerts: Option<u64>,
    /// `firing`, or `resolved` when none of its alerts is firing.
    status: String,
    /// What its alerts were grouped by.
    #[serde(rename = "groupLabels")]
    group_labels: Option<BTreeMap<String, String>>,
    /// The alerts.
    #[schema(min_items = 1)]
    alerts: Vec<Alert>,
}

/// One alert of a group.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Alert {
    /// `firing` or `resolved`.
    status: String,
    /// What it is about; `alertname` is its name.
    labels: Option<BTreeMap<String, String>>,
    /// What is said of it; `summary` is what is sent, and `description` when there is none.
    annotations: Option<BTreeMap<String, String>>,
    /// Since when.
    #[serde(rename = "startsAt")]
    starts_at: Option<String>,
    /// Names its labels.
    fingerprint: Option<String>,
}

/// A group of alerts that is on stable storage as messages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertSent {
    /// The submission's id.
    submission_id: String,
    /// The text that was written.
    text: String,
    /// The messages, in the order of the recipients.
    messages: Vec<AcceptedItem>,
}

/// What telling of a group of alerts would cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertQuote {
    /// Always true: nothing was sent.
    dry_run: bool,
    /// The text that would be sent.
    text: String,
    /// The messages, in the order of the recipients.
    messages: Vec<QuoteItem>,
}

/// Sends what Prometheus Alertmanager tells, by its webhook of version 4. Without an `Idempotency-Key` the
/// group, its status and its alerts with their starts are the key.
#[utoipa::path(
    post,
    path = "/api/v1/hooks/alertmanager",
    operation_id = "hook_alertmanager",
    tag = "hooks",
    params(HookQuery),
    request_body(content = AlertGroup, content_type = "application/json"),
    responses(
        (status = 202, description = "On stable storage", body = AlertSent, headers(
            ("Idempotent-Replayed" = String, description = "`true` when this is the answer to an earlier request")
        )),
        (status = 200, description = "The text and the cost of a dry run", body = AlertQuote)
    )
)]
pub(crate) async fn alertmanager(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    wish: Wish,
    posted: Posted,
) -> Result<Response, Refused> {
    let group: AlertGroup = api.counting(caller, posted.json())?;
    if group.version.as_deref() != Some(ALERTMANAGER_VERSION) {
        let detail = "expected version 4 of Alertmanager's document; Grafana has an address of its own";
        let refusal = Refusal::new(RefusalCode::InvalidRequest, detail).at("version");
        return Err(api.counted(Some(caller.account), refusal).into());
    }
    tell(&api, caller, Told { by: "alertmanager", wish, posted, group }).await
}

/// Sends what Grafana tells, by the webhook of a contact point. Without an `Idempotency-Key` the group, its
/// status and its alerts with their starts are the key.
#[utoipa::path(
    post,
    path = "/api/v1/hooks/grafana",
    operation_id = "hook_grafana",
    tag = "hooks",
    params(HookQuery),
    request_body(content = AlertGroup, content_type = "application/json"),
    responses(
        (status = 202, description = "On stable storage", body = AlertSent, headers(
            ("Idempotent-Replayed" = String, description = "`true` when this is the answer to an earlier request")
        )),
        (status = 200, description = "The text and the cost of a dry run", body = AlertQuote)
    )
)]
pub(crate) async fn grafana(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    wish: Wish,
    posted: Posted,
) -> Result<Response, Refused> {
    let group = api.counting(caller, posted.json())?;
    tell(&api, caller, Told { by: "grafana", wish, posted, group }).await
}

/// What the address of a call says.
pub(crate) struct Wish {
    to: Vec<String>,
    from: String,
    class: Option<Class>,
    is_dry: bool,
}

impl FromRequestParts<Api> for Wish {
    type Rejection = Refused;

    /// Read before the body, so that a call that leads nowhere is not read at all.
    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Refused> {
        let Authenticated(caller) = Authenticated::of(parts)?;
        Ok(api.counting(caller, Self::read(parts.uri.query().unwrap_or("")))?)
    }
}

impl Wish {
    fn read(query: &str) -> Result<Self, Refusal> {
        let invalid = |detail: &str, field: &str| Refusal::new(RefusalCode::InvalidRequest, detail).at(field);
        let fields = Fields::parse(query)?;
        let class = match fields.once("class")? {
            None => None,
            Some(name) => Some(
                Class::parse(name)
                    .ok_or_else(|| invalid("expected `one_time`, `transactional` or `bulk`", "class"))?,
            ),
        };
        let is_dry = match fields.once("dry_run")? {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(invalid("expected `true` or `false`", "dry_run")),
        };
        let from = fields.once("from")?.map(str::trim).filter(|from| !from.is_empty());
        let from = from.ok_or_else(|| invalid("missing: state the sender", "from"))?.to_owned();
        let named = fields.0.iter().filter(|(name, _)| name == "to");
        // A plus sign in a query is a space, and the number is the same without it.
        let mut to = Vec::new();
        for recipient in named.flat_map(|(_, value)| value.split(',')).map(str::trim) {
            if recipient.is_empty() {
                return Err(invalid("a recipient is empty", "to"));
            }
            if to.len() == RECIPIENTS_MAX {
                let detail = format!("one call may have {RECIPIENTS_MAX} recipients");
                return Err(Refusal::new(RefusalCode::TooManyRecipients, detail).at("to"));
            }
            to.push(recipient.to_owned());
        }
        if to.is_empty() {
            return Err(invalid("missing: state one recipient or several", "to"));
        }
        Ok(Self { to, from, class, is_dry })
    }
}

/// A call that was read.
struct Told {
    by: &'static str,
    wish: Wish,
    posted: Posted,
    group: AlertGroup,
}

async fn tell(api: &Api, caller: Caller, told: Told) -> Result<Response, Refused> {
    let Told { by, wish, posted, group } = told;
    if group.alerts.is_empty() {
        let refusal = Refusal::new(RefusalCode::InvalidRequest, "the list is empty").at("alerts");
        return Err(api.counted(Some(caller.account), refusal).into());
    }
    let text = text::compose(&group);
    let report = api.report_wish(caller.account, EndpointKind::Webhook, None).await?;
    let submission = Submission {
        account: caller.account,
        door: Door::Native,
        received_at: api.desk().now(),
        idempotency: (!wish.is_dry).then(|| once(by, &wish, &group, posted.once)),
        drafts: wish.to.iter().map(|to| draft(to, &wish, &text, report)).collect(),
        guard_repeats: false,
        replaces: Vec::new(),
    };
    let outcome =
        if wish.is_dry { api.desk().quote(submission).await } else { api.desk().submit(submission).await };
    match outcome {
        Ok(quoted) if wish.is_dry => Ok(write_quote(&wish, text, &quoted)),
        Ok(accepted) => Ok(write_sent(&wish, text, &accepted)),
        Err(rejected) => Err(place(rejected, wish.to.len())),
    }
}

fn draft(to: &str, wish: &Wish, text: &str, report: ReportWish) -> Draft {
    Draft {
        source: Address::from_text(&wish.from),
        destination: Address::from_text(to),
        content: Content::Text(text.to_owned()),
        class: wish.class,
        traffic_type: String::new(),
        expires_at: None,
        send_at: None,
        time: types::quiet::RecipientTime::default(),
        client_reference: None,
        report,
    }
}

/// The key under which a call is done once: the caller's own, else one made of what it tells and to whom.
/// The same group told again has it too, whatever else of the document has changed meanwhile.
fn once(by: &str, wish: &Wish, group: &AlertGroup, stated: Option<Idempotency>) -> Idempotency {
    let class = wish.class.map_or("", Class::as_str);
    let mut alerts: Vec<_> = group.alerts.iter().map(alert_told).collect();
    alerts.sort();
    let told = [vec![by, &wish.from, class, &group.group_key, &group.status], texts(&wish.to)];
    let mut digest = Sha256::new();
    for list in told.iter().chain(&alerts) {
        // With their lengths before them, no two lists of lists come to the same octets.
        digest.update(list.len().to_be_bytes());
        for text in list {
            digest.update(text.len().to_be_bytes());
            digest.update(text);
        }
    }
    let fingerprint: [u8; 32] = digest.finalize().into();
    let own = || fingerprint.iter().fold("hook-".to_owned(), |key, octet| key + &format!("{octet:02x}"));
    Idempotency { key: stated.map_or_else(own, |stated| stated.key), fingerprint }
}

fn texts(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// What makes an alert another one: what it is about, since when, and whether it is over.
fn alert_told(alert: &Alert) -> Vec<&str> {
    let mut told = vec![alert.status.as_str(), alert.starts_at.as_deref().unwrap_or("")];
    match &alert.fingerprint {
        Some(fingerprint) => told.push(fingerprint),
        // Older versions of Alertmanager name no alert by a fingerprint.
        None => told
            .extend(alert.labels.iter().flatten().flat_map(|(name, value)| [name.as_str(), value.as_str()])),
    }
    told
}

fn write_sent(wish: &Wish, text: String, accepted: &Accepted) -> Response {
    let both = accepted.messages.iter().zip(&wish.to);
    let messages = both.map(|(message, to)| AcceptedItem::of(message, to)).collect();
    let body = AlertSent { submission_id: accepted.id.to_string(), text, messages };
    marked(json_bytes(StatusCode::ACCEPTED, &body), accepted.replayed)
}

fn write_quote(wish: &Wish, text: String, quoted: &Accepted) -> Response {
    let both = quoted.messages.iter().zip(&wish.to);
    let messages = both.map(|(message, to)| QuoteItem::of(message, to)).collect();
    json_bytes(StatusCode::OK, &AlertQuote { dry_run: true, text, messages })
}

/// Names each recipient that was refused by its place among those of `to`.
fn place(rejected: Rejected, total: usize) -> Refused {
    let Some((index, first)) = rejected.refusals.first().cloned() else {
        return Refusal::new(RefusalCode::Unavailable, "refused without a reason; nothing was kept").into();
    };
    if index.is_none() || total == 1 {
        return first.into();
    }
    let each: Vec<_> =
        rejected.refusals.into_iter().filter_map(|(index, refusal)| Some((index?, refusal))).collect();
    let detail = format!("{} of {total} recipients were refused; nothing was sent", each.len());
    Refused { whole: Refusal { detail, ..first }, each }
}

#[cfg(test)]
mod tests;
