//! PDUs written by hand in hexadecimal, one or more of every type, with the values they stand for.
//!
//! Golden tests compare with them; the other tests start from them.

use smpp::{
    Address, AlertNotification, Bind, BindResp, CancelSm, CommandId, CommandStatus, DataSm, Destination,
    DestinationBuffer, MessageResp, Outbind, Pdu, QuerySm, QuerySmResp, ReplaceSm, ShortMessage, SubmitMulti,
    SubmitMultiResp, Tlvs, Unknown, Unsuccess, UnsuccessBuffer,
};

/// A PDU in both forms.
pub(crate) struct Seed {
    pub(crate) name: &'static str,
    pub(crate) octets: Vec<u8>,
    pub(crate) status: CommandStatus,
    pub(crate) sequence: u32,
    pub(crate) pdu: Pdu<'static>,
}

const BIND: Bind<'_> = Bind {
    system_id: b"SMPP3TEST",
    password: b"secret08",
    system_type: b"SUBMIT1",
    interface_version: 0x34,
    address_range: Address { ton: 1, npi: 1, digits: b"" },
};
const BIND_BODY: &str =
    "53 4D 50 50 33 54 45 53 54 00  73 65 63 72 65 74 30 38 00  53 55 42 4D 49 54 31 00  34 01 01 00";
const BIND_RESP: BindResp<'_> = BindResp { system_id: b"SMSC", tlvs: Tlvs::new(&[0x02, 0x10, 0, 1, 0x34]) };
const BIND_RESP_BODY: &str = "53 4D 53 43 00  02 10 00 01 34";
const MESSAGE_RESP: MessageResp<'_> = MessageResp { message_id: b"0001AB", tlvs: Tlvs::EMPTY };

const SUBMIT: ShortMessage<'_> = ShortMessage {
    service_type: b"CMT",
    source: Address { ton: 5, npi: 0, digits: b"Chappe" },
    destination: Address { ton: 1, npi: 1, digits: b"33612345678" },
    esm_class: 0,
    protocol_id: 0,
    priority_flag: 1,
    schedule_delivery_time: b"261122103000000+",
    validity_period: b"000001000000000R",
    registered_delivery: 1,
    replace_if_present: 0,
    data_coding: 0,
    sm_default_msg_id: 0,
    short_message: b"Hello",
    tlvs: Tlvs::new(&[0x02, 0x04, 0, 2, 0x12, 0x34, 0x15, 0x01, 0, 1, 0x7F]),
};
const SUBMIT_BODY: &str = "43 4D 54 00  05 00 43 68 61 70 70 65 00  01 01 33 33 36 31 32 33 34 35 36 37 38 00  00 00 01 \
     32 36 31 31 32 32 31 30 33 30 30 30 30 30 30 2B 00  30 30 30 30 30 31 30 30 30 30 30 30 30 30 30 52 00 \
     01 00 00 00  05 48 65 6C 6C 6F  02 04 00 02 12 34  15 01 00 01 7F";

const RECEIPT_TEXT: &[u8] =
    b"id:12345 sub:001 dlvrd:001 submit date:2611221030 done date:2611221031 stat:DELIVRD err:000 text:Hello";

/// Reads hexadecimal with spaces.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16).unwrap()).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

fn seed(name: &'static str, header: &str, body: &str, pdu: Pdu<'static>) -> Seed {
    let mut octets = hex(header);
    octets.extend(hex(body));
    let word = |at: usize| u32::from_be_bytes(octets[at..at + 4].try_into().unwrap());
    let (status, sequence) = (CommandStatus(word(8)), word(12));
    Seed { name, status, sequence, pdu, octets }
}

/// Every seed. The lists of `submit_multi` are leaked: they live as long as the test.
pub(crate) fn seeds() -> Vec<Seed> {
    let mut all = session_seeds();
    all.extend(message_seeds());
    all.extend(multi_seeds());
    all.extend(other_seeds());
    all
}

