//! Counts what an input makes a parser allocate: the work counter of the engine.
//!
//! Octets are summed over all allocations of a run, those that were freed again included, so that copying the
//! same thing over and over shows although it never is much at once. It counts the whole process; nothing else
//! of it allocates during a run.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Octets that `action` allocates in all, and what it gives.
pub(crate) fn allocated_by<T>(action: impl FnOnce() -> T) -> (T, usize) {
    let region = Region::new(ALLOCATOR);
    let value = action();
    // What a buffer grows by counts as well.
    (value, region.change().bytes_allocated)
}

#[cfg(test)]
mod tests {
    use super::allocated_by;

    #[test]
    fn what_is_freed_counts_as_well() {
        let (length, octets) = allocated_by(|| (0..10).map(|_| vec![0_u8; 1_000].len()).sum::<usize>());
        assert_eq!(length, 10_000);
        // Other tests allocate at the same time.
        assert!(octets >= 10_000, "{octets}");
    }
}
