//! The queue before a connector: strict by class, with a minimum share for what may wait, and fair
//! between the accounts of a class.
//!
//! It holds keys only, so a million messages that wait cost a few octets each. What a key stands for is
//! read again when its turn comes. Start at [`ClassQueue::pop`].

use std::collections::VecDeque;

use types::id::{AccountId, RowKey};
use types::message::Class;
use types::time::Timestamp;

use crate::maps::IdMap;

/// Of this many turns the first begins with bulk, and the middle one with transactional messages, so
/// that a flood of what goes before them cannot starve them.
const ROUND_TURNS: u32 = 10;

/// A message that waits for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiter {
    pub(crate) key: RowKey,
    pub(crate) account: AccountId,
    pub(crate) class: Class,
    /// Since when it waits here.
    pub(crate) since: Timestamp,
}

/// Messages that wait for one connector.
#[derive(Debug, Default)]
pub(crate) struct ClassQueue {
    classes: [FairQueue; 3],
    turns: u32,
}

impl ClassQueue {
    /// How many messages wait.
    pub(crate) fn len(&self) -> usize {
        self.classes.iter().map(|queue| queue.len).sum()
    }

    /// Lets a message wait behind those of its class and account.
    pub(crate) fn push(&mut self, waiter: Waiter) {
        if let Some(queue) = self.classes.get_mut(usize::from(waiter.class.code())) {
            queue.push(waiter);
        }
    }

    /// Takes the next message: of the first class that has one, from its accounts in turn.
    pub(crate) fn pop(&mut self) -> Option<Waiter> {
        let order: [usize; 3] = match self.turns % ROUND_TURNS {
            0 => [2, 1, 0],
            turn if turn == ROUND_TURNS / 2 => [1, 0, 2],
            _ => [0, 1, 2],
        };
        self.turns = self.turns.wrapping_add(1);
        order.into_iter().find_map(|class| self.classes.get_mut(class)?.pop())
    }

    /// Takes everything, class by class and in the order of turns.
    pub(crate) fn drain(&mut self) -> Vec<Waiter> {
        let mut waiters = Vec::with_capacity(self.len());
        for queue in &mut self.classes {
            waiters.extend(std::iter::from_fn(|| queue.pop()));
        }
        waiters
    }

    /// Since when the message waits that has waited longest, of one account or of all.
    pub(crate) fn oldest_at(&self, account: Option<AccountId>) -> Option<Timestamp> {
        self.classes.iter().filter_map(|queue| queue.oldest_at(account)).min()
    }
}

/// Messages of one class: each account has a queue of its own, and accounts take turns.
#[derive(Debug, Default)]
struct FairQueue {
    /// Accounts keep their place in memory while they are empty, because most come back soon.
    by_account: IdMap<AccountId, VecDeque<(RowKey, Class, Timestamp)>>,
    /// Accounts that have something, the next one first.
    turns: VecDeque<AccountId>,
    len: usize,
}

impl FairQueue {
    fn push(&mut self, waiter: Waiter) {
        let own = self.by_account.entry(waiter.account).or_default();
        if own.is_empty() {
            self.turns.push_back(waiter.account);
        }
        own.push_back((waiter.key, waiter.class, waiter.since));
        self.len += 1;
    }

    fn pop(&mut self) -> Option<Waiter> {
        let account = self.turns.pop_front()?;
        let own = self.by_account.get_mut(&account)?;
        let (key, class, since) = own.pop_front()?;
        self.len = self.len.saturating_sub(1);
        if own.is_empty() {
            // A burst must not hold its memory for ever.
            own.shrink_to(IDLE_PLACES);
        } else {
            self.turns.push_back(account);
        }
        Some(Waiter { key, account, class, since })
    }

    fn oldest_at(&self, account: Option<AccountId>) -> Option<Timestamp> {
        let front = |own: &VecDeque<(RowKey, Class, Timestamp)>| own.front().map(|(_, _, since)| *since);
        match account {
            Some(account) => self.by_account.get(&account).and_then(front),
            None => {
                self.turns.iter().filter_map(|account| self.by_account.get(account).and_then(front)).min()
            }
        }
    }
}

/// Places that the empty queue of an account keeps.
const IDLE_PLACES: usize = 16;

#[cfg(test)]
mod tests {
    use types::id::{AccountId, RowKey};
    use types::message::Class;
    use types::time::Timestamp;

    use super::{ClassQueue, Waiter};

    fn queue(waiters: &[(i64, Class, i64, i64)]) -> ClassQueue {
        let mut queue = ClassQueue::default();
        for (account, class, key, since) in waiters {
            queue.push(Waiter {
                key: RowKey::from_i64(*key),
                account: AccountId(*account),
                class: *class,
                since: Timestamp::from_ms(*since),
            });
        }
        queue
    }

    fn take(queue: &mut ClassQueue, count: usize) -> Vec<i64> {
        (0..count).filter_map(|_| queue.pop()).map(|waiter| waiter.key.as_i64()).collect()
    }

    #[test]
    fn accounts_of_a_class_take_turns() {
        let mut waiters: Vec<_> = (0..6).map(|key| (1, Class::Bulk, key, key)).collect();
        waiters.extend([(2, Class::Bulk, 10, 10), (3, Class::Bulk, 20, 20), (2, Class::Bulk, 11, 11)]);
        let mut queue = queue(&waiters);
        assert_eq!(queue.oldest_at(None), Some(Timestamp::from_ms(0)));
        assert_eq!(queue.oldest_at(Some(AccountId(2))), Some(Timestamp::from_ms(10)));
        assert_eq!(take(&mut queue, 9), [0, 10, 20, 1, 11, 2, 3, 4, 5]);
        assert_eq!((queue.len(), queue.oldest_at(None)), (0, None));
    }

    #[test]
    fn classes_are_strict_but_none_starves() {
        let mut waiters = Vec::new();
        for key in 0..100 {
            waiters.push((1, Class::OneTime, key, 0));
            waiters.push((1, Class::Transactional, 1_000 + key, 0));
            waiters.push((1, Class::Bulk, 2_000 + key, 0));
        }
        let mut queue = queue(&waiters);
        let first: Vec<i64> = take(&mut queue, 20).into_iter().map(|key| key / 1_000).collect();
        assert_eq!(first.iter().filter(|class| **class == 0).count(), 16);
        assert_eq!(first.iter().filter(|class| **class == 1).count(), 2);
        assert_eq!(first.iter().filter(|class| **class == 2).count(), 2);
    }

    #[test]
    fn draining_keeps_every_message_with_its_class() {
        let mut queue = queue(&[(1, Class::Bulk, 1, 0), (2, Class::OneTime, 2, 0), (1, Class::Bulk, 3, 0)]);
        let drained: Vec<_> = queue.drain().iter().map(|w| (w.key.as_i64(), w.class)).collect();
        assert_eq!(drained, [(2, Class::OneTime), (1, Class::Bulk), (3, Class::Bulk)]);
        assert_eq!(queue.len(), 0);
    }
}
