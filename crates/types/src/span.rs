//! Lengths of time as terms state them: days, months, and working days of a named calendar.
//!
//! A span is not a number of seconds: a month has as many days as it has, and ten working days reach over
//! holidays. What a span means from a given moment is decided by `decide::terms::calendar`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest number in front of a unit; no contract reaches further.
const COUNT_MAX: u32 = 36_500;
/// Letters of a calendar's name.
const CALENDAR_NAME_MAX: usize = 8;

/// The name of a calendar of working days, e.g. `HK`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CalendarName(String);

impl TryFrom<String> for CalendarName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let refused = || format!("{text:?} is no name of a calendar; write capital letters, e.g. HK");
        Self::parse(&text).ok_or_else(refused)
    }
}

impl From<CalendarName> for String {
    fn from(name: CalendarName) -> Self {
        name.0
    }
}

impl CalendarName {
    /// Reads a name: capital letters and hyphens, at most 8.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (2..=CALENDAR_NAME_MAX).contains(&text.len());
        (fits && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'-')).then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A length of time. The text form is a number and a unit: `10m` (minutes), `72h`, `30d`, `12mo`, `7y`,
/// `30bd@HK` (business days of Hong Kong; `wd` means the same).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Span {
    /// Minutes of 60 seconds.
    Minutes(u32),
    /// Hours of 60 minutes.
    Hours(u32),
    /// Days of the calendar.
    Days(u32),
    /// Months of the calendar; a day that the last month does not have becomes its last day.
    Months(u32),
    /// Years of the calendar; 29 February becomes the 28th.
    Years(u32),
    /// Days on which business is done in the place of the calendar.
    WorkingDays(u32, CalendarName),
}

impl Span {
    /// Nothing at all.
    pub const ZERO: Self = Self::Days(0);

    /// Whether it is no time at all.
    pub const fn is_zero(&self) -> bool {
        matches!(
            self,
            Self::Minutes(0)
                | Self::Hours(0)
                | Self::Days(0)
                | Self::Months(0)
                | Self::Years(0)
                | Self::WorkingDays(0, _)
        )
    }

    /// The calendar that it needs.
    pub const fn calendar(&self) -> Option<&CalendarName> {
        match self {
            Self::WorkingDays(_, name) => Some(name),
            _ => None,
        }
    }

    /// The fewest whole days that it can last, to compare spans of different units.
    pub const fn days_at_least(&self) -> u32 {
        match self {
            Self::Minutes(count) => *count / 1_440,
            Self::Hours(count) => *count / 24,
            Self::Days(count) | Self::WorkingDays(count, _) => *count,
            // Any twelve months have at least 365 days; a single one has at least 28.
            Self::Months(count) => (*count / 12) * 365 + (*count % 12) * 28,
            Self::Years(count) => *count * 365,
        }
    }
}

/// A text that is no span.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{text:?} is no length of time; write a number and a unit, e.g. 10m (minutes), 72h, 30d, 12mo, 7y or \
     30bd@HK (business days of Hong Kong)"
)]
pub struct NotASpan {
    text: String,
}

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        read(text).ok_or_else(|| NotASpan { text: text.chars().take(40).collect() })
    }
}

fn read(text: &str) -> Option<Span> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let count = number.parse::<u32>().ok().filter(|count| *count <= COUNT_MAX)?;
    let span = match unit {
        "m" => Span::Minutes(count),
        "h" => Span::Hours(count),
        "d" => Span::Days(count),
        "mo" => Span::Months(count),
        "y" => Span::Years(count),
        _ => {
            let name = unit.strip_prefix("bd@").or_else(|| unit.strip_prefix("wd@"))?;
            Span::WorkingDays(count, CalendarName::parse(name)?)
        }
    };
    Some(span)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minutes(count) => write!(f, "{count}m"),
            Self::Hours(count) => write!(f, "{count}h"),
            Self::Days(count) => write!(f, "{count}d"),
            Self::Months(count) => write!(f, "{count}mo"),
            Self::Years(count) => write!(f, "{count}y"),
            Self::WorkingDays(count, name) => write!(f, "{count}bd@{}", name.as_str()),
        }
    }
}

impl TryFrom<String> for Span {
    type Error = NotASpan;

    fn try_from(text: String) -> Result<Self, NotASpan> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{CalendarName, Span};

    #[test]
    fn spans_are_read_and_written() {
        let hong_kong = CalendarName::parse("HK").unwrap();
        let cases = [
            ("10m", Span::Minutes(10)),
            ("72h", Span::Hours(72)),
            ("0d", Span::Days(0)),
            ("12mo", Span::Months(12)),
            ("7y", Span::Years(7)),
            ("30bd@HK", Span::WorkingDays(30, hong_kong)),
        ];
        for (text, span) in cases {
            assert_eq!(text.parse::<Span>(), Ok(span.clone()), "{text}");
            assert_eq!(span.to_string(), text);
        }
        assert_eq!("1wd@CN".parse::<Span>().unwrap().to_string(), "1bd@CN");
    }

    #[test]
    fn what_is_no_span_is_named() {
        for text in
            ["", "30", "d", "-1d", "1.5d", "30 d", "30bd", "30bd@", "30bd@hk", "99999999d", "1w", "٣d"]
        {
            let error = text.parse::<Span>().unwrap_err().to_string();
            assert!(error.contains("is no length of time"), "{text}: {error}");
        }
    }
}
