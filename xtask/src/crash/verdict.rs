//! Comparing what was promised, what is stored, what the carrier got and what was charged.
//!
//! Pure: it gets the records of all parties and counts the broken promises. Start at [`judge`].

use std::collections::{HashMap, HashSet};

use super::records::Taken;

/// States that say: nobody knows whether the carrier has it.
pub(super) const UNKNOWN_STATES: [&str; 2] = ["unknown", "unconfirmed"];
/// States in which a message is still to be handed on.
const WAITING_STATES: [&str; 3] = ["accepted", "queued", "sending"];
/// The state of a message that waits for its receipt. The carrier sends one for every message and repeats it
/// until it is taken.
const RECEIPT_STATE: &str = "submitted";
/// What became of money that the customer no longer has.
const PAID_CHARGES: [&str; 2] = ["charged", "held"];

/// A message as the platform tells it.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) id: String,
    pub(super) recipient: String,
    pub(super) state: String,
    pub(super) charge: String,
    pub(super) price_micros: i64,
    /// Whether the platform says that it may have been sent twice.
    pub(super) is_marked: bool,
    /// Whether the platform says that its receipts contradict each other.
    pub(super) is_contradicted: bool,
}

/// The records of all parties.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// The recipient of each id that a customer was given.
    pub(super) promises: HashMap<String, String>,
    /// What the carrier got.
    pub(super) taken: Taken,
    pub(super) stored: Vec<Stored>,
    /// What the customer has paid, held or charged.
    pub(super) paid_micros: i64,
    /// How far the platform itself finds its ledger to be off.
    pub(super) off_by_micros: u64,
}

/// The counts; all but the last three must be zero.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Promised and not in the store under that id and recipient.
    pub(super) lost_in_store: u64,
    /// Promised, in a state that is not unknown, and never seen by the carrier.
    pub(super) lost_on_the_way: u64,
    /// Still to be handed on when nothing moves any more.
    pub(super) stuck: u64,
    /// Still waiting for the receipt that the carrier was told to be taken.
    pub(super) receipts_lost: u64,
    /// Stored more than once.
    pub(super) stored_twice: u64,
    /// Seen by the carrier and in no store.
    pub(super) sent_unrecorded: u64,
    /// Seen again by the carrier though the platform calls the message neither a possible duplicate nor unknown.
    pub(super) unmarked_duplicates: u64,
    /// How far what was paid is from the price of what was charged.
    pub(super) charged_wrongly_micros: u64,
    /// How far the platform itself finds its ledger to be off.
    pub(super) off_by_micros: u64,
    /// Seen again by the carrier, and marked.
    pub(super) marked_duplicates: u64,
    /// Marked as unknown.
    pub(super) unknown: u64,
    /// Of those, never seen by the carrier.
    pub(super) unknown_unsent: u64,
}

