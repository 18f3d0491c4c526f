//! Times of the day where a recipient is: quiet hours, at which it is not to be disturbed, a time to send at on its
//! own clock, and what was found out about that clock.
//!
//! Nothing is computed here; `decide::quiet` does. Start at [`QuietHours`].

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::message::coded_enum;
use crate::time::{Timestamp, days_in_month};

/// Minutes of a day.
pub const MINUTES_PER_DAY: u16 = 1_440;
/// The names of the days, as documents write them.
pub const DAY_NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A time of the day on some clock, to the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// From minutes since midnight; `None` beyond the day.
    pub const fn from_minutes(minutes: u16) -> Option<Self> {
        if minutes < MINUTES_PER_DAY { Some(Self(minutes)) } else { None }
    }

    /// Minutes since midnight.
    pub const fn minutes(self) -> u16 {
        self.0
    }

    /// Reads `21:00`; `None` for everything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let number = |digits: &str| -> Option<u16> {
            let is_two = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            if is_two { digits.parse().ok() } else { None }
        };
        let (hour, minute) = (number(hour)?, number(minute)?);
        if hour < 24 && minute < 60 { Self::from_minutes(hour * 60 + minute) } else { None }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// Days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days(u8);

impl Days {
    /// All seven.
    pub const ALL: Self = Self(0b111_1111);

    /// The days of these names; `None` for no name, and for one that is no day.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut bits = 0;
        for name in names {
            bits |= 1_u8 << DAY_NAMES.iter().position(|day| *day == name)?;
        }
        Self::from_bits(bits)
    }

    /// The stored number: a bit for each day, Monday the lowest.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The days of a stored number; `None` for no day, and for one that no version wrote.
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits != 0 && bits <= Self::ALL.0 { Some(Self(bits)) } else { None }
    }

    /// Whether a day is among them, counted from Monday as zero.
    pub const fn contains(self, day: u8) -> bool {
        day < 7 && self.0 & 1 << day != 0
    }

    /// Their names, from Monday on.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        DAY_NAMES.into_iter().zip(0_u8..).filter(move |(_, day)| self.contains(*day)).map(|(name, _)| name)
    }
}

/// Hours at which a recipient is not disturbed, on its own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// When they begin.
    pub from: TimeOfDay,
    /// When they end: on the next day where this is not later than `from`, so that the same time twice is a
    /// whole day.
    pub to: TimeOfDay,
    /// The days on which they begin.
    pub days: Days,
}

impl QuietHours {
    /// Reads hours as documents write them; no days are all days.
    ///
    /// # Errors
    /// The name of the member that cannot be read, and what is expected there.
    pub fn parse(
        from: &str,
        to: &str,
        days: Option<&[String]>,
    ) -> Result<Self, (&'static str, &'static str)> {
        let time = |text: &str, name| TimeOfDay::parse(text).ok_or((name, "expected a time such as 21:00"));
        let (from, to) = (time(from, "from")?, time(to, "to")?);
        let days = days.map(|days| if days.len() > DAY_NAMES.len() { &[] } else { days });
        let names = days.map(|days| Days::parse(days.iter().map(String::as_str)));
        let days = names.unwrap_or(Some(Days::ALL));
        Ok(Self { from, to, days: days.ok_or(("days", "expected days such as mon and sun"))? })
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}–{}", self.from, self.to)?;
        if self.days != Days::ALL {
            write!(f, " from {}", self.days.names().collect::<Vec<_>>().join(", "))?;
        }
        Ok(())
    }
}

/// Quiet hours as documents write them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHoursText {
    /// When they begin, e.g. `21:00`.
    pub from: String,
    /// When they end, e.g. `08:00`.
    pub to: String,
    /// The days on which they begin; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Vec<String>>,
}

impl QuietHoursText {
    /// Writes hours.
    pub fn of(hours: &QuietHours) -> Self {
        let days = (hours.days != Days::ALL).then(|| hours.days.names().map(str::to_owned).collect());
        Self { from: hours.from.to_string(), to: hours.to.to_string(), days }
    }

    /// Reads them.
    ///
    /// # Errors
    /// As [`QuietHours::parse`].
    pub fn read(&self) -> Result<QuietHours, (&'static str, &'static str)> {
        QuietHours::parse(&self.from, &self.to, self.days.as_deref())
    }
}

/// What a sender wishes of quiet hours for one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum QuietWish {
    /// Those of its account.
    #[default]
    Usual,
    /// None; those of the operator hold all the same.
    None,
    /// These, whatever the class of the message.
    Hours(QuietHours),
}

/// A date of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalDate {
    /// The year.
    pub year: i16,
    /// The month, 1..=12.
    pub month: i8,
    /// The day, 1..=31.
    pub day: i8,
}

/// A time on the clock where a recipient is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// The date there; `None` for the next day on which the time is still to come.
    pub date: Option<LocalDate>,
    /// The time.
    pub time: TimeOfDay,
}

