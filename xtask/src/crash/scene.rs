//! What every driver has around the platform that it breaks: customers that write down each promise, a
//! carrier that writes down each message before it answers, and the comparison of all records at the end.
//!
//! Customers and carriers are never broken themselves. Start at [`Scene::open`].

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::records::{self, Span};
use super::verdict::{Records, Stored, Verdict, judge};
use super::{Settings, inquiry};
use crate::bench::bars::{Bars, Limit, progress};
use crate::bench::house::{Administration, imbalance_micros};
use crate::bench::load::{Party, Peer, Tools, configuration, count};
use crate::process::{self, Guarded};
use crate::server::Server;

/// What the account can spend.
const BALANCE: &str = "1000000.00";
/// How long the first promise may take after a start, or after the store is back.
const FIRST_PROMISE_LIMIT: Duration = Duration::from_secs(30);
/// Recipients of one load and door; more than it can send to.
const RECIPIENTS_PER_LOAD: u64 = 400_000;
/// SMPP sessions.
const SESSIONS: usize = 8;
/// How long the last receipts may take.
const RECEIPTS_LIMIT: Duration = Duration::from_secs(300);
/// Seconds that customers go on at most; they end with their links.
const LOAD_SECONDS: &str = "3600";

/// Messages per second that customers offer at each door; a number, or `max`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    pub(super) smpp: &'static str,
    pub(super) http: &'static str,
}

/// Where a platform keeps its data and what it is started with. Another store is other words.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    pub(super) data: PathBuf,
    /// Words on the command line, beyond the data folder.
    pub(super) words: Vec<String>,
    /// Variables in its environment.
    pub(super) environment: Vec<(String, String)>,
}

impl Engine {
    /// SQLite in a folder.
    pub(super) const fn sqlite(data: PathBuf) -> Self {
        Self { data, words: Vec::new(), environment: Vec::new() }
    }

    /// The same with one more variable.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A moment, as a place in the records of both sides.
#[derive(Debug, Clone, Copy)]
struct Mark {
    promises: u64,
    carrier: u64,
}

/// The parties of a run and what is known so far.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) tools: Tools,
    pub(super) engine: Engine,
    pub(super) carriers: Vec<Peer>,
    folder: PathBuf,
    loads: u64,
    /// Since when nothing that is heard counts.
    dark_since: Option<Mark>,
    dark_promises: Vec<Span>,
    dark_at_carrier: Vec<Span>,
    pub(super) longest_start: Duration,
}

/// Customers that send until their links are lost.
#[derive(Debug)]
pub(super) struct Customers {
    smpp: Party,
    http: Party,
}

/// What customers tell at their end.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) promised: u64,
    /// Refusals by their word, over SMPP and over HTTP.
    pub(super) refused: Vec<(String, u64)>,
}

/// What the comparison gave.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) verdict: Verdict,
    pub(super) promised: u64,
    stored: u64,
    /// Receipts that carriers could not get rid of.
    untaken: u64,
}

/// A temporary folder on the disk of the checkout, kept when the settings say so.
pub(super) fn folder(tools: &Tools, settings: &Settings) -> anyhow::Result<tempfile::TempDir> {
    let mut folder = tempfile::tempdir_in(&tools.target).context("failed to make a temporary folder")?;
    if settings.keep {
        folder.disable_cleanup(true);
        progress(&format!("data and records stay in {}", folder.path().display()));
    }
    Ok(folder)
}

impl Scene {
    /// A carrier that answers at once, with two ports; all records lie in the folder.
    pub(super) fn open(tools: Tools, folder: &Path, engine: Engine) -> anyhow::Result<Self> {
        let mut scene = Self::empty(tools, folder, engine);
        scene.add_carrier(&["responder", "--ports", "2", "--receipt-after-ms", "100"])?;
        let addresses: Vec<String> =
            scene.carriers.iter().flat_map(|carrier| carrier.addresses.clone()).collect();
        scene.configure(&configuration(&addresses)?)?;
        Ok(scene)
    }

    /// Nobody yet and no configuration.
    pub(super) fn empty(tools: Tools, folder: &Path, engine: Engine) -> Self {
        Self {
            tools,
            engine,
            carriers: Vec::new(),
            folder: folder.to_path_buf(),
            loads: 0,
            dark_since: None,
            dark_promises: Vec::new(),
            dark_at_carrier: Vec::new(),
            longest_start: Duration::ZERO,
        }
    }

    /// Starts one more carrier, which writes into the same record as all others; gives its addresses.
    pub(super) fn add_carrier(&mut self, words: &[&str]) -> anyhow::Result<Vec<String>> {
        let log = self.path("carrier").to_string_lossy().into_owned();
        let carrier = Peer::start(&self.tools, &[words, &["--log", &log]].concat())?;
        let addresses = carrier.addresses.clone();
        self.carriers.push(carrier);
        Ok(addresses)
    }

