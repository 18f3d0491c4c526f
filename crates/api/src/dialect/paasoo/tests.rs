//! The dialect as its clients read it: bodies octet by octet.

use std::sync::Arc;

use app::report::{Renderer, ReportBody};
use app::submission::Rejected;
use axum::body::Body;
use axum::http::Request;
use types::account::EndpointKind;
use types::message::{Door, State};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::push::PaasooPush;
use super::record::told;
use super::status_of;
use crate::testing::{
    Answer, FakeDesk, call, endpoint, inbound_report, message_id, message_report, router_of,
};

const CREDENTIALS: &str = "key=key&secret=secret";

async fn get(desk: &Arc<FakeDesk>, path: &str) -> Answer {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = call(&router_of(desk), request).await;
    assert_eq!(answer.status, 200, "{path}");
    assert_eq!(answer.header("content-type"), Some("application/json;charset=utf-8"));
    answer
}

#[tokio::test]
async fn sends_at_every_address_of_the_family() {
    for prefix in ["", "/api", "/dialect/paasoo", "/dialect/paasoo/api"] {
        let desk = Arc::new(FakeDesk::default());
        let path = format!("{prefix}/json?{CREDENTIALS}&from=ACME&to=447911123456&text=a+b%20c");
        let answer = get(&desk, &path).await;
        let id = message_id(1).0.base32();
        assert_eq!(answer.text(), format!("{{\"status\":\"0\",\"messageid\":\"{id}\"}}"));
        assert_eq!(id.len(), 26);
        let submissions = desk.submissions.lock().unwrap();
        assert!(submissions[0].guard_repeats);
        assert_eq!(submissions[0].door, Door::Paasoo);
        assert_eq!(submissions[0].drafts[0].content, types::message::Content::Text("a b c".to_owned()));
        assert!(!submissions[0].drafts[0].report.steps);
    }
}

#[tokio::test]
async fn takes_a_list_a_plus_and_a_form() {
    let desk = Arc::new(FakeDesk::default());
    let body = format!("{CREDENTIALS}&to=+447911123456,%2B447911123457,&text=x");
    let request = Request::post("/json")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .unwrap();
    let answer = call(&router_of(&desk), request).await.json();
    let ids = format!("{},{}", message_id(1).0.base32(), message_id(2).0.base32());
    assert_eq!(answer["messageid"], ids);
    let submissions = desk.submissions.lock().unwrap();
    let recipients: Vec<_> =
        submissions[0].drafts.iter().map(|draft| draft.destination.text().into_owned()).collect();
    assert_eq!(recipients, ["447911123456", "+447911123457"]);
    assert!(submissions[0].drafts[0].destination.msisdn().is_some());
}

