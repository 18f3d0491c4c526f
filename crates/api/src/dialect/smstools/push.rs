//! Calls to the customer: JSON by POST, signed with the secret of its address.

use app::report::{InboundReport, MessageReport, Renderer, Report, ReportBody};
use hmac::{Hmac, KeyInit, Mac};
use ports::courier::{CALL_TIMEOUT_MS, Call, Method};
use serde_json::{Value, json};
use sha2::Sha256;
use types::Sensitive;
use types::account::{Endpoint, EndpointKind};
use types::message::State;
use types::time::Timestamp;

use super::lists::date;

/// The headers that prove a call.
const TIMESTAMP: &str = "x-smstools-timestamp";
const SIGNATURE: &str = "x-smstools-signature";

/// Writes ends of messages, and messages from phones, as this dialect's JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct SmstoolsPush;

/// A state in the words of this dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// 0 submitted, 1 delivered, 2 not delivered, 4 rejected, 9 unknown.
    pub(super) code: &'static str,
    /// The same as a word.
    pub(super) status: &'static str,
    /// Why: 0 nothing to say, 11 temporarily out of range, 99 not known.
    pub(super) detail: &'static str,
}

/// What this dialect says of a state.
pub(super) const fn told(state: State) -> Told {
    use State as S;
    let (code, status, detail) = match state {
        S::Accepted | S::Scheduled | S::Queued | S::Sending | S::Submitted => ("0", "submitted", "0"),
        S::Delivered => ("1", "delivered", "0"),
        S::Undelivered => ("2", "not delivered", "99"),
        S::Expired => ("2", "not delivered", "11"),
        S::Deleted | S::Failed | S::Cancelled => ("2", "not delivered", "99"),
        S::Rejected => ("4", "rejected", "99"),
        S::Unknown | S::Unconfirmed | S::NoReport => ("9", "unknown", "99"),
    };
    Told { code, status, detail }
}

impl Renderer for SmstoolsPush {
    fn kind(&self) -> EndpointKind {
        EndpointKind::Smstools
    }

    fn render(&self, endpoint: &Endpoint, report: &Report, now: Timestamp) -> Option<Call> {
        let (kind, message) = match &report.body {
            ReportBody::Message(message) if message.state.is_final() => {
                ("delivery_report", receipt(message, report.at))
            }
            ReportBody::Message(_) => return None,
            ReportBody::Inbound(inbound) => ("inbox_message", inbox(inbound, report.at)),
        };
        let body = json!({
            "webhook_id": report.id.0.base32(), "webhook_type": kind, "username": "", "message": message,
        });
        let body = body.to_string().into_bytes();
        let seconds = now.as_ms().div_euclid(1_000);
        let signature = sign(endpoint.secret.expose(), seconds, &body)?;
        let headers = [
            ("content-type", "application/json".to_owned()),
            (TIMESTAMP, seconds.to_string()),
            (SIGNATURE, format!("t={seconds},v1={signature}")),
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
}

/// Every value is a text: a listener passes over others.
fn receipt(message: &MessageReport, at: Timestamp) -> Value {
    let told = told(message.state);
    json!({
        "messageid": message.message.0.base32(),
        "datetime": date(message.accepted_at),
        "content": "",
        "sender": message.source.text(),
        "receiver": message.destination.text(),
        "reference": message.client_reference.clone().unwrap_or_default(),
        "delivery_code": told.code,
        "delivery_status": told.status,
        "delivery_status_datetime": date(at),
        "delivery_code_detail": told.detail,
        "delivery_code_detail_description": message.state.as_str(),
    })
}

fn inbox(inbound: &InboundReport, at: Timestamp) -> Value {
    json!({
        "messageid": inbound.id.0.base32(),
        "datetime": date(at),
        "content": inbound.text.expose(),
        "sender": inbound.source.text(),
        "receiver": inbound.destination.text(),
        "reference": "",
    })
}

/// HMAC-SHA256 over the time, a dot and the body, in hexadecimal digits.
fn sign(secret: &str, seconds: i64, body: &[u8]) -> Option<String> {
    // HMAC takes keys of every length, so this never comes to nothing.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    Some(mac.finalize().into_bytes().iter().map(|octet| format!("{octet:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use app::report::{Renderer, ReportBody};
    use serde_json::Value;
    use types::account::EndpointKind;
    use types::message::State;
    use types::time::Timestamp;

    use super::{SIGNATURE, SmstoolsPush, TIMESTAMP, sign, told};
    use crate::testing::{endpoint, inbound_report, message_report};

    const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

    #[test]
    fn signs_as_others_do() {
        // Made with the `hmac` of Python.
        assert_eq!(
            sign("secret", 5, b"{}").as_deref(),
            Some("f18d2fcd9a24151471e3e2d71bc7ce901fb7b89b341918a08f95e9ffc497ea26")
        );
    }

    #[test]
    fn tells_ends_and_what_phones_wrote() {
        let endpoint = endpoint(EndpointKind::Smstools, "https://example.com/hook", "secret");
        for (report, kind) in [(message_report(), "delivery_report"), (inbound_report(), "inbox_message")] {
            let call = SmstoolsPush.render(&endpoint, &report, NOW).unwrap();
            let header = |wanted: &str| {
                let found = call.headers.iter().find(|(name, _)| name == wanted);
                found.map(|(_, value)| value.expose().clone()).unwrap()
            };
            let signature = sign("secret", 1_795_000_000, call.body.expose()).unwrap();
            assert_eq!(header(TIMESTAMP), "1795000000");
            assert_eq!(header(SIGNATURE), format!("t=1795000000,v1={signature}"));
            let body: Value = serde_json::from_slice(call.body.expose()).unwrap();
            assert_eq!(body["webhook_type"], kind);
            assert!(body["message"].as_object().unwrap().values().all(Value::is_string), "{body}");
        }
        let mut report = message_report();
        if let ReportBody::Message(message) = &mut report.body {
            message.state = State::Submitted;
        }
        assert!(SmstoolsPush.render(&endpoint, &report, NOW).is_none());
    }

    #[test]
    fn states_become_numbers_that_clients_know() {
        for state in State::ALL {
            let told = told(*state);
            assert!(["0", "1", "2", "4", "9"].contains(&told.code), "{state}");
            assert_eq!(told.detail == "0", matches!(told.code, "0" | "1"), "{state}");
        }
    }
}
