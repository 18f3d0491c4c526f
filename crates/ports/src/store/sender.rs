//! Rows of pools of senders: from which sender a recipient heard last.

use types::id::RowKey;
use types::time::Timestamp;

/// From which sender of a pool a recipient heard last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderMemory {
    /// The key of the pool; one entry per pool and number.
    pub pool: RowKey,
    /// Keyed hash of the number, as in [`super::MessageFacts::recipient_hash`].
    pub number_hash: i64,
    /// The sender.
    pub sender: String,
    /// When it was last used, to the day.
    pub used_at: Timestamp,
}
