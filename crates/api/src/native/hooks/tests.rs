//! What products send by their webhooks, and what becomes of it.

use std::sync::Arc;

use app::submission::Rejected;
use serde_json::{Value, json};
use types::message::{Class, Content};
use types::refusal::{Refusal, RefusalCode};

use super::text::PARTS_MAX;
use crate::testing::{Answer, FakeDesk, call, message_id, request, router_of};

const ALERTMANAGER: &str = "/api/v1/hooks/alertmanager?to=447911123456&from=Alerts";
const GRAFANA: &str = "/api/v1/hooks/grafana?to=447911123456&from=Alerts";

fn alert(status: &str, instance: &str, summary: &str) -> Value {
    json!({
        "status": status,
        "labels": {"alertname": "InstanceDown", "instance": instance, "severity": "critical", "job": "node", "pod": "x"},
        "annotations": {"summary": summary, "description": "a longer one", "runbook_url": "https://example.com/"},
        "startsAt": "2026-11-22T10:00:00.123456789+01:00",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
        "fingerprint": format!("{:016x}", instance.len() + usize::from(instance.as_bytes()[0])),
    })
}

fn group(version: &str, alerts: Vec<Value>) -> Value {
    let is_firing = alerts.iter().any(|alert| alert["status"] == "firing");
    json!({
        "receiver": "sms", "status": if is_firing { "firing" } else { "resolved" },
        "alerts": alerts,
        "groupLabels": {"alertname": "InstanceDown"}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093", "version": version,
        "groupKey": "{}/{team=\"web\"}:{alertname=\"InstanceDown\"}", "truncatedAlerts": 0,
    })
}

/// What Grafana adds to it.
fn of_grafana(alerts: Vec<Value>) -> Value {
    let mut body = group("1", alerts);
    body["orgId"] = json!(1);
    body["title"] = json!("[FIRING:1] InstanceDown");
    body["state"] = json!("alerting");
    body["message"] = json!("**Firing**\n\nValue: B=44.2");
    for alert in body["alerts"].as_array_mut().unwrap() {
        alert["values"] = json!({"B": 44.239, "C": 1});
        alert["silenceURL"] = json!("https://grafana.example/alerting/silence/new");
    }
    body
}

async fn post(desk: &Arc<FakeDesk>, path: &str, body: &Value) -> Answer {
    call(&router_of(desk), request("POST", path, body.to_string())).await
}

/// The text that a document is told in.
async fn text_of(path: &str, body: &Value) -> String {
    let desk = Arc::new(FakeDesk::default());
    let answer = post(&desk, path, body).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let submissions = desk.submissions.lock().unwrap();
    let Content::Text(text) = &submissions[0].drafts[0].content else { panic!("no text") };
    assert_eq!(answer.json()["text"], *text, "the answer shows what was sent");
    text.clone()
}

#[tokio::test]
async fn an_alert_of_either_product_is_sent() {
    let alerts = vec![alert("firing", "web-1:9100", "web-1 does\n not answer")];
    for (path, body) in [(ALERTMANAGER, group("4", alerts.clone())), (GRAFANA, of_grafana(alerts))] {
        let desk = Arc::new(FakeDesk::default());
        let path = format!("{path}&to=%2B44+7911+123457,447911123458&class=one_time");
        let answer = post(&desk, &path, &body).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        let told = answer.json();
        assert!(told["submission_id"].as_str().unwrap().starts_with("sub_"));
        assert_eq!(told["messages"][0]["id"], message_id(1).to_string());
        assert_eq!(told["messages"][1]["to"], "+44 7911 123457");
        let submissions = desk.submissions.lock().unwrap();
        let drafts = &submissions[0].drafts;
        let recipients: Vec<_> = drafts.iter().map(|draft| draft.destination.text().into_owned()).collect();
        assert_eq!(recipients, ["447911123456", "+44 7911 123457", "447911123458"]);
        let text =
            "FIRING InstanceDown: web-1 does not answer (severity=critical, instance=web-1:9100, job=node)";
        for draft in drafts {
            assert_eq!((draft.source.text(), draft.class), ("Alerts".into(), Some(Class::OneTime)));
            assert_eq!(draft.content, Content::Text(text.to_owned()));
        }
    }
}

#[tokio::test]
async fn firing_alerts_come_first_and_resolved_ones_are_told_too() {
    let alerts =
        vec![alert("resolved", "a", "is back"), alert("firing", "b", "is gone"), alert("firing", "c", "")];
    let text = text_of(ALERTMANAGER, &group("4", alerts)).await;
    assert_eq!(
        text,
        "2 firing, 1 resolved\n\
         FIRING InstanceDown: is gone (severity=critical, instance=b, job=node)\n\
         FIRING InstanceDown: a longer one (severity=critical, instance=c, job=node)\n\
         RESOLVED InstanceDown: is back (severity=critical, instance=a, job=node)"
    );
    let text = text_of(GRAFANA, &of_grafana(vec![alert("resolved", "a", "is back")])).await;
    assert!(text.starts_with("RESOLVED InstanceDown: is back"), "{text}");
}

