//! Simulated time to the microsecond, with an agenda: what the other simulation does to the millisecond is
//! too coarse for the time between a request and its write.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use ports::BoxFuture;
use ports::clock::Clock;
use types::time::Timestamp;

/// What the wall clock says at the beginning: 2026-11-22 09:00:00 UTC.
const BEGIN_MS: i64 = 1_795_338_000_000;

/// A moment, and the order among those of one moment.
type Place = (u64, u64);

#[derive(Default)]
struct Times {
    now_us: u64,
    last: u64,
    sleepers: BTreeMap<Place, Waker>,
}

/// The clock. It stands still until it is moved.
#[derive(Clone, Default)]
pub(super) struct MicroClock(Arc<Mutex<Times>>);

impl MicroClock {
    fn lock(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Microseconds since the beginning.
    pub(super) fn now_us(&self) -> u64 {
        self.lock().now_us
    }

    /// When the next sleep ends.
    pub(super) fn next_us(&self) -> Option<u64> {
        self.lock().sleepers.first_key_value().map(|((end_us, _), _)| *end_us)
    }

    /// Moves the clock on and wakes whoever has slept enough.
    pub(super) fn advance_to(&self, us: u64) {
        let mut wakers = Vec::new();
        {
            let mut times = self.lock();
            times.now_us = times.now_us.max(us);
            let now_us = times.now_us;
            while let Some(entry) = times.sleepers.first_entry()
                && entry.key().0 <= now_us
            {
                wakers.push(entry.remove());
            }
        }
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Clock for MicroClock {
    fn now(&self) -> Timestamp {
        let ms = i64::try_from(self.now_us() / 1_000).unwrap_or(i64::MAX);
        Timestamp::from_ms(BEGIN_MS).plus_ms(ms)
    }

    fn monotonic_us(&self) -> u64 {
        self.now_us()
    }

    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        let end_us = self.now_us().saturating_add(ms.saturating_mul(1_000));
        Box::pin(Sleep { clock: self.clone(), end_us, place: None })
    }
}

/// Milliseconds since the beginning of a time that the clock gave.
pub(super) fn since_begin_ms(at: Timestamp) -> u64 {
    u64::try_from(at.ms_since(Timestamp::from_ms(BEGIN_MS))).unwrap_or(0)
}

struct Sleep {
    clock: MicroClock,
    end_us: u64,
    place: Option<Place>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut times = this.clock.lock();
        if times.now_us >= this.end_us {
            return Poll::Ready(());
        }
        let place = *this.place.get_or_insert_with(|| {
            times.last += 1;
            (this.end_us, times.last)
        });
        times.sleepers.insert(place, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.clock.lock().sleepers.remove(&place);
        }
    }
}

/// What is to happen, by its time.
pub(super) struct Agenda<T> {
    entries: BTreeMap<Place, T>,
    last: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), last: 0 }
    }
}

impl<T> Agenda<T> {
    /// Notes what happens at a moment.
    pub(super) fn at(&mut self, us: u64, happening: T) {
        self.last += 1;
        self.entries.insert((us, self.last), happening);
    }

    /// When the next thing happens.
    pub(super) fn next_us(&self) -> Option<u64> {
        self.entries.first_key_value().map(|((us, _), _)| *us)
    }

    /// The next thing that is due.
    pub(super) fn take_due(&mut self, now_us: u64) -> Option<T> {
        let entry = self.entries.first_entry().filter(|entry| entry.key().0 <= now_us)?;
        Some(entry.remove())
    }
}
