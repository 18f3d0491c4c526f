//! One endpoint's events: waiting, delayed, under way.

use std::collections::HashSet;

use decide::notice::{BREAKER_FAILURES, BREAKER_PAUSE_MS};
use types::id::RowKey;
use types::time::Timestamp;

use super::{Delayed, Event, LANE_EVENTS_MAX, Queue};
use crate::maps::IdMap;

/// Calls to one endpoint at once, when it has answered well so many times.
const LANE_CALLS_MAX: usize = 16;
/// Calls to one endpoint at once before it has answered any, and the fewest after it failed.
const LANE_CALLS_MIN: usize = 2;
/// Calls to one endpoint that may be without an answer for long before it gets no more.
const LANE_SILENT_MAX: usize = 2;
/// Waiting events that are looked through for one whose message has none under way.
const LOOK_AHEAD: usize = 256;

/// One endpoint's events.
#[derive(Default)]
pub(super) struct Lane {
    /// Calls at once beyond [`LANE_CALLS_MIN`] that it has earned.
    earned: usize,
    /// Those under way that have waited for long.
    silent: HashSet<RowKey>,
    queue: Queue,
    delayed: Delayed,
    pub(super) in_flight: IdMap<RowKey, Event>,
    /// Messages with an event that was not taken yet.
    busy: HashSet<RowKey>,
    /// The store has events that are not in memory.
    pub(super) spilled: bool,
    loading: bool,
    /// Events that ended while the store was being read: what was read of them is old.
    ended_meanwhile: HashSet<RowKey>,
    /// Where to read again once the store has been read.
    again_from: Option<RowKey>,
    cursor: RowKey,
    failures: u32,
    blocked_until: Timestamp,
}

impl Lane {
    /// Takes a fresh event, or leaves it in the store when memory is full.
    pub(super) fn add(&mut self, event: Event, most: usize) {
        if self.spilled || self.len() >= most {
            self.spilled = true;
            return;
        }
        self.cursor = self.cursor.max(event.key);
        self.queue.push_back(event);
    }

    /// Takes events that were read from the store, which was read up to `read_to`.
    pub(super) fn take_loaded(&mut self, events: Vec<Event>, read_to: RowKey, complete: bool) {
        self.loading = false;
        let ended = std::mem::take(&mut self.ended_meanwhile);
        self.cursor = self.cursor.max(read_to);
        self.spilled = !complete;
        if let Some(from) = self.again_from.take() {
            // Older events have become due since this was asked for: they are read next.
            self.read_again(from);
        }
        for event in events {
            let known = self.in_flight.contains_key(&event.key)
                || self.queue.iter().any(|other| other.key == event.key)
                || self.delayed.values().any(|other| other.key == event.key);
            // A dead letter waits for a person, not for a time.
            if known || ended.contains(&event.key) || event.next_at == Timestamp::NEVER {
                continue;
            }
            if event.tries > 0 {
                self.busy.insert(event.about);
                self.delayed.insert((event.next_at, event.key), event);
            } else {
                self.enqueue(event);
            }
        }
    }

    /// Puts an event before those that were made after it.
    fn enqueue(&mut self, event: Event) {
        let is_newest = self.queue.back().is_none_or(|newest| newest.key < event.key);
        let later = if is_newest { None } else { self.queue.iter().position(|other| other.key > event.key) };
        self.queue.insert(later.unwrap_or(self.queue.len()), event);
    }

    /// Events from this key on have become due that were not: the store is read again from there.
    pub(super) fn read_again(&mut self, from: RowKey) {
        if self.loading {
            self.again_from = Some(self.again_from.map_or(from, |earlier| earlier.min(from)));
            return;
        }
        self.cursor = self.cursor.min(RowKey::from_i64(from.as_i64().saturating_sub(1)));
        self.spilled = true;
    }

    /// Where to go on reading, when memory has run low and the store has more.
    pub(super) fn wants_more(&mut self) -> Option<RowKey> {
        if !self.spilled || self.loading || self.len() > LANE_EVENTS_MAX / 4 {
            return None;
        }
        self.loading = true;
        Some(self.cursor)
    }

    /// Whether events wait to be told, here or in the store.
    pub(super) fn has_waiting(&self) -> bool {
        self.spilled || self.len() > 0
    }

    /// Events to call with now.
    pub(super) fn next_calls(&mut self, now: Timestamp) -> Vec<Event> {
        self.ripen(now);
        let most = if self.failures >= BREAKER_FAILURES { 1 } else { LANE_CALLS_MIN + self.earned };
        let mut calls = Vec::new();
        while self.in_flight.len() < most
            && self.silent.len() < LANE_SILENT_MAX
            && self.blocked_until <= now
            && let Some(event) = self.pick()
        {
            self.in_flight.insert(event.key, event.clone());
            calls.push(event);
        }
        calls
    }

