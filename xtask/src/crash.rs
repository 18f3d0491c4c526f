//! Breaking a running platform on purpose, and the proof that every promise was kept.
//!
//! Start at [`run`]; each way of breaking is a module, and [`scene`] is what they have in common.

mod chance;
mod disk;
mod diskfull;
mod dlr_chaos;
mod inquiry;
mod iofault;
mod kill9;
mod kill_postgres;
mod linkcut;
mod powercut;
mod records;
mod scene;
mod store;
mod verdict;

use std::path::PathBuf;
use std::time::Duration;

use crate::bench::bars::progress;
use store::Store;

/// Arguments of `cargo xtask crash`.
#[derive(Debug, clap::Args)]
pub(crate) struct CrashArguments {
    #[command(subcommand)]
    how: How,
}

/// How to break it.
#[derive(Debug, clap::Subcommand)]
enum How {
    /// SIGKILL at random moments under load.
    Kill9(kill9::Kill9Arguments),
    /// SIGKILL of the database server at random moments under load; the platform lives on.
    KillPostgres(kill_postgres::KillPostgresArguments),
    /// The power goes at random moments under load: what was not synced is lost.
    Powercut(powercut::PowercutArguments),
    /// The disk is full for a while under load.
    Diskfull(diskfull::DiskfullArguments),
    /// Writes and syncs fail under load.
    Iofault(iofault::IofaultArguments),
    /// The link to a carrier is cut after every octet.
    Linkcut(linkcut::LinkcutArguments),
    /// Receipts come early, late, twice, over other links, in other notations and against each other.
    DlrChaos(dlr_chaos::DlrChaosArguments),
}

/// What all drivers are told alike.
#[derive(Debug, Default, clap::Args)]
struct Settings {
    /// Where everything random comes from; printed, so that a run can be repeated.
    #[arg(long)]
    seed: Option<u64>,
    /// Print one JSON object per bar.
    #[arg(long)]
    json: bool,
    /// Break this binary instead of a release build of the checkout.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Leave data and records where they are.
    #[arg(long)]
    keep: bool,
}

impl Settings {
    /// The seed that was asked for, or one of chance; says which.
    fn seed(&self) -> u64 {
        let seed = self.seed.unwrap_or_else(|| u64::from(std::process::id()));
        progress(&format!("seed {seed}"));
        seed
    }
}

/// Breaks, restarts, verifies, and fails when a promise was broken.
pub(crate) fn run(arguments: &CrashArguments) -> anyhow::Result<()> {
    match &arguments.how {
        How::Kill9(arguments) => kill9::run(arguments),
        How::KillPostgres(arguments) => kill_postgres::run(arguments),
        How::Powercut(arguments) => powercut::run(arguments),
        How::Diskfull(arguments) => diskfull::run(arguments),
        How::Iofault(arguments) => iofault::run(arguments),
        How::Linkcut(arguments) => linkcut::run(arguments),
        How::DlrChaos(arguments) => dlr_chaos::run(arguments),
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A stage of the everyday lane: a few cuts.
pub(crate) fn few_cuts() -> anyhow::Result<()> {
    kill9::run(&kill9::Kill9Arguments::of(3, Store::Sqlite))
}

/// A stage of the long lane.
pub(crate) fn many_cuts() -> anyhow::Result<()> {
    kill9::run(&kill9::Kill9Arguments::of(200, Store::Sqlite))
}

/// The stage of the long lane with messages in PostgreSQL.
pub(crate) fn many_cuts_on_postgres() -> anyhow::Result<()> {
    kill9::run(&kill9::Kill9Arguments::of(200, Store::Postgres))
}

/// A stage of the long lane.
pub(crate) fn many_database_kills() -> anyhow::Result<()> {
    kill_postgres::run(&kill_postgres::KillPostgresArguments { cuts: 50, settings: Settings::default() })
}

/// A stage of the long lane.
pub(crate) fn many_powercuts() -> anyhow::Result<()> {
    powercut(100, 50)
}

fn powercut(cuts: u64, starts: u64) -> anyhow::Result<()> {
    let settings = Settings::default();
    powercut::run(&powercut::PowercutArguments { cuts, starts, without_powercut: false, settings })
}

/// A stage of the long lane.
pub(crate) fn many_full_disks() -> anyhow::Result<()> {
    diskfull::run(&diskfull::DiskfullArguments { rounds: 10, settings: Settings::default() })
}

/// A stage of the long lane.
pub(crate) fn many_faults() -> anyhow::Result<()> {
    let settings = Settings::default();
    iofault::run(&iofault::IofaultArguments { rounds: 40, without_powercut: false, settings })
}

/// A stage of the long lane.
pub(crate) fn every_link_cut() -> anyhow::Result<()> {
    linkcut::run(&linkcut::LinkcutArguments {
        every_byte: true,
        store: Store::Sqlite,
        settings: Settings::default(),
    })
}

/// A stage of the long lane.
pub(crate) fn receipt_chaos() -> anyhow::Result<()> {
    dlr_chaos::run(&dlr_chaos::DlrChaosArguments {
        receipts: 200_000,
        store: Store::Sqlite,
        settings: Settings::default(),
    })
}
