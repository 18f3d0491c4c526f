//! Wrong keys of one address are told to wait; a right one never is.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use types::refusal::RefusalCode;

use crate::strikes::WRONG_KEYS_MAX;
use crate::testing::{Answer, FakeDesk, call, router_of};

async fn ask(router: &Router, peer: &str, path: &str, authorization: &str) -> Answer {
    let mut request = Request::get(path).header("authorization", authorization).body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
    call(router, request).await
}

#[tokio::test]
async fn guessing_is_slowed_down_and_right_keys_are_taken() {
    let desk = Arc::new(FakeDesk::default());
    let router = router_of(&desk);
    let wrong = "Bearer key.guess";
    for _ in 0..WRONG_KEYS_MAX {
        assert_eq!(ask(&router, "192.0.2.1:5", "/api/v1/me", wrong).await.status, 401);
    }
    let answer = ask(&router, "192.0.2.1:6", "/api/v1/balance", wrong).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.json()["code"], "rate_limited");
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
    assert_eq!(answer.json()["retry_after"], seconds);
    assert_eq!(desk.noted.lock().unwrap().last(), Some(&(None, RefusalCode::RateLimited)));

    // The dialect counts with it and says it in its own words.
    let text = ask(&router, "192.0.2.1:7", "/balance?key=key&secret=guess", "").await.text();
    assert!(text.contains("\"status\":\"10\""), "{text}");

    assert_eq!(ask(&router, "192.0.2.1:8", "/api/v1/me", "Bearer key.secret").await.status, 200);
    assert_eq!(ask(&router, "192.0.2.2:5", "/api/v1/me", wrong).await.status, 401, "elsewhere");
    // One subscriber has the whole of a /64.
    for host in 0..=WRONG_KEYS_MAX {
        let peer = format!("[2001:db8::{host:x}]:5");
        let expected = if host < WRONG_KEYS_MAX { 401 } else { 429 };
        assert_eq!(ask(&router, &peer, "/api/v1/me", wrong).await.status, expected, "{peer}");
    }
}

#[tokio::test]
async fn a_request_without_a_key_is_no_guess() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    for _ in 0..WRONG_KEYS_MAX * 2 {
        assert_eq!(ask(&router, "192.0.2.1:5", "/api/v1/me", "Digest x").await.status, 401);
    }
}
