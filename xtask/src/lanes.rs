//! The test lanes: which stages run, in which order, and what they need.
//!
//! A lane is a table. It fails where something is missing and never skips. Start at [`FULL`]; to
//! add a stage, add a row there (and to [`QUICK`] or [`SOAK`] if it belongs to them).

use std::process::Command;
use std::time::Duration;

use anyhow::{anyhow, bail};

use crate::need::{self, Need};
use crate::process;
use crate::{client, crash, fuzz, peer, sim, tidy};

/// The packages that hold pure code; they compile and run in seconds.
const CORE: [&str; 4] = ["gsm-text", "smpp", "chappe-types", "chappe-decide"];
/// How many mutated PDUs the soak lane feeds to the SMPP decoder.
const SOAK_MUTATIONS: &str = "5000000";

/// One step of a lane.
struct Stage {
    name: &'static str,
    about: &'static str,
    needs: &'static [Need],
    action: fn() -> anyhow::Result<()>,
}

const FORMAT: Stage = Stage { name: "format", about: "rustfmt agrees", needs: &[], action: format };
const TIDY: Stage = Stage { name: "tidy", about: "the rules of the house", needs: &[], action: tidy::run };

const CLIENT: Stage = Stage {
    name: "client",
    about: "the Python client is what the OpenAPI document says, and keeps its own promises",
    needs: &[Need::Python],
    action: client::stage,
};

/// The lane for the minutes between two edits: under three minutes when warm.
const QUICK: &[Stage] = &[
    FORMAT,
    TIDY,
    CLIENT,
    Stage { name: "clippy", about: "lints of the pure crates", needs: &[], action: core_clippy },
    Stage {
        name: "unit",
        about: "unit tests of the pure crates and the ports",
        needs: &[],
        action: core_tests,
    },
];

/// The lane that must pass before a change goes in.
const FULL: &[Stage] = &[
    FORMAT,
    TIDY,
    CLIENT,
    Stage { name: "clippy", about: "lints of everything", needs: &[], action: clippy },
    Stage {
        name: "test",
        about: "unit tests, conformance suites and black-box stories",
        needs: &[Need::Postgres],
        action: tests,
    },
    Stage {
        name: "fuzz",
        about: "parsers keep their promises for a moment",
        needs: &[],
        action: fuzz::short,
    },
    Stage { name: "release", about: "the shipped binary builds", needs: &[], action: peer::build_release },
    Stage {
        name: "sim",
        about: "a simulated house keeps its promises, and every planted bug is found",
        needs: &[],
        action: sim::short,
    },
    Stage {
        name: "peer",
        about: "foreign clients and tshark judge what we speak; examples and the Python client do what they say",
        needs: &[Need::Tshark, Need::Smpplib, Need::NodeSmpp, Need::Php],
        action: peer::against_release,
    },
    Stage {
        name: "dialects",
        about: "the official clients of other firms find what they know",
        needs: &[Need::Dialects],
        action: peer::dialects::against_release,
    },
    Stage {
        name: "kill9",
        about: "nothing promised is lost when the process is killed",
        needs: &[],
        action: crash::few_cuts,
    },
];

/// The lane for a night: what takes longer than anybody waits for.
const SOAK: &[Stage] = &[
    Stage { name: "mutations", about: "millions of mutated PDUs never panic", needs: &[], action: mutations },
    Stage { name: "fuzz", about: "parsers keep their promises for an hour", needs: &[], action: fuzz::long },
    Stage {
        name: "sim",
        about: "1,000 simulated hours, and every planted bug",
        needs: &[],
        action: sim::long,
    },
    Stage {
        name: "examples",
        about: "the examples in Go and Java do what they say",
        needs: &[Need::Go, Need::Java, Need::Smpplib, Need::NodeSmpp],
        action: peer::heavy_examples,
    },
    Stage {
        name: "openapi",
        about: "schemathesis finds nothing that the OpenAPI document does not say",
        needs: &[Need::Schemathesis],
        action: peer::openapi::against_release,
    },
    Stage {
        name: "kill9",
        about: "nothing promised is lost over many kills",
        needs: &[],
        action: crash::many_cuts,
    },
    Stage {
        name: "kill9-postgres",
        about: "nor when messages are kept in PostgreSQL",
        needs: &[Need::Postgres],
        action: crash::many_cuts_on_postgres,
    },
    Stage {
        name: "kill-postgres",
        about: "nor when the database is killed under it",
        needs: &[Need::Postgres],
        action: crash::many_database_kills,
    },
    Stage {
        name: "powercut",
        about: "nothing promised is lost over many power cuts",
        needs: &[Need::Xfs, Need::EatMyData],
        action: crash::many_powercuts,
    },
    Stage {
        name: "diskfull",
        about: "a full disk is refused and recovered from",
        needs: &[Need::Xfs],
        action: crash::many_full_disks,
    },
    Stage {
        name: "iofault",
        about: "nothing is promised when writes and syncs fail",
        needs: &[Need::Xfs, Need::Fiu],
        action: crash::many_faults,
    },
    Stage {
        name: "linkcut",
        about: "links cut after every octet lose and repeat nothing unmarked",
        needs: &[],
        action: crash::every_link_cut,
    },
    Stage {
        name: "dlr-chaos",
        about: "every receipt finds its message, whatever carriers do",
        needs: &[],
        action: crash::receipt_chaos,
    },
];

