//! Calls of both APIs, and what proves them.

use app::report::{Owner, OwnerKey, Renderer, ReportBody};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use types::account::EndpointKind;
use types::id::{PublicId, RowKey};
use types::message::State;
use types::time::Timestamp;

use super::super::sign::{hex, is_signed};
use super::{MessagesPush, SmsPush, minute, receipt_word, second, status_word};
use crate::query::Fields;
use crate::testing::{endpoint, inbound_report, message_id, message_report};

const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

fn owner() -> Owner {
    let key = OwnerKey { name: "key".to_owned(), secret: "secret".to_owned().into() };
    Owner { sid: PublicId::new(RowKey::from_parts(1, 1), 1), key: Some(key) }
}

#[test]
fn receipts_of_the_sms_api_are_signed_forms() {
    let endpoint = endpoint(EndpointKind::Vonage, "https://example.com/dlr", "");
    for report in [message_report(), inbound_report()] {
        let call = SmsPush.render(&endpoint, &report, NOW).unwrap();
        let call = SmsPush.prove(call, &owner(), NOW);
        let fields = Fields::parse(std::str::from_utf8(call.body.expose()).unwrap()).unwrap();
        assert!(is_signed("secret", &fields.0) && !is_signed("other", &fields.0));
        assert_eq!((fields.get("api-key"), fields.get("timestamp")), (Some("key"), Some("1795000000")));
        if matches!(report.body, ReportBody::Message(_)) {
            assert_eq!(fields.get("messageId"), Some(message_id(1).0.uuid().as_str()));
            for (name, value) in [
                ("msisdn", "447911123456"),
                ("to", "ACME"),
                ("status", "delivered"),
                ("err-code", "0"),
                ("network-code", "23410"),
                ("price", "0.05"),
                ("client-ref", "order-1"),
            ] {
                assert_eq!(fields.get(name), Some(value), "{name}");
            }
        } else {
            assert_eq!((fields.get("text"), fields.get("keyword")), (Some("STOP & co"), Some("STOP")));
        }
    }
}

#[test]
fn calls_of_the_messages_api_have_a_token_with_their_hash() {
    let endpoint = endpoint(EndpointKind::VonageMessages, "https://example.com/status", "");
    let call = MessagesPush.render(&endpoint, &message_report(), NOW).unwrap();
    let call = MessagesPush.prove(call, &owner(), NOW);
    let body: Value = serde_json::from_slice(call.body.expose()).unwrap();
    assert_eq!((&body["status"], &body["channel"]), (&json!("delivered"), &json!("sms")));
    assert_eq!(body["client_ref"], "order-1");
    let token = call.headers.iter().find(|(name, _)| name == "authorization").unwrap().1.expose().clone();
    let claims = token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!(claims["payload_hash"], hex(&Sha256::digest(call.body.expose())));
    assert_eq!((&claims["iss"], &claims["api_key"]), (&json!("Vonage"), &json!("key")));
    let inbound = MessagesPush.render(&endpoint, &inbound_report(), NOW).unwrap();
    let inbound: Value = serde_json::from_slice(inbound.body.expose()).unwrap();
    assert_eq!((&inbound["text"], &inbound["from"]), (&json!("STOP & co"), &json!("447911123456")));
}

#[test]
fn states_become_words_that_clients_know() {
    for state in State::ALL {
        if let Some((word, error)) = receipt_word(*state) {
            let known = ["accepted", "delivered", "failed", "expired", "rejected", "unknown"];
            assert!(known.contains(&word), "{state}");
            assert_eq!(error == 0, matches!(word, "accepted" | "delivered"), "{state}");
        }
        if let Some((word, error)) = status_word(*state) {
            assert!(["submitted", "delivered", "rejected", "undeliverable"].contains(&word), "{state}");
            assert_eq!(error.is_none(), matches!(word, "submitted" | "delivered"), "{state}");
        }
    }
}

#[test]
fn times_have_the_form_of_the_dialect() {
    let at = Timestamp::parse_rfc3339("2026-11-22T20:01:02.345Z").unwrap();
    assert_eq!((second(at).as_str(), minute(at).as_str()), ("2026-11-22 20:01:02", "2611222001"));
}
