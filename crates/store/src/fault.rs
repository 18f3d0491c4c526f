//! What can go wrong inside a store, before it is told in the words of the seam.

use std::error::Error;

use ports::store::{ApplyError, StoreError};

/// An error inside a store. Its `Guard` never leaves a batch half applied: the caller rolls back.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The engine reported an error.
    Engine(Box<dyn Error + Send + Sync>),
    /// The engine cannot be reached; nothing is known to be wrong with it.
    Unreachable(Box<dyn Error + Send + Sync>),
    /// A row of this table cannot be read.
    Corrupt(&'static str),
    /// A guard of the batch does not hold.
    Guard(&'static str),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl Fault {
    /// In the words of the seam; `operation` completes "the store could not …".
    pub(crate) fn doing(self, operation: &'static str) -> StoreError {
        match self {
            Self::Engine(source) => StoreError::Engine { operation, source },
            Self::Unreachable(source) => StoreError::Unreachable { operation, source },
            Self::Corrupt(table) | Self::Guard(table) => StoreError::Corrupt { table },
        }
    }

    /// As the outcome of a batch that was rolled back.
    pub(crate) fn not_written(self) -> ApplyError {
        match self {
            Self::Guard(what) => ApplyError::Guard { what },
            other => ApplyError::NotWritten(other.doing("apply a batch")),
        }
    }
}
