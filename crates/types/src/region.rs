//! The region that data belongs to: where it may be kept and worked on.
//!
//! The operator's profile names one; an account may name another. Every message keeps the one that
//! it was admitted under.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most characters of a region.
pub const REGION_LENGTH_MAX: usize = 16;

/// A region by the operator's own word, e.g. `eu`: 1 to 16 small letters, digits or dashes, a letter
/// first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region([u8; REGION_LENGTH_MAX]);

/// The text is no region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a region must be 1 to 16 small letters, digits or dashes, a letter first, such as eu")]
pub struct NoRegion;

impl Region {
    /// Parses a region.
    ///
    /// # Errors
    /// When the text is empty, too long, or has other characters.
    pub fn parse(text: &str) -> Result<Self, NoRegion> {
        let octets = text.as_bytes();
        let lawful = |octet: &u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || *octet == b'-';
        let begins_well = octets.first().is_some_and(u8::is_ascii_lowercase);
        if !begins_well || octets.len() > REGION_LENGTH_MAX || !octets.iter().all(lawful) {
            return Err(NoRegion);
        }
        let mut word = [0; REGION_LENGTH_MAX];
        for (to, from) in word.iter_mut().zip(octets) {
            *to = *from;
        }
        Ok(Self(word))
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|octet| *octet == 0).unwrap_or(REGION_LENGTH_MAX);
        self.0.get(..end).and_then(|word| std::str::from_utf8(word).ok()).unwrap_or("")
    }
}

impl Default for Region {
    fn default() -> Self {
        Self(*b"default\0\0\0\0\0\0\0\0\0")
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Region {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{NoRegion, Region};

    #[test]
    fn reads_words_and_nothing_else() {
        for word in ["eu", "default", "us-east-1", "abcdefghijklmnop"] {
            assert_eq!(Region::parse(word).map(|region| region.to_string()), Ok(word.to_owned()));
        }
        for text in ["", "EU", "e u", "1eu", "-eu", "abcdefghijklmnopq", "eu\0", "ü"] {
            assert_eq!(Region::parse(text), Err(NoRegion), "{text}");
        }
        assert_eq!(Region::default().as_str(), "default");
    }
}
