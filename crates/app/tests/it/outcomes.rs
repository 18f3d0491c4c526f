//! What becomes of a message: answers, receipts, silence, and the process that stops in between.

use std::sync::atomic::Ordering;

use types::message::{Flags, Reason, State};
use types::receipt::{ReceiptState, Verdict};

use crate::house::{House, route};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_taken_and_delivered() {
    let house = House::new(route(&["a"])).await;
    let id = house.send("hello").await;
    assert_eq!(house.state(id).await, State::Sending);
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    assert_eq!(house.state(id).await, State::Submitted);
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    let detail = house.message(id).await;
    assert_eq!((detail.state, detail.attempts.len()), (State::Delivered, 1));
    assert_eq!(detail.attempts[0].owed.unwrap().amount.micros, 10_000);
    assert_eq!(house.balance().await, (9_950_000, 0));
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    assert_eq!(house.message(id).await.flags, Flags::default());
    house.receipt("a", "c1", ReceiptState::Undelivered).await;
    let detail = house.message(id).await;
    assert_eq!(detail.state, State::Delivered);
    assert!(detail.flags.contains(Flags::CONTRADICTED));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_may_overtake_its_answer_even_over_a_restart() {
    let house = House::new(route(&["a"])).await;
    let id = house.send("hello").await;
    let attempt = house.sent_one("a");
    house.receipt_for("a", "c1", ReceiptState::Delivered, "447400999999").await;
    assert_eq!(house.state(id).await, State::Sending);
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    assert_eq!(house.state(id).await, State::Delivered);
    let second = house.send("again").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c2")).await;
    let house = house.restart().await;
    house.receipt("a", "c2", ReceiptState::Delivered).await;
    assert_eq!(house.state(second).await, State::Delivered);
    assert_eq!(house.core.store_figures().await.unwrap().store.parked, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_while_sending_leaves_an_unknown_outcome() {
    let house = House::new(route(&["a"])).await;
    let id = house.send("hello").await;
    house.sent_one("a");
    let house = house.restart().await;
    let detail = house.message(id).await;
    assert_eq!((detail.state, detail.reason), (State::Unknown, Reason::ProcessStopped));
    assert!(house.sent("a").is_empty(), "an unknown message must not be sent again");
    house.receipt("a", "never-told", ReceiptState::Delivered).await;
    assert_eq!(house.state(id).await, State::Delivered, "the only unknown message to this phone is meant");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_outcomes_follow_the_policy_of_their_route() {
    let mut delivery = route(&["a"]);
    delivery.on_unknown = Some("prefer_delivery".into());
    let house = House::new(delivery).await;
    let id = house.send("hello").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Unknown, None).await;
    assert_eq!(house.state(id).await, State::Unknown);
    house.advance(MINUTE_MS + 1).await;
    let second = house.sent_one("a");
    assert_eq!(second.attempt, 2);
    assert!(house.message(id).await.flags.contains(Flags::POSSIBLE_DUPLICATE));

    let house = House::new(route(&["a"])).await;
    let id = house.send("hello").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Unknown, None).await;
    house.advance(71 * HOUR_MS).await;
    assert!(house.sent("a").is_empty());
    house.advance(2 * HOUR_MS).await;
    assert_eq!(house.state(id).await, State::Unconfirmed);

    let mut ask = route(&["a"]);
    ask.on_unknown = Some("ask_peer".into());
    let house = House::new(ask).await;
    let id = house.send("hello").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Unknown, None).await;
    assert!(house.queries("a").is_empty(), "without an id nobody can ask");
    house.advance(73 * HOUR_MS).await;
    assert_eq!(house.state(id).await, State::Unconfirmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_can_be_asked_is_asked_before_silence_counts() {
    let mut ask = route(&["a"]);
    ask.on_unknown = Some("ask_peer".into());
    for (answer, end) in [(true, State::Delivered), (false, State::NoReport)] {
        let house = House::new(ask.clone()).await;
        let id = house.send("hello").await;
        let attempt = house.sent_one("a");
        house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
        house.advance(71 * HOUR_MS).await;
        assert!(house.queries("a").is_empty());
        house.advance(HOUR_MS).await;
        assert_eq!(house.queries("a"), [(attempt, "c1".to_owned())]);
        assert_eq!(house.state(id).await, State::Submitted);
        if answer {
            // A state comes as a receipt does.
            house.receipt("a", "c1", ReceiptState::Delivered).await;
        } else {
            house.query_answer("a", attempt, None).await;
            house.advance(60_000).await;
        }
        assert_eq!(house.state(id).await, end);
        assert!(house.queries("a").is_empty(), "it is asked once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_asks_connectors_that_did_not_change_for_another_try() {
    let house = House::new(route(&["a"])).await;
    let knocks = |house: &House| house.factory.open.lock().unwrap()["a"].1.knocks.load(Ordering::SeqCst);
    let before = knocks(&house);
    let (_, document) = house.core.traffic();
    house.core.change_traffic((*document).clone(), "test", "").await.unwrap();
    house.settle().await;
    assert_eq!(knocks(&house), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_an_open_connector_waits_for_one() {
    let house = House::new(route(&["a"])).await;
    house.down("a").await;
    let id = house.send("hello").await;
    let (_, document) = house.core.traffic();
    let mut without = (*document).clone();
    without.connector.iter_mut().for_each(|connector| connector.disabled = true);
    house.core.change_traffic(without, "test", "").await.unwrap();
    house.settle().await;
    assert_eq!(house.state(id).await, State::Queued, "nothing is failed for want of a link");
    house.core.roll_back_traffic(1, "test").await.unwrap();
    house.up("a").await;
    house.settle().await;
    assert_eq!(house.state(id).await, State::Sending);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_resolves_an_unknown_outcome() {
    let house = House::new(route(&["a"])).await;
    let id = house.send("hello").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Unknown, None).await;
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    assert_eq!(house.state(id).await, State::Submitted);
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    assert_eq!(house.state(id).await, State::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_or_silence_of_one_carrier_is_another_ones_turn() {
    let mut fallback = route(&["a", "b"]);
    fallback.reroute_on = vec!["undelivered".into()];
    fallback.receipt_patience_s = Some(60);
    let house = House::new(fallback).await;
    let failed = house.send("one").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("a1")).await;
    house.receipt("a", "a1", ReceiptState::Undelivered).await;
    let again = house.sent_one("b");
    assert_eq!((again.message, again.attempt), (attempt.message, 2));
    house.answer("b", again, Verdict::Accepted, Some("b1")).await;
    house.receipt("b", "b1", ReceiptState::Delivered).await;
    let detail = house.message(failed).await;
    assert_eq!(detail.state, State::Delivered);
    let costs: Vec<_> = detail.attempts.iter().map(|attempt| attempt.owed.unwrap().amount.micros).collect();
    assert_eq!(costs, [10_000, 20_000]);

    let silent = house.send("two").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("a2")).await;
    house.advance(MINUTE_MS + 1).await;
    let again = house.sent_one("b");
    house.receipt("a", "a2", ReceiptState::Delivered).await;
    let detail = house.message(silent).await;
    assert_eq!(detail.state, State::Delivered);
    assert!(detail.flags.contains(Flags::POSSIBLE_DUPLICATE));
    house.answer("b", again, Verdict::Accepted, Some("b2")).await;
    assert_eq!(house.balance().await, (9_900_000, 0), "each message was charged once");
}

#[tokio::test(flavor = "multi_thread")]
async fn throttled_and_transient_messages_wait_and_come_back() {
    let house = House::new(route(&["a"])).await;
    let id = house.send("hello").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Throttled, None).await;
    assert_eq!(house.state(id).await, State::Queued);
    assert!(house.sent("a").is_empty());
    house.advance(1_001).await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Transient, None).await;
    house.advance(4_000).await;
    assert!(house.sent("a").is_empty());
    house.advance(1_001).await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Permanent, None).await;
    let detail = house.message(id).await;
    assert_eq!((detail.state, detail.reason), (State::Failed, Reason::CarrierRefused));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_message_takes_the_connector_that_is_up() {
    let house = House::new(route(&["a", "b"])).await;
    house.down("a").await;
    let id = house.send("hello").await;
    house.sent_one("b");
    house.down("b").await;
    let waiting = house.send("later").await;
    assert_eq!(house.state(waiting).await, State::Queued);
    assert_eq!(house.state(id).await, State::Sending);
    house.up("a").await;
    let detail = house.message(waiting).await;
    assert_eq!(detail.state, State::Sending, "{:?}", detail.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_failed_parts_of_a_long_message_are_repeated() {
    let house = House::new(route(&["a", "b"])).await;
    let id = house.send(&"x".repeat(400)).await;
    let attempt = house.sent_one("a");
    house.answer_part("a", attempt, 1, 3, Verdict::Accepted, Some("p1")).await;
    house.answer_part("a", attempt, 2, 3, Verdict::Transient, None).await;
    house.answer_part("a", attempt, 3, 3, Verdict::Accepted, Some("p3")).await;
    house.advance(5_001).await;
    assert!(house.sent("b").is_empty(), "parts that were taken bind the rest");
    let again = house.sent("a").remove(0);
    assert_eq!(again.only_parts, [2]);
    house.answer_part("a", again.attempt, 2, 3, Verdict::Accepted, Some("p2")).await;
    for part in ["p1", "p2"] {
        house.receipt("a", part, ReceiptState::Delivered).await;
        assert_eq!(house.state(id).await, State::Submitted);
    }
    house.receipt("a", "p3", ReceiptState::Delivered).await;
    assert_eq!(house.state(id).await, State::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_as_no_report_and_a_late_receipt_improves_it() {
    let house = House::new(route(&["a"])).await;
    let id = house.send("hello").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    house.advance(73 * HOUR_MS).await;
    assert_eq!(house.state(id).await, State::NoReport);
    house.receipt("a", "c1", ReceiptState::Delivered).await;
    assert_eq!(house.state(id).await, State::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduled_messages_wait_can_be_withdrawn_and_expire() {
    let house = House::new(route(&["a"])).await;
    let now = house.core.now();
    let mut later = house.draft("later");
    later.send_at = Some(now.plus_ms(HOUR_MS));
    let mut withdrawn = house.draft("withdrawn");
    withdrawn.send_at = Some(now.plus_ms(HOUR_MS));
    let accepted = house.submit(vec![later, withdrawn]).await.unwrap();
    let (first, second) = (accepted.messages[0].id, accepted.messages[1].id);
    assert_eq!(house.state(first).await, State::Scheduled);
    let scope = app::Scope::Account(house.account().id);
    assert_eq!(house.core.cancel(scope, second).await.unwrap().state, State::Cancelled);
    house.advance(HOUR_MS).await;
    house.sent_one("a");
    assert_eq!(house.state(first).await, State::Sending);
    assert!(house.core.cancel(scope, first).await.is_err());
    house.down("a").await;
    let mut short = house.draft("short");
    short.expires_at = Some(house.core.now().plus_ms(10_000));
    let id = house.submit(vec![short]).await.unwrap().messages[0].id;
    house.advance(10_001).await;
    let detail = house.message(id).await;
    assert_eq!((detail.state, detail.reason), (State::Expired, Reason::ValidityEnded));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_doubt_only_the_parts_in_doubt_are_sent_again_and_by_the_same_connector() {
    let mut delivery = route(&["a", "b"]);
    delivery.on_unknown = Some("prefer_delivery".into());
    let house = House::new(delivery).await;
    let id = house.send(&"long ".repeat(50)).await;
    let attempt = house.sent_one("a");
    house.answer_part("a", attempt, 1, 2, Verdict::Unknown, None).await;
    house.answer_part("a", attempt, 2, 2, Verdict::Accepted, Some("p2")).await;
    assert_eq!(house.state(id).await, State::Unknown);
    house.down("a").await;
    house.advance(60_001).await;
    assert!(house.sent("b").is_empty(), "the part that was taken binds the rest");
    house.up_again("a").await;
    let again = house.sent("a").remove(0);
    assert_eq!(again.only_parts, [1]);
    house.answer_part("a", again.attempt, 1, 2, Verdict::Accepted, Some("p1")).await;
    for part in ["p1", "p2"] {
        house.receipt("a", part, ReceiptState::Delivered).await;
    }
    let message = house.message(id).await;
    assert_eq!(message.state, State::Delivered);
    assert!(message.flags.contains(Flags::POSSIBLE_DUPLICATE), "the part in doubt may have arrived twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_taken_after_all_ends_although_links_come_and_go() {
    let mut delivery = route(&["a"]);
    delivery.on_unknown = Some("prefer_delivery".into());
    let house = House::new(delivery).await;
    let id = house.send("hello").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Unknown, None).await;
    house.down("a").await;
    house.advance(60_001).await;
    assert_eq!(house.state(id).await, State::Queued);
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    assert_eq!(house.state(id).await, State::Submitted);
    // Its place in the queue is still there.
    house.flicker("a").await;
    house.advance(50 * HOUR_MS).await;
    house.advance(23 * HOUR_MS).await;
    assert_eq!(house.state(id).await, State::NoReport);
}
