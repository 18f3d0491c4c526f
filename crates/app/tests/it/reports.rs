//! What customers hear: in order, again after failures, each lane for itself.

use ports::courier::CourierError;
use types::account::EndpointKind;
use types::message::ReportWish;
use types::receipt::{ReceiptState, Verdict};

use crate::house::{House, route};

async fn send_with_callback(house: &House, url: &str) -> types::id::MessageId {
    let endpoint = house.core.webhook_endpoint(house.account().id, EndpointKind::Webhook, url).await.unwrap();
    let mut draft = house.draft("hello");
    draft.report = ReportWish { endpoint: Some(endpoint), steps: true, failures_only: false };
    let id = house.submit(vec![draft]).await.unwrap().messages[0].id;
    house.settle().await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_message_come_in_order_and_again_after_a_failure() {
    let house = House::new(route(&["a"])).await;
    house.courier.answers.lock().unwrap().push_back(Ok(500));
    let id = send_with_callback(&house, "https://example.com/hook").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    house.calls(1).await;
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    assert_eq!(house.calls(1).await.len(), 1, "the second event waits for the first");
    house.advance(6_001).await;
    let bodies: Vec<String> = house.calls(3).await.into_iter().map(|(_, body)| body).collect();
    assert_eq!(
        bodies,
        [format!("{id} 0 submitted"), format!("{id} 0 submitted"), format!("{id} 1 delivered")]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_survive_a_restart() {
    let house = House::new(route(&["a"])).await;
    house.courier.answers.lock().unwrap().push_back(Err(CourierError::NotConnected { reason: "refused" }));
    let id = send_with_callback(&house, "https://example.com/hook").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    house.calls(1).await;
    let house = house.restart().await;
    house.advance(6_001).await;
    let bodies: Vec<String> = house.calls(1).await.into_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies, [format!("{id} 0 submitted")]);
    assert_eq!(house.core.store_figures().await.unwrap().store.outbox, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_endpoint_delays_nobody_else() {
    let house = House::new(route(&["a"])).await;
    for _ in 0..1 {
        house.courier.answers.lock().unwrap().push_back(Ok(503));
    }
    send_with_callback(&house, "https://dead.example.com/hook").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    house.calls(1).await;
    send_with_callback(&house, "https://alive.example.com/hook").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c2")).await;
    let calls = house.calls(2).await;
    assert!(calls[1].0.contains("alive"));
}

#[tokio::test(flavor = "multi_thread")]
async fn callback_addresses_are_checked_before_they_are_kept() {
    let house = House::new(route(&["a"])).await;
    for url in ["http://example.com/", "ftp://example.com", "https://exa mple.com", "", "javascript:alert(1)"]
    {
        let kept = house.core.webhook_endpoint(house.account().id, EndpointKind::Webhook, url).await;
        assert!(kept.is_err(), "{url}");
    }
}
