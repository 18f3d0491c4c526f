//! `POST /api/v1/messages` when all is well, and when the core refuses.

use std::sync::Arc;

use app::submission::Rejected;
use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use types::id::EndpointId;
use types::message::{Class, Content};
use types::quiet::{LocalTime, QuietHours, QuietWish, RecipientTime};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use crate::testing::{Answer, FakeDesk, call, message_id, request, router_of};

async fn post(desk: &Arc<FakeDesk>, body: serde_json::Value) -> Answer {
    call(&router_of(desk), request("POST", "/api/v1/messages", body.to_string())).await
}

#[tokio::test]
async fn takes_one_message() {
    let desk = Arc::new(FakeDesk::default());
    let answer = post(&desk, json!({"from": "ACME", "to": "+44 7911 123456", "text": "hé"})).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    assert!(body["submission_id"].as_str().unwrap().starts_with("sub_"));
    let message = json!({
        "id": message_id(1).to_string(), "to": "+44 7911 123456", "state": "queued", "parts": 1,
        "price": {"amount": "0.05", "unit": "EUR"}
    });
    assert_eq!(body["messages"], json!([message]));
    let submissions = desk.submissions.lock().unwrap();
    let draft = &submissions[0].drafts[0];
    assert_eq!((draft.source.text(), draft.destination.text()), ("ACME".into(), "+44 7911 123456".into()));
    assert_eq!(draft.content, Content::Text("hé".to_owned()));
    assert_eq!((draft.report.endpoint, draft.report.failures_only), (Some(EndpointId(3)), false));
    assert!(submissions[0].idempotency.is_none() && !submissions[0].guard_repeats);
}

#[tokio::test]
async fn takes_many_with_everything_that_can_be_stated() {
    let desk = Arc::new(FakeDesk::default());
    let answer = post(
        &desk,
        json!({
            "from": "ACME",
            "recipients": ["447911123456", {"to": "447911123457", "client_reference": "b"}],
            "text": "x", "client_reference": "a", "callback_url": "https://example.com/hook",
            "validity_s": 60, "send_at": "2026-11-22T10:00:00Z", "class": "bulk", "traffic_type": "otp",
            "dry_run": false
        }),
    )
    .await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.json()["messages"][1]["to"], "447911123457");
    let submissions = desk.submissions.lock().unwrap();
    let drafts = &submissions[0].drafts;
    let send_at = Timestamp::parse_rfc3339("2026-11-22T10:00:00Z").unwrap();
    assert_eq!((drafts[0].send_at, drafts[0].expires_at), (Some(send_at), Some(send_at.plus_ms(60_000))));
    assert_eq!((drafts[0].class, drafts[0].traffic_type.as_str()), (Some(Class::Bulk), "otp"));
    assert_eq!(drafts[0].report.endpoint, Some(EndpointId(5)));
    let references: Vec<_> = drafts.iter().map(|draft| draft.client_reference.as_deref()).collect();
    assert_eq!(references, [Some("a"), Some("b")]);
}

#[tokio::test]
async fn texts_are_written_for_each_recipient() {
    let desk = Arc::new(FakeDesk::default());
    let answer = post(
        &desk,
        json!({
            "from": "ACME",
            "recipients": ["447911123456", {"to": "447911123457", "parameters": {"name": "Zoë", "at": "9"}}],
            "text": "{name}, {{today}} at {at}", "parameters": {"name": "Sir", "at": "noon"}
        }),
    )
    .await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    // Without parameters, braces are a text like any other.
    let plain = json!({"from": "A", "to": "447911123456", "text": "{name} {{x}}"});
    assert_eq!(post(&desk, plain).await.status, 202);
    let submissions = desk.submissions.lock().unwrap();
    let drafts = submissions.iter().flat_map(|submission| &submission.drafts);
    let texts: Vec<_> = drafts.map(|draft| draft.content.clone()).collect();
    let expected = ["Sir, {today} at noon", "Zoë, {today} at 9", "{name} {{x}}"];
    assert_eq!(texts, expected.map(|text| Content::Text(text.to_owned())));
}

