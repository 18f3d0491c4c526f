//! Dates as contracts count them: days, months that clamp, and working days of a named calendar, in the
//! operator's time zone.
//!
//! Calendars are data (`data/calendars`), with their source named in each file. The rules of time zones come
//! with the library; nothing is read from the machine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::ToSpan as _;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use thiserror::Error;
use types::span::{CalendarName, Span};
use types::time::Timestamp;

/// Files of calendars, by name.
const FILES: [(&str, &str); 4] = [
    ("BE", include_str!("../../data/calendars/BE.txt")),
    ("CN", include_str!("../../data/calendars/CN.txt")),
    ("HK", include_str!("../../data/calendars/HK.txt")),
    ("IE", include_str!("../../data/calendars/IE.txt")),
];
/// The time of day at which reminders go out.
const REMINDER_TIME: Time = Time::constant(9, 0, 0, 0);
/// The last millisecond of a day.
const LAST_MOMENT: Time = Time::constant(23, 59, 59, 999_000_000);

static CALENDARS: LazyLock<BTreeMap<&'static str, Calendar>> =
    LazyLock::new(|| FILES.iter().filter_map(|(name, text)| Some((*name, Calendar::read(text)?))).collect());

/// Why a date cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DateError {
    /// There is no such calendar.
    #[error("there is no calendar {0}; there are {known}", known = names().join(", "))]
    UnknownCalendar(String),
    /// Nobody knows the holidays of that year yet.
    #[error("the calendar {0} does not reach to {1}")]
    BeyondCalendar(String, Date),
    /// There is no such time zone.
    #[error("{0:?} is no time zone; write one of the IANA database, e.g. Europe/Brussels")]
    UnknownZone(String),
    /// The date lies outside of what calendars count.
    #[error("the date lies beyond the year 9999")]
    OutOfRange,
}

/// The names of all calendars.
pub fn names() -> Vec<&'static str> {
    FILES.iter().map(|(name, _)| *name).collect()
}

/// Which days business is done on in a place.
#[derive(Clone, Debug)]
struct Calendar {
    from: Date,
    to: Date,
    off: BTreeSet<Date>,
    worked: BTreeSet<Date>,
}

impl Calendar {
    /// Reads a file; `None` when it is damaged, which a test excludes.
    fn read(text: &str) -> Option<Self> {
        let (mut from, mut to) = (None, None);
        let (mut off, mut worked) = (BTreeSet::new(), BTreeSet::new());
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split(' ');
            match (words.next()?, words.next()?) {
                ("from", date) => from = Some(date.parse().ok()?),
                ("to", date) => to = Some(date.parse().ok()?),
                (date, "off") => drop(off.insert(date.parse().ok()?)),
                (date, "work") => drop(worked.insert(date.parse().ok()?)),
                _ => return None,
            }
        }
        Some(Self { from: from?, to: to?, off, worked })
    }

    fn is_working_day(&self, date: Date) -> bool {
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        if weekend { self.worked.contains(&date) } else { !self.off.contains(&date) }
    }

    /// The date that lies so many working days away, counting from the next day (or back from the day before).
    fn working_days_from(&self, start: Date, count: u32, forward: bool) -> Option<Date> {
        let (mut date, mut left) = (start, count);
        while left > 0 {
            date = if forward { date.tomorrow() } else { date.yesterday() }.ok()?;
            if date < self.from || date > self.to {
                return None;
            }
            left -= u32::from(self.is_working_day(date));
        }
        Some(date)
    }
}

/// The calendar of this name, if there is one.
fn calendar(name: &CalendarName) -> Result<&'static Calendar, DateError> {
    CALENDARS.get(name.as_str()).ok_or_else(|| DateError::UnknownCalendar(name.as_str().to_owned()))
}

