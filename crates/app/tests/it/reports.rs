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

/// Waits until the default endpoint is on or off.
async fn default_is(house: &House, disabled: bool) {
    let account = house.account().id;
    let wait = async {
        while house.core.endpoints(account).first().is_none_or(|view| view.disabled != disabled) {
            house.settle().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), wait).await.expect("the switch was not thrown");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_gone_is_switched_off_until_it_is_set_again() {
    let url = "https://example.com/hook";
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let set = house.core.set_default_webhook(account, EndpointKind::Webhook, Some(url)).await.unwrap();
    let set = set.unwrap();
    assert!(set.is_default && !set.disabled && set.url.expose() == url);
    house.courier.answers.lock().unwrap().push_back(Ok(410));
    let id = send_with_callback(&house, url).await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    house.calls(1).await;
    default_is(&house, true).await;

    // The switch is on disk, and neither time nor a message that names the address throws it back.
    let house = house.restart().await;
    default_is(&house, true).await;
    house.core.webhook_endpoint(account, EndpointKind::Webhook, url).await.unwrap();
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    house.advance(30_000).await;
    default_is(&house, true).await;
    assert!(house.courier.calls.lock().unwrap().is_empty());

    let again = house.core.set_default_webhook(account, EndpointKind::Webhook, Some(url)).await.unwrap();
    assert_eq!(again, Some(set), "the same address keeps its id and secret");
    house.advance(1_000).await;
    let bodies: Vec<String> = house.calls(2).await.into_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies, [format!("{id} 0 submitted"), format!("{id} 1 delivered")]);
    let house = house.restart().await;
    assert_eq!(house.core.endpoints(account).len(), 1);
    default_is(&house, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_address_is_listed_first_and_can_be_taken_away() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    assert!(house.core.endpoints(account).is_empty(), "the endpoint of SMPP is no address");
    let default = house.core.set_default_webhook(account, EndpointKind::Paasoo, Some("https://a.example/"));
    let default = default.await.unwrap().unwrap();
    house.core.webhook_endpoint(account, EndpointKind::Webhook, "https://b.example/").await.unwrap();
    let urls = |house: &House| -> Vec<(String, bool)> {
        let views = house.core.endpoints(account).into_iter();
        views.map(|view| (view.url.into_inner(), view.is_default)).collect()
    };
    assert_eq!(urls(&house), [("https://a.example/".into(), true), ("https://b.example/".into(), false)]);
    assert_eq!((default.kind, house.account().default_endpoint), (EndpointKind::Paasoo, Some(default.id)));
    for (kind, url, field) in [
        (EndpointKind::Smpp, Some("https://a.example/"), "kind"),
        (EndpointKind::Webhook, Some("http://a.example/"), "url"),
        (EndpointKind::Webhook, Some(""), "url"),
    ] {
        let refusal = house.core.set_default_webhook(account, kind, url).await.unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some(field));
    }
    assert_eq!(house.account().default_endpoint, Some(default.id));
    assert_eq!(house.core.set_default_webhook(account, EndpointKind::Webhook, None).await, Ok(None));
    assert_eq!(house.account().default_endpoint, None);
    assert_eq!(urls(&house), [("https://b.example/".into(), false), ("https://a.example/".into(), false)]);
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

#[tokio::test(flavor = "multi_thread")]
async fn events_that_waited_are_told_after_a_restart_that_makes_others() {
    let house = House::new(route(&["a"])).await;
    let url = "https://example.com/hook";
    house.courier.answers.lock().unwrap().push_back(Ok(500));
    let waits = send_with_callback(&house, url).await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    house.calls(1).await;
    // Its outcome is unknown at the start, which is told to the same address.
    let unknown = send_with_callback(&house, url).await;
    house.sent_one("a");
    let house = house.restart().await;
    house.advance(6_001).await;
    let mut bodies: Vec<String> = house.calls(2).await.into_iter().map(|(_, body)| body).collect();
    bodies.sort();
    let mut expected = [format!("{waits} 0 submitted"), format!("{unknown} 0 unknown")];
    expected.sort();
    assert_eq!(bodies, expected);
}
