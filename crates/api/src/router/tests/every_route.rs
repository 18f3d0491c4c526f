//! Bad input for every operation, made from the OpenAPI document, so that a new one is tried by itself:
//! parameters and members that are unknown, doubled, mistyped, too large or wrongly encoded.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde_json::{Map, Value, json};

use crate::body::MESSAGES_OCTETS_MAX;
use crate::native::{OPERATIONS, Operation};
use crate::router::tests::{is_foreign, query_of};
use crate::testing::{Answer, FakeDesk, call, request, router_of, webhook};

fn document() -> Value {
    serde_json::from_str(&crate::openapi_document("")).unwrap()
}

fn path_of(operation: &Operation) -> String {
    operation.path.replace("{id}", "3")
}

/// A door over a desk that has one webhook.
struct Door {
    router: Router,
    desk: Arc<FakeDesk>,
}

impl Door {
    fn new() -> Self {
        let desk = FakeDesk::default();
        desk.webhooks.lock().unwrap().push(Some(webhook(3, "https://owner.example/")));
        let desk = Arc::new(desk);
        Self { router: router_of(&desk), desk }
    }

    async fn ask(&self, operation: &Operation, query: &str, content_type: &str, body: Vec<u8>) -> Answer {
        let path = format!("{}{query}", path_of(operation));
        let mut request = request(&operation.method.to_uppercase(), &path, Body::from(body));
        request.headers_mut().remove("content-type");
        if !content_type.is_empty() {
            request.headers_mut().insert("content-type", content_type.parse().unwrap());
        }
        call(&self.router, request).await
    }

    /// Checks that a request was refused as such, that the refusal is written properly, and that nothing
    /// came of it.
    fn check(&self, answer: &Answer, status: u16, field: Option<&str>, what: &str) {
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
        if let Some(field) = field {
            assert_eq!(answer.json()["field"], field, "{what}: {}", answer.text());
        }
        let desk = &self.desk;
        let is_untouched =
            desk.submissions.lock().unwrap().is_empty() && desk.onces.lock().unwrap().is_empty();
        assert!(is_untouched && desk.webhooks.lock().unwrap().len() == 1, "{what} did something");
    }
}

/// The document that an operation reads, if it reads one: its members, and one that is taken.
fn body_of(document: &Value, operation: &Operation) -> Option<(Map<String, Value>, Value)> {
    let content = &document["paths"][operation.path][operation.method]["requestBody"]["content"];
    let schema = &content["application/json"]["schema"];
    let one_of = schema["oneOf"].as_array();
    let named = one_of.and_then(|all| all.iter().find(|one| one.get("$ref").is_some())).unwrap_or(schema);
    let pointer = named["$ref"].as_str()?.strip_prefix('#')?;
    let schema = document.pointer(pointer)?;
    let example = schema.get("example").or_else(|| schema["examples"].get(0));
    Some((schema["properties"].as_object()?.clone(), example.cloned().unwrap_or_else(|| json!({}))))
}

/// Whether an operation may be sent `null` where it asks for what is usual.
fn may_be_null(document: &Value, operation: &Operation) -> bool {
    let content = &document["paths"][operation.path][operation.method]["requestBody"]["content"];
    let one_of = content["application/json"]["schema"]["oneOf"].as_array();
    one_of.is_some_and(|all| all.iter().any(|one| one["type"] == "null"))
}