/// Whether a span's calendar is known.
///
/// # Errors
/// [`DateError::UnknownCalendar`].
pub fn check(span: &Span) -> Result<(), DateError> {
    span.calendar().map_or(Ok(()), |name| calendar(name).map(drop))
}

/// The operator's place in time.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    /// By its name in the IANA database.
    ///
    /// # Errors
    /// [`DateError::UnknownZone`].
    pub fn parse(name: &str) -> Result<Self, DateError> {
        TimeZone::get(name).map(Self).map_err(|_| DateError::UnknownZone(name.to_owned()))
    }

    /// The local date of a moment.
    ///
    /// # Errors
    /// [`DateError::OutOfRange`].
    pub fn date(&self, at: Timestamp) -> Result<Date, DateError> {
        self.zoned(at).map(|zoned| zoned.date())
    }

    fn zoned(&self, at: Timestamp) -> Result<jiff::Zoned, DateError> {
        let moment = jiff::Timestamp::from_millisecond(at.as_ms()).map_err(|_| DateError::OutOfRange)?;
        Ok(moment.to_zoned(self.0.clone()))
    }

    fn moment(&self, date: Date, time: Time) -> Result<Timestamp, DateError> {
        let zoned = date.to_datetime(time).to_zoned(self.0.clone()).map_err(|_| DateError::OutOfRange)?;
        Ok(Timestamp::from_ms(zoned.timestamp().as_millisecond()))
    }

    /// The last millisecond of a local day.
    ///
    /// # Errors
    /// [`DateError::OutOfRange`].
    pub fn end_of(&self, date: Date) -> Result<Timestamp, DateError> {
        self.moment(date, LAST_MOMENT)
    }

    /// The first millisecond of a local day.
    ///
    /// # Errors
    /// [`DateError::OutOfRange`].
    pub fn start_of(&self, date: Date) -> Result<Timestamp, DateError> {
        self.moment(date, Time::midnight())
    }

    /// The end of a period: the last millisecond of the day that lies this far after the day of `at`; of minutes
    /// and hours, exactly then.
    ///
    /// # Errors
    /// When the calendar is unknown or does not reach so far.
    pub fn end_after(&self, at: Timestamp, span: &Span) -> Result<Timestamp, DateError> {
        match exact_ms(span) {
            Some(ms) => Ok(at.plus_ms(ms)),
            None => self.end_of(shift(self.date(at)?, span, true)?),
        }
    }

    /// The moment that lies this far after `at`, at the same time of day: what a notice allows.
    ///
    /// # Errors
    /// When the calendar is unknown or does not reach so far.
    pub fn after(&self, at: Timestamp, span: &Span) -> Result<Timestamp, DateError> {
        match exact_ms(span) {
            Some(ms) => Ok(at.plus_ms(ms)),
            None => {
                let zoned = self.zoned(at)?;
                self.moment(shift(zoned.date(), span, true)?, zoned.time())
            }
        }
    }

    /// When a reminder goes out that is to come this long before `end`: in the morning of that day.
    ///
    /// # Errors
    /// When the calendar is unknown or does not reach so far.
    pub fn reminder_before(&self, end: Timestamp, span: &Span) -> Result<Timestamp, DateError> {
        match exact_ms(span) {
            Some(ms) => Ok(end.plus_ms(-ms)),
            None => self.moment(shift(self.date(end)?, span, false)?, REMINDER_TIME),
        }
    }

    /// The last moment at which something may be told that must be told this long before `at`.
    ///
    /// # Errors
    /// When the calendar is unknown or does not reach so far.
    pub fn latest_before(&self, at: Timestamp, span: &Span) -> Result<Timestamp, DateError> {
        match exact_ms(span) {
            Some(ms) => Ok(at.plus_ms(-ms)),
            None => self.end_of(shift(self.date(at)?, span, false)?),
        }
    }
}

