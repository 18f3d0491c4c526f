//! The HTTP door: bodies of submissions and of alerts, queries of the PaaSoo dialect, and calls of carriers.
//!
//! Requests go through the whole router, over a desk that takes everything and looks at what it is given.

use std::sync::{Arc, Mutex, PoisonError};

use api::{ApiState, CallbackDesk};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, Uri};
use http_body_util::BodyExt as _;
use ports::BoxFuture;
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use super::{Target, outcome, roughly};
use desk::{Given, LookingDesk};

mod desk;
pub(super) mod dialects;

/// The body of `POST /api/v1/messages`.
pub(super) const SUBMIT: Target = Target {
    name: "submit_json",
    about: "POST /api/v1/messages with any body",
    make: || {
        let door = Door::new();
        Box::new(move |input: &[u8]| check_submit(&door, input))
    },
    words: &[
        b"{\"from\":\"ACME\",\"to\":\"447911123456\",\"text\":\"hello\"}",
        b"\"recipients\":[",
        b"{\"to\":\"447911123456\",\"client_reference\":\"1\"}",
        b",\"client_reference\":\"r\"",
        b",\"callback_url\":\"https://example.com/x\"",
        b",\"validity_s\":60",
        b",\"send_at\":\"2026-11-22T10:00:00Z\"",
        b",\"class\":\"bulk\"",
        b",\"traffic_type\":\"otp\"",
        b",\"dry_run\":true",
        b"\\u0000",
        b"\\ud83d\\ude00",
        b"null",
        b"1e999",
        b"[[[[",
        b"{\"",
    ],
    limit: 8_192,
    // A text is kept for each of its recipients, up to a limit of 64 MiB: half an input of texts for the other half
    // of recipients is the worst.
    octets_base: 256 * 1024,
    octets_per_octet: 4_096,
};

/// The bodies of `POST /api/v1/hooks/…`.
pub(super) const HOOKS: Target = Target {
    name: "hooks",
    about: "webhooks of alerting products with any body",
    make: || {
        let door = Door::new();
        Box::new(move |input: &[u8]| check_hook(&door, input))
    },
    words: &[
        b"{\"version\":\"4\",\"groupKey\":\"g\",\"status\":\"firing\",\"alerts\":[",
        b"{\"status\":\"firing\",\"labels\":{\"alertname\":\"Down\"}}",
        b"{\"status\":\"resolved\",\"startsAt\":\"2026-11-22T10:00:00Z\",\"fingerprint\":\"1a\"}",
        b",\"annotations\":{\"summary\":\"it is down\"}",
        b",\"groupLabels\":{\"alertname\":\"Down\"}",
        b",\"truncatedAlerts\":18446744073709551615",
        b"\"severity\":\"critical\"",
        b"\"instance\":\"a:1\"",
        b"]}",
        b",",
        b"\\u0000",
        b"\\n",
        b"\\ud83d\\ude00",
        b"null",
        b"{}",
        b"[[[[",
    ],
    limit: 16_384,
    octets_base: 256 * 1024,
    octets_per_octet: 256,
};

/// The query and the form of the PaaSoo dialect.
pub(super) const PAASOO: Target = Target {
    name: "paasoo",
    about: "the PaaSoo dialect with any query or form",
    make: || {
        let door = Door::new();
        Box::new(move |input: &[u8]| check_paasoo(&door, input))
    },
    words: &[
        b"key=key&secret=secret",
        b"&from=ACME",
        b"&to=447911123456",
        b"&text=hello",
        b"&messageid=01m80tzavvehvt8m45v87v9h96",
        b"&countryCode=44&nationalNumber=7911123456",
        b"%00",
        b"%F0%9F%98%80",
        b"%",
        b"+",
        b"&",
        b"=",
        b"&&",
        b"[]",
    ],
    limit: 8_192,
    octets_base: 256 * 1024,
    octets_per_octet: 256,
};

