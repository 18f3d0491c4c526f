//! Writes whole PDUs and the field types of SMPP 3.4 (section 3.1), enforcing the limits.
//!
//! A failed write leaves the caller's buffer as it was.

use crate::command::CommandId;
use crate::error::{EncodeError, Field};
use crate::frame::FRAME_LIMIT;
use crate::header::{HEADER_OCTETS, Header};
use crate::limits;
use crate::status::CommandStatus;
use crate::tlv::Tlvs;

/// Appends fields to a body.
pub(crate) struct Writer<'o> {
    out: &'o mut Vec<u8>,
}

/// Appends one PDU: the header, then what `body` writes; then sets `command_length`.
pub(crate) fn write_pdu(
    command_id: CommandId,
    command_status: CommandStatus,
    sequence_number: u32,
    out: &mut Vec<u8>,
    body: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let start = out.len();
    Header { command_length: 0, command_id, command_status, sequence_number }.write(out);
    let written = body(&mut Writer::new(out)).and_then(|()| set_length(out, start));
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Writes the length of the PDU that begins at `start` into its first four octets.
fn set_length(out: &mut [u8], start: usize) -> Result<(), EncodeError> {
    let octets = out.len().saturating_sub(start);
    let length = u32::try_from(octets)
        .ok()
        .filter(|length| *length <= FRAME_LIMIT)
        .ok_or(EncodeError::PduTooLong { octets })?;
    if let Some(place) = out.get_mut(start..).and_then(|pdu| pdu.first_chunk_mut::<4>()) {
        *place = length.to_be_bytes();
    }
    Ok(())
}

/// Appends a PDU that has a header only.
pub(crate) fn write_bare(id: CommandId, status: CommandStatus, sequence: u32, out: &mut Vec<u8>) {
    const LENGTH: u32 = 16;
    const { assert!(LENGTH as usize == HEADER_OCTETS) };
    Header { command_length: LENGTH, command_id: id, command_status: status, sequence_number: sequence }
        .write(out);
}

impl<'o> Writer<'o> {
    /// Appends to `out`.
    pub(crate) fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out }
    }

    /// One octet.
    pub(crate) fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    /// Four octets, the highest first.
    pub(crate) fn u32(&mut self, value: u32) {
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    /// Octets as they are.
    pub(crate) fn octets(&mut self, octets: &[u8]) {
        self.out.extend_from_slice(octets);
    }

    /// A C-octet string and its NUL. Octets outside ASCII pass: what a carrier takes is its connector's matter.
    pub(crate) fn c_string(&mut self, field: Field, value: &[u8], limit: usize) -> Result<(), EncodeError> {
        if value.len() > limit {
            return Err(EncodeError::TooLong { field, limit });
        }
        if value.contains(&0) {
            return Err(EncodeError::NulInside { field });
        }
        self.octets(value);
        self.u8(0);
        Ok(())
    }

    /// A time and its NUL.
    pub(crate) fn time(&mut self, field: Field, value: &[u8]) -> Result<(), EncodeError> {
        if !value.is_empty() && value.len() != limits::TIME {
            return Err(EncodeError::TimeLength { field });
        }
        self.c_string(field, value, limits::TIME)
    }

    /// `sm_length` and `short_message`.
    pub(crate) fn short_message(&mut self, value: &[u8]) -> Result<(), EncodeError> {
        let length = u8::try_from(value.len())
            .ok()
            .filter(|length| usize::from(*length) <= limits::SHORT_MESSAGE)
            .ok_or(EncodeError::TooLong { field: Field::ShortMessage, limit: limits::SHORT_MESSAGE })?;
        self.u8(length);
        self.octets(value);
        Ok(())
    }

    /// Optional parameters.
    pub(crate) fn tlvs(&mut self, tlvs: &Tlvs<'_>) -> Result<(), EncodeError> {
        if !tlvs.is_whole() {
            return Err(EncodeError::TlvStream);
        }
        self.octets(tlvs.octets());
        Ok(())
    }
}
