//! The loop: takes an input that is kept, damages it, tries it, and keeps it when its outcome is new.
//!
//! A finding is a panic (a promise that an assertion of the target states), more allocation than the target
//! allows for an input of that length, or an input that takes very long. The first finding of a target ends its
//! run; it is made smaller before it is told. Start at [`Engine::run`].

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::meter;
use crate::mutate;
use crate::random::Random;
use crate::targets::{Check, Target};
use crate::watch::Watch;

/// Inputs with outcomes of their own that are kept in memory, besides the corpus.
const POOL_MAX: usize = 2_000;
/// An input that takes longer, three times in a row, is a finding. What is linear takes a thousandth of it.
const SLOW: Duration = Duration::from_secs(2);
/// Tries and time after which a finding is small enough.
const SHRINK_TRIES_MAX: usize = 3_000;
const SHRINK_TIME_MAX: Duration = Duration::from_secs(10);
/// So many inputs are tried between two looks at the clock.
const RUNS_PER_LOOK: u64 = 16;

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// After so many inputs.
    pub(crate) runs: u64,
    /// After so long, if that is sooner.
    pub(crate) time: Option<Duration>,
}

/// What is wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A promise was broken, where and how.
    Panic(String),
    /// It allocates more than it may, in octets.
    Allocates { octets: usize, allowed: usize },
    /// It takes very long.
    Slow(Duration),
}

/// An input that breaks a promise.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) fault: Fault,
    pub(crate) input: Vec<u8>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            Fault::Panic(words) => writeln!(f, "  panicked: {words}")?,
            Fault::Allocates { octets, allowed } => {
                writeln!(f, "  allocated {octets} octets where {allowed} are allowed")?;
            }
            Fault::Slow(took) => writeln!(f, "  took {} ms", took.as_millis())?,
        }
        write!(f, "  input of {} octets: {}", self.input.len(), self.input.escape_ascii())
    }
}

/// What a run came to.
pub(crate) struct Report {
    pub(crate) runs: u64,
    pub(crate) outcomes: usize,
    pub(crate) took: Duration,
    pub(crate) finding: Option<Finding>,
}

impl Report {
    /// One line for people.
    pub(crate) fn summary(&self) -> String {
        let verdict = if self.finding.is_some() { "BROKEN" } else { "kept" };
        let (runs, outcomes, millis) = (self.runs, self.outcomes, self.took.as_millis());
        format!("{verdict:<6} {runs:>9} inputs {outcomes:>5} outcomes {millis:>7} ms")
    }
}

/// Tries inputs on one target.
pub(crate) struct Engine {
    target: &'static Target,
    check: Check,
    /// The corpus first, then what the run has found worth keeping.
    pool: Vec<Vec<u8>>,
    seeds: usize,
    outcomes: HashSet<u64>,
    random: Random,
    watch: Watch,
    runs: u64,
}

