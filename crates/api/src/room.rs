//! Memory for what callers send: bodies, and the messages that are made of them until the core has
//! answered. What finds no room is refused, because to wait would keep even more in memory.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use types::refusal::{Refusal, RefusalCode};

/// Octets of one unit of a room.
const UNIT_OCTETS: usize = 1_024;
/// Seconds after which a caller that found no room may try again.
const RETRY_S: u32 = 1;

/// A room with a size; cheap to clone.
#[derive(Clone)]
pub(crate) struct Room(Arc<Semaphore>);

/// A place in a room; given back when dropped.
pub(crate) struct Share {
    room: Room,
    permit: Option<OwnedSemaphorePermit>,
    octets: usize,
}

impl Room {
    /// A room for that many octets.
    pub(crate) fn new(octets: usize) -> Self {
        Self(Arc::new(Semaphore::new(octets / UNIT_OCTETS)))
    }

    /// A place of no size yet.
    pub(crate) fn share(&self) -> Share {
        Share { room: self.clone(), permit: None, octets: 0 }
    }
}

impl Share {
    /// Makes the place larger.
    ///
    /// # Errors
    /// `unavailable` when the room is full.
    pub(crate) fn grow(&mut self, octets: usize) -> Result<(), Refusal> {
        let wanted = self.octets.saturating_add(octets);
        let held = self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = u32::try_from(wanted.div_ceil(UNIT_OCTETS).saturating_sub(held)).unwrap_or(u32::MAX);
        if missing > 0 {
            let semaphore = Arc::clone(&self.room.0);
            let more = semaphore.try_acquire_many_owned(missing).map_err(|_| full())?;
            match &mut self.permit {
                Some(permit) => permit.merge(more),
                None => self.permit = Some(more),
            }
        }
        self.octets = wanted;
        Ok(())
    }
}

fn full() -> Refusal {
    let detail = "too much is being read at once; nothing was kept";
    Refusal::new(RefusalCode::Unavailable, detail).retry_after(RETRY_S)
}

#[cfg(test)]
mod tests {
    use super::Room;

    #[test]
    fn a_room_is_shared_and_given_back() {
        let room = Room::new(10 * 1_024);
        let (mut first, mut second) = (room.share(), room.share());
        assert!(first.grow(1).is_ok());
        assert!(first.grow(1_023).is_ok(), "the unit that was begun is used up first");
        assert!(second.grow(9 * 1_024).is_ok());
        assert!(first.grow(1).is_err(), "full");
        assert!(second.grow(usize::MAX).is_err(), "no sum wraps around");
        drop(second);
        assert!(first.grow(9 * 1_024).is_ok());
    }
}
