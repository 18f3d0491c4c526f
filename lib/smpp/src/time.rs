//! The times of SMPP (SMPP 3.4, 7.1): `YYMMDDhhmmsstnnp`, absolute with a zone, or relative with `R`.
//!
//! It never asks what time it is: whoever turns a relative time into a moment adds it to his own `now`.
//! Start at [`SmppTime::parse`].

#[cfg(test)]
mod tests;

use crate::calendar::{CivilTime, write_two_digits};

/// Octets of a time, without its NUL.
pub const TIME_OCTETS: usize = 16;
/// Most quarter hours that local time may be behind UTC (SMPP 3.4, 7.1.1).
const BEHIND_LIMIT: u8 = 48;
/// Most quarter hours that local time may be ahead of UTC. The specification says 48, which leaves out New
/// Zealand in summer (52) and the Line Islands (56).
const AHEAD_LIMIT: u8 = 56;
/// Minutes of one unit of the offset.
const QUARTER_MINUTES: i32 = 15;
/// Milliseconds of a second, minute, hour and day.
const SECOND_MS: u64 = 1000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;
/// Days that stand for a month of a relative time, which has no calendar to count in.
const MONTH_DAYS: u64 = 30;
/// Days that stand for a year of a relative time.
const YEAR_DAYS: u64 = 365;

/// Why octets are not a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// It does not have 16 octets.
    #[error("time has {octets} octets, not 16")]
    Length {
        /// How many it has.
        octets: usize,
    },
    /// An octet that must be a digit is none.
    #[error("time holds something other than digits")]
    Digit,
    /// The last octet is none of `+`, `-` and `R`.
    #[error("time ends in none of +, - and R")]
    Kind,
    /// The date or the offset does not exist.
    #[error("time does not exist")]
    Range,
}

/// A moment with its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AbsoluteTime {
    /// Local time, in the years 2000 to 2099.
    pub civil: CivilTime,
    /// Tenths of a second, 0 to 9.
    pub tenths: u8,
    /// Quarter hours that local time is ahead of UTC, -48 to 56.
    pub offset_quarters: i8,
}

/// A duration from the moment at which the SMSC receives it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each field is what its name says, 0 to 99")]
pub struct RelativeTime {
    pub years: u8,
    pub months: u8,
    pub days: u8,
    pub hours: u8,
    pub minutes: u8,
    pub seconds: u8,
}

/// A time of SMPP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SmppTime {
    /// A moment.
    Absolute(AbsoluteTime),
    /// A duration.
    Relative(RelativeTime),
}

impl SmppTime {
    /// Reads a time. An empty field is no time at all and gives `None`.
    ///
    /// # Errors
    /// [`TimeError`], to be answered with `ESME_RINVSCHED` or `ESME_RINVEXPIRY`.
    pub fn parse(octets: &[u8]) -> Result<Option<Self>, TimeError> {
        if octets.is_empty() {
            return Ok(None);
        }
        let fields: &[u8; TIME_OCTETS] =
            octets.try_into().map_err(|_| TimeError::Length { octets: octets.len() })?;
        let [y1, y0, mo1, mo0, d1, d0, h1, h0, mi1, mi0, s1, s0, t, n1, n0, kind] = *fields;
        let (year, month, day) = (two(y1, y0)?, two(mo1, mo0)?, two(d1, d0)?);
        let (hour, minute, second) = (two(h1, h0)?, two(mi1, mi0)?, two(s1, s0)?);
        let (tenths, quarters) = (two(b'0', t)?, two(n1, n0)?);
        let (offset, limit) = match kind {
            b'+' => (1, AHEAD_LIMIT),
            b'-' => (-1, BEHIND_LIMIT),
            // Tenths and quarters must be zero in a relative time; what they hold changes nothing.
            b'R' => {
                let relative = RelativeTime {
                    years: year,
                    months: month,
                    days: day,
                    hours: hour,
                    minutes: minute,
                    seconds: second,
                };
                return Ok(Some(Self::Relative(relative)));
            }
            _ => return Err(TimeError::Kind),
        };
        let civil = CivilTime { year: 2000 + i32::from(year), month, day, hour, minute, second };
        if !civil.is_valid() || quarters > limit {
            return Err(TimeError::Range);
        }
        let offset_quarters = i8::try_from(quarters).map_err(|_| TimeError::Range)? * offset;
        Ok(Some(Self::Absolute(AbsoluteTime { civil, tenths, offset_quarters })))
    }

