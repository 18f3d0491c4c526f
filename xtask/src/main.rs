//! The house-keeping programme: test lanes, tidiness, and the tools that they need.
//!
//! It never becomes part of what is shipped and depends on no crate of ours: it looks at the
//! others from outside, as `cargo`, `git` and the network do. Start reading at [`Task`]; each
//! variant is one sub-command and lives in the module of its name. To add one: a module with a
//! `clap::Args` structure and a `run`, one variant here, one arm in `perform`.
#![expect(clippy::print_stdout, reason = "a command-line tool speaks on standard output")]

mod bench;
mod client;
mod crash;
mod dialects;
mod fuzz;
mod lanes;
mod need;
mod peer;
mod pictures;
mod process;
mod rules;
mod server;
mod sim;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Command line of `cargo xtask`.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Tests and keeps the house of Chappe", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

/// One sub-command each.
#[derive(Debug, Subcommand)]
enum Task {
    /// Run everything that must pass; `--quick` for the part that takes minutes.
    Test(lanes::TestArguments),
    /// Run what takes long: millions of mutations and the like.
    Soak(lanes::SoakArguments),
    /// Check the rules of the house that no compiler checks.
    Tidy,
    /// Let a foreign SMPP client and a foreign SMPP dissector judge a built `chappe`.
    Peer(peer::PeerArguments),
    /// Let the official clients of other firms speak to a built `chappe`.
    DialectsPeer(peer::dialects::DialectsPeerArguments),
    /// Let schemathesis hold the OpenAPI document against what a built `chappe` serves.
    Openapi(peer::openapi::OpenApiArguments),
    /// Install what the lanes need on this machine.
    Need(need::NeedArguments),
    /// Measure, and hold the figures against their bars.
    Bench(bench::BenchArguments),
    /// Break a built `chappe` on purpose, and prove that nothing was lost.
    Crash(crash::CrashArguments),
    /// Try damaged inputs on every parser, for as long as you like.
    Fuzz(fuzz::FuzzArguments),
    /// Simulate the whole core by seeds, with everything that can go wrong.
    Sim(sim::SimArguments),
    /// Make the board of rules anew: which rule of the operators' terms is shown by which test.
    Rules(rules::RulesArguments),
    /// Make the Python client anew from the OpenAPI document.
    Client(client::ClientArguments),
    /// Write the page of every address of every dialect anew.
    Dialects(dialects::DialectsArguments),
    /// Take the pictures of the console that the documentation shows.
    Pictures(pictures::PicturesArguments),
}

fn main() -> ExitCode {
    match perform(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard output belongs to what was asked for, e.g. the figures of `bench --json`.
            bench::bars::progress(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> anyhow::Result<()> {
    match task {
        Task::Test(arguments) => lanes::test(&arguments),
        Task::Soak(arguments) => lanes::soak(&arguments),
        Task::Tidy => tidy::run(),
        Task::Peer(arguments) => peer::run(&arguments),
        Task::DialectsPeer(arguments) => peer::dialects::run(&arguments),
        Task::Openapi(arguments) => peer::openapi::run(&arguments),
        Task::Need(arguments) => need::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Crash(arguments) => crash::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Sim(arguments) => sim::run(&arguments),
        Task::Rules(arguments) => rules::run(&arguments),
        Task::Client(arguments) => client::run(&arguments),
        Task::Dialects(arguments) => dialects::run(&arguments),
        Task::Pictures(arguments) => pictures::run(&arguments),
    }
}
