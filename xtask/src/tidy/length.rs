//! How long a file of Rust may be.
//!
//! Functions are clippy's: see `too-many-lines-threshold` in `clippy.toml`. Start at [`EXCEPTIONS`].

use super::Violation;
use super::tree::Tree;

/// What a person can hold in mind at one sitting.
const LINES_MAX: usize = 500;

/// Files that may be longer.
struct Exception {
    /// The end of the path, or the whole of it.
    path: &'static str,
    lines_max: usize,
    #[expect(dead_code, reason = "read by the person who wants to add a row")]
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] =
    &[Exception { path: "/tests.rs", lines_max: 1_000, reason: "tables of cases, read one at a time" }];

const WHY: &str = "a file is read from top to bottom, and beyond this length nobody does";

/// Counts the lines of every Rust file.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.rust_files() {
        let lines = text.lines().count();
        let exception = EXCEPTIONS.iter().find(|exception| path.ends_with(exception.path));
        let limit = exception.map_or(LINES_MAX, |exception| exception.lines_max);
        if lines > limit {
            let remedy = "move a part with a name of its own into a module beside it, or long tests into tests.rs; \
                          a pure data table may be added to EXCEPTIONS with the reason";
            let what = format!("has {lines} lines, {limit} are allowed");
            violations.push(Violation::new(path, limit + 1, what, WHY, remedy));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted::files;

    #[test]
    fn long_files_are_found() {
        let cases = [
            ("a/src/lib.rs", 500, 0),
            ("a/src/lib.rs", 501, 1),
            ("a/src/lib/tests.rs", 1_000, 0),
            ("a/src/lib/tests.rs", 1_001, 1),
            ("docs/long.md", 5_000, 0),
        ];
        for (path, lines, expected) in cases {
            let text = "//! Line.\n".repeat(lines);
            assert_eq!(check(&files(&[(path, &text)])).len(), expected, "{path} {lines}");
        }
    }
}
