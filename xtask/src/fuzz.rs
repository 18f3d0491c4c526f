//! Fuzzing: builds `chappe-fuzz` and lets it try damaged inputs on every parser.
//!
//! The short run belongs to the everyday lane and uses what the tests have built; the long one is optimised and
//! begins from another seed each day. What they find stays in `fuzz/corpus`. Start at [`run`].

use std::time::{SystemTime, UNIX_EPOCH};

use crate::process;

/// Milliseconds for each target in the everyday lane: with all of them about 15 seconds.
const SHORT_MILLIS: u64 = 900;
/// Milliseconds for each target in the long lane: with all of them about an hour.
const LONG_MILLIS: u64 = 225_000;

/// Arguments of `cargo xtask fuzz`.
#[derive(Debug, clap::Args)]
pub(crate) struct FuzzArguments {
    /// Only this target (may be given several times); `--list` names them.
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,
    /// How many inputs for each target.
    #[arg(long, value_name = "COUNT")]
    runs: Option<u64>,
    /// Milliseconds for each target; a second when neither is given.
    #[arg(long, value_name = "MS")]
    millis: Option<u64>,
    /// Another sequence of inputs.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Try this one input on the target and nothing else.
    #[arg(long, value_name = "FILE")]
    replay: Option<String>,
    /// Optimised: slower to build, several times as many inputs.
    #[arg(long)]
    release: bool,
    /// Print the targets and run nothing.
    #[arg(long)]
    list: bool,
}

/// Runs what is asked for.
pub(crate) fn run(arguments: &FuzzArguments) -> anyhow::Result<()> {
    let mut words = Vec::new();
    for target in &arguments.target {
        words.extend(["--target".to_owned(), target.clone()]);
    }
    let numbers = [("--runs", arguments.runs), ("--millis", arguments.millis), ("--seed", arguments.seed)];
    for (name, value) in numbers {
        words.extend(value.map(|value| [name.to_owned(), value.to_string()]).into_iter().flatten());
    }
    if let Some(path) = &arguments.replay {
        words.extend(["--replay".to_owned(), path.clone()]);
    }
    if arguments.list {
        words.push("--list".to_owned());
    }
    fuzz(arguments.release, &words)
}

/// A moment for each target, always with the same inputs.
pub(crate) fn short() -> anyhow::Result<()> {
    fuzz(false, &["--millis".to_owned(), SHORT_MILLIS.to_string()])
}

/// Minutes for each target, with other inputs every day.
pub(crate) fn long() -> anyhow::Result<()> {
    let words = ["--millis".to_owned(), LONG_MILLIS.to_string(), "--seed".to_owned(), today().to_string()];
    fuzz(true, &words)
}

/// Days since 1970.
#[expect(clippy::disallowed_methods, reason = "this programme lives in real time and has no Clock port")]
fn today() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_epoch.as_secs() / 86_400
}

fn fuzz(release: bool, words: &[String]) -> anyhow::Result<()> {
    let mut command = process::command("cargo");
    command.args(["run", "--quiet", "--package", "chappe-fuzz"]);
    if release {
        command.arg("--release");
    }
    process::run(command.arg("--").args(words))
}
