//! Longest-prefix look-up over the digits of a number.

use std::collections::HashMap;

use types::address::{MSISDN_DIGITS_MAX, Msisdn};

/// Values by leading digits; the longest prefix that a number has wins. The empty prefix holds
/// for every number.
#[derive(Clone, Debug)]
pub struct PrefixMap<T> {
    by_prefix: HashMap<(u8, u64), T>,
    longest: u8,
}

impl<T> Default for PrefixMap<T> {
    fn default() -> Self {
        Self { by_prefix: HashMap::new(), longest: 0 }
    }
}

/// Reads a prefix: at most fifteen digits.
///
/// # Errors
/// A sentence that says what a prefix is.
pub fn parse_prefix(text: &str) -> Result<(u8, u64), String> {
    if text.len() > MSISDN_DIGITS_MAX || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!(
            "prefix {text:?} must be at most {MSISDN_DIGITS_MAX} digits, without a plus sign"
        ));
    }
    let length = u8::try_from(text.len()).unwrap_or(0);
    Ok((length, if text.is_empty() { 0 } else { text.parse().unwrap_or(0) }))
}

impl<T> PrefixMap<T> {
    /// Adds a value; gives back the one that the same prefix had.
    ///
    /// # Errors
    /// When the prefix is not digits.
    pub fn insert(&mut self, prefix: &str, value: T) -> Result<Option<T>, String> {
        let (length, digits) = parse_prefix(prefix)?;
        self.longest = self.longest.max(length);
        Ok(self.by_prefix.insert((length, digits), value))
    }

    /// The value of the longest prefix of `number`, with the count of its digits.
    pub fn get(&self, number: Msisdn) -> Option<(u8, &T)> {
        let count = digit_count(number.as_u64());
        let mut rest = number.as_u64();
        let mut length = count;
        loop {
            if length <= self.longest
                && let Some(value) = self.by_prefix.get(&(length, rest))
            {
                return Some((length, value));
            }
            if length == 0 {
                return None;
            }
            length -= 1;
            rest = if length == 0 { 0 } else { rest / 10 };
        }
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.by_prefix.is_empty()
    }
}

/// Whether `number` begins with a prefix read by [`parse_prefix`].
pub fn begins_with(number: Msisdn, prefix: (u8, u64)) -> bool {
    let (length, digits) = prefix;
    let count = digit_count(number.as_u64());
    if length > count {
        return false;
    }
    let shift = 10_u64.pow(u32::from(count - length));
    length == 0 || number.as_u64() / shift == digits
}

fn digit_count(number: u64) -> u8 {
    u8::try_from(number.checked_ilog10().map_or(1, |log| log + 1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use types::address::Msisdn;

    use super::{PrefixMap, begins_with, parse_prefix};

    #[test]
    fn the_longest_prefix_wins() {
        let mut map = PrefixMap::default();
        for prefix in ["", "4", "44", "447911", "1"] {
            map.insert(prefix, prefix).unwrap();
        }
        let cases = [
            ("447911123456", "447911"),
            ("447811123456", "44"),
            ("4912345678", "4"),
            ("12025550100", "1"),
            ("33612345678", ""),
        ];
        for (number, expected) in cases {
            let number = Msisdn::parse(number).unwrap();
            assert_eq!(map.get(number).map(|(_, v)| *v), Some(expected));
            assert!(begins_with(number, parse_prefix(expected).unwrap()));
        }
        assert!(map.insert("+44", "x").is_err());
        assert!(!begins_with(Msisdn::parse("447911").unwrap(), parse_prefix("4479112").unwrap()));
    }
}
