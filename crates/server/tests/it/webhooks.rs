//! Events reach the customer's web server: signed, in order, again after a failure, and never held up
//! by another server that is down.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::house::{House, Plan, SOON, until};
use crate::listener::{Heard, Listener};

fn start(listener: &Listener) -> House {
    Plan::new().variable("CHAPPE_DEMO_WEBHOOK", listener.url("/hook")).start()
}

/// Verifies a call as the specification of Standard Webhooks tells a receiver to.
fn check_signature(secret: &str, call: &Heard) {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("whsec_")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{}.", call.header("webhook-id"), call.header("webhook-timestamp")).as_bytes());
    mac.update(&call.body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert!(call.header("webhook-signature").split(' ').any(|one| one == expected), "{call:?}");
}

#[test]
fn events_come_in_order_with_the_facts_of_the_message() {
    let listener = Listener::friendly();
    let house = start(&listener);
    let body =
        json!({ "from": "Chappe", "to": "+447400123456", "text": "hello", "client_reference": "order-7" });
    let id = house.http().post("/api/v1/messages", &body).message_id();
    let calls = listener.calls(2, SOON);
    let events: Vec<(String, String)> = calls.iter().map(Heard::event).collect();
    assert_eq!(events, [("message.submitted".into(), id.clone()), ("message.delivered".into(), id.clone())]);
    for (place, call) in calls.iter().enumerate() {
        assert_eq!((call.method.as_str(), call.target.as_str()), ("POST", "/hook"));
        assert_eq!(call.header("content-type"), "application/json");
        assert!(call.header("webhook-id").starts_with("evt_"), "{call:?}");
        assert!(call.header("webhook-signature").starts_with("v1,"), "{call:?}");
        let document = call.json();
        let data = &document["data"];
        assert_eq!((&data["to"], &data["client_reference"]), (&json!("+447400123456"), &json!("order-7")));
        assert_eq!(data["price"], json!({ "amount": "0.04", "unit": "EUR" }));
        assert_eq!(data["state"], if place == 0 { "submitted" } else { "delivered" });
    }
    assert!(calls[0].json()["data"]["seq"].as_u64() < calls[1].json()["data"]["seq"].as_u64());
    assert_ne!(calls[0].header("webhook-id"), calls[1].header("webhook-id"));
    house.http().until_message(SOON, &id, "nothing left to tell", |message| message["pending_events"] == 0);
    let failed = house.http().send("+447400120001", "not reached");
    let calls = listener.calls(4, SOON);
    assert_eq!(calls[3].event(), ("message.undelivered".into(), failed));
}

/// Where the account's events are told, as the customer is shown it.
fn endpoints(house: &House) -> Value {
    house.http().get("/api/v1/webhooks").json()["items"].clone()
}

#[test]
fn signatures_verify_with_the_secret_that_the_customer_is_shown() {
    let listener = Listener::friendly();
    let house = start(&listener);
    let own = Listener::friendly();
    let body =
        json!({ "from": "Chappe", "to": "+447400123456", "text": "signed", "callback_url": own.url("/own") });
    house.http().post("/api/v1/messages", &body);
    house.http().send("+447400123456", "signed");
    // What was set by the owner is shown when it is set, and what messages name when it is rotated.
    let url = json!({ "url": listener.url("/hook") }).to_string();
    let set =
        house.http().request("PUT", "/api/v1/webhooks/default", "application/json", url.as_bytes()).json();
    let secret = set["default"]["secret"].as_str().unwrap().to_owned();
    for call in listener.calls(2, SOON) {
        check_signature(&secret, &call);
    }
    let shown = endpoints(&house);
    let one = shown.as_array().unwrap().iter().find(|one| one["url"] == own.url("/own")).unwrap();
    assert!(one.get("secret").is_none(), "a list shows no secret");
    let rotate = format!("/api/v1/webhooks/{}/rotate", one["id"].as_str().unwrap());
    let rotated = |overlap_s: u32| {
        let reply = house.http().post(&rotate, &json!({ "overlap_s": overlap_s }));
        reply.json()["secret"].as_str().unwrap().to_owned()
    };
    let secrets = [rotated(0), rotated(3_600)];
    assert_ne!(secrets[0], secrets[1]);
    assert_ne!(secret, secrets[1], "each address has its own");
    own.calls(2, SOON);
    house.http().post("/api/v1/messages", &body);
    for call in own.calls(4, SOON).split_off(2) {
        assert_eq!(call.header("webhook-signature").split(' ').count(), 2);
        secrets.iter().for_each(|secret| check_signature(secret, &call));
    }
}

#[test]
fn a_webhook_of_all_messages_is_set_up_tried_and_told_again() {
    let listener = Listener::friendly();
    let house = Plan::new().start();
    let http = house.http();
    let wish =
        json!({ "url": listener.url("/all"), "description": "the shop", "events": ["message.delivered"] });
    let made = http.clone().with_header("Idempotency-Key", "hook").post("/api/v1/webhooks", &wish);
    let again = http.clone().with_header("Idempotency-Key", "hook").post("/api/v1/webhooks", &wish);
    assert_eq!((made.status, again.status, again.header("idempotent-replayed")), (201, 201, "true"));
    assert_eq!(made.body, again.body);
    let (id, secret) = (made.json()["id"].as_str().unwrap().to_owned(), made.json()["secret"].clone());
    let secret = secret.as_str().unwrap();
    let tried = http.post(&format!("/api/v1/webhooks/{id}/test"), &json!({})).json();
    assert_eq!((&tried["taken"], &tried["status"]), (&json!(true), &json!(204)));
    let message = http.send("+447400123456", "told to the shop");
    let calls = listener.calls(2, SOON);
    assert_eq!(calls[0].json()["type"], "webhook.test");
    assert_eq!(calls[1].event(), ("message.delivered".into(), message.clone()));
    calls.iter().for_each(|call| check_signature(secret, call));
    let listed =
        || http.get(&format!("/api/v1/webhooks/{id}/deliveries?status=told")).json()["items"].clone();
    let told = until(SOON, "the event to be told", || Some(listed()).filter(|items| items[0].is_object()));
    assert_eq!(
        (&told[0]["message_id"], &told[0]["id"]),
        (&json!(message), &json!(calls[1].header("webhook-id")))
    );
    let replay = http.post(&format!("/api/v1/webhooks/{id}/replay"), &json!({ "event": told[0]["id"] }));
    assert_eq!((replay.status, replay.json()), (200, json!({ "events": 1 })));
    assert_eq!(listener.calls(3, SOON)[2].json()["data"], calls[1].json()["data"]);
    let gone = http.request("DELETE", &format!("/api/v1/webhooks/{id}"), "", b"");
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(http.get(&format!("/api/v1/webhooks/{id}")).status, 404);
}

#[test]
fn an_address_that_is_gone_is_left_alone_until_it_is_set_again() {
    let gone = Listener::start(|number, _| if number == 0 { 410 } else { 204 });
    let house = start(&gone);
    let first = house.http().send("+447400123456", "to nobody");
    house.http().until_state(&first, "delivered");
    until(SOON, "the address to be switched off", || {
        (endpoints(&house)[0]["enabled"] == false).then_some(())
    });
    let second = house.http().send("+447400123456", "to nobody either");
    house.http().until_state(&second, "delivered");
    assert_eq!(gone.heard().len(), 1);
    let url = json!({ "url": gone.url("/hook") }).to_string();
    let reply = house.http().request("PUT", "/api/v1/webhooks/default", "application/json", url.as_bytes());
    assert_eq!((reply.status, &reply.json()["default"]["enabled"]), (200, &json!(true)));
    let third = house.http().send("+447400123456", "heard again");
    let is_told = |id: &str| {
        let told = ("message.delivered".to_owned(), id.to_owned());
        gone.heard().iter().any(|call| call.event() == told).then_some(())
    };
    until(SOON, "the third message to be told", || is_told(&third));
    assert!(is_told(&second).is_none(), "what was given up waits for a person");
    let said = house.text(&["accounts", "replay", "demo", "--url", &gone.url("/hook")]);
    assert!(said.contains("will be told again"), "{said}");
    for id in [&first, &second] {
        until(SOON, "what was given up to be told", || is_told(id));
    }
    house.refused(&["accounts", "replay", "demo", "--url", "https://elsewhere.example/"]);
}

#[test]
fn a_failed_call_is_made_again_and_holds_up_its_message_only() {
    let listener = Listener::start(|number, _| if number == 0 { 500 } else { 200 });
    let house = start(&listener);
    let first = house.http().send("+447400123456", "fails once");
    let failed = listener.calls(1, SOON)[0].clone();
    assert_eq!(failed.event(), ("message.submitted".into(), first.clone()));
    let other = house.http().send("+447400123457", "goes through");
    let calls = listener.calls(5, SOON);
    let own =
        |id: &str| -> Vec<Heard> { calls.iter().filter(|call| call.event().1 == id).cloned().collect() };
    let of_first = own(&first);
    let kinds: Vec<String> = of_first.iter().map(|call| call.event().0).collect();
    assert_eq!(kinds, ["message.submitted", "message.submitted", "message.delivered"]);
    assert_eq!(of_first[0].header("webhook-id"), of_first[1].header("webhook-id"), "the same event");
    let waited = of_first[1].at - of_first[0].at;
    assert!((Duration::from_millis(4_900)..Duration::from_millis(8_000)).contains(&waited), "{waited:?}");
    let of_other = own(&other);
    assert_eq!(of_other.len(), 2);
    assert!(of_other[1].at < of_first[1].at, "it did not wait for the failed one");
}

#[test]
fn a_dead_endpoint_does_not_delay_another() {
    let dead = Listener::start(|_, _| 500);
    let house = start(&dead);
    for _ in 0..5 {
        house.http().send("+447400123456", "told to nobody");
    }
    dead.calls(5, SOON);
    let friendly = Listener::friendly();
    let began = Instant::now();
    let body = json!({ "from": "Chappe", "to": "+447400123456", "text": "told here",
                       "callback_url": friendly.url("/own?token=abc") });
    let id = house.http().post("/api/v1/messages", &body).message_id();
    let calls = friendly.calls(2, SOON);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(calls[1].event(), ("message.delivered".into(), id));
    assert_eq!(calls[1].target, "/own?token=abc");
}

#[test]
fn events_outlast_a_restart() {
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = dead.local_addr().unwrap().port();
    drop(dead);
    let url = format!("http://127.0.0.1:{port}/hook");
    let plan = Plan::new().variable("CHAPPE_DEMO_WEBHOOK", url);
    let house = plan.start();
    let id = house.http().send("+447400123456", "told after the restart");
    house.http().until_state(&id, "delivered");
    let waiting = house.http().message(&id)["pending_events"].as_u64().unwrap();
    assert_eq!(waiting, 2);
    house.kill();
    let listener = Listener::at(port);
    let house = plan.start();
    let calls = listener.calls(2, SOON);
    assert_eq!(
        calls.iter().map(|call| call.event().0).collect::<Vec<_>>(),
        ["message.submitted", "message.delivered"]
    );
    house.http().until_message(SOON, &id, "nothing left to tell", |message| message["pending_events"] == 0);
}
