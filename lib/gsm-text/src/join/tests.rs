//! Order, duplicates, reused references, expiry and limits of reassembly.

use super::{DropReason, Incomplete, Joined, Joiner, JoinerLimits};
use crate::udh::Concatenated;
use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, proptest};

type TestJoiner = Joiner<&'static str, &'static str>;

fn joiner(sets_max: usize, parts_max: usize) -> TestJoiner {
    Joiner::new(JoinerLimits { sets_max, parts_max })
}

fn place(reference: u16, number: u8, total: u8) -> Concatenated {
    Concatenated { reference, total, number, wide: false }
}

#[test]
fn parts_join_in_any_order() {
    for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1]] {
        let mut joiner = joiner(10, 10);
        let parts = ["", "a", "b", "c"];
        for number in &order[..2] {
            let joined = joiner.push("k", place(7, *number, 3), parts[usize::from(*number)], 0);
            assert_eq!(joined, Joined::Waiting);
        }
        let last = order[2];
        let joined = joiner.push("k", place(7, last, 3), parts[usize::from(last)], 0);
        assert_eq!(joined, Joined::Complete(vec!["a", "b", "c"]));
        assert_eq!((joiner.open_sets(), joiner.held_parts()), (0, 0));
    }
    assert_eq!(joiner(10, 10).push("k", place(7, 1, 1), "a", 0), Joined::Complete(vec!["a"]));
}

#[test]
fn messages_are_told_apart() {
    let mut joiner = joiner(10, 10);
    let wide = Concatenated { wide: true, ..place(7, 2, 2) };
    for (key, place) in [
        ("k", place(7, 1, 2)),
        ("other", place(7, 2, 2)),
        ("k", place(8, 2, 2)),
        ("k", place(7, 2, 3)),
        ("k", wide),
    ] {
        assert_eq!(joiner.push(key, place, "x", 0), Joined::Waiting, "{key} {place:?}");
    }
    assert_eq!((joiner.open_sets(), joiner.held_parts()), (5, 5));
}

#[test]
fn duplicates_are_dropped_before_and_after_the_message_is_whole() {
    let mut joiner = joiner(10, 10);
    assert_eq!(joiner.push("k", place(7, 1, 2), "a", 0), Joined::Waiting);
    assert_eq!(joiner.push("k", place(7, 1, 2), "a", 1), Joined::Dropped(DropReason::Duplicate, "a"));
    assert_eq!(joiner.push("k", place(7, 2, 2), "b", 2), Joined::Complete(vec!["a", "b"]));
    assert_eq!(joiner.push("k", place(7, 2, 2), "b", 3), Joined::Dropped(DropReason::Duplicate, "b"));
    // The reference is used again for another message.
    assert_eq!(joiner.push("k", place(7, 2, 2), "d", 4), Joined::Waiting);
    assert_eq!(joiner.push("k", place(7, 1, 2), "c", 5), Joined::Complete(vec!["c", "d"]));
    assert_eq!(joiner.push("k", place(7, 1, 2), "c", 6), Joined::Dropped(DropReason::Duplicate, "c"));
    // Once the finished message is forgotten, the part counts as new.
    assert_eq!(joiner.expire(105, 100), []);
    assert_eq!(joiner.push("k", place(7, 1, 2), "c", 106), Joined::Waiting);
}

#[test]
fn a_contradicting_part_replaces_the_older_message() {
    let mut joiner = joiner(10, 3);
    assert_eq!(joiner.push("k", place(7, 1, 3), "old 1", 5), Joined::Waiting);
    assert_eq!(joiner.push("k", place(7, 3, 3), "old 3", 6), Joined::Waiting);
    assert_eq!(joiner.push("other", place(7, 1, 2), "x", 6), Joined::Waiting);
    let old = Incomplete {
        key: "k",
        reference: 7,
        total: 3,
        first_at_ms: 5,
        parts: vec![(1, "old 1"), (3, "old 3")],
    };
    assert_eq!(joiner.push("k", place(7, 1, 3), "new 1", 7), Joined::Replaced(old));
    assert_eq!((joiner.open_sets(), joiner.held_parts()), (2, 2));
    assert_eq!(joiner.push("k", place(7, 2, 3), "new 2", 8), Joined::Waiting);
}

