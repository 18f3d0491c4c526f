//! A customer that sends anything: each request gets exactly one answer, under its own number, and the session
//! goes on.
//!
//! The PDUs depend on a seed alone. Their lengths are true: a lie about a length ends the stream, which is
//! tested elsewhere.

use std::collections::BTreeMap;

use smpp::{
    CancelSm, CommandId, CommandStatus, DataSm, Destination, DestinationBuffer, MessageResp, Pdu, QuerySm,
    ReplaceSm, SubmitMulti, Tag, TlvBuffer,
};
use types::account::AccountLimits;
use types::message::State;

use super::World;
use super::client::{Client, bind, message};
use super::fake_desk::message_id;
use super::samples::detail;

/// PDUs of one storm, and how many storms there are.
const PDUS: u32 = 400;
const STORMS: u64 = 8;

/// Marsaglia's xorshift with 64 bits of state.
struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Bodies that are in order, by their requests.
fn bodies() -> Vec<(CommandId, Vec<u8>)> {
    let mut tlvs = TlvBuffer::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, b"hello").unwrap();
    let mut destinations = DestinationBuffer::new();
    destinations.push(Destination::Address(message().destination)).unwrap();
    let id = message_id(1).0.base32();
    let (source, destination) = (message().source, message().destination);
    let data = DataSm { source, destination, tlvs: tlvs.as_tlvs(), ..DataSm::default() };
    let pdus = [
        Pdu::SubmitSm(message()),
        Pdu::DataSm(data),
        Pdu::SubmitMulti(SubmitMulti { message: message(), destinations: destinations.as_list() }),
        Pdu::QuerySm(QuerySm { message_id: id.as_bytes(), source }),
        Pdu::CancelSm(CancelSm { message_id: id.as_bytes(), source, ..CancelSm::default() }),
        Pdu::ReplaceSm(ReplaceSm { message_id: id.as_bytes(), source, ..ReplaceSm::default() }),
        Pdu::DeliverSm(message()),
        Pdu::EnquireLink,
        Pdu::DeliverSmResp(MessageResp::default()),
        Pdu::GenericNack,
        bind(CommandId::BIND_TRANSCEIVER, "acme", "secret"),
    ];
    let body = |pdu: &Pdu<'_>| {
        let mut octets = Vec::new();
        pdu.encode(CommandStatus::ESME_ROK, 1, &mut octets).unwrap();
        (pdu.command_id(), octets.split_off(16))
    };
    pdus.iter().map(body).collect()
}

/// Damages a body now and then, and sends it under any id now and then.
fn any_pdu(known: &[(CommandId, Vec<u8>)], random: &mut Xorshift) -> (CommandId, Vec<u8>) {
    let (mut command, mut body) = known[random.below(known.len())].clone();
    for _ in 0..random.below(4) {
        let at = random.below(body.len() + 1);
        match random.below(4) {
            0 => body.truncate(at),
            1 => body.insert(at, u8::try_from(random.below(256)).unwrap()),
            2 if at < body.len() => body[at] = u8::try_from(random.below(256)).unwrap(),
            _ => {}
        }
    }
    match random.below(12) {
        0 => command = CommandId::ALL[random.below(CommandId::ALL.len())],
        1 => command = CommandId(u32::try_from(random.below(0x400)).unwrap()),
        _ => {}
    }
    // What ends a session has tests of its own.
    if command == CommandId::UNBIND { (CommandId::ENQUIRE_LINK, Vec::new()) } else { (command, body) }
}

/// Sends a storm and holds the answers against it.
async fn storm(client: &mut Client, random: &mut Xorshift) {
    let known = bodies();
    let mut expected = BTreeMap::new();
    for sequence in 1..=PDUS {
        let (command, body) = any_pdu(&known, random);
        client.send_body(command, sequence, &body).await;
        if let Some(response) = command.response() {
            expected.insert(sequence, response);
        }
        // Answers are read as they come, so that the server is never held up.
        if random.below(16) == 0 {
            take_answer(client, &mut expected).await;
        }
    }
    while !expected.is_empty() {
        take_answer(client, &mut expected).await;
    }
    client.check_alive().await;
}

async fn take_answer(client: &mut Client, expected: &mut BTreeMap<u32, CommandId>) {
    if expected.is_empty() {
        return;
    }
    let answer = client.receive().await;
    let wanted = expected.remove(&answer.sequence());
    let is_nack = answer.id() == CommandId::GENERIC_NACK && !answer.status().is_ok();
    assert!(wanted == Some(answer.id()) || (wanted.is_some() && is_nack), "{answer:?} for {wanted:?}");
    assert!(answer.status().is_ok() || answer.id() == CommandId::SUBMIT_MULTI_RESP || answer.body.is_empty());
}

#[tokio::test]
async fn every_request_gets_one_answer_and_the_session_goes_on() {
    for seed in 1..=STORMS {
        let world = World::start().await;
        world.desk.set_limits(AccountLimits { window: 0, ..AccountLimits::default() });
        world.desk.inside().messages.insert(message_id(1), detail(1, State::Queued));
        let mut client = world.transceiver().await;
        let mut random = Xorshift(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        storm(&mut client, &mut random).await;
        assert_eq!(world.sessions.count(), 1);
    }
}
