//! What a customer counts, whatever the door: promises, refusals and how long they took.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::latency::Latencies;
use super::peer;
use super::plan::{Plan, Rate};
use super::records::Records;
use super::text::Recipients;
use crate::random::Random;
use crate::usage;

/// The time over which the longest latency is kept, to see when a peer stalls.
const SLOT_US: u64 = 100_000;
/// Slots that are told, the slowest first.
const SLOTS_TOLD: usize = 10;

/// Options of customers at every door.
#[derive(clap::Args, Debug)]
pub(super) struct CustomerOptions {
    /// One account a line: system id, password, key, secret.
    #[arg(long, value_name = "FILE")]
    pub(super) accounts: PathBuf,
    /// Messages per second, or `max`.
    #[arg(long, default_value = "max")]
    pub(super) rate: Rate,
    /// How long to send.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Send so many messages and no more, within the time.
    #[arg(long, value_name = "NUMBER")]
    messages: Option<u64>,
    /// Seed of recipients and senders.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Send to numbers that never repeat, from this one on.
    #[arg(long, value_name = "NUMBER")]
    first: Option<u64>,
    /// Append a line `id recipient` for every promise.
    #[arg(long, value_name = "FILE")]
    acknowledged: Option<PathBuf>,
    /// Append to these lines when the message was sent and when it was promised, in microseconds since 1970.
    #[arg(long)]
    times: bool,
}

impl CustomerOptions {
    /// A run that begins now.
    pub(super) fn plan(&self) -> Plan {
        Plan::begin(self.rate, self.seconds, self.messages)
    }

    /// What chooses senders, and the recipients.
    pub(super) const fn chance(&self) -> (Random, Recipients) {
        (Random::new(self.seed), Recipients::new(self.seed, self.first))
    }

    /// Counts that begin now.
    pub(super) fn tally(&self) -> anyhow::Result<Tally> {
        Ok(Tally { notes_times: self.times, ..Tally::new(self.acknowledged.as_deref())? })
    }
}

/// Counts of a run.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) sent: u64,
    acknowledged: u64,
    /// Of those, before the planned end of sending.
    acknowledged_in_time: u64,
    /// When the last promise was given.
    last_us: u64,
    refused: BTreeMap<String, u64>,
    latencies: Latencies,
    /// The longest latency of what was answered in each slot of [`SLOT_US`].
    slots: BTreeMap<u64, u64>,
    pub(super) links: u64,
    pub(super) links_lost: u64,
    records: Records,
    notes_times: bool,
}

impl Tally {
    /// Counts anew; lines `id recipient` about promises go to the file.
    fn new(records: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self { records: Records::open(records)?, ..Self::default() })
    }

    /// A message was promised to be delivered.
    pub(super) fn acknowledge(&mut self, plan: &Plan, now_us: u64, due_us: u64, id: &str, recipient: &str) {
        self.acknowledged += 1;
        self.acknowledged_in_time += u64::from(now_us <= plan.end_us());
        self.last_us = now_us;
        let latency_us = now_us.saturating_sub(due_us);
        self.latencies.note(latency_us);
        let longest = self.slots.entry(now_us / SLOT_US).or_default();
        *longest = latency_us.max(*longest);
        if self.notes_times {
            let promised_us = peer::unix_now_us();
            let sent_us = promised_us.saturating_sub(latency_us);
            self.records.push(&[id, recipient, &sent_us.to_string(), &promised_us.to_string()]);
        } else {
            self.records.push(&[id, recipient]);
        }
    }

    /// A message was refused.
    pub(super) fn refuse(&mut self, word: &str) {
        match self.refused.get_mut(word) {
            Some(count) => *count += 1,
            None => drop(self.refused.insert(word.to_owned(), 1)),
        }
    }

    /// Hands what was promised to the system.
    pub(super) fn flush(&mut self) {
        self.records.flush();
    }

    /// Whether recipients are asked for.
    pub(super) const fn keeps_records(&self) -> bool {
        self.records.is_kept()
    }

    /// Messages that were answered.
    pub(super) fn answered(&self) -> u64 {
        self.acknowledged + self.refused.values().sum::<u64>()
    }

    /// Messages that were promised.
    pub(super) const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// When the longest latencies were seen: milliseconds since the beginning, and how long.
    fn slowest(&self) -> Vec<Value> {
        let mut slots: Vec<(u64, u64)> = self.slots.iter().map(|(slot, longest)| (*longest, *slot)).collect();
        slots.sort_unstable_by(|one, other| other.cmp(one));
        let told = slots.into_iter().take(SLOTS_TOLD);
        told.map(|(longest, slot)| json!({ "at_ms": slot * SLOT_US / 1_000, "longest_us": longest }))
            .collect()
    }

    /// The counts as JSON.
    ///
    /// # Errors
    /// When a promise could not be noted.
    pub(super) fn summary(&mut self, plan: &Plan) -> anyhow::Result<Value> {
        self.records.check()?;
        // A run of so many messages mostly ends before its time.
        let took_us = plan.messages().map_or(plan.end_us(), |_| self.last_us);
        let rate = self.acknowledged_in_time.saturating_mul(1_000_000) / took_us.max(1);
        Ok(json!({
            "sent": self.sent, "acknowledged": self.acknowledged, "refused": self.refused,
            "unanswered": self.sent.saturating_sub(self.answered()),
            "acknowledged_per_second": rate, "latency_us": self.latencies.summary(), "slowest": self.slowest(),
            "links": self.links, "links_lost": self.links_lost, "cpu_us": usage::cpu_us("self").unwrap_or(0),
        }))
    }
}
