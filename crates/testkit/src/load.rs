//! The traffic generator: customers over SMPP and HTTP, a carrier that answers at once, a web server that
//! counts webhooks, and a database server.
//!
//! Each sub-command is one process with one thread, so that its cost can be told apart from that of what is
//! measured. A customer prints one JSON object when it is done. A peer prints one with its addresses when it
//! listens and one with its counts for every line that it reads on standard input, and ends when that does.
//! Start at [`main`]; the modules have the names of the sub-commands.

mod accounts;
mod carrier;
mod customer;
mod database;
mod fault_proxy;
mod http;
mod latency;
mod link;
mod peer;
mod plan;
mod records;
mod sink;
mod smpp;
mod text;

use std::process::ExitCode;
use std::rc::Rc;

use clap::{Parser, Subcommand};

/// Makes traffic and plays the parties around Chappe.
#[derive(Parser, Debug)]
#[command(name = "chappe-load", disable_version_flag = true)]
struct Cli {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand, Debug)]
enum Role {
    /// A carrier: accepts every bind, answers every `submit_sm` at once and sends receipts.
    Responder(carrier::ResponderOptions),
    /// A carrier that behaves as badly as its knobs say, and keeps a synced log.
    Carrier(carrier::CarrierOptions),
    /// Customers over SMPP.
    Smpp(smpp::SmppOptions),
    /// Customers over HTTP.
    Http(http::HttpOptions),
    /// A proxy that delays, slices, corrupts, swallows, stops and cuts what passes through it.
    FaultProxy(fault_proxy::FaultProxyOptions),
    /// A web server that takes webhooks and counts them.
    Sink(sink::SinkOptions),
    /// A database server of its own, with one empty database; it can be told to die and to come back.
    Database,
}

/// Parses the command line and plays the role; the exit code is 1 when it could not be played.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match play(cli.role) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            peer::complain(&format!("chappe-load: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

fn play(role: Role) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tasks = Rc::new(tokio::task::LocalSet::new());
    runtime.block_on(tasks.run_until(async {
        match role {
            Role::Responder(options) => carrier::run_good(options).await,
            Role::Carrier(options) => carrier::run(options).await,
            Role::Smpp(options) => smpp::run(options).await,
            Role::Http(options) => http::run(options).await,
            Role::FaultProxy(options) => fault_proxy::run(options).await,
            Role::Sink(options) => sink::run(options).await,
            Role::Database => database::run().await,
        }
    }))
}
