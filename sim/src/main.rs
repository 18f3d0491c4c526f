//! The programme behind `cargo xtask sim`: runs seeds and tells what became of each, one JSON object a
//! line. It judges nothing; what the figures must be is known there.
//!
//! `chappe-sim --first SEED [--count N | --hours H] [--jobs J] [--busy HOURS] [--requests N] [--plant BUG] [--trace]`;
//! `chappe-sim --plants` names the bugs that can be planted.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks on its outputs")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;

use serde_json::json;
use sim::{Options, Outcome, Plant};

const HOUR_MS: u64 = 3_600_000;

/// What the command line asks for.
#[derive(Clone, Copy, Debug)]
struct Wish {
    first: u64,
    /// How many seeds.
    count: u64,
    /// Busy hours, over all seeds, after which no other seed is begun.
    hours: u64,
    jobs: u64,
    options: Options,
}

/// How far the seeds have come.
struct Progress {
    next: u64,
    busy_ms: u64,
}

fn main() -> ExitCode {
    if std::env::args().any(|word| word == "--plants") {
        Plant::ALL.iter().for_each(|(_, name)| println!("{name}"));
        return ExitCode::SUCCESS;
    }
    if std::env::args().any(|word| word == "--isolation") {
        return isolation();
    }
    match read(std::env::args().skip(1)) {
        Ok(wish) => {
            run(wish);
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::from(2)
        }
    }
}

/// Runs the scenarios of isolation, and writes one figure a line.
fn isolation() -> ExitCode {
    let seed = std::env::args().skip_while(|word| word != "--first").nth(1);
    match sim::isolation::run(seed.and_then(|text| text.parse().ok()).unwrap_or(1)) {
        Ok(figures) => {
            for figure in figures {
                println!(
                    "{}",
                    json!({ "name": figure.name, "value": figure.value, "unit": figure.unit, "most": figure.most, "least": figure.least })
                );
            }
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut wish = Wish { first: 1, count: u64::MAX, hours: u64::MAX, jobs: 1, options: Options::default() };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("{text:?} is no number"));
        match word.as_str() {
            "--first" => wish.first = number(value()?)?,
            "--count" => wish.count = number(value()?)?,
            "--hours" => wish.hours = number(value()?)?,
            "--jobs" => wish.jobs = number(value()?)?,
            "--requests" => wish.options.requests = Some(number(value()?)?),
            "--busy" => wish.options.hours = Some(number(value()?)?),
            "--plant" => {
                let name = value()?;
                let plant = Plant::parse(&name).ok_or_else(|| format!("there is no plant {name:?}"))?;
                wish.options.plant = Some(plant);
            }
            "--trace" => wish.options.traces = true,
            _ => return Err(format!("{word:?} is not understood")),
        }
    }
    if wish.count == u64::MAX && wish.hours == u64::MAX {
        wish.count = 1;
    }
    Ok(wish)
}

fn run(wish: Wish) {
    let progress = Mutex::new(Progress { next: wish.first, busy_ms: 0 });
    std::thread::scope(|scope| {
        for _ in 0..wish.jobs.max(1) {
            scope.spawn(|| work(wish, &progress));
        }
    });
}

/// Runs one seed after the other, until there are enough.
fn work(wish: Wish, progress: &Mutex<Progress>) {
    let lock = || progress.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let seed = {
            let mut progress = lock();
            let enough = progress.next - wish.first >= wish.count || progress.busy_ms / HOUR_MS >= wish.hours;
            if enough {
                return;
            }
            progress.next += 1;
            progress.next - 1
        };
        let outcome = sim::run(seed, wish.options);
        lock().busy_ms += outcome.busy_ms;
        tell(&outcome);
    }
}

fn tell(outcome: &Outcome) {
    if !outcome.trace.is_empty() {
        eprint!("{}", outcome.trace);
    }
    let violations: Vec<_> = outcome
        .violations
        .iter()
        .map(|found| json!({ "at": found.at.to_string(), "rule": found.rule, "detail": found.detail }))
        .collect();
    println!(
        "{}",
        json!({
            "seed": outcome.seed,
            "busy_ms": outcome.busy_ms,
            "hash": format!("{:016x}", outcome.hash),
            "counts": outcome.counts,
            "violations": violations,
        })
    );
}
