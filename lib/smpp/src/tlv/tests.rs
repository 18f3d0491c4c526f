//! Tests of reading and building optional parameters.

use super::{NetworkErrorCode, Tag, TlvBuffer, Tlvs};
use crate::{DecodeError, EncodeError, MessageState, Strictness};

#[test]
fn builds_and_reads_back() {
    let mut buffer = TlvBuffer::new();
    buffer.push_receipt(b"01AB", MessageState::Delivered).unwrap();
    buffer.push_network_error_code(NetworkErrorCode { network_type: 3, code: 0x0102 });
    buffer.push_sar(0xBEEF, 3, 2).push_u16(Tag::SOURCE_PORT, 9200).push_u32(Tag::QOS_TIME_TO_LIVE, 3600);
    buffer.push(Tag(0x1501), b"vendor").unwrap();
    let tlvs = Tlvs::decode(buffer.as_tlvs().octets(), Strictness::Exact).unwrap();
    assert_eq!(tlvs.receipted_message_id(), Some(&b"01AB"[..]));
    assert_eq!(tlvs.message_state(), Some(MessageState::Delivered));
    assert_eq!(tlvs.network_error_code(), Some(NetworkErrorCode { network_type: 3, code: 258 }));
    assert_eq!(tlvs.sar_msg_ref_num(), Some(0xBEEF));
    assert_eq!((tlvs.sar_total_segments(), tlvs.sar_segment_seqnum()), (Some(3), Some(2)));
    assert_eq!((tlvs.source_port(), tlvs.destination_port()), (Some(9200), None));
    assert_eq!(tlvs.qos_time_to_live_s(), Some(3600));
    assert_eq!(tlvs.get(Tag(0x1501)), Some(&b"vendor"[..]));
    assert_eq!(tlvs.iter().count(), 9);
    assert_eq!(&tlvs.octets()[..9], [0x00, 0x1E, 0x00, 0x05, b'0', b'1', b'A', b'B', 0]);
}

#[test]
fn bad_streams() {
    // (octets, exact outcome, whole octets that tolerant reading keeps)
    let cases: &[(&[u8], Result<(), DecodeError>, usize)] = &[
        (&[], Ok(()), 0),
        (&[0], Err(DecodeError::TlvStream), 0),
        (&[0, 1, 0], Err(DecodeError::TlvStream), 0),
        (&[0x15, 1, 0, 1, 9, 7, 7], Err(DecodeError::TlvStream), 5),
        (&[0x15, 1, 0, 2, 9], Err(DecodeError::TlvStream), 0),
        (&[0x15, 1, 0xFF, 0xFF, 9], Err(DecodeError::TlvStream), 0),
        (&[0x04, 0x27, 0, 2, 0, 2], Err(DecodeError::TlvLength { tag: Tag::MESSAGE_STATE }), 6),
        (&[0x04, 0x24, 0, 0], Ok(()), 4),
        (&[0x00, 0x1E, 0, 0], Err(DecodeError::TlvLength { tag: Tag::RECEIPTED_MESSAGE_ID }), 4),
    ];
    for (octets, exact, kept) in cases {
        assert_eq!(Tlvs::decode(octets, Strictness::Exact).map(|_| ()), *exact, "{octets:?}");
        assert_eq!(Tlvs::decode(octets, Strictness::Tolerant).unwrap().octets().len(), *kept, "{octets:?}");
    }
}

#[test]
fn odd_lengths_are_still_read() {
    let octets = [0x04, 0x27, 0, 2, 0, 2, 0x00, 0x1E, 0, 2, b'x', b'y', 0x04, 0x23, 0, 4, 3, 0, 9, 0];
    let tlvs = Tlvs::new(&octets);
    assert_eq!(tlvs.message_state(), Some(MessageState::Delivered));
    assert_eq!(tlvs.receipted_message_id(), Some(&b"xy"[..]));
    assert_eq!(tlvs.network_error_code(), Some(NetworkErrorCode { network_type: 3, code: 9 }));
}

#[test]
fn over_long_values_are_refused_and_leave_nothing() {
    let mut buffer = TlvBuffer::new();
    assert!(matches!(buffer.push(Tag(1), &[0; 65_536]), Err(EncodeError::TooLong { .. })));
    assert!(matches!(buffer.push_c_string(Tag(1), &[1; 65_535]), Err(EncodeError::TooLong { .. })));
    assert!(matches!(buffer.push_c_string(Tag(1), b"a\0b"), Err(EncodeError::NulInside { .. })));
    assert!(buffer.as_tlvs().is_empty());
    buffer.push(Tag(1), &[0; 65_535]).unwrap();
    assert!(buffer.as_tlvs().is_whole());
}

#[test]
fn tags_are_distinct_and_named() {
    assert!(Tag::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(Tag::ALL.iter().all(|tag| tag.name().is_some()));
    assert_eq!(Tag(0x1501).to_string(), "0x1501");
    assert!(Tag(0x1501).is_vendor_specific());
    assert_eq!(format!("{:?}", Tlvs::new(&[4, 0x24, 0, 1, b'x'])), "[message_payload<1 octets>]");
}
