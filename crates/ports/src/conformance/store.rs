//! The suite of the store: what [`Store`] and [`Reader`] promise, whatever the engine.
//!
//! Start at [`run`]. Each case begins with an empty store. The rows come from [`rows`], which other
//! tests and measurements of stores may use too.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite fails by panicking"
)]

use std::sync::Arc;

use types::id::{CommitSeq, RowKey};
use types::time::Timestamp;

use crate::store::{ApplyError, Batch, ListFilter, PAGE_ROWS_MAX, Reader, Store};

mod config;
mod contacts;
mod events;
mod guards;
mod lists;
mod messages;
mod money;
mod receipts;
pub mod rows;
mod senders;
mod shares;
mod staging;
mod suppressions;

/// The time at which every case begins: 2026-11-22 09:03:20 UTC.
pub const BEGIN: Timestamp = Timestamp::from_ms(1_795_338_200_000);
/// Steps of `tidy` after which a store must have caught up.
const TIDY_STEPS_MAX: usize = 100_000;

/// The data of one store under test.
pub trait Subject {
    /// Opens the store. Called again after both values were dropped, it opens the same data.
    fn open(&mut self) -> (Box<dyn Store>, Arc<dyn Reader>);
}

/// Runs every case, each on a new subject without data.
///
/// # Panics
/// When the store breaks its contract.
pub fn run(new: &mut dyn FnMut() -> Box<dyn Subject>) {
    type Case = (&'static str, fn(&mut Bench));
    let cases: &[Case] = &[
        ("a message lives", messages::life),
        ("late answers follow the first", messages::late_answers),
        ("what was sent is kept as it was sent", messages::as_sent),
        ("content is erased, and nothing else", messages::erased),
        ("addresses give way, and nothing else", messages::addresses_erased),
        ("a big batch is one commit", messages::big_batch),
        ("open messages come in pages", messages::open_pages),
        ("a submission keeps its order", messages::submission_order),
        ("everything survives a restart", messages::restart),
        ("a broken guard leaves nothing", guards::leave_nothing),
        ("an idempotency key holds until it lapses", guards::idempotency),
        ("staged messages are hidden until the last", staging::becomes_visible),
        ("a discarded submission leaves nothing", staging::discarded),
        ("staging survives a restart", staging::restart),
        ("carrier ids find their parts", receipts::map),
        ("carrier ids are found while they move", receipts::map_moves),
        ("receipts are parked", receipts::parked),
        ("events wait in order", receipts::outbox),
        ("what was told stays known", events::told),
        ("a dead letter waits for a person", events::dead_letters),
        ("what there was nothing to tell of waits no longer", events::moot),
        ("what was told is forgotten in the end", events::forgotten),
        ("events of an endpoint are listed", events::listed),
        ("a list of events looks through so many and no more", events::listed_in_steps),
        ("inbound messages are listed", receipts::inbound),
        ("lists filter and page", lists::filters),
        ("lists agree with a scan at any moment", lists::agree_with_scan),
        ("the ledger balances", money::ledger),
        ("a lot keeps its floor", money::floors),
        ("postings page", money::postings),
        ("several lots pay a message", shares::shares),
        ("shares are proved", shares::are_proved),
        ("shares of staged messages count when they are visible", shares::staged),
        ("every level of the path has its price", shares::levels),
        ("traffic is summed by day", money::rollup),
        ("configuration is read back", config::read_back),
        ("documents are versioned", config::documents),
        ("sessions begin and end", config::sessions),
        ("answers to keywords are read back", config::keyword_replies),
        ("inbound numbers are read back", config::inbound_numbers),
        ("contacts are shown, found and changed", contacts::kept),
        ("contacts come in pages", contacts::pages),
        ("contacts are in groups until one of both goes", contacts::groups),
        ("what has a name is read back", contacts::resources),
        ("senders of pools are remembered until they are forgotten", senders::remembered),
        ("suppression lists are shown and remembered", suppressions::listed),
        ("recipients are looked up in suppression lists", suppressions::looked_up),
        ("an entry of a suppression list stays until it ends", suppressions::ended),
    ];
    for (name, case) in cases {
        let _named = Named(name);
        case(&mut Bench::new(new()));
    }
}

/// Tells the name of a case when it fails.
struct Named(&'static str);

impl Drop for Named {
    #[expect(clippy::print_stderr, reason = "the name of a failed case is told beside its panic")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("store conformance, case: {}", self.0);
        }
    }
}

