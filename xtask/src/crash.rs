//! Breaking a running platform on purpose, and the proof that every promise was kept.
//!
//! Start at [`run`]; each way of breaking is a module.

mod inquiry;
mod kill9;
mod records;
mod verdict;

use kill9::Store;

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
}

/// Breaks, restarts, verifies, and fails when a promise was broken.
pub(crate) fn run(arguments: &CrashArguments) -> anyhow::Result<()> {
    match &arguments.how {
        How::Kill9(arguments) => kill9::run(arguments),
    }
}

/// The stage of the everyday lane: a few cuts.
pub(crate) fn few_cuts() -> anyhow::Result<()> {
    kill9::run(&kill9::Kill9Arguments::of(3, Store::Sqlite))
}

/// The stage of the long lane.
pub(crate) fn many_cuts() -> anyhow::Result<()> {
    kill9::run(&kill9::Kill9Arguments::of(20, Store::Sqlite))
}

/// The stage of the long lane with messages in PostgreSQL.
pub(crate) fn many_cuts_on_postgres() -> anyhow::Result<()> {
    kill9::run(&kill9::Kill9Arguments::of(20, Store::Postgres))
}
