//! What `POST /api/v1/messages` refuses before the core hears of it, as a table.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::Request;
use http_body_util::StreamBody;
use hyper::body::Frame;
use serde_json::json;
use types::message::RECIPIENTS_MAX;

use crate::body::MESSAGES_OCTETS_MAX;
use crate::testing::{FakeDesk, call, request, router_of};

async fn check(body: impl Into<Body>, status: u16, code: &str, field: Option<&str>, what: &str) {
    let desk = Arc::new(FakeDesk::default());
    let answer = call(&router_of(&desk), request("POST", "/api/v1/messages", body.into())).await;
    let problem = answer.json();
    assert_eq!(answer.status, status, "{what}: {problem}");
    assert_eq!(
        (problem["code"].as_str(), problem["field"].as_str()),
        (Some(code), field),
        "{what}: {problem}"
    );
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert!(desk.submissions.lock().unwrap().is_empty(), "{what}");
    assert_eq!(desk.noted.lock().unwrap().len(), usize::from(what != "callback"), "{what}");
}

#[tokio::test]
async fn refuses_what_is_not_documented() {
    let cases: &[(&str, Option<&str>)] = &[
        (r#"{"from":"A","to":"44","text":"x","colour":1}"#, Some("colour")),
        (r#"{"from":"A","to":447911123456,"text":"x"}"#, Some("to")),
        (r#"{"from":["A"],"to":"44","text":"x"}"#, Some("from")),
        (r#"{"from":"A","to":"44","text":null}"#, Some("text")),
        (r#"{"from":"A","to":"44"}"#, Some("text")),
        (r#"{"to":"44","text":"x"}"#, Some("from")),
        (r#"{"from":"A","text":"x"}"#, Some("to")),
        (r#"{"from":"A","to":"44","recipients":["44"],"text":"x"}"#, Some("recipients")),
        (r#"{"from":"A","recipients":[],"text":"x"}"#, Some("recipients")),
        (r#"{"from":"A","recipients":"44","text":"x"}"#, Some("recipients")),
        (r#"{"from":"A","recipients":["44",44],"text":"x"}"#, Some("recipients[1]")),
        (r#"{"from":"A","recipients":[["44"]],"text":"x"}"#, Some("recipients[0]")),
        (r#"{"from":"A","recipients":[{"to":"44","text":"y"}],"text":"x"}"#, Some("recipients[0].text")),
        (r#"{"from":"A","recipients":[{"client_reference":"y"}],"text":"x"}"#, Some("recipients[0].to")),
        (
            r#"{"from":"A","recipients":[{"to":"44","client_reference":"\n"}],"text":"x"}"#,
            Some("recipients[0].client_reference"),
        ),
        (r#"{"from":"A","to":"44","text":"{a}","parameters":["a"]}"#, Some("parameters")),
        (r#"{"from":"A","to":"44","text":"x","validity_s":0}"#, Some("validity_s")),
        (r#"{"from":"A","to":"44","text":"x","validity_s":1.5}"#, Some("validity_s")),
        (r#"{"from":"A","to":"44","text":"x","validity_s":4294967296}"#, Some("validity_s")),
        (r#"{"from":"A","to":"44","text":"x","send_at":"tomorrow"}"#, Some("send_at")),
        (r#"{"from":"A","to":"44","text":"x","send_at":1795000000}"#, Some("send_at")),
        (r#"{"from":"A","to":"44","text":"x","class":"urgent"}"#, Some("class")),
        (r#"{"from":"A","to":"44","text":"x","dry_run":"yes"}"#, Some("dry_run")),
        (r#"{"from":"A","to":"44","text":"x","client_reference":"a\u0000b"}"#, Some("client_reference")),
        (r#"{"from":"A","to":"44","text":"x","text":"y"}"#, Some("text")),
        (r#"["A","44",null,"x"]"#, None),
        (r#"{"from":"A","to":"44","text":"\ud800"}"#, None),
        (r#"{"from":"A","to":"44","text":"x"},"#, None),
        (r#"{'from':'A'}"#, None),
        ("null", None),
        ("", None),
    ];
    for (body, field) in cases {
        check(*body, 400, "invalid_request", *field, body).await;
    }
    check(&b"{\"from\":\"\xff\"}"[..], 400, "invalid_request", None, "UTF-8").await;
    let deep = format!("{}{}", "{\"a\":[".repeat(17), "1");
    check(deep, 400, "invalid_request", None, "depth").await;
    let reference = "r".repeat(256);
    let body = json!({"from": "A", "to": "44", "text": "x", "client_reference": reference}).to_string();
    check(body, 400, "invalid_request", Some("client_reference"), "reference").await;
    let body = json!({"from": "A", "to": "44", "text": "x", "traffic_type": "t".repeat(33)}).to_string();
    check(body, 400, "invalid_request", Some("traffic_type"), "traffic type").await;
    let body = json!({"from": "A", "to": "44", "text": "x", "callback_url": "ftp://x"}).to_string();
    check(body, 400, "invalid_request", Some("callback_url"), "callback").await;
}

#[tokio::test]
async fn refuses_a_text_that_its_parameters_do_not_fit() {
    let cases = [
        (r#"{"from":"A","to":"44","text":"{a","parameters":{}}"#, "text"),
        (r#"{"from":"A","to":"44","text":"{a}","parameters":{"b":"1"}}"#, "parameters"),
        (
            r#"{"from":"A","recipients":["44",{"to":"44","parameters":{"a":"1"}}],"text":"{a}"}"#,
            "recipients[0].parameters",
        ),
    ];
    for (body, field) in cases {
        check(body, 422, "invalid_template", Some(field), body).await;
    }
}

#[tokio::test]
async fn limits_recipients_and_what_they_take_in_memory() {
    let list = vec!["447911123456"; RECIPIENTS_MAX];
    let desk = Arc::new(FakeDesk::default());
    let body = json!({"from": "A", "recipients": list, "text": "x"}).to_string();
    let answer = call(&router_of(&desk), request("POST", "/api/v1/messages", body)).await;
    assert_eq!(answer.status, 202);
    assert_eq!(desk.submissions.lock().unwrap()[0].drafts.len(), RECIPIENTS_MAX);

    let more = vec!["447911123456"; RECIPIENTS_MAX + 1];
    let body = json!({"from": "A", "recipients": more, "text": "x"}).to_string();
    check(body, 422, "too_many_recipients", Some("recipients"), "one more").await;
    let body = json!({"from": "A", "recipients": list, "text": "x".repeat(10_000)}).to_string();
    check(body, 422, "too_many_recipients", Some("recipients"), "memory").await;
}

#[tokio::test]
async fn limits_the_body_with_and_without_a_stated_length() {
    let large = vec![b' '; MESSAGES_OCTETS_MAX + 1];
    check(large.clone(), 413, "body_too_large", None, "stated").await;
    let frames = large
        .chunks(1024 * 1024)
        .map(|chunk| Ok::<_, std::io::Error>(Frame::data(Bytes::copy_from_slice(chunk))));
    let frames: Vec<_> = frames.collect();
    let stream = Body::new(StreamBody::new(futures(frames)));
    check(stream, 413, "body_too_large", None, "streamed").await;
    let broken = vec![Ok(Frame::data(Bytes::from_static(b"{"))), Err(std::io::Error::other("gone"))];
    check(Body::new(StreamBody::new(futures(broken))), 400, "invalid_request", None, "broken off").await;
}

fn futures<T: Send + 'static>(items: Vec<T>) -> impl futures_util::Stream<Item = T> + Send {
    futures_util::stream::iter(items)
}

#[tokio::test]
async fn reads_json_only() {
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/json; charset=utf-16"),
    ] {
        let desk = Arc::new(FakeDesk::default());
        let mut builder = Request::post("/api/v1/messages").header("authorization", "Basic a2V5OnNlY3JldA==");
        if let Some(value) = content_type {
            builder = builder.header("content-type", value);
        }
        let answer = call(&router_of(&desk), builder.body(Body::from("{}")).unwrap()).await;
        assert_eq!(answer.status, 415, "{content_type:?}");
        assert_eq!(answer.json()["code"], "unsupported_media_type");
    }
}
