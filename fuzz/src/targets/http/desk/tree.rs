//! The looking desk has no accounts below it.

use api::{Answer, Tree};
use app::detail::Page;
use app::submission::{Done, Idempotency};
use app::{AccountPatch, AccountView, AccountWish, Direction, TreeFigures, TreeQuery};
use types::id::{AccountId, PublicId};
use types::money::Money;

use super::{LookingDesk, missing, no_page};

impl Tree for LookingDesk {
    fn account_below(&self, _root: AccountId, _sid: PublicId) -> Option<AccountView> {
        None
    }

    fn accounts_below(&self, _root: AccountId, _after: Option<AccountId>, _limit: usize) -> Vec<AccountView> {
        Vec::new()
    }

    fn own_name(&self, _account: AccountId) -> String {
        "demo".to_owned()
    }

    fn make_account_below(
        &self,
        _root: AccountId,
        _wish: AccountWish,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<AccountView>> {
        missing()
    }

    fn change_account_below(
        &self,
        _root: AccountId,
        _sid: PublicId,
        _patch: AccountPatch,
    ) -> Answer<'_, AccountView> {
        missing()
    }

    fn transfer(
        &self,
        _root: AccountId,
        _sid: PublicId,
        _direction: Direction,
        _amount: Money,
        _once: Option<Idempotency>,
    ) -> Answer<'_, Done<AccountView>> {
        missing()
    }

    fn tree_figures(&self, _root: AccountId, _query: TreeQuery) -> Answer<'_, Page<TreeFigures>> {
        no_page()
    }
}
