//! What each field of a submission becomes, and which status each misuse gets.

use smpp::{
    Address, CommandStatus, Destination, DestinationBuffer, ShortMessage, SubmitMulti, Tag, TlvBuffer,
};
use types::id::EndpointId;
use types::message::{Class, Content, Draft, ReportWish};
use types::time::Timestamp;

use super::{Reading, read_message, read_multi};
use crate::limits::TLV_OCTETS_MAX;

const NOW_MS: i64 = 1_795_000_000_000;

fn reading() -> Reading {
    Reading {
        now: Timestamp::from_ms(NOW_MS),
        endpoint: Some(EndpointId(7)),
        has_success_receipts: false,
        vendor_tags: [Tag(0x1500)].into(),
    }
}

fn message() -> ShortMessage<'static> {
    ShortMessage {
        source: Address { ton: 5, npi: 0, digits: b"ACME" },
        destination: Address { ton: 1, npi: 1, digits: b"447911123456" },
        short_message: b"hello",
        ..ShortMessage::default()
    }
}

fn read(message: ShortMessage<'_>) -> Result<Draft, CommandStatus> {
    read_message(&message, &reading())
}

#[test]
fn keeps_addresses_and_octets_as_they_came() {
    let mut tlvs = TlvBuffer::new();
    tlvs.push_sar(0x1234, 2, 1);
    let draft = read(ShortMessage {
        service_type: b"OTP",
        data_coding: 8,
        protocol_id: 0x41,
        tlvs: tlvs.as_tlvs(),
        ..message()
    })
    .unwrap();
    assert_eq!((draft.source.ton, &*draft.source.octets), (5, b"ACME".as_slice()));
    assert_eq!((draft.destination.npi, &*draft.destination.octets), (1, b"447911123456".as_slice()));
    let Content::Octets(content) = draft.content else { panic!("octets expected") };
    assert_eq!((content.data_coding, content.protocol_id, content.has_header), (8, 0x41, false));
    assert_eq!(draft.traffic_type, "OTP");
    assert_eq!(content.payload, b"hello");
    assert_eq!(content.tlvs, tlvs.as_tlvs().octets());
}

#[test]
fn the_payload_parameter_is_the_text_and_is_not_passed_on() {
    let mut tlvs = TlvBuffer::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, &[b'x'; 300]).unwrap().push_u16(Tag::USER_MESSAGE_REFERENCE, 513);
    let draft = read(ShortMessage { short_message: b"", tlvs: tlvs.as_tlvs(), ..message() }).unwrap();
    assert_eq!(draft.client_reference.as_deref(), Some("513"));
    let Content::Octets(content) = draft.content else { panic!("octets expected") };
    assert_eq!(content.payload, [b'x'; 300]);
    assert_eq!(content.tlvs, [0x02, 0x04, 0, 2, 2, 1]);
}

#[test]
fn optional_parameters_are_limited() {
    for (octets, expected) in
        [(TLV_OCTETS_MAX - 4, Ok(())), (TLV_OCTETS_MAX - 3, Err(CommandStatus::ESME_RINVPARLEN))]
    {
        let mut tlvs = TlvBuffer::new();
        tlvs.push(Tag(0x1500), &vec![0; octets]).unwrap();
        assert_eq!(read(ShortMessage { tlvs: tlvs.as_tlvs(), ..message() }).map(|_| ()), expected);
    }
    // The payload is not one of them.
    let mut tlvs = TlvBuffer::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, &[b'x'; 10_000]).unwrap();
    assert!(read(ShortMessage { short_message: b"", tlvs: tlvs.as_tlvs(), ..message() }).is_ok());
}

#[test]
fn vendor_parameters_pass_by_the_list() {
    let mut tlvs = TlvBuffer::new();
    tlvs.push(Tag(0x1500), b"known").unwrap().push(Tag(0x1501), b"unknown").unwrap();
    tlvs.push_u16(Tag::SOURCE_PORT, 7);
    let draft = read(ShortMessage { tlvs: tlvs.as_tlvs(), ..message() }).unwrap();
    let Content::Octets(content) = draft.content else { panic!("octets expected") };
    let kept: Vec<_> = smpp::Tlvs::new(&content.tlvs).iter().map(|tlv| tlv.tag).collect();
    assert_eq!(kept, [Tag(0x1500), Tag::SOURCE_PORT]);
}