fn session_seeds() -> Vec<Seed> {
    vec![
        seed("bind_receiver", "0000002F 00000001 00000000 00000001", BIND_BODY, Pdu::BindReceiver(BIND)),
        seed(
            "bind_transmitter",
            "0000002F 00000002 00000000 00000001",
            BIND_BODY,
            Pdu::BindTransmitter(BIND),
        ),
        seed(
            "bind_transceiver",
            "0000002F 00000009 00000000 00000001",
            BIND_BODY,
            Pdu::BindTransceiver(BIND),
        ),
        seed(
            "bind_receiver_resp",
            "0000001A 80000001 00000000 00000001",
            BIND_RESP_BODY,
            Pdu::BindReceiverResp(BIND_RESP),
        ),
        seed(
            "bind_transmitter_resp",
            "0000001A 80000002 00000000 00000001",
            BIND_RESP_BODY,
            Pdu::BindTransmitterResp(BIND_RESP),
        ),
        seed(
            "bind_transceiver_resp",
            "0000001A 80000009 00000000 00000001",
            BIND_RESP_BODY,
            Pdu::BindTransceiverResp(BIND_RESP),
        ),
        seed(
            "bind_transceiver_resp refusing",
            "00000010 80000009 0000000E 00000001",
            "",
            Pdu::BindTransceiverResp(BindResp::default()),
        ),
        seed(
            "outbind",
            "0000001A 0000000B 00000000 00000001",
            "53 4D 53 43 00  70 77 64 31 00",
            Pdu::Outbind(Outbind { system_id: b"SMSC", password: b"pwd1" }),
        ),
        seed("unbind", "00000010 00000006 00000000 00000007", "", Pdu::Unbind),
        seed("unbind_resp", "00000010 80000006 00000000 00000007", "", Pdu::UnbindResp),
        seed("enquire_link", "00000010 00000015 00000000 7FFFFFFF", "", Pdu::EnquireLink),
        seed("enquire_link_resp", "00000010 80000015 00000000 7FFFFFFF", "", Pdu::EnquireLinkResp),
        seed("generic_nack", "00000010 80000000 00000003 00000000", "", Pdu::GenericNack),
    ]
}

fn message_seeds() -> Vec<Seed> {
    let text: String = RECEIPT_TEXT.iter().map(|octet| format!("{octet:02X}")).collect();
    let receipt_body = format!(
        "00  01 01 33 33 36 00  05 00 43 00  04 00 00  00 00  00 00 00 00  66 {text} \
         00 1E 00 05 33 30 33 39 00  04 27 00 01 02  04 23 00 03 03 00 00"
    );
    let udh_only = ShortMessage { esm_class: 0x40, ..ShortMessage::default() };
    vec![
        seed("submit_sm", "00000065 00000004 00000000 00000002", SUBMIT_BODY, Pdu::SubmitSm(SUBMIT)),
        seed(
            "submit_sm_resp",
            "00000017 80000004 00000000 00000002",
            "30 30 30 31 41 42 00",
            Pdu::SubmitSmResp(MESSAGE_RESP),
        ),
        seed(
            "submit_sm_resp refusing",
            "00000010 80000004 00000058 00000002",
            "",
            Pdu::SubmitSmResp(MessageResp::default()),
        ),
        // A user data header is announced and there is no octet of it: an Osmocom server once fell over this.
        seed(
            "submit_sm with header indicator and no text",
            "00000021 00000004 00000000 00000003",
            "00  00 00 00  00 00 00  40 00 00  00 00  00 00 00 00  00",
            Pdu::SubmitSm(udh_only),
        ),
        seed(
            "deliver_sm receipt",
            "000000A0 00000005 00000000 00000004",
            &receipt_body,
            Pdu::DeliverSm(ShortMessage {
                source: Address { ton: 1, npi: 1, digits: b"336" },
                destination: Address { ton: 5, npi: 0, digits: b"C" },
                esm_class: 4,
                short_message: RECEIPT_TEXT,
                tlvs: Tlvs::new(&[
                    0x00, 0x1E, 0, 5, b'3', b'0', b'3', b'9', 0, 0x04, 0x27, 0, 1, 2, 0x04, 0x23, 0, 3, 3, 0,
                    0,
                ]),
                ..ShortMessage::default()
            }),
        ),
        seed(
            "deliver_sm_resp",
            "00000011 80000005 00000000 00000004",
            "00",
            Pdu::DeliverSmResp(MessageResp::default()),
        ),
        seed(
            "data_sm",
            "00000024 00000103 00000000 00000005",
            "00  01 01 33 33 00  01 01 34 34 00  00 01 08  04 24 00 02 26 3A",
            Pdu::DataSm(DataSm {
                service_type: b"",
                source: Address { ton: 1, npi: 1, digits: b"33" },
                destination: Address { ton: 1, npi: 1, digits: b"44" },
                esm_class: 0,
                registered_delivery: 1,
                data_coding: 8,
                tlvs: Tlvs::new(&[0x04, 0x24, 0, 2, 0x26, 0x3A]),
            }),
        ),
        seed(
            "data_sm_resp refusing with a reason",
            "00000016 80000103 000000FE 00000005",
            "00  04 25 00 01 02",
            Pdu::DataSmResp(MessageResp { message_id: b"", tlvs: Tlvs::new(&[0x04, 0x25, 0, 1, 2]) }),
        ),
    ]
}

