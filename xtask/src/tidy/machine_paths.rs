//! No path of one person's machine in what everybody gets.

use super::Violation;
use super::tree::Tree;

/// Beginnings of such paths, put together here so that this file does not hold them.
const PATHS: [&str; 5] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/tmp/", "target"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
];

const WHY: &str = "it means nothing elsewhere and tells about the machine of its author";

/// Looks at every line of every text.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in &tree.texts {
        for (index, line) in text.lines().enumerate() {
            if let Some(found) = PATHS.iter().find(|found| holds_path(line, found)) {
                let remedy = "use a relative path, a temporary folder or a place-holder in capitals";
                violations.push(Violation::new(
                    path,
                    index + 1,
                    format!("holds the path `{found}…`"),
                    WHY,
                    remedy,
                ));
            }
        }
    }
    violations
}

/// Whether a line holds the path from the root on; the same words inside a URL or a longer path
/// are no path of a machine.
fn holds_path(line: &str, path: &str) -> bool {
    let begins = |position: usize| {
        let before = line.get(..position).and_then(|before| before.chars().next_back());
        !before.is_some_and(|character| character.is_alphanumeric() || "._-/}*~".contains(character))
    };
    line.match_indices(path).any(|(position, _)| begins(position))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted::files;

    #[test]
    fn paths_of_a_machine_are_found_and_urls_are_not() {
        for found in PATHS {
            let cases = [
                (format!("see {found}x"), 1),
                (format!("\"{found}x\""), 1),
                (format!("https://example.org{found}x"), 0),
                (format!("some{found}x"), 0),
            ];
            for (line, expected) in cases {
                let tree = files(&[("docs/a.md", &format!("first\n{line}\n"))]);
                assert_eq!(check(&tree).len(), expected, "{line}");
            }
        }
    }
}
