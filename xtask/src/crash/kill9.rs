//! `cargo xtask crash kill9`: SIGKILL under load, again and again on one data folder.
//!
//! Customers over SMPP and HTTP write down every promise, the carrier writes down every message before it
//! answers, and neither is ever killed. After the last restart all records must agree. Start at [`run`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::verdict::{Records, Verdict, judge};
use super::{inquiry, records};
use crate::bench::bars::{Bars, Limit, progress};
use crate::bench::house::{Administration, imbalance_micros};
use crate::bench::load::{Party, Peer, Tools, configuration, count};
use crate::process;
use crate::server::Server;

/// Messages per second that are offered, together well above the bar. Every other cut the customers over SMPP
/// send as fast as they are answered, so that much is in hand at every place when the process dies.
const SMPP_RATES: [&str; 2] = ["1200", "max"];
const HTTP_RATE: &str = "600";
/// Messages per second that must be promised on average while the platform lives.
const RATE_LIMIT: u64 = 1_000;
/// What the account can spend.
const BALANCE: &str = "1000000.00";
/// The moment of a cut: milliseconds after the first promise.
const CUT_MS: std::ops::Range<u64> = 100..2_500;
/// How long the first promise may take after a start.
const FIRST_PROMISE_LIMIT: Duration = Duration::from_secs(30);
/// Recipients of one cut and door; more than it can send to.
const RECIPIENTS_PER_LOAD: u64 = 1_000_000;
/// SMPP sessions.
const SESSIONS: usize = 8;

/// Arguments of `cargo xtask crash kill9`.
#[derive(Debug, clap::Args)]
pub(crate) struct Kill9Arguments {
    /// How often to kill.
    #[arg(long, default_value_t = 3)]
    cuts: u64,
    /// Where the random moments come from; printed, so that a run can be repeated.
    #[arg(long)]
    seed: Option<u64>,
    /// Print one JSON object per bar.
    #[arg(long)]
    json: bool,
    /// Kill this binary instead of a release build of the checkout.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Leave data and records where they are.
    #[arg(long)]
    keep: bool,
    /// Where the platform keeps its messages; with `postgres`, in a server of this run's own.
    #[arg(long, value_enum, default_value_t = Store::Sqlite)]
    store: Store,
}

/// A kind of store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Store {
    /// The data folder.
    Sqlite,
    /// A database server, which is not killed.
    Postgres,
}

impl Kill9Arguments {
    /// That many cuts at moments of chance.
    pub(super) const fn of(cuts: u64, store: Store) -> Self {
        Self { cuts, seed: None, json: false, binary: None, keep: false, store }
    }
}

/// Where everything is and what is known so far.
struct Scene {
    tools: Tools,
    folder: PathBuf,
    carrier: Peer,
    /// The database server with the address of the platform's database.
    database: Option<Peer>,
    /// How long the platform was under load.
    lived: Duration,
    longest_start: Duration,
}

/// Kills, restarts, verifies and judges.
pub(super) fn run(arguments: &Kill9Arguments) -> anyhow::Result<()> {
    let tools = Tools::build(arguments.binary.as_deref())?;
    let mut folder = tempfile::tempdir_in(&tools.target).context("failed to make a temporary folder")?;
    if arguments.keep {
        folder.disable_cleanup(true);
        progress(&format!("data and records stay in {}", folder.path().display()));
    }
    let seed = arguments.seed.unwrap_or_else(|| u64::from(std::process::id()));
    progress(&format!("{} cuts with seed {seed}", arguments.cuts));
    let mut scene = Scene::open(tools, folder.path(), arguments.store)?;
    let mut chance = seed;
    for cut in 0..arguments.cuts {
        let after_ms = CUT_MS.start + next(&mut chance) % (CUT_MS.end - CUT_MS.start);
        scene.cut(cut, Duration::from_millis(after_ms))?;
    }
    let (verdict, promised, stored) = scene.verify()?;
    let carrier = scene.carrier.party.counts()?;
    let untaken = count(&carrier, "/accepted").saturating_sub(count(&carrier, "/receipts_taken"));
    tell(arguments, &scene, &verdict, Totals { promised, stored, untaken })
}

