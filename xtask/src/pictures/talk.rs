//! As much HTTP as it takes to send messages to a platform of our own and to sign in.
//!
//! One request to a connection, HTTP/1.1, answers read to their end. It never talks to anybody but
//! the platform that this programme has started. Start at [`Host`].

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde_json::Value;

/// How long the platform may be silent.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);
/// The most octets of an answer.
const ANSWER_OCTETS_MAX: u64 = 16 * 1024 * 1024;

/// Where the platform is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Host(SocketAddr);

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    head: String,
    body: Vec<u8>,
}

impl Host {
    /// Reads `host:port`, where the host is an IP address.
    pub(super) fn new(address: &str) -> anyhow::Result<Self> {
        address.parse().map(Self).with_context(|| format!("`{address}` is no address"))
    }

    /// The address.
    pub(super) fn address(self) -> SocketAddr {
        self.0
    }

    /// Asks for a page of the API.
    pub(super) fn get(self, path: &str, authorization: &str) -> anyhow::Result<Answer> {
        self.ask("GET", path, &[("authorization", authorization)], "")
    }

    /// Hands a document to the API.
    pub(super) fn post_json(self, path: &str, authorization: &str, body: &Value) -> anyhow::Result<Answer> {
        let headers = [("authorization", authorization), ("content-type", "application/json")];
        self.ask("POST", path, &headers, &body.to_string())
    }

    /// Sends a form of the console, as one of its own pages would.
    pub(super) fn post_form(self, path: &str, cookie: &str, form: &str) -> anyhow::Result<Answer> {
        let origin = format!("http://{}", self.0);
        let kind = "application/x-www-form-urlencoded";
        self.ask(
            "POST",
            path,
            &[("origin", origin.as_str()), ("cookie", cookie), ("content-type", kind)],
            form,
        )
    }

    fn ask(self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> anyhow::Result<Answer> {
        let mut stream = TcpStream::connect(self.0).with_context(|| format!("failed to reach {}", self.0))?;
        stream.set_read_timeout(Some(SILENCE_LIMIT))?;
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.0);
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        stream.write_all(request.as_bytes())?;
        let mut octets = Vec::new();
        stream
            .take(ANSWER_OCTETS_MAX)
            .read_to_end(&mut octets)
            .with_context(|| format!("no answer to {method} {path}"))?;
        Answer::read(&octets).ok_or_else(|| anyhow!("the answer to {method} {path} is no HTTP"))
    }
}

impl Answer {
    fn read(octets: &[u8]) -> Option<Self> {
        let end = octets.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = std::str::from_utf8(octets.get(..end)?).ok()?.to_owned();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Self { status, head, body: octets.get(end + 4..)?.to_vec() })
    }

    /// A header, by its name in small letters.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        pairs.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The body as text, for messages to people.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("an answer with status {} is no JSON: {}", self.status, self.text()))
    }
}

/// Writes a form.
pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", percent(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn percent(text: &str) -> String {
    let octet = |octet: u8| {
        if octet.is_ascii_alphanumeric() { char::from(octet).to_string() } else { format!("%{octet:02X}") }
    };
    text.bytes().map(octet).collect()
}

#[cfg(test)]
mod tests {
    use super::{Answer, form};

    #[test]
    fn answers_are_taken_apart() {
        let answer =
            Answer::read(b"HTTP/1.1 303 See Other\r\nLocation: /\r\nSet-Cookie: a=b; Path=/\r\n\r\n{}")
                .unwrap();
        assert_eq!((answer.status, answer.header("set-cookie")), (303, Some("a=b; Path=/")));
        assert_eq!(answer.json().unwrap(), serde_json::json!({}));
        assert!(Answer::read(b"HTTP/1.1 200 OK\r\n").is_none());
        assert!(Answer::read(b"nonsense\r\n\r\n").is_none());
    }

    #[test]
    fn forms_are_escaped() {
        assert_eq!(form(&[("a", "x y&z"), ("b", "é@")]), "a=x%20y%26z&b=%C3%A9%40");
    }
}
