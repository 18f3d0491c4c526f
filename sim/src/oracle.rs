//! The judge: it sees every commit, everything that leaves the house and everything that carriers know,
//! and holds it against the rules of [`decide::invariant`].
//!
//! It changes nothing. What it finds is a [`Violation`]; a seed without one has passed. Commits are looked
//! at in `commits`, receipts in `receipts`, events in `events`, and the whole at its end in `end`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use ports::channel::{AttemptRef, Dispatch};
use types::address::Msisdn;
use types::id::{ConnectorId, RowKey};
use types::message::{Class, State};
use types::receipt::ReceiptState;
use types::time::Timestamp;

use crate::disk::Tables;
use crate::plan::Plan;
use crate::vitals::Vitals;

mod commits;
mod end;
mod events;
mod receipts;

pub(crate) use end::Asked;

/// Violations after which a seed is stopped.
const VIOLATIONS_MAX: usize = 5;
/// Messages that are looked at for one that waits and goes before.
const LOOK_AHEAD: usize = 5_000;

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When, on the wall clock of the simulation.
    pub at: Timestamp,
    /// Which rule, in a few words that stay the same.
    pub rule: &'static str,
    /// What was found.
    pub detail: String,
}

/// A part that a carrier took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Took {
    pub(crate) connector: ConnectorId,
    pub(crate) attempt: AttemptRef,
    pub(crate) part: u8,
    pub(crate) recipient: Msisdn,
    /// The carrier's id in its canonical notation.
    pub(crate) carrier_id: String,
}

/// A receipt that a carrier writes.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) took: Took,
    pub(crate) state: ReceiptState,
    /// Whether the recipient can be read from it.
    pub(crate) readable: bool,
    pub(crate) acknowledged_at: Option<Timestamp>,
}

/// The judge of one seed.
#[derive(Debug)]
pub(crate) struct Oracle {
    prefers_no_duplicate: Option<bool>,
    one_connector: bool,
    traces: bool,
    now: Timestamp,
    violations: Vec<Violation>,
    counts: BTreeMap<&'static str, u64>,
    hash: DefaultHasher,
    trace: String,
    /// What carriers took, by message and part.
    takes: BTreeMap<(RowKey, u8), Vec<Took>>,
    /// Which messages a carrier's id was given to.
    uses: BTreeMap<(ConnectorId, String), BTreeSet<RowKey>>,
    receipts: BTreeMap<u64, Told>,
    /// Receipts on disk that found a message, by serial number.
    found: BTreeMap<u64, RowKey>,
    inbound: BTreeMap<(ConnectorId, Timestamp), BTreeSet<u64>>,
    /// Events that a customer took.
    accepted: BTreeSet<RowKey>,
    /// Events that a customer did not take, and how often.
    failed: BTreeMap<RowKey, usize>,
}

impl Oracle {
    pub(crate) fn new(plan: &Plan, traces: bool) -> Self {
        Self {
            prefers_no_duplicate: plan.on_unknown.map(|policy| policy == "prefer_no_duplicate"),
            one_connector: plan.connectors == 1 && plan.troubles.routes_ms == 0,
            traces,
            now: Timestamp::EPOCH,
            violations: Vec::new(),
            counts: BTreeMap::new(),
            hash: DefaultHasher::new(),
            trace: String::new(),
            takes: BTreeMap::new(),
            uses: BTreeMap::new(),
            receipts: BTreeMap::new(),
            found: BTreeMap::new(),
            inbound: BTreeMap::new(),
            accepted: BTreeSet::new(),
            failed: BTreeMap::new(),
        }
    }

    /// Tells the judge the time, for what it finds from now on.
    pub(crate) const fn it_is(&mut self, now: Timestamp) {
        self.now = now;
    }

