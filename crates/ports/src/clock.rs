//! Time as a seam: what the clock says, and waiting.

use types::time::Timestamp;

use crate::BoxFuture;

/// Tells the time and waits. All waiting of `app` goes through here, so that a simulation can
/// drive time itself.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;

    /// Microseconds on a clock that never goes back; its zero has no meaning.
    fn monotonic_us(&self) -> u64;

    /// Waits for `ms` milliseconds. Dropping the future stops the wait.
    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()>;
}
