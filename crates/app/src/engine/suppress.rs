//! Suppression lists: which recipients an account must not message, and changes of that.
//!
//! Why each recipient is on a list is in memory, by the keyed hash of its number, so that admission asks no
//! store. Of all lists together so many entries are held; then the longest list leaves memory, and its
//! account's recipients are looked up in the store, submission by submission: slower, and never wrong. An
//! account without a list costs nothing. A pool of senders has a list of its own beside its account's, for phones
//! that opted out of it alone; it counts for messages by the pool and by its senders. Memory follows a change once it is on disk; the batch that makes it
//! knows of it already. Start at [`Engine::suppressed_among`] and [`Engine::change_list`].

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ports::store::{ConfigChange, SuppressionRow};
use tokio::sync::oneshot;
use types::address::{Address, Msisdn};
use types::id::{AccountId, PoolId, RowKey};
use types::message::{Door, Draft};
use types::refusal::{Refusal, RefusalCode};
use types::resource::pool_named;
use types::suppression::SuppressionReason;
use types::time::Timestamp;

use super::once::{Known, idempotency_row};
use super::{Engine, EngineError};
use crate::seal::{KeyClass, Kind};
use crate::sealed::write_number;
use crate::submission::{Done, Idempotency};

/// Entries of all lists that are held in memory, about 30 octets each.
const HELD_MAX: usize = 1_000_000;
/// Entries of one account's list beyond which it may add none itself. Phones that opt out find room always.
const LIST_MAX: usize = 1_000_000;
/// Entries that are read at once at the start.
const SCAN_ROWS: usize = 10_000;

/// What to change of a list.
#[derive(Clone, Debug)]
pub(crate) enum Listing {
    /// These must not be messaged any more.
    Add {
        numbers: Vec<Msisdn>,
        reason: SuppressionReason,
        /// From where, without personal data.
        source: String,
    },
    /// This one may be messaged again.
    Remove(Msisdn),
}

/// Whose list one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListOf {
    pub(crate) account: AccountId,
    /// The pool whose messages it is about; `None` for all of the account.
    pub(crate) pool: Option<PoolId>,
}

impl ListOf {
    /// The list of an account as a whole.
    pub(crate) const fn all(account: AccountId) -> Self {
        Self { account, pool: None }
    }

    /// The list of a pool of an account.
    pub(crate) const fn pool(account: AccountId, pool: PoolId) -> Self {
        Self { account, pool: Some(pool) }
    }

    /// What the store calls it.
    fn scope(self) -> String {
        self.pool.map(|pool| pool.to_string()).unwrap_or_default()
    }

    /// The list of an entry; `None` for one of a scope that this version does not know.
    fn of(account: AccountId, scope: &str) -> Option<Self> {
        if scope.is_empty() {
            return Some(Self::all(account));
        }
        PoolId::parse(scope).map(|pool| Self::pool(account, pool))
    }
}

/// How many entries were made or ended.
pub(crate) type Listed = Result<Done<usize>, Refusal>;

/// What a batch changes of lists: by list, the hash of a number and why it is on the list from now on.
pub(crate) type ListChanges = BTreeMap<ListOf, BTreeMap<i64, Option<SuppressionReason>>>;

/// A list.
#[derive(Debug)]
enum List {
    /// All of it.
    Held(HashMap<i64, SuppressionReason>),
    /// Only how many entries it has.
    InStore(usize),
}

/// The lists of all accounts as of the latest commit.
#[derive(Debug)]
pub(crate) struct Suppressed {
    lists: BTreeMap<ListOf, List>,
    held: usize,
    held_max: usize,
}

impl Default for Suppressed {
    fn default() -> Self {
        Self { lists: BTreeMap::new(), held: 0, held_max: HELD_MAX }
    }
}

impl Suppressed {
    /// Follows an entry that was made.
    fn put(&mut self, whose: ListOf, number_hash: i64, reason: SuppressionReason) {
        match self.lists.entry(whose).or_insert_with(|| List::Held(HashMap::new())) {
            List::Held(list) => self.held += usize::from(list.insert(number_hash, reason).is_none()),
            List::InStore(entries) => *entries += 1,
        }
        while self.held > self.held_max {
            self.let_go_of_the_longest();
        }
    }

    /// Follows an entry that has ended.
    fn take(&mut self, whose: ListOf, number_hash: i64) {
        match self.lists.get_mut(&whose) {
            Some(List::Held(list)) => self.held -= usize::from(list.remove(&number_hash).is_some()),
            Some(List::InStore(entries)) => *entries = entries.saturating_sub(1),
            None => {}
        }
        if self.entries_of(whose) == 0 {
            self.lists.remove(&whose);
        }
    }

