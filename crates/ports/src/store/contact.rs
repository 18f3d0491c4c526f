//! Rows of what an account sets up: its contacts, who is in which group, and what has a name and a document.

use types::id::{AccountId, RowKey};
use types::resource::{ResourceKind, ReviewState};
use types::suppression::SuppressionReason;
use types::time::Timestamp;

/// A contact of an account, with everything that names the person sealed by `app`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRow {
    /// Its row key.
    pub key: RowKey,
    /// The random bits of its public id.
    pub tail: u64,
    /// Whose contact.
    pub account: AccountId,
    /// Keyed hash of the number, as in [`super::MessageFacts::recipient_hash`]; one contact per account and
    /// number.
    pub number_hash: i64,
    /// The language that the person reads; empty when it is not known.
    pub language: String,
    /// The data key of `sealed`.
    pub data_key: i64,
    /// Everything else.
    pub sealed: Vec<u8>,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub changed_at: Timestamp,
}

/// A contact as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedContact {
    /// The contact.
    pub contact: ContactRow,
    /// Why its account must not message it, if it must not.
    pub suppressed: Option<SuppressionReason>,
    /// The groups that it is in, in the order of their keys.
    pub groups: Vec<RowKey>,
}

/// Which contacts of an account to show, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactFilter {
    /// Whose contacts.
    pub account: AccountId,
    /// This one.
    pub key: Option<RowKey>,
    /// With this number.
    pub number_hash: Option<i64>,
    /// In this group.
    pub group: Option<RowKey>,
    /// Who read this language.
    pub language: Option<String>,
    /// Below this key: the cursor.
    pub before: Option<RowKey>,
    /// At most this many, 1 to [`super::PAGE_ROWS_MAX`].
    pub limit: usize,
    /// The scope of suppression lists that counts for [`ListedContact::suppressed`] besides whole accounts.
    pub scope: Option<String>,
}

/// A change of contacts, and of who is in which group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContactChange {
    /// A new or changed contact; its tail and when it came are written once. Guard: no other contact of the
    /// account has the number.
    Put(ContactRow),
    /// A contact goes, and leaves all groups. Nothing happens when it is not there.
    End(AccountId, RowKey),
    /// A contact is in a group from now on, if it was not.
    Join {
        /// The group.
        group: RowKey,
        /// The contact.
        contact: RowKey,
    },
    /// A contact is in a group no more, if it was.
    Leave {
        /// The group.
        group: RowKey,
        /// The contact.
        contact: RowKey,
    },
}

/// What an account has set up under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRow {
    /// Its row key.
    pub key: RowKey,
    /// The random bits of its public id.
    pub tail: u64,
    /// Whose it is.
    pub account: AccountId,
    /// What it is.
    pub kind: ResourceKind,
    /// Its name; one of a kind per account and name.
    pub name: String,
    /// Whether it may be used.
    pub state: ReviewState,
    /// Everything else, as a document of JSON by its kind. No personal data.
    pub document: String,
    /// Since when it is there.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub changed_at: Timestamp,
}
