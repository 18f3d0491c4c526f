//! The phones behind the carrier: joining, decoding, fates and answers.

use gsm_text::{Concatenation, SplitOptions, split};
use ports::phones::{BUBBLES_MAX, Direction, PHONES_MAX, Phone};
use smpp::{CommandId, CommandStatus, Pdu, ShortMessage, Tag, TlvBuffer};
use testkit::wire::Wire;
use types::address::Msisdn;

use super::RECEIPT_MS;
use super::client::{Stage, message};

const NUMBER: &str = "447911123456";

fn number(digits: &str) -> Msisdn {
    Msisdn::parse(digits).unwrap()
}

fn texts(phone: &Phone) -> Vec<(String, u8, &'static str)> {
    phone.bubbles.iter().map(|bubble| (bubble.text.expose().clone(), bubble.parts, bubble.fate)).collect()
}

/// Submits a text in parts, in the order of `order`, and returns the ids by part.
async fn submit_parts(
    client: &mut Wire,
    text: &str,
    concatenation: Concatenation,
    order: &[usize],
) -> Vec<String> {
    let options = SplitOptions { concatenation, reference: 300, ..SplitOptions::default() };
    let split = split(text, &options).unwrap();
    let mut ids = vec![String::new(); split.parts.len()];
    for &index in order {
        let part = &split.parts[index];
        let mut tlvs = TlvBuffer::new();
        if concatenation == Concatenation::SarTlv && part.total > 1 {
            tlvs.push_sar(300, part.total, part.number);
        }
        let user_data = part.user_data();
        let is_payload = concatenation == Concatenation::Payload;
        if is_payload {
            tlvs.push(Tag::MESSAGE_PAYLOAD, &user_data).unwrap();
        }
        let submit = ShortMessage {
            esm_class: if part.header.is_empty() { 0 } else { 0x40 },
            data_coding: split.data_coding().octet(),
            tlvs: tlvs.as_tlvs(),
            ..message(NUMBER, if is_payload { &[] } else { &user_data })
        };
        ids[index] = client.submit(submit).await.message_id();
    }
    ids
}

#[tokio::test]
async fn parts_are_joined_and_decoded_in_every_form() {
    let emoji = "Ola 👋 ".repeat(26);
    let plain = "[€] ".repeat(80);
    for (text, concatenation, parts, order) in [
        (&emoji, Concatenation::Udh8, 3, vec![2, 0, 1]),
        (&emoji, Concatenation::Udh16, 3, vec![0, 1, 2]),
        (&emoji, Concatenation::SarTlv, 3, vec![1, 2, 0]),
        (&emoji, Concatenation::Payload, 1, vec![0]),
        (&plain, Concatenation::Udh8, 4, vec![3, 2, 1, 0]),
    ] {
        let stage = Stage::new().await;
        let phones = stage.carrier.phones();
        let mut client = stage.transceiver().await;
        let ids = submit_parts(&mut client, text, concatenation, &order).await;
        assert_eq!(ids.len(), usize::from(parts), "{concatenation:?}");
        let phone = phones.phone(number(NUMBER)).unwrap();
        assert_eq!(texts(&phone), [(text.clone(), parts, "delivered")], "{concatenation:?}");
        let bubble = &phone.bubbles[0];
        assert_eq!((bubble.direction, bubble.peer.as_str()), (Direction::Received, "ACME"));
        assert_eq!(Some(&bubble.carrier_id), ids.first());
        assert_eq!(phones.revision(), 1, "changes once, when the message is whole");
        stage.clock.advance(RECEIPT_MS);
        let mut receipts = Vec::new();
        for _ in 0..parts {
            receipts.push(client.delivery().await.receipt().0);
        }
        receipts.sort();
        let mut ids = ids;
        ids.sort();
        assert_eq!(receipts, ids, "each part has its receipt");
    }
}