    /// Keeps only how long the longest list is, so that the others have room.
    fn let_go_of_the_longest(&mut self) {
        let held = self.lists.iter_mut().filter_map(|(whose, list)| match list {
            List::Held(entries) => Some((entries.len(), *whose, list)),
            List::InStore(_) => None,
        });
        let Some((entries, whose, list)) = held.max_by_key(|(entries, whose, _)| (*entries, *whose)) else {
            self.held = 0;
            return;
        };
        *list = List::InStore(entries);
        self.held -= entries;
        tracing::warn!(
            account = whose.account.0,
            entries,
            "the suppression list of an account does not fit into memory; the store is asked for it"
        );
    }

    fn entries_of(&self, whose: ListOf) -> usize {
        match self.lists.get(&whose) {
            Some(List::Held(list)) => list.len(),
            Some(List::InStore(entries)) => *entries,
            None => 0,
        }
    }
}

impl Engine {
    /// Reads all lists, as far as there is room for them.
    pub(crate) fn scan_suppressions(&mut self) -> Result<(), EngineError> {
        let mut after = RowKey::ZERO;
        loop {
            let marks = self.store.suppressions_after(after, SCAN_ROWS)?;
            let Some(last) = marks.last() else { return Ok(()) };
            after = last.key;
            for mark in &marks {
                if let Some(whose) = ListOf::of(mark.account, &mark.scope) {
                    self.suppressed.put(whose, mark.number_hash, mark.reason);
                }
            }
        }
    }

    /// Follows what a batch has changed, once it is on disk.
    pub(super) fn follow_lists(&mut self, changes: ListChanges) {
        for (whose, changes) in changes {
            for (number_hash, reason) in changes {
                match reason {
                    Some(reason) => self.suppressed.put(whose, number_hash, reason),
                    None => self.suppressed.take(whose, number_hash),
                }
            }
        }
    }

    /// Why the account must not message each of these recipients; nothing at all when it has no list. A store
    /// that cannot be asked refuses: a recipient who wrote STOP is not to be messaged in doubt.
    pub(super) fn suppressed_among(
        &mut self,
        account: AccountId,
        drafts: &[Draft],
    ) -> Result<Vec<Option<SuppressionReason>>, Refusal> {
        if !self.has_lists(account) {
            return Ok(Vec::new());
        }
        // What is no number is refused for that; zero is the hash of nothing in particular.
        let number = |draft: &Draft| draft.destination.msisdn();
        let hashes: Vec<i64> =
            drafts.iter().map(|draft| number(draft).map_or(0, |number| self.hasher.number(number))).collect();
        self.suppressed_by_any(account, drafts, &hashes).map_err(|error| {
            tracing::error!(error = %super::chain(&error), "a suppression list could not be asked");
            super::outage::unavailable()
        })
    }

    /// As [`Engine::suppressed_among`]; `hashes` are those of the recipients of the drafts.
    fn suppressed_by_any(
        &mut self,
        account: AccountId,
        drafts: &[Draft],
        hashes: &[i64],
    ) -> Result<Vec<Option<SuppressionReason>>, EngineError> {
        let mut reasons = self.reasons_of(ListOf::all(account), hashes)?;
        let mut known: Option<(&Address, Vec<ListOf>)> = None;
        for ((draft, hash), reason) in drafts.iter().zip(hashes).zip(&mut reasons) {
            // Drafts of one submission have one sender nearly always.
            if known.as_ref().is_none_or(|(source, _)| **source != draft.source) {
                known = Some((&draft.source, self.lists_of_pools(account, &draft.source)));
            }
            for whose in known.iter().flat_map(|(_, lists)| lists) {
                if reason.is_none() {
                    *reason = self.reasons_of(*whose, &[*hash])?.pop().flatten();
                }
            }
        }
        Ok(reasons)
    }

    /// The lists, beside the account's own, that count for a message from a sender: that of the pool that it
    /// names, else those of the pools that have it.
    fn lists_of_pools(&self, account: AccountId, source: &Address) -> Vec<ListOf> {
        let directory = self.shared.directory.load();
        let named = pool_named(source).and_then(|name| directory.pool_called(account, name));
        let text = source.text();
        let own = directory.pools_of(account).iter().filter(|pooled| match named {
            Some(named) => pooled.pool.id == named.pool.id,
            None => pooled.has(&text),
        });
        let lists = own.map(|pooled| ListOf::pool(account, pooled.pool.id));
        lists.filter(|whose| self.has_list(*whose)).collect()
    }

