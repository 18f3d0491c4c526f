//! Bars: a figure, its limit, and whether it holds.
//!
//! For machines one JSON object `{name, value, unit, limit, pass}` a line, at once; for people a table at the
//! end. Start at [`Bars`].

use std::io::Write as _;

use anyhow::bail;
use serde_json::{Value, json};

/// What a figure must keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// At least this much.
    AtLeast(u64),
    /// At most this much.
    AtMost(u64),
    /// It is told and not judged.
    None,
}

/// One figure.
#[derive(Debug, Clone)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: u64,
    pub(crate) unit: String,
    pub(crate) limit: Limit,
}

impl Bar {
    pub(super) fn pass(&self) -> bool {
        match self.limit {
            Limit::AtLeast(limit) => self.value >= limit,
            Limit::AtMost(limit) => self.value <= limit,
            Limit::None => true,
        }
    }

    pub(super) fn json(&self) -> Value {
        let limit = match self.limit {
            Limit::AtLeast(limit) | Limit::AtMost(limit) => json!(limit),
            Limit::None => Value::Null,
        };
        let Self { name, value, unit, .. } = self;
        json!({ "name": name, "value": value, "unit": unit, "limit": limit, "pass": self.pass() })
    }

    fn line(&self) -> String {
        let limit = match self.limit {
            Limit::AtLeast(limit) => format!("at least {limit}"),
            Limit::AtMost(limit) => format!("at most {limit}"),
            Limit::None => String::new(),
        };
        let verdict = match (self.limit, self.pass()) {
            (Limit::None, _) => "",
            (_, true) => "ok",
            (_, false) => "MISSED",
        };
        let Self { name, value, unit, .. } = self;
        format!("{name:<58} {value:>10} {unit:<14} {limit:<18} {verdict}")
    }
}

/// The figures of one measurement.
#[derive(Debug)]
pub(crate) struct Bars {
    json: bool,
    bars: Vec<Bar>,
}

impl Bars {
    /// No figures yet; for machines with `json`.
    pub(crate) const fn new(json: bool) -> Self {
        Self { json, bars: Vec::new() }
    }

    /// Adds a figure.
    pub(crate) fn add(&mut self, name: impl Into<String>, value: u64, unit: &str, limit: Limit) {
        self.push(Bar { name: name.into(), value, unit: unit.to_owned(), limit });
    }

    /// Adds a figure that is judged already.
    pub(super) fn push(&mut self, bar: Bar) {
        if self.json {
            println!("{}", bar.json());
        }
        self.bars.push(bar);
    }

    /// Prints the table for people, and fails when a bar is missed.
    pub(crate) fn finish(&self) -> anyhow::Result<()> {
        if !self.json {
            println!("{}", self.bars.iter().map(Bar::line).collect::<Vec<_>>().join("\n"));
        }
        let missed: Vec<&str> =
            self.bars.iter().filter(|bar| !bar.pass()).map(|bar| bar.name.as_str()).collect();
        if !missed.is_empty() {
            bail!("missed: {}", missed.join("; "));
        }
        Ok(())
    }
}

/// Says what is going on, on standard error so that figures stay alone on standard output.
pub(crate) fn progress(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_hold_or_are_missed() {
        let cases = [
            (Limit::AtLeast(10), 10, true),
            (Limit::AtLeast(10), 9, false),
            (Limit::AtMost(10), 10, true),
            (Limit::AtMost(10), 11, false),
            (Limit::None, 0, true),
        ];
        for (limit, value, pass) in cases {
            let mut bars = Bars::new(false);
            bars.add("figure", value, "1/s", limit);
            assert_eq!(bars.finish().is_ok(), pass, "{limit:?} {value}");
            assert_eq!(bars.bars[0].json()["pass"], pass);
        }
    }
}
