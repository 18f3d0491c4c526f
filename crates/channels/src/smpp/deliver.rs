//! What a `deliver_sm` or `data_sm` of a carrier is: a receipt or a message from a phone.
//!
//! Pure: matching a receipt to its message is the core's work. Start at [`read`].

use gsm_text::{Alphabet, DataCoding};
use ports::channel::ChannelEvent;
use smpp::{MessageState, MessageType, QuerySmResp, Receipt, ShortMessage, Tag};
use types::address::Address;
use types::message::OctetContent;
use types::receipt::{InboundNotice, ReceiptNotice, ReceiptState};
use types::time::Timestamp;

use super::hub::Hub;
use super::options::{DefaultAlphabet, Settings};
use crate::message_state::receipt_state;
use crate::receipt_text::{ID_OCTETS_MAX, WORD_OCTETS_MAX, shortened};

/// Turns a message of the carrier into an event, and counts receipts that contradict themselves. Nothing is ever
/// dropped: what is no receipt is a message from a phone.
pub(super) fn read(message: &ShortMessage<'_>, hub: &Hub, now: Timestamp) -> ChannelEvent {
    let (event, disagrees) = event(message, &hub.settings, now);
    if disagrees {
        hub.note_disagreeing_receipt();
    }
    event
}

/// The event, and whether it is a receipt whose text and optional parameters disagree.
fn event(message: &ShortMessage<'_>, settings: &Settings, now: Timestamp) -> (ChannelEvent, bool) {
    // Some carriers write the text of receipts in UCS-2.
    let decoded;
    let mut seen = *message;
    let ucs2 = DataCoding::from_octet(message.data_coding).alphabet(settings.default_alphabet.alphabet())
        == Some(Alphabet::Ucs2);
    if ucs2 && message.message_type() != MessageType::Default {
        decoded = gsm_text::decode_alphabet(message.payload(), Alphabet::Ucs2).text;
        seen.short_message = decoded.as_bytes();
    }
    match receipt(&seen) {
        Some(receipt) => {
            let notice = notice(&receipt, message, settings, now);
            (ChannelEvent::Receipt(notice), receipt.disagrees())
        }
        None => (ChannelEvent::Inbound(inbound(message, settings, now)), false),
    }
}

/// What a carrier says of a message that it was asked about.
pub(super) fn of_query(
    carrier_id: &str,
    state: MessageState,
    resp: &QuerySmResp<'_>,
    now: Timestamp,
) -> ReceiptNotice {
    ReceiptNotice {
        carrier_id: carrier_id.to_owned(),
        state: receipt_state(state),
        stat: state.stat().to_owned(),
        error: format!("{:03}", resp.error_code),
        submit_date: String::new(),
        done_date: shortened(&String::from_utf8_lossy(resp.final_date), WORD_OCTETS_MAX),
        tlvs: Vec::new(),
        // It echoes no addresses.
        source: Address::from_text(""),
        destination: Address::from_text(""),
        read_at: now,
    }
}

fn receipt<'a>(message: &ShortMessage<'a>) -> Option<Receipt<'a>> {
    if let Some(receipt) = Receipt::from_message(message) {
        return Some(receipt);
    }
    // Some carriers announce their receipts as acknowledgements of the phone.
    if message.message_type() != MessageType::DeliveryAcknowledgement {
        return None;
    }
    let (_, payload) = message.split_udh()?;
    let receipt = Receipt::parse(payload, &message.tlvs);
    (receipt.id().is_some() && receipt.state().is_some()).then_some(receipt)
}

fn notice(
    receipt: &Receipt<'_>,
    message: &ShortMessage<'_>,
    settings: &Settings,
    now: Timestamp,
) -> ReceiptNotice {
    let id = receipt.id().unwrap_or("");
    let by_table = receipt.text.stat.and_then(|stat| settings.receipt_states.get(&stat.to_ascii_uppercase()));
    let by_standard = receipt.state().map_or(ReceiptState::Unknown, receipt_state);
    let told = by_table.copied().unwrap_or(by_standard);
    // A notice before the end never is the end, whatever word it uses.
    let intermediate = message.message_type() == MessageType::IntermediateNotification;
    let state = if intermediate && told.end().is_some() { ReceiptState::Enroute } else { told };
    let text = |field: Option<&str>| shortened(field.unwrap_or(""), WORD_OCTETS_MAX);
    let stat = receipt.text.stat.or_else(|| receipt.tlv_state.map(MessageState::stat));
    let error = match (receipt.text.err, receipt.network_error) {
        (Some(error), _) => shortened(error, WORD_OCTETS_MAX),
        (None, Some(network)) => format!("{:03}", network.code),
        (None, None) => String::new(),
    };
    ReceiptNotice {
        carrier_id: shortened(
            &settings.receipt_id.normalise(id).unwrap_or_else(|| id.to_owned()),
            ID_OCTETS_MAX,
        ),
        state,
        stat: text(stat),
        error,
        submit_date: text(receipt.text.submit_date),
        done_date: text(receipt.text.done_date),
        source: address(&message.source),
        destination: address(&message.destination),
        // All of them: they are evidence.
        tlvs: parameters(message, |_| true),
        read_at: now,
    }
}

