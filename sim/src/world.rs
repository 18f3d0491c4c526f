//! The world: it moves time from one event to the next, kills and starts processes, and makes trouble.
//!
//! Everything happens in one thread and in one order, which the seed decides. Start at [`World::live`].

use std::sync::{Arc, Mutex, PoisonError};

use app::Turn;

use crate::chance::Chance;
use crate::customer::{Customers, Next};
use crate::faults::Faults;
use crate::ground::{Ground, Happening, Reply, Trouble};
use crate::oracle::{Oracle, Violation};
use crate::plan::Plan;
use crate::plant::Plant;
use crate::process::{NotStarted, Outfit, Process};

mod begin;
mod happen;
mod rest;
mod trouble;

/// How long the engine may be left alone, milliseconds.
const LEFT_ALONE_MS: i64 = 30_000;
/// Milliseconds between looks at what waits.
const LOOK_MS: u64 = 30_000;
/// Turns at one moment after which the engine counts as spinning.
const TURNS_MAX: u32 = 20_000;

/// What became of a seed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Milliseconds for which the house was busy, simulated.
    pub busy_ms: u64,
    /// What happened how often.
    pub counts: std::collections::BTreeMap<&'static str, u64>,
    /// Rules that were broken; empty for a seed that passed.
    pub violations: Vec<Violation>,
    /// A hash over the journal, what carriers were handed and took, and what customers were told, with
    /// the times: the same for the same seed.
    pub hash: u64,
    /// What happened, line by line, when it was asked for.
    pub trace: String,
}

/// The world of one seed.
pub(crate) struct World {
    ground: Arc<Ground>,
    faults: Arc<Mutex<Faults>>,
    plant: Option<Plant>,
    process: Option<Process>,
    /// A process that was taken for dead and is not.
    ghost: Option<Process>,
    processes: u64,
    customers: Customers,
    chance: Chance,
    /// The engine is held up until then.
    held_up_ms: u64,
    /// No new requests come, and nothing goes wrong any more.
    rests: bool,
    /// Number of the newest version of the routes that was acknowledged.
    routes: u32,
    top_ups: std::collections::BTreeMap<u64, rest::TopUp>,
    /// Since when every connector has had room.
    room_since_ms: Option<u64>,
    /// When the next look at what waits is due.
    look_at_ms: u64,
    last_inbound: u64,
}

impl World {
    pub(crate) fn new(plan: Plan, plant: Option<Plant>, traces: bool) -> Self {
        let mut chance = plan.chance.clone();
        let mut own = chance.fork().fork();
        let faults = Faults { full: false, not_written: 0, doubt: None, chance: own.fork() };
        let customers = Customers::new(&plan, own.fork());
        let oracle = Oracle::new(&plan, traces);
        Self {
            ground: Arc::new(Ground::new(plan, oracle)),
            faults: Arc::new(Mutex::new(faults)),
            plant,
            process: None,
            ghost: None,
            processes: 0,
            customers,
            chance: own,
            held_up_ms: 0,
            rests: false,
            routes: 0,
            top_ups: std::collections::BTreeMap::new(),
            room_since_ms: None,
            look_at_ms: 0,
            last_inbound: 0,
        }
    }

    /// Lives through the seed: a busy time, then rest, then judgement.
    pub(crate) fn live(mut self) -> Outcome {
        let busy_ms = self.ground.plan.busy_ms;
        if self.begin() {
            self.run_until(busy_ms);
            if !self.ground.oracle().must_stop() {
                self.come_to_rest();
            }
        }
        let busy_ms = self.ground.clock.elapsed_ms().min(busy_ms);
        self.end(busy_ms)
    }

    fn end(mut self, busy_ms: u64) -> Outcome {
        self.process = None;
        self.ghost = None;
        let seed = self.ground.plan.seed;
        let mut oracle = self.ground.oracle();
        let empty = Oracle::new(&self.ground.plan, false);
        let (violations, counts, hash, trace) = std::mem::replace(&mut *oracle, empty).verdict();
        Outcome { seed, busy_ms, counts, violations, hash, trace }
    }

    fn faults(&self) -> std::sync::MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets time go by.
    fn run_until(&mut self, end_ms: u64) {
        loop {
            self.settle();
            if self.ground.oracle().must_stop() {
                return;
            }
            let next_ms = self.next_ms();
            if next_ms > end_ms {
                self.ground.clock.advance_to(end_ms);
                return;
            }
            self.ground.clock.advance_to(next_ms);
            let now = self.ground.now();
            self.ground.oracle().it_is(now);
            while let Some(happening) = self.ground.take_due() {
                self.happen(happening);
            }
            if next_ms >= self.look_at_ms {
                self.look_at_ms = next_ms + LOOK_MS;
                self.look_for_stalls();
                while let Some(serial) = self.ground.take_late_receipt() {
                    self.happen(Happening::Receipt(serial));
                }
            }
        }
    }

