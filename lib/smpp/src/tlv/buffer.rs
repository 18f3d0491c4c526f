//! Builds optional parameters; one buffer can be cleared and used for PDU after PDU.
//!
//! It checks only what would break the stream: that a value fits its 16-bit length.

use super::{NetworkErrorCode, Tag, Tlv, Tlvs};
use crate::error::{EncodeError, Field};
use crate::message_state::MessageState;

/// Longest value of a TLV, in octets.
const VALUE_LIMIT: usize = 0xFFFF;

/// Owned optional parameters.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TlvBuffer {
    octets: Vec<u8>,
}

impl std::fmt::Debug for TlvBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_tlvs().fmt(f)
    }
}

impl TlvBuffer {
    /// Makes an empty buffer; it allocates with the first parameter.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The parameters, to put into a PDU.
    #[must_use]
    pub fn as_tlvs(&self) -> Tlvs<'_> {
        Tlvs::new(&self.octets)
    }

    /// The octets of the parameters.
    #[must_use]
    pub fn into_octets(self) -> Vec<u8> {
        self.octets
    }

    /// Forgets the parameters and keeps the memory.
    pub fn clear(&mut self) {
        self.octets.clear();
    }

    /// Appends any parameter.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`] beyond 65,535 octets; the buffer is then unchanged.
    pub fn push(&mut self, tag: Tag, value: &[u8]) -> Result<&mut Self, EncodeError> {
        let length = u16::try_from(value.len())
            .map_err(|_| EncodeError::TooLong { field: Field::TlvValue, limit: VALUE_LIMIT })?;
        self.push_whole(tag, length, value);
        Ok(self)
    }

    /// Appends a parameter of one octet.
    pub fn push_u8(&mut self, tag: Tag, value: u8) -> &mut Self {
        self.push_whole(tag, 1, &[value])
    }

    /// Appends a parameter of two octets.
    pub fn push_u16(&mut self, tag: Tag, value: u16) -> &mut Self {
        self.push_whole(tag, 2, &value.to_be_bytes())
    }

    /// Appends a parameter of four octets.
    pub fn push_u32(&mut self, tag: Tag, value: u32) -> &mut Self {
        self.push_whole(tag, 4, &value.to_be_bytes())
    }

    /// Appends a string and its NUL.
    ///
    /// # Errors
    /// [`EncodeError::NulInside`] and [`EncodeError::TooLong`]; the buffer is then unchanged.
    pub fn push_c_string(&mut self, tag: Tag, value: &[u8]) -> Result<&mut Self, EncodeError> {
        if value.contains(&0) {
            return Err(EncodeError::NulInside { field: Field::TlvValue });
        }
        let length = u16::try_from(value.len().saturating_add(1))
            .map_err(|_| EncodeError::TooLong { field: Field::TlvValue, limit: VALUE_LIMIT - 1 })?;
        self.push_whole(tag, length, value);
        self.octets.push(0);
        Ok(self)
    }

    /// Appends the two parameters that a receipt towards an ESME carries beside its text.
    ///
    /// # Errors
    /// As [`push_c_string`](Self::push_c_string).
    pub fn push_receipt(&mut self, message_id: &[u8], state: MessageState) -> Result<&mut Self, EncodeError> {
        self.push_c_string(Tag::RECEIPTED_MESSAGE_ID, message_id)?;
        Ok(self.push_u8(Tag::MESSAGE_STATE, state.code()))
    }

    /// Appends `network_error_code`.
    pub fn push_network_error_code(&mut self, error: NetworkErrorCode) -> &mut Self {
        let [high, low] = error.code.to_be_bytes();
        self.push_whole(Tag::NETWORK_ERROR_CODE, 3, &[error.network_type, high, low])
    }

    /// Appends `sar_msg_ref_num`, `sar_total_segments` and `sar_segment_seqnum`.
    pub fn push_sar(&mut self, reference: u16, total: u8, number: u8) -> &mut Self {
        self.push_u16(Tag::SAR_MSG_REF_NUM, reference)
            .push_u8(Tag::SAR_TOTAL_SEGMENTS, total)
            .push_u8(Tag::SAR_SEGMENT_SEQNUM, number)
    }

    /// Copies a parameter that came in.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_tlv(&mut self, tlv: Tlv<'_>) -> Result<&mut Self, EncodeError> {
        self.push(tlv.tag, tlv.value)
    }

    /// Appends a parameter whose length has been checked.
    fn push_whole(&mut self, tag: Tag, length: u16, value: &[u8]) -> &mut Self {
        self.octets.extend_from_slice(&tag.0.to_be_bytes());
        self.octets.extend_from_slice(&length.to_be_bytes());
        self.octets.extend_from_slice(value);
        self
    }
}
