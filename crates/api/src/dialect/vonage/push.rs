//! Calls to the customer: those of the SMS API, signed among their fields; and those of the Messages API,
//! with a token that has the hash of their body.

use app::report::{InboundReport, MessageReport, Owner, Renderer, Report, ReportBody};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use ports::courier::{CALL_TIMEOUT_MS, Call, Method};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use types::Sensitive;
use types::account::{Endpoint, EndpointKind};
use types::message::State;
use types::time::Timestamp;

use super::sign::{self, SIG, hex};
use super::sms::digits;
use crate::query::{Fields, percent};

/// The method by which calls of the SMS API are signed.
const METHOD: sign::Method = sign::Method::Sha256;

/// Writes steps of messages, and messages from phones, as the SMS API does.
#[derive(Clone, Copy, Debug)]
pub(super) struct SmsPush;

/// Writes the same as the Messages API does.
#[derive(Clone, Copy, Debug)]
pub(super) struct MessagesPush;

impl Renderer for SmsPush {
    fn kind(&self) -> EndpointKind {
        EndpointKind::Vonage
    }

    fn render(&self, endpoint: &Endpoint, report: &Report, _now: Timestamp) -> Option<Call> {
        let fields = match &report.body {
            ReportBody::Message(message) => receipt_fields(message, report.at)?,
            ReportBody::Inbound(inbound) => inbound_fields(inbound, report.at),
        };
        Some(post(endpoint, "application/x-www-form-urlencoded", write_form(&fields).into_bytes()))
    }

    /// Adds the key, the time, what makes the call unlike any other, and the signature over all.
    fn prove(&self, mut call: Call, owner: &Owner, now: Timestamp) -> Call {
        let Some(key) = &owner.key else { return call };
        let text = String::from_utf8_lossy(call.body.expose()).into_owned();
        let mut fields = Fields::parse(&text).unwrap_or_default().0;
        fields.push(field("api-key", key.name.clone()));
        fields.push(field("nonce", unlike_any_other(call.body.expose(), now)));
        fields.push(field("timestamp", now.as_ms().div_euclid(1_000).to_string()));
        let signature = METHOD.sign(key.secret.expose(), &fields);
        fields.extend(signature.map(|signature| field(SIG, signature)));
        call.body = Sensitive::new(write_form(&fields).into_bytes());
        call
    }
}

impl Renderer for MessagesPush {
    fn kind(&self) -> EndpointKind {
        EndpointKind::VonageMessages
    }

    fn render(&self, endpoint: &Endpoint, report: &Report, _now: Timestamp) -> Option<Call> {
        let body = match &report.body {
            ReportBody::Message(message) => status_body(message, report.at)?,
            ReportBody::Inbound(inbound) => inbound_body(inbound, report.at),
        };
        Some(post(endpoint, "application/json", body.to_string().into_bytes()))
    }

    /// Adds a token (RFC 7519) that names the key and has the hash of the body.
    fn prove(&self, mut call: Call, owner: &Owner, now: Timestamp) -> Call {
        let Some(key) = &owner.key else { return call };
        let claims = json!({
            "iat": now.as_ms().div_euclid(1_000),
            "jti": unlike_any_other(call.body.expose(), now),
            "iss": "Vonage",
            "payload_hash": hex(&Sha256::digest(call.body.expose())),
            "api_key": key.name,
        });
        let token = write_token(key.secret.expose(), &claims);
        let header = token.map(|token| ("authorization".to_owned(), format!("Bearer {token}").into()));
        call.headers.extend(header);
        call
    }
}

fn post(endpoint: &Endpoint, kind: &str, body: Vec<u8>) -> Call {
    Call {
        method: Method::Post,
        url: endpoint.url.clone(),
        headers: vec![("content-type".to_owned(), kind.to_owned().into())],
        body: Sensitive::new(body),
        allow_private: false,
        timeout_ms: CALL_TIMEOUT_MS,
    }
}

type Field = (String, String);

fn field(name: &str, value: impl Into<String>) -> Field {
    (name.to_owned(), value.into())
}

fn write_form(fields: &[Field]) -> String {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", percent(name), percent(value))).collect();
    pairs.join("&")
}

/// A name for one call, drawn from what it says and when.
fn unlike_any_other(body: &[u8], now: Timestamp) -> String {
    let digest = hex(&Sha256::new().chain_update(body).chain_update(now.as_ms().to_be_bytes()).finalize());
    let group = |from: usize, to: usize| digest.get(from..to).unwrap_or("");
    format!("{}-{}-{}-{}-{}", group(0, 8), group(8, 12), group(12, 16), group(16, 20), group(20, 32))
}