#[tokio::test]
async fn a_text_never_has_more_parts_than_its_limit_and_counts_what_it_leaves_out() {
    let many = |count: usize, summary: &str| {
        let alerts = (0..count).map(|at| alert("firing", &format!("{at} host"), summary)).collect();
        group("4", alerts)
    };
    let cases = [
        (many(1, &"long ".repeat(500)), ""),
        (many(1, &"длинный ".repeat(500)), ""),
        (many(1, &"\u{1F5FC}".repeat(500)), ""),
        (many(2, &"длинный ".repeat(500)), "+1 more"),
        (many(300, "down"), " more"),
        (many(300, &"[]{}€".repeat(100)), " more"),
    ];
    for (body, end) in cases {
        let text = text_of(ALERTMANAGER, &body).await;
        assert!(gsm_text::count(&text).parts <= PARTS_MAX, "{text}");
        assert!(gsm_text::count(&text).parts >= PARTS_MAX - 1, "room is left unused: {text}");
        assert!(text.ends_with(end) && text.contains("FIRING InstanceDown"), "{text}");
        let shown = text.matches("FIRING ").count();
        let left = text.rsplit_once('+').map_or(0, |(_, rest)| rest[..rest.len() - 5].parse().unwrap());
        assert_eq!(shown + left, body["alerts"].as_array().unwrap().len(), "{text}");
    }
    let mut cut = many(2, "down");
    cut["truncatedAlerts"] = json!(40);
    assert!(text_of(ALERTMANAGER, &cut).await.ends_with("\n+40 more"));
    cut["truncatedAlerts"] = json!(u64::MAX);
    assert!(text_of(ALERTMANAGER, &cut).await.ends_with(" more"), "no sum wraps around");
}

#[tokio::test]
async fn the_same_group_has_the_same_key_and_another_one_another() {
    let desk = Arc::new(FakeDesk::default());
    let body = group("4", vec![alert("firing", "a", "x"), alert("firing", "b", "x")]);
    let mut keys = Vec::new();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut body = body.clone();
        change(&mut body);
        body
    };
    let same = [
        body.clone(),
        changed(&|body| body["externalURL"] = json!("http://the-other-one:9093")),
        changed(&|body| body["alerts"].as_array_mut().unwrap().reverse()),
        changed(&|body| body["alerts"][0]["annotations"]["summary"] = json!("changed")),
    ];
    let others = [
        changed(&|body| body["groupKey"] = json!("{}:{}")),
        changed(&|body| body["status"] = json!("resolved")),
        changed(&|body| body["alerts"][0]["status"] = json!("resolved")),
        changed(&|body| body["alerts"][0]["startsAt"] = json!("2026-11-22T11:00:00Z")),
        changed(&|body| body["alerts"][0]["fingerprint"] = json!("00")),
        changed(&|body| drop(body["alerts"].as_array_mut().unwrap().pop())),
    ];
    for body in same.iter().chain(&others) {
        assert_eq!(post(&desk, ALERTMANAGER, body).await.status, 202);
    }
    let elsewhere = [
        format!("{ALERTMANAGER}&to=447911123457"),
        format!("{ALERTMANAGER}&class=bulk"),
        ALERTMANAGER.replace("Alerts", "Others"),
        GRAFANA.to_owned(),
    ];
    for path in &elsewhere {
        assert_eq!(post(&desk, path, &body).await.status, 202);
    }
    for submission in desk.submissions.lock().unwrap().iter() {
        let once = submission.idempotency.clone().unwrap();
        assert!(once.key.starts_with("hook-") && once.key.len() == 69, "{}", once.key);
        keys.push((once.key, once.fingerprint));
    }
    assert!(keys[..same.len()].iter().all(|key| *key == keys[0]));
    let mut different = keys.split_off(same.len());
    different.push(keys[0].clone());
    let count = different.len();
    different.sort();
    different.dedup();
    assert_eq!((different.len(), count), (count, 1 + others.len() + elsewhere.len()));
}

#[tokio::test]
async fn an_alert_without_a_fingerprint_is_known_by_its_labels() {
    let desk = Arc::new(FakeDesk::default());
    for instance in ["a", "a", "b"] {
        let mut body = group("4", vec![alert("firing", instance, "x")]);
        body["alerts"][0].as_object_mut().unwrap().remove("fingerprint");
        assert_eq!(post(&desk, ALERTMANAGER, &body).await.status, 202);
    }
    let submissions = desk.submissions.lock().unwrap();
    let keys: Vec<_> = submissions.iter().map(|one| one.idempotency.clone().unwrap().key).collect();
    assert!(keys[0] == keys[1] && keys[1] != keys[2]);
}

