//! The signature against a published vector, and the body against what receivers read.

use app::report::Renderer;
use types::account::EndpointKind;
use types::time::Timestamp;

use super::{StandardWebhook, sign};
use crate::testing::{endpoint, inbound_report, message_report};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The example that the reference libraries of Standard Webhooks verify.
#[test]
fn signs_like_the_reference_libraries() {
    let body = br#"{"test": 2432232314}"#;
    let signature = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body).unwrap();
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    let other = sign("plain", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body).unwrap();
    assert_ne!(signature, other);
}

#[test]
fn tells_the_full_state_of_a_message() {
    let endpoint = endpoint(EndpointKind::Webhook, "https://example.com/hook", SECRET);
    let now = Timestamp::from_ms(1_795_000_009_999);
    let call = StandardWebhook.render(&endpoint, &message_report(), now).unwrap();
    let header = |name: &str| {
        call.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.expose().clone()).unwrap()
    };
    let id = message_report().id.to_string();
    assert_eq!(header("webhook-id"), id);
    assert_eq!(header("webhook-timestamp"), "1795000009");
    assert_eq!(header("webhook-signature"), sign(SECRET, &id, 1_795_000_009, call.body.expose()).unwrap());
    assert!(!call.allow_private);
    let body: serde_json::Value = serde_json::from_slice(call.body.expose()).unwrap();
    assert_eq!(body["type"], "message.delivered");
    assert_eq!(body["timestamp"], message_report().at.to_string());
    let data = &body["data"];
    assert_eq!(data["seq"], 2);
    assert_eq!(data["state"], "delivered");
    assert_eq!(data["to"], "+447911123456");
    assert_eq!(data["price"], serde_json::json!({"amount": "0.05", "unit": "EUR"}));
    assert_eq!(data["network"], "23410");
    assert_eq!(data["client_reference"], "order-1");
}

#[test]
fn tells_what_a_phone_wrote() {
    let endpoint = endpoint(EndpointKind::Webhook, "https://example.com/hook", SECRET);
    let call = StandardWebhook.render(&endpoint, &inbound_report(), Timestamp::from_ms(1)).unwrap();
    let body: serde_json::Value = serde_json::from_slice(call.body.expose()).unwrap();
    assert_eq!(body["type"], "inbound.received");
    assert_eq!(body["data"]["text"], "STOP & co");
    assert_eq!(body["data"]["from"], "447911123456");
}
