//! Setting up, listing and trying the addresses at which events are told.

use std::sync::Arc;

use serde_json::{Value, json};
use types::account::EndpointKind;

use crate::testing::{FakeDesk, call, message_id, request, router_of, webhook};

const DEFAULT: &str = "/api/v1/webhooks/default";

fn shape(id: &str, url: &str) -> Value {
    json!({"id": id, "kind": "webhook", "url": url, "description": "", "events": null, "all_messages": false,
        "enabled": true, "default": false, "old_secret_until": null})
}

fn with(mut value: Value, changes: Value) -> Value {
    changes.as_object().unwrap().iter().for_each(|(name, change)| value[name] = change.clone());
    value
}

#[tokio::test]
async fn addresses_are_set_listed_and_switched_off() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let list = || async { call(&router, request("GET", "/api/v1/webhooks", "")).await.json() };
    assert_eq!(list().await, json!({"items": [], "next_cursor": null}));

    let body = r#"{"url":"https://example.com/events"}"#;
    let set = call(&router, request("PUT", DEFAULT, body)).await;
    let first = with(shape("1", "https://example.com/events"), json!({"default": true}));
    let shown = with(first.clone(), json!({"secret": "whsec_c2VjcmV0"}));
    assert_eq!((set.status.as_u16(), set.json()), (200, json!({"default": shown})));
    assert_eq!(set.header("cache-control"), Some("no-store"));
    assert_eq!(list().await["items"], json!([first]), "without its secret");

    // A kind that signs nothing has no secret to show.
    let kind = EndpointKind::Paasoo.as_str();
    let body = json!({"url": "https://example.com/plain", "kind": kind}).to_string();
    let set = call(&router, request("PUT", DEFAULT, body)).await.json();
    assert_eq!((&set["default"]["kind"], &set["default"]["secret"]), (&json!(kind), &json!(null)));
    let listed = list().await;
    assert_eq!((&listed["items"][0]["kind"], &listed["items"][1]["default"]), (&json!(kind), &json!(false)));

    let off = call(&router, request("PUT", DEFAULT, r#"{"url":null}"#)).await;
    assert_eq!((off.status.as_u16(), off.json()), (200, json!({"default": null})));
    assert!(list().await["items"].as_array().unwrap().iter().all(|item| item["default"] == json!(false)));
}

#[tokio::test]
async fn a_webhook_is_made_changed_rotated_and_taken_away() {
    let desk = Arc::new(FakeDesk { replayed: true, ..FakeDesk::default() });
    let router = router_of(&desk);
    let events = json!(["message.delivered", "inbound.received"]);
    let url = "https://example.com/events";
    let body = json!({"url": url, "description": "the shop", "events": events, "enabled": false});
    let mut create = request("POST", "/api/v1/webhooks", body.to_string());
    create.headers_mut().insert("idempotency-key", "w-1".parse().unwrap());
    let made = call(&router, create).await;
    assert_eq!((made.status.as_u16(), made.header("idempotent-replayed")), (201, Some("true")));
    let changes =
        json!({"description": "the shop", "events": events, "enabled": false, "all_messages": true});
    let expected = with(shape("1", url), changes);
    assert_eq!(made.json(), with(expected.clone(), json!({"secret": "whsec_c2VjcmV0"})));
    assert_eq!(call(&router, request("GET", "/api/v1/webhooks/1", "")).await.json(), expected);

    let patch = r#"{"events":null,"enabled":true}"#;
    let changed = call(&router, request("PATCH", "/api/v1/webhooks/1", patch)).await;
    assert_eq!(changed.json(), with(expected.clone(), json!({"events": null, "enabled": true})));
    let unchanged = call(&router, request("PATCH", "/api/v1/webhooks/1", "{}")).await;
    assert_eq!(unchanged.json(), expected);

    let rotated = call(&router, request("POST", "/api/v1/webhooks/1/rotate", "")).await;
    let day = (types::time::Timestamp::from_ms(1_795_000_000_000)).plus_ms(86_400_000).to_string();
    assert_eq!((rotated.status.as_u16(), &rotated.json()["old_secret_until"]), (200, &json!(day)));
    assert_eq!(rotated.json()["secret"], "whsec_c2VjcmV0");
    assert_eq!(call(&router, request("DELETE", "/api/v1/webhooks/1", "")).await.status, 204);
}

#[tokio::test]
async fn deliveries_are_listed_told_again_and_tried() {
    let desk = Arc::new(FakeDesk::default());
    desk.webhooks.lock().unwrap().push(Some(webhook(3, "https://owner.example/")));
    let router = router_of(&desk);
    let page =
        call(&router, request("GET", "/api/v1/webhooks/3/deliveries?status=dead&limit=1", "")).await.json();
    let item = &page["items"][0];
    assert_eq!((&item["type"], &item["status"]), (&json!("message.delivered"), &json!("dead")));
    assert_eq!((&item["message_id"], &item["inbound_id"]), (&json!(message_id(1).to_string()), &json!(null)));
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = format!("/api/v1/webhooks/3/deliveries?cursor={cursor}&since=2026-11-22T10:00:00Z");
    assert_eq!(call(&router, request("GET", &next, "")).await.status, 200);

    let event = item["id"].as_str().unwrap();
    for body in [json!({"event": event}), json!({"status": "dead"}), json!({"since": "2026-11-22T10:00:00Z"})]
    {
        let answer = call(&router, request("POST", "/api/v1/webhooks/3/replay", body.to_string())).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"events": 3})), "{body}");
    }
    let cases = [
        (json!({}), 400, "event"),
        (json!({"event": event, "status": "dead"}), 400, "event"),
        (json!({"event": "nonsense"}), 404, "event"),
        (json!({"status": "lost"}), 400, "status"),
        (json!({"until": "soon"}), 400, "until"),
    ];
    for (body, status, field) in cases {
        let answer = call(&router, request("POST", "/api/v1/webhooks/3/replay", body.to_string())).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (status, &json!(field)), "{body}");
    }
    let tried = call(&router, request("POST", "/api/v1/webhooks/3/test", "")).await.json();
    assert_eq!(
        (&tried["taken"], &tried["status"], &tried["took_ms"]),
        (&json!(true), &json!(204), &json!(7))
    );
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
        for (method, path) in [("PUT", DEFAULT), ("POST", "/api/v1/webhooks")] {
            let answer = call(&router, request(method, path, body)).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["field"]),
                (status, &field),
                "{method} {body}"
            );
        }
    }
    for (body, field) in [
        (r#"{"url":"https://a.example","events":["message.queued"]}"#, "events[0]"),
        (r#"{"url":"https://a.example","events":["message.delivered","x"]}"#, "events[1]"),
        (r#"{"url":"https://a.example","events":"message.delivered"}"#, "events"),
        (r#"{"url":"https://a.example","enabled":"yes"}"#, "enabled"),
    ] {
        let answer = call(&router, request("POST", "/api/v1/webhooks", body)).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (400, &json!(field)), "{body}");
    }
    let mut foreign = request("PUT", DEFAULT, r#"{"url":null}"#);
    foreign.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(call(&router, foreign).await.status, 415);
    assert!(desk.webhooks.lock().unwrap().is_empty());
}
