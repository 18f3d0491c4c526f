//! The user data header of a short message: reading and writing its information elements.
//!
//! Reads what the network sends (3GPP TS 23.040, clause 9.2.3.24) without copying, keeps elements that it
//! does not know, and reports a header that does not fit its own lengths as an error value. It never decides
//! how a text is divided. Start reading at [`split_udh`] or [`UdhBuilder`].

use std::fmt;

use crate::alphabet::{Language, NationalShift};
use crate::split::USER_DATA_OCTETS_MAX;

/// Concatenation with an 8-bit reference (clause 9.2.3.24.1).
const CONCATENATION_8: u8 = 0x00;
/// Application port addressing with 8-bit ports (clause 9.2.3.24.3).
const PORTS_8: u8 = 0x04;
/// Application port addressing with 16-bit ports (clause 9.2.3.24.4).
const PORTS_16: u8 = 0x05;
/// Concatenation with a 16-bit reference (clause 9.2.3.24.8).
const CONCATENATION_16: u8 = 0x08;
/// National language single shift (clause 9.2.3.24.15).
const SINGLE_SHIFT: u8 = 0x24;
/// National language locking shift (clause 9.2.3.24.16).
const LOCKING_SHIFT: u8 = 0x25;

/// A user data header that contradicts its own lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UdhError {
    /// There is no octet for the header length.
    Empty,
    /// The header length names more octets than there are.
    Truncated {
        /// Octets that the header length names.
        announced: usize,
        /// Octets that follow it.
        available: usize,
    },
    /// An information element reaches past the end of the header.
    ElementTruncated {
        /// Offset of the element from the start of the header, its length octet included.
        offset: usize,
    },
    /// A header under construction would leave no room in a message of 140 octets.
    TooLong,
}

impl UdhError {
    /// A stable code for refusals.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            UdhError::Empty => "udh_empty",
            UdhError::Truncated { .. } => "udh_truncated",
            UdhError::ElementTruncated { .. } => "udh_element_truncated",
            UdhError::TooLong => "udh_too_long",
        }
    }
}

impl fmt::Display for UdhError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UdhError::Empty => f.write_str("read a user data header from no octets"),
            UdhError::Truncated { announced, available } => {
                write!(f, "read a user data header of {announced} octets from {available}")
            }
            UdhError::ElementTruncated { offset } => {
                write!(f, "read the information element at octet {offset} of the user data header")
            }
            UdhError::TooLong => write!(f, "fit the user data header into {USER_DATA_OCTETS_MAX} octets"),
        }
    }
}

impl std::error::Error for UdhError {}

/// Divides user data into its header and what follows it.
///
/// # Errors
/// [`UdhError`] when the header contradicts its own lengths.
pub fn split_udh(user_data: &[u8]) -> Result<(Udh<'_>, &[u8]), UdhError> {
    let (length, after) = user_data.split_first().ok_or(UdhError::Empty)?;
    let announced = usize::from(*length);
    let truncated = UdhError::Truncated { announced, available: after.len() };
    let (octets, rest) = user_data.split_at_checked(1 + announced).ok_or(truncated)?;
    let elements = after.get(..announced).ok_or(truncated)?;
    let mut offset = 1;
    let mut unread = elements;
    while !unread.is_empty() {
        let (element, next) = take_element(unread).ok_or(UdhError::ElementTruncated { offset })?;
        offset += 2 + element.data.len();
        unread = next;
    }
    Ok((Udh { octets, elements }, rest))
}

fn take_element(octets: &[u8]) -> Option<(InformationElement<'_>, &[u8])> {
    let (identifier, after) = octets.split_first()?;
    let (length, after) = after.split_first()?;
    let (data, rest) = after.split_at_checked(usize::from(*length))?;
    Some((InformationElement { identifier: *identifier, data }, rest))
}

/// A well-formed user data header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Udh<'a> {
    octets: &'a [u8],
    elements: &'a [u8],
}

impl<'a> Udh<'a> {
    /// Reads a header that fills the octets exactly or is followed by other user data, which is ignored.
    ///
    /// # Errors
    /// [`UdhError`] when the header contradicts its own lengths.
    pub fn parse(octets: &'a [u8]) -> Result<Udh<'a>, UdhError> {
        split_udh(octets).map(|(header, _)| header)
    }

    /// The whole header, its length octet included.
    #[must_use]
    pub fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// The information elements in order, unknown ones included.
    #[must_use]
    pub fn elements(&self) -> InformationElements<'a> {
        InformationElements { unread: self.elements }
    }

    /// The concatenation that the header names. Of several the last counts, and one whose numbers make no
    /// sense is ignored, as clause 9.2.3.24.1 asks.
    #[must_use]
    pub fn concatenation(&self) -> Option<Concatenated> {
        self.elements().filter_map(InformationElement::concatenation).last()
    }

    /// The national language tables that the header names; reserved identifiers count as none.
    #[must_use]
    pub fn national_shift(&self) -> NationalShift {
        let language = |wanted| {
            self.elements()
                .filter_map(|element| match (element.identifier == wanted, element.data) {
                    (true, [identifier]) => Language::from_identifier(*identifier),
                    _ => None,
                })
                .last()
        };
        NationalShift::new(language(LOCKING_SHIFT), language(SINGLE_SHIFT))
    }

