//! Packages come from crates.io or from this checkout, and from nowhere else.

use super::Violation;
use super::tree::Tree;

/// How cargo names crates.io.
pub(super) const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

const WHY: &str = "a git commit or a foreign registry can vanish, and nobody else has looked at it";

/// Looks at where every package comes from.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &tree.packages {
        let what = match package.source.as_deref() {
            Some(REGISTRY) => continue,
            None if package.manifest.is_some() => continue,
            None => format!("`{}` comes from a folder outside this workspace", package.name),
            Some(source) => format!("`{}` comes from {source}", package.name),
        };
        let remedy = "use a published version, or bring the code in as a crate of ours";
        violations.push(Violation::new("Cargo.lock", tree.lock_line(&package.name), what, WHY, remedy));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted::{foreign, member, packages};

    #[test]
    fn foreign_sources_are_found() {
        let mut git = foreign("git", "1.0.0", "MIT");
        git.source = Some("git+https://example.org/git?rev=1#1".to_owned());
        let mut folder = foreign("folder", "1.0.0", "MIT");
        folder.source = None;
        let tree = packages(&[
            member("crates/app", "chappe-app", &[]),
            foreign("good", "1.0.0", "MIT"),
            git,
            folder,
        ]);
        assert_eq!(check(&tree).len(), 2);
    }
}
