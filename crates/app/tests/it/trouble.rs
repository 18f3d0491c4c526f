//! A store that cannot write, and links that come and go: nothing is acknowledged that is not on disk,
//! nothing that a carrier told is lost, and afterwards everything goes on as before.

use std::sync::atomic::Ordering;

use types::message::State;
use types::money::Money;
use types::receipt::{ReceiptState, Verdict};
use types::refusal::RefusalCode;

use crate::house::{House, route};

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_charges_nothing() {
    let house = House::new(route(&["a"])).await;
    house.store_fails.store(true, Ordering::SeqCst);
    let rejected = house.submit(vec![house.draft("x")]).await.unwrap_err();
    assert_eq!(rejected.first().unwrap().code, RefusalCode::Unavailable);
    assert!(house.sent("a").is_empty(), "what is not on disk must not be sent");
    assert!(house.core.ready().await.is_err());
    house.store_fails.store(false, Ordering::SeqCst);
    let accepted = house.submit(vec![house.draft("y")]).await.unwrap();
    house.settle().await;
    assert_eq!(house.state(accepted.messages[0].id).await, State::Sending);
    assert_eq!(house.balance().await, (9_950_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_receipts_wait_for_a_store_that_writes() {
    let house = House::new(route(&["a"])).await;
    let id = house.send("hello").await;
    let attempt = house.sent_one("a");
    house.store_fails.store(true, Ordering::SeqCst);
    house.answer_unsettled("a", attempt, Verdict::Accepted, "c1").await;
    // The carrier gets its acknowledgement only once the receipt is on disk.
    let acknowledged = house.receipt_unsettled("a", "c1", ReceiptState::Delivered);
    let disk = async {
        assert_eq!(house.state(id).await, State::Sending);
        house.store_fails.store(false, Ordering::SeqCst);
    };
    tokio::join!(acknowledged, disk);
    assert_eq!(house.state(id).await, State::Delivered);
    assert_eq!(house.balance().await, (9_950_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_uses_up_no_credit() {
    let house = House::new(route(&["a"])).await;
    house.core.top_up(house.account().id, Money::parse("100.00 EUR").unwrap(), "test").await.unwrap();
    house.store_fails.store(true, Ordering::SeqCst);
    // As many as the connector has room for: none of them goes out.
    let drafts = (0..1_000).map(|number| house.draft(&format!("text {number}"))).collect();
    assert!(house.submit(drafts).await.is_err());
    house.store_fails.store(false, Ordering::SeqCst);
    let accepted = house.submit(vec![house.draft("y")]).await.unwrap();
    house.settle().await;
    assert_eq!(house.state(accepted.messages[0].id).await, State::Sending);
}

#[tokio::test(flavor = "multi_thread")]
async fn credit_outlasts_a_link_that_comes_back() {
    let house = House::new(route(&["a"])).await;
    house.down("a").await;
    let id = house.send("waits").await;
    assert_eq!(house.state(id).await, State::Queued, "nothing is handed to a connector without a link");
    // The channel has promised its room once, and nothing of it was used.
    house.up_again("a").await;
    assert_eq!(house.state(id).await, State::Sending);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_were_taken_stay_taken_when_a_channel_gives_a_repeat_back() {
    let house = House::new(route(&["a"])).await;
    let id = house.send(&"long ".repeat(50)).await;
    let first = house.sent_one("a");
    house.answer_part("a", first, 1, 2, Verdict::Accepted, Some("c1")).await;
    house.answer_part("a", first, 2, 2, Verdict::Throttled, None).await;
    house.refuse_next("a");
    house.advance(1_000).await;
    assert!(house.sent("a").is_empty());
    house.advance(3_600_000).await;
    let repeat = house.sent("a").remove(0);
    assert_eq!(repeat.only_parts, [2], "the carrier has the first part");
    house.answer_part("a", repeat.attempt, 2, 2, Verdict::Accepted, Some("c2")).await;
    assert_eq!(house.state(id).await, State::Submitted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_for_a_while_stops_nothing() {
    let house = House::new(route(&["a"])).await;
    let id = house.send("hello").await;
    let attempt = house.sent_one("a");
    house.store_is_away.store(true, Ordering::SeqCst);
    house.answer_unsettled("a", attempt, Verdict::Accepted, "c1").await;
    let acknowledged = house.receipt_unsettled("a", "c1", ReceiptState::Delivered);
    let meanwhile = async {
        // Whoever asks gets an answer at once, again and again.
        for text in ["x", "y", "z"] {
            let rejected = house.submit(vec![house.draft(text)]).await.unwrap_err();
            assert_eq!(rejected.first().unwrap().code, RefusalCode::Unavailable);
        }
        assert!(house.core.ready().await.is_err());
        house.store_is_away.store(false, Ordering::SeqCst);
    };
    tokio::join!(acknowledged, meanwhile);
    assert_eq!(house.state(id).await, State::Delivered);
    assert_eq!(house.balance().await, (9_950_000, 0));
    let later = house.send("later").await;
    assert_eq!(house.state(later).await, State::Sending);
    assert!(house.core.ready().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_comes_back_without_traffic() {
    let house = House::new(route(&["a"])).await;
    house.store_is_away.store(true, Ordering::SeqCst);
    // The engine finds out by itself, and so it does that the store is there again.
    while house.core.ready().await.is_ok() {
        tokio::task::yield_now().await;
    }
    house.store_is_away.store(false, Ordering::SeqCst);
    while house.core.ready().await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_in_doubt_is_not_called_refused() {
    let house = House::new(route(&["a"])).await;
    house.store_orders.doubts.store(true, Ordering::SeqCst);
    let amount = Money::parse("5.00 EUR").unwrap();
    let answer = house.core.top_up(house.account().id, amount, "test").await.unwrap_err();
    assert!(answer.detail.contains("not known"), "{}", answer.detail);
    // Only a new start can tell.
    house.engine_stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_submission_that_a_full_disk_stopped_leaves_nothing() {
    let house = House::new(route(&["a"])).await;
    house.core.top_up(house.account().id, Money::parse("1000.00 EUR").unwrap(), "test").await.unwrap();
    house.store_orders.fails_after.store(2, Ordering::SeqCst);
    let drafts = (0..2_500).map(|number| house.draft(&format!("text {number}"))).collect();
    assert!(house.submit(drafts).await.is_err());
    house.store_fails.store(false, Ordering::SeqCst);
    house.submit(vec![house.draft("next")]).await.unwrap();
    house.settle().await;
    let given_up = house.store_orders.given_up.load(Ordering::SeqCst);
    assert_eq!(given_up, 1, "what was staged is given up at once, not at the next start");
}
