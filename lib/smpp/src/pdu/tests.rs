//! Tests of what each strictness takes and which status a refusal gives.

use super::{
    Address, Bind, Destination, DestinationBuffer, MessageResp, MessageType, Pdu, ShortMessage, Strictness,
    SubmitMulti, Unsuccess, UnsuccessBuffer, write_submit_sm_resp,
};
use crate::{
    CommandId, CommandStatus, DecodeError, Disposition, EncodeError, Field, Header, Tag, TlvBuffer, Tlvs,
};

fn decode(
    id: CommandId,
    status: CommandStatus,
    body: &[u8],
    strictness: Strictness,
) -> Result<Pdu<'_>, DecodeError> {
    let header = Header { command_length: 0, command_id: id, command_status: status, sequence_number: 1 };
    Pdu::decode(&header, body, strictness)
}

/// A `submit_sm` body with one field replaced.
struct Body {
    service_type: Vec<u8>,
    source: Vec<u8>,
    destination: Vec<u8>,
    schedule: Vec<u8>,
    validity: Vec<u8>,
    sm_length: u8,
    text: Vec<u8>,
    tail: Vec<u8>,
}

fn plain() -> Body {
    Body {
        service_type: b"\0".to_vec(),
        source: b"331\0".to_vec(),
        destination: b"332\0".to_vec(),
        schedule: b"\0".to_vec(),
        validity: b"\0".to_vec(),
        sm_length: 2,
        text: b"Hi".to_vec(),
        tail: Vec::new(),
    }
}

impl Body {
    fn octets(&self) -> Vec<u8> {
        let parts: [&[u8]; 11] = [
            &self.service_type,
            &[1, 1],
            &self.source,
            &[1, 1],
            &self.destination,
            &[0, 0, 0],
            &self.schedule,
            &self.validity,
            &[0, 0, 0, 0, self.sm_length],
            &self.text,
            &self.tail,
        ];
        parts.concat()
    }
}

fn terminated(octet: u8, length: usize) -> Vec<u8> {
    let mut value = vec![octet; length];
    value.push(0);
    value
}

/// Checks the status that exact reading gives (ROK when it takes the body), and whether tolerant reading takes it.
#[track_caller]
fn check(what: &str, body: &Body, status: CommandStatus, tolerated: bool) {
    let octets = body.octets();
    let exact = decode(CommandId::SUBMIT_SM, CommandStatus::ESME_ROK, &octets, Strictness::Exact);
    let found = exact.map_or_else(|error| error.command_status(), |_| CommandStatus::ESME_ROK);
    assert_eq!(found, status, "{what}");
    let tolerant = decode(CommandId::DELIVER_SM, CommandStatus::ESME_ROK, &octets, Strictness::Tolerant);
    assert_eq!(tolerant.is_ok(), tolerated, "{what}");
}

#[test]
fn exact_limits_of_strings_and_their_statuses() {
    let service_type = |length| Body { service_type: terminated(b'A', length), ..plain() };
    let source = |octet, length| Body { source: terminated(octet, length), ..plain() };
    let destination = |length| Body { destination: terminated(b'1', length), ..plain() };
    let schedule = |length| Body { schedule: terminated(b'0', length), ..plain() };
    let validity = |length| Body { validity: terminated(b'0', length), ..plain() };
    for (what, body, status) in [
        ("plain", plain(), CommandStatus::ESME_ROK),
        ("service type of 5", service_type(5), CommandStatus::ESME_ROK),
        ("service type of 6", service_type(6), CommandStatus::ESME_RINVSERTYP),
        ("source of 20", source(b'1', 20), CommandStatus::ESME_ROK),
        ("source of 21", source(b'1', 21), CommandStatus::ESME_RINVSRCADR),
        ("Latin-1 source", source(0xE9, 3), CommandStatus::ESME_RINVSRCADR),
        ("destination of 20", destination(20), CommandStatus::ESME_ROK),
        ("destination of 21", destination(21), CommandStatus::ESME_RINVDSTADR),
        ("schedule of 16", schedule(16), CommandStatus::ESME_ROK),
        ("schedule of 10", schedule(10), CommandStatus::ESME_RINVSCHED),
        ("validity of 17", validity(17), CommandStatus::ESME_RINVEXPIRY),
    ] {
        check(what, &body, status, true);
    }
}

