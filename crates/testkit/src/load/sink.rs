//! The customer's web server: takes every call with `204` and counts what it was told.
//!
//! Submissions in one of the dialects it answers as a platform would, with an id; so customers straight against it
//! are the yardstick of what HTTP costs by itself. It reads just as much of HTTP as is sent to it: a head, and a body of the announced length.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::http::exchange::{head_of, length_of};
use super::peer;

const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
/// Where submissions of each dialect come to, and what is answered.
const SUBMISSIONS: [(&[u8], &str, &str); 2] = [
    (b"POST /api/v1/messages ", "202 Accepted", r#"{"messages":[{"id":"msg_00000000000000000000000000"}]}"#),
    (b"GET /json?", "200 OK", r#"{"status":"0","messageid":"00000000000000000000000000"}"#),
];
/// Octets of one request.
const REQUEST_OCTETS_MAX: usize = 1024 * 1024;
/// Kinds of events that are counted apart; others share one count.
const KINDS_MAX: usize = 64;

/// Options of `sink`.
#[derive(clap::Args, Debug)]
pub(super) struct SinkOptions {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    http: SocketAddr,
}

#[derive(Default)]
struct House {
    posts: Cell<u64>,
    kinds: RefCell<BTreeMap<String, u64>>,
}

impl House {
    fn count(&self, request: &[u8]) {
        self.posts.set(self.posts.get() + 1);
        let text = String::from_utf8_lossy(request);
        let kind = kind_of(&text).unwrap_or("unreadable");
        let mut kinds = self.kinds.borrow_mut();
        let kind = if kinds.len() < KINDS_MAX || kinds.contains_key(kind) { kind } else { "other" };
        *kinds.entry(kind.to_owned()).or_default() += 1;
    }

    fn counts(&self) -> Value {
        json!({ "posts": self.posts.get(), "types": *self.kinds.borrow() })
    }
}

/// Listens until standard input ends.
pub(super) async fn run(options: SinkOptions) -> anyhow::Result<()> {
    let listener = TcpListener::bind(options.http).await?;
    let house = Rc::new(House::default());
    peer::say(&json!({ "listening": [listener.local_addr()?.to_string()] }));
    let accepting = Rc::clone(&house);
    tokio::task::spawn_local(peer::accept(listener, move |stream| {
        tokio::task::spawn_local(serve(stream, Rc::clone(&accepting)));
    }));
    peer::serve_counts(|| house.counts()).await;
    Ok(())
}

async fn serve(mut stream: TcpStream, house: Rc<House>) {
    let mut buffer = Vec::new();
    while buffer.len() < REQUEST_OCTETS_MAX {
        if let Some(end) = whole_request(&buffer) {
            let request: Vec<u8> = buffer.drain(..end).collect();
            house.count(&request);
            if stream.write_all(&answer_to(&request)).await.is_err() {
                return;
            }
            continue;
        }
        if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
            return;
        }
    }
}

/// The kind of event: a member of the document, or in a dialect that tells by GET a field of the query.
fn kind_of(text: &str) -> Option<&str> {
    let member = text.split_once("\"type\":\"").and_then(|(_, rest)| rest.split_once('"'));
    let field = || {
        let query = text.lines().next()?.split_once('?')?.1;
        let fields = query.split(' ').next()?.split('&');
        fields.filter_map(|field| field.split_once('=')).find(|(name, _)| *name == "type")
    };
    member.map(|(kind, _)| kind).or_else(|| field().map(|(_, kind)| kind))
}

fn answer_to(request: &[u8]) -> Cow<'static, [u8]> {
    let submission = SUBMISSIONS.iter().find(|(begin, ..)| request.starts_with(begin));
    submission.map_or(Cow::Borrowed(ANSWER), |(_, status, body)| {
        let length = body.len();
        Cow::Owned(format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes())
    })
}

/// Where the first request ends, if it has come as a whole.
fn whole_request(buffer: &[u8]) -> Option<usize> {
    let head = head_of(buffer)?;
    let end = head.len() + length_of(head);
    (buffer.len() >= end).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::{ANSWER, House, answer_to, kind_of, whole_request};

    #[test]
    fn requests_are_cut_and_their_events_counted() {
        let one = b"POST / HTTP/1.1\r\ncontent-length: 27\r\n\r\n{\"type\":\"message.delivered\"}".as_slice();
        let two = [one, b"POST / HTTP/1.1\r\n\r\n"].concat();
        // The document has 28 octets: the announced length rules.
        assert_eq!(whole_request(&two), Some(one.len() - 1));
        assert_eq!(whole_request(&one[..one.len() - 5]), None);
        assert_eq!(whole_request(b"POST / HTTP/1.1\r\n"), None);
        let house = House::default();
        house.count(one);
        house.count(b"x");
        assert_eq!(house.counts()["types"]["message.delivered"], 1);
        assert_eq!(house.counts()["posts"], 2);
    }

    #[test]
    fn events_by_get_have_their_kind_in_the_query() {
        let call = "GET /dlr?a=b&type=dlr&to=1 HTTP/1.1\r\nhost: x?type=y\r\n\r\n";
        assert_eq!(kind_of(call), Some("dlr"));
        assert_eq!(kind_of("GET /dlr HTTP/1.1\r\nhost: x?type=y\r\n\r\n"), None);
    }

    #[test]
    fn submissions_are_answered_with_an_id_and_all_else_with_nothing() {
        let text = |request: &[u8]| String::from_utf8(answer_to(request).into_owned()).unwrap();
        assert!(
            text(b"POST /api/v1/messages HTTP/1.1\r\n").ends_with("\"msg_00000000000000000000000000\"}]}")
        );
        assert!(text(b"GET /json?key=1 HTTP/1.1\r\n").contains("\"status\":\"0\""));
        assert_eq!(answer_to(b"POST / HTTP/1.1\r\n"), ANSWER);
    }
}
