//! Templates and signatures as resources, and messages that are written from a template.

use std::sync::Arc;

use serde_json::json;
use types::message::Content;

use crate::testing::{FakeDesk, call, request, router_of, signature_id, template_id};

#[tokio::test]
async fn a_message_is_written_from_a_template_with_its_parameters() {
    let desk = Arc::new(FakeDesk::default());
    let router = router_of(&desk);
    let id = template_id().to_string();
    let body = json!({"from": "ACME", "template": id, "recipients": [
        {"to": "447911123456", "parameters": {"code": "12"}}, {"to": "447911123457", "parameters": {"code": "34"}}
    ]});
    let sent = call(&router, request("POST", "/api/v1/messages", body.to_string())).await;
    assert_eq!(sent.status, 202, "{}", sent.text());
    {
        let submissions = desk.submissions.lock().unwrap();
        let texts: Vec<_> = submissions[0].drafts.iter().map(|draft| draft.content.clone()).collect();
        let text = |code: &str| Content::Text(format!("Your code is {code}."));
        assert_eq!(texts, [text("12"), text("34")]);
    }
    let to = "447911123456";
    let cases = [
        (json!({"from": "A", "to": to}), 400, "text"),
        (json!({"from": "A", "to": to, "text": "x", "template": id}), 400, "template"),
        (json!({"from": "A", "to": to, "template": "none"}), 404, "template"),
        (json!({"from": "A", "to": to, "template": id}), 422, "parameters"),
    ];
    for (body, status, field) in cases {
        let refused = call(&router, request("POST", "/api/v1/messages", body.to_string())).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()["field"].as_str()),
            (status, Some(field)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn templates_and_signatures_are_shown_and_asked_for() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let path = format!("/api/v1/templates/{}", template_id());
    let shown = call(&router, request("GET", &path, "")).await.json();
    assert_eq!((&shown["state"], &shown["in_force"]), (&json!("approved"), &json!(1)));
    assert_eq!(shown["versions"][0]["examples"], json!({"code": "1234"}));
    let new = json!({"name": "x", "text": "Hi {n}", "examples": {"n": "1"}, "submit": true}).to_string();
    let made = call(&router, request("POST", "/api/v1/templates", new)).await;
    assert_eq!((made.status.as_u16(), &made.json()["state"]), (201, &json!("pending")));
    let changed = call(&router, request("PATCH", &path, r#"{"text":"y"}"#)).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["state"]), (200, &json!("draft")));
    let path = format!("/api/v1/signatures/{}", signature_id());
    let shown = call(&router, request("GET", &path, "")).await.json();
    assert_eq!((&shown["signature"], &shown["state"]), (&json!("OwnersName"), &json!("approved")));
    let asked = call(&router, request("POST", "/api/v1/signatures", r#"{"signature":"Shop"}"#)).await;
    assert_eq!((asked.status.as_u16(), &asked.json()["state"]), (201, &json!("pending")));
    for (path, body) in [
        ("/api/v1/templates", r#"{"name":"x"}"#),
        ("/api/v1/templates", r#"{"name":"x","text":"y","colour":"red"}"#),
        ("/api/v1/signatures", r#"{"signature":"x"}"#),
    ] {
        assert_eq!(call(&router, request("POST", path, body)).await.status, 400, "{path} {body}");
    }
}