#[test]
fn misuse_has_its_own_status() {
    let at = |ton, npi, digits| Address { ton, npi, digits };
    let cases = [
        (ShortMessage { destination: at(1, 1, b""), ..message() }, CommandStatus::ESME_RINVDSTADR),
        (ShortMessage { destination: at(1, 1, &[b'1'; 21]), ..message() }, CommandStatus::ESME_RINVDSTADR),
        (ShortMessage { destination: at(7, 1, b"44"), ..message() }, CommandStatus::ESME_RINVDSTTON),
        (ShortMessage { destination: at(1, 2, b"44"), ..message() }, CommandStatus::ESME_RINVDSTNPI),
        (ShortMessage { source: at(9, 1, b"44"), ..message() }, CommandStatus::ESME_RINVSRCTON),
        (ShortMessage { source: at(1, 99, b"44"), ..message() }, CommandStatus::ESME_RINVSRCNPI),
        (ShortMessage { source: at(1, 1, &[b'1'; 21]), ..message() }, CommandStatus::ESME_RINVSRCADR),
        (ShortMessage { esm_class: 0x04, ..message() }, CommandStatus::ESME_RINVESMCLASS),
        (ShortMessage { esm_class: 0x02, ..message() }, CommandStatus::ESME_RINVESMCLASS),
        (
            ShortMessage { esm_class: 0x40, short_message: &[9, 1], ..message() },
            CommandStatus::ESME_RINVESMCLASS,
        ),
        (ShortMessage { priority_flag: 4, ..message() }, CommandStatus::ESME_RINVPRTFLG),
        (ShortMessage { registered_delivery: 3, ..message() }, CommandStatus::ESME_RINVREGDLVFLG),
        (ShortMessage { replace_if_present: 2, ..message() }, CommandStatus::ESME_RINVREPFLAG),
        (ShortMessage { sm_default_msg_id: 1, ..message() }, CommandStatus::ESME_RINVDFTMSGID),
        (
            ShortMessage { schedule_delivery_time: b"2613010000000000", ..message() },
            CommandStatus::ESME_RINVSCHED,
        ),
        (ShortMessage { validity_period: b"261301000000000+", ..message() }, CommandStatus::ESME_RINVEXPIRY),
    ];
    for (message, status) in cases {
        assert_eq!(read(message).map(|_| ()), Err(status), "{message:?}");
    }
}

#[test]
fn times_are_absolute_relative_or_none() {
    let cases: [(&[u8], Option<i64>); 4] = [
        (b"", None),
        (b"000000000000000R", None),
        (b"000001000000000R", Some(NOW_MS + 86_400_000)),
        // 2026-11-22 12:00:00.0 at UTC+1 is 11:00:00 UTC.
        (b"261122120000004+", Some(1_795_345_200_000)),
    ];
    for (octets, expected) in cases {
        let draft =
            read(ShortMessage { schedule_delivery_time: octets, validity_period: octets, ..message() })
                .unwrap();
        assert_eq!(draft.send_at.map(Timestamp::as_ms), expected);
        assert_eq!(draft.expires_at.map(Timestamp::as_ms), expected);
    }
    let mut tlvs = TlvBuffer::new();
    tlvs.push_u32(Tag::QOS_TIME_TO_LIVE, 60);
    let message = ShortMessage { validity_period: b"000001000000000R", tlvs: tlvs.as_tlvs(), ..message() };
    assert_eq!(read(message).unwrap().expires_at.map(Timestamp::as_ms), Some(NOW_MS + 60_000));
}

#[test]
fn flags_become_wishes_and_classes() {
    let wish = |steps, failures_only| ReportWish {
        endpoint: Some(EndpointId(7)),
        steps,
        failures_only,
        successes_only: false,
    };
    for (registered_delivery, expected) in [
        (0x00, ReportWish::default()),
        (0x01, wish(false, false)),
        (0x02, wish(false, true)),
        (0x10, wish(true, false)),
        (0x11, wish(true, false)),
        (0x12, wish(true, true)),
        (0x04, ReportWish::default()),
        // Acknowledgements of the phone's user are not asked for.
        (0x0C, ReportWish::default()),
        (0x0D, wish(false, false)),
    ] {
        let draft = read(ShortMessage { registered_delivery, ..message() }).unwrap();
        assert_eq!(draft.report, expected, "{registered_delivery:#x}");
    }
    for (priority_flag, class) in
        [(0, None), (1, Some(Class::Transactional)), (2, Some(Class::OneTime)), (3, Some(Class::OneTime))]
    {
        assert_eq!(read(ShortMessage { priority_flag, ..message() }).unwrap().class, class);
    }
}

#[test]
fn several_destinations_become_several_drafts() {
    let mut destinations = DestinationBuffer::new();
    for digits in [b"447911123456", b"447911123457"] {
        destinations.push(Destination::Address(Address { ton: 1, npi: 1, digits })).unwrap();
    }
    let multi = SubmitMulti { message: message(), destinations: destinations.as_list() };
    let drafts = read_multi(&multi, &reading()).unwrap();
    assert_eq!(drafts.len(), 2);
    assert_eq!(&*drafts[1].destination.octets, b"447911123457");
    assert_eq!(drafts[0].content, drafts[1].content);

    destinations.push(Destination::DistributionList(b"friends")).unwrap();
    let multi = SubmitMulti { message: message(), destinations: destinations.as_list() };
    assert_eq!(read_multi(&multi, &reading()).map(|_| ()), Err(CommandStatus::ESME_RINVDLNAME));
}

#[test]
fn a_long_content_for_many_destinations_is_refused_before_it_is_copied() {
    let mut destinations = DestinationBuffer::new();
    for _ in 0..16 {
        destinations.push(Destination::Address(message().destination)).unwrap();
    }
    // Tag and length of the parameter count too: 16 times 65,536 octets is the limit.
    for (octets, expected) in [(65_532, Ok(16)), (65_533, Err(CommandStatus::ESME_RINVMSGLEN))] {
        let mut tlvs = TlvBuffer::new();
        tlvs.push(Tag::MESSAGE_PAYLOAD, &vec![b'x'; octets]).unwrap();
        let message = ShortMessage { short_message: b"", tlvs: tlvs.as_tlvs(), ..message() };
        let multi = SubmitMulti { message, destinations: destinations.as_list() };
        assert_eq!(read_multi(&multi, &reading()).map(|drafts| drafts.len()), expected);
    }
}
