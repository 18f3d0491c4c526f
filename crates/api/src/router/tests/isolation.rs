//! No customer reaches another's data: every address of this door, asked with a stranger's key for
//! what belongs to somebody else.

use std::sync::Arc;

use app::Scope;
use axum::body::Body;
use axum::http::Request;

use crate::dialect;
use crate::native::OPERATIONS;
use crate::testing::{FakeDesk, STRANGER, call, detail, message_id, router_of};

/// Texts that only the owner may read.
fn owned() -> Vec<String> {
    let detail = detail();
    vec![
        message_id(1).to_string(),
        message_id(1).0.base32(),
        detail.submission.to_string(),
        "447911123456".to_owned(),
        "order-1".to_owned(),
        "hello".to_owned(),
        "STOP".to_owned(),
        "249.95".to_owned(),
        "\"demo\"".to_owned(),
        "whsec_".to_owned(),
    ]
}

/// The path of an operation with somebody else's id; a parameter that is not known here stops the
/// test, so that no operation escapes it.
fn filled(path: &str) -> String {
    let filled = path.replace("{id}", &message_id(1).to_string());
    assert!(!filled.contains('{'), "say what {path} is filled with");
    filled
}

/// Asks as a stranger; what was asked for must not be in the answer.
async fn ask(desk: &Arc<FakeDesk>, request: Request<Body>, asked: &str) -> u16 {
    let what = format!("{} {}", request.method(), request.uri());
    let answer = call(&router_of(desk), request).await;
    let text = answer.text();
    for one in owned() {
        assert!(!text.replace(asked, "").contains(&one), "{what} tells {one}: {text}");
    }
    let scopes = desk.scopes.lock().unwrap();
    assert!(scopes.iter().all(|scope| *scope == Scope::Account(STRANGER)), "{what}: {scopes:?}");
    let submissions = desk.submissions.lock().unwrap();
    assert!(submissions.iter().all(|submission| submission.account == STRANGER), "{what}");
    answer.status.as_u16()
}

/// A desk whose owner has a callback address too.
fn desk() -> Arc<FakeDesk> {
    let desk = FakeDesk::default();
    desk.webhooks.lock().unwrap().push(Some(app::EndpointView {
        id: types::id::EndpointId(3),
        kind: types::account::EndpointKind::Webhook,
        url: "https://owner.example/events".to_owned().into(),
        secret: "whsec_c2VjcmV0".to_owned().into(),
        disabled: false,
        is_default: true,
    }));
    Arc::new(desk)
}

#[tokio::test]
async fn no_operation_shows_a_stranger_anything() {
    for operation in OPERATIONS {
        let path = filled(operation.path);
        let request = Request::builder()
            .method(operation.method.to_uppercase().as_str())
            .uri(&path)
            .header("authorization", "Bearer stranger.secret")
            .header("content-type", "application/json");
        let body = match (operation.method, operation.path) {
            ("post", "/api/v1/messages") => r#"{"from":"A","to":"32470000000","text":"x","dry_run":true}"#,
            ("put", _) => r#"{"url":null}"#,
            _ => "",
        };
        let status = ask(&desk(), request.body(Body::from(body)).unwrap(), "").await;
        let expected = if operation.path.contains('{') { 404 } else { 200 };
        assert_eq!(status, expected, "{} {path}", operation.method);
    }
}

#[tokio::test]
async fn no_address_of_a_dialect_shows_a_stranger_anything() {
    let id = message_id(1).0.base32();
    let query = format!(
        "key=stranger&secret=secret&messageid={id}&from=A&to=32470000000&text=x&countryCode=32&nationalNumber=470000000"
    );
    let mut asked = 0;
    for path in dialect::paths() {
        for path in [path.to_owned(), format!("/dialect/paasoo{path}")] {
            let request = Request::get(format!("{path}?{query}")).body(Body::empty()).unwrap();
            // A submission of the stranger's own is answered with the first id of the fake.
            let own = if path.ends_with("/json") { id.as_str() } else { "" };
            assert_eq!(ask(&desk(), request, own).await, 200, "{path}");
            asked += 1;
        }
    }
    assert!(asked >= 32, "{asked}");
}
