//! The small values of requests and documents: ids, numbers, amounts, times, networks, countries and prefixes.

use decide::prefix::{begins_with, parse_prefix};
use types::address::Msisdn;
use types::id::{MessageId, PublicId};
use types::money::{Money, format_micros, parse_micros};
use types::network::{Country, Plmn};
use types::time::Timestamp;

use super::{Target, outcome};

/// A text that any of them may read.
pub(super) const VALUES: Target = Target {
    name: "values",
    about: "ids, numbers, amounts, times, networks: reading, writing again",
    make: || Box::new(check),
    words: &[
        b"msg_",
        b"01m80tzavvehvt8m45v87v9h96",
        b"SM",
        b"-",
        b"+",
        b".",
        b" EUR",
        b"T10:00:00",
        b"+02:00",
        b"2026-11-22T10:00:00Z",
        b"9223372036854.775807",
        b"00447911123456",
        b"\xE2\x82\xAC",
    ],
    limit: 4_096,
    octets_base: 8 * 1024,
    octets_per_octet: 64,
};

fn check(input: &[u8]) -> u64 {
    let text = &*String::from_utf8_lossy(input);
    outcome((check_id(text), check_number(text), check_amount(text), check_time(text), check_network(text)))
}

fn check_id(text: &str) -> bool {
    let Some(id) = PublicId::parse(text) else {
        assert_eq!(MessageId::parse(text), None);
        return false;
    };
    assert_eq!(PublicId::new(id.key(), id.tail()), id, "key and tail make the id");
    for form in [id.base32(), id.hex(), id.uuid(), format!("SM{}", id.hex()), id.base32().to_uppercase()] {
        assert_eq!(PublicId::parse(&form), Some(id), "{form}");
    }
    // Before 1996 the decimal form is as short as a UUID, and no id is that old.
    let decimal = id.as_u128().to_string();
    assert!(decimal.len() < 37 || PublicId::parse(&decimal) == Some(id), "{decimal}");
    let message = MessageId(id);
    assert_eq!(MessageId::parse(&message.to_string()), Some(message));
    true
}

fn check_number(text: &str) -> (bool, bool) {
    let number = Msisdn::parse(text);
    if let Some(number) = number {
        for form in [number.digits(), number.e164(), format!("00{}", number.digits())] {
            assert_eq!(Msisdn::parse(&form), Some(number));
        }
        assert_eq!(Msisdn::from_u64(number.as_u64()), Some(number));
        let masked = number.masked();
        assert!(masked.contains('•') && !masked.contains(&number.digits()), "it shows");
    }
    let prefix = parse_prefix(text);
    if let (Some(number), Ok(prefix)) = (Msisdn::parse("447911123456"), &prefix) {
        assert_eq!(begins_with(number, *prefix), "447911123456".starts_with(text));
    }
    (number.is_some(), prefix.is_ok())
}

fn check_amount(text: &str) -> (bool, bool) {
    let micros = parse_micros(text);
    if let Ok(micros) = micros {
        assert_eq!(parse_micros(&format_micros(micros)), Ok(micros));
        assert_eq!(text.starts_with('-'), micros < 0 || (micros == 0 && text.starts_with('-')), "the sign");
    }
    let money = Money::parse(text);
    if let Ok(money) = money {
        assert_eq!(Money::parse(&money.to_string()), Ok(money));
    }
    (micros.is_ok(), money.is_ok())
}

fn check_time(text: &str) -> bool {
    let Some(time) = Timestamp::parse_rfc3339(text) else { return false };
    assert_eq!(Timestamp::from_civil(&time.civil()), time);
    let shown = time.to_string();
    // An offset can move the first and the last day of the calendar out of four digits.
    assert!(
        !(0..=9_999).contains(&time.civil().year) || Timestamp::parse_rfc3339(&shown) == Some(time),
        "{shown}"
    );
    true
}

fn check_network(text: &str) -> (bool, bool) {
    let plmn = Plmn::parse(text);
    assert!(plmn.is_none_or(|plmn| plmn.to_string() == text));
    let country = Country::parse(text);
    assert!(country.is_none_or(|country| country.as_str() == text.to_ascii_uppercase()));
    (plmn.is_some(), country.is_some())
}
