//! The same request twice is one message and one answer, whatever comes between.

use serde_json::json;

use crate::house::Plan;
use crate::http::{Http, Reply};

fn with_key(http: &Http, key: &str) -> Http {
    http.clone().with_header("Idempotency-Key", key)
}

fn post(http: &Http, key: &str, text: &str) -> Reply {
    with_key(http, key).submit("+447400123456", text)
}

#[test]
fn the_same_request_is_taken_once() {
    let plan = Plan::new();
    let house = plan.start();
    let http = house.http();
    let first = post(&http, "order-1", "one");
    assert_eq!((first.status, first.header("idempotent-replayed")), (202, ""));
    let second = post(&http, "order-1", "one");
    assert_eq!((second.status, second.header("idempotent-replayed")), (202, "true"));
    assert_eq!(first.body, second.body);
    let other = post(&http, "order-1", "two");
    assert_eq!((other.status, other.json()["code"].as_str()), (422, Some("idempotency_mismatch")));
    // A request that was refused is not remembered: it may be put right under the same key.
    let refused = post(&http, "order-2", "");
    assert_eq!(refused.status, 422);
    assert_eq!(post(&http, "order-2", "filled").status, 202);
    for key in ["", "with space", "ü", &"k".repeat(256)] {
        let reply = post(&http, key, "one");
        assert_eq!((reply.status, reply.json()["field"].as_str()), (400, Some("Idempotency-Key")), "{key:?}");
    }
    assert_eq!(http.count(), 2);
    let id = first.message_id();
    http.until_state(&id, "delivered");

    assert_eq!(house.terminate().code(), Some(0));
    let house = plan.start();
    let again = post(&house.http(), "order-1", "one");
    assert_eq!((again.status, again.header("idempotent-replayed")), (202, "true"));
    assert_eq!(again.message_id(), id);
    assert_eq!(post(&house.http(), "order-1", "two").status, 422);
    assert_eq!(house.http().count(), 2);
    house.kill();
    assert_eq!(post(&plan.start().http(), "order-1", "one").message_id(), id);
}

#[test]
fn twenty_at_once_are_one_message() {
    let house = Plan::new().start();
    let http = house.http();
    let replies: Vec<Reply> = std::thread::scope(|scope| {
        let ask = || post(&http, "at-once", "the same");
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let taken: Vec<String> =
        replies.iter().filter(|reply| reply.status == 202).map(Reply::message_id).collect();
    assert!(!taken.is_empty());
    assert!(taken.iter().all(|id| *id == taken[0]), "{taken:?}");
    for reply in replies.iter().filter(|reply| reply.status != 202) {
        assert_eq!((reply.status, reply.json()["code"].as_str()), (409, Some("idempotency_in_flight")));
    }
    assert_eq!(http.count(), 1);
    assert_eq!(http.balance(), 250_000_000 - 40_000);
}

#[test]
fn a_key_covers_every_recipient() {
    let house = Plan::new().start();
    let http = with_key(&house.http(), "list");
    let recipients: Vec<String> = (0..50).map(|n| format!("+4474001200{n:02}")).collect();
    let body = json!({ "from": "Chappe", "recipients": recipients, "text": "to all" });
    let (first, second) = (http.post("/api/v1/messages", &body), http.post("/api/v1/messages", &body));
    assert_eq!((first.status, &first.body), (202, &second.body));
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(http.count(), 50);
    assert_eq!(http.balance(), 250_000_000 - 50 * 40_000);
}

/// What Alertmanager tells of one alert, under the address at which this one of its cluster can be reached.
fn alerts(status: &str, from: &str) -> serde_json::Value {
    json!({
        "version": "4", "groupKey": "{}:{alertname=\"Down\"}", "status": status, "receiver": "sms",
        "truncatedAlerts": 0, "groupLabels": {"alertname": "Down"}, "commonLabels": {}, "externalURL": from,
        "alerts": [{
            "status": status, "labels": {"alertname": "Down", "instance": "web-1"},
            "annotations": {"summary": "it does not answer"}, "startsAt": "2026-11-22T10:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": "1a30ba71cca2921f"
        }]
    })
}

#[test]
fn a_group_of_alerts_is_told_once() {
    const PATH: &str = "/api/v1/hooks/alertmanager?from=Alerts&to=447400123456,%2B447400123457";
    let plan = Plan::new();
    let house = plan.start();
    let http = house.http();
    // All Alertmanagers of a cluster call, and more than one of them when they do not hear of each other.
    let calls: Vec<Reply> = std::thread::scope(|scope| {
        let call = |at: usize| http.post(PATH, &alerts("firing", &format!("http://alerts-{at}:9093")));
        let threads: Vec<_> = (0..5).map(|at| scope.spawn(move || call(at))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let taken: Vec<&Reply> = calls.iter().filter(|reply| reply.status == 202).collect();
    assert!(!taken.is_empty() && taken.iter().all(|reply| reply.body == taken[0].body));
    assert!(calls.iter().all(|reply| [202, 409].contains(&reply.status)));
    assert_eq!(http.count(), 2);
    let message = http.until_state(&taken[0].message_id(), "delivered");
    assert_eq!(message["text"], "FIRING Down: it does not answer (instance=web-1)");
    let refused = http.post(&format!("{PATH},12"), &alerts("firing", "http://alerts-1:9093"));
    assert_eq!((refused.status, refused.json()["code"].as_str()), (422, Some("invalid_destination")));
    assert_eq!(refused.json()["errors"][0]["index"], 2);

    assert_eq!(house.terminate().code(), Some(0));
    let house = plan.start();
    let again = house.http().post(PATH, &alerts("firing", "http://alerts-2:9093"));
    assert_eq!((again.header("idempotent-replayed"), &again.body), ("true", &taken[0].body));
    let resolved = house.http().post(PATH, &alerts("resolved", "http://alerts-2:9093"));
    assert_eq!((resolved.status, resolved.header("idempotent-replayed")), (202, ""));
    assert!(resolved.json()["text"].as_str().unwrap().starts_with("RESOLVED Down"));
    assert_eq!(house.http().count(), 4);
}
