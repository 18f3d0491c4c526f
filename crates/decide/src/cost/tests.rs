//! What is owed, one line per story of an attempt.

use types::charge::{Cost, CostTrigger};
use types::money::{Money, Unit};
use types::receipt::{ReceiptState, Verdict};

use super::{Owed, Sent, owed, sum};

const ALL: &[u8] = &[1, 2, 3];

fn cost(micros: i64, trigger: CostTrigger) -> Cost {
    Cost { amount: Money::new(micros, Unit::EUR), deck_version: 3, trigger }
}

/// Answers and receipts as words: `1 accepted`, `2 told delivered`.
fn check(trigger: CostTrigger, sent: Sent<'_>, story: &str) -> (i64, u32, i64, u32) {
    let mut answers = Vec::new();
    let mut receipts = Vec::new();
    for line in story.split(',').map(str::trim).filter(|line| !line.is_empty()) {
        let (part, rest) = line.split_once(' ').unwrap();
        match rest.strip_prefix("told ") {
            Some(state) => receipts.push((part.parse().unwrap(), ReceiptState::parse(state).unwrap())),
            None => answers.push((part.parse().unwrap(), Verdict::parse(rest).unwrap())),
        }
    }
    let cost = cost(10_000 * i64::from(sent.bought), trigger);
    let found = owed(&cost, sent, answers.into_iter(), receipts.into_iter());
    (found.amount.micros, found.parts, found.possible.micros, found.possible_parts)
}

#[test]
fn what_was_taken_is_owed_and_nothing_else() {
    let cases = [
        ("1 accepted, 2 accepted, 3 accepted", (30_000, 3, 0, 0)),
        ("1 throttled, 2 throttled, 3 throttled", (0, 0, 0, 0)),
        ("1 transient, 2 permanent, 3 reroute", (0, 0, 0, 0)),
        ("1 accepted, 2 throttled, 3 throttled", (10_000, 1, 0, 0)),
        ("", (0, 0, 30_000, 3)),
        ("1 accepted, 2 unknown", (10_000, 1, 20_000, 2)),
        ("1 accepted, 2 unknown, 2 accepted, 3 permanent", (20_000, 2, 0, 0)),
        ("1 accepted, 1 unknown, 2 unknown, 2 throttled, 3 accepted", (20_000, 2, 0, 0)),
        ("1 unknown, 1 told delivered, 2 told undelivered, 3 told enroute", (30_000, 3, 0, 0)),
        ("1 accepted, 2 accepted, 3 accepted, 1 told undelivered, 9 accepted", (30_000, 3, 0, 0)),
    ];
    for (story, expected) in cases {
        assert_eq!(
            check(CostTrigger::OnSubmit, Sent { bought: 3, requests: ALL }, story),
            expected,
            "{story}"
        );
    }
}

#[test]
fn on_delivery_only_what_arrived_is_owed() {
    let cases = [
        ("1 accepted, 2 accepted, 3 accepted", (0, 0, 30_000, 3)),
        ("1 accepted, 2 accepted, 3 accepted, 1 told delivered, 2 told undelivered", (10_000, 1, 10_000, 1)),
        ("1 throttled, 2 permanent, 3 unknown", (0, 0, 10_000, 1)),
        ("1 told enroute, 2 told expired, 3 told delivered", (10_000, 1, 10_000, 1)),
        ("1 told delivered, 1 told undelivered, 2 told rejected, 3 reroute", (10_000, 1, 0, 0)),
    ];
    for (story, expected) in cases {
        let sent = Sent { bought: 3, requests: ALL };
        assert_eq!(check(CostTrigger::OnDelivery, sent, story), expected, "{story}");
    }
}

#[test]
fn one_request_can_buy_several_parts_and_a_repeat_fewer() {
    let whole = Sent { bought: 3, requests: &[1] };
    assert_eq!(check(CostTrigger::OnSubmit, whole, "1 accepted"), (30_000, 3, 0, 0));
    assert_eq!(check(CostTrigger::OnSubmit, whole, "1 unknown"), (0, 0, 30_000, 3));
    assert_eq!(check(CostTrigger::OnSubmit, whole, "1 throttled"), (0, 0, 0, 0));
    let repeat = Sent { bought: 2, requests: &[2, 3] };
    assert_eq!(check(CostTrigger::OnSubmit, repeat, "1 accepted, 2 accepted"), (10_000, 1, 10_000, 1));
    let nothing = Sent { bought: 0, requests: &[] };
    assert_eq!(check(CostTrigger::OnSubmit, nothing, "1 accepted"), (0, 0, 0, 0));
}

#[test]
fn sums_keep_currencies_apart() {
    let one = |micros, unit: &str, parts| {
        let unit = Unit::parse(unit).unwrap();
        Owed { amount: Money::new(micros, unit), parts, possible: Money::new(1, unit), possible_parts: 1 }
    };
    let sums = sum([one(5, "EUR", 1), one(7, "USD", 2), one(i64::MAX, "EUR", 3)].into_iter());
    assert_eq!(
        sums.iter().map(|sum| (sum.amount.micros, sum.parts)).collect::<Vec<_>>(),
        [(i64::MAX, 4), (7, 2)]
    );
    assert_eq!(sums.iter().map(|sum| sum.possible_parts).collect::<Vec<_>>(), [2, 1]);
    assert!(sum(std::iter::empty()).is_empty() && !sums[0].is_nothing());
}
