//! What a customer's developer is given: the examples of the manual, each in its language, and the Python
//! client, which carries out every operation.
//!
//! They run as they stand in the repository, against a platform that is started for them. Start at [`play`].

use std::path::Path;

use anyhow::Context as _;

use crate::client::SOURCES;
use crate::server::Server;
use crate::{need, process};

/// The script that runs the examples.
const EXAMPLES: &str = "xtask/peer/examples_peer.py";
/// The script in which the Python client carries out every operation.
const STORY: &str = "clients/python/tests/platform_story.py";
/// Languages whose tools are there or are installed in a moment.
pub(super) const EVERYDAY: &[&str] = &["curl", "python", "node", "php"];
/// Languages whose tools take long to install.
pub(super) const HEAVY: &[&str] = &["go", "java"];

/// Runs the examples in the languages that are named, and the Python client.
pub(super) fn play(binary: &Path, languages: &[&str]) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
    let server = Server::start(binary, &folder.path().join("data"), &[])?;
    tell(&server)
        .and_then(|()| run_examples(&server, languages))
        .map_err(|error| server.explained(&error))?;
    server.terminate()
}

/// Lets the Python client carry out every operation; the first of its messages must find no others.
fn tell(server: &Server) -> anyhow::Result<()> {
    let mut command = process::command(need::python_environment(need::CLIENTS)?);
    command.args(["-B", STORY]).env("PYTHONPATH", SOURCES);
    command.env("CHAPPE_URL", format!("http://{}", server.value("CHAPPE_HTTP")?));
    command.env("CHAPPE_KEY", key(server)?);
    process::run(&mut command)
}

fn run_examples(server: &Server, languages: &[&str]) -> anyhow::Result<()> {
    let mut command = process::command(need::python_environment(need::CLIENTS)?);
    command.args(["-B", EXAMPLES, "--address", server.value("CHAPPE_HTTP")?, "--key", &key(server)?]);
    command.args(["--smpp", server.value("CHAPPE_SMPP")?]);
    command.args(["--system-id", server.value("CHAPPE_SMPP_SYSTEM_ID")?]);
    command.args(["--password", server.value("CHAPPE_SMPP_PASSWORD")?]);
    command.arg("--node-path").arg(need::node_environment()?.join("node_modules"));
    process::run(command.args(languages))
}

/// The key in the form that the examples read.
fn key(server: &Server) -> anyhow::Result<String> {
    Ok(format!("{}.{}", server.value("CHAPPE_API_KEY")?, server.value("CHAPPE_API_SECRET")?))
}
