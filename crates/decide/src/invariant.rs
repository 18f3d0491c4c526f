//! What must hold at any moment: pure predicates, shared by tests, metrics and simulation.

use types::charge::{ChargeState, Lot};
use types::message::State;

/// A hold never outlives its message: an ended message holds nothing.
pub const fn hold_ends_with_message(state: State, charge: ChargeState) -> bool {
    !(state.is_final() && matches!(charge, ChargeState::Held))
}

/// A lot is never below its floor, and never holds a negative amount.
pub const fn lot_is_sound(lot: &Lot, floor_micros: i64) -> bool {
    lot.available_micros >= floor_micros && lot.held_micros >= 0
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
            matches!(to, State::Scheduled | State::Queued | State::Expired | State::Cancelled)
        }
        State::Scheduled => matches!(to, State::Queued | State::Expired | State::Cancelled),
        // Beyond sending: late word of an attempt that was given up.
        State::Queued => matches!(
            to,
            State::Sending
                | State::Unknown
                | State::Submitted
                | State::NoReport
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
