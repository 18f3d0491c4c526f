//! Running `chappe-load`: its customers, its carrier and its web server.
//!
//! It knows their command lines and their JSON, and nothing of SMPP. Start at [`Tools::build`].

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Stdio};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde_json::Value;

use crate::process::{self, Guarded};

/// How long customers may take to end once their output has.
const END_LIMIT: Duration = Duration::from_secs(10);

/// The release builds that are measured.
#[derive(Debug)]
pub(crate) struct Tools {
    /// The platform.
    pub(crate) chappe: PathBuf,
    /// The load generator.
    pub(crate) load: PathBuf,
    /// Where cargo builds, which is where temporary data may go: on the disk of the checkout.
    pub(crate) target: PathBuf,
}

impl Tools {
    /// Builds both, or takes the given binary as the platform.
    pub(crate) fn build(binary: Option<&Path>) -> anyhow::Result<Self> {
        Self::build_or_take(binary, None)
    }

    /// The same, or takes the second as the load generator.
    pub(super) fn build_or_take(binary: Option<&Path>, load: Option<&Path>) -> anyhow::Result<Self> {
        let wanted = [("chappe-testkit", load), ("chappe", binary)];
        let packages = wanted.into_iter().filter(|(_, given)| given.is_none());
        let words: Vec<&str> = packages.flat_map(|(package, _)| ["--package", package]).collect();
        if !words.is_empty() {
            process::run(process::command("cargo").args(["build", "--release"]).args(words))?;
        }
        let target = process::target_directory()?;
        let built = |given: Option<&Path>, name: &str| {
            given.map_or_else(|| Ok(target.join("release").join(name)), Path::canonicalize)
        };
        let chappe = built(binary, "chappe").context("the binary is not there")?;
        let load = built(load, "chappe-load").context("the load generator is not there")?;
        Ok(Self { chappe, load, target })
    }

    /// Builds a programme that measures by itself, and gives its path.
    pub(super) fn example(&self, package: &str, name: &str) -> anyhow::Result<PathBuf> {
        let words = ["build", "--release", "--package", package, "--example", name];
        process::run(process::command("cargo").args(words))?;
        Ok(self.target.join("release/examples").join(name))
    }
}

/// A running `chappe-load`.
#[derive(Debug)]
pub(crate) struct Party {
    process: Guarded,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Party {
    /// Starts it with these words on its command line.
    pub(crate) fn start(tools: &Tools, words: &[&str]) -> anyhow::Result<Self> {
        let mut command = process::command(&tools.load);
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Guarded::start(&mut command, "chappe-load")?;
        let (input, output) = process.pipes().ok_or_else(|| anyhow!("chappe-load has no pipes"))?;
        Ok(Self { process, input, output: BufReader::new(output) })
    }

    /// The number of the process.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Waits for the next JSON object.
    pub(crate) fn read(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        self.output.read_line(&mut line).context("chappe-load cannot be heard")?;
        serde_json::from_str(&line)
            .with_context(|| format!("chappe-load has ended or said something strange: {line:?}"))
    }

    /// Asks a carrier or web server for its counts.
    pub(crate) fn counts(&mut self) -> anyhow::Result<Value> {
        self.order("")
    }

    /// Tells a peer to do something; gives its counts afterwards.
    pub(crate) fn order(&mut self, order: &str) -> anyhow::Result<Value> {
        writeln!(self.input, "{order}").context("chappe-load cannot be asked")?;
        let said = self.read()?;
        match said.get("error") {
            Some(error) => Err(anyhow!("chappe-load does not do {order:?}: {error}")),
            None => Ok(said),
        }
    }

    /// Waits for the end of customers and gives their counts.
    pub(crate) fn finish(mut self) -> anyhow::Result<Value> {
        let counts = self.read()?;
        process::wait_for("the end of chappe-load", END_LIMIT, || self.process.ended())?;
        Ok(counts)
    }
}

/// A carrier or web server with its addresses.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) party: Party,
    pub(crate) addresses: Vec<String>,
}

impl Peer {
    /// Starts it and waits until it listens.
    pub(crate) fn start(tools: &Tools, words: &[&str]) -> anyhow::Result<Self> {
        let mut party = Party::start(tools, words)?;
        let said = party.read()?;
        let listed = said.get("listening").and_then(Value::as_array);
        let addresses: Vec<String> =
            listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(Self { party, addresses })
    }
}

/// Runs customers to their end and gives their counts.
pub(crate) fn customers(tools: &Tools, words: &[&str]) -> anyhow::Result<Value> {
    Party::start(tools, words)?.finish()
}

/// A count by its path, e.g. `/receipts/matched`; zero when it is absent.
pub(crate) fn count(value: &Value, path: &str) -> u64 {
    value.pointer(path).and_then(Value::as_u64).unwrap_or(0)
}

/// A connector to a carrier at an address.
pub(super) fn connector(name: &str, carrier: &str) -> anyhow::Result<String> {
    let port = crate::server::port_of(carrier)?;
    Ok(format!(
        "\n[[connector]]\nname = \"{name}\"\ntype = \"smpp\"\nhost = \"127.0.0.1\"\nport = {port}\n\
         system_id = \"chappe\"\npassword = \"secret\"\nbind = \"transceiver\"\nsessions = 2\nwindow = 500\n"
    ))
}

/// The configuration that sends everything to these carriers: the first gets most of it.
pub(crate) fn configuration(carriers: &[String]) -> anyhow::Result<String> {
    let mut text = String::from("[limits]\nconnections_per_ip = 0\n");
    let mut legs = Vec::new();
    for (place, carrier) in carriers.iter().enumerate() {
        text.push_str(&connector(&format!("carrier{place}"), carrier)?);
        legs.push(format!("{{ name = \"carrier{place}\", weight = {} }}", carriers.len() - place));
    }
    text.push_str(&format!("\n[[route]]\nname = \"default\"\nconnectors = [{}]\n", legs.join(", ")));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_carrier_gets_a_connector_and_a_share() {
        let text = configuration(&["127.0.0.1:41".to_owned(), "127.0.0.1:42".to_owned()]).unwrap();
        assert!(text.contains("port = 41\n") && text.contains("port = 42\n"), "{text}");
        assert!(text.contains("{ name = \"carrier0\", weight = 2 }, { name = \"carrier1\", weight = 1 }"));
        assert!(configuration(&["nowhere".to_owned()]).is_err());
    }

    #[test]
    fn counts_are_found_by_their_path() {
        let value = serde_json::json!({ "receipts": { "matched": 7 } });
        assert_eq!((count(&value, "/receipts/matched"), count(&value, "/receipts/none")), (7, 0));
    }
}
