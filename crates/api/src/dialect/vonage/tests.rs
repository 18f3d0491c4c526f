//! The dialect as its clients read it: numbers inside of HTTP 200, and problem documents.

use std::sync::Arc;

use app::submission::Rejected;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use types::message::{Content, Door};
use types::refusal::{Refusal, RefusalCode};

use super::fault::{problem_of, status_of};
use super::sign::Method;
use crate::desk::Desk;
use crate::testing::{Answer, FakeDesk, call, message_id, router_of};

const FORM: &str = "application/x-www-form-urlencoded";
const BASIC: &str = "Basic a2V5OnNlY3JldA==";
const FIELDS: &str = "from=ACME&to=447911123456&text=hello+there";

async fn post(desk: &Arc<FakeDesk>, path: &str, kind: &str, authorization: &str, body: &str) -> Answer {
    let mut request = Request::post(path).header("content-type", kind);
    if !authorization.is_empty() {
        request = request.header("authorization", authorization);
    }
    call(&router_of(desk), request.body(Body::from(body.to_owned())).unwrap()).await
}

/// The status inside of an answer.
async fn status(desk: &Arc<FakeDesk>, body: &str) -> Value {
    let answer = post(desk, "/sms/json", FORM, "", body).await;
    assert_eq!(answer.status, 200, "{body}");
    answer.json()["messages"][0]["status"].clone()
}

fn signed(desk: &FakeDesk, method: Method, secret: &str, seconds: i64) -> String {
    let time = (desk.now().as_ms() / 1_000 + seconds).to_string();
    let fields =
        [("api_key", "key"), ("from", "ACME"), ("text", "a&b"), ("timestamp", &time), ("to", "447911123456")];
    let fields: Vec<_> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let sig = method.sign(secret, &fields).unwrap();
    format!("api_key=key&from=ACME&text=a%26b&timestamp={time}&to=447911123456&sig={sig}")
}

#[tokio::test]
async fn sends_with_every_way_to_say_who_asks() {
    let desk = Arc::new(FakeDesk::default());
    let in_body = format!("api_key=key&api_secret=secret&{FIELDS}");
    let json =
        r#"{"api_key":"key","api_secret":"secret","from":"ACME","to":447911123456,"text":"hello there"}"#;
    let json_alone = r#"{"from":"ACME","to":"447911123456","text":"hello there","ttl":60000}"#;
    let cases = [
        (FORM, "", in_body.clone()),
        (FORM, BASIC, FIELDS.to_owned()),
        ("application/json", "", json.to_owned()),
        ("application/json", BASIC, json_alone.to_owned()),
    ];
    let mut expected = 0;
    for path in ["/sms/json", "/dialect/vonage/sms/json"] {
        for (kind, authorization, body) in &cases {
            let answer = post(&desk, path, kind, authorization, body).await.json();
            let message = &answer["messages"][0];
            assert_eq!((&answer["message-count"], &message["status"]), (&json!("1"), &json!("0")), "{body}");
            assert_eq!(message["message-id"], message_id(1).0.uuid());
            assert_eq!((&message["to"], &message["network"]), (&json!("447911123456"), &json!("23410")));
            assert!(message.as_object().unwrap().values().all(Value::is_string), "{message}");
            expected += 1;
        }
    }
    for method in Method::ALL {
        assert_eq!(status(&desk, &signed(&desk, method, "secret", 0)).await, "0", "{method:?}");
        assert_eq!(status(&desk, &signed(&desk, method, "wrong", 0)).await, "14", "{method:?}");
        expected += 1;
    }
    assert_eq!(status(&desk, &signed(&desk, Method::Sha256, "secret", 301)).await, "14");
    assert_eq!(status(&desk, &signed(&desk, Method::Sha256, "secret", -301)).await, "14");
    let submissions = desk.submissions.lock().unwrap();
    assert_eq!((submissions.len(), submissions[0].door), (expected, Door::Vonage));
    assert_eq!(submissions[0].drafts[0].content, Content::Text("hello there".to_owned()));
}

#[tokio::test]
async fn refuses_inside_of_a_good_answer() {
    let known = "api_key=key&api_secret=secret";
    let cases = [
        (String::new(), "2"),
        ("api_key=key".to_owned(), "2"),
        (format!("api_key=key&api_secret=no&{FIELDS}"), "4"),
        (format!("api_key=read&api_secret=secret&{FIELDS}"), "11"),
        (format!("{known}&to=447911123456&text=x"), "2"),
        (format!("{known}&from=A&text=x"), "2"),
        (format!("{known}&from=A&to=447911123456"), "2"),
        (format!("{known}&{FIELDS}&type=wappush"), "3"),
        (format!("{known}&{FIELDS}&ttl=19999"), "3"),
        (format!("{known}&{FIELDS}&message-class=0"), "3"),
        (format!("{known}&{FIELDS}&callback=nowhere"), "3"),
        (format!("{known}&from=A&to=447911123456&type=binary&body=0g"), "3"),
        (format!("{known}&from=A&to=447911123456&type=binary&udh=00"), "2"),
        (format!("{known}&from=%ff"), "3"),
    ];
    for (body, expected) in cases {
        let desk = Arc::new(FakeDesk::default());
        assert_eq!(status(&desk, &body).await, expected, "{body}");
        assert!(desk.submissions.lock().unwrap().is_empty());
        assert_eq!(desk.noted.lock().unwrap().len(), 1, "{body}");
    }
}

