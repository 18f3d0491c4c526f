//! Calls to the customer: a form by POST, signed with the account's first API key as this dialect signs; and
//! what the TwiML that is answered asks for.

use app::report::{InboundReport, MessageReport, Owner, Renderer, Report, ReportBody};
use app::submission::{Idempotency, Submission};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use ports::courier::{CALL_TIMEOUT_MS, Call, Method};
use sha1::Sha1;
use types::Sensitive;
use types::account::{Endpoint, EndpointKind, write_sid};
use types::address::Address;
use types::message::{Content, Door, Draft, ReportWish};
use types::time::Timestamp;

use super::resource::{API_VERSION, message_sid, number, opt_out_type, told};
use super::twiml;
use crate::query::{Fields, percent};

/// The header with the signature.
const SIGNATURE: &str = "x-twilio-signature";

/// Writes steps of messages, and messages from phones, as this dialect's form.
#[derive(Clone, Copy, Debug)]
pub(super) struct TwilioPush;

impl Renderer for TwilioPush {
    fn kind(&self) -> EndpointKind {
        EndpointKind::Twilio
    }

    fn render(&self, endpoint: &Endpoint, report: &Report, _now: Timestamp) -> Option<Call> {
        let fields = match &report.body {
            ReportBody::Message(message) => status_fields(message)?,
            ReportBody::Inbound(inbound) => inbound_fields(inbound),
        };
        Some(Call {
            method: Method::Post,
            url: endpoint.url.clone(),
            headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned().into())],
            body: Sensitive::new(write_form(&fields).into_bytes()),
            allow_private: false,
            timeout_ms: CALL_TIMEOUT_MS,
        })
    }

    /// Names the account, and signs the address and all fields.
    fn prove(&self, mut call: Call, owner: &Owner, _now: Timestamp) -> Call {
        let text = String::from_utf8_lossy(call.body.expose()).into_owned();
        let mut fields = Fields::parse(&text).unwrap_or_default().0;
        fields.push(("AccountSid".to_owned(), write_sid(owner.sid)));
        let signature =
            owner.key.as_ref().and_then(|key| sign(key.secret.expose(), call.url.expose(), &fields));
        call.headers.extend(signature.map(|text| (SIGNATURE.to_owned(), text.into())));
        call.body = Sensitive::new(write_form(&fields).into_bytes());
        call
    }

    /// Carries out the TwiML with which a message from a phone was answered.
    fn reply(
        &self,
        endpoint: &Endpoint,
        report: &Report,
        answer: &[u8],
        now: Timestamp,
    ) -> Option<Submission> {
        let ReportBody::Inbound(inbound) = &report.body else { return None };
        let messages = twiml::read(answer);
        let draft = |message: twiml::Message| Draft {
            source: message
                .from
                .map_or_else(|| inbound.destination.clone(), |from| Address::from_text(&from)),
            destination: message.to.map_or_else(|| inbound.source.clone(), |to| Address::from_text(&to)),
            content: Content::Text(message.text),
            class: None,
            traffic_type: String::new(),
            expires_at: None,
            send_at: None,
            time: types::quiet::RecipientTime::default(),
            client_reference: None,
            report: ReportWish::default(),
        };
        let drafts: Vec<Draft> = messages.into_iter().map(draft).collect();
        // No customer can use this key: theirs have no blanks.
        let key = format!("reply {}", report.id);
        (!drafts.is_empty()).then(|| Submission {
            account: endpoint.account,
            door: Door::Twilio,
            received_at: now,
            idempotency: Some(Idempotency { key, fingerprint: [0; 32] }),
            drafts,
            guard_repeats: false,
            replaces: Vec::new(),
        })
    }
}

type Field = (String, String);

fn field(name: &str, value: impl Into<String>) -> Field {
    (name.to_owned(), value.into())
}

/// A step of a message; `None` for one of which this dialect has no word of its own.
fn status_fields(message: &MessageReport) -> Option<Vec<Field>> {
    use types::message::State as S;
    if matches!(message.state, S::Unknown | S::Unconfirmed | S::NoReport) {
        return None;
    }
    let told = told(message.state, message.reason);
    let sid = message_sid(message.message.0);
    let mut fields = vec![
        field("ApiVersion", API_VERSION),
        field("MessageSid", sid.clone()),
        field("SmsSid", sid),
        field("MessageStatus", told.status),
        field("SmsStatus", told.status),
        field("From", number(&message.source)),
        field("To", number(&message.destination)),
    ];
    fields.extend(told.error.map(|error| field("ErrorCode", error.to_string())));
    Some(fields)
}

fn inbound_fields(inbound: &InboundReport) -> Vec<Field> {
    let sid = message_sid(inbound.id.0);
    let mut fields = vec![
        field("ApiVersion", API_VERSION),
        field("MessageSid", sid.clone()),
        field("SmsSid", sid.clone()),
        field("SmsMessageSid", sid),
        field("SmsStatus", "received"),
        field("From", number(&inbound.source)),
        field("To", number(&inbound.destination)),
        field("Body", inbound.text.expose().clone()),
        field("NumMedia", "0"),
        field("NumSegments", "1"),
    ];
    fields.extend(inbound.keyword.map(|keyword| field("OptOutType", opt_out_type(keyword))));
    fields
}

fn write_form(fields: &[Field]) -> String {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", percent(name), percent(value))).collect();
    pairs.join("&")
}

/// Signs a call: HMAC-SHA1 over the address, and name and value of every field in the order of the names,
/// in base64.
fn sign(token: &str, url: &str, fields: &[Field]) -> Option<String> {
    let mut sorted: Vec<&Field> = fields.iter().collect();
    sorted.sort();
    // HMAC takes keys of every length, so this never comes to nothing.
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).ok()?;
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests;
