//! Whose messages the writer has seen lately.
//!
//! Rows about a message lead with its account, and most of what changes names the message alone. The
//! account of a message never changes, so that what is remembered here cannot be wrong; what is not is
//! asked for.

use std::collections::HashMap;

use types::id::{AccountId, RowKey};

/// Messages remembered at most; about 40 octets each.
const REMEMBERED_MAX: usize = 600_000;

/// Accounts by message: the newest half and the half before.
#[derive(Default)]
pub(crate) struct Accounts {
    newest: HashMap<RowKey, AccountId>,
    older: HashMap<RowKey, AccountId>,
}

impl Accounts {
    /// Remembers a message.
    pub(crate) fn insert(&mut self, message: RowKey, account: AccountId) {
        if self.newest.len() >= REMEMBERED_MAX / 2 {
            self.older = std::mem::take(&mut self.newest);
        }
        self.newest.insert(message, account);
    }

    /// Whose message it is, if that is remembered.
    pub(crate) fn get(&self, message: RowKey) -> Option<AccountId> {
        self.newest.get(&message).or_else(|| self.older.get(&message)).copied()
    }
}

#[cfg(test)]
mod tests {
    use types::id::{AccountId, RowKey};

    use super::{Accounts, REMEMBERED_MAX};

    #[test]
    fn the_newest_are_remembered_and_memory_is_bounded() {
        let mut accounts = Accounts::default();
        let last = i64::try_from(REMEMBERED_MAX * 2).unwrap();
        for key in 0..last {
            accounts.insert(RowKey::from_i64(key), AccountId(key % 7));
        }
        assert!(accounts.newest.len() + accounts.older.len() <= REMEMBERED_MAX);
        assert_eq!(accounts.get(RowKey::from_i64(last - 1)), Some(AccountId((last - 1) % 7)));
        assert_eq!(accounts.get(RowKey::from_i64(0)), None);
    }
}
