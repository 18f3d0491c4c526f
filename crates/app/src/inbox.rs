//! The queue before the engine: submissions are refused when it is full, events of channels wait.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// Submissions that may wait for the engine; more are refused with `unavailable`.
pub(crate) const SUBMISSIONS_MAX: usize = 20_000;
/// Events of channels and reports that may wait; who tells more waits.
pub(crate) const EVENTS_MAX: usize = 20_000;

/// What waits for the engine, and how much of each kind.
struct Waiting<T> {
    items: VecDeque<T>,
    submissions: usize,
    events: usize,
    closed: bool,
}

/// A queue from any thread to the engine's.
pub(crate) struct Inbox<T> {
    waiting: Mutex<Waiting<T>>,
    arrived: Condvar,
    room: Notify,
}

/// Which limit an item counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Refused when full.
    Submission,
    /// Waits when full.
    Event,
    /// Always taken: requests of people and of the shell itself, which are few.
    Command,
}

impl<T> Inbox<T> {
    pub(crate) fn new() -> Self {
        let waiting = Waiting { items: VecDeque::new(), submissions: 0, events: 0, closed: false };
        Self { waiting: Mutex::new(waiting), arrived: Condvar::new(), room: Notify::new() }
    }

    /// Adds an item; gives it back when its kind is full or the engine has stopped.
    pub(crate) fn push(&self, kind: Kind, item: T) -> Result<(), T> {
        let mut waiting = self.lock();
        let full = match kind {
            Kind::Submission => waiting.submissions >= SUBMISSIONS_MAX,
            Kind::Event => waiting.events >= EVENTS_MAX,
            Kind::Command => false,
        };
        if full || waiting.closed {
            return Err(item);
        }
        match kind {
            Kind::Submission => waiting.submissions += 1,
            Kind::Event => waiting.events += 1,
            Kind::Command => {}
        }
        waiting.items.push_back(item);
        let first = waiting.items.len() == 1;
        drop(waiting);
        if first {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Adds an event as soon as there is room; gives up when the engine has stopped.
    pub(crate) async fn push_event(&self, item: T) {
        let mut item = item;
        loop {
            let room = self.room.notified();
            match self.push(Kind::Event, item) {
                Ok(()) => return,
                Err(_) if self.lock().closed => return,
                Err(back) => item = back,
            }
            room.await;
        }
    }

    /// Takes everything that waits, up to `limit`; waits up to `timeout` for the first item.
    pub(crate) fn take(
        &self,
        limit: usize,
        timeout: Duration,
        out: &mut Vec<T>,
        kind_of: impl Fn(&T) -> Kind,
    ) {
        let mut waiting = self.lock();
        if waiting.items.is_empty() && !waiting.closed {
            let result =
                self.arrived.wait_timeout_while(waiting, timeout, |w| w.items.is_empty() && !w.closed);
            waiting = result.unwrap_or_else(PoisonError::into_inner).0;
        }
        let count = waiting.items.len().min(limit);
        let taken = waiting.items.drain(..count).collect::<Vec<_>>();
        for item in &taken {
            match kind_of(item) {
                Kind::Submission => waiting.submissions = waiting.submissions.saturating_sub(1),
                Kind::Event => waiting.events = waiting.events.saturating_sub(1),
                Kind::Command => {}
            }
        }
        drop(waiting);
        out.extend(taken);
        self.room.notify_waiters();
    }

    /// Puts items back before everything that waits, in their order and whatever the limits say; gives
    /// them back when the engine is stopping.
    pub(crate) fn put_back(&self, items: Vec<T>, kind_of: impl Fn(&T) -> Kind) -> Result<(), Vec<T>> {
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(items);
        }
        for item in items.into_iter().rev() {
            match kind_of(&item) {
                Kind::Submission => waiting.submissions += 1,
                Kind::Event => waiting.events += 1,
                Kind::Command => {}
            }
            waiting.items.push_front(item);
        }
        Ok(())
    }

    /// Waits while nothing is to be taken; ends early when the engine is to stop.
    pub(crate) fn rest(&self, timeout: Duration) {
        let result = self.arrived.wait_timeout_while(self.lock(), timeout, |waiting| !waiting.closed);
        drop(result.unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether nothing more is taken.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// How many items wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Takes nothing more; what waits is still handed out.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
        self.room.notify_waiters();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
