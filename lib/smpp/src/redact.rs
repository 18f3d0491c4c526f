//! Overwrites what is personal in the octets of a PDU, so that its form can be shown to people who must not see its
//! content. Lengths stay as they are: what reads the PDU afterwards, such as a dissector, finds every field.
//!
//! It fails towards silence: from the first octet on that it does not understand, everything is overwritten.
//! Start at [`redact`].

use crate::command::CommandId;
use crate::header::{HEADER_OCTETS, Header};
use crate::tlv::Tag;

/// What stands in place of an octet that is not shown.
pub const HIDDEN: u8 = b'*';
/// Bit of `esm_class`: the text begins with a user data header.
const UDH_INDICATOR: u8 = 0x40;
/// Bits of `esm_class` that hold the message type, and the types that are receipts (SMPP 3.4, 5.2.12).
const TYPE_MASK: u8 = 0x3C;
const TYPE_RECEIPT: u8 = 0x04;
const TYPE_INTERMEDIATE: u8 = 0x20;
/// What begins the text of a message in a receipt (SMPP 3.4, appendix B). What stands before it is no secret.
const RECEIPT_TEXT: &[u8] = b"text:";

/// How much is overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redaction {
    /// Addresses, texts, passwords, and all optional parameters that may hold one.
    Personal,
    /// Passwords only.
    Passwords,
}

/// Overwrites what is personal in one whole PDU. The header stays.
pub fn redact(pdu: &mut [u8], redaction: Redaction) {
    let Some((head, body)) = pdu.split_first_chunk_mut::<HEADER_OCTETS>() else {
        pdu.fill(HIDDEN);
        return;
    };
    let command = Header::parse(head).command_id;
    let mut eraser = Eraser { rest: body, redaction, esm_class: 0 };
    // Whatever a body is, optional parameters may follow it (SMPP 3.4, 3.3).
    if eraser.erase(command).and_then(|()| eraser.parameters()).is_none() {
        eraser.rest.fill(HIDDEN);
    }
}

/// Walks over a body from its first octet to its last. `None` at a field that is not whole.
struct Eraser<'a> {
    rest: &'a mut [u8],
    redaction: Redaction,
    esm_class: u8,
}

impl<'a> Eraser<'a> {
    fn erase(&mut self, command: CommandId) -> Option<()> {
        match command {
            CommandId::BIND_RECEIVER | CommandId::BIND_TRANSMITTER | CommandId::BIND_TRANSCEIVER => {
                self.keep_strings(1)?;
                self.take_string()?.fill(HIDDEN);
                self.keep_strings(1)?;
                self.take(1)?;
                self.address()
            }
            CommandId::OUTBIND => {
                self.keep_strings(1)?;
                self.take_string()?.fill(HIDDEN);
                Some(())
            }
            CommandId::SUBMIT_SM | CommandId::DELIVER_SM => {
                self.keep_strings(1)?;
                self.address()?;
                self.address()?;
                self.message()
            }
            CommandId::SUBMIT_MULTI => {
                self.keep_strings(1)?;
                self.address()?;
                self.destinations()?;
                self.message()
            }
            CommandId::DATA_SM => {
                self.keep_strings(1)?;
                self.address()?;
                self.address()?;
                self.esm_class = *self.take(3)?.first()?;
                self.parameters()
            }
            CommandId::REPLACE_SM => {
                self.keep_strings(1)?;
                self.address()?;
                self.keep_strings(2)?;
                self.take(2)?;
                self.text()?;
                self.parameters()
            }
            CommandId::QUERY_SM => self.keep_strings(1).and_then(|()| self.address()),
            CommandId::CANCEL_SM => {
                self.keep_strings(2)?;
                self.address()?;
                self.address()
            }
            CommandId::ALERT_NOTIFICATION => {
                self.address()?;
                self.address()?;
                self.parameters()
            }
            CommandId::BROADCAST_SM | CommandId::QUERY_BROADCAST_SM | CommandId::CANCEL_BROADCAST_SM => {
                self.erase_broadcast(command)
            }
            _ => self.erase_response(command),
        }
    }

