//! Row keys: time-ordered, never twice, and never below one that the store has seen.

use types::id::RowKey;
use types::time::Timestamp;

/// Bits of a key's sequence.
const SEQUENCE_MAX: u32 = (1 << 21) - 1;

/// Makes row keys.
#[derive(Debug)]
pub(crate) struct KeyMaker {
    last: RowKey,
}

impl KeyMaker {
    /// Continues after the highest key in use.
    pub(crate) const fn after(last: RowKey) -> Self {
        Self { last }
    }

    /// A key of this moment; when the clock went back, one just after the last.
    pub(crate) fn next(&mut self, now: Timestamp, chance: u64) -> RowKey {
        // Each millisecond starts at a random place in the lower half of its sequence, so that an
        // id does not tell how many messages came before it.
        let start = u32::try_from(chance % u64::from(SEQUENCE_MAX / 2)).unwrap_or(0);
        let fresh = RowKey::from_parts(now.as_ms(), start);
        self.last = if fresh.unix_ms() > self.last.unix_ms() { fresh } else { self.last.next() };
        self.last
    }
}

#[cfg(test)]
mod tests {
    use types::id::RowKey;
    use types::time::Timestamp;

    use super::KeyMaker;

    #[test]
    fn keys_only_rise() {
        let mut keys = KeyMaker::after(RowKey::from_parts(1_000, 7));
        let mut last = RowKey::ZERO;
        for now in [999, 1_000, 1_000, 1_001, 1_001, 5, 1_002] {
            let key = keys.next(Timestamp::from_ms(now), 42);
            assert!(key > last, "{now}");
            last = key;
        }
    }
}