#[tokio::test]
async fn an_emoji_cut_in_two_is_made_whole() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    for (part, half) in [(1, [0xD8, 0x3D]), (2, [0xDC, 0x4B])] {
        let user_data = [&[5, 0, 3, 9, 2, part], half.as_slice()].concat();
        let submit = ShortMessage { esm_class: 0x40, data_coding: 8, ..message(NUMBER, &user_data) };
        client.submit(submit).await.message_id();
    }
    let phone = stage.carrier.phones().phone(number(NUMBER)).unwrap();
    assert_eq!(texts(&phone), [("👋".to_owned(), 2, "delivered")]);
}

#[tokio::test]
async fn an_unfinished_message_is_shown_in_the_end() {
    let stage = Stage::new().await;
    let mut client = stage.bound(CommandId::BIND_TRANSMITTER).await;
    let text = "x".repeat(400);
    submit_parts(&mut client, &text, Concatenation::Udh8, &[0, 2]).await;
    let phones = stage.carrier.phones();
    assert!(phones.phone(number(NUMBER)).is_none());
    for _ in 0..10 {
        stage.clock.advance(30_000);
        client.expect_silence().await;
    }
    client.submit(message("447911123457", b"Hello")).await.message_id();
    let phone = phones.phone(number(NUMBER)).unwrap();
    assert_eq!(texts(&phone), [("x".repeat(153 + 94), 2, "delivered")]);
}

#[tokio::test]
async fn fates_show_on_the_phone() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    for (last, fate) in [
        ("3456", "delivered"),
        ("0001", "undeliverable"),
        ("0002", "expired"),
        ("0003", "rejected"),
        ("0004", "no_receipt"),
        ("0010", "contradicted"),
        ("0011", "busy"),
        ("0012", "no_answer"),
        ("0013", "call_rejected"),
    ] {
        let destination = format!("44791112{last}");
        let id = client.submit(message(&destination, b"Hello")).await.message_id();
        let phone = stage.carrier.phones().phone(number(&destination)).unwrap();
        assert_eq!(texts(&phone), [("Hello".to_owned(), 1, fate)]);
        assert_eq!(phone.bubbles[0].carrier_id, id);
    }
    let refused = client.submit(message("447911120005", b"Hello")).await;
    assert_eq!(refused.status(), CommandStatus::ESME_RTHROTTLED);
    assert!(stage.carrier.phones().phone(number("447911120005")).is_none(), "refused, so it never arrived");
    client.submit(message("12345", b"Hello")).await.message_id();
    assert_eq!(stage.carrier.phones().phones(100).len(), 9, "a short number has no phone");
}

#[tokio::test]
async fn a_cancelled_message_says_so() {
    let stage = Stage::new().await;
    let mut client = stage.bound(CommandId::BIND_TRANSMITTER).await;
    let id = client.submit(message(NUMBER, b"Hello")).await.message_id();
    let source = message(NUMBER, b"").source;
    let cancel = smpp::CancelSm { message_id: id.as_bytes(), source, ..smpp::CancelSm::default() };
    assert_eq!(client.ask(&Pdu::CancelSm(cancel)).await.status(), CommandStatus::ESME_ROK);
    let phone = stage.carrier.phones().phone(number(NUMBER)).unwrap();
    assert_eq!(texts(&phone), [("Hello".to_owned(), 1, "deleted")]);
}

