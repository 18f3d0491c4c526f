//! The native API as its callers see it, over a desk that answers from memory.

mod bad_input;
mod conformance;
mod contacts;
mod documents;
mod every_route;
mod figures;
mod isolation;
mod keys;
mod numbers;
mod pools;
mod strikes;
mod submitting;
mod suppressions;
mod templates;
mod webhooks;

use std::sync::Arc;

use serde_json::json;
use types::id::AccountId;

use app::Scope;

use crate::native::Operation;
use crate::testing::{FakeDesk, call, message_id, request, router_of};

/// Whether an operation reads the document of another product, which may add to it as it likes.
fn is_foreign(operation: &Operation) -> bool {
    operation.path.starts_with("/api/v1/hooks/")
}

/// The query without which an operation reads no body. It asks for nothing to be done.
fn query_of(operation: &Operation) -> &'static str {
    if is_foreign(operation) { "?from=A&to=32470000000&dry_run=true" } else { "" }
}

#[tokio::test]
async fn shows_a_message_in_every_notation_without_its_suppliers() {
    let desk = Arc::new(FakeDesk::default());
    let router = router_of(&desk);
    let id = message_id(1);
    for notation in [id.to_string(), id.0.base32().to_uppercase(), id.0.uuid(), format!("SM{}", id.0.hex())] {
        let answer = call(&router, request("GET", &format!("/api/v1/messages/{notation}"), "")).await;
        assert_eq!(answer.status, 200, "{notation}");
        let message = answer.json();
        assert_eq!(message["id"], id.to_string());
        assert_eq!(message["state"], "delivered");
        assert_eq!(message["possible_duplicate"], true);
        assert_eq!(message["client_reference"], "order-1");
        assert_eq!(message["price"], json!({"amount": "0.05", "unit": "EUR"}));
        assert_eq!(message["text"], "hello");
        assert_eq!(message["attempts"][0]["answers"][0]["verdict"], "accepted");
        assert_eq!(message["attempts"][0]["receipts"][0]["stat"], "DELIVRD");
        for hidden in ["acme", "secret-route", "carrier-id-1", "other"] {
            assert!(!answer.text().contains(&format!("\"{hidden}")), "{hidden}");
        }
    }
    assert!(desk.scopes.lock().unwrap().iter().all(|scope| *scope == Scope::Account(AccountId(7))));
}

#[tokio::test]
async fn explains_without_naming_suppliers() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let answer =
        call(&router, request("GET", &format!("/api/v1/messages/{}/explain", message_id(1)), "")).await;
    assert_eq!(answer.status, 200);
    let because = &answer.json()["because"][0];
    assert_eq!(because["text"], "Attempt 1 goes to a connector. Passed over: another connector (down).");
    assert_eq!(because["facts"], json!([{"name": "route version", "value": "3"}]));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let paths = [
        format!("/api/v1/messages/{}", message_id(2)),
        format!("/api/v1/messages/{}/explain", message_id(2)),
        "/api/v1/messages/nonsense".to_owned(),
        "/api/v1/messages/%ff".to_owned(),
        "/api/v1/nothing".to_owned(),
        "/nothing".to_owned(),
        "/errors/nothing".to_owned(),
        "/dialect/paasoo/nothing".to_owned(),
        "/callbacks/acme/token".to_owned(),
    ];
    for path in paths {
        let answer = call(&router, request("GET", &path, "")).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
        let problem = answer.json();
        assert_eq!(problem["code"], "not_found", "{path}");
        assert_eq!(problem["type"], "https://sms.example.com/errors/not_found");
    }
}

#[tokio::test]
async fn cancels_or_says_that_it_is_too_late() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let cancel = |sequence| format!("/api/v1/messages/{}/cancel", message_id(sequence));
    assert_eq!(call(&router, request("POST", &cancel(1), "")).await.status, 200);
    let answer = call(&router, request("POST", &cancel(2), "")).await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].clone()), (409, json!("too_late")));
}

#[tokio::test]
async fn lists_with_filters_and_cursor() {
    let desk = Arc::new(FakeDesk::default());
    let router = router_of(&desk);
    let answer =
        call(&router, request("GET", "/api/v1/messages?state=delivered&to=%2B447911123456&limit=2", ""))
            .await;
    assert_eq!(answer.status, 200);
    let page = answer.json();
    assert_eq!(page["items"][0]["id"], message_id(1).to_string());
    assert!(page["items"][0].get("attempts").is_none());
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = call(&router, request("GET", &format!("/api/v1/messages?cursor={cursor}"), "")).await;
    assert_eq!(next.status, 200);
    let queries = desk.queries.lock().unwrap();
    assert_eq!((queries[0].limit, queries[0].states.len()), (2, 1));
    assert_eq!(queries[0].recipient.as_ref().map(|number| number.expose().as_str()), Some("+447911123456"));
    assert_eq!(queries[1].before, Some(message_id(1).key()));
    assert!(queries.iter().all(|query| query.connector.is_none()));
}

#[tokio::test]
async fn tells_balance_account_and_inbound() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let balance = call(&router, request("GET", "/api/v1/balance", "")).await.json();
    assert_eq!(balance, json!({"balance": "249.95", "unit": "EUR", "held": "0.05"}));
    let me = call(&router, request("GET", "/api/v1/me", "")).await.json();
    assert_eq!((&me["account"], &me["limits"]["messages_per_second"]), (&json!("demo"), &json!(100)));
    let inbound = call(&router, request("GET", "/api/v1/inbound", "")).await.json();
    assert_eq!(inbound["items"][0]["text"], "STOP");
    assert_eq!(inbound["next_cursor"], json!(null));
}

#[tokio::test]
async fn a_wrong_method_is_told_which_are_right() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let cases = [
        ("DELETE", "/api/v1/messages", "GET,HEAD,POST"),
        ("POST", "/api/v1/balance", "GET,HEAD"),
        ("GET", "/api/v1/messages/x/cancel", "POST"),
        ("POST", "/livez", "GET,HEAD"),
        ("PUT", "/json", "GET,HEAD,POST"),
        ("BREW", "/errors/not_found", "GET,HEAD"),
    ];
    for (method, path, allow) in cases {
        let answer = call(&router, request(method, path, "")).await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert_eq!(answer.json()["code"], "method_not_allowed");
        let mut allowed: Vec<&str> = answer.header("allow").unwrap().split(',').collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(","), allow, "{method} {path}");
    }
}
