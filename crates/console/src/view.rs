//! How values look: states, times, numbers, money and texts. Values become text or small pieces of
//! HTML here and nowhere else.
//!
//! Start at [`Piece`], the only way to put HTML into a page without escaping.

mod number;
mod state;
mod text;

use std::fmt;

use types::charge::ChargeState;
use types::money::Money;
use types::time::Timestamp;

pub(crate) use number::{dialable, grouped, shown_address};
pub(crate) use state::{Hue, connector_mark, mark, mast, meaning, word};
pub(crate) use text::{Run, excerpt, readable, runs};

/// A piece of HTML made from constants and numbers alone, which is why it is not escaped again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece(String);

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Piece {}

/// A time in a table: `2026-11-22 10:00:05` under a header that names UTC.
pub(crate) fn cell_time(at: Timestamp) -> Piece {
    Piece(format!("<time datetime=\"{at}\">{}</time>", seconds(at)))
}

/// A time in a sentence or list of facts, with the zone.
pub(crate) fn full_time(at: Timestamp) -> Piece {
    Piece(format!("<time datetime=\"{at}\">{} UTC</time>", seconds(at)))
}

/// A time to the millisecond, with the zone.
pub(crate) fn exact_time(at: Timestamp) -> Piece {
    let ms = at.civil().millisecond;
    Piece(format!("<time datetime=\"{at}\">{}.{ms:03} UTC</time>", seconds(at)))
}

/// How long ago something was; scripts keep it true.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> Piece {
    Piece(format!("<span class=\"ago\" data-ago=\"{}\">{}</span>", at.as_ms(), ago_words(now.ms_since(at))))
}

fn seconds(at: Timestamp) -> String {
    let c = at.civil();
    format!("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute, c.second)
}

/// `5 s ago`, `in 3 min`: the same words as in `console.js`.
pub(crate) fn ago_words(ms: i64) -> String {
    let seconds = ms.unsigned_abs() / 1_000;
    let amount = match seconds {
        0 => return "now".to_owned(),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    };
    if ms < 0 { format!("in {amount}") } else { format!("{amount} ago") }
}

/// A distance in time: `+182 ms`, `+1.250 s`, `+3 min 04 s`.
pub(crate) fn distance(ms: i64) -> String {
    let sign = if ms < 0 { "−" } else { "+" };
    let ms = ms.unsigned_abs();
    match ms {
        0..1_000 => format!("{sign}{ms} ms"),
        1_000..60_000 => format!("{sign}{}.{:03} s", ms / 1_000, ms % 1_000),
        60_000..3_600_000 => format!("{sign}{} min {:02} s", ms / 60_000, ms / 1_000 % 60),
        3_600_000..86_400_000 => format!("{sign}{} h {:02} min", ms / 3_600_000, ms / 60_000 % 60),
        _ => format!("{sign}{} d {:02} h", ms / 86_400_000, ms / 3_600_000 % 24),
    }
}

/// What a message cost: `0.0825 EUR = 3 × 0.0275 EUR`, or `0.10 EUR for 3 parts` where parts are not equal.
pub(crate) fn price_by_parts(price: Money, parts: u32) -> String {
    let count = i64::from(parts);
    match parts {
        0 | 1 => format!("{price} for {parts} part{}", if parts == 1 { "" } else { "s" }),
        _ if price.micros % count == 0 => {
            format!("{price} = {parts} parts × {}", Money::new(price.micros / count, price.unit))
        }
        _ => format!("{price} for {parts} parts"),
    }
}

/// What became of the money, in a few words.
pub(crate) const fn charge_words(charge: ChargeState) -> &'static str {
    match charge {
        ChargeState::None => "nothing was charged",
        ChargeState::Held => "held, not yet charged",
        ChargeState::Charged => "charged",
        ChargeState::Released => "the hold was given back",
        ChargeState::Refunded => "charged and paid back",
    }
}

/// A count with a thin space between thousands.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push('\u{202f}');
        }
        shown.push(digit);
    }
    shown
}

/// Writes a text so that it can stand in an address (RFC 3986, section 2.1).
pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use types::money::Money;
    use types::time::Timestamp;

    use super::{ago_words, count, distance, exact_time, percent_encode, price_by_parts};

    #[test]
    fn times_are_iso_with_their_zone() {
        let at = Timestamp::parse_rfc3339("2026-11-22T10:00:05.007Z").unwrap();
        let expected = "<time datetime=\"2026-11-22T10:00:05.007Z\">2026-11-22 10:00:05.007 UTC</time>";
        assert_eq!(exact_time(at).to_string(), expected);
    }

    #[test]
    fn spans_of_time_read_naturally() {
        let cases = [
            (0, "now", "+0 ms"),
            (182, "now", "+182 ms"),
            (1_250, "1 s ago", "+1.250 s"),
            (184_000, "3 min ago", "+3 min 04 s"),
            (-5_000, "in 5 s", "−5.000 s"),
            (7_500_000, "2 h ago", "+2 h 05 min"),
            (200_000_000, "2 d ago", "+2 d 07 h"),
        ];
        for (ms, ago, far) in cases {
            assert_eq!((ago_words(ms).as_str(), distance(ms).as_str()), (ago, far), "{ms}");
        }
    }

    #[test]
    fn prices_show_every_digit_and_their_parts() {
        let cases = [
            ("0.0275 EUR", 1, "0.0275 EUR for 1 part"),
            ("0.0825 EUR", 3, "0.0825 EUR = 3 parts × 0.0275 EUR"),
            ("0.10 EUR", 3, "0.10 EUR for 3 parts"),
            ("0.00 EUR", 0, "0.00 EUR for 0 parts"),
        ];
        for (price, parts, shown) in cases {
            assert_eq!(price_by_parts(Money::parse(price).unwrap(), parts), shown);
        }
    }

    #[test]
    fn counts_and_addresses() {
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(12), "12");
        assert_eq!(percent_encode("/a b?c=é"), "%2Fa%20b%3Fc%3D%C3%A9");
    }
}
