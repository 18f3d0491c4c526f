//! Receipts and inbound messages on their way to the customer, and what the core hears of it.

use app::report::{ReportBody, ReportResult, Told};
use smpp::{
    Bind, CommandId, CommandStatus, MessageResp, MessageState, MessageType, Pdu, Receipt, Tag,
    write_deliver_sm_resp,
};
use types::message::State;

use super::World;
use super::client::Client;
use super::fake_desk::message_id;
use super::samples::{event, inbound, receipt};
use crate::limits::Limits;

async fn acknowledge(client: &mut Client, status: CommandStatus, sequence: u32) {
    let mut octets = Vec::new();
    write_deliver_sm_resp(status, sequence, &mut octets);
    client.send_raw(&octets).await;
}

#[tokio::test]
async fn a_receipt_names_the_message_as_the_response_did() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    assert!(world.desk.offer(receipt(1, State::Delivered)).is_ok());
    let delivered = client.receive().await;
    let message = delivered.delivered();
    assert_eq!(
        (message.esm_class, message.data_coding, message.message_type()),
        (4, 0, MessageType::DeliveryReceipt)
    );
    assert_eq!((message.source.digits, message.source.ton), (b"+447911123456".as_slice(), 0));
    assert_eq!((message.destination.digits, message.destination.ton), (b"ACME".as_slice(), 5));
    let id = message_id(1).0.base32();
    let expected = format!(
        "id:{id} sub:001 dlvrd:001 submit date:2611220000 done date:2611220001 stat:DELIVRD err:000 text:"
    );
    assert_eq!(String::from_utf8_lossy(message.short_message), expected);
    assert_eq!(message.tlvs.get(Tag::RECEIPTED_MESSAGE_ID), Some(format!("{id}\0").as_bytes()));
    assert_eq!(message.tlvs.message_state(), Some(MessageState::Delivered));
    assert_eq!(message.tlvs.user_message_reference(), Some(513));

    assert!(world.desk.inside().results.is_empty(), "not told before the answer");
    acknowledge(&mut client, CommandStatus::ESME_ROK, delivered.sequence()).await;
    world.desk.until(|inside| inside.results == [ReportResult { event: event(1), told: Told::Done }]).await;
}

#[tokio::test]
async fn a_peer_below_3_4_gets_no_optional_parameters() {
    let world = World::start().await;
    let mut client = world.connect().await;
    let bind = Bind { system_id: b"acme", password: b"secret", interface_version: 0x33, ..Bind::default() };
    client.send(&Pdu::BindTransceiver(bind), 1).await;
    client.receive().await;
    assert!(world.desk.offer(receipt(1, State::Delivered)).is_ok());
    let received = client.receive().await;
    assert!(received.delivered().tlvs.is_empty());
    let read = Receipt::from_message(&received.delivered()).unwrap();
    assert_eq!(read.id(), Some(message_id(1).0.base32().as_str()));
    assert!(world.desk.offer(inbound(2, b"\x02\x70\x00hello")).is_ok());
    let received = client.receive().await;
    assert!(received.delivered().tlvs.is_empty());
    assert_eq!(received.delivered().short_message, b"\x02\x70\x00hello");
}

#[tokio::test]
async fn addresses_that_do_not_fit_are_shortened() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    for (number, (written, told)) in (1..).zip([
        (b"+44 (7911) 123456".as_slice(), b"+44 (7911) 123456".as_slice()),
        (b"+44 (0) 7911 / 12 34 56", b"+4407911123456"),
        (b"a sender of more than twenty letters", b"asenderofmorethantwe"),
        (b"44\x0079", b"4479"),
    ]) {
        let mut report = receipt(number, State::Delivered);
        let ReportBody::Message(body) = &mut report.body else { panic!("a receipt is about a message") };
        body.destination.octets = written.into();
        assert!(world.desk.offer(report).is_ok());
        assert_eq!(client.receive().await.delivered().source.digits, told);
    }
}

#[tokio::test]
async fn states_and_errors_are_told_in_words_of_smpp() {
    let world = World::start().await;
    let mut client = world.bound(CommandId::BIND_RECEIVER).await;
    for (number, (state, stat)) in (1..).zip([
        (State::Delivered, "DELIVRD"),
        (State::Undelivered, "UNDELIV"),
        (State::Failed, "UNDELIV"),
        (State::Expired, "EXPIRED"),
        (State::Rejected, "REJECTD"),
        (State::Deleted, "DELETED"),
        (State::Cancelled, "DELETED"),
        (State::Unconfirmed, "UNKNOWN"),
        (State::NoReport, "UNKNOWN"),
        (State::Submitted, "ACCEPTD"),
        (State::Sending, "ENROUTE"),
    ]) {
        assert!(world.desk.offer(receipt(number, state)).is_ok());
        let delivered = client.receive().await;
        let message = delivered.delivered();
        let read = Receipt::from_message(&message).unwrap();
        assert_eq!(read.text.stat, Some(stat), "{state}");
        assert!(!read.disagrees(), "{state}");
        let text = String::from_utf8_lossy(message.short_message);
        let (delivered_parts, error) =
            if state == State::Delivered { ("001", "000") } else { ("000", "027") };
        assert!(text.contains(&format!("dlvrd:{delivered_parts} ")), "{text}");
        assert!(text.contains(&format!(" err:{error} ")), "{text}");
    }
}

