//! The disk under the data folder: how much room it has, and how long a sync takes.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use ports::clock::Clock;

use super::{Check, Level, octets};

/// Free octets below which the next busy day fills the disk.
const FREE_WARNING: u64 = 5 << 30;
/// Free octets below which commits begin to fail.
const FREE_FAILURE: u64 = 1 << 30;
/// The file that is synced and removed.
const PROBE_FILE: &str = "doctor.probe";
/// Syncs that are timed.
const SYNCS: usize = 11;
/// Octets of each: a page of the store.
const SYNC_OCTETS: usize = 4_096;
/// Microseconds of a usual sync from which on every customer waits for the disk.
const SLOW_US: u64 = 20_000;

/// How much room there is.
pub(super) fn space(data: &Path) -> Check {
    let name = "the disk has room";
    match rustix::fs::statvfs(data) {
        Err(error) => Check::new(name, Level::Warning, format!("nobody knows: {error}")),
        Ok(disk) => {
            let (free, all) = (disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize);
            judge(name, free, all)
        }
    }
}

fn judge(name: &'static str, free: u64, all: u64) -> Check {
    let found = format!("{} free of {}", octets(free), octets(all));
    let level = match free {
        ..FREE_FAILURE => Level::Failure,
        FREE_FAILURE..FREE_WARNING => Level::Warning,
        FREE_WARNING.. => Level::Good,
    };
    let detail = if level == Level::Good { found } else { format!("{found}: make room before commits fail") };
    Check::new(name, level, detail)
}

/// How long a small write takes to be durable. Every answer to a customer waits for one.
pub(super) fn sync(data: &Path, clock: &dyn Clock) -> Check {
    let name = "the disk syncs fast";
    let median_us = match time_syncs(data, clock) {
        Ok(median_us) => median_us,
        Err(error) => return Check::new(name, Level::Failure, format!("a file cannot be synced: {error}")),
    };
    let per_second = 1_000_000 / median_us.max(1);
    let found = format!("{}.{} ms, {per_second} a second", median_us / 1_000, median_us % 1_000 / 100);
    let is_good = median_us < SLOW_US;
    let detail =
        if is_good { found } else { format!("{found}: every answer waits for one; use a faster disk") };
    Check::when(is_good, name, Level::Warning, detail)
}

fn time_syncs(data: &Path, clock: &dyn Clock) -> std::io::Result<u64> {
    let path = data.join(PROBE_FILE);
    drop(std::fs::remove_file(&path));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let mut time_one = || -> std::io::Result<u64> {
        let began_us = clock.monotonic_us();
        file.write_all(&[0; SYNC_OCTETS])?;
        file.sync_data()?;
        Ok(clock.monotonic_us().saturating_sub(began_us))
    };
    let times: std::io::Result<Vec<u64>> = (0..SYNCS).map(|_| time_one()).collect();
    std::fs::remove_file(&path)?;
    let mut times = times?;
    times.sort_unstable();
    Ok(times.get(SYNCS / 2).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::{Level, judge, space, sync};
    use crate::host::SystemClock;

    #[test]
    fn a_disk_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        assert!(space(folder.path()).detail.contains("free of"));
        let found = sync(folder.path(), &SystemClock::new());
        assert!(found.level != Level::Failure && found.detail.contains("a second"), "{found:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing stays");
        let gone = folder.path().join("gone");
        assert_eq!(sync(&gone, &SystemClock::new()).level, Level::Failure);
    }

    #[test]
    fn room_is_judged() {
        const GIB: u64 = 1 << 30;
        for (free, level) in [(0, Level::Failure), (GIB, Level::Warning), (5 * GIB, Level::Good)] {
            assert_eq!(judge("room", free, 100 * GIB).level, level, "{free}");
        }
    }
}
