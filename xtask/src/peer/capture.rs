//! Capturing the loopback interface with `tshark` and reading the SMPP in it.
//!
//! It never decides what traffic should be there; [`Pdus::check`] is given the number of messages.
//! Start at [`Capture::start`].

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::need;
use crate::process::{self, Guarded};

/// How long `tshark` may take to open the interface, and to write out what it holds.
const CAPTURE_LIMIT: Duration = Duration::from_secs(20);
/// `command_id` of `submit_sm` (SMPP 3.4, section 5.1.2.1).
const SUBMIT_SM: u32 = 0x0000_0004;
/// `command_id` of `deliver_sm` (SMPP 3.4, section 5.1.2.1).
const DELIVER_SM: u32 = 0x0000_0005;
/// The bit that makes a `command_id` that of a response.
const RESPONSE: u32 = 0x8000_0000;

/// A capture under way.
#[derive(Debug)]
pub(crate) struct Capture {
    process: Guarded,
    file: PathBuf,
}

impl Capture {
    /// Starts to capture TCP on the loopback interface and returns when the interface is open.
    pub(crate) fn start(file: &Path) -> anyhow::Result<Self> {
        let log = file.with_extension("log");
        let sink =
            std::fs::File::create(&log).with_context(|| format!("failed to create {}", log.display()))?;
        // It is ours before root writes into it: what root makes, we could not read.
        std::fs::File::create(file).with_context(|| format!("failed to create {}", file.display()))?;
        let mut command = need::as_root("tshark")?;
        command.args(["-i", "lo", "-f", "tcp", "-q", "-w"]).arg(file);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(sink);
        let mut process = Guarded::start(&mut command, "tshark")?;
        let words = || std::fs::read_to_string(&log).unwrap_or_default();
        // The file gets its header after the interface has been opened, not before.
        process::wait_for("tshark to open the loopback interface", CAPTURE_LIMIT, || {
            if let Some(status) = process.ended()? {
                bail!("tshark ended with {status}: capturing needs root or CAP_NET_RAW");
            }
            Ok(std::fs::metadata(file).is_ok_and(|metadata| metadata.len() > 0).then_some(()))
        })
        .with_context(|| format!("tshark said:\n{}", words()))?;
        Ok(Self { process, file: file.to_owned() })
    }

    /// Ends the capture and returns the file, complete.
    pub(crate) fn finish(mut self) -> anyhow::Result<PathBuf> {
        // Packets still on their way to the file are lost when the capture ends. Since they keep
        // their order, everything is there as soon as a last one, which we send ourselves, is.
        let mark = format!("end of capture {}", self.file.display());
        send_over_loopback(mark.as_bytes())?;
        process::wait_for("tshark to write what it holds", CAPTURE_LIMIT, || {
            let bytes = std::fs::read(&self.file).context("failed to read the capture")?;
            Ok(bytes.windows(mark.len()).any(|window| window == mark.as_bytes()).then_some(()))
        })?;
        let status = self.process.signal_and_wait("TERM", CAPTURE_LIMIT)?;
        if !status.success() {
            bail!("tshark ended with {status}");
        }
        Ok(self.file)
    }
}

/// Sends bytes through a TCP connection to ourselves.
fn send_over_loopback(bytes: &[u8]) -> anyhow::Result<()> {
    let listener =
        TcpListener::bind(("127.0.0.1", 0)).context("failed to listen on the loopback interface")?;
    let mut sender = TcpStream::connect(listener.local_addr()?).context("failed to connect to ourselves")?;
    let (mut receiver, _) = listener.accept().context("failed to accept our own connection")?;
    sender.write_all(bytes)?;
    let mut received = vec![0; bytes.len()];
    receiver.read_exact(&mut received).context("failed to read what we sent to ourselves")
}

/// The SMPP that the dissector has seen on one port.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pdus {
    commands: Vec<u32>,
    /// Frames of the port that the dissector calls malformed, as `number: what`.
    malformed: Vec<String>,
}

impl Pdus {
    /// Lets the dissector read a capture.
    pub(crate) fn read(file: &Path, port: u16) -> anyhow::Result<Self> {
        let commands = dissect(file, port, "smpp", "smpp.command_id")?;
        let malformed = dissect(file, port, "_ws.malformed", "_ws.expert.message")?;
        Self::parse(&commands, &malformed)
    }

    fn parse(commands: &str, malformed: &str) -> anyhow::Result<Self> {
        let mut seen = Self::default();
        for line in commands.lines() {
            let (_, ids) = line.split_once('\t').unwrap_or((line, ""));
            for id in ids.split(',').filter(|id| !id.is_empty()) {
                seen.commands.push(command_id(id)?);
            }
        }
        seen.malformed = malformed.lines().map(|line| line.replace('\t', ": ")).collect();
        Ok(seen)
    }

    /// How many PDUs were understood.
    pub(crate) fn len(&self) -> usize {
        self.commands.len()
    }

    /// Fails if a frame is malformed or if fewer messages or receipts went by than were sent.
    pub(crate) fn check(&self, messages: usize) -> anyhow::Result<()> {
        if !self.malformed.is_empty() {
            bail!("malformed frames:\n{}", self.malformed.join("\n"));
        }
        for (name, id) in [("submit_sm", SUBMIT_SM), ("deliver_sm", DELIVER_SM)] {
            for (kind, id) in [("", id), ("_resp", id | RESPONSE)] {
                let count = self.commands.iter().filter(|seen| **seen == id).count();
                if count < messages {
                    bail!("{count} PDUs of the kind {name}{kind} were decoded, {messages} were expected");
                }
            }
        }
        Ok(())
    }
}

/// `tshark` prints the field in hexadecimal or in decimal, depending on its version.
fn command_id(text: &str) -> anyhow::Result<u32> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.with_context(|| format!("tshark gave `{text}` as a command_id"))
}

/// One line per frame of the port that matches `filter`: its number, a tab, the values of `field`.
fn dissect(file: &Path, port: u16, filter: &str, field: &str) -> anyhow::Result<String> {
    let mut command = need::as_root("tshark")?;
    command.arg("-r").arg(file);
    command.args(["-d", &format!("tcp.port=={port},smpp")]);
    command.args(["-Y", &format!("tcp.port == {port} && {filter}")]);
    command.args(["-T", "fields", "-e", "frame.number", "-e", field]);
    process::output(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "4\t0x00000009\n6\t0x80000009\n8\t0x00000004,0x00000004\n9\t0x80000004\n\
                        10\t0x80000004,0x00000005\n11\t5\n12\t0x80000005,0x80000005\n";

    #[test]
    fn several_pdus_in_one_frame_are_all_counted() {
        let pdus = Pdus::parse(GOOD, "").unwrap();
        assert_eq!(pdus.len(), 10);
        pdus.check(2).unwrap();
    }

    #[test]
    fn a_judgement_fails_on_each_kind_of_flaw() {
        let cases = [
            (GOOD, "8\tMalformed Packet (Exception occurred)\n", "malformed"),
            ("", "", "submit_sm"),
            ("1\t0x00000004,0x80000004\n", "", "deliver_sm"),
            ("1\t0x00000004,0x80000004,0x00000005\n", "", "deliver_sm_resp"),
        ];
        for (commands, malformed, expected) in cases {
            let error = Pdus::parse(commands, malformed).unwrap().check(1).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(Pdus::parse("1\tsubmit", "").is_err());
    }
}
