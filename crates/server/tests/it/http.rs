//! A client of HTTP/1.1 that writes what it is told, right or wrong, one connection per request.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use crate::house::{SOON, until};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(35);

/// Whatever carries octets.
pub(crate) trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

/// Connects, over TLS when an authority is given.
pub(crate) fn dial(address: &str, authority: Option<&Path>) -> io::Result<Box<dyn Wire>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    let Some(authority) = authority else { return Ok(Box::new(stream)) };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let name = ServerName::try_from("localhost").unwrap();
    Ok(Box::new(StreamOwned::new(ClientConnection::new(config, name).unwrap(), stream)))
}

/// A client.
#[derive(Clone)]
pub(crate) struct Http {
    address: String,
    authority: Option<std::path::PathBuf>,
    headers: Vec<(String, String)>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Reply {
    /// A header by its lower-case name; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The id of the only message of an accepted submission.
    pub(crate) fn message_id(&self) -> String {
        assert_eq!(self.status, 202, "{self:?}");
        self.json()["messages"][0]["id"].as_str().unwrap().to_owned()
    }
}

impl Http {
    /// A client without credentials.
    pub(crate) fn new(address: &str) -> Self {
        Self { address: address.to_owned(), authority: None, headers: Vec::new() }
    }

    /// With Basic credentials.
    pub(crate) fn with_key(self, key: &str, secret: &str) -> Self {
        let pair = STANDARD.encode(format!("{key}:{secret}"));
        self.with_header("Authorization", &format!("Basic {pair}"))
    }

    /// With a header on every request.
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Over TLS, trusting this authority alone.
    pub(crate) fn over_tls(mut self, authority: &str) -> Self {
        self.authority = Some(authority.into());
        self
    }

    /// The head of a request with a body of that many octets, for tests that write it themselves.
    pub(crate) fn head(&self, method: &str, path: &str, kind: &str, octets: usize) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !kind.is_empty() {
            head.push_str(&format!("Content-Type: {kind}\r\nContent-Length: {octets}\r\n"));
        }
        head + "\r\n"
    }

    /// Sends octets as they are and reads the answer.
    pub(crate) fn raw(&self, octets: &[u8]) -> Reply {
        read_reply(&self.attempt(octets).unwrap())
    }

    fn attempt(&self, octets: &[u8]) -> io::Result<Vec<u8>> {
        let mut wire = dial(&self.address, self.authority.as_deref())?;
        wire.write_all(octets)?;
        wire.flush()?;
        let mut answer = Vec::new();
        match wire.read_to_end(&mut answer) {
            // The end of a TLS stream may come without its farewell, and a reset behind an answer.
            Err(error) if answer.is_empty() => Err(error),
            _ => Ok(answer),
        }
    }

    /// Any request.
    pub(crate) fn request(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Reply {
        let head = self.head(method, path, kind, body.len());
        self.raw(&[head.as_bytes(), body].concat())
    }

    /// GET.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.request("GET", path, "", b"")
    }

    /// POST of JSON.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.request("POST", path, "application/json", body.to_string().as_bytes())
    }

    /// POST of a form, as a page of the same site sends it.
    pub(crate) fn form(&self, path: &str, fields: &str) -> Reply {
        let client = self.clone().with_header("Sec-Fetch-Site", "same-origin");
        client.request("POST", path, "application/x-www-form-urlencoded", fields.as_bytes())
    }

    /// Submits one message to a program that may end at any moment; `None` without a whole answer.
    pub(crate) fn try_submit(&self, to: &str, text: &str) -> Option<Reply> {
        let body = json!({ "from": "Chappe", "to": to, "text": text }).to_string();
        let head = self.head("POST", "/api/v1/messages", "application/json", body.len());
        let answer = self.attempt((head + &body).as_bytes()).ok()?;
        answer.ends_with(b"}").then(|| read_reply(&answer))
    }

    /// Submits one message.
    pub(crate) fn submit(&self, to: &str, text: &str) -> Reply {
        self.post("/api/v1/messages", &json!({ "from": "Chappe", "to": to, "text": text }))
    }

    /// Submits one message that must be taken; gives its id.
    pub(crate) fn send(&self, to: &str, text: &str) -> String {
        self.submit(to, text).message_id()
    }

    /// The message as it is now.
    pub(crate) fn message(&self, id: &str) -> Value {
        let reply = self.get(&format!("/api/v1/messages/{id}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// Waits until a message is in a state.
    pub(crate) fn until_state(&self, id: &str, state: &str) -> Value {
        self.until_message(SOON, id, state, |message| message["state"] == state)
    }

    /// Waits until a message is as wished.
    pub(crate) fn until_message(
        &self,
        limit: Duration,
        id: &str,
        what: &str,
        met: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut seen = Value::Null;
        until(limit, &format!("{what} of {id}, last seen in the log below"), || {
            seen = self.message(id);
            met(&seen).then(|| seen.clone())
        })
    }

    /// How many messages the account has, up to 500.
    pub(crate) fn count(&self) -> usize {
        self.get("/api/v1/messages?limit=500").json()["items"].as_array().unwrap().len()
    }

    /// What is available, in millionths.
    pub(crate) fn balance(&self) -> i64 {
        micros(self.get("/api/v1/balance").json()["balance"].as_str().unwrap())
    }
}

/// A decimal string in millionths.
pub(crate) fn micros(decimal: &str) -> i64 {
    let (whole, part) = decimal.split_once('.').unwrap_or((decimal, ""));
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    whole.parse::<i64>().unwrap() * 1_000_000 + sign * format!("{part:0<6}").parse::<i64>().unwrap()
}

fn read_reply(answer: &[u8]) -> Reply {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = if chunked { join_chunks(body) } else { body.to_owned() };
    Reply { status, headers, body }
}

fn join_chunks(mut rest: &str) -> String {
    let mut whole = String::new();
    while let Some((size, more)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        whole.push_str(&more[..size]);
        rest = &more[(size + 2).min(more.len())..];
    }
    whole
}

/// Writes a text for a query or a form.
pub(crate) fn encoded(text: &str) -> String {
    let keep = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes()
        .map(|byte| if keep(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
