//! Events: nothing is told that is not on disk, and what is about one message is told in order.

use std::hash::Hash as _;

use ports::store::EventSubject;
use types::id::{EndpointId, RowKey};
use types::time::Timestamp;

use super::Oracle;
use crate::disk::Tables;

/// Tries after which an event is a dead letter.
const TRIES_MAX: usize = decide::notice::WAITS_MS.len() + 1;

impl Oracle {
    /// An event leaves the house.
    pub(crate) fn event_leaves(
        &mut self,
        tables: &Tables,
        endpoint: EndpointId,
        event: RowKey,
        now: Timestamp,
    ) {
        self.now = now;
        self.count("events_sent");
        (endpoint, event, now.as_ms()).hash(&mut self.hash);
        let what = || format!("event {:x} to endpoint {}", event.as_i64(), endpoint.0);
        let Some(view) = tables.outbox.get(&event) else {
            self.broken("nothing is told that is not on disk", what());
            return;
        };
        self.note(|| format!("event {:x} about {:x} leaves", event.as_i64(), view.row.about.as_i64()));
        let told_once = view.end.is_none() && view.row.endpoint == endpoint;
        self.holds(told_once, "what is recorded as told is not told again", what);
        let about = tables.events_about.get(&view.row.about).into_iter().flatten();
        let waits = |key: &&RowKey| {
            let earlier = **key < event && !self.accepted.contains(key) && !self.is_given_up(**key);
            earlier
                && tables.outbox.get(key).is_some_and(|other| {
                    let is_dead = other.row.next_at == Timestamp::NEVER;
                    other.row.endpoint == endpoint && other.end.is_none() && !is_dead
                })
        };
        let before = about.filter(waits).count();
        self.holds(before == 0, "events of one message are told in order", || {
            format!("{}, before {before} others", what())
        });
    }

    /// The customer has taken an event.
    pub(crate) fn event_taken(&mut self, event: RowKey) {
        self.count("events_taken");
        self.accepted.insert(event);
    }

    /// The customer has not taken an event; `for_good` when it does not want it at all.
    pub(crate) fn event_failed(&mut self, event: RowKey, for_good: bool) {
        *self.failed.entry(event).or_default() += if for_good { TRIES_MAX } else { 1 };
    }

    fn is_given_up(&self, event: RowKey) -> bool {
        self.failed.get(&event).is_some_and(|failed| *failed >= TRIES_MAX)
    }

    /// At the end: every event was told or is a dead letter, and every end that somebody wanted to hear
    /// of has one.
    pub(super) fn look_at_events(&mut self, tables: &Tables) {
        let mut waiting = 0_usize;
        let mut sample = None;
        for (key, view) in &tables.outbox {
            if view.end.is_none() && view.row.next_at != Timestamp::NEVER {
                waiting += 1;
                sample.get_or_insert((key.as_i64(), view.row.endpoint.0, view.row.tries, view.row.next_at));
            }
        }
        self.holds(waiting == 0, "every event is told or given up in the end", || {
            format!("{waiting} wait, the first is {sample:x?}")
        });
        for (key, kept) in &tables.messages {
            let (facts, progress) = (&kept.message.facts, &kept.message.progress);
            let wish = facts.report;
            let state = progress.state;
            let wanted = wish.endpoint.is_some() && state.is_final();
            if !wanted || (wish.failures_only && !state.is_failure()) {
                continue;
            }
            let events = tables.events_about.get(key).into_iter().flatten();
            let mut told = events.filter_map(|event| tables.outbox.get(event)).map(|view| view.row.subject);
            let has = told
                .any(|subject| matches!(subject, EventSubject::Message { state: told, .. } if told == state));
            self.holds(has, "every end is told to who wants to hear of it", || {
                format!("{:x} {state}", key.as_i64())
            });
        }
    }
}
