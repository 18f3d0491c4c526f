//! Seeded simulation of the whole core, held against its bars: no rule broken, every seed the same twice,
//! and much faster than time.
//!
//! The simulation itself is the package `chappe-sim`; here its programme is built, run and read. A seed
//! that fails is run once more and told with the command that repeats it. Start at [`run`].

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::bench::bars::{Bars, Limit, progress};
use crate::process::{self, Guarded};

mod isolation;

/// Milliseconds of an hour.
const HOUR_MS: u64 = 3_600_000;
/// How much faster than time the simulation must be.
const SPEED_MIN: u64 = 1_000;
/// Seeds when nobody says how many.
const SHORT_SEEDS: u64 = 60;
/// Busy hours of the long lane.
const LONG_HOURS: u64 = 1_000;
/// Seeds that are run twice, to see that a seed decides everything.
const REPEATED_SEEDS: u64 = 6;
/// Seeds within which each planted bug must be found.
const PLANT_SEEDS: u64 = 40;
/// Seeds of the everyday lane, and how small their houses are: so many busy hours, and about so many
/// requests at most.
const SMALL_SEEDS: u64 = 60;
const SMALL_BUSY_HOURS: u64 = 2;
const SMALL_REQUESTS: u64 = 400;
/// Simulations at once when nobody says how many: one for each of two cores.
const JOBS: u64 = 2;

/// Arguments of `cargo xtask sim`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SimArguments {
    /// Run so many seeds.
    #[arg(long, value_name = "N", conflicts_with_all = ["seed", "hours"])]
    seeds: Option<u64>,
    /// Run one seed, and write down what happens in it.
    #[arg(long, value_name = "SEED", conflicts_with = "hours")]
    seed: Option<u64>,
    /// Run seeds until so many busy hours are simulated.
    #[arg(long, value_name = "HOURS")]
    hours: Option<u64>,
    /// The first seed.
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    first: u64,
    /// Busy hours of each seed, instead of what the seed says.
    #[arg(long, value_name = "HOURS")]
    busy: Option<u64>,
    /// About how many requests a seed has at most.
    #[arg(long, value_name = "N")]
    requests: Option<u64>,
    /// Plant a bug by its name, or each one in turn with `all`: it must be found.
    #[arg(long, value_name = "BUG")]
    plant: Option<String>,
    /// Simulations at once.
    #[arg(long, default_value_t = JOBS)]
    jobs: u64,
    /// One JSON object per figure.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    scenario: Option<Scenario>,
}

/// What is simulated instead of seeds with everything that can go wrong.
#[derive(Debug, Clone, clap::Subcommand)]
enum Scenario {
    /// Dead neighbours and a full queue: the others must not notice.
    Isolation(isolation::IsolationArguments),
}

/// What a seed came to, as the programme tells it.
#[derive(Debug)]
struct Told {
    seed: u64,
    busy_ms: u64,
    hash: String,
    counts: BTreeMap<String, u64>,
    violations: Vec<Value>,
}

impl Told {
    fn read(line: &str) -> anyhow::Result<Self> {
        let value: Value = serde_json::from_str(line).context("the simulation wrote what is no JSON")?;
        let number = |name: &str| {
            value.get(name).and_then(Value::as_u64).with_context(|| format!("no {name} in {line}"))
        };
        let counts = value.get("counts").and_then(Value::as_object).into_iter().flatten();
        let counts = counts.filter_map(|(name, count)| Some((name.clone(), count.as_u64()?)));
        Ok(Self {
            seed: number("seed")?,
            busy_ms: number("busy_ms")?,
            hash: value.get("hash").and_then(Value::as_str).unwrap_or_default().to_owned(),
            counts: counts.collect(),
            violations: value.get("violations").and_then(Value::as_array).cloned().unwrap_or_default(),
        })
    }
}

/// Runs the simulation, and fails when a bar is missed.
pub(crate) fn run(arguments: &SimArguments) -> anyhow::Result<()> {
    let programme = build(&[])?;
    if let Some(Scenario::Isolation(wish)) = &arguments.scenario {
        return isolation::run(&programme, wish);
    }
    run_built(&programme, arguments)
}

fn run_built(programme: &PathBuf, arguments: &SimArguments) -> anyhow::Result<()> {
    let mut bars = Bars::new(arguments.json);
    match (&arguments.plant, arguments.seed) {
        (Some(plant), _) => plants(programme, arguments, plant, &mut bars)?,
        (None, Some(seed)) => one(programme, arguments, seed, &mut bars)?,
        (None, None) => many(programme, arguments, &mut bars)?,
    }
    bars.finish()
}

