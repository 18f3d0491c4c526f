//! What all tasks of a carrier share: the clock, the message centre under its lock, the phones, the settings.
//!
//! The lock is held for plain computing only and never across an await.

use std::sync::{Arc, Mutex, PoisonError};

use ports::BoxFuture;
use ports::clock::Clock;
use tokio::sync::{Notify, watch};

use super::CarrierOptions;
use super::centre::{MessageCentre, Now};
use crate::phones::PhoneBook;

/// The shared part of a carrier.
pub(crate) struct Shared {
    /// The clock.
    pub(crate) clock: Arc<dyn Clock>,
    /// The settings.
    pub(crate) options: CarrierOptions,
    /// The phones.
    pub(crate) phones: PhoneBook,
    /// Wakes the pacer.
    pub(crate) pacer_bell: Notify,
    /// The message centre.
    pub(crate) centre: Mutex<MessageCentre>,
}

impl Shared {
    /// The time on both clocks.
    pub(crate) fn now(&self) -> Now {
        Now { ms: self.clock.monotonic_us() / 1_000, at: self.clock.now() }
    }

    /// Does something under the lock, and then wakes whom it concerns.
    pub(crate) fn with_centre<R>(&self, act: impl FnOnce(&mut MessageCentre) -> R) -> R {
        let mut centre = self.centre.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut centre);
        let bells = centre.finish_turn();
        drop(centre);
        if bells.pacer {
            self.pacer_bell.notify_one();
        }
        result
    }
}

/// Waits until the shutdown signal is given; the sender's going away counts as one.
pub(crate) async fn stop_asked(shutdown: &mut watch::Receiver<bool>) {
    drop(shutdown.wait_for(|stop| *stop).await);
}

/// A wait for a moment that may move. It may end early; whoever waits looks at the clock again.
pub(crate) struct Alarm {
    clock: Arc<dyn Clock>,
    armed: Option<(u64, BoxFuture<'static, ()>)>,
}

impl Alarm {
    /// An alarm that is not set.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, armed: None }
    }

    /// Waits until `deadline_ms` on the clock that never goes back, or for ever without one. The sleep is kept
    /// when this future is dropped, and made anew only for an earlier moment.
    pub(crate) async fn until(&mut self, deadline_ms: Option<u64>) {
        let Some(deadline_ms) = deadline_ms else { return std::future::pending().await };
        if self.armed.as_ref().is_none_or(|(armed_ms, _)| *armed_ms > deadline_ms) {
            let now_ms = self.clock.monotonic_us() / 1_000;
            self.armed = Some((deadline_ms, self.clock.sleep(deadline_ms.saturating_sub(now_ms))));
        }
        if let Some((_, sleep)) = &mut self.armed {
            sleep.await;
        }
        self.armed = None;
    }
}
