//! Sequence numbers of requests (SMPP 3.4, 5.1.4).
//!
//! Whether a number is still in use is the window's knowledge.

/// The largest number that the specification allows.
const LAST: u32 = 0x7FFF_FFFF;

/// Gives 1, 2, … 0x7FFF_FFFF, and then 1 again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    next: u32,
}

impl Default for Sequence {
    fn default() -> Self {
        Self { next: 1 }
    }
}

impl Sequence {
    /// Begins at 1.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins at `first`, brought into range.
    #[must_use]
    pub fn starting_at(first: u32) -> Self {
        Self { next: first.clamp(1, LAST) }
    }

    /// The number for the next request.
    pub fn advance(&mut self) -> u32 {
        let number = self.next;
        self.next = if number >= LAST { 1 } else { number + 1 };
        number
    }
}

#[cfg(test)]
mod tests {
    use super::{LAST, Sequence};

    #[test]
    fn wraps_to_one() {
        let mut sequence = Sequence::starting_at(LAST - 1);
        assert_eq!([sequence.advance(), sequence.advance(), sequence.advance()], [LAST - 1, LAST, 1]);
        assert_eq!(Sequence::starting_at(0).advance(), 1);
        assert_eq!(Sequence::starting_at(u32::MAX).advance(), LAST);
        assert_eq!(Sequence::new().advance(), 1);
    }
}
