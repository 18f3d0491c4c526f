//! The alphabets of short messages and the conversion of characters to septets and octets and back.
//!
//! Works on unpacked septets (one per octet), as SMPP carries them; packing is in `pack`. It never counts
//! parts and never chooses an alphabet. Start reading at [`Alphabet`], then [`encode`].

use std::fmt;

mod default;
mod indic_locking;
mod indic_single;
mod latin;
mod national;

pub use national::{Language, NationalShift};

use default::{EXTENDED, NO_CODE};

/// The septet that introduces a character of the extension or single shift table (3GPP TS 23.038, clause
/// 6.2.1).
pub(crate) const ESCAPE: u8 = 0x1B;

/// What an undecodable code becomes.
pub(crate) const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// The way in which the characters of a message are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alphabet {
    /// GSM 7-bit default alphabet with its extension table (3GPP TS 23.038, clause 6.2.1); a unit is a
    /// septet.
    Gsm7,
    /// GSM 7-bit with national language tables (3GPP TS 23.038, annex A), named by elements in the user data
    /// header; a unit is a septet.
    Gsm7National(NationalShift),
    /// UCS-2, in practice UTF-16 big-endian; a unit is a 16-bit code unit.
    Ucs2,
    /// IA5, that is ASCII; a unit is an octet.
    Ascii,
    /// ISO-8859-1; a unit is an octet.
    Latin1,
    /// ISO-8859-5; a unit is an octet.
    Cyrillic,
    /// ISO-8859-8; a unit is an octet.
    Hebrew,
    /// Binary; a unit is an octet. As text, each octet is read as the ISO-8859-1 character of its value.
    Octets,
}

impl Alphabet {
    /// The national language tables in force, none for every alphabet but [`Alphabet::Gsm7National`].
    #[must_use]
    pub fn national(self) -> NationalShift {
        match self {
            Alphabet::Gsm7National(shift) => shift,
            Alphabet::Gsm7
            | Alphabet::Ucs2
            | Alphabet::Ascii
            | Alphabet::Latin1
            | Alphabet::Cyrillic
            | Alphabet::Hebrew
            | Alphabet::Octets => NationalShift::NONE,
        }
    }

    /// Whether a unit is a septet, so that eight of them fit into seven octets on the air.
    #[must_use]
    pub fn is_septets(self) -> bool {
        matches!(self, Alphabet::Gsm7 | Alphabet::Gsm7National(_))
    }

    /// Octets that a unit takes in an unpacked body: 2 for UCS-2, otherwise 1.
    #[must_use]
    pub fn unit_octets(self) -> usize {
        match self {
            Alphabet::Ucs2 => 2,
            Alphabet::Gsm7
            | Alphabet::Gsm7National(_)
            | Alphabet::Ascii
            | Alphabet::Latin1
            | Alphabet::Cyrillic
            | Alphabet::Hebrew
            | Alphabet::Octets => 1,
        }
    }

    /// Units that a character takes in this alphabet, 1 or 2, or `None` when the alphabet does not hold it.
    #[must_use]
    pub fn units_of(self, character: char) -> Option<usize> {
        match self {
            Alphabet::Gsm7 => match default::code_of(character) {
                NO_CODE => None,
                code if code & EXTENDED == 0 => Some(1),
                _ => Some(2),
            },
            Alphabet::Gsm7National(shift) => shift.septets_of(character).map(Septets::len),
            Alphabet::Ucs2 => Some(character.len_utf16()),
            Alphabet::Ascii | Alphabet::Latin1 | Alphabet::Cyrillic | Alphabet::Hebrew | Alphabet::Octets => {
                octet_of(self, character).map(|_| 1)
            }
        }
    }
}

/// One character in septets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Septets {
    /// A septet of the default alphabet or the locking shift table.
    Plain(u8),
    /// A septet of the extension or single shift table, to be sent after an escape.
    Extended(u8),
}

impl Septets {
    /// Number of septets.
    fn len(self) -> usize {
        match self {
            Septets::Plain(_) => 1,
            Septets::Extended(_) => 2,
        }
    }
}

/// Looks up a character in the default alphabet and its extension table.
fn default_septets(character: char) -> Option<Septets> {
    match default::code_of(character) {
        NO_CODE => None,
        code if code & EXTENDED == 0 => Some(Septets::Plain(code)),
        code => Some(Septets::Extended(code & !EXTENDED)),
    }
}

/// A character that the asked-for alphabet does not hold. Its display names the place only, since the
/// character is part of somebody's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotEncodable {
    /// Byte offset of the character in the text.
    pub offset: usize,
    /// The character.
    pub character: char,
}

impl fmt::Display for NotEncodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "encode the character at byte {} in the alphabet asked for", self.offset)
    }
}

impl std::error::Error for NotEncodable {}

