//! Rows of suppression lists: recipients that an account must not message.

use types::id::{AccountId, RowKey};
use types::suppression::SuppressionReason;
use types::time::Timestamp;

/// An entry of an account's suppression list, with the number sealed by `app`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionRow {
    /// Whose list.
    pub account: AccountId,
    /// What the entry covers: empty for all messages of the account, else the id of the pool of senders whose
    /// messages it covers.
    pub scope: String,
    /// Keyed hash of the number, as in [`super::MessageFacts::recipient_hash`]; one entry per account, scope
    /// and number.
    pub number_hash: i64,
    /// Orders entries; unique.
    pub key: RowKey,
    /// Why.
    pub reason: SuppressionReason,
    /// From where, without personal data: the message of a phone or the key of a program.
    pub source: String,
    /// The data key of `sealed`.
    pub data_key: i64,
    /// The number.
    pub sealed: Vec<u8>,
    /// Since when.
    pub created_at: Timestamp,
}

/// What the writer remembers of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionMark {
    /// The key of the entry.
    pub key: RowKey,
    /// Whose list.
    pub account: AccountId,
    /// What the entry covers.
    pub scope: String,
    /// The hash of the number.
    pub number_hash: i64,
    /// Why.
    pub reason: SuppressionReason,
}

/// Which entries of an account's list to show, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuppressionFilter {
    /// Whose list.
    pub account: AccountId,
    /// Of this number; `None` for any.
    pub number_hash: Option<i64>,
    /// Below this key: the cursor.
    pub before: Option<RowKey>,
    /// At most this many, 1 to [`super::PAGE_ROWS_MAX`].
    pub limit: usize,
}
