//! Contacts and groups as resources, and messages to groups.

use std::sync::Arc;

use serde_json::{Value, json};
use types::message::Content;

use crate::testing::{CONTACT_NUMBER, FakeDesk, call, contact_id, group_id, request, router_of};

fn submission(text: &str) -> Value {
    json!({"from": "ACME", "group": group_id().to_string(), "text": text})
}

#[tokio::test]
async fn a_group_gets_a_text_for_each_of_its_contacts() {
    let desk = Arc::new(FakeDesk::default());
    let router = router_of(&desk);
    let body = submission("Dear {name} of {city}, {number}").to_string();
    let sent = call(&router, request("POST", "/api/v1/messages", body)).await;
    assert_eq!(sent.status, 202, "{}", sent.text());
    assert_eq!(
        (&sent.json()["left_out"], &sent.json()["messages"][0]["to"]),
        (&json!(2), &json!(CONTACT_NUMBER))
    );
    {
        let submissions = desk.submissions.lock().unwrap();
        let text = Content::Text(format!("Dear Ada of Gent, {CONTACT_NUMBER}"));
        assert_eq!(submissions[0].drafts.iter().map(|draft| &draft.content).collect::<Vec<_>>(), [&text]);
    }
    let quoted = submission("x").as_object_mut().map(|body| {
        body.insert("dry_run".to_owned(), json!(true));
        json!(body)
    });
    let quoted = call(&router, request("POST", "/api/v1/messages", quoted.unwrap().to_string())).await;
    assert_eq!((quoted.status.as_u16(), &quoted.json()["left_out"]), (200, &json!(2)));

    let contact = format!("group.{}", contact_id());
    let cases = [
        (submission("{street}"), 422, contact.as_str()),
        (json!({"from": "A", "group": "none", "text": "x"}), 404, "group"),
        (
            json!({"from": "A", "group": group_id().to_string(), "to": "447911123456", "text": "x"}),
            400,
            "group",
        ),
        (
            json!({"from": "A", "group": group_id().to_string(), "recipients": ["447911123456"], "text": "x"}),
            400,
            "group",
        ),
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
async fn a_repeated_request_is_answered_with_those_who_were_in_the_group() {
    let desk = Arc::new(FakeDesk { replayed: true, ..FakeDesk::default() });
    let router = router_of(&desk);
    // Nobody called `street` is left, or the group itself is gone.
    for body in [submission("x"), submission("{street}"), json!({"from": "A", "group": "gone", "text": "x"})]
    {
        let mut again = request("POST", "/api/v1/messages", body.to_string());
        again.headers_mut().insert("idempotency-key", "g-1".parse().unwrap());
        let answer = call(&router, again).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("idempotent-replayed")),
            (202, Some("true")),
            "{body}"
        );
        assert_eq!(answer.json()["messages"][0]["to"], "447700900778");
    }
    let without_key =
        call(&router, request("POST", "/api/v1/messages", submission("{street}").to_string())).await;
    assert_eq!(without_key.status, 422);
}

#[tokio::test]
async fn contacts_are_shown_made_and_changed() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let path = format!("/api/v1/contacts/{}", contact_id());
    let mut shown = call(&router, request("GET", &path, "")).await.json();
    for time in ["created_at", "changed_at"] {
        assert!(shown.as_object_mut().unwrap().remove(time).unwrap().is_string());
    }
    let expected = json!({
        "id": contact_id().to_string(), "number": CONTACT_NUMBER, "name": "Ada", "language": null,
        "time_zone": null, "attributes": {"city": "Gent"}, "groups": [group_id().to_string()], "suppressed": null
    });
    assert_eq!(shown, expected);
    let new = json!({"number": "+32 470 00 00 01", "language": "nl", "groups": [group_id().to_string()]});
    let made = call(&router, request("POST", "/api/v1/contacts", new.to_string())).await;
    assert_eq!((made.status.as_u16(), &made.json()["number"]), (201, &json!("32470000001")));
    let changed = call(&router, request("PATCH", &path, r#"{"attributes":{}}"#)).await;
    assert_eq!((&changed.json()["name"], &changed.json()["attributes"]), (&json!("Ada"), &json!({})));
    let cases = [
        ("/api/v1/contacts", r#"{"number":"ACME"}"#, "number"),
        ("/api/v1/contacts", r#"{"number":"32470000001","language":"Dutch"}"#, "language"),
        ("/api/v1/contacts", r#"{"number":"32470000001","groups":["x"]}"#, "groups"),
        ("/api/v1/contacts/import", r#"{"csv":"name\nAda"}"#, "csv"),
        ("/api/v1/contacts/import", r#"{"csv":"number\n"}"#, "csv"),
        ("/api/v1/contacts/import", r#"{"csv":"number\n32470000001","group":"x"}"#, "group"),
        ("/api/v1/groups", r#"{"name":""}"#, "name"),
    ];
    for (path, body, field) in cases {
        let refused = call(&router, request("POST", path, body)).await;
        assert_eq!((refused.status.as_u16(), refused.json()["field"].as_str()), (400, Some(field)), "{body}");
    }
    let imported = r#"{"csv":"number,city\n32470000001,Gent\n32470000002,\n"}"#;
    let imported = call(&router, request("POST", "/api/v1/contacts/import", imported)).await;
    assert_eq!((imported.status.as_u16(), imported.json()), (201, json!({"added": 2, "changed": 0})));
    for (query, status) in [("group=x", 400), ("number=x", 400), ("language=en&number=%2B32470000001", 200)] {
        let listed = call(&router, request("GET", &format!("/api/v1/contacts?{query}"), "")).await;
        assert_eq!(listed.status, status, "{query}");
    }
}
