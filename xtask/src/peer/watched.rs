//! A foreign client whose session is watched: the platform writes a trace of it as a capture file.
//!
//! The dissector must understand the file as well as the traffic itself, and no number may be in it.
//! Start at [`play`].

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::capture::Pdus;
use crate::need;
use crate::process::{self, Guarded};
use crate::server::Server;

/// How long the client may take, and the trace after it.
const LIMIT: Duration = Duration::from_secs(180);
/// The port that stands in every trace.
const TRACE_PORT: u16 = 2_775;
/// What the client sends at the least.
const MESSAGES: usize = 5;
/// How the numbers begin that it sends to.
const NUMBERS: &[u8] = b"491511234";

/// Lets the client carry out its operations while its session is traced into a file.
pub(super) fn play(
    binary: &Path,
    data: &Path,
    node: &Path,
    server: &Server,
    file: &Path,
) -> anyhow::Result<()> {
    let mut client = process::command("node");
    client.arg(node.join(need::NODE_SCRIPT));
    client.args(["--host=127.0.0.1", &format!("--port={}", server.port("CHAPPE_SMPP")?)]);
    client.arg(format!("--system-id={}", server.value("CHAPPE_SMPP_SYSTEM_ID")?));
    client.arg(format!("--password={}", server.value("CHAPPE_SMPP_PASSWORD")?));
    client.current_dir(node).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut client = Guarded::start(&mut client, "node-smpp")?;
    let (mut orders, words) = client.pipes().context("node-smpp has no pipes")?;
    let mut words = BufReader::new(words).lines();
    match words.next().transpose()? {
        Some(word) if word == "bound" => {}
        word => bail!("node-smpp did not bind: {word:?}"),
    }
    let mut trace = process::command(binary);
    trace.arg("--data").arg(data).args(["--json", "sessions", "trace"]);
    trace.arg(only_session(binary, data)?.to_string()).arg("--pcap").arg(file);
    let shown = file.with_extension("jsonl");
    let sink =
        std::fs::File::create(&shown).with_context(|| format!("failed to create {}", shown.display()))?;
    trace.stdin(Stdio::null()).stdout(sink);
    let mut trace = Guarded::start(&mut trace, "chappe sessions trace")?;
    // The bind, which every trace begins with, is shown once the trace has begun.
    process::wait_for("the trace to begin", LIMIT, || {
        if let Some(status) = trace.ended()? {
            bail!("chappe sessions trace ended with {status}");
        }
        Ok(std::fs::metadata(&shown).is_ok_and(|metadata| metadata.len() > 0).then_some(()))
    })?;
    orders.write_all(b"go\n").context("node-smpp does not listen")?;
    drop(orders);
    for word in words {
        println!("{}", word?);
    }
    let ended = process::wait_for("node-smpp to end", LIMIT, || client.ended())?;
    if !ended.success() {
        bail!("node-smpp ended with {ended}");
    }
    let ended = process::wait_for("the trace to end", LIMIT, || trace.ended())?;
    if !ended.success() {
        bail!("chappe sessions trace ended with {ended}");
    }
    Ok(())
}

/// The number of the one session that is bound.
fn only_session(binary: &Path, data: &Path) -> anyhow::Result<u64> {
    let mut list = process::command(binary);
    list.arg("--data").arg(data).args(["--json", "sessions", "list"]);
    let list: serde_json::Value = serde_json::from_str(&process::output(&mut list)?)?;
    match list.get("items").and_then(serde_json::Value::as_array).map(Vec::as_slice) {
        Some([session]) => {
            session.get("number").and_then(serde_json::Value::as_u64).context("a session has no number")
        }
        other => bail!("not one session is bound: {other:?}"),
    }
}

/// Lets the dissector read the file.
pub(super) fn check(file: &Path) -> anyhow::Result<()> {
    let octets = std::fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
    if octets.windows(NUMBERS.len()).any(|window| window == NUMBERS) {
        bail!("the trace shows a number that should be hidden");
    }
    let pdus = Pdus::read(file, TRACE_PORT)?;
    pdus.check(MESSAGES).context("tshark looked at the trace of a session")?;
    println!("tshark understood {} PDUs in the trace of a session", pdus.len());
    Ok(())
}
