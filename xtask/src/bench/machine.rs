//! The machine that was measured: a figure means nothing without it.

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::disk;
use crate::process;

/// Cores, memory, kernel and disk, as they are while nothing is measured.
pub(super) fn describe(folder: &Path) -> anyhow::Result<Value> {
    let read = |path: &str| std::fs::read_to_string(path).with_context(|| format!("failed to read {path}"));
    let cpu = read("/proc/cpuinfo")?;
    let mounts = read("/proc/self/mounts")?;
    Ok(json!({
        "cores": std::thread::available_parallelism()?.get(),
        "processor": processor(&cpu),
        "memory_mib": memory_mib(&read("/proc/meminfo")?),
        "kernel": read("/proc/sys/kernel/osrelease")?.trim(),
        "file_system": file_system(&mounts, &folder.canonicalize()?),
        "durable_appends_per_second": disk::durable_appends_per_second(folder)?,
    }))
}

/// The commit that is checked out, and whether files differ from it.
pub(super) fn commit() -> anyhow::Result<(String, bool)> {
    let head = process::output(process::command("git").args(["rev-parse", "HEAD"]))?;
    let status =
        process::output(process::command("git").args(["status", "--porcelain", "--untracked-files=no"]))?;
    Ok((head.trim().to_owned(), !status.trim().is_empty()))
}

/// The time, as `2026-11-22T17:04:05Z`.
pub(super) fn now() -> anyhow::Result<String> {
    let text = process::output(process::command("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]))?;
    Ok(text.trim().to_owned())
}

fn processor(cpu: &str) -> Option<&str> {
    let line = cpu.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim())
}

fn memory_mib(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib / 1_024)
}

/// The type of the file system of a folder: that of the longest mount point above it.
fn file_system(mounts: &str, folder: &Path) -> Option<String> {
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let above = fields.filter_map(|fields| match fields.as_slice() {
        [_, point, kind, ..] if folder.starts_with(point) => Some((point.len(), (*kind).to_owned())),
        _ => None,
    });
    above.max().map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_read_from_what_linux_tells() {
        assert_eq!(processor("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n"), Some("Some CPU @ 2 GHz"));
        assert_eq!(memory_mib("MemTotal:       24683000 kB\nMemFree: 1 kB\n"), Some(24_104));
        let mounts = "/dev/a / ext4 rw 0 0\nproc /proc proc rw 0 0\n/dev/b /srv xfs rw 0 0\n";
        let of = |folder: &str| file_system(mounts, Path::new(folder));
        assert_eq!((of("/srv/x").as_deref(), of("/home").as_deref()), (Some("xfs"), Some("ext4")));
        let folder = tempfile::tempdir().unwrap();
        let told = describe(folder.path()).unwrap();
        assert!(told["cores"].as_u64().unwrap() > 0 && told["durable_appends_per_second"].as_u64().is_some());
    }
}
