//! Receipts find their customer: by whichever bind is there, and later when none is.

use smpp::{CommandId, ShortMessage};

use crate::esme::message;
use crate::house::Plan;

#[test]
fn receipts_tell_how_it_ended() {
    let house = Plan::new().start();
    let mut esme = house.bound();
    for (number, stat, error) in [
        ("447400120001", "UNDELIV", "001"),
        ("447400120002", "EXPIRED", "002"),
        ("447400120003", "REJECTD", "003"),
        ("447400120006", "DELIVRD", "000"),
        ("447400120011", "UNDELIV", "011"),
        ("447400123456", "DELIVRD", "000"),
    ] {
        let id = esme.submit(message(number, b"what will become of me?")).unwrap();
        let told = esme.receipt();
        assert_eq!((told.id, told.stat.as_str(), told.error.as_str()), (id, stat, error), "{number}");
        assert_eq!((told.from.as_str(), told.to.as_str()), (number, "Chappe"));
    }
}

#[test]
fn a_receipt_comes_only_when_it_was_asked_for() {
    let house = Plan::new().start();
    let mut esme = house.bound();
    let quiet = ShortMessage { registered_delivery: 0, ..message("447400123456", b"quiet") };
    let failures = ShortMessage { registered_delivery: 2, ..message("447400123456", b"failures only") };
    let ids = [esme.submit(quiet).unwrap(), esme.submit(failures).unwrap()];
    for id in &ids {
        house.http().until_state(id, "delivered");
    }
    let failures = ShortMessage { registered_delivery: 2, ..message("447400120001", b"failures only") };
    let id = esme.submit(failures).unwrap();
    assert_eq!(esme.receipt().id, id, "and none of the others before it");
    esme.check_alive();
}

#[test]
fn receipts_wait_for_the_next_bind_and_outlast_a_restart() {
    let plan = Plan::new();
    let house = plan.start();
    let mut esme = house.bound();
    let ids: Vec<String> =
        (0..5).map(|_| esme.submit(message("447400123456", b"told later")).unwrap()).collect();
    esme.unbind();
    for id in &ids {
        house.http().until_state(id, "delivered");
    }
    // A transmitter cannot take them.
    let mut transmitter = house.smpp();
    transmitter.bind_kind(&house, CommandId::BIND_TRANSMITTER);
    transmitter.check_alive();
    let mut receiver = house.smpp();
    receiver.bind_kind(&house, CommandId::BIND_RECEIVER);
    let mut told: Vec<String> = (0..3).map(|_| receiver.receipt().id).collect();
    // The other two are on the wire and not answered when everything goes down.
    let unanswered = [receiver.receipt_unanswered().0.id, receiver.receipt_unanswered().0.id];
    drop((transmitter, receiver));
    assert_eq!(house.terminate().code(), Some(0));

    let house = plan.start();
    let mut receiver = house.bound();
    for _ in 0..2 {
        let id = receiver.receipt().id;
        assert!(unanswered.contains(&id), "{id} was answered before the restart");
        told.push(id);
    }
    receiver.check_alive();
    told.sort();
    let mut all = ids;
    all.sort();
    assert_eq!(told, all);
}

#[test]
fn a_receipt_goes_to_another_bind_when_its_own_is_closed() {
    let house = Plan::new().start();
    let mut first = house.bound();
    let id = first.submit(message("447400123456", b"handed over")).unwrap();
    let (told, _) = first.receipt_unanswered();
    assert_eq!(told.id, id);
    let mut second = house.bound();
    second.check_alive();
    drop(first);
    assert_eq!(second.receipt().id, id);
    second.check_alive();
    drop(second);
    let mut third = house.bound();
    let next = third.submit(message("447400123456", b"after it")).unwrap();
    assert_eq!(third.receipt().id, next, "what was taken is not told again");
}

#[test]
fn messages_from_phones_reach_the_customer() {
    let house = Plan::new().start();
    let mut esme = house.bound();
    let source = smpp::Address { ton: 1, npi: 1, digits: b"447400999000" };
    let question = ShortMessage { source, ..message("447400123456", b"Coming?") };
    esme.submit(question).unwrap();
    assert_eq!(esme.receipt().stat, "DELIVRD");
    let console = crate::http::Http::new(house.value("CHAPPE_HTTP"));
    let email = crate::http::encoded(house.value("CHAPPE_CONSOLE_EMAIL"));
    let login = format!("email={email}&password={}", house.value("CHAPPE_CONSOLE_PASSWORD"));
    let reply = console.form("/sign-in", &login);
    assert_eq!(reply.status, 303, "{reply:?}");
    let cookie = reply.header("set-cookie").split(';').next().unwrap().to_owned();
    let console = console.with_header("Cookie", &cookie);
    let reply = console.form("/phones/447400123456/answer", "to=447400999000&text=On+my+way");
    assert_eq!(reply.status, 303, "{reply:?}");
    let received = esme.receive();
    let smpp::Pdu::DeliverSm(inbound) = received.pdu() else { panic!("{received:?}") };
    assert_eq!((inbound.esm_class & 0x3c, inbound.payload()), (0, &b"On my way"[..]));
    assert_eq!(
        (inbound.source.digits, inbound.destination.digits),
        (&b"447400123456"[..], &b"447400999000"[..])
    );
    esme.thank(received.header.sequence_number);
    let items = house.http().get("/api/v1/inbound").json()["items"].clone();
    assert_eq!((&items[0]["text"], &items[0]["from"]), (&"On my way".into(), &"447400123456".into()));
}