thread_local! {
    static PANIC_PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps panics from the terminal and remembers where they happened. Call it once, in a programme that fuzzes.
pub(crate) fn hush_panics() {
    std::panic::set_hook(Box::new(|info| {
        PANIC_PLACE.set(info.location().map(ToString::to_string));
    }));
}

/// Tries one input.
///
/// # Errors
/// The finding, as it is.
pub(crate) fn replay(target: &'static Target, input: &[u8]) -> Result<(), Finding> {
    let mut engine = Engine::new(target, Vec::new(), 0);
    engine.attempt(input).map(drop).map_err(|fault| Finding { fault, input: input.to_vec() })
}

impl Engine {
    /// Begins with those seeds.
    pub(crate) fn new(target: &'static Target, seeds: Vec<Vec<u8>>, seed: u64) -> Self {
        Self {
            target,
            check: (target.make)(),
            seeds: seeds.len(),
            pool: seeds,
            outcomes: HashSet::new(),
            random: Random::new(seed),
            watch: Watch::start(target.name),
            runs: 0,
        }
    }

    /// Tries every seed, then damaged inputs until the budget is spent or a promise is broken.
    #[expect(clippy::disallowed_methods, reason = "a budget of time is measured, and nothing depends on it")]
    pub(crate) fn run(mut self, budget: Budget) -> Report {
        let start = Instant::now();
        let mut finding = self.try_seeds();
        while finding.is_none() && self.runs < budget.runs {
            let is_late = || budget.time.is_some_and(|time| start.elapsed() >= time);
            if self.runs.is_multiple_of(RUNS_PER_LOOK) && is_late() {
                break;
            }
            let mut input = self.choose();
            mutate::damage(&mut input, &self.pool, self.target.words, self.target.limit, &mut self.random);
            finding = self.try_input(input);
        }
        let finding = finding.map(|finding| self.shrink(finding));
        Report { runs: self.runs, outcomes: self.outcomes.len(), took: start.elapsed(), finding }
    }

    /// The shorter of two that are kept: long inputs take their time, and say little more.
    fn choose(&mut self) -> Vec<u8> {
        let (one, other) = (self.random.of(&self.pool), self.random.of(&self.pool));
        one.into_iter().chain(other).min_by_key(|input| input.len()).cloned().unwrap_or_default()
    }

    fn try_seeds(&mut self) -> Option<Finding> {
        for seed in self.pool.clone() {
            match self.attempt(&seed) {
                Ok(outcome) => drop(self.outcomes.insert(outcome)),
                Err(fault) => return Some(Finding { fault, input: seed }),
            }
        }
        None
    }

    fn try_input(&mut self, input: Vec<u8>) -> Option<Finding> {
        match self.attempt(&input) {
            Ok(outcome) => {
                if self.outcomes.insert(outcome) && self.pool.len() < self.seeds + POOL_MAX {
                    self.pool.push(input);
                }
                None
            }
            Err(fault) => Some(Finding { fault, input }),
        }
    }

    /// Tries an input; what may be due to the machine or to a first use is tried again.
    fn attempt(&mut self, input: &[u8]) -> Result<u64, Fault> {
        self.runs += 1;
        let mut outcome = self.attempt_once(input);
        for _ in 0..2 {
            if !matches!(outcome, Err(Fault::Allocates { .. } | Fault::Slow(_))) {
                break;
            }
            outcome = self.attempt_once(input);
        }
        outcome
    }

    #[expect(clippy::disallowed_methods, reason = "an input that hangs is a finding")]
    fn attempt_once(&mut self, input: &[u8]) -> Result<u64, Fault> {
        self.watch.begin(input);
        let start = Instant::now();
        let check = &mut self.check;
        let (outcome, octets) = meter::allocated_by(|| catch_unwind(AssertUnwindSafe(|| check(input))));
        let took = start.elapsed();
        self.watch.end();
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(payload) => {
                // The state that the target keeps may be broken.
                self.check = (self.target.make)();
                let words = payload.downcast_ref::<String>().map(String::as_str);
                let words = words.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("");
                let place = PANIC_PLACE.take().unwrap_or_default();
                return Err(Fault::Panic(format!("{place}: {words}")));
            }
        };
        let allowed =
            self.target.octets_base.saturating_add(self.target.octets_per_octet.saturating_mul(input.len()));
        if octets > allowed {
            return Err(Fault::Allocates { octets, allowed });
        }
        if took > SLOW {
            return Err(Fault::Slow(took));
        }
        Ok(outcome)
    }

    /// Cuts pieces out for as long as the input still breaks a promise of the same kind.
    #[expect(clippy::disallowed_methods, reason = "a finding is told in time, even if it could be smaller")]
    fn shrink(&mut self, mut finding: Finding) -> Finding {
        if matches!(finding.fault, Fault::Slow(_)) {
            return finding;
        }
        let start = Instant::now();
        let mut piece = finding.input.len() / 2;
        let mut tries = 0;
        while piece > 0 && tries < SHRINK_TRIES_MAX && start.elapsed() < SHRINK_TIME_MAX {
            let mut at = 0;
            let mut has_shrunk = false;
            while at < finding.input.len() && start.elapsed() < SHRINK_TIME_MAX {
                tries += 1;
                let end = (at + piece).min(finding.input.len());
                let mut shorter = finding.input.clone();
                drop(shorter.drain(at..end));
                match self.attempt_once(&shorter) {
                    Err(fault) if same_kind(&fault, &finding.fault) => {
                        finding = Finding { fault, input: shorter };
                        has_shrunk = true;
                    }
                    _ => at += piece,
                }
            }
            if !has_shrunk {
                piece /= 2;
            }
        }
        finding
    }
}

fn same_kind(one: &Fault, other: &Fault) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

#[cfg(test)]
mod tests;
