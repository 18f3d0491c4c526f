//! The story of a message as entries in the order of time, each with the platform's words, the
//! carrier's raw words, and the reasons of what was decided there.

use app::detail::{AttemptDetail, Because, MessageDetail, PartAnswer, ReceiptDetail};
use types::message::Reason;
use types::receipt::{Origin, ReceiptState, Verdict};
use types::time::Timestamp;

use crate::view::{Hue, Piece, distance, exact_time, readable, shown_address, word};

/// Who looks.
#[derive(Clone, Copy)]
pub(super) struct Eye {
    /// May see phone numbers.
    pub(super) unmasked: bool,
    /// Belongs to the operator: sees suppliers and what they ask.
    pub(super) staff: bool,
}

/// One entry of the timeline.
pub(super) struct Entry {
    /// Stays the same when the page is shown again, so that what is open stays open.
    pub(super) key: String,
    pub(super) time: Piece,
    /// From acceptance.
    pub(super) distance: String,
    pub(super) hue: &'static str,
    pub(super) title: String,
    pub(super) facts: Vec<(&'static str, String)>,
    /// The customer's words.
    pub(super) text: Option<String>,
    /// The carrier's words, untouched.
    pub(super) raw: Vec<(String, String)>,
    pub(super) whys: Vec<Why>,
    at: Timestamp,
    stages: &'static [&'static str],
}

/// Why something was decided.
pub(super) struct Why {
    /// What is asked, e.g. `Why this price?`.
    pub(super) question: &'static str,
    pub(super) text: String,
    pub(super) facts: Vec<(&'static str, String)>,
}

impl Entry {
    fn new(at: Timestamp, hue: Hue, title: impl Into<String>, stages: &'static [&'static str]) -> Self {
        Self {
            key: String::new(),
            time: exact_time(at),
            distance: String::new(),
            hue: hue.class(),
            title: title.into(),
            facts: Vec::new(),
            text: None,
            raw: Vec::new(),
            whys: Vec::new(),
            at,
            stages,
        }
    }

    fn fact(&mut self, name: &'static str, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.facts.push((name, value));
        }
    }

    fn word_for_word(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.raw.push((name.into(), value));
        }
    }
}

/// The story of a message.
pub(super) fn entries(message: &MessageDetail, becauses: &[Because], eye: Eye) -> Vec<Entry> {
    let mut entries = vec![received(message, eye), accepted(message)];
    for attempt in &message.attempts {
        entries.push(attempted(attempt, eye));
        entries.extend(answers(attempt, eye));
        entries.extend(receipts(attempt));
    }
    if let Some(at) = message.final_at {
        entries.push(ended(message, at));
    }
    for because in becauses {
        if eye.staff {
            attach(&mut entries, because.clone());
        } else {
            attach(&mut entries, because.for_customer(message));
        }
    }
    entries.sort_by_key(|entry| entry.at);
    for (place, entry) in entries.iter_mut().enumerate() {
        entry.distance = distance(entry.at.ms_since(message.accepted_at));
        entry.key = format!("entry-{place}");
    }
    entries
}

fn received(message: &MessageDetail, eye: Eye) -> Entry {
    let mut entry = Entry::new(message.received_at, Hue::Waiting, "Received", &[]);
    entry.fact("To", shown_address(&message.destination, eye.unmasked));
    entry.fact("From", shown_address(&message.source, eye.unmasked));
    entry.text = message.content.as_ref().map(readable);
    entry
}

fn accepted(message: &MessageDetail) -> Entry {
    let stages = &["admission", "price", "charge"];
    let title = if message.send_at.is_some() { "Accepted and scheduled" } else { "Accepted" };
    let mut entry = Entry::new(message.accepted_at, Hue::Waiting, title, stages);
    entry.fact("Parts", message.parts.to_string());
    entry.fact("Price", message.price.to_string());
    if let Some(at) = message.send_at {
        entry.fact("Not before", at.to_string());
    }
    entry
}

fn attempted(attempt: &AttemptDetail, eye: Eye) -> Entry {
    let by = if eye.staff { format!(" by {}", attempt.connector) } else { String::new() };
    let title = format!("Attempt {}{by}", attempt.number);
    let mut entry = Entry::new(attempt.started_at, Hue::Moving, title, &["route", "attempt"]);
    if attempt.trigger != Reason::None {
        entry.fact("After", reason_words(attempt.trigger));
    }
    entry.fact("Parts", attempt.parts.to_string());
    if eye.staff {
        entry.fact("Supplier", attempt.supplier.clone());
        entry.fact("Route", format!("{} of version {}", attempt.route, attempt.traffic_version));
        if let Some(owed) = attempt.owed.filter(|owed| owed.parts > 0) {
            entry.fact("Cost", owed.amount.to_string());
        }
        if let Some(owed) = attempt.owed.filter(|owed| owed.possible_parts > 0) {
            entry.fact("Possible cost", owed.possible.to_string());
        }
        for (name, reason) in &attempt.passed_over {
            entry.fact("Passed over", format!("{name}: {}", reason_words(*reason)));
        }
    }
    entry
}

