//! Which of our crates may depend on which: a table of allowed edges.
//!
//! Decisions stay pure, adapters stay replaceable and doors stay thin only as long as the arrows
//! go one way. Start at [`FLOORS`].

use super::Violation;
use super::tree::{Package, Tree};

/// The crates of ours that a crate may see.
struct Floor {
    /// The name without the `chappe-` prefix; the binary is `server`.
    name: &'static str,
    /// In what is shipped.
    may: &'static [&'static str],
    /// Besides those, in its tests.
    in_tests: &'static [&'static str],
}

const ADAPTER: &[&str] = &["ports", "types", "gsm-text", "smpp"];
const DOOR: &[&str] = &["app", "ports", "decide", "types", "gsm-text", "smpp"];
const DOOR_TESTS: &[&str] = &["testkit", "store", "channels"];
const ALL: &[&str] = &[
    "gsm-text", "smpp", "types", "decide", "ports", "app", "store", "channels", "api", "console", "smsc",
    "sandbox",
];

const FLOORS: &[Floor] = &[
    Floor { name: "gsm-text", may: &[], in_tests: &[] },
    Floor { name: "smpp", may: &[], in_tests: &[] },
    Floor { name: "types", may: &["gsm-text", "smpp"], in_tests: &[] },
    Floor { name: "decide", may: &["types", "gsm-text"], in_tests: &["testkit"] },
    Floor { name: "ports", may: &["types"], in_tests: &["testkit"] },
    Floor { name: "app", may: &["decide", "ports", "types", "gsm-text"], in_tests: &["testkit", "store"] },
    Floor { name: "store", may: ADAPTER, in_tests: &["testkit"] },
    Floor { name: "channels", may: ADAPTER, in_tests: &["testkit"] },
    Floor { name: "api", may: DOOR, in_tests: DOOR_TESTS },
    Floor { name: "console", may: DOOR, in_tests: DOOR_TESTS },
    Floor { name: "smsc", may: DOOR, in_tests: DOOR_TESTS },
    Floor { name: "sandbox", may: &["app", "ports", "types", "gsm-text", "smpp"], in_tests: DOOR_TESTS },
    Floor { name: "server", may: ALL, in_tests: &["testkit"] },
    // Never shipped, so it may see whatever a test wants to build; the doors are not for it.
    Floor {
        name: "testkit",
        may: &["gsm-text", "smpp", "types", "decide", "ports", "app", "store", "channels"],
        in_tests: &[],
    },
    // Never shipped either: it has a door and an adapter to try their parsers from outside.
    Floor {
        name: "fuzz",
        may: &["gsm-text", "smpp", "types", "decide", "ports", "app", "channels", "api"],
        in_tests: &[],
    },
    // Never shipped either: the whole core on simulated ports, and no adapter.
    Floor { name: "sim", may: &["app", "decide", "ports", "types", "smpp"], in_tests: &[] },
    Floor { name: "xtask", may: &[], in_tests: &[] },
];

const WHY: &str = "arrows between crates go one way, so that decisions stay pure and adapters replaceable";

/// Every edge between our crates must stand in the table, and every crate must have a row.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let ours: Vec<&str> = tree.members().map(|(package, _)| package.name.as_str()).collect();
    tree.members().flat_map(|(package, manifest)| check_package(tree, package, manifest, &ours)).collect()
}

fn check_package(tree: &Tree, package: &Package, manifest: &str, ours: &[&str]) -> Vec<Violation> {
    let name = short(&package.name);
    let Some(floor) = FLOORS.iter().find(|floor| floor.name == name) else {
        let remedy = "give it a row in FLOORS in xtask/src/tidy/floors.rs, or make it a module";
        return vec![Violation::new(manifest, 1, format!("the crate `{name}` has no floor"), WHY, remedy)];
    };
    let mut violations = Vec::new();
    for dependency in &package.dependencies {
        let target = short(&dependency.package);
        let allowed =
            floor.may.contains(&target) || (dependency.in_tests && floor.in_tests.contains(&target));
        if ours.contains(&dependency.package.as_str()) && target != name && !allowed {
            let kind = if dependency.in_tests { " in its tests" } else { "" };
            let what = format!("`{name}` depends on `{target}`{kind}");
            let line = tree.dependency_line(manifest, &dependency.key);
            let remedy = format!("it may see {:?}; move the code to the floor where it belongs", floor.may);
            violations.push(Violation::new(manifest, line, what, WHY, remedy));
        }
    }
    violations
}

/// The name that the tables of this module use.
pub(super) fn short(package: &str) -> &str {
    if package == "chappe" { "server" } else { package.strip_prefix("chappe-").unwrap_or(package) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted::{member, packages};

    fn count(dependencies: &[&str], name: &str) -> usize {
        let mut all: Vec<Package> =
            ["types", "decide", "ports", "app", "store", "channels", "api", "console", "testkit"]
                .into_iter()
                .map(|folder| member(&format!("crates/{folder}"), &format!("chappe-{folder}"), &[]))
                .filter(|package| package.name != name)
                .collect();
        all.push(member("planted", name, dependencies));
        check(&packages(&all)).len()
    }

    #[test]
    fn edges_against_the_arrows_are_found() {
        let cases: &[(&str, &[&str], usize)] = &[
            ("chappe-app", &["chappe-decide", "chappe-ports", "chappe-types", "serde"], 0),
            ("chappe-app", &["chappe-store"], 1),
            ("chappe-app", &["dev:chappe-store", "dev:chappe-testkit"], 0),
            ("chappe-store", &["chappe-app"], 1),
            ("chappe-store", &["chappe-channels", "chappe-decide"], 2),
            ("chappe-api", &["chappe-console"], 1),
            ("chappe-console", &["dev:chappe-api"], 1),
            ("chappe-ports", &["chappe-decide"], 1),
            ("chappe-types", &["chappe-ports"], 1),
            ("chappe", &["chappe-api", "chappe-console", "dev:chappe-testkit"], 0),
            ("chappe", &["chappe-testkit"], 1),
            ("xtask", &["chappe-types"], 1),
            ("chappe-novelty", &[], 1),
        ];
        for (name, dependencies, expected) in cases {
            assert_eq!(count(dependencies, name), *expected, "{name} -> {dependencies:?}");
        }
    }

    #[test]
    fn the_table_itself_has_no_cycle() {
        // Rows stand in an order in which each sees only rows above it.
        for (index, floor) in FLOORS.iter().enumerate() {
            for target in floor.may {
                let position = FLOORS.iter().position(|other| other.name == *target);
                assert!(position.is_some_and(|position| position < index), "{} -> {target}", floor.name);
            }
        }
    }
}