/// The stage of the everyday lane: small houses, and every planted bug.
pub(crate) fn short() -> anyhow::Result<()> {
    let small = SimArguments {
        seeds: Some(SMALL_SEEDS),
        busy: Some(SMALL_BUSY_HOURS),
        requests: Some(SMALL_REQUESTS),
        ..SimArguments::usual()
    };
    // Together with what is shipped, so that the two share whatever that was built of.
    let programme = build(&["chappe"])?;
    run_built(&programme, &small)?;
    run_built(&programme, &SimArguments { plant: Some("all".to_owned()), ..small })
}

/// The stage of the long lane.
pub(crate) fn long() -> anyhow::Result<()> {
    let programme = build(&[])?;
    run_built(&programme, &SimArguments { hours: Some(LONG_HOURS), ..SimArguments::usual() })?;
    isolation::run(&programme, &isolation::IsolationArguments::default())?;
    run_built(&programme, &SimArguments { plant: Some("all".to_owned()), ..SimArguments::usual() })
}

impl SimArguments {
    const fn usual() -> Self {
        Self {
            seeds: None,
            seed: None,
            hours: None,
            first: 1,
            busy: None,
            requests: None,
            plant: None,
            jobs: JOBS,
            json: false,
            scenario: None,
        }
    }

    /// How big each seed's house is, in the words of the programme and of this command.
    fn size(&self) -> Vec<String> {
        let words = [("--busy", self.busy), ("--requests", self.requests)];
        let given: Vec<_> = words.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        words_of(&given)
    }
}

/// Builds the simulation, and other packages together with it.
fn build(others: &[&str]) -> anyhow::Result<PathBuf> {
    let mut command = process::command("cargo");
    command.args(["build", "--quiet", "--release", "--package", "chappe-sim"]);
    command.args(others.iter().flat_map(|package| ["--package", package]));
    process::run(&mut command)?;
    Ok(process::target_directory()?.join("release").join("chappe-sim"))
}

/// Runs the programme and gives each of its lines to `take`, until it says that it is enough.
fn simulate(programme: &PathBuf, words: &[String], mut take: impl FnMut(Told) -> bool) -> anyhow::Result<()> {
    let mut command = process::command(programme);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = Guarded::start(&mut command, "chappe-sim")?;
    let (_input, output) = child.pipes().context("the simulation has no output")?;
    for line in BufReader::new(output).lines() {
        if !take(Told::read(&line?)?) {
            return Ok(());
        }
    }
    Ok(())
}

fn words_of(pairs: &[(&str, u64)]) -> Vec<String> {
    pairs.iter().flat_map(|(name, value)| [(*name).to_owned(), value.to_string()]).collect()
}

/// Tells what a seed broke, and how to see it again.
fn complain(told: &Told, size: &[String]) {
    for violation in &told.violations {
        let text = |name: &str| violation[name].as_str().unwrap_or_default().to_owned();
        progress(&format!("seed {} at {}: {}: {}", told.seed, text("at"), text("rule"), text("detail")));
    }
    if !told.violations.is_empty() {
        let seed = [&["--seed".to_owned(), told.seed.to_string()], size].concat().join(" ");
        progress(&format!("repeat it with: cargo xtask sim {seed}"));
    }
}