#[tokio::test]
async fn inbound_messages_keep_their_octets() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    let long = [7_u8; 255];
    for (number, payload) in [(1, long.get(..254).unwrap()), (2, long.as_slice())] {
        assert!(world.desk.offer(inbound(number, payload)).is_ok());
        let delivered = client.receive().await;
        let message = delivered.delivered();
        assert_eq!((message.esm_class, message.data_coding), (0x40, 8));
        assert_eq!(message.payload(), payload);
        assert_eq!(message.short_message.is_empty(), payload.len() > 254);
        assert_eq!(message.tlvs.source_port(), Some(0x15B3));
    }
}

#[tokio::test]
async fn answers_of_the_customer_decide_what_the_core_does() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    for (number, (status, told)) in (1..).zip([
        (CommandStatus::ESME_ROK, Told::Done),
        (CommandStatus::ESME_RTHROTTLED, Told::Later),
        (CommandStatus::ESME_RMSGQFUL, Told::Later),
        (CommandStatus::ESME_RX_P_APPN, Told::Refused),
    ]) {
        assert!(world.desk.offer(receipt(number, State::Delivered)).is_ok());
        let sequence = client.receive().await.sequence();
        acknowledge(&mut client, status, sequence).await;
        world
            .desk
            .until(|inside| inside.results.last() == Some(&ReportResult { event: event(number), told }))
            .await;
    }
    // A peer that has no deliver_sm says so with generic_nack; one with an odd body is understood.
    assert!(world.desk.offer(receipt(8, State::Delivered)).is_ok());
    let sequence = client.receive().await.sequence();
    client.answer(&Pdu::GenericNack, CommandStatus::ESME_RINVCMDID, sequence).await;
    world
        .desk
        .until(|inside| inside.results.last() == Some(&ReportResult { event: event(8), told: Told::Refused }))
        .await;
    // It is never a yes.
    assert!(world.desk.offer(receipt(7, State::Delivered)).is_ok());
    let sequence = client.receive().await.sequence();
    client.answer(&Pdu::GenericNack, CommandStatus::ESME_ROK, sequence).await;
    world
        .desk
        .until(|inside| inside.results.last() == Some(&ReportResult { event: event(7), told: Told::Later }))
        .await;
    assert!(world.desk.offer(receipt(9, State::Delivered)).is_ok());
    let sequence = client.receive().await.sequence();
    client.send_body(CommandId::DELIVER_SM_RESP, sequence, b"no final NUL").await;
    world
        .desk
        .until(|inside| inside.results.last() == Some(&ReportResult { event: event(9), told: Told::Done }))
        .await;
    // Answers to nothing change nothing.
    client.send(&Pdu::DeliverSmResp(MessageResp::default()), 0x5555).await;
    client.check_alive().await;
    assert_eq!(world.desk.inside().results.len(), 7);
}

#[tokio::test]
async fn receipts_go_to_whichever_bind_has_room() {
    let world = World::start_with(Limits { delivery_window: 1, ..Limits::default() }, None).await;
    let _transmitter = world.bound(CommandId::BIND_TRANSMITTER).await;
    let mut first = world.bound(CommandId::BIND_RECEIVER).await;
    let mut second = world.bound(CommandId::BIND_RECEIVER).await;
    assert!(world.desk.offer(receipt(1, State::Delivered)).is_ok());
    assert!(world.desk.offer(receipt(2, State::Delivered)).is_ok());
    let back = world.desk.offer(receipt(3, State::Delivered)).unwrap_err();
    assert_eq!(back.id.key(), event(3), "both are full");
    let one = first.receive().await.sequence();
    second.receive().await;
    assert_eq!(world.desk.inside().ready, 0);
    acknowledge(&mut first, CommandStatus::ESME_ROK, one).await;
    world.desk.until(|inside| inside.ready == 1).await;
    assert!(world.desk.offer(receipt(3, State::Delivered)).is_ok());
    first.receive().await;
}

#[tokio::test]
async fn a_lost_link_gives_everything_back() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    for number in 1..=3 {
        assert!(world.desk.offer(receipt(number, State::Delivered)).is_ok());
        client.receive().await;
    }
    drop(client);
    world
        .desk
        .until(|inside| inside.results.len() == 3 && inside.sinks.is_empty() && inside.sessions == 0)
        .await;
    let later: Vec<_> =
        (1..=3).map(|number| ReportResult { event: event(number), told: Told::Later }).collect();
    assert_eq!(world.desk.inside().results, later);
    assert!(world.desk.offer(receipt(4, State::Delivered)).is_err());
    assert!(world.sessions.list().is_empty());
}

#[tokio::test]
async fn an_answer_that_never_comes_is_a_later() {
    let world = World::start().await;
    let mut client = world.transceiver().await;
    assert!(world.desk.offer(receipt(1, State::Delivered)).is_ok());
    let sequence = client.receive().await.sequence();
    // The peer is alive all the while.
    for _ in 0..3 {
        world.clock.advance(20_000);
        client.check_alive().await;
    }
    world.desk.until(|inside| inside.results == [ReportResult { event: event(1), told: Told::Later }]).await;
    acknowledge(&mut client, CommandStatus::ESME_ROK, sequence).await;
    client.check_alive().await;
    assert_eq!(world.desk.inside().results.len(), 1, "settled once");
}
