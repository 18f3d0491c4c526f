//! `chappe rules`: how far the rules of the operators' terms are carried out, as the tests of this version show.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::profile;

/// The board, as `cargo xtask rules` made it.
const BOARD: &str = include_str!("../../data/rules.json");

/// Options of `rules`.
#[derive(clap::Args, Debug)]
pub(crate) struct RulesOptions {
    /// Only the rules that this profile cites.
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
}

/// Prints the board.
pub(crate) fn run(options: &RulesOptions, is_json: bool) -> anyhow::Result<()> {
    let board = board(options.profile.as_deref())?;
    super::say(&if is_json { format!("{}\n", serde_json::to_string_pretty(&board)?) } else { text(&board)? });
    Ok(())
}

fn board(path: Option<&Path>) -> anyhow::Result<Value> {
    let board: Value = serde_json::from_str(BOARD).context("the board of this build cannot be read")?;
    let Some(path) = path else { return Ok(board) };
    let profile = profile::read(path)?.profile;
    let cited: BTreeSet<&String> = profile.cites.values().flatten().collect();
    let rules = board.get("rules").and_then(Value::as_array).into_iter().flatten();
    let is_cited = |rule: &&Value| {
        rule.get("id").and_then(Value::as_str).is_some_and(|id| cited.iter().any(|known| *known == id))
    };
    let rules: Vec<&Value> = rules.filter(is_cited).collect();
    let count = |state: &str| {
        rules.iter().filter(|rule| rule.get("state").and_then(Value::as_str) == Some(state)).count()
    };
    let counts = json!({ "works": count("works"), "partly": count("partly"), "not_yet": count("not_yet") });
    Ok(json!({ "rules": rules, "counts": counts }))
}

fn text(board: &Value) -> anyhow::Result<String> {
    let mut text = String::new();
    let word =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    for rule in board.get("rules").and_then(Value::as_array).into_iter().flatten() {
        let tests = rule.get("tests").and_then(Value::as_array).map_or(0, Vec::len);
        let (id, state, clause, missing) = (
            word(rule, "id"),
            word(rule, "state").replace('_', " "),
            word(rule, "clause"),
            word(rule, "missing"),
        );
        writeln!(text, "{id:<11} {state:<8} {clause:<16} {tests} tests  {missing}")?;
    }
    let counts = board.get("counts").cloned().unwrap_or_default();
    let count = |name: &str| counts.get(name).and_then(Value::as_u64).unwrap_or_default();
    writeln!(text, "{} work, {} in part, {} not yet", count("works"), count("partly"), count("not_yet"))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::board;

    #[test]
    fn the_board_has_every_rule_and_a_profile_its_own() {
        let all = board(None).unwrap();
        assert_eq!(all["rules"].as_array().unwrap().len(), 261);
        let profile = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../profiles/reseller.toml");
        let own = board(Some(&profile)).unwrap();
        let ids: Vec<&str> =
            own["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        assert!(ids.contains(&"CR-E6") && ids.iter().all(|id| id.starts_with("CR-")), "{ids:?}");
    }
}
