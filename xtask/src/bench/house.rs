//! A platform with many customers: accounts made over the administration socket, as the command line does.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};

/// What each customer has to spend; no measurement uses it up.
const BALANCE: &str = "1000000.00 EUR";

/// The administration of a running platform.
#[derive(Debug)]
pub(crate) struct Administration {
    socket: PathBuf,
}

impl Administration {
    /// Of the platform with this data folder.
    pub(crate) fn new(data: &Path) -> Self {
        Self { socket: data.join("admin.sock") }
    }

    /// Asks one thing; a refusal is an error.
    pub(crate) fn ask(&self, request: &Value) -> anyhow::Result<Value> {
        let mut stream = UnixStream::connect(&self.socket).context("the administration socket is closed")?;
        writeln!(stream, "{request}")?;
        stream.shutdown(Shutdown::Write)?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        let reply: Value =
            serde_json::from_str(&line).with_context(|| format!("a strange answer: {line:?}"))?;
        reply.get("done").cloned().ok_or_else(|| anyhow!("{request} was refused: {reply}"))
    }

    /// Makes customers without limits and gives a line of logins for each, as `chappe-load` reads them.
    pub(crate) fn make_accounts(&self, count: usize) -> anyhow::Result<String> {
        let mut lines = String::new();
        for number in 1..=count {
            let name = format!("customer{number}");
            self.ask(&json!({ "request": "account_create", "name": name, "price_book": null,
                               "allow_private_callbacks": true }))?;
            self.ask(&json!({ "request": "account_limits", "account": name, "rate": 0, "window": 0,
                               "binds": 0, "repeat_guard": 0 }))?;
            self.ask(&json!({ "request": "top_up", "account": name, "amount": BALANCE, "source": "bench" }))?;
            let bind = self
                .ask(&json!({ "request": "key_create", "account": name, "smpp": true, "system_id": null }))?;
            let key = self.ask(
                &json!({ "request": "key_create", "account": name, "smpp": false, "system_id": null }),
            )?;
            let word = |value: &Value, field: &str| {
                let word = value.get(field).and_then(Value::as_str).map(str::to_owned);
                word.ok_or_else(|| anyhow!("an answer has no {field}"))
            };
            let (system_id, password) = (word(&bind, "system_id")?, word(&bind, "password")?);
            writeln!(lines, "{system_id} {password} {} {}", word(&key, "key")?, word(&key, "secret")?)?;
        }
        Ok(lines)
    }

    /// Lets customers be told by the PaaSoo dialect, at this address.
    pub(super) fn tell_by_paasoo(&self, count: usize, url: &str) -> anyhow::Result<()> {
        for number in 1..=count {
            let account = format!("customer{number}");
            self.ask(
                &json!({ "request": "account_webhook", "account": account, "url": url, "kind": "paasoo" }),
            )?;
        }
        Ok(())
    }

    /// Counts of the store and the proof of the ledger, as `chappe doctor --json` gives them.
    pub(crate) fn doctor(&self) -> anyhow::Result<Value> {
        self.ask(&json!({ "request": "doctor" }))
    }
}

/// How far the doctor says that the ledger is off, in micro-units.
pub(crate) fn imbalance_micros(doctor: &Value) -> anyhow::Result<u64> {
    let imbalance = doctor.get("imbalance_micros").and_then(Value::as_i64);
    Ok(imbalance.context("the doctor says nothing of the ledger")?.unsigned_abs())
}
