//! What others leave for a session: answers to submissions, reports to deliver, and the wish that it ends.
//!
//! The session task takes everything at once and is woken once per batch. Nothing here blocks for longer than
//! it takes to push an entry.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use app::report::{BindSink, Report};
use app::submission::{ReplySink, SubmitOutcome};
use futures_util::task::AtomicWaker;

/// One answer with the token that was given at submission.
pub(crate) type Answer = (u64, SubmitOutcome);

/// The letter box of one session.
pub(crate) struct Outbox {
    shared: Mutex<Shared>,
    waker: AtomicWaker,
    report_window: usize,
    is_to_end: AtomicBool,
}

#[derive(Default)]
struct Shared {
    /// Bounded by the requests in hand.
    answers: Vec<Answer>,
    /// Bounded by `report_window`.
    reports: VecDeque<Arc<Report>>,
    /// Reports taken from the core and not yet settled, those in `reports` included.
    reports_in_hand: usize,
    takes_reports: bool,
    /// A report was turned away for want of room.
    turned_away: bool,
}

impl Outbox {
    /// A letter box that takes `report_window` reports once [`Outbox::open_for_reports`] was called.
    pub(crate) fn new(report_window: usize) -> Self {
        Self {
            shared: Mutex::default(),
            waker: AtomicWaker::new(),
            report_window: report_window.max(1),
            is_to_end: AtomicBool::new(false),
        }
    }

    /// Asks the session to take leave.
    pub(crate) fn ask_to_end(&self) {
        self.is_to_end.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Whether the session was asked to take leave since this was last looked at.
    pub(crate) fn take_wish_to_end(&self) -> bool {
        self.is_to_end.swap(false, Ordering::Acquire)
    }

    /// From now on reports are taken.
    pub(crate) fn open_for_reports(&self) {
        self.lock().takes_reports = true;
    }

    /// From now on reports are turned away; gives those that were not looked at.
    pub(crate) fn close_for_reports(&self) -> VecDeque<Arc<Report>> {
        let mut shared = self.lock();
        shared.takes_reports = false;
        std::mem::take(&mut shared.reports)
    }

    /// Registers the task to wake. Call it before [`Outbox::has_answers`] and [`Outbox::has_reports`].
    pub(crate) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Whether answers wait.
    pub(crate) fn has_answers(&self) -> bool {
        !self.lock().answers.is_empty()
    }

    /// Whether reports wait.
    pub(crate) fn has_reports(&self) -> bool {
        !self.lock().reports.is_empty()
    }

    /// Takes all answers; `into` is empty and lends its memory.
    pub(crate) fn take_answers(&self, into: &mut Vec<Answer>) {
        std::mem::swap(&mut self.lock().answers, into);
    }

    /// Takes all reports.
    pub(crate) fn take_reports(&self, into: &mut VecDeque<Arc<Report>>) {
        into.append(&mut self.lock().reports);
    }

    /// That many reports are settled. Gives whether the core should hear that there is room again.
    pub(crate) fn settle_reports(&self, count: usize) -> bool {
        let mut shared = self.lock();
        shared.reports_in_hand = shared.reports_in_hand.saturating_sub(count);
        shared.takes_reports && std::mem::take(&mut shared.turned_away)
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Every change is a single push or swap, so a poisoned lock guards nothing broken.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReplySink for Outbox {
    fn reply(&self, token: u64, outcome: SubmitOutcome) {
        self.lock().answers.push((token, outcome));
        self.waker.wake();
    }
}

impl BindSink for Outbox {
    fn offer(&self, report: Arc<Report>) -> Result<(), Arc<Report>> {
        let mut shared = self.lock();
        if !shared.takes_reports {
            return Err(report);
        }
        if shared.reports_in_hand >= self.report_window {
            shared.turned_away = true;
            return Err(report);
        }
        shared.reports_in_hand += 1;
        shared.reports.push_back(report);
        drop(shared);
        self.waker.wake();
        Ok(())
    }
}
