//! Chance that depends on a seed alone, so that a finding comes back on the next run.

/// Marsaglia's xorshift with 64 bits of state.
pub(crate) struct Random(u64);

impl Random {
    /// Begins a sequence. Any seed will do.
    pub(crate) fn new(seed: u64) -> Self {
        // A round of splitmix: neighbouring seeds give unlike sequences, and the state is never zero.
        let mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        Self(mixed ^ (mixed >> 27) | 1)
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A value below `bound`; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bits = usize::try_from(self.bits() >> 33).unwrap_or(0);
        bits % bound.max(1)
    }

    /// Whether one of so many.
    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// One of the values, if there is any.
    pub(crate) fn of<'a, T>(&mut self, values: &'a [T]) -> Option<&'a T> {
        values.get(self.below(values.len()))
    }

    /// An octet; half of the time one that tells something to parsers.
    pub(crate) fn octet(&mut self) -> u8 {
        const TELLING: [u8; 16] =
            [0x00, 0x01, 0x7F, 0x80, 0xFF, 0xFE, 0x1B, 0x40, b'0', b'9', b'"', b'{', b'[', b'=', b' ', b'\n'];
        let [octet, choice, ..] = self.bits().to_le_bytes();
        if choice < 128 { octet } else { TELLING.get(usize::from(choice % 16)).copied().unwrap_or(octet) }
    }
}
