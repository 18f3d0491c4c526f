//! What each entry of the agenda does.

use std::sync::Arc;

use types::id::{AccountId, MessageId};

use super::World;
use crate::channel::SimChannel;
use crate::ground::{Happening, Reply};
use crate::listener;

/// Milliseconds after which something is tried again for which there was no link.
const NO_LINK_MS: u64 = 15_000;
/// The most milliseconds between two messages from phones.
const INBOUND_MS: u64 = 1_800_000;

impl World {
    pub(super) fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Reaches(channel, number) => channel.reaches(number),
            Happening::Answer(channel, number, answer) => alive(&channel, |it| it.answered(number, *answer)),
            Happening::Patience(channel, number) => alive(&channel, |it| it.loses_patience(number)),
            Happening::LinkTries(channel, link) => alive(&channel, |it| it.link_tries(link)),
            Happening::Told(channel, attempt) => alive(&channel, |it| it.told(attempt)),
            Happening::Receipt(serial) => self.receipt(serial),
            Happening::Inbound(serial) => self.inbound(serial),
            Happening::BindAnswers(bind, event) => {
                let Some(process) = &self.process else { return };
                if bind.vitals.number == process.vitals.number
                    && let Some(result) = bind.answer(event)
                {
                    process.core.report_done(vec![result]);
                    self.ready_binds();
                }
            }
            Happening::Request(customer) => self.request(customer),
            Happening::Again(number) => self.hand_in(number),
            Happening::GivesUp(token) => self.customers.gives_up(token, &self.ground),
            Happening::Withdraw(account, id) => self.withdraw(account, id),
            Happening::TopUp(customer) => self.top_up(customer),
            Happening::Trouble(trouble) => self.make_trouble(trouble),
            Happening::Start => self.start(),
            Happening::RoomAgain => self.faults().full = false,
            Happening::GhostWakes => self.ghost_wakes(),
            Happening::SwitchOn(customer) => self.switch_on(customer),
        }
    }

    fn ready_binds(&self) {
        let Some(process) = &self.process else { return };
        for customer in &self.customers.customers {
            process.core.bind_ready(customer.account);
        }
    }

    fn channel(&self, carrier: usize) -> Option<Arc<SimChannel>> {
        self.process.as_ref().and_then(|process| process.factory.channel(carrier))
    }

    /// A carrier tells a receipt, until it is acknowledged.
    fn receipt(&mut self, serial: u64) {
        let carrier = {
            let carriers = self.ground.carriers();
            carriers.receipt(serial).filter(|receipt| !receipt.acknowledged).map(|receipt| receipt.carrier)
        };
        let Some(carrier) = carrier else { return };
        if let Some((attempt, state)) =
            self.ground.oracle().told(serial).map(|told| (told.took.attempt, told.state))
        {
            self.ground.carriers().note_told(attempt, state);
        }
        let is_told = self.channel(carrier).is_some_and(|channel| channel.receives(serial));
        if !is_told {
            let wait_ms = self.chance.between(1_000, NO_LINK_MS);
            self.ground.after(wait_ms, Happening::Receipt(serial));
        }
    }

    /// A phone writes: a new message for serial number zero.
    fn inbound(&mut self, serial: u64) {
        let serial = if serial == 0 {
            if self.rests {
                return;
            }
            let wait_ms = self.chance.between(1_000, INBOUND_MS);
            self.ground.after(wait_ms, Happening::Inbound(0));
            self.last_inbound += 1;
            self.last_inbound
        } else {
            serial
        };
        if self.ground.oracle().inbound_is_acknowledged(serial) {
            return;
        }
        let phone = self.customers.phone();
        let notice = crate::channel::inbound(phone, serial, self.ground.now());
        let carrier = self.chance.below(self.ground.plan.connectors);
        let channel = usize::try_from(carrier).ok().and_then(|carrier| self.channel(carrier));
        if !channel.is_some_and(|channel| channel.phone_writes(serial, notice)) {
            let wait_ms = self.chance.between(1_000, NO_LINK_MS);
            self.ground.after(wait_ms, Happening::Inbound(serial));
        }
    }

    fn request(&mut self, customer: usize) {
        if self.rests {
            return;
        }
        let plan = &self.ground.plan;
        let (request_ms, burst) = (plan.request_ms, plan.burst);
        self.ground.after(self.chance.between(1, 2 * request_ms), Happening::Request(customer));
        let now = self.ground.now();
        let more = if self.chance.happens(10) { self.chance.below(burst + 1) } else { 0 };
        for _ in 0..=more {
            if let Some(number) = self.customers.make(customer, now) {
                self.hand_in(number);
            }
        }
    }

    fn hand_in(&mut self, number: usize) {
        match &self.process {
            Some(process) => self.customers.hand_in(number, &process.core, &process.desk),
            None => self.customers.again(number, &self.ground),
        }
    }

    fn withdraw(&mut self, account: AccountId, id: MessageId) {
        let Some(process) = &self.process else { return };
        let (core, vitals, ground) =
            (process.core.clone(), Arc::clone(&process.vitals), Arc::clone(&self.ground));
        process.spawn(async move {
            let done = core.cancel(app::Scope::Account(account), id).await.is_ok();
            if vitals.acts() && !vitals.is_ghost() {
                ground.reply(Reply::Withdrawn(id, done));
            }
        });
    }

    /// What was withdrawn is cancelled on disk.
    pub(super) fn withdrawn(&self, id: MessageId, done: bool) {
        let state = self.ground.disk().tables.kept(id.key()).map(|kept| kept.message.progress.state);
        let is_cancelled = state == Some(types::message::State::Cancelled);
        let mut oracle = self.ground.oracle();
        if done && !is_cancelled {
            oracle.broken("what was withdrawn is cancelled", format!("{id} is {state:?}"));
        }
        oracle.count("withdrawals");
    }

    fn switch_on(&mut self, customer: usize) {
        self.ground.listeners().come_back(customer);
        let Some((process, account)) = self.process.as_ref().zip(self.account_at(customer)) else { return };
        let (core, ground, vitals) =
            (process.core.clone(), Arc::clone(&self.ground), Arc::clone(&process.vitals));
        process.spawn(async move {
            let kind = types::account::EndpointKind::Webhook;
            let url = listener::address(customer);
            let done = core.set_default_webhook(account, kind, Some(&url)).await.is_ok();
            if !done && vitals.is_alive() {
                ground.after(60_000, Happening::SwitchOn(customer));
            }
        });
    }
}

/// What happens to a channel happens only while its process lives.
fn alive(channel: &SimChannel, act: impl FnOnce(&SimChannel)) {
    if channel.vitals.is_alive() {
        act(channel);
    }
}
