//! Receipts that write ids in another notation than the answers did.

use types::address::Address;
use types::id::MessageId;
use types::message::State;
use types::receipt::{ReceiptState, Verdict};

use crate::house::{House, route};

/// The recipient of [`House::send`].
const PHONE: &str = "447400123456";

/// Sends a message to a phone and lets the carrier take it under an id.
async fn taken(house: &House, phone: &str, carrier_id: &str) -> MessageId {
    let mut draft = house.draft("hello");
    draft.destination = Address::from_text(phone);
    let Ok(accepted) = house.submit(vec![draft]).await else { panic!("the message was refused") };
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some(carrier_id)).await;
    accepted.messages[0].id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_matched_in_every_notation() {
    let house = House::new(route(&["a"])).await;
    for (number, (answered, told)) in (0_u64..).zip([
        ("c1", "c1"),
        ("00AB12", "ab12"),
        ("0xAB13", "AB13"),
        ("ab14", "0000AB14"),
        ("0000ab15", "43797"),
        ("43798", "AB16"),
        ("0000043799", "0xab17"),
    ]) {
        let id = taken(&house, PHONE, answered).await;
        house.receipt("a", told, ReceiptState::Delivered).await;
        assert_eq!(house.state(id).await, State::Delivered, "{answered} {told}");
        let again = taken(&house, PHONE, &format!("{answered}{number:04}")).await;
        house.receipt("a", "7777777777", ReceiptState::Delivered).await;
        assert_eq!(house.state(again).await, State::Submitted, "{answered}: another message's receipt");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_in_another_notation_is_matched_after_a_restart_too() {
    let house = House::new(route(&["a"])).await;
    let padded = taken(&house, PHONE, "00AB12").await;
    let plain = taken(&house, PHONE, "ab99").await;
    let house = house.restart().await;
    house.receipt("a", "43794", ReceiptState::Delivered).await;
    house.receipt("a", "43929", ReceiptState::Undelivered).await;
    assert_eq!(house.state(padded).await, State::Delivered);
    assert_eq!(house.state(plain).await, State::Undelivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_in_another_notation_may_come_before_its_answer() {
    let house = House::new(route(&["a"])).await;
    for (answered, told) in
        [("00AB12", "43794"), ("00AB13", "ab13"), ("ab14", "0000AB14"), ("43797", "ab15"), ("ab16", "0xAB16")]
    {
        let id = house.send("hello").await;
        let attempt = house.sent_one("a");
        house.receipt("a", told, ReceiptState::Delivered).await;
        assert_eq!(house.state(id).await, State::Sending);
        house.answer("a", attempt, Verdict::Accepted, Some(answered)).await;
        assert_eq!(house.state(id).await, State::Delivered, "{answered} {told}");
        assert_eq!(house.core.store_figures().await.unwrap().store.parked, 0, "{answered} {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_guessed_across_two_messages() {
    // 16 is hexadecimal for 22 and decimal for 10.
    let house = House::new(route(&["a"])).await;
    let (one, other) = (taken(&house, PHONE, "10").await, taken(&house, PHONE, "22").await);
    house.receipt("a", "16", ReceiptState::Delivered).await;
    assert_eq!((house.state(one).await, house.state(other).await), (State::Submitted, State::Submitted));
    assert_eq!(house.core.store_figures().await.unwrap().store.parked, 1);
    let ambiguous = house.core.connectors().iter().map(|view| view.ambiguous_receipts).sum::<u64>();
    assert_eq!(ambiguous, 1);

    let house = House::new(route(&["a"])).await;
    let (one, other) = (taken(&house, PHONE, "10").await, taken(&house, "447400654321", "22").await);
    house.receipt_for("a", "16", ReceiptState::Delivered, "447400654321").await;
    assert_eq!((house.state(one).await, house.state(other).await), (State::Submitted, State::Delivered));
    // As written it would be somebody else's.
    let third = taken(&house, "447400000003", "16").await;
    house.receipt_for("a", "16", ReceiptState::Delivered, PHONE).await;
    assert_eq!((house.state(one).await, house.state(third).await), (State::Delivered, State::Submitted));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_notation_of_a_connector_is_learned_and_told() {
    let house = House::new(route(&["a"])).await;
    let notation = |house: &House| {
        house.core.connectors().iter().find(|view| view.name == "a").and_then(|view| view.receipt_ids)
    };
    for number in 0x00C0_FFEE_u64..0x00C0_FFEE + 50 {
        assert_eq!(notation(&house), None);
        let id = taken(&house, PHONE, &format!("{number:x}")).await;
        house.receipt("a", &number.to_string(), ReceiptState::Delivered).await;
        assert_eq!(house.state(id).await, State::Delivered);
    }
    assert_eq!(notation(&house), Some("decimal_to_hex"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_notation_is_kept_to_while_an_attempt_waits_for_its_id() {
    let house = House::new(route(&["a"])).await;
    for number in 1_000..1_050 {
        taken(&house, PHONE, &format!("c{number}")).await;
        house.receipt("a", &format!("c{number}"), ReceiptState::Delivered).await;
    }
    let known = taken(&house, PHONE, "22").await;
    let doubtful = house.send("hello").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Unknown, None).await;
    // 16 is hexadecimal for 22, but this carrier writes ids as it answered: only the other can have it.
    house.receipt("a", "16", ReceiptState::Undelivered).await;
    assert_eq!(
        (house.state(known).await, house.state(doubtful).await),
        (State::Submitted, State::Undelivered)
    );
}
