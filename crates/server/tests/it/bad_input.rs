//! What is wrong is refused with a status and a code that say so, and leaves nothing behind.

use std::net::TcpStream;

use serde_json::{Value, json};

use crate::carrier::Carrier;
use crate::house::Plan;
use crate::http::{Http, Reply};

const PATH: &str = "/api/v1/messages";
const JSON: &str = "application/json";

fn check(what: &str, reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{what}: {reply:?}");
    assert_eq!(reply.header("content-type"), "application/problem+json", "{what}");
    let problem = reply.json();
    assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)), "{what}");
    assert!(problem["type"].as_str().unwrap().ends_with(&format!("/errors/{code}")), "{what}");
    assert!(!problem["title"].as_str().unwrap().is_empty(), "{what}");
    assert!(!problem["detail"].as_str().unwrap().is_empty(), "{what}");
}

fn check_nothing_happened(http: &Http) {
    assert_eq!(http.count(), 0, "a row was left behind");
    let balance = http.get("/api/v1/balance").json();
    assert_eq!((&balance["balance"], &balance["held"]), (&json!("250.00"), &json!("0.00")));
}

#[test]
fn documents_that_cannot_be_done_are_refused() {
    let house = Plan::new().start();
    let http = house.http();
    let good = json!({ "from": "Chappe", "to": "+447400123456", "text": "hello" });
    let with = |changes: Value| {
        let mut body = good.clone();
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(body.as_object_mut().unwrap().remove(name)),
                value => body[name] = value.clone(),
            }
        }
        body
    };
    let list = |recipients: Value| with(json!({ "to": null, "recipients": recipients }));
    let many: Vec<String> = (0..10_001).map(|n| format!("+4474001{n:05}")).collect();
    let cases = [
        ("unknown key", with(json!({ "txet": "x" })), 400, "invalid_request"),
        ("number for a text", with(json!({ "text": 5 })), 400, "invalid_request"),
        ("object for a number", with(json!({ "to": {} })), 400, "invalid_request"),
        ("no recipient", with(json!({ "to": null })), 400, "invalid_request"),
        (
            "both kinds of recipients",
            with(json!({ "recipients": ["+447400123456"] })),
            400,
            "invalid_request",
        ),
        ("no recipients", list(json!([])), 400, "invalid_request"),
        ("too many recipients", list(json!(many)), 422, "too_many_recipients"),
        ("one bad of two", list(json!(["+447400123456", "nobody"])), 422, "invalid_destination"),
        ("no text", with(json!({ "text": null })), 400, "invalid_request"),
        ("empty text", with(json!({ "text": "" })), 422, "empty_text"),
        ("too long", with(json!({ "text": "x".repeat(100_000) })), 422, "text_too_long"),
        ("letters for a number", with(json!({ "to": "nobody" })), 422, "invalid_destination"),
        ("empty number", with(json!({ "to": "" })), 422, "invalid_destination"),
        ("short number", with(json!({ "to": "+44" })), 422, "invalid_destination"),
        ("endless number", with(json!({ "to": "4".repeat(400) })), 422, "invalid_destination"),
        ("no sender", with(json!({ "from": "" })), 422, "invalid_sender"),
        ("long sender", with(json!({ "from": "A sender too long" })), 422, "invalid_sender"),
        ("no validity", with(json!({ "validity_s": 0 })), 400, "invalid_request"),
        (
            "past validity",
            with(json!({ "send_at": "2020-01-01T00:00:00Z", "validity_s": 60 })),
            422,
            "expired_validity",
        ),
        ("far schedule", with(json!({ "send_at": "2099-01-01T00:00:00Z" })), 422, "invalid_schedule"),
        ("no time", with(json!({ "send_at": "tomorrow" })), 400, "invalid_request"),
        ("unknown class", with(json!({ "class": "urgent" })), 400, "invalid_request"),
        ("odd callback", with(json!({ "callback_url": "gopher://x" })), 400, "invalid_request"),
        ("an array", json!([good]), 400, "invalid_request"),
    ];
    for (what, body, status, code) in &cases {
        check(what, &http.post(PATH, body), *status, code);
    }
    let both = http.post(PATH, &list(json!(["+447400123456", "nobody", ""]))).json();
    let places: Vec<&Value> =
        both["errors"].as_array().unwrap().iter().map(|error| &error["index"]).collect();
    assert_eq!(places, [1, 2], "each bad recipient is named");
    check_nothing_happened(&http);
    assert_eq!(http.post(PATH, &good).status, 202, "the good one is taken");
}

