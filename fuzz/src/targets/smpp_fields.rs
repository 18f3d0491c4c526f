//! The parts of PDUs that have a grammar of their own: optional parameters, receipts, times and message ids.

use smpp::calendar::CivilTime;
use smpp::message_id::{candidates, relation};
use smpp::receipt::{OutgoingReceipt, ReceiptText, parse_date};
use smpp::time::{AbsoluteTime, RelativeTime, SmppTime};
use smpp::{MessageState, Receipt, ShortMessage, Tag, TlvBuffer, Tlvs};
use types::carrier_id::{folded, readings};

use super::{Target, outcome, roughly};

/// The optional parameters of a PDU.
pub(super) const TLVS: Target = Target {
    name: "smpp_tlvs",
    about: "optional parameters: the view, the getters, writing again",
    make: || Box::new(check_tlvs),
    words: &[b"\x04\x24\0\x05hello", b"\0\x1E\0\x03id\0", b"\x04\x27\0\x01\x02", b"\x04\x23\0\x03\x03\0\x07"],
    limit: 70_000,
    octets_base: 8 * 1024,
    octets_per_octet: 8,
};

/// The text and the optional parameters of a receipt.
pub(super) const RECEIPT: Target = Target {
    name: "smpp_receipt",
    about: "receipts: text, optional parameters, writing again",
    make: || Box::new(check_receipt),
    words: &[
        b"id:",
        b"sub:001",
        b" dlvrd:001",
        b" submit date:",
        b" done date:2611221031",
        b" stat:DELIVRD",
        b" err:000",
        b" text:",
        b"submit_date:",
        b"status:",
        b"error:",
        b"UNDELIV",
        b"\0\x1E\0\x02a\0",
        b" ",
        b":",
    ],
    limit: 70_000,
    octets_base: 64 * 1024,
    octets_per_octet: 32,
};

/// Times of PDUs and dates of receipts.
pub(super) const TIME: Target = Target {
    name: "smpp_time",
    about: "absolute and relative times, dates of receipts",
    make: || Box::new(check_time),
    words: &[b"261122103000000+", b"000001000000000R", b"2611221031", b"20261122103105", b"0", b"-", b":"],
    limit: 64,
    octets_base: 4 * 1024,
    octets_per_octet: 16,
};

/// Ids of messages in the notations of carriers.
pub(super) const MESSAGE_ID: Target = Target {
    name: "message_id",
    about: "ids of carriers in all their notations",
    make: || Box::new(check_message_id),
    words: &[b"0x", b"000000", b"ffffffffffffffffffffffffffffffff", b"\n", b"\xC3\x9F"],
    limit: 70_000,
    octets_base: 8 * 1024,
    octets_per_octet: 32,
};

fn check_tlvs(input: &[u8]) -> u64 {
    let tlvs = Tlvs::new(input);
    let mut copy = TlvBuffer::new();
    let mut octets = 0;
    for tlv in tlvs.iter() {
        copy.push_tlv(tlv).expect("a value that was read has a length that can be written");
        octets += 4 + tlv.value.len();
    }
    assert_eq!(input.get(..octets), Some(copy.as_tlvs().octets()), "the copy differs");
    assert_eq!(tlvs.is_whole(), octets == input.len());
    assert_eq!(copy.into_octets().len(), octets);
    let known: Vec<u16> = Tag::ALL.iter().filter(|tag| tlvs.get(**tag).is_some()).map(|tag| tag.0).collect();
    let of_integers = [Tag::SAR_MSG_REF_NUM, Tag::QOS_TIME_TO_LIVE, Tag::SOURCE_PORT]
        .map(|tag| tlvs.integer(tag).is_some());
    if let Some(payload) = tlvs.message_payload() {
        assert!(payload.len() <= input.len());
    }
    let texts = [tlvs.receipted_message_id(), tlvs.additional_status_info_text()];
    assert!(texts.iter().flatten().all(|text| !text.contains(&0)), "a string reaches past its NUL");
    let getters =
        (tlvs.message_state(), tlvs.network_error_code().is_some(), tlvs.sar_total_segments().is_some());
    outcome((known, of_integers, getters.0.map(MessageState::code), getters.1, getters.2, tlvs.is_whole()))
}

