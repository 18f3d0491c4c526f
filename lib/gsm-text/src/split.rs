//! Division of a message into parts, and the count of parts that is quoted, charged and sent.
//!
//! [`count`] walks the text without allocating; [`split`] encodes it and cuts the octets. The two are written
//! independently and are tested to agree. Neither ever cuts an escape pair or a surrogate pair, which can
//! leave a unit of a part unused. Start reading at [`split()`].

use crate::alphabet::{Alphabet, ESCAPE, Language, NationalShift, NotEncodable, encode};
use crate::data_coding::DataCoding;
use crate::pack::{fill_bits, packed_len};
use crate::udh::{Concatenated, InformationElement, UdhBuilder, UdhError};

mod count;
mod error;

pub use count::{PartCount, count, count_body, count_in, count_octets, count_with, smallest_alphabet};
pub use error::SplitError;

/// Octets of user data in a short message, header included (3GPP TS 23.040, clause 9.2.3.24).
pub const USER_DATA_OCTETS_MAX: usize = 140;

/// Parts of a concatenated message; the field has one octet. A longer text is refused.
pub const MAX_PARTS: u8 = 255;

/// How the parts of a message are tied together on the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Concatenation {
    /// User data header with an 8-bit reference: 153 septets or 67 UTF-16 units in a part.
    #[default]
    Udh8,
    /// User data header with a 16-bit reference: 152 septets or 66 UTF-16 units in a part.
    Udh16,
    /// The `sar_*` parameters of SMPP. The carrier turns them into an 8-bit header, so the sizes are the
    /// same.
    SarTlv,
    /// One part of any length for `message_payload`. The carrier divides it, and it bills as divided.
    Payload,
}

/// What a split depends on besides the text.
#[derive(Debug, Clone, Copy)]
pub struct SplitOptions<'a> {
    /// How the parts are tied together.
    pub concatenation: Concatenation,
    /// Reference that the parts share; an 8-bit header takes its low octet.
    pub reference: u16,
    /// Languages whose national tables may be used where they save parts; none by default.
    pub national: &'a [Language],
    /// The alphabet to use; `None` takes the smallest that holds the text, by [`smallest_alphabet`].
    pub alphabet: Option<Alphabet>,
    /// Information elements to repeat in every part, such as application ports; they take room.
    pub elements: &'a [InformationElement<'a>],
    /// Most billed parts that are allowed. More are refused, never cut off.
    pub max_parts: u8,
}

impl Default for SplitOptions<'_> {
    /// An 8-bit header with reference 0, no national tables, no further elements, and up to 255 parts.
    fn default() -> Self {
        SplitOptions {
            concatenation: Concatenation::Udh8,
            reference: 0,
            national: &[],
            alphabet: None,
            elements: &[],
            max_parts: MAX_PARTS,
        }
    }
}

/// A message in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The alphabet of the bodies.
    pub alphabet: Alphabet,
    /// The form really used: as asked, except that a message whose parts need a header for another reason is
    /// tied together by that header too, because SMPP forbids `sar_*` parameters beside a header.
    pub concatenation: Concatenation,
    /// The reference that the parts share.
    pub reference: u16,
    /// The parts in order, at least one.
    pub parts: Vec<Part>,
    /// Parts to bill: those of concatenation with an 8-bit reference, whatever form was asked for. Can be
    /// lower than the number of parts with [`Concatenation::Udh16`].
    pub billed_parts: u8,
}

impl Split {
    /// The data coding of the parts, without a message class.
    #[must_use]
    pub fn data_coding(&self) -> DataCoding {
        DataCoding::for_alphabet(self.alphabet)
    }
}

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The complete user data header, its length octet included; empty when the part has none.
    pub header: Vec<u8>,
    /// The body: one septet per octet for GSM 7-bit, UTF-16 big-endian for UCS-2, else octets.
    pub body: Vec<u8>,
    /// Number of the part, from 1.
    pub number: u8,
    /// Number of parts.
    pub total: u8,
    /// Units in the body: septets, UTF-16 code units or octets.
    pub units: usize,
}

impl Part {
    /// Header and body in one, as `short_message` carries them.
    #[must_use]
    pub fn user_data(&self) -> Vec<u8> {
        [self.header.as_slice(), self.body.as_slice()].concat()
    }

    /// Octets that the part takes on the air in this alphabet, with septets packed; at most 140 unless it is
    /// a payload.
    #[must_use]
    pub fn packed_octets(&self, alphabet: Alphabet) -> usize {
        if alphabet.is_septets() {
            self.header.len() + packed_len(self.body.len(), fill_bits(self.header.len()))
        } else {
            self.header.len() + self.body.len()
        }
    }
}

/// Divides a text into parts.
///
/// # Errors
/// [`SplitError`] when the alphabet asked for does not hold the text, when the text needs more parts than
/// allowed, or when the further elements leave no room.
pub fn split(text: &str, options: &SplitOptions<'_>) -> Result<Split, SplitError> {
    let alphabet = options.alphabet.unwrap_or_else(|| smallest_alphabet(text, options.national));
    let body = encode(text, alphabet)?;
    split_body(&body, alphabet, options)
}