impl LocalTime {
    /// Reads `09:30` or `2026-11-22T09:30`; `None` for everything else.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((date, time)) = text.split_once('T') else {
            return TimeOfDay::parse(text).map(|time| Self { date: None, time });
        };
        let mut pieces = date.split('-');
        let (year, month, day) = (pieces.next()?, pieces.next()?, pieces.next()?);
        let is_plain = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
        if pieces.next().is_some() || !is_plain(year, 4) || !is_plain(month, 2) || !is_plain(day, 2) {
            return None;
        }
        let date = LocalDate { year: year.parse().ok()?, month: month.parse().ok()?, day: day.parse().ok()? };
        let (of_month, of_day) = (u32::try_from(date.month).ok()?, u32::try_from(date.day).ok()?);
        let exists = (1..=12).contains(&of_month)
            && (1..=days_in_month(i64::from(date.year), of_month)).contains(&of_day);
        if exists { Some(Self { date: Some(date), time: TimeOfDay::parse(time)? }) } else { None }
    }
}

/// What a sender states about the recipient's clock.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RecipientTime {
    /// The zone that the recipient is known to be in (IANA); `None` for what its number tells.
    pub zone: Option<Box<str>>,
    /// Not before this time there.
    pub at: Option<LocalTime>,
    /// At which hours it is not to be disturbed.
    pub quiet: QuietWish,
}

coded_enum!(
    /// Who asked for quiet hours.
    QuietSource {
        /// The operator, for the country and the kind of traffic.
        Operator = 0, "operator";
        /// The account, for its messages.
        Account = 1, "account";
        /// The sender of the message.
        Message = 2, "message";
    }
);

coded_enum!(
    /// Where the knowledge of a recipient's zone comes from.
    ZoneSource {
        /// The leading digits of its number.
        Number = 0, "number";
        /// The sender, who knows the recipient.
        Stated = 1, "stated";
        /// Nowhere: the time of the world (UTC) stands in.
        Unknown = 2, "unknown";
    }
);

/// What steered the time of a message: the recipient's clock, and the quiet hours that it fell into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFinding {
    /// The zones in which the recipient may be; quiet hours and local times hold in all of them.
    pub zones: Box<[Box<str>]>,
    /// Where they come from.
    pub source: ZoneSource,
    /// The version of the table of zones.
    pub table_version: Box<str>,
    /// When the message would have been sent without quiet hours.
    pub due_at: Timestamp,
    /// The quiet hours that it fell into, and who asked for them; `None` when it was sent at a local time that is
    /// in none.
    pub held_by: Option<(QuietSource, QuietHours)>,
}

#[cfg(test)]
mod tests {
    use super::{Days, LocalDate, LocalTime, QuietHours, QuietHoursText, TimeOfDay};

    #[test]
    fn times_are_read_strictly_and_lead_back() {
        for text in ["00:00", "08:05", "23:59"] {
            assert_eq!(TimeOfDay::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "8:00", "24:00", "12:60", "12:5", "12.00", "+1:00", "12:00:00", "１２:00"] {
            assert_eq!(TimeOfDay::parse(text), None, "{text:?}");
        }
        assert_eq!(TimeOfDay::from_minutes(1_440), None);
    }

    #[test]
    fn local_times_are_read_with_and_without_a_date() {
        let date = Some(LocalDate { year: 2028, month: 2, day: 29 });
        let time = TimeOfDay::parse("09:30").unwrap();
        assert_eq!(LocalTime::parse("2028-02-29T09:30"), Some(LocalTime { date, time }));
        assert_eq!(LocalTime::parse("09:30"), Some(LocalTime { date: None, time }));
        for text in ["2027-02-29T09:30", "2028-13-01T09:30", "2028-2-1T09:30", "2028-02-29T09:30Z", "T09:30"]
        {
            assert_eq!(LocalTime::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn hours_are_read_as_they_are_written() {
        let days = ["sat".to_owned(), "mon".to_owned()];
        let hours = QuietHours::parse("21:00", "08:00", Some(&days)).unwrap();
        assert_eq!(hours.to_string(), "21:00–08:00 from mon, sat");
        assert_eq!(QuietHoursText::of(&hours).read(), Ok(hours));
        let all = QuietHours::parse("21:00", "08:00", None).unwrap();
        assert_eq!((all.days, QuietHoursText::of(&all).days), (Days::ALL, None));
        let field = |from, to, days: Option<&[String]>| QuietHours::parse(from, to, days).unwrap_err().0;
        assert_eq!(field("9", "08:00", None), "from");
        assert_eq!(field("21:00", "", None), "to");
        assert_eq!(field("21:00", "08:00", Some(&[])), "days");
        assert_eq!(field("21:00", "08:00", Some(&["Mon".to_owned()])), "days");
    }

    #[test]
    fn days_lead_back() {
        for bits in 0..=u8::MAX {
            let days = Days::from_bits(bits);
            assert_eq!(days.is_some(), (1..128).contains(&bits));
            assert_eq!(days.and_then(|days| Days::parse(days.names())), days);
        }
    }
}
