//! The checkout as the checks see it: files with their text, packages with their dependencies.
//!
//! Plain values, so that a test can plant a tree of its own. Start at [`Tree::load`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use crate::process;

/// Files above this size hold no text that a person wrote, and are not read.
const TEXT_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Folders with files that others wrote and that are kept as they came.
const VENDORED: &str = "/vendor/";

/// Everything that the checks look at.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Every file that git knows or would add, relative to the root, with forward slashes.
    pub(super) paths: BTreeSet<String>,
    /// The text of those that are text, our own and not too large.
    pub(super) texts: BTreeMap<String, String>,
    /// Every package of the lock file.
    pub(super) packages: Vec<Package>,
}

/// A package, ours or not.
#[derive(Debug, Clone, Default)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    /// The licence expression of its manifest.
    pub(super) licence: Option<String>,
    /// Where it comes from; `None` is a folder on this machine.
    pub(super) source: Option<String>,
    /// The path of its manifest relative to the root, if it is a member of the workspace.
    pub(super) manifest: Option<String>,
    pub(super) dependencies: Vec<Dependency>,
}

/// One dependency as its manifest declares it.
#[derive(Debug, Clone)]
pub(super) struct Dependency {
    /// The name of the package.
    pub(super) package: String,
    /// The name under which the manifest lists it.
    pub(super) key: String,
    /// Whether it is for tests, examples and benches alone.
    pub(super) in_tests: bool,
}

impl Tree {
    /// Reads the checkout.
    pub(super) fn load() -> anyhow::Result<Self> {
        let root = process::root();
        let listed = process::output(process::command("git").args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]))?;
        let mut tree = Self::default();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            let file = root.join(path);
            // A file that was deleted without telling git is listed all the same.
            let Ok(metadata) = std::fs::symlink_metadata(&file) else {
                continue;
            };
            tree.paths.insert(path.to_owned());
            if metadata.is_file() && metadata.len() <= TEXT_BYTES_MAX && !is_vendored(path) {
                let bytes = std::fs::read(&file).with_context(|| format!("failed to read {path}"))?;
                if let Some(text) = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')) {
                    tree.texts.insert(path.to_owned(), text);
                }
            }
        }
        let metadata = MetadataCommand::new()
            .current_dir(root)
            .exec()
            .context("failed to ask cargo for the packages of the workspace")?;
        tree.packages = packages(&metadata, root);
        Ok(tree)
    }

    /// The files of Rust that we wrote.
    pub(super) fn rust_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts_with(".rs")
    }

    /// The files with this ending that we wrote.
    pub(super) fn texts_with(&self, ending: &str) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        pairs.filter(move |(path, _)| path.ends_with(ending))
    }

    /// The members of the workspace with the paths of their manifests.
    pub(super) fn members(&self) -> impl Iterator<Item = (&Package, &str)> {
        self.packages.iter().filter_map(|package| Some((package, package.manifest.as_deref()?)))
    }

    /// Whether a file or a folder of that name exists.
    pub(super) fn exists(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.paths.contains(path)
            || self.paths.iter().any(|file| file.starts_with(&folder))
    }

    /// The line on which a manifest names a dependency; 1 if it cannot be found.
    pub(super) fn dependency_line(&self, manifest: &str, key: &str) -> usize {
        let names = |line: &str| {
            let rest = line.trim_start().strip_prefix(key);
            rest.is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
        };
        self.line_of(manifest, names)
    }

    /// The line of the lock file where a package begins; 1 if it cannot be found.
    pub(super) fn lock_line(&self, name: &str) -> usize {
        let wanted = format!("name = \"{name}\"");
        self.line_of("Cargo.lock", |line| line == wanted)
    }

    fn line_of(&self, path: &str, wanted: impl Fn(&str) -> bool) -> usize {
        let text = self.texts.get(path).map(String::as_str).unwrap_or_default();
        text.lines().position(wanted).map_or(1, |index| index + 1)
    }
}

fn is_vendored(path: &str) -> bool {
    path.contains(VENDORED) || path.ends_with(".min.js") || path.ends_with(".min.css")
}

fn packages(metadata: &Metadata, root: &Path) -> Vec<Package> {
    let convert = |package: &cargo_metadata::Package| {
        let member = metadata.workspace_members.contains(&package.id);
        let manifest = package.manifest_path.as_std_path().strip_prefix(root);
        Package {
            name: package.name.to_string(),
            version: package.version.to_string(),
            licence: package.license.clone(),
            source: package.source.as_ref().map(ToString::to_string),
            manifest: manifest.ok().filter(|_| member).map(|path| path.to_string_lossy().replace('\\', "/")),
            dependencies: package.dependencies.iter().map(dependency).collect(),
        }
    };
    metadata.packages.iter().map(convert).collect()
}

fn dependency(dependency: &cargo_metadata::Dependency) -> Dependency {
    Dependency {
        package: dependency.name.clone(),
        key: dependency.rename.clone().unwrap_or_else(|| dependency.name.clone()),
        in_tests: dependency.kind == DependencyKind::Development,
    }
}

#[cfg(test)]
pub(super) mod planted {
    //! Small trees for the tests of the checks.

    use super::{Dependency, Package, Tree};

    /// A tree of these files.
    pub(crate) fn files(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (path, text) in files {
            tree.paths.insert((*path).to_owned());
            tree.texts.insert((*path).to_owned(), (*text).to_owned());
        }
        tree
    }

    /// A member of the workspace; a dependency that begins with `dev:` is for tests alone.
    pub(crate) fn member(folder: &str, name: &str, dependencies: &[&str]) -> Package {
        let dependency = |text: &&str| {
            let package = text.strip_prefix("dev:").unwrap_or(text);
            Dependency {
                package: package.to_owned(),
                key: package.to_owned(),
                in_tests: text.starts_with("dev:"),
            }
        };
        Package {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            licence: Some("Apache-2.0".to_owned()),
            source: None,
            manifest: Some(format!("{folder}/Cargo.toml")),
            dependencies: dependencies.iter().map(dependency).collect(),
        }
    }

    /// A package from the registry.
    pub(crate) fn foreign(name: &str, version: &str, licence: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: Some(licence.to_owned()),
            source: Some(crate::tidy::sources::REGISTRY.to_owned()),
            ..Package::default()
        }
    }

    /// A tree of these packages.
    pub(crate) fn packages(packages: &[Package]) -> Tree {
        Tree { packages: packages.to_vec(), ..Tree::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_itself_can_be_read() {
        let tree = Tree::load().unwrap();
        assert!(tree.texts.contains_key("Cargo.toml"));
        assert!(
            tree.members()
                .any(|(package, manifest)| package.name == "xtask" && manifest == "xtask/Cargo.toml")
        );
        assert!(tree.exists("xtask/src") && tree.exists("Cargo.toml") && !tree.exists("nonsense"));
    }

    #[test]
    fn lines_are_found_in_manifests_and_in_the_lock_file() {
        let tree = planted::files(&[
            ("a/Cargo.toml", "[dependencies]\nserde_json = \"1\"\nserde.workspace = true\n"),
            ("Cargo.lock", "[[package]]\nname = \"serde\"\n"),
        ]);
        assert_eq!(tree.dependency_line("a/Cargo.toml", "serde"), 3);
        assert_eq!(tree.dependency_line("a/Cargo.toml", "absent"), 1);
        assert_eq!(tree.lock_line("serde"), 2);
    }
}
