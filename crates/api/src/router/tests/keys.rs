//! API keys as a resource, and what every answer says of the rate.

use std::sync::Arc;

use serde_json::json;
use types::access::{KeyScope, KeyScopes};

use crate::testing::{FakeDesk, call, request, router_of};

#[tokio::test]
async fn keys_are_made_shown_changed_and_ended() {
    let desk = Arc::new(FakeDesk { replayed: true, ..FakeDesk::default() });
    let router = router_of(&desk);
    let body = json!({"label": "the shop", "scopes": ["send", "read"], "addresses": ["192.0.2.0/24", "::1"],
        "expires_at": "2030-01-01T00:00:00Z"});
    let mut create = request("POST", "/api/v1/keys", body.to_string());
    create.headers_mut().insert("idempotency-key", "k-1".parse().unwrap());
    let made = call(&router, create).await;
    assert_eq!((made.status.as_u16(), made.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let expected = json!({"id": "1", "key": "ck1", "label": "the shop", "scopes": ["send", "read"],
        "addresses": ["192.0.2.0/24", "::1"], "created_at": "2026-11-18T13:46:40.000Z",
        "expires_at": "2030-01-01T00:00:00.000Z", "last_used_at": null, "old_secret_until": null});
    let mut shown = made.json();
    assert_eq!(shown["secret"], "word");
    shown.as_object_mut().unwrap().remove("secret");
    let created_at = shown["created_at"].clone();
    let expected = {
        let mut expected = expected;
        expected["created_at"] = created_at;
        expected
    };
    assert_eq!(shown, expected);
    // The secret is shown once.
    assert_eq!(call(&router, request("GET", "/api/v1/keys/1", "")).await.json(), expected);
    assert_eq!(call(&router, request("GET", "/api/v1/keys", "")).await.json()["items"], json!([expected]));
    let changed =
        call(&router, request("PATCH", "/api/v1/keys/1", r#"{"expires_at":null,"addresses":[]}"#)).await;
    let (end, from) = (&changed.json()["expires_at"], &changed.json()["addresses"]);
    assert_eq!((changed.status.as_u16(), end, from), (200, &json!(null), &json!([])));
    assert_eq!(changed.json()["label"], "the shop");
    let rotated = call(&router, request("POST", "/api/v1/keys/1/rotate", r#"{"overlap_s":60}"#)).await;
    assert_eq!((rotated.status.as_u16(), rotated.json()["secret"].clone()), (200, json!("word")));
    assert!(rotated.json()["old_secret_until"].is_string());
    let ended = call(&router, request("DELETE", "/api/v1/keys/1", "")).await;
    assert_eq!((ended.status.as_u16(), ended.body.len()), (204, 0));
    let onces = desk.onces.lock().unwrap();
    assert_eq!(onces[0].as_ref().map(|once| once.key.as_str()), Some("k-1"));
    assert!(onces[1].is_none());
}

#[tokio::test]
async fn what_cannot_be_a_key_is_named() {
    let desk = Arc::new(FakeDesk::default());
    let router = router_of(&desk);
    let cases = [
        (r#"{"scopes":["all"]}"#, "scopes[0]"),
        (r#"{"scopes":["send","SEND"]}"#, "scopes[1]"),
        (r#"{"addresses":["10.0.0.1/8"]}"#, "addresses[0]"),
        (r#"{"addresses":["::1","example.com"]}"#, "addresses[1]"),
        (r#"{"expires_at":"tomorrow"}"#, "expires_at"),
        (r#"{"secret":"mine"}"#, "secret"),
        (r#"{"label":7}"#, "label"),
    ];
    for (body, field) in cases {
        for (method, path) in [("POST", "/api/v1/keys"), ("PATCH", "/api/v1/keys/1")] {
            let answer = call(&router, request(method, path, body)).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.json()["field"]),
                (400, &json!(field)),
                "{method} {body}"
            );
        }
    }
    for body in [r#"{"overlap_s":-1}"#, r#"{"overlap_s":"1"}"#, r#"{"overlap_s":4294967296}"#] {
        let answer = call(&router, request("POST", "/api/v1/keys/1/rotate", body)).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["field"]), (400, &json!("overlap_s")), "{body}");
    }
    assert!(desk.keys.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_key_without_wishes_may_do_what_its_maker_may() {
    let desk = Arc::new(FakeDesk::default());
    let router = router_of(&desk);
    let mut ask = request("POST", "/api/v1/keys", "{}");
    ask.headers_mut().insert("authorization", "Bearer manage.secret".parse().unwrap());
    assert_eq!(call(&router, ask).await.json()["scopes"], json!(["manage"]));
    let mut ask = request("POST", "/api/v1/keys", r#"{"scopes":["send"]}"#);
    ask.headers_mut().insert("authorization", "Bearer manage.secret".parse().unwrap());
    assert_eq!(call(&router, ask).await.status, 403);
    let manage = KeyScopes::NONE.with(KeyScope::Manage);
    assert!(desk.keys.lock().unwrap().iter().all(|key| key.scopes == manage));
}

#[tokio::test]
async fn every_answer_to_somebody_known_tells_the_rate() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    for (method, path) in [
        ("GET", "/api/v1/me"),
        ("POST", "/api/v1/messages"),
        ("GET", "/api/v1/keys/98"),
        ("GET", "/api/v1/me?x=1"),
    ] {
        let answer = call(&router, request(method, path, "")).await;
        assert_eq!(answer.header("ratelimit-policy"), Some("\"messages\";q=200;w=2"), "{method} {path}");
        assert_eq!(answer.header("ratelimit"), Some("\"messages\";r=153;t=1"), "{method} {path}");
    }
    let mut unlimited = request("GET", "/api/v1/me", "");
    unlimited.headers_mut().insert("authorization", "Bearer stranger.secret".parse().unwrap());
    assert_eq!(call(&router, unlimited).await.header("ratelimit"), None, "this account has no limit");
}
