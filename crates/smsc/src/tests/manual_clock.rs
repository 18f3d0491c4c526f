//! A clock that moves only when a test moves it.

use std::sync::Mutex;

use ports::BoxFuture;
use ports::clock::Clock;
use tokio::sync::{Notify, oneshot};
use types::time::Timestamp;

/// 2026-11-22T00:00:00Z.
pub(super) const START_MS: i64 = 1_795_305_600_000;

#[derive(Default)]
struct Moment {
    elapsed_ms: u64,
    sleepers: Vec<(u64, oneshot::Sender<()>)>,
}

#[derive(Default)]
pub(super) struct ManualClock {
    moment: Mutex<Moment>,
    has_sleeper: Notify,
}

impl ManualClock {
    /// Moves the clock and wakes who is due.
    pub(super) fn advance(&self, ms: u64) {
        let mut moment = self.moment.lock().unwrap();
        moment.elapsed_ms += ms;
        let now_ms = moment.elapsed_ms;
        // A sleeper wakes because its sender is dropped.
        moment.sleepers.retain(|(due_ms, _)| *due_ms > now_ms);
    }

    /// Waits until somebody sleeps for exactly that long.
    pub(super) async fn until_sleeping_for(&self, ms: u64) {
        loop {
            let changed = self.has_sleeper.notified();
            let is_sleeping = {
                let mut moment = self.moment.lock().unwrap();
                let due_ms = moment.elapsed_ms + ms;
                moment.sleepers.retain(|(_, sleeper)| !sleeper.is_closed());
                moment.sleepers.iter().any(|(at, _)| *at == due_ms)
            };
            if is_sleeping {
                return;
            }
            changed.await;
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let elapsed_ms = self.moment.lock().unwrap().elapsed_ms;
        Timestamp::from_ms(START_MS + i64::try_from(elapsed_ms).unwrap())
    }

    fn monotonic_us(&self) -> u64 {
        self.moment.lock().unwrap().elapsed_ms * 1_000
    }

    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        let (sender, receiver) = oneshot::channel();
        let mut moment = self.moment.lock().unwrap();
        if ms > 0 {
            let due_ms = moment.elapsed_ms.saturating_add(ms);
            moment.sleepers.push((due_ms, sender));
        }
        drop(moment);
        self.has_sleeper.notify_waiters();
        // A sender that is gone ends the wait too, which is how zero milliseconds pass at once.
        Box::pin(async move { drop(receiver.await) })
    }
}