#[tokio::test]
async fn a_dry_run_tells_the_price_and_no_ids() {
    let desk = Arc::new(FakeDesk::default());
    let answer = post(&desk, json!({"from": "A", "to": "447911123456", "text": "x", "dry_run": true})).await;
    assert_eq!(answer.status, 200);
    let price = json!({"amount": "0.05", "unit": "EUR"});
    let expected = json!({"dry_run": true, "messages": [{"to": "447911123456", "parts": 1, "price": price}]});
    assert_eq!(answer.json(), expected);
}

#[tokio::test]
async fn fingerprints_tell_requests_apart() {
    let desk = Arc::new(FakeDesk { replayed: true, ..FakeDesk::default() });
    let router = router_of(&desk);
    let bodies = [
        json!({"from": "A", "to": "447911123456", "text": "x"}),
        json!({"from": "A", "to": "447911123456", "text": "x"}),
        json!({"from": "A", "to": "447911123456", "text": "y"}),
    ];
    for body in bodies {
        let mut request = request("POST", "/api/v1/messages", body.to_string());
        request.headers_mut().insert("idempotency-key", "order-1".parse().unwrap());
        let answer = call(&router, request).await;
        assert_eq!((answer.status.as_u16(), answer.header("idempotent-replayed")), (202, Some("true")));
    }
    let submissions = desk.submissions.lock().unwrap();
    let prints: Vec<_> = submissions.iter().map(|s| s.idempotency.clone().unwrap()).collect();
    assert!(prints.iter().all(|print| print.key == "order-1"));
    assert_eq!(prints[0], prints[1]);
    assert_ne!(prints[0].fingerprint, prints[2].fingerprint);
}

