//! The `Retry-After` header (RFC 9110, section 10.2.3), as seconds or as a date.
//!
//! No clock is read: a date counts from the answer's own `Date` header.

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use types::time::{Civil, Timestamp};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The seconds to wait, if the headers tell any.
pub(super) fn seconds(headers: &HeaderMap) -> Option<u32> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let wished = text(RETRY_AFTER)?.trim();
    if let Ok(seconds) = wished.parse() {
        return Some(seconds);
    }
    let wait_ms = http_date(wished)?.ms_since(http_date(text(DATE)?.trim())?);
    u32::try_from(wait_ms.max(0) / 1_000).ok()
}

/// Reads the preferred form of a date: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    let mut words = text.split_ascii_whitespace().skip(1);
    let day = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = u32::try_from(MONTHS.iter().position(|month| *month == name)? + 1).ok()?;
    let year = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(str::parse::<u32>);
    let mut next = || clock.next()?.ok();
    let (hour, minute, second) = (next()?, next()?, next()?);
    let civil = Civil { year, month, day, hour, minute, second, millisecond: 0 };
    Some(Timestamp::from_civil(&civil))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

    #[test]
    fn reads_seconds_and_dates() {
        for (wished, expected) in [
            ("120", Some(120)),
            (" 5 ", Some(5)),
            ("-1", None),
            ("soon", None),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("Sun, 06 Nov 1994", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, wished.parse().unwrap());
            headers.insert(DATE, "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
            assert_eq!(super::seconds(&headers), expected, "{wished}");
        }
    }
}