#[test]
fn exact_limits_of_texts_and_tlvs_and_their_statuses() {
    let text = |length: u8| Body { sm_length: length, text: vec![b'x'; usize::from(length)], ..plain() };
    let tail = |tail: &[u8]| Body { tail: tail.to_vec(), ..plain() };
    let payload = [0x04, 0x24, 0, 1, b'x'];
    let payload_alone = Body { sm_length: 0, text: Vec::new(), ..tail(&payload) };
    for (what, body, status) in [
        ("text of 254", text(254), CommandStatus::ESME_ROK),
        ("text of 255", text(255), CommandStatus::ESME_RINVMSGLEN),
        ("stray octets", tail(&[0, 0]), CommandStatus::ESME_RINVOPTPARSTREAM),
        ("TLV overruns", tail(&[0x15, 1, 0, 9, 1]), CommandStatus::ESME_RINVOPTPARSTREAM),
        ("odd TLV", tail(&[0x02, 0x04, 0, 1, 1]), CommandStatus::ESME_RINVPARLEN),
        ("both payloads", tail(&payload), CommandStatus::ESME_ROPTPARNOTALLWD),
        ("payload alone", payload_alone, CommandStatus::ESME_ROK),
    ] {
        check(what, &body, status, true);
    }
    check("text is cut", &Body { sm_length: 3, ..plain() }, CommandStatus::ESME_RINVMSGLEN, false);
}

#[test]
fn exact_limits_of_binds_and_their_statuses() {
    let bind = |system_id: usize, password: usize, system_type: usize, range: usize| {
        [
            terminated(b'i', system_id),
            terminated(b'p', password),
            terminated(b't', system_type),
            vec![0x34, 0, 0],
            terminated(b'r', range),
        ]
        .concat()
    };
    for (body, status) in [
        (bind(15, 8, 12, 40), CommandStatus::ESME_ROK),
        (bind(16, 8, 12, 40), CommandStatus::ESME_RINVSYSID),
        (bind(15, 9, 12, 40), CommandStatus::ESME_RINVPASWD),
        (bind(15, 8, 13, 40), CommandStatus::ESME_RINVSYSTYP),
        (bind(15, 8, 12, 41), CommandStatus::ESME_RBINDFAIL),
        (bind(1, 1, 1, 1)[..7].to_vec(), CommandStatus::ESME_RINVCMDLEN),
        (vec![b'x'; 9], CommandStatus::ESME_RINVSYSID),
    ] {
        let found = decode(CommandId::BIND_TRANSCEIVER, CommandStatus::ESME_ROK, &body, Strictness::Exact);
        assert_eq!(found.map_or_else(|error| error.command_status(), |_| CommandStatus::ESME_ROK), status);
    }
    let long = bind(30, 30, 30, 60);
    assert!(decode(CommandId::BIND_RECEIVER, CommandStatus::ESME_ROK, &long, Strictness::Tolerant).is_ok());
}

#[test]
fn responses_without_a_body() {
    let (ok, throttled) = (CommandStatus::ESME_ROK, CommandStatus::ESME_RTHROTTLED);
    for (id, status, exact) in [
        (CommandId::SUBMIT_SM_RESP, throttled, true),
        (CommandId::SUBMIT_SM_RESP, ok, false),
        (CommandId::DATA_SM_RESP, throttled, true),
        (CommandId::DATA_SM_RESP, ok, false),
        (CommandId::SUBMIT_MULTI_RESP, throttled, true),
        (CommandId::SUBMIT_MULTI_RESP, ok, false),
        (CommandId::QUERY_SM_RESP, throttled, true),
        (CommandId::QUERY_SM_RESP, ok, false),
        (CommandId::BIND_TRANSMITTER_RESP, throttled, true),
        (CommandId::BIND_TRANSMITTER_RESP, ok, false),
        (CommandId::DELIVER_SM_RESP, ok, true),
        (CommandId::UNBIND_RESP, ok, true),
    ] {
        assert_eq!(decode(id, status, b"", Strictness::Exact).is_ok(), exact, "{id} {status}");
        assert!(decode(id, status, b"", Strictness::Tolerant).is_ok(), "{id} {status}");
    }
}

