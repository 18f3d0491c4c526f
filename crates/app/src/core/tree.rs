//! Accounts below an account: what a reseller does with those whom it serves.
//!
//! Every method is asked by somebody of `root` and reaches what stands below it only: the rest of the
//! installation is to it as if it were not there. Start at [`Core::account_below`].

use std::sync::Arc;

use types::account::{Account, AccountLimits, AccountState};
use types::charge::Balance;
use types::id::{AccountId, PublicId};
use types::message::State;
use types::money::Money;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::{Core, NewAccount, stopped};
use crate::detail::Page;
use crate::engine::{Change, Changed};
use crate::shared::Directory;
use crate::submission::{Done, Idempotency};

/// Octets of an account's own name.
const OWN_NAME_OCTETS_MAX: usize = 64;
/// Stands between the name of an account and the name of the one above it.
const BETWEEN: char = '/';

/// An account as the one above it sees it.
#[derive(Clone, Debug)]
pub struct AccountView {
    /// The account.
    pub account: Arc<Account>,
    /// Its name, without the names of those above it.
    pub name: String,
    /// The public id of the account above it.
    pub parent: Option<PublicId>,
    /// The state in which it acts: its own, or that of an account above it where that stops it.
    pub acts_as: AccountState,
    /// What it can spend and what is held.
    pub balance: Balance,
}

/// What to make of an account below another.
#[derive(Clone, Debug, Default)]
pub struct AccountWish {
    /// Its own name, unique below the account above it.
    pub name: String,
    /// Limits; what is `None` is as with the account above.
    pub limits: LimitsPatch,
}

/// Limits to set; what is `None` stays, zero lifts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitsPatch {
    /// Messages per second over all doors.
    pub rate_per_second: Option<u32>,
    /// Outstanding PDUs per SMPP session.
    pub window: Option<u32>,
    /// SMPP sessions at once.
    pub binds: Option<u32>,
    /// Seconds of the guard against repeats.
    pub repeat_guard_s: Option<u32>,
}

impl LimitsPatch {
    /// Sets all of them.
    pub const fn of(limits: AccountLimits) -> Self {
        Self {
            rate_per_second: Some(limits.rate_per_second),
            window: Some(limits.window),
            binds: Some(limits.binds),
            repeat_guard_s: Some(limits.repeat_guard_s),
        }
    }

    /// The limits that follow.
    #[must_use]
    pub fn over(self, old: AccountLimits) -> AccountLimits {
        AccountLimits {
            rate_per_second: self.rate_per_second.unwrap_or(old.rate_per_second),
            window: self.window.unwrap_or(old.window),
            binds: self.binds.unwrap_or(old.binds),
            repeat_guard_s: self.repeat_guard_s.unwrap_or(old.repeat_guard_s),
        }
    }
}

/// What to change of an account; what is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountPatch {
    /// Whether it may send.
    pub state: Option<AccountState>,
    /// Limits.
    pub limits: LimitsPatch,
}

/// Which way value moves between an account and one below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Down, to the account below.
    ToAccount,
    /// Back up, from the account below.
    FromAccount,
}

/// Which accounts to sum up, and over which time.
#[derive(Clone, Copy, Debug)]
pub struct TreeQuery {
    /// From the UTC day of this time on.
    pub since: Timestamp,
    /// Up to the day before this time's.
    pub until: Timestamp,
    /// Behind this account.
    pub after: Option<AccountId>,
    /// Accounts of a page.
    pub limit: usize,
}

/// The traffic of one account.
#[derive(Clone, Debug)]
pub struct TreeFigures {
    /// The account.
    pub view: AccountView,
    /// Messages accepted.
    pub messages: i64,
    /// Of them delivered.
    pub delivered: i64,
    /// Parts of all messages.
    pub parts: i64,
    /// What they were sold for, whatever became of the money.
    pub amount: Money,
}

impl Core {
    /// An account below `root` by its public id; `None` also for one that stands elsewhere.
    pub fn account_below(&self, root: AccountId, sid: PublicId) -> Option<AccountView> {
        let directory = self.inner.shared.directory.load();
        let account = directory.account(*directory.by_sid.get(&sid)?)?;
        directory.is_below(account, root).then(|| self.view_of(&directory, account.id)).flatten()
    }

    /// Accounts below `root` at every depth, oldest first, behind one.
    pub fn accounts_below(
        &self,
        root: AccountId,
        after: Option<AccountId>,
        limit: usize,
    ) -> Vec<AccountView> {
        let directory = self.inner.shared.directory.load();
        let below = below(&directory, root, after);
        below.into_iter().take(limit).filter_map(|id| self.view_of(&directory, id)).collect()
    }

    /// The name of an account without the names of those above it, as its own people know it.
    pub fn own_name(&self, account: AccountId) -> String {
        let directory = self.inner.shared.directory.load();
        directory.account(account).map(|account| own_name(&directory, account)).unwrap_or_default()
    }

    fn view_of(&self, directory: &Directory, id: AccountId) -> Option<AccountView> {
        let account = Arc::clone(&directory.accounts.get(&id)?.account);
        let above = directory.above(&account).unwrap_or_default();
        Some(AccountView {
            name: own_name(directory, &account),
            parent: above.first().map(|above| above.sid),
            acts_as: decide::path::state_along(&account, &above),
            balance: self.balance(id)?,
            account,
        })
    }

