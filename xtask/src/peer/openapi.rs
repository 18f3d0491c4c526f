//! The stage `openapi`: schemathesis holds the OpenAPI document against what is served.
//!
//! It makes requests of the document, good ones and bad ones, alone and in the order in which one leads to the
//! next, and fails on every answer that is not documented: a status, a media type, a shape, an error of the
//! server, a bad request that is taken and a good one that is not. Start at [`against_release`].

use std::path::Path;

use anyhow::Context as _;

use crate::server::Server;
use crate::{need, process};

/// What schemathesis must know besides the document.
const FOLDER: &str = "xtask/peer/openapi";
/// Seconds that the whole may take.
const SECONDS_MAX: &str = "600";

/// Arguments of `cargo xtask openapi`.
#[derive(Debug, clap::Args)]
pub(crate) struct OpenApiArguments {
    /// Judge this binary instead of a release build of the checkout.
    #[arg(long, value_name = "FILE")]
    binary: Option<std::path::PathBuf>,
    /// Repeat a run by its seed.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Requests of each operation and phase.
    #[arg(long, value_name = "NUMBER")]
    examples: Option<u32>,
}

/// Runs the stage alone, installing what it needs.
pub(crate) fn run(arguments: &OpenApiArguments) -> anyhow::Result<()> {
    let words = [("--seed", arguments.seed), ("--max-examples", arguments.examples.map(u64::from))];
    let words: Vec<String> =
        words.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?))).collect();
    match &arguments.binary {
        Some(binary) => judge(binary, &words),
        None => {
            super::build_release()?;
            judge(&super::release()?, &words)
        }
    }
}

/// Judges the release build, which is made first if it is stale.
pub(crate) fn against_release() -> anyhow::Result<()> {
    super::build_release()?;
    judge(&super::release()?, &[])
}

fn judge(binary: &Path, words: &[String]) -> anyhow::Result<()> {
    let python = need::python_environment(need::SCHEMATHESIS)?;
    let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
    let unlimited = [("CHAPPE_DEMO_UNLIMITED", "1"), ("CHAPPE_DEMO_BALANCE", "1000000.00 EUR")];
    let server = Server::start_with(binary, &folder.path().join("data"), &[], &unlimited)?;
    let root = process::root().join(FOLDER);
    let address = format!("http://{}", server.value("CHAPPE_HTTP")?);
    let (key, secret) = (server.value("CHAPPE_API_KEY")?, server.value("CHAPPE_API_SECRET")?);
    let programme = python.with_file_name("schemathesis");
    let mut command = process::command(&programme);
    command.arg("--config-file").arg(root.join("schemathesis.toml"));
    command.arg("run").arg(format!("{address}/api/v1/openapi.json"));
    command.args(["--url", &address, "--auth", &format!("{key}:{secret}")]);
    command.args(["--max-time", SECONDS_MAX, "--continue-on-failure"]).args(words);
    // It keeps what it learns in the folder where it runs.
    command.current_dir(folder.path()).env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", &root);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    for name in ["CHAPPE_HTTP", "CHAPPE_API_KEY", "CHAPPE_API_SECRET"] {
        command.env(name, server.value(name)?);
    }
    process::run(&mut command).map_err(|error| server.explained(&error))?;
    server.terminate()
}
