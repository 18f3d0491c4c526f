//! Options that are taken, and the sentences for those that are not.

use std::sync::Arc;

use serde_json::{Value, json};
use types::catalog::Connector;

use super::{Secrets, Settings};

/// A connector with these options beside host and system id.
pub(crate) fn connector(options: &Value) -> Connector {
    let mut all = json!({"host": "127.0.0.1", "system_id": "chappe", "password": "secret"});
    if let (Some(all), Some(options)) = (all.as_object_mut(), options.as_object()) {
        all.extend(options.clone());
    }
    Connector {
        name: "acme".into(),
        supplier: None,
        kind: "smpp".into(),
        disabled: false,
        error_codes: std::collections::BTreeMap::new(),
        options: serde_json::from_value(all).unwrap(),
    }
}

pub(crate) fn settings(options: &Value) -> Result<Settings, String> {
    let secrets: Secrets = Arc::new(|name| Err(format!("the environment variable {name} is not set")));
    Settings::read(&connector(options), &secrets)
}

#[test]
fn defaults_are_those_of_the_manual() {
    let s = settings(&json!({})).unwrap();
    assert_eq!((s.port, s.sessions, s.window, s.rate), (2775, 1, 10, 0));
    assert_eq!((s.interface_version, s.registered_delivery), (0x34, 1));
    assert_eq!(
        (s.timing.enquire_link_ms, s.timing.response_timeout_ms, s.timing.dead_peer_ms),
        (30_000, 30_000, 60_000)
    );
    assert!(!s.capabilities().query && settings(&json!({"query_sm": true})).unwrap().capabilities().query);
    assert!(s.capabilities().real && s.capabilities().receipts && s.tls.is_none());
    assert_eq!(settings(&json!({"tls": true})).unwrap().port, 3550);
    assert_eq!(settings(&json!({"bind": "transmitter+receiver", "sessions": 3})).unwrap().binds().len(), 6);
}

#[test]
fn wrong_options_are_named() {
    for (options, word) in [
        (json!({"host": ""}), "host: "),
        (json!({"system_id": ""}), "system_id: "),
        (json!({"system_id": "sixteen-letters-"}), "system_id: "),
        (json!({"password": "nine-char"}), "password: "),
        (json!({"password": "env:ACME"}), "password: the environment variable ACME"),
        (json!({"port": "2775"}), "port: "),
        (json!({"port": 70000}), "port: "),
        (json!({"sessions": 0}), "sessions: write a number from 1 to 64"),
        (json!({"sessions": 65}), "sessions: "),
        (json!({"window": 0}), "window: "),
        (json!({"window": 5001}), "window: "),
        (json!({"bind": "both"}), "bind: "),
        (json!({"vendor_tlvs": [0x0204]}), "vendor_tlvs: 0x0204 is not a vendor's"),
        (json!({"vendor_tlvs": [70000]}), "vendor_tlvs"),
        (json!({"joining": "udh"}), "joining: "),
        (json!({"default_alphabet": "utf8"}), "default_alphabet: "),
        (json!({"receipt_id": "hex"}), "receipt_id: "),
        (json!({"receipt_states": {"FAILED": "gone"}}), "receipt_states.FAILED: write one of"),
        (json!({"tls": "yes"}), "tls: "),
        (json!({"tls": {"cafile": "x"}}), "tls: "),
        (json!({"tls": {"ca": "/nowhere.pem"}}), "tls.ca: "),
        (json!({"enquire_link_s": 0}), "enquire_link_s: "),
        (json!({"windows": 10}), "windows: unknown field"),
    ] {
        let error = settings(&options).err().unwrap_or_default();
        assert!(error.starts_with(word), "{options}: {error}");
    }
}
