//! Octets on their way to the socket, and how far they got.
//!
//! Positions count from the beginning of the connection, so that each part knows whether any of its
//! octets may have left.

/// Octets handed to the socket at once, so that few parts are in doubt when a write fails.
const WRITE_OCTETS_MAX: usize = 65_536;
/// Octets that the socket has taken and that are kept all the same, so that not every write moves the rest.
const TAKEN_OCTETS_MAX: usize = 65_536;

/// The buffer in front of the socket.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    buffer: Vec<u8>,
    /// Octets of `buffer` that the socket took.
    taken: usize,
    /// Position of the first octet of `buffer`.
    base: u64,
}

impl Outbox {
    /// Where whole PDUs are appended.
    pub(super) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// The position of the next octet that is appended.
    pub(super) fn end(&self) -> u64 {
        self.base.saturating_add(octets(self.buffer.len()))
    }

    /// The position up to which octets may have left.
    pub(super) fn left(&self) -> u64 {
        self.base.saturating_add(octets(self.taken))
    }

    /// Octets that wait.
    pub(super) fn waiting(&self) -> usize {
        self.buffer.len().saturating_sub(self.taken)
    }

    /// Whether none wait.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting() == 0
    }

    /// What the next write hands over.
    pub(super) fn next_write(&self) -> &[u8] {
        let waiting = self.buffer.get(self.taken..).unwrap_or_default();
        waiting.get(..WRITE_OCTETS_MAX).unwrap_or(waiting)
    }

    /// The socket took so many octets.
    pub(super) fn wrote(&mut self, count: usize) {
        self.taken = self.taken.saturating_add(count).min(self.buffer.len());
        if self.is_empty() || self.taken >= TAKEN_OCTETS_MAX {
            self.base = self.left();
            self.buffer.drain(..self.taken);
            self.taken = 0;
        }
    }

    /// A write failed: everything that it was given may have left.
    pub(super) fn perhaps_wrote(&mut self) {
        self.wrote(self.next_write().len());
    }
}

fn octets(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Outbox, TAKEN_OCTETS_MAX, WRITE_OCTETS_MAX};

    #[test]
    fn an_outbox_that_is_never_empty_does_not_grow() {
        let mut out = Outbox::default();
        out.buffer().extend_from_slice(&[0; 1_000]);
        for round in 1..=10_000_u64 {
            out.buffer().extend_from_slice(&[0; 100]);
            out.wrote(100);
            assert_eq!((out.waiting(), out.left()), (1_000, round * 100));
        }
        assert!(out.buffer.capacity() <= 4 * TAKEN_OCTETS_MAX, "{}", out.buffer.capacity());
    }

    #[test]
    fn positions_survive_partial_writes() {
        let mut out = Outbox::default();
        out.buffer().extend_from_slice(&[1; 100]);
        assert_eq!((out.left(), out.end()), (0, 100));
        out.wrote(40);
        assert_eq!((out.left(), out.end(), out.waiting()), (40, 100, 60));
        out.buffer().extend_from_slice(&[2; 10]);
        out.wrote(70);
        assert_eq!((out.left(), out.end(), out.waiting()), (110, 110, 0));
        out.buffer().extend_from_slice(&vec![3; WRITE_OCTETS_MAX + 5]);
        assert_eq!(out.next_write().len(), WRITE_OCTETS_MAX);
        out.perhaps_wrote();
        assert_eq!((out.left(), out.waiting()), (110 + WRITE_OCTETS_MAX as u64, 5));
    }
}