/// A store under test with what a case needs around it.
pub struct Bench {
    subject: Box<dyn Subject>,
    open: Option<(Box<dyn Store>, Arc<dyn Reader>)>,
    /// The time of the case; it moves only when the case moves it.
    pub now: Timestamp,
    sequence: u32,
}

impl Bench {
    /// Opens an empty store.
    pub fn new(mut subject: Box<dyn Subject>) -> Self {
        let open = Some(subject.open());
        Self { subject, open, now: BEGIN, sequence: 0 }
    }

    /// The writing side.
    pub fn store(&mut self) -> &mut dyn Store {
        self.open.as_mut().unwrap().0.as_mut()
    }

    /// The reading side.
    pub fn reader(&self) -> Arc<dyn Reader> {
        Arc::clone(&self.open.as_ref().unwrap().1)
    }

    /// Closes the store and opens it again.
    pub fn reopen(&mut self) {
        self.open = None;
        self.open = Some(self.subject.open());
    }

    /// A new row key, above all before.
    pub fn key(&mut self) -> RowKey {
        self.sequence += 1;
        RowKey::from_parts(self.now.as_ms(), self.sequence)
    }

    /// An empty batch of now.
    pub fn batch(&self) -> Batch {
        Batch { at: self.now, ..Batch::default() }
    }

    /// Applies a batch that must be accepted.
    pub fn apply(&mut self, batch: &Batch) -> CommitSeq {
        self.store().apply(batch).expect("the batch is lawful")
    }

    /// Applies a batch that a guard must refuse, and checks that nothing of it was left.
    pub fn refuse(&mut self, case: &str, batch: &Batch) {
        let before = self.everything();
        match self.store().apply(batch) {
            Err(ApplyError::Guard { what }) => assert!(!what.is_empty(), "{case}"),
            other => panic!("{case}: {other:?}"),
        }
        assert_eq!(self.everything(), before, "{case}: something was left");
    }

    /// Lets the store do all its work between batches.
    pub fn tidy(&mut self) {
        let now = self.now;
        let steps = (0..TIDY_STEPS_MAX).take_while(|_| self.store().tidy(now).unwrap()).count();
        assert!(steps < TIDY_STEPS_MAX, "tidy never ends");
    }

    /// What the store knows, as text: a change of anything visible changes it.
    pub fn everything(&mut self) -> String {
        let state = self.store().load().unwrap();
        let staged = self.store().staged().unwrap();
        let open = self.store().open_messages(RowKey::ZERO, usize::MAX >> 1).unwrap();
        let reader = self.reader();
        let mut figures = reader.figures().unwrap();
        figures.octets = 0;
        let list =
            reader.list_messages(&ListFilter { limit: PAGE_ROWS_MAX, ..ListFilter::default() }).unwrap();
        let views: Vec<_> = list.items.iter().map(|view| reader.message(view.message.facts.key)).collect();
        let sums = reader.ledger_sums().unwrap();
        let rollup = reader.rollup(None, Timestamp::EPOCH).unwrap();
        let inbound = reader.list_inbound(None, None, PAGE_ROWS_MAX).unwrap();
        format!("{state:?} {staged:?} {open:?} {figures:?} {views:?} {sums:?} {rollup:?} {inbound:?}")
    }

    /// Checks that the ledger balances.
    pub fn check_ledger(&self) {
        for sum in self.reader().ledger_sums().unwrap() {
            assert_eq!(sum.imbalance_micros(), 0, "{sum:?}");
        }
    }
}
