//! How phone numbers look: grouped as their country writes them, or masked.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};
use types::address::{Address, Msisdn, mask};

/// The digits from which on an address of digits alone is taken for somebody's number.
const PRIVATE_DIGITS_MIN: usize = 7;

/// A number with the spaces of its country, e.g. `+44 7911 123456`.
pub(crate) fn grouped(number: Msisdn) -> String {
    let e164 = number.e164();
    match PHONE_NUMBER_UTIL.parse(&e164, None) {
        Ok(parsed) => PHONE_NUMBER_UTIL.format(&parsed, PhoneNumberFormat::International).into_owned(),
        Err(_) => e164,
    }
}

/// A number for a person who may or may not see it.
pub(crate) fn shown_number(number: Msisdn, unmasked: bool) -> String {
    if unmasked { grouped(number) } else { number.masked() }
}

/// An address for a person who may or may not see phone numbers. Names and short codes are shown.
pub(crate) fn shown_address(address: &Address, unmasked: bool) -> String {
    if let Some(number) = address.msisdn() {
        return shown_number(number, unmasked);
    }
    let text = address.text();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if unmasked || digits < PRIVATE_DIGITS_MIN { text.into_owned() } else { mask(&text, 3, 2) }
}

/// Whether a phone can write to this address: digits, perhaps with a plus sign.
pub(crate) fn dialable(address: &str) -> bool {
    let digits = address.strip_prefix('+').unwrap_or(address);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use types::address::Address;

    use super::shown_address;

    #[test]
    fn numbers_are_grouped_or_masked() {
        let cases = [
            ("447911123456", "+44 7911 123456", "+4479••••••56"),
            ("+32470123456", "+32 470 12 34 56", "+3247•••••56"),
            ("07911123456", "07911123456", "079••••••56"),
            ("12345", "12345", "12345"),
            ("ACME", "ACME", "ACME"),
        ];
        for (text, open, masked) in cases {
            let address = Address::from_text(text);
            assert_eq!(shown_address(&address, true), open);
            assert_eq!(shown_address(&address, false), masked);
        }
    }
}
