//! The one binary of Chappe: where all crates meet, options are read and signals are heard.
//!
//! Start at [`cli`] for what can be typed and at [`serve`] for how an installation comes up and goes
//! down. The environment, the system clock and the system's randomness are read in this crate only.

mod admin;
mod cli;
mod config;
mod copies;
mod crash;
mod demo;
mod doctor;
mod document;
mod folder;
mod host;
mod serve;
mod signals;
mod tls;
mod watch;

use std::process::ExitCode;

/// Messages are made on one thread and dropped on another, many at a time, which the allocator of the system
/// does slowly. Libraries in C use it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
