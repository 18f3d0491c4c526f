//! The courier against servers that misbehave and names that lead inside.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use channels::courier::{HttpCourier, NameLookup};
use ports::BoxFuture;
use ports::conformance::channel::{Behaviour, Peer};
use ports::courier::{ANSWER_OCTETS_MAX, Call, Courier, CourierError, Method};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use types::Sensitive;

use crate::peers::LIMIT;
use crate::peers::supplier::{Supplier, answer};

fn call(url: String) -> Call {
    Call {
        method: Method::Post,
        url: Sensitive::new(url),
        headers: vec![("x-test".into(), Sensitive::new("1".into()))],
        body: Sensitive::new(b"{}".to_vec()),
        allow_private: true,
        timeout_ms: 30_000,
    }
}

#[tokio::test]
async fn redirects_are_answers() {
    let supplier = Supplier::start().await;
    let target = Supplier::start().await;
    let location = format!("location: http://127.0.0.1:{}/\r\nretry-after: 7\r\n", target.port);
    supplier.always(format!("HTTP/1.1 302 Found\r\n{location}content-length: 0\r\n\r\n"));
    let url = format!("http://127.0.0.1:{}/", supplier.port);
    let found = HttpCourier::new().unwrap().call(call(url)).await.unwrap();
    assert_eq!((found.status, found.retry_after_s), (302, Some(7)));
    assert!(target.requests().is_empty());
}

#[tokio::test]
async fn long_answers_are_cut() {
    let supplier = Supplier::start().await;
    supplier.always(answer("200 OK", &"x".repeat(3 * ANSWER_OCTETS_MAX)));
    let url = format!("http://127.0.0.1:{}/", supplier.port);
    let found = timeout(LIMIT, HttpCourier::new().unwrap().call(call(url))).await.unwrap().unwrap();
    assert_eq!(found.body.expose().len(), ANSWER_OCTETS_MAX);
}

#[tokio::test]
async fn silence_and_cuts_are_told_from_closed_doors() {
    let courier = HttpCourier::new().unwrap();
    let supplier = Supplier::start().await;
    let url = format!("http://127.0.0.1:{}/", supplier.port);
    supplier.behave(Behaviour::Cut);
    let lost = CourierError::NoAnswer { reason: "connection lost" };
    assert_eq!(courier.call(call(url.clone())).await.unwrap_err(), lost);
    supplier.behave(Behaviour::Hold);
    let slow = CourierError::NoAnswer { reason: "timed out" };
    let hasty = Call { timeout_ms: 50, ..call(url.clone()) };
    assert_eq!(courier.call(hasty).await.unwrap_err(), slow);
    supplier.always("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf");
    let half = Call { timeout_ms: 50, ..call(url.clone()) };
    assert_eq!(courier.call(half).await.unwrap_err(), slow, "half an answer is none");
    let tls = call(url.replace("http://", "https://"));
    assert_eq!(courier.call(tls).await.unwrap_err(), CourierError::NotConnected { reason: "TLS" });
    supplier.vanish().await;
    let fresh = HttpCourier::new().unwrap();
    assert_eq!(fresh.call(call(url)).await.unwrap_err(), CourierError::NotConnected { reason: "refused" });
}

/// A server that says the beginning to every connection and then the rest again and again, without end.
async fn endless(beginning: &'static str, rest: &'static str) -> u16 {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4_096];
                drop(stream.read(&mut request).await);
                let rest = rest.repeat(1_000);
                let mut said = stream.write_all(beginning.as_bytes()).await;
                while said.is_ok() {
                    said = stream.write_all(rest.as_bytes()).await;
                    tokio::task::yield_now().await;
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn answers_without_end_end_the_call() {
    let lost = CourierError::NoAnswer { reason: "connection lost" };
    let slow = CourierError::NoAnswer { reason: "timed out" };
    let cases = [
        ("HTTP/1.1 200 OK\r\n", "x-more: and more\r\n", Err(lost.clone())),
        ("HTTP/1.1 200 ", "OK", Err(lost.clone())),
        ("", "garbage ", Err(lost)),
        ("", "HTTP/1.1 100 Continue\r\n\r\n", Err(slow)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\nx\r\n", Ok(ANSWER_OCTETS_MAX)),
        ("HTTP/1.1 200 OK\r\n\r\n", "xx", Ok(ANSWER_OCTETS_MAX)),
    ];
    for (beginning, rest, expected) in cases {
        let port = endless(beginning, rest).await;
        let hasty = Call { timeout_ms: 4_000, ..call(format!("http://127.0.0.1:{port}/")) };
        let answer = timeout(LIMIT, HttpCourier::new().unwrap().call(hasty)).await.unwrap();
        assert_eq!(answer.map(|answer| answer.body.expose().len()), expected, "{beginning}{rest}");
    }
}

/// Gives a public address first and an inner one after that, as a hostile name server would.
struct Rebinding {
    asked: AtomicUsize,
    answers: Vec<Vec<IpAddr>>,
}

impl NameLookup for Rebinding {
    fn lookup(&self, _name: &str) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let nth = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.get(nth).or(self.answers.last()).cloned().unwrap();
        Box::pin(std::future::ready(Ok(answer)))
    }
}

#[tokio::test]
async fn names_that_lead_inside_are_refused_at_every_connection() {
    let inside = Supplier::start().await;
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let public = IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8));
    let url = format!("https://rebind.example:{}/", inside.port);
    let forbidden = Err(CourierError::Forbidden { reason: "loopback address" });
    for answers in [vec![vec![loopback]], vec![vec![public, loopback]]] {
        let lookup = Arc::new(Rebinding { asked: AtomicUsize::new(0), answers });
        let courier = HttpCourier::with_lookup(lookup).unwrap();
        let guarded = Call { allow_private: false, ..call(url.clone()) };
        assert_eq!(courier.call(guarded).await.map(|answer| answer.status), forbidden);
    }
    let plain = Call { allow_private: false, ..call(format!("http://127.0.0.1:{}/", inside.port)) };
    let courier = HttpCourier::new().unwrap();
    assert_eq!(courier.call(plain).await.unwrap_err(), CourierError::Forbidden { reason: "plain HTTP" });
    assert!(inside.requests().is_empty(), "nothing was sent inside");
}

#[tokio::test]
async fn the_request_is_what_was_asked_for() {
    let supplier = Supplier::start().await;
    let courier = HttpCourier::new().unwrap();
    let url = format!("http://127.0.0.1:{}/a?b=c", supplier.port);
    courier.call(call(url.clone())).await.unwrap();
    let get = Call { method: Method::Get, ..call(url.clone()) };
    courier.call(get).await.unwrap();
    let requests = supplier.requests();
    assert!(requests[0].0.starts_with("POST /a?b=c HTTP/1.1") && requests[0].0.contains("x-test: 1"));
    assert_eq!(requests[0].1, "{}");
    assert!(requests[1].0.starts_with("GET /a?b=c HTTP/1.1") && requests[1].1.is_empty());
    for (name, value) in
        [("host", "x"), ("Content-Length", "5"), ("proxy-authorization", "x"), ("a b", "x"), ("x", "a\nb")]
    {
        let bad = Call { headers: vec![(name.into(), Sensitive::new(value.into()))], ..call(url.clone()) };
        assert!(matches!(courier.call(bad).await, Err(CourierError::Forbidden { .. })), "{name}");
    }
}
