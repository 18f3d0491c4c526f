//! What is malformed, out of place or unknown costs one answer, and never a neighbour.

use smpp::{CommandId, CommandStatus, Pdu, ReplaceSm, ShortMessage, Tag, TlvBuffer};

use super::World;
use super::client::{bind, message};

#[tokio::test]
async fn bodies_that_cannot_be_read_get_their_status_and_the_session_goes_on() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    let whole = {
        let mut octets = Vec::new();
        Pdu::SubmitSm(message()).encode(CommandStatus::ESME_ROK, 1, &mut octets).unwrap();
        octets.split_off(16)
    };
    let with = |tail: &[u8]| [whole.as_slice(), tail].concat();
    let cases = [
        (Vec::new(), CommandStatus::ESME_RINVCMDLEN),
        (vec![b'x'; 40], CommandStatus::ESME_RINVSERTYP),
        (whole[..whole.len() - 2].to_vec(), CommandStatus::ESME_RINVMSGLEN),
        (with(&[1, 2, 3]), CommandStatus::ESME_RINVOPTPARSTREAM),
        (with(&[0x04, 0x27, 0, 2, 1, 1]), CommandStatus::ESME_RINVPARLEN),
        (with(&[0x04, 0x24, 0, 1, b'x']), CommandStatus::ESME_ROPTPARNOTALLWD),
    ];
    for (sequence, (body, status)) in (100..).zip(cases) {
        client.send_body(CommandId::SUBMIT_SM, sequence, &body).await;
        let answer = client.expect(CommandId::SUBMIT_SM_RESP, status, sequence).await;
        assert!(answer.body.is_empty());
    }
    client.submit(200).await;
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 200).await;
    assert_eq!(world.desk.inside().submitted, 1);
}

#[tokio::test]
async fn impossible_lengths_are_told_and_end_the_session() {
    for length in [0_u32, 15, 70_001, u32::MAX] {
        let world = World::start().await;
        let mut client = world.transceiver().await;
        client.submit(1).await;
        let mut octets = length.to_be_bytes().to_vec();
        octets.extend_from_slice(&[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9]);
        octets.extend_from_slice(&[0xFF; 3_000]);
        client.send_raw(&octets).await;
        // What was asked before is answered; the order is free.
        let (first, second) = (client.receive().await, client.receive().await);
        let mut heard = [(first.id(), first.status()), (second.id(), second.status())];
        heard.sort_unstable();
        let expected = [
            (CommandId::GENERIC_NACK, CommandStatus::ESME_RINVCMDLEN),
            (CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK),
        ];
        assert_eq!(heard, expected);
        client.expect_end().await;
    }
}

#[tokio::test]
async fn a_stranger_cannot_make_the_server_keep_long_pdus() {
    let world = World::start().await;
    let mut stranger = world.connect().await;
    stranger.send_raw(&[0, 0, 4, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9]).await;
    stranger.expect(CommandId::GENERIC_NACK, CommandStatus::ESME_RINVCMDLEN, 9).await;
    stranger.expect_end().await;
    // What comes on the heels of a bind is held to the limits of a bound session.
    let mut octets = Vec::new();
    bind(CommandId::BIND_TRANSMITTER, "acme", "secret")
        .encode(CommandStatus::ESME_ROK, 1, &mut octets)
        .unwrap();
    let mut tlvs = TlvBuffer::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, &[b'x'; 5_000]).unwrap();
    let long = ShortMessage { short_message: b"", tlvs: tlvs.as_tlvs(), ..message() };
    long.encode_submit_sm(2, &mut octets).unwrap();
    let mut hasty = world.connect().await;
    hasty.send_raw(&octets).await;
    hasty.expect(CommandId::BIND_TRANSMITTER_RESP, CommandStatus::ESME_ROK, 1).await;
    hasty.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 2).await;
}

#[tokio::test]
async fn the_longest_frame_is_taken() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    let mut tlvs = TlvBuffer::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, &vec![b'x'; 65_535]).unwrap();
    let long = ShortMessage { short_message: b"", tlvs: tlvs.as_tlvs(), ..message() };
    client.send(&Pdu::SubmitSm(long), 1).await;
    client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, 1).await;
}

#[tokio::test]
async fn what_does_not_fit_the_state_is_told() {
    let world = World::start().await;
    let mut open = world.connect().await;
    for (command, response, status) in [
        (CommandId::SUBMIT_SM, CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_RINVBNDSTS),
        (CommandId::UNBIND, CommandId::UNBIND_RESP, CommandStatus::ESME_RINVBNDSTS),
        (CommandId(0x0BAD), CommandId::GENERIC_NACK, CommandStatus::ESME_RINVCMDID),
        (CommandId::BROADCAST_SM, CommandId::GENERIC_NACK, CommandStatus::ESME_RINVCMDID),
    ] {
        open.send_body(command, 4, b"").await;
        open.expect(response, status, 4).await;
    }

    let mut receiver = world.bound(CommandId::BIND_RECEIVER).await;
    for command in [
        CommandId::SUBMIT_SM,
        CommandId::SUBMIT_MULTI,
        CommandId::QUERY_SM,
        CommandId::CANCEL_SM,
        CommandId::REPLACE_SM,
        CommandId::DELIVER_SM,
    ] {
        receiver.send_body(command, 5, b"whatever").await;
        receiver.expect(command.response().unwrap(), CommandStatus::ESME_RINVBNDSTS, 5).await;
    }
    // Responses to nothing, and what has no response, are not answered.
    for command in
        [CommandId::SUBMIT_SM_RESP, CommandId(0x8000_0BAD), CommandId::OUTBIND, CommandId::GENERIC_NACK]
    {
        receiver.send_body(command, 6, b"").await;
    }
    receiver.check_alive().await;
}

#[tokio::test]
async fn replacing_is_refused_as_such() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    client.send(&Pdu::ReplaceSm(ReplaceSm { message_id: b"1", ..ReplaceSm::default() }), 8).await;
    client.expect(CommandId::REPLACE_SM_RESP, CommandStatus::ESME_RREPLACEFAIL, 8).await;
}

#[tokio::test]
async fn pdus_may_come_in_any_pieces() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    let mut octets = Vec::new();
    for sequence in 1..=3 {
        Pdu::SubmitSm(message()).encode(CommandStatus::ESME_ROK, sequence, &mut octets).unwrap();
    }
    for piece in octets.chunks(7) {
        client.send_raw(piece).await;
        tokio::task::yield_now().await;
    }
    for sequence in 1..=3 {
        client.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, sequence).await;
    }
}
