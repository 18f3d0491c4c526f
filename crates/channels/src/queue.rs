//! Messages that wait for a link, by class.
//!
//! Its length is bounded by the credit that was given for what stands in it.

use std::collections::VecDeque;

use ports::channel::Dispatch;
use types::message::Class;

/// Messages that wait.
#[derive(Default)]
pub(crate) struct Queue {
    one_time: VecDeque<Dispatch>,
    transactional: VecDeque<Dispatch>,
    bulk: VecDeque<Dispatch>,
}

impl Queue {
    /// Appends a message to its class.
    pub(crate) fn push(&mut self, dispatch: Dispatch) {
        match dispatch.class {
            Class::OneTime => self.one_time.push_back(dispatch),
            Class::Transactional => self.transactional.push_back(dispatch),
            Class::Bulk => self.bulk.push_back(dispatch),
        }
    }

    /// The next message: one-time codes before everything else.
    pub(crate) fn pop(&mut self) -> Option<Dispatch> {
        self.one_time.pop_front().or_else(|| self.transactional.pop_front()).or_else(|| self.bulk.pop_front())
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.one_time.len() + self.transactional.len() + self.bulk.len()
    }
}
