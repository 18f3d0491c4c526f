//! How many messages a channel may be given: what it promised, what it holds, what it can hold.
//!
//! Pure. The core never gets more credit than the capacity less what is held and promised already.

/// The account of a channel's credit, in messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Credit {
    capacity: u32,
    granted: u32,
    held: u32,
}

impl Credit {
    /// Adds to what can be held.
    pub(crate) fn grow(&mut self, by: u32) {
        self.capacity = self.capacity.saturating_add(by);
    }

    /// Takes from what can be held. What was promised stays promised.
    pub(crate) fn shrink(&mut self, by: u32) {
        self.capacity = self.capacity.saturating_sub(by);
    }

    /// What can be held.
    pub(crate) const fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Takes up to `offered` messages in and returns how many.
    pub(crate) fn accept(&mut self, offered: usize) -> usize {
        let taken = u32::try_from(offered).unwrap_or(u32::MAX).min(self.granted);
        self.granted -= taken;
        self.held = self.held.saturating_add(taken);
        usize::try_from(taken).unwrap_or(offered)
    }

    /// Messages whose outcomes are all reported.
    pub(crate) fn finish(&mut self, messages: u32) {
        self.held = self.held.saturating_sub(messages);
    }

    /// The credit to tell now; it counts as told.
    pub(crate) fn grant(&mut self) -> u32 {
        let more = self.capacity.saturating_sub(self.granted).saturating_sub(self.held);
        self.granted = self.granted.saturating_add(more);
        more
    }
}

#[cfg(test)]
mod tests {
    use super::Credit;

    #[test]
    fn never_more_than_the_capacity() {
        let mut credit = Credit::default();
        assert_eq!((credit.grant(), credit.accept(3)), (0, 0));
        credit.grow(10);
        assert_eq!((credit.grant(), credit.grant()), (10, 0));
        assert_eq!(credit.accept(4), 4);
        assert_eq!(credit.grant(), 0);
        credit.finish(1);
        assert_eq!(credit.grant(), 1);
        assert_eq!(credit.accept(100), 7, "6 left and 1 more");
        credit.shrink(10);
        credit.finish(10);
        assert_eq!(credit.grant(), 0);
        credit.grow(5);
        assert_eq!(credit.grant(), 5);
    }
}
