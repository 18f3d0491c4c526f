//! Moments of chance that repeat with their seed.

/// Numbers that look random (`SplitMix64` of Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub(super) struct Chance {
    state: u64,
}

impl Chance {
    /// Numbers that follow from the seed.
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number in the range; its beginning when it is empty.
    pub(super) const fn within(&mut self, range: &std::ops::Range<u64>) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let value = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let width = range.end.saturating_sub(range.start);
        if width == 0 { range.start } else { range.start + (value ^ (value >> 31)) % width }
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn numbers_stay_in_their_range_and_follow_from_the_seed() {
        let draw = |seed| {
            let mut chance = Chance::new(seed);
            (0..1_000).map(|_| chance.within(&(100..110))).collect::<Vec<_>>()
        };
        let drawn = draw(1);
        assert!((100..110).all(|number| drawn.contains(&number)));
        assert!(drawn.iter().all(|number| (100..110).contains(number)));
        assert_eq!(drawn, draw(1));
        assert_ne!(drawn, draw(2));
        assert_eq!(Chance::new(1).within(&(5..5)), 5);
    }
}
