//! A carrier that fails some messages and forgets others does not fail its customers: another one
//! delivers, under one id, for one price, with one receipt.

use std::collections::BTreeSet;

use serde_json::Value;
use smpp::MessageState;

use crate::carrier::{Carrier, End};
use crate::esme::message;
use crate::house::{House, Plan};
use crate::http::micros;

const MESSAGES: usize = 100;
const ROUTE: &str = "[[route]]\nname = \"default\"\nconnectors = [\"alpha\", \"beta\"]\n\
                     reroute_on = [\"undelivered\"]\nreceipt_patience_s = 2\n";

/// Whether the first carrier fails or forgets a number: 30 and 10 of 100.
fn fails(number: &str) -> bool {
    matches!(number.as_bytes().last(), Some(b'0'..=b'2'))
}

fn is_forgotten(number: &str) -> bool {
    number.ends_with('3')
}

/// The costs of the attempts, as the operator is told them, in millionths.
fn costs(house: &House, id: &str) -> Vec<i64> {
    let explained = house.json(&["explain", id]);
    let story = explained["story"].as_array().unwrap().clone();
    let routes = story.iter().filter(|because| because["stage"] == "route");
    routes
        .map(|because| micros(because["facts"]["cost"].as_str().unwrap().trim_end_matches(" EUR")))
        .collect()
}

#[test]
fn what_one_carrier_fails_another_delivers_once() {
    let alpha = Carrier::start("alpha", |taken| match taken.to.as_str() {
        to if fails(to) => End::Told(MessageState::Undeliverable),
        to if is_forgotten(to) => End::Silence,
        _ => End::Told(MessageState::Delivered),
    });
    let beta = Carrier::delivering("beta");
    let house = Plan::new().config(alpha.connector("0.01") + &beta.connector("0.02") + ROUTE).start();
    let mut esme = house.bound();
    let numbers: Vec<String> = (0..MESSAGES).map(|n| format!("4474001200{n:02}")).collect();
    let sequences: Vec<u32> = numbers
        .iter()
        .map(|number| esme.request(&smpp::Pdu::SubmitSm(message(number, b"sure to arrive"))))
        .collect();
    let mut ids = vec![String::new(); MESSAGES];
    let mut told = Vec::new();
    while told.len() < MESSAGES || ids.iter().any(String::is_empty) {
        let received = esme.receive();
        match received.pdu() {
            smpp::Pdu::SubmitSmResp(response) => {
                assert!(received.header.command_status.is_ok(), "{received:?}");
                let place =
                    sequences.iter().position(|known| *known == received.header.sequence_number).unwrap();
                ids[place] = String::from_utf8(response.message_id.to_vec()).unwrap();
            }
            smpp::Pdu::DeliverSm(deliver) => {
                told.push(crate::esme::read_receipt(&deliver));
                esme.thank(received.header.sequence_number);
            }
            other => panic!("{other:?}"),
        }
    }
    esme.check_alive();
    assert!(told.iter().all(|told| told.stat == "DELIVRD"), "{told:?}");
    let once: BTreeSet<&String> = told.iter().map(|told| &told.id).collect();
    assert_eq!(once, ids.iter().collect(), "one receipt for each");
    for (id, number) in ids.iter().zip(&numbers) {
        check_message(&house, id, number);
    }
    assert_eq!((alpha.taken().len(), beta.taken().len()), (100, 40));
    assert_eq!(house.http().count(), MESSAGES);
    assert_eq!(house.http().balance(), 250_000_000 - 100 * 40_000, "each is charged once");
    let doctor = house.json(&["doctor"]);
    assert!(doctor["checks"].as_array().unwrap().iter().all(|check| check["ok"] == true), "{doctor}");
}

fn check_message(house: &House, id: &str, number: &str) {
    let moved = fails(number) || is_forgotten(number);
    let seen = house.http().message(id);
    assert_eq!((&seen["state"], &seen["charge"]), (&"delivered".into(), &"charged".into()), "{number}");
    assert_eq!(seen["price"]["amount"], "0.04");
    assert_eq!(seen["attempt_count"], if moved { 2 } else { 1 }, "{number}: {seen}");
    assert_eq!(seen["pending_events"], 0, "{number}");
    let triggers: Vec<&Value> =
        seen["attempts"].as_array().unwrap().iter().map(|attempt| &attempt["trigger"]).collect();
    let second = if fails(number) { "receipt" } else { "no_receipt" };
    assert_eq!(triggers, if moved { vec!["none", second] } else { vec!["none"] }, "{number}");
    // Asking by the command line starts a process; a tenth of the messages is enough.
    if number.as_bytes()[10] == b'4' {
        assert_eq!(costs(house, id), if moved { vec![10_000, 20_000] } else { vec![10_000] }, "{number}");
    }
}
