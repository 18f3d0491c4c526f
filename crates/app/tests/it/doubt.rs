//! Receipts without a known id: they find the one message that they can mean, and never another.

use std::sync::atomic::Ordering;

use ports::channel::ChannelEvent;
use types::id::MessageId;
use types::message::{Flags, State};
use types::receipt::{ReceiptState, Verdict};

use crate::house::{House, route};

const HOUR_MS: i64 = 3_600_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_overtakes_its_answer_is_not_taken_for_another_message() {
    let house = House::new(route(&["a"])).await;
    let lost = house.send("first").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Unknown, None).await;
    let fresh = house.send("second").await;
    let attempt = house.sent_one("a");
    // Both went to the same phone; the second has no answer yet.
    house.receipt("a", "c2", ReceiptState::Delivered).await;
    assert_eq!(house.state(lost).await, State::Unknown);
    house.answer("a", attempt, Verdict::Accepted, Some("c2")).await;
    assert_eq!((house.state(lost).await, house.state(fresh).await), (State::Unknown, State::Delivered));
    // Now only the first can be meant.
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    assert_eq!(house.state(lost).await, State::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_came_before_the_doubt_resolves_it_even_over_a_restart() {
    let house = House::new(route(&["a"])).await;
    let first = house.send("first").await;
    let attempt = house.sent_one("a");
    house.receipt("a", "never-told-1", ReceiptState::Delivered).await;
    assert_eq!(house.state(first).await, State::Sending);
    house.answer("a", attempt, Verdict::Unknown, None).await;
    assert_eq!(house.state(first).await, State::Delivered);
    let second = house.send("second").await;
    house.sent_one("a");
    house.receipt("a", "never-told-2", ReceiptState::Undelivered).await;
    let house = house.restart().await;
    house.settle().await;
    assert_eq!(house.state(second).await, State::Undelivered);
    assert_eq!(house.core.store_figures().await.unwrap().store.parked, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_receipts_that_came_before_the_doubt_find_their_message() {
    let house = House::new(route(&["a"])).await;
    let id = house.send("hello").await;
    let attempt = house.sent_one("a");
    for state in [ReceiptState::Enroute, ReceiptState::Delivered, ReceiptState::Delivered] {
        house.receipt("a", "never-told", state).await;
    }
    house.answer("a", attempt, Verdict::Unknown, None).await;
    assert_eq!(house.state(id).await, State::Delivered);
    assert_eq!(house.core.store_figures().await.unwrap().store.parked, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_resolves_a_doubt_brings_those_that_came_before_it() {
    let house = House::new(route(&["a"])).await;
    let id = house.send("hello").await;
    let attempt = house.sent_one("a");
    house.receipt("a", "never-told", ReceiptState::Delivered).await;
    let outcome = house.outcome(Verdict::Unknown, None);
    let again = house.notice("never-told", ReceiptState::Undelivered, "447400123456");
    let events = [ChannelEvent::Outcome { attempt, outcome, parts: 1 }, ChannelEvent::Receipt(again)];
    house.tell_at_once("a", events.into()).await;
    house.settle().await;
    assert_eq!(house.state(id).await, State::Undelivered);
    assert!(house.message(id).await.flags.contains(Flags::CONTRADICTED));
    assert_eq!(house.core.store_figures().await.unwrap().store.parked, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_in_doubt_none_is_guessed_until_one_is_known() {
    let house = House::new(route(&["a"])).await;
    let mut ids = Vec::new();
    let mut attempts = Vec::new();
    for text in ["first", "second"] {
        ids.push(house.send(text).await);
        attempts.push(house.sent_one("a"));
    }
    for attempt in &attempts {
        house.answer("a", *attempt, Verdict::Unknown, None).await;
    }
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    assert_eq!((house.state(ids[0]).await, house.state(ids[1]).await), (State::Unknown, State::Unknown));
    // A late answer tells that the second has another id.
    house.answer("a", attempts[1], Verdict::Accepted, Some("c2")).await;
    assert_eq!((house.state(ids[0]).await, house.state(ids[1]).await), (State::Delivered, State::Submitted));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_sent_does_not_hide_the_doubt_of_the_first() {
    let mut delivery = route(&["a"]);
    delivery.on_unknown = Some("prefer_delivery".into());
    let house = House::new(delivery).await;
    let copied = house.send("first").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Unknown, None).await;
    house.advance(60_001).await;
    let again = house.sent_one("a");
    house.answer("a", again, Verdict::Accepted, Some("c2")).await;
    let other = house.send("second").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Unknown, None).await;
    // The first copy or the other message: nobody knows.
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    assert_eq!(house.state(other).await, State::Unknown);
    assert_eq!(house.state(copied).await, State::Submitted);
    assert!(house.message(copied).await.flags.contains(Flags::POSSIBLE_DUPLICATE));
}

/// A house with a message that has ended as delivered, and of whose first attempt nobody knows anything.
async fn ended_in_doubt() -> (House, MessageId) {
    let mut delivery = route(&["a"]);
    delivery.on_unknown = Some("prefer_delivery".into());
    let house = House::new(delivery).await;
    let id = house.send("first").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Unknown, None).await;
    house.advance(60_001).await;
    let again = house.sent_one("a");
    house.answer("a", again, Verdict::Accepted, Some("copy")).await;
    house.receipt("a", "copy", ReceiptState::Delivered).await;
    assert_eq!(house.state(id).await, State::Delivered);
    (house, id)
}

async fn parked(house: &House) -> i64 {
    house.core.store_figures().await.unwrap().store.parked
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_for_a_message_that_ended_before_a_restart_is_not_taken_for_another() {
    let (house, _) = ended_in_doubt().await;
    let house = house.restart().await;
    let other = house.send("second").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Unknown, None).await;
    // The first copy of the message that has ended, or the other message: nobody knows.
    house.receipt("a", "c1", ReceiptState::Undelivered).await;
    assert_eq!((house.state(other).await, parked(&house).await), (State::Unknown, 1));
    // A late answer tells that it was not the other.
    house.answer("a", attempt, Verdict::Accepted, Some("c2")).await;
    assert_eq!((house.state(other).await, parked(&house).await), (State::Submitted, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_for_a_part_does_not_hide_the_doubt_of_its_copy() {
    for restart in [false, true] {
        let (house, ended) = ended_in_doubt().await;
        let id = house.send(&"long ".repeat(50)).await;
        let attempt = house.sent_one("a");
        house.answer_part("a", attempt, 1, 2, Verdict::Unknown, None).await;
        house.answer_part("a", attempt, 2, 2, Verdict::Accepted, Some("p2")).await;
        house.advance(60_001).await;
        let again = house.sent("a").remove(0);
        assert_eq!(again.only_parts, [1]);
        house.answer_part("a", again.attempt, 1, 2, Verdict::Unknown, None).await;
        // A late answer tells the id of the first copy; of the second nobody knows anything.
        house.answer_part("a", attempt, 1, 2, Verdict::Accepted, Some("p1")).await;
        for part in ["p1", "p2"] {
            house.receipt("a", part, ReceiptState::Delivered).await;
        }
        assert_eq!(house.state(id).await, State::Delivered);
        let house = if restart { house.restart().await } else { house };
        house.receipt("a", "second copy", ReceiptState::Undelivered).await;
        assert!(!house.message(ended).await.flags.contains(Flags::CONTRADICTED), "{restart}");
        assert_eq!(parked(&house).await, 1, "{restart}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_that_ended_in_doubt_none_is_forgotten() {
    let (house, first) = ended_in_doubt().await;
    let second = house.send("second").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Unknown, None).await;
    house.advance(60_001).await;
    let again = house.sent_one("a");
    house.answer("a", again, Verdict::Accepted, Some("copy2")).await;
    house.receipt("a", "copy2", ReceiptState::Delivered).await;
    let house = house.restart().await;
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    assert_eq!(parked(&house).await, 1, "either may be meant");
    // Late word of the second leaves the first alone.
    house.answer("a", attempt, Verdict::Accepted, Some("c2")).await;
    assert_eq!(parked(&house).await, 0);
    let receipts = async |id| {
        let attempts = house.message(id).await.attempts;
        attempts.iter().map(|attempt| attempt.receipts.len()).collect::<Vec<_>>()
    };
    assert_eq!((receipts(first).await, receipts(second).await), (vec![1, 1], vec![0, 1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_given_out_again_is_not_taken_for_another_phone_after_a_restart() {
    let (house, _) = ended_in_doubt().await;
    let house = house.restart().await;
    let other = house.send_to("447400000002").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("7")).await;
    // The carrier gave this id to the first copy too, before it began its ids anew.
    house.receipt("a", "7", ReceiptState::Undelivered).await;
    assert_eq!((house.state(other).await, parked(&house).await), (State::Submitted, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_does_not_happen_forgets_no_doubt() {
    let (house, first) = ended_in_doubt().await;
    house.store_fails.store(true, Ordering::SeqCst);
    let acknowledged = house.receipt_unsettled("a", "c1", ReceiptState::Delivered);
    let disk = async {
        assert!(house.core.ready().await.is_err());
        house.store_fails.store(false, Ordering::SeqCst);
    };
    tokio::join!(acknowledged, disk);
    house.settle().await;
    assert_eq!(parked(&house).await, 0);
    assert_eq!(house.message(first).await.attempts[0].receipts.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_given_out_again_is_told_apart_by_the_phone() {
    let house = House::new(route(&["a"])).await;
    let first = house.send_to("447400000001").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("7")).await;
    let second = house.send_to("447400000002").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("7")).await;
    house.receipt_for("a", "7", ReceiptState::Delivered, "447400000001").await;
    assert_eq!((house.state(first).await, house.state(second).await), (State::Delivered, State::Submitted));
    // A receipt that comes before its answer, under an id that was in use before.
    let third = house.send_to("447400000003").await;
    let attempt = house.sent_one("a");
    house.receipt_for("a", "7", ReceiptState::Undelivered, "447400000003").await;
    assert_eq!(house.state(second).await, State::Submitted);
    house.answer("a", attempt, Verdict::Accepted, Some("7")).await;
    assert_eq!((house.state(second).await, house.state(third).await), (State::Submitted, State::Undelivered));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_nobody_asks_for_lapses() {
    let house = House::new(route(&["a"])).await;
    house.receipt_for("a", "foreign", ReceiptState::Delivered, "447400999999").await;
    let parked = async || house.core.store_figures().await.unwrap().store.parked;
    house.advance(71 * HOUR_MS).await;
    assert_eq!(parked().await, 1);
    house.advance(2 * HOUR_MS).await;
    assert_eq!(parked().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_was_left_stays_left_over_a_restart() {
    let mut fallback = route(&["a", "b"]);
    fallback.reroute_on = vec!["undelivered".into()];
    let house = House::new(fallback).await;
    let id = house.send("hello").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("a1")).await;
    house.down("b").await;
    house.receipt("a", "a1", ReceiptState::Undelivered).await;
    assert_eq!(house.state(id).await, State::Queued);
    let house = house.restart().await;
    house.settle().await;
    assert!(house.sent("a").is_empty(), "the phone cannot be reached by this carrier");
    house.sent_one("b");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_twice_of_an_attempt_in_doubt_is_matched_twice() {
    let house = House::new(route(&["a"])).await;
    let id = house.send("hello").await;
    let attempt = house.sent_one("a");
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    assert_eq!(parked(&house).await, 2, "its answer may still come");
    house.answer("a", attempt, Verdict::Unknown, None).await;
    assert_eq!((house.state(id).await, parked(&house).await), (State::Delivered, 0));
    assert_eq!(house.message(id).await.attempts[0].receipts.len(), 2);
}
