//! `chappe sessions`: SMPP sessions of customers, and what goes over one.
//!
//! A trace is asked for again and again until it ends; everything else is one question. Start at [`run`].

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Subcommand;
use ports::sessions::TRACE_LOOK_MS;
use serde_json::Value;

use super::{author, finish, say, show};
use crate::admin::{self, Reply, Request};
use crate::config::Config;

/// What can be done with sessions.
#[derive(Subcommand, Debug)]
pub(super) enum Sessions {
    /// List bound sessions, the oldest first.
    List,
    /// Ask a session to take leave: it answers what it has in hand, unbinds and closes.
    Close {
        /// Its number in the list.
        number: u64,
    },
    /// Show what goes over a session, with numbers and texts hidden, until it ends or Ctrl-C.
    #[command(
        after_help = "Examples:\n  chappe sessions trace 7\n  chappe sessions trace 7 --seconds 60 --pcap acme.pcap\n  chappe sessions trace 7 --clear 'ticket 4711: codes arrive without their first letter'\n\nThe file opens in Wireshark. With --clear, who looks and why is written into the journal\ntrace-journal.jsonl in the data folder before anything is shown. Passwords are never shown."
    )]
    Trace {
        /// Its number in the list.
        number: u64,
        /// End after so many seconds.
        #[arg(long)]
        seconds: Option<u64>,
        /// Write a capture file when it ends.
        #[arg(long, value_name = "FILE")]
        pcap: Option<PathBuf>,
        /// Show numbers and texts, for this reason.
        #[arg(long, value_name = "REASON")]
        clear: Option<String>,
    },
}

/// Carries out a command about sessions.
pub(super) async fn run(config: &Config, action: Option<Sessions>, json: bool) -> anyhow::Result<()> {
    let request = match action {
        None | Some(Sessions::List) => Request::Sessions,
        Some(Sessions::Close { number }) => Request::SessionClose { number },
        Some(Sessions::Trace { number, seconds, pcap, clear }) => {
            let who = author();
            trace(config, Trace { number, who, reason: clear }, seconds, pcap, json).await?;
            return Ok(());
        }
    };
    let reply = ask(config, &request).await?;
    finish(&request, reply, json)
}

async fn ask(config: &Config, request: &Request) -> anyhow::Result<Reply> {
    admin::ask(&config.data, request).await?.ok_or_else(|| {
        anyhow!("no server runs with the data folder {}, so that it has no sessions", config.data.display())
    })
}

/// Which trace, for whom and why.
struct Trace {
    number: u64,
    who: String,
    reason: Option<String>,
}

impl Trace {
    fn after(&self, after: u64) -> Request {
        let (who, reason) = (self.who.clone(), self.reason.clone());
        Request::SessionTrace { number: self.number, after, who, reason }
    }

    fn capture(&self) -> Request {
        let (who, reason) = (self.who.clone(), self.reason.clone());
        Request::SessionCapture { number: self.number, who, reason }
    }
}

async fn trace(
    config: &Config,
    trace: Trace,
    seconds: Option<u64>,
    pcap: Option<PathBuf>,
    json: bool,
) -> anyhow::Result<()> {
    let whole = async {
        match seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(whole);
    let mut after = 0;
    loop {
        let page = done(ask(config, &trace.after(after)).await?)?;
        show_page(&page, json);
        after = page.get("next").and_then(Value::as_u64).unwrap_or(after);
        if page.get("over").and_then(Value::as_bool) == Some(true) {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(TRACE_LOOK_MS)) => {}
            () = &mut whole => break,
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    let Some(path) = pcap else { return Ok(()) };
    let value = done(ask(config, &trace.capture()).await?)?;
    let octets = value.get("pcap").and_then(Value::as_str).and_then(octets_of);
    let octets = octets.context("the server's answer holds no capture")?;
    std::fs::write(&path, octets).with_context(|| format!("cannot write {}", path.display()))?;
    if !json {
        say(&format!("written to {}\n", path.display()));
    }
    Ok(())
}

fn done(reply: Reply) -> anyhow::Result<Value> {
    match reply {
        Reply::Done(value) => Ok(value),
        Reply::Refused { code, detail, .. } => bail!("{} ({code})", show::line(&detail)),
    }
}

fn show_page(page: &Value, json: bool) {
    let lost = page.get("lost").and_then(Value::as_u64).unwrap_or(0);
    if lost > 0 && !json {
        say(&format!("… {lost} PDUs were forgotten before they were shown\n"));
    }
    for pdu in page.get("items").and_then(Value::as_array).into_iter().flatten() {
        say(&if json { format!("{pdu}\n") } else { pdu_line(pdu) });
    }
}

/// One PDU as a line, and its fields below it.
fn pdu_line(pdu: &Value) -> String {
    let text = |name: &str| pdu.get(name).and_then(Value::as_str).map(show::line).unwrap_or_default();
    let arrow = if text("direction") == "in" { "→" } else { "←" };
    let sequence = pdu.get("sequence").and_then(Value::as_u64).unwrap_or(0);
    let mut line = format!("{} {arrow} {} {sequence} {}", text("at"), text("operation"), text("status"));
    line.truncate(line.trim_end().len());
    let fields = text("fields");
    if !fields.is_empty() {
        line.push_str("\n    ");
        line.push_str(&fields);
    }
    line.push('\n');
    line
}

fn octets_of(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{octets_of, pdu_line};

    #[test]
    fn a_pdu_is_a_line_with_its_fields_below() {
        let pdu = json!({
            "at": "2026-11-22T00:00:00.123Z", "direction": "in", "operation": "submit_sm", "sequence": 7,
            "status": "", "fields": "source \u{1b}[2J (5, 0)",
        });
        let expected = "2026-11-22T00:00:00.123Z → submit_sm 7\n    source \u{fffd}[2J (5, 0)\n";
        assert_eq!(pdu_line(&pdu), expected);
        let resp = json!({ "at": "t", "direction": "out", "operation": "unbind_resp", "sequence": 8,
                           "status": "ESME_ROK", "fields": "" });
        assert_eq!(pdu_line(&resp), "t ← unbind_resp 8 ESME_ROK\n");
    }

    #[test]
    fn hexadecimal_leads_back() {
        assert_eq!(octets_of("00ff10"), Some(vec![0, 255, 16]));
        assert_eq!((octets_of("0"), octets_of("zz"), octets_of("")), (Some(vec![0]), None, Some(Vec::new())));
    }
}
