//! Dead neighbours and a full queue in simulated time, held against their bars: the 99th percentile of the
//! living rises by at most a tenth, refusals come at once, and what was accepted leaves in order of class.
//!
//! The scenarios are those of `chappe-sim --isolation`. Start at [`run`].

use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use crate::bench::bars::{Bars, Limit};
use crate::process;

/// Arguments of `cargo xtask sim isolation`.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct IsolationArguments {
    /// The seed of load and latencies.
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// One JSON object per figure.
    #[arg(long)]
    json: bool,
}

/// Runs the scenarios, and fails when a bar is missed.
pub(super) fn run(programme: &Path, arguments: &IsolationArguments) -> anyhow::Result<()> {
    let seed = arguments.seed.to_string();
    let told = process::output(process::command(programme).args(["--isolation", "--first", &seed]))?;
    let mut bars = Bars::new(arguments.json);
    for line in told.lines() {
        add(&mut bars, line)?;
    }
    bars.finish()
}

/// Adds a figure as the programme tells it. One with two limits becomes two bars.
fn add(bars: &mut Bars, line: &str) -> anyhow::Result<()> {
    let figure: Value = serde_json::from_str(line).context("the simulation wrote what is no JSON")?;
    let text = |name: &str| figure.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| figure.get(name).and_then(Value::as_u64);
    let value = number("value").with_context(|| format!("no value in {line}"))?;
    let unit = match text("unit") {
        "us" => "us",
        "per mille" => "per mille",
        "messages" => "messages",
        "events" => "events",
        "requests" => "requests",
        "calls" => "calls",
        _ => "",
    };
    let limits = [number("least").map(Limit::AtLeast), number("most").map(Limit::AtMost)];
    let mut limits: Vec<Limit> = limits.into_iter().flatten().collect();
    if limits.is_empty() {
        limits.push(Limit::None);
    }
    for limit in limits {
        bars.add(text("name"), value, unit, limit);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Bars, add};

    #[test]
    fn figures_are_read_with_both_their_limits() {
        let figure = |value: u64| {
            format!(r#"{{"name":"share","value":{value},"unit":"per mille","most":120,"least":80}}"#)
        };
        for (value, holds) in [(79, false), (80, true), (120, true), (121, false)] {
            let mut bars = Bars::new(false);
            add(&mut bars, &figure(value)).unwrap();
            assert_eq!(bars.finish().is_ok(), holds, "{value}");
        }
        assert!(add(&mut Bars::new(false), "{}").is_err());
    }
}
