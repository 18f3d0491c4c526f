//! Numbering plans: the country of a number and whether a national number can exist.
//!
//! The library's word is display and default only: a number that it calls invalid is not
//! unroutable, because operators know ranges that it does not.

use rlibphonenumber::PhoneNumber;
use types::address::Msisdn;
use types::network::Country;

/// The country that a number belongs to by its leading digits; [`Country::UNKNOWN`] when the plan
/// does not tell.
pub fn country_of(number: Msisdn) -> Country {
    parse(&number.e164())
        .and_then(|parsed| parsed.get_region_code())
        .and_then(|region| Country::parse(&region.as_region_str()))
        .unwrap_or(Country::UNKNOWN)
}

/// Whether a number of this country code and national number can exist.
pub fn is_valid(country_code: &str, national_number: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let full = format!("+{}{}", digits(country_code), digits(national_number));
    parse(&full).is_some_and(|parsed| parsed.is_valid())
}

fn parse(e164: &str) -> Option<PhoneNumber> {
    e164.parse().ok()
}

#[cfg(test)]
mod tests {
    use types::address::Msisdn;

    use super::{country_of, is_valid};

    #[test]
    fn tells_countries() {
        let cases =
            [("447400123456", "GB"), ("32470123456", "BE"), ("12025550100", "US"), ("999999999999", "ZZ")];
        for (number, country) in cases {
            assert_eq!(country_of(Msisdn::parse(number).unwrap()).as_str(), country, "{number}");
        }
    }

    #[test]
    fn tells_numbers_that_cannot_exist() {
        assert!(is_valid("86", "13800138000"));
        assert!(is_valid("+44", "7911 123456"));
        assert!(!is_valid("44", "12"));
        assert!(!is_valid("", ""));
    }
}
