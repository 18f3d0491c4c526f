//! Numbering plans: the country of a number and whether a national number can exist.
//!
//! The library's word is display and default only: a number that it calls invalid is not
//! unroutable, because operators know ranges that it does not.

use rlibphonenumber::{PhoneNumber, PhoneNumberFormat, PhoneNumberType};
use types::address::Msisdn;
use types::network::{Country, NumberKind};

/// The country that a number belongs to by its leading digits; [`Country::UNKNOWN`] when the plan
/// does not tell.
pub fn country_of(number: Msisdn) -> Country {
    parse(&number.e164())
        .and_then(|parsed| parsed.get_region_code())
        .and_then(|region| Country::parse(&region.as_region_str()))
        .unwrap_or(Country::UNKNOWN)
}

/// What the numbering plan of its country says of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// What kind of line it is.
    pub kind: NumberKind,
    /// As it is written abroad, e.g. `+44 7400 123456`.
    pub international: String,
    /// As it is written in its country, e.g. `07400 123456`.
    pub national: String,
}

/// What the numbering plan of its country says of a number.
pub fn describe(number: Msisdn) -> Description {
    let e164 = number.e164();
    let Some(parsed) = parse(&e164) else {
        return Description { kind: NumberKind::Unknown, international: e164, national: number.digits() };
    };
    let kind = match parsed.get_type() {
        PhoneNumberType::FixedLine => NumberKind::FixedLine,
        PhoneNumberType::Mobile => NumberKind::Mobile,
        PhoneNumberType::FixedLineOrMobile => NumberKind::FixedLineOrMobile,
        PhoneNumberType::TollFree => NumberKind::TollFree,
        PhoneNumberType::PremiumRate => NumberKind::PremiumRate,
        PhoneNumberType::SharedCost => NumberKind::SharedCost,
        PhoneNumberType::VoIP => NumberKind::Voip,
        PhoneNumberType::PersonalNumber => NumberKind::Personal,
        PhoneNumberType::Pager => NumberKind::Pager,
        PhoneNumberType::UAN => NumberKind::CompanyWide,
        PhoneNumberType::VoiceMail => NumberKind::Voicemail,
        PhoneNumberType::Unknown => NumberKind::Unknown,
    };
    Description {
        kind,
        international: parsed.format_as(PhoneNumberFormat::International).into_owned(),
        national: parsed.format_as(PhoneNumberFormat::National).into_owned(),
    }
}

/// Whether a number of this country code and national number can exist.
pub fn is_valid(country_code: &str, national_number: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let full = format!("+{}{}", digits(country_code), digits(national_number));
    parse(&full).is_some_and(|parsed| parsed.is_valid())
}

/// The country code of a number whose leading digits say nothing of where in that country it belongs, such as a mobile
/// phone's in most countries; `None` for a number of a place, and for one of the code 1, whose area codes are of
/// countries.
pub fn code_of_no_place(number: Msisdn) -> Option<u64> {
    let parsed = parse(&number.e164())?;
    let code = u64::try_from(parsed.country_code).ok()?;
    (code != 1 && !parsed.is_geographical()).then_some(code)
}

fn parse(e164: &str) -> Option<PhoneNumber> {
    e164.parse().ok()
}

#[cfg(test)]
mod tests {
    use types::address::Msisdn;

    use types::network::NumberKind;

    use super::{country_of, describe, is_valid};

    #[test]
    fn tells_countries() {
        let cases =
            [("447400123456", "GB"), ("32470123456", "BE"), ("12025550100", "US"), ("999999999999", "ZZ")];
        for (number, country) in cases {
            assert_eq!(country_of(Msisdn::parse(number).unwrap()).as_str(), country, "{number}");
        }
    }

    #[test]
    fn tells_what_a_number_is_and_how_it_is_written() {
        use NumberKind as Kind;
        let cases = [
            ("447400123456", Kind::Mobile, "+44 7400 123456", "07400 123456"),
            ("442079460000", Kind::FixedLine, "+44 20 7946 0000", "020 7946 0000"),
            ("12025550100", Kind::FixedLineOrMobile, "+1 202-555-0100", "(202) 555-0100"),
            ("18005550100", Kind::TollFree, "+1 800-555-0100", "(800) 555-0100"),
            ("999999999999", Kind::Unknown, "+999999999999", "999999999999"),
        ];
        for (number, kind, international, national) in cases {
            let known = describe(Msisdn::parse(number).unwrap());
            assert_eq!(known.kind, kind, "{number}");
            assert_eq!((known.international.as_str(), known.national.as_str()), (international, national));
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
