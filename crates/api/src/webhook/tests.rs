//! The signature against a published vector, and the body against what receivers read.

use app::report::{Renderer, ReportBody};
use types::account::{EndpointKind, OldSecret};
use types::keyword::Keyword;
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
fn a_secret_that_is_being_replaced_signs_too() {
    let mut endpoint = endpoint(EndpointKind::Webhook, "https://example.com/hook", SECRET);
    let old = "whsec_AAECAwQFBgcICQoLDA0ODw==";
    endpoint.old_secret = Some(OldSecret { secret: old.to_owned().into(), until: Timestamp::from_ms(5_000) });
    for (now_ms, secrets) in [(4_999, &[SECRET, old][..]), (5_000, &[SECRET])] {
        let call = StandardWebhook.render(&endpoint, &message_report(), Timestamp::from_ms(now_ms)).unwrap();
        let signature = call.headers.iter().find(|(name, _)| name == "webhook-signature").unwrap();
        let id = message_report().id.to_string();
        let by = |secret: &&str| sign(secret, &id, now_ms / 1_000, call.body.expose()).unwrap();
        assert_eq!(*signature.1.expose(), secrets.iter().map(by).collect::<Vec<_>>().join(" "), "{now_ms}");
    }
}

#[test]
fn an_address_is_tried_out_with_an_event_of_its_own() {
    let endpoint = endpoint(EndpointKind::Webhook, "https://example.com/hook", SECRET);
    let id = message_report().id;
    let call = StandardWebhook.render_test(&endpoint, id, Timestamp::from_ms(7_000)).unwrap();
    let body: serde_json::Value = serde_json::from_slice(call.body.expose()).unwrap();
    let expected = serde_json::json!({"type": "webhook.test", "timestamp": "1970-01-01T00:00:07.000Z",
        "data": {"webhook": "3"}});
    assert_eq!(body, expected);
    let signature = sign(SECRET, &id.to_string(), 7, call.body.expose()).unwrap();
    assert!(call.headers.iter().any(|(_, value)| *value.expose() == signature));
}

#[test]
fn tells_what_a_phone_wrote() {
    let endpoint = endpoint(EndpointKind::Webhook, "https://example.com/hook", SECRET);
    let call = StandardWebhook.render(&endpoint, &inbound_report(), Timestamp::from_ms(1)).unwrap();
    let body: serde_json::Value = serde_json::from_slice(call.body.expose()).unwrap();
    assert_eq!(body["type"], "inbound.received");
    assert_eq!(body["data"]["text"], "STOP & co");
    assert_eq!(body["data"]["from"], "447911123456");
    assert_eq!(body["data"]["keyword"], serde_json::Value::Null, "a word among others means nothing");
    let mut stop = inbound_report();
    if let ReportBody::Inbound(inbound) = &mut stop.body {
        inbound.keyword = Some(Keyword::Stop);
    }
    let call = StandardWebhook.render(&endpoint, &stop, Timestamp::from_ms(1)).unwrap();
    let body: serde_json::Value = serde_json::from_slice(call.body.expose()).unwrap();
    assert_eq!(body["data"]["keyword"], "stop");
}
