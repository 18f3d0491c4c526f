//! Rules of operators' terms that the running platform carries out, each by its id.

use types::charge::ChargeState;
use types::message::State;
use types::money::Money;
use types::profile::TriggerKey;
use types::receipt::Verdict;
use types::refusal::RefusalCode;

use crate::house::{House, route};

const PRICE_MICROS: i64 = 50_000;

#[tokio::test(flavor = "multi_thread")]
async fn row_cr_e1_debits_by_the_transmission_log() {
    charges_what_the_carrier_took(TriggerKey::OnTransmit).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_op_3_3c_charges_actual_usage() {
    charges_what_the_carrier_took(TriggerKey::OnUsage).await;
}

async fn charges_what_the_carrier_took(trigger: TriggerKey) {
    let house = House::with_trigger(route(&["a"]), trigger).await;
    let (available, _) = house.balance().await;
    let taken = house.send("taken").await;
    assert_eq!(house.balance().await, (available - PRICE_MICROS, PRICE_MICROS), "held, not charged");
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Accepted, Some("c1")).await;
    assert_eq!(house.message(taken).await.charge, ChargeState::Charged);
    let refused = house.send("refused").await;
    let attempt = house.sent_one("a");
    house.answer("a", attempt, Verdict::Permanent, None).await;
    assert_eq!(
        (house.state(refused).await, house.message(refused).await.charge),
        (State::Failed, ChargeState::Released)
    );
    assert_eq!(house.balance().await, (available - PRICE_MICROS, 0), "only what was transmitted costs");
}

#[tokio::test(flavor = "multi_thread")]
async fn row_pt_2_1e_every_positive_acknowledgement_is_one_charge() {
    let house = House::new(route(&["a"])).await;
    let (available, _) = house.balance().await;
    let mut bad = house.draft("x");
    bad.destination = types::address::Address::from_text("nobody");
    let mut acknowledged = 0;
    for _ in 0..5 {
        acknowledged += house.submit(vec![house.draft("x"), house.draft("y")]).await.unwrap().messages.len();
        assert!(house.submit(vec![bad.clone()]).await.is_err());
    }
    assert_eq!(acknowledged, 10);
    assert_eq!(house.balance().await, (available - 10 * PRICE_MICROS, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn row_cr_e7_units_do_not_mix() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    // The balance in euro pays 200 messages; credits of another kind pay none of them.
    house.core.top_up(account, Money::parse("100000 WHATSAPP").unwrap(), "test").await.unwrap();
    let refused = house.submit(vec![house.draft("x"); 201]).await.unwrap_err();
    assert_eq!(refused.first().unwrap().code, RefusalCode::InsufficientBalance);
    assert!(house.submit(vec![house.draft("x"); 200]).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn row_st_7_4a_value_is_usable_on_the_day_on_which_it_is_received() {
    let house = House::new(route(&["a"])).await;
    let account = house.account().id;
    house.submit(vec![house.draft("x"); 200]).await.unwrap();
    assert!(house.submit(vec![house.draft("x")]).await.is_err(), "nothing is left");
    house.core.top_up(account, Money::parse("0.05 EUR").unwrap(), "bank").await.unwrap();
    assert!(house.submit(vec![house.draft("x")]).await.is_ok());
}