/// The optional parameters that pass, without the one that carries the text.
fn parameters(message: &ShortMessage<'_>, passes: impl Fn(Tag) -> bool) -> Vec<u8> {
    let mut tlvs = smpp::TlvBuffer::new();
    for tlv in message.tlvs.iter().filter(|tlv| tlv.tag != Tag::MESSAGE_PAYLOAD && passes(tlv.tag)) {
        // A value that was read has a length that can be written.
        if tlvs.push_tlv(tlv).is_err() {
            tracing::debug!("an optional parameter could not be copied");
        }
    }
    tlvs.as_tlvs().octets().to_vec()
}

fn inbound(message: &ShortMessage<'_>, settings: &Settings, now: Timestamp) -> InboundNotice {
    // What 0 means is known here only, so it is written out.
    let data_coding = match (message.data_coding, settings.default_alphabet) {
        (0, DefaultAlphabet::Latin1) => DataCoding::LATIN1.octet(),
        (0, DefaultAlphabet::Ucs2) => DataCoding::UCS2.octet(),
        (octet, _) => octet,
    };
    let content = OctetContent {
        data_coding,
        protocol_id: message.protocol_id,
        has_header: message.has_udh(),
        payload: message.payload().to_vec(),
        tlvs: parameters(message, |tag| settings.passes(tag)),
    };
    InboundNotice {
        source: address(&message.source),
        destination: address(&message.destination),
        content,
        read_at: now,
    }
}

fn address(address: &smpp::Address<'_>) -> Address {
    Address { ton: address.ton, npi: address.npi, octets: address.digits.into() }
}

#[cfg(test)]
mod tests {
    use ports::channel::ChannelEvent;
    use serde_json::{Value, json};
    use smpp::{MessageState, NetworkErrorCode, ShortMessage, TlvBuffer};
    use types::receipt::ReceiptState;
    use types::time::Timestamp;

    use crate::smpp::options::tests::settings;

    const TEXT: &[u8] =
        b"id:00ff sub:001 dlvrd:001 submit date:2611220400 done date:2611220401 stat:DELIVRD err:034 text:x";

