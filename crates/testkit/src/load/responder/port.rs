//! One port of the carrier: the receipts that wait, and the sessions that can take them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use super::House;
use super::session::Session;

/// A receipt that waits.
pub(super) struct Waiting {
    pub(super) due_us: u64,
    pub(super) submitted_us: u64,
    pub(super) id: String,
    /// Who had sent the message.
    pub(super) sender: Box<[u8]>,
    /// Who had received it.
    pub(super) recipient: Box<[u8]>,
}

/// A port.
#[derive(Default)]
pub(super) struct Port {
    /// By due time, since all wait equally long.
    waiting: RefCell<VecDeque<Waiting>>,
    sessions: RefCell<Vec<Rc<Session>>>,
    turn: Cell<usize>,
}

impl Port {
    /// A message was accepted and wants a receipt.
    pub(super) fn add(&self, receipt: Waiting) {
        self.waiting.borrow_mut().push_back(receipt);
    }

    /// Receipts that were sent over a link that is lost, oldest first.
    pub(super) fn put_back(&self, receipts: Vec<Waiting>) {
        let mut waiting = self.waiting.borrow_mut();
        for receipt in receipts.into_iter().rev() {
            waiting.push_front(receipt);
        }
    }

    /// A session can receive.
    pub(super) fn join(&self, session: &Rc<Session>) {
        self.sessions.borrow_mut().push(Rc::clone(session));
    }

    /// A session has ended.
    pub(super) fn leave(&self, session: &Rc<Session>) {
        self.sessions.borrow_mut().retain(|other| !Rc::ptr_eq(other, session));
    }

    /// Sends what is due over the sessions in turn, as far as their windows allow.
    pub(super) fn send_due(&self, house: &House) {
        let now_us = house.now_us();
        let sessions = self.sessions.borrow().clone();
        let mut waiting = self.waiting.borrow_mut();
        let mut written = false;
        while waiting.front().is_some_and(|receipt| receipt.due_us <= now_us) {
            let turn = self.turn.get();
            let mut in_turn = (0..sessions.len()).filter_map(|step| {
                let place = (turn + step) % sessions.len();
                sessions.get(place).filter(|session| session.has_room()).map(|session| (place, session))
            });
            let Some((place, session)) = in_turn.next() else { break };
            let Some(receipt) = waiting.pop_front() else { break };
            self.turn.set(place + 1);
            session.deliver(house, receipt, now_us);
            written = true;
        }
        drop(waiting);
        if written {
            for session in &sessions {
                session.flush();
            }
        }
    }
}
