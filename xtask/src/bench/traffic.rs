//! Customers at both doors, as every measurement lets them send: the same accounts, texts and numbers.
//!
//! It runs `chappe-load` and reads what it says. Start at [`Traffic`].

use std::time::Duration;

use serde_json::Value;

use super::load::{Peer, Tools, count, customers};
use crate::process;

/// Customers, and SMPP sessions: one each.
pub(super) const ACCOUNTS: usize = 1_000;
/// Connections of customers over HTTP, with one request at a time each.
const HTTP_CONNECTIONS: &str = "256";
/// How long webhooks may take to be told after the last message.
const WEBHOOKS_LIMIT: Duration = Duration::from_secs(120);

/// How requests over HTTP are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Native,
    Paasoo,
}

impl Dialect {
    /// Its name in figures and on the command line of the load generator.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Paasoo => "paasoo",
        }
    }

    /// What the web server calls the event that ends a message.
    const fn end(self) -> &'static str {
        match self {
            Self::Native => "/types/message.delivered",
            Self::Paasoo => "/types/dlr",
        }
    }
}

/// Customers of a platform.
#[derive(Debug, Clone, Copy)]
pub(super) struct Traffic<'a> {
    pub(super) tools: &'a Tools,
    /// The file with their logins.
    pub(super) accounts: &'a str,
    /// How long they send.
    pub(super) seconds: u64,
}

/// What a run over HTTP has seen until the last webhook was told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) said: Value,
    /// Messages that were promised.
    pub(super) taken: u64,
    /// From the first request to the last webhook.
    pub(super) elapsed_ms: u64,
    /// Calls that the web server has got meanwhile.
    pub(super) calls: u64,
}

impl Told {
    /// Messages per second, from the first request to the last webhook.
    pub(super) fn per_second(&self) -> u64 {
        self.taken.saturating_mul(1_000) / self.elapsed_ms.max(1)
    }
}

impl Traffic<'_> {
    /// All customers over SMPP, one session each; gives what they saw when the last receipt has come.
    pub(super) fn smpp(&self, target: &str, rate: &str) -> anyhow::Result<Value> {
        self.run(&self.smpp_words(target, rate, ACCOUNTS, &[]))
    }

    /// What the load generator is told for so many customers over SMPP.
    pub(super) fn smpp_words(
        &self,
        target: &str,
        rate: &str,
        sessions: usize,
        further: &[&str],
    ) -> Vec<String> {
        let (sessions, seconds) = (sessions.to_string(), self.seconds.to_string());
        let words = ["smpp", "--target", target, "--accounts", self.accounts, "--rate", rate];
        let own = ["--connections", &sessions, "--seconds", &seconds];
        [&words, own.as_slice(), further].concat().into_iter().map(str::to_owned).collect()
    }

    /// What the load generator is told for all customers over HTTP.
    pub(super) fn http_words(&self, target: &str, dialect: Dialect, further: &[&str]) -> Vec<String> {
        let (senders, seconds) = (ACCOUNTS.to_string(), self.seconds.to_string());
        let words = ["http", "--target", target, "--accounts", self.accounts, "--dialect", dialect.name()];
        let own = ["--senders", &senders, "--seconds", &seconds];
        [&words, own.as_slice(), further].concat().into_iter().map(str::to_owned).collect()
    }

    /// All customers over HTTP; gives what they saw when they are done.
    pub(super) fn http(&self, target: &str, dialect: Dialect, further: &[&str]) -> anyhow::Result<Value> {
        let further = [&["--connections", HTTP_CONNECTIONS], further].concat();
        self.run(&self.http_words(target, dialect, &further))
    }

    /// The same, until the web server has been told the end of every message. In the native dialect each request
    /// names the address; in the other the accounts have set it.
    pub(super) fn http_told(
        &self,
        target: &str,
        dialect: Dialect,
        sink: &mut Peer,
        further: &[&str],
    ) -> anyhow::Result<Told> {
        let before = sink.party.counts()?;
        let callback = sink_url(sink);
        let names_it = ["--callback", &callback];
        let names_it = match dialect {
            Dialect::Native => names_it.as_slice(),
            Dialect::Paasoo => &[],
        };
        let start = process::now();
        let said = self.http(target, dialect, &[names_it, further].concat())?;
        let taken = count(&said, "/acknowledged");
        let end = dialect.end();
        let after = process::wait_for("every webhook", WEBHOOKS_LIMIT, || {
            let counts = sink.party.counts()?;
            let told = count(&counts, end).saturating_sub(count(&before, end));
            Ok(Some(counts).filter(|_| told >= taken))
        })?;
        let elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let calls = count(&after, "/posts").saturating_sub(count(&before, "/posts"));
        Ok(Told { said, taken, elapsed_ms, calls })
    }

    /// Runs customers to their end.
    pub(super) fn run(&self, words: &[String]) -> anyhow::Result<Value> {
        customers(self.tools, &words.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// The address of the customers' web server.
pub(super) fn sink_url(sink: &Peer) -> String {
    format!("http://{}/", sink.addresses.first().map_or("", String::as_str))
}

/// Messages that were sent and not promised.
pub(super) fn not_taken(said: &Value) -> u64 {
    count(said, "/sent").saturating_sub(count(said, "/acknowledged"))
}