/// The first octet is `esm_class`, the second divides text and optional parameters.
fn check_receipt(input: &[u8]) -> u64 {
    let [esm_class, share, rest @ ..] = input else { return 0 };
    let middle = rest.len() - rest.len() * usize::from(*share) / 256;
    let (text, tlvs) = rest.split_at_checked(middle).expect("a part of it");
    let message = ShortMessage {
        esm_class: *esm_class,
        short_message: text,
        tlvs: Tlvs::new(tlvs),
        ..ShortMessage::default()
    };
    let read = Receipt::from_message(&message);
    if let Some(receipt) = read {
        assert!(receipt.id().is_some() || receipt.state().is_some());
        assert_eq!(receipt.disagrees(), receipt.id_disagrees() || receipt.state_disagrees());
    }
    let parsed = ReceiptText::parse(text);
    let fields =
        [parsed.id, parsed.sub, parsed.dlvrd, parsed.submit_date, parsed.done_date, parsed.stat, parsed.err];
    let total: usize = fields.iter().flatten().map(|field| field.len()).sum();
    assert!(total + parsed.text.map_or(0, <[u8]>::len) <= text.len(), "fields overlap");
    for field in fields.iter().flatten() {
        assert!(!field.is_empty() && field.trim_ascii() == *field, "a field is trimmed and not empty");
    }
    assert!(parsed.id.is_none_or(|id| !id.contains(' ')), "an id is one word");
    write_receipt(&parsed);
    let told =
        (parsed.state().map(MessageState::code), fields.map(|field| field.is_some()), parsed.text.is_some());
    outcome((told, read.map(|receipt| (receipt.disagrees(), receipt.tlv_id.is_some()))))
}

/// What is written in the standard form reads back, whatever the carrier's form was.
fn write_receipt(read: &ReceiptText<'_>) {
    let (Some(id), Some(state)) = (read.id.filter(|id| !id.contains(':')), read.state()) else { return };
    let date = read.done_date.and_then(parse_date).unwrap_or(CivilTime::from_unix_ms(0, 0));
    let written = OutgoingReceipt {
        id: id.as_bytes(),
        submitted: 1,
        delivered: 1,
        submit_date: date,
        done_date: date,
        state,
        error: read.err.and_then(|error| error.parse().ok()).unwrap_or(0),
        text: read.text.unwrap_or_default(),
    };
    let mut out = Vec::new();
    written.write_text(&mut out);
    let again = ReceiptText::parse(&out);
    assert_eq!((again.id, again.state()), (Some(id), Some(state)));
    assert_eq!(again.err.and_then(|error| error.parse::<u16>().ok()), Some(written.error.min(999)));
    let shown = CivilTime { second: 0, ..date };
    let read_date = again.done_date.and_then(parse_date);
    assert!(!(2000..=2099).contains(&date.year) || read_date == Some(shown), "{read_date:?}");
}

fn check_time(input: &[u8]) -> u64 {
    const NOW_MS: i64 = 1_795_000_000_000;
    let parsed = SmppTime::parse(input);
    if let Ok(Some(time)) = parsed {
        let again = SmppTime::parse(&time.to_octets());
        assert_eq!(again, Ok(Some(time)), "it reads back as something else");
        let resolved = time.resolve_unix_ms(NOW_MS);
        match time {
            SmppTime::Absolute(_) => {
                let utc = AbsoluteTime::from_unix_ms(resolved).map(AbsoluteTime::to_unix_ms);
                assert!(utc.is_none_or(|utc| utc == resolved));
            }
            SmppTime::Relative(relative) => {
                assert!(resolved >= NOW_MS);
                let normal = RelativeTime::from_duration_ms(relative.duration_ms());
                let same = |normal: RelativeTime| normal.duration_ms() == relative.duration_ms();
                assert!(normal.is_none_or(same));
            }
        }
    }
    let date = std::str::from_utf8(input).ok().and_then(parse_date);
    if let Some(date) = date {
        assert!(date.is_valid());
        assert_eq!(CivilTime::from_unix_ms(date.to_unix_ms(0), 0), date);
    }
    let kind = parsed.map(|time| time.map(|time| matches!(time, SmppTime::Relative(_))));
    outcome((format!("{kind:?}"), date.is_some()))
}

/// Two ids, divided by a line end.
fn check_message_id(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let (first, second) = text.split_once('\n').unwrap_or((&text, ""));
    let found = candidates(first);
    for (index, candidate) in found.iter().enumerate() {
        assert!(candidate.id.len() <= first.len().max(40), "longer than it was");
        assert!(found.iter().skip(index + 1).all(|other| other.id != candidate.id), "twice the same");
        assert_eq!(candidate.notation.normalise(first).as_ref(), Some(&candidate.id));
    }
    assert_eq!(found.is_empty(), first.trim().is_empty());
    let others = candidates(second);
    let related = relation(first, second);
    if related.is_some() {
        let shares = |id: &str| others.iter().any(|other| other.id == id);
        let has_prefix = [first, second].iter().any(|id| id.trim().to_ascii_lowercase().starts_with("0x"));
        assert!(has_prefix || found.iter().any(|one| shares(&one.id)), "related ids share a candidate");
    }
    let means = |one: &str, other: &str| readings(one).iter().any(|(_, id)| *id == folded(other));
    let is_same = means(first, second);
    assert_eq!(is_same, means(second, first), "one means the other, and not the other way round");
    outcome((found.len(), others.len(), related, is_same, roughly(first.len())))
}
