//! What the test lanes need on a machine, and how it gets there.
//!
//! A need is provided or it is an error; it is never a reason to leave a test out. Debian packages
//! come from `apt-get`; Python and Node packages go into private environments in cargo's target
//! folder, by version and by hash. Start at [`provide`].

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};

use crate::process;

/// How often a download is tried before it is an error.
const TRIES_MAX: u32 = 3;
/// The pause after the first failure; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// A private Python environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PythonKit {
    /// Its folder in the target folder.
    folder: &'static str,
    /// Its packages, pinned by version and hash.
    requirements: &'static str,
}

/// The foreign clients that are written in Python.
pub(crate) const CLIENTS: PythonKit =
    PythonKit { folder: "venv", requirements: "xtask/peer/requirements.txt" };
/// The official clients of other firms whose dialects are spoken.
pub(crate) const DIALECTS: PythonKit =
    PythonKit { folder: "venv-dialects", requirements: "xtask/peer/dialects/requirements.txt" };
/// The client of Smstools, which needs older packages than the others.
pub(crate) const SMSTOOLS: PythonKit =
    PythonKit { folder: "venv-smstools", requirements: "xtask/peer/dialects/smstools-requirements.txt" };
/// The tester of APIs.
pub(crate) const SCHEMATHESIS: PythonKit =
    PythonKit { folder: "venv-openapi", requirements: "xtask/peer/openapi/requirements.txt" };
/// The second foreign client with the lock of its packages.
const NODE_FOLDER: &str = "xtask/peer/node";
/// Its script.
pub(crate) const NODE_SCRIPT: &str = "smpp_peer.js";

/// Something that a stage cannot run without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Need {
    /// Wireshark's dissectors on the command line.
    Tshark,
    /// The browser that the console's tests drive.
    Chromium,
    /// A Python interpreter.
    Python,
    /// The private Python environment with `smpplib`.
    Smpplib,
    /// The private Python environments with the official clients of other firms.
    Dialects,
    /// The private Python environment with `schemathesis`.
    Schemathesis,
    /// Node with `node-smpp` in a private folder.
    NodeSmpp,
    /// PHP on the command line.
    Php,
    /// The Go toolchain.
    Go,
    /// A Java development kit.
    Java,
    /// The programmes of the PostgreSQL server, from which tests make servers of their own.
    Postgres,
    /// XFS and the call that cuts its power.
    Xfs,
    /// The library that makes calls to the system fail.
    Fiu,
    /// The library that makes syncs do nothing.
    EatMyData,
}

/// Arguments of `cargo xtask need`.
#[derive(Debug, clap::Args)]
pub(crate) struct NeedArguments {
    /// What to install.
    #[arg(required = true)]
    needs: Vec<Need>,
}

/// Installs what is named.
pub(crate) fn run(arguments: &NeedArguments) -> anyhow::Result<()> {
    arguments.needs.iter().try_for_each(|need| provide(*need))
}

/// Makes sure that the need is met, installing what is missing.
pub(crate) fn provide(need: Need) -> anyhow::Result<()> {
    match need {
        Need::Tshark => debian_programme("tshark", &["tshark"]),
        Need::Chromium => debian_programme("chromium", &["chromium"]),
        Need::Python => debian_programme("python3", &["python3"]),
        Need::Smpplib => python_environment(CLIENTS).map(drop),
        Need::Dialects => python_environment(DIALECTS).and_then(|_| python_environment(SMSTOOLS)).map(drop),
        Need::Schemathesis => python_environment(SCHEMATHESIS).map(drop),
        Need::NodeSmpp => node_environment().map(drop),
        Need::Php => debian_programme("php", &["php-cli"]),
        Need::Go => debian_programme("go", &["golang-go"]),
        Need::Java => debian_programme("javac", &["default-jdk-headless"]),
        Need::Postgres => postgres_server(),
        Need::Xfs => debian_programme("mkfs.xfs", &["xfsprogs"]),
        Need::Fiu => debian_programme("fiu-ctrl", &["fiu-utils"]),
        Need::EatMyData => debian_programme("eatmydata", &["eatmydata"]),
    }
}

/// The Python interpreter of a private environment, which is created when it is missing or stale.
pub(crate) fn python_environment(kit: PythonKit) -> anyhow::Result<PathBuf> {
    let environment = process::target_directory()?.join(kit.folder);
    let python = environment.join("bin").join("python");
    let stamp = environment.join("installed-requirements.txt");
    let wanted = std::fs::read_to_string(process::root().join(kit.requirements))
        .with_context(|| format!("failed to read {}", kit.requirements))?;
    let installed = std::fs::read_to_string(&stamp).unwrap_or_default();
    if python.is_file() && installed == wanted {
        return Ok(python);
    }
    let create = || {
        let mut command = process::command("python3");
        command.args(["-m", "venv", "--clear"]).arg(&environment);
        command
    };
    if process::find_program("python3").is_none() || process::output(&mut create()).is_err() {
        // Debian ships the interpreter without the module that makes environments.
        apt_install(&["python3", "python3-venv"])?;
        process::output(&mut create())?;
    }
    retried("installing the Python packages", || {
        let mut command = process::command(&python);
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        command.args(["--require-hashes", "--only-binary", ":all:", "--requirement", kit.requirements]);
        process::output(&mut command).map(drop)
    })?;
    std::fs::write(&stamp, wanted).with_context(|| format!("failed to write {}", stamp.display()))?;
    Ok(python)
}

