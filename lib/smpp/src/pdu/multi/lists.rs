//! The destination list of `submit_multi` and the list of refused ones in its response.
//!
//! A borrowed list was checked when it was read; a buffer builds one to send.

use std::fmt;

use crate::error::{DecodeError, EncodeError, Field};
use crate::limits;
use crate::masked::Masked;
use crate::pdu::Strictness;
use crate::pdu::address::{Address, AddressFields};
use crate::read::Reader;
use crate::status::CommandStatus;
use crate::write::Writer;

/// `dest_flag` of an address.
const FLAG_ADDRESS: u8 = 1;
/// `dest_flag` of a distribution list.
const FLAG_LIST: u8 = 2;

/// One destination of `submit_multi`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Destination<'a> {
    /// A phone; up to 20 octets.
    Address(Address<'a>),
    /// The name of a distribution list at the SMSC; up to 20 octets.
    DistributionList(&'a [u8]),
}

impl fmt::Debug for Destination<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::DistributionList(name) => write!(f, "DistributionList({:?})", Masked(name)),
        }
    }
}

impl<'a> Destination<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        match r.u8(Field::DestinationFlag)? {
            FLAG_ADDRESS => Address::read(r, AddressFields::DESTINATION, limits::ADDRESS).map(Self::Address),
            FLAG_LIST => {
                r.c_string(Field::DistributionList, limits::DISTRIBUTION_LIST).map(Self::DistributionList)
            }
            _ => Err(DecodeError::InvalidValue { field: Field::DestinationFlag }),
        }
    }

    fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Address(address) => {
                w.u8(FLAG_ADDRESS);
                address.write(w, AddressFields::DESTINATION, limits::ADDRESS)
            }
            Self::DistributionList(name) => {
                w.u8(FLAG_LIST);
                w.c_string(Field::DistributionList, name, limits::DISTRIBUTION_LIST)
            }
        }
    }
}

/// One refused destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsuccess<'a> {
    /// Who was refused.
    pub destination: Address<'a>,
    /// Why.
    pub status: CommandStatus,
}

impl<'a> Unsuccess<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            destination: Address::read(r, AddressFields::DESTINATION, limits::ADDRESS)?,
            status: CommandStatus(r.u32(Field::UnsuccessStatus)?),
        })
    }

    fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        self.destination.write(w, AddressFields::DESTINATION, limits::ADDRESS)?;
        w.u32(self.status.0);
        Ok(())
    }
}

macro_rules! list {
    ($list:ident, $iter:ident, $buffer:ident, $item:ident, $list_doc:literal, $buffer_doc:literal) => {
        #[doc = $list_doc]
        #[derive(Clone, Copy, Default, PartialEq, Eq)]
        pub struct $list<'a> {
            octets: &'a [u8],
            count: u8,
        }

        impl<'a> $list<'a> {
            /// How many entries it has.
            #[must_use]
            pub fn len(&self) -> usize {
                usize::from(self.count)
            }

            /// Whether it has none.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.count == 0
            }

            /// The entries in their order.
            #[must_use]
            pub fn iter(&self) -> $iter<'a> {
                // The limits were enforced when the list was made, so reading again may be tolerant.
                $iter { reader: Reader::new(self.octets, Strictness::Tolerant) }
            }

            /// Reads `count` entries and keeps the octets that they cover.
            fn read_entries(r: &mut Reader<'a>, count: u8) -> Result<Self, DecodeError> {
                let before = r.rest();
                for _ in 0..count {
                    $item::read(r)?;
                }
                let length = before.len().saturating_sub(r.rest().len());
                Ok(Self { octets: before.get(..length).unwrap_or_default(), count })
            }
        }

        impl fmt::Debug for $list<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_list().entries(self.iter()).finish()
            }
        }

        /// Iterates over the entries of the list.
        pub struct $iter<'a> {
            reader: Reader<'a>,
        }

        impl fmt::Debug for $iter<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($iter)).field(&Masked(self.reader.rest())).finish()
            }
        }

        impl<'a> Iterator for $iter<'a> {
            type Item = $item<'a>;

            fn next(&mut self) -> Option<$item<'a>> {
                if self.reader.is_empty() { None } else { $item::read(&mut self.reader).ok() }
            }
        }

        #[doc = $buffer_doc]
        #[derive(Clone, Default)]
        pub struct $buffer {
            octets: Vec<u8>,
            count: u8,
        }

        impl $buffer {
            /// Makes an empty buffer.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            /// The list, to put into a PDU.
            #[must_use]
            pub fn as_list(&self) -> $list<'_> {
                $list { octets: &self.octets, count: self.count }
            }

            /// Appends an entry.
            ///
            /// # Errors
            /// [`EncodeError`] for a field beyond its limit or a list that is full; the buffer is then unchanged.
            pub fn push(&mut self, entry: $item<'_>) -> Result<(), EncodeError> {
                let full = EncodeError::Count { field: Field::NumberOfDestinations };
                let count =
                    self.count.checked_add(1).filter(|count| usize::from(*count) <= limits::DESTINATIONS);
                let count = count.ok_or(full)?;
                let start = self.octets.len();
                let written = entry.write(&mut Writer::new(&mut self.octets));
                match written {
                    Ok(()) => self.count = count,
                    Err(_) => self.octets.truncate(start),
                }
                written
            }
        }

        impl fmt::Debug for $buffer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.as_list().fmt(f)
            }
        }
    };
}

list!(
    Destinations,
    DestinationIter,
    DestinationBuffer,
    Destination,
    "The destinations of a `submit_multi`.",
    "Builds the destinations of a `submit_multi`, at most 254."
);
list!(
    UnsuccessList,
    UnsuccessIter,
    UnsuccessBuffer,
    Unsuccess,
    "The refused destinations of a `submit_multi_resp`.",
    "Builds the refused destinations of a `submit_multi_resp`, at most 254."
);

impl<'a> Destinations<'a> {
    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let count = r.u8(Field::NumberOfDestinations)?;
        if r.is_exact() && !(1..=limits::DESTINATIONS).contains(&usize::from(count)) {
            return Err(DecodeError::InvalidValue { field: Field::NumberOfDestinations });
        }
        Self::read_entries(r, count)
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        if self.is_empty() || self.len() > limits::DESTINATIONS {
            return Err(EncodeError::Count { field: Field::NumberOfDestinations });
        }
        w.u8(self.count);
        // Entry by entry, because a list that was read tolerantly may break the limits.
        self.iter().try_for_each(|entry| entry.write(w))
    }
}

impl<'a> UnsuccessList<'a> {
    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let count = r.u8(Field::NumberUnsuccessful)?;
        Self::read_entries(r, count)
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) -> Result<(), EncodeError> {
        w.u8(self.count);
        self.iter().try_for_each(|entry| entry.write(w))
    }
}
