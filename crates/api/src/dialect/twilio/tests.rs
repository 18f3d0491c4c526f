//! The dialect as its clients read it: statuses, members and errors.

use std::sync::Arc;

use app::submission::Rejected;
use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use types::account::write_sid;
use types::message::{Content, Door, State};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::fault::of;
use super::resource::{message_sid, told};
use crate::desk::Desk;
use crate::testing::{Answer, CHILD, FakeDesk, OWNER, STRANGER, call, message_id, router_of};

fn sid(desk: &FakeDesk) -> String {
    write_sid(desk.account(OWNER).unwrap().sid)
}

/// Asks as the owner, by the account's id and a key's secret.
async fn ask(desk: &Arc<FakeDesk>, method: &str, path: &str, form: &str) -> Answer {
    let pair = format!("{}:secret", sid(desk));
    ask_as(desk, &pair, method, &path.replace("{AC}", &sid(desk)), form).await
}

async fn ask_as(desk: &Arc<FakeDesk>, pair: &str, method: &str, path: &str, form: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Basic {}", STANDARD.encode(pair)))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    call(&router_of(desk), request).await
}

const MESSAGES: &str = "/2010-04-01/Accounts/{AC}/Messages.json";
const SEND: &str = "To=%2B447911123456&From=%2B447911000000&Body=hello+there";

#[tokio::test]
async fn sends_and_shows_the_message_at_once() {
    let desk = Arc::new(FakeDesk::default());
    for path in [MESSAGES, "/dialect/twilio/2010-04-01/Accounts/key/Messages.json"] {
        let form = format!("{SEND}&ValidityPeriod=60&SmartEncoded=true&Whatever=1");
        let pair = if path == MESSAGES { format!("{}:secret", sid(&desk)) } else { "key:secret".to_owned() };
        let answer = ask_as(&desk, &pair, "POST", &path.replace("{AC}", &sid(&desk)), &form).await;
        assert_eq!(answer.status, 201, "{path}: {}", answer.text());
        let body = answer.json();
        assert_eq!(body["sid"], message_sid(message_id(1).0));
        assert_eq!((&body["account_sid"], &body["price"]), (&json!(sid(&desk)), &json!("-0.05")));
        assert_eq!((&body["num_segments"], &body["direction"]), (&json!("1"), &json!("outbound-api")));
        assert_eq!(
            body["uri"],
            format!("/2010-04-01/Accounts/{}/Messages/{}.json", sid(&desk), body["sid"].as_str().unwrap())
        );
    }
    let submissions = desk.submissions.lock().unwrap();
    let draft = &submissions[0].drafts[0];
    assert_eq!(submissions[0].door, Door::Twilio);
    assert_eq!(draft.content, Content::Text("hello there".to_owned()));
    assert_eq!(draft.expires_at, Some(desk.now().plus_ms(60_000)));
    assert!(draft.report.steps);
}

#[tokio::test]
async fn a_messaging_service_is_a_pool_of_senders() {
    let pool = crate::testing::pool_id();
    for service in [pool.to_string(), format!("MG{}", pool.0.hex())] {
        let desk = Arc::new(FakeDesk::default());
        let form = format!("To=%2B447911123456&MessagingServiceSid={service}&Body=x");
        assert_eq!(ask(&desk, "POST", MESSAGES, &form).await.status.as_u16(), 201, "{service}");
        let submissions = desk.submissions.lock().unwrap();
        let source = &submissions[0].drafts[0].source;
        assert_eq!(*source, types::resource::pool_address(&pool.to_string()));
    }
}

#[tokio::test]
async fn refuses_a_message_with_its_own_numbers() {
    let cases = [
        ("From=A&Body=x", 21_604),
        ("To=%2B447911123456&Body=x", 21_603),
        ("To=%2B447911123456&From=A", 21_602),
        ("To=%2B447911123456&From=A&Body=", 21_602),
        ("To=%2B447911123456&MessagingServiceSid=MG0&Body=x", 21_701),
        ("To=whatsapp:%2B447911123456&From=whatsapp:%2B1&Body=x", 63_007),
        ("To=%2B447911123456&From=A&Body=x&MediaUrl=https://a.example/", 20_001),
        ("To=%2B447911123456&From=A&ContentSid=HX1", 20_001),
        ("To=%2B447911123456&From=A&Body=x&ContentRetention=discard", 20_001),
        ("To=%2B447911123456&From=A&Body=x&ValidityPeriod=0", 20_001),
        ("To=%2B447911123456&From=A&Body=x&ValidityPeriod=36001", 20_001),
        ("To=%2B447911123456&From=A&Body=x&SendAt=2030-01-01T00:00:00Z", 35_111),
        ("To=%2B447911123456&From=A&Body=x&ScheduleType=fixed&SendAt=tomorrow", 35_114),
        ("To=%2B447911123456&From=A&Body=%ff", 20_001),
    ];
    for (form, code) in cases {
        let desk = Arc::new(FakeDesk::default());
        let answer = ask(&desk, "POST", MESSAGES, form).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (400, &json!(code)), "{form}");
        assert_eq!(answer.json()["more_info"], format!("https://www.twilio.com/docs/errors/{code}"));
        assert!(desk.submissions.lock().unwrap().is_empty(), "{form}");
        assert_eq!(desk.noted.lock().unwrap().len(), 1, "{form}");
    }
}