/// What carriers call back with.
pub(super) const CALLBACK: Target = Target {
    name: "callback",
    about: "calls of carriers with any query, form or JSON",
    make: || {
        let door = Door::new();
        Box::new(move |input: &[u8]| check_callback(&door, input))
    },
    words: &[
        b"{\"id\":\"1\",\"status\":\"DELIVRD\"}",
        b"{\"a\":{\"b\":[1,2,{\"c\":null}]}}",
        b"id=1&status=delivered",
        b"{\"a\":",
        b"[[[[",
        b"\\u0000",
        b"1e400",
    ],
    limit: 16_384,
    octets_base: 256 * 1024,
    octets_per_octet: 256,
};

/// The router with what it hands on.
struct Door {
    runtime: Runtime,
    router: Router,
    desk: Arc<LookingDesk>,
    calls: Arc<Calls>,
}

/// An answer, read whole.
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl Door {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let desk = Arc::new(LookingDesk::default());
        let calls = Arc::new(Calls::default());
        let state = ApiState {
            public_url: "https://sms.example.com".to_owned(),
            callbacks: Some(Arc::clone(&calls) as Arc<dyn CallbackDesk>),
            ..ApiState::default()
        };
        let router = api::router_over(Arc::clone(&desk) as Arc<dyn api::Desk>, state);
        Self { runtime, router, desk, calls }
    }

    fn ask(&self, request: Request<Body>) -> Answer {
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.expect("a router never fails");
            let status = response.status();
            let body = response.into_body().collect().await.expect("a body in memory").to_bytes().to_vec();
            Answer { status, body }
        })
    }
}

/// Carriers' calls as they are handed on.
#[derive(Default)]
struct Calls(Mutex<Vec<(String, String)>>);

