//! `cargo xtask client`: the Python client, made anew from the OpenAPI document.
//!
//! The document is asked of the checkout's own `chappe` and kept as [`DOCUMENT`]; a test of the API fails
//! when that is not what is served. From it a script writes the generated part of the package, and
//! [`stage`] fails when that is stale. Nothing of the package is written by hand in two places. Start at
//! [`run`].

use std::path::PathBuf;

use anyhow::Context as _;

use crate::process;

/// The document from which clients are made.
const DOCUMENT: &str = "clients/openapi.json";
/// The script that writes Python.
const SCRIPT: &str = "xtask/client/python.py";
/// What it writes into.
const PACKAGE: &str = "clients/python/src/chappe";
/// The folder from which the package is imported.
pub(crate) const SOURCES: &str = "clients/python/src";
/// The tests of the package that need no platform.
const TESTS: &str = "clients/python/tests";

/// Arguments of `cargo xtask client`.
#[derive(Debug, clap::Args)]
pub(crate) struct ClientArguments {
    /// Change nothing; fail when the package is not what the kept document says.
    #[arg(long)]
    check: bool,
    /// Ask this binary for the document instead of building one.
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    binary: Option<PathBuf>,
}

/// Makes the document and the package, or checks them.
pub(crate) fn run(arguments: &ClientArguments) -> anyhow::Result<()> {
    if arguments.check {
        return generate(&["--check"]);
    }
    let mut command = match &arguments.binary {
        Some(binary) => process::command(binary),
        None => {
            let mut command = process::command("cargo");
            command.args(["run", "--quiet", "--package", "chappe", "--"]);
            command
        }
    };
    let document: serde_json::Value = serde_json::from_str(&process::output(command.arg("openapi"))?)
        .context("chappe openapi printed no JSON")?;
    let text = format!("{}\n", serde_json::to_string_pretty(&document)?);
    std::fs::write(process::root().join(DOCUMENT), text)
        .with_context(|| format!("failed to write {DOCUMENT}"))?;
    generate(&[])
}

/// Checks that the package is not stale, and runs its own tests.
pub(crate) fn stage() -> anyhow::Result<()> {
    generate(&["--check"])?;
    let mut tests = process::command("python3");
    // Compiled files would be litter in the checkout.
    tests.args(["-B", "-m", "unittest", "discover", "--start-directory", TESTS]).env("PYTHONPATH", SOURCES);
    process::run(&mut tests)
}

fn generate(options: &[&str]) -> anyhow::Result<()> {
    let mut command = process::command("python3");
    command.args(["-B", SCRIPT, "--document", DOCUMENT, "--package", PACKAGE]).args(options);
    process::run(&mut command)
}