#[tokio::test]
async fn every_refusal_of_the_core_has_a_number_and_a_status() {
    for code in RefusalCode::ALL {
        let rejection = Some(Rejected::whole(Refusal::new(*code, "because").retry_after(7))).into();
        let desk = Arc::new(FakeDesk { rejection, ..FakeDesk::default() });
        let answer = ask(&desk, "POST", MESSAGES, SEND).await;
        let (status, number) = of(*code);
        assert_eq!((answer.status, answer.json()["code"].clone()), (status, json!(number)), "{code:?}");
        assert_eq!(answer.json()["status"], status.as_u16());
        assert_eq!(answer.header("retry-after"), Some("7"));
        let page = include_str!("../../../../../docs/integrate/twilio.md");
        let row = format!("| {} | {number} | ", status.as_u16());
        let named =
            page.lines().any(|line| line.starts_with(&row) && line.contains(&format!("`{}`", code.code())));
        assert!(named, "docs/integrate/twilio.md wants `{}` in the row {row}", code.code());
    }
}

#[tokio::test]
async fn only_who_may_is_let_in() {
    let desk = Arc::new(FakeDesk::default());
    let stranger = write_sid(desk.account(STRANGER).unwrap().sid);
    let child = write_sid(desk.account(CHILD).unwrap().sid);
    let own = sid(&desk);
    let cases = [
        (format!("{own}:secret"), own.clone(), 200),
        ("key:secret".to_owned(), own.clone(), 200),
        ("key:secret".to_owned(), child.clone(), 200),
        ("read:secret".to_owned(), own.clone(), 200),
        ("read:secret".to_owned(), child.clone(), 401),
        ("send:secret".to_owned(), own.clone(), 403),
        (format!("{own}:wrong"), own.clone(), 401),
        ("key:secret".to_owned(), stranger.clone(), 401),
        (format!("{stranger}:secret"), own.clone(), 401),
        (format!("{own}:secret"), "AC0".to_owned(), 401),
        ("nobody:secret".to_owned(), own.clone(), 401),
    ];
    for (pair, account, status) in cases {
        let path = format!("/2010-04-01/Accounts/{account}/Balance.json");
        let answer = ask_as(&desk, &pair, "GET", &path, "").await;
        assert_eq!(answer.status, status, "{pair} {account}: {}", answer.text());
        if status == 401 {
            assert_eq!(answer.json()["code"], 20_003);
            assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"Twilio API\""));
        }
    }
    let bare = Request::get(format!("/2010-04-01/Accounts/{own}/Balance.json")).body(Body::empty()).unwrap();
    assert_eq!(call(&router_of(&desk), bare).await.status, 401);
}