/// Encodes a text: one septet per octet for the 7-bit alphabets, UTF-16 big-endian for UCS-2, else one octet
/// per character.
///
/// # Errors
/// The first character that the alphabet does not hold.
pub fn encode(text: &str, alphabet: Alphabet) -> Result<Vec<u8>, NotEncodable> {
    let mut body = Vec::with_capacity(text.len().saturating_mul(alphabet.unit_octets()));
    for (offset, character) in text.char_indices() {
        let missing = NotEncodable { offset, character };
        match alphabet {
            Alphabet::Gsm7 => push_septets(&mut body, default_septets(character).ok_or(missing)?),
            Alphabet::Gsm7National(shift) => {
                push_septets(&mut body, shift.septets_of(character).ok_or(missing)?)
            }
            Alphabet::Ucs2 => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    body.extend_from_slice(&unit.to_be_bytes());
                }
            }
            Alphabet::Ascii | Alphabet::Latin1 | Alphabet::Cyrillic | Alphabet::Hebrew | Alphabet::Octets => {
                body.push(octet_of(alphabet, character).ok_or(missing)?);
            }
        }
    }
    Ok(body)
}

fn push_septets(body: &mut Vec<u8>, septets: Septets) {
    match septets {
        Septets::Plain(septet) => body.push(septet),
        Septets::Extended(septet) => body.extend_from_slice(&[ESCAPE, septet]),
    }
}

/// Decodes a body into `text`; returns whether anything was lost.
pub(crate) fn decode_into(text: &mut String, body: &[u8], alphabet: Alphabet) -> bool {
    match alphabet {
        Alphabet::Gsm7 | Alphabet::Gsm7National(_) => decode_septets(text, body, alphabet.national()),
        Alphabet::Ucs2 => decode_utf16(text, body),
        Alphabet::Ascii | Alphabet::Latin1 | Alphabet::Cyrillic | Alphabet::Hebrew | Alphabet::Octets => {
            let mut lossy = false;
            for octet in body {
                let character = character_of(alphabet, *octet);
                lossy |= character.is_none();
                text.push(character.unwrap_or(REPLACEMENT));
            }
            lossy
        }
    }
}

/// Decodes unpacked septets by the rules of 3GPP TS 23.038: a code that the extension table leaves undefined
/// shows as the same code of the main table, a second escape and a lone escape at the end as a space.
fn decode_septets(text: &mut String, body: &[u8], shift: NationalShift) -> bool {
    let mut lossy = false;
    let mut septets = body.iter().copied();
    while let Some(septet) = septets.next() {
        let (character, exact) = if septet == ESCAPE {
            match septets.next() {
                None | Some(ESCAPE) => (Some(' '), false),
                Some(code) => match shift.single_character(code) {
                    Some(character) => (Some(character), true),
                    None => (shift.locking_character(code), false),
                },
            }
        } else {
            (shift.locking_character(septet), true)
        };
        lossy |= !exact || character.is_none();
        text.push(character.unwrap_or(REPLACEMENT));
    }
    lossy
}

fn decode_utf16(text: &mut String, body: &[u8]) -> bool {
    let mut lossy = false;
    let (units, rest) = body.as_chunks::<2>();
    for decoded in char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit))) {
        lossy |= decoded.is_err();
        text.push(decoded.unwrap_or(REPLACEMENT));
    }
    if !rest.is_empty() {
        text.push(REPLACEMENT);
        lossy = true;
    }
    lossy
}

/// Reads an octet of a one-octet alphabet; `None` where the alphabet leaves it undefined.
fn character_of(alphabet: Alphabet, octet: u8) -> Option<char> {
    let same = char::from(octet);
    if octet < 0x80 {
        return Some(same);
    }
    let wide = u32::from(octet);
    match alphabet {
        Alphabet::Ascii => None,
        Alphabet::Cyrillic => match octet {
            0x80..=0xA0 | 0xAD => Some(same),
            0xF0 => Some('№'),
            0xFD => Some('§'),
            _ => char::from_u32(0x0401 + (wide - 0xA1)),
        },
        Alphabet::Hebrew => match octet {
            0xA1 | 0xBF..=0xDE | 0xFB | 0xFC | 0xFF => None,
            0xAA => Some('×'),
            0xBA => Some('÷'),
            0xDF => Some('\u{2017}'),
            0xE0..=0xFA => char::from_u32(0x05D0 + (wide - 0xE0)),
            0xFD => Some('\u{200E}'),
            0xFE => Some('\u{200F}'),
            _ => Some(same),
        },
        Alphabet::Gsm7 | Alphabet::Gsm7National(_) | Alphabet::Ucs2 | Alphabet::Latin1 | Alphabet::Octets => {
            Some(same)
        }
    }
}

/// Finds the octet of a character in a one-octet alphabet.
fn octet_of(alphabet: Alphabet, character: char) -> Option<u8> {
    if character.is_ascii() {
        return u8::try_from(character).ok();
    }
    (0x80..=0xFF).find(|octet| character_of(alphabet, *octet) == Some(character))
}

#[cfg(test)]
mod tests;