    /// Id, state, `stat` and `err` of a receipt.
    type Told = (&'static str, ReceiptState, &'static str, &'static str);

    fn read(message: &ShortMessage<'_>, options: &Value) -> ChannelEvent {
        super::event(message, &settings(options).unwrap(), Timestamp::EPOCH).0
    }

    fn tlvs(id: &str, state: MessageState) -> TlvBuffer {
        let mut tlvs = TlvBuffer::new();
        tlvs.push_receipt(id.as_bytes(), state).unwrap();
        tlvs.push_network_error_code(NetworkErrorCode { network_type: 3, code: 7 });
        tlvs
    }

    #[test]
    fn receipts_are_told_from_messages() {
        let with_tlvs = tlvs("abc", MessageState::Undeliverable);
        let ucs2: Vec<u8> = TEXT.iter().flat_map(|octet| [0, *octet]).collect();
        let plain =
            |esm_class, short_message| ShortMessage { esm_class, short_message, ..ShortMessage::default() };
        let both = ShortMessage { tlvs: with_tlvs.as_tlvs(), ..plain(0, TEXT) };
        let cases: [(&str, ShortMessage<'_>, Value, Option<Told>); 9] = [
            ("text", plain(4, TEXT), json!({}), Some(("00ff", ReceiptState::Delivered, "DELIVRD", "034"))),
            (
                "decimal wanted",
                plain(4, TEXT),
                json!({"receipt_id": "hex_to_decimal"}),
                Some(("255", ReceiptState::Delivered, "DELIVRD", "034")),
            ),
            (
                "acknowledgement",
                plain(8, TEXT),
                json!({}),
                Some(("00ff", ReceiptState::Delivered, "DELIVRD", "034")),
            ),
            (
                "before the end",
                plain(0x20, TEXT),
                json!({}),
                Some(("00ff", ReceiptState::Enroute, "DELIVRD", "034")),
            ),
            ("a person wrote it", plain(0, TEXT), json!({}), None),
            ("TLVs win", both, json!({}), Some(("abc", ReceiptState::Undelivered, "DELIVRD", "034"))),
            (
                "TLVs alone",
                ShortMessage { tlvs: with_tlvs.as_tlvs(), ..plain(4, b"") },
                json!({}),
                Some(("abc", ReceiptState::Undelivered, "UNDELIV", "007")),
            ),
            (
                "UCS-2",
                ShortMessage { data_coding: 8, ..plain(4, &ucs2) },
                json!({}),
                Some(("00ff", ReceiptState::Delivered, "DELIVRD", "034")),
            ),
            ("acknowledgement with words", plain(8, b"thank you"), json!({}), None),
        ];
        for (name, message, options, expected) in cases {
            let found = match read(&message, &options) {
                ChannelEvent::Receipt(receipt) => {
                    Some((receipt.carrier_id, receipt.state, receipt.stat, receipt.error))
                }
                ChannelEvent::Inbound(_) => None,
                other => panic!("{other:?}"),
            };
            let found = found
                .as_ref()
                .map(|(id, state, stat, error)| (id.as_str(), *state, stat.as_str(), error.as_str()));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn receipts_keep_their_parameters_without_the_text() {
        let mut tlvs = tlvs("abc", MessageState::Delivered);
        let kept = tlvs.clone();
        tlvs.push(smpp::Tag::MESSAGE_PAYLOAD, TEXT).unwrap();
        let message = ShortMessage { esm_class: 4, tlvs: tlvs.as_tlvs(), ..ShortMessage::default() };
        let ChannelEvent::Receipt(notice) = read(&message, &json!({})) else {
            panic!("a receipt is expected")
        };
        assert_eq!(notice.tlvs, kept.as_tlvs().octets());
    }

    #[test]
    fn a_carriers_own_words_are_read_by_its_table() {
        let options = json!({"receipt_states": {"FAILED": "undelivered", "delivrd": "enroute"}});
        for (stat, expected) in [
            ("FAILED", ReceiptState::Undelivered),
            ("failed", ReceiptState::Undelivered),
            ("DELIVRD", ReceiptState::Enroute),
            ("EXPIRED", ReceiptState::Expired),
            ("ODD", ReceiptState::Unknown),
        ] {
            let text = format!("id:7 stat:{stat} err:000");
            let message =
                ShortMessage { esm_class: 4, short_message: text.as_bytes(), ..ShortMessage::default() };
            let ChannelEvent::Receipt(receipt) = read(&message, &options) else {
                panic!("a receipt is expected")
            };
            assert_eq!((receipt.state, receipt.stat.as_str()), (expected, stat));
        }
    }

    #[test]
    fn receipts_that_contradict_themselves_are_found() {
        let same = tlvs("00FF", MessageState::Delivered);
        let other_state = tlvs("00ff", MessageState::Undeliverable);
        let other_id = tlvs("abc", MessageState::Delivered);
        let none = TlvBuffer::new();
        for (tlvs, expected) in [(&same, false), (&other_state, true), (&other_id, true), (&none, false)] {
            let message = ShortMessage {
                esm_class: 4,
                short_message: TEXT,
                tlvs: tlvs.as_tlvs(),
                ..ShortMessage::default()
            };
            let settings = settings(&json!({})).unwrap();
            assert_eq!(super::event(&message, &settings, Timestamp::EPOCH).1, expected);
        }
    }

    #[test]
    fn inbound_messages_keep_their_octets_and_say_what_0_means() {
        for (options, given, told) in [
            (json!({}), 0, 0),
            (json!({"default_alphabet": "latin1"}), 0, 3),
            (json!({"default_alphabet": "ucs2"}), 0, 8),
            (json!({"default_alphabet": "ucs2"}), 4, 4),
        ] {
            let mut tlvs = TlvBuffer::new();
            tlvs.push_u16(smpp::Tag::SOURCE_PORT, 7);
            let kept = tlvs.clone();
            tlvs.push(smpp::Tag::MESSAGE_PAYLOAD, b"long text").unwrap();
            let message = ShortMessage {
                data_coding: given,
                esm_class: 0x40,
                tlvs: tlvs.as_tlvs(),
                ..ShortMessage::default()
            };
            let ChannelEvent::Inbound(notice) = read(&message, &options) else {
                panic!("a message is expected")
            };
            assert_eq!(notice.content.data_coding, told);
            assert!(notice.content.has_header);
            assert_eq!(notice.content.payload, b"long text");
            assert_eq!(notice.content.tlvs, kept.as_tlvs().octets());
        }
    }
}
