//! The fake's tree: the customers' account has one account below it.

use std::sync::Arc;

use app::detail::Page;
use app::submission::Idempotency;
use app::{AccountPatch, AccountView, AccountWish, Direction, TreeFigures, TreeQuery};
use console::{Desk, Tree};
use types::Sensitive;
use types::account::{Account, AccountState};
use types::id::{AccountId, PublicId, RowKey};
use types::money::Money;
use types::refusal::{Refusal, RefusalCode};
use types::role::Role;
use types::time::Timestamp;

use super::{ACCOUNT, Answer, FakeDesk, account, euros, ready};

/// The account below the customers'.
pub const CHILD: AccountId = AccountId(8);

/// The account below the customers', as it is at a time.
pub fn child(now: Timestamp) -> Account {
    let sid = PublicId::new(RowKey::from_parts(1_795_000_000_000, 2), 2);
    Account { id: CHILD, sid, parent: Some(ACCOUNT), name: "Shop <i>".to_owned(), ..account(now) }
}

impl FakeDesk {
    fn view(&self, account: Account) -> AccountView {
        AccountView {
            name: account.name.clone(),
            parent: None,
            acts_as: account.state,
            balance: Desk::balance(self, account.id).unwrap(),
            account: Arc::new(account),
        }
    }

    pub fn note(&self, change: String) {
        self.changes.lock().unwrap().push(change);
    }
}

fn wrong(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::InvalidRequest, detail)
}

impl Tree for FakeDesk {
    fn own_name(&self, id: AccountId) -> String {
        Desk::account(self, id).map_or_else(String::new, |account| account.name.clone())
    }

    fn account_below(&self, root: AccountId, sid: PublicId) -> Option<AccountView> {
        let child = child(Desk::now(self));
        (root == ACCOUNT && sid == child.sid).then(|| self.view(child))
    }

    fn tree_figures(&self, root: AccountId, _query: TreeQuery) -> Answer<'_, Page<TreeFigures>> {
        let accounts = if root == ACCOUNT {
            vec![account(Desk::now(self)), child(Desk::now(self))]
        } else {
            vec![child(Desk::now(self))]
        };
        let line = |account| TreeFigures {
            view: self.view(account),
            messages: 12,
            delivered: 11,
            parts: 14,
            amount: euros(600_000),
        };
        ready(Ok(Page { items: accounts.into_iter().map(line).collect(), next: None }))
    }

    fn make_account_below(
        &self,
        root: AccountId,
        wish: AccountWish,
        _once: Option<Idempotency>,
    ) -> Answer<'_, AccountView> {
        if wish.name.is_empty() {
            return ready(Err(wrong("a name has 1 to 64 octets")));
        }
        self.note(format!("{} makes {}", root.0, wish.name));
        ready(Ok(self.view(child(Desk::now(self)))))
    }

    fn change_account_below(
        &self,
        root: AccountId,
        sid: PublicId,
        patch: AccountPatch,
    ) -> Answer<'_, AccountView> {
        let state = patch.state.map_or("", AccountState::as_str);
        let rate = patch.limits.rate_per_second;
        if rate == Some(0) {
            return ready(Err(wrong(
                "messages_per_second would be above the same limit of the account above",
            )));
        }
        self.note(format!(
            "{} sets {state}{}",
            root.0,
            rate.map_or_else(String::new, |rate| rate.to_string())
        ));
        ready(self.account_below(root, sid).ok_or_else(|| wrong("gone")))
    }

    fn transfer(
        &self,
        root: AccountId,
        sid: PublicId,
        direction: Direction,
        amount: Money,
        _once: Option<Idempotency>,
    ) -> Answer<'_, AccountView> {
        self.note(format!("{} moves {amount} {direction:?}", root.0));
        ready(self.account_below(root, sid).ok_or_else(|| wrong("gone")))
    }

    fn create_person<'a>(
        &'a self,
        account: AccountId,
        email: &'a str,
        role: Role,
        password: &'a Sensitive<String>,
    ) -> Answer<'a, ()> {
        if password.expose().len() < 8 {
            return ready(Err(wrong("a password has 8 to 200 characters")));
        }
        self.note(format!("{} gets {email} as {role}", account.0));
        ready(Ok(()))
    }
}
