//! The fake desk's tree: the owner has one account below it, which knows nothing of its own.

use std::sync::Arc;

use app::detail::Page;
use app::submission::{Done, Idempotency};
use app::{AccountPatch, AccountView, AccountWish, Direction, Scope, TreeFigures, TreeQuery};
use types::account::{Account, AccountState};
use types::id::{AccountId, PublicId, RowKey};
use types::money::{Money, Unit};
use types::refusal::{Refusal, RefusalCode};

use super::{CHILD, FakeDesk, OWNER};
use crate::desk::{Answer, Desk, Tree};

/// The public id of an account of the fake.
pub(crate) fn sid_of(id: AccountId) -> PublicId {
    PublicId::new(RowKey::from_parts(1, u32::try_from(id.0).unwrap()), 1)
}

/// The same as it is written.
pub(crate) fn account_id(id: AccountId) -> String {
    types::account::write_sid(sid_of(id))
}

fn at_once<'a, T: Send + 'a>(outcome: Result<T, Refusal>) -> Answer<'a, T> {
    Box::pin(async { outcome })
}

fn missing() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no account with this id below this one").at("id")
}

impl FakeDesk {
    fn account_view(&self, id: AccountId) -> AccountView {
        let account = Desk::account(self, id).unwrap();
        AccountView {
            name: account.name.clone(),
            parent: account.parent.map(sid_of),
            acts_as: account.state,
            balance: Desk::balance(self, id).unwrap(),
            account,
        }
    }

    fn note(&self, root: AccountId) {
        self.scopes.lock().unwrap().push(Scope::Account(root));
    }
}

impl Tree for FakeDesk {
    fn account_below(&self, root: AccountId, sid: PublicId) -> Option<AccountView> {
        (root == OWNER && sid == sid_of(CHILD)).then(|| self.account_view(CHILD))
    }

    fn accounts_below(&self, root: AccountId, after: Option<AccountId>, _limit: usize) -> Vec<AccountView> {
        self.note(root);
        let is_there = root == OWNER && after.is_none_or(|after| after < CHILD);
        is_there.then(|| self.account_view(CHILD)).into_iter().collect()
    }

    fn own_name(&self, account: AccountId) -> String {
        match account {
            OWNER => "demo",
            CHILD => "shop",
            _ => "stranger",
        }
        .to_owned()
    }

    fn make_account_below(
        &self,
        root: AccountId,
        wish: AccountWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<AccountView>> {
        self.note(root);
        let made = self.account_view(AccountId(10));
        let limits = wish.limits.over(made.account.limits);
        let account = Account { parent: Some(root), limits, ..(*made.account).clone() };
        let parent = Some(sid_of(root));
        let view = AccountView { account: Arc::new(account), name: wish.name, parent, ..made };
        at_once(Ok(self.done(view, once)))
    }

    fn change_account_below(
        &self,
        root: AccountId,
        sid: PublicId,
        patch: AccountPatch,
    ) -> Answer<'_, AccountView> {
        let Some(old) = self.account_below(root, sid) else { return at_once(Err(missing())) };
        let state = patch.state.unwrap_or(AccountState::Active);
        let account = Account { state, ..(*old.account).clone() };
        at_once(Ok(AccountView { account: Arc::new(account), acts_as: state, ..old }))
    }

    fn transfer(
        &self,
        root: AccountId,
        sid: PublicId,
        _direction: Direction,
        amount: Money,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<AccountView>> {
        let Some(mut view) = self.account_below(root, sid) else { return at_once(Err(missing())) };
        view.balance.available = amount;
        at_once(Ok(self.done(view, once)))
    }

    fn tree_figures(&self, root: AccountId, query: TreeQuery) -> Answer<'_, Page<TreeFigures>> {
        self.note(root);
        let below = (root == OWNER).then_some(CHILD);
        let ids = [root].into_iter().chain(below).filter(|id| query.after.is_none_or(|after| *id > after));
        let line = |id| TreeFigures {
            view: self.account_view(id),
            messages: 3,
            delivered: 2,
            parts: 4,
            amount: Money::new(120_000, Unit::EUR),
        };
        at_once(Ok(Page { items: ids.map(line).collect(), next: None }))
    }
}
