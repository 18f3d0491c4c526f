//! What the carrier sends to its customers: receipts, and answers that people type on phones.
//!
//! Only values and their encoding; when they go out is decided by the queue and the session.

use gsm_text::{Alphabet, DataCoding};
use smpp::calendar::CivilTime;
use smpp::receipt::OutgoingReceipt;
use smpp::{EncodeError, MessageState, ShortMessage, TlvBuffer};
use types::time::Timestamp;

use super::incoming::{Incoming, StoredAddress};

/// Octets of a message that its receipt repeats (SMPP 3.4, appendix B).
const RECEIPT_TEXT_OCTETS: usize = 20;
/// `esm_class` of a receipt (SMPP 3.4, 5.2.12).
const ESM_CLASS_RECEIPT: u8 = 0x04;
/// The first interface version that knows optional parameters (SMPP 3.4, 3.2.1 and 5.2.4).
const VERSION_WITH_TLVS: u8 = 0x34;

/// A receipt for one accepted part.
#[derive(Clone, Copy)]
pub(crate) struct Receipt {
    /// The id that the response gave.
    pub(crate) id: u64,
    /// The sender of the message, who gets the receipt.
    pub(crate) sender: StoredAddress,
    /// The number that the message went to.
    pub(crate) number: StoredAddress,
    /// When it was submitted.
    pub(crate) submit_at: Timestamp,
    /// When it became final.
    pub(crate) done_at: Timestamp,
    /// Its state.
    pub(crate) state: MessageState,
    /// The `err` of the text.
    pub(crate) error: u16,
    /// Whether a receipt that says the opposite follows.
    pub(crate) contradicted: bool,
    text: [u8; RECEIPT_TEXT_OCTETS],
    text_length: u8,
}

impl Receipt {
    /// A receipt that tells the state; the caller fills in the rest.
    pub(crate) fn new(
        id: u64,
        incoming: &Incoming<'_>,
        end: (MessageState, u16),
        submit_at: Timestamp,
    ) -> Self {
        let alphabet = DataCoding::from_octet(incoming.data_coding).alphabet(Alphabet::Gsm7);
        // The text of a receipt is in a one-octet alphabet, so UCS-2 and binary are not repeated.
        let readable = !matches!(alphabet, None | Some(Alphabet::Ucs2 | Alphabet::Octets));
        let mut text = [0; RECEIPT_TEXT_OCTETS];
        let mut text_length = 0;
        if readable {
            for (slot, octet) in text.iter_mut().zip(incoming.body) {
                *slot = *octet;
                text_length += 1;
            }
        }
        Self {
            id,
            sender: incoming.source,
            number: incoming.destination,
            submit_at,
            done_at: submit_at,
            state: end.0,
            error: end.1,
            contradicted: false,
            text,
            text_length,
        }
    }

    fn encode(&self, version: u8, sequence: u32, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let id = id_text(self.id);
        let mut text = Vec::with_capacity(160);
        OutgoingReceipt {
            id: id.as_bytes(),
            submitted: 1,
            delivered: u16::from(self.state == MessageState::Delivered),
            submit_date: CivilTime::from_unix_ms(self.submit_at.as_ms(), 0),
            done_date: CivilTime::from_unix_ms(self.done_at.as_ms(), 0),
            state: self.state,
            error: self.error,
            text: self.text.get(..usize::from(self.text_length)).unwrap_or_default(),
        }
        .write_text(&mut text);
        let mut tlvs = TlvBuffer::new();
        if version >= VERSION_WITH_TLVS {
            tlvs.push_receipt(id.as_bytes(), self.state)?;
        }
        ShortMessage {
            source: self.number.as_smpp(),
            destination: self.sender.as_smpp(),
            esm_class: ESM_CLASS_RECEIPT,
            short_message: &text,
            tlvs: tlvs.as_tlvs(),
            ..ShortMessage::default()
        }
        .encode_deliver_sm(sequence, out)
    }
}

/// One part of an answer typed on a phone.
pub(crate) struct AnswerPart {
    /// The phone.
    pub(crate) number: StoredAddress,
    /// Whom it answers.
    pub(crate) to: StoredAddress,
    /// Mode and features.
    pub(crate) esm_class: u8,
    /// The alphabet.
    pub(crate) data_coding: u8,
    /// Header and text.
    pub(crate) user_data: Vec<u8>,
}

/// Something to deliver to a receiver-capable bind.
pub(crate) struct Delivery {
    /// What it is.
    pub(crate) content: Content,
    /// How often it was tried in vain.
    pub(crate) attempts: u8,
}

/// What is delivered.
pub(crate) enum Content {
    /// A receipt.
    Receipt(Receipt),
    /// A part of an answer.
    Answer(Box<AnswerPart>),
}

impl Delivery {
    /// Something that was not tried yet.
    pub(crate) fn new(content: Content) -> Self {
        Self { content, attempts: 0 }
    }

    /// Appends the `deliver_sm` for a peer of that interface version.
    pub(crate) fn encode(&self, version: u8, sequence: u32, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match &self.content {
            Content::Receipt(receipt) => receipt.encode(version, sequence, out),
            Content::Answer(part) => ShortMessage {
                source: part.number.as_smpp(),
                destination: part.to.as_smpp(),
                esm_class: part.esm_class,
                data_coding: part.data_coding,
                short_message: &part.user_data,
                ..ShortMessage::default()
            }
            .encode_deliver_sm(sequence, out),
        }
    }
}

/// A carrier id as it is written: twelve hexadecimal digits.
pub(crate) fn id_text(id: u64) -> String {
    format!("{id:012x}")
}