    /// Makes an account below `root`, with the prices and the region of `root` and no value.
    ///
    /// # Errors
    /// `invalid_request` for a name that is taken or cannot be one, for a limit above that of `root`, and where
    /// the path is too long; `account_suspended`; and the refusals of an idempotency key.
    pub async fn make_account_below(
        &self,
        root: AccountId,
        wish: AccountWish,
        once: Option<Idempotency>,
    ) -> Result<Done<AccountView>, Refusal> {
        let own = wish.name.trim();
        let is_plain = |letter: char| !letter.is_control() && letter != BETWEEN;
        if own.is_empty() || own.len() > OWN_NAME_OCTETS_MAX || !own.chars().all(is_plain) {
            let detail = format!(
                "a name has 1 to {OWN_NAME_OCTETS_MAX} octets, no control characters and no `{BETWEEN}`"
            );
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("name"));
        }
        let above = self.account(root).ok_or_else(no_such_account)?;
        let name = format!("{}{BETWEEN}{own}", above.name);
        let new = NewAccount {
            name,
            parent: Some(root),
            price_book: Some(above.price_book.clone()),
            region: above.region,
            limits: wish.limits.over(above.limits),
            allow_private_callbacks: false,
        };
        let done = self.change_once(root, Change::AccountBelow(root, new), once).await?;
        let id = match done.value {
            Changed::Account(account) => account.id,
            Changed::Again(created) => AccountId(created.as_i64()),
            _ => return Err(stopped()),
        };
        let view = self.view_of(&self.inner.shared.directory.load(), id).ok_or_else(no_such_account)?;
        Ok(Done { value: view, replayed: done.replayed })
    }

    /// Changes an account below `root`.
    ///
    /// # Errors
    /// `not_found`; `invalid_request` for a limit above that of the account above, and for one that is closed
    /// and shall be opened.
    pub async fn change_account_below(
        &self,
        root: AccountId,
        sid: PublicId,
        patch: AccountPatch,
    ) -> Result<AccountView, Refusal> {
        let known = self.account_below(root, sid).ok_or_else(no_such_account)?;
        let change = Change::AccountSet { account: known.account.id, patch, by: Some(root) };
        self.change(change).await?;
        self.account_below(root, sid).ok_or_else(no_such_account)
    }

    /// Moves value between `root` and an account below it, in one commit.
    ///
    /// # Errors
    /// `not_found`; `invalid_request` for an amount that is not above zero or of another unit than either has;
    /// `insufficient_balance`; and the refusals of an idempotency key.
    pub async fn transfer(
        &self,
        root: AccountId,
        sid: PublicId,
        direction: Direction,
        amount: Money,
        once: Option<Idempotency>,
    ) -> Result<Done<AccountView>, Refusal> {
        let known = self.account_below(root, sid).ok_or_else(no_such_account)?.account.id;
        let (from, to) = match direction {
            Direction::ToAccount => (root, known),
            Direction::FromAccount => (known, root),
        };
        let done = self.change_once(root, Change::Transfer { from, to, amount }, once).await?;
        let view = self.account_below(root, sid).ok_or_else(no_such_account)?;
        Ok(Done { value: view, replayed: done.replayed })
    }

    /// The traffic of `root` and of every account below it, oldest account first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tree_figures(
        &self,
        root: AccountId,
        query: TreeQuery,
    ) -> Result<Page<TreeFigures>, Refusal> {
        let (views, has_more) = {
            let directory = self.inner.shared.directory.load();
            let mut ids = below(&directory, root, query.after);
            if query.after.is_none() {
                ids.insert(0, root);
            }
            let has_more = ids.len() > query.limit;
            ids.truncate(query.limit);
            let views = ids.into_iter().filter_map(|id| self.view_of(&directory, id));
            (views.collect::<Vec<_>>(), has_more)
        };
        let mut items = Vec::with_capacity(views.len());
        for view in views {
            items.push(self.figures_of(view, &query).await?);
        }
        let last = items.last().filter(|_| has_more).map(|one| one.view.account.id.0);
        Ok(Page { items, next: last.map(types::id::RowKey::from_i64) })
    }

    async fn figures_of(&self, view: AccountView, query: &TreeQuery) -> Result<TreeFigures, Refusal> {
        let unit = view.account.unit;
        let rows = self.usage(view.account.id, query.since).await?;
        let mut sum = TreeFigures { view, messages: 0, delivered: 0, parts: 0, amount: Money::new(0, unit) };
        for row in rows.iter().filter(|row| row.day < query.until) {
            sum.messages += row.messages;
            sum.parts += row.parts;
            sum.delivered += if row.state == State::Delivered { row.messages } else { 0 };
            if row.unit == unit {
                sum.amount.micros = sum.amount.micros.saturating_add(row.amount_micros);
            }
        }
        Ok(sum)
    }
}

/// The accounts below one, oldest first, behind one of them.
fn below(directory: &Directory, root: AccountId, after: Option<AccountId>) -> Vec<AccountId> {
    let all = directory.accounts.values().map(|handle| handle.account.as_ref());
    let mut ids: Vec<_> = all
        .filter(|account| after.is_none_or(|after| account.id > after))
        .filter(|account| directory.is_below(account, root))
        .map(|account| account.id)
        .collect();
    ids.sort_unstable();
    ids
}

fn own_name(directory: &Directory, account: &Account) -> String {
    let above = account.parent.and_then(|above| directory.account(above));
    let own = above.and_then(|above| account.name.strip_prefix(&above.name)?.strip_prefix(BETWEEN));
    own.unwrap_or(&account.name).to_owned()
}

fn no_such_account() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no account with this id below this one").at("id")
}