    /// Whether the recipient of a message came onto a list of its account after it was admitted.
    pub(super) fn is_suppressed_by_now(&mut self, key: RowKey) -> Result<bool, EngineError> {
        let Some(live) = self.live.get(&key) else { return Ok(false) };
        let (account, door) = (live.facts.account, live.facts.door);
        let number_hash = live.facts.recipient_hash;
        // Who asked by a keyword is answered, also that it will hear no more.
        if door == Door::Keyword || !self.has_lists(account) {
            return Ok(false);
        }
        let lists = match live.pool {
            Some(pool) => vec![ListOf::pool(account, pool)],
            None => self.lists_of_pools(account, &live.source),
        };
        for whose in [ListOf::all(account)].into_iter().chain(lists) {
            if self.reasons_of(whose, &[number_hash])?.iter().any(Option::is_some) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn has_list(&self, whose: ListOf) -> bool {
        self.suppressed.lists.contains_key(&whose) || self.draft.lists.contains_key(&whose)
    }

    /// Whether an account has a list, or a pool of it has one.
    fn has_lists(&self, account: AccountId) -> bool {
        let (first, own) = (ListOf::all(account), |whose: &ListOf| whose.account == account);
        self.suppressed.lists.range(first..).next().is_some_and(|(whose, _)| own(whose))
            || self.draft.lists.range(first..).next().is_some_and(|(whose, _)| own(whose))
    }

    /// Why each of these numbers is on a list, if it is.
    fn reasons_of(
        &mut self,
        whose: ListOf,
        hashes: &[i64],
    ) -> Result<Vec<Option<SuppressionReason>>, EngineError> {
        let changed = self.draft.lists.get(&whose);
        let changed = |hash: &i64| changed.and_then(|changes| changes.get(hash)).copied();
        let list = match self.suppressed.lists.get(&whose) {
            None => return Ok(hashes.iter().map(|hash| changed(hash).flatten()).collect()),
            Some(List::Held(list)) => {
                let reason = |hash: &i64| changed(hash).unwrap_or_else(|| list.get(hash).copied());
                return Ok(hashes.iter().map(reason).collect());
            }
            Some(List::InStore(_)) => self.store.suppressed(whose.account, &whose.scope(), hashes)?,
        };
        let list: HashMap<i64, SuppressionReason> =
            list.into_iter().map(|mark| (mark.number_hash, mark.reason)).collect();
        let reason = |hash: &i64| changed(hash).unwrap_or_else(|| list.get(hash).copied());
        Ok(hashes.iter().map(reason).collect())
    }

    /// Changes a list, once under the key of a request; the answer is given after the commit.
    pub(super) fn change_list(
        &mut self,
        account: AccountId,
        (listing, once): (&Listing, Option<&Idempotency>),
        reply: oneshot::Sender<Listed>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let known = match once {
            None => Known::Nothing,
            Some(once) => self.known(account, once, now)?,
        };
        let outcome = match known {
            Known::Done(count) => {
                Ok(Done { value: usize::try_from(count.as_i64()).unwrap_or(0), replayed: true })
            }
            Known::Refused(refusal) => Err(refusal),
            Known::Nothing => {
                let changed = match listing {
                    Listing::Add { numbers, reason, source } => {
                        self.suppress(ListOf::all(account), numbers, (*reason, source), now)?
                    }
                    Listing::Remove(number) => Ok(usize::from(self.unsuppress_all(account, *number)?)),
                };
                changed.map(|value| {
                    if let Some(once) = once {
                        let count = RowKey::from_i64(i64::try_from(value).unwrap_or(i64::MAX));
                        self.draft.batch.idempotency.push(idempotency_row(account, once, count, now));
                    }
                    Done { value, replayed: false }
                })
            }
        };
        self.draft.listed.push((reply, outcome));
        Ok(())
    }

    /// Puts numbers on a list; those that are on it stay as they are. Gives how many are new. `source` says from
    /// where they come, without personal data.
    pub(super) fn suppress(
        &mut self,
        whose: ListOf,
        numbers: &[Msisdn],
        (reason, source): (SuppressionReason, &str),
        now: Timestamp,
    ) -> Result<Result<usize, Refusal>, EngineError> {
        let hashes: Vec<i64> = numbers.iter().map(|number| self.hasher.number(*number)).collect();
        let known = self.reasons_of(whose, &hashes)?;
        let all = numbers.iter().zip(hashes).zip(known);
        let fresh: BTreeMap<i64, Msisdn> =
            all.filter(|(_, known)| known.is_none()).map(|((number, hash), _)| (hash, *number)).collect();
        let entries = self.suppressed.entries_of(whose).saturating_add(fresh.len());
        if entries > LIST_MAX && reason != SuppressionReason::OptOut {
            let detail = format!("a suppression list has at most {LIST_MAX} entries");
            return Ok(Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("numbers")));
        }
        let owner = Some(whose.account);
        let data_key = self.sealer.current(owner, KeyClass::Secrets, now, &mut self.draft.batch.data_keys)?;
        let count = fresh.len();
        for (number_hash, number) in fresh {
            let (key, _) = self.next_key(now);
            let plain = write_number(number);
            let row = SuppressionRow {
                account: whose.account,
                scope: whose.scope(),
                number_hash,
                key,
                reason,
                source: source.to_owned(),
                data_key: data_key.id(),
                sealed: data_key.seal(Kind::Suppression, key, &plain, self.entropy.as_ref()),
                created_at: now,
            };
            self.draft.batch.config.push(ConfigChange::Suppression(row));
            self.draft.lists.entry(whose).or_default().insert(number_hash, Some(reason));
        }
        Ok(Ok(count))
    }

    /// Takes back what a phone has asked for itself. An entry that somebody else made stays.
    pub(super) fn opt_in(&mut self, whose: ListOf, number: Msisdn) -> Result<(), EngineError> {
        let hash = self.hasher.number(number);
        if self.reasons_of(whose, &[hash])? == [Some(SuppressionReason::OptOut)] {
            self.unsuppress(whose, number)?;
        }
        Ok(())
    }

    /// Takes a number from all lists of an account, its own and those of its pools; `false` when it is on none.
    fn unsuppress_all(&mut self, account: AccountId, number: Msisdn) -> Result<bool, EngineError> {
        let first = ListOf::all(account);
        let held = self.suppressed.lists.range(first..).map(|(whose, _)| *whose);
        let held = held.take_while(|whose| whose.account == account);
        let changed = self.draft.lists.range(first..).map(|(whose, _)| *whose);
        let changed = changed.take_while(|whose| whose.account == account);
        let lists: BTreeSet<ListOf> = held.chain(changed).collect();
        let mut was_on_any = false;
        for whose in lists {
            was_on_any |= self.unsuppress(whose, number)?;
        }
        Ok(was_on_any)
    }

    /// Takes a number from a list; `false` when it is not on it.
    fn unsuppress(&mut self, whose: ListOf, number: Msisdn) -> Result<bool, EngineError> {
        let number_hash = self.hasher.number(number);
        if self.reasons_of(whose, &[number_hash])?.iter().all(Option::is_none) {
            return Ok(false);
        }
        let (account, scope) = (whose.account, whose.scope());
        self.draft.batch.config.push(ConfigChange::SuppressionEnd { account, scope, number_hash });
        self.draft.lists.entry(whose).or_default().insert(number_hash, None);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use types::id::AccountId;
    use types::suppression::SuppressionReason::{Manual, OptOut};

    use super::{List, ListOf, Suppressed};

    const SMALL: ListOf = ListOf::all(AccountId(1));
    const LARGE: ListOf = ListOf::all(AccountId(2));

    fn is_held(lists: &Suppressed, whose: ListOf) -> Option<bool> {
        lists.lists.get(&whose).map(|list| matches!(list, List::Held(_)))
    }

    #[test]
    fn the_longest_list_leaves_memory_when_it_is_full() {
        let mut lists = Suppressed { held_max: 4, ..Suppressed::default() };
        lists.put(SMALL, 1, OptOut);
        (1..=3).for_each(|hash| lists.put(LARGE, hash, OptOut));
        lists.put(LARGE, 3, Manual);
        assert_eq!((is_held(&lists, SMALL), is_held(&lists, LARGE), lists.held), (Some(true), Some(true), 4));
        lists.put(SMALL, 2, OptOut);
        assert_eq!(
            (is_held(&lists, SMALL), is_held(&lists, LARGE), lists.held),
            (Some(true), Some(false), 2)
        );
        lists.put(LARGE, 4, OptOut);
        assert_eq!((lists.entries_of(SMALL), lists.entries_of(LARGE)), (2, 4));
        // One that is not held is counted all the same, and forgotten when it is empty.
        (1..=4).for_each(|hash| lists.take(LARGE, hash));
        assert_eq!((is_held(&lists, LARGE), lists.entries_of(LARGE)), (None, 0));
        lists.take(SMALL, 9);
        lists.take(SMALL, 2);
        assert_eq!((lists.held, lists.entries_of(SMALL)), (1, 1));
        lists.put(LARGE, 1, OptOut);
        assert_eq!(is_held(&lists, LARGE), Some(true), "there is room again");
    }
}