    /// Milliseconds since 1970-01-01 UTC, given the moment of receipt for the relative form.
    #[must_use]
    pub fn resolve_unix_ms(self, now_unix_ms: i64) -> i64 {
        match self {
            Self::Absolute(time) => time.to_unix_ms(),
            Self::Relative(time) => {
                now_unix_ms.saturating_add(i64::try_from(time.duration_ms()).unwrap_or(i64::MAX))
            }
        }
    }

    /// The 16 octets of the field.
    #[must_use]
    pub fn to_octets(self) -> [u8; TIME_OCTETS] {
        let mut out = Vec::with_capacity(TIME_OCTETS);
        match self {
            Self::Absolute(time) => time.write(&mut out),
            Self::Relative(time) => time.write(&mut out),
        }
        out.try_into().unwrap_or([b'0'; TIME_OCTETS])
    }
}

impl AbsoluteTime {
    /// The moment in UTC; `None` outside the years 2000 to 2099, which two digits cannot tell.
    #[must_use]
    pub fn from_unix_ms(unix_ms: i64) -> Option<Self> {
        let civil = CivilTime::from_unix_ms(unix_ms, 0);
        let tenths = u8::try_from(unix_ms.rem_euclid(1000) / 100).ok()?;
        (2000..=2099).contains(&civil.year).then_some(Self { civil, tenths, offset_quarters: 0 })
    }

    /// Milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn to_unix_ms(self) -> i64 {
        let offset_minutes = i32::from(self.offset_quarters) * QUARTER_MINUTES;
        self.civil.to_unix_ms(offset_minutes) + i64::from(self.tenths) * 100
    }

    fn write(self, out: &mut Vec<u8>) {
        self.civil.write_short(out);
        write_two_digits(self.civil.second, out);
        out.push(b'0' + self.tenths % 10);
        write_two_digits(self.offset_quarters.unsigned_abs(), out);
        out.push(if self.offset_quarters < 0 { b'-' } else { b'+' });
    }
}

impl RelativeTime {
    /// The duration as whole seconds; `None` beyond 99 years.
    ///
    /// Up to 31 days are written in days, because SMSCs disagree about the length of a month.
    #[must_use]
    pub fn from_duration_ms(duration_ms: u64) -> Option<Self> {
        let days = duration_ms / DAY_MS;
        let (years, months, days) = if days <= 31 {
            (0, 0, days)
        } else {
            (days / YEAR_DAYS, days % YEAR_DAYS / MONTH_DAYS, days % YEAR_DAYS % MONTH_DAYS)
        };
        let years = u8::try_from(years).ok().filter(|years| *years <= 99)?;
        let part = |value: u64| u8::try_from(value).ok();
        Some(Self {
            years,
            months: part(months)?,
            days: part(days)?,
            hours: part(duration_ms % DAY_MS / HOUR_MS)?,
            minutes: part(duration_ms % HOUR_MS / MINUTE_MS)?,
            seconds: part(duration_ms % MINUTE_MS / SECOND_MS)?,
        })
    }

    /// The duration in milliseconds, with months of 30 and years of 365 days.
    #[must_use]
    pub fn duration_ms(self) -> u64 {
        let days =
            u64::from(self.years) * YEAR_DAYS + u64::from(self.months) * MONTH_DAYS + u64::from(self.days);
        days * DAY_MS
            + u64::from(self.hours) * HOUR_MS
            + u64::from(self.minutes) * MINUTE_MS
            + u64::from(self.seconds) * SECOND_MS
    }

    fn write(self, out: &mut Vec<u8>) {
        for value in [self.years, self.months, self.days, self.hours, self.minutes, self.seconds] {
            write_two_digits(value, out);
        }
        out.extend_from_slice(b"000R");
    }
}

/// The value of two decimal digits.
fn two(high: u8, low: u8) -> Result<u8, TimeError> {
    if high.is_ascii_digit() && low.is_ascii_digit() {
        Ok((high - b'0') * 10 + (low - b'0'))
    } else {
        Err(TimeError::Digit)
    }
}
