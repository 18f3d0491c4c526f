//! Stories told from outside: the real binary, started for each test on free ports and its own data
//! folder, and spoken to over HTTP, SMPP, webhooks and the command line.
//!
//! Nothing here looks inside of the program. `house` starts and stops it; `http`, `esme`, `carrier`
//! and `listener` are the parties around it, written by hand so that octets can be broken on purpose.
//! Each other module is one story. Start at `first_run`.

#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(clippy::disallowed_methods, reason = "a test waits by the real clock")]

mod carrier;
mod esme;
mod house;
mod http;
mod listener;

mod as_sent;
mod bad_input;
mod canary;
mod command_line;
mod copies;
mod cut_off;
mod database;
mod fates;
mod first_run;
mod idempotency;
mod keywords;
mod loops;
mod nasty;
mod paasoo;
mod reroute;
mod restored;
mod routes;
mod smpp_abuse;
mod smpp_door;
mod smpp_reports;
mod smpp_service;
mod stopping;
mod upgrade;
mod webhooks;
