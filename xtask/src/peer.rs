//! The peer stage: software that we have not written judges the SMPP that we speak and the webhooks that we
//! sign.
//!
//! A Python client sends messages and waits for their receipts, and a client for Node binds by SMPP 5.0
//! and carries out every operation, while everything on the loopback interface is captured; afterwards
//! Wireshark's dissector must have understood every PDU at the customer's door and at the carrier's, and
//! in the trace of a session that the platform itself has written. Then the examples of the manual and the
//! Python client do what they say, against a platform of their own. It never touches a platform that is
//! already running. Start at [`judge`].

mod capture;
pub(crate) mod dialects;
mod kit;
pub(crate) mod openapi;
mod watched;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::peer::capture::{Capture, Pdus};
use crate::server::Server;
use crate::{need, process};

/// The script that plays the customer.
const SCRIPT: &str = "xtask/peer/smpp_peer.py";
/// The script that plays the customer's web server.
const WEBHOOK_SCRIPT: &str = "xtask/peer/webhook_peer.py";
/// What the scripts send at the least: one short message, three parts of a long one, one in UCS-2, and
/// those of the second client. Each is a `submit_sm` at both doors and comes back as one receipt.
const MESSAGES: usize = 7;

/// Arguments of `cargo xtask peer`.
#[derive(Debug, clap::Args)]
pub(crate) struct PeerArguments {
    /// Judge this binary instead of a release build of the checkout.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Runs the stage alone, installing what it needs.
pub(crate) fn run(arguments: &PeerArguments) -> anyhow::Result<()> {
    need::provide(need::Need::Tshark)?;
    need::provide(need::Need::Php)?;
    match &arguments.binary {
        Some(binary) => judge(binary),
        None => against_release(),
    }
}

/// Builds the binary that is shipped.
pub(crate) fn build_release() -> anyhow::Result<()> {
    process::run(process::command("cargo").args(["build", "--release", "--package", "chappe"]))
}

/// Judges the release build, which is made first if it is stale.
pub(crate) fn against_release() -> anyhow::Result<()> {
    build_release()?;
    judge(&release()?)
}

fn judge(binary: &Path) -> anyhow::Result<()> {
    let python = need::python_environment(need::CLIENTS)?;
    let node = need::node_environment()?;
    let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
    // The capture begins before the platform, so that no PDU is cut by joining in the middle.
    let capture = Capture::start(&folder.path().join("loopback.pcapng"))?;
    let server = Server::start(binary, &folder.path().join("data"), &[])?;
    let customer = server.port("CHAPPE_SMPP")?;
    let carrier = server.port("CHAPPE_CARRIER_SMPP")?;
    play(&python, &server, customer).map_err(|error| server.explained(&error))?;
    let trace = folder.path().join("trace.pcap");
    watched::play(binary, &folder.path().join("data"), &node, &server, &trace)
        .map_err(|error| server.explained(&error))?;
    listen(&python, &server).map_err(|error| server.explained(&error))?;
    server.terminate()?;
    let file = capture.finish()?;
    for (door, port) in [("the customer's door", customer), ("the carrier's door", carrier)] {
        let pdus = Pdus::read(&file, port)?;
        pdus.check(MESSAGES).with_context(|| format!("tshark looked at {door}, port {port}"))?;
        println!("tshark understood {} PDUs at {door}", pdus.len());
    }
    watched::check(&trace)?;
    kit::play(binary, kit::EVERYDAY)
}

/// Runs the examples in the languages whose tools take long to install.
pub(crate) fn heavy_examples() -> anyhow::Result<()> {
    build_release()?;
    kit::play(&release()?, kit::HEAVY)
}

fn release() -> anyhow::Result<PathBuf> {
    Ok(process::target_directory()?.join("release").join("chappe"))
}

/// Has a web server verify what it is told with a library of Standard Webhooks.
fn listen(python: &Path, server: &Server) -> anyhow::Result<()> {
    let mut command = process::command(python);
    command.args([WEBHOOK_SCRIPT, "--address", server.value("CHAPPE_HTTP")?]);
    command.args(["--key", server.value("CHAPPE_API_KEY")?]);
    command.args(["--secret", server.value("CHAPPE_API_SECRET")?]);
    process::run(&mut command)
}

fn play(python: &Path, server: &Server, port: u16) -> anyhow::Result<()> {
    let mut command = process::command(python);
    command.args([SCRIPT, "--host", "127.0.0.1", "--port", &port.to_string()]);
    command.args(["--system-id", server.value("CHAPPE_SMPP_SYSTEM_ID")?]);
    command.args(["--password", server.value("CHAPPE_SMPP_PASSWORD")?]);
    process::run(&mut command)
}
