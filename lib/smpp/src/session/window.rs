//! The requests of a session that wait for their response.
//!
//! The window is bounded: when it is full, the sender must wait. It never forgets a request by itself; every one
//! comes back by `take`, `expired` or `drain`.

use std::collections::{HashMap, VecDeque};

/// Why a request was not taken in; it is handed back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InsertError<T> {
    /// As many requests are open as the window allows.
    #[error("window is full")]
    Full(T),
    /// A request with that number is still open.
    #[error("sequence number is still in use")]
    Duplicate(T),
}

/// One open request.
#[derive(Debug)]
struct Open<T> {
    request: T,
    sent_at_ms: u64,
    /// Tells this request from an earlier one with the same number.
    order: u64,
}

/// Open requests by sequence number.
#[derive(Debug)]
pub struct Window<T> {
    open: HashMap<u32, Open<T>>,
    /// Numbers in the order in which they were sent; those that were taken meanwhile are passed over.
    by_age: VecDeque<(u32, u64)>,
    next_order: u64,
    limit: usize,
}

impl<T> Window<T> {
    /// Makes a window for at most `limit` open requests, at least one.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { open: HashMap::new(), by_age: VecDeque::new(), next_order: 0, limit: limit.max(1) }
    }

    /// Takes in a request that is about to be sent. Call it with times that never go back.
    ///
    /// # Errors
    /// [`InsertError`], with the request in it.
    pub fn insert(&mut self, sequence: u32, request: T, now_ms: u64) -> Result<(), InsertError<T>> {
        if self.open.contains_key(&sequence) {
            return Err(InsertError::Duplicate(request));
        }
        if self.is_full() {
            return Err(InsertError::Full(request));
        }
        let order = self.next_order;
        self.next_order = order.wrapping_add(1);
        self.open.insert(sequence, Open { request, sent_at_ms: now_ms, order });
        self.by_age.push_back((sequence, order));
        self.forget_taken();
        Ok(())
    }

    /// Removes the request that a response answers, with the time at which it was sent.
    pub fn take(&mut self, sequence: u32) -> Option<(T, u64)> {
        let open = self.open.remove(&sequence)?;
        Some((open.request, open.sent_at_ms))
    }

    /// Looks at an open request.
    #[must_use]
    pub fn get(&self, sequence: u32) -> Option<&T> {
        self.open.get(&sequence).map(|open| &open.request)
    }

    /// Removes the requests that have waited `timeout_ms` or longer, the oldest first.
    pub fn expired(&mut self, now_ms: u64, timeout_ms: u64) -> Vec<(u32, T)> {
        let mut expired = Vec::new();
        while let Some(&(sequence, order)) = self.by_age.front() {
            match self.open.get(&sequence) {
                Some(open) if open.order == order => {
                    if now_ms.saturating_sub(open.sent_at_ms) < timeout_ms {
                        break;
                    }
                    if let Some(open) = self.open.remove(&sequence) {
                        expired.push((sequence, open.request));
                    }
                }
                _ => {}
            }
            self.by_age.pop_front();
        }
        expired
    }

    /// When the oldest open request will have waited `timeout_ms`.
    #[must_use]
    pub fn next_expiry_ms(&self, timeout_ms: u64) -> Option<u64> {
        let oldest = self.by_age.iter().find_map(|(sequence, order)| {
            self.open.get(sequence).filter(|open| open.order == *order).map(|open| open.sent_at_ms)
        })?;
        Some(oldest.saturating_add(timeout_ms))
    }

    /// Removes all requests, the oldest first: the link is gone.
    pub fn drain(&mut self) -> Vec<(u32, T)> {
        let mut drained = Vec::with_capacity(self.open.len());
        for (sequence, order) in std::mem::take(&mut self.by_age) {
            if self.open.get(&sequence).is_some_and(|open| open.order == order)
                && let Some(open) = self.open.remove(&sequence)
            {
                drained.push((sequence, open.request));
            }
        }
        drained
    }

    /// How many requests are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether no request is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether no further request may be sent.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.open.len() >= self.limit
    }

    /// How many requests may still be sent.
    #[must_use]
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.open.len())
    }

    /// Drops what was taken from the list of ages, in a pass that pays for itself.
    fn forget_taken(&mut self) {
        if self.by_age.len() > self.limit.saturating_mul(2) {
            let open = &self.open;
            self.by_age
                .retain(|(sequence, order)| open.get(sequence).is_some_and(|entry| entry.order == *order));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{InsertError, Window};

    #[test]
    fn holds_at_most_its_limit() {
        let mut window = Window::new(2);
        window.insert(1, 'a', 0).unwrap();
        assert_eq!(window.insert(1, 'x', 0), Err(InsertError::Duplicate('x')));
        window.insert(2, 'b', 10).unwrap();
        assert_eq!(window.insert(3, 'c', 20), Err(InsertError::Full('c')));
        assert_eq!((window.room(), window.is_full()), (0, true));
        assert_eq!(window.take(1), Some(('a', 0)));
        assert_eq!(window.take(1), None);
        window.insert(3, 'c', 20).unwrap();
        assert_eq!(window.get(3), Some(&'c'));
        assert_eq!(window.drain(), [(2, 'b'), (3, 'c')]);
        assert!(window.is_empty() && window.drain().is_empty());
    }

    #[test]
    fn expires_the_oldest_first() {
        let mut window = Window::new(10);
        for (sequence, at) in [(5, 0), (6, 10), (7, 20), (8, 30)] {
            window.insert(sequence, sequence, at).unwrap();
        }
        window.take(6);
        assert_eq!(window.next_expiry_ms(100), Some(100));
        assert_eq!(window.expired(99, 100), []);
        assert_eq!(window.expired(120, 100), [(5, 5), (7, 7)]);
        assert_eq!(window.next_expiry_ms(100), Some(130));
        assert_eq!(window.len(), 1);
        window.take(8);
        assert_eq!(window.next_expiry_ms(100), None);
    }

    #[test]
    fn a_number_used_again_has_its_own_age() {
        let mut window = Window::new(10);
        window.insert(1, 'a', 0).unwrap();
        window.take(1);
        window.insert(1, 'b', 50).unwrap();
        assert_eq!(window.expired(100, 100), []);
        assert_eq!(window.expired(150, 100), [(1, 'b')]);
    }

    #[test]
    fn memory_is_bounded_while_one_request_stays_open() {
        let mut window = Window::new(8);
        window.insert(0, (), 0).unwrap();
        for sequence in 1..10_000 {
            window.insert(sequence, (), u64::from(sequence)).unwrap();
            window.take(sequence);
            assert!(window.by_age.len() <= 17);
        }
        assert_eq!(window.expired(20_000, 5), [(0, ())]);
    }
}
