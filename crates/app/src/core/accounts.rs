//! Accounts: making them, their credentials, limits and money.
//!
//! It never changes a balance by itself: every change is the engine's. Start at
//! [`Core::create_account`].

use std::sync::Arc;

use types::account::{Account, AccountLimits, CredentialKind};
use types::charge::Balance;
use types::id::AccountId;
use types::money::Money;
use types::refusal::Refusal;

use super::{AccountPatch, Core, LimitsPatch, LiveFigures, NewAccount, Scope, ShownCredential, stopped};
use crate::detail::Movement;
use crate::engine::{Change, Changed};
use crate::shared::CredentialEntry;

impl Core {
    /// An account.
    pub fn account(&self, id: AccountId) -> Option<Arc<Account>> {
        self.inner.shared.directory.load().accounts.get(&id).map(|handle| Arc::clone(&handle.account))
    }

    /// An account by its name.
    pub fn account_by_name(&self, name: &str) -> Option<Arc<Account>> {
        let id = *self.inner.shared.directory.load().by_name.get(name)?;
        self.account(id)
    }

    /// All accounts, by name.
    pub fn accounts(&self) -> Vec<Arc<Account>> {
        let directory = self.inner.shared.directory.load();
        let mut accounts: Vec<_> =
            directory.accounts.values().map(|handle| Arc::clone(&handle.account)).collect();
        accounts.sort_by(|a, b| a.name.cmp(&b.name));
        accounts
    }

    /// Makes an account.
    ///
    /// # Errors
    /// `invalid_request` for a name that is taken or a price book that does not exist.
    pub async fn create_account(&self, new: NewAccount) -> Result<Arc<Account>, Refusal> {
        match self.change(Change::Account(new)).await? {
            Changed::Account(account) => Ok(account),
            _ => Err(stopped()),
        }
    }

    /// Sets what an account may do at once.
    ///
    /// # Errors
    /// `not_found` for an account that does not exist.
    pub async fn set_limits(&self, account: AccountId, limits: AccountLimits) -> Result<(), Refusal> {
        let patch = AccountPatch { limits: LimitsPatch::of(limits), ..AccountPatch::default() };
        self.set_account(account, patch).await
    }

    /// Changes what is set of an account, for the operator.
    ///
    /// # Errors
    /// `not_found` for an account that does not exist.
    pub async fn set_account(&self, account: AccountId, patch: AccountPatch) -> Result<(), Refusal> {
        self.change(Change::AccountSet { account, patch, by: None }).await.map(|_| ())
    }

    /// Moves value from one account to another, for the operator.
    ///
    /// # Errors
    /// `not_found`; `invalid_request` for an amount that is not above zero or of another unit than either
    /// account has; `insufficient_balance`.
    pub async fn move_value(&self, from: AccountId, to: AccountId, amount: Money) -> Result<(), Refusal> {
        self.change(Change::Transfer { from, to, amount }).await.map(|_| ())
    }

    /// Makes an API key.
    ///
    /// # Errors
    /// `not_found` for an account that does not exist.
    pub async fn create_key(&self, account: AccountId) -> Result<ShownCredential, Refusal> {
        self.change_shown(Change::Key(account)).await
    }

    /// Makes an SMPP credential, with a system id of ours for `None`.
    ///
    /// # Errors
    /// `invalid_request` for a system id that is taken or cannot be one.
    pub async fn create_bind(
        &self,
        account: AccountId,
        system_id: Option<String>,
    ) -> Result<ShownCredential, Refusal> {
        self.change_shown(Change::Bind(account, system_id, None)).await
    }

    async fn change_shown(&self, change: Change) -> Result<ShownCredential, Refusal> {
        match self.change(change).await? {
            Changed::Shown(shown) => Ok(shown),
            _ => Err(stopped()),
        }
    }

    /// The credentials of an account with their secrets. The caller has made sure who asks, anew.
    ///
    /// # Errors
    /// None today; a keeper of secrets that must be asked may refuse.
    pub async fn credentials(&self, account: AccountId) -> Result<Vec<ShownCredential>, Refusal> {
        let directory = self.inner.shared.directory.load();
        let mut mine: Vec<_> =
            directory.credentials.iter().filter(|(_, entry)| entry.account == account).collect();
        mine.sort_by_key(|(_, entry)| entry.id);
        let shown = |((kind, name), entry): (&(CredentialKind, String), &Arc<CredentialEntry>)| {
            ShownCredential { kind: *kind, name: name.clone(), secret: entry.settings.secret.clone() }
        };
        Ok(mine.into_iter().map(shown).collect())
    }

    /// Grants value: a new lot.
    ///
    /// # Errors
    /// `not_found`, or `invalid_request` for an amount that is not above zero.
    pub async fn top_up(&self, account: AccountId, amount: Money, source: &str) -> Result<(), Refusal> {
        self.change(Change::TopUp { account, amount, source: source.to_owned() }).await.map(|_| ())
    }

    /// What an account can spend and what is held.
    pub fn balance(&self, account: AccountId) -> Option<Balance> {
        let unit = self.account(account)?.unit;
        let figures = self.inner.shared.figures(Some(account));
        Some(Balance {
            available: Money::new(figures.available_micros, unit),
            held: Money::new(figures.held_micros, unit),
        })
    }

    /// Movements of an account, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn movements(&self, account: AccountId, limit: usize) -> Result<Vec<Movement>, Refusal> {
        Ok(self.inner.movements(account, None, limit).await?.items)
    }

    /// Live figures of an account, or of the installation.
    pub fn live(&self, scope: Scope) -> LiveFigures {
        self.inner.shared.figures(scope.account())
    }
}
