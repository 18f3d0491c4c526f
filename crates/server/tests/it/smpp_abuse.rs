//! What is broken, late or hostile at the SMPP door costs its own PDU or session and nobody else's.

use smpp::{CommandId, CommandStatus, Header, Pdu, ShortMessage};

use crate::esme::{Esme, message};
use crate::house::{House, Plan};

const OK: CommandStatus = CommandStatus::ESME_ROK;

/// Proves that a session takes messages. No receipt is asked for, because another bind could get it.
fn check_works(esme: &mut Esme) {
    let quiet = ShortMessage { registered_delivery: 0, ..message("447400123456", b"still here") };
    esme.submit(quiet).unwrap();
}

fn octets(length: u32, command: CommandId, body: &[u8]) -> Vec<u8> {
    let mut octets = length.to_be_bytes().to_vec();
    octets.extend_from_slice(&command.0.to_be_bytes());
    octets.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 77]);
    octets.extend_from_slice(body);
    octets
}

#[test]
fn a_wrong_password_is_refused_and_a_right_one_taken() {
    let house = Plan::new().start();
    let mut bound = house.bound();
    let mut esme = house.smpp();
    for (system_id, password) in [(house.value("CHAPPE_SMPP_SYSTEM_ID"), "wrong"), ("nobody", "wrong")] {
        let sequence = esme.ask_to_bind(CommandId::BIND_TRANSCEIVER, system_id, password);
        esme.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_RBINDFAIL, sequence);
    }
    esme.bind_as(&house);
    check_works(&mut esme);
    esme.unbind();
    check_works(&mut bound);
    // Guessing is held off; who is bound goes on, and so does its way in from the same address.
    for _ in 0..2 {
        let mut guesser = house.smpp();
        for _ in 0..3 {
            let sequence = guesser.ask_to_bind(CommandId::BIND_TRANSCEIVER, "demo", "guess");
            guesser.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_RBINDFAIL, sequence);
        }
        guesser.expect_end();
    }
    check_works(&mut bound);
    check_works(&mut house.bound());
}

#[test]
fn what_does_not_fit_the_state_is_refused() {
    let house = Plan::new().start();
    let mut esme = house.smpp();
    let sequence = esme.request(&Pdu::SubmitSm(message("447400123456", b"too early")));
    esme.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RINVBNDSTS, sequence);
    esme.bind_kind(&house, CommandId::BIND_RECEIVER);
    let sequence = esme.request(&Pdu::SubmitSm(message("447400123456", b"wrong way")));
    esme.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RINVBNDSTS, sequence);
    let sequence = esme.ask_to_bind(CommandId::BIND_TRANSCEIVER, "demo", "x");
    esme.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_RALYBND, sequence);
    esme.check_alive();
    esme.unbind();
    assert_eq!((house.http().count(), house.http().balance()), (0, 250_000_000));
}

#[test]
fn a_pdu_that_cannot_be_read_costs_that_pdu() {
    let house = Plan::new().start();
    let mut esme = house.bound();
    let sequence = esme.frame(CommandId(0x0000_0999), b"what is this?");
    esme.expect(CommandId::GENERIC_NACK, CommandStatus::ESME_RINVCMDID, sequence);
    for body in [&b""[..], b"\0", b"\0\x01\x01no end of a string", &[0xff; 60]] {
        let sequence = esme.frame(CommandId::SUBMIT_SM, body);
        let received = esme.receive();
        assert_eq!(received.summary().2, sequence);
        assert_eq!(received.header.command_id, CommandId::SUBMIT_SM_RESP);
        assert_ne!(received.header.command_status, OK, "{body:?}");
    }
    // Responses to nothing are not answered.
    for command in [CommandId::SUBMIT_SM_RESP, CommandId::DELIVER_SM_RESP, CommandId::GENERIC_NACK] {
        esme.frame(command, b"");
    }
    esme.check_alive();
    check_works(&mut esme);
    assert_eq!(house.http().count(), 1);
}

