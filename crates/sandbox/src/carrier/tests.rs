//! The carrier as a client meets it over a real socket: binds, fates, receipts. Phones and limits have their
//! own files.

mod client;
mod limits;
mod phones;
mod requests;

use smpp::{Address, CommandId, CommandStatus, MessageState};

use self::client::{Stage, message};

/// Longer than the usual delay of a receipt with its jitter.
const RECEIPT_MS: u64 = 850;

#[tokio::test]
async fn binds_are_refused_with_their_reason_and_closed() {
    let stage = Stage::new().await;
    for bind in [CommandId::BIND_RECEIVER, CommandId::BIND_TRANSMITTER, CommandId::BIND_TRANSCEIVER] {
        for (system_id, password, status) in [
            ("chappe", "secret", CommandStatus::ESME_ROK),
            ("chappe", "wrong", CommandStatus::ESME_RINVPASWD),
            ("chappe", "", CommandStatus::ESME_RINVPASWD),
            ("other", "secret", CommandStatus::ESME_RINVSYSID),
        ] {
            let mut client = stage.connect().await;
            assert_eq!(client.bind(bind, system_id, password).await, status, "{bind} {system_id} {password}");
            if status == CommandStatus::ESME_ROK {
                let again = client.bind(bind, system_id, password).await;
                assert_eq!(again, CommandStatus::ESME_RALYBND);
            } else {
                assert!(client.next().await.is_none(), "a refused link is closed");
            }
        }
    }
}

#[tokio::test]
async fn each_fate_has_its_receipts() {
    for (destination, expected) in [
        ("447911123456", vec![(RECEIPT_MS, "DELIVRD", "000")]),
        ("447911120001", vec![(RECEIPT_MS, "UNDELIV", "001")]),
        ("447911120002", vec![(RECEIPT_MS, "EXPIRED", "002")]),
        ("447911120003", vec![(RECEIPT_MS, "REJECTD", "003")]),
        ("447911120004", vec![]),
        ("447911120009", vec![(30_000, "DELIVRD", "000")]),
        ("447911120010", vec![(RECEIPT_MS, "DELIVRD", "000"), (2_000, "UNDELIV", "010")]),
        ("447911120011", vec![(RECEIPT_MS, "UNDELIV", "011")]),
        ("447911120012", vec![(RECEIPT_MS, "UNDELIV", "012")]),
        ("447911120013", vec![(RECEIPT_MS, "REJECTD", "013")]),
    ] {
        let stage = Stage::new().await;
        let mut client = stage.transceiver().await;
        let id = client.submit(message(destination, b"Hello")).await.message_id();
        assert!(id.len() >= 8 && id.len() <= 16 && u64::from_str_radix(&id, 16).is_ok(), "{id}");
        client.expect_silence().await;
        for (after_ms, stat, err) in expected {
            stage.clock.advance(after_ms);
            let delivery = client.delivery().await;
            let words = (id.clone(), stat.to_owned(), err.to_owned());
            assert_eq!(delivery.receipt(), words, "{destination}");
            let receipt = delivery.message();
            assert_eq!((receipt.esm_class, receipt.source.digits), (0x04, destination.as_bytes()));
            assert_eq!(receipt.destination, Address { ton: 5, npi: 0, digits: b"ACME" });
            assert!(receipt.short_message.ends_with(b"text:Hello"));
        }
        client.expect_silence().await;
        assert_eq!(stage.carrier.counts().held, 0, "{destination} leaves nothing behind");
    }
}

#[tokio::test]
async fn receipts_come_only_when_asked_for() {
    let (delivered, failed) = ("447911123456", "447911120001");
    for (registered_delivery, destination, expected) in [
        (0, delivered, None),
        (1, delivered, Some(MessageState::Delivered)),
        (2, delivered, None),
        (3, delivered, Some(MessageState::Delivered)),
        (0, failed, None),
        (1, failed, Some(MessageState::Undeliverable)),
        (2, failed, Some(MessageState::Undeliverable)),
        (3, failed, None),
        (0x11, delivered, Some(MessageState::Delivered)),
    ] {
        let stage = Stage::new().await;
        let mut client = stage.transceiver().await;
        let submit = smpp::ShortMessage { registered_delivery, ..message(destination, b"Hello") };
        client.submit(submit).await.message_id();
        stage.clock.advance(RECEIPT_MS);
        if let Some(state) = expected {
            assert_eq!(client.delivery().await.message().tlvs.message_state(), Some(state));
        }
        client.expect_silence().await;
        assert_eq!(stage.carrier.counts().held, 0, "{registered_delivery} {destination}");
    }
}

#[tokio::test]
async fn only_the_contradiction_is_a_failure() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    let submit = smpp::ShortMessage { registered_delivery: 2, ..message("447911120010", b"Hello") };
    client.submit(submit).await.message_id();
    stage.clock.advance(RECEIPT_MS);
    client.expect_silence().await;
    stage.clock.advance(2_000);
    assert_eq!(client.delivery().await.receipt().1, "UNDELIV");
    client.expect_silence().await;
}

