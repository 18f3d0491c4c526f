//! SQL stands in `crates/store` and nowhere else.

use super::Violation;
use super::rust::{self, Kind};
use super::tree::Tree;

/// Where SQL may stand; the tools of tests look at stores from outside.
const HOMES: [&str; 3] = ["crates/store/", "crates/testkit/", "xtask/"];
/// How a statement begins, and what must follow it somewhere for it to be one.
const BEGINNINGS: [(&str, &str); 12] = [
    ("SELECT ", ""),
    ("INSERT INTO ", ""),
    ("INSERT OR ", "INTO "),
    ("REPLACE INTO ", ""),
    ("UPDATE ", " SET "),
    ("DELETE FROM ", ""),
    ("CREATE TABLE ", ""),
    ("CREATE INDEX ", ""),
    ("CREATE UNIQUE INDEX ", ""),
    ("DROP TABLE ", ""),
    ("ALTER TABLE ", ""),
    ("PRAGMA ", ""),
];

const WHY: &str = "two engines stay alike only if every statement is seen side by side";

/// Looks at every string literal, and at files that are SQL as a whole.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let at_home = |path: &str| HOMES.iter().any(|home| path.starts_with(home));
    let remedy = "give the store a method named after what it is for, and write the statement there";
    let mut violations = Vec::new();
    for (path, text) in tree.rust_files().filter(|(path, _)| !at_home(path)) {
        for token in rust::code(text) {
            if token.kind == Kind::Text && is_statement(token.text) {
                violations.push(Violation::new(path, token.line, "holds a statement of SQL", WHY, remedy));
            }
        }
    }
    for path in tree.paths.iter().filter(|path| path.ends_with(".sql") && !at_home(path)) {
        violations.push(Violation::new(path, 1, "is a file of SQL", WHY, remedy));
    }
    violations
}

/// Whether a literal begins as a statement does; keywords are in capitals in this project.
fn is_statement(literal: &str) -> bool {
    // A break after the first word is as good as a blank.
    let words: Vec<&str> = literal.split_whitespace().filter(|word| *word != "\\").collect();
    let text = format!("{} ", words.join(" "));
    BEGINNINGS.iter().any(|(beginning, later)| text.starts_with(beginning) && text.contains(later))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted::files;

    #[test]
    fn statements_away_from_home_are_found() {
        let cases = [
            ("crates/app/src/lib.rs", "let s = \"SELECT 1\";", 1),
            ("crates/app/src/lib.rs", "let s = \"\\\n    UPDATE message\n    SET state = ?1\";", 1),
            ("crates/app/src/lib.rs", "let s = r#\"INSERT OR IGNORE INTO a VALUES (1)\"#;", 1),
            ("crates/app/src/lib.rs", "let s = \"CREATE TABLE a (b)\";", 1),
            ("crates/app/src/lib.rs", "let s = \"UPDATE your address\";", 0),
            ("crates/app/src/lib.rs", "let s = \"Select a brand\"; // SELECT 1", 0),
            ("crates/app/src/lib.rs", "/// \"DELETE FROM message\" is what the store says.", 0),
            ("crates/store/src/sqlite.rs", "let s = \"SELECT 1\";", 0),
            ("crates/app/sql/a.sql", "SELECT 1", 1),
            ("crates/store/sql/a.sql", "SELECT 1", 0),
        ];
        for (path, text, expected) in cases {
            assert_eq!(check(&files(&[(path, text)])).len(), expected, "{path}: {text}");
        }
    }
}
