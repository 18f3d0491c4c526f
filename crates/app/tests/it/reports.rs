//! What customers hear: in order, again after failures, each lane for itself.

use ports::courier::CourierError;
use ports::store::{Batch, Store};
use types::account::EndpointKind;
use types::id::RowKey;
use types::message::{ReportWish, State};
use types::receipt::{ReceiptState, Verdict};
use types::time::Timestamp;

use crate::house::{House, route};

async fn send_with_callback(house: &House, url: &str) -> types::id::MessageId {
    let endpoint = house.core.webhook_endpoint(house.account().id, EndpointKind::Webhook, url).await.unwrap();
    let mut draft = house.draft("hello");
    draft.report = ReportWish { endpoint: Some(endpoint), steps: true, ..ReportWish::default() };
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
    // Nobody listens: what came before the switch and after it waits for a person, not for a time.
    house.until_figures(|figures| figures.dead_letters == 2).await;
    let detail = house.message(id).await;
    assert_eq!((detail.pending_events, detail.dead_letters), (2, 2));
    let refusal = house.core.tell_again(account, Some(set.id)).await.unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("endpoint"));
    assert_eq!(house.core.tell_again(account, None).await, Ok(0), "no address is on");

    let again = house.core.set_default_webhook(account, EndpointKind::Webhook, Some(url)).await.unwrap();
    assert_eq!(again, Some(set), "the same address keeps its id and secret");
    house.advance(100_000).await;
    assert!(house.courier.calls.lock().unwrap().is_empty());
    assert_eq!(house.core.tell_again(account, None).await, Ok(2));
    let bodies: Vec<String> = house.calls(2).await.into_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies, [format!("{id} 0 submitted"), format!("{id} 1 delivered")]);
    house.until_figures(|figures| figures.outbox == 0).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_message_says_what_its_customer_was_not_told() {
    let house = House::new(route(&["a"])).await;
    let endpoint =
        house.core.webhook_endpoint(house.account().id, EndpointKind::Paasoo, "https://a.example/");
    let endpoint = endpoint.await.unwrap();
    let mut draft = house.draft("hello");
    draft.report = ReportWish { endpoint: Some(endpoint), steps: true, ..ReportWish::default() };
    let id = house.submit(vec![draft]).await.unwrap().messages[0].id;
    house.settle().await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    let calls = house.calls(1).await;
    assert_eq!(calls[0].1, format!("{id} 1 delivered"), "this form knows ends only");
    house.until_figures(|figures| figures.outbox == 0).await;
    let detail = house.message(id).await;
    assert_eq!(detail.told.iter().map(|event| event.state).collect::<Vec<_>>(), [State::Delivered]);
    assert_eq!(detail.moot.iter().map(|(state, _)| *state).collect::<Vec<_>>(), [State::Submitted]);
    assert_eq!((detail.pending_events, detail.dead_letters), (0, 0));
    let (_, story) = house.core.explain(app::Scope::All, id).await.unwrap().unwrap();
    let said = |text: &str| story.iter().any(|because| because.text.contains(text));
    assert!(said("was not told submitted") && said("was told delivered") && !said("was told submitted"));
    let metrics = house.core.metrics_text();
    assert!(metrics.contains("chappe_outbox_deliveries_total{result=\"done\"} 1"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_about_what_was_erased_waits_no_longer_and_counts_as_told_nowhere() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let endpoint = house.core.webhook_endpoint(account, EndpointKind::Webhook, "https://a.example/");
    let endpoint = endpoint.await.unwrap();
    let house = house
        .restart_after(|store| {
            let key = RowKey::from_parts(crate::house::NOON_MS + 500, 7);
            let about = RowKey::from_parts(crate::house::NOON_MS + 400, 7);
            let event = ports::conformance::store::rows::event(key, endpoint, about, Timestamp::from_ms(1));
            let batch = Batch { at: Timestamp::from_ms(1), outbox: vec![event], ..Batch::default() };
            store.apply(&batch).unwrap();
            assert_eq!(store.outbox(endpoint, RowKey::ZERO, 9).unwrap().len(), 1);
        })
        .await;
    house.until_figures(|figures| figures.outbox == 0).await;
    assert!(house.courier.calls.lock().unwrap().is_empty());
    assert!(!house.core.metrics_text().contains("outbox_deliveries_total{"));
}
