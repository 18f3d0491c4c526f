//! How traffic went in the last five minutes, for an account or for all: what a chart shows when it
//! is opened.
//!
//! It is sampled from counters that are there anyway, so the path of a message knows nothing of it,
//! and it ends with the process. Start at [`Core::history`].

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use types::id::AccountId;
use types::time::Timestamp;

use crate::core::{Core, LiveFigures, Scope};
use crate::shared::Shared;

/// Milliseconds of one span, at least.
pub const SPAN_MS: i64 = 5_000;
/// Spans that are kept: five minutes.
pub const SPANS_MAX: usize = 60;

/// What happened in a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
    /// What was counted in it.
    pub counts: SpanCounts,
}

/// Counts of one span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanCounts {
    /// Messages accepted.
    pub accepted: u64,
    /// Messages taken by carriers.
    pub submitted: u64,
    /// Messages delivered.
    pub delivered: u64,
    /// Messages that ended otherwise.
    pub failed: u64,
}

impl Core {
    /// The last five minutes in spans of about five seconds, the oldest first.
    pub fn history(&self, scope: Scope) -> Vec<Span> {
        self.inner.shared.history.spans(scope.account())
    }
}

/// What is kept of the last five minutes.
#[derive(Default)]
pub(crate) struct History {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    sampled_at: Option<Timestamp>,
    times: VecDeque<(Timestamp, Timestamp)>,
    total: Track,
    accounts: HashMap<AccountId, Track>,
}

/// Counts beside the newest times. One without any traffic in all of them keeps none.
#[derive(Default)]
struct Track {
    /// The counters at the last look.
    last: SpanCounts,
    counts: VecDeque<SpanCounts>,
}

impl From<LiveFigures> for SpanCounts {
    fn from(figures: LiveFigures) -> Self {
        let LiveFigures { accepted, submitted, delivered, failed, .. } = figures;
        Self { accepted, submitted, delivered, failed }
    }
}

impl History {
    /// Looks at the counters when a span is over.
    pub(crate) fn sample(&self, shared: &Shared, now: Timestamp) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(from) = kept.sampled_at else {
            kept.sampled_at = Some(now);
            return;
        };
        let passed_ms = now.ms_since(from);
        if (0..SPAN_MS).contains(&passed_ms) {
            return;
        }
        let directory = shared.directory.load();
        let each = directory.accounts.keys().map(|id| (*id, shared.figures(Some(*id)).into()));
        kept.note(from, now, shared.figures(None).into(), each);
    }

    fn spans(&self, account: Option<AccountId>) -> Vec<Span> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let track = account.map_or(Some(&kept.total), |id| kept.accounts.get(&id));
        let counts = track.map(|track| &track.counts);
        let known = counts.map_or(0, VecDeque::len);
        let quiet = kept.times.len().saturating_sub(known);
        let counts =
            std::iter::repeat_n(SpanCounts::default(), quiet).chain(counts.into_iter().flatten().copied());
        let times = kept.times.iter();
        times.zip(counts).map(|((from, until), counts)| Span { from: *from, until: *until, counts }).collect()
    }
}

impl Kept {
    fn note(
        &mut self,
        from: Timestamp,
        until: Timestamp,
        total: SpanCounts,
        each: impl Iterator<Item = (AccountId, SpanCounts)>,
    ) {
        self.sampled_at = Some(until);
        if until <= from {
            // The clock was set back: what was kept lies in the future now, and is forgotten.
            self.times.clear();
            self.total.counts.clear();
            self.accounts.values_mut().for_each(|track| track.counts.clear());
        }
        let is_span = until > from;
        if is_span {
            self.times.push_back((from, until));
        }
        while self.times.len() > SPANS_MAX {
            self.times.pop_front();
        }
        self.total.note(total, is_span);
        for (id, counters) in each {
            // Who has never sent takes no room here.
            if counters != SpanCounts::default() || self.accounts.contains_key(&id) {
                self.accounts.entry(id).or_default().note(counters, is_span);
            }
        }
    }
}

impl Track {
    fn note(&mut self, counters: SpanCounts, is_span: bool) {
        let last = std::mem::replace(&mut self.last, counters);
        let counts = SpanCounts {
            accepted: counters.accepted.saturating_sub(last.accepted),
            submitted: counters.submitted.saturating_sub(last.submitted),
            delivered: counters.delivered.saturating_sub(last.delivered),
            failed: counters.failed.saturating_sub(last.failed),
        };
        let is_quiet = |counts: &SpanCounts| *counts == SpanCounts::default();
        if !is_span || (self.counts.is_empty() && is_quiet(&counts)) {
            return;
        }
        self.counts.push_back(counts);
        while self.counts.len() > SPANS_MAX {
            self.counts.pop_front();
        }
        if self.counts.iter().all(is_quiet) {
            self.counts = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use types::id::AccountId;
    use types::time::Timestamp;

    use super::{History, Kept, SPANS_MAX, SpanCounts};

    const ONE: AccountId = AccountId(1);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_ms(second * 1_000)
    }

    fn accepted(accepted: u64) -> SpanCounts {
        SpanCounts { accepted, ..SpanCounts::default() }
    }

    /// Notes a span of five seconds for all and for one account.
    fn note(history: &History, until: i64, total: u64, one: u64) {
        let mut kept = history.kept.lock().unwrap();
        let from = kept.sampled_at.unwrap_or(at(until - 5));
        Kept::note(&mut kept, from, at(until), accepted(total), std::iter::once((ONE, accepted(one))));
    }

    fn shown(history: &History, account: Option<AccountId>) -> Vec<(i64, u64)> {
        let spans = history.spans(account).into_iter();
        spans.map(|span| (span.until.as_ms() / 1_000, span.counts.accepted)).collect()
    }

    #[test]
    fn counts_between_two_looks_and_keeps_five_minutes() {
        let history = History::default();
        note(&history, 5, 10, 0);
        note(&history, 10, 30, 7);
        assert_eq!(shown(&history, None), [(5, 10), (10, 20)]);
        assert_eq!(shown(&history, Some(ONE)), [(5, 0), (10, 7)], "quiet before its first message");
        assert_eq!(shown(&history, Some(AccountId(2))), [(5, 0), (10, 0)], "no account, no traffic");
        for span in 3..=100 {
            note(&history, span * 5, 30, 7);
        }
        let spans = shown(&history, None);
        assert_eq!((spans.len(), spans[0], spans[SPANS_MAX - 1]), (SPANS_MAX, (205, 0), (500, 0)));
        assert_eq!(shown(&history, Some(ONE)), spans);
        let kept = history.kept.lock().unwrap();
        assert!(kept.accounts[&ONE].counts.is_empty(), "who is quiet for five minutes takes no room");
    }

    #[test]
    fn a_clock_that_is_set_back_counts_nothing_twice() {
        let history = History::default();
        note(&history, 100, 10, 10);
        note(&history, 50, 15, 15);
        note(&history, 55, 16, 16);
        assert_eq!(shown(&history, Some(ONE)), [(55, 1)]);
        assert_eq!(shown(&history, None), [(55, 1)]);
    }
}
