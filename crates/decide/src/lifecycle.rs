//! The one transition function of a message: every state change after admission is decided here.
//!
//! Inputs are a carrier's answer, a receipt, a due time or a customer's wish; the output is the new
//! progress and what follows from it: money moves, what the customer hears, whether the message
//! waits for a connector. Nobody else writes a state.
//!
//! ```text
//! scheduled ─due─► queued ─► sending ─taken─► submitted ─receipt─► delivered | undelivered | …
//!                    ▲         │  └─no answer─► unknown ─late answer, receipt─► submitted, …
//!                    └─────────┴── throttled, transient, next connector, patience over
//! ```

use types::charge::{ChargeState, ChargeTrigger, PostingKind};
use types::message::{Flags, Reason, State, UnknownPolicy};
use types::receipt::{ReceiptState, Verdict};
use types::time::Timestamp;

mod pause;
mod suppressed;
mod transition;

use transition::Step;

/// Waits after a transient answer, in order; the last one repeats until the validity ends.
pub const TRANSIENT_WAITS_MS: [i64; 5] = [5_000, 30_000, 120_000, 600_000, 1_800_000];
/// Wait after the carrier asked to slow down; it doubles with every ten attempts, up to the last
/// of [`TRANSIENT_WAITS_MS`].
pub const THROTTLED_WAIT_MS: i64 = 1_000;
/// Wait after a crash before a message is worked on once more.
pub const CRASH_WAIT_MS: i64 = 5_000;
/// How long an unknown outcome waits for a late answer before the policy acts, and a carrier that was asked may take
/// to answer.
pub const UNKNOWN_GRACE_MS: i64 = 60_000;
/// How long an unknown outcome waits for a receipt before it ends as unconfirmed: 72 hours.
pub const UNKNOWN_HORIZON_MS: i64 = 259_200_000;
/// How long a taken message waits for its receipt: 72 hours.
pub const RECEIPT_HORIZON_MS: i64 = 259_200_000;
/// How long a receipt that found no message waits for one: 72 hours.
pub const PARKED_HORIZON_MS: i64 = 259_200_000;
/// Attempts of one message; more end it as failed.
pub const ATTEMPTS_MAX: u8 = 200;
/// How far a message has come; what `step` reads and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What has become of it.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// Marks.
    pub flags: Flags,
    /// The money event.
    pub charge: ChargeState,
    /// Attempts made.
    pub attempts: u8,
    /// When something is due; [`Timestamp::NEVER`] for nothing.
    pub due_at: Timestamp,
    /// First taken by a carrier.
    pub submitted_at: Option<Timestamp>,
    /// Ended.
    pub final_at: Option<Timestamp>,
}

/// What steers the next step of a message.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// What to do about unknown outcomes.
    pub on_unknown: UnknownPolicy,
    /// Whether the carrier of the latest attempt can be asked, by the ids that it gave.
    pub can_query: bool,
    /// Whether it sends receipts.
    pub receipts: bool,
    /// Ends told by a receipt after which the next connector is tried.
    pub reroute_on: &'a [State],
    /// Whether the receipt's error asks for another connector (the connector's error table).
    pub error_reroutes: bool,
    /// Milliseconds to wait for a receipt before the next connector is tried.
    pub patience_ms: Option<i64>,
    /// Whether a connector is left that was not tried.
    pub more_connectors: bool,
    /// When the message stops being worth sending.
    pub expires_at: Timestamp,
    /// What makes the hold a charge.
    pub trigger: ChargeTrigger,
    /// Transient answers so far.
    pub transient_count: u8,
    /// Times that it was sent again after an unknown outcome.
    pub resent_count: u8,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// It is about to be written to a connector.
    Begin,
    /// All parts of attempt number `attempt` have an answer; the worst one and why.
    Answer {
        /// Which attempt.
        attempt: u8,
        /// The worst answer of its parts.
        verdict: Verdict,
        /// What to note.
        reason: Reason,
    },
    /// All parts of an attempt have a receipt that is an end (the worst one), or one part has one
    /// that is none.
    Receipt {
        /// Which attempt.
        attempt: u8,
        /// What it tells.
        state: ReceiptState,
    },
    /// The carrier was asked and does not know the message.
    NotKnownByPeer,
    /// Something that was due has come.
    Due,
    /// The customer withdraws it.
    Cancel,
    /// Its recipient has come onto the account's suppression list.
    Suppressed,
    /// The connector to be tried cannot carry the content after all: the next one may.
    NotEncodable,
    /// No connector of its route will ever take it.
    NoConnector,
    /// A step of ours crashed while it worked on the message, and nothing of that step was kept.
    Crashed,
    /// A person lets a message go on that waited for one.
    Release,
    /// A person gives a message up that waited for one.
    GiveUp,
}

