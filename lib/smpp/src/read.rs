//! Reads the field types of SMPP 3.4 (section 3.1) from a PDU body, borrowing from it.
//!
//! Every read is checked; nothing here panics or allocates, whatever the octets are.

use crate::error::{DecodeError, Field};
use crate::limits;
use crate::pdu::Strictness;
use crate::status::CommandStatus;
use crate::tlv::Tlvs;

/// A position in a PDU body.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    strictness: Strictness,
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of a body.
    pub(crate) fn new(body: &'a [u8], strictness: Strictness) -> Self {
        Self { rest: body, strictness }
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether limits are enforced.
    pub(crate) fn is_exact(&self) -> bool {
        self.strictness == Strictness::Exact
    }

    /// One octet.
    pub(crate) fn u8(&mut self, field: Field) -> Result<u8, DecodeError> {
        let (&first, rest) = self.rest.split_first().ok_or(DecodeError::Truncated { field })?;
        self.rest = rest;
        Ok(first)
    }

    /// Four octets, the highest first.
    pub(crate) fn u32(&mut self, field: Field) -> Result<u32, DecodeError> {
        let (&octets, rest) = self.rest.split_first_chunk::<4>().ok_or(DecodeError::Truncated { field })?;
        self.rest = rest;
        Ok(u32::from_be_bytes(octets))
    }

    /// A fixed number of octets.
    pub(crate) fn octets(&mut self, field: Field, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(DecodeError::Truncated { field })?;
        self.rest = rest;
        Ok(taken)
    }

    /// A C-octet string of at most `limit` octets and a NUL; the NUL is not part of the result.
    ///
    /// Tolerant reading takes any length, any octet, and a missing NUL where the body ends.
    pub(crate) fn c_string(&mut self, field: Field, limit: usize) -> Result<&'a [u8], DecodeError> {
        if self.rest.is_empty() {
            return Err(DecodeError::Truncated { field });
        }
        let end = self.rest.iter().position(|&octet| octet == 0);
        let value = match end {
            Some(end) => {
                let (value, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
                self.rest = rest.get(1..).unwrap_or_default();
                value
            }
            None if self.is_exact() && self.rest.len() > limit => {
                return Err(DecodeError::TooLong { field, limit });
            }
            None if self.is_exact() => return Err(DecodeError::Unterminated { field }),
            None => std::mem::take(&mut self.rest),
        };
        if self.is_exact() {
            if value.len() > limit {
                return Err(DecodeError::TooLong { field, limit });
            }
            if !value.is_ascii() {
                return Err(DecodeError::NotAscii { field });
            }
        }
        Ok(value)
    }

    /// A time: empty or 16 octets, and a NUL (SMPP 3.4, 7.1). Tolerant reading takes any length.
    pub(crate) fn time(&mut self, field: Field) -> Result<&'a [u8], DecodeError> {
        let value = self.c_string(field, limits::TIME)?;
        if self.is_exact() && !value.is_empty() && value.len() != limits::TIME {
            return Err(DecodeError::TimeLength { field });
        }
        Ok(value)
    }

    /// `sm_length` and the octets it counts.
    pub(crate) fn short_message(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = usize::from(self.u8(Field::MessageLength)?);
        if self.is_exact() && length > limits::SHORT_MESSAGE {
            return Err(DecodeError::TooLong { field: Field::ShortMessage, limit: limits::SHORT_MESSAGE });
        }
        self.octets(Field::ShortMessage, length)
    }

    /// Whether this is a response without a body that may be one: it reports an error (SMPP 3.4, 4.4.2),
    /// or the peer is read tolerantly.
    pub(crate) fn may_lack_body(&self, status: CommandStatus) -> bool {
        self.is_empty() && (!status.is_ok() || !self.is_exact())
    }

    /// The optional parameters that end the body.
    pub(crate) fn tlvs(&mut self) -> Result<Tlvs<'a>, DecodeError> {
        Tlvs::decode(std::mem::take(&mut self.rest), self.strictness)
    }

    /// Ends a body that has no optional parameters of its own.
    ///
    /// Well-formed TLVs are passed over, because an entity must ignore those that it does not know
    /// (SMPP 3.4, 3.3); anything else is refused when exact.
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        if self.is_exact() && !Tlvs::new(self.rest).is_whole() {
            return Err(DecodeError::StrayOctets);
        }
        Ok(())
    }
}
