//! Withdrawing by addresses, and messages that take the place of others.

use app::detail::MessageDetail;
use smpp::{
    Address, CancelSm, CommandId, CommandStatus, DataSm, Destination, DestinationBuffer, Pdu, ShortMessage,
    SubmitMulti, Tag, TlvBuffer,
};
use types::id::{AccountId, MessageId};
use types::message::State;

use super::World;
use super::client::{Client, message};
use super::fake_desk::{Mode, message_id};
use super::samples::detail;

const NUMBER: &[u8] = b"+447911123456";

fn cancel<'a>(service_type: &'a [u8], source: &'a [u8], destination: &'a [u8]) -> Pdu<'a> {
    Pdu::CancelSm(CancelSm {
        service_type,
        source: Address { ton: 5, npi: 0, digits: source },
        destination: Address { ton: 0, npi: 0, digits: destination },
        ..CancelSm::default()
    })
}

/// Messages 1 to 5: two that wait, one of a service type, one that was sent, one of another account.
fn fill(world: &World) {
    let waiting = |number| detail(number, State::Queued);
    let mut inside = world.desk.inside();
    for one in [
        waiting(1),
        MessageDetail { state: State::Scheduled, ..waiting(2) },
        MessageDetail { traffic_type: "OTP".to_owned(), ..waiting(3) },
        detail(4, State::Submitted),
        MessageDetail { account: AccountId(2), ..waiting(5) },
    ] {
        inside.messages.insert(one.id, one);
    }
}

fn cancelled(world: &World) -> Vec<MessageId> {
    let inside = world.desk.inside();
    let gone = inside.messages.values().filter(|detail| detail.state == State::Cancelled);
    let mut ids: Vec<_> = gone.map(|detail| detail.id).collect();
    ids.sort_by_key(|id| id.key());
    ids
}

#[tokio::test]
async fn cancel_sm_without_an_id_withdraws_all_between_two_addresses() {
    for (service_type, source, destination, status, gone) in [
        (b"".as_slice(), b"ACME".as_slice(), NUMBER, CommandStatus::ESME_ROK, vec![1, 3]),
        (b"OTP", b"ACME", NUMBER, CommandStatus::ESME_ROK, vec![3]),
        (b"WAP", b"ACME", NUMBER, CommandStatus::ESME_RCANCELFAIL, vec![]),
        (b"", b"OTHER", NUMBER, CommandStatus::ESME_RCANCELFAIL, vec![]),
        (b"", b"ACME", b"+447911123457", CommandStatus::ESME_RCANCELFAIL, vec![]),
        (b"", b"ACME", b"", CommandStatus::ESME_RINVDSTADR, vec![]),
        (b"", b"ACME", b"nobody", CommandStatus::ESME_RINVDSTADR, vec![]),
    ] {
        let world = World::start().await;
        fill(&world);
        // The fake core withdraws what is queued and nothing else.
        world.desk.inside().messages.remove(&message_id(2));
        let mut client = world.transceiver().await;
        client.send(&cancel(service_type, source, destination), 9).await;
        client.expect(CommandId::CANCEL_SM_RESP, status, 9).await;
        assert_eq!(cancelled(&world), gone.into_iter().map(message_id).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_was_sent_meanwhile_makes_the_withdrawal_fail() {
    let world = World::start().await;
    fill(&world);
    let mut client = world.transceiver().await;
    // Message 2 is scheduled, which the fake core takes as sent when it is to be withdrawn.
    client.send(&cancel(b"", b"ACME", NUMBER), 9).await;
    client.expect(CommandId::CANCEL_SM_RESP, CommandStatus::ESME_RCANCELFAIL, 9).await;
    assert_eq!(cancelled(&world), [message_id(1), message_id(3)], "all others are withdrawn");
}

async fn replaces(client: &mut Client, message: ShortMessage<'_>, sequence: u32) {
    client.send(&Pdu::SubmitSm(ShortMessage { replace_if_present: 1, ..message }), sequence).await;
}

#[tokio::test]
async fn a_message_takes_the_place_of_those_that_wait() {
    let world = World::start().await;
    fill(&world);
    let mut client = world.transceiver().await;
    // Message 1 and 2 have no service type.
    let to = Address { ton: 0, npi: 0, digits: NUMBER };
    replaces(&mut client, ShortMessage { destination: to, ..message() }, 5).await;
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 5).await;
    let mut replaced = std::mem::take(&mut world.desk.inside().replaced);
    replaced.sort_by_key(|id| id.key());
    assert_eq!(replaced, [message_id(1), message_id(2)]);
    replaces(&mut client, ShortMessage { destination: to, service_type: b"OTP", ..message() }, 6).await;
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 6).await;
    assert_eq!(std::mem::take(&mut world.desk.inside().replaced), [message_id(3)]);

    // Nothing waits: it is an ordinary message, and so is one that does not ask.
    let elsewhere = Address { digits: b"+447911123457", ..to };
    replaces(&mut client, ShortMessage { destination: elsewhere, ..message() }, 7).await;
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 7).await;
    client.send(&Pdu::SubmitSm(ShortMessage { destination: to, ..message() }), 8).await;
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 8).await;
    assert!(world.desk.inside().replaced.is_empty());

    let mut destinations = DestinationBuffer::new();
    destinations.push(Destination::Address(to)).unwrap();
    let shared = ShortMessage { replace_if_present: 1, service_type: b"OTP", ..message() };
    let multi = SubmitMulti { message: shared, destinations: destinations.as_list() };
    client.send(&Pdu::SubmitMulti(multi), 9).await;
    client.expect(CommandId::SUBMIT_MULTI_RESP, CommandStatus::ESME_ROK, 9).await;
    assert_eq!(world.desk.inside().replaced, [message_id(3)]);

    replaces(&mut client, ShortMessage { replace_if_present: 2, ..message() }, 10).await;
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 10).await;
    client.send(&Pdu::SubmitSm(ShortMessage { replace_if_present: 2, ..message() }), 11).await;
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RINVREPFLAG, 11).await;
}

#[tokio::test]
async fn a_flag_at_the_register_is_told_not_to_be_set() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    for (sequence, (set_dpf, told)) in (3..).zip([(Some(1), Some(0)), (Some(0), None), (None, None)]) {
        let mut tlvs = TlvBuffer::new();
        tlvs.push(Tag::MESSAGE_PAYLOAD, b"hello").unwrap();
        if let Some(value) = set_dpf {
            tlvs.push_u8(Tag::SET_DPF, value);
        }
        let (source, destination) = (message().source, message().destination);
        let data = DataSm { source, destination, tlvs: tlvs.as_tlvs(), ..DataSm::default() };
        client.send(&Pdu::DataSm(data), sequence).await;
        let answer = client.expect(CommandId::DATA_SM_RESP, CommandStatus::ESME_ROK, sequence).await;
        let Pdu::DataSmResp(resp) = answer.pdu() else { panic!("no data_sm_resp") };
        assert_eq!(resp.tlvs.integer(Tag::DPF_RESULT), told);
    }
}

#[tokio::test]
async fn a_session_that_ends_submits_what_it_was_looking_for() {
    let world = World::start().await;
    world.desk.set_mode(Mode::Hold);
    let mut client = world.transceiver().await;
    replaces(&mut client, message(), 5).await;
    client.send(&Pdu::Unbind, 6).await;
    world.desk.until(|inside| inside.held.len() == 1).await;
    world.desk.release(0);
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 5).await;
    client.expect(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, 6).await;
    client.expect_end().await;
}
