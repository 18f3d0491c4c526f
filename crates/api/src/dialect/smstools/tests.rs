//! The dialect as its clients read it.

use std::sync::Arc;

use app::submission::Rejected;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use types::message::Door;
use types::refusal::{Refusal, RefusalCode};

use super::fault::of;
use crate::testing::{Answer, CHILD, FakeDesk, HELD, account_id, call, message_id, router_of};

async fn ask_as(desk: &Arc<FakeDesk>, id: &str, method: &str, path: &str, body: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("x-client-id", id)
        .header("x-client-secret", "secret")
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    call(&router_of(desk), request).await
}

async fn ask(desk: &Arc<FakeDesk>, method: &str, path: &str, body: &str) -> Answer {
    ask_as(desk, "key", method, path, body).await
}

const SEND: &str = r#"{"message":"hello","to":"447911123456","sender":"ACME","reference":"r"}"#;

#[tokio::test]
async fn sends_to_one_to_many_later_and_not_at_all() {
    let desk = Arc::new(FakeDesk::default());
    let id = |place| message_id(place).0.base32();
    for path in ["/v1/message/send", "/dialect/smstools/v1/message/send"] {
        let answer = ask(&desk, "POST", path, SEND).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "messageid": id(1) })));
    }
    let many =
        r#"{"message":"hello","to":["447911123456",447911123457],"sender":"ACME","date":"2036-01-02 03:04"}"#;
    let answer = ask(&desk, "POST", "/v1/message/send", many).await.json();
    assert_eq!(answer, json!({ "messageids": [id(1), id(2)] }));
    let tried = SEND.replace("}", r#","test":true}"#);
    assert_eq!(ask(&desk, "POST", "/v1/message/send", &tried).await.json(), json!({ "messageid": null }));
    let below = SEND.replace("}", &format!(r#","subid":"{}"}}"#, account_id(CHILD)));
    assert_eq!(ask(&desk, "POST", "/v1/message/send", &below).await.status, 200);
    let submissions = desk.submissions.lock().unwrap();
    assert_eq!((submissions[0].door, submissions[4].account), (Door::Smstools, CHILD));
    assert_eq!(submissions[2].drafts[1].send_at.unwrap().to_string(), "2036-01-02T03:04:00.000Z");
    assert_eq!(submissions[0].drafts[0].client_reference.as_deref(), Some("r"));
}

#[tokio::test]
async fn refuses_with_its_own_numbers() {
    let cases = [
        ("{", "139"),
        ("{}", "112"),
        (r#"{"message":"x","sender":"A"}"#, "106"),
        (r#"{"message":"x","to":[],"sender":"A"}"#, "106"),
        (r#"{"message":"x","to":"447911123456"}"#, "109"),
        (r#"{"message":"x","to":"447911123456","sender":"A","date":"tomorrow"}"#, "121"),
        (r#"{"message":"x","to":"447911123456","sender":"A","subid":"AC0"}"#, "133"),
    ];
    for (body, number) in cases {
        let desk = Arc::new(FakeDesk::default());
        let answer = ask(&desk, "POST", "/v1/message/send", body).await;
        assert_eq!((answer.status.as_u16(), answer.json()["error"].clone()), (400, json!(number)), "{body}");
        assert!(answer.json()["errorMsg"].is_string());
        assert!(desk.submissions.lock().unwrap().is_empty());
        assert_eq!(desk.noted.lock().unwrap().len(), 1, "{body}");
    }
    let page = include_str!("../../../../../docs/integrate/smstools.md");
    for code in RefusalCode::ALL {
        let rejection = Some(Rejected::whole(Refusal::new(*code, "because"))).into();
        let desk = Arc::new(FakeDesk { rejection, ..FakeDesk::default() });
        let answer = ask(&desk, "POST", "/v1/message/send", SEND).await;
        assert_eq!(answer.json()["error"], of(*code).to_string(), "{code:?}");
        let row = format!("| {} | ", of(*code));
        let named =
            page.lines().any(|line| line.starts_with(&row) && line.contains(&format!("`{}`", code.code())));
        assert!(named, "docs/integrate/smstools.md wants `{}` in the row {row}", code.code());
    }
}

#[tokio::test]
async fn only_who_may_is_let_in_and_sees_its_own() {
    let desk = Arc::new(FakeDesk::default());
    let paths = [
        "/v1/message/logging",
        "/v1/message/inbox",
        "/v1/outbox",
        "/v1/balance",
        "/v1/account",
        "/v1/statistics",
        "/v1/vmn",
        "/v1/senderids",
        "/v1/optouts/list",
        "/v1/conversation/447911123456",
    ];
    for path in paths {
        assert_eq!(ask(&desk, "GET", path, "").await.status, 200, "{path}");
        assert_eq!(ask_as(&desk, "read", "GET", path, "").await.status, 200, "{path}");
        let other = ask_as(&desk, "stranger", "GET", path, "").await.text();
        assert!(!other.contains(&message_id(1).0.base32()) && !other.contains("249.95"), "{path}: {other}");
        for id in ["nobody", "send"] {
            let answer = ask_as(&desk, id, "GET", path, "").await;
            let number = if id == "send" { "1403" } else { "104" };
            assert_eq!(
                (answer.status.as_u16(), answer.json()["error"].clone()),
                (400, json!(number)),
                "{path}"
            );
        }
    }
    assert_eq!(ask(&desk, "GET", "/v1/auth", "").await.status, 200);
    assert_eq!(ask_as(&desk, "nobody", "GET", "/v1/auth", "").await.json()["error"], "104");
}

#[tokio::test]
async fn lists_have_the_types_that_a_strict_client_wants() {
    let desk = Arc::new(FakeDesk::default());
    let get = async |path: &str| -> Value { ask(&desk, "GET", path, "").await.json() };
    let history = get("/v1/message/logging?limit=1&page=1").await;
    assert!(history["total"].is_u64() && history["messages"][0]["ID"].is_string(), "{history}");
    assert_eq!(history["messages"][0]["status"], "delivered");
    let inbox = get("/v1/message/inbox").await;
    assert!(inbox["messages"][0]["ID"].is_i64(), "{inbox}");
    assert_eq!(get(&format!("/v1/message/inbox/{HELD}")).await["total"], 0);
    assert_eq!(get("/v1/message/inbox/1").await["error"], "132");
    assert!(get("/v1/outbox").await["messages"][0]["ID"].is_i64());
    assert_eq!(get("/v1/balance").await["credits"], "249.95");
    assert!(get("/v1/account").await["credits"].is_f64());
    assert!(get("/v1/vmn").await[0]["ID"].is_string());
    assert!(get("/v1/statistics?year=2026&month=11").await["sent"].is_i64());
    for (query, number) in [("limit=0", "135"), ("limit=2001", "135"), ("page=0", "136"), ("page=x", "136")] {
        assert_eq!(get(&format!("/v1/message/logging?{query}")).await["error"], number, "{query}");
    }
    assert_eq!(get("/v1/statistics?month=13").await["error"], "139");
    let body = r#"{"number":"07911123456","countrycode":"44"}"#;
    assert!(ask(&desk, "POST", "/v1/format/number", body).await.json()["isValidNumber"].is_boolean());
}

#[tokio::test]
async fn withdraws_opts_out_and_hooks() {
    let desk = Arc::new(FakeDesk::default());
    let id = message_id(1);
    for name in [id.0.base32(), id.key().as_i64().to_string()] {
        assert_eq!(ask(&desk, "DELETE", &format!("/v1/outbox/{name}"), "").await.status, 200, "{name}");
    }
    assert_eq!(ask(&desk, "DELETE", "/v1/outbox/5", "").await.json()["error"], "133");
    assert_eq!(ask(&desk, "POST", "/v1/optouts", r#"{"number":"447911123456"}"#).await.status, 200);
    assert_eq!(ask(&desk, "POST", "/v1/optouts", r#"{"number":"x"}"#).await.json()["error"], "103");
    let hook = |method: &str, kind: &str| {
        format!(
            r#"{{"webhook_endpoint":"https://a.example/","webhook_method":"{method}","webhook_types":["{kind}"]}}"#
        )
    };
    let made = ask(&desk, "POST", "/v1/webhook/create", &hook("POST", "delivery_report")).await;
    assert!(made.json()["secret"].is_string(), "{}", made.text());
    for (method, kind) in [("GET", "delivery_report"), ("POST", "read_report")] {
        let answer = ask(&desk, "POST", "/v1/webhook/create", &hook(method, kind)).await;
        assert_eq!(answer.json()["error"], "139", "{method} {kind}");
    }
    assert!(ask(&desk, "GET", "/v1/webhook/endpoint-list", "").await.json().is_array());
    assert_eq!(ask(&desk, "DELETE", "/v1/webhook/none", "").await.json()["error"], "134");
}

#[tokio::test]
async fn what_is_not_built_says_so() {
    let desk = Arc::new(FakeDesk::default());
    for (method, path) in [
        ("POST", "/v1/voice/send"),
        ("POST", "/v1/whatsapp/send_text"),
        ("GET", "/v1/contact"),
        ("GET", "/v1/groups/1"),
        ("GET", "/v1/messagetemplates"),
        ("POST", "/v1/subaccount"),
        ("GET", "/v1/customer/a/login"),
        ("GET", "/v1/webhook/1"),
    ] {
        let answer = ask(&desk, method, path, "{}").await;
        assert_eq!((answer.status.as_u16(), answer.json()["error"].clone()), (400, json!("138")), "{path}");
        assert_eq!(ask_as(&desk, "nobody", method, path, "{}").await.json()["error"], "104", "{path}");
    }
}
