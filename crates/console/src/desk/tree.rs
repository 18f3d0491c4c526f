//! What the console asks of the core about accounts below one. See [`super::Desk`].

use app::detail::Page;
use app::submission::Idempotency;
use app::{AccountPatch, AccountView, AccountWish, Core, Direction, TreeFigures, TreeQuery};
use types::Sensitive;
use types::id::{AccountId, PublicId};
use types::money::Money;
use types::role::Role;

use super::Answer;

/// The questions about accounts below one. Each is the method of [`app::Core`] of the same name.
pub trait Tree: Send + Sync {
    /// The name of an account as its own people know it.
    fn own_name(&self, account: AccountId) -> String;
    /// An account below another by its public id.
    fn account_below(&self, root: AccountId, sid: PublicId) -> Option<AccountView>;
    /// The traffic of an account and of every one below it.
    fn tree_figures(&self, root: AccountId, query: TreeQuery) -> Answer<'_, Page<TreeFigures>>;
    /// Makes an account below another.
    fn make_account_below(
        &self,
        root: AccountId,
        wish: AccountWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, AccountView>;
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
    ) -> Answer<'_, AccountView>;
    /// Makes a user of an account.
    fn create_person<'a>(
        &'a self,
        account: AccountId,
        email: &'a str,
        role: Role,
        password: &'a Sensitive<String>,
    ) -> Answer<'a, ()>;
}

impl Tree for Core {
    fn own_name(&self, account: AccountId) -> String {
        Self::own_name(self, account)
    }

    fn account_below(&self, root: AccountId, sid: PublicId) -> Option<AccountView> {
        Self::account_below(self, root, sid)
    }

    fn tree_figures(&self, root: AccountId, query: TreeQuery) -> Answer<'_, Page<TreeFigures>> {
        Box::pin(Self::tree_figures(self, root, query))
    }

    fn make_account_below(
        &self,
        root: AccountId,
        wish: AccountWish,
        once: Option<Idempotency>,
    ) -> Answer<'_, AccountView> {
        Box::pin(async move { Ok(Self::make_account_below(self, root, wish, once).await?.value) })
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
    ) -> Answer<'_, AccountView> {
        Box::pin(async move { Ok(Self::transfer(self, root, sid, direction, amount, once).await?.value) })
    }

    fn create_person<'a>(
        &'a self,
        account: AccountId,
        email: &'a str,
        role: Role,
        password: &'a Sensitive<String>,
    ) -> Answer<'a, ()> {
        Box::pin(
            async move { Self::create_person(self, Some(account), email, role, password).await.map(drop) },
        )
    }
}
