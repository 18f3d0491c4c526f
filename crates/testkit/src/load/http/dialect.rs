//! How a submission is written in each dialect, and how its answer is read.
//!
//! As little of each as measurements need. Start at [`Dialect::request`].

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::accounts::Logins;
use super::exchange::Answer;

/// The status of a native submission that was taken.
const ACCEPTED: u16 = 202;

/// A way to write requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Dialect {
    /// `POST /api/v1/messages` with JSON.
    #[default]
    Native,
    /// `GET /json` with everything in the query; receipts go to the address that the account has set.
    Paasoo,
}

/// What requests say besides recipients and text.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Wishes {
    /// Where to be told what becomes of the messages; in the native dialect.
    #[arg(long, value_name = "URL")]
    callback: Option<String>,
    /// Who sends.
    #[arg(long, default_value = "Chappe")]
    from: String,
    /// `one_time`, `transactional` or `bulk`; the account's own when absent. In the native dialect.
    #[arg(long)]
    class: Option<String>,
}

impl Dialect {
    /// What all requests of an account have in common.
    pub(super) fn head(self, logins: &Logins, target: SocketAddr) -> String {
        let Logins { key, secret, .. } = logins;
        match self {
            Self::Native => {
                let pair = STANDARD.encode(format!("{key}:{secret}"));
                format!(
                    "POST /api/v1/messages HTTP/1.1\r\nhost: {target}\r\nauthorization: Basic {pair}\r\n\
                     content-type: application/json\r\n"
                )
            }
            Self::Paasoo => format!("GET /json?key={key}&secret={secret}"),
        }
    }

    /// One request, after the head of its account.
    pub(super) fn request(self, head: &str, recipients: &[String], text: &str, wishes: &Wishes) -> Vec<u8> {
        match self {
            Self::Native => {
                let mut body = json!({ "from": wishes.from, "text": text });
                if let Some(fields) = body.as_object_mut() {
                    match recipients {
                        [one] => fields.insert("to".into(), one.as_str().into()),
                        several => fields.insert("recipients".into(), several.into()),
                    };
                    let further = [("callback_url", &wishes.callback), ("class", &wishes.class)];
                    for (name, value) in further {
                        if let Some(value) = value {
                            fields.insert(name.into(), value.as_str().into());
                        }
                    }
                }
                let body = body.to_string();
                format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
            }
            Self::Paasoo => {
                let mut request = head.to_owned();
                let fields = [("from", wishes.from.as_str()), ("to", &recipients.join(",")), ("text", text)];
                for (name, value) in fields {
                    request.push('&');
                    request.push_str(name);
                    request.push('=');
                    push_escaped(&mut request, value);
                }
                request.push_str(" HTTP/1.1\r\nhost: chappe\r\n\r\n");
                request.into_bytes()
            }
        }
    }

    /// The ids of an answer, in the order of its recipients; none when it is a refusal.
    pub(super) fn ids<'a>(self, answer: &Answer<'a>) -> Vec<&'a str> {
        let text = std::str::from_utf8(answer.body).unwrap_or("");
        match self {
            Self::Native if answer.status == ACCEPTED => {
                text.split("\"id\":\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0)).collect()
            }
            Self::Paasoo if text.contains("\"status\":\"0\"") => {
                let ids = text.split_once("\"messageid\":\"").and_then(|(_, rest)| rest.split_once('"'));
                ids.map(|(ids, _)| ids.split(',').collect()).unwrap_or_default()
            }
            Self::Native | Self::Paasoo => Vec::new(),
        }
    }

    /// The status and the stable code of a refusal.
    pub(super) fn refusal(self, answer: &Answer<'_>) -> String {
        let value: Value = serde_json::from_slice(answer.body).unwrap_or_default();
        let name = match self {
            Self::Native => "code",
            Self::Paasoo => "status",
        };
        let code = value.get(name).and_then(Value::as_str).unwrap_or("without a code");
        format!("{} {code}", answer.status)
    }
}

/// Writes a value of a query (RFC 3986, 2.3).
fn push_escaped(out: &mut String, value: &str) {
    for octet in value.bytes() {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(octet));
        } else {
            out.push_str(&format!("%{octet:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes() -> Wishes {
        Wishes { callback: None, from: "Me".into(), class: Some("bulk".into()) }
    }

    #[test]
    fn requests_are_written_in_each_dialect() {
        let [one, two] = [vec!["1".to_owned()], vec!["1".to_owned(), "2".to_owned()]];
        let text = |request: Vec<u8>| String::from_utf8(request).unwrap();
        let native = text(Dialect::Native.request("H\r\n", &one, "a b", &wishes()));
        let (head, body) = native.split_once("\r\n\r\n").unwrap();
        assert_eq!(head, format!("H\r\ncontent-length: {}", body.len()));
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body, json!({ "from": "Me", "to": "1", "text": "a b", "class": "bulk" }));
        let native = text(Dialect::Native.request("", &two, "a", &wishes()));
        assert!(native.contains("\"recipients\":[\"1\",\"2\"]"), "{native}");
        let paasoo = text(Dialect::Paasoo.request("GET /json?key=k&secret=s", &two, "a b", &wishes()));
        let line = "GET /json?key=k&secret=s&from=Me&to=1%2C2&text=a%20b HTTP/1.1\r\n";
        assert!(paasoo.starts_with(line) && paasoo.ends_with("\r\n\r\n"), "{paasoo}");
    }

    #[test]
    fn answers_are_read() {
        let body = br#"{"submission_id":"sub_1","messages":[{"id":"msg_1","to":"1"},{"id":"msg_2"}]}"#;
        let refused = br#"{"code":"rate_limited","status":429}"#.as_slice();
        let paasoo = br#"{"status":"0","messageid":"a,b"}"#;
        let cases: [(Dialect, u16, &[u8], &[&str]); 6] = [
            (Dialect::Native, 202, body, &["msg_1", "msg_2"]),
            (Dialect::Native, 422, body, &[]),
            (Dialect::Native, 429, refused, &[]),
            (Dialect::Paasoo, 200, paasoo, &["a", "b"]),
            (Dialect::Paasoo, 200, br#"{"status":"10","status_code":"too fast"}"#, &[]),
            (Dialect::Paasoo, 200, b"", &[]),
        ];
        for (dialect, status, body, expected) in cases {
            assert_eq!(dialect.ids(&Answer { status, body }), expected, "{dialect:?} {status}");
        }
        assert_eq!(Dialect::Native.refusal(&Answer { status: 429, body: refused }), "429 rate_limited");
        let paasoo = Answer { status: 200, body: br#"{"status":"10"}"# };
        assert_eq!(Dialect::Paasoo.refusal(&paasoo), "200 10");
        assert_eq!(Dialect::Native.refusal(&Answer { status: 500, body: b"x" }), "500 without a code");
    }
}