#[test]
fn messages_expire_by_their_first_part_oldest_first() {
    let mut joiner = joiner(10, 10);
    for (key, number, now_ms) in [("b", 2, 10), ("a", 1, 20), ("c", 1, 30), ("b", 1, 90)] {
        assert_eq!(joiner.push(key, place(1, number, 3), key, now_ms), Joined::Waiting);
    }
    assert_eq!(joiner.expire(109, 100), []);
    let expired: Vec<_> =
        joiner.expire(120, 100).into_iter().map(|set| (set.key, set.first_at_ms, set.parts)).collect();
    assert_eq!(expired, [("b", 10, vec![(1, "b"), (2, "b")]), ("a", 20, vec![(1, "a")])]);
    assert_eq!((joiner.open_sets(), joiner.held_parts()), (1, 1));
    // A clock that runs backwards expires nothing.
    assert_eq!(joiner.expire(0, 100), []);
}

#[test]
fn limits_hand_the_part_back() {
    let mut joiner = joiner(2, 3);
    assert_eq!(joiner.push("a", place(1, 1, 3), "a1", 0), Joined::Waiting);
    assert_eq!(joiner.push("b", place(1, 1, 3), "b1", 0), Joined::Waiting);
    assert_eq!(joiner.push("c", place(1, 1, 3), "c1", 0), Joined::Dropped(DropReason::TooManySets, "c1"));
    assert_eq!(joiner.push("a", place(1, 2, 3), "a2", 0), Joined::Waiting);
    assert_eq!(joiner.push("b", place(1, 2, 3), "b2", 0), Joined::Dropped(DropReason::TooManyParts, "b2"));
    assert_eq!(joiner.push("c", place(1, 1, 3), "c1", 0), Joined::Dropped(DropReason::TooManyParts, "c1"));
    for number in [0, 4] {
        let joined = joiner.push("d", place(1, number, 3), "d", 0);
        assert_eq!(joined, Joined::Dropped(DropReason::BadNumber, "d"));
    }
}

#[test]
fn only_so_many_finished_messages_are_remembered() {
    let mut joiner = joiner(2, 10);
    for reference in [1, 2, 3] {
        assert_eq!(joiner.push("k", place(reference, 1, 1), "a", 0), Joined::Complete(vec!["a"]));
    }
    assert_eq!(joiner.push("k", place(3, 1, 1), "a", 0), Joined::Dropped(DropReason::Duplicate, "a"));
    assert_eq!(joiner.push("k", place(1, 1, 1), "a", 0), Joined::Complete(vec!["a"]));
}

proptest! {
    #[test]
    fn shuffled_messages_with_duplicates_all_complete_once(
        order in Just((0..60_usize).chain(0..60).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let limits = JoinerLimits { sets_max: 20, parts_max: 60 };
        let mut joiner: Joiner<usize, (usize, u8)> = Joiner::new(limits);
        let mut complete = 0;
        for (now_ms, part) in (0..).zip(order) {
            let (key, number) = (part / 3, u8::try_from(part % 3).unwrap() + 1);
            match joiner.push(key, place(9, number, 3), (key, number), now_ms) {
                Joined::Complete(parts) => {
                    prop_assert_eq!(parts, [(key, 1), (key, 2), (key, 3)]);
                    complete += 1;
                }
                Joined::Waiting => {}
                Joined::Replaced(set) => prop_assert!(false, "replaced {:?}", set),
                Joined::Dropped(reason, _) => prop_assert_eq!(reason, DropReason::Duplicate),
            }
        }
        prop_assert_eq!((complete, joiner.open_sets(), joiner.held_parts()), (20, 0, 0));
    }
}
