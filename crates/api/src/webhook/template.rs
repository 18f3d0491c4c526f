//! Calls by GET at an address in which names in braces, written as `%7Bid%7D`, stand for what has happened:
//! the form of those dialects whose customers write their own address for receipts.

use app::report::{MessageReport, Renderer, Report, ReportBody};
use ports::courier::{CALL_TIMEOUT_MS, Call, Method};
use types::Sensitive;
use types::account::{Endpoint, EndpointKind};
use types::message::State;
use types::time::Timestamp;

use crate::query::percent;

/// What a name in an address begins with.
const OPEN: &str = "%7B";
/// What it ends with.
const CLOSE: &str = "%7D";

/// Writes calls from addresses with names in braces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TemplateWebhook;

/// A name as it stands in an address.
pub(crate) fn placeholder(name: &str) -> String {
    format!("{OPEN}{name}{CLOSE}")
}

impl Renderer for TemplateWebhook {
    fn kind(&self) -> EndpointKind {
        EndpointKind::Template
    }

    /// Tells steps and ends of messages. Messages from phones have no form here.
    fn render(&self, endpoint: &Endpoint, report: &Report, _now: Timestamp) -> Option<Call> {
        let ReportBody::Message(message) = &report.body else { return None };
        let stage = Stage::of(message.state)?;
        let url = fill(endpoint.url.expose(), |name| value(name, message, stage, report.at));
        Some(Call {
            method: Method::Get,
            url: Sensitive::new(url),
            headers: Vec::new(),
            body: Sensitive::default(),
            allow_private: false,
            timeout_ms: CALL_TIMEOUT_MS,
        })
    }
}

/// What a step means in these dialects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The carrier has it.
    Submitted,
    /// The phone has it.
    Delivered,
    /// The carrier took it, and the phone did not get it.
    Failed,
    /// No carrier took it.
    Refused,
}

impl Stage {
    const fn of(state: State) -> Option<Self> {
        use State as S;
        match state {
            S::Submitted => Some(Self::Submitted),
            S::Delivered => Some(Self::Delivered),
            S::Undelivered | S::Expired | S::Deleted | S::NoReport | S::Unconfirmed => Some(Self::Failed),
            S::Rejected | S::Failed | S::Cancelled => Some(Self::Refused),
            S::Accepted | S::Scheduled | S::Queued | S::Sending | S::Unknown => None,
        }
    }

    /// As Kannel counts: 1 delivered, 2 not delivered, 8 with the carrier, 16 refused by it.
    const fn bit(self) -> u8 {
        match self {
            Self::Delivered => 1,
            Self::Failed => 2,
            Self::Submitted => 8,
            Self::Refused => 16,
        }
    }
}

/// The word of a receipt (SMPP 3.4, 5.2.28 and appendix B).
const fn stat(state: State) -> &'static str {
    use State as S;
    match state {
        S::Delivered => "DELIVRD",
        S::Expired => "EXPIRED",
        S::Deleted | S::Cancelled => "DELETED",
        S::Undelivered => "UNDELIV",
        S::Rejected | S::Failed => "REJECTD",
        S::Submitted => "ESME_ROK",
        S::Accepted | S::Scheduled | S::Queued | S::Sending => "ACCEPTD",
        S::Unknown | S::Unconfirmed | S::NoReport => "UNKNOWN",
    }
}

/// What a name stands for; `None` for a name that is none.
fn value(name: &str, message: &MessageReport, stage: Stage, at: Timestamp) -> Option<String> {
    let second: String =
        at.to_string().chars().take(19).map(|sign| if sign == 'T' { ' ' } else { sign }).collect();
    let minute: String = second.chars().filter(char::is_ascii_digit).skip(2).take(10).collect();
    Some(match name {
        "id" => message.message.0.base32(),
        "from" => message.source.text().into_owned(),
        "to" => message.destination.text().into_owned(),
        "bit" => stage.bit().to_string(),
        "level" => if stage == Stage::Submitted { "1" } else { "2" }.to_owned(),
        "stat" => stat(message.state).to_owned(),
        "state" => message.state.as_str().to_owned(),
        "error" => format!("{:03}", message.error),
        "parts" => message.parts.to_string(),
        "delivered" => if stage == Stage::Delivered { message.parts } else { 0 }.to_string(),
        "time" => second,
        "minute" => minute,
        "unix" => at.as_ms().div_euclid(1_000).to_string(),
        "reference" => message.client_reference.clone().unwrap_or_default(),
        _ => return None,
    })
}

/// An address with its names replaced; what is no name stays.
fn fill(url: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, behind)) = rest.split_once(OPEN) {
        filled.push_str(before);
        match behind.split_once(CLOSE).and_then(|(name, after)| Some((value(name)?, after))) {
            Some((text, after)) => {
                filled.push_str(&percent(&text));
                rest = after;
            }
            None => {
                filled.push_str(OPEN);
                rest = behind;
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use app::report::{Renderer, ReportBody};
    use types::account::EndpointKind;
    use types::message::State;
    use types::time::Timestamp;

    use super::{TemplateWebhook, placeholder};
    use crate::testing::{endpoint, inbound_report, message_id, message_report};

    #[test]
    fn fills_names_and_leaves_the_rest() {
        let id = message_id(1).0.base32();
        let url = format!(
            "https://example.com/dlr?id={}&to={}&d={}&mine=%7Bother%7D&s={}&open=%7B",
            placeholder("id"),
            placeholder("to"),
            placeholder("bit"),
            placeholder("stat")
        );
        let endpoint = endpoint(EndpointKind::Template, &url, "");
        let call = TemplateWebhook.render(&endpoint, &message_report(), Timestamp::EPOCH).unwrap();
        let expected = format!(
            "https://example.com/dlr?id={id}&to=%2B447911123456&d=1&mine=%7Bother%7D&s=DELIVRD&open=%7B"
        );
        assert_eq!(call.url.expose(), &expected);
        assert!(TemplateWebhook.render(&endpoint, &inbound_report(), Timestamp::EPOCH).is_none());
    }

    #[test]
    fn steps_have_their_bits() {
        let url = format!("https://example.com/{}", placeholder("bit"));
        let endpoint = endpoint(EndpointKind::Template, &url, "");
        let cases = [
            (State::Submitted, Some("8")),
            (State::Delivered, Some("1")),
            (State::Expired, Some("2")),
            (State::Rejected, Some("16")),
            (State::Failed, Some("16")),
            (State::Unknown, None),
            (State::Queued, None),
        ];
        for (state, expected) in cases {
            let mut report = message_report();
            if let ReportBody::Message(message) = &mut report.body {
                message.state = state;
            }
            let call = TemplateWebhook.render(&endpoint, &report, Timestamp::EPOCH);
            let bit = call.map(|call| call.url.expose().rsplit('/').next().unwrap().to_owned());
            assert_eq!(bit.as_deref(), expected, "{state}");
        }
    }
}