fn octets(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

#[tokio::test]
async fn queries_that_no_operation_knows_are_refused() {
    let (document, door) = (document(), Door::new());
    for operation in OPERATIONS {
        let what = format!("{} {}", operation.method, operation.path);
        for (query, field) in [
            ("?colour=red", Some("colour")),
            ("?Limit=5", Some("Limit")),
            ("?a=%ff", Some("a")),
            ("?a=%4", Some("a")),
            ("?%zz=1", None),
        ] {
            let answer = door.ask(operation, query, "", Vec::new()).await;
            door.check(&answer, 400, field, &format!("{what}{query}"));
        }
        let many = format!("?{}", "limit=1&".repeat(101));
        door.check(&door.ask(operation, &many, "", Vec::new()).await, 400, None, &what);
        for name in operation.query {
            let twice = format!("?{name}=1&{name}=1");
            let answer = door.ask(operation, &twice, "", Vec::new()).await;
            let field = (!operation.repeatable.contains(name)).then_some(*name);
            door.check(&answer, 400, field, &format!("{what}{twice}"));
            for value in ["", "%00", "%F0%9F%92%A9", "'+OR+1=1+--", "../../etc/passwd", "-1", "1e9"] {
                let query = format!("?{name}={value}");
                let answer = door.ask(operation, &query, "", Vec::new()).await;
                // Numbers and senders are judged by the core; every other parameter has a form of its own.
                if !["to", "from"].contains(name) {
                    door.check(&answer, 400, Some(name), &format!("{what}{query}"));
                }
                assert!(answer.status.as_u16() < 500, "{what}{query}");
            }
        }
        // What the document says of parameters is what is read.
        let described = document["paths"][operation.path][operation.method]["parameters"].as_array().cloned();
        let in_query =
            described.unwrap_or_default().into_iter().filter(|parameter| parameter["in"] == "query");
        let mut names: Vec<String> =
            in_query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect();
        let mut known: Vec<String> = operation.query.iter().map(|name| (*name).to_owned()).collect();
        names.sort();
        known.sort();
        assert_eq!(names, known, "{what}");
    }
}

#[tokio::test]
async fn bodies_that_are_not_what_they_should_be_are_refused() {
    let (document, door) = (document(), Door::new());
    let kinds = [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "",
    ];
    let mut read = 0;
    for operation in OPERATIONS {
        let what = format!("{} {}", operation.method, operation.path);
        let Some((_, good)) = body_of(&document, operation) else { continue };
        read += 1;
        for kind in kinds {
            let answer = door.ask(operation, query_of(operation), kind, octets(&good)).await;
            door.check(&answer, 415, None, &format!("{what} as {kind:?}"));
        }
        let cut = octets(&good)[..octets(&good).len() - 1].to_vec();
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(40), "]".repeat(40)).into_bytes();
        let cases: [(&str, Vec<u8>); 8] = [
            ("an array", octets(&json!([good]))),
            ("a text", octets(&json!("x"))),
            ("null", b"null".to_vec()),
            ("cut", cut),
            ("two", [octets(&good), octets(&good)].concat()),
            ("not UTF-8", b"{\"a\":\"\xff\"}".to_vec()),
            ("half a character", br#"{"url":"\ud800"}"#.to_vec()),
            ("deep", deep),
        ];
        for (case, body) in cases {
            if case == "null" && may_be_null(&document, operation) {
                continue;
            }
            let answer = door.ask(operation, query_of(operation), "application/json", body).await;
            door.check(&answer, 400, None, &format!("{what}: {case}"));
        }
        let large = vec![b' '; MESSAGES_OCTETS_MAX + 1];
        let answer = door.ask(operation, query_of(operation), "application/json", large).await;
        door.check(&answer, 413, None, &format!("{what}: large"));
    }
    assert!(read >= 11, "{read}");
}

#[tokio::test]
async fn members_that_are_unknown_doubled_or_mistyped_are_named() {
    let (document, door) = (document(), Door::new());
    let kind = "application/json";
    for operation in OPERATIONS {
        let what = format!("{} {}", operation.method, operation.path);
        let Some((members, good)) = body_of(&document, operation) else { continue };
        let mut unknown = good.clone();
        unknown["colour"] = json!("red");
        let query = query_of(operation);
        let answer = door.ask(operation, query, kind, octets(&unknown)).await;
        if is_foreign(operation) {
            assert_eq!(answer.status, 200, "{what}: others may add to their documents");
            door.desk.submissions.lock().unwrap().clear();
        } else {
            door.check(&answer, 400, Some("colour"), &format!("{what}: unknown"));
        }
        for name in members.keys() {
            let twice = format!("{{\"{name}\":null,\"{name}\":null}}").into_bytes();
            let answer = door.ask(operation, query, kind, twice).await;
            door.check(&answer, 400, Some(name), &format!("{what}: {name} twice"));
            for value in [json!({"a": 1}), json!([[1]]), json!(-1.5), json!([{"b": []}])] {
                let mut bad = good.clone();
                bad[name] = value.clone();
                let answer = door.ask(operation, query, kind, octets(&bad)).await;
                let field = answer.json()["field"].as_str().unwrap_or("").to_owned();
                assert!(field.starts_with(name.as_str()), "{what}: {name} {value}: {}", answer.text());
                door.check(&answer, 400, None, &format!("{what}: {name} {value}"));
            }
        }
    }
}

#[tokio::test]
async fn a_key_of_idempotency_is_read_the_same_everywhere() {
    let (document, door) = (document(), Door::new());
    let long = "k".repeat(256);
    for operation in OPERATIONS.iter().filter(|operation| operation.method == "post") {
        let body = body_of(&document, operation).map_or_else(Vec::new, |(_, good)| octets(&good));
        for keys in [&[""][..], &["a b"], &["é"], &[&long], &["a", "b"]] {
            let path = format!("{}{}", path_of(operation), query_of(operation));
            let mut request = Request::post(path)
                .header("authorization", "Bearer key.secret")
                .header("content-type", "application/json");
            for key in keys {
                request = request.header("idempotency-key", key.as_bytes());
            }
            let answer = call(&door.router, request.body(Body::from(body.clone())).unwrap()).await;
            door.check(&answer, 400, Some("Idempotency-Key"), &format!("{} {keys:?}", operation.path));
        }
    }
}
