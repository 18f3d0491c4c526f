//! Money: charged once, held and given back, and never below what is there.

use types::catalog::TriggerKey;
use types::charge::ChargeState;
use types::message::{Content, State};
use types::receipt::{ReceiptState, Verdict};
use types::refusal::RefusalCode;

use crate::house::{House, route};

#[tokio::test(flavor = "multi_thread")]
async fn row_pt_2_1d_charges_on_acceptance_whatever_the_delivery() {
    let house = House::new(route(&["a"])).await;
    let id = house.send("hello").await;
    assert_eq!(house.balance().await, (9_950_000, 0));
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Permanent, None).await;
    assert_eq!(house.state(id).await, State::Failed);
    assert_eq!(house.balance().await, (9_950_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_captured_or_released_with_the_event_of_the_profile() {
    for (trigger, taken, delivered) in [
        (TriggerKey::OnSubmit, (9_950_000, 0), (9_950_000, 0)),
        (TriggerKey::OnDelivery, (9_950_000, 50_000), (9_950_000, 0)),
    ] {
        let house = House::with_trigger(route(&["a"]), trigger).await;
        let id = house.send("hello").await;
        assert_eq!(house.balance().await, (9_950_000, 50_000), "held at acceptance");
        let attempt = house.sent_one("a");
        house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
        assert_eq!(house.balance().await, taken);
        house.receipt("a", "c1", ReceiptState::Delivered).await;
        assert_eq!(house.balance().await, delivered);
        assert_eq!(house.message(id).await.charge, ChargeState::Charged);
        let refused = house.send("again").await;
        let attempt = house.sent_one("a");
        house.answer("a", attempt, Verdict::Permanent, None).await;
        assert_eq!(house.message(refused).await.charge, ChargeState::Released);
        assert_eq!(house.balance().await, (9_950_000, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_pt_2_1f_a_refusal_costs_nothing_and_leaves_nothing() {
    let house = House::new(route(&["a"])).await;
    let before = house.core.store_figures().await.unwrap().store.messages;
    let mut bad = house.draft("x");
    bad.destination = types::address::Address::from_text("nobody");
    let rejected = house.submit(vec![house.draft("good"), bad]).await.unwrap_err();
    assert_eq!(rejected.refusals.len(), 1);
    assert_eq!(rejected.refusals[0].0, Some(1));
    assert_eq!(rejected.first().unwrap().code, RefusalCode::InvalidDestination);
    let many = vec![house.draft("x"); 201];
    let rejected = house.submit(many).await.unwrap_err();
    assert_eq!(rejected.refusals[0].0, Some(200), "the balance covers 200 messages");
    assert_eq!(rejected.first().unwrap().code, RefusalCode::InsufficientBalance);
    assert_eq!(house.core.store_figures().await.unwrap().store.messages, before);
    assert_eq!(house.balance().await, (10_000_000, 0));
    assert!(house.sent("a").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_charged_as_they_are_counted() {
    let house = House::new(route(&["a"])).await;
    let mut long = house.draft("");
    long.content = Content::Text("ж".repeat(71));
    let accepted = house.submit(vec![long]).await.unwrap();
    assert_eq!(accepted.messages[0].parts, 2);
    assert_eq!(house.balance().await, (9_900_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_submission_is_taken_wholly_or_not_at_all() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    let too_many = vec![house.draft("x"); 2_500];
    let rejected = house.submit(too_many).await.unwrap_err();
    assert_eq!(rejected.first().unwrap().code, RefusalCode::InsufficientBalance);
    house.settle().await;
    assert_eq!(house.core.store_figures().await.unwrap().store.messages, 0);
    house.core.top_up(account, types::money::Money::parse("1000.00 EUR").unwrap(), "test").await.unwrap();
    let accepted = house.submit(vec![house.draft("x"); 2_500]).await.unwrap();
    assert_eq!(accepted.messages.len(), 2_500);
    house.settle().await;
    assert_eq!(house.core.store_figures().await.unwrap().store.messages, 2_500);
    assert_eq!(house.sent("a").len(), 1_000, "as many as the connector has room for");
    let (available, held) = house.balance().await;
    assert_eq!((available, held), (1_010_000_000 - 2_500 * 50_000, 0));
    let found = house.core.submission(app::Scope::Account(account), accepted.id).await.unwrap();
    assert_eq!(found.len(), 2_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_text_to_the_same_number_is_guarded_where_it_was_promised() {
    let house = House::new(route(&["a"])).await;
    let submission = |text: &str| app::submission::Submission {
        account: house.account().id,
        door: types::message::Door::Paasoo,
        received_at: house.core.now(),
        idempotency: None,
        drafts: vec![house.draft(text)],
        guard_repeats: true,
    };
    assert!(house.core.submit_and_wait(submission("hi")).await.is_ok());
    let rejected = house.core.submit_and_wait(submission("hi")).await.unwrap_err();
    assert_eq!(rejected.first().unwrap().code, RefusalCode::RepeatedMessage);
    assert!(house.core.submit_and_wait(submission("other")).await.is_ok());
    house.advance(3_001).await;
    assert!(house.core.submit_and_wait(submission("hi")).await.is_ok());
}