/// Answers that say the same stand together.
fn answers(attempt: &AttemptDetail, eye: Eye) -> Vec<Entry> {
    let same = |a: &PartAnswer, b: &PartAnswer| a.verdict == b.verdict && a.status == b.status;
    attempt.answers.chunk_by(same).filter_map(|answers| answered(attempt, answers, eye)).collect()
}

fn answered(attempt: &AttemptDetail, answers: &[PartAnswer], eye: Eye) -> Option<Entry> {
    let (first, last) = (answers.first()?, answers.last()?);
    let hue = match first.verdict {
        Verdict::Accepted => Hue::Moving,
        Verdict::Throttled | Verdict::Transient => Hue::Waiting,
        Verdict::Permanent | Verdict::Reroute | Verdict::Crashed => Hue::Failed,
        Verdict::Unknown => Hue::Doubtful,
    };
    let whole = attempt.parts <= 1;
    let about = if whole { String::new() } else { parts_words(answers.iter().map(|answer| answer.part)) };
    let mut entry =
        Entry::new(last.answered_at, hue, format!("{}{about}", verdict_words(first.verdict)), &["answer"]);
    let waited = distance(last.answered_at.ms_since(first.written_at));
    entry.fact("Answered after", waited.trim_start_matches('+'));
    if first.status != 0 || first.verdict != Verdict::Unknown {
        entry.word_for_word("status", format!("0x{:08X}", first.status));
    }
    // How a supplier writes its ids tells who it is.
    for answer in answers.iter().filter(|_| eye.staff) {
        let name = if whole { "id".to_owned() } else { format!("id, part {}", answer.part) };
        entry.word_for_word(name, answer.carrier_id.clone().unwrap_or_default());
    }
    Some(entry)
}

/// Receipts that say the same stand together.
fn receipts(attempt: &AttemptDetail) -> Vec<Entry> {
    let same = |a: &ReceiptDetail, b: &ReceiptDetail| {
        (a.origin, a.state, &a.stat, &a.error, a.contradicts)
            == (b.origin, b.state, &b.stat, &b.error, b.contradicts)
    };
    attempt.receipts.chunk_by(same).filter_map(|receipts| receipted(attempt, receipts)).collect()
}

fn receipted(attempt: &AttemptDetail, receipts: &[ReceiptDetail]) -> Option<Entry> {
    let (first, last) = (receipts.first()?, receipts.last()?);
    let hue = first.state.end().map_or(Hue::Moving, Hue::of);
    let whole = attempt.parts <= 1;
    let about = if whole { String::new() } else { parts_words(receipts.iter().map(|receipt| receipt.part)) };
    let contradicts = if first.contradicts { ", which contradicts the end told before" } else { "" };
    let title = format!("{}: {}{about}{contradicts}", origin_words(first.origin), receipt_words(first.state));
    let hue = if first.contradicts { Hue::Doubtful } else { hue };
    let mut entry = Entry::new(last.read_at, hue, title, &["receipt"]);
    entry.word_for_word("stat", first.stat.clone());
    entry.word_for_word("err", first.error.clone());
    entry.word_for_word("submit date", first.submit_date.clone());
    entry.word_for_word("done date", last.done_date.clone());
    Some(entry)
}

fn ended(message: &MessageDetail, at: Timestamp) -> Entry {
    let mut entry = Entry::new(at, Hue::of(message.state), word(message.state), &["end", "charge", "report"]);
    if message.reason != Reason::None {
        entry.fact("Because", reason_words(message.reason));
    }
    entry.fact("Money", crate::view::charge_words(message.charge));
    entry.word_for_word("err", message.receipt_error.clone());
    entry
}

/// Puts a reason to the entry of its stage that is nearest in time; one without such an entry
/// becomes an entry itself.
fn attach(entries: &mut Vec<Entry>, because: Because) {
    let why = Why { question: question(because.stage), text: because.text, facts: because.facts };
    let fitting = entries.iter_mut().filter(|entry| entry.stages.contains(&because.stage));
    let nearest = fitting.min_by_key(|entry| entry.at.ms_since(because.at).unsigned_abs());
    if let Some(entry) = nearest {
        entry.whys.push(why);
        return;
    }
    let mut entry = Entry::new(because.at, Hue::Waiting, stage_words(because.stage), &[]);
    entry.whys.push(why);
    entries.push(entry);
}

