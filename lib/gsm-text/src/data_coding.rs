//! The `data_coding` octet of SMPP and the decoding of message bodies by it.
//!
//! The values below 0x10 are those of SMPP 3.4, section 5.2.19; from 0x10 on the octet is read as the data
//! coding scheme of 3GPP TS 23.038, clause 4, which is what carriers pass through. The octet itself is kept,
//! so an unknown value travels unchanged. It never guesses an alphabet from the body. Start reading at
//! [`DataCoding`].

use crate::alphabet::{Alphabet, NationalShift, REPLACEMENT, decode_into};

/// A `data_coding` octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DataCoding(u8);

/// The message class: where a handset should put a message (3GPP TS 23.038, clause 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum MessageClass {
    /// Shown at once and not stored, known as a flash message.
    Class0 = 0,
    /// Stored in the handset.
    Class1 = 1,
    /// Stored on the SIM.
    Class2 = 2,
    /// Passed to attached equipment.
    Class3 = 3,
}

/// The two ways to write a message class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ClassForm {
    /// Values 0xF0 to 0xF7, which SMPP 3.4 names. UCS-2 has no such value and uses the other form.
    #[default]
    ClassGroup,
    /// Values 0x10 to 0x1B of the general group, which some carriers want instead.
    GeneralGroup,
}

/// What waits for the subscriber (3GPP TS 23.038, clause 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WaitingKind {
    /// Voice mail.
    Voicemail,
    /// Fax.
    Fax,
    /// Electronic mail.
    Email,
    /// Something else.
    Other,
}

/// A message waiting indication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageWaiting {
    /// What waits.
    pub kind: WaitingKind,
    /// Whether the indication is switched on rather than off.
    pub active: bool,
    /// Whether the message is to be stored as well.
    pub store: bool,
}

impl DataCoding {
    /// 0x00: the default alphabet of the message centre.
    pub const DEFAULT: DataCoding = DataCoding(0x00);
    /// 0x01: IA5, that is ASCII.
    pub const IA5: DataCoding = DataCoding(0x01);
    /// 0x03: ISO-8859-1.
    pub const LATIN1: DataCoding = DataCoding(0x03);
    /// 0x04: octets. 0x02 means the same and is read but never written.
    pub const OCTETS: DataCoding = DataCoding(0x04);
    /// 0x06: ISO-8859-5.
    pub const CYRILLIC: DataCoding = DataCoding(0x06);
    /// 0x07: ISO-8859-8.
    pub const HEBREW: DataCoding = DataCoding(0x07);
    /// 0x08: UCS-2.
    pub const UCS2: DataCoding = DataCoding(0x08);

    /// Takes the octet as it came.
    #[must_use]
    pub fn from_octet(octet: u8) -> DataCoding {
        DataCoding(octet)
    }

    /// The octet as it came or as it is to be sent.
    #[must_use]
    pub fn octet(self) -> u8 {
        self.0
    }

    /// The value for a body in this alphabet. GSM 7-bit is written as the default alphabet.
    #[must_use]
    pub fn for_alphabet(alphabet: Alphabet) -> DataCoding {
        match alphabet {
            Alphabet::Gsm7 | Alphabet::Gsm7National(_) => DataCoding::DEFAULT,
            Alphabet::Ucs2 => DataCoding::UCS2,
            Alphabet::Ascii => DataCoding::IA5,
            Alphabet::Latin1 => DataCoding::LATIN1,
            Alphabet::Cyrillic => DataCoding::CYRILLIC,
            Alphabet::Hebrew => DataCoding::HEBREW,
            Alphabet::Octets => DataCoding::OCTETS,
        }
    }

    /// The value for a body in this alphabet and with a message class; `None` for ASCII and the ISO
    /// alphabets, which no value combines with a class.
    #[must_use]
    pub fn with_class(alphabet: Alphabet, class: MessageClass, form: ClassForm) -> Option<DataCoding> {
        let group = match (alphabet, form) {
            (Alphabet::Gsm7 | Alphabet::Gsm7National(_), ClassForm::ClassGroup) => 0xF0,
            (Alphabet::Gsm7 | Alphabet::Gsm7National(_), ClassForm::GeneralGroup) => 0x10,
            (Alphabet::Octets, ClassForm::ClassGroup) => 0xF4,
            (Alphabet::Octets, ClassForm::GeneralGroup) => 0x14,
            (Alphabet::Ucs2, ClassForm::ClassGroup | ClassForm::GeneralGroup) => 0x18,
            (Alphabet::Ascii | Alphabet::Latin1 | Alphabet::Cyrillic | Alphabet::Hebrew, _) => return None,
        };
        Some(DataCoding(group | class as u8))
    }

