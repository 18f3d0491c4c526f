//! Measurements with bars: what the platform must hold on the machine that runs them.
//!
//! Everything is measured from outside, on release builds, against a data folder on the disk of the checkout.
//! Whatever else runs on the machine is in the figures. Start at [`run`]; each measurement is a module.

pub(crate) mod bars;
mod disk;
pub(crate) mod house;
pub(crate) mod load;
mod sms;
mod usage;

/// Arguments of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArguments {
    #[command(subcommand)]
    what: What,
}

/// What to measure.
#[derive(Debug, clap::Subcommand)]
enum What {
    /// Messages per second from acceptance to receipt, latency, cost and memory.
    Sms(sms::SmsArguments),
}

/// Measures, prints the bars and fails when one is missed.
pub(crate) fn run(arguments: &BenchArguments) -> anyhow::Result<()> {
    match &arguments.what {
        What::Sms(arguments) => sms::run(arguments),
    }
}
