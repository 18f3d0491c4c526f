//! Every package in the tree must be usable under a licence that we can honour.
//!
//! Expressions are SPDX, with the old slash read as "or". Start at [`ALLOWED`].

use super::Violation;
use super::tree::Tree;

/// Licences that let an operator run and pass on the binary without opening its own code.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    // The data set of root certificates that rustls brings.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

const WHY: &str = "the binary is given to operators, and every part of it comes with its terms";

/// Looks at the licence expression of every package, ours included.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &tree.packages {
        let stated = package.licence.as_deref();
        if !stated.is_some_and(permits) {
            let (path, line) = match package.manifest.as_deref() {
                Some(manifest) => (manifest, 1),
                None => ("Cargo.lock", tree.lock_line(&package.name)),
            };
            let what =
                format!("{} {} is under {}", package.name, package.version, stated.unwrap_or("no licence"));
            let remedy = "use another crate; if the licence is as free as the others, add it to ALLOWED";
            violations.push(Violation::new(path, line, what, WHY, remedy));
        }
    }
    violations
}

/// Whether an expression can be satisfied with allowed licences alone.
fn permits(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words };
    let verdict = reader.any();
    // A word that is left over means that the expression was not understood.
    verdict && reader.words.is_empty()
}

/// A recursive reader: `any` is a list of `all`s with OR, `all` a list of `one`s with AND.
struct Reader<'words> {
    words: &'words [&'words str],
}

impl<'words> Reader<'words> {
    fn any(&mut self) -> bool {
        let mut verdict = self.all();
        while self.take("OR") {
            verdict |= self.all();
        }
        verdict
    }

    fn all(&mut self) -> bool {
        let mut verdict = self.one();
        while self.take("AND") {
            verdict &= self.one();
        }
        verdict
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let verdict = self.any();
            return self.take(")") && verdict;
        }
        let Some(name) = self.next() else { return false };
        if self.take("WITH") {
            let exception = self.next().unwrap_or_default();
            return ALLOWED.contains(&format!("{name} WITH {exception}").as_str());
        }
        ALLOWED.contains(&name)
    }

    fn next(&mut self) -> Option<&'words str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.next();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted::{foreign, packages};

    #[test]
    fn expressions_are_read_as_spdx() {
        let cases = [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0-only", false),
            ("MIT OR GPL-3.0-only", true),
            ("MIT AND GPL-3.0-only", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("(MIT OR Apache-2.0) AND LGPL-2.1-or-later", false),
            ("Apache-2.0 WITH LLVM-exception OR MIT", true),
            ("Apache-2.0 WITH Classpath-exception-2.0", false),
            ("MIT MIT", false),
            ("(MIT", false),
            ("", false),
        ];
        for (expression, expected) in cases {
            assert_eq!(permits(expression), expected, "{expression}");
        }
    }

    #[test]
    fn a_package_under_other_terms_is_found() {
        let mut unstated = foreign("silent", "1.0.0", "");
        unstated.licence = None;
        let tree =
            packages(&[foreign("good", "1.0.0", "MIT"), foreign("bad", "1.0.0", "AGPL-3.0-only"), unstated]);
        let found: Vec<String> = check(&tree).into_iter().map(|violation| violation.what).collect();
        assert_eq!(found, ["bad 1.0.0 is under AGPL-3.0-only", "silent 1.0.0 is under no licence"]);
    }
}