#[tokio::test]
async fn idempotency_keys_must_be_visible_and_alone() {
    let long = "k".repeat(256);
    for keys in [&[""][..], &["a b"], &["é"], &[&long], &["a", "b"]] {
        let desk = Arc::new(FakeDesk::default());
        let mut builder = Request::post("/api/v1/messages")
            .header("authorization", "Bearer key.secret")
            .header("content-type", "application/json");
        for key in keys {
            builder = builder.header("idempotency-key", key.as_bytes());
        }
        let body = json!({"from": "A", "to": "447911123456", "text": "x"}).to_string();
        let answer = call(&router_of(&desk), builder.body(Body::from(body)).unwrap()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["field"].clone()),
            (400, json!("Idempotency-Key")),
            "{keys:?}"
        );
        assert!(desk.submissions.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn names_every_refused_recipient_as_it_was_written() {
    let refusal = Refusal::new(RefusalCode::InvalidDestination, "not a number").at("to");
    let rejected = Rejected { refusals: vec![(Some(0), refusal.clone()), (Some(2), refusal)] };
    let desk = Arc::new(FakeDesk { rejection: Some(rejected).into(), ..FakeDesk::default() });
    let answer =
        post(&desk, json!({"from": "A", "recipients": ["x", "447911123456", {"to": "y"}], "text": "x"}))
            .await;
    assert_eq!(answer.status, 422);
    let problem = answer.json();
    assert_eq!((&problem["code"], &problem["field"]), (&json!("invalid_destination"), &json!("recipients")));
    let place =
        |index: usize| (problem["errors"][index]["index"].clone(), problem["errors"][index]["field"].clone());
    assert_eq!(place(0), (json!(0), json!("recipients[0]")));
    assert_eq!(place(1), (json!(2), json!("recipients[2].to")));
}

#[tokio::test]
async fn every_refusal_has_its_status_and_says_when_to_come_back() {
    for code in RefusalCode::ALL {
        let refusal = Refusal::new(*code, "because").retry_after(7);
        let desk =
            Arc::new(FakeDesk { rejection: Some(Rejected::whole(refusal)).into(), ..FakeDesk::default() });
        let answer = post(&desk, json!({"from": "A", "to": "447911123456", "text": "x"})).await;
        let problem = answer.json();
        assert_eq!(answer.status, crate::http_status(*code), "{code:?}");
        assert_eq!(problem["status"], answer.status.as_u16());
        assert_eq!(
            (problem["code"].as_str(), problem["detail"].as_str()),
            (Some(code.code()), Some("because"))
        );
        assert_eq!(problem["type"], format!("https://sms.example.com/errors/{}", code.code()));
        assert_eq!((answer.header("retry-after"), problem["retry_after"].as_u64()), (Some("7"), Some(7)));
    }
}

#[tokio::test]
async fn a_message_states_what_is_known_of_the_recipients_clock() {
    let desk = Arc::new(FakeDesk::default());
    let plain = json!({"from": "ACME", "to": "447911123456", "text": "x"});
    let with = |more: serde_json::Value| {
        let mut body = plain.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let hours = QuietHours::parse("21:00", "08:00", Some(&["sun".to_owned()])).unwrap();
    let quiet = json!({"from": "21:00", "to": "08:00", "days": ["sun"]});
    let cases = [
        (json!({}), None, QuietWish::Usual),
        (json!({"quiet_hours": null}), None, QuietWish::None),
        (json!({"quiet_hours": quiet}), None, QuietWish::Hours(hours)),
        (json!({"send_at_local": "09:30"}), LocalTime::parse("09:30"), QuietWish::Usual),
    ];
    for (more, at, quiet) in cases {
        assert_eq!(post(&desk, with(more.clone())).await.status, 202, "{more}");
        let submissions = std::mem::take(&mut *desk.submissions.lock().unwrap());
        assert_eq!(submissions[0].drafts[0].time, RecipientTime { zone: None, at, quiet }, "{more}");
    }
    let wrong = [
        (json!({"quiet_hours": {"from": "21:00"}}), "quiet_hours.to"),
        (json!({"quiet_hours": {"from": "21:00", "to": "8"}}), "quiet_hours.to"),
        (json!({"quiet_hours": {"from": "21:00", "to": "08:00", "days": ["Sunday"]}}), "quiet_hours.days"),
        (json!({"send_at_local": "9"}), "send_at_local"),
        (json!({"quiet_hours": ["21:00", "08:00"]}), "quiet_hours"),
    ];
    for (more, field) in wrong {
        let answer = post(&desk, with(more.clone())).await;
        assert_eq!((answer.status.as_u16(), answer.json()["field"].clone()), (400, json!(field)), "{more}");
    }
}

#[tokio::test]
async fn a_message_has_one_time_to_be_sent_at() {
    let both = json!({"from": "ACME", "to": "447911123456", "text": "x", "send_at_local": "09:30",
        "send_at": "2026-11-22T10:00:00Z"});
    let answer = post(&Arc::new(FakeDesk::default()), both).await;
    let (code, field) = (answer.json()["code"].clone(), answer.json()["field"].clone());
    assert_eq!(
        (answer.status.as_u16(), code, field),
        (422, json!("invalid_schedule"), json!("send_at_local"))
    );
}

#[tokio::test]
async fn quiet_hours_of_the_account_are_set_and_taken_away() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let path = "/api/v1/quiet-hours";
    let none = json!({"quiet_hours": null, "classes": []});
    assert_eq!(call(&router, request("GET", path, "")).await.json(), none);
    let hours = json!({"from": "21:00", "to": "08:00"});
    let cases = [
        (json!({"quiet_hours": hours}), json!({"quiet_hours": hours, "classes": ["transactional", "bulk"]})),
        (
            json!({"quiet_hours": hours, "classes": ["one_time"]}),
            json!({"quiet_hours": hours, "classes": ["one_time"]}),
        ),
        (json!({"quiet_hours": null}), none),
    ];
    for (body, expected) in cases {
        let set = call(&router, request("PUT", path, body.to_string())).await;
        assert_eq!((set.status.as_u16(), set.json()), (200, expected.clone()), "{body}");
        assert_eq!(call(&router, request("GET", path, "")).await.json(), expected);
    }
    let wrong = [
        (json!({}), "quiet_hours"),
        (json!({"quiet_hours": {"from": "21", "to": "08:00"}}), "quiet_hours.from"),
        (json!({"quiet_hours": hours, "classes": []}), "classes"),
        (json!({"quiet_hours": hours, "classes": ["bulk", "urgent"]}), "classes[1]"),
    ];
    for (body, field) in wrong {
        let answer = call(&router, request("PUT", path, body.to_string())).await;
        assert_eq!((answer.status.as_u16(), answer.json()["field"].clone()), (400, json!(field)), "{body}");
    }
}
