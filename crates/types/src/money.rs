//! Money and credit as integer micro-units with their unit; checked arithmetic, no floats.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most characters that a unit may have.
pub const UNIT_LENGTH_MAX: usize = 8;

/// Micro-units in one whole unit.
pub const MICROS_PER_UNIT: i64 = 1_000_000;

/// A currency (ISO 4217 code) or a credit unit of the operator's own, e.g. `EUR` or `SMS`:
/// 1 to 8 capital letters or digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit([u8; UNIT_LENGTH_MAX]);

impl Unit {
    /// The euro.
    pub const EUR: Self = Self(*b"EUR\0\0\0\0\0");

    /// Parses a unit code; lower case is raised.
    ///
    /// # Errors
    /// When the text is empty, too long, or has other characters than letters and digits.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let bytes = text.as_bytes();
        if bytes.is_empty() || bytes.len() > UNIT_LENGTH_MAX || !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return Err(MoneyError::Unit);
        }
        let mut code = [0; UNIT_LENGTH_MAX];
        for (to, from) in code.iter_mut().zip(bytes) {
            *to = from.to_ascii_uppercase();
        }
        Ok(Self(code))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|b| *b == 0).unwrap_or(UNIT_LENGTH_MAX);
        self.0.get(..end).and_then(|code| std::str::from_utf8(code).ok()).unwrap_or("")
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// An amount of one unit, in micro-units (1e-6 of the unit).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Money {
    /// The amount in micro-units.
    pub micros: i64,
    /// What it is an amount of.
    pub unit: Unit,
}

/// Why an amount or a unit could not be read or computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The unit is not 1 to 8 letters or digits.
    #[error("a unit must be 1 to 8 letters or digits")]
    Unit,
    /// The amount is not a decimal number with at most six decimals.
    #[error("an amount must be a decimal number with at most 6 decimals, such as 250.00")]
    Amount,
    /// The text is not an amount and a unit.
    #[error("an amount needs its unit, such as 250.00 EUR")]
    Shape,
}

impl Money {
    /// An amount of micro-units.
    pub const fn new(micros: i64, unit: Unit) -> Self {
        Self { micros, unit }
    }

    /// Adds an amount of the same unit; `None` on overflow or another unit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.unit != other.unit {
            return None;
        }
        Some(Self { micros: self.micros.checked_add(other.micros)?, unit: self.unit })
    }

    /// Multiplies by a count; `None` on overflow.
    pub fn checked_times(self, count: i64) -> Option<Self> {
        Some(Self { micros: self.micros.checked_mul(count)?, unit: self.unit })
    }

    /// Parses `250.00 EUR`.
    ///
    /// # Errors
    /// When the amount or the unit cannot be read.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let (amount, unit) = text.trim().split_once(' ').ok_or(MoneyError::Shape)?;
        Ok(Self { micros: parse_micros(amount)?, unit: Unit::parse(unit.trim())? })
    }

    /// The decimal string of the amount with at least two decimals, e.g. `0.0275` or `250.00`.
    pub fn decimal(self) -> String {
        format_micros(self.micros)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.unit)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Parses a decimal number with at most six decimals into micro-units.
///
/// # Errors
/// When the text is anything else, or too large.
pub fn parse_micros(text: &str) -> Result<i64, MoneyError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 6 || !all_digits || digits.ends_with('.') {
        return Err(MoneyError::Amount);
    }
    let padded: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let whole: i64 = whole.parse().map_err(|_| MoneyError::Amount)?;
    let fraction: i64 = padded.parse().map_err(|_| MoneyError::Amount)?;
    let micros = whole.checked_mul(MICROS_PER_UNIT).and_then(|m| m.checked_add(fraction));
    let micros = micros.ok_or(MoneyError::Amount)?;
    Ok(if negative { -micros } else { micros })
}

/// Writes micro-units as a decimal string with two to six decimals.
pub fn format_micros(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let magnitude = micros.unsigned_abs();
    let (whole, fraction) = (magnitude / 1_000_000, magnitude % 1_000_000);
    let mut decimals = format!("{fraction:06}");
    while decimals.len() > 2 && decimals.ends_with('0') {
        decimals.pop();
    }
    format!("{sign}{whole}.{decimals}")
}

#[cfg(test)]
mod tests {
    use super::{Money, Unit, format_micros, parse_micros};

    #[test]
    fn reads_and_writes_decimals() {
        let cases = [
            ("250.00", Some(250_000_000), "250.00"),
            ("0.0275", Some(27_500), "0.0275"),
            ("-1.5", Some(-1_500_000), "-1.50"),
            ("7", Some(7_000_000), "7.00"),
            ("0.000001", Some(1), "0.000001"),
            ("0.0000001", None, ""),
            ("1.", None, ""),
            (".5", None, ""),
            ("1e3", None, ""),
            ("99999999999999", None, ""),
        ];
        for (text, micros, back) in cases {
            assert_eq!(parse_micros(text).ok(), micros, "{text}");
            if let Some(micros) = micros {
                assert_eq!(format_micros(micros), back);
            }
        }
        assert_eq!(format_micros(i64::MIN), "-9223372036854.775808");
    }

    #[test]
    fn keeps_units_apart() {
        let euros = Money::parse("1.00 eur").unwrap();
        let credits = Money::new(1, Unit::parse("SMS").unwrap());
        assert_eq!(euros.to_string(), "1.00 EUR");
        assert_eq!(euros.checked_add(credits), None);
        assert!(Money::parse("1.00").is_err());
        assert!(Unit::parse("EURO€").is_err());
    }
}
