//! Numbers to which phones write as a resource.

use std::sync::Arc;

use serde_json::json;

use crate::testing::{FakeDesk, HELD, call, request, router_of};

#[tokio::test]
async fn numbers_are_listed_shown_and_routed() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let listed = call(&router, request("GET", "/api/v1/senders/numbers?limit=1", "")).await;
    let code = json!({"number": "88811", "route": "account", "webhook": null, "assigned_at": null});
    let held = json!({"number": HELD, "route": "account", "webhook": null, "assigned_at": null});
    assert_eq!(listed.json()["items"], json!([code]));
    let cursor = listed.json()["next_cursor"].as_str().unwrap().to_owned();
    let rest = call(&router, request("GET", &format!("/api/v1/senders/numbers?cursor={cursor}"), "")).await;
    assert_eq!(rest.json(), json!({"items": [held], "next_cursor": null}));
    let shown = call(&router, request("GET", &format!("/api/v1/senders/numbers/+{HELD}"), "")).await;
    assert_eq!(shown.json(), held);
    let path = format!("/api/v1/senders/numbers/{HELD}");
    let to_webhook = json!({"route": "webhook", "webhook": "3"});
    let changed = call(&router, request("PATCH", &path, to_webhook.to_string())).await;
    assert_eq!((changed.status.as_u16(), changed.json()["webhook"].clone()), (200, json!("3")));
    let cases = [
        (json!({"route": "nowhere"}), "route"),
        (json!({"route": "webhook", "webhook": "x"}), "webhook"),
        (json!({"route": "webhook", "webhook": "03"}), "webhook"),
        (json!({}), "route"),
    ];
    for (body, field) in cases {
        let answer = call(&router, request("PATCH", &path, body.to_string())).await;
        assert_eq!((answer.status.as_u16(), answer.json()["field"].clone()), (400, json!(field)), "{body}");
    }
}