fn multi_seeds() -> Vec<Seed> {
    let destinations: &'static mut DestinationBuffer = Box::leak(Box::default());
    destinations.push(Destination::Address(Address { ton: 1, npi: 1, digits: b"331" })).unwrap();
    destinations.push(Destination::DistributionList(b"staff")).unwrap();
    let refused: &'static mut UnsuccessBuffer = Box::leak(Box::default());
    refused
        .push(Unsuccess {
            destination: Address { ton: 1, npi: 1, digits: b"331" },
            status: CommandStatus::ESME_RINVDSTADR,
        })
        .unwrap();
    let message = ShortMessage {
        source: Address { ton: 5, npi: 0, digits: b"Me" },
        registered_delivery: 1,
        short_message: b"Hi",
        ..ShortMessage::default()
    };
    vec![
        seed(
            "submit_multi",
            "00000031 00000021 00000000 00000006",
            "00  05 00 4D 65 00  02  01 01 01 33 33 31 00  02 73 74 61 66 66 00  00 00 00  00 00  01 00 00 00  02 48 69",
            Pdu::SubmitMulti(SubmitMulti { message, destinations: destinations.as_list() }),
        ),
        seed(
            "submit_multi_resp",
            "0000001E 80000021 00000000 00000006",
            "41 31 00  01  01 01 33 33 31 00  00 00 00 0B",
            Pdu::SubmitMultiResp(SubmitMultiResp {
                message_id: b"A1",
                unsuccess: refused.as_list(),
                tlvs: Tlvs::EMPTY,
            }),
        ),
    ]
}

fn other_seeds() -> Vec<Seed> {
    let source = Address { ton: 5, npi: 0, digits: b"Me" };
    vec![
        seed(
            "query_sm",
            "00000018 00000003 00000000 00000008",
            "41 31 00  05 00 4D 65 00",
            Pdu::QuerySm(QuerySm { message_id: b"A1", source }),
        ),
        seed(
            "query_sm_resp",
            "00000026 80000003 00000000 00000008",
            "41 31 00  32 36 31 31 32 32 31 30 33 30 30 30 30 30 30 2B 00  02 00",
            Pdu::QuerySmResp(QuerySmResp {
                message_id: b"A1",
                final_date: b"261122103000000+",
                message_state: 2,
                error_code: 0,
            }),
        ),
        seed(
            "cancel_sm",
            "0000001E 00000008 00000000 00000009",
            "00  41 31 00  05 00 4D 65 00  01 01 33 34 00",
            Pdu::CancelSm(CancelSm {
                service_type: b"",
                message_id: b"A1",
                source,
                destination: Address { ton: 1, npi: 1, digits: b"34" },
            }),
        ),
        seed("cancel_sm_resp", "00000010 80000008 00000011 00000009", "", Pdu::CancelSmResp),
        seed(
            "replace_sm",
            "0000001F 00000007 00000000 0000000A",
            "41 31 00  05 00 4D 65 00  00 00  01 00  02 48 69",
            Pdu::ReplaceSm(ReplaceSm {
                message_id: b"A1",
                source,
                registered_delivery: 1,
                short_message: b"Hi",
                ..ReplaceSm::default()
            }),
        ),
        seed("replace_sm_resp", "00000010 80000007 00000000 0000000A", "", Pdu::ReplaceSmResp),
        seed(
            "alert_notification",
            "0000001F 00000102 00000000 0000000B",
            "01 01 33 33 00  05 00 4D 65 00  04 22 00 01 00",
            Pdu::AlertNotification(AlertNotification {
                source: Address { ton: 1, npi: 1, digits: b"33" },
                esme: source,
                tlvs: Tlvs::new(&[0x04, 0x22, 0, 1, 0]),
            }),
        ),
        seed(
            "an id nobody defines",
            "00000013 00000999 00000000 0000000C",
            "01 02 03",
            Pdu::Unknown(Unknown { command_id: CommandId(0x999), body: &[1, 2, 3] }),
        ),
    ]
}
