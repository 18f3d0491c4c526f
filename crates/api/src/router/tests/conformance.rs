//! What HTTP itself asks of every address: methods, media types, caches, names of requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use types::refusal::RefusalCode;

use crate::testing::{FakeDesk, call, message_id, request, router_of};

fn set(allow: &str) -> BTreeSet<String> {
    allow.split(',').map(|method| method.trim().to_owned()).collect()
}

#[tokio::test]
async fn the_document_and_the_router_know_the_same_methods() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let mut documented: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (method, path) in crate::openapi::operations() {
        let methods = documented.entry(path).or_default();
        methods.insert(method.to_uppercase());
        if method == "get" {
            methods.insert("HEAD".to_owned());
        }
    }
    for (path, methods) in documented {
        let filled = path.replace("{id}", &message_id(1).to_string());
        let answer = call(&router, request("OPTIONS", &filled, "")).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0), "{path}");
        assert_eq!(set(answer.header("allow").unwrap()), methods, "{path}");
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"] {
            if !methods.contains(method) {
                let answer = call(&router, request(method, &filled, "")).await;
                assert_eq!(answer.status, 405, "{method} {path}");
                assert_eq!(set(answer.header("allow").unwrap()), methods, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn asking_for_headers_alone_tells_them_and_does_nothing() {
    let desk = Arc::new(FakeDesk::default());
    let router = router_of(&desk);
    for path in
        ["/api/v1/balance", "/api/v1/openapi.json", "/api/docs", "/errors", "/errors/no_route", "/livez"]
    {
        let full = call(&router, request("GET", path, "")).await;
        let bare = call(&router, request("HEAD", path, "")).await;
        assert_eq!((bare.status, bare.body.len()), (full.status, 0), "{path}");
        assert_eq!(bare.header("content-type"), full.header("content-type"), "{path}");
        assert_eq!(bare.header("content-length"), Some(full.body.len().to_string().as_str()), "{path}");
    }
    for path in ["/json", "/api/json", "/dialect/paasoo/json"] {
        let path = format!("{path}?key=key&secret=secret&from=A&to=447911123456&text=x");
        let answer = call(&router, request("HEAD", &path, "")).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("GET,POST")), "{path}");
    }
    assert!(desk.submissions.lock().unwrap().is_empty());
}

#[tokio::test]
async fn every_answer_has_a_name_and_is_not_guessed_at() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let mut names = BTreeSet::new();
    let cases = [
        ("GET", "/api/v1/me", Some("no-store")),
        ("GET", "/api/v1/messages", Some("no-store")),
        ("GET", "/api/v1/messages/nothing", Some("no-store")),
        ("DELETE", "/api/v1/me", Some("no-store")),
        ("OPTIONS", "/api/v1/me", Some("no-store")),
        ("GET", "/balance?key=key&secret=secret", Some("no-store")),
        ("GET", "/livez", Some("no-store")),
        ("GET", "/readyz", Some("no-store")),
        ("GET", "/metrics", Some("no-store")),
        ("GET", "/nothing", Some("no-store")),
        ("GET", "/errors", Some("no-cache")),
        ("GET", "/errors/no_route", Some("no-cache")),
        ("GET", "/api/docs", Some("no-cache")),
        ("GET", "/api/docs/style.css", Some("no-cache")),
        ("GET", "/api/v1/openapi.json", Some("no-cache")),
    ];
    for (method, path, caching) in cases {
        let answer = call(&router, request(method, path, "")).await;
        assert_eq!(answer.header("cache-control"), caching, "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        let name = answer.header("x-request-id").unwrap_or_else(|| panic!("{path} has no name")).to_owned();
        assert!(name.starts_with("req_") && name.len() == 20, "{name}");
        assert!(names.insert(name), "{path}");
        let kind = answer.header("content-type").unwrap_or("");
        assert!(!kind.starts_with("text/") || kind.ends_with("charset=utf-8"), "{path}: {kind}");
    }
}

#[tokio::test]
async fn what_stays_the_same_is_asked_for_by_its_tag() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    for path in ["/api/v1/openapi.json", "/api/docs", "/api/docs/style.css", "/errors", "/errors/no_route"] {
        let tag = call(&router, request("GET", path, "")).await.header("etag").unwrap().to_owned();
        for (known, status) in [
            (tag.clone(), 304),
            (format!("W/{tag}"), 304),
            (format!("\"other\", {tag}"), 304),
            ("*".to_owned(), 304),
            ("\"other\"".to_owned(), 200),
        ] {
            let request = Request::get(path).header("if-none-match", &known).body(Body::empty()).unwrap();
            let answer = call(&router, request).await;
            assert_eq!(answer.status, status, "{path} {known}");
            assert_eq!(answer.header("etag"), Some(tag.as_str()), "{path}");
            assert_eq!(answer.body.is_empty(), status == 304, "{path}");
        }
    }
}

#[tokio::test]
async fn what_is_asked_for_in_another_form_comes_in_the_only_one() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    for accept in ["text/xml", "image/png;q=1, application/json;q=0", "nonsense"] {
        let mut request = request("GET", "/api/v1/balance", "");
        request.headers_mut().insert("accept", accept.parse().unwrap());
        let answer = call(&router, request).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/json")));
    }
}

#[tokio::test]
async fn a_compressed_body_is_not_read() {
    let desk = Arc::new(FakeDesk::default());
    let router = router_of(&desk);
    for (method, path) in [("POST", "/api/v1/messages"), ("PUT", "/api/v1/webhooks/default")] {
        for (coding, is_read) in [("gzip", false), ("br", false), ("identity", true)] {
            let mut request = request(method, path, "{}");
            request.headers_mut().insert("content-encoding", coding.parse().unwrap());
            let answer = call(&router, request).await;
            let expected =
                if is_read { RefusalCode::InvalidRequest } else { RefusalCode::UnsupportedMediaType };
            assert_eq!(answer.json()["code"], expected.code(), "{path} {coding}");
        }
    }
}
