//! Fuzzing on the stable toolchain: every parser of ours gets damaged inputs, and must keep its promises.
//!
//! A target states the promises of one parser; the engine makes inputs out of a kept corpus and tries them. It
//! sees no coverage: it keeps inputs that lead to outcomes which it has not seen. The same seed makes the same
//! inputs. What breaks a promise is made small and kept in `fuzz/corpus/<target>/`, from which every later run
//! begins. Start at `engine`; `targets` has the list, and says how to add one.
#![expect(clippy::print_stdout, reason = "a command-line tool speaks on standard output")]

mod corpus;
mod engine;
mod meter;
mod mutate;
mod random;
mod targets;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{anyhow, bail};
use clap::Parser;

use engine::{Budget, Engine};
use targets::{TARGETS, Target};

/// Milliseconds for each target when nothing else is said.
const MILLIS_DEFAULT: u64 = 1_000;
/// The seed when none is given.
const SEED_DEFAULT: u64 = 0x0C4A_99E0;

/// Command line of `chappe-fuzz`.
#[derive(Debug, Parser)]
#[command(
    name = "chappe-fuzz",
    about = "Tries damaged inputs on the parsers of Chappe",
    disable_version_flag = true
)]
struct Arguments {
    /// Only this target (may be given several times).
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,
    /// How many inputs for each target.
    #[arg(long, value_name = "COUNT")]
    runs: Option<u64>,
    /// Milliseconds for each target; with `--runs`, whatever ends first.
    #[arg(long, value_name = "MS")]
    millis: Option<u64>,
    /// Another sequence of inputs.
    #[arg(long, value_name = "NUMBER", default_value_t = SEED_DEFAULT)]
    seed: u64,
    /// Try this one input on the target and nothing else.
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Where the corpus is.
    #[arg(long, value_name = "FOLDER", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"))]
    corpus: PathBuf,
    /// Print the targets and run nothing.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    match perform(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.list {
        TARGETS.iter().for_each(|target| println!("{:<12} {}", target.name, target.about));
        return Ok(());
    }
    engine::hush_panics();
    let targets = chosen(&arguments.target)?;
    if let Some(path) = &arguments.replay {
        let [target] = targets.as_slice() else { bail!("name the one target of the input with --target") };
        let input = corpus::read_file(path)?;
        return engine::replay(target, &input).map_err(|finding| anyhow!("{finding}"));
    }
    let budget = match (arguments.runs, arguments.millis) {
        (Some(runs), None) => Budget { runs, time: None },
        (runs, millis) => Budget {
            runs: runs.unwrap_or(u64::MAX),
            time: Some(Duration::from_millis(millis.unwrap_or(MILLIS_DEFAULT))),
        },
    };
    let mut findings = 0;
    for target in targets {
        let folder = arguments.corpus.join(target.name);
        let report = Engine::new(target, corpus::read(&folder)?, arguments.seed).run(budget);
        println!("{:<12} {}", target.name, report.summary());
        if let Some(finding) = report.finding {
            let path = corpus::keep(&folder, &finding.input)?;
            println!("{finding}");
            println!("try it again: chappe-fuzz --target {} --replay {}", target.name, path.display());
            findings += 1;
        }
    }
    if findings > 0 {
        bail!("{findings} of the targets broke a promise");
    }
    Ok(())
}

fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Target>> {
    for name in names {
        if !TARGETS.iter().any(|target| target.name == name) {
            let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            bail!("there is no target `{name}`; there are: {}", known.join(", "));
        }
    }
    let wanted = |target: &&Target| names.is_empty() || names.iter().any(|name| name == target.name);
    Ok(TARGETS.iter().filter(wanted).collect())
}
