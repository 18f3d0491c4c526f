//! Requests besides `submit_sm`, and requests that are refused.

use smpp::{
    Address, CancelSm, CommandId, CommandStatus, DataSm, Destination, DestinationBuffer, MessageState, Pdu,
    QuerySm, ReplaceSm, ShortMessage, SubmitMulti, Tag, TlvBuffer,
};
use testkit::wire::Received;

use super::RECEIPT_MS;
use super::client::{SENDER, Stage, message};

const SOURCE: Address<'static> = Address { ton: 5, npi: 0, digits: SENDER };

fn query(id: &str) -> Pdu<'_> {
    Pdu::QuerySm(QuerySm { message_id: id.as_bytes(), source: SOURCE })
}

fn cancel(id: &str) -> Pdu<'_> {
    Pdu::CancelSm(CancelSm { message_id: id.as_bytes(), source: SOURCE, ..CancelSm::default() })
}

/// State, error, and whether there is a final date.
fn queried(received: &Received) -> (Option<MessageState>, u8, bool) {
    match received.pdu() {
        Pdu::QuerySmResp(resp) => (resp.state(), resp.error_code, !resp.final_date.is_empty()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn messages_are_refused_with_their_reason() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    let good = message("447911123456", b"Hello");
    let to = |digits| ShortMessage { destination: Address { ton: 1, npi: 1, digits }, ..good };
    for (message, status) in [
        (good, CommandStatus::ESME_ROK),
        (to(b"+447911123456"), CommandStatus::ESME_ROK),
        (to(b"12345"), CommandStatus::ESME_ROK),
        (to(b""), CommandStatus::ESME_RINVDSTADR),
        (to(b"+"), CommandStatus::ESME_RINVDSTADR),
        (to(b"ACME"), CommandStatus::ESME_RINVDSTADR),
        (ShortMessage { schedule_delivery_time: b"000000000100000R", ..good }, CommandStatus::ESME_RINVSCHED),
        (ShortMessage { replace_if_present: 1, ..good }, CommandStatus::ESME_RINVSUBREP),
        (ShortMessage { esm_class: 0x40, ..good }, CommandStatus::ESME_RINVESMCLASS),
    ] {
        assert_eq!(client.submit(message).await.status(), status);
    }
    assert_eq!(stage.carrier.counts().accepted, 3);
}

#[tokio::test]
async fn requests_must_fit_the_bind() {
    let stage = Stage::new().await;
    let submit = Pdu::SubmitSm(message("447911123456", b"Hello"));
    let data = Pdu::DataSm(DataSm { destination: SOURCE, ..DataSm::default() });
    let wrong = CommandStatus::ESME_RINVBNDSTS;
    let mut open = stage.connect().await;
    assert_eq!(open.ask(&submit).await.status(), wrong);
    assert_eq!(open.bind(CommandId::BIND_RECEIVER, "chappe", "secret").await, CommandStatus::ESME_ROK);
    assert_eq!(open.ask(&submit).await.status(), wrong);
    assert_eq!(open.ask(&data).await.status(), wrong);
    open.expect_silence().await;
}

#[tokio::test]
async fn what_is_not_smpp_is_nacked() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    client.send_octets(&[0, 0, 0, 16, 0, 0, 0x09, 0x99, 0, 0, 0, 0, 0, 0, 0, 7]).await;
    let nack = client.expect(CommandId::GENERIC_NACK).await;
    assert_eq!((nack.status(), nack.header.sequence_number), (CommandStatus::ESME_RINVCMDID, 7));
    // A body that ends too early costs that request only.
    client.send_octets(&[0, 0, 0, 17, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 0]).await;
    let refused = client.expect(CommandId::SUBMIT_SM_RESP).await;
    assert_eq!((refused.status(), refused.header.sequence_number), (CommandStatus::ESME_RINVCMDLEN, 8));
    client.send_octets(&[0, 0, 0, 3]).await;
    let nack = client.expect(CommandId::GENERIC_NACK).await;
    assert_eq!(nack.status(), CommandStatus::ESME_RINVCMDLEN);
    assert!(client.next().await.is_none(), "the stream is lost");
}

#[tokio::test]
async fn unbind_is_answered_and_closes() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    assert_eq!(client.ask(&Pdu::Unbind).await.status(), CommandStatus::ESME_ROK);
    assert!(client.next().await.is_none());
}

#[tokio::test]
async fn data_sm_is_a_message_too() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    let mut tlvs = TlvBuffer::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, b"Hello").unwrap();
    let destination = Address { ton: 1, npi: 1, digits: b"447911120001" };
    let data = DataSm {
        source: SOURCE,
        destination,
        registered_delivery: 1,
        tlvs: tlvs.as_tlvs(),
        ..DataSm::default()
    };
    let id = client.ask(&Pdu::DataSm(data)).await.message_id();
    stage.clock.advance(RECEIPT_MS);
    assert_eq!(client.delivery().await.receipt(), (id, "UNDELIV".to_owned(), "001".to_owned()));
}