    /// The requests of cell broadcast (SMPP 5.0, 4.4 to 4.6), which have bodies of their own.
    fn erase_broadcast(&mut self, command: CommandId) -> Option<()> {
        if command != CommandId::QUERY_BROADCAST_SM {
            self.keep_strings(1)?;
        }
        if command != CommandId::BROADCAST_SM {
            self.keep_strings(1)?;
        }
        self.address()?;
        if command == CommandId::BROADCAST_SM {
            self.keep_strings(1)?;
            self.take(1)?;
            self.keep_strings(2)?;
            self.take(3)?;
        }
        self.parameters()
    }

    fn erase_response(&mut self, command: CommandId) -> Option<()> {
        match command {
            // A response with an error may have no body.
            _ if command.is_response() && self.rest.is_empty() => Some(()),
            CommandId::BIND_RECEIVER_RESP
            | CommandId::BIND_TRANSMITTER_RESP
            | CommandId::BIND_TRANSCEIVER_RESP
            | CommandId::SUBMIT_SM_RESP
            | CommandId::DELIVER_SM_RESP
            | CommandId::DATA_SM_RESP => {
                self.keep_strings(1)?;
                self.parameters()
            }
            CommandId::SUBMIT_MULTI_RESP => {
                self.keep_strings(1)?;
                for _ in 0..self.count()? {
                    self.address()?;
                    self.take(4)?;
                }
                self.parameters()
            }
            CommandId::QUERY_SM_RESP => {
                self.keep_strings(2)?;
                self.take(2)?;
                Some(())
            }
            // These have no body of their own.
            CommandId::ENQUIRE_LINK
            | CommandId::ENQUIRE_LINK_RESP
            | CommandId::UNBIND
            | CommandId::UNBIND_RESP
            | CommandId::GENERIC_NACK
            | CommandId::CANCEL_SM_RESP
            | CommandId::REPLACE_SM_RESP => Some(()),
            // What else has a body is not known.
            _ => {
                self.rest.fill(HIDDEN);
                Some(())
            }
        }
    }

    /// Steps over that many octets.
    fn take(&mut self, octets: usize) -> Option<&'a mut [u8]> {
        let rest = std::mem::take(&mut self.rest);
        if rest.len() < octets {
            self.rest = rest;
            return None;
        }
        let (taken, rest) = rest.split_at_mut(octets);
        self.rest = rest;
        Some(taken)
    }

    /// Steps over a string and its NUL; gives the string.
    fn take_string(&mut self) -> Option<&'a mut [u8]> {
        let length = self.rest.iter().position(|octet| *octet == 0)?;
        let string = self.take(length)?;
        self.take(1)?;
        Some(string)
    }

    fn keep_strings(&mut self, count: usize) -> Option<()> {
        for _ in 0..count {
            self.take_string()?;
        }
        Some(())
    }

    fn count(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn hides_content(&self) -> bool {
        self.redaction == Redaction::Personal
    }

    /// Type of number, numbering plan and digits.
    fn address(&mut self) -> Option<()> {
        self.take(2)?;
        self.personal_string()
    }

    fn personal_string(&mut self) -> Option<()> {
        let string = self.take_string()?;
        if self.hides_content() {
            string.fill(HIDDEN);
        }
        Some(())
    }

    /// The destinations of `submit_multi`.
    fn destinations(&mut self) -> Option<()> {
        for _ in 0..self.count()? {
            match self.count()? {
                1 => self.address()?,
                2 => self.personal_string()?,
                _ => return None,
            }
        }
        Some(())
    }

    /// Everything from `esm_class` on.
    fn message(&mut self) -> Option<()> {
        self.esm_class = *self.take(3)?.first()?;
        self.keep_strings(2)?;
        self.take(4)?;
        self.text()?;
        self.parameters()
    }

    /// A length and the text.
    fn text(&mut self) -> Option<()> {
        let length = self.count()?;
        let text = self.take(usize::from(length))?;
        self.hide_text(text);
        Some(())
    }

    fn parameters(&mut self) -> Option<()> {
        while !self.rest.is_empty() {
            let [t0, t1, l0, l1] = *self.take(4)?.first_chunk::<4>()?;
            let (tag, length) = (Tag(u16::from_be_bytes([t0, t1])), u16::from_be_bytes([l0, l1]));
            let value = self.take(usize::from(length))?;
            if tag == Tag::MESSAGE_PAYLOAD {
                self.hide_text(value);
            } else if self.hides_content() && may_be_personal(tag) {
                value.fill(HIDDEN);
            }
        }
        Some(())
    }

    /// Hides a text; how its parts are joined and what a receipt says before the text stays.
    fn hide_text(&self, text: &mut [u8]) {
        if !self.hides_content() {
            return;
        }
        let is_receipt = matches!(self.esm_class & TYPE_MASK, TYPE_RECEIPT | TYPE_INTERMEDIATE);
        let kept = if self.esm_class & UDH_INDICATOR != 0 {
            text.first().map_or(0, |length| usize::from(*length) + 1)
        } else if is_receipt && text.starts_with(b"id:") {
            let begins = |window: &[u8]| window.eq_ignore_ascii_case(RECEIPT_TEXT);
            let place = text.windows(RECEIPT_TEXT.len()).position(begins);
            place.map_or(0, |place| place + RECEIPT_TEXT.len())
        } else {
            0
        };
        // A header that is longer than the text is none.
        let kept = if kept > text.len() { 0 } else { kept };
        text.iter_mut().skip(kept).for_each(|octet| *octet = HIDDEN);
    }
}