#[tokio::test]
async fn lists_in_pages_that_the_official_client_can_walk() {
    let desk = Arc::new(FakeDesk::default());
    let query = "?To=%2B447911123456&DateSent%3E=2026-01-01T00:00:00Z&DateSent%3C=2036-01-01&PageSize=1";
    let first = ask(&desk, "GET", &format!("{MESSAGES}{query}"), "").await;
    assert_eq!(first.status, 200, "{}", first.text());
    let body = first.json();
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    let known = [
        "end",
        "first_page_uri",
        "messages",
        "next_page_uri",
        "page",
        "page_size",
        "previous_page_uri",
        "start",
        "uri",
    ];
    assert_eq!(keys, known, "another member would be taken for the list");
    assert_eq!(body["messages"].as_array().unwrap().len(), 1);
    let asked = desk.queries.lock().unwrap()[0].clone();
    assert_eq!(asked.since, Timestamp::parse_rfc3339("2026-01-01T00:00:00Z"));
    assert_eq!(asked.until, Timestamp::parse_rfc3339("2036-01-02T00:00:00Z"));
    assert_eq!(asked.recipient.unwrap().expose(), "+447911123456");
    let next = body["next_page_uri"].as_str().unwrap_or_default();
    assert!(next.is_empty() || next.contains("&PageToken=PASM"), "{next}");
    for query in ["?PageSize=x", "?PageToken=PA1", "?DateSent=yesterday"] {
        assert_eq!(ask(&desk, "GET", &format!("{MESSAGES}{query}"), "").await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn changes_and_deletes_what_may_be() {
    let desk = Arc::new(FakeDesk::default());
    let one = format!("/2010-04-01/Accounts/{{AC}}/Messages/{}.json", message_sid(message_id(1).0));
    let cases = [
        ("GET", one.as_str(), "", 200),
        ("POST", &one, "Status=canceled", 200),
        ("POST", &one, "Body=", 200),
        ("POST", &one, "Body=other", 400),
        ("POST", &one, "Status=canceled&Body=", 400),
        ("POST", &one, "", 400),
        ("DELETE", &one, "", 204),
        ("PUT", &one, "", 405),
        ("GET", "/2010-04-01/Accounts/{AC}/Messages/SM0.json", "", 404),
        ("GET", "/2010-04-01/Accounts/{AC}/Calls.json", "", 404),
        ("POST", "/2010-04-01/Accounts/{AC}/Calls.json", "To=1", 404),
        ("GET", "/v1/Services/MG0", "", 404),
        ("GET", "/v1/Services/MG0/AlphaSenders", "", 404),
        ("GET", "/2010-04-01/Accounts/{AC}/Usage/Records/Hourly.json", "", 404),
    ];
    for (method, path, form, status) in cases {
        let answer = ask(&desk, method, path, form).await;
        assert_eq!(answer.status, status, "{method} {path} {form}: {}", answer.text());
    }
    let media = one.replace(".json", "/Media.json");
    assert_eq!(ask(&desk, "GET", &media, "").await.json()["media_list"], json!([]));
}

#[tokio::test]
async fn speaks_xml_where_the_address_does_not_say_json() {
    let desk = Arc::new(FakeDesk::default());
    let answer = ask(&desk, "GET", "/2010-04-01/Accounts/{AC}/Balance", "").await;
    assert_eq!(answer.header("content-type"), Some("application/xml;charset=utf-8"));
    let text = answer.text();
    assert!(text.contains("<TwilioResponse><Balance><AccountSid>AC"), "{text}");
    assert!(text.contains("<Balance>249.95</Balance><Currency>EUR</Currency>"), "{text}");
    let answer = ask(&desk, "GET", "/2010-04-01/Accounts/{AC}/Messages/SM0.xml", "").await;
    assert!(answer.text().contains("<RestException><Code>20404</Code>"), "{}", answer.text());
    let list = ask(&desk, "GET", "/2010-04-01/Accounts/{AC}/Messages", "").await.text();
    assert!(list.contains("<Messages><Message>"), "{list}");
}

#[tokio::test]
async fn tells_accounts_usage_and_numbers() {
    let desk = Arc::new(FakeDesk::default());
    let get = async |path: &str| -> Value {
        let answer = ask(&desk, "GET", &format!("/2010-04-01/Accounts{path}"), "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    };
    assert_eq!(get("/{AC}.json").await["sid"], sid(&desk));
    assert_eq!(get(".json").await["accounts"][0]["sid"], sid(&desk));
    let usage = get("/{AC}/Usage/Records.json?Category=sms").await;
    assert_eq!(usage["usage_records"][0]["category"], "sms");
    assert!(get("/{AC}/IncomingPhoneNumbers.json").await["incoming_phone_numbers"].is_array());
    assert_eq!(get("/{AC}/AvailablePhoneNumbers/GB/Mobile.json").await["available_phone_numbers"], json!([]));
}

#[test]
fn states_become_words_that_clients_know() {
    let words = [
        "accepted",
        "scheduled",
        "queued",
        "sending",
        "sent",
        "delivered",
        "undelivered",
        "failed",
        "canceled",
    ];
    for state in State::ALL {
        let told = told(*state, types::message::Reason::None);
        assert!(words.contains(&told.status), "{state}");
        assert_eq!(told.error.is_some(), matches!(told.status, "undelivered" | "failed"), "{state}");
    }
}

#[tokio::test]
async fn services_are_pools_and_their_lists_say_where_the_next_page_is() {
    let desk = Arc::new(FakeDesk::default());
    let sid = format!("MG{}", crate::testing::pool_id().0.hex());
    let one = format!("/v1/Services/{sid}");
    let list = ask(&desk, "GET", "/v1/Services?PageSize=1", "").await.json();
    assert_eq!((&list["meta"]["key"], &list["services"][0]["sid"]), (&json!("services"), &json!(sid)));
    assert_eq!(list["services"][0]["url"], format!("{}{one}", crate::testing::PUBLIC_URL));
    assert_eq!(ask(&desk, "GET", &one, "").await.json()["account_sid"], self::sid(&desk));
    let made = ask(&desk, "POST", "/v1/Services", "FriendlyName=news&StickySender=false").await;
    assert_eq!((made.status.as_u16(), made.json()["sticky_sender"].clone()), (201, json!(false)));
    assert_eq!(ask(&desk, "POST", "/v1/Services", "").await.status, 400);
    assert_eq!(ask(&desk, "POST", &one, "FriendlyName=other").await.json()["friendly_name"], "other");
    assert_eq!(ask(&desk, "DELETE", &one, "").await.status, 204);
    assert_eq!(ask_as(&desk, "read:secret", "POST", &one, "").await.status, 403);
    assert_eq!(ask_as(&desk, "stranger:secret", "GET", &one, "").await.status, 404);
}