#[tokio::test]
async fn a_stated_key_wins_and_a_dry_run_has_none() {
    let desk = Arc::new(FakeDesk { replayed: true, ..FakeDesk::default() });
    let body = group("4", vec![alert("firing", "a", "x")]);
    let mut stated = request("POST", ALERTMANAGER, body.to_string());
    stated.headers_mut().insert("idempotency-key", "mine".parse().unwrap());
    let answer = call(&router_of(&desk), stated).await;
    assert_eq!((answer.status.as_u16(), answer.header("idempotent-replayed")), (202, Some("true")));
    let answer = post(&desk, &format!("{ALERTMANAGER}&dry_run=true"), &body).await;
    assert_eq!(answer.status, 200);
    let quote = answer.json();
    assert_eq!(quote["dry_run"], true);
    assert_eq!(
        quote["messages"],
        json!([{"to": "447911123456", "parts": 1, "price": {"amount": "0.05", "unit": "EUR"}}])
    );
    assert!(quote["text"].as_str().unwrap().contains("InstanceDown") && quote.get("submission_id").is_none());
    let submissions = desk.submissions.lock().unwrap();
    assert_eq!(submissions[0].idempotency.as_ref().unwrap().key, "mine");
    assert!(submissions[1].idempotency.is_none());
}

#[tokio::test]
async fn what_the_address_lacks_is_named() {
    let many = format!("?from=A&to={}", vec!["447911123456"; 101].join(","));
    let cases = [
        ("", 400, "from"),
        ("?from=A", 400, "to"),
        ("?to=447911123456", 400, "from"),
        ("?from=+&to=447911123456", 400, "from"),
        ("?from=A&to=", 400, "to"),
        ("?from=A&to=447911123456,", 400, "to"),
        ("?from=A&to=447911123456&to=", 400, "to"),
        ("?from=A&from=B&to=447911123456", 400, "from"),
        ("?from=A&to=447911123456&class=fast", 400, "class"),
        ("?from=A&to=447911123456&dry_run=1", 400, "dry_run"),
        ("?from=A&to=447911123456&colour=red", 400, "colour"),
        (many.as_str(), 422, "to"),
    ];
    let body = group("4", vec![alert("firing", "a", "x")]);
    for (query, status, field) in cases {
        for product in ["alertmanager", "grafana"] {
            let desk = Arc::new(FakeDesk::default());
            let answer = post(&desk, &format!("/api/v1/hooks/{product}{query}"), &body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()["field"].clone()),
                (status, json!(field)),
                "{query}"
            );
            assert!(desk.submissions.lock().unwrap().is_empty(), "{query}");
            assert_eq!(desk.noted.lock().unwrap().len(), 1, "{query}");
        }
    }
}

#[tokio::test]
async fn documents_of_another_form_are_refused() {
    let good = group("4", vec![alert("firing", "a", "x")]);
    let cases: [(&str, Value, &str); 5] = [
        (ALERTMANAGER, group("3", vec![alert("firing", "a", "x")]), "version"),
        (ALERTMANAGER, of_grafana(vec![alert("firing", "a", "x")]), "version"),
        (ALERTMANAGER, group("4", Vec::new()), "alerts"),
        (GRAFANA, group("1", Vec::new()), "alerts"),
        (GRAFANA, json!({"title": "x", "state": "alerting", "ruleId": 1}), "groupKey"),
    ];
    for (path, body, field) in cases {
        let desk = Arc::new(FakeDesk::default());
        let answer = post(&desk, path, &body).await;
        assert_eq!((answer.status.as_u16(), answer.json()["field"].clone()), (400, json!(field)), "{body}");
        assert!(desk.submissions.lock().unwrap().is_empty());
    }
    let desk = Arc::new(FakeDesk::default());
    assert_eq!(post(&desk, ALERTMANAGER, &good).await.status, 202);
}

#[tokio::test]
async fn refusals_are_those_of_every_submission() {
    let body = group("4", vec![alert("firing", "a", "x")]);
    for code in RefusalCode::ALL {
        let rejection = Rejected::whole(Refusal::new(*code, "because").retry_after(7));
        let desk = Arc::new(FakeDesk { rejection: Some(rejection).into(), ..FakeDesk::default() });
        let answer = post(&desk, GRAFANA, &body).await;
        assert_eq!(answer.status, crate::http_status(*code), "{code:?}");
        assert_eq!(
            (answer.json()["code"].as_str(), answer.header("retry-after")),
            (Some(code.code()), Some("7"))
        );
    }
    let refusal = Refusal::new(RefusalCode::InvalidDestination, "not a number").at("to");
    let rejected = Rejected { refusals: vec![(Some(1), refusal)] };
    let desk = Arc::new(FakeDesk { rejection: Some(rejected).into(), ..FakeDesk::default() });
    let problem = post(&desk, &format!("{GRAFANA}&to=12"), &body).await.json();
    assert_eq!((&problem["field"], &problem["errors"][0]["index"]), (&json!("to"), &json!(1)));
    assert_eq!(problem["detail"], "1 of 2 recipients were refused; nothing was sent");
}
