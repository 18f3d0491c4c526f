//! Tests of receipts, with texts in the ways that carriers bend them.

use proptest::prelude::{any, prop_assert_eq, proptest};

use super::{OutgoingReceipt, Receipt, ReceiptText, parse_date};
use crate::calendar::CivilTime;
use crate::{MessageState, NetworkErrorCode, ShortMessage, Tag, TlvBuffer, Tlvs};

const STANDARD: &[u8] =
    b"id:0123456789 sub:001 dlvrd:001 submit date:2611221030 done date:2611221031 stat:DELIVRD err:000 text:Hello wo";

#[test]
fn reads_the_standard_text() {
    let receipt = ReceiptText::parse(STANDARD);
    assert_eq!(
        receipt,
        ReceiptText {
            id: Some("0123456789"),
            sub: Some("001"),
            dlvrd: Some("001"),
            submit_date: Some("2611221030"),
            done_date: Some("2611221031"),
            stat: Some("DELIVRD"),
            err: Some("000"),
            text: Some(b"Hello wo"),
        }
    );
    assert_eq!(receipt.state(), Some(MessageState::Delivered));
}

/// What is expected of a text: id, state, err, done date, text of the message.
type Expected<'a> =
    (Option<&'a str>, Option<MessageState>, Option<&'a str>, Option<&'a str>, Option<&'a [u8]>);

#[track_caller]
fn check(text: &[u8], expected: Expected<'_>) {
    let receipt = ReceiptText::parse(text);
    let found = (receipt.id, receipt.state(), receipt.err, receipt.done_date, receipt.text);
    assert_eq!(found, expected, "{}", text.escape_ascii());
}