/// Whether the value of a parameter may tell of a person: numbers, words, and what is not known.
fn may_be_personal(tag: Tag) -> bool {
    let holds_numbers_or_words = matches!(
        tag,
        Tag::CALLBACK_NUM
            | Tag::CALLBACK_NUM_ATAG
            | Tag::SOURCE_SUBADDRESS
            | Tag::DEST_SUBADDRESS
            | Tag::BILLING_IDENTIFICATION
            | Tag::ADDITIONAL_STATUS_INFO_TEXT
    );
    holds_numbers_or_words || tag.name().is_none()
}

#[cfg(test)]
mod tests {
    use super::{Redaction, redact};
    use crate::{
        Address, Bind, CommandId, CommandStatus, DataSm, Destination, DestinationBuffer, FrameCutter, Pdu,
        QuerySm, ShortMessage, Strictness, SubmitMulti, Tag, TlvBuffer, write_header_only,
    };

    const NUMBER: &[u8] = b"447911123456";

    fn redacted(pdu: &Pdu<'_>, redaction: Redaction) -> Vec<u8> {
        let mut octets = Vec::new();
        pdu.encode(CommandStatus::ESME_ROK, 7, &mut octets).unwrap();
        let length = octets.len();
        redact(&mut octets, redaction);
        assert_eq!(octets.len(), length);
        // It is still a PDU of the same kind.
        let mut cutter = FrameCutter::default();
        cutter.extend(&octets);
        let frame = cutter.next_frame().unwrap().unwrap();
        let again = Pdu::decode(&frame.header, frame.body, Strictness::Exact).unwrap();
        assert_eq!(again.command_id(), pdu.command_id());
        octets
    }

    fn has(octets: &[u8], part: &[u8]) -> bool {
        octets.windows(part.len()).any(|window| window == part)
    }

