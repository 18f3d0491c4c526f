//! Setting and listing the addresses at which events are told.

use std::sync::Arc;

use serde_json::json;
use types::account::EndpointKind;

use crate::testing::{FakeDesk, call, request, router_of};

const DEFAULT: &str = "/api/v1/webhooks/default";

#[tokio::test]
async fn addresses_are_set_listed_and_switched_off() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let list = || async { call(&router, request("GET", "/api/v1/webhooks", "")).await.json() };
    assert_eq!(list().await, json!({"items": [], "next_cursor": null}));

    let body = r#"{"url":"https://example.com/events"}"#;
    let set = call(&router, request("PUT", DEFAULT, body)).await;
    let first = json!({"id": "1", "kind": "webhook", "url": "https://example.com/events",
        "secret": "whsec_c2VjcmV0", "disabled": false, "default": true});
    assert_eq!((set.status.as_u16(), set.json()), (200, json!({"default": first})));
    assert_eq!(set.header("cache-control"), Some("no-store"));

    // A kind that signs nothing has no secret to show.
    let kind = EndpointKind::Paasoo.as_str();
    let body = json!({"url": "https://example.com/plain", "kind": kind}).to_string();
    let set = call(&router, request("PUT", DEFAULT, body)).await.json();
    assert_eq!((&set["default"]["kind"], &set["default"]["secret"]), (&json!(kind), &json!(null)));
    let listed = list().await;
    assert_eq!((&listed["items"][0], &listed["items"][1]["default"]), (&set["default"], &json!(false)));

    let off = call(&router, request("PUT", DEFAULT, r#"{"url":null}"#)).await;
    assert_eq!((off.status.as_u16(), off.json()), (200, json!({"default": null})));
    assert!(list().await["items"].as_array().unwrap().iter().all(|item| item["default"] == json!(false)));
}

#[tokio::test]
async fn what_cannot_be_an_address_changes_nothing() {
    let desk = Arc::new(FakeDesk::default());
    let router = router_of(&desk);
    let cases = [
        ("{}", 400, json!("url")),
        (r#"{"kind":"webhook"}"#, 400, json!("url")),
        (r#"{"url":3}"#, 400, json!("url")),
        (r#"{"url":"ftp://example.com"}"#, 400, json!("url")),
        (r#"{"url":"https://example.com","kind":"smpp"}"#, 400, json!("kind")),
        (r#"{"url":"https://example.com","kind":"pigeon"}"#, 400, json!("kind")),
        (r#"{"url":"https://example.com","secret":"x"}"#, 400, json!("secret")),
        ("[null]", 400, json!(null)),
        ("", 400, json!(null)),
    ];
    for (body, status, field) in cases {
        let answer = call(&router, request("PUT", DEFAULT, body)).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (status, &field), "{body}");
    }
    let mut foreign = request("PUT", DEFAULT, r#"{"url":null}"#);
    foreign.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(call(&router, foreign).await.status, 415);
    assert!(desk.webhooks.lock().unwrap().is_empty());
}
