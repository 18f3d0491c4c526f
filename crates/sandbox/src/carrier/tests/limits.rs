//! What is held, how much of it, and what the log of accepted parts says.

use ports::phones::{BUBBLES_MAX, PHONES_MAX};
use smpp::{CommandId, CommandStatus};

use super::RECEIPT_MS;
use super::client::{Stage, message};
use crate::CarrierOptions;
use crate::carrier::centre::{CentreSettings, MessageCentre, Now, Verdict};
use crate::carrier::delivery::Delivery;
use crate::carrier::incoming::Incoming;
use crate::carrier::log::PartLog;
use crate::phones::PhoneBook;

#[tokio::test]
async fn receipts_wait_for_a_bind_and_the_oldest_go_first() {
    let options = CarrierOptions { receipts_held_max: 3, ..CarrierOptions::new("chappe", "secret") };
    let stage = Stage::with(options).await;
    let mut transmitter = stage.bound(CommandId::BIND_TRANSMITTER).await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(transmitter.submit(message("447911123456", b"Hello")).await.message_id());
        stage.clock.advance(RECEIPT_MS);
        transmitter.expect_silence().await;
    }
    let counts = stage.carrier.counts();
    assert_eq!((counts.held, counts.dropped, counts.accepted), (3, 2, 5));
    let mut receiver = stage.bound(CommandId::BIND_RECEIVER).await;
    for id in &ids[2..] {
        assert_eq!(&receiver.delivery().await.receipt().0, id);
    }
    receiver.expect_silence().await;
    assert_eq!(stage.carrier.counts().acknowledged, 3);
}

#[test]
fn memory_is_bounded_however_many_messages_come() {
    const HELD_MAX: usize = 1_000;
    let settings = CentreSettings { receipt_delay_ms: 700, held_max: HELD_MAX };
    let mut centre = MessageCentre::new(1, PartLog::none(), settings);
    let phones = PhoneBook::new();
    // Nobody takes receipts, parts never come whole, and every fate and phone has its turn.
    for number in 0..20_000_u64 {
        let digits = format!("4479{:08}", number % 5_000);
        let user_data = [&[5, 0, 3, number.to_be_bytes()[7], 2, 1], b"Hello".as_slice()].concat();
        let submit = smpp::ShortMessage { esm_class: 0x40, ..message(&digits, &user_data) };
        let incoming = Incoming::read(&submit).unwrap();
        let now = Now { ms: number, at: types::time::Timestamp::EPOCH };
        if !matches!(centre.judge(&incoming), Verdict::Refuse(_)) {
            let id = centre.take(&incoming, now);
            phones.receive(&incoming, &id.to_string(), "delivered", now);
        }
        centre.ripen(now);
        centre.finish_turn();
        assert!(centre.counts().held <= HELD_MAX as u64);
    }
    let counts = centre.counts();
    assert!(counts.accepted > 18_000 && counts.dropped > 0, "{counts:?}");
    let shown = phones.phones(usize::MAX);
    assert!(shown.len() <= PHONES_MAX && shown.iter().all(|phone| phone.bubbles.len() <= BUBBLES_MAX));
    // The map of waiting deliveries adds its keys and half-empty nodes to this.
    assert!(size_of::<Delivery>() <= 144, "{}", size_of::<Delivery>());
}

#[tokio::test]
async fn open_deliveries_are_bounded_by_a_window() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    for _ in 0..201 {
        client.submit(message("447911123456", b"Hello")).await.message_id();
    }
    stage.clock.advance(RECEIPT_MS);
    let mut open = Vec::new();
    for _ in 0..200 {
        open.push(client.expect(CommandId::DELIVER_SM).await);
    }
    client.expect_silence().await;
    assert_eq!(stage.carrier.counts().held, 1);
    client.acknowledge(&open[100], CommandStatus::ESME_ROK).await;
    client.delivery().await;
    client.expect_silence().await;
}

#[tokio::test]
async fn open_deliveries_of_a_lost_link_go_to_the_next() {
    let stage = Stage::new().await;
    let mut lost = stage.transceiver().await;
    let id = lost.submit(message("447911123456", b"Hello")).await.message_id();
    stage.clock.advance(RECEIPT_MS);
    assert_eq!(lost.expect(CommandId::DELIVER_SM).await.receipt().0, id);
    drop(lost);
    let mut next = stage.bound(CommandId::BIND_RECEIVER).await;
    assert_eq!(next.delivery().await.receipt().0, id);
}

