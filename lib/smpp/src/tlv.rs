//! Optional parameters (SMPP 3.4, 5.3): a view over the raw octets, and a buffer to build them in.
//!
//! Unknown parameters stay where they are, so that what came in can go out. Start at [`Tlvs`].

mod buffer;
mod tag;
#[cfg(test)]
mod tests;

use std::fmt;

pub use buffer::TlvBuffer;
pub use tag::Tag;

use crate::error::DecodeError;
use crate::message_state::MessageState;
use crate::pdu::Strictness;

/// Octets of a tag and a length.
const TLV_HEADER_OCTETS: usize = 4;

/// One optional parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// What it is.
    pub tag: Tag,
    /// Its value, as received.
    pub value: &'a [u8],
}

impl fmt::Debug for Tlv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}<{} octets>", self.tag, self.value.len())
    }
}

/// `network_error_code`: which kind of network, and its code (SMPP 3.4, 5.3.2.31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NetworkErrorCode {
    /// 1 ANSI-136, 2 IS-95, 3 GSM; others by vendor.
    pub network_type: u8,
    /// The code in that network.
    pub code: u16,
}

/// The optional parameters of a PDU.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Tlvs<'a> {
    octets: &'a [u8],
}

impl fmt::Debug for Tlvs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Iterates over whole TLVs and stops at the first that is cut.
#[derive(Debug, Clone)]
pub struct TlvIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for TlvIter<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Tlv<'a>> {
        let (&[t0, t1, l0, l1], rest) = self.rest.split_first_chunk::<TLV_HEADER_OCTETS>()?;
        let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])))?;
        self.rest = rest;
        Some(Tlv { tag: Tag(u16::from_be_bytes([t0, t1])), value })
    }
}

impl<'a> Tlvs<'a> {
    /// No optional parameters.
    pub const EMPTY: Tlvs<'static> = Tlvs { octets: &[] };