#[tokio::test]
async fn refuses_in_flat_texts() {
    let many = vec!["447911123456"; 101].join(",");
    let missing = r#"{"status":"2","status_code":"Missing params."}"#;
    let wrong = r#"{"status":"4","status_code":"The credentials are not valid"}"#;
    let cases = [
        (String::new(), missing),
        ("key=key&secret=&to=447911123456&text=x".to_owned(), missing),
        (format!("{CREDENTIALS}&text=x"), missing),
        (format!("{CREDENTIALS}&to=,&text=x"), missing),
        (format!("{CREDENTIALS}&to=447911123456"), missing),
        ("key=key&secret=no&to=447911123456&text=x".to_owned(), wrong),
        (
            format!("{CREDENTIALS}&to=447911123456&text=%ff"),
            r#"{"status":"2","status_code":"The request is not of the documented shape"}"#,
        ),
        (
            format!("{CREDENTIALS}&to={many}&text=x"),
            r#"{"status":"3","status_code":"The submission has too many recipients"}"#,
        ),
    ];
    for (query, expected) in cases {
        let desk = Arc::new(FakeDesk::default());
        assert_eq!(get(&desk, &format!("/json?{query}")).await.text(), expected, "{query}");
        assert!(desk.submissions.lock().unwrap().is_empty());
        assert_eq!(desk.noted.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn every_refusal_of_the_core_is_a_status() {
    for code in RefusalCode::ALL {
        let rejection = Some(Rejected::whole(Refusal::new(*code, "because"))).into();
        let desk = Arc::new(FakeDesk { rejection, ..FakeDesk::default() });
        let answer = get(&desk, &format!("/json?{CREDENTIALS}&to=447911123456&text=x")).await.json();
        assert_eq!(answer["status"], status_of(*code).to_string(), "{code:?}");
        assert!(answer.as_object().unwrap().values().all(serde_json::Value::is_string));
        assert!((2..=11).contains(&status_of(*code)));
    }
}

#[tokio::test]
async fn tells_the_record_with_bare_numbers() {
    let desk = Arc::new(FakeDesk::default());
    for id in [message_id(1).0.base32(), message_id(1).to_string()] {
        let expected = format!(
            "[{{\"type\":\"dlr\",\"messageid\":\"{id}\",\"to\":\"+447911123456\",\"status\":0,\"drStatus\":0,\
             \"drStatuscode\":\"delivered\",\"drErrcode\":\"0\",\"price\":0.05,\"counts\":1}}]"
        );
        assert_eq!(get(&desk, &format!("/dlr?{CREDENTIALS}&messageid={id}")).await.text(), expected);
        assert_eq!(get(&desk, &format!("/api/dlr?{CREDENTIALS}&messageid={id}")).await.text(), expected);
    }
    for id in [message_id(2).0.base32(), "015bd4-d6dfa7-58w".to_owned()] {
        assert_eq!(get(&desk, &format!("/dlr?{CREDENTIALS}&messageid={id}")).await.text(), "[]");
    }
    assert_eq!(get(&desk, &format!("/dlr?{CREDENTIALS}")).await.json()["status"], "2");
}

#[tokio::test]
async fn tells_the_balance_and_valid_numbers() {
    let desk = Arc::new(FakeDesk::default());
    for path in ["/balance", "/api/balance", "/dialect/paasoo/balance"] {
        let answer = get(&desk, &format!("{path}?{CREDENTIALS}")).await;
        assert_eq!(answer.text(), r#"{"balance":"249.95","currency":"EUR"}"#);
    }
    let cases = [
        ("86", "13800138000", "true"),
        ("44", "7911123456", "true"),
        ("44", "12", "false"),
        ("0", "x", "false"),
    ];
    for (country, national, expected) in cases {
        let query = format!("{CREDENTIALS}&countryCode={country}&nationalNumber={national}");
        for path in ["/validnumber", "/api/validnumber"] {
            assert_eq!(get(&desk, &format!("{path}?{query}")).await.text(), expected, "{country} {national}");
        }
    }
    assert_eq!(get(&desk, "/balance?key=key&secret=no").await.json()["status"], "4");
}

#[tokio::test]
async fn what_is_not_built_is_a_system_error() {
    let desk = Arc::new(FakeDesk::default());
    for path in ["/voice", "/lookup", "/api/price/list", "/dialect/paasoo/voice"] {
        let expected = r#"{"status":"11","status_code":"This is not built yet"}"#;
        assert_eq!(get(&desk, &format!("{path}?{CREDENTIALS}")).await.text(), expected);
        assert_eq!(get(&desk, path).await.json()["status"], "2");
    }
}

#[test]
fn pushes_ends_by_get() {
    let id = message_id(1).0.base32();
    let fields = format!(
        "type=dlr&messageid={id}&to=%2B447911123456&status=0&statuscode=delivered&errcode=0&network=23410"
    );
    let cases = [
        ("https://example.com/cb", format!("https://example.com/cb?{fields}")),
        ("https://example.com/cb?", format!("https://example.com/cb?{fields}")),
        ("https://example.com/cb?a=1#top", format!("https://example.com/cb?a=1&{fields}")),
    ];
    for (url, expected) in cases {
        let endpoint = endpoint(EndpointKind::Paasoo, url, "");
        let call = PaasooPush.render(&endpoint, &message_report(), Timestamp::EPOCH).unwrap();
        assert_eq!(call.url.expose(), &expected);
        assert!(call.headers.is_empty() && call.body.expose().is_empty());
    }
    let endpoint = endpoint(EndpointKind::Paasoo, "https://example.com/cb", "");
    let mut report = message_report();
    if let ReportBody::Message(message) = &mut report.body {
        message.state = State::Submitted;
    }
    assert!(PaasooPush.render(&endpoint, &report, Timestamp::EPOCH).is_none());
    let inbound = PaasooPush.render(&endpoint, &inbound_report(), Timestamp::EPOCH).unwrap();
    assert!(inbound.url.expose().contains("?type=mo&"));
    assert!(inbound.url.expose().contains("&text=STOP%20%26%20co&"));
}

#[test]
fn states_become_words_that_clients_know() {
    for state in State::ALL {
        let told = told(*state);
        assert!(["delivered", "accepted", "failed", "rejected", "unknown"].contains(&told.word), "{state}");
        assert_eq!(told.status == 0, matches!(told.word, "delivered" | "accepted"), "{state}");
        assert_eq!(told.error == 0, told.status == 0, "{state}");
    }
}

#[test]
fn the_pages_of_codes_say_the_status() {
    for code in RefusalCode::ALL {
        let (_, page) = crate::page::PAGES.iter().find(|(name, _)| *name == code.code()).unwrap();
        let row = format!("| PaaSoo | `status` {}", status_of(*code));
        let rest = page.split(&row).nth(1).unwrap_or_else(|| panic!("{}: wants {row}", code.code()));
        assert!(!rest.starts_with(|c: char| c.is_ascii_digit()), "{}", code.code());
    }
}