/// Spans of minutes and hours are exact.
fn exact_ms(span: &Span) -> Option<i64> {
    match span {
        Span::Minutes(count) => Some(i64::from(*count) * 60_000),
        Span::Hours(count) => Some(i64::from(*count) * 3_600_000),
        _ => None,
    }
}

fn shift(date: Date, span: &Span, forward: bool) -> Result<Date, DateError> {
    let signed = |count: u32| if forward { i64::from(count) } else { -i64::from(count) };
    let by = match span {
        Span::Minutes(_) | Span::Hours(_) => return Ok(date),
        Span::Days(count) => signed(*count).days(),
        Span::Months(count) => signed(*count).months(),
        Span::Years(count) => signed(*count).years(),
        Span::WorkingDays(count, name) => {
            let found = calendar(name)?.working_days_from(date, *count, forward);
            return found.ok_or_else(|| DateError::BeyondCalendar(name.as_str().to_owned(), date));
        }
    };
    date.checked_add(by).map_err(|_| DateError::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn span(text: &str) -> Span {
        text.parse().unwrap()
    }

    #[test]
    fn every_calendar_is_read() {
        for (name, text) in FILES {
            let calendar = Calendar::read(text).unwrap();
            assert!(calendar.to.year() >= 2036 && calendar.off.len() > 100, "{name}");
            assert!(text.contains("# Source: holidays "), "{name} does not name its source");
        }
    }

    #[test]
    fn months_clamp_and_working_days_reach_over_holidays() {
        let cases = [
            ("2026-08-31", "6mo", "2027-02-28"),
            ("2026-11-22", "30d", "2026-12-22"),
            ("2024-02-29", "1y", "2025-02-28"),
            ("2026-12-22", "30bd@HK", "2027-02-04"),
            ("2026-11-23", "10wd@CN", "2026-12-07"),
            // A Saturday is worked so that the days after the holiday are free.
            ("2026-02-13", "1wd@CN", "2026-02-14"),
            ("2026-02-14", "1wd@CN", "2026-02-24"),
        ];
        for (from, text, to) in cases {
            assert_eq!(shift(date(from), &span(text), true), Ok(date(to)), "{from} + {text}");
        }
        assert_eq!(shift(date("2026-11-30"), &span("1wd@CN"), false), Ok(date("2026-11-27")));
    }

    #[test]
    fn what_cannot_be_counted_is_an_error() {
        let unknown = shift(date("2026-01-01"), &span("1bd@XX"), true).unwrap_err();
        assert!(
            unknown.to_string().contains("there is no calendar XX; there are BE, CN, HK, IE"),
            "{unknown}"
        );
        let beyond = shift(date("2036-12-20"), &span("30bd@HK"), true);
        assert!(matches!(beyond, Err(DateError::BeyondCalendar(..))));
        assert!(Zone::parse("Europe/Atlantis").is_err());
    }

    #[test]
    fn a_period_ends_with_its_last_local_day() {
        let hong_kong = Zone::parse("Asia/Hong_Kong").unwrap();
        // Half past eleven in the evening of the 22nd in Hong Kong.
        let at = Timestamp::parse_rfc3339("2026-11-22T15:30:00Z").unwrap();
        let end = hong_kong.end_after(at, &span("30d")).unwrap();
        assert_eq!(end, Timestamp::parse_rfc3339("2026-12-22T15:59:59.999Z").unwrap());
        assert_eq!(hong_kong.after(at, &span("30d")).unwrap().ms_since(at), 30 * 86_400_000);
        assert_eq!(hong_kong.after(at, &span("10m")).unwrap().ms_since(at), 600_000);
    }

    #[test]
    fn a_day_of_twenty_five_hours_is_one_day() {
        let brussels = Zone::parse("Europe/Brussels").unwrap();
        let at = Timestamp::parse_rfc3339("2026-10-24T10:00:00Z").unwrap();
        assert_eq!(brussels.after(at, &span("1d")).unwrap().ms_since(at), 25 * 3_600_000);
    }
}
