//! Trouble of every kind.

use std::sync::Arc;

use super::World;
use crate::ground::{Happening, Reply, Trouble};
use crate::house;

const MINUTE_MS: u64 = 60_000;

impl World {
    pub(super) fn make_trouble(&mut self, trouble: Trouble) {
        if self.rests {
            return;
        }
        let troubles = self.ground.plan.troubles;
        self.ground.oracle().note(|| format!("trouble: {trouble:?}"));
        let mean_ms = match trouble {
            Trouble::Crash => {
                self.crash();
                troubles.crash_ms
            }
            Trouble::Link => {
                self.break_link();
                troubles.link_ms
            }
            Trouble::Outage => {
                self.outage();
                troubles.outage_ms
            }
            Trouble::IdsAnew => {
                let carrier = self.any_carrier();
                self.ground.carriers().begin_ids_anew(carrier);
                troubles.ids_anew_ms
            }
            Trouble::Disk => {
                self.faults().full = true;
                let wait_ms = self.chance.between(100, MINUTE_MS);
                self.ground.after(wait_ms, Happening::RoomAgain);
                troubles.disk_ms
            }
            Trouble::Routes if self.chance.happens(200) => {
                self.change_prices();
                troubles.routes_ms
            }
            Trouble::Routes => {
                let document = house::changed_traffic(&self.ground.plan, &mut self.chance);
                self.change_routes(document);
                troubles.routes_ms
            }
            Trouble::Jump => {
                let ms = self.chance.between(1_000, 3 * 60 * MINUTE_MS);
                self.ground.clock.jump(i64::try_from(ms).unwrap_or(0));
                troubles.jump_ms
            }
            Trouble::Listener => {
                self.ground.listeners().change_mood();
                troubles.listener_ms
            }
            Trouble::Bind => {
                self.switch_bind();
                troubles.bind_ms.max(10 * MINUTE_MS)
            }
        };
        self.next_trouble(trouble, mean_ms);
    }

    fn any_carrier(&mut self) -> usize {
        usize::try_from(self.chance.below(self.ground.plan.connectors)).unwrap_or(0)
    }

    /// The process dies: now, within what follows a commit, in a commit, or only in appearance.
    fn crash(&mut self) {
        let Some(process) = &self.process else { return };
        match self.chance.below(6) {
            0 => {
                process.vitals.end();
                self.bury();
            }
            1 | 2 => process.vitals.light(self.chance.between(1, 25)),
            3 => self.faults().doubt = Some(true),
            4 => self.faults().doubt = Some(false),
            _ => self.become_ghost(),
        }
    }

    /// The process is taken for dead: another starts, and later the first one wakes.
    fn become_ghost(&mut self) {
        if self.ghost.is_some() {
            return;
        }
        self.take_replies();
        let Some(process) = self.process.take() else { return };
        process.vitals.become_ghost();
        self.ghost = Some(process);
        self.ground.oracle().count("ghosts");
        self.customers.lose_answers(&self.ground);
        self.ground.after(self.chance.between(500, 30_000), Happening::Start);
        self.ground.after(self.chance.between(MINUTE_MS, 20 * MINUTE_MS), Happening::GhostWakes);
    }

    /// A process that was taken for dead goes on where it was, for a moment.
    pub(super) fn ghost_wakes(&mut self) {
        let Some(mut ghost) = self.ghost.take() else { return };
        self.ground.oracle().note(|| "the ghost wakes".to_owned());
        for _ in 0..8 {
            ghost.run_tasks();
            if !ghost.vitals.is_alive() || ghost.step().is_err() {
                break;
            }
        }
        ghost.vitals.end();
    }

    fn break_link(&mut self) {
        let carrier = self.any_carrier();
        let channel = self.process.as_ref().and_then(|process| process.factory.channel(carrier));
        if let Some(channel) = channel {
            let (links, _) = channel.links();
            let link = self.chance.below(u64::try_from(links).unwrap_or(1));
            channel.link_breaks(usize::try_from(link).unwrap_or(0));
        }
    }

    fn outage(&mut self) {
        let carrier = self.any_carrier();
        let until_ms = self.ground.clock.elapsed_ms() + self.chance.between(5_000, 40 * MINUTE_MS);
        self.ground.carriers().go_away(carrier, until_ms);
        let channel = self.process.as_ref().and_then(|process| process.factory.channel(carrier));
        if let Some(channel) = channel {
            let (links, _) = channel.links();
            (0..links).for_each(|link| channel.link_breaks(link));
        }
    }

    pub(super) fn change_routes(&mut self, document: types::catalog::TrafficDocument) {
        let Some(process) = &self.process else { return };
        let (core, vitals, ground) =
            (process.core.clone(), Arc::clone(&process.vitals), Arc::clone(&self.ground));
        process.spawn(async move {
            let version = core.change_traffic(document, "sim", "").await.ok();
            if vitals.acts() && !vitals.is_ghost() {
                ground.reply(Reply::Routes(version));
            }
        });
    }

    /// New messages cost something else; those on their way keep their price.
    fn change_prices(&mut self) {
        let Some(process) = &self.process else { return };
        let (core, cents) = (process.core.clone(), self.chance.between(1, 12));
        process.spawn(async move {
            // A refusal leaves the prices as they were.
            drop(core.change_prices(house::prices(cents), "sim", "").await);
        });
    }

    fn switch_bind(&mut self) {
        let customers = u64::try_from(self.customers.customers.len()).unwrap_or(1);
        let place = usize::try_from(self.chance.below(customers)).unwrap_or(0);
        let window = usize::try_from(self.chance.pick(1, &[5, 50])).unwrap_or(1);
        let Some(customer) = self.customers.customers.get(place) else { return };
        if let (Some(process), Some(endpoint)) = (&mut self.process, customer.smpp) {
            process.switch_bind(customer.account, endpoint, window);
        }
    }
}
