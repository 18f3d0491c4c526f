//! `chappe-load`: makes traffic, plays the carrier and the customer's web server, and tells what it saw.
//!
//! It knows Chappe only from outside, by its doors. See [`testkit::load`].

use std::process::ExitCode;

fn main() -> ExitCode {
    testkit::load::main()
}
