//! What must hold when everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use app::submission::Accepted;
use decide::invariant;
use ports::store::AttemptView;
use types::id::{AccountId, ConnectorId, MessageId, RowKey};
use types::message::{Class, Flags, Reason, State};
use types::receipt::Verdict;
use types::time::Timestamp;

use super::receipts::holds_receipt;
use super::{Oracle, Took};
use crate::disk::{Kept, Tables};

/// A request of a customer, with everything that it was answered.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The traffic type that its messages carry: the way in which they are found.
    pub(crate) tag: String,
    pub(crate) account: AccountId,
    /// Recipients.
    pub(crate) messages: usize,
    /// Whether it carried an idempotency key.
    pub(crate) has_key: bool,
    pub(crate) answers: Vec<Accepted>,
    /// Tries of which nobody knows what became.
    pub(crate) lost: usize,
}

impl Oracle {
    /// Looks at everything once more.
    pub(crate) fn judge_end(&mut self, tables: &Tables, asked: &[Asked], now: Timestamp) {
        self.now = now;
        self.look_at_ends(tables);
        self.look_at_ledger(tables);
        self.look_at_copies(tables);
        self.look_at_acknowledged_receipts(tables);
        self.look_at_doubts(tables);
        self.look_at_events(tables);
        self.look_at_requests(tables, asked);
    }

    fn look_at_ends(&mut self, tables: &Tables) {
        let mut open: BTreeMap<State, (usize, i64)> = BTreeMap::new();
        for key in &tables.open {
            let Some(kept) = tables.kept(*key) else { continue };
            let entry = open.entry(kept.message.progress.state).or_insert((0, key.as_i64()));
            entry.0 += 1;
        }
        self.holds(open.is_empty(), "every message comes to an end", || format!("{open:x?}"));
        let staged = &tables.staged;
        self.holds(staged.is_empty(), "nothing stays staged", || format!("{} submissions", staged.len()));
        for kept in tables.messages.values() {
            let progress = &kept.message.progress;
            *self.counts.entry(progress.state.as_str()).or_default() += 1;
        }
    }

    fn look_at_ledger(&mut self, tables: &Tables) {
        let anew = tables.sums_anew();
        self.holds(anew == tables.sums, "the ledger adds up anew", || {
            format!("{anew:?} and {:?}", tables.sums)
        });
        let off: Vec<_> = anew.values().filter(|sum| sum.imbalance_micros() != 0).collect();
        self.holds(off.is_empty(), "the ledger balances", || format!("{off:?}"));
        let held: Vec<_> = tables.lots.values().filter(|lot| lot.held_micros != 0).collect();
        self.holds(held.is_empty() || !tables.open.is_empty(), "no hold outlives its message", || {
            format!("{held:?}")
        });
    }

    /// No message went out more often than it says.
    fn look_at_copies(&mut self, tables: &Tables) {
        let takes = std::mem::take(&mut self.takes);
        for ((message, part), takes) in &takes {
            let Some(kept) = tables.kept(*message) else {
                self.broken("what a carrier took is on disk", format!("{:x}", message.as_i64()));
                continue;
            };
            self.look_at_part(*message, *part, kept, takes);
        }
        self.takes = takes;
    }

    fn look_at_part(&mut self, message: RowKey, part: u8, kept: &Kept, takes: &[Took]) {
        // After a receipt that was no delivery, or none in time, the route may ask for another connector.
        let moved_on = kept
            .attempts
            .iter()
            .filter(|view| matches!(view.row.trigger, Reason::Receipt | Reason::NoReceipt))
            .count();
        let flags = kept.message.progress.flags;
        let is_marked = flags.contains(Flags::POSSIBLE_DUPLICATE);
        let what = || {
            let takes: Vec<_> = takes.iter().map(|took| (took.attempt.attempt, took.connector.0)).collect();
            format!("{:x} part {part}: taken as {takes:?}, {moved_on} moves", message.as_i64())
        };
        let is_told = invariant::copies_are_marked(takes.len(), moved_on, is_marked);
        self.holds(is_told, "every copy is marked", what);
        let class = kept.message.facts.class;
        let prefers_none = self.prefers_no_duplicate.unwrap_or(class != Class::Bulk);
        let is_single = takes.len() <= moved_on + 1;
        self.holds(is_single || !prefers_none, "no copy where none is wanted", what);
        self.look_at_the_way(message, kept);
    }

    /// A connector that took a message is not tried again after the route has moved on.
    fn look_at_the_way(&mut self, message: RowKey, kept: &Kept) {
        let mut took: BTreeSet<ConnectorId> = BTreeSet::new();
        for view in &kept.attempts {
            let moves_on = matches!(view.row.trigger, Reason::Receipt | Reason::NoReceipt);
            let went_back = moves_on && took.contains(&view.row.connector);
            self.holds(!went_back, "no way back to a connector that took it", || {
                format!("{:x} attempt {}", message.as_i64(), view.row.attempt)
            });
            if view.parts.iter().any(|part| part.verdict == Verdict::Accepted) {
                took.insert(view.row.connector);
            }
        }
    }

