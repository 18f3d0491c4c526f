//! Parts of the platform by themselves: the store, the codec, admission. Each is measured by a programme that says
//! JSON.
//!
//! Start at [`store`] and [`pure`].

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Map, Value};

use super::bars::progress;
use super::figures::Figures;
use super::stand::Engine;
use crate::need::{self, Need};
use crate::process;

/// Messages of one round of the store, unless fewer are wanted.
const STORE_MESSAGES_MAX: u64 = 300_000;
/// Messages of one commit.
const BATCH: &str = "1024";
/// What the store says, what it is called here, and its unit.
const STORE_FIGURES: [(&str, &str, &str); 9] = [
    ("per_second", "messages of store time", "messages/s"),
    ("apply_ns", "processor, commits", "ns/message"),
    ("tidy_ns", "processor, indexes between commits", "ns/message"),
    ("look_up_ns", "processor, look-ups of receipts", "ns/message"),
    ("others_ns", "processor, other threads", "ns/message"),
    ("commit_p50_us", "commit, median", "us"),
    ("commit_p99_us", "commit, 99 %", "us"),
    ("octets_written", "written", "octets/message"),
    ("octets_kept", "kept", "octets/message"),
];

/// The store alone: the whole life of messages in commits of one size.
pub(super) fn store(
    programme: &Path,
    folder: &Path,
    engine: Engine,
    messages: u64,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let name = format!("store {}", engine.name());
    progress(&format!("{name}: alone"));
    let messages = messages.min(STORE_MESSAGES_MAX).to_string();
    let mut command = process::command(programme);
    command.args([&messages, BATCH]);
    match engine {
        Engine::Sqlite => command.arg(folder),
        Engine::Postgres => {
            need::provide(Need::Postgres)?;
            command.arg("postgres")
        }
    };
    let said = objects(&process::output(&mut command)?);
    for (field, called, unit) in STORE_FIGURES {
        let value = said.get(field).and_then(Value::as_u64);
        let value = value.with_context(|| format!("the store says nothing of {field}"))?;
        figures.tell(format!("{name}: {called}"), value, unit);
    }
    Ok(())
}

/// Pure code alone: `codec` or `admission`.
pub(super) fn pure(programme: &Path, what: &str, seconds: u64, figures: &mut Figures) -> anyhow::Result<()> {
    progress(&format!("{what}: alone"));
    let total_ms = (seconds * 1_000).to_string();
    let said = objects(&process::output(process::command(programme).args([what, &total_ms]))?);
    anyhow::ensure!(!said.is_empty(), "{what} says nothing");
    for (called, value) in said {
        let value = value.as_u64().with_context(|| format!("a strange figure: {called}"))?;
        figures.tell(format!("{what}: {called}"), value, "ns");
    }
    Ok(())
}

/// All members of the lines that are JSON objects.
fn objects(text: &str) -> Map<String, Value> {
    let lines = text.lines().filter(|line| line.starts_with('{'));
    lines.filter_map(|line| serde_json::from_str::<Map<String, Value>>(line).ok()).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::objects;

    #[test]
    fn lines_for_people_are_passed_over() {
        let said = objects("messages 5\n{\"a\":1}\n  {no}\n{\"b\":2,\"c\":3}\n");
        assert_eq!(said.len(), 3);
        assert_eq!(said["b"], 2);
    }
}
