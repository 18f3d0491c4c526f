//! How often the disk below a folder makes a small append durable: the floor under every durable promise.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::process;

/// How long is measured.
const PERIOD: Duration = Duration::from_secs(2);
/// One page, as a small commit appends it.
const APPENDED_OCTETS: usize = 4_096;

/// Appends of 4 KiB with `fdatasync` per second, one after the other.
pub(super) fn durable_appends_per_second(folder: &Path) -> anyhow::Result<u64> {
    let path = folder.join("appends");
    let mut file = File::create(&path).with_context(|| format!("failed to create {}", path.display()))?;
    let page = [7_u8; APPENDED_OCTETS];
    let start = process::now();
    let mut appends: u64 = 0;
    while start.elapsed() < PERIOD {
        file.write_all(&page)?;
        file.sync_data()?;
        appends += 1;
    }
    std::fs::remove_file(&path)?;
    Ok(appends / PERIOD.as_secs())
}