    /// When something happens next.
    fn next_ms(&self) -> u64 {
        let now_ms = self.ground.clock.elapsed_ms();
        let engine_ms = self.process.as_ref().map(|process| {
            let due_ms = now_ms.saturating_add(process.due_in_ms(LEFT_ALONE_MS));
            due_ms.max(self.held_up_ms)
        });
        let agenda_ms = self.ground.next_ms();
        let sleeper_ms = self.ground.clock.next_end_ms();
        let next = [engine_ms, agenda_ms, sleeper_ms].into_iter().flatten().min();
        next.unwrap_or(u64::MAX).max(now_ms)
    }

    /// Lets everything happen that needs no time.
    fn settle(&mut self) {
        for _ in 0..TURNS_MAX {
            let mut moved = false;
            if let Some(process) = &mut self.process {
                process.run_tasks();
                let is_held_up = self.ground.clock.elapsed_ms() < self.held_up_ms;
                if process.vitals.is_alive() && !is_held_up && process.due_in_ms(LEFT_ALONE_MS) == 0 {
                    let turn = process.step();
                    let held_up = self.ground.plan.held_up;
                    if self.chance.happens(held_up) && !self.rests {
                        let ms = self.chance.between(1, 400);
                        self.held_up_ms = self.ground.clock.elapsed_ms() + ms;
                    }
                    moved = matches!(turn, Ok(Turn::Worked));
                    if !matches!(turn, Ok(Turn::Worked | Turn::Rested)) {
                        process.vitals.end();
                    }
                }
                if !process.vitals.is_alive() {
                    self.bury();
                    moved = true;
                }
            }
            moved |= self.take_replies();
            if !moved || self.ground.oracle().must_stop() {
                return;
            }
        }
        let detail = format!("{TURNS_MAX} turns without time going by");
        self.ground.oracle().broken("the engine comes to rest", detail);
    }

    /// Takes in what came back from the core. Tells whether there was anything.
    fn take_replies(&mut self) -> bool {
        let mut any = false;
        while let Some(reply) = self.ground.take_reply() {
            any = true;
            match reply {
                Reply::Submission(token, outcome) => {
                    let ground = Arc::clone(&self.ground);
                    if let Next::TopUp(customer) = self.customers.answered(token, outcome, &ground) {
                        let wait_ms = self.chance.between(1_000, 600_000);
                        self.ground.after(wait_ms, Happening::TopUp(customer));
                    }
                }
                Reply::TopUp(number, done) => self.top_up_answered(number, done),
                Reply::Routes(version) => self.routes = version.unwrap_or(0).max(self.routes),
                Reply::Withdrawn(id, done) => self.withdrawn(id, done),
            }
        }
        any
    }

    /// The process is dead: what it had not synced is gone, its customers get no answers, and another
    /// starts after a while.
    fn bury(&mut self) {
        let Some(process) = self.process.take() else { return };
        process.vitals.end();
        self.take_replies();
        drop(process);
        self.ground.oracle().count("crashes");
        self.ground.oracle().note(|| "the process died".to_owned());
        self.ground.disk().crash();
        self.faults().doubt = None;
        self.customers.lose_answers(&self.ground);
        let down_ms = self.chance.draw(&[(6, 2_000), (3, 20_000), (1, 300_000)], 2_000);
        let down_ms = self.chance.between(10, down_ms);
        self.ground.after(down_ms, Happening::Start);
    }

    /// Starts a process, if none runs; tries again later when it could not.
    fn start(&mut self) {
        if self.process.is_some() {
            return;
        }
        self.processes += 1;
        let outfit = Outfit {
            ground: Arc::clone(&self.ground),
            faults: Arc::clone(&self.faults),
            plant: self.plant,
            chance: self.chance.fork(),
            number: self.processes,
            profile: None,
        };
        self.ground.oracle().note(|| "a process starts".to_owned());
        match Process::start(outfit) {
            Ok(process) => {
                self.process = Some(process);
                self.check_routes();
            }
            Err(NotStarted::Core(app::EngineError::InDoubt(_))) => {
                self.faults().doubt = None;
                self.ground.disk().crash();
                self.ground.after(5_000, Happening::Start);
            }
            Err(NotStarted::Core(error)) => {
                self.ground.oracle().broken("a process can start", error.to_string());
            }
            Err(NotStarted::Runtime(error)) => {
                self.ground.oracle().broken("a runtime can be made", error.to_string());
            }
        }
    }

    fn next_trouble(&mut self, trouble: Trouble, mean_ms: u64) {
        if mean_ms > 0 && !self.rests {
            let wait_ms = self.chance.between(mean_ms / 2, mean_ms + mean_ms / 2);
            self.ground.after(wait_ms, Happening::Trouble(trouble));
        }
    }
}
