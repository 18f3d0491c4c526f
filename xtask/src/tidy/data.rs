//! Data files that no compiler reads can at least be read.

use super::Violation;
use super::tree::Tree;

const WHY: &str = "a dashboard or a fixture with a slip is noticed by its user, months later";

/// Parses every JSON file, and looks at the panels of every dashboard.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.texts_with(".json") {
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(value) if path.starts_with("packaging/grafana/") => violations.extend(dashboard(path, &value)),
            Ok(_) => {}
            Err(error) => {
                let what = format!("is not JSON: {error}");
                violations.push(Violation::new(path, error.line(), what, WHY, "correct it"));
            }
        }
    }
    violations
}

/// A dashboard has panels, each with an id of its own.
fn dashboard(path: &str, value: &serde_json::Value) -> Vec<Violation> {
    let panels =
        value.get("panels").and_then(serde_json::Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut ids: Vec<u64> = panels.iter().filter_map(|panel| panel.get("id")?.as_u64()).collect();
    ids.sort_unstable();
    ids.dedup();
    if panels.is_empty() || ids.len() != panels.len() {
        let what = format!("has {} panels with {} different ids", panels.len(), ids.len());
        return vec![Violation::new(path, 1, what, WHY, "give every panel an id of its own")];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted::files;

    #[test]
    fn broken_data_is_found() {
        let cases = [
            ("a/b.json", "{\"a\": 1}", 0),
            ("a/b.json", "{\"a\": 1,}", 1),
            ("packaging/grafana/x.json", "{\"panels\": [{\"id\": 1}, {\"id\": 2}]}", 0),
            ("packaging/grafana/x.json", "{\"panels\": [{\"id\": 1}, {\"id\": 1}]}", 1),
            ("packaging/grafana/x.json", "{}", 1),
        ];
        for (path, text, expected) in cases {
            assert_eq!(check(&files(&[(path, text)])).len(), expected, "{path}: {text}");
        }
    }
}
