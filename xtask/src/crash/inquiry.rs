//! Asking a restarted platform for everything that it knows of an account's messages, over its public API.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use serde_json::{Value, json};

use super::records::bare_id;
use super::verdict::Stored;
use crate::process;
use crate::server::Server;

/// How long the platform may take to hand on what was left over.
const REST_LIMIT: Duration = Duration::from_secs(600);
/// How long nothing may move before what is left counts as stuck. A receipt comes within a second here.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long the platform may take to send what waits.
const SENT_LIMIT: Duration = Duration::from_secs(600);
/// States in which a message is not with a carrier yet.
const UNSENT: &str = "accepted,queued,sending";
/// States in which something is still to be done with a message.
const UNDER_WAY: &str = "accepted,queued,sending,submitted";
/// How long one answer may take: a list by state reads all messages of the account.
const ANSWER_LIMIT: Duration = Duration::from_secs(180);

/// Waits until no message is under way any more, or nothing moves.
pub(super) fn wait_for_rest(server: &Server) -> anyhow::Result<()> {
    let mut seen = Vec::new();
    let mut since = process::now();
    process::wait_for("the messages that were under way", REST_LIMIT, || {
        let page = get(server, &format!("/api/v1/messages?limit=500&state={UNDER_WAY}"))?;
        let under_way = items(&page)?;
        if *under_way != seen {
            seen.clone_from(under_way);
            since = process::now();
        }
        Ok((under_way.is_empty() || since.elapsed() >= PATIENCE).then_some(()))
    })
}

/// Waits until every message is with a carrier.
pub(super) fn wait_until_sent(server: &Server) -> anyhow::Result<()> {
    process::wait_for("messages to be sent", SENT_LIMIT, || {
        let page = get(server, &format!("/api/v1/messages?limit=1&state={UNSENT}"))?;
        Ok(items(&page)?.is_empty().then_some(()))
    })
}

/// Every message of the account.
pub(super) fn all_messages(server: &Server) -> anyhow::Result<Vec<Stored>> {
    messages(server, "")
}

/// The messages in a state.
pub(super) fn messages_in(server: &Server, state: &str) -> anyhow::Result<Vec<Stored>> {
    messages(server, &format!("&state={state}"))
}

fn messages(server: &Server, condition: &str) -> anyhow::Result<Vec<Stored>> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = get(server, &format!("/api/v1/messages?limit=500{condition}{cursor}"))?;
        for item in items(&page)? {
            found.push(stored(item)?);
        }
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(found),
        }
    }
}

fn items(page: &Value) -> anyhow::Result<&Vec<Value>> {
    page.get("items").and_then(Value::as_array).ok_or_else(|| anyhow!("a page has no items: {page}"))
}

fn stored(item: &Value) -> anyhow::Result<Stored> {
    let word = |path: &str| {
        let word = item.pointer(path).and_then(Value::as_str).map(str::to_owned);
        word.ok_or_else(|| anyhow!("a message has no {path}: {item}"))
    };
    let mark = |name: &str| item.get(name).and_then(Value::as_bool).unwrap_or(false);
    Ok(Stored {
        id: bare_id(&word("/id")?).to_owned(),
        recipient: word("/to")?.trim_start_matches('+').to_owned(),
        state: word("/state")?,
        charge: word("/charge")?,
        price_micros: micros(&word("/price/amount")?)?,
        is_marked: mark("possible_duplicate"),
        is_contradicted: mark("contradicted"),
    })
}

/// Micro-units of a decimal string.
pub(super) fn micros(text: &str) -> anyhow::Result<i64> {
    const DECIMALS: usize = 6;
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{part:0<DECIMALS$}");
    if part.len() > DECIMALS {
        bail!("{text} has too many decimals");
    }
    digits.parse().with_context(|| format!("{text} is no amount"))
}

fn get(server: &Server, path: &str) -> anyhow::Result<Value> {
    let answer = ask(server, "GET", path, "")?;
    if answer.status != 200 {
        bail!("GET {path} was answered with {} {}", answer.status, answer.body);
    }
    serde_json::from_str(&answer.body).with_context(|| format!("GET {path} was answered with no JSON"))
}

/// An answer over HTTP.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// What became of a message of our own.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Submitted {
    /// It was promised, under this id.
    Promised(String),
    /// It was refused with this code.
    Refused(String),
}

/// Sends a message.
pub(super) fn submit(server: &Server, recipient: u64) -> anyhow::Result<Submitted> {
    let body = json!({ "from": "Chappe", "to": recipient.to_string(), "text": "Is there room?" });
    let answer = ask(server, "POST", "/api/v1/messages", &body.to_string())?;
    let said: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let word = |path: &str| said.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(match answer.status {
        202 => Submitted::Promised(word("/messages/0/id")),
        status => Submitted::Refused(format!("{status} {}", word("/code"))),
    })
}

/// The status of a page that needs no login, such as a probe.
pub(super) fn status(server: &Server, path: &str) -> anyhow::Result<u16> {
    ask(server, "GET", path, "").map(|answer| answer.status)
}

fn ask(server: &Server, method: &str, path: &str, body: &str) -> anyhow::Result<Answer> {
    let target = server.value("CHAPPE_HTTP")?;
    let (key, secret) = (server.value("CHAPPE_API_KEY")?, server.value("CHAPPE_API_SECRET")?);
    let mut stream = TcpStream::connect(target)?;
    stream.set_read_timeout(Some(ANSWER_LIMIT))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {target}\r\nauthorization: Bearer {key}.{secret}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    parse(&answer).with_context(|| format!("{method} {path} was answered strangely"))
}

fn parse(answer: &str) -> anyhow::Result<Answer> {
    let (head, body) =
        answer.split_once("\r\n\r\n").ok_or_else(|| anyhow!("an answer has no end of head"))?;
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or_else(|| anyhow!("an answer has no status: {head}"))?;
    Ok(Answer { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_from_a_page() {
        let item = serde_json::json!({
            "id": "msg_01kq", "to": "+447", "state": "delivered", "charge": "charged",
            "price": { "amount": "0.04", "unit": "EUR" }, "possible_duplicate": true,
        });
        let message = stored(&item).unwrap();
        assert_eq!((message.id.as_str(), message.recipient.as_str()), ("01kq", "447"));
        assert_eq!((message.price_micros, message.is_marked), (40_000, true));
        assert!(stored(&serde_json::json!({ "id": "msg_01kq" })).is_err());
    }

    #[test]
    fn amounts_are_read_without_rounding() {
        let cases = [
            ("0.04", Some(40_000)),
            ("12", Some(12_000_000)),
            ("1.000001", Some(1_000_001)),
            ("1.0000001", None),
        ];
        for (text, expected) in cases {
            assert_eq!(micros(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn answers_are_read() {
        let answer = parse("HTTP/1.1 503 Service Unavailable\r\nx: y\r\n\r\nbody").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (503, "body"));
        assert!(parse("HTTP/1.1 200 OK\r\n").is_err() && parse("x\r\n\r\n").is_err());
    }
}
