//! Results as files: the figures of a run, the machine, the commit and the settings, as one JSON document.
//!
//! A run of everything is kept in `bench/results`, where a reference may be committed; a run of some parts under
//! cargo's target folder. Start at [`write`] and [`read`].

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, anyhow};
use serde_json::Value;

use super::figures::Figure;
use crate::process;

/// Where whole runs are kept, from the root of the checkout.
const FOLDER: &str = "bench/results";
/// Where runs of some parts are kept, in cargo's target folder.
const PARTS_FOLDER: &str = "bench";
/// Without these alike, figures say nothing of a change in the code.
const CIRCUMSTANCES: [&str; 6] = [
    "/machine/cores",
    "/machine/processor",
    "/machine/memory_mib",
    "/machine/file_system",
    "/settings/seconds",
    "/settings/messages",
];

/// Writes a result and gives its path: the one that was asked for, or one with time and commit in its name.
pub(super) fn write(result: &Value, asked: Option<&Path>, is_whole: bool) -> anyhow::Result<PathBuf> {
    let word = |name: &str| result.get(name).and_then(Value::as_str).unwrap_or_default();
    let name: String = word("at").chars().filter(char::is_ascii_alphanumeric).collect();
    let name = format!("{name}-{:.12}.json", word("commit"));
    let path = match asked {
        Some(path) => path.to_path_buf(),
        None if is_whole => process::root().join(FOLDER).join(name),
        None => process::target_directory()?.join(PARTS_FOLDER).join(name),
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
    }
    let text = serde_json::to_string_pretty(result)? + "\n";
    std::fs::write(&path, text).with_context(|| format!("failed to write {}", path.display()))?;
    Ok(path)
}

/// Reads a result.
pub(super) fn read(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no result", path.display()))
}

/// The figures of a result.
pub(super) fn figures_of(result: &Value) -> anyhow::Result<Vec<Figure>> {
    let listed = result.get("figures").and_then(Value::as_array).context("a result has no figures")?;
    let parse = |value| Figure::parse(value).ok_or_else(|| anyhow!("a strange figure: {value}"));
    listed.iter().map(parse).collect()
}

/// The newest result that is not this file.
pub(super) fn newest_but(old: &Path) -> anyhow::Result<PathBuf> {
    let old = old.canonicalize().with_context(|| format!("failed to find {}", old.display()))?;
    let folders = [process::root().join(FOLDER), process::target_directory()?.join(PARTS_FOLDER)];
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    let files = entries.map(|entry| entry.path()).filter(|path| {
        path.extension().is_some_and(|extension| extension == "json")
            && path.canonicalize().ok() != Some(old.clone())
    });
    let age =
        |path: &PathBuf| path.metadata().and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    files.max_by_key(age).context("there is no other result; name the file to compare with")
}

/// Which circumstances the two do not share, other than the code.
pub(super) fn differing_circumstances(one: &Value, other: &Value) -> Vec<&'static str> {
    CIRCUMSTANCES.into_iter().filter(|path| one.pointer(path) != other.pointer(path)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_result_is_written_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/result.json");
        let figure = Figure::told("rate", "messages/s", vec![1, 2, 3]);
        let result =
            json!({ "at": "2026-01-02T03:04:05Z", "commit": "0123456789abcdef", "figures": [figure.json()] });
        assert_eq!(write(&result, Some(&path), true).unwrap(), path);
        let read = read(&path).unwrap();
        assert_eq!(figures_of(&read).unwrap()[0].rounds, [1, 2, 3]);
        assert!(figures_of(&json!({ "figures": [1] })).is_err() && figures_of(&json!({})).is_err());
        assert!(super::read(folder.path()).is_err());
    }

    #[test]
    fn other_machines_and_settings_are_noticed() {
        let of =
            |cores, seconds| json!({ "machine": { "cores": cores }, "settings": { "seconds": seconds } });
        assert_eq!(differing_circumstances(&of(2, 10), &of(2, 10)), [""; 0]);
        assert_eq!(differing_circumstances(&of(2, 10), &of(4, 2)), ["/machine/cores", "/settings/seconds"]);
    }
}
