//! The OpenAPI document, the pages of codes, the probes and the callbacks.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use ports::BoxFuture;
use serde_json::{Value, json};
use types::message::State;
use types::refusal::RefusalCode;

use crate::desk::Desk;
use crate::native::OPERATIONS;
use crate::testing::{FakeDesk, call, router_of};
use crate::{ApiState, CallbackDesk, router_over};

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[test]
fn the_document_lists_exactly_the_operations_of_the_router() {
    let served: BTreeSet<_> =
        OPERATIONS.iter().map(|operation| (operation.method.to_owned(), operation.path.to_owned())).collect();
    let documented: BTreeSet<_> =
        crate::openapi::operations().into_iter().map(|(method, path)| (method.to_owned(), path)).collect();
    assert_eq!(served.len(), OPERATIONS.len());
    assert_eq!(served, documented);
}

#[tokio::test]
async fn every_operation_declares_its_refusals_as_problems() {
    let answer = call(&router_of(&Arc::new(FakeDesk::default())), get("/api/v1/openapi.json")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/json")));
    let document = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(document["servers"][0]["url"], "https://sms.example.com");
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(
        (&schemes["basic"]["scheme"], &schemes["bearer"]["scheme"]),
        (&json!("basic"), &json!("bearer"))
    );
    assert_eq!(document["security"], json!([{"basic": []}, {"bearer": []}]));
    for operation in OPERATIONS {
        let described = &document["paths"][operation.path][operation.method];
        assert!(
            described["operationId"].is_string() && described["summary"].is_string(),
            "{}",
            operation.path
        );
        let responses = described["responses"].as_object().unwrap();
        // An address that is too long is refused before there is a request that could be answered.
        let is_ours = |status: &str| status >= "400" && status != "431";
        let refusals: Vec<_> = responses.iter().filter(|(status, _)| is_ours(status)).collect();
        assert!(refusals.len() >= 4, "{}", operation.path);
        for (status, response) in refusals {
            let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Problem", "{} {status}", operation.path);
        }
    }
    assert_references(&document, &document);
    let list = document["paths"]["/api/v1/messages"]["get"]["parameters"].as_array().unwrap();
    let state = list.iter().find(|parameter| parameter["name"] == "state").unwrap();
    let names = State::ALL.iter().map(|state| state.as_str()).collect::<Vec<_>>().join("|");
    assert_eq!(state["schema"]["pattern"], format!("^({names})(,({names}))*$"));
    let submit = &document["components"]["schemas"]["SubmitBody"];
    assert_eq!(submit["additionalProperties"], json!(false));
    assert!(submit["example"].is_object() || submit["examples"].is_array());
}

/// The document from which the clients are made.
#[test]
fn the_document_that_clients_are_made_from_is_the_one_that_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../clients/openapi.json");
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let served: Value = serde_json::from_str(&crate::openapi_document("")).unwrap();
    // Printed whole, two documents that differ tell nobody where.
    for (name, part) in served["paths"].as_object().unwrap() {
        assert_eq!(kept["paths"][name], *part, "{name}: run `cargo xtask client`");
    }
    for (name, part) in served["components"]["schemas"].as_object().unwrap() {
        assert_eq!(kept["components"]["schemas"][name], *part, "{name}: run `cargo xtask client`");
    }
    assert!(kept == served, "run `cargo xtask client`");
}

/// Every reference of a document leads somewhere.
fn assert_references(document: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            members.values().for_each(|member| assert_references(document, member));
        }
        Value::Array(items) => items.iter().for_each(|item| assert_references(document, item)),
        _ => {}
    }
}