#[test]
fn tolerance_towards_carriers() {
    let ok = CommandStatus::ESME_ROK;
    let response = |message_id| Ok(Pdu::SubmitSmResp(MessageResp { message_id, tlvs: Tlvs::EMPTY }));
    for (body, expected) in [(&b"12AB"[..], &b"12AB"[..]), (&[b'7'; 90], &[b'7'; 90]), (b"\0", b"")] {
        assert_eq!(decode(CommandId::SUBMIT_SM_RESP, ok, body, Strictness::Tolerant), response(expected));
    }
    assert!(decode(CommandId::SUBMIT_SM_RESP, ok, b"12AB", Strictness::Exact).is_err());
    // A header-only PDU with well-formed optional parameters is in order; with stray octets it is not.
    assert_eq!(decode(CommandId::UNBIND, ok, &[0x15, 1, 0, 0], Strictness::Exact), Ok(Pdu::Unbind));
    let stray = decode(CommandId::UNBIND, ok, &[1], Strictness::Exact).unwrap_err();
    assert_eq!((stray, stray.disposition()), (DecodeError::StrayOctets, Disposition::AnswerAndContinue));
    assert_eq!(decode(CommandId::UNBIND, ok, &[1], Strictness::Tolerant), Ok(Pdu::Unbind));
}

#[test]
fn multi_lists_are_bounded() {
    let ok = CommandStatus::ESME_ROK;
    let body = |count: u8, flag: u8| [&[0, 1, 1, 0, count, flag, 1, 1, b'1', 0][..], &[0; 10]].concat();
    let status = |count, flag| {
        let body = body(count, flag);
        decode(CommandId::SUBMIT_MULTI, ok, &body, Strictness::Exact)
            .map(|_| ())
            .map_err(|e| e.command_status())
    };
    assert_eq!(status(1, 1), Ok(()));
    assert_eq!(status(0, 1), Err(CommandStatus::ESME_RINVNUMDESTS));
    assert_eq!(status(255, 1), Err(CommandStatus::ESME_RINVNUMDESTS));
    assert_eq!(status(1, 3), Err(CommandStatus::ESME_RINVDESTFLAG));
    assert_eq!(status(200, 1), Err(CommandStatus::ESME_RINVDESTFLAG));

    let mut destinations = DestinationBuffer::new();
    let mut refused = UnsuccessBuffer::new();
    let address = Address { ton: 1, npi: 1, digits: b"331" };
    for _ in 0..254 {
        destinations.push(Destination::Address(address)).unwrap();
        refused.push(Unsuccess { destination: address, status: CommandStatus::ESME_RINVDSTADR }).unwrap();
    }
    let full = EncodeError::Count { field: Field::NumberOfDestinations };
    assert_eq!(destinations.push(Destination::DistributionList(b"x")), Err(full));
    assert_eq!((destinations.as_list().len(), refused.as_list().len()), (254, 254));
    let long = Destination::DistributionList(&[b'x'; 21]);
    let mut one = DestinationBuffer::new();
    assert_eq!(one.push(long), Err(EncodeError::TooLong { field: Field::DistributionList, limit: 20 }));
    assert!(one.as_list().is_empty() && one.as_list().iter().next().is_none());
    let empty = Pdu::SubmitMulti(SubmitMulti::default());
    assert_eq!(empty.encode(ok, 1, &mut Vec::new()), Err(full));
    let multi = SubmitMulti { destinations: destinations.as_list(), ..SubmitMulti::default() };
    assert_eq!(multi.for_destination(address).destination, address);
}

