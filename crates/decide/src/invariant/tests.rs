//! The predicates themselves: what they allow, and that they can say no.

use types::charge::{ChargeState, Lot};
use types::id::{AccountId, LotId};
use types::message::{Class, Flags, State};
use types::money::Unit;
use types::time::Timestamp;

use super::{
    a_pause_holds, attempts_are_written, charge_step_is_lawful, classes_keep_their_order, copies_are_marked,
    end_has_its_time, hold_ends_with_message, is_written_ahead, lot_is_sound, marks_stay, parked_lapses,
    rank, step_is_lawful, version_rises,
};

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
    use State::{Accepted, Delivered, NoReport, Scheduled, Sending, Submitted, Unconfirmed, Unknown};
    for from in [Accepted, Scheduled] {
        for to in [Sending, Unknown, Submitted, Delivered, NoReport, Unconfirmed] {
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

#[test]
fn a_message_has_one_money_event() {
    use ChargeState::{Charged, Held, None, Refunded, Released};
    let lawful = [(None, Held), (None, Charged), (Held, Charged), (Held, Released), (Charged, Refunded)];
    for from in ChargeState::ALL {
        for to in ChargeState::ALL {
            let expected = from == to || lawful.contains(&(*from, *to));
            assert_eq!(charge_step_is_lawful(*from, *to), expected, "{from} to {to}");
        }
    }
}

#[test]
fn an_end_and_its_time_come_together() {
    for state in State::ALL {
        assert_eq!(end_has_its_time(*state, true), state.is_final(), "{state}");
        assert_eq!(end_has_its_time(*state, false), !state.is_final(), "{state}");
    }
}

#[test]
fn what_is_handed_over_is_written_ahead_by_this_very_attempt() {
    assert!(is_written_ahead(State::Sending, 2, 2, true));
    for (state, attempts, handed, written) in [
        (State::Queued, 2, 2, true),
        (State::Unknown, 2, 2, true),
        (State::Sending, 2, 1, true),
        (State::Sending, 1, 2, true),
        (State::Sending, 2, 2, false),
    ] {
        assert!(!is_written_ahead(state, attempts, handed, written), "{state} {attempts} {handed} {written}");
    }
    assert!(attempts_are_written(0, 1, 1) && attempts_are_written(3, 3, 0));
    for (before, after, rows) in [(0, 1, 0), (0, 0, 1), (0, 2, 1), (2, 1, 0)] {
        assert!(!attempts_are_written(before, after, rows), "{before} {after} {rows}");
    }
    assert!(version_rises(7, 8) && version_rises(u32::MAX, 0));
    assert!(!version_rises(7, 7) && !version_rises(7, 9) && !version_rises(7, 6));
}

#[test]
fn nothing_begins_that_waits_for_a_person() {
    for pause in types::message::Pause::ALL {
        assert!(!a_pause_holds(pause.mark(), State::Queued, State::Sending));
        assert!(a_pause_holds(pause.mark(), State::Queued, State::Expired));
    }
    assert!(a_pause_holds(Flags::CRASHED, State::Queued, State::Sending));
}

#[test]
fn marks_stay_but_that_of_a_copy_that_was_never_sent() {
    let both = Flags::CONTRADICTED.with(Flags::POSSIBLE_DUPLICATE);
    assert!(marks_stay(Flags::default(), both) && marks_stay(both, both));
    assert!(marks_stay(both, Flags::CONTRADICTED));
    assert!(!marks_stay(both, Flags::POSSIBLE_DUPLICATE));
    assert!(!marks_stay(Flags::TEST, Flags::default()));
    assert!(marks_stay(Flags::QUARANTINED.with(Flags::CRASHED), Flags::CRASHED));
    assert!(!marks_stay(Flags::CRASHED, Flags::default()), "one more crash must be the second");
}

#[test]
fn copies_are_marked_or_asked_for_by_the_route() {
    assert!(copies_are_marked(0, 0, false) && copies_are_marked(1, 0, false));
    assert!(copies_are_marked(2, 1, false) && copies_are_marked(5, 0, true));
    assert!(!copies_are_marked(2, 0, false) && !copies_are_marked(3, 1, false));
}

#[test]
fn lower_classes_get_their_share_and_no_more() {
    for (waits, lower, handed, keeps) in [
        (Class::OneTime, 0, 1, true),
        (Class::OneTime, 1, 1, true),
        (Class::OneTime, 4, 18, true),
        (Class::OneTime, 22, 100, true),
        (Class::OneTime, 23, 100, false),
        (Class::OneTime, 4, 9, false),
        (Class::Transactional, 12, 100, true),
        (Class::Transactional, 13, 100, false),
        (Class::Transactional, 3, 9, false),
        (Class::Bulk, 0, 9, true),
    ] {
        assert_eq!(classes_keep_their_order(waits, lower, handed), keeps, "{waits}: {lower} of {handed}");
    }
}

#[test]
fn a_parked_receipt_is_gone_after_72_hours_and_a_sweep() {
    const HOUR_MS: i64 = 3_600_000;
    assert!(parked_lapses(71 * HOUR_MS) && !parked_lapses(74 * HOUR_MS));
}
