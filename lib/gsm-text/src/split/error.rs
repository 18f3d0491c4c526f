//! The reasons why a message cannot be divided into parts.

use std::fmt;

use super::NotEncodable;

/// Why a message cannot be divided. All of these are permanent for the same arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SplitError {
    /// The alphabet asked for does not hold the text.
    NotEncodable(NotEncodable),
    /// The message needs more parts than allowed.
    TooManyParts {
        /// Parts that it needs.
        needed: usize,
        /// Parts that are allowed.
        limit: u8,
    },
    /// The information elements leave no room for text.
    NoRoom,
}

impl SplitError {
    /// A stable code for refusals.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            SplitError::NotEncodable(_) => "text_not_encodable",
            SplitError::TooManyParts { .. } => "too_many_parts",
            SplitError::NoRoom => "no_room_beside_udh",
        }
    }
}

impl fmt::Display for SplitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SplitError::NotEncodable(_) => f.write_str("hold the text in the alphabet asked for"),
            SplitError::TooManyParts { needed, limit } => {
                write!(f, "fit {needed} parts into the {limit} allowed")
            }
            SplitError::NoRoom => f.write_str("find room for text beside the user data header"),
        }
    }
}

impl std::error::Error for SplitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SplitError::NotEncodable(cause) => Some(cause),
            SplitError::TooManyParts { .. } | SplitError::NoRoom => None,
        }
    }
}

impl From<NotEncodable> for SplitError {
    fn from(cause: NotEncodable) -> SplitError {
        SplitError::NotEncodable(cause)
    }
}