    /// Every receipt that was acknowledged was matched, or was parked until it lapsed; one whose id was
    /// told must have been matched.
    fn look_at_acknowledged_receipts(&mut self, tables: &Tables) {
        for row in tables.parked.values() {
            let age_ms = self.now.ms_since(row.read_at);
            self.holds(invariant::parked_lapses(age_ms), "a parked receipt lapses after 72 hours", || {
                format!("{} after {} h", row.carrier_id, age_ms / 3_600_000)
            });
        }
        let receipts = std::mem::take(&mut self.receipts);
        for (serial, told) in &receipts {
            let Some(at) = told.acknowledged_at else { continue };
            let took = &told.took;
            let is_found =
                self.found.get(serial).is_some_and(|message| holds_receipt(tables, *message, *serial));
            if is_found {
                continue;
            }
            let kept = tables.kept(took.attempt.message);
            let answered = kept.is_some_and(|kept| id_is_known(kept, took, at));
            self.holds(!answered, "a receipt is matched once its id is known", || {
                format!("{serial} for {:x} part {}", took.attempt.message.as_i64(), took.part)
            });
        }
        self.receipts = receipts;
    }

    /// A receipt without a known id finds its message all the same when no other message to that phone
    /// was ever in doubt on that connector.
    fn look_at_doubts(&mut self, tables: &Tables) {
        let mut in_doubt: BTreeMap<(ConnectorId, i64), BTreeSet<RowKey>> = BTreeMap::new();
        for (key, kept) in &tables.messages {
            for view in kept.attempts.iter().filter(|view| was_in_doubt(view)) {
                let slot = (view.row.connector, kept.message.facts.recipient_hash);
                in_doubt.entry(slot).or_default().insert(*key);
            }
        }
        let receipts = std::mem::take(&mut self.receipts);
        for (serial, told) in &receipts {
            let (Some(at), Some(kept)) = (told.acknowledged_at, tables.kept(told.took.attempt.message))
            else {
                continue;
            };
            let slot = (told.took.connector, kept.message.facts.recipient_hash);
            let is_alone = in_doubt.get(&slot).is_some_and(|messages| messages.len() == 1);
            let is_simple = kept.attempts.len() == 1
                && kept.attempts.iter().all(|view| {
                    let age_ms = at.ms_since(view.row.started_at);
                    view.row.requests() == 1 && (0..decide::lifecycle::PARKED_HORIZON_MS).contains(&age_ms)
                });
            let must_be_found = is_alone && is_simple && told.readable && told.state.end().is_some();
            let is_found = self.found.contains_key(serial);
            self.holds(is_found || !must_be_found, "a receipt resolves the only doubt", || {
                let (state, key) = (kept.message.progress.state, told.took.attempt.message.as_i64());
                format!("receipt {serial} {} for {key:x}, which is {state}", told.state)
            });
        }
        self.receipts = receipts;
    }

    fn look_at_requests(&mut self, tables: &Tables, asked: &[Asked]) {
        let mut found: BTreeMap<&str, Vec<&Kept>> = BTreeMap::new();
        for kept in tables.messages.values() {
            found.entry(&kept.message.facts.traffic_type).or_default().push(kept);
        }
        for asked in asked {
            let kept = found.get(asked.tag.as_str()).map_or(&[][..], Vec::as_slice);
            self.look_at_request(kept, asked);
        }
    }

    fn look_at_request(&mut self, kept: &[&Kept], asked: &Asked) {
        let ids: BTreeSet<MessageId> =
            kept.iter().map(|kept| ports::store::message_id(&kept.message.facts)).collect();
        for answer in &asked.answers {
            let all = answer.messages.iter().all(|message| ids.contains(&message.id));
            let whole = answer.messages.len() == asked.messages;
            self.holds(all && whole, "every acknowledged message exists", || {
                format!("{} of account {}: {:?}", asked.tag, asked.account.0, answer.id)
            });
        }
        let first = asked.answers.first().map(|answer| answer.id);
        let same = asked.answers.iter().all(|answer| Some(answer.id) == first);
        self.holds(same || !asked.has_key, "one key gives one submission", || asked.tag.clone());
        let distinct: BTreeSet<_> = asked.answers.iter().map(|answer| answer.id).collect();
        let most = if asked.has_key { 1 } else { distinct.len() + asked.lost };
        let least = distinct.len();
        let fits = (least * asked.messages..=most * asked.messages).contains(&kept.len())
            && kept.len().is_multiple_of(asked.messages.max(1));
        self.holds(fits, "what was refused left nothing, and what was repeated came once", || {
            let (messages, answers) = (asked.messages, asked.answers.len());
            format!(
                "{}: {} kept of {messages}, {answers} answers, {} lost",
                asked.tag,
                kept.len(),
                asked.lost
            )
        });
    }
}

/// Whether nobody knew for a while what became of an attempt, or nobody ever did.
fn was_in_doubt(view: &AttemptView) -> bool {
    let unanswered = view.parts.len() < usize::from(view.row.requests());
    unanswered || view.parts.iter().any(|part| part.verdict == Verdict::Unknown)
}

/// Whether the answer that tells the id of a part is on disk, and came while its receipt was parked.
fn id_is_known(kept: &Kept, took: &Took, receipt_at: Timestamp) -> bool {
    let parts = kept.attempts.iter().filter(|view| view.row.connector == took.connector);
    let mut parts = parts.flat_map(|view| &view.parts);
    parts.any(|part| {
        let told = part.carrier_id.as_ref() == Some(&took.carrier_id);
        told && part.answered_at.ms_since(receipt_at) < decide::lifecycle::PARKED_HORIZON_MS
    })
}