    /// Views raw octets. A cut tail is not seen by the getters; the encoders refuse it.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { octets }
    }

    /// Checks the octets that end a body.
    pub(crate) fn decode(octets: &'a [u8], strictness: Strictness) -> Result<Self, DecodeError> {
        let mut tlvs = TlvIter { rest: octets };
        for tlv in tlvs.by_ref() {
            if strictness == Strictness::Exact && !tlv.tag.allows_length(tlv.value.len()) {
                return Err(DecodeError::TlvLength { tag: tlv.tag });
            }
        }
        match (tlvs.rest.len(), strictness) {
            (0, _) => Ok(Self { octets }),
            (_, Strictness::Exact) => Err(DecodeError::TlvStream),
            (stray, Strictness::Tolerant) => {
                let whole = octets.len().saturating_sub(stray);
                Ok(Self { octets: octets.get(..whole).unwrap_or_default() })
            }
        }
    }

    /// The raw octets.
    #[must_use]
    pub fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Whether the octets are a sequence of whole TLVs.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let mut tlvs = self.iter();
        tlvs.by_ref().for_each(drop);
        tlvs.rest.is_empty()
    }

    /// All parameters in their order.
    #[must_use]
    pub fn iter(&self) -> TlvIter<'a> {
        TlvIter { rest: self.octets }
    }

    /// The value of the first parameter with that tag.
    #[must_use]
    pub fn get(&self, tag: Tag) -> Option<&'a [u8]> {
        self.iter().find(|tlv| tlv.tag == tag).map(|tlv| tlv.value)
    }

    /// An integer of one to four octets, whatever length its definition asks for: carriers pad them.
    #[must_use]
    pub fn integer(&self, tag: Tag) -> Option<u32> {
        match *self.get(tag)? {
            [a] => Some(u32::from(a)),
            [a, b] => Some(u32::from(u16::from_be_bytes([a, b]))),
            [a, b, c] => Some(u32::from_be_bytes([0, a, b, c])),
            [a, b, c, d] => Some(u32::from_be_bytes([a, b, c, d])),
            _ => None,
        }
    }

    /// A string without the NUL that should end it.
    #[must_use]
    pub fn c_string(&self, tag: Tag) -> Option<&'a [u8]> {
        let value = self.get(tag)?;
        Some(value.split(|&octet| octet == 0).next().unwrap_or(value))
    }

    /// An integer that fits one octet.
    fn u8(&self, tag: Tag) -> Option<u8> {
        u8::try_from(self.integer(tag)?).ok()
    }

    /// An integer that fits two octets.
    fn u16(&self, tag: Tag) -> Option<u16> {
        u16::try_from(self.integer(tag)?).ok()
    }

    /// `message_payload`: a text of up to 65,535 octets in place of `short_message`.
    #[must_use]
    pub fn message_payload(&self) -> Option<&'a [u8]> {
        self.get(Tag::MESSAGE_PAYLOAD)
    }

    /// `receipted_message_id`, with or without its NUL.
    #[must_use]
    pub fn receipted_message_id(&self) -> Option<&'a [u8]> {
        self.c_string(Tag::RECEIPTED_MESSAGE_ID)
    }

    /// `message_state`, if it is one that the specification defines.
    #[must_use]
    pub fn message_state(&self) -> Option<MessageState> {
        MessageState::from_code(self.u8(Tag::MESSAGE_STATE)?)
    }

    /// `network_error_code`.
    #[must_use]
    pub fn network_error_code(&self) -> Option<NetworkErrorCode> {
        let [network_type, high, low] = *self.get(Tag::NETWORK_ERROR_CODE)?.first_chunk::<3>()?;
        Some(NetworkErrorCode { network_type, code: u16::from_be_bytes([high, low]) })
    }

    /// `sar_msg_ref_num`: which parts belong together.
    #[must_use]
    pub fn sar_msg_ref_num(&self) -> Option<u16> {
        self.u16(Tag::SAR_MSG_REF_NUM)
    }

    /// `sar_total_segments`.
    #[must_use]
    pub fn sar_total_segments(&self) -> Option<u8> {
        self.u8(Tag::SAR_TOTAL_SEGMENTS)
    }

    /// `sar_segment_seqnum`, from 1.
    #[must_use]
    pub fn sar_segment_seqnum(&self) -> Option<u8> {
        self.u8(Tag::SAR_SEGMENT_SEQNUM)
    }

    /// `user_message_reference`: the ESME's own number for the message.
    #[must_use]
    pub fn user_message_reference(&self) -> Option<u16> {
        self.u16(Tag::USER_MESSAGE_REFERENCE)
    }

    /// `source_port`.
    #[must_use]
    pub fn source_port(&self) -> Option<u16> {
        self.u16(Tag::SOURCE_PORT)
    }

    /// `destination_port`.
    #[must_use]
    pub fn destination_port(&self) -> Option<u16> {
        self.u16(Tag::DESTINATION_PORT)
    }

    /// `sc_interface_version`: 0x34 for 3.4, 0x50 for 5.0.
    #[must_use]
    pub fn sc_interface_version(&self) -> Option<u8> {
        self.u8(Tag::SC_INTERFACE_VERSION)
    }

    /// `more_messages_to_send`.
    #[must_use]
    pub fn more_messages_to_send(&self) -> Option<u8> {
        self.u8(Tag::MORE_MESSAGES_TO_SEND)
    }

    /// `qos_time_to_live`, in seconds; supersedes `validity_period`.
    #[must_use]
    pub fn qos_time_to_live_s(&self) -> Option<u32> {
        self.integer(Tag::QOS_TIME_TO_LIVE)
    }

    /// `ms_availability_status`: 0 available, 1 denied, 2 unavailable.
    #[must_use]
    pub fn ms_availability_status(&self) -> Option<u8> {
        self.u8(Tag::MS_AVAILABILITY_STATUS)
    }

    /// `delivery_failure_reason` of a `data_sm_resp`.
    #[must_use]
    pub fn delivery_failure_reason(&self) -> Option<u8> {
        self.u8(Tag::DELIVERY_FAILURE_REASON)
    }

    /// `additional_status_info_text`: the carrier's own words about an error.
    #[must_use]
    pub fn additional_status_info_text(&self) -> Option<&'a [u8]> {
        self.c_string(Tag::ADDITIONAL_STATUS_INFO_TEXT)
    }
}
