//! Accounts below the caller's. See [`super::Desk`].

use app::detail::Page;
use app::submission::{Done, Idempotency};
use app::{AccountPatch, AccountView, AccountWish, Core, Direction, TreeFigures, TreeQuery};
use types::id::{AccountId, PublicId};
use types::money::Money;

use super::Answer;

/// What this door asks of the core about accounts below one; see the methods of the same names of
/// [`app::Core`].
pub trait Tree: Send + Sync + 'static {
    /// An account below another by its public id.
    fn account_below(&self, root: AccountId, sid: PublicId) -> Option<AccountView>;
    /// Accounts below another, oldest first, behind one.
    fn accounts_below(&self, root: AccountId, after: Option<AccountId>, limit: usize) -> Vec<AccountView>;
    /// The name of an account as its own people know it.
    fn own_name(&self, account: AccountId) -> String;
    /// Makes an account below another.
    fn make_account_below(
        &self,
        root: AccountId,
        wish: AccountWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<AccountView>>;
    /// Changes an account below another.
    fn change_account_below(
        &self,
        root: AccountId,
        sid: PublicId,
        patch: AccountPatch,
    ) -> Answer<'_, AccountView>;
    /// Moves value between an account and one below it.
    fn transfer(
        &self,
        root: AccountId,
        sid: PublicId,
        direction: Direction,
        amount: Money,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<AccountView>>;
    /// The traffic of an account and of every one below it.
    fn tree_figures(&self, root: AccountId, query: TreeQuery) -> Answer<'_, Page<TreeFigures>>;
}

impl Tree for Core {
    fn account_below(&self, root: AccountId, sid: PublicId) -> Option<AccountView> {
        Self::account_below(self, root, sid)
    }

    fn accounts_below(&self, root: AccountId, after: Option<AccountId>, limit: usize) -> Vec<AccountView> {
        Self::accounts_below(self, root, after, limit)
    }

    fn own_name(&self, account: AccountId) -> String {
        Self::own_name(self, account)
    }

    fn make_account_below(
        &self,
        root: AccountId,
        wish: AccountWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<AccountView>> {
        Box::pin(Self::make_account_below(self, root, wish, once))
    }

    fn change_account_below(
        &self,
        root: AccountId,
        sid: PublicId,
        patch: AccountPatch,
    ) -> Answer<'_, AccountView> {
        Box::pin(Self::change_account_below(self, root, sid, patch))
    }

    fn transfer(
        &self,
        root: AccountId,
        sid: PublicId,
        direction: Direction,
        amount: Money,
        once: Option<Idempotency>,
    ) -> Answer<'_, Done<AccountView>> {
        Box::pin(Self::transfer(self, root, sid, direction, amount, once))
    }

    fn tree_figures(&self, root: AccountId, query: TreeQuery) -> Answer<'_, Page<TreeFigures>> {
        Box::pin(Self::tree_figures(self, root, query))
    }
}
