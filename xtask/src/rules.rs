//! `cargo xtask rules`: the board of rules. Which rule of the operators' terms is carried out, by which tests it is
//! shown, and which keys of which profile state it.
//!
//! The catalogue of rules and the list of those that work in part only are kept by hand; tests are found by their
//! names (`row_pt_2_1d_…`), keys by the `[cites]` of the profiles. From them follow `crates/server/data/rules.json`,
//! which the binary shows, and `docs/rules.md`. Start at [`board`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

/// The rules: id, document, clause, kinds.
pub(crate) const CATALOGUE: &str = "crates/server/data/rule_catalogue.json";
/// Rules that work in part only, each with what is missing.
const STATES: &str = "crates/server/data/rule_states.json";
/// What the binary shows.
const BOARD: &str = "crates/server/data/rules.json";
/// What people read.
const PAGE: &str = "docs/rules.md";
/// Folders with tests.
const SOURCES: [&str; 3] = ["crates", "lib", "sim"];

/// Arguments of `cargo xtask rules`.
#[derive(Debug, clap::Args)]
pub(crate) struct RulesArguments {
    /// Change nothing; fail when the board is not what it should be.
    #[arg(long)]
    check: bool,
}

/// One rule on the board.
struct Row {
    id: String,
    document: String,
    clause: String,
    kind: Vec<String>,
    state: &'static str,
    missing: Option<String>,
    tests: Vec<String>,
    keys: Vec<(String, String)>,
}

/// Writes the board, or checks it.
pub(crate) fn run(arguments: &RulesArguments) -> anyhow::Result<()> {
    let root = crate::process::root();
    if arguments.check {
        return stale(root)?.map_or(Ok(()), |file| bail!("{file} is stale; run `cargo xtask rules`"));
    }
    let rows = board(root)?;
    std::fs::write(root.join(BOARD), json_of(&rows)?)?;
    std::fs::write(root.join(PAGE), page_of(&rows)?)?;
    println!("{} of {} rules work", count(&rows, "works"), rows.len());
    Ok(())
}

/// The first file of the board that is not what the tree says; `None` when all is well.
pub(crate) fn stale(root: &Path) -> anyhow::Result<Option<&'static str>> {
    let rows = board(root)?;
    let is =
        |file: &str, text: String| std::fs::read_to_string(root.join(file)).is_ok_and(|found| found == text);
    Ok(match (is(BOARD, json_of(&rows)?), is(PAGE, page_of(&rows)?)) {
        (false, _) => Some(BOARD),
        (true, false) => Some(PAGE),
        (true, true) => None,
    })
}

fn board(root: &Path) -> anyhow::Result<Vec<Row>> {
    let catalogue = read_json(&root.join(CATALOGUE))?;
    let states = read_json(&root.join(STATES))?;
    let partly =
        states.get("partly").and_then(Value::as_object).context("no list of rules that work in part")?;
    let mut rows = Vec::new();
    for rule in catalogue.as_array().into_iter().flatten() {
        let word = |name: &str| rule.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let kind = rule.get("kind").and_then(Value::as_array).into_iter().flatten();
        rows.push(Row {
            id: word("id"),
            document: word("document"),
            clause: word("clause"),
            kind: kind.filter_map(Value::as_str).map(str::to_owned).collect(),
            state: "not_yet",
            missing: None,
            tests: Vec::new(),
            keys: Vec::new(),
        });
    }
    let places: BTreeMap<String, usize> =
        rows.iter().enumerate().map(|(place, row)| (row.id.clone(), place)).collect();
    ensure!(places.len() == rows.len(), "a rule stands twice in the catalogue");
    for test in tests(root)? {
        let place = rule_of(&test, &places)
            .with_context(|| format!("the test {test} names no rule of the catalogue"))?;
        rows.get_mut(place).into_iter().for_each(|row| row.tests.push(test.clone()));
    }
    for (profile, key, id) in cited(root)? {
        let place = places.get(&id).with_context(|| format!("{profile} cites {id}, which is no rule"))?;
        rows.get_mut(*place).into_iter().for_each(|row| row.keys.push((profile.clone(), key.clone())));
    }
    for (id, missing) in partly {
        let place = places.get(id).with_context(|| format!("{STATES} names {id}, which is no rule"))?;
        let row = rows.get_mut(*place).context("no such rule")?;
        ensure!(!row.tests.is_empty(), "{id} is said to work in part, and no test shows it");
        row.missing = missing.as_str().map(str::to_owned);
    }
    for row in &mut rows {
        row.state = match (&row.missing, row.tests.is_empty()) {
            (Some(_), _) => "partly",
            (None, false) => "works",
            (None, true) => "not_yet",
        };
    }
    Ok(rows)
}

