//! Money that is paid in, looks at whether everything still moves, and the way to rest at the end.

use std::sync::Arc;

use types::id::AccountId;
use types::message::State;

use super::World;
use crate::faults::Faults;
use crate::ground::{Happening, Reply};
use crate::house;

/// Milliseconds of ordinary time after the last trouble.
const CALM_MS: u64 = 1_800_000;
/// Jumps of the wall clock until everything has lapsed that lapses.
const JUMPS: u32 = 130;
/// How far one of them goes, milliseconds.
const JUMP_MS: i64 = 3_600_000;
/// Ordinary time after each, milliseconds.
const AFTER_JUMP_MS: u64 = 40_000;
/// How long a message may wait although its connectors have room, milliseconds.
const STALLED_MS: u64 = 300_000;

/// A top-up under way or done.
#[derive(Clone, Copy, Debug)]
pub(super) struct TopUp {
    account: AccountId,
    /// Lots of the account before.
    lots: usize,
}

impl World {
    /// An account pays in.
    pub(super) fn top_up(&mut self, customer: usize) {
        let Some((process, account)) = self.process.as_ref().zip(self.account_at(customer)) else { return };
        let number = u64::try_from(self.top_ups.len()).unwrap_or(u64::MAX);
        let (core, vitals, ground) =
            (process.core.clone(), Arc::clone(&process.vitals), Arc::clone(&self.ground));
        let amount = self.grant();
        process.spawn(async move {
            let done = core.top_up(account, amount, "sim").await.is_ok();
            if vitals.acts() && !vitals.is_ghost() {
                ground.reply(Reply::TopUp(number, done));
            }
        });
        let lots = self.lots_of(account);
        self.top_ups.insert(number, TopUp { account, lots });
    }

    fn lots_of(&self, account: AccountId) -> usize {
        self.ground.disk().tables.lots.values().filter(|lot| lot.account == account).count()
    }

    /// What was acknowledged is there, and what was refused is not.
    pub(super) fn top_up_answered(&mut self, number: u64, done: bool) {
        let Some(top_up) = self.top_ups.get(&number).copied() else { return };
        let lots = self.lots_of(top_up.account);
        let mut oracle = self.ground.oracle();
        oracle.count("top_ups");
        if done && lots <= top_up.lots {
            oracle.broken("what was paid in is on disk", format!("account {}", top_up.account.0));
        }
        // Two may be under way at once; then nobody can say which is which.
        let alone = lots == top_up.lots + 1;
        if !done && alone && self.top_ups.keys().next_back() == Some(&number) {
            oracle
                .broken("what was refused left nothing", format!("a top-up of account {}", top_up.account.0));
        }
    }

    /// After a start, the routes that were acknowledged are in force.
    pub(super) fn check_routes(&self) {
        let newest = self.process.as_ref().map_or(0, |process| process.core.traffic().0);
        if newest < self.routes {
            let detail = format!("version {newest}, {} was acknowledged", self.routes);
            self.ground.oracle().broken("acknowledged routes are kept", detail);
        }
    }

    /// Whether messages wait although every connector has had room for a while.
    pub(super) fn look_for_stalls(&mut self) {
        let now_ms = self.ground.clock.elapsed_ms();
        let carriers = 0..usize::try_from(self.ground.plan.connectors).unwrap_or(1);
        let has_room = self.process.as_ref().is_some_and(|process| {
            process.vitals.is_alive()
                && carriers
                    .clone()
                    .all(|carrier| process.factory.channel(carrier).is_some_and(|channel| channel.free() > 0))
        }) && !self.faults().full;
        if !has_room {
            self.room_since_ms = None;
            return;
        }
        let since_ms = *self.room_since_ms.get_or_insert(now_ms);
        if now_ms - since_ms < STALLED_MS {
            return;
        }
        let now = self.ground.now();
        let disk = self.ground.disk();
        let waits = |key: &&types::id::RowKey| {
            disk.tables.kept(**key).is_some_and(|kept| {
                let (facts, progress) = (&kept.message.facts, &kept.message.progress);
                let due_ms = now.ms_since(progress.due_at);
                progress.state == State::Queued
                    && u64::try_from(due_ms).is_ok_and(|due_ms| due_ms > STALLED_MS)
                    && facts.expires_at > now
                    && !disk.tables.staged.contains(&facts.submission)
            })
        };
        let stalled: Vec<_> = disk.tables.open.iter().filter(waits).collect();
        if let Some(first) = stalled.first() {
            let detail = format!("{} messages, the first is {:x}", stalled.len(), first.as_i64());
            self.ground.oracle().broken("what waits goes out when there is room", detail);
        }
    }

    /// Nothing goes wrong any more; what is under way comes to its end, and is judged.
    pub(super) fn come_to_rest(&mut self) {
        self.rests = true;
        self.ground.carriers().calm_down();
        self.ground.listeners().calm_down();
        {
            let mut faults = self.faults();
            let chance = faults.chance.clone();
            *faults = Faults { full: false, not_written: 0, doubt: None, chance };
        }
        self.ghost_wakes();
        self.start();
        self.ground.oracle().note(|| "rest begins".to_owned());
        let mut end_ms = self.ground.clock.elapsed_ms() + CALM_MS;
        self.run_until(end_ms);
        self.settle_down();
        for round in 0..JUMPS {
            if self.ground.oracle().must_stop() {
                return;
            }
            self.ground.clock.jump(JUMP_MS);
            end_ms = self.ground.clock.elapsed_ms() + AFTER_JUMP_MS;
            self.run_until(end_ms);
            if round % 16 == 0 {
                self.settle_down();
            }
        }
        if self.ground.oracle().must_stop() {
            return;
        }
        let asked = self.customers.asked();
        let now = self.ground.now();
        let disk = self.ground.disk();
        self.ground.oracle().judge_end(&disk.tables, &asked, now);
    }

    /// Everything is where it should be: routes, links, binds, listeners.
    fn settle_down(&mut self) {
        self.start();
        self.change_routes(house::traffic(&self.ground.plan));
        self.attach_all_binds();
        for place in 0..self.customers.customers.len() {
            self.ground.after(1_000, Happening::SwitchOn(place));
        }
    }
}
