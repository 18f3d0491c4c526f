//! Stretches of row keys in which rows are looked for: a submission's messages, and what a list shows.

use ports::store::{EventFilter, ListFilter};
use types::id::RowKey;
use types::time::Timestamp;

/// Messages of a submission have keys from the submission's own to this much later. It bounds the
/// scan that finds them without an index.
pub(crate) const SUBMISSION_SPAN_MS: i64 = 3_600_000;

/// Row keys are made when a message is admitted, give or take this much: clocks step, and a long
/// submission is staged over several commits. Lists by time look this far beyond their bounds.
const KEY_SLACK_MS: i64 = 600_000;

/// Just above the highest key that a message of a submission may have.
pub(crate) const fn submission_end(submission: RowKey) -> RowKey {
    RowKey::from_parts(submission.unix_ms() + SUBMISSION_SPAN_MS, 0)
}

/// The keys between which a list of events looks, from the first on, below the second. An event's key has
/// the time at which it was made.
pub(crate) fn event_span(filter: &EventFilter) -> (i64, i64) {
    let key = |time: Timestamp| RowKey::from_parts(time.as_ms().max(0), 0).as_i64();
    let before = filter.before.map_or(i64::MAX, RowKey::as_i64);
    (filter.since.map_or(0, key), filter.until.map_or(i64::MAX, key).min(before))
}

/// The keys between which a list looks: from `low` on, below `high`.
pub(crate) struct Span {
    pub(crate) low: i64,
    pub(crate) high: i64,
}

impl Span {
    /// What a filter leaves to be looked at.
    pub(crate) fn of(filter: &ListFilter) -> Self {
        let key =
            |time: Timestamp, slack: i64| RowKey::from_parts(time.plus_ms(slack).as_ms().max(0), 0).as_i64();
        let low = filter.since.map_or(0, |since| key(since, -KEY_SLACK_MS));
        let high = filter.until.map_or(i64::MAX, |until| key(until, KEY_SLACK_MS));
        let before = filter.before.map_or(i64::MAX, RowKey::as_i64);
        Self { low, high: high.min(before) }
    }
}
