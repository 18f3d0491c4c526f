//! The dialect as its clients read it.

use std::sync::Arc;

use app::submission::Rejected;
use axum::body::Body;
use axum::http::Request;
use types::message::{Content, Door};
use types::refusal::{Refusal, RefusalCode};

use super::{status_of, told_at};
use crate::testing::{Answer, FakeDesk, call, message_id, router_of};

const KNOWN: &str = "username=key&password=secret";

async fn get(desk: &Arc<FakeDesk>, path: &str) -> Answer {
    call(&router_of(desk), Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn sends_texts_and_octets() {
    let desk = Arc::new(FakeDesk::default());
    let query = format!("{KNOWN}&from=ACME&to=447911123456");
    let answer = get(
        &desk,
        &format!("/dialect/jasmin/send?{query}&content=hello&dlr=yes&dlr-level=3&dlr-url=https://a.example/"),
    )
    .await;
    assert_eq!(
        (answer.status.as_u16(), answer.text()),
        (200, format!("Success \"{}\"", message_id(1).0.base32()))
    );
    let answer = get(&desk, &format!("/dialect/jasmin/send?{query}&hex-content=0041&coding=8")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let submissions = desk.submissions.lock().unwrap();
    assert_eq!(submissions[0].door, Door::Dialect);
    assert!(submissions[0].drafts[0].report.steps && submissions[0].drafts[0].report.endpoint.is_some());
    let Content::Octets(octets) = &submissions[1].drafts[0].content else { panic!("a text") };
    assert_eq!((octets.data_coding, octets.payload.as_slice()), (8, [0, 65].as_slice()));
}

#[tokio::test]
async fn refuses_in_words_with_a_status() {
    let cases = [
        ("", 400),
        ("username=key&password=wrong&to=1&content=x", 403),
        ("username=read&password=secret&to=447911123456&content=x", 403),
        ("username=key&password=secret&content=x", 400),
        ("username=key&password=secret&to=447911123456", 400),
        ("username=key&password=secret&to=447911123456&content=", 400),
        ("username=key&password=secret&to=447911123456&content=x&hex-content=00", 400),
        ("username=key&password=secret&to=447911123456&hex-content=0", 400),
        ("username=key&password=secret&to=447911123456&content=x&coding=15", 400),
        ("username=key&password=secret&to=447911123456&content=x&sdt=000000000100000R", 400),
        ("username=key&password=secret&to=447911123456&content=x&dlr=yes", 400),
        (
            "username=key&password=secret&to=447911123456&content=x&dlr=yes&dlr-url=https://a.example/&dlr-method=POST",
            400,
        ),
        (
            "username=key&password=secret&to=447911123456&content=x&dlr=yes&dlr-url=https://a.example/&dlr-level=4",
            400,
        ),
        ("username=key&password=secret&to=447911123456&content=x&validity-period=0", 400),
    ];
    for (query, status) in cases {
        let desk = Arc::new(FakeDesk::default());
        let answer = get(&desk, &format!("/dialect/jasmin/send?{query}")).await;
        assert_eq!(answer.status, status, "{query}");
        assert!(answer.text().starts_with("Error \""), "{query}: {}", answer.text());
        assert!(desk.submissions.lock().unwrap().is_empty());
        assert_eq!(desk.noted.lock().unwrap().len(), 1, "{query}");
    }
    for code in RefusalCode::ALL {
        let rejection = Some(Rejected::whole(Refusal::new(*code, "because"))).into();
        let desk = Arc::new(FakeDesk { rejection, ..FakeDesk::default() });
        let answer = get(&desk, &format!("/dialect/jasmin/send?{KNOWN}&to=447911123456&content=x")).await;
        assert_eq!(answer.status, status_of(*code), "{code:?}");
    }
}

#[tokio::test]
async fn tells_prices_and_the_balance_beside_another_dialect_of_the_same_path() {
    let desk = Arc::new(FakeDesk::default());
    let rate = get(&desk, &format!("/rate?{KNOWN}&to=447911123456&content=x")).await;
    assert_eq!(rate.text(), r#"{"submit_sm_count":1,"unit_rate":0.05}"#);
    let balance = r#"{"balance":249.95,"sms_count":"ND"}"#;
    assert_eq!(get(&desk, &format!("/balance?{KNOWN}")).await.text(), balance);
    assert_eq!(get(&desk, &format!("/dialect/jasmin/balance?{KNOWN}")).await.text(), balance);
    let other = get(&desk, "/balance?key=key&secret=secret").await;
    assert_eq!(other.text(), r#"{"balance":"249.95","currency":"EUR"}"#);
    let request = Request::get("/balance").header("host", "jasmin.example.com").body(Body::empty()).unwrap();
    assert_eq!(call(&router_of(&desk), request).await.status, 400, "the host says which dialect is meant");
    let wrong = get(&desk, "/balance?username=key&password=no").await;
    assert_eq!((wrong.status.as_u16(), wrong.text()), (403, "\"Authentication failure\"".to_owned()));
    assert_eq!(get(&desk, "/ping").await.text(), "Jasmin/PONG");
}

#[test]
fn the_address_of_receipts_has_all_that_is_told() {
    let address = told_at("https://a.example/dlr?mine=1");
    assert!(address.starts_with("https://a.example/dlr?mine=1&id=%7Bid%7D&id_smsc=%7Bid%7D&message_status="));
    assert!(told_at("https://a.example/dlr").starts_with("https://a.example/dlr?id=%7Bid%7D&"));
}

#[test]
fn a_path_of_the_console_is_lent_to_who_is_meant() {
    let lent = |host: &str, path: &str| {
        let request = Request::get(path).header("host", host).body(Body::empty()).unwrap();
        crate::dialect::lend(request).uri().to_string()
    };
    let cases = [
        ("sms.example.com", "/send", "/send"),
        ("sms.example.com", "/send?username=a", "/send?username=a"),
        ("sms.example.com", "/send?username=a&password=b", "/dialect/jasmin/send?username=a&password=b"),
        ("jasmin.example.com", "/send", "/dialect/jasmin/send"),
        ("jasmin.example.com", "/send/preview", "/send/preview"),
        ("sms.example.com", "/balance?username=a&password=b", "/balance?username=a&password=b"),
    ];
    for (host, path, expected) in cases {
        assert_eq!(lent(host, path), expected, "{host} {path}");
    }
}
