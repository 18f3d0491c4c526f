//! The reference as a browser gets it.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use super::write;
use crate::native::OPERATIONS;
use crate::testing::{FakeDesk, call, router_of};

#[tokio::test]
async fn shows_every_operation_and_runs_nothing() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let answer = call(&router, Request::get("/api/docs").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';") && !policy.contains("unsafe"));
    let page = answer.text();
    for operation in OPERATIONS {
        let (method, path) = (operation.method.to_uppercase(), operation.path);
        let heading = format!("<span class=\"method\">{method}</span><code>{path}</code>");
        assert!(page.contains(&heading), "{method} {path}");
    }
    for inline in ["<script", " style=", "<style", " onclick", "javascript:"] {
        assert!(!page.contains(inline), "{inline}");
    }
    for outside in ["src=", "href=\"http"] {
        assert!(!page.contains(outside), "something of elsewhere: {outside}");
    }
}

#[test]
fn every_link_on_the_page_has_its_place() {
    let page = write(&crate::openapi::document("https://sms.example.com"));
    let values = |before: &str| -> BTreeSet<String> {
        page.split(before).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    };
    let places = values(" id=\"");
    let links: Vec<_> = values("href=\"#").into_iter().collect();
    assert!(links.len() > 20, "{links:?}");
    for link in links {
        assert!(places.contains(&link), "#{link}");
    }
    for expected in [
        "curl -u &quot;$KEY&quot; -X POST &quot;https://sms.example.com/api/v1/messages&quot;",
        "Your table is ready.",
        "/messages/$ID/explain",
        "/api/v1/hooks/grafana?to=447911123456&amp;from=Alerts&quot;",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
}

#[test]
fn what_a_document_says_is_text() {
    let hostile = "</code><script>alert(1)</script>";
    let document = json!({
        "openapi": "3.1.0",
        "info": {"title": hostile, "description": hostile},
        "servers": [{"url": hostile}],
        "tags": [{"name": "t", "description": hostile}],
        "paths": {hostile: {"get": {
            "tags": ["t"], "operationId": hostile, "summary": hostile, "description": hostile,
            "parameters": [{"name": hostile, "in": "query", "description": hostile, "schema": {"type": hostile, "format": hostile}}],
            "requestBody": {"content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{hostile}")}}}},
            "responses": {hostile: {"description": hostile}}
        }}},
        "components": {"schemas": {hostile: {"description": hostile, "example": {hostile: hostile}, "properties": {hostile: {
            "type": ["string", "null"], "description": hostile,
            "oneOf": [{"$ref": format!("#/components/schemas/{hostile}")}]
        }}}}}
    });
    let page = write(&document.to_string());
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"));
}

#[test]
fn a_document_that_leads_back_to_itself_ends() {
    let document = json!({
        "tags": [{"name": "t"}],
        "paths": {"/x": {"get": {"tags": ["t"], "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}}}},
        "components": {"schemas": {"A": {"properties": {"a": {"$ref": "#/components/schemas/A"}}}}}
    });
    assert!(write(&document.to_string()).contains("schema-A"));
    assert!(write("not JSON").contains("API reference"));
}
