//! The dialect as its clients read it: a status and a line.

use std::sync::Arc;

use app::submission::Rejected;
use axum::body::Body;
use axum::http::Request;
use types::message::{Content, Door};
use types::refusal::{Refusal, RefusalCode};

use super::{answer_of, named};
use crate::desk::Desk;
use crate::testing::{Answer, FakeDesk, call, message_id, router_of};

const KNOWN: &str = "username=key&password=secret";

async fn get(desk: &Arc<FakeDesk>, query: &str) -> Answer {
    let request = Request::get(format!("/cgi-bin/sendsms?{query}")).body(Body::empty()).unwrap();
    call(&router_of(desk), request).await
}

#[tokio::test]
async fn sends_to_one_and_to_several() {
    let desk = Arc::new(FakeDesk::default());
    let answer = get(&desk, &format!("{KNOWN}&from=ACME&to=447911123456&text=hello+there")).await;
    let id = |place| message_id(place).0.base32();
    assert_eq!(
        (answer.status.as_u16(), answer.text()),
        (202, format!("0: Accepted for delivery: {}", id(1)))
    );
    let query = "user=key&pass=secret&from=ACME&to=447911123456+447911123457&text=x&deferred=5&validity=60\
                 &dlr-mask=8&dlr-url=https://a.example/?d=%25d";
    let answer = get(&desk, query).await;
    assert_eq!(answer.text(), format!("3: Queued for later delivery: {} {}", id(1), id(2)));
    let submissions = desk.submissions.lock().unwrap();
    assert_eq!(submissions[0].door, Door::Dialect);
    assert_eq!(submissions[0].drafts[0].content, Content::Text("hello there".to_owned()));
    assert_eq!(submissions[0].drafts[0].report.endpoint, None);
    let draft = &submissions[1].drafts[1];
    assert_eq!(draft.send_at, Some(desk.now().plus_ms(300_000)));
    assert_eq!(draft.expires_at, Some(desk.now().plus_ms(3_600_000)));
    assert!(draft.report.steps && draft.report.endpoint.is_some());
}

#[tokio::test]
async fn refuses_with_its_own_statuses() {
    let many = vec!["447911123456"; 101].join("+");
    let cases = [
        (String::new(), 403),
        ("username=key&password=wrong&to=1&text=x".to_owned(), 403),
        ("username=read&password=secret&to=447911123456&text=x".to_owned(), 403),
        (format!("{KNOWN}&text=x"), 400),
        (format!("{KNOWN}&to=447911123456"), 400),
        (format!("{KNOWN}&to={many}&text=x"), 400),
        (format!("{KNOWN}&to=447911123456&text=x&coding=3"), 400),
        (format!("{KNOWN}&to=447911123456&text=x&mclass=0"), 400),
        (format!("{KNOWN}&to=447911123456&text=x&charset=latin1"), 400),
        (format!("{KNOWN}&to=447911123456&text=x&validity=-1"), 400),
        (format!("{KNOWN}&to=447911123456&text=x&dlr-mask=1&dlr-url=nowhere"), 400),
        (format!("{KNOWN}&to=447911123456&text=%ff"), 400),
    ];
    for (query, status) in cases {
        let desk = Arc::new(FakeDesk::default());
        assert_eq!(get(&desk, &query).await.status, status, "{query}");
        assert!(desk.submissions.lock().unwrap().is_empty());
        assert_eq!(desk.noted.lock().unwrap().len(), 1, "{query}");
    }
}

#[tokio::test]
async fn every_refusal_of_the_core_is_a_status() {
    for code in RefusalCode::ALL {
        let rejection = Some(Rejected::whole(Refusal::new(*code, "because"))).into();
        let desk = Arc::new(FakeDesk { rejection, ..FakeDesk::default() });
        let answer = get(&desk, &format!("{KNOWN}&to=447911123456&text=x")).await;
        let (status, words) = answer_of(*code);
        assert_eq!(answer.status, status, "{code:?}");
        assert!(answer.text().starts_with(words), "{code:?}");
    }
}

#[test]
fn signs_of_an_address_become_names() {
    let cases = [
        ("https://a.example/?d=%d&t=%P", "https://a.example/?d=%7Bbit%7D&t=%7Bto%7D"),
        ("https://a.example/?i=%I&w=%a&x=%T", "https://a.example/?i=%7Bid%7D&w=%7Bstat%7D&x=%7Bunix%7D"),
        ("https://a.example/%20%C3%A9%%", "https://a.example/%20%C3%A9%25"),
        ("https://a.example/?x=%d", "https://a.example/?x=%7Bbit%7D"),
        ("https://a.example/%", "https://a.example/%"),
    ];
    for (url, expected) in cases {
        assert_eq!(named(url), expected);
    }
}
