//! Sending: `POST /v1/message/send`.

use app::submission::Submission;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use types::access::KeyScope;
use types::account::EndpointKind;
use types::address::Address;
use types::id::AccountId;
use types::message::{Content, Door, Draft};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::access::Known;
use super::fault::Fault;
use crate::state::Api;

/// The most recipients of one request.
const RECIPIENTS_MAX: usize = 1_000;
/// Characters of the longest reference.
const REFERENCE_CHARS_MAX: usize = 255;

/// A message as it is asked for; what is not known is passed over.
#[derive(Deserialize)]
struct Wish {
    message: Option<String>,
    to: Option<Value>,
    sender: Option<Value>,
    date: Option<String>,
    reference: Option<Value>,
    test: Option<Value>,
    subid: Option<Value>,
}

pub(super) async fn send(
    State(api): State<Api>,
    known: Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Send)?;
    let wish: Wish = known.read(&api, &headers, body).await?;
    let account = match wish.subid.as_ref().and_then(text_of) {
        Some(id) => known.below(&api, &id)?,
        None => known.caller.account,
    };
    let is_list = wish.to.as_ref().is_some_and(Value::is_array);
    let is_test = wish.test.as_ref().is_some_and(is_true);
    let drafts = read_drafts(&api, &known, account, &wish).await?;
    let submission = Submission {
        account,
        door: Door::Smstools,
        received_at: api.desk().now(),
        idempotency: None,
        drafts,
        guard_repeats: false,
        replaces: Vec::new(),
    };
    let desk = api.desk();
    let outcome = if is_test { desk.quote(submission).await } else { desk.submit(submission).await };
    let accepted = outcome.map_err(|rejected| {
        let lost = || Refusal::new(RefusalCode::Unavailable, "refused without a reason");
        Fault::from(rejected.first().cloned().unwrap_or_else(lost))
    })?;
    // What was only tried has no id.
    let ids: Vec<Option<String>> =
        accepted.messages.iter().map(|message| (!is_test).then(|| message.id.0.base32())).collect();
    Ok(Json(if is_list { json!({ "messageids": ids }) } else { json!({ "messageid": ids.first() }) }))
}

async fn read_drafts(api: &Api, known: &Known, account: AccountId, wish: &Wish) -> Result<Vec<Draft>, Fault> {
    let fault = |number, message| known.fault(api, number, message);
    let text = wish.message.clone().filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| fault(112, "The message is missing"))?;
    let recipients: Vec<String> = match &wish.to {
        Some(Value::Array(all)) => all.iter().filter_map(text_of).collect(),
        Some(one) => text_of(one).into_iter().collect(),
        None => Vec::new(),
    };
    if recipients.is_empty() {
        return Err(fault(106, "The destination is missing or invalid"));
    }
    if recipients.len() > RECIPIENTS_MAX {
        return Err(fault(139, "One request may have 1000 recipients"));
    }
    let sender = wish.sender.as_ref().and_then(text_of).unwrap_or_default();
    if sender.is_empty() {
        return Err(fault(109, "The sender is empty"));
    }
    let send_at =
        match wish.date.as_deref().filter(|date| !date.is_empty()) {
            None => None,
            Some(date) => Some(read_date(date).ok_or_else(|| {
                fault(121, "The date must be such as 2026-11-22 20:00, in UTC, and not past")
            })?),
        };
    let reference = wish.reference.as_ref().and_then(text_of);
    let fits =
        |text: &String| text.chars().count() <= REFERENCE_CHARS_MAX && !text.chars().any(char::is_control);
    if !reference.as_ref().is_none_or(fits) {
        return Err(fault(139, "The reference may have 255 characters"));
    }
    let report = api.report_wish(account, EndpointKind::Smstools, None).await;
    let report = report.map_err(|refusal| known.refuse(api, refusal))?;
    let draft = |number: String| Draft {
        source: Address::from_text(sender.trim()),
        destination: Address::from_text(number.trim()),
        content: Content::Text(text.clone()),
        class: None,
        traffic_type: String::new(),
        expires_at: None,
        send_at,
        time: types::quiet::RecipientTime::default(),
        client_reference: reference.clone(),
        report,
    };
    Ok(recipients.into_iter().map(draft).collect())
}

/// A text, or a number as some clients write it.
pub(super) fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text).filter(|text| !text.trim().is_empty())
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_i64() == Some(1),
        Value::String(text) => matches!(text.as_str(), "true" | "1"),
        _ => false,
    }
}

/// `2026-11-22 20:00`, in UTC.
fn read_date(text: &str) -> Option<Timestamp> {
    let seconds = if text.len() == "2026-11-22 20:00".len() { ":00" } else { "" };
    Timestamp::parse_rfc3339(&format!("{text}{seconds}Z"))
}