    /// Writes the configuration of the next start.
    pub(super) fn configure(&self, text: &str) -> anyhow::Result<()> {
        std::fs::write(self.path("chappe.toml"), text).context("failed to write a configuration")
    }

    /// Starts the platform on its data as they are.
    pub(super) fn start(&mut self) -> anyhow::Result<Server> {
        let begun = process::now();
        let (words, environment) = self.start_words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let environment: Vec<(&str, &str)> =
            environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let server = Server::start_with(&self.tools.chappe, &self.engine.data, &words, &environment)?;
        self.longest_start = self.longest_start.max(begun.elapsed());
        let words = ["CHAPPE_SMPP_SYSTEM_ID", "CHAPPE_SMPP_PASSWORD", "CHAPPE_API_KEY", "CHAPPE_API_SECRET"];
        let logins: Vec<&str> = words.iter().map(|name| server.value(name)).collect::<anyhow::Result<_>>()?;
        std::fs::write(self.path("accounts"), format!("{}\n", logins.join(" ")).repeat(SESSIONS))?;
        Ok(server)
    }

    /// Starts it and does not wait for it.
    pub(super) fn begin_start(&self) -> anyhow::Result<Guarded> {
        let log = std::fs::File::create(self.path("start.log"))?;
        let (words, environment) = self.start_words();
        let mut command = process::command(&self.tools.chappe);
        command.arg("--data").arg(&self.engine.data);
        for door in ["--http", "--https", "--smpp", "--smpps"] {
            command.args([door, "127.0.0.1:0"]);
        }
        command.args(words).envs(environment).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Guarded::start(&mut command, "chappe")
    }

    fn start_words(&self) -> (Vec<String>, Vec<(String, String)>) {
        let config = self.path("chappe.toml").to_string_lossy().into_owned();
        let mut words = vec!["--config".to_owned(), config];
        words.extend(self.engine.words.iter().cloned());
        let own = [
            ("CHAPPE_DEMO_UNLIMITED".to_owned(), "1".to_owned()),
            ("CHAPPE_DEMO_BALANCE".to_owned(), format!("{BALANCE} EUR")),
        ];
        let environment = own.into_iter().chain(self.engine.environment.iter().cloned()).collect();
        (words, environment)
    }

    /// Lets customers send and returns when the first promise was given.
    pub(super) fn load(&mut self, server: &Server, rates: Rates) -> anyhow::Result<Customers> {
        let before = self.mark().promises;
        let customers = self.customers(server, rates)?;
        self.wait_for_promise_after(before, server)?;
        Ok(customers)
    }

    /// Waits until customers are given one more promise.
    pub(super) fn wait_for_promise(&self, server: &Server) -> anyhow::Result<()> {
        self.wait_for_promise_after(self.mark().promises, server)
    }

    fn wait_for_promise_after(&self, before: u64, server: &Server) -> anyhow::Result<()> {
        process::wait_for("a promise", FIRST_PROMISE_LIMIT, || {
            Ok((self.mark().promises > before).then_some(()))
        })
        .map_err(|error| server.explained(&error))
    }

    fn customers(&mut self, server: &Server, rates: Rates) -> anyhow::Result<Customers> {
        let first = self.loads * 2 * RECIPIENTS_PER_LOAD;
        self.loads += 1;
        let sessions = SESSIONS.to_string();
        let words = ["--rate", rates.smpp, "--connections", &sessions, "--seconds", LOAD_SECONDS];
        let smpp = self.customer(server, "smpp", first, &words)?;
        let words = ["--rate", rates.http, "--connections", "32", "--seconds", LOAD_SECONDS];
        Ok(Customers { smpp, http: self.customer(server, "http", first + RECIPIENTS_PER_LOAD, &words)? })
    }

    /// Starts a customer at one of the doors that sends to numbers from the first on, each once.
    pub(super) fn customer(
        &self,
        server: &Server,
        door: &str,
        first: u64,
        words: &[&str],
    ) -> anyhow::Result<Party> {
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        let (accounts, promises) = (text(self.path("accounts")), text(self.path("promises")));
        let (target, first) = (format!("CHAPPE_{}", door.to_uppercase()), first.to_string());
        let mut all = vec![door, "--target", server.value(&target)?, "--first", &first];
        all.extend(["--accounts", &accounts, "--acknowledged", &promises]);
        if door == "smpp" {
            all.extend(["--settle-seconds", "0"]);
        }
        all.extend(words);
        Party::start(&self.tools, &all)
    }

    /// A file among the records.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// How long the records of both sides are by now. What they hold was said before this moment, which needs
    /// no clock to be sure of.
    fn mark(&self) -> Mark {
        Mark {
            promises: records::octets(&self.path("promises")),
            carrier: records::octets(&self.path("carrier")),
        }
    }

    /// The power is about to go: whatever is heard of the platform from now on counts for nothing.
    pub(super) fn fall_dark(&mut self) {
        self.dark_since = Some(self.mark());
    }