#[tokio::test]
async fn sends_octets_and_answers_in_xml() {
    let desk = Arc::new(FakeDesk::default());
    let body =
        "api_key=key&api_secret=secret&from=A&to=447911123456&type=binary&udh=0500&body=ff00&protocol-id=127";
    let text = post(&desk, "/sms/xml", FORM, "", body).await.text();
    assert!(text.contains("<messages count='1'><message><to>447911123456</to><messageId>"), "{text}");
    let draft = desk.submissions.lock().unwrap()[0].drafts[0].clone();
    let Content::Octets(octets) = &draft.content else { panic!("a text") };
    assert_eq!((octets.payload.as_slice(), octets.protocol_id), ([5, 0, 255, 0].as_slice(), 127));
    assert!(octets.has_header);
    let text = post(&desk, "/sms/xml", FORM, "", "api_key=key").await.text();
    assert!(text.contains("<status>2</status><errorText>Missing api_secret</errorText>"), "{text}");
}

#[tokio::test]
async fn every_refusal_of_the_core_has_a_number_and_a_problem() {
    let page = include_str!("../../../../../docs/integrate/vonage.md");
    for code in RefusalCode::ALL {
        let rejection = || Some(Rejected::whole(Refusal::new(*code, "because"))).into();
        let desk = Arc::new(FakeDesk { rejection: rejection(), ..FakeDesk::default() });
        let number = status_of(*code).to_string();
        let sent = status(&desk, &format!("api_key=key&api_secret=secret&{FIELDS}")).await;
        assert_eq!(sent, number, "{code:?}");
        let body = r#"{"channel":"sms","message_type":"text","from":"A","to":"447911123456","text":"x"}"#;
        let answer = post(&desk, "/v1/messages", "application/json", BASIC, body).await;
        let (http, _, title) = problem_of(*code);
        assert_eq!((answer.status, answer.json()["title"].clone()), (http, json!(title)), "{code:?}");
        let row = format!("| `{}` | {number} | {} |", code.code(), http.as_u16());
        assert!(page.contains(&row), "docs/integrate/vonage.md wants {row}");
    }
}

#[tokio::test]
async fn the_messages_api_takes_a_text_by_sms() {
    let desk = Arc::new(FakeDesk::default());
    let good = json!({"channel": "sms", "message_type": "text", "from": "ACME", "to": "447911123456",
        "text": "hello", "client_ref": "r", "ttl": 60, "webhook_url": "https://a.example/", "sms": {"encoding_type": "auto"}});
    let answer = post(&desk, "/v1/messages", "application/json", BASIC, &good.to_string()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()),
        (202, json!({"message_uuid": message_id(1).0.uuid()}))
    );
    assert_eq!(desk.submissions.lock().unwrap()[0].drafts[0].client_reference.as_deref(), Some("r"));
    for (name, value) in [
        ("channel", json!("whatsapp")),
        ("message_type", json!("image")),
        ("to", json!(null)),
        ("from", json!("")),
        ("text", json!("")),
        ("ttl", json!(0)),
        ("failover", json!([{}])),
        ("webhook_url", json!("nowhere")),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        let answer = post(&desk, "/v1/messages", "application/json", BASIC, &bad.to_string()).await;
        assert_eq!(answer.status, 422, "{name}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert!(answer.json()["detail"].as_str().unwrap().contains(name), "{}", answer.text());
    }
    for authorization in ["", "Bearer head.claims.signature", "Basic a2V5Om5v"] {
        let answer = post(&desk, "/v1/messages", "application/json", authorization, &good.to_string()).await;
        assert_eq!((answer.status.as_u16(), answer.json()["title"].clone()), (401, json!("Unauthorized")));
    }
    assert_eq!(desk.submissions.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn tells_the_balance_and_numbers() {
    let desk = Arc::new(FakeDesk::default());
    let get = async |path: &str| {
        let request = Request::get(path).header("authorization", BASIC).body(Body::empty()).unwrap();
        call(&router_of(&desk), request).await
    };
    assert_eq!(get("/account/get-balance").await.text(), r#"{"value":249.95,"autoReload":false}"#);
    let numbers = get("/account/numbers?size=1&index=2").await.json();
    assert_eq!((&numbers["count"], numbers["numbers"].as_array().unwrap().len()), (&json!(2), 1));
    assert_eq!(get("/account/numbers?size=x").await.status, 422);
    for path in ["/account/settings", "/number/search?country=GB", "/ni/basic/json?number=1", "/v2/verify"] {
        assert_eq!(get(path).await.status, 404, "{path}");
    }
    let bare = Request::get("/account/get-balance?api_key=key&api_secret=no").body(Body::empty()).unwrap();
    assert_eq!(call(&router_of(&desk), bare).await.status, 401);
    let stranger =
        Request::get("/account/numbers?api_key=stranger&api_secret=secret").body(Body::empty()).unwrap();
    assert_eq!(call(&router_of(&desk), stranger).await.json(), json!({}));
}
