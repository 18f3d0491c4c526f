//! Inbound numbers: the operator's inventory, who holds which, and where each leads.
//!
//! It decides nothing. Start at [`Core::inbound_numbers`].

use types::id::{AccountId, EndpointId};
use types::inbound::{InboundNumber, NumberRoute};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::{Core, Scope, stopped};
use crate::engine::{Change, Changed, NumberChange};

/// Numbers that one request imports; who has more asks again.
pub const NUMBERS_AT_ONCE_MAX: usize = 5_000;

/// A number to which phones write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundNumberView {
    /// The number.
    pub number: InboundNumber,
    /// Who holds it, with its name; `None` for nobody.
    pub account: Option<(AccountId, String)>,
    /// Where goes what is written to it.
    pub route: NumberRoute,
    /// The address, where the route names one.
    pub endpoint: Option<EndpointId>,
    /// When it came into the inventory.
    pub added_at: Timestamp,
    /// Since when somebody holds it.
    pub assigned_at: Option<Timestamp>,
}

impl Core {
    /// Numbers of one account or all, in their order, behind a number, at most `limit`.
    pub fn inbound_numbers(
        &self,
        scope: Scope,
        after: Option<InboundNumber>,
        limit: usize,
    ) -> Vec<InboundNumberView> {
        let directory = self.inner.shared.directory.load();
        let name = |id: AccountId| {
            let name = directory.accounts.get(&id).map(|handle| handle.account.name.clone());
            (id, name.unwrap_or_default())
        };
        let all = directory.inbound_numbers.values();
        let seen = all.filter(|row| {
            after.is_none_or(|after| row.number > after)
                && match scope {
                    Scope::All => true,
                    Scope::Account(account) => row.account == Some(account),
                }
        });
        let view = |row: &ports::store::InboundNumberRow| InboundNumberView {
            number: row.number,
            account: row.account.map(name),
            route: row.route,
            endpoint: row.endpoint,
            added_at: row.added_at,
            assigned_at: row.assigned_at,
        };
        seen.take(limit).map(view).collect()
    }

    /// One number of an account.
    pub fn inbound_number(&self, account: AccountId, number: InboundNumber) -> Option<InboundNumberView> {
        let before = number.as_u64().checked_sub(1).and_then(InboundNumber::from_u64);
        let found = self.inbound_numbers(Scope::Account(account), before, 1);
        found.into_iter().find(|view| view.number == number)
    }

    /// Puts numbers into the inventory, each with the account that holds it, if one does; gives how many have
    /// changed. All or none.
    ///
    /// # Errors
    /// `invalid_request` for none, too many at once, and at the number that another account holds.
    pub async fn import_numbers(
        &self,
        numbers: Vec<(InboundNumber, Option<AccountId>)>,
    ) -> Result<usize, Refusal> {
        if numbers.is_empty() || numbers.len() > NUMBERS_AT_ONCE_MAX {
            let detail = format!("expected 1 to {NUMBERS_AT_ONCE_MAX} numbers");
            return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("numbers"));
        }
        let add = |(number, account)| (number, NumberChange::Add(account));
        self.change_numbers(numbers.into_iter().map(add).collect()).await
    }

    /// Gives a free number to an account.
    ///
    /// # Errors
    /// `not_found`, or `invalid_request` when another account holds it.
    pub async fn assign_number(&self, number: InboundNumber, account: AccountId) -> Result<(), Refusal> {
        self.change_numbers(vec![(number, NumberChange::Assign(account))]).await.map(drop)
    }

    /// Takes a number from whoever holds it; what it was routed to is forgotten.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn release_number(&self, number: InboundNumber) -> Result<(), Refusal> {
        self.change_numbers(vec![(number, NumberChange::Release)]).await.map(drop)
    }

    /// Says where goes what is written to a number of an account.
    ///
    /// # Errors
    /// `not_found`, or `invalid_request` for a route without its address.
    pub async fn route_number(
        &self,
        account: AccountId,
        number: InboundNumber,
        route: NumberRoute,
        endpoint: Option<EndpointId>,
    ) -> Result<InboundNumberView, Refusal> {
        let change = NumberChange::Route(account, route, endpoint);
        let changed = self.change_numbers(vec![(number, change)]).await;
        changed.map_err(|refusal| match refusal.code {
            RefusalCode::InvalidRequest => refusal.at("webhook"),
            _ => refusal.at("id"),
        })?;
        let missing = || Refusal::new(RefusalCode::NotFound, "there is no such number").at("id");
        self.inbound_number(account, number).ok_or_else(missing)
    }

    async fn change_numbers(&self, changes: Vec<(InboundNumber, NumberChange)>) -> Result<usize, Refusal> {
        match self.change(Change::Numbers(changes)).await? {
            Changed::Numbers(changed) => Ok(changed),
            _ => Err(stopped()),
        }
    }
}
