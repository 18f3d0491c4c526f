//! A customer's web server that hears callbacks: it answers as it is told and keeps what it heard.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::house::until;

/// A call as it came.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) at: Instant,
}

impl Heard {
    /// A header by its lower-case name; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Type of event and id of its message.
    pub(crate) fn event(&self) -> (String, String) {
        let document = self.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&document["type"]), text(&document["data"]["id"]))
    }
}

/// What is answered to the call of that number (counted from zero).
type Answer = dyn Fn(usize, &Heard) -> u16 + Send + Sync;

/// The server; it lives as long as the test.
#[derive(Clone)]
pub(crate) struct Listener {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Listener {
    /// Listens and answers everything with 204.
    pub(crate) fn friendly() -> Self {
        Self::start(|_, _| 204)
    }

    /// Listens and answers as it is told.
    pub(crate) fn start(answer: impl Fn(usize, &Heard) -> u16 + Send + Sync + 'static) -> Self {
        Self::over(TcpListener::bind("127.0.0.1:0").unwrap(), answer)
    }

    /// Listens at a port where nobody did before.
    pub(crate) fn at(port: u16) -> Self {
        Self::over(TcpListener::bind(("127.0.0.1", port)).unwrap(), |_, _| 204)
    }

    fn over(socket: TcpListener, answer: impl Fn(usize, &Heard) -> u16 + Send + Sync + 'static) -> Self {
        let listener = Self { port: socket.local_addr().unwrap().port(), heard: Arc::default() };
        let (heard, answer): (_, Arc<Answer>) = (Arc::clone(&listener.heard), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in socket.incoming().map_while(Result::ok) {
                let (heard, answer) = (Arc::clone(&heard), Arc::clone(&answer));
                std::thread::spawn(move || hear(stream, &heard, answer.as_ref()));
            }
        });
        listener
    }

    /// Its address with a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What it has heard so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits for that many calls.
    pub(crate) fn calls(&self, count: usize, limit: Duration) -> Vec<Heard> {
        until(limit, &format!("{count} calls"), || {
            let heard = self.heard();
            (heard.len() >= count).then_some(heard)
        })
    }
}

fn hear(stream: TcpStream, heard: &Mutex<Vec<Heard>>, answer: &Answer) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        Some(line.trim_end().to_owned())
    };
    let Some(first) = line() else { return };
    let mut words = first.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let mut headers = Vec::new();
    while let Some(text) = line().filter(|text| !text.is_empty()) {
        let (name, value) = text.split_once(':').unwrap();
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let octets = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
    let mut body = vec![0; octets.parse().unwrap()];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let call = Heard { method, target, headers, body, at: Instant::now() };
    let status = {
        let mut heard = heard.lock().unwrap();
        let status = answer(heard.len(), &call);
        heard.push(call);
        status
    };
    let text = format!("HTTP/1.1 {status} Answer\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    drop(writer.write_all(text.as_bytes()));
}
