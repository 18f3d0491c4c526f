//! The native webhook: signed JSON by POST, after the Standard Webhooks specification.
//!
//! `webhook-id` is the event's id and stays the same over retries; `webhook-timestamp` is the time
//! of the attempt; `webhook-signature` is `v1,` and the base64 of an HMAC-SHA256 over id,
//! timestamp and body, joined by dots.

use app::report::{InboundReport, MessageReport, Renderer, Report, ReportBody};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use ports::courier::{CALL_TIMEOUT_MS, Call, Method};
use serde::Serialize;
use sha2::Sha256;
use types::Sensitive;
use types::account::{Endpoint, EndpointKind};
use types::id::EventId;
use types::keyword::Keyword;
use types::message::Flags;
use types::time::Timestamp;

use crate::native::view::Amount;

mod template;

pub(crate) use template::{TemplateWebhook, placeholder};

/// The type of the event that an owner tries an address out with.
const TEST: &str = "webhook.test";
/// What a secret begins with; its key in base64 follows.
const SECRET_PREFIX: &str = "whsec_";

/// Writes events as Standard Webhooks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StandardWebhook;

impl Renderer for StandardWebhook {
    fn kind(&self) -> EndpointKind {
        EndpointKind::Webhook
    }

    /// Whether private addresses may be called is for the caller to set: it depends on the account.
    fn render(&self, endpoint: &Endpoint, report: &Report, now: Timestamp) -> Option<Call> {
        let (kind, data) = match &report.body {
            ReportBody::Message(message) => {
                (format!("message.{}", message.state), Data::Message(MessageData::new(message)))
            }
            ReportBody::Inbound(inbound) => {
                ("inbound.received".to_owned(), Data::Inbound(InboundData::new(inbound, report.at)))
            }
        };
        let document = Document { kind, timestamp: report.at.to_string(), data };
        write(endpoint, report.id, &document, now)
    }

    fn render_test(&self, endpoint: &Endpoint, id: EventId, now: Timestamp) -> Option<Call> {
        let data = Data::Test(TestData { webhook: endpoint.id.0.to_string() });
        let document = Document { kind: TEST.to_owned(), timestamp: now.to_string(), data };
        write(endpoint, id, &document, now)
    }
}

/// Writes and signs one call. While a secret is being replaced, the call has a signature by each.
fn write(endpoint: &Endpoint, id: EventId, document: &Document, now: Timestamp) -> Option<Call> {
    let body = match serde_json::to_vec(document) {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(%error, "a webhook could not be written as JSON");
            return None;
        }
    };
    let id = id.to_string();
    let timestamp_s = now.as_ms().div_euclid(1_000);
    let signatures: Option<Vec<String>> =
        endpoint.secrets(now).map(|secret| sign(secret.expose(), &id, timestamp_s, &body)).collect();
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id),
        ("webhook-timestamp", timestamp_s.to_string()),
        ("webhook-signature", signatures?.join(" ")),
    ];
    Some(Call {
        method: Method::Post,
        url: endpoint.url.clone(),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect(),
        body: Sensitive::new(body),
        allow_private: false,
        timeout_ms: CALL_TIMEOUT_MS,
    })
}

/// Signs one call. A secret that is not `whsec_` and base64 is used as it stands.
pub(crate) fn sign(secret: &str, id: &str, timestamp_s: i64, body: &[u8]) -> Option<String> {
    let encoded = secret.strip_prefix(SECRET_PREFIX);
    let key = encoded
        .and_then(|encoded| STANDARD.decode(encoded).or_else(|_| STANDARD_NO_PAD.decode(encoded)).ok())
        .unwrap_or_else(|| secret.as_bytes().to_vec());
    // HMAC takes keys of every length, so this never comes to nothing.
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(id.as_bytes());
    mac.update(b".");
    mac.update(timestamp_s.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[derive(Serialize)]
struct Document {
    #[serde(rename = "type")]
    kind: String,
    timestamp: String,
    data: Data,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data {
    Test(TestData),
    Message(MessageData),
    Inbound(InboundData),
}

/// What an owner is told who tries an address out.
#[derive(Serialize)]
struct TestData {
    webhook: String,
}

/// The full current state, so that a listener that hears out of order can drop what is older.
#[derive(Serialize)]
struct MessageData {
    id: String,
    seq: u16,
    state: &'static str,
    reason: &'static str,
    from: String,
    to: String,
    client_reference: Option<String>,
    parts: u32,
    price: Amount,
    network: Option<String>,
    receipt: Option<&'static str>,
    error: u16,
    possible_duplicate: bool,
    contradicted: bool,
    test: bool,
    accepted_at: String,
    final_at: Option<String>,
}

impl MessageData {
    fn new(message: &MessageReport) -> Self {
        Self {
            id: message.message.to_string(),
            seq: message.seq,
            state: message.state.as_str(),
            reason: message.reason.as_str(),
            from: message.source.text().into_owned(),
            to: message.destination.text().into_owned(),
            client_reference: message.client_reference.clone(),
            parts: message.parts,
            price: message.price.into(),
            network: message.network.map(|network| network.plmn.to_string()),
            receipt: message.receipt.map(types::receipt::ReceiptState::as_str),
            error: message.error,
            possible_duplicate: message.flags.contains(Flags::POSSIBLE_DUPLICATE),
            contradicted: message.flags.contains(Flags::CONTRADICTED),
            test: message.flags.contains(Flags::TEST),
            accepted_at: message.accepted_at.to_string(),
            final_at: message.final_at.map(|time| time.to_string()),
        }
    }
}

#[derive(Serialize)]
struct InboundData {
    id: String,
    from: String,
    to: String,
    text: String,
    keyword: Option<&'static str>,
    received_at: String,
}

impl InboundData {
    fn new(inbound: &InboundReport, at: Timestamp) -> Self {
        Self {
            id: inbound.id.to_string(),
            from: inbound.source.text().into_owned(),
            to: inbound.destination.text().into_owned(),
            text: inbound.text.expose().clone(),
            keyword: inbound.keyword.map(Keyword::as_str),
            received_at: at.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
