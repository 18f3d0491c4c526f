//! What the machine gives: the clock, randomness and the environment.

#![expect(clippy::disallowed_methods, reason = "the one file that reads the clock and the environment")]

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use ports::BoxFuture;
use ports::clock::Clock;
use ports::entropy::Entropy;
use types::time::Timestamp;

/// Octets that are asked of the system at once.
const POOL_OCTETS: usize = 4_096;

/// The system's clocks.
pub(crate) struct SystemClock {
    began: Instant,
}

impl SystemClock {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(std::time::Duration::from_millis(ms)))
    }
}

/// The system's randomness, asked for in blocks because ids need a little of it very often.
pub(crate) struct SystemEntropy {
    pool: Mutex<(Vec<u8>, usize)>,
}

impl SystemEntropy {
    pub(crate) fn new() -> Self {
        Self { pool: Mutex::new((vec![0; POOL_OCTETS], POOL_OCTETS)) }
    }
}

impl Entropy for SystemEntropy {
    #[expect(
        clippy::expect_used,
        reason = "without randomness no secret is safe; the process must not go on"
    )]
    fn fill(&self, out: &mut [u8]) {
        if out.len() > POOL_OCTETS / 4 {
            getrandom::fill(out).expect("the system gives random octets");
            return;
        }
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        let (octets, used) = &mut *pool;
        if *used + out.len() > octets.len() {
            getrandom::fill(octets).expect("the system gives random octets");
            *used = 0;
        }
        if let Some(block) = octets.get_mut(*used..*used + out.len()) {
            out.copy_from_slice(block);
            // What was given out is not kept.
            block.fill(0);
        }
        *used += out.len();
    }
}

/// From now on a crash of this process leaves no copy of its memory on disk.
pub(crate) fn forbid_core_dumps() {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = rustix::process::setrlimit(rustix::process::Resource::Core, none) {
        tracing::warn!(%error, "core dumps could not be switched off");
    }
}

/// A variable of the environment.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use ports::entropy::Entropy;

    use super::SystemEntropy;

    #[test]
    fn random_octets_do_not_repeat() {
        let entropy = SystemEntropy::new();
        let mut seen = std::collections::HashSet::new();
        for _ in 0..10_000 {
            assert!(seen.insert(entropy.next_u64()));
        }
    }
}
