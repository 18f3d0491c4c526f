//! No crate in two versions, except where a dependency of ours leaves no choice.
//!
//! Start at [`TOLERATED`]: a row is an old version with the reason why it is still there.

use std::collections::{BTreeMap, BTreeSet};

use super::Violation;
use super::tree::Tree;

/// An old version that may stand beside the current one.
struct Tolerated {
    name: &'static str,
    /// The beginning of the version, up to a dot.
    version: &'static str,
    #[expect(dead_code, reason = "read by the person who wants to remove the row")]
    reason: &'static str,
}

const TOLERATED: &[Tolerated] = &[
    tolerate("base64", "0.22", "ours, until reqwest and pem agree with the others"),
    tolerate("fallible-iterator", "0.2", "tokio-postgres"),
    tolerate("foldhash", "0.1", "hashbrown 0.15"),
    tolerate("getrandom", "0.2", "ring 0.17"),
    tolerate("hashbrown", "0.14", "dashmap 5 in rlibphonenumber"),
    tolerate("hashbrown", "0.15", "petgraph in the build script of rlibphonenumber"),
    tolerate("logos", "0.15", "protox in the build script of rlibphonenumber"),
    tolerate("logos-codegen", "0.15", "as logos"),
    tolerate("logos-derive", "0.15", "as logos"),
    tolerate("syn", "2", "derive macros move to syn 3 one by one"),
    tolerate("synstructure", "0.13", "derive macros move to syn 3 one by one"),
    tolerate("thiserror", "1", "rlibphonenumber"),
    tolerate("thiserror-impl", "1", "rlibphonenumber"),
    tolerate("wasi", "0.11", "tokio-postgres by whoami; built on WebAssembly alone"),
    tolerate("windows-sys", "0.52", "ring; built on Windows alone"),
    tolerate("winnow", "0.7", "toml_edit 0.22"),
];

const fn tolerate(name: &'static str, version: &'static str, reason: &'static str) -> Tolerated {
    Tolerated { name, version, reason }
}

const WHY: &str = "two versions cost build time and size, and their types do not fit each other";

/// Looks for names with more than one version that is not tolerated.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in &tree.packages {
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    let mut violations = Vec::new();
    for (name, versions) in versions {
        let untolerated: Vec<&str> =
            versions.iter().copied().filter(|version| !tolerated(name, version)).collect();
        if untolerated.len() > 1 {
            let what = format!("`{name}` is there as {}", untolerated.join(" and "));
            let remedy = "raise or lower what asks for it (cargo tree -i NAME@VERSION shows it); if there is no \
                          way, add the older one to TOLERATED with the reason";
            violations.push(Violation::new("Cargo.lock", tree.lock_line(name), what, WHY, remedy));
        }
    }
    violations
}

fn tolerated(name: &str, version: &str) -> bool {
    TOLERATED.iter().filter(|row| row.name == name).any(|row| {
        let rest = version.strip_prefix(row.version);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted::{foreign, packages};

    #[test]
    fn a_new_second_version_is_found_and_a_tolerated_one_is_not() {
        let cases: &[(&str, &[&str], usize)] = &[
            ("tokio", &["1.54.0"], 0),
            ("tokio", &["1.54.0", "0.3.0"], 1),
            ("thiserror", &["1.0.69", "2.0.21"], 0),
            ("thiserror", &["1.0.69", "2.0.21", "3.0.0"], 1),
            // The beginning of a version is compared up to a dot.
            ("thiserror", &["10.0.0", "2.0.21"], 1),
        ];
        for (name, versions, expected) in cases {
            let all: Vec<_> = versions.iter().map(|version| foreign(name, version, "MIT")).collect();
            assert_eq!(check(&packages(&all)).len(), *expected, "{name} {versions:?}");
        }
    }
}
