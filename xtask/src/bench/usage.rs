//! What a process has taken of the machine, as Linux tells it.

use anyhow::{Context as _, anyhow};

/// Linux counts processor time for user space in hundredths of a second.
const TICK_US: u64 = 10_000;
/// Fields of `/proc/PID/stat` after the name: user time and system time (proc(5), fields 14 and 15).
const TIME_FIELDS: [usize; 2] = [11, 12];

/// Microseconds of processor time so far.
pub(super) fn cpu_us(process: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{process}/stat");
    cpu_of(&std::fs::read_to_string(&path).with_context(|| format!("failed to read {path}"))?)
}

fn cpu_of(text: &str) -> anyhow::Result<u64> {
    let strange = || anyhow!("the statistics of a process look strange: {text}");
    let (_, fields) = text.rsplit_once(')').ok_or_else(strange)?;
    let mut ticks = 0;
    for place in TIME_FIELDS {
        let field = fields.split_whitespace().nth(place).ok_or_else(strange)?;
        ticks += field.parse::<u64>().map_err(|_| strange())?;
    }
    Ok(ticks * TICK_US)
}

/// The most memory that the process has had at once, in mebibytes, rounded up.
pub(super) fn memory_peak_mib(process: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{process}/status");
    peak_of(&std::fs::read_to_string(&path).with_context(|| format!("failed to read {path}"))?)
}

/// Forgets the peak: the next one is the highest from now on (proc(5), `clear_refs`).
pub(super) fn forget_memory_peak(process: u32) -> anyhow::Result<()> {
    let path = format!("/proc/{process}/clear_refs");
    std::fs::write(&path, "5").with_context(|| format!("failed to write {path}"))
}

fn peak_of(text: &str) -> anyhow::Result<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|word| word.parse::<u64>().ok());
    kib.map(|kib| kib.div_ceil(1_024)).ok_or_else(|| anyhow!("the status of a process has no VmHWM"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_memory_are_read() {
        let stat = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 300 20 13 14";
        assert_eq!(cpu_of(stat).unwrap(), 3_200_000);
        assert!(cpu_of("7 (x) S 1").is_err());
        assert_eq!(peak_of("VmPeak: 9 kB\nVmHWM:\t  165456 kB\n").unwrap(), 162);
        assert!(peak_of("VmPeak: 9 kB").is_err());
        assert!(cpu_us(std::process::id()).is_ok() && memory_peak_mib(std::process::id()).unwrap() > 0);
    }
}
