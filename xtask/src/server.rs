//! A `chappe` of our own on free ports and a data folder of its own, for stages that talk to it.
//!
//! It never uses a well-known port or the folder of a person's own first run. Start at
//! [`Server::start`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};

use crate::process::{self, Guarded};

/// How long the platform may take to be ready, on a slow machine with a cold disk.
const READY_LIMIT: Duration = Duration::from_secs(90);
/// How long it may take to drain; the service unit allows as much.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);
/// How many lines of its log are shown when something went wrong.
const LOG_LINES_SHOWN: usize = 40;

/// A running platform.
#[derive(Debug)]
pub(crate) struct Server {
    process: Guarded,
    values: BTreeMap<String, String>,
    log: PathBuf,
}

impl Server {
    /// Starts the binary with the sandbox profile on ports that the system picks, and returns when
    /// it has written `demo.env`.
    pub(crate) fn start(binary: &Path, data: &Path, extra: &[&str]) -> anyhow::Result<Self> {
        Self::start_with(binary, data, extra, &[])
    }

    /// As [`Server::start`], with variables in its environment. The folder may have been used before.
    pub(crate) fn start_with(
        binary: &Path,
        data: &Path,
        extra: &[&str],
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let file = data.join("demo.env");
        // What a run before has left there would look like being ready.
        drop(std::fs::remove_file(&file));
        let log = data.with_extension("log");
        let sink =
            std::fs::File::create(&log).with_context(|| format!("failed to create {}", log.display()))?;
        let mut command = process::command(binary);
        command.arg("--data").arg(data);
        for door in ["--http", "--https", "--smpp", "--smpps"] {
            command.args([door, "127.0.0.1:0"]);
        }
        command
            .args(extra)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(sink.try_clone()?)
            .stderr(sink);
        let mut process = Guarded::start(&mut command, "chappe")?;
        let ready = process::wait_for("demo.env", READY_LIMIT, || match std::fs::read_to_string(&file) {
            Ok(text) => Ok(Some(text)),
            Err(_) => match process.ended()? {
                Some(status) => bail!("chappe ended with {status} before it was ready"),
                None => Ok(None),
            },
        });
        let text = ready.map_err(|error| explained(&error, &log))?;
        Ok(Self { process, values: parse(&text), log })
    }

    /// A value of `demo.env`.
    pub(crate) fn value(&self, name: &str) -> anyhow::Result<&str> {
        self.values.get(name).map(String::as_str).ok_or_else(|| anyhow!("demo.env has no {name}"))
    }

    /// The port of a value that has the form `host:port`.
    pub(crate) fn port(&self, name: &str) -> anyhow::Result<u16> {
        port_of(self.value(name)?).with_context(|| format!("{name} in demo.env is no host:port"))
    }

    /// The number of the process.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Where its words go.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> anyhow::Result<bool> {
        Ok(self.process.ended()?.is_some())
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(mut self) -> anyhow::Result<()> {
        self.process.signal_and_wait("KILL", DRAIN_LIMIT).map(drop)
    }

    /// Asks for an orderly end and insists that the exit status is zero.
    pub(crate) fn terminate(mut self) -> anyhow::Result<()> {
        let status =
            self.process.signal_and_wait("TERM", DRAIN_LIMIT).map_err(|error| self.explained(&error))?;
        if !status.success() {
            return Err(self.explained(&anyhow!("after SIGTERM chappe ended with {status}")));
        }
        Ok(())
    }

    /// The error together with the end of what the platform has printed.
    pub(crate) fn explained(&self, error: &anyhow::Error) -> anyhow::Error {
        explained(error, &self.log)
    }
}

fn explained(error: &anyhow::Error, log: &Path) -> anyhow::Error {
    anyhow!("{error:#}; the last words of chappe:\n{}", last_lines(log))
}

/// Reads `NAME=value` lines; a value may itself hold an equals sign.
fn parse(text: &str) -> BTreeMap<String, String> {
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    text.lines().filter_map(pair).collect()
}

/// The port in `host:port`, where the host may be a bracketed IPv6 address.
pub(crate) fn port_of(address: &str) -> anyhow::Result<u16> {
    let (_, port) = address.rsplit_once(':').ok_or_else(|| anyhow!("`{address}` has no port"))?;
    port.parse().with_context(|| format!("`{address}` has a strange port"))
}

fn last_lines(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let skipped = lines.len().saturating_sub(LOG_LINES_SHOWN);
    lines.into_iter().skip(skipped).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demo_env_lines_are_read_as_they_stand() {
        let values = parse("CHAPPE_HTTP=127.0.0.1:41\nCHAPPE_API_SECRET=a=b\n\nnonsense\n");
        assert_eq!(values.get("CHAPPE_API_SECRET").map(String::as_str), Some("a=b"));
        assert_eq!(values.len(), 2);
    }

    #[test]
    fn ports_are_read_from_addresses() {
        let cases =
            [("127.0.0.1:2775", Some(2775)), ("[::1]:80", Some(80)), ("localhost", None), ("a:b", None)];
        for (address, expected) in cases {
            assert_eq!(port_of(address).ok(), expected, "{address}");
        }
    }

    #[test]
    fn a_server_that_dies_early_is_an_error_with_its_words() {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("chappe");
        std::fs::write(&binary, "#!/bin/sh\necho planted failure\nexit 1\n").unwrap();
        process::run(process::command("chmod").arg("+x").arg(&binary)).unwrap();
        let error = Server::start(&binary, &folder.path().join("data"), &[]).unwrap_err();
        assert!(format!("{error:#}").contains("planted failure"), "{error:#}");
    }
}