#[test]
fn reads_bent_texts() {
    let delivered = Some(MessageState::Delivered);
    let undeliverable = Some(MessageState::Undeliverable);
    let expired = Some(MessageState::Expired);
    let rejected = Some(MessageState::Rejected);
    let date = Some("261122103105");
    let cases: &[(&[u8], Expected<'_>)] = &[
        (b"stat:UNDELIV err:045 id:A-1 text:", (Some("A-1"), undeliverable, Some("045"), None, Some(b""))),
        (b"ID:7 STAT:expired ERR:001", (Some("7"), expired, Some("001"), None, None)),
        (b"id: 7 stat: DELIVRD err: 000 Text: hi", (Some("7"), delivered, Some("000"), None, Some(b"hi"))),
        (b"id:7 done date: 26 11 22 1031 stat:2", (Some("7"), delivered, None, Some("26 11 22 1031"), None)),
        (b"id:7,done_date:261122103105,stat:REJECTED", (Some("7"), rejected, None, date, None)),
        (b"id:7; donedate:261122103105; stat:REJECTD;", (Some("7"), rejected, None, date, None)),
        (
            b"id:7 stat:DELIVRD err:000 Your code",
            (Some("7"), delivered, Some("000"), None, Some(b"Your code")),
        ),
        (b"id:7 stat:DELIVRD err:0 text:id:8", (Some("7"), delivered, Some("0"), None, Some(b"id:8"))),
        (
            b"id:7 stat:DELIVRD text:a stat:EXPIRED",
            (Some("7"), delivered, None, None, Some(b"a stat:EXPIRED")),
        ),
        (b"text:hi id:7 stat:EXPIRED", (Some("7"), expired, None, None, Some(b"hi "))),
        (b"id:7 id:8 stat:DELIVRD", (Some("7"), delivered, None, None, None)),
        (b"id:7 imsi:2620 stat:DELIVRD", (Some("7"), delivered, None, None, None)),
        (b"id: stat:DELIVRD", (None, delivered, None, None, None)),
        (b"id:\xFF\xFE stat:DELIVRD text:\xE9", (None, delivered, None, None, Some(b"\xE9"))),
        (b"id: stat: err:", (None, None, None, None, None)),
        (b"id:7\r\nstatus:Undelivered\r\nerror:12", (Some("7"), undeliverable, Some("12"), None, None)),
        (b"the idea: stat ist ik", (None, None, None, None, None)),
        (b"", (None, None, None, None, None)),
    ];
    for (text, expected) in cases {
        check(text, *expected);
    }
}

#[test]
fn dates_of_every_length() {
    let at = |second| CivilTime { year: 2026, month: 11, day: 22, hour: 10, minute: 31, second };
    for (date, expected) in [
        ("2611221031", Some(at(0))),
        ("261122103105", Some(at(5))),
        ("202611221031", Some(at(0))),
        ("20261122103105", Some(at(5))),
        ("2026-11-22 10:31:05", Some(at(5))),
        ("26/11/22 10:31", Some(at(0))),
        ("261122", None),
        ("261322103100", None),
        ("2613221031", None),
        ("never", None),
        ("111111111111111111", None),
        ("", None),
    ] {
        assert_eq!(parse_date(date), expected, "{date}");
    }
}

#[test]
fn tlvs_win_and_disagreement_is_told() {
    let mut tlvs = TlvBuffer::new();
    tlvs.push_receipt(b"75BCD15", MessageState::Expired).unwrap();
    tlvs.push_network_error_code(NetworkErrorCode { network_type: 3, code: 5 });
    let receipt = Receipt::parse(STANDARD, &tlvs.as_tlvs());
    assert_eq!((receipt.id(), receipt.text.id), (Some("75BCD15"), Some("0123456789")));
    assert_eq!(receipt.state(), Some(MessageState::Expired));
    assert_eq!(receipt.network_error, Some(NetworkErrorCode { network_type: 3, code: 5 }));
    assert!(!receipt.id_disagrees(), "0x75BCD15 is 123456789");
    assert!(receipt.state_disagrees() && receipt.disagrees());

    let mut tlvs = TlvBuffer::new();
    tlvs.push(Tag::RECEIPTED_MESSAGE_ID, b"other").unwrap();
    let receipt = Receipt::parse(STANDARD, &tlvs.as_tlvs());
    assert!(receipt.id_disagrees() && !receipt.state_disagrees());
    assert_eq!(receipt.state(), Some(MessageState::Delivered));
}

#[test]
fn only_announced_receipts_are_receipts() {
    let mut tlvs = TlvBuffer::new();
    tlvs.push_receipt(b"7", MessageState::Delivered).unwrap();
    let empty = Tlvs::EMPTY;
    for (esm_class, short_message, tlvs, expected) in [
        (0x04, STANDARD, empty, Some("0123456789")),
        (0x20, STANDARD, empty, Some("0123456789")),
        (0x44, &[&[3, 0, 0, 0][..], STANDARD].concat()[..], empty, Some("0123456789")),
        (0x44, b"", empty, None),
        (0x00, STANDARD, empty, None),
        (0x00, b"", tlvs.as_tlvs(), Some("7")),
        (0x04, b"hello", empty, None),
    ] {
        let message = ShortMessage { esm_class, short_message, tlvs, ..ShortMessage::default() };
        assert_eq!(
            Receipt::from_message(&message).and_then(|receipt| receipt.id()),
            expected,
            "{esm_class:#x}"
        );
    }
}

#[test]
fn writes_the_exact_text() {
    let receipt = OutgoingReceipt {
        id: b"0123456789",
        submitted: 1,
        delivered: 1,
        submit_date: CivilTime::from_unix_ms(1_795_343_400_000, 0),
        done_date: CivilTime::from_unix_ms(1_795_343_460_000, 0),
        state: MessageState::Delivered,
        error: 0,
        text: b"Hello wo",
    };
    let mut out = Vec::new();
    receipt.write_text(&mut out);
    assert_eq!(out.escape_ascii().to_string(), STANDARD.escape_ascii().to_string());

    out.clear();
    let long = b"a text of more than twenty octets";
    OutgoingReceipt { error: 1234, text: long, submitted: 12, ..receipt }.write_text(&mut out);
    assert!(out.ends_with(b"err:999 text:a text of more than "));
    assert!(out.starts_with(b"id:0123456789 sub:012 "));
}

#[test]
fn debug_output_hides_the_text() {
    let shown = format!("{:?}", Receipt::parse(STANDARD, &Tlvs::EMPTY));
    assert!(!shown.contains("Hello"), "{shown}");
}

proptest! {
    #[test]
    fn reads_what_it_writes(
        id in "[0-9A-Za-z]{1,32}",
        unix_ms in 946_684_800_000_i64..4_102_444_800_000,
        code in 0_u8..10,
        error in 0_u16..1000,
        text in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let date = CivilTime::from_unix_ms(unix_ms / 60_000 * 60_000, 0);
        let state = MessageState::from_code(code).unwrap();
        let id = id.as_bytes();
        let receipt = OutgoingReceipt {
            id, submitted: 2, delivered: 1, submit_date: date, done_date: date, state, error, text: &text,
        };
        let mut out = Vec::new();
        receipt.write_text(&mut out);
        let read = ReceiptText::parse(&out);
        prop_assert_eq!(read.id.map(str::as_bytes), Some(id));
        prop_assert_eq!(read.state(), Some(state));
        prop_assert_eq!(read.done_date.and_then(parse_date), Some(date));
        let error = format!("{error:03}");
        prop_assert_eq!(read.err, Some(error.as_str()));
        let kept = text.get(..20).unwrap_or(&text).trim_ascii_start();
        prop_assert_eq!(read.text, Some(kept));
    }

    #[test]
    fn any_octets_are_read(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let receipt = Receipt::parse(&octets, &Tlvs::new(&octets));
        prop_assert_eq!(receipt.raw, &octets[..]);
    }
}
