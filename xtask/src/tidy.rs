//! The rules of the house that no compiler checks, each in a module of its name.
//!
//! It reads the files that git knows or would add and what `cargo metadata` says, and changes
//! nothing. Every violation says where, what, why and what to do. Start at [`CHECKS`]; to add a
//! check, write its module with a planted violation as its test and add one row.

mod data;
mod duplicates;
mod error_codes;
mod floors;
mod heads;
mod length;
mod licences;
mod links;
mod list_line;
mod machine_paths;
mod outsiders;
mod rule_board;
mod rust;
mod sources;
mod sql;
mod tree;

use std::fmt;

use anyhow::bail;

use crate::tidy::tree::Tree;

/// A breach of a rule at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    path: String,
    line: usize,
    what: String,
    why: String,
    remedy: String,
}

impl Violation {
    fn new(path: &str, line: usize, what: impl Into<String>, why: &str, remedy: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into(), why: why.to_owned(), remedy: remedy.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, what, why, remedy } = self;
        write!(formatter, "{path}:{line}: {what}\n    why:  {why}\n    do:   {remedy}")
    }
}

/// A check looks at the whole tree and returns what is wrong with it.
type Check = fn(&Tree) -> Vec<Violation>;

const CHECKS: &[(&str, Check)] = &[
    ("floors", floors::check),
    ("outsiders", outsiders::check),
    ("licences", licences::check),
    ("duplicates", duplicates::check),
    ("sources", sources::check),
    ("heads", heads::check),
    ("length", length::check),
    ("sql", sql::check),
    ("list line", list_line::check),
    ("links", links::check),
    ("machine paths", machine_paths::check),
    ("error codes", error_codes::check),
    ("data", data::check),
    ("rule board", rule_board::check),
];

/// Runs every check over the checkout and fails if one of them has found something.
pub(crate) fn run() -> anyhow::Result<()> {
    let tree = Tree::load()?;
    let mut total = 0;
    for (name, check) in CHECKS {
        let mut violations = check(&tree);
        violations.sort();
        total += violations.len();
        for violation in violations {
            println!("{violation}\n    rule: {name}\n");
        }
    }
    if total > 0 {
        bail!("{total} breaches of the rules of the house");
    }
    println!(
        "tidy: {} checks over {} files and {} packages",
        CHECKS.len(),
        tree.paths.len(),
        tree.packages.len()
    );
    Ok(())
}
