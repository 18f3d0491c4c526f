//! Processor time of processes, as Linux counts it: in hundredths of a second.

/// A hundredth of a second.
const TICK_US: u64 = 10_000;
/// Fields of `/proc/PID/stat` after the name: user and system time (proc(5), fields 14 and 15), then those of children
/// that have ended (16 and 17).
const TIME_FIELDS: [usize; 4] = [11, 12, 13, 14];

/// Microseconds that a process has taken; its number, or `self`. `None` when there is none.
pub(crate) fn cpu_us(process: &str) -> Option<u64> {
    let [user, system, ..] = times_us(process)?;
    Some(user + system)
}

/// The same with what its children have taken that have ended.
pub(crate) fn cpu_with_ended_us(process: &str) -> Option<u64> {
    times_us(process).map(|times| times.iter().sum())
}

fn times_us(process: &str) -> Option<[u64; 4]> {
    parse(&std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
}

fn parse(text: &str) -> Option<[u64; 4]> {
    // The name may hold blanks and brackets.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let mut times = [0; 4];
    for (time, place) in times.iter_mut().zip(TIME_FIELDS) {
        *time = fields.get(place)?.parse::<u64>().ok()? * TICK_US;
    }
    Some(times)
}

#[cfg(test)]
mod tests {
    use super::{cpu_us, parse};

    #[test]
    fn times_are_read_after_the_name() {
        let text = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 300 20 5 6 15";
        assert_eq!(parse(text), Some([3_000_000, 200_000, 50_000, 60_000]));
        assert_eq!(parse("7 (x) S 1"), None);
        assert!(cpu_us("self").is_some() && cpu_us("nobody").is_none());
    }
}
