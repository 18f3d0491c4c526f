//! `cargo xtask dialects`: the page that lists every address of every dialect, made anew.
//!
//! The page is asked of the checkout's own `chappe`, which writes it from the tables by which it serves. A test
//! of the API fails when the kept page is another one, so that no lane passes with a stale page. Start at
//! [`run`].

use std::path::PathBuf;

use anyhow::{Context as _, ensure};

use crate::process;

/// Where the page is kept.
const PAGE: &str = "docs/integrate/dialects.md";

/// Arguments of `cargo xtask dialects`.
#[derive(Debug, clap::Args)]
pub(crate) struct DialectsArguments {
    /// Change nothing; fail when the kept page is another one.
    #[arg(long)]
    check: bool,
    /// Ask this binary for the page instead of building one.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Makes the page, or checks it.
pub(crate) fn run(arguments: &DialectsArguments) -> anyhow::Result<()> {
    let mut command = match &arguments.binary {
        Some(binary) => process::command(binary),
        None => {
            let mut command = process::command("cargo");
            command.args(["run", "--quiet", "--package", "chappe", "--"]);
            command
        }
    };
    let page = process::output(command.arg("dialects"))?;
    let path = process::root().join(PAGE);
    if arguments.check {
        let kept = std::fs::read_to_string(&path).with_context(|| format!("failed to read {PAGE}"))?;
        ensure!(kept == page, "{PAGE} is not what is served; run `cargo xtask dialects`");
        return Ok(());
    }
    std::fs::write(&path, page).with_context(|| format!("failed to write {PAGE}"))
}