#[tokio::test]
async fn answers_reach_a_bind_that_can_receive() {
    let stage = Stage::new().await;
    let phones = stage.carrier.phones();
    let phone = number(NUMBER);
    assert!(!phones.answer(phone, "ACME", "Hello?").await, "nobody is bound");
    let mut transmitter = stage.bound(CommandId::BIND_TRANSMITTER).await;
    assert!(!phones.answer(phone, "ACME", "Hello?").await, "a transmitter cannot receive");
    assert!(phones.phone(phone).is_none());

    let mut receiver = stage.bound(CommandId::BIND_RECEIVER).await;
    for (to, ton, text) in [("ACME", 5, "Yes €"), ("12345", 3, "STOP"), ("447700900123", 1, "Olá 👋")] {
        assert!(phones.answer(phone, to, text).await);
        let delivery = receiver.delivery().await;
        let answer = delivery.message();
        assert_eq!((answer.destination.ton, answer.destination.digits), (ton, to.as_bytes()));
        assert_eq!((answer.source.ton, answer.source.digits), (1, NUMBER.as_bytes()));
        let coding = gsm_text::DataCoding::from_octet(answer.data_coding);
        let decoded = gsm_text::decode(
            coding,
            gsm_text::Alphabet::Gsm7,
            answer.payload(),
            gsm_text::NationalShift::default(),
        );
        assert_eq!((answer.esm_class, decoded.text.as_str()), (0, text));
    }
    let bubble = phones.phone(phone).unwrap().bubbles.pop().unwrap();
    assert_eq!((bubble.direction, bubble.peer.as_str(), bubble.parts), (Direction::Sent, "447700900123", 1));
    assert_eq!(phones.revision(), 3);
    for (to, text) in [("ACME", ""), ("", "Hello"), ("ACME", &"x".repeat(1_600))] {
        assert!(!phones.answer(phone, to, text).await);
    }
    receiver.expect_silence().await;
    transmitter.expect_silence().await;
}

#[tokio::test]
async fn a_long_answer_comes_in_parts_and_in_order() {
    let stage = Stage::new().await;
    let mut client = stage.transceiver().await;
    let text = "Bonjour 👋 ".repeat(15);
    assert!(stage.carrier.phones().answer(number(NUMBER), "ACME", &text).await);
    let mut units = Vec::new();
    for part in 1..=3 {
        let delivery = client.delivery().await;
        let message = delivery.message();
        assert_eq!((message.esm_class, message.data_coding), (0x40, 8));
        let (header, body) = gsm_text::split_udh(message.short_message).unwrap();
        let place = header.concatenation().unwrap();
        assert_eq!((place.number, place.total), (part, 3));
        units.extend(body.chunks_exact(2).map(|unit| u16::from_be_bytes([unit[0], unit[1]])));
    }
    assert_eq!(String::from_utf16(&units).unwrap(), text);
    assert_eq!(stage.carrier.phones().phones(1)[0].bubbles[0].parts, 3);
}

#[tokio::test]
async fn phones_and_bubbles_are_bounded() {
    let stage = Stage::new().await;
    let mut client = stage.bound(CommandId::BIND_TRANSMITTER).await;
    let digits = |index: usize| format!("4479111{:05}", 50_100 + index);
    for index in 0..PHONES_MAX + 2 {
        client.submit(message(&digits(index), b"Hello")).await.message_id();
        if index == PHONES_MAX - 1 {
            // The first phone becomes active again, so the second and third are the quietest.
            client.submit(message(&digits(0), b"again")).await.message_id();
        }
    }
    let phones = stage.carrier.phones();
    let numbers: Vec<String> = phones.phones(usize::MAX).iter().map(|phone| phone.number.digits()).collect();
    assert_eq!(numbers.len(), PHONES_MAX);
    assert_eq!(numbers[..3], [digits(PHONES_MAX + 1), digits(PHONES_MAX), digits(0)]);
    assert!(!numbers.contains(&digits(1)) && !numbers.contains(&digits(2)) && numbers.contains(&digits(3)));
    assert_eq!(phones.phones(2).len(), 2);

    for index in 0..BUBBLES_MAX + 5 {
        client.submit(message(NUMBER, format!("text {index}").as_bytes())).await.message_id();
    }
    let texts = texts(&phones.phone(number(NUMBER)).unwrap());
    assert_eq!((texts.len(), texts[0].0.as_str()), (BUBBLES_MAX, "text 5"));
}