/// Divides an encoded body into parts, such as a binary message or one that arrived as a payload. The
/// alphabet is given here; `alphabet` and `national` of the options are not looked at.
///
/// # Errors
/// [`SplitError::TooManyParts`] or [`SplitError::NoRoom`].
pub fn split_body(body: &[u8], alphabet: Alphabet, options: &SplitOptions<'_>) -> Result<Split, SplitError> {
    let element_octets = options.elements.iter().map(|element| 2 + element.data.len()).sum::<usize>();
    let billed = Room::new(alphabet, element_octets, CONCATENATION_8_OCTETS)?;
    let needed = cut(body, alphabet, billed).count();
    let limit = options.max_parts;
    let Some(billed_parts) = u8::try_from(needed).ok().filter(|needed| *needed <= limit) else {
        return Err(SplitError::TooManyParts { needed, limit });
    };
    let has_header = element_octets > 0 || !alphabet.national().is_none();
    let concatenation = match options.concatenation {
        Concatenation::SarTlv if has_header && billed_parts > 1 => Concatenation::Udh8,
        asked => asked,
    };
    let bodies: Vec<&[u8]> = match concatenation {
        Concatenation::Udh8 | Concatenation::SarTlv => cut(body, alphabet, billed).collect(),
        Concatenation::Udh16 => {
            cut(body, alphabet, Room::new(alphabet, element_octets, CONCATENATION_16_OCTETS)?).collect()
        }
        Concatenation::Payload => vec![body],
    };
    // A 16-bit reference can need one part more than the billed ones, past what the field can say.
    let limit = MAX_PARTS;
    let total =
        u8::try_from(bodies.len()).map_err(|_| SplitError::TooManyParts { needed: bodies.len(), limit })?;
    let parts = (1..=total).zip(bodies).map(|(number, body)| {
        let place = Concatenated {
            reference: options.reference,
            total,
            number,
            wide: concatenation == Concatenation::Udh16,
        };
        let header = header(alphabet.national(), options.elements, place, concatenation)?;
        Ok(Part {
            header,
            body: body.to_vec(),
            number,
            total,
            units: body.len().div_ceil(alphabet.unit_octets()),
        })
    });
    let parts = parts.collect::<Result<Vec<_>, UdhError>>().map_err(|_| SplitError::NoRoom)?;
    Ok(Split { alphabet, concatenation, reference: options.reference, parts, billed_parts })
}

/// Writes the header of a part: concatenation where there are several parts, then national tables, then the
/// rest.
fn header(
    national: NationalShift,
    elements: &[InformationElement<'_>],
    place: Concatenated,
    concatenation: Concatenation,
) -> Result<Vec<u8>, UdhError> {
    let mut builder = UdhBuilder::new();
    if place.total > 1 && matches!(concatenation, Concatenation::Udh8 | Concatenation::Udh16) {
        builder = builder.concatenation(place)?;
    }
    builder = builder.national(national)?;
    for element in elements {
        builder = builder.element(*element)?;
    }
    builder.finish()
}

/// Octets of the concatenation element with an 8-bit reference.
const CONCATENATION_8_OCTETS: usize = 5;
/// Octets of the concatenation element with a 16-bit reference.
const CONCATENATION_16_OCTETS: usize = 6;

/// Units that fit into a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Room {
    /// Units in a message of one part.
    alone: usize,
    /// Units in each of several parts.
    each: usize,
}

impl Room {
    /// The least room with which cutting goes on: one pair.
    const LEAST: Room = Room { alone: 2, each: 2 };

    /// Works out the room beside the header: 160 and 153 septets, or 70 and 67 UTF-16 units, without further
    /// elements. A part must hold at least one pair, or cutting could not go on.
    fn new(
        alphabet: Alphabet,
        element_octets: usize,
        concatenation_octets: usize,
    ) -> Result<Room, SplitError> {
        let elements = element_octets + alphabet.national().element_octets();
        let room = |elements: usize| {
            let header = if elements == 0 { 0 } else { 1 + elements };
            let octets = USER_DATA_OCTETS_MAX.saturating_sub(header);
            if alphabet.is_septets() { octets * 8 / 7 } else { octets / alphabet.unit_octets() }
        };
        let each = room(elements + concatenation_octets);
        if each < 2 { Err(SplitError::NoRoom) } else { Ok(Room { alone: room(elements), each }) }
    }
}

/// Cuts a body into parts; an empty body is one empty part.
fn cut(body: &[u8], alphabet: Alphabet, room: Room) -> impl Iterator<Item = &[u8]> {
    let unit_octets = alphabet.unit_octets();
    let whole = body.len() <= room.alone * unit_octets;
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let body = rest?;
        let limit = room.each * unit_octets;
        if whole || body.len() <= limit {
            return rest.take();
        }
        let (part, after) = body.split_at_checked(limit - open_pair_octets(body, limit, alphabet))?;
        rest = Some(after);
        Some(part)
    })
}

/// Octets before `limit` that begin a pair which a cut at `limit` would break; 0 when it breaks none.
fn open_pair_octets(body: &[u8], limit: usize, alphabet: Alphabet) -> usize {
    let Some((before, after)) = body.split_at_checked(limit) else {
        return 0;
    };
    match alphabet {
        // Of a run of escapes at the end, two at a time are pairs of their own.
        Alphabet::Gsm7 | Alphabet::Gsm7National(_) => {
            before.iter().rev().take_while(|septet| **septet == ESCAPE).count() % 2
        }
        Alphabet::Ucs2 => match (before, after) {
            ([.., 0xD8..=0xDB, _], [0xDC..=0xDF, ..]) => 2,
            _ => 0,
        },
        Alphabet::Ascii | Alphabet::Latin1 | Alphabet::Cyrillic | Alphabet::Hebrew | Alphabet::Octets => 0,
    }
}

#[cfg(test)]
mod tests;