/// Counts.
pub(super) fn judge(records: &Records) -> Verdict {
    let mut verdict = Verdict { off_by_micros: records.off_by_micros, ..Verdict::default() };
    let mut by_recipient: HashMap<&str, &Stored> = HashMap::new();
    for message in &records.stored {
        if by_recipient.insert(&message.recipient, message).is_some() {
            verdict.stored_twice += 1;
        }
    }
    let ids: HashSet<(&str, &str)> =
        records.stored.iter().map(|message| (message.id.as_str(), message.recipient.as_str())).collect();
    for (id, recipient) in &records.promises {
        verdict.lost_in_store += u64::from(!ids.contains(&(id.as_str(), recipient.as_str())));
    }
    for message in &records.stored {
        let is_unknown = UNKNOWN_STATES.contains(&message.state.as_str());
        let times = records.taken.times.get(&message.recipient).copied().unwrap_or(0);
        let unseen = times == 0 && !records.taken.in_the_dark.contains(&message.recipient);
        verdict.stuck += u64::from(WAITING_STATES.contains(&message.state.as_str()));
        verdict.receipts_lost += u64::from(message.state == RECEIPT_STATE);
        verdict.unknown += u64::from(is_unknown);
        verdict.unknown_unsent += u64::from(is_unknown && unseen);
        let promised = records.promises.contains_key(&message.id);
        verdict.lost_on_the_way += u64::from(promised && !is_unknown && unseen);
        let again = times.saturating_sub(1);
        if message.is_marked || is_unknown {
            verdict.marked_duplicates += again;
        } else {
            verdict.unmarked_duplicates += again;
        }
    }
    let unrecorded =
        records.taken.times.keys().filter(|recipient| !by_recipient.contains_key(recipient.as_str()));
    verdict.sent_unrecorded = u64::try_from(unrecorded.count()).unwrap_or(u64::MAX);
    let paid_for = |message: &&Stored| PAID_CHARGES.contains(&message.charge.as_str());
    let due: i64 = records.stored.iter().filter(paid_for).map(|message| message.price_micros).sum();
    verdict.charged_wrongly_micros = records.paid_micros.abs_diff(due);
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(recipient: &str, state: &str, is_marked: bool) -> Stored {
        Stored {
            id: format!("id{recipient}"),
            recipient: recipient.to_owned(),
            state: state.to_owned(),
            charge: "charged".to_owned(),
            price_micros: 40,
            is_marked,
            is_contradicted: false,
        }
    }

    fn records(stored: Vec<Stored>, taken: &[(&str, u64)], promised: &[&str]) -> Records {
        Records {
            promises: promised.iter().map(|to| (format!("id{to}"), (*to).to_owned())).collect(),
            taken: Taken {
                times: taken.iter().map(|(to, times)| ((*to).to_owned(), *times)).collect(),
                in_the_dark: HashSet::from(["dark".to_owned()]),
            },
            paid_micros: i64::try_from(stored.len()).unwrap() * 40,
            stored,
            off_by_micros: 0,
        }
    }

    #[test]
    fn broken_promises_are_counted_each_in_its_own_place() {
        let good = || message("1", "delivered", false);
        let none = Verdict::default;
        let cases = [
            ("all well", records(vec![good()], &[("1", 1)], &["1"]), none()),
            (
                "kept though never promised",
                records(vec![good(), message("2", "failed", false)], &[("1", 1)], &["1"]),
                none(),
            ),
            (
                "not in the store, though the carrier has it",
                records(vec![good()], &[("1", 1), ("2", 1)], &["1", "2"]),
                Verdict { lost_in_store: 1, sent_unrecorded: 1, ..none() },
            ),
            (
                "delivered, it says",
                records(vec![good()], &[], &["1"]),
                Verdict { lost_on_the_way: 1, ..none() },
            ),
            (
                "unknown",
                records(
                    vec![message("1", "unknown", false), message("2", "unconfirmed", false)],
                    &[("1", 1)],
                    &["1", "2"],
                ),
                Verdict { unknown: 2, unknown_unsent: 1, ..none() },
            ),
            (
                "twice, and silent about it",
                records(vec![good()], &[("1", 3)], &["1"]),
                Verdict { unmarked_duplicates: 2, ..none() },
            ),
            (
                "twice, and marked",
                records(vec![message("1", "delivered", true)], &[("1", 2)], &["1"]),
                Verdict { marked_duplicates: 1, ..none() },
            ),
            (
                "no receipt though the carrier gave one",
                records(vec![message("1", "submitted", false)], &[("1", 1)], &["1"]),
                Verdict { receipts_lost: 1, ..none() },
            ),
            (
                "waits for nothing",
                records(vec![message("1", "queued", false)], &[], &[]),
                Verdict { stuck: 1, ..none() },
            ),
            (
                "stored twice",
                records(vec![good(), good()], &[("1", 1)], &["1"]),
                Verdict { stored_twice: 1, ..none() },
            ),
            (
                "charged twice",
                Records { paid_micros: 80, ..records(vec![good()], &[("1", 1)], &["1"]) },
                Verdict { charged_wrongly_micros: 40, ..none() },
            ),
        ];
        for (name, records, expected) in cases {
            assert_eq!(judge(&records), expected, "{name}");
        }
    }

    #[test]
    fn what_was_taken_while_the_power_went_counts_neither_as_lost_nor_as_a_duplicate() {
        let stored = vec![message("dark", "delivered", false), message("1", "unknown", false)];
        let verdict = judge(&records(stored, &[("1", 1)], &["dark", "1"]));
        assert_eq!(verdict, Verdict { unknown: 1, ..Verdict::default() });
        let verdict = judge(&records(vec![message("dark", "delivered", false)], &[("dark", 1)], &["dark"]));
        assert_eq!(verdict, Verdict::default());
    }
}