/// The folder with the Node packages and the script that uses them; it is made when it is missing or stale.
pub(crate) fn node_environment() -> anyhow::Result<PathBuf> {
    debian_programme("node", &["nodejs"])?;
    debian_programme("npm", &["npm"])?;
    let environment = process::target_directory()?.join("node-peer");
    let stamp = environment.join("installed-lock.json");
    let source = process::root().join(NODE_FOLDER);
    std::fs::create_dir_all(&environment)
        .with_context(|| format!("failed to make {}", environment.display()))?;
    for name in ["package.json", "package-lock.json", NODE_SCRIPT] {
        std::fs::copy(source.join(name), environment.join(name))
            .with_context(|| format!("failed to copy {NODE_FOLDER}/{name}"))?;
    }
    let wanted = std::fs::read_to_string(source.join("package-lock.json"))
        .with_context(|| format!("failed to read the lock in {NODE_FOLDER}"))?;
    if std::fs::read_to_string(&stamp).unwrap_or_default() != wanted {
        retried("installing the Node packages", || {
            let mut command = process::command("npm");
            command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]).arg(&environment);
            process::output(&mut command).map(drop)
        })?;
        std::fs::write(&stamp, wanted).with_context(|| format!("failed to write {}", stamp.display()))?;
    }
    Ok(environment)
}

/// Debian keeps the programmes of the server away from the search path, by version.
fn postgres_server() -> anyhow::Result<()> {
    let is_there = || {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut folders = versions.map(|version| version.path().join("bin"));
        folders.any(|folder| folder.join("initdb").is_file()) || process::find_program("initdb").is_some()
    };
    if is_there() {
        return Ok(());
    }
    apt_install(&["postgresql"])?;
    if !is_there() {
        bail!("apt-get installed postgresql, but there is still no `initdb`");
    }
    Ok(())
}

fn debian_programme(programme: &str, packages: &[&str]) -> anyhow::Result<()> {
    if process::find_program(programme).is_some() {
        return Ok(());
    }
    apt_install(packages)?;
    if process::find_program(programme).is_none() {
        bail!("apt-get installed {packages:?}, but there is still no `{programme}` on the search path");
    }
    Ok(())
}

fn apt_install(packages: &[&str]) -> anyhow::Result<()> {
    if process::find_program("apt-get").is_none() {
        bail!(
            "{packages:?} must be installed, and this machine has no apt-get: \
             install them by its own means, so that they are on the search path, and run again"
        );
    }
    println!("installing {}", packages.join(" "));
    retried(&format!("installing {}", packages.join(" ")), || {
        let mut update = as_root("apt-get")?;
        process::output(update.args(["update", "--quiet"]))?;
        let mut install = as_root("apt-get")?;
        install.args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(packages);
        process::output(&mut install).map(drop)
    })
}

/// A command with the rights of root: directly, or through `sudo` without a question.
pub(crate) fn as_root(programme: &str) -> anyhow::Result<Command> {
    let user = process::output(process::command("id").arg("-u"))?;
    let words = root_words(user.trim(), process::find_program("sudo").is_some())
        .ok_or_else(|| anyhow!("`{programme}` must run as root, and there is no sudo on this machine"))?;
    let mut command = match words {
        [] => process::command(programme),
        [first, rest @ ..] => {
            let mut command = process::command(first);
            command.args(rest).arg("DEBIAN_FRONTEND=noninteractive").arg(programme);
            command
        }
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}

/// The words that go before a command that must run as root; none when there is no way.
fn root_words(user_id: &str, has_sudo: bool) -> Option<&'static [&'static str]> {
    match (user_id, has_sudo) {
        ("0", _) => Some(&[]),
        (_, true) => Some(&["sudo", "--non-interactive", "env"]),
        (_, false) => None,
    }
}

/// Tries up to [`TRIES_MAX`] times, because mirrors and networks have their moments.
fn retried(what: &str, mut attempt: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES_MAX {
        match attempt() {
            Ok(()) => return Ok(()),
            Err(error) => println!("{what} failed, trying again in {} s: {error:#}", pause.as_secs()),
        }
        std::thread::sleep(pause);
        pause *= 2;
    }
    attempt().with_context(|| format!("{what} failed {TRIES_MAX} times"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_reached_directly_by_sudo_or_not_at_all() {
        let cases: [(&str, bool, Option<&str>); 4] = [
            ("0", false, Some("")),
            ("0", true, Some("")),
            ("1000", true, Some("sudo")),
            ("1000", false, None),
        ];
        for (user, sudo, expected) in cases {
            let words = root_words(user, sudo).map(|words| words.first().copied().unwrap_or_default());
            assert_eq!(words, expected, "user {user}, sudo {sudo}");
        }
    }

    #[test]
    fn every_python_package_is_pinned_by_version_and_hash() {
        for (kit, known) in [(CLIENTS, "smpplib==2.2.4 "), (SCHEMATHESIS, "schemathesis==")] {
            let text = std::fs::read_to_string(process::root().join(kit.requirements)).unwrap();
            let text = text.replace("\\\n", " ");
            let packages: Vec<&str> = text.lines().filter(|line| line.contains("==")).collect();
            assert!(packages.iter().any(|line| line.starts_with(known)), "{packages:?}");
            assert!(packages.iter().all(|line| line.contains("--hash=sha256:")), "{packages:?}");
        }
    }

    #[test]
    fn every_node_package_is_pinned_by_version_and_hash() {
        let text =
            std::fs::read_to_string(process::root().join(NODE_FOLDER).join("package-lock.json")).unwrap();
        let lock: serde_json::Value = serde_json::from_str(&text).unwrap();
        let packages = lock["packages"].as_object().unwrap().iter().filter(|(path, _)| !path.is_empty());
        let unpinned = |(_, package): &(&String, &serde_json::Value)| {
            !package["integrity"].as_str().is_some_and(|hash| hash.starts_with("sha512-"))
        };
        assert_eq!(packages.clone().filter(unpinned).count(), 0);
        assert!(packages.count() >= 3);
    }
}
