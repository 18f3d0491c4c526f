//! Movements, statistics, prices, numbers and the export of messages.

use std::sync::Arc;

use serde_json::json;

use crate::testing::{FakeDesk, call, message_id, request, router_of, webhook};

#[tokio::test]
async fn movements_come_in_pages() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let page = call(&router, request("GET", "/api/v1/movements?limit=1", "")).await.json();
    let item = json!({"id": "0000000000000012", "at": page["items"][0]["at"], "kind": "charge",
        "amount": {"amount": "-249.95", "unit": "EUR"}, "messages": 2});
    assert_eq!(page["items"], json!([item]));
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = call(&router, request("GET", &format!("/api/v1/movements?cursor={cursor}"), "")).await.json();
    assert_eq!(next, json!({"items": [], "next_cursor": null}));
}

#[tokio::test]
async fn statistics_are_told_as_a_document_and_as_a_table() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let all = call(&router, request("GET", "/api/v1/statistics", "")).await.json();
    let line = |day: &str, state: &str| {
        json!({"day": day, "country": "GB", "state": state, "messages": 318,
        "parts": 402, "amount": {"amount": "249.95", "unit": "EUR"}})
    };
    assert_eq!(all["items"], json!([line("2026-11-17", "delivered"), line("2026-11-18", "open")]));
    let before =
        call(&router, request("GET", "/api/v1/statistics?until=2026-11-18T00:00:00Z", "")).await.json();
    assert_eq!(before["items"], json!([line("2026-11-17", "delivered")]));
    let table = call(&router, request("GET", "/api/v1/statistics?format=csv", "")).await;
    assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert_eq!(table.header("content-disposition"), Some("attachment; filename=\"statistics.csv\""));
    let lines: Vec<String> = table.text().lines().map(str::to_owned).collect();
    assert_eq!(lines[1], "\"2026-11-17\",\"GB\",\"delivered\",\"318\",\"402\",\"249.95\",\"EUR\"");
    assert_eq!(lines.len(), 3);
}

#[tokio::test]
async fn prices_and_numbers_are_looked_up() {
    let router = router_of(&Arc::new(FakeDesk::default()));
    let prices = call(&router, request("GET", "/api/v1/prices", "")).await.json();
    let items = json!([{"prefix": "", "price": "0.10"}, {"prefix": "44", "price": "0.04"}, {"prefix": "447", "price": "249.95"}]);
    assert_eq!(prices, json!({"version": 3, "unit": "EUR", "items": items, "next_cursor": null}));
    for notation in ["447911123456", "%2B44%207911%20123456", "+44-7911-123456"] {
        let number = call(&router, request("GET", &format!("/api/v1/numbers/{notation}"), "")).await;
        let expected = json!({"number": "447911123456", "plausible": true, "country": "GB", "kind": "mobile",
            "international": "+44 7911 123456", "national": "07911 123456", "time_zones": ["Europe/London"],
            "time_zones_by": "number", "table_version": decide::zone::version(), "network": null,
            "price": {"amount": "0.05", "unit": "EUR"}});
        assert_eq!((number.status.as_u16(), number.json()), (200, expected), "{notation}");
    }
    for nothing in ["abc", "12", "%ff", "%00", "44791112345678901234"] {
        let answer = call(&router, request("GET", &format!("/api/v1/numbers/{nothing}"), "")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].clone()),
            (422, json!("invalid_destination")),
            "{nothing}"
        );
    }
}

#[tokio::test]
async fn what_is_listed_is_written_as_a_table_too() {
    let desk = FakeDesk::default();
    desk.webhooks.lock().unwrap().push(Some(webhook(3, "https://owner.example/")));
    let router = router_of(&Arc::new(desk));
    for (path, titles, row) in [
        ("movements", "\"id\",\"at\",\"kind\"", "\"charge\",\"-249.95\",\"EUR\",\"2\""),
        ("inbound", "\"id\",\"from\",\"to\",\"text\"", "\"STOP\",\"stop\""),
        ("statistics", "\"day\",\"country\"", "\"2026-11-17\",\"GB\",\"delivered\""),
        ("webhooks/3", "\"id\",\"type\",\"message_id\"", ""),
    ] {
        let ask = async |query: &str| {
            call(&router, request("GET", &format!("/api/v1/exports/{path}{query}"), "")).await
        };
        let table = ask("").await;
        assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8; header=present"), "{path}");
        let text = table.text();
        assert!(text.starts_with(titles) && text.contains(row), "{path}: {text}");
        let early = ask("?until=2000-01-01T00:00:00Z&since=1999-01-01T00:00:00Z&format=csv").await;
        assert!(path == "webhooks/3" || early.text().lines().count() == 1, "{path}: {}", early.text());
        let parquet = ask("?format=parquet").await;
        let told = (parquet.status.as_u16(), parquet.json()["code"].clone());
        assert_eq!(told, (501, json!("not_built")), "{path}");
    }
}

#[tokio::test]
async fn messages_are_written_page_by_page() {
    let desk = Arc::new(FakeDesk { pages: 3.into(), ..FakeDesk::default() });
    let table = call(&router_of(&desk), request("GET", "/api/v1/exports/messages?state=delivered", "")).await;
    assert_eq!((table.status.as_u16(), table.header("cache-control")), (200, Some("no-store")));
    let lines: Vec<String> = table.text().split("\r\n").map(str::to_owned).collect();
    assert_eq!(lines.len(), 5, "titles, three messages and the end: {lines:?}");
    assert!(lines[0].starts_with("\"id\",\"submission_id\",\"state\""));
    assert!(lines[1].starts_with(&format!("\"{}\"", message_id(1))));
    assert!(lines[1].contains("\"'+447911123456\""), "disarmed: {}", lines[1]);
    let queries = desk.queries.lock().unwrap();
    assert_eq!(queries.len(), 3);
    assert!(queries.iter().all(|query| query.limit == 500 && query.states.len() == 1));
    assert_eq!((queries[0].before, queries[1].before), (None, Some(message_id(1).key())));
}