    /// The alphabet of the body. `default_alphabet` is what the link means by 0x00 and by reserved values.
    /// `None` for what this crate cannot read: the Japanese and Korean sets, pictograms and compressed text.
    #[must_use]
    pub fn alphabet(self, default_alphabet: Alphabet) -> Option<Alphabet> {
        match self.0 {
            0x00 | 0x0B | 0x0C | 0x0F | 0x80..=0xBF => Some(default_alphabet),
            0x01 => Some(Alphabet::Ascii),
            0x02 | 0x04 => Some(Alphabet::Octets),
            0x03 => Some(Alphabet::Latin1),
            0x06 => Some(Alphabet::Cyrillic),
            0x07 => Some(Alphabet::Hebrew),
            0x08 => Some(Alphabet::Ucs2),
            0x05 | 0x09 | 0x0A | 0x0D | 0x0E => None,
            // General and automatic deletion groups: bit 5 is compression, bits 3 and 2 are the alphabet.
            0x10..=0x7F => match (self.0 & 0x20, self.0 & 0x0C) {
                (0, 0x04) => Some(Alphabet::Octets),
                (0, 0x08) => Some(Alphabet::Ucs2),
                (0, _) => Some(Alphabet::Gsm7),
                _ => None,
            },
            0xC0..=0xDF => Some(Alphabet::Gsm7),
            0xE0..=0xEF => Some(Alphabet::Ucs2),
            0xF0..=0xFF if self.0 & 0x04 != 0 => Some(Alphabet::Octets),
            0xF0..=0xFF => Some(Alphabet::Gsm7),
        }
    }

    /// The message class, where the value has one.
    #[must_use]
    pub fn message_class(self) -> Option<MessageClass> {
        match self.0 {
            0x10..=0x1F | 0x30..=0x3F | 0x50..=0x5F | 0x70..=0x7F | 0xF0..=0xFF => {
                Some(match self.0 & 0x03 {
                    0 => MessageClass::Class0,
                    1 => MessageClass::Class1,
                    2 => MessageClass::Class2,
                    _ => MessageClass::Class3,
                })
            }
            _ => None,
        }
    }

    /// The message waiting indication, where the value is one (0xC0 to 0xEF).
    #[must_use]
    pub fn message_waiting(self) -> Option<MessageWaiting> {
        let store = match self.0 {
            0xC0..=0xCF => false,
            0xD0..=0xEF => true,
            _ => return None,
        };
        let kind = match self.0 & 0x03 {
            0 => WaitingKind::Voicemail,
            1 => WaitingKind::Fax,
            2 => WaitingKind::Email,
            _ => WaitingKind::Other,
        };
        Some(MessageWaiting { kind, active: self.0 & 0x08 != 0, store })
    }
}

/// A body read as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedText {
    /// The text, with U+FFFD in place of what could not be read.
    pub text: String,
    /// Whether something could not be read exactly, so that the octets cannot be had back from the text.
    pub lossy: bool,
}

/// Reads a body by its data coding. Takes any octets, unpacked and without a user data header.
///
/// `national_shift` comes from the header and applies to GSM 7-bit bodies. A body in an alphabet that cannot
/// be read becomes one U+FFFD per octet.
#[must_use]
pub fn decode(
    data_coding: DataCoding,
    default_alphabet: Alphabet,
    octets_without_udh: &[u8],
    national_shift: NationalShift,
) -> DecodedText {
    match data_coding.alphabet(default_alphabet) {
        Some(Alphabet::Gsm7) if !national_shift.is_none() => {
            decode_alphabet(octets_without_udh, Alphabet::Gsm7National(national_shift))
        }
        Some(alphabet) => decode_alphabet(octets_without_udh, alphabet),
        None => DecodedText {
            text: octets_without_udh.iter().map(|_| REPLACEMENT).collect(),
            lossy: !octets_without_udh.is_empty(),
        },
    }
}

/// Reads a body in a known alphabet. Takes any octets, unpacked and without a user data header.
#[must_use]
pub fn decode_alphabet(octets_without_udh: &[u8], alphabet: Alphabet) -> DecodedText {
    let mut text = String::with_capacity(octets_without_udh.len());
    let lossy = decode_into(&mut text, octets_without_udh, alphabet);
    DecodedText { text, lossy }
}

#[cfg(test)]
mod tests;
