//! Texts that have broken other software come back literally from every field that takes a text.

use serde_json::json;

use crate::house::Plan;

/// Texts without control characters, which every field takes.
const NASTY: &[&str] = &[
    "'; DROP TABLE message; --",
    "\" OR \"\"=\"",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "{{7*7}} ${7*7} #{7*7} <%= 7*7 %>",
    "${jndi:ldap://127.0.0.1/a}",
    "%s%s%n%x%d",
    "../../etc/passwd\\..\\..",
    "=1+1+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "+447400123456",
    "null",
    "undefined",
    "true",
    "0",
    "-1e999",
    "\\u0000 \\x00 \\0",
    "\u{fffd}\u{feff}\u{200b}",
    "\u{202e}evil\u{202c} \u{2066}x\u{2069}",
    "e\u{301}\u{327}\u{1f9d1}\u{200d}\u{1f692}\u{1f1e7}\u{1f1ea}",
    "\u{10ffff}\u{e000}",
    "ﷺ ﬁ ß İ ı ſ",
    "  spaces at both ends  ",
    "\u{a0}\u{3000}",
    "一二三四五六七八九十",
    "a&b=c?d#e%20f+g",
    "\"quoted\",\"fields\"",
];

/// Texts that a message can have besides.
const CONTROL: &[&str] =
    &["a\u{0}b", "a\r\nb\tc", "\u{1b}[31mred\u{1b}[0m", "\u{7f}\u{80}\u{9f}", "\u{8}\u{c}"];

#[test]
fn every_text_comes_back_as_it_was_sent() {
    let house = Plan::new().variable("CHAPPE_DEMO_UNLIMITED", "1").start();
    let http = house.http();
    for (place, text) in NASTY.iter().chain(CONTROL).enumerate() {
        let reference = NASTY.get(place).copied();
        let body =
            json!({ "from": "Chappe", "to": "+447400123456", "text": text, "client_reference": reference });
        let reply = http
            .clone()
            .with_header("Idempotency-Key", &format!("n-{place}"))
            .post("/api/v1/messages", &body);
        assert_eq!(reply.status, 202, "{text:?}: {reply:?}");
        let message = http.message(&reply.message_id());
        assert_eq!(
            (&message["text"], &message["client_reference"]),
            (&json!(text), &json!(reference)),
            "{text:?}"
        );
        assert_eq!(
            http.clone()
                .with_header("Idempotency-Key", &format!("n-{place}"))
                .post("/api/v1/messages", &body)
                .body,
            reply.body
        );
    }
    for (place, text) in NASTY.iter().enumerate() {
        let made = http.post("/api/v1/keys", &json!({ "label": text }));
        assert_eq!(made.status, 201, "{text:?}: {made:?}");
        let id = made.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(http.get(&format!("/api/v1/keys/{id}")).json()["label"], json!(text), "{text:?}");
        let url = format!("https://example.com/{place}");
        let made = http.post("/api/v1/webhooks", &json!({ "url": url, "description": text }));
        assert_eq!(made.status, 201, "{text:?}: {made:?}");
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/webhooks/{id}");
        assert_eq!(http.get(&path).json()["description"], json!(text), "{text:?}");
        assert_eq!(http.request("DELETE", &path, "", b"").status, 204);
    }
    // A table has them too, disarmed where a spreadsheet would calculate.
    let table = http.get("/api/v1/exports/messages").body;
    for text in NASTY {
        let armed = text.starts_with(['=', '+', '-', '@']);
        let field = format!("\"{}{}\"", if armed { "'" } else { "" }, text.replace('"', "\"\""));
        assert!(table.contains(&field), "{text:?}");
    }
}