fn stage_words(stage: &str) -> &'static str {
    match stage {
        "admission" => "Admitted",
        "price" => "Priced",
        "route" => "Routed",
        "attempt" => "Attempted",
        "answer" => "Answered",
        "receipt" => "Receipt",
        "charge" => "Money",
        "end" => "Ended",
        "report" => "Told to you",
        _ => "Decided",
    }
}

/// The question that a reason answers.
fn question(stage: &str) -> &'static str {
    match stage {
        "admission" => "Why accepted?",
        "price" => "Why this price?",
        "route" => "Why this route?",
        "attempt" => "Why this attempt?",
        "answer" => "What does the answer mean?",
        "receipt" => "What does the receipt mean?",
        "charge" => "Why this charge?",
        "end" => "Why this end?",
        "report" => "Who was told?",
        _ => "Why?",
    }
}

/// `, part 2` or `, parts 1–3`.
fn parts_words(parts: impl Iterator<Item = u8> + Clone) -> String {
    match (parts.clone().min(), parts.max()) {
        (Some(first), Some(last)) if first == last => format!(", part {first}"),
        (Some(first), Some(last)) => format!(", parts {first}–{last}"),
        _ => String::new(),
    }
}

const fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "The carrier took it",
        Verdict::Throttled => "The carrier asked to slow down",
        Verdict::Transient => "The carrier could not take it now",
        Verdict::Permanent => "The carrier refused it for good",
        Verdict::Reroute => "This connector could not take it",
        Verdict::Unknown => "Nobody knows whether the carrier has it",
        Verdict::Crashed => "Writing it crashed here; nothing of it left",
    }
}

const fn origin_words(origin: Origin) -> &'static str {
    match origin {
        Origin::Carrier => "Carrier's receipt",
        Origin::Intermediate => "Carrier's word on the way",
        Origin::Platform => "Decided here, not by the carrier",
        Origin::Staff => "Set by a person of the operator",
    }
}

const fn receipt_words(state: ReceiptState) -> &'static str {
    match state {
        ReceiptState::Enroute => "on its way",
        ReceiptState::Delivered => "delivered",
        ReceiptState::Expired => "expired",
        ReceiptState::Deleted => "deleted",
        ReceiptState::Undelivered => "undelivered",
        ReceiptState::Accepted => "taken on the recipient's behalf",
        ReceiptState::Unknown => "the carrier does not know",
        ReceiptState::Rejected => "rejected",
    }
}

/// Why a message is in its state, in a few words.
pub(super) const fn reason_words(reason: Reason) -> &'static str {
    match reason {
        Reason::None => "nothing in particular",
        Reason::Receipt => "a carrier's receipt says so",
        Reason::CarrierRefused => "the carrier refused it for good",
        Reason::RoutesExhausted => "every eligible connector was tried",
        Reason::ValidityEnded => "its validity ended before it was sent",
        Reason::Withdrawn => "it was withdrawn",
        Reason::Suppressed => "the recipient wants no more messages",
        Reason::NoReceipt => "no receipt came in time",
        Reason::LinkBroke => "the link broke between the write and the answer",
        Reason::AnswerMissing => "the answer did not come in time",
        Reason::ProcessStopped => "the process stopped between the write and the answer",
        Reason::Throttled => "the carrier asked to slow down",
        Reason::Transient => "the carrier could not take it now",
        Reason::Rerouted => "the connector could not take it; the next one may",
        Reason::NoConnectorUp => "no eligible connector is up",
        Reason::NotEncodable => "its content cannot be written for the connector",
        Reason::Quarantined => "working on it crashed twice",
        Reason::CrashedWriting => "writing it for the connector crashed",
        Reason::CrashedDeciding => "a step of the engine crashed on it",
        Reason::GivenUp => "a person of the operator gave it up",
        Reason::Released => "a person of the operator let it go on",
        Reason::Erased => "its content was erased",
    }
}

#[cfg(test)]
mod tests {
    use super::parts_words;

    #[test]
    fn parts_are_named_briefly() {
        assert_eq!(parts_words([1, 2, 3].into_iter()), ", parts 1–3");
        assert_eq!(parts_words([2].into_iter()), ", part 2");
        assert_eq!(parts_words([].into_iter()), "");
    }
}
