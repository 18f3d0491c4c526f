//! What everything simulated stands on: time, the agenda, the disk, the carriers and the judge.
//!
//! Nothing here is threaded: locks are held for one look and never across another.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::submission::SubmitOutcome;
use ports::clock::Clock;
use types::id::{AccountId, RowKey};
use types::time::Timestamp;

use crate::bind::SimBind;
use crate::carrier::Carriers;
use crate::chance::Chance;
use crate::channel::SimChannel;
use crate::clock::SimClock;
use crate::disk::Disk;
use crate::listener::Listeners;
use crate::oracle::Oracle;
use crate::plan::Plan;

/// Receipts that come so much later follow the wall clock, milliseconds.
const LATE_MS: u64 = 3_600_000;

/// What happens at its time.
pub(crate) enum Happening {
    /// A part reaches the carrier.
    Reaches(Arc<SimChannel>, u64),
    /// The answer to a part reaches the channel.
    Answer(Arc<SimChannel>, u64, Box<crate::carrier::Answer>),
    /// The channel's patience for a part ends.
    Patience(Arc<SimChannel>, u64),
    /// A link of a channel tries to come up.
    LinkTries(Arc<SimChannel>, usize),
    /// The answer to a question about a message.
    Told(Arc<SimChannel>, ports::channel::AttemptRef),
    /// The carrier tells a receipt, by its serial number.
    Receipt(u64),
    /// A phone writes, by a serial number.
    Inbound(u64),
    /// A bind answers for an event.
    BindAnswers(Arc<SimBind>, RowKey),
    /// An account makes a request, and the next one later.
    Request(usize),
    /// A request is made again, by its number.
    Again(usize),
    /// The customer stops waiting for an answer: the token of the try.
    GivesUp(u64),
    /// A message is withdrawn.
    Withdraw(AccountId, types::id::MessageId),
    /// An account is topped up.
    TopUp(usize),
    /// Trouble of a kind, and the next one later.
    Trouble(Trouble),
    /// A process starts.
    Start,
    /// The disk has room again.
    RoomAgain,
    /// A process that was taken for dead wakes.
    GhostWakes,
    /// A listener that switched itself off is switched on again.
    SwitchOn(usize),
}

/// Kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Crash,
    Link,
    Outage,
    IdsAnew,
    Disk,
    Routes,
    Jump,
    Listener,
    Bind,
}

/// Why an operation of the operator or of a customer came back.
pub(crate) enum Reply {
    /// To a try of a submission, by its token.
    Submission(u64, SubmitOutcome),
    /// To a top-up: whether it was done, and its number.
    TopUp(u64, bool),
    /// To a change of the routes: the number of the version.
    Routes(Option<u32>),
    /// To a withdrawal.
    Withdrawn(types::id::MessageId, bool),
}

/// The ground.
pub(crate) struct Ground {
    pub(crate) plan: Plan,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) disk: Arc<Mutex<Disk>>,
    pub(crate) oracle: Arc<Mutex<Oracle>>,
    pub(crate) carriers: Mutex<Carriers>,
    pub(crate) listeners: Mutex<Listeners>,
    agenda: Mutex<Agenda>,
    /// Receipts that come hours later, by the wall clock.
    late_receipts: Mutex<BTreeSet<(Timestamp, u64)>>,
    replies: Mutex<VecDeque<Reply>>,
    chance: Mutex<Chance>,
}

#[derive(Default)]
struct Agenda {
    entries: BTreeMap<(u64, u64), Happening>,
    last: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ground {
    pub(crate) fn new(plan: Plan, oracle: Oracle) -> Self {
        let mut chance = plan.chance.clone();
        let carriers = Carriers::new(&plan, chance.fork());
        let listeners = Listeners::new(&plan, chance.fork());
        Self {
            clock: Arc::default(),
            disk: Arc::default(),
            oracle: Arc::new(Mutex::new(oracle)),
            carriers: Mutex::new(carriers),
            listeners: Mutex::new(listeners),
            agenda: Mutex::default(),
            late_receipts: Mutex::default(),
            replies: Mutex::default(),
            chance: Mutex::new(chance),
            plan,
        }
    }

    /// The wall clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Draws from the ground's own chance.
    pub(crate) fn draw<T>(&self, draw: impl FnOnce(&mut Chance) -> T) -> T {
        draw(&mut lock(&self.chance))
    }

    /// Puts something on the agenda, milliseconds from now.
    pub(crate) fn after(&self, ms: u64, happening: Happening) {
        let at = self.clock.elapsed_ms().saturating_add(ms);
        let mut agenda = lock(&self.agenda);
        agenda.last += 1;
        let entry = (at, agenda.last);
        agenda.entries.insert(entry, happening);
    }

    /// When the next thing happens.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        lock(&self.agenda).entries.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next thing that is due.
    pub(crate) fn take_due(&self) -> Option<Happening> {
        let now = self.clock.elapsed_ms();
        let mut agenda = lock(&self.agenda);
        let entry = agenda.entries.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }

    /// A carrier will tell a receipt. One that comes hours later follows the wall clock, so that it comes
    /// also when that jumps.
    pub(crate) fn receipt_after(&self, ms: u64, serial: u64) {
        if ms < LATE_MS {
            return self.after(ms, Happening::Receipt(serial));
        }
        let at = self.now().plus_ms(i64::try_from(ms).unwrap_or(i64::MAX));
        lock(&self.late_receipts).insert((at, serial));
    }

    /// A late receipt whose time has come.
    pub(crate) fn take_late_receipt(&self) -> Option<u64> {
        let now = self.now();
        let mut receipts = lock(&self.late_receipts);
        let first = receipts.first().copied().filter(|(at, _)| *at <= now)?;
        receipts.remove(&first);
        Some(first.1)
    }

    pub(crate) fn reply(&self, reply: Reply) {
        lock(&self.replies).push_back(reply);
    }

    pub(crate) fn take_reply(&self) -> Option<Reply> {
        lock(&self.replies).pop_front()
    }

    pub(crate) fn oracle(&self) -> MutexGuard<'_, Oracle> {
        lock(&self.oracle)
    }

    pub(crate) fn disk(&self) -> MutexGuard<'_, Disk> {
        lock(&self.disk)
    }

    pub(crate) fn carriers(&self) -> MutexGuard<'_, Carriers> {
        lock(&self.carriers)
    }

    pub(crate) fn listeners(&self) -> MutexGuard<'_, Listeners> {
        lock(&self.listeners)
    }
}
