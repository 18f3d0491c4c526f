//! What must hold at any moment: pure predicates, shared by tests, metrics and simulation.

use types::charge::{ChargeState, Lot};
use types::message::{Class, Flags, State};

use crate::lifecycle::PARKED_HORIZON_MS;

/// How much longer the removal of what has lapsed may take, milliseconds.
const SWEEP_SLACK_MS: i64 = 3_600_000;
/// Of so many turns of a connector's queue, one begins with the lowest class, and another one with the
/// class in the middle.
pub const ROUND_TURNS: usize = 10;

/// A hold never outlives its message: an ended message holds nothing.
pub const fn hold_ends_with_message(state: State, charge: ChargeState) -> bool {
    !(state.is_final() && matches!(charge, ChargeState::Held))
}

/// A lot is never below its floor, and never holds a negative amount.
pub const fn lot_is_sound(lot: &Lot, floor_micros: i64) -> bool {
    lot.available_micros >= floor_micros && lot.held_micros >= 0
}

/// One money event each: a hold is charged or released once, a charge may be paid back once, and nothing
/// else moves. A commit may hold several steps of a message, but a message has one money event.
pub const fn charge_step_is_lawful(from: ChargeState, to: ChargeState) -> bool {
    let may = match from {
        ChargeState::None => matches!(to, ChargeState::Held | ChargeState::Charged),
        ChargeState::Held => matches!(to, ChargeState::Charged | ChargeState::Released),
        ChargeState::Charged => matches!(to, ChargeState::Refunded),
        ChargeState::Released | ChargeState::Refunded => false,
    };
    may || from as u8 == to as u8
}

/// A message has an end time when it has ended, and only then.
pub const fn end_has_its_time(state: State, has_end_time: bool) -> bool {
    state.is_final() == has_end_time
}

/// Every commit that changes a message raises its version by one: the guard against a second writer.
pub const fn version_rises(before: u32, after: u32) -> bool {
    after == before.wrapping_add(1)
}

/// Attempts are counted up only by attempts that are written in the same commit.
pub fn attempts_are_written(before: u8, after: u8, rows_written: usize) -> bool {
    after.checked_sub(before).map(usize::from) == Some(rows_written)
}

/// A message may be handed to a channel only while the disk says that it is being sent by this very
/// attempt.
pub const fn is_written_ahead(state: State, attempts: u8, handed: u8, row_is_written: bool) -> bool {
    matches!(state, State::Sending) && attempts == handed && row_is_written
}

/// Marks are never taken back, except that of a possible duplicate whose copy was never sent, and those of
/// a message that a person has released.
pub const fn marks_stay(before: Flags, after: Flags) -> bool {
    let may_go = Flags::POSSIBLE_DUPLICATE.with(Flags::PAUSES);
    before.without(after).without(may_go).bits() == 0
}

/// A message that waits for a person is not begun.
pub const fn a_pause_holds(before: Flags, from: State, to: State) -> bool {
    before.pause().is_none() || !matches!(to, State::Sending) || matches!(from, State::Sending)
}

/// A part that carriers took more than once is marked as a possible duplicate, unless the route moved on
/// as often: after a receipt that was no delivery, or after patience.
pub const fn copies_are_marked(taken: usize, moved_on: usize, is_marked: bool) -> bool {
    is_marked || taken <= moved_on + 1
}

/// Of the messages handed over at once, those of lower classes get their share of turns and one more, and
/// no more, while one of the class `waits` does: both lower classes have one turn of a round each.
pub const fn classes_keep_their_order(waits: Class, lower_handed: usize, handed: usize) -> bool {
    let per_turn = match waits {
        Class::OneTime => ROUND_TURNS / 2,
        Class::Transactional => ROUND_TURNS,
        Class::Bulk => return lower_handed == 0,
    };
    lower_handed <= handed / per_turn + 2
}

/// A receipt without a message is on disk for 72 hours and not much longer: it holds a recipient.
pub const fn parked_lapses(age_ms: i64) -> bool {
    age_ms <= PARKED_HORIZON_MS + SWEEP_SLACK_MS
}

/// How far a state is for the customer. Steps go up, except back to queued for another attempt.
pub const fn rank(state: State) -> u8 {
    match state {
        State::Accepted => 0,
        State::Scheduled => 1,
        State::Queued => 2,
        State::Sending => 3,
        State::Unknown => 4,
        State::Submitted => 5,
        State::NoReport | State::Unconfirmed => 6,
        State::Delivered
        | State::Undelivered
        | State::Expired
        | State::Rejected
        | State::Deleted
        | State::Failed
        | State::Cancelled => 7,
    }
}

/// Whether a step from one state to another is lawful. This is the whole graph; a state may also
/// stay what it is.
pub const fn step_is_lawful(from: State, to: State) -> bool {
    let may = match from {
        State::Accepted => {
            matches!(to, State::Scheduled | State::Queued | State::Expired | State::Cancelled | State::Failed)
        }
        // Failed: a person gave it up.
        State::Scheduled => {
            matches!(to, State::Queued | State::Expired | State::Cancelled | State::Failed)
        }
        // Beyond sending: late word of an attempt that was given up, or a person who waits for none.
        State::Queued => matches!(
            to,
            State::Sending
                | State::Unknown
                | State::Submitted
                | State::NoReport
                | State::Unconfirmed
                | State::Delivered
                | State::Expired
                | State::Failed
                | State::Cancelled
        ),
        State::Sending => {
            is_told_by_receipt(to)
                || matches!(
                    to,
                    State::Queued | State::Unknown | State::Submitted | State::NoReport | State::Failed
                )
        }
        State::Unknown => {
            is_told_by_receipt(to)
                || matches!(
                    to,
                    State::Queued | State::Submitted | State::NoReport | State::Unconfirmed | State::Failed
                )
        }
        State::Submitted => is_told_by_receipt(to) || matches!(to, State::Queued | State::NoReport),
        State::NoReport | State::Unconfirmed => is_told_by_receipt(to),
        State::Delivered
        | State::Undelivered
        | State::Expired
        | State::Rejected
        | State::Deleted
        | State::Failed
        | State::Cancelled => false,
    };
    may || from as u8 == to as u8
}

/// The ends that a receipt can tell.
const fn is_told_by_receipt(state: State) -> bool {
    matches!(state, State::Delivered | State::Undelivered | State::Expired | State::Rejected | State::Deleted)
}

#[cfg(test)]
mod tests;
