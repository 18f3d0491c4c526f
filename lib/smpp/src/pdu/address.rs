//! An address with its type of number and numbering plan (SMPP 3.4, 5.2.5 to 5.2.9).
//!
//! The digits stay as the peer wrote them; normalising is not the codec's business.

use std::fmt;

use crate::error::{DecodeError, EncodeError, Field};
use crate::masked::Masked;
use crate::read::Reader;
use crate::write::Writer;

/// A source or destination address.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Address<'a> {
    /// Type of number: 0 unknown, 1 international, 2 national, 5 alphanumeric.
    pub ton: u8,
    /// Numbering plan: 0 unknown, 1 E.164.
    pub npi: u8,
    /// Digits or letters, without the NUL.
    pub digits: &'a [u8],
}

impl fmt::Debug for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({}, {}, {:?})", self.ton, self.npi, Masked(self.digits))
    }
}

/// Which fields of a PDU an address fills, so that errors blame the right one.
#[derive(Clone, Copy)]
pub(crate) struct AddressFields {
    ton: Field,
    npi: Field,
    digits: Field,
}

impl AddressFields {
    /// `source_addr` and its companions.
    pub(crate) const SOURCE: Self =
        Self { ton: Field::SourceTon, npi: Field::SourceNpi, digits: Field::SourceAddress };
    /// `destination_addr` and its companions.
    pub(crate) const DESTINATION: Self =
        Self { ton: Field::DestinationTon, npi: Field::DestinationNpi, digits: Field::DestinationAddress };
    /// `esme_addr` and its companions.
    pub(crate) const ESME: Self =
        Self { ton: Field::DestinationTon, npi: Field::DestinationNpi, digits: Field::EsmeAddress };
    /// `address_range` and its companions.
    pub(crate) const RANGE: Self =
        Self { ton: Field::AddressTon, npi: Field::AddressNpi, digits: Field::AddressRange };
}

impl<'a> Address<'a> {
    /// No address: all values zero.
    pub const EMPTY: Address<'static> = Address { ton: 0, npi: 0, digits: &[] };

    /// Reads an address whose digits have at most `limit` octets.
    pub(crate) fn read(r: &mut Reader<'a>, fields: AddressFields, limit: usize) -> Result<Self, DecodeError> {
        Ok(Self { ton: r.u8(fields.ton)?, npi: r.u8(fields.npi)?, digits: r.c_string(fields.digits, limit)? })
    }

    /// Writes an address whose digits have at most `limit` octets.
    pub(crate) fn write(
        &self,
        w: &mut Writer<'_>,
        fields: AddressFields,
        limit: usize,
    ) -> Result<(), EncodeError> {
        w.u8(self.ton);
        w.u8(self.npi);
        w.c_string(fields.digits, self.digits, limit)
    }
}
