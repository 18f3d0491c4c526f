//! Stopping is orderly: whoever is connected is told, what was taken is kept, and the end comes soon.

use std::net::TcpStream;

use smpp::{CommandId, CommandStatus, write_header_only};

use crate::esme::message;
use crate::house::Plan;

#[test]
fn sessions_are_taken_leave_of() {
    let plan = Plan::new();
    let house = plan.start();
    let mut esme = house.bound();
    // These end after a while, so that there is something under way.
    let ids: Vec<String> =
        (0..20).map(|_| esme.submit(message("447400120008", b"under way")).unwrap()).collect();
    let idle = TcpStream::connect(house.value("CHAPPE_HTTP")).unwrap();
    let silent = TcpStream::connect(house.value("CHAPPE_SMPP")).unwrap();
    let stopping = std::thread::spawn(move || house.terminate());
    let received = esme.receive();
    assert_eq!(received.summary().0, CommandId::UNBIND);
    let mut octets = Vec::new();
    let (_, _, sequence) = received.summary();
    write_header_only(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, sequence, &mut octets);
    esme.raw(&octets);
    esme.expect_end();
    assert_eq!(stopping.join().unwrap().code(), Some(0));
    drop((idle, silent));

    let house = plan.start();
    for id in &ids {
        let message = house.http().message(id);
        assert!(
            ["submitted", "delivered", "unknown", "queued"].contains(&message["state"].as_str().unwrap()),
            "{message}"
        );
        assert_eq!(message["possible_duplicate"], false);
    }
    assert_eq!(house.http().balance(), 250_000_000 - 20 * 40_000);
}

#[test]
fn a_closed_terminal_stops_it_in_order_and_a_second_signal_at_once() {
    let plan = Plan::new();
    let house = plan.start();
    assert_eq!(house.signalled("HUP").code(), Some(0));
    assert!(!plan.data().join("demo.env").exists());
    let house = plan.start();
    // The carrier answers this one after ten seconds, and the links wait for it.
    let id = house.http().send("+447400120008", "under way");
    house.http().until_state(&id, "sending");
    house.signal("TERM");
    crate::house::until(crate::house::SOON, "the end to begin", || {
        (!plan.data().join("demo.env").exists()).then_some(())
    });
    assert_eq!(house.signalled("INT").code(), Some(1));
    assert!(plan.log().contains("second signal"), "{}", plan.log());
    let house = plan.start();
    assert_eq!(house.http().message(&id)["state"], "unknown", "and never silently sent again");
}

#[test]
fn a_second_server_is_kept_off_the_same_folder() {
    let plan = Plan::new();
    let house = plan.start();
    let card = std::fs::read_to_string(plan.data().join("demo.env")).unwrap();
    let error = plan.refusal_beside(|| {});
    assert!(error.contains("data folder"), "{error}");
    let kept = std::fs::read_to_string(plan.data().join("demo.env")).ok();
    assert_eq!(kept, Some(card), "the demo.env of the first one stands");
    let id = house.http().send("+447400123456", "the first one goes on");
    house.http().until_state(&id, "delivered");
    assert_eq!(house.text(&["balance"]).lines().next().unwrap(), "demo: 249.96 EUR available, 0.00 held");
}