#[test]
fn a_refused_encode_leaves_the_buffer_alone() {
    let message = ShortMessage::default();
    let mut payload = TlvBuffer::new();
    payload.push(Tag::MESSAGE_PAYLOAD, b"x").unwrap();
    let mut huge = TlvBuffer::new();
    huge.push(Tag(0x1401), &[0; 40_000]).unwrap().push(Tag(0x1402), &[0; 40_000]).unwrap();
    let long = [b'1'; 300];
    let source = |digits| Address { ton: 0, npi: 0, digits };
    let cases = [
        (
            ShortMessage { source: source(&long[..21]), ..message },
            EncodeError::TooLong { field: Field::SourceAddress, limit: 20 },
        ),
        (
            ShortMessage { source: source(b"a\0b"), ..message },
            EncodeError::NulInside { field: Field::SourceAddress },
        ),
        (
            ShortMessage { validity_period: b"1", ..message },
            EncodeError::TimeLength { field: Field::ValidityPeriod },
        ),
        (
            ShortMessage { short_message: &long[..255], ..message },
            EncodeError::TooLong { field: Field::ShortMessage, limit: 254 },
        ),
        (
            ShortMessage { short_message: &long, ..message },
            EncodeError::TooLong { field: Field::ShortMessage, limit: 254 },
        ),
        (ShortMessage { short_message: b"x", tlvs: payload.as_tlvs(), ..message }, EncodeError::BothPayloads),
        (ShortMessage { tlvs: Tlvs::new(&[1, 2, 3]), ..message }, EncodeError::TlvStream),
        (
            ShortMessage { tlvs: huge.as_tlvs(), ..message },
            EncodeError::PduTooLong { octets: 16 + 17 + 80_008 },
        ),
    ];
    for (message, error) in cases {
        let mut out = b"kept".to_vec();
        assert_eq!(message.encode_submit_sm(1, &mut out), Err(error));
        assert_eq!(out, b"kept");
        assert_eq!(error.disposition(), Disposition::Never);
    }
    let mut out = Vec::new();
    assert!(
        write_submit_sm_resp(&long[..65], CommandStatus::ESME_ROK, 1, &mut out).is_err() && out.is_empty()
    );
    let bind = Pdu::BindReceiver(Bind { password: b"ninechars", ..Bind::default() });
    let too_long = EncodeError::TooLong { field: Field::Password, limit: 8 };
    assert_eq!(bind.encode(CommandStatus::ESME_ROK, 1, &mut out), Err(too_long));
}

#[test]
fn payload_and_header() {
    let mut tlvs = TlvBuffer::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, &[5, 0, 3, 9, 2, 1, b'H', b'i']).unwrap();
    let mut empty_payload = TlvBuffer::new();
    empty_payload.push(Tag::MESSAGE_PAYLOAD, b"").unwrap();
    let message = ShortMessage::default();
    type Split<'a> = Option<(&'a [u8], &'a [u8])>;
    let cases: [(ShortMessage<'_>, Split<'_>); 6] = [
        (ShortMessage { esm_class: 0x40, tlvs: tlvs.as_tlvs(), ..message }, Some((&[0, 3, 9, 2, 1], b"Hi"))),
        (ShortMessage { tlvs: tlvs.as_tlvs(), ..message }, Some((&[], &[5, 0, 3, 9, 2, 1, b'H', b'i']))),
        (ShortMessage { esm_class: 0x40, ..message }, None),
        (ShortMessage { esm_class: 0x40, short_message: &[9, 1], ..message }, None),
        (ShortMessage { esm_class: 0x40, short_message: &[0], ..message }, Some((&[], &[]))),
        (ShortMessage { short_message: b"x", tlvs: empty_payload.as_tlvs(), ..message }, Some((&[], b"x"))),
    ];
    for (message, expected) in cases {
        assert_eq!(message.split_udh(), expected);
    }
}

#[test]
fn message_types() {
    for (esm_class, expected) in [
        (0x00, MessageType::Default),
        (0xC3, MessageType::Default),
        (0x04, MessageType::DeliveryReceipt),
        (0x44, MessageType::DeliveryReceipt),
        (0x08, MessageType::DeliveryAcknowledgement),
        (0x10, MessageType::UserAcknowledgement),
        (0x18, MessageType::ConversationAbort),
        (0x20, MessageType::IntermediateNotification),
        (0x3C, MessageType::Reserved),
    ] {
        assert_eq!(ShortMessage { esm_class, ..ShortMessage::default() }.message_type(), expected);
    }
    assert!(MessageType::IntermediateNotification.is_receipt() && !MessageType::Default.is_receipt());
}
