//! One dead neighbour slows nobody else, and a full queue refuses at once: the core in simulated time,
//! twice under the same load, once with everybody alive and once with the dead.
//!
//! The core is the real one, with its notifier, its queues and its windows; only time, the disk, carriers
//! and listeners are made up. What each costs stands in `stage` and `parties`. Start at [`run`].

use types::message::Class;
use types::profile::Profile;

use crate::chance::Chance;
use parties::{Deaths, Happening, PATIENCE_US};
use stage::{PREFIXES, Stage};

mod overload;
mod parties;
mod stage;
mod time;

const SECOND_US: u64 = 1_000_000;
/// Listeners, each of an account of its own.
const LISTENERS: usize = 1_000;
/// Those of them that die.
const DEAD_LISTENERS: usize = 100;
/// The carrier that dies.
const DEAD_CARRIER: usize = 2;
/// When they die.
const DEAD_FROM_US: u64 = 30 * SECOND_US;
/// Until when customers ask for messages.
const BUSY_US: u64 = 300 * SECOND_US;
/// What is under way may take so much longer.
const REST_US: u64 = 120 * SECOND_US;
/// Microseconds between two requests, on average: 200 messages a second, with two events each.
const GAP_US: u64 = 5_000;
/// By how much the 99th percentile of the living may rise, per mille.
const RISE_MAX: u64 = 1_100;

/// One figure, and what it must keep to.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: u64,
    /// Its unit.
    pub unit: &'static str,
    /// The most that it may be.
    pub most: Option<u64>,
    /// The least that it must be.
    pub least: Option<u64>,
}

impl Figure {
    fn told(name: impl Into<String>, value: u64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, most: None, least: None }
    }

    fn at_most(name: impl Into<String>, value: u64, unit: &'static str, most: u64) -> Self {
        Self { most: Some(most), ..Self::told(name, value, unit) }
    }

    fn at_least(name: impl Into<String>, value: u64, unit: &'static str, least: u64) -> Self {
        Self { least: Some(least), ..Self::told(name, value, unit) }
    }
}

/// What the living saw.
struct Seen {
    /// Microseconds from the request to the write, of messages to living carriers; sorted.
    writes_us: Vec<u64>,
    /// Microseconds from the event to its being taken, by living listeners; sorted.
    events_us: Vec<u64>,
    /// Messages to living carriers that were never written.
    unwritten: u64,
    /// Events of such messages that living listeners were never told.
    untold: u64,
    calls_most: u64,
}

/// Runs the scenarios.
///
/// # Errors
/// What could not be set up, or that the engine stopped.
pub fn run(seed: u64) -> Result<Vec<Figure>, &'static str> {
    let alive = neighbours(seed, Deaths::default())?;
    let dead = Deaths { from_us: DEAD_FROM_US, listeners: DEAD_LISTENERS, carrier: Some(DEAD_CARRIER) };
    let harmed = neighbours(seed, dead)?;
    let mut figures = Vec::new();
    compare(&mut figures, "request to write", &alive.writes_us, &harmed.writes_us);
    compare(&mut figures, "event to taken", &alive.events_us, &harmed.events_us);
    let name = |what: &str| format!("isolation: {what}, with the dead");
    figures.push(Figure::at_most(name("messages never written"), harmed.unwritten, "messages", 0));
    figures.push(Figure::at_most(name("events never told"), harmed.untold, "events", 0));
    figures.push(Figure::told(name("calls at once"), harmed.calls_most, "calls"));
    figures.extend(overload::run(seed)?);
    Ok(figures)
}

fn compare(figures: &mut Vec<Figure>, what: &str, alive: &[u64], harmed: &[u64]) {
    let (before, after) = (percentile(alive, 99), percentile(harmed, 99));
    let name = |which: &str| format!("isolation: {what}, p99, {which}");
    figures.push(Figure::at_least(name("samples"), count(harmed.len()), "", 10_000));
    figures.push(Figure::told(name("all alive"), before, "us"));
    figures.push(Figure::told(name("with the dead"), after, "us"));
    let ratio = (after * 1_000).checked_div(before).unwrap_or(u64::MAX);
    figures.push(Figure::at_most(name("rises to"), ratio, "per mille", RISE_MAX));
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Of sorted values the one that so many of a hundred do not exceed.
fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(0)
}

/// A request that was made.
struct Asked {
    token: u64,
    at_us: u64,
    listener: usize,
    carrier: usize,
}

fn neighbours(seed: u64, deaths: Deaths) -> Result<Seen, &'static str> {
    let mut stage = Stage::new(seed, LISTENERS, deaths, Profile::default())?;
    let mut chance = Chance::new(seed ^ 0x1501_a7ed);
    let mut asked: Vec<Asked> = Vec::new();
    if let Some(carrier) = deaths.carrier {
        stage.ground.at(deaths.from_us + PATIENCE_US, Happening::Silent(carrier));
    }
    stage.ground.at(SECOND_US, Happening::Request);
    stage.run_until(BUSY_US + REST_US, |stage| {
        let at_us = stage.ground.clock.now_us();
        if at_us >= BUSY_US {
            return;
        }
        stage.ground.at(at_us + chance.between(1, 2 * GAP_US), Happening::Request);
        let listener = usize::try_from(chance.below(count(LISTENERS))).unwrap_or(0);
        let carrier = usize::try_from(chance.below(count(PREFIXES.len()))).unwrap_or(0);
        let class = chance.pick(Class::OneTime, &[Class::Transactional, Class::Bulk]);
        let token = count(asked.len());
        asked.push(Asked { token, at_us, listener, carrier });
        stage.submit(token, listener, carrier, class);
    })?;
    Ok(seen(&stage, &asked))
}

fn seen(stage: &Stage, asked: &[Asked]) -> Seen {
    let records = stage.ground.records();
    let mut seen = Seen {
        writes_us: Vec::new(),
        events_us: Vec::new(),
        unwritten: 0,
        untold: 0,
        calls_most: count(records.calls_most),
    };
    let counts = |at_us: u64| (DEAD_FROM_US..BUSY_US).contains(&at_us);
    let mut events_due = 0;
    for request in asked.iter().filter(|request| counts(request.at_us) && request.carrier != DEAD_CARRIER) {
        let id = records.replies.get(&request.token).and_then(|(_, outcome)| outcome.ok());
        match id.and_then(|id| records.written_us.get(&id)) {
            Some(written_us) => seen.writes_us.push(written_us - request.at_us),
            None => seen.unwritten += 1,
        }
        // One that the carrier took it, and one that it was delivered.
        events_due += if request.listener >= DEAD_LISTENERS { 2 } else { 0 };
    }
    let lives = |place: usize| (DEAD_LISTENERS..LISTENERS).contains(&place);
    let taken = records.taken.iter().filter(|(place, ..)| lives(*place));
    seen.untold = u64::saturating_sub(events_due, count(taken.clone().count()));
    seen.events_us.extend(taken.filter(|(_, at_us, _)| counts(*at_us)).map(|(.., took_us)| *took_us));
    seen.writes_us.sort_unstable();
    seen.events_us.sort_unstable();
    seen
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<u64> = (1..=200).collect();
        assert_eq!((percentile(&values, 99), percentile(&values, 50)), (198, 100));
        assert_eq!((percentile(&[7], 99), percentile(&[], 99)), (7, 0));
    }
}
