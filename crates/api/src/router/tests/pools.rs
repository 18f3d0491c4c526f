//! Pools as resources, and messages that name one.

use std::sync::Arc;

use serde_json::json;
use types::resource::pool_address;

use crate::testing::{FakeDesk, call, pool_id, request, router_of};

#[tokio::test]
async fn a_message_names_a_sender_or_a_pool() {
    let desk = Arc::new(FakeDesk::default());
    let router = router_of(&desk);
    let sent = json!({"pool": "shop", "to": "447911123456", "text": "x"}).to_string();
    assert_eq!(call(&router, request("POST", "/api/v1/messages", sent)).await.status, 202);
    let source = desk.submissions.lock().unwrap()[0].drafts[0].source.clone();
    assert_eq!(source, pool_address("shop"));
    let cases = [
        (json!({"to": "447911123456", "text": "x"}), "from"),
        (json!({"from": "A", "pool": "shop", "to": "447911123456", "text": "x"}), "pool"),
        (json!({"pool": "", "to": "447911123456", "text": "x"}), "pool"),
    ];
    for (body, field) in cases {
        let refused = call(&router, request("POST", "/api/v1/messages", body.to_string())).await;
        assert_eq!((refused.status.as_u16(), refused.json()["field"].as_str()), (400, Some(field)), "{body}");
    }
}

#[tokio::test]
async fn pools_are_shown_made_and_changed() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let path = format!("/api/v1/pools/{}", pool_id());
    let mut shown = call(&router, request("GET", &path, "")).await.json();
    for time in ["created_at", "changed_at"] {
        assert!(shown.as_object_mut().unwrap().remove(time).unwrap().is_string());
    }
    let members = json!([
        {"sender": "OwnersName", "off": false, "passed_over": null},
        {"sender": "447400100200", "off": true, "passed_over": "off"}
    ]);
    let expected = json!({
        "id": pool_id().to_string(), "name": "shop of OwnersName", "description": "", "members": members,
        "sticky": true, "country_match": true, "opt_out": "pool",
        "replies": [{"keyword": "stop", "language": "de", "text": "Ende."}]
    });
    assert_eq!(shown, expected);
    let new = json!({"name": "news", "sticky": false, "opt_out": "account", "members": [{"sender": "ACME"}]});
    let made = call(&router, request("POST", "/api/v1/pools", new.to_string())).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!((&made.json()["sticky"], &made.json()["opt_out"]), (&json!(false), &json!("account")));
    let replies = json!({"replies": [{"keyword": "help", "language": null, "text": "Call us."}]}).to_string();
    let changed = call(&router, request("PATCH", &path, replies)).await;
    assert_eq!(changed.json()["replies"][0]["keyword"], "help");
    for body in [r#"{"opt_out":"all"}"#, r#"{"members":[{"off":true}]}"#, r#"{"colour":"red"}"#] {
        assert_eq!(call(&router, request("PATCH", &path, body)).await.status, 400, "{body}");
    }
}
