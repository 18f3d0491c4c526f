//! A scripted supplier with an HTTP interface, written by hand so that it can misbehave.

use std::sync::{Arc, Mutex};

use ports::BoxFuture;
use ports::conformance::channel::{Behaviour, Peer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::door::Door;

/// The first octet of a TLS record that opens a handshake; this server speaks plain HTTP only.
const TLS_HANDSHAKE: u8 = 0x16;

/// The supplier.
pub(crate) struct Supplier {
    pub(crate) port: u16,
    door: Door,
    /// Head and body of every request.
    requests: Mutex<Vec<(String, String)>>,
    /// The answer in place of the scripted one, whole.
    answer: Mutex<Option<Vec<u8>>>,
    released: watch::Sender<u64>,
}

impl Supplier {
    pub(crate) async fn start() -> Arc<Self> {
        let door = Door::new().await;
        let supplier = Arc::new(Self {
            port: door.port,
            door,
            requests: Mutex::default(),
            answer: Mutex::default(),
            released: watch::Sender::new(0),
        });
        tokio::spawn(Arc::clone(&supplier).listen());
        supplier
    }

    /// Answers every request with these octets from now on.
    pub(crate) fn always(&self, answer: impl Into<Vec<u8>>) {
        *self.answer.lock().unwrap() = Some(answer.into());
    }

    pub(crate) fn requests(&self) -> Vec<(String, String)> {
        self.requests.lock().unwrap().clone()
    }

    async fn listen(self: Arc<Self>) {
        let serve = |stream| {
            let supplier = Arc::clone(&self);
            async move { supplier.serve(stream).await }
        };
        self.door.serve(serve).await;
    }

    async fn serve(&self, mut stream: TcpStream) {
        let mut octets = Vec::new();
        loop {
            let Some((head, body)) = request(&mut stream, &mut octets).await else { return };
            self.requests.lock().unwrap().push((head, body));
            let behaviour = self.door.behaviour();
            let mut released = self.released.subscribe();
            let before = *released.borrow_and_update();
            self.door.count();
            let scripted = self.answer.lock().unwrap().clone();
            let answer = match (scripted, behaviour) {
                (Some(answer), _) => answer,
                (None, Behaviour::Accept) => self.accepted(),
                (None, Behaviour::Refuse) => answer("422 Unprocessable Content", "{}"),
                (None, Behaviour::Throttle) => answer("429 Too Many Requests", "{}"),
                (None, Behaviour::Hold) => {
                    released.wait_for(|released| *released > before).await.unwrap();
                    self.accepted()
                }
                (None, Behaviour::Cut) => return,
            };
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    }

    fn accepted(&self) -> Vec<u8> {
        let id = self.door.next_id();
        answer("200 OK", &format!(r#"{{"messages":[{{"id":"{id}"}}]}}"#))
    }
}

/// An answer with a body.
pub(crate) fn answer(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

async fn request(stream: &mut TcpStream, octets: &mut Vec<u8>) -> Option<(String, String)> {
    loop {
        if octets.first() == Some(&TLS_HANDSHAKE) {
            octets.clear();
            return Some(("a TLS handshake".to_owned(), String::new()));
        }
        let text = String::from_utf8(octets.clone()).unwrap();
        if let Some((head, rest)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
                })
                .unwrap_or(0_usize);
            if rest.len() >= length {
                let body = rest[..length].to_owned();
                *octets = rest.as_bytes()[length..].to_vec();
                return Some((head.to_owned(), body));
            }
        }
        let mut chunk = [0; 4_096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        octets.extend_from_slice(&chunk[..count]);
    }
}

impl Peer for Supplier {
    fn behave(&self, behaviour: Behaviour) {
        self.door.behave(behaviour);
    }

    fn has_read(&self, requests: usize) -> BoxFuture<'_, ()> {
        Box::pin(self.door.has_read(requests))
    }

    fn release(&self) {
        self.behave(Behaviour::Accept);
        self.released.send_modify(|released| *released += 1);
    }

    fn vanish(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.door.shut())
    }
}