#[test]
fn a_pdu_may_come_octet_by_octet_and_many_at_once() {
    let house = Plan::new().start();
    let mut esme = house.bound();
    let mut one = Vec::new();
    message("447400123456", b"slowly").encode_submit_sm(5_000, &mut one).unwrap();
    for octet in &one {
        esme.raw(std::slice::from_ref(octet));
    }
    esme.expect(CommandId::SUBMIT_SM_RESP, OK, 5_000);
    assert_eq!(esme.receipt().stat, "DELIVRD");
    let mut many = Vec::new();
    for sequence in 6_000..6_050 {
        message("447400123456", b"at once").encode_submit_sm(sequence, &mut many).unwrap();
    }
    esme.raw(&many);
    let (mut answered, mut told) = (Vec::new(), 0);
    while answered.len() < 50 || told < 50 {
        let received = esme.receive();
        if received.header.command_id == CommandId::DELIVER_SM {
            esme.thank(received.header.sequence_number);
            told += 1;
        } else {
            assert_eq!(
                (received.header.command_id, received.header.command_status),
                (CommandId::SUBMIT_SM_RESP, OK)
            );
            answered.push(received.header.sequence_number);
        }
    }
    answered.sort_unstable();
    assert_eq!(answered, (6_000..6_050).collect::<Vec<u32>>(), "each answered once");
}

#[test]
fn a_full_window_throttles_and_the_session_goes_on() {
    let house = Plan::new().start();
    let mut esme = house.bound();
    let count = 150;
    let mut burst = Vec::new();
    for sequence in 1_000..1_000 + count {
        message("447400120004", b"burst").encode_submit_sm(sequence, &mut burst).unwrap();
    }
    esme.raw(&burst);
    let answers: Vec<Header> = (0..count).map(|_| esme.receive().header).collect();
    assert!(answers.iter().all(|header| header.command_id == CommandId::SUBMIT_SM_RESP));
    let taken = answers.iter().filter(|header| header.command_status == OK).count();
    let throttled =
        answers.iter().filter(|header| header.command_status == CommandStatus::ESME_RTHROTTLED).count();
    assert_eq!(taken + throttled, answers.len());
    assert!(taken >= 100 && throttled > 0, "{taken} taken, {throttled} throttled");
    esme.check_alive();
    assert_eq!(house.http().count(), taken, "what was throttled left nothing behind");
    assert_eq!(house.http().balance(), 250_000_000 - 40_000 * i64::try_from(taken).unwrap());
}

fn check_lost_stream(house: &House, bytes: &[u8], sequence: u32) {
    let mut esme = house.bound();
    esme.raw(bytes);
    esme.expect(CommandId::GENERIC_NACK, CommandStatus::ESME_RINVCMDLEN, sequence);
    esme.expect_end();
}

#[test]
fn an_impossible_length_ends_its_own_session_alone() {
    let house = Plan::new().start();
    let mut other = house.bound();
    check_lost_stream(&house, &octets(0xffff_ffff, CommandId::SUBMIT_SM, b""), 77);
    check_lost_stream(&house, &octets(70_001, CommandId::SUBMIT_SM, b""), 77);
    check_lost_stream(&house, &octets(15, CommandId::ENQUIRE_LINK, b""), 77);
    check_lost_stream(&house, &octets(0, CommandId::ENQUIRE_LINK, b""), 77);
    check_works(&mut other);
    // A frame that never ends, and one that is cut, harm nobody either.
    let mut half = house.bound();
    half.raw(&octets(200, CommandId::SUBMIT_SM, b"only the beginning"));
    check_works(&mut other);
    drop(half);
    let mut stranger = house.smpp();
    stranger.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    stranger.expect(CommandId::GENERIC_NACK, CommandStatus::ESME_RINVCMDLEN, 0x2e31_0d0a);
    check_works(&mut other);
    assert_eq!(house.http().count(), 3);
}