    /// The application ports that the header names, the last when there are several.
    #[must_use]
    pub fn ports(&self) -> Option<Ports> {
        self.elements()
            .filter_map(|element| match (element.identifier, element.data) {
                (PORTS_8, [destination, source]) => {
                    Some(Ports { destination: u16::from(*destination), source: u16::from(*source) })
                }
                (PORTS_16, [high, low, source_high, source_low]) => Some(Ports {
                    destination: u16::from_be_bytes([*high, *low]),
                    source: u16::from_be_bytes([*source_high, *source_low]),
                }),
                _ => None,
            })
            .last()
    }
}

/// An information element of a user data header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InformationElement<'a> {
    /// The information element identifier (3GPP TS 23.040, clause 9.2.3.24).
    pub identifier: u8,
    /// The data of the element, at most 255 octets.
    pub data: &'a [u8],
}

impl InformationElement<'_> {
    fn concatenation(self) -> Option<Concatenated> {
        let (reference, total, number, wide) = match (self.identifier, self.data) {
            (CONCATENATION_8, [reference, total, number]) => (u16::from(*reference), *total, *number, false),
            (CONCATENATION_16, [high, low, total, number]) => {
                (u16::from_be_bytes([*high, *low]), *total, *number, true)
            }
            _ => return None,
        };
        (number >= 1 && number <= total).then_some(Concatenated { reference, total, number, wide })
    }
}

/// Iterates over the information elements of a header.
#[derive(Debug, Clone)]
pub struct InformationElements<'a> {
    unread: &'a [u8],
}

impl<'a> Iterator for InformationElements<'a> {
    type Item = InformationElement<'a>;

    fn next(&mut self) -> Option<InformationElement<'a>> {
        let (element, unread) = take_element(self.unread)?;
        self.unread = unread;
        Some(element)
    }
}

/// The place of a part in a concatenated message, from a header or from the `sar_*` parameters of SMPP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Concatenated {
    /// Reference that all parts share; below 256 unless `wide`.
    pub reference: u16,
    /// Number of parts, 1 to 255.
    pub total: u8,
    /// Number of this part, 1 to `total`.
    pub number: u8,
    /// Whether the reference has 16 bits.
    pub wide: bool,
}

/// Application ports of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ports {
    /// Port of the receiving application.
    pub destination: u16,
    /// Port of the sending application.
    pub source: u16,
}

/// Writes a user data header.
#[derive(Debug, Clone, Default)]
pub struct UdhBuilder {
    elements: Vec<u8>,
}

impl UdhBuilder {
    /// Starts a header without elements.
    #[must_use]
    pub fn new() -> UdhBuilder {
        UdhBuilder::default()
    }

    /// Adds an element.
    ///
    /// # Errors
    /// [`UdhError::TooLong`] when the header would fill the 140 octets of a message.
    pub fn element(mut self, element: InformationElement<'_>) -> Result<UdhBuilder, UdhError> {
        let length = u8::try_from(element.data.len()).map_err(|_| UdhError::TooLong)?;
        // One octet goes to the header length, and a header that leaves no room for text is of no use.
        if self.elements.len() + 2 + element.data.len() + 1 >= USER_DATA_OCTETS_MAX {
            return Err(UdhError::TooLong);
        }
        self.elements.extend_from_slice(&[element.identifier, length]);
        self.elements.extend_from_slice(element.data);
        Ok(self)
    }

    /// Adds a concatenation, with the low octet of the reference unless `wide`.
    ///
    /// # Errors
    /// [`UdhError::TooLong`] as for [`UdhBuilder::element`].
    pub fn concatenation(self, place: Concatenated) -> Result<UdhBuilder, UdhError> {
        let [high, low] = place.reference.to_be_bytes();
        if place.wide {
            let data = &[high, low, place.total, place.number];
            self.element(InformationElement { identifier: CONCATENATION_16, data })
        } else {
            let data = &[low, place.total, place.number];
            self.element(InformationElement { identifier: CONCATENATION_8, data })
        }
    }

    /// Adds the elements that name national language tables, none, one or two.
    ///
    /// # Errors
    /// [`UdhError::TooLong`] as for [`UdhBuilder::element`].
    pub fn national(mut self, shift: NationalShift) -> Result<UdhBuilder, UdhError> {
        for (identifier, language) in [(SINGLE_SHIFT, shift.single()), (LOCKING_SHIFT, shift.locking())] {
            if let Some(language) = language {
                self = self.element(InformationElement { identifier, data: &[language.identifier()] })?;
            }
        }
        Ok(self)
    }

    /// Returns the header with its length octet, or no octets when it has no elements.
    ///
    /// # Errors
    /// [`UdhError::TooLong`] when the length does not fit its octet, which [`UdhBuilder::element`] rules out.
    pub fn finish(self) -> Result<Vec<u8>, UdhError> {
        let length = u8::try_from(self.elements.len()).map_err(|_| UdhError::TooLong)?;
        let mut octets = self.elements;
        if length > 0 {
            octets.insert(0, length);
        }
        Ok(octets)
    }
}

#[cfg(test)]
mod tests;