#[tokio::test]
async fn a_refused_delivery_is_tried_again_or_given_up() {
    for (status, attempts) in [
        (CommandStatus::ESME_RX_T_APPN, 5),
        (CommandStatus::ESME_RMSGQFUL, 5),
        (CommandStatus::ESME_RX_P_APPN, 1),
    ] {
        let stage = Stage::new().await;
        let mut client = stage.transceiver().await;
        client.submit(message("447911123456", b"Hello")).await.message_id();
        stage.clock.advance(RECEIPT_MS);
        for _ in 0..attempts {
            let delivery = client.expect(CommandId::DELIVER_SM).await;
            client.acknowledge(&delivery, status).await;
            client.expect_silence().await;
            stage.clock.advance(5_000);
        }
        client.expect_silence().await;
        let counts = stage.carrier.counts();
        assert_eq!((counts.held, counts.acknowledged), (0, 0), "{status:?}");
    }
}

#[tokio::test]
async fn an_unanswered_delivery_is_tried_again() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    client.submit(message("447911123456", b"Hello")).await.message_id();
    stage.clock.advance(RECEIPT_MS);
    let first = client.expect(CommandId::DELIVER_SM).await;
    stage.clock.advance(30_000);
    client.expect_silence().await;
    stage.clock.advance(5_000);
    assert_eq!(client.delivery().await.receipt(), first.receipt());
}

#[tokio::test]
async fn silent_links_are_probed_and_closed() {
    let stage = Stage::new().await;
    let mut unbound = stage.connect().await;
    let mut client = stage.transceiver().await;
    client.expect_silence().await;
    stage.clock.advance(5_000);
    assert!(unbound.next().await.is_none(), "a link must bind in time");
    stage.clock.advance(55_000);
    for _ in 0..3 {
        client.expect(CommandId::ENQUIRE_LINK).await;
        stage.clock.advance(20_000);
    }
    assert!(client.next().await.is_none());
}

#[tokio::test]
async fn accepted_parts_are_logged_before_they_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parts.jsonl");
    let options = CarrierOptions {
        log: Some(path.clone()),
        keep_phones: false,
        ..CarrierOptions::new("chappe", "secret")
    };
    std::fs::write(&path, "{}\n").unwrap();
    let stage = Stage::with(options.clone()).await;
    let mut client = stage.transceiver().await;
    let user_data = [&[5, 0, 3, 77, 3, 2], b"Hello".as_slice()].concat();
    let submit = smpp::ShortMessage { esm_class: 0x40, ..message("447911123456", &user_data) };
    let id = client.submit(submit).await.message_id();
    client.submit(message("447911120005", b"refused")).await;
    client.send(&smpp::Pdu::SubmitSm(message("447911120007", b"cut"))).await;
    assert!(client.next().await.is_none());

    let lines: Vec<serde_json::Value> = std::fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3, "appended; what was refused is not there, what was cut is");
    assert_eq!(lines[1]["carrier_id"], id);
    assert_eq!(lines[1]["destination"], "447911123456");
    assert_eq!(lines[1]["source"], "ACME");
    assert_eq!((lines[1]["reference"].as_u64(), lines[1]["part"].as_u64()), (Some(77), Some(2)));
    assert_eq!((lines[1]["parts"].as_u64(), lines[1]["octets"].as_u64()), (Some(3), Some(5)));
    assert_eq!(lines[1]["at_ms"].as_i64(), Some(1_767_323_045_000));
    assert_eq!((&lines[2]["fate"], &lines[2]["part"]), (&"delivered_link_cut".into(), &1.into()));
    assert!(stage.carrier.phones().phones(10).is_empty(), "no phones were asked for");
}

#[tokio::test]
async fn a_log_that_cannot_be_opened_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let log = Some(folder.path().to_owned());
    let options = CarrierOptions { log, ..CarrierOptions::new("chappe", "secret") };
    assert!(!format!("{options:?}").contains("secret"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stage = Stage::new().await;
    let started = super::client::start(listener, &stage.clock, options, &stage.shutdown);
    assert!(matches!(started.unwrap_err(), crate::StartError::Log { .. }));
}