/// The next number of chance (SplitMix64).
fn next(chance: &mut u64) -> u64 {
    *chance = chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (*chance ^ (*chance >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

impl Scene {
    fn open(tools: Tools, folder: &Path, store: Store) -> anyhow::Result<Self> {
        let log = folder.join("carrier").to_string_lossy().into_owned();
        let words = ["responder", "--ports", "2", "--receipt-after-ms", "100", "--log", &log];
        let carrier = Peer::start(&tools, &words)?;
        std::fs::write(folder.join("chappe.toml"), configuration(&carrier.addresses)?)?;
        let database = match store {
            Store::Sqlite => None,
            Store::Postgres => Some(Peer::start(&tools, &["database"])?),
        };
        Ok(Self {
            tools,
            folder: folder.to_path_buf(),
            carrier,
            database,
            lived: Duration::ZERO,
            longest_start: Duration::ZERO,
        })
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }

    fn start(&mut self) -> anyhow::Result<Server> {
        let begun = process::now();
        let config = self.path("chappe.toml");
        let balance = format!("{BALANCE} EUR");
        let mut environment = vec![("CHAPPE_DEMO_UNLIMITED", "1"), ("CHAPPE_DEMO_BALANCE", balance.as_str())];
        let address = self.database.as_ref().and_then(|database| database.addresses.first());
        environment.extend(address.map(|address| ("CHAPPE_OPT_STORE", address.as_str())));
        let data = self.folder.join("data");
        let server = Server::start_with(&self.tools.chappe, &data, &["--config", &config], &environment)?;
        self.longest_start = self.longest_start.max(begun.elapsed());
        let words = ["CHAPPE_SMPP_SYSTEM_ID", "CHAPPE_SMPP_PASSWORD", "CHAPPE_API_KEY", "CHAPPE_API_SECRET"];
        let logins: Vec<&str> = words.iter().map(|name| server.value(name)).collect::<anyhow::Result<_>>()?;
        std::fs::write(self.path("accounts"), format!("{}\n", logins.join(" ")).repeat(SESSIONS))?;
        Ok(server)
    }

    /// Starts on the folder as it is, lets customers send, and kills.
    fn cut(&mut self, number: u64, after: Duration) -> anyhow::Result<()> {
        let server = self.start()?;
        let before = self.promised_octets();
        let (smpp, http) = self.load(&server, number)?;
        process::wait_for("a first promise", FIRST_PROMISE_LIMIT, || {
            Ok((self.promised_octets() > before).then_some(()))
        })
        .map_err(|error| server.explained(&error))?;
        let begun = process::now();
        std::thread::sleep(after);
        self.lived += begun.elapsed();
        server.kill()?;
        let told = [smpp.finish()?, http.finish()?];
        let taken: u64 = told.iter().map(|counts| count(counts, "/acknowledged")).sum();
        let refused: Vec<&Value> = told.iter().filter_map(|counts| counts.get("refused")).collect();
        progress(&format!(
            "cut {number} after {} ms: {taken} promised, refused {}",
            after.as_millis(),
            json!(refused)
        ));
        Ok(())
    }

    fn load(&self, server: &Server, number: u64) -> anyhow::Result<(Party, Party)> {
        let (accounts, promises) = (self.path("accounts"), self.path("promises"));
        let first = number * 2 * RECIPIENTS_PER_LOAD;
        let (first_smpp, first_http) = (first.to_string(), (first + RECIPIENTS_PER_LOAD).to_string());
        let common = ["--accounts", &accounts, "--acknowledged", &promises, "--seconds", "600"];
        let [steady, full] = SMPP_RATES;
        let rate = if number.is_multiple_of(2) { steady } else { full };
        let mut words = vec!["smpp", "--target", server.value("CHAPPE_SMPP")?, "--rate", rate];
        let sessions = SESSIONS.to_string();
        words.extend(["--first", &first_smpp, "--connections", &sessions, "--settle-seconds", "0"]);
        words.extend(common);
        let smpp = Party::start(&self.tools, &words)?;
        let mut words = vec!["http", "--target", server.value("CHAPPE_HTTP")?, "--rate", HTTP_RATE];
        words.extend(["--first", &first_http, "--connections", "32"]);
        words.extend(common);
        Ok((smpp, Party::start(&self.tools, &words)?))
    }

    fn promised_octets(&self) -> u64 {
        std::fs::metadata(self.folder.join("promises")).map_or(0, |file| file.len())
    }

    /// Starts once more, lets everything come to rest and compares; gives the verdict, the promises and the
    /// messages stored.
    fn verify(&mut self) -> anyhow::Result<(Verdict, u64, u64)> {
        progress("waiting for rest, then comparing");
        let server = self.start()?;
        let records = self.collect(&server).map_err(|error| server.explained(&error))?;
        server.terminate()?;
        let size = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        Ok((judge(&records), size(records.promises.len()), size(records.stored.len())))
    }

    fn collect(&self, server: &Server) -> anyhow::Result<Records> {
        inquiry::wait_for_rest(server)?;
        let administration = Administration::new(&self.folder.join("data"));
        let off_by_micros = imbalance_micros(&administration.doctor()?)?;
        let balance = administration.ask(&json!({ "request": "balance", "account": "demo" }))?;
        let available = balance.get("balance").and_then(Value::as_str).context("there is no balance")?;
        Ok(Records {
            promises: records::promises(&self.folder.join("promises"))?,
            taken: records::taken(&self.folder.join("carrier"))?,
            stored: inquiry::all_messages(server)?,
            off_by_micros,
            paid_micros: inquiry::micros(BALANCE)? - inquiry::micros(available)?,
        })
    }
}

/// Sums over the whole run.
struct Totals {
    promised: u64,
    stored: u64,
    /// Receipts that the carrier could not get rid of.
    untaken: u64,
}

fn tell(arguments: &Kill9Arguments, scene: &Scene, verdict: &Verdict, totals: Totals) -> anyhow::Result<()> {
    let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let Totals { promised, stored, untaken } = totals;
    let rate = promised.saturating_mul(1_000) / ms(scene.lived).max(1);
    let mut bars = Bars::new(arguments.json);
    bars.add("cuts", arguments.cuts, "", Limit::None);
    bars.add("promised", promised, "messages", Limit::None);
    bars.add("promised while alive", rate, "messages/s", Limit::AtLeast(RATE_LIMIT));
    bars.add("stored", stored, "messages", Limit::AtLeast(promised));
    bars.add("longest start", ms(scene.longest_start), "ms", Limit::None);
    let none = Limit::AtMost(0);
    bars.add("promised and not stored", verdict.lost_in_store, "messages", none);
    bars.add("promised and never sent", verdict.lost_on_the_way, "messages", none);
    bars.add("at rest and not handed on", verdict.stuck, "messages", none);
    bars.add("receipts not taken", untaken, "messages", none);
    bars.add("receipts lost", verdict.receipts_lost, "messages", none);
    bars.add("stored twice", verdict.stored_twice, "messages", none);
    bars.add("sent without a record", verdict.sent_unrecorded, "messages", none);
    bars.add("unmarked duplicates", verdict.unmarked_duplicates, "messages", none);
    bars.add("marked duplicates", verdict.marked_duplicates, "messages", Limit::None);
    bars.add("unknown, and marked so", verdict.unknown, "messages", Limit::None);
    bars.add("unknown, and not at the carrier", verdict.unknown_unsent, "messages", Limit::None);
    bars.add("charged wrongly", verdict.charged_wrongly_micros, "micro-units", none);
    bars.add("ledger off by", verdict.off_by_micros, "micro-units", none);
    bars.finish()
}
