//! Whether a simulated process lives. A fuse ends it in the middle of what follows a commit.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The life of one process.
#[derive(Debug)]
pub(crate) struct Vitals {
    /// Counts processes from one.
    pub(crate) number: u64,
    alive: AtomicBool,
    /// Effects outside until the process dies; zero for no fuse.
    fuse: AtomicU64,
    /// It was taken for dead and wakes again: what it says reaches nobody but carriers.
    ghost: AtomicBool,
}

impl Vitals {
    pub(crate) const fn new(number: u64) -> Self {
        Self { number, alive: AtomicBool::new(true), fuse: AtomicU64::new(0), ghost: AtomicBool::new(false) }
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Relaxed)
    }

    pub(crate) fn end(&self) {
        self.alive.store(false, Ordering::Relaxed);
    }

    /// Lets the process die in place of its `effects`-th effect from now.
    pub(crate) fn light(&self, effects: u64) {
        self.fuse.store(effects, Ordering::Relaxed);
    }

    /// Something is about to happen outside; false when the process has died before it.
    pub(crate) fn acts(&self) -> bool {
        if !self.is_alive() {
            return false;
        }
        let fuse = self.fuse.load(Ordering::Relaxed);
        if fuse > 0 {
            self.fuse.store(fuse - 1, Ordering::Relaxed);
            if fuse == 1 {
                self.end();
                return false;
            }
        }
        true
    }

    pub(crate) fn become_ghost(&self) {
        self.ghost.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_ghost(&self) -> bool {
        self.ghost.load(Ordering::Relaxed)
    }
}
