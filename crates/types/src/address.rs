//! Addresses: as a peer wrote them, and as the E.164 number that they mean.
//!
//! An [`Address`] keeps the octets exactly, because the customer always gets back its own string.
//! A [`Msisdn`] is read from it once, at the door. Both are personal data and print masked.

use std::fmt;

/// Octets that an address may have over SMPP 3.4 (section 5.2.8: 20 and the final NUL).
pub const ADDRESS_OCTETS_MAX: usize = 20;
/// The fewest digits of a number that is accepted as international.
pub const MSISDN_DIGITS_MIN: usize = 6;
/// The most digits of an E.164 number (ITU-T E.164, section 6).
pub const MSISDN_DIGITS_MAX: usize = 15;

/// An E.164 number without its plus sign. Prints masked; see [`Msisdn::digits`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Msisdn(u64);

impl Msisdn {
    /// Reads bare digits, country code first. `None` when the count of digits is out of range or
    /// the first digit is zero.
    pub fn from_digits(digits: &[u8]) -> Option<Self> {
        let in_range = (MSISDN_DIGITS_MIN..=MSISDN_DIGITS_MAX).contains(&digits.len());
        if !in_range || digits.first() == Some(&b'0') {
            return None;
        }
        let mut number: u64 = 0;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return None;
            }
            number = number * 10 + u64::from(digit - b'0');
        }
        Some(Self(number))
    }

    /// Reads what people type: a leading `+` or `00`, and spaces, dots, dashes, slashes and
    /// brackets between the digits. National numbers are not guessed.
    pub fn parse(text: &str) -> Option<Self> {
        let mut digits = [0_u8; 32];
        let mut length = 0;
        for (position, byte) in text.trim().bytes().enumerate() {
            match byte {
                b'+' if position == 0 => {}
                b' ' | b'-' | b'.' | b'/' | b'(' | b')' => {}
                b'0'..=b'9' => {
                    *digits.get_mut(length)? = byte;
                    length += 1;
                }
                _ => return None,
            }
        }
        let digits = digits.get(..length)?;
        Self::from_digits(digits.strip_prefix(b"00").unwrap_or(digits))
    }

    /// From the integer of [`Msisdn::as_u64`].
    pub fn from_u64(number: u64) -> Option<Self> {
        Self::from_digits(number.to_string().as_bytes())
    }

    /// The beginning of the number, with zeros for its last five digits: tells its range and nobody.
    #[must_use]
    pub const fn range(self) -> Self {
        Self(self.0 - self.0 % 100_000)
    }

    /// The digits as one integer.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The bare digits. Personal data: never log them.
    pub fn digits(self) -> String {
        self.0.to_string()
    }

    /// The digits with a plus sign. Personal data: never log them.
    pub fn e164(self) -> String {
        format!("+{}", self.0)
    }

    /// The number for people without the permission to see it: country code region and the last
    /// two digits stay, e.g. `+4479•••••••56`.
    ///
    /// Of a short number less stays: four digits are always hidden.
    pub fn masked(self) -> String {
        let text = self.e164();
        mask(&text, text.len().saturating_sub(6).min(5), 2)
    }
}

impl fmt::Debug for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Replaces all but the first `head` and last `tail` characters by dots.
pub fn mask(text: &str, head: usize, tail: usize) -> String {
    let length = text.chars().count();
    text.chars()
        .enumerate()
        .map(|(position, c)| if position < head || position + tail >= length { c } else { '•' })
        .collect()
}

/// An address as a peer wrote it: type of number, numbering plan and octets (SMPP 3.4, 5.2.5 to
/// 5.2.9). Prints masked.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Address {
    /// Type of number.
    pub ton: u8,
    /// Numbering plan indicator.
    pub npi: u8,
    /// The digits or letters, as received.
    pub octets: Box<[u8]>,
}

impl Address {
    /// Type of number: international.
    pub const TON_INTERNATIONAL: u8 = 1;
    /// Type of number: alphanumeric.
    pub const TON_ALPHANUMERIC: u8 = 5;
    /// Numbering plan: ISDN (E.163, E.164).
    pub const NPI_ISDN: u8 = 1;

    /// An address as a text from a door that knows no type of number.
    pub fn from_text(text: &str) -> Self {
        Self { ton: 0, npi: 0, octets: text.as_bytes().into() }
    }

    /// A number in international form.
    pub fn international(number: Msisdn) -> Self {
        let octets = number.digits().into_bytes().into();
        Self { ton: Self::TON_INTERNATIONAL, npi: Self::NPI_ISDN, octets }
    }