#[test]
fn octets_that_are_no_request_are_refused() {
    let house = Plan::new().start();
    let http = house.http();
    let post = |body: &[u8]| http.request("POST", PATH, JSON, body);
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(32), "]".repeat(32));
    let cases: [(&str, Vec<u8>); 7] = [
        ("nothing", Vec::new()),
        ("no JSON", b"from=Chappe".to_vec()),
        ("cut JSON", b"{\"from\":\"Chappe\"".to_vec()),
        ("deep", deep.into_bytes()),
        ("very deep", vec![b'['; 1_000_000]),
        ("no UTF-8", b"{\"from\":\"Chappe\",\"to\":\"+447400123456\",\"text\":\"\xff\xfe\"}".to_vec()),
        ("twice", b"{\"from\":\"A\",\"from\":\"B\",\"to\":\"+447400123456\",\"text\":\"x\"}".to_vec()),
    ];
    for (what, body) in &cases {
        check(what, &post(body), 400, "invalid_request");
    }
    let announced = http.head("POST", PATH, JSON, 8 * 1024 * 1024 + 1);
    check("announced too large", &http.raw(announced.as_bytes()), 413, "body_too_large");
    let form = http.request("POST", PATH, "application/x-www-form-urlencoded", b"from=A");
    check("a form", &form, 415, "unsupported_media_type");
    check("wrong method", &http.request("DELETE", PATH, "", b""), 405, "method_not_allowed");
    let address = house.value("CHAPPE_HTTP");
    check("nobody", &Http::new(address).submit("+447400123456", "x"), 401, "invalid_credentials");
    let key = house.value("CHAPPE_API_KEY");
    let wrong = Http::new(address).with_key(key, "wrong").submit("+447400123456", "x");
    check("wrong secret", &wrong, 401, "invalid_credentials");
    for junk in [&b"\x16\x03\x01\x02\x00"[..], b"GET\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n"] {
        let reply = http.raw(&[junk, b"\r\n\r\n"].concat());
        assert_eq!(reply.status, 400, "{junk:?}");
    }
    check_nothing_happened(&http);
    let id = http.send("+447400123456", "still here");
    http.until_state(&id, "delivered");
}

#[test]
fn a_balance_that_does_not_cover_is_not_touched() {
    let house = Plan::new().variable("CHAPPE_DEMO_BALANCE", "0.05 EUR").start();
    let http = house.http();
    check("two parts", &http.submit("+447400123456", &"a".repeat(161)), 402, "insufficient_balance");
    let two = json!({ "from": "Chappe", "recipients": ["+447400123456", "+447400123457"], "text": "x" });
    check("two messages", &http.post(PATH, &two), 402, "insufficient_balance");
    assert_eq!((http.count(), http.balance()), (0, 50_000));
    http.send("+447400123456", "fits");
    check("one more", &http.submit("+447400123456", "does not fit"), 402, "insufficient_balance");
    assert_eq!((http.count(), http.balance()), (1, 10_000));
}

#[test]
fn a_destination_without_a_route_is_refused() {
    let carrier = Carrier::delivering("acme");
    let route = "[[route]]\nname = \"britain\"\nprefix = \"44\"\nconnectors = [\"acme\"]\n";
    let house = Plan::new().config(carrier.connector("0.01") + route).start();
    let http = house.http();
    check("France", &http.submit("+33612345678", "x"), 422, "no_route");
    check_nothing_happened(&http);
    let id = http.send("+447400123456", "Britain");
    http.until_state(&id, "delivered");
    assert_eq!(carrier.taken().len(), 1);
}

#[test]
fn a_thousand_idle_connections_do_not_stand_in_the_way() {
    let sandbox = "[sandbox]\ncarrier_smpp = \"127.0.0.1:0\"\n[limits]\nconnections_per_ip = 0\n";
    let house = Plan::new().config(sandbox).start();
    let connect = |name: &str| TcpStream::connect(house.value(name)).unwrap();
    let idle: Vec<TcpStream> =
        (0..1_000).map(|n| connect(if n % 2 == 0 { "CHAPPE_HTTP" } else { "CHAPPE_SMPP" })).collect();
    let http = house.http();
    let id = http.send("+447400123456", "through the crowd");
    http.until_state(&id, "delivered");
    let mut esme = house.bound();
    esme.submit(crate::esme::message("447400123456", b"through the crowd")).unwrap();
    assert_eq!(esme.receipt().stat, "DELIVRD");
    assert_eq!(idle.len(), 1_000);
}