    fn message(text: &[u8]) -> ShortMessage<'_> {
        ShortMessage {
            source: Address { ton: 5, npi: 0, digits: b"ACME" },
            destination: Address { ton: 1, npi: 1, digits: NUMBER },
            short_message: text,
            ..ShortMessage::default()
        }
    }

    /// A PDU, what must go, and what must stay when content is hidden.
    type Case<'a> = (Pdu<'a>, &'a [&'a [u8]], &'a [&'a [u8]]);

    #[test]
    fn numbers_and_texts_go_and_the_form_stays() {
        let mut tlvs = TlvBuffer::new();
        tlvs.push(Tag::MESSAGE_PAYLOAD, b"hush").unwrap();
        tlvs.push(Tag(0x1401), b"vendor").unwrap().push_u16(Tag::USER_MESSAGE_REFERENCE, 0x4142);
        let with = ShortMessage { tlvs: tlvs.as_tlvs(), ..message(b"") };
        let mut list = DestinationBuffer::new();
        list.push(Destination::Address(Address { ton: 1, npi: 1, digits: NUMBER })).unwrap();
        list.push(Destination::DistributionList(b"friends")).unwrap();
        let receipt = b"id:abc sub:001 stat:DELIVRD err:000 text:secret words";
        let cases: [Case<'_>; 7] = [
            (Pdu::SubmitSm(message(b"hello there")), &[NUMBER, b"ACME", b"hello"], &[]),
            (Pdu::SubmitSm(with), &[NUMBER, b"hush", b"vendor"], &[b"AB"]),
            (
                Pdu::SubmitSm(ShortMessage { esm_class: 0x40, ..message(b"\x05\0\x03\x07\x02\x01part one") }),
                &[b"part one"],
                &[b"\x05\0\x03\x07\x02\x01"],
            ),
            (
                Pdu::DeliverSm(ShortMessage { esm_class: 4, ..message(receipt) }),
                &[b"secret"],
                &[b"id:abc", b"stat:DELIVRD", b"text:"],
            ),
            // What only looks like a receipt is a text.
            (Pdu::DeliverSm(message(receipt)), &[b"id:abc", b"secret"], &[]),
            (
                Pdu::SubmitMulti(SubmitMulti { message: message(b"hello"), destinations: list.as_list() }),
                &[NUMBER, b"friends", b"hello"],
                &[],
            ),
            (
                Pdu::QuerySm(QuerySm {
                    message_id: b"abc",
                    source: Address { ton: 1, npi: 1, digits: NUMBER },
                }),
                &[NUMBER],
                &[b"abc"],
            ),
        ];
        for (pdu, gone, kept) in &cases {
            let octets = redacted(pdu, Redaction::Personal);
            assert!(gone.iter().all(|part| !has(&octets, part)), "{pdu:?}: {octets:?}");
            assert!(kept.iter().all(|part| has(&octets, part)), "{pdu:?}: {octets:?}");
            let clear = redacted(pdu, Redaction::Passwords);
            assert!(gone.iter().chain(*kept).all(|part| has(&clear, part)), "{pdu:?}");
        }
    }

    #[test]
    fn a_broadcast_keeps_its_form_too() {
        let body = b"CMT\0\x01\x01447911123456\0abc\0\x01\0\0\0\x08\0\x04\x24\0\x04hush";
        let mut octets = Vec::new();
        write_header_only(CommandId::BROADCAST_SM, CommandStatus::ESME_ROK, 1, &mut octets);
        octets.extend_from_slice(body);
        redact(&mut octets, Redaction::Personal);
        assert_eq!(octets[16..], b"CMT\0\x01\x01************\0abc\0\x01\0\0\0\x08\0\x04\x24\0\x04****"[..]);
    }

    #[test]
    fn passwords_go_always() {
        let bind = Bind { system_id: b"acme", password: b"secret", ..Bind::default() };
        for redaction in [Redaction::Personal, Redaction::Passwords] {
            let octets = redacted(&Pdu::BindTransceiver(bind), redaction);
            assert!(has(&octets, b"acme") && !has(&octets, b"secret"));
        }
    }

    #[test]
    fn what_is_not_understood_is_hidden() {
        let data = DataSm { source: Address { ton: 1, npi: 1, digits: NUMBER }, ..DataSm::default() };
        let mut whole = Vec::new();
        Pdu::DataSm(data).encode(CommandStatus::ESME_ROK, 1, &mut whole).unwrap();
        for length in 0..whole.len() {
            let mut cut = whole[..length].to_vec();
            redact(&mut cut, Redaction::Personal);
            assert!(!has(&cut, b"4479"), "{length}");
        }
        let mut unknown = whole.clone();
        unknown[4..8].copy_from_slice(&0x0000_0999_u32.to_be_bytes());
        redact(&mut unknown, Redaction::Passwords);
        assert!(unknown[16..].iter().all(|octet| *octet == b'*'));
        assert!(CommandId(0x999).name() == "unknown");
    }
}
