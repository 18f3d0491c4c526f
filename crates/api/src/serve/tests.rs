//! The server loop over real sockets: keep-alive, limits, TLS and draining.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Extension};
use axum::http::{StatusCode, Uri};
use axum::routing::{get, post};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::stream::Impatient;
use super::{HttpLimits, OverTls, serve, without_idle_slashes};

struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

async fn start(router: Router, limits: HttpLimits, tls: Option<Arc<rustls::ServerConfig>>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(serve(listener, tls, router, limits, stopped));
    Running { address, stop, task }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn end(self) {
        self.stop.send(true).unwrap();
        self.task.await.unwrap();
    }
}

fn echo() -> Router {
    async fn peer(
        ConnectInfo(peer): ConnectInfo<SocketAddr>,
        over_tls: Option<Extension<OverTls>>,
        uri: Uri,
    ) -> String {
        format!("{} {} {uri}", peer.ip(), if over_tls.is_some() { "tls" } else { "plain" })
    }
    async fn length(body: Result<Bytes, axum::extract::rejection::BytesRejection>) -> (StatusCode, String) {
        match body {
            Ok(octets) => (StatusCode::OK, octets.len().to_string()),
            Err(_) => (StatusCode::BAD_REQUEST, "broken".to_owned()),
        }
    }
    Router::new().route("/peer", get(peer)).route("/length", post(length))
}

/// Reads one answer with a stated length: its status and its body.
async fn read_answer<S: AsyncRead + Unpin>(stream: &mut S) -> (u16, String) {
    let mut octets = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&octets).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase().lines().find_map(|line| {
                line.strip_prefix("content-length:").map(|value| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned());
            }
        }
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap();
        assert!(count > 0, "closed after {text:?}");
        octets.extend_from_slice(&piece[..count]);
    }
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    // A reset is as good as an end.
    stream.read_to_end(&mut rest).await.is_err() || rest.is_empty()
}

#[tokio::test]
async fn keeps_connections_and_tells_the_peer() {
    let running = start(echo(), HttpLimits::default(), None).await;
    let mut stream = running.connect().await;
    for path in ["/peer?a=//", "//peer", "///peer?x=1"] {
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
        let (status, body) = read_answer(&mut stream).await;
        assert_eq!((status, body.starts_with("127.0.0.1 plain /peer")), (200, true), "{path}: {body}");
    }
    stream.write_all(b"POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc").await.unwrap();
    assert_eq!(read_answer(&mut stream).await, (200, "3".to_owned()));
    drop(stream);
    running.end().await;
}

