//! Inbound numbers: the numbers and short codes of the operator to which phones write, and where that goes.

use crate::address::{Address, Msisdn};
use crate::message::coded_enum;

/// Digits of a short code at the fewest; national plans begin at three.
const SHORT_CODE_DIGITS_MIN: usize = 3;
/// Digits of an inbound number at the most (ITU-T E.164, section 6).
const DIGITS_MAX: usize = 15;

/// A number or short code of the operator, as digits. It is no person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InboundNumber(u64);

impl InboundNumber {
    /// Reads a number with its country code, as people write it, or the bare digits of a short code.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(number) = Msisdn::parse(text) {
            return Some(Self(number.as_u64()));
        }
        let is_code = (SHORT_CODE_DIGITS_MIN..=DIGITS_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && !text.starts_with('0');
        if is_code { text.parse().ok().map(Self) } else { None }
    }

    /// The number that a phone wrote to, if it can be one.
    pub fn of(address: &Address) -> Option<Self> {
        if address.ton == Address::TON_ALPHANUMERIC {
            return None;
        }
        std::str::from_utf8(&address.octets).ok().and_then(Self::parse)
    }

    /// The digits as one integer, which orders numbers.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// From the integer of [`InboundNumber::as_u64`].
    pub fn from_u64(number: u64) -> Option<Self> {
        Self::parse(&number.to_string())
    }
}

impl std::fmt::Display for InboundNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

coded_enum!(
    /// Where goes what phones write to an inbound number.
    NumberRoute {
        /// Where the account is told of everything: its default address, or else its binds.
        Account = 0, "account";
        /// To one address of the account.
        Webhook = 1, "webhook";
        /// To the account's binds.
        Binds = 2, "binds";
        /// To nobody: keywords are obeyed and answered, and everything is kept.
        Keywords = 3, "keywords";
    }
);

#[cfg(test)]
mod tests {
    use super::InboundNumber;
    use crate::address::Address;

    #[test]
    fn numbers_and_short_codes_are_read() {
        let cases = [
            ("+44 7400 999-000", Some("447400999000")),
            ("00447400999000", Some("447400999000")),
            ("447400999000", Some("447400999000")),
            ("88811", Some("88811")),
            (" 123 ", Some("123")),
            ("12", None),
            ("0123", None),
            ("+123", None),
            ("07400999000", None),
            ("1234567890123456", None),
            ("ACME", None),
            ("", None),
        ];
        for (text, digits) in cases {
            let number = InboundNumber::parse(text);
            assert_eq!(number.map(|number| number.to_string()).as_deref(), digits, "{text:?}");
            assert_eq!(number.and_then(|number| InboundNumber::from_u64(number.as_u64())), number);
        }
        let code = Address { ton: 3, npi: 0, octets: b"88811"[..].into() };
        assert_eq!(InboundNumber::of(&code), InboundNumber::parse("88811"));
        let name = Address { ton: Address::TON_ALPHANUMERIC, ..code };
        assert_eq!(InboundNumber::of(&name), None);
    }
}