fn many(programme: &PathBuf, arguments: &SimArguments, bars: &mut Bars) -> anyhow::Result<()> {
    let mut wish = vec![("--first", arguments.first), ("--jobs", arguments.jobs)];
    match (arguments.seeds, arguments.hours) {
        (_, Some(hours)) => wish.push(("--hours", hours)),
        (seeds, None) => wish.push(("--count", seeds.unwrap_or(SHORT_SEEDS))),
    }
    let size = arguments.size();
    let start = process::now();
    let mut all: BTreeMap<u64, Told> = BTreeMap::new();
    simulate(programme, &[words_of(&wish), size.clone()].concat(), |told| {
        complain(&told, &size);
        all.insert(told.seed, told);
        true
    })?;
    let took_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    let failed: Vec<u64> =
        all.values().filter(|told| !told.violations.is_empty()).map(|told| told.seed).collect();
    let again = all.keys().copied().filter(|seed| !failed.contains(seed)).take(repeated());
    let again: Vec<u64> = failed.iter().copied().take(repeated()).chain(again).collect();
    let mut differ = 0;
    for seed in again {
        let wish = [words_of(&[("--first", seed), ("--count", 1)]), size.clone()].concat();
        simulate(programme, &wish, |told| {
            let same = all
                .get(&told.seed)
                .is_some_and(|first| first.hash == told.hash && first.violations == told.violations);
            if !same {
                progress(&format!("seed {} went another way the second time", told.seed));
                differ += 1;
            }
            true
        })?;
    }
    let busy_ms: u64 = all.values().map(|told| told.busy_ms).sum();
    let sum = |name: &str| all.values().filter_map(|told| told.counts.get(name)).sum::<u64>();
    let seeds = u64::try_from(all.len()).unwrap_or(u64::MAX);
    bars.add("sim: seeds", seeds, "seeds", Limit::AtLeast(1));
    bars.add("sim: simulated", busy_ms / HOUR_MS, "h", arguments.hours.map_or(Limit::None, Limit::AtLeast));
    for (name, count) in [
        ("sim: submissions", "submissions"),
        ("sim: commits", "commits"),
        ("sim: parts taken by carriers", "parts_taken"),
        ("sim: receipts", "receipts"),
        ("sim: events told", "events_sent"),
        ("sim: processes that died", "crashes"),
    ] {
        bars.add(name, sum(count), "", Limit::None);
    }
    bars.add("sim: faster than time", busy_ms / took_ms, "times", Limit::AtLeast(SPEED_MIN));
    bars.add(
        "sim: seeds that break a rule",
        u64::try_from(failed.len()).unwrap_or(u64::MAX),
        "seeds",
        Limit::AtMost(0),
    );
    bars.add("sim: seeds that went another way twice", differ, "seeds", Limit::AtMost(0));
    Ok(())
}

fn repeated() -> usize {
    usize::try_from(REPEATED_SEEDS).unwrap_or(1)
}

/// Runs one seed with its trace on standard error.
fn one(programme: &PathBuf, arguments: &SimArguments, seed: u64, bars: &mut Bars) -> anyhow::Result<()> {
    let size = arguments.size();
    let mut wish = words_of(&[("--first", seed), ("--count", 1)]);
    wish.push("--trace".to_owned());
    wish.extend(size.clone());
    simulate(programme, &wish, |told| {
        complain(&told, &size);
        let broken = u64::try_from(told.violations.len()).unwrap_or(u64::MAX);
        bars.add("sim: simulated", told.busy_ms / HOUR_MS, "h", Limit::None);
        bars.add(format!("sim: rules broken by seed {seed}"), broken, "rules", Limit::AtMost(0));
        true
    })
}

/// Plants bugs: each must be found within its seeds.
fn plants(programme: &PathBuf, arguments: &SimArguments, plant: &str, bars: &mut Bars) -> anyhow::Result<()> {
    let known = process::output(process::command(programme).arg("--plants"))?;
    let known: Vec<&str> = known.lines().collect();
    if plant != "all" && !known.contains(&plant) {
        bail!("there is no bug `{plant}` to plant; there are: {}", known.join(", "));
    }
    for name in known.into_iter().filter(|name| plant == "all" || *name == plant) {
        let seeds = arguments.seeds.unwrap_or(PLANT_SEEDS);
        let mut wish =
            words_of(&[("--first", arguments.first), ("--count", seeds), ("--jobs", arguments.jobs)]);
        wish.extend(["--plant".to_owned(), name.to_owned()]);
        wish.extend(arguments.size());
        let mut found = None;
        let mut runs = 0;
        simulate(programme, &wish, |told| {
            runs += 1;
            let rule = told.violations.first().and_then(|first| first["rule"].as_str().map(str::to_owned));
            found = found.take().or(rule);
            found.is_none()
        })?;
        let rule = found.unwrap_or_else(|| "not found".to_owned());
        progress(&format!("{name}: {rule} (seed {runs} of {seeds})"));
        let was_found = u64::from(rule != "not found");
        bars.add(format!("sim: finds {name}"), was_found, "", Limit::AtLeast(1));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Told;

    #[test]
    fn what_a_seed_came_to_is_read() {
        let line = r#"{"seed":7,"busy_ms":3600000,"hash":"00ff","counts":{"commits":3},
            "violations":[{"at":"2026","rule":"the ledger balances","detail":"off"}]}"#;
        let told = Told::read(line).unwrap();
        assert_eq!((told.seed, told.busy_ms, told.hash.as_str()), (7, 3_600_000, "00ff"));
        assert_eq!((told.counts["commits"], told.violations.len()), (3, 1));
        assert!(Told::read("{}").is_err());
        assert!(Told::read("error").is_err());
    }
}