/// Arguments of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct TestArguments {
    /// Only what takes minutes: format, tidy, and the lints and tests of the pure crates.
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    choice: Choice,
}

/// Arguments of `cargo xtask soak`.
#[derive(Debug, clap::Args)]
pub(crate) struct SoakArguments {
    #[command(flatten)]
    choice: Choice,
}

/// Which stages of a lane to run.
#[derive(Debug, clap::Args)]
struct Choice {
    /// Run this stage alone (may be given several times).
    #[arg(long, value_name = "STAGE")]
    only: Vec<String>,
    /// Print the stages and run nothing.
    #[arg(long)]
    list: bool,
    /// Run the later stages also when one has failed.
    #[arg(long)]
    keep_going: bool,
    /// Leave out the stages that cut the power of a file system of their own, which needs root.
    #[arg(long)]
    without_powercut: bool,
}

/// Runs the everyday lane, whole or quick.
pub(crate) fn test(arguments: &TestArguments) -> anyhow::Result<()> {
    walk(if arguments.quick { QUICK } else { FULL }, &arguments.choice)
}

/// Runs the long lane.
pub(crate) fn soak(arguments: &SoakArguments) -> anyhow::Result<()> {
    walk(SOAK, &arguments.choice)
}

/// What became of a stage.
enum Outcome {
    Passed(Duration),
    Failed(Duration),
    NotRun,
}

fn walk(lane: &[Stage], choice: &Choice) -> anyhow::Result<()> {
    if choice.list {
        for stage in lane {
            println!("{:<10} {}", stage.name, stage.about);
        }
        return Ok(());
    }
    let mut outcomes = Vec::new();
    let mut failed = false;
    for stage in chosen(lane, &choice.only)? {
        if choice.without_powercut && stage.needs.contains(&Need::Xfs) {
            println!("{} is left out, as asked for", stage.name);
            continue;
        }
        let outcome = if failed && !choice.keep_going { Outcome::NotRun } else { run_stage(stage) };
        failed |= matches!(outcome, Outcome::Failed(_));
        outcomes.push((stage.name, outcome));
    }
    println!("\n{}", summary(&outcomes));
    if failed {
        bail!("the lane has failed");
    }
    Ok(())
}

/// The stages to run, in the order of the lane.
fn chosen<'lane>(lane: &'lane [Stage], only: &[String]) -> anyhow::Result<Vec<&'lane Stage>> {
    for name in only {
        if !lane.iter().any(|stage| stage.name == name) {
            let known: Vec<&str> = lane.iter().map(|stage| stage.name).collect();
            return Err(anyhow!("there is no stage `{name}`; there are: {}", known.join(", ")));
        }
    }
    let wanted = |stage: &&Stage| only.is_empty() || only.iter().any(|name| name == stage.name);
    Ok(lane.iter().filter(wanted).collect())
}

fn run_stage(stage: &Stage) -> Outcome {
    println!("\n==> {}: {}", stage.name, stage.about);
    let start = process::now();
    let result = stage.needs.iter().try_for_each(|need| need::provide(*need)).and_then(|()| (stage.action)());
    let took = start.elapsed();
    match result {
        Ok(()) => {
            println!("<== {}: passed in {}", stage.name, seconds(took));
            Outcome::Passed(took)
        }
        Err(error) => {
            println!("<== {}: FAILED after {}: {error:#}", stage.name, seconds(took));
            Outcome::Failed(took)
        }
    }
}

