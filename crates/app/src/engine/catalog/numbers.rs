//! Inbound numbers: put into the inventory, assigned to accounts, released, and where each leads.
//!
//! All changes of one request are made or none. It answers no phone. Start at [`Engine::change_numbers`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ports::store::{ConfigChange, InboundNumberRow};
use types::id::{AccountId, EndpointId};
use types::inbound::{InboundNumber, NumberRoute};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::{Changed, Engine};

/// Numbers of an inventory.
const NUMBERS_MAX: usize = 100_000;

/// What to change of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberChange {
    /// It is in the inventory, and this account holds it, if one is named.
    Add(Option<AccountId>),
    /// This account holds it from now on; it must be free.
    Assign(AccountId),
    /// Nobody holds it any more.
    Release,
    /// The account that holds it says where goes what is written to it.
    Route(AccountId, NumberRoute, Option<EndpointId>),
}

impl Engine {
    /// Changes numbers; gives how many have changed. A refusal names the place of the number at fault.
    pub(super) fn change_numbers(
        &mut self,
        changes: &[(InboundNumber, NumberChange)],
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let directory = self.shared.directory.load();
        let mut numbers = (*directory.inbound_numbers).clone();
        let mut rows = BTreeMap::new();
        for (place, (number, change)) in changes.iter().enumerate() {
            let known = numbers.get(number).copied();
            let row = self.changed_number(*number, known, *change, now);
            let row = row.map_err(|refusal| refusal.at(format!("numbers[{place}]")))?;
            if known != Some(row) {
                numbers.insert(*number, row);
                rows.insert(*number, row);
            }
        }
        if numbers.len() > NUMBERS_MAX {
            let detail = format!("an inventory has at most {NUMBERS_MAX} numbers");
            return Err(Refusal::new(RefusalCode::LimitReached, detail));
        }
        let changed = rows.len();
        if changed > 0 {
            let held = |number: &InboundNumber| directory.inbound_numbers.get(number)?.account;
            let holders = rows.iter().flat_map(|(number, row)| [held(number), row.account]);
            let holders: BTreeSet<AccountId> = holders.flatten().collect();
            self.write(rows.into_values().map(ConfigChange::InboundNumber).collect(), now)?;
            let mut directory = directory.fork();
            directory.inbound_numbers = Arc::new(numbers);
            holders.into_iter().for_each(|holder| directory.note_pools(holder));
            self.shared.directory.store(Arc::new(directory));
        }
        Ok(Changed::Numbers(changed))
    }

    /// A number as it is after a change.
    fn changed_number(
        &self,
        number: InboundNumber,
        known: Option<InboundNumberRow>,
        change: NumberChange,
        now: Timestamp,
    ) -> Result<InboundNumberRow, Refusal> {
        let free = InboundNumberRow {
            number,
            account: None,
            route: NumberRoute::Account,
            endpoint: None,
            added_at: known.map_or(now, |known| known.added_at),
            assigned_at: None,
        };
        let held_by = |account| InboundNumberRow { account: Some(account), assigned_at: Some(now), ..free };
        match change {
            NumberChange::Add(None) => Ok(known.unwrap_or(free)),
            NumberChange::Add(Some(account)) => {
                self.assigned(known.unwrap_or(free), account, held_by(account))
            }
            NumberChange::Assign(account) => {
                self.assigned(known.ok_or_else(no_such_number)?, account, held_by(account))
            }
            NumberChange::Release => known.map(|_| free).ok_or_else(no_such_number),
            NumberChange::Route(account, route, endpoint) => {
                let own = known.filter(|known| known.account == Some(account)).ok_or_else(no_such_number)?;
                self.check_route(account, route, endpoint)?;
                Ok(InboundNumberRow { route, endpoint, ..own })
            }
        }
    }

    /// A number that an account shall hold; one that it holds already stays as it is.
    fn assigned(
        &self,
        known: InboundNumberRow,
        account: AccountId,
        assigned: InboundNumberRow,
    ) -> Result<InboundNumberRow, Refusal> {
        self.check_account(account)?;
        match known.account {
            None => Ok(assigned),
            Some(holder) if holder == account => Ok(known),
            Some(_) => {
                let detail = "another account holds the number; release it first";
                Err(Refusal::new(RefusalCode::Conflict, detail))
            }
        }
    }

    /// A route to an address names one of the account's own, and no other route names any.
    fn check_route(
        &self,
        account: AccountId,
        route: NumberRoute,
        endpoint: Option<EndpointId>,
    ) -> Result<(), Refusal> {
        let directory = self.shared.directory.load();
        let fits = match (route, endpoint) {
            (NumberRoute::Webhook, Some(id)) => directory.address_of(account, id).is_some(),
            (NumberRoute::Webhook, None) => false,
            (NumberRoute::Account | NumberRoute::Binds | NumberRoute::Keywords, endpoint) => {
                endpoint.is_none()
            }
        };
        if fits {
            return Ok(());
        }
        let detail = "the route webhook names one of the account's webhooks, and no other route names any";
        Err(Refusal::new(RefusalCode::InvalidRequest, detail))
    }
}

fn no_such_number() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such number")
}