    /// The next event to offer to a bind.
    pub(super) fn next_offer(&mut self, now: Timestamp) -> Option<Event> {
        self.ripen(now);
        self.pick()
    }

    /// A bind could not take it after all.
    pub(super) fn put_back(&mut self, event: Event) {
        self.busy.remove(&event.about);
        self.queue.push_front(event);
    }

    fn pick(&mut self) -> Option<Event> {
        let free = |event: &Event| !self.busy.contains(&event.about);
        let place = self.queue.iter().take(LOOK_AHEAD).position(free)?;
        let event = self.queue.remove(place)?;
        self.busy.insert(event.about);
        Some(event)
    }

    /// Brings what is due back into the queue, before everything else.
    fn ripen(&mut self, now: Timestamp) {
        while let Some(entry) = self.delayed.first_entry()
            && entry.key().0 <= now
        {
            let event = entry.remove();
            self.busy.remove(&event.about);
            self.queue.push_front(event);
        }
    }

    /// Brings everything that waits for a time back into the queue: a new bind has come.
    pub(super) fn forget_waits(&mut self) {
        self.ripen(Timestamp::NEVER);
    }

    /// A call under way has waited for long.
    pub(super) fn note_silence(&mut self, key: RowKey) {
        if self.in_flight.contains_key(&key) {
            self.silent.insert(key);
        }
    }

    /// An event was taken or given up.
    pub(super) fn finish(&mut self, key: RowKey) {
        self.silent.remove(&key);
        if let Some(event) = self.in_flight.remove(&key) {
            self.busy.remove(&event.about);
            self.note_end(key);
        }
    }

    fn note_end(&mut self, key: RowKey) {
        if self.loading {
            self.ended_meanwhile.insert(key);
        }
    }

    /// An event comes back untold from a bind that has gone; it is the next to be offered.
    pub(super) fn give_back(&mut self, key: RowKey) {
        if let Some(event) = self.in_flight.remove(&key) {
            self.put_back(event);
        }
    }

    /// Gives up everything that waits: each event with the tries it had. What is under way goes on.
    pub(super) fn give_up(&mut self) -> Vec<(RowKey, u16)> {
        let mut given_up: Vec<Event> = std::mem::take(&mut self.delayed).into_values().collect();
        for event in &given_up {
            self.busy.remove(&event.about);
        }
        given_up.extend(self.queue.drain(..));
        given_up.sort_unstable_by_key(|event| event.key);
        for event in &given_up {
            self.note_end(event.key);
        }
        given_up.into_iter().map(|event| (event.key, event.tries)).collect()
    }

    /// The clock was set back by so many milliseconds: what waits for a time waits no longer for it.
    pub(super) fn clock_was_set_back(&mut self, ms: i64) {
        let earlier = |at: Timestamp| at.plus_ms(-ms);
        let delayed = std::mem::take(&mut self.delayed);
        self.delayed = delayed.into_iter().map(|((at, key), event)| ((earlier(at), key), event)).collect();
        self.blocked_until = earlier(self.blocked_until);
    }

    /// An event is to be told again later; its message's other events wait for it.
    pub(super) fn delay(&mut self, key: RowKey, at: Timestamp) {
        self.silent.remove(&key);
        if let Some(event) = self.in_flight.remove(&key) {
            self.delayed.insert((at, key), event);
        }
    }

    /// Counts a try of an event under way.
    pub(super) fn count_try(&mut self, key: RowKey) -> Option<u16> {
        let event = self.in_flight.get_mut(&key)?;
        event.tries = event.tries.saturating_add(1);
        Some(event.tries)
    }

    /// Notes whether the endpoint took an event: then it may have one call more at once. After a failure it
    /// has to earn them again, and after several it is left alone for a while.
    pub(super) fn note_answer(&mut self, good: bool, now: Timestamp) {
        if good {
            self.failures = 0;
            self.earned = (self.earned + 1).min(LANE_CALLS_MAX - LANE_CALLS_MIN);
            return;
        }
        self.earned /= 2;
        self.failures = self.failures.saturating_add(1);
        if self.failures >= BREAKER_FAILURES {
            self.blocked_until = now.plus_ms(BREAKER_PAUSE_MS);
        }
    }

    /// Forgets that the endpoint failed.
    pub(super) fn forgive(&mut self) {
        self.failures = 0;
        self.blocked_until = Timestamp::EPOCH;
    }

    /// Whether the clock alone may let something start.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let ripe = self.delayed.first_key_value().is_some_and(|((at, _), _)| *at <= now);
        let idle = self.in_flight.is_empty() && (!self.queue.is_empty() || self.spilled);
        ripe || idle
    }

    /// Events in memory.
    pub(super) fn len(&self) -> usize {
        self.queue.len() + self.delayed.len() + self.in_flight.len()
    }
}

#[cfg(test)]
mod tests;
