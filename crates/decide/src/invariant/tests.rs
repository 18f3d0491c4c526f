//! The predicates themselves: what they allow, and that they can say no.

use types::charge::{ChargeState, Lot};
use types::id::{AccountId, LotId};
use types::message::State;
use types::money::Unit;
use types::time::Timestamp;

use super::{hold_ends_with_message, lot_is_sound, rank, step_is_lawful};

fn pairs() -> impl Iterator<Item = (State, State)> {
    State::ALL.iter().flat_map(|from| State::ALL.iter().map(move |to| (*from, *to)))
}

#[test]
fn only_a_charge_that_is_settled_may_outlive_its_message() {
    for state in State::ALL {
        for charge in ChargeState::ALL {
            let expected = !state.is_final() || *charge != ChargeState::Held;
            assert_eq!(hold_ends_with_message(*state, *charge), expected, "{state} {charge}");
        }
    }
}

#[test]
fn every_state_may_stay_what_it_is() {
    assert!(State::ALL.iter().all(|state| step_is_lawful(*state, *state)));
}

#[test]
fn an_end_never_becomes_open_again() {
    for (from, to) in pairs().filter(|(from, to)| from.is_final() && !to.is_final()) {
        assert!(!step_is_lawful(from, to), "{from} to {to}");
    }
}

#[test]
fn only_ends_for_want_of_knowledge_are_corrected_and_only_by_a_receipt() {
    use State::{Deleted, Delivered, Expired, NoReport, Rejected, Unconfirmed, Undelivered};
    for (from, to) in pairs().filter(|(from, to)| from.is_final() && from != to) {
        let corrects = [NoReport, Unconfirmed].contains(&from)
            && [Delivered, Undelivered, Expired, Rejected, Deleted].contains(&to);
        assert_eq!(step_is_lawful(from, to), corrects, "{from} to {to}");
    }
}

#[test]
fn steps_go_up_except_back_to_queued() {
    for (from, to) in pairs().filter(|(from, to)| from != to && step_is_lawful(*from, *to)) {
        let again = to == State::Queued && [State::Sending, State::Unknown, State::Submitted].contains(&from);
        assert!(again || rank(to) > rank(from), "{from} to {to}");
    }
}

#[test]
fn every_open_state_has_a_way_to_an_end() {
    for from in State::ALL.iter().filter(|state| !state.is_final()) {
        assert!(State::ALL.iter().any(|to| to.is_final() && step_is_lawful(*from, *to)), "{from}");
    }
}

#[test]
fn what_was_never_attempted_is_never_with_a_carrier() {
    use State::{Accepted, Delivered, Failed, NoReport, Scheduled, Sending, Submitted, Unconfirmed, Unknown};
    for from in [Accepted, Scheduled] {
        for to in [Sending, Unknown, Submitted, Delivered, NoReport, Unconfirmed, Failed] {
            assert!(!step_is_lawful(from, to), "{from} to {to}");
        }
    }
}

#[test]
fn what_was_attempted_cannot_be_cancelled() {
    for (from, to) in pairs().filter(|(from, to)| *to == State::Cancelled && from != to) {
        assert_eq!(step_is_lawful(from, to), rank(from) <= rank(State::Queued), "{from} to {to}");
    }
}

#[test]
fn a_lot_keeps_its_floor_and_holds_nothing_negative() {
    let cases = [
        (0, 0, 0, true),
        (-1, 0, 0, false),
        (-1, 0, -1, true),
        (5, -1, 0, false),
        (i64::MIN, 0, i64::MIN, true),
    ];
    for (available_micros, held_micros, floor_micros, expected) in cases {
        let lot = Lot {
            id: LotId(1),
            account: AccountId(1),
            unit: Unit::EUR,
            granted_micros: 0,
            available_micros,
            held_micros,
            created_at: Timestamp::EPOCH,
            expires_at: None,
            source: "test".into(),
        };
        assert_eq!(
            lot_is_sound(&lot, floor_micros),
            expected,
            "{available_micros} {held_micros} {floor_micros}"
        );
    }
}
