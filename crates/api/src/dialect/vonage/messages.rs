//! The Messages API: `POST /v1/messages`, for a text by SMS.

use app::submission::Submission;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use types::access::KeyScope;
use types::account::EndpointKind;
use types::address::Address;
use types::id::{AccountId, MessageId};
use types::message::{Content, Door, Draft};
use types::refusal::{Refusal, RefusalCode};

use super::fault::problem;
use crate::auth::{peer_of, read_pair};
use crate::body::{BODY_OCTETS_MAX, parse_json, require_json};
use crate::state::Api;

/// Seconds of the longest validity.
const TTL_S_MAX: i64 = 604_800;
/// Characters of the longest reference.
const REFERENCE_CHARS_MAX: usize = 100;

/// A message as it is asked for; what is not known is passed over.
#[derive(Deserialize)]
struct Wish {
    channel: Option<String>,
    message_type: Option<String>,
    to: Option<Value>,
    from: Option<Value>,
    text: Option<String>,
    client_ref: Option<String>,
    ttl: Option<i64>,
    webhook_url: Option<String>,
    failover: Option<Value>,
}

pub(super) async fn send(State(api): State<Api>, request: Request) -> Response {
    match take(&api, request).await {
        Ok(id) => {
            let headers = [(header::CONTENT_TYPE, "application/json")];
            let body = json!({ "message_uuid": id.0.uuid() });
            (StatusCode::ACCEPTED, headers, body.to_string()).into_response()
        }
        Err(refusal) => problem(&api, &refusal),
    }
}

async fn take(api: &Api, request: Request) -> Result<MessageId, Refusal> {
    let (parts, body) = request.into_parts();
    let access = read_pair(&parts.headers)
        .and_then(|(key, secret)| api.authenticate(peer_of(&parts.extensions), &key, &secret))
        .map_err(|refusal| api.counted(None, refusal))?;
    let account = access.caller.account;
    let read = async {
        if !access.scopes.contains(KeyScope::Send) {
            return Err(Refusal::new(RefusalCode::Forbidden, "the key may not send"));
        }
        read_draft(api, account, &parts.headers, body).await
    };
    let draft = read.await.map_err(|refusal| api.counted(Some(account), refusal))?;
    let submission = Submission {
        account,
        door: Door::Vonage,
        received_at: api.desk().now(),
        idempotency: None,
        drafts: vec![draft],
        guard_repeats: false,
        replaces: Vec::new(),
    };
    let lost = || Refusal::new(RefusalCode::Unavailable, "refused without a reason");
    match api.desk().submit(submission).await {
        Ok(accepted) => accepted.messages.first().map(|message| message.id).ok_or_else(lost),
        Err(rejected) => Err(rejected.first().cloned().unwrap_or_else(lost)),
    }
}

async fn read_draft(
    api: &Api,
    account: AccountId,
    headers: &axum::http::HeaderMap,
    body: Body,
) -> Result<Draft, Refusal> {
    let invalid = |name: &str, detail: &str| Refusal::new(RefusalCode::InvalidRequest, detail).at(name);
    require_json(headers)?;
    let taken = api.read_known(headers, body, BODY_OCTETS_MAX).await?;
    let wish: Wish = parse_json(&taken.octets)?;
    if wish.channel.as_deref() != Some("sms") {
        return Err(invalid("channel", "only the channel sms is built"));
    }
    if wish.message_type.as_deref() != Some("text") {
        return Err(invalid("message_type", "only text is built"));
    }
    if wish.failover.is_some_and(|failover| !failover.is_null()) {
        return Err(invalid("failover", "other channels are not built; leave it out"));
    }
    let from = read_address(wish.from.as_ref()).ok_or_else(|| invalid("from", "missing"))?;
    let to = read_address(wish.to.as_ref()).ok_or_else(|| invalid("to", "missing"))?;
    let text = wish.text.filter(|text| !text.is_empty()).ok_or_else(|| invalid("text", "missing"))?;
    let fits =
        |text: &String| text.chars().count() <= REFERENCE_CHARS_MAX && !text.chars().any(char::is_control);
    if !wish.client_ref.as_ref().is_none_or(fits) {
        return Err(invalid("client_ref", "expected at most 100 characters"));
    }
    let lifetime_s = wish.ttl.map(|ttl| Some(ttl).filter(|ttl| (1..=TTL_S_MAX).contains(ttl)));
    let lifetime_s = match lifetime_s {
        Some(None) => return Err(invalid("ttl", "expected 1 to 604800 seconds")),
        Some(Some(ttl)) => Some(ttl),
        None => None,
    };
    let now = api.desk().now();
    let report = api
        .report_wish(account, EndpointKind::VonageMessages, wish.webhook_url.as_deref())
        .await
        .map_err(|refusal| refusal.at("webhook_url"))?;
    Ok(Draft {
        source: Address::from_text(&from),
        destination: Address::from_text(&to),
        content: Content::Text(text),
        class: None,
        traffic_type: String::new(),
        expires_at: lifetime_s.map(|seconds| now.plus_ms(seconds.saturating_mul(1_000))),
        send_at: None,
        time: types::quiet::RecipientTime::default(),
        client_reference: wish.client_ref,
        report,
    })
}

/// An address as a text or, as some clients write numbers, as a number.
fn read_address(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}
