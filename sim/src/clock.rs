//! Simulated time. It stands still until the world moves it; a sleep ends when the time has come.
//!
//! Two clocks run side by side: one that only goes forward, by which sleeps are measured, and the wall
//! clock, which may jump ahead of it.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use ports::BoxFuture;
use ports::clock::Clock;
use types::time::Timestamp;

/// What the wall clock says at the beginning: 2026-11-22 09:00:00 UTC.
const BEGIN_MS: i64 = 1_795_338_000_000;

/// Orders sleeps that end at the same time by when they began.
type Sleeper = (u64, u64);

#[derive(Debug, Default)]
struct Times {
    /// Milliseconds since the beginning.
    elapsed_ms: u64,
    /// How far the wall clock has jumped ahead.
    ahead_ms: i64,
    sleepers: BTreeMap<Sleeper, Waker>,
    last: u64,
}

/// The clock.
#[derive(Debug, Default)]
pub(crate) struct SimClock(Arc<Mutex<Times>>);

fn lock(times: &Mutex<Times>) -> MutexGuard<'_, Times> {
    times.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SimClock {
    /// Milliseconds since the beginning, on the clock that only goes forward.
    pub(crate) fn elapsed_ms(&self) -> u64 {
        lock(&self.0).elapsed_ms
    }

    /// When the next sleep ends.
    pub(crate) fn next_end_ms(&self) -> Option<u64> {
        lock(&self.0).sleepers.first_key_value().map(|((end, _), _)| *end)
    }

    /// Moves both clocks on and wakes whoever has slept enough.
    pub(crate) fn advance_to(&self, ms: u64) {
        let mut wakers = Vec::new();
        let mut times = lock(&self.0);
        times.elapsed_ms = times.elapsed_ms.max(ms);
        let now = times.elapsed_ms;
        while let Some(entry) = times.sleepers.first_entry()
            && entry.key().0 <= now
        {
            wakers.push(entry.remove());
        }
        drop(times);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Lets the wall clock jump ahead.
    pub(crate) fn jump(&self, ms: i64) {
        lock(&self.0).ahead_ms += ms;
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let times = lock(&self.0);
        let elapsed = i64::try_from(times.elapsed_ms).unwrap_or(i64::MAX);
        Timestamp::from_ms(BEGIN_MS).plus_ms(elapsed).plus_ms(times.ahead_ms)
    }

    fn monotonic_us(&self) -> u64 {
        lock(&self.0).elapsed_ms.saturating_mul(1_000)
    }

    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        let end_ms = self.elapsed_ms().saturating_add(ms);
        Box::pin(Sleep { times: Arc::clone(&self.0), end_ms, registered: None })
    }
}

struct Sleep {
    times: Arc<Mutex<Times>>,
    end_ms: u64,
    registered: Option<Sleeper>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut times = lock(&this.times);
        if times.elapsed_ms >= this.end_ms {
            return Poll::Ready(());
        }
        let sleeper = *this.registered.get_or_insert_with(|| {
            times.last += 1;
            (this.end_ms, times.last)
        });
        times.sleepers.insert(sleeper, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(sleeper) = self.registered {
            lock(&self.times).sleepers.remove(&sleeper);
        }
    }
}
