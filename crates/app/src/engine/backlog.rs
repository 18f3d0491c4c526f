//! What waits to be sent, counted per account and in all, so that the door can say "enough".
//!
//! It counts messages between acceptance and a carrier's word: the states of [`is_waiting`]. Nothing is
//! decided here; that is `decide::budget`.

use decide::budget::{Backlog, Waiting};
use types::id::AccountId;
use types::message::State;

use super::Engine;
use crate::maps::IdMap;

/// Counts of what waits.
#[derive(Debug, Default)]
pub(crate) struct Backlogs {
    by_account: IdMap<AccountId, Backlog>,
    all: Backlog,
}

impl Backlogs {
    /// Follows one message from a state to another; `None` stands for "not here yet".
    pub(super) fn follow(&mut self, account: AccountId, parts: u32, from: Option<State>, to: State) {
        let (waited, waits) = (from.is_some_and(is_waiting), is_waiting(to));
        if waited == waits {
            return;
        }
        let own = self.by_account.entry(account).or_default();
        let one = Backlog::of(parts);
        if waits {
            *own = own.plus(one);
            self.all = self.all.plus(one);
        } else {
            *own = own.minus(one);
            self.all = self.all.minus(one);
        }
    }

    /// Forgets everything, before it is counted anew.
    pub(super) fn clear(&mut self) {
        self.by_account.clear();
        self.all = Backlog::default();
    }

    /// What waits of all accounts.
    pub(crate) const fn all(&self) -> Backlog {
        self.all
    }

    fn of(&self, account: AccountId) -> Backlog {
        self.by_account.get(&account).copied().unwrap_or_default()
    }
}

/// Whether a message in this state waits to be sent.
const fn is_waiting(state: State) -> bool {
    matches!(state, State::Accepted | State::Scheduled | State::Queued | State::Sending)
}

impl Engine {
    /// What waits, as the next message of an account's submission sees it: `before` are the messages of
    /// the same submission that come before it.
    pub(super) fn waiting(&self, account: AccountId, before: Backlog) -> Waiting {
        let of_account = self.backlogs.of(account);
        let oldest_at = if of_account.messages == 0 {
            None
        } else {
            self.connectors.values().filter_map(|state| state.queue.oldest_at(Some(account))).min()
        };
        Waiting { of_account: of_account.plus(before), of_all: self.backlogs.all().plus(before), oldest_at }
    }
}

#[cfg(test)]
mod tests {
    use types::id::AccountId;
    use types::message::State;

    use super::Backlogs;

    #[test]
    fn counts_from_acceptance_to_the_carriers_word() {
        let mut backlogs = Backlogs::default();
        let account = AccountId(1);
        backlogs.follow(account, 2, None, State::Scheduled);
        backlogs.follow(account, 1, None, State::Queued);
        backlogs.follow(account, 1, Some(State::Queued), State::Sending);
        assert_eq!((backlogs.all().messages, backlogs.all().octets), (2, 420));
        backlogs.follow(account, 1, Some(State::Sending), State::Submitted);
        backlogs.follow(account, 1, Some(State::Submitted), State::Delivered);
        assert_eq!(backlogs.of(account).messages, 1);
        backlogs.follow(account, 1, Some(State::Submitted), State::Queued);
        backlogs.follow(account, 2, Some(State::Scheduled), State::Cancelled);
        assert_eq!(backlogs.all(), backlogs.of(account));
        assert_eq!(backlogs.all().messages, 1);
        backlogs.clear();
        assert_eq!(backlogs.all().messages, 0);
    }
}
