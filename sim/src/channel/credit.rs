//! The account of a channel's credit, as the channels that are shipped keep it: what was promised stays
//! promised until it is used.

/// Messages that a channel can hold, has promised to take, and holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Credit {
    capacity: u32,
    granted: u32,
    held: u32,
}

impl Credit {
    pub(super) const fn capacity(&self) -> u32 {
        self.capacity
    }

    pub(super) fn grow(&mut self, by: u32) {
        self.capacity = self.capacity.saturating_add(by);
    }

    pub(super) fn shrink(&mut self, by: u32) {
        self.capacity = self.capacity.saturating_sub(by);
    }

    /// Takes up to `offered` messages in and tells how many.
    pub(super) fn accept(&mut self, offered: usize) -> usize {
        let taken = u32::try_from(offered).unwrap_or(u32::MAX).min(self.granted);
        self.granted -= taken;
        self.held = self.held.saturating_add(taken);
        usize::try_from(taken).unwrap_or(offered)
    }

    pub(super) fn finish(&mut self, messages: u32) {
        self.held = self.held.saturating_sub(messages);
    }

    /// The credit to tell now; it counts as told.
    pub(super) fn grant(&mut self) -> u32 {
        let more = self.capacity.saturating_sub(self.granted).saturating_sub(self.held);
        self.granted = self.granted.saturating_add(more);
        more
    }

    /// Messages that could be taken now.
    pub(super) const fn free(&self) -> u32 {
        self.capacity.saturating_sub(self.held)
    }
}