    /// The platform is dead and its customers are done: what is written down from now on counts again.
    pub(super) fn end_dark(&mut self) {
        let Some(since) = self.dark_since.take() else { return };
        let now = self.mark();
        self.dark_promises.push(since.promises..now.promises);
        self.dark_at_carrier.push(since.carrier..now.carrier);
    }

    /// A customer of our own was given a promise.
    pub(super) fn note_promise(&self, id: &str, recipient: &str) -> anyhow::Result<()> {
        use std::io::Write as _;
        let mut file = std::fs::File::options().append(true).create(true).open(self.path("promises"))?;
        file.write_all(format!("{id} {recipient}\n").as_bytes()).context("failed to note a promise")
    }

    /// Waits until carriers have got rid of all their receipts.
    pub(super) fn wait_for_receipts(&mut self) -> anyhow::Result<()> {
        process::wait_for("the last receipts", RECEIPTS_LIMIT, || {
            let mut waiting = 0;
            for carrier in &mut self.carriers {
                waiting += count(&carrier.party.counts()?, "/receipts_waiting");
            }
            Ok((waiting == 0).then_some(()))
        })
    }

    /// Starts once more, lets everything come to rest and compares.
    pub(super) fn verify(&mut self) -> anyhow::Result<Findings> {
        progress("waiting for rest, then comparing");
        let server = self.start()?;
        let (findings, _) = self.compare(&server).map_err(|error| server.explained(&error))?;
        server.terminate()?;
        Ok(findings)
    }

    /// Lets everything come to rest and compares; gives the messages too.
    pub(super) fn compare(&mut self, server: &Server) -> anyhow::Result<(Findings, Vec<Stored>)> {
        let records = self.collect(server)?;
        let mut untaken = 0;
        for carrier in &mut self.carriers {
            let counts = carrier.party.counts()?;
            untaken += count(&counts, "/receipts_due").saturating_sub(count(&counts, "/receipts_taken"));
        }
        let size = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let findings = Findings {
            verdict: judge(&records),
            promised: size(records.promises.len()),
            stored: size(records.stored.len()),
            untaken,
        };
        Ok((findings, records.stored))
    }

    fn collect(&self, server: &Server) -> anyhow::Result<Records> {
        inquiry::wait_for_rest(server)?;
        let administration = Administration::new(&self.engine.data);
        let off_by_micros = imbalance_micros(&administration.doctor()?)?;
        let balance = administration.ask(&json!({ "request": "balance", "account": "demo" }))?;
        let available = balance.get("balance").and_then(Value::as_str).context("there is no balance")?;
        Ok(Records {
            promises: records::promises(&self.path("promises"), &self.dark_promises)?,
            taken: records::taken(&self.path("carrier"), &self.dark_at_carrier)?,
            stored: inquiry::all_messages(server)?,
            off_by_micros,
            paid_micros: inquiry::micros(BALANCE)? - inquiry::micros(available)?,
        })
    }
}

impl Customers {
    /// Waits until they are done, which they are when their links are lost.
    pub(super) fn finish(self) -> anyhow::Result<Told> {
        let mut told = Told::default();
        for counts in [self.smpp.finish()?, self.http.finish()?] {
            told.promised += count(&counts, "/acknowledged");
            let refused = counts.get("refused").and_then(Value::as_object).into_iter().flatten();
            told.refused.extend(refused.map(|(word, times)| (word.clone(), times.as_u64().unwrap_or(0))));
        }
        Ok(told)
    }
}

impl Findings {
    /// The figures that every driver is judged by, with a word before their names where there are several.
    pub(super) fn add_to(&self, bars: &mut Bars, prefix: &str) {
        let Self { verdict, promised, stored, untaken } = self;
        let none = Limit::AtMost(0);
        let figures = [
            ("promised", *promised, Limit::AtLeast(1)),
            ("stored", *stored, Limit::AtLeast(*promised)),
            ("promised and not stored", verdict.lost_in_store, none),
            ("promised and never sent", verdict.lost_on_the_way, none),
            ("at rest and not handed on", verdict.stuck, none),
            ("receipts not taken", *untaken, none),
            ("receipts lost", verdict.receipts_lost, none),
            ("stored twice", verdict.stored_twice, none),
            ("sent without a record", verdict.sent_unrecorded, none),
            ("unmarked duplicates", verdict.unmarked_duplicates, none),
            ("marked duplicates", verdict.marked_duplicates, Limit::None),
            ("unknown, and marked so", verdict.unknown, Limit::None),
            ("unknown, and not at the carrier", verdict.unknown_unsent, Limit::None),
        ];
        for (name, value, limit) in figures {
            bars.add(format!("{prefix}{name}"), value, "messages", limit);
        }
        bars.add(format!("{prefix}charged wrongly"), verdict.charged_wrongly_micros, "micro-units", none);
        bars.add(format!("{prefix}ledger off by"), verdict.off_by_micros, "micro-units", none);
    }
}
