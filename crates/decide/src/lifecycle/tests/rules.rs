//! Rules of the catalogue that the life of a message shows, and the three triggers of a charge.

use types::charge::{ChargeState, ChargeTrigger, PostingKind};
use types::message::{Reason, State, UnknownPolicy};
use types::receipt::{ReceiptState, Verdict};

use super::{NOW, Policy, Stage, checked, policy, stage};
use crate::lifecycle::{Input, UNKNOWN_HORIZON_MS};

/// Every way in which a message that was accepted can end, as the inputs that lead there.
fn ways_to_end() -> Vec<(State, Vec<Input>)> {
    let answer = |verdict| Input::Answer { attempt: 1, verdict, reason: Reason::LinkBroke };
    let receipt = |state| Input::Receipt { attempt: 1, state };
    let taken = |then| vec![Input::Begin, answer(Verdict::Accepted), then];
    vec![
        (State::Delivered, taken(receipt(ReceiptState::Delivered))),
        (State::Undelivered, taken(receipt(ReceiptState::Undelivered))),
        (State::Expired, taken(receipt(ReceiptState::Expired))),
        (State::Rejected, taken(receipt(ReceiptState::Rejected))),
        (State::Deleted, taken(receipt(ReceiptState::Deleted))),
        (State::NoReport, taken(Input::Due)),
        (State::Delivered, vec![Input::Begin, receipt(ReceiptState::Delivered)]),
        (State::Undelivered, vec![Input::Begin, receipt(ReceiptState::Undelivered)]),
        (State::Failed, vec![Input::Begin, answer(Verdict::Permanent)]),
        (State::Failed, vec![Input::NotEncodable]),
        (State::Failed, vec![Input::NoConnector]),
        (State::Unconfirmed, vec![Input::Begin, answer(Verdict::Unknown), Input::Due]),
        (State::Expired, vec![Input::Due]),
        (State::Cancelled, vec![Input::Cancel]),
    ]
}

/// Walks a message from the queue to its end; gives the end and the money that moved on the way.
fn walk(trigger: ChargeTrigger, charge: ChargeState, inputs: &[Input]) -> (Stage, Vec<PostingKind>) {
    let mut now = NOW;
    let mut at = Stage { charge, ..stage(State::Queued, 0) };
    let mut moved = Vec::new();
    for input in inputs {
        if *input == Input::Due {
            now = now.plus_ms(UNKNOWN_HORIZON_MS);
        }
        let expires_at = if at.attempts == 0 { NOW.plus_ms(1) } else { policy().expires_at };
        let policy = Policy { trigger, expires_at, ..policy() };
        let (after, effects) =
            checked(&at, &policy, *input, now).unwrap_or_else(|| panic!("{at:?} {input:?}"));
        at = after;
        moved.extend(effects.money);
    }
    (at, moved)
}

#[test]
fn row_pt_2_1d_charges_on_acceptance_whatever_the_receipt() {
    for (end, inputs) in ways_to_end() {
        let (last, moved) = walk(ChargeTrigger::OnAccept, ChargeState::Charged, &inputs);
        assert_eq!((last.state, last.charge), (end, ChargeState::Charged), "{inputs:?}");
        assert_eq!(moved, [], "nothing is added to the charge and nothing is given back: {inputs:?}");
        // Should value have been held first, the same rule makes a charge of it, once.
        let (last, moved) = walk(ChargeTrigger::OnAccept, ChargeState::Held, &inputs);
        assert_eq!((last.state, last.charge), (end, ChargeState::Charged), "{inputs:?}");
        assert_eq!(moved, [PostingKind::Capture], "{inputs:?}");
    }
}

#[test]
fn row_pt_2_4a_never_gives_back_what_was_charged() {
    let inputs = |attempts: u8| {
        let attempt = attempts;
        let answers = Verdict::ALL.iter().map(move |verdict| Input::Answer {
            attempt,
            verdict: *verdict,
            reason: Reason::AnswerMissing,
        });
        let receipts = ReceiptState::ALL.iter().map(move |state| Input::Receipt { attempt, state: *state });
        let asked = [Input::NotKnownByPeer, Input::NotEncodable, Input::NoConnector];
        let others = asked.into_iter().chain([Input::Begin, Input::Due, Input::Cancel, Input::Suppressed]);
        answers.chain(receipts).chain(others)
    };
    let settled = [ChargeState::Charged, ChargeState::Released, ChargeState::Refunded, ChargeState::None];
    let mut steps = 0;
    for trigger in ChargeTrigger::ALL {
        for on_unknown in UnknownPolicy::ALL {
            let never_tried = [State::Accepted, State::Scheduled, State::Queued].map(|state| (state, 0));
            let tried = State::ALL[2..].iter().map(|state| (*state, 1));
            for (state, attempts) in never_tried.into_iter().chain(tried) {
                for (charge, input) in
                    settled.iter().flat_map(|c| inputs(attempts).map(move |input| (*c, input)))
                {
                    let policy = Policy { trigger: *trigger, on_unknown: *on_unknown, ..policy() };
                    let before = Stage { charge, ..stage(state, attempts) };
                    let Some((after, effects)) = checked(&before, &policy, input, NOW) else { continue };
                    steps += 1;
                    assert_eq!((after.charge, effects.money), (charge, None), "{before:?} {input:?}");
                }
            }
        }
    }
    assert!(steps > 1_000, "{steps}");
}

#[test]
fn on_submit_charges_what_a_carrier_took() {
    for (end, inputs) in ways_to_end() {
        let took = inputs.iter().any(|input| {
            matches!(input, Input::Answer { verdict: Verdict::Accepted, .. } | Input::Receipt { .. })
        });
        let expected = if took { PostingKind::Capture } else { PostingKind::Release };
        let (last, moved) = walk(ChargeTrigger::OnSubmit, ChargeState::Held, &inputs);
        assert_eq!((last.state, moved), (end, vec![expected]), "{inputs:?}");
    }
}

#[test]
fn on_delivery_charges_what_reached_the_phone() {
    for (end, inputs) in ways_to_end() {
        let expected = if end == State::Delivered { PostingKind::Capture } else { PostingKind::Release };
        let (last, moved) = walk(ChargeTrigger::OnDelivery, ChargeState::Held, &inputs);
        assert_eq!((last.state, moved), (end, vec![expected]), "{inputs:?}");
    }
}