fn summary(outcomes: &[(&str, Outcome)]) -> String {
    let line = |(name, outcome): &(&str, Outcome)| match outcome {
        Outcome::Passed(took) => format!("{name:<10} passed   {:>9}", seconds(*took)),
        Outcome::Failed(took) => format!("{name:<10} FAILED   {:>9}", seconds(*took)),
        Outcome::NotRun => format!("{name:<10} not run"),
    };
    outcomes.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn seconds(took: Duration) -> String {
    format!("{}.{} s", took.as_secs(), took.subsec_millis() / 100)
}

fn format() -> anyhow::Result<()> {
    process::run(process::command("cargo").args(["fmt", "--all", "--check"]))
}

fn core_clippy() -> anyhow::Result<()> {
    process::run(packages(process::command("cargo").arg("clippy")).args([
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

fn core_tests() -> anyhow::Result<()> {
    process::run(packages(process::command("cargo").arg("test")).args(["--package", "chappe-ports"]))
}

fn packages(command: &mut Command) -> &mut Command {
    for package in CORE {
        command.args(["--package", package]);
    }
    command
}

fn clippy() -> anyhow::Result<()> {
    let words = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    process::run(process::command("cargo").args(words))
}

fn tests() -> anyhow::Result<()> {
    process::run(process::command("cargo").args(["test", "--workspace"]))
}

fn mutations() -> anyhow::Result<()> {
    named_test("smpp", "mutated_pdus_never_panic", ("CHAPPE_SOAK_MUTATIONS", SOAK_MUTATIONS))
}

/// Runs one test by its name in a release build; a name that matches nothing is a failure, since
/// cargo itself would call it a success.
fn named_test(package: &str, name: &str, environment: (&str, &str)) -> anyhow::Result<()> {
    let mut command = process::command("cargo");
    command.args(["test", "--release", "--package", package, name]).env(environment.0, environment.1);
    let output = process::output(&mut command)?;
    println!("{}", output.trim_end());
    if passed_count(&output) == 0 {
        bail!("no test of `{package}` has `{name}` in its name");
    }
    Ok(())
}

/// How many tests cargo's output says have passed, over all test programmes.
fn passed_count(output: &str) -> u64 {
    let count = |line: &str| line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse::<u64>().ok();
    output.lines().filter_map(count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(lane: &[Stage]) -> Vec<&'static str> {
        lane.iter().map(|stage| stage.name).collect()
    }

    #[test]
    fn stage_names_are_unique_within_a_lane() {
        for lane in [QUICK, FULL, SOAK] {
            let mut sorted = names(lane);
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), lane.len());
        }
    }

    #[test]
    fn only_selects_by_name_in_the_order_of_the_lane() {
        let selected = chosen(FULL, &["test".to_owned(), "tidy".to_owned()]).unwrap();
        assert_eq!(selected.iter().map(|stage| stage.name).collect::<Vec<_>>(), ["tidy", "test"]);
        assert_eq!(chosen(FULL, &[]).unwrap().len(), FULL.len());
        assert!(chosen(FULL, &["nonsense".to_owned()]).is_err());
    }

    #[test]
    fn a_failed_stage_stops_the_lane_unless_told_otherwise() {
        const LANE: &[Stage] = &[
            Stage { name: "bad", about: "", needs: &[], action: || Err(anyhow!("planted")) },
            Stage { name: "good", about: "", needs: &[], action: || Ok(()) },
        ];
        let choice = |only: &[&str], keep_going| Choice {
            only: only.iter().map(|name| (*name).to_owned()).collect(),
            list: false,
            keep_going,
            without_powercut: false,
        };
        assert!(walk(LANE, &choice(&[], false)).is_err());
        assert!(walk(LANE, &choice(&[], true)).is_err());
        assert!(walk(LANE, &choice(&["good"], false)).is_ok());
    }

    #[test]
    fn passed_tests_are_counted_over_all_programmes() {
        let cases = [
            ("test result: ok. 1 passed; 0 failed; 0 ignored", 1),
            ("test result: ok. 2 passed; 0 failed\nnoise\ntest result: ok. 3 passed; 0 failed", 5),
            ("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 40 filtered out", 0),
            ("", 0),
        ];
        for (output, expected) in cases {
            assert_eq!(passed_count(output), expected, "{output}");
        }
    }
}
