//! The suppression list and the answers to keywords as resources.

use std::sync::Arc;

use serde_json::json;
use types::suppression::SuppressionReason;

use crate::testing::{FakeDesk, SUPPRESSED, call, request, router_of};

#[tokio::test]
async fn recipients_are_listed_put_on_the_list_and_taken_from_it() {
    let desk = Arc::new(FakeDesk { replayed: true, ..FakeDesk::default() });
    let router = router_of(&desk);
    let body = json!({"numbers": ["+32 470 00 00 01", "0032470000002"], "reason": "complaint"});
    let mut add = request("POST", "/api/v1/suppressions", body.to_string());
    add.headers_mut().insert("idempotency-key", "s-1".parse().unwrap());
    let added = call(&router, add).await;
    assert_eq!((added.status.as_u16(), added.json()), (201, json!({"added": 2})));
    assert_eq!(added.header("idempotent-replayed"), Some("true"));
    let one = json!({"numbers": ["32470000003"]});
    assert_eq!(call(&router, request("POST", "/api/v1/suppressions", one.to_string())).await.status, 201);
    {
        let wishes = desk.suppressed.lock().unwrap();
        let numbers: Vec<_> = wishes[0].numbers.iter().map(|number| number.digits()).collect();
        assert_eq!(numbers, ["32470000001", "32470000002"]);
        assert_eq!((wishes[0].reason, wishes[0].source.as_str()), (SuppressionReason::Complaint, "key:1"));
        assert_eq!(wishes[1].reason, SuppressionReason::Manual);
    }

    let listed = call(&router, request("GET", "/api/v1/suppressions?number=%2B447700900123", "")).await;
    let mut item = listed.json()["items"][0].clone();
    assert!(item["created_at"].is_string() && listed.json()["next_cursor"].is_string());
    item.as_object_mut().unwrap().remove("created_at");
    assert_eq!(
        item,
        json!({"number": SUPPRESSED, "pool": null, "reason": "opt_out", "source": "inbound:in_1"})
    );
    let none = call(&router, request("GET", "/api/v1/suppressions?number=32470000001", "")).await;
    assert_eq!(none.json(), json!({"items": [], "next_cursor": null}));
    // A number in the path is read in every notation.
    for number in [SUPPRESSED, "%2B44%207700%20900-123", "0044.7700.900123"] {
        let shown = call(&router, request("GET", &format!("/api/v1/suppressions/{number}"), "")).await;
        assert_eq!((shown.status.as_u16(), shown.json()["number"].clone()), (200, json!(SUPPRESSED)));
    }
    let gone = call(&router, request("DELETE", &format!("/api/v1/suppressions/{SUPPRESSED}"), "")).await;
    assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
    let missing = call(&router, request("DELETE", "/api/v1/suppressions/32470000001", "")).await;
    assert_eq!((missing.status.as_u16(), missing.json()["code"].clone()), (404, json!("not_found")));
}

#[tokio::test]
async fn what_cannot_be_put_on_the_list_is_named() {
    let desk = Arc::new(FakeDesk::default());
    let router = router_of(&desk);
    let many = json!({"numbers": vec!["32470000001"; 1_001]}).to_string();
    let cases = [
        (r#"{"numbers":[]}"#, "numbers"),
        (many.as_str(), "numbers"),
        (r#"{"numbers":["+32470000001","ACME"]}"#, "numbers[1]"),
        (r#"{"numbers":["0470000001"]}"#, "numbers[0]"),
        (r#"{"numbers":["32470000001"],"reason":"opt_out"}"#, "reason"),
        (r#"{"numbers":["32470000001"],"reason":"MANUAL"}"#, "reason"),
        ("{}", "numbers"),
    ];
    for (body, field) in cases {
        let answer = call(&router, request("POST", "/api/v1/suppressions", body.to_owned())).await;
        assert_eq!((answer.status.as_u16(), answer.json()["field"].clone()), (400, json!(field)), "{field}");
    }
    assert!(desk.suppressed.lock().unwrap().is_empty());
}

#[tokio::test]
async fn answers_to_keywords_are_shown_and_changed() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let stop = "no more of owner.example";
    let shown = call(&router, request("GET", "/api/v1/keywords", "")).await;
    assert_eq!(shown.json(), json!({"stop": stop, "start": null, "help": null}));
    // What is absent stays, and null is no answer.
    let cases = [
        (json!({"help": "Call us"}), json!({"stop": stop, "start": null, "help": "Call us"})),
        (json!({"stop": null}), json!({"stop": null, "start": null, "help": null})),
        (json!({}), json!({"stop": stop, "start": null, "help": null})),
    ];
    for (body, expected) in cases {
        let changed = call(&router, request("PATCH", "/api/v1/keywords", body.to_string())).await;
        assert_eq!((changed.status.as_u16(), changed.json()), (200, expected), "{body}");
    }
    let refused = call(&router, request("PATCH", "/api/v1/keywords", r#"{"start":""}"#)).await;
    assert_eq!((refused.status.as_u16(), refused.json()["field"].clone()), (400, json!("start")));
    // A message from a phone says what it means.
    let inbound = call(&router, request("GET", "/api/v1/inbound", "")).await;
    assert_eq!(inbound.json()["items"][0]["keyword"], "stop");
}
