//! Deliveries that wait for their time, and those that wait for a bind: one ordered map and one queue for the
//! whole carrier.
//!
//! The number of both together is bounded; when it is reached, the oldest goes. Times come from the caller.

use std::collections::{BTreeMap, VecDeque};

use smpp::MessageState;

use super::delivery::{Content, Delivery};

/// Due times are rounded up to this, so that the pacer wakes at most a hundred times a second.
const TICK_MS: u64 = 10;
/// How long after the first receipt its contradiction follows.
pub(crate) const CONTRADICTION_MS: u64 = 2_000;
/// The `err` of a contradiction.
const CONTRADICTION_ERROR: u16 = 10;

/// Where a delivery stands while it waits for its time.
pub(crate) type DueKey = (u64, u64);

/// Deliveries that have not gone out.
pub(crate) struct DeliveryQueue {
    waiting: BTreeMap<DueKey, Delivery>,
    ready: VecDeque<Delivery>,
    next_order: u64,
    held_max: usize,
    dropped: u64,
}

impl DeliveryQueue {
    /// An empty queue for at most `held_max` deliveries, at least one.
    pub(crate) fn new(held_max: usize) -> Self {
        Self {
            waiting: BTreeMap::new(),
            ready: VecDeque::new(),
            next_order: 0,
            held_max: held_max.max(1),
            dropped: 0,
        }
    }

    /// Keeps a delivery until its time.
    pub(crate) fn schedule(&mut self, due_ms: u64, delivery: Delivery) -> DueKey {
        self.make_room();
        let order = self.next_order;
        self.next_order = order.wrapping_add(1);
        let key = (due_ms.next_multiple_of(TICK_MS), order);
        self.waiting.insert(key, delivery);
        key
    }

    /// Appends a delivery that may go out at once.
    pub(crate) fn push_ready(&mut self, delivery: Delivery) {
        self.make_room();
        self.ready.push_back(delivery);
    }

    /// Takes back what a lost link left open; it goes out before everything else, in the order given.
    pub(crate) fn give_back(&mut self, deliveries: impl DoubleEndedIterator<Item = Delivery>) {
        for delivery in deliveries.rev() {
            self.make_room();
            self.ready.push_front(delivery);
        }
    }

    /// Moves what has become due to the ready ones; whether anything moved.
    pub(crate) fn ripen(&mut self, now_ms: u64) -> bool {
        let before = self.ready.len();
        while let Some(entry) = self.waiting.first_entry()
            && entry.key().0 <= now_ms
        {
            let ((due_ms, _), mut delivery) = entry.remove_entry();
            let opposite = match &mut delivery.content {
                Content::Receipt(receipt) => std::mem::take(&mut receipt.contradicted).then_some(*receipt),
                Content::Answer(_) => None,
            };
            self.ready.push_back(delivery);
            if let Some(mut opposite) = opposite {
                opposite.state = MessageState::Undeliverable;
                opposite.error = CONTRADICTION_ERROR;
                opposite.done_at = opposite.done_at.plus_ms(2_000);
                self.schedule(due_ms + CONTRADICTION_MS, Delivery::new(Content::Receipt(opposite)));
            }
        }
        self.ready.len() != before
    }

    /// Removes a delivery that still waits for its time.
    pub(crate) fn remove(&mut self, key: DueKey) -> Option<Delivery> {
        self.waiting.remove(&key)
    }

    /// The next delivery that may go out.
    pub(crate) fn take(&mut self) -> Option<Delivery> {
        self.ready.pop_front()
    }

    /// When the next delivery becomes due.
    pub(crate) fn next_due_ms(&self) -> Option<u64> {
        self.waiting.first_key_value().map(|(key, _)| key.0)
    }

    /// Whether something may go out.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Deliveries held.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len() + self.ready.len()
    }

    /// Deliveries that were dropped because the queue was full.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    fn make_room(&mut self) {
        if self.len() < self.held_max {
            return;
        }
        if self.ready.pop_front().is_none() {
            self.waiting.pop_first();
        }
        // A full queue stays full for long, so only each power of two is told.
        self.dropped += 1;
        if self.dropped.is_power_of_two() {
            tracing::warn!(
                dropped = self.dropped,
                "simulated carrier drops its oldest receipts: its queue is full"
            );
        }
    }
}
