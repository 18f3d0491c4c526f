//! Calendar arithmetic for the times of SMPP and the dates of receipts: the proleptic Gregorian calendar, and
//! days counted from 1970-01-01.
//!
//! It knows no time zone and no clock; offsets are given by the caller in minutes.

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;
/// Days of 400 years.
const ERA_DAYS: i64 = 146_097;

/// A moment as a calendar and a wall clock show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CivilTime {
    /// Year, for example 2026.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
}

impl CivilTime {
    /// What a wall clock shows `offset_minutes` east of UTC at `unix_ms` milliseconds since 1970-01-01.
    ///
    /// Years outside -9999..=9999 are cut to that range's ends, which no message can reach.
    #[must_use]
    pub fn from_unix_ms(unix_ms: i64, offset_minutes: i32) -> Self {
        const LIMIT_MS: i64 = 253_402_300_799_000;
        let bounded = unix_ms.clamp(-LIMIT_MS, LIMIT_MS);
        let local = bounded + i64::from(offset_minutes) * 60_000;
        let (year, month, day) = civil_from_days(local.div_euclid(DAY_MS));
        let seconds = local.rem_euclid(DAY_MS) / 1000;
        Self {
            year,
            month,
            day,
            hour: small(seconds / 3600),
            minute: small(seconds / 60 % 60),
            second: small(seconds % 60),
        }
    }

    /// Milliseconds since 1970-01-01 UTC, when the wall clock stands `offset_minutes` east of UTC.
    #[must_use]
    pub fn to_unix_ms(self, offset_minutes: i32) -> i64 {
        let days = days_from_civil(self.year, self.month, self.day);
        let minutes = i64::from(self.hour) * 60 + i64::from(self.minute) - i64::from(offset_minutes);
        days * DAY_MS + minutes * 60_000 + i64::from(self.second) * 1000
    }

    /// Whether such a moment exists. Second 60 does not.
    #[must_use]
    pub fn is_valid(self) -> bool {
        (1..=12).contains(&self.month)
            && (1..=days_of_month(self.year, self.month)).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60
    }

    /// Appends `YYMMDDhhmm`, the form of dates in receipts.
    pub fn write_short(self, out: &mut Vec<u8>) {
        let year = small(i64::from(self.year.rem_euclid(100)));
        for value in [year, self.month, self.day, self.hour, self.minute] {
            write_two_digits(value, out);
        }
    }
}

/// Appends the last two decimal digits of a value.
pub(crate) fn write_two_digits(value: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'0' + value / 10 % 10, b'0' + value % 10]);
}

/// Narrows a value that is known to be small.
fn small(value: i64) -> u8 {
    u8::try_from(value).unwrap_or(0)
}

fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_month(year: i32, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Years begin in March here, so that the leap day is the last of its year.
fn days_from_civil(year: i32, month: u8, day: u8) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * ERA_DAYS + day_of_era - EPOCH_DAYS
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i32, u8, u8) {
    let shifted = days + EPOCH_DAYS;
    let era = shifted.div_euclid(ERA_DAYS);
    let day_of_era = shifted.rem_euclid(ERA_DAYS);
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / (ERA_DAYS - 1);
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = small(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    let month = small((month_from_march + 2) % 12 + 1);
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (i32::try_from(year).unwrap_or(0), month, day)
}

#[cfg(test)]
mod tests {
    use super::{CivilTime, DAY_MS};

    #[test]
    fn known_moments() {
        for (unix_ms, offset, shown) in [
            (0, 0, (1970, 1, 1, 0, 0, 0)),
            (951_782_400_000, 0, (2000, 2, 29, 0, 0, 0)),
            (1_795_343_400_000, 0, (2026, 11, 22, 10, 30, 0)),
            (1_795_343_400_000, 330, (2026, 11, 22, 16, 0, 0)),
            (1_795_343_400_000, -720, (2026, 11, 21, 22, 30, 0)),
            (-1000, 0, (1969, 12, 31, 23, 59, 59)),
        ] {
            let time = CivilTime::from_unix_ms(unix_ms, offset);
            assert_eq!((time.year, time.month, time.day, time.hour, time.minute, time.second), shown);
            assert_eq!(time.to_unix_ms(offset), unix_ms);
            assert!(time.is_valid());
        }
    }

    #[test]
    fn every_day_of_four_centuries_goes_both_ways() {
        let mut previous = CivilTime::from_unix_ms(-DAY_MS, 0);
        for day in 0..146_097 {
            let time = CivilTime::from_unix_ms(day * DAY_MS, 0);
            assert!(time.is_valid() && time > previous);
            assert_eq!(time.to_unix_ms(0), day * DAY_MS);
            previous = time;
        }
    }

    #[test]
    fn moments_that_do_not_exist() {
        let noon = CivilTime { year: 2026, month: 2, day: 28, hour: 12, minute: 0, second: 0 };
        assert!(noon.is_valid());
        for bad in [
            CivilTime { day: 29, ..noon },
            CivilTime { day: 0, ..noon },
            CivilTime { month: 13, ..noon },
            CivilTime { month: 0, ..noon },
            CivilTime { hour: 24, ..noon },
            CivilTime { minute: 60, ..noon },
            CivilTime { second: 60, ..noon },
        ] {
            assert!(!bad.is_valid(), "{bad:?}");
        }
    }
}