impl Calls {
    fn take(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl CallbackDesk for Calls {
    fn receive(&self, _connector: &str, _token: &str, fields: Vec<(String, String)>) -> BoxFuture<'_, bool> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = fields;
        Box::pin(async { true })
    }
}

fn post(path: &str, media_type: &str, body: &[u8]) -> Request<Body> {
    Request::post(path)
        .header("authorization", "Bearer key.secret")
        .header("content-type", media_type)
        .body(Body::from(body.to_vec()))
        .expect("a request")
}

fn check_submit(door: &Door, input: &[u8]) -> u64 {
    let answer = door.ask(post("/api/v1/messages", "application/json", input));
    let given = door.desk.take();
    let body: Value = serde_json::from_slice(&answer.body).expect("an answer is JSON");
    match answer.status {
        StatusCode::ACCEPTED | StatusCode::OK => {
            let Some(Given { drafts, .. }) = given else { panic!("taken and not handed on") };
            let listed = body.get("messages").and_then(Value::as_array).map_or(0, Vec::len);
            assert_eq!(listed, drafts, "an answer for each recipient");
            assert_eq!(answer.status == StatusCode::OK, body.get("dry_run") == Some(&Value::Bool(true)));
            outcome((answer.status.as_u16(), roughly(drafts)))
        }
        status => {
            assert!(status.is_client_error(), "{status} is our fault");
            assert!(given.is_none(), "refused and handed on");
            let code = body.get("code").and_then(Value::as_str).expect("a problem has a code");
            let field = body.get("field").and_then(Value::as_str).unwrap_or("");
            let field = field.split('[').next().unwrap_or("");
            outcome((status.as_u16(), code, field))
        }
    }
}

/// The first octet chooses the product, the rest is its document.
fn check_hook(door: &Door, input: &[u8]) -> u64 {
    let [choice, body @ ..] = input else { return 0 };
    let product = if choice & 2 == 0 { "alertmanager" } else { "grafana" };
    let path = format!("/api/v1/hooks/{product}?from=Alerts&to=447911123456,447911123457");
    let answer = door.ask(post(&path, "application/json", body));
    let given = door.desk.take();
    let told: Value = serde_json::from_slice(&answer.body).expect("an answer is JSON");
    if answer.status == StatusCode::ACCEPTED {
        assert_eq!(given.map(|given| given.drafts), Some(2), "a message for each recipient");
        let text = told.get("text").and_then(Value::as_str).expect("an answer shows the text");
        let parts = gsm_text::count(text).parts;
        assert!(parts <= 3 && !text.trim().is_empty(), "{parts} parts");
        let is_plain = |character: char| character == '\n' || !character.is_control();
        assert!(text.chars().all(is_plain), "a control character in a text");
        return outcome((product, parts, text.contains(" more"), text.contains("..."), text.contains('(')));
    }
    assert!(answer.status.is_client_error(), "{} is our fault", answer.status);
    assert!(given.is_none(), "refused and handed on");
    let code = told.get("code").and_then(Value::as_str).expect("a problem has a code");
    let field = told.get("field").and_then(Value::as_str).unwrap_or("");
    outcome((product, code, field.split('[').next().unwrap_or("")))
}

/// The first octet chooses the address and whether the fields come in the query or as a form.
fn check_paasoo(door: &Door, input: &[u8]) -> u64 {
    const PATHS: [&str; 4] = ["/json", "/dlr", "/balance", "/validnumber"];
    let [choice, fields @ ..] = input else { return 0 };
    let path = PATHS.get(usize::from(choice % 4)).copied().unwrap_or("/json");
    let form = "application/x-www-form-urlencoded";
    let request = if choice & 0x80 == 0 {
        Request::get(uri(path, fields)).body(Body::empty()).expect("a request")
    } else {
        post(path, form, fields)
    };
    let answer = door.ask(request);
    let given = door.desk.take();
    assert_eq!(answer.status, StatusCode::OK, "clients of this dialect look at the body alone");
    let body: Value = serde_json::from_slice(&answer.body).expect("an answer is JSON");
    let status = body.get("status").and_then(Value::as_str).map(str::to_owned);
    if let Some(members) = body.as_object() {
        assert!(members.values().all(Value::is_string), "clients read a map of texts");
    }
    let is_taken = status.as_deref() == Some("0") && path == "/json";
    assert_eq!(is_taken, given.is_some(), "status {status:?}");
    let words = body.get("status_code").and_then(Value::as_str).map(str::to_owned);
    outcome((path, status, words, body.is_object(), roughly(given.map_or(0, |given| given.drafts))))
}

/// The first octet chooses between query, form and JSON.
fn check_callback(door: &Door, input: &[u8]) -> u64 {
    let [choice, fields @ ..] = input else { return 0 };
    let path = "/callbacks/acme/token";
    let request = match choice % 3 {
        0 => Request::get(uri(path, fields)).body(Body::empty()).expect("a request"),
        1 => post(path, "application/x-www-form-urlencoded", fields),
        _ => post(path, "application/json", fields),
    };
    let answer = door.ask(request);
    let told = door.calls.take();
    assert!(!answer.status.is_server_error(), "{} is our fault", answer.status);
    assert!(answer.status.is_success() || told.is_empty(), "refused and handed on");
    let octets: usize = told.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(octets <= 1_024 + 8 * input.len(), "fields grow out of their request");
    assert!(door.desk.take().is_none(), "a carrier's call submits nothing");
    outcome((answer.status.as_u16(), choice % 3, roughly(told.len())))
}

/// An address with those octets as its query; what may not stand there is escaped.
fn uri(path: &str, query: &[u8]) -> Uri {
    let mut text = format!("{path}?");
    for octet in query {
        let is_plain = octet.is_ascii_graphic() && !b"#<>\"`{}|\\^".contains(octet);
        if is_plain {
            text.push(char::from(*octet));
        } else {
            text.push_str(&format!("%{octet:02X}"));
        }
    }
    text.parse().expect("an address")
}