/// What follows from a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// What happens to the hold.
    pub money: Option<PostingKind>,
    /// The state moved in a way that the customer may want to hear.
    pub tell: bool,
    /// It waits for a connector from now (or from `due_at`) on.
    pub enqueue: bool,
    /// The connector of the latest attempt is not tried again.
    pub leave_connector: bool,
    /// The carrier is asked what became of it.
    pub query: bool,
    /// The receipt contradicts the end that was told.
    pub contradicts: bool,
    /// The transient count rises.
    pub transient: bool,
    /// It is sent again after an unknown outcome.
    pub resent: bool,
    /// What the journal notes, where the reason of the state is another.
    pub note: Option<Reason>,
}

/// Why a step is not possible: the input does not fit the state, and nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the input does not fit the state")]
pub struct NotApplicable;

/// Decides the next step of a message.
///
/// # Errors
/// [`NotApplicable`] when the input means nothing in this state: nothing changes, which is what
/// makes repeated answers and receipts harmless.
pub fn step(
    stage: &Stage,
    policy: &Policy<'_>,
    input: Input,
    now: Timestamp,
) -> Result<(Stage, Effects), NotApplicable> {
    let step = Step { stage: *stage, policy, now };
    match input {
        Input::Begin => step.begin(),
        Input::Answer { attempt, verdict, reason } => step.answer(attempt, verdict, reason),
        Input::Receipt { attempt, state } => step.receipt(attempt, state),
        Input::NotKnownByPeer => step.not_known_by_peer(),
        Input::Due => step.due(),
        Input::Cancel => step.cancel(),
        Input::Suppressed => step.suppressed(),
        Input::NotEncodable => step.not_encodable(),
        Input::NoConnector => step.no_connector(),
        Input::Crashed => step.crashed(),
        Input::Release => step.release(),
        Input::GiveUp => step.give_up(),
    }
}

/// The worst of the answers to the parts of one attempt, in the order in which they bind: an
/// unknown part makes the whole unknown; a part that was taken cannot be taken back.
pub fn worst_verdict(verdicts: impl Iterator<Item = Verdict>) -> Option<Verdict> {
    let weight = |verdict: Verdict| match verdict {
        Verdict::Accepted => 0,
        Verdict::Throttled => 1,
        Verdict::Transient => 2,
        Verdict::Crashed => 3,
        Verdict::Reroute => 4,
        Verdict::Permanent => 5,
        Verdict::Unknown => 6,
    };
    verdicts.max_by_key(|verdict| weight(*verdict))
}

/// The worst of the receipts of the parts of one attempt: delivered only when every part is.
pub fn worst_receipt(states: impl Iterator<Item = ReceiptState>) -> Option<ReceiptState> {
    let weight = |state: ReceiptState| match state {
        ReceiptState::Delivered => 0,
        ReceiptState::Expired => 1,
        ReceiptState::Deleted => 2,
        ReceiptState::Undelivered => 3,
        ReceiptState::Rejected => 4,
        ReceiptState::Enroute | ReceiptState::Accepted | ReceiptState::Unknown => 5,
    };
    states.max_by_key(|state| weight(*state))
}

#[cfg(test)]
mod tests;