#[tokio::test]
async fn every_code_has_a_page_that_runs_nothing() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let index = call(&router, get("/errors")).await.text();
    for code in RefusalCode::ALL {
        let path = format!("/errors/{}", code.code());
        assert!(index.contains(&format!("href=\"{path}\"")), "{path}");
        let answer = call(&router, get(&path)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (200, Some("text/html; charset=utf-8"))
        );
        assert!(answer.header("content-security-policy").unwrap().contains("default-src 'none'"));
        assert!(answer.text().contains(&format!("<h1>{}</h1>", code.code())), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn probes_ask_the_store_at_most_twice_a_second() {
    let desk = Arc::new(FakeDesk::default());
    let router = router_of(&desk);
    assert_eq!(call(&router, get("/livez")).await.status, 200);
    for _ in 0..10 {
        assert_eq!(call(&router, get("/readyz")).await.status, 200);
    }
    assert_eq!(*desk.ready_calls.lock().unwrap(), 1);
    tokio::time::advance(std::time::Duration::from_millis(600)).await;
    assert_eq!(call(&router, get("/readyz")).await.status, 200);
    assert_eq!(*desk.ready_calls.lock().unwrap(), 2);
}

#[tokio::test]
async fn metrics_are_for_this_machine() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let cases = [
        (Some("127.0.0.1:5"), None, 200),
        (Some("[::ffff:127.0.0.1]:5"), None, 200),
        (Some("[::1]:5"), None, 200),
        (Some("127.0.0.1:5"), Some("x-forwarded-for"), 403),
        (Some("127.0.0.1:5"), Some("forwarded"), 403),
        (Some("192.0.2.1:5"), None, 403),
        (None, None, 403),
    ];
    for (peer, header, status) in cases {
        let mut request = get("/metrics");
        if let Some(peer) = peer {
            request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        }
        if let Some(header) = header {
            request.headers_mut().insert(header, "192.0.2.1".parse().unwrap());
        }
        assert_eq!(call(&router, request).await.status, status, "{peer:?} {header:?}");
    }
    let desk: Arc<dyn Desk> = Arc::new(FakeDesk::default());
    let open = router_over(desk, ApiState { metrics_for_all: true, ..ApiState::default() });
    let answer = call(&open, get("/metrics")).await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "chappe_up 1\n"));
}

#[derive(Default)]
struct Heard(Mutex<Vec<(String, String)>>);

impl CallbackDesk for Heard {
    fn receive(&self, connector: &str, token: &str, fields: Vec<(String, String)>) -> BoxFuture<'_, bool> {
        let is_known = connector == "acme" && token == "t0ken";
        self.0.lock().unwrap().extend(fields);
        Box::pin(async move { is_known })
    }
}

#[tokio::test]
async fn hands_callbacks_on_from_query_form_and_json() {
    let cases = [
        (
            "GET",
            "/callbacks/acme/t0ken?id=1&stat=DELIVRD",
            "",
            "",
            200,
            json!([["id", "1"], ["stat", "DELIVRD"]]),
        ),
        (
            "POST",
            "/callbacks/acme/t0ken?id=1",
            "application/x-www-form-urlencoded",
            "a=x+y",
            200,
            json!([["id", "1"], ["a", "x y"]]),
        ),
        (
            "POST",
            "/callbacks/acme/t0ken",
            "application/json",
            r#"{"a":"x","b":{"c":1},"d":2,"e":null}"#,
            200,
            json!([["a", "x"], ["b", "{\"c\":1}"], ["d", "2"], ["e", ""]]),
        ),
        ("POST", "/callbacks/acme/t0ken", "", "", 200, json!([])),
        ("POST", "/callbacks/acme/t0ken", "text/xml", "<a/>", 415, json!([])),
        ("POST", "/callbacks/acme/t0ken", "application/json", "[1]", 400, json!([])),
        ("GET", "/callbacks/acme/t0ken?a=%ff", "", "", 400, json!([])),
        ("GET", "/callbacks/acme/wrong", "", "", 404, json!([])),
    ];
    for (method, path, content_type, body, status, fields) in cases {
        let heard = Arc::new(Heard::default());
        let desk: Arc<dyn Desk> = Arc::new(FakeDesk::default());
        let callbacks: Arc<dyn CallbackDesk> = heard.clone();
        let router = router_over(desk, ApiState { callbacks: Some(callbacks), ..ApiState::default() });
        let mut request = Request::builder().method(method).uri(path);
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        let answer = call(&router, request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status, status, "{method} {path} {body}");
        assert_eq!(
            serde_json::to_value(&*heard.0.lock().unwrap()).unwrap(),
            fields,
            "{method} {path} {body}"
        );
    }
}