/// Writes a token under HMAC with SHA-256.
fn write_token(secret: &str, claims: &Value) -> Option<String> {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = encode(&json!({ "alg": "HS256", "typ": "JWT" }));
    let text = format!("{head}.{}", encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(text.as_bytes());
    Some(format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}

/// A state in the words of the SMS API, with its error: 0 none, 1 unknown, 6 refused, 12 unreachable, 11 no
/// route; `None` for a step of which it has no word.
const fn receipt_word(state: State) -> Option<(&'static str, u8)> {
    use State as S;
    match state {
        S::Submitted => Some(("accepted", 0)),
        S::Delivered => Some(("delivered", 0)),
        S::Undelivered => Some(("failed", 12)),
        S::Expired => Some(("expired", 12)),
        S::Rejected => Some(("rejected", 6)),
        S::Deleted | S::Cancelled => Some(("failed", 1)),
        S::Failed => Some(("failed", 11)),
        S::Unconfirmed | S::NoReport => Some(("unknown", 1)),
        S::Accepted | S::Scheduled | S::Queued | S::Sending | S::Unknown => None,
    }
}

/// A state in the words of the Messages API, with the number and the words of its error.
const fn status_word(state: State) -> Option<(&'static str, Option<(u16, &'static str)>)> {
    use State as S;
    match state {
        S::Submitted => Some(("submitted", None)),
        S::Delivered => Some(("delivered", None)),
        S::Undelivered => Some(("undeliverable", Some((1_260, "Destination unreachable")))),
        S::Expired => Some(("undeliverable", Some((1_241, "Message expired")))),
        S::Rejected => Some(("rejected", Some((1_240, "Illegal message")))),
        S::Failed | S::Deleted | S::Cancelled => Some(("rejected", Some((1_000, "Message failed")))),
        S::Accepted | S::Scheduled | S::Queued | S::Sending | S::Unknown | S::Unconfirmed | S::NoReport => {
            None
        }
    }
}

/// `2026-11-22 20:00:00`.
fn second(at: Timestamp) -> String {
    at.to_string().chars().take("2026-11-22T20:00:00".len()).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// `2611222000`: year, month, day, hour and minute, two digits each.
fn minute(at: Timestamp) -> String {
    let digits: String = second(at).chars().filter(char::is_ascii_digit).collect();
    digits.get(2..12).unwrap_or("").to_owned()
}

fn receipt_fields(message: &MessageReport, at: Timestamp) -> Option<Vec<Field>> {
    let (status, error) = receipt_word(message.state)?;
    let mut fields = vec![
        field("msisdn", digits(&message.destination)),
        field("to", digits(&message.source)),
        field("network-code", message.network.map(|network| network.plmn.to_string()).unwrap_or_default()),
        field("messageId", message.message.0.uuid()),
        field("price", message.price.decimal()),
        field("status", status),
        field("scts", minute(at)),
        field("err-code", error.to_string()),
        field("message-timestamp", second(at)),
    ];
    fields.extend(message.client_reference.clone().map(|text| field("client-ref", text)));
    Some(fields)
}

/// The first word of a text, in capitals.
fn keyword(text: &str) -> String {
    text.split_whitespace().next().unwrap_or("").to_uppercase()
}

fn inbound_fields(inbound: &InboundReport, at: Timestamp) -> Vec<Field> {
    let text = inbound.text.expose();
    vec![
        field("msisdn", digits(&inbound.source)),
        field("to", digits(&inbound.destination)),
        field("messageId", inbound.id.0.uuid()),
        field("text", text.clone()),
        field("type", if text.is_ascii() { "text" } else { "unicode" }),
        field("keyword", keyword(text)),
        field("message-timestamp", second(at)),
    ]
}

fn status_body(message: &MessageReport, at: Timestamp) -> Option<Value> {
    let (status, error) = status_word(message.state)?;
    let mut body = json!({
        "message_uuid": message.message.0.uuid(),
        "to": digits(&message.destination),
        "from": digits(&message.source),
        "timestamp": at.to_string(),
        "status": status,
        "channel": "sms",
        "usage": { "currency": message.price.unit.as_str(), "price": message.price.decimal() },
        "sms": { "count_total": message.parts.to_string() },
    });
    if let Some(members) = body.as_object_mut() {
        if let Some(reference) = &message.client_reference {
            members.insert("client_ref".to_owned(), json!(reference));
        }
        if let Some(network) = message.network {
            let network = json!({ "network_code": network.plmn.to_string() });
            members.insert("destination".to_owned(), network);
        }
        if let Some((number, words)) = error {
            let kind = format!("https://developer.vonage.com/api-errors/messages#{number}");
            members.insert("error".to_owned(), json!({ "type": kind, "title": number, "detail": words }));
        }
    }
    Some(body)
}

fn inbound_body(inbound: &InboundReport, at: Timestamp) -> Value {
    let text = inbound.text.expose();
    json!({
        "channel": "sms",
        "message_uuid": inbound.id.0.uuid(),
        "to": digits(&inbound.destination),
        "from": digits(&inbound.source),
        "timestamp": at.to_string(),
        "text": text,
        "message_type": "text",
        "sms": { "num_messages": "1", "keyword": keyword(text) },
    })
}

#[cfg(test)]
mod tests;
