//! The beginning of a seed: the house is set up while nothing goes wrong.

use std::sync::Arc;

use app::NewAccount;
use types::account::{AccountLimits, EndpointKind};
use types::id::AccountId;
use types::money::{Money, Unit};

use super::World;
use crate::ground::{Happening, Trouble};
use crate::house;
use crate::listener;
use crate::process::{Outfit, Process};

/// What a part costs at first.
const PRICE_CENTS: u64 = 5;
/// Micro-units of a cent.
const CENT_MICROS: i64 = 10_000;

impl World {
    /// Sets the house up. False when that failed, which the judge then knows.
    pub(super) fn begin(&mut self) -> bool {
        self.processes += 1;
        let outfit = Outfit {
            ground: Arc::clone(&self.ground),
            faults: Arc::clone(&self.faults),
            plant: None,
            chance: self.chance.fork(),
            number: self.processes,
            profile: Some(house::profile(&self.ground.plan)),
        };
        let Ok(mut process) = Process::start(outfit) else {
            self.ground.oracle().broken("a process can start", "the first one did not".into());
            return false;
        };
        let set_up = self.set_up(&mut process);
        if set_up.is_none() {
            self.ground.oracle().broken("the house can be set up", "a change was refused".into());
            return false;
        }
        // The real life begins with a process that has the planted bug, on the same disk.
        drop(process);
        self.start();
        self.faults().not_written = self.ground.plan.troubles.not_written;
        self.plan_troubles();
        true
    }

    fn set_up(&mut self, process: &mut Process) -> Option<()> {
        let plan = self.ground.plan.clone();
        let core = process.core.clone();
        process.ask(async move { core.change_prices(house::prices(PRICE_CENTS), "sim", "").await })?.ok()?;
        let (core, document) = (process.core.clone(), house::traffic(&plan));
        self.routes = process.ask(async move { core.change_traffic(document, "sim", "").await })?.ok()?;
        for place in 0..usize::try_from(plan.accounts).unwrap_or(1) {
            let limits = AccountLimits { rate_per_second: 0, window: 0, binds: 0, repeat_guard_s: 3 };
            let new = NewAccount {
                name: format!("account {place}"),
                parent: None,
                price_book: None,
                region: None,
                limits,
                allow_private_callbacks: false,
            };
            let core = process.core.clone();
            let account = process.ask(async move { core.create_account(new).await })?.ok()?;
            let (core, id) = (process.core.clone(), account.id);
            let url = listener::address(place);
            let webhook = process
                .ask(async move { core.set_default_webhook(id, EndpointKind::Webhook, Some(&url)).await })?
                .ok()??;
            let (core, amount) = (process.core.clone(), self.grant());
            process.ask(async move { core.top_up(id, amount, "sim").await })?.ok()?;
            let smpp = process.core.smpp_endpoint(id);
            self.customers.welcome(&account, Some(webhook.id), smpp);
        }
        Some(())
    }

    /// What an account is given at once.
    pub(super) fn grant(&self) -> Money {
        let cents = i64::try_from(self.ground.plan.grant_cents).unwrap_or(1);
        Money::new(cents.saturating_mul(CENT_MICROS), Unit::EUR)
    }

    fn plan_troubles(&mut self) {
        let troubles = self.ground.plan.troubles;
        for place in 0..self.customers.customers.len() {
            self.ground.after(self.chance.between(0, 5_000), Happening::Request(place));
        }
        self.ground.after(60_000, Happening::Inbound(0));
        for (trouble, mean_ms) in [
            (Trouble::Crash, troubles.crash_ms),
            (Trouble::Link, troubles.link_ms),
            (Trouble::Outage, troubles.outage_ms),
            (Trouble::IdsAnew, troubles.ids_anew_ms),
            (Trouble::Disk, troubles.disk_ms),
            (Trouble::Routes, troubles.routes_ms),
            (Trouble::Jump, troubles.jump_ms),
            (Trouble::Listener, troubles.listener_ms),
            (Trouble::Bind, troubles.bind_ms.max(60_000)),
        ] {
            self.next_trouble(trouble, mean_ms);
        }
    }

    /// Attaches a bind of every account.
    pub(super) fn attach_all_binds(&mut self) {
        let Some(process) = &mut self.process else { return };
        for customer in &self.customers.customers {
            if let Some(endpoint) = customer.smpp {
                process.attach_bind(customer.account, endpoint, 20);
            }
        }
    }

    /// The place of an account among the customers.
    pub(super) fn account_at(&self, place: usize) -> Option<AccountId> {
        self.customers.customers.get(place).map(|customer| customer.account)
    }
}
