//! The board of rules says what the tests say.

use crate::rules;
use crate::tidy::Violation;
use crate::tidy::tree::Tree;

/// The board in the checkout must be what the tree gives.
pub(super) fn check(_tree: &Tree) -> Vec<Violation> {
    let why = "operators believe the board; it may only say what a test shows";
    let remedy = "run `cargo xtask rules`";
    match rules::stale(crate::process::root()) {
        Ok(None) => Vec::new(),
        Ok(Some(file)) => vec![Violation::new(file, 1, "the board is stale", why, remedy)],
        Err(error) => vec![Violation::new(rules::CATALOGUE, 1, format!("{error:#}"), why, remedy)],
    }
}
