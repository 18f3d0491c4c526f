//! The official clients of other firms against the dialects: each story has a platform of its own, to which its
//! client speaks as it speaks to the firm, but for the host.
//!
//! Start at [`judge`].

use std::path::{Path, PathBuf};

use crate::server::Server;
use crate::{need, process};

/// The folder of the stories.
const FOLDER: &str = "xtask/peer/dialects";
/// The stories, each with the environment that has its client.
const STORIES: &[(&str, need::PythonKit)] = &[
    ("twilio_peer.py", need::DIALECTS),
    ("vonage_peer.py", need::DIALECTS),
    ("gateways_peer.py", need::DIALECTS),
    ("smstools_peer.py", need::SMSTOOLS),
];

/// Arguments of `cargo xtask dialects-peer`.
#[derive(Debug, clap::Args)]
pub(crate) struct DialectsPeerArguments {
    /// Judge this binary instead of a release build of the checkout.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Runs the stories alone, installing what they need.
pub(crate) fn run(arguments: &DialectsPeerArguments) -> anyhow::Result<()> {
    match &arguments.binary {
        Some(binary) => judge(binary),
        None => against_release(),
    }
}

/// Judges the release build, which is made first if it is stale.
pub(crate) fn against_release() -> anyhow::Result<()> {
    super::build_release()?;
    judge(&super::release()?)
}

fn judge(binary: &Path) -> anyhow::Result<()> {
    STORIES.iter().try_for_each(|(story, kit)| tell(binary, &need::python_environment(*kit)?, story))
}

fn tell(binary: &Path, python: &Path, story: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(binary, &folder.path().join("data"), &[])?;
    let mut command = process::command(python);
    command.args(["-B", &format!("{FOLDER}/{story}")]);
    for (option, name) in [
        ("--http", "CHAPPE_HTTP"),
        ("--https", "CHAPPE_HTTPS"),
        ("--ca", "CHAPPE_CA"),
        ("--account", "CHAPPE_ACCOUNT_SID"),
        ("--key", "CHAPPE_API_KEY"),
        ("--secret", "CHAPPE_API_SECRET"),
        ("--email", "CHAPPE_CONSOLE_EMAIL"),
        ("--password", "CHAPPE_CONSOLE_PASSWORD"),
    ] {
        command.args([option, server.value(name)?]);
    }
    process::run(&mut command).map_err(|error| server.explained(&error))?;
    server.terminate()
}
