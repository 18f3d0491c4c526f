//! Encoding and decoding undo each other, for any values within the limits.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};

use smpp::{
    Address, Bind, BindResp, CommandStatus, DataSm, Destination, DestinationBuffer, Header, MessageResp, Pdu,
    ReplaceSm, ShortMessage, Strictness, SubmitMulti, Tag, TlvBuffer,
};

/// A C-octet string of at most `limit` octets.
fn c_string(limit: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(1_u8..128, 0..=limit)
}

fn time() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(Vec::new()), Just(b"261122103000000+".to_vec()), vec(1_u8..128, 16)]
}

fn tlvs() -> impl Strategy<Value = TlvBuffer> {
    vec((0x1400_u16..0x3FFF, vec(any::<u8>(), 0..20)), 0..4).prop_map(|entries| {
        let mut buffer = TlvBuffer::new();
        for (tag, value) in entries {
            buffer.push(Tag(tag), &value).unwrap();
        }
        buffer
    })
}

/// Octets that a [`ShortMessage`] borrows.
#[derive(Debug, Clone)]
struct Owned {
    strings: (Vec<u8>, Vec<u8>, Vec<u8>),
    times: (Vec<u8>, Vec<u8>),
    flags: [u8; 11],
    text: Vec<u8>,
    tlvs: TlvBuffer,
}

fn owned() -> impl Strategy<Value = Owned> {
    let strings = (c_string(5), c_string(20), c_string(20));
    let text = vec(any::<u8>(), 0..=254);
    let payload = option::of(vec(any::<u8>(), 0..2000));
    (strings, (time(), time()), any::<[u8; 11]>(), text, payload, tlvs()).prop_map(
        |(strings, times, flags, text, payload, mut tlvs)| {
            let text = if let Some(payload) = payload {
                tlvs.push(Tag::MESSAGE_PAYLOAD, &payload).unwrap();
                Vec::new()
            } else {
                text
            };
            Owned { strings, times, flags, text, tlvs }
        },
    )
}

impl Owned {
    fn message(&self) -> ShortMessage<'_> {
        let [
            s_ton,
            s_npi,
            d_ton,
            d_npi,
            esm_class,
            protocol_id,
            priority_flag,
            registered,
            replace,
            coding,
            canned,
        ] = self.flags;
        ShortMessage {
            service_type: &self.strings.0,
            source: Address { ton: s_ton, npi: s_npi, digits: &self.strings.1 },
            destination: Address { ton: d_ton, npi: d_npi, digits: &self.strings.2 },
            esm_class,
            protocol_id,
            priority_flag,
            schedule_delivery_time: &self.times.0,
            validity_period: &self.times.1,
            registered_delivery: registered,
            replace_if_present: replace,
            data_coding: coding,
            sm_default_msg_id: canned,
            short_message: &self.text,
            tlvs: self.tlvs.as_tlvs(),
        }
    }
}

/// Encodes behind octets that are already there, and decodes.
fn check(pdu: Pdu<'_>, status: CommandStatus, sequence: u32) {
    let mut out = vec![0xAA; 3];
    pdu.encode(status, sequence, &mut out).unwrap();
    let octets = &out[3..];
    let header = Header::parse(octets.first_chunk::<16>().unwrap());
    assert_eq!(usize::try_from(header.command_length).unwrap(), octets.len());
    assert_eq!((header.command_status, header.sequence_number), (status, sequence));
    for strictness in [Strictness::Exact, Strictness::Tolerant] {
        assert_eq!(Pdu::decode(&header, &octets[16..], strictness), Ok(pdu));
    }
}

proptest! {
    #[test]
    fn messages(owned in owned(), sequence: u32) {
        let message = owned.message();
        check(Pdu::SubmitSm(message), CommandStatus::ESME_ROK, sequence);
        check(Pdu::DeliverSm(message), CommandStatus::ESME_ROK, sequence);
        let data = DataSm {
            service_type: message.service_type,
            source: message.source,
            destination: message.destination,
            esm_class: message.esm_class,
            registered_delivery: message.registered_delivery,
            data_coding: message.data_coding,
            tlvs: message.tlvs,
        };
        check(Pdu::DataSm(data), CommandStatus::ESME_ROK, sequence);
        prop_assert_eq!(data.as_short_message().tlvs, message.tlvs);
        let replace = ReplaceSm {
            message_id: message.destination.digits,
            source: message.source,
            schedule_delivery_time: message.schedule_delivery_time,
            validity_period: message.validity_period,
            registered_delivery: message.registered_delivery,
            sm_default_msg_id: message.sm_default_msg_id,
            short_message: message.short_message,
            tlvs: message.tlvs,
        };
        check(Pdu::ReplaceSm(replace), CommandStatus::ESME_ROK, sequence);
    }

    #[test]
    fn multi(owned in owned(), digits in vec((c_string(20), any::<bool>()), 1..=254)) {
        let mut destinations = DestinationBuffer::new();
        for (digits, is_list) in &digits {
            let address = Address { ton: 1, npi: 1, digits };
            let entry =
                if *is_list { Destination::DistributionList(digits) } else { Destination::Address(address) };
            destinations.push(entry).unwrap();
        }
        prop_assert_eq!(destinations.as_list().iter().count(), digits.len());
        let message = ShortMessage { destination: Address::EMPTY, ..owned.message() };
        let multi = SubmitMulti { message, destinations: destinations.as_list() };
        check(Pdu::SubmitMulti(multi), CommandStatus::ESME_ROK, 1);
    }

    #[test]
    fn binds_and_responses(
        strings in (c_string(15), c_string(8), c_string(12), c_string(40), c_string(64)),
        flags: [u8; 3], status: u32, tlvs in tlvs(),
    ) {
        let [interface_version, ton, npi] = flags;
        let bind = Bind {
            system_id: &strings.0,
            password: &strings.1,
            system_type: &strings.2,
            interface_version,
            address_range: Address { ton, npi, digits: &strings.3 },
        };
        check(Pdu::BindTransceiver(bind), CommandStatus::ESME_ROK, 1);
        let tlvs = tlvs.as_tlvs();
        let status = CommandStatus(status);
        check(Pdu::BindReceiverResp(BindResp { system_id: &strings.0, tlvs }), status, 1);
        check(Pdu::SubmitSmResp(MessageResp { message_id: &strings.4, tlvs }), status, 1);
        check(Pdu::DataSmResp(MessageResp { message_id: &strings.4, tlvs }), CommandStatus::ESME_ROK, 1);
    }
}
