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

/// Milliseconds of an hour.
const HOUR_MS: u64 = 3_600_000;
/// How much faster than time the simulation must be.
const SPEED_MIN: u64 = 1_000;
/// Seeds when nobody says how many.
const SHORT_SEEDS: u64 = 60;
/// Busy hours of the long lane.
const LONG_HOURS: u64 = 1_000;
/// Seeds that are run twice, to see that a seed decides everything.
const REPEATED_SEEDS: u64 = 3;
/// Seeds within which each planted bug must be found.
const PLANT_SEEDS: u64 = 40;
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
    /// Plant a bug by its name, or each one in turn with `all`: it must be found.
    #[arg(long, value_name = "BUG")]
    plant: Option<String>,
    /// Simulations at once.
    #[arg(long, default_value_t = JOBS)]
    jobs: u64,
    /// One JSON object per figure.
    #[arg(long)]
    json: bool,
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
    let programme = build()?;
    let mut bars = Bars::new(arguments.json);
    match (&arguments.plant, arguments.seed) {
        (Some(plant), _) => plants(&programme, arguments, plant, &mut bars)?,
        (None, Some(seed)) => one(&programme, seed, &mut bars)?,
        (None, None) => many(&programme, arguments, &mut bars)?,
    }
    bars.finish()
}

/// The stage of the long lane.
pub(crate) fn long() -> anyhow::Result<()> {
    run(&SimArguments::of(None, Some(LONG_HOURS)))?;
    let all = SimArguments { plant: Some("all".to_owned()), ..SimArguments::of(None, None) };
    run(&all)
}

impl SimArguments {
    const fn of(seeds: Option<u64>, hours: Option<u64>) -> Self {
        Self { seeds, seed: None, hours, first: 1, plant: None, jobs: JOBS, json: false }
    }
}

fn build() -> anyhow::Result<PathBuf> {
    process::run(process::command("cargo").args([
        "build",
        "--quiet",
        "--release",
        "--package",
        "chappe-sim",
    ]))?;
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

fn words(pairs: &[(&str, u64)]) -> Vec<String> {
    pairs.iter().flat_map(|(name, value)| [(*name).to_owned(), value.to_string()]).collect()
}

/// Tells what a seed broke, and how to see it again.
fn complain(told: &Told) {
    for violation in &told.violations {
        let text = |name: &str| violation[name].as_str().unwrap_or_default().to_owned();
        progress(&format!("seed {} at {}: {}: {}", told.seed, text("at"), text("rule"), text("detail")));
    }
    if !told.violations.is_empty() {
        progress(&format!("repeat it with: cargo xtask sim --seed {}", told.seed));
    }
}

fn many(programme: &PathBuf, arguments: &SimArguments, bars: &mut Bars) -> anyhow::Result<()> {
    let mut wish = vec![("--first", arguments.first), ("--jobs", arguments.jobs)];
    match (arguments.seeds, arguments.hours) {
        (_, Some(hours)) => wish.push(("--hours", hours)),
        (seeds, None) => wish.push(("--count", seeds.unwrap_or(SHORT_SEEDS))),
    }
    let start = process::now();
    let mut all: BTreeMap<u64, Told> = BTreeMap::new();
    simulate(programme, &words(&wish), |told| {
        complain(&told);
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
        simulate(programme, &words(&[("--first", seed), ("--count", 1)]), |told| {
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
fn one(programme: &PathBuf, seed: u64, bars: &mut Bars) -> anyhow::Result<()> {
    let mut wish = words(&[("--first", seed), ("--count", 1)]);
    wish.push("--trace".to_owned());
    simulate(programme, &wish, |told| {
        complain(&told);
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
        let mut wish = words(&[("--first", arguments.first), ("--count", seeds), ("--jobs", arguments.jobs)]);
        wish.extend(["--plant".to_owned(), name.to_owned()]);
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
