//! How a file begins, how it is named, and what it may not leave undone.

use super::Violation;
use super::rust::{self, Kind};
use super::tree::Tree;

/// Marks of unfinished work, put together here so that this file does not hold them.
const MARKS: [&str; 4] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
/// Text files other than Rust in which a mark is looked for on every line.
const OTHER_ENDINGS: [&str; 9] = [".md", ".toml", ".py", ".sh", ".sql", ".html", ".js", ".css", ".service"];

const HEAD_WHY: &str = "the reader learns from the first lines what a file is for and where to begin";
const LAYOUT_WHY: &str = "ten tabs called mod.rs cannot be told apart";
const MARK_WHY: &str = "a mark in the code is a promise that nobody keeps";

/// Looks at the first line and the name of every Rust file, and for marks everywhere.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.rust_files() {
        if !text.starts_with("//!") {
            let remedy = "begin it with `//!` lines: its purpose, what it never does, where to start reading";
            violations.push(Violation::new(path, 1, "does not begin with `//!`", HEAD_WHY, remedy));
        }
        if path == "mod.rs" || path.ends_with("/mod.rs") {
            let remedy = "name it after its module, beside the folder of the same name";
            violations.push(Violation::new(path, 1, "is called mod.rs", LAYOUT_WHY, remedy));
        }
        for token in rust::tokens(text).into_iter().filter(|token| token.kind == Kind::Comment) {
            for (offset, line) in token.text.lines().enumerate() {
                violations.extend(marked(path, token.line + offset, line, &MARKS));
            }
        }
    }
    // The third mark is also the code of a currency and of a place-holder, so prose may hold it.
    let [first, second, _, fourth] = MARKS;
    for (path, text) in OTHER_ENDINGS.iter().flat_map(|ending| tree.texts_with(ending)) {
        for (index, line) in text.lines().enumerate() {
            violations.extend(marked(path, index + 1, line, &[first, second, fourth]));
        }
    }
    violations
}

fn marked(path: &str, number: usize, line: &str, marks: &[&str]) -> Option<Violation> {
    let mut words = line.split(|character: char| !(character.is_alphanumeric() || character == '_'));
    let mark = words.find(|word| marks.contains(word))?;
    let remedy = "do it, or write down what is missing where users read it, and answer with a proper error";
    Some(Violation::new(path, number, format!("says {mark}"), MARK_WHY, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted::files;

    #[test]
    fn heads_names_and_marks_are_found_with_their_lines() {
        let mark = MARKS[0];
        let comment = format!("//! Fine.\n\nfn f() {{}} // {mark}: later\n");
        let inside = format!("//! Fine.\nconst MARK: &str = \"{mark}\"; // {mark}S is another word\n");
        let page = format!("# Title\n\n{mark}\n");
        let cases: &[(&str, &str, &[usize])] = &[
            ("a/src/lib.rs", "//! Fine.\n", &[]),
            ("a/src/lib.rs", "fn main() {}\n", &[1]),
            ("a/src/x/mod.rs", "//! Fine.\n", &[1]),
            ("a/src/lib.rs", &comment, &[3]),
            ("a/src/lib.rs", &inside, &[]),
            ("docs/page.md", &page, &[3]),
        ];
        for (path, text, expected) in cases {
            let lines: Vec<usize> = check(&files(&[(path, text)])).iter().map(|found| found.line).collect();
            assert_eq!(lines, *expected, "{path}: {text}");
        }
    }
}
