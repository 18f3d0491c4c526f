//! One port of the carrier: the receipts that wait, and the sessions that can take them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use smpp::MessageState;

use super::House;
use super::chaos::Over;
use super::session::Session;

/// How long a receipt waits that was refused.
const REFUSED_PAUSE_US: u64 = 1_000_000;

/// A receipt that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) due_us: u64,
    pub(super) submitted_us: u64,
    pub(super) id: String,
    pub(super) state: MessageState,
    /// The session that took the message.
    pub(super) taken_by: u64,
    pub(super) over: Over,
    /// Who had sent the message.
    pub(super) sender: Box<[u8]>,
    /// Who had received it.
    pub(super) recipient: Box<[u8]>,
}

/// A port.
#[derive(Default)]
pub(super) struct Port {
    /// By due time, and by age among those of one time.
    waiting: RefCell<BTreeMap<(u64, u64), Waiting>>,
    /// Those that wait for the end of the session that took their message.
    held: RefCell<HashMap<u64, Vec<Waiting>>>,
    last_serial: Cell<u64>,
    sessions: RefCell<Vec<Rc<Session>>>,
    turn: Cell<usize>,
}

impl Port {
    /// A message was accepted and wants a receipt.
    pub(super) fn add(&self, receipt: Waiting) {
        if receipt.over == Over::Later {
            self.held.borrow_mut().entry(receipt.taken_by).or_default().push(receipt);
            return;
        }
        let serial = self.last_serial.get().wrapping_add(1);
        self.last_serial.set(serial);
        self.waiting.borrow_mut().insert((receipt.due_us, serial), receipt);
    }

    /// Receipts that were sent over a link that is lost.
    pub(super) fn put_back(&self, receipts: Vec<Waiting>) {
        receipts.into_iter().for_each(|receipt| self.add(receipt));
    }

    /// A receipt that the peer has refused.
    pub(super) fn refused(&self, receipt: Waiting, now_us: u64) {
        self.add(Waiting { due_us: now_us + REFUSED_PAUSE_US, ..receipt });
    }

    /// Receipts that nobody has taken yet, apart from those on a link.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.borrow().len() + self.held.borrow().values().map(Vec::len).sum::<usize>()
    }

    /// A session can receive.
    pub(super) fn join(&self, session: &Rc<Session>) {
        self.sessions.borrow_mut().push(Rc::clone(session));
    }

    /// A session has ended.
    pub(super) fn leave(&self, session: &Rc<Session>) {
        self.sessions.borrow_mut().retain(|other| !Rc::ptr_eq(other, session));
        let held = self.held.borrow_mut().remove(&session.number()).unwrap_or_default();
        for receipt in held {
            self.add(Waiting { over: Over::Any, ..receipt });
        }
    }

    /// Sends what is due over the sessions in turn, as far as their windows allow.
    pub(super) fn send_due(&self, house: &House) {
        let now_us = house.now_us();
        let sessions = self.sessions.borrow().clone();
        let mut waiting = self.waiting.borrow_mut();
        let mut written = false;
        while let Some(first) = waiting.first_entry()
            && first.get().due_us <= now_us
            && let Some((place, session)) = self.choose(&sessions, first.get())
        {
            self.turn.set(place + 1);
            session.deliver(house, first.remove(), now_us);
            written = true;
        }
        drop(waiting);
        for session in &sessions {
            if session.answer_delayed(now_us) || written {
                session.flush();
            }
        }
    }

    /// The session whose turn it is to take a receipt.
    fn choose<'a>(&self, sessions: &'a [Rc<Session>], receipt: &Waiting) -> Option<(usize, &'a Rc<Session>)> {
        let is_alone = sessions.len() == 1;
        let may = |session: &Session| {
            session.has_room()
                && (is_alone || receipt.over != Over::Other || session.number() != receipt.taken_by)
        };
        let turn = self.turn.get();
        let mut in_turn = (0..sessions.len()).filter_map(|step| {
            let place = (turn + step) % sessions.len();
            sessions.get(place).filter(|session| may(session)).map(|session| (place, session))
        });
        in_turn.next()
    }
}