#[test]
fn leaves_out_idle_slashes_in_the_path_only() {
    let cases = [
        ("//json?a=b//c", Some("/json?a=b//c")),
        ("///api///dlr", Some("/api/dlr")),
        ("http://host//json", Some("http://host/json")),
        ("/json?a=//", None),
        ("/json/?a=b/", Some("/json?a=b/")),
        ("/api/v1/messages/", Some("/api/v1/messages")),
        ("//", Some("/")),
        ("/", None),
        ("*", None),
    ];
    for (from, to) in cases {
        let collapsed = without_idle_slashes(&from.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(collapsed.as_deref(), to, "{from}");
    }
}

#[tokio::test]
async fn cuts_off_slow_headers_and_refuses_large_ones() {
    let limits = HttpLimits { header_timeout: Duration::from_millis(200), ..HttpLimits::default() };
    let running = start(echo(), limits, None).await;
    let mut slow = running.connect().await;
    slow.write_all(b"GET /peer HTTP/1.1\r\nhost:").await.unwrap();
    assert!(is_closed(&mut slow).await);
    let mut large = running.connect().await;
    let header = format!("GET /peer HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(17 * 1024));
    large.write_all(header.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut large).await.0, 431);
    let mut fits = running.connect().await;
    let header = format!("GET /peer HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(15 * 1024));
    fits.write_all(header.as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut fits).await.0, 200);
    running.end().await;
}

#[tokio::test]
async fn gives_up_on_a_slow_body() {
    let limits = HttpLimits {
        body_grace: Duration::from_millis(100),
        body_octets_per_second_min: 1_000_000,
        ..HttpLimits::default()
    };
    let running = start(echo(), limits, None).await;
    let mut stream = running.connect().await;
    stream.write_all(b"POST /length HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc").await.unwrap();
    assert_eq!(read_answer(&mut stream).await, (400, "broken".to_owned()));
    drop(stream);
    running.end().await;
}

#[tokio::test(start_paused = true)]
async fn gives_up_on_a_peer_that_does_not_read() {
    let (near, mut far) = tokio::io::duplex(64);
    let mut near = Impatient::new(near, Duration::from_secs(30));
    near.write_all(&[1; 64]).await.unwrap();
    let error = near.write_all(&[1; 64]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    // Once the peer reads again, so does the stream, and the next wait is a whole one.
    far.read_exact(&mut [0; 64]).await.unwrap();
    near.write_all(&[1; 64]).await.unwrap();
    let before = tokio::time::Instant::now();
    near.write_all(&[1]).await.unwrap_err();
    assert!(before.elapsed() >= Duration::from_secs(30));
}

#[tokio::test]
async fn limits_the_connections_of_one_address() {
    let limits = HttpLimits { connections_per_ip_max: 2, ..HttpLimits::default() };
    let running = start(echo(), limits, None).await;
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut stream = running.connect().await;
        stream.write_all(b"GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert_eq!(read_answer(&mut stream).await.0, 200);
        kept.push(stream);
    }
    assert!(is_closed(&mut running.connect().await).await);
    drop(kept);
    running.end().await;
}

#[tokio::test]
async fn a_thousand_idle_connections_do_not_stand_in_the_way() {
    let limits = HttpLimits { connections_per_ip_max: 0, ..HttpLimits::default() };
    let running = start(echo(), limits, None).await;
    let mut idle = Vec::new();
    for _ in 0..1_000 {
        idle.push(running.connect().await);
    }
    let mut stream = running.connect().await;
    stream.write_all(b"GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(read_answer(&mut stream).await.0, 200);
    drop(stream);
    running.end().await;
    for stream in &mut idle {
        assert!(is_closed(stream).await);
    }
}

#[tokio::test]
async fn drains_what_runs_and_refuses_what_comes() {
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (enter, wait) = (entered.clone(), release.clone());
    let handler = move || {
        let (enter, wait) = (enter.clone(), wait.clone());
        async move {
            enter.notify_one();
            wait.notified().await;
            "done"
        }
    };
    let running = start(Router::new().route("/slow", get(handler)), HttpLimits::default(), None).await;
    let mut idle = running.connect().await;
    let mut busy = running.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    entered.notified().await;
    running.stop.send(true).unwrap();
    assert!(is_closed(&mut idle).await);
    assert!(TcpStream::connect(running.address).await.is_err());
    release.notify_one();
    assert_eq!(read_answer(&mut busy).await, (200, "done".to_owned()));
    assert!(is_closed(&mut busy).await);
    running.task.await.unwrap();
}

#[tokio::test]
async fn cuts_off_what_does_not_drain() {
    let limits = HttpLimits { drain_timeout: Duration::from_millis(100), ..HttpLimits::default() };
    let entered = Arc::new(Notify::new());
    let enter = entered.clone();
    let handler = move || {
        enter.notify_one();
        std::future::pending::<&'static str>()
    };
    let running = start(Router::new().route("/never", get(handler)), limits, None).await;
    let mut stream = running.connect().await;
    stream.write_all(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    entered.notified().await;
    running.end().await;
    assert!(is_closed(&mut stream).await);
}

fn tls_pair() -> (Arc<rustls::ServerConfig>, Arc<rustls::ClientConfig>) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = CertificateDer::from(certified.cert.der().to_vec());
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

async fn ask_peer<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> (u16, String) {
    stream.write_all(b"GET //peer HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    read_answer(stream).await
}

#[tokio::test]
async fn speaks_tls_and_cuts_off_who_does_not() {
    let (server, client) = tls_pair();
    let limits = HttpLimits { handshake_timeout: Duration::from_millis(500), ..HttpLimits::default() };
    let running = start(echo(), limits, Some(server)).await;
    let connector = tokio_rustls::TlsConnector::from(client);
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = connector.connect(name, running.connect().await).await.unwrap();
    assert_eq!(ask_peer(&mut stream).await, (200, "127.0.0.1 tls /peer".to_owned()));
    assert!(is_closed(&mut running.connect().await).await, "a silent peer");
    drop(stream);
    running.end().await;
}

#[tokio::test]
async fn refuses_a_large_answerless_upload_early() {
    let router = Router::new().route("/refuse", post(|_body: Body| async { StatusCode::PAYLOAD_TOO_LARGE }));
    let running = start(router, HttpLimits::default(), None).await;
    let mut stream = running.connect().await;
    stream.write_all(b"POST /refuse HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n").await.unwrap();
    assert_eq!(read_answer(&mut stream).await.0, 413);
    drop(stream);
    running.end().await;
}