#[tokio::test]
async fn throttles_twice_per_message_and_then_takes_it() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    let refused = CommandStatus::ESME_RTHROTTLED;
    for (text, header, status) in [
        ("one", 1, refused),
        ("two", 1, refused),
        ("one", 1, refused),
        ("one", 2, refused),
        // Another reference is still the same part.
        ("one", 1, CommandStatus::ESME_ROK),
        ("two", 1, refused),
        ("two", 1, CommandStatus::ESME_ROK),
        ("one", 2, refused),
        ("one", 2, CommandStatus::ESME_ROK),
        // The same text sent anew begins from the start.
        ("one", 1, refused),
    ] {
        let reference = u8::from(status == CommandStatus::ESME_ROK);
        let user_data = [&[5, 0, 3, reference, 2, header], text.as_bytes()].concat();
        let submit = smpp::ShortMessage { esm_class: 0x40, ..message("447911120005", &user_data) };
        assert_eq!(client.submit(submit).await.status(), status, "{text} {header}");
    }
    stage.clock.advance(RECEIPT_MS);
    for _ in 0..3 {
        assert_eq!(client.delivery().await.receipt().1, "DELIVRD");
    }
    client.expect_silence().await;
}

#[tokio::test]
async fn a_receipt_can_come_before_the_response() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    client.send(&smpp::Pdu::SubmitSm(message("447911120006", b"Hello"))).await;
    let receipt = client.delivery().await.receipt();
    client.expect_silence().await;
    stage.clock.advance(200);
    let response = client.expect(CommandId::SUBMIT_SM_RESP).await;
    assert_eq!((response.message_id(), "DELIVRD"), (receipt.0, receipt.1.as_str()));
}

#[tokio::test]
async fn a_receipt_comes_before_the_response_on_another_link_too() {
    let stage = Stage::new().await;
    let mut receiver = stage.bound(CommandId::BIND_RECEIVER).await;
    let mut transmitter = stage.bound(CommandId::BIND_TRANSMITTER).await;
    transmitter.send(&smpp::Pdu::SubmitSm(message("447911120006", b"Hello"))).await;
    let receipt = receiver.delivery().await.receipt();
    transmitter.expect_silence().await;
    stage.clock.advance(200);
    assert_eq!(transmitter.expect(CommandId::SUBMIT_SM_RESP).await.message_id(), receipt.0);
}

#[tokio::test]
async fn the_link_is_cut_once_for_each_message() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    client.send(&smpp::Pdu::SubmitSm(message("447911120007", b"Hello"))).await;
    assert!(client.next().await.is_none(), "closed without a response");
    stage.clock.advance(RECEIPT_MS);

    let mut client = stage.transceiver().await;
    let unknown = client.delivery().await.receipt();
    assert_eq!(unknown.1, "DELIVRD", "it reached the carrier, so it has its receipt");
    let id = client.submit(message("447911120007", b"Hello")).await.message_id();
    assert_ne!(id, unknown.0, "the repeat is another message to the carrier");
    stage.clock.advance(RECEIPT_MS);
    assert_eq!(client.delivery().await.receipt().0, id);

    client.send(&smpp::Pdu::SubmitSm(message("447911120007", b"Another"))).await;
    assert!(client.next().await.is_none(), "another text is another message");
    assert_eq!(stage.carrier.counts().accepted, 3);
}

#[tokio::test]
async fn answers_before_the_cut_still_arrive() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    let mut octets = Vec::new();
    for (sequence, destination) in [(1, "447911123456"), (2, "447911120007"), (3, "447911123456")] {
        message(destination, b"Hello").encode_submit_sm(sequence, &mut octets).unwrap();
    }
    client.send_octets(&octets).await;
    assert_eq!(client.expect(CommandId::SUBMIT_SM_RESP).await.header.sequence_number, 1);
    assert!(client.next().await.is_none());
    assert_eq!(stage.carrier.counts().accepted, 2, "what follows the cut was never read");
}

#[tokio::test]
async fn a_response_can_take_ten_seconds() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    let late = client.send(&smpp::Pdu::SubmitSm(message("447911120008", b"Hello"))).await;
    client.submit(message("447911123456", b"overtakes")).await.message_id();
    stage.clock.advance(9_999);
    assert_eq!(client.delivery().await.receipt().1, "DELIVRD");
    client.expect_silence().await;
    stage.clock.advance(1);
    let response = client.expect(CommandId::SUBMIT_SM_RESP).await;
    assert_eq!(response.header.sequence_number, late);
    client.expect_silence().await;
    stage.clock.advance(RECEIPT_MS);
    assert_eq!(client.delivery().await.receipt().0, response.message_id());
}

#[tokio::test]
async fn ids_are_distinct_over_links() {
    let stage = Stage::new().await;
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let mut client = stage.bound(CommandId::BIND_TRANSMITTER).await;
        for _ in 0..5 {
            assert!(ids.insert(client.submit(message("447911123456", b"Hello")).await.message_id()));
        }
    }
    assert_eq!(ids.len(), 15);
}

#[tokio::test]
async fn shutdown_unbinds_and_closes() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    let mut unbound = stage.connect().await;
    // An answer proves that the link was accepted before the shutdown.
    unbound.expect_silence().await;
    stage.shutdown.send(true).unwrap();
    client.expect(CommandId::UNBIND).await;
    assert!(client.next().await.is_none());
    assert!(unbound.next().await.is_none());
    stage.carrier.stopped().await;
}
