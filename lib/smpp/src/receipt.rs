//! Delivery receipts (SMPP 3.4, appendix B and 5.3.2): reading what carriers send, writing what customers get.
//!
//! The text of a receipt is a convention that every carrier bends, so reading takes fields in any order and
//! case. The TLVs win over the text; both are kept, and a disagreement is told. Nothing here decides what a
//! receipt does to a message. Start at [`Receipt::from_message`].

mod outgoing;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;

pub use outgoing::OutgoingReceipt;
pub use text::{ReceiptText, parse_date};

use crate::masked::Masked;
use crate::message_id;
use crate::message_state::MessageState;
use crate::pdu::ShortMessage;
use crate::tlv::{NetworkErrorCode, Tlvs};

/// A receipt as it came, with what its text and its TLVs say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Receipt<'a> {
    /// The payload that the text was read from, without a user data header.
    pub raw: &'a [u8],
    /// What the text says.
    pub text: ReceiptText<'a>,
    /// `receipted_message_id`, where it is text.
    pub tlv_id: Option<&'a str>,
    /// `message_state`.
    pub tlv_state: Option<MessageState>,
    /// `network_error_code`.
    pub network_error: Option<NetworkErrorCode>,
}

impl fmt::Debug for Receipt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("raw", &Masked(self.raw))
            .field("text", &self.text)
            .field("tlv_id", &self.tlv_id)
            .field("tlv_state", &self.tlv_state)
            .field("network_error", &self.network_error)
            .finish()
    }
}

impl<'a> Receipt<'a> {
    /// Reads a receipt from its text and its TLVs. It never fails: what is missing is `None`.
    ///
    /// The text must be in a one-octet alphabet; of UCS-2 the caller passes the text it has decoded.
    #[must_use]
    pub fn parse(payload: &'a [u8], tlvs: &Tlvs<'a>) -> Self {
        let tlv_id = tlvs.receipted_message_id().and_then(|id| std::str::from_utf8(id).ok());
        Self {
            raw: payload,
            text: ReceiptText::parse(payload),
            tlv_id: tlv_id.map(str::trim).filter(|id| !id.is_empty()),
            tlv_state: tlvs.message_state(),
            network_error: tlvs.network_error_code(),
        }
    }

    /// Reads the receipt that a `deliver_sm` or `data_sm` carries.
    ///
    /// `None` for a message that is none: it has no id and no state, or it has only text that looks like one
    /// while `esm_class` says that a person wrote it.
    #[must_use]
    pub fn from_message(message: &ShortMessage<'a>) -> Option<Self> {
        let (_, payload) = message.split_udh().unwrap_or((&[], message.payload()));
        let receipt = Self::parse(payload, &message.tlvs);
        let announced = message.message_type().is_receipt() || receipt.tlv_id.is_some();
        (announced && (receipt.id().is_some() || receipt.state().is_some())).then_some(receipt)
    }

    /// The id of the message it reports on: the TLV's, else the text's.
    #[must_use]
    pub fn id(&self) -> Option<&'a str> {
        self.tlv_id.or(self.text.id)
    }

    /// The state that it reports: the TLV's, else the text's.
    #[must_use]
    pub fn state(&self) -> Option<MessageState> {
        self.tlv_state.or_else(|| self.text.state())
    }

    /// Whether text and TLV name different messages. Notations of one id do not differ.
    #[must_use]
    pub fn id_disagrees(&self) -> bool {
        match (self.tlv_id, self.text.id) {
            (Some(tlv), Some(text)) => message_id::relation(tlv, text).is_none(),
            _ => false,
        }
    }

    /// Whether text and TLV report different states.
    #[must_use]
    pub fn state_disagrees(&self) -> bool {
        match (self.tlv_state, self.text.state()) {
            (Some(tlv), Some(text)) => tlv != text,
            _ => false,
        }
    }

    /// Whether text and TLVs disagree about anything.
    #[must_use]
    pub fn disagrees(&self) -> bool {
        self.id_disagrees() || self.state_disagrees()
    }
}
