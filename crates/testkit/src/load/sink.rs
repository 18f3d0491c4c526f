//! The customer's web server: takes every POST with `204` and counts what it was told.
//!
//! It reads just as much of HTTP as is sent to it: a head, and a body of the announced length.

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
    fn count(&self, body: &[u8]) {
        self.posts.set(self.posts.get() + 1);
        let text = String::from_utf8_lossy(body);
        let kind = text.split_once("\"type\":\"").and_then(|(_, rest)| rest.split_once('"'));
        let kind = kind.map_or("unreadable", |(kind, _)| kind);
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
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
            continue;
        }
        if !matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
            return;
        }
    }
}

/// Where the first request ends, if it has come as a whole.
fn whole_request(buffer: &[u8]) -> Option<usize> {
    let head = head_of(buffer)?;
    let end = head.len() + length_of(head);
    (buffer.len() >= end).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::{House, whole_request};

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
}