#[tokio::test]
async fn each_destination_of_submit_multi_has_its_fate() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    let mut destinations = DestinationBuffer::new();
    for digits in ["447911123456", "447911120001", "447911120005", "ACME", "447911120009"] {
        let address = Address { ton: 1, npi: 1, digits: digits.as_bytes() };
        destinations.push(Destination::Address(address)).unwrap();
    }
    destinations.push(Destination::DistributionList(b"friends")).unwrap();
    let multi = SubmitMulti { message: message("", b"Hello"), destinations: destinations.as_list() };
    let response = client.ask(&Pdu::SubmitMulti(multi)).await;
    let Pdu::SubmitMultiResp(resp) = response.pdu() else { panic!("{:?}", response.pdu()) };
    let refused: Vec<_> =
        resp.unsuccess.iter().map(|entry| (entry.destination.digits, entry.status)).collect();
    assert_eq!(
        refused,
        [
            (b"447911120005".as_slice(), CommandStatus::ESME_RTHROTTLED),
            (b"ACME".as_slice(), CommandStatus::ESME_RINVDSTADR),
            (b"friends".as_slice(), CommandStatus::ESME_RINVDLNAME),
        ]
    );
    let mut receipts = Vec::new();
    for (after_ms, count) in [(RECEIPT_MS, 2), (30_000 - RECEIPT_MS, 1)] {
        stage.clock.advance(after_ms);
        for _ in 0..count {
            let delivery = client.delivery().await;
            assert_eq!(delivery.receipt().0, response.message_id(), "one id for all");
            receipts.push((delivery.message().source.digits.to_vec(), delivery.receipt().1));
        }
        client.expect_silence().await;
    }
    receipts.sort();
    let expected = [("447911120001", "UNDELIV"), ("447911120009", "DELIVRD"), ("447911123456", "DELIVRD")];
    assert_eq!(receipts, expected.map(|(digits, stat)| (digits.as_bytes().to_vec(), stat.to_owned())));

    let mut refused = DestinationBuffer::new();
    refused.push(Destination::DistributionList(b"friends")).unwrap();
    let multi = SubmitMulti { message: message("", b"Hello"), destinations: refused.as_list() };
    assert_eq!(client.ask(&Pdu::SubmitMulti(multi)).await.status(), CommandStatus::ESME_RINVDLNAME);
    assert_eq!(client.ask(&cancel(&response.message_id())).await.status(), CommandStatus::ESME_RCANCELFAIL);
}

#[tokio::test]
async fn a_message_can_be_asked_about() {
    for (destination, wait_ms, state, error) in [
        ("447911123456", RECEIPT_MS, MessageState::Delivered, 0),
        ("447911120004", RECEIPT_MS, MessageState::Delivered, 0),
        ("447911120002", RECEIPT_MS, MessageState::Expired, 2),
        ("447911120010", RECEIPT_MS, MessageState::Delivered, 0),
        ("447911120010", RECEIPT_MS + 2_000, MessageState::Undeliverable, 10),
        ("447911120009", RECEIPT_MS, MessageState::Enroute, 0),
    ] {
        let stage = Stage::new().await;
        let mut client = stage.bound(CommandId::BIND_TRANSMITTER).await;
        let id = client.submit(message(destination, b"Hello")).await.message_id();
        assert_eq!(queried(&client.ask(&query(&id)).await), (Some(MessageState::Enroute), 0, false));
        stage.clock.advance(wait_ms);
        let answer = queried(&client.ask(&query(&id)).await);
        assert_eq!(answer, (Some(state), error, state != MessageState::Enroute), "{destination}");
    }
}

#[tokio::test]
async fn a_message_can_be_cancelled_until_it_is_final() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    let final_id = client.submit(message("447911123456", b"Hello")).await.message_id();
    stage.clock.advance(RECEIPT_MS);
    client.delivery().await;
    for destination in ["447911123456", "447911120010"] {
        let id = client.submit(message(destination, b"Hello")).await.message_id();
        client.send(&cancel(&id)).await;
        assert_eq!(client.expect(CommandId::CANCEL_SM_RESP).await.status(), CommandStatus::ESME_ROK);
        assert_eq!(client.delivery().await.receipt(), (id.clone(), "DELETED".to_owned(), "000".to_owned()));
        assert_eq!(queried(&client.ask(&query(&id)).await), (Some(MessageState::Deleted), 0, true));
        stage.clock.advance(5_000);
        client.expect_silence().await;
        assert_eq!(client.ask(&cancel(&id)).await.status(), CommandStatus::ESME_RCANCELFAIL, "already");
    }
    assert_eq!(client.ask(&cancel(&final_id)).await.status(), CommandStatus::ESME_RCANCELFAIL);
}

#[tokio::test]
async fn questions_about_others_messages_are_refused() {
    let stage = Stage::new().await;
    let mut client = stage.bound(CommandId::BIND_TRANSMITTER).await;
    let id = client.submit(message("447911120009", b"Hello")).await.message_id();
    let stranger = Address { ton: 5, npi: 0, digits: b"OTHER" };
    let id = id.as_bytes();
    let replace =
        |message_id| Pdu::ReplaceSm(ReplaceSm { message_id, source: SOURCE, ..ReplaceSm::default() });
    for (pdu, status) in [
        (query("ffffffffffff"), CommandStatus::ESME_RINVMSGID),
        (query("not hexadecimal"), CommandStatus::ESME_RINVMSGID),
        (query(""), CommandStatus::ESME_RINVMSGID),
        (Pdu::QuerySm(QuerySm { message_id: id, source: stranger }), CommandStatus::ESME_RQUERYFAIL),
        (
            Pdu::CancelSm(CancelSm { message_id: id, source: stranger, ..CancelSm::default() }),
            CommandStatus::ESME_RCANCELFAIL,
        ),
        (cancel("ffffffffffff"), CommandStatus::ESME_RINVMSGID),
        (cancel(""), CommandStatus::ESME_RCANCELFAIL),
        (replace(id), CommandStatus::ESME_RREPLACEFAIL),
        (replace(b"ffffffffffff"), CommandStatus::ESME_RINVMSGID),
    ] {
        assert_eq!(client.ask(&pdu).await.status(), status, "{pdu:?}");
    }
}
