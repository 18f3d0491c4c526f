//! Which third-party crates may be used where.
//!
//! A heavy or sharp tool has one owner among our crates. Start at [`OUTSIDERS`]; a third-party
//! crate that is not listed may be used on any floor whose own rules allow it.

use super::Violation;
use super::floors::short;
use super::tree::Tree;

/// Third-party crates with the crates of ours that may use them.
struct Outsiders {
    crates: &'static [&'static str],
    only_in: &'static [&'static str],
    /// Whether tests anywhere may use them as well.
    free_in_tests: bool,
    why: &'static str,
}

const OUTSIDERS: &[Outsiders] = &[
    Outsiders {
        crates: &[
            "rusqlite",
            "libsqlite3-sys",
            "tokio-postgres",
            "postgres-types",
            "deadpool-postgres",
            "sqlx",
        ],
        only_in: &["store"],
        free_in_tests: false,
        why: "SQL and its drivers have one home, so that both engines behave alike",
    },
    Outsiders {
        crates: &["axum", "hyper", "tower-http", "utoipa"],
        only_in: &["api", "console", "sandbox", "server", "fuzz"],
        free_in_tests: true,
        why: "HTTP is served by doors; what is behind them must not know that HTTP exists",
    },
    Outsiders {
        crates: &["reqwest"],
        only_in: &["channels", "payments", "server", "testkit", "xtask"],
        free_in_tests: true,
        why: "outbound calls pass one client that guards against requests to our own network",
    },
    Outsiders {
        crates: &["askama"],
        only_in: &["console", "sandbox"],
        free_in_tests: false,
        why: "pages are made by the doors that show pages",
    },
    Outsiders {
        crates: &["sd-notify", "tracing-subscriber", "rustix"],
        only_in: &["server", "testkit"],
        free_in_tests: true,
        why: "the service manager, the log sink and the system itself are wired in one place",
    },
    Outsiders {
        crates: &["clap", "indicatif"],
        only_in: &["server", "xtask", "testkit", "fuzz"],
        free_in_tests: false,
        why: "only programmes have a command line",
    },
    Outsiders {
        crates: &["anyhow"],
        only_in: &["server", "xtask", "testkit", "fuzz"],
        free_in_tests: true,
        why: "libraries return errors that a caller can match and that know their disposition",
    },
    Outsiders {
        crates: &["cargo_metadata"],
        only_in: &["xtask"],
        free_in_tests: false,
        why: "only the house-keeping programme looks at the workspace",
    },
];

/// Our crates that hold pure code.
const PURE: &[&str] = &["gsm-text", "smpp", "types", "decide"];
/// What pure code may not use, in tests neither.
const IMPURE: &[&str] = &[
    "tokio",
    "tokio-rustls",
    "tokio-util",
    "async-std",
    "smol",
    "tracing",
    "log",
    "getrandom",
    "rand",
    "chrono",
    "futures-util",
    "arc-swap",
    "tempfile",
];
const PURE_WHY: &str =
    "pure code has no clock, chance, files, tasks or log, so that a decision can be replayed";

/// Every direct use of a listed crate must be in one of its homes.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (package, manifest) in tree.members() {
        let name = short(&package.name);
        for dependency in &package.dependencies {
            let foreign = dependency.package.as_str();
            let line = tree.dependency_line(manifest, &dependency.key);
            let what = format!("`{name}` uses `{foreign}`");
            if PURE.contains(&name) && IMPURE.contains(&foreign) {
                let remedy = "take the value as an argument; the shell in `app` asks a port for it";
                violations.push(Violation::new(manifest, line, what, PURE_WHY, remedy));
            } else if let Some(row) = OUTSIDERS.iter().find(|row| row.crates.contains(&foreign)) {
                let free = dependency.in_tests && row.free_in_tests;
                if !free && !row.only_in.contains(&name) {
                    let remedy = format!("do it in one of {:?}, behind a function or a port", row.only_in);
                    violations.push(Violation::new(manifest, line, what, row.why, remedy));
                }
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted::{member, packages};

    #[test]
    fn a_tool_away_from_home_is_found() {
        let cases: &[(&str, &[&str], usize)] = &[
            ("chappe-store", &["rusqlite", "tokio"], 0),
            ("chappe-app", &["rusqlite"], 1),
            ("chappe", &["rusqlite"], 1),
            ("chappe-console", &["dev:rusqlite"], 1),
            ("chappe-api", &["axum", "hyper"], 0),
            ("chappe-smsc", &["axum"], 1),
            ("chappe-channels", &["reqwest", "dev:axum"], 0),
            ("chappe-app", &["reqwest", "anyhow", "dev:anyhow"], 2),
            ("chappe-types", &["tokio"], 1),
            ("chappe-decide", &["dev:tokio"], 1),
            ("smpp", &["tokio"], 1),
            ("gsm-text", &["dev:proptest"], 0),
        ];
        for (name, dependencies, expected) in cases {
            let tree = packages(&[member("planted", name, dependencies)]);
            assert_eq!(check(&tree).len(), *expected, "{name} -> {dependencies:?}");
        }
    }
}