    pub(crate) fn broken(&mut self, rule: &'static str, detail: String) {
        self.note(|| format!("VIOLATION {rule}: {detail}"));
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(Violation { at: self.now, rule, detail });
        }
    }

    fn holds(&mut self, holds: bool, rule: &'static str, detail: impl FnOnce() -> String) {
        if !holds {
            self.broken(rule, detail());
        }
    }

    /// Counts something that happened.
    pub(crate) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// Writes a line into the trace, when one is wanted.
    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        if self.traces {
            // Writing to a text cannot fail.
            let written = writeln!(self.trace, "{} {}", self.now, line());
            debug_assert!(written.is_ok(), "a text takes every line");
        }
    }

    pub(crate) fn must_stop(&self) -> bool {
        !self.violations.is_empty()
    }

    pub(crate) fn verdict(self) -> (Vec<Violation>, BTreeMap<&'static str, u64>, u64, String) {
        (self.violations, self.counts, self.hash.finish(), self.trace)
    }

    /// A carrier took a part.
    pub(crate) fn took(&mut self, took: &Took) {
        self.count("parts_taken");
        (took.attempt, took.part, took.connector, &took.carrier_id).hash(&mut self.hash);
        self.note(|| format!("taken {} part {} as {}", name(took.attempt), took.part, took.carrier_id));
        let message = took.attempt.message;
        self.uses.entry((took.connector, took.carrier_id.clone())).or_default().insert(message);
        self.takes.entry((message, took.part)).or_default().push(took.clone());
    }

    /// Messages are handed to a channel: each must be on disk as being sent, and higher classes go first.
    pub(crate) fn handed(
        &mut self,
        tables: &Tables,
        connector: ConnectorId,
        batch: &[Dispatch],
        vitals: &Vitals,
        now: Timestamp,
    ) {
        self.now = now;
        for dispatch in batch {
            self.count("attempts");
            let attempt = dispatch.attempt;
            (attempt, connector).hash(&mut self.hash);
            self.note(|| format!("handed {} to {}", name(attempt), connector.0));
            let Some(kept) = tables.kept(attempt.message) else {
                self.broken("handed over and not on disk", name(attempt));
                continue;
            };
            let rows = &kept.attempts;
            let is_written = rows
                .iter()
                .any(|view| view.row.attempt == attempt.attempt && view.row.connector == connector);
            let progress = &kept.message.progress;
            let is_sending = decide::invariant::is_written_ahead(
                progress.state,
                progress.attempts,
                attempt.attempt,
                is_written,
            );
            let who = if vitals.is_ghost() { "a ghost's " } else { "" };
            self.holds(is_sending, "handed over only after its attempt is on disk", || {
                format!("{who}{}: {} attempts {}", name(attempt), progress.state, progress.attempts)
            });
            let in_time = kept.message.facts.expires_at > now;
            self.holds(in_time, "not sent after its validity", || name(attempt));
        }
        if self.one_connector {
            self.look_at_classes(tables, batch, now);
        }
    }

    fn look_at_classes(&mut self, tables: &Tables, batch: &[Dispatch], now: Timestamp) {
        let handed: BTreeSet<RowKey> = batch.iter().map(|dispatch| dispatch.attempt.message).collect();
        let waits = |key: &RowKey| {
            let kept = tables.kept(*key)?;
            let (facts, progress) = (&kept.message.facts, &kept.message.progress);
            let waits = progress.state == State::Queued && progress.attempts == 0;
            let before = facts.accepted_at < now && facts.expires_at > now;
            (waits && before && !tables.staged.contains(&facts.submission)).then_some(facts.class)
        };
        let waiting = tables.open.iter().filter(|key| !handed.contains(key)).take(LOOK_AHEAD);
        let Some(first) = waiting.filter_map(waits).min_by_key(|class| class.code()) else { return };
        let lower = |class: Class| class.code() > first.code();
        let before_its_turn = batch.iter().filter(|dispatch| lower(dispatch.class)).count();
        let keeps = decide::invariant::classes_keep_their_order(first, before_its_turn, batch.len());
        self.holds(keeps, "higher classes go first", || {
            format!("{before_its_turn} of {} were handed over while {first} waited", batch.len())
        });
    }
}

/// An attempt in a few characters.
pub(crate) fn name(attempt: AttemptRef) -> String {
    format!("{:x}/{}", attempt.message.as_i64(), attempt.attempt)
}
