//! Running other programmes from the repository root, and the few paths that everything needs.
//!
//! It never leaves a started child behind: [`Guarded`] ends it when dropped. Start at [`command`].

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// How often a child or a file is looked at while waiting for it.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Variables that `cargo run` sets for this programme and that must not reach a nested cargo:
/// build scripts declare some of them as inputs, and would be rebuilt at every change of caller.
const CARGO_RUN_PREFIXES: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

/// The root of the checkout that this programme was built from.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Cargo's target folder, wherever the environment has put it.
pub(crate) fn target_directory() -> anyhow::Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .context("failed to ask cargo for its target folder")?;
    Ok(metadata.target_directory.into_std_path_buf())
}

/// A command that runs at the root, free of what `cargo run` and `demo.env` may have set.
pub(crate) fn command(program: impl Into<OsString>) -> Command {
    let mut command = Command::new(program.into());
    command.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let foreign = CARGO_RUN_PREFIXES.iter().any(|prefix| text.starts_with(prefix));
        if foreign || text.starts_with("CHAPPE_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs to the end with our own output, and fails unless the exit status is zero.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("failed to start {}", shown(command)))?;
    succeeded(status, command)
}

/// Runs to the end and returns standard output; standard error is part of the failure.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("failed to start {}", shown(command)))?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        bail!("{} ended with {}:\n{}", shown(command), output.status, error.trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn succeeded(status: ExitStatus, command: &Command) -> anyhow::Result<()> {
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// The command as a person would type it, without its environment.
pub(crate) fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

/// Where a programme stands on the search path, if anywhere.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
}

/// The start of a measurement.
#[expect(clippy::disallowed_methods, reason = "this programme measures real time and has no Clock port")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Asks again and again until there is an answer, an error, or no time left.
///
/// # Errors
/// The error of `probe`, or one that names `what` when `limit` has passed.
pub(crate) fn wait_for<T>(
    what: &str,
    limit: Duration,
    mut probe: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let start = now();
    loop {
        if let Some(found) = probe()? {
            return Ok(found);
        }
        if start.elapsed() >= limit {
            bail!("waited {} s in vain for {what}", limit.as_secs());
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// A child that is killed and reaped when the guard goes out of scope.
#[derive(Debug)]
pub(crate) struct Guarded {
    child: Child,
    name: String,
}

impl Guarded {
    /// Starts the command under a guard; `name` is used in messages.
    pub(crate) fn start(command: &mut Command, name: &str) -> anyhow::Result<Self> {
        let child = command.spawn().with_context(|| format!("failed to start {}", shown(command)))?;
        Ok(Self { child, name: name.to_owned() })
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Standard input and output of a child that was started with pipes; `None` the second time.
    pub(crate) fn pipes(&mut self) -> Option<(ChildStdin, ChildStdout)> {
        self.child.stdin.take().zip(self.child.stdout.take())
    }

    /// The exit status if the child has ended.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("failed to look after {}", self.name))
    }

    /// Sends a signal by its name (`TERM`, `INT`) and waits for the end.
    pub(crate) fn signal_and_wait(&mut self, signal: &str, limit: Duration) -> anyhow::Result<ExitStatus> {
        let process = self.child.id().to_string();
        // The shell's own `kill` is used because the workspace forbids unsafe code and a
        // separate `kill` programme is missing from small images.
        run(command("sh").args(["-c", "kill -s \"$0\" \"$1\"", signal, &process]))?;
        let name = self.name.clone();
        wait_for(&format!("{name} to end after SIG{signal}"), limit, || self.ended())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_programme_is_an_error_with_its_words() {
        let error = output(command("sh").args(["-c", "echo broken >&2; exit 3"])).unwrap_err();
        assert!(error.to_string().contains("broken"), "{error}");
        assert!(run(command("sh").args(["-c", "exit 3"])).is_err());
    }

    #[test]
    fn a_signal_ends_a_child_and_its_status_is_seen() {
        let script = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.05; done";
        let mut child =
            Guarded::start(command("sh").args(["-c", script]).stdout(Stdio::piped()), "loop").unwrap();
        let mut output = child.child.stdout.take().unwrap();
        let mut first = [0_u8; 5];
        std::io::Read::read_exact(&mut output, &mut first).unwrap();
        let status = child.signal_and_wait("TERM", Duration::from_secs(10)).unwrap();
        assert_eq!(status.code(), Some(7));
    }

    #[test]
    fn waiting_ends_at_the_limit() {
        let error = wait_for("nothing", Duration::ZERO, || Ok(None::<()>)).unwrap_err();
        assert!(error.to_string().contains("nothing"));
    }
}