    /// The text of the address; octets that are not UTF-8 are replaced.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.octets)
    }

    /// The E.164 number that this address means, if it can be one.
    pub fn msisdn(&self) -> Option<Msisdn> {
        if self.ton == Self::TON_ALPHANUMERIC {
            return None;
        }
        std::str::from_utf8(&self.octets).ok().and_then(Msisdn::parse)
    }

    /// This address as a sender on the wire: letters become alphanumeric, up to six digits a short
    /// code (network specific), other digits international. A type stated by the peer is kept.
    pub fn as_sender(&self) -> Self {
        if self.ton != 0 {
            return self.clone();
        }
        match self.msisdn() {
            Some(number) => Self::international(number),
            None if !self.octets.is_empty() && self.octets.iter().all(u8::is_ascii_digit) => {
                Self { ton: 3, npi: 0, octets: self.octets.clone() }
            }
            None => Self { ton: Self::TON_ALPHANUMERIC, npi: 0, octets: self.octets.clone() },
        }
    }
}

/// What a carrier asks addresses to state; `None` leaves what was stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Addressing {
    /// Type of number of senders that are not names.
    pub source_ton: Option<u8>,
    /// Numbering plan of senders that are not names.
    pub source_npi: Option<u8>,
    /// Type of number of recipients.
    pub destination_ton: Option<u8>,
    /// Numbering plan of recipients.
    pub destination_npi: Option<u8>,
}

impl Addressing {
    /// A sender in normal form ([`Address::as_sender`]) as this carrier is sent it.
    #[must_use]
    pub fn source(&self, mut normal: Address) -> Address {
        if normal.ton != Address::TON_ALPHANUMERIC {
            normal.ton = self.source_ton.unwrap_or(normal.ton);
            normal.npi = self.source_npi.unwrap_or(normal.npi);
        }
        normal
    }

    /// A recipient in normal form ([`Address::international`]) as this carrier is sent it.
    #[must_use]
    pub fn destination(&self, mut normal: Address) -> Address {
        normal.ton = self.destination_ton.unwrap_or(normal.ton);
        normal.npi = self.destination_npi.unwrap_or(normal.npi);
        normal
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address {{ ton: {}, npi: {}, octets: *** }}", self.ton, self.npi)
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Addressing, Msisdn};

    #[test]
    fn carriers_say_how_numbers_are_stated() {
        let asks = Addressing { source_ton: Some(0), source_npi: Some(9), ..Addressing::default() };
        let seen = |address: Address| (address.ton, address.npi);
        assert_eq!(seen(asks.source(Address::from_text("447911123456").as_sender())), (0, 9));
        assert_eq!(seen(asks.source(Address::from_text("ACME").as_sender())), (5, 0), "names are left alone");
        let number = Address::international(Msisdn::parse("447911123456").unwrap());
        assert_eq!(seen(asks.destination(number.clone())), (1, 1));
        let asks = Addressing { destination_npi: Some(8), ..Addressing::default() };
        assert_eq!(seen(asks.destination(number)), (1, 8));
    }

    #[test]
    fn reads_numbers_as_people_write_them() {
        let cases = [
            ("+44 7911 123456", Some("447911123456")),
            (" 447911123456", Some("447911123456")),
            ("0044-7911-123456", Some("447911123456")),
            ("(1) 202.555.0100", Some("12025550100")),
            ("07911123456", None),
            ("12345", None),
            ("1234567890123456", None),
            ("44+7911123456", None),
            ("ACME", None),
            ("", None),
            ("+", None),
        ];
        for (text, digits) in cases {
            assert_eq!(Msisdn::parse(text).map(Msisdn::digits).as_deref(), digits, "{text}");
        }
    }

    #[test]
    fn prints_masked() {
        let number = Msisdn::parse("447911123456").unwrap();
        assert_eq!(format!("{number:?}"), "***");
        assert_eq!(number.masked(), "+4479••••••56");
        assert_eq!(Msisdn::parse("310012").unwrap().masked(), "+••••12");
        assert!(!format!("{:?}", Address::from_text("447911123456")).contains("4479"));
    }

    #[test]
    fn senders_get_the_type_that_they_look_like() {
        let cases = [("ACME", 5), ("447911123456", 1), ("12345", 3), ("+447911123456", 1)];
        for (text, ton) in cases {
            assert_eq!(Address::from_text(text).as_sender().ton, ton, "{text}");
        }
    }
}