/// The rule that a test is named after: the longest id that its name begins with.
fn rule_of(test: &str, places: &BTreeMap<String, usize>) -> Option<usize> {
    let begins = |id: &str| {
        let word = id.to_lowercase().replace(['.', '-'], "_");
        test.strip_prefix("row_")
            .and_then(|rest| rest.strip_prefix(word.as_str()))
            .is_some_and(|rest| rest.starts_with('_'))
    };
    places.iter().filter(|(id, _)| begins(id)).max_by_key(|(id, _)| id.len()).map(|(_, place)| *place)
}

fn tests(root: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut folders: Vec<PathBuf> = SOURCES.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?
        {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path)?;
                let names = text.lines().filter_map(|line| line.split_once("fn row_")).map(|(_, rest)| rest);
                let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
                found.extend(names.map(|rest| {
                    let end = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
                    format!("row_{}", rest.get(..end).unwrap_or_default())
                }));
            }
        }
    }
    Ok(found)
}

/// What the profiles cite: profile, key and rule.
fn cited(root: &Path) -> anyhow::Result<Vec<(String, String, String)>> {
    let mut found = Vec::new();
    let mut files: Vec<PathBuf> = std::fs::read_dir(root.join("profiles"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "toml")) {
        let profile = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let text = std::fs::read_to_string(file)?;
        let lines = text.lines().skip_while(|line| *line != "[cites]").skip(1);
        for line in lines.filter(|line| !line.trim().is_empty()) {
            let (key, rules) = line.split_once(" = ").with_context(|| format!("{profile}: {line}"))?;
            let rules: Vec<String> =
                serde_json::from_str(rules).with_context(|| format!("{profile}: {line}"))?;
            found.extend(rules.into_iter().map(|id| (profile.clone(), key.trim_matches('"').to_owned(), id)));
        }
    }
    Ok(found)
}

fn count(rows: &[Row], state: &str) -> usize {
    rows.iter().filter(|row| row.state == state).count()
}

fn counts(rows: &[Row]) -> Value {
    json!({ "works": count(rows, "works"), "partly": count(rows, "partly"), "not_yet": count(rows, "not_yet") })
}

fn json_of(rows: &[Row]) -> anyhow::Result<String> {
    let rules: Vec<Value> = rows
        .iter()
        .map(|row| {
            let keys: Vec<Value> =
                row.keys.iter().map(|(profile, key)| json!({ "profile": profile, "key": key })).collect();
            json!({ "id": row.id, "document": row.document, "clause": row.clause, "kind": row.kind,
                    "state": row.state, "missing": row.missing, "tests": row.tests, "keys": keys })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&json!({ "rules": rules, "counts": counts(rows) }))? + "\n")
}

fn page_of(rows: &[Row]) -> anyhow::Result<String> {
    let mut text = String::from(
        "# Rules\n\nWhat the terms of four operators ask of the platform, clause by clause, and how far it is carried out. A rule \
         works when a test that is named after it passes, and would fail if the rule were broken. `chappe rules` shows the \
         same. Generated by `cargo xtask rules`.\n",
    );
    writeln!(
        text,
        "\n{} work, {} in part, {} not yet.",
        count(rows, "works"),
        count(rows, "partly"),
        count(rows, "not_yet")
    )?;
    let mut document = "";
    for row in rows {
        if row.document != document {
            document = &row.document;
            write!(
                text,
                "\n## {document}\n\n| rule | clause | state | keys | tests |\n|---|---|---|---|---|\n"
            )?;
        }
        let state = row
            .missing
            .as_ref()
            .map_or_else(|| row.state.replace('_', " "), |missing| format!("partly: {missing}"));
        let keys: Vec<String> = row.keys.iter().map(|(profile, key)| format!("{profile} `{key}`")).collect();
        let tests: Vec<String> = row.tests.iter().map(|test| format!("`{test}`")).collect();
        writeln!(
            text,
            "| {} | {} | {state} | {} | {} |",
            row.id,
            row.clause,
            keys.join(", "),
            tests.join(", ")
        )?;
    }
    Ok(text)
}

fn read_json(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_belongs_to_the_longest_id() {
        let ids = ["PT-2.1", "PT-2.1d", "ST-7.7c"];
        let places: BTreeMap<String, usize> =
            ids.iter().enumerate().map(|(place, id)| ((*id).to_owned(), place)).collect();
        let cases = [
            ("row_pt_2_1d_charges", Some(1)),
            ("row_pt_2_1_shows", Some(0)),
            ("row_st_7_7c_deletes", Some(2)),
            ("row_st_7_7cc_deletes", None),
            ("row_xx_1_nothing", None),
        ];
        for (test, place) in cases {
            assert_eq!(rule_of(test, &places), place, "{test}");
        }
    }
}
