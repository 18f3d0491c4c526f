//! A lane by itself: order, waits, and what ends while the store is read.

use std::sync::Arc;

use types::id::{EventId, InboundId, RowKey};
use types::receipt::InboundNotice;
use types::time::Timestamp;

use super::Lane;
use crate::notify::Event;
use crate::report::{InboundReport, Report, ReportBody};

const NOW: Timestamp = Timestamp::from_ms(1_795_348_800_000);

fn key(number: i64) -> RowKey {
    RowKey::from_i64(number)
}

/// Event `number` about message `about`, with so many tries behind it.
fn event(number: i64, about: i64, tries: u16) -> Event {
    let notice = InboundNotice {
        source: types::address::Address::default(),
        destination: types::address::Address::default(),
        content: types::message::OctetContent::default(),
        read_at: NOW,
    };
    let body = ReportBody::Inbound(Box::new(InboundReport {
        id: InboundId::new(key(about), 0),
        source: notice.source,
        destination: notice.destination,
        content: notice.content,
        text: String::new().into(),
        keyword: None,
    }));
    let report = Arc::new(Report { id: EventId::new(key(number), 0), at: NOW, body });
    Event { key: key(number), about: key(about), tries, next_at: NOW.plus_ms(60_000), report }
}

fn started(lane: &mut Lane, now: Timestamp) -> Vec<i64> {
    lane.next_calls(now).iter().map(|event| event.key.as_i64()).collect()
}

#[test]
fn events_of_one_message_start_one_after_the_other() {
    let mut lane = Lane::default();
    for (number, about) in [(1, 100), (2, 100), (3, 200)] {
        lane.add(event(number, about, 0), 10);
    }
    assert_eq!(started(&mut lane, NOW), [1, 3]);
    lane.delay(key(1), NOW.plus_ms(5_000));
    assert!(started(&mut lane, NOW).is_empty() && !lane.is_due(NOW));
    assert!(lane.is_due(NOW.plus_ms(5_000)));
    assert_eq!(started(&mut lane, NOW.plus_ms(5_000)), [1]);
    lane.finish(key(1));
    assert_eq!(started(&mut lane, NOW), [2]);
}

#[test]
fn waits_do_not_grow_when_the_clock_is_set_back() {
    let mut lane = Lane::default();
    lane.add(event(1, 100, 0), 10);
    lane.next_offer(NOW).map(|event| lane.in_flight.insert(event.key, event));
    lane.delay(key(1), NOW.plus_ms(5_000));
    let an_hour_ago = NOW.plus_ms(-3_600_000);
    lane.clock_was_set_back(3_600_000);
    assert!(!lane.is_due(an_hour_ago.plus_ms(4_999)));
    assert!(lane.is_due(an_hour_ago.plus_ms(5_000)));
}

#[test]
fn what_ends_while_the_store_is_read_is_not_told_again() {
    let mut lane = Lane { spilled: true, ..Lane::default() };
    lane.take_loaded(vec![event(1, 100, 0), event(2, 200, 0)], key(2), true);
    assert_eq!(started(&mut lane, NOW), [1, 2]);
    // A person brings back what is older, and the store is asked before event 1 has ended.
    lane.finish(key(2));
    lane.read_again(key(1));
    assert_eq!(lane.wants_more(), Some(key(0)));
    lane.finish(key(1));
    // The store has not heard of it yet.
    lane.take_loaded(vec![event(1, 100, 0)], key(1), true);
    assert_eq!((lane.len(), started(&mut lane, NOW)), (0, Vec::new()));
    assert_eq!(lane.wants_more(), None);
}

#[test]
fn what_is_brought_back_while_the_store_is_read_is_read_next_and_in_its_place() {
    let mut lane = Lane { spilled: true, ..Lane::default() };
    assert_eq!(lane.wants_more(), Some(RowKey::ZERO));
    lane.read_again(key(5));
    lane.read_again(key(3));
    assert_eq!(lane.wants_more(), None, "it is being read");
    lane.take_loaded(vec![event(7, 100, 0), event(9, 300, 0)], key(9), true);
    assert_eq!(lane.wants_more(), Some(key(2)));
    lane.take_loaded(vec![event(3, 100, 0), event(7, 100, 0), event(8, 200, 0)], key(9), true);
    lane.note_answer(true, NOW);
    assert_eq!(started(&mut lane, NOW), [3, 8, 9], "7 waits for 3, which is about the same message");
    assert_eq!(lane.wants_more(), None);
}

#[test]
fn everything_that_waits_can_be_given_up_but_not_what_is_under_way() {
    let mut lane = Lane { spilled: true, ..Lane::default() };
    lane.take_loaded(vec![event(1, 100, 0), event(2, 100, 0), event(3, 200, 4)], key(3), true);
    assert_eq!(started(&mut lane, NOW), [1]);
    assert_eq!(lane.give_up(), [(key(2), 0), (key(3), 4)]);
    assert_eq!(lane.len(), 1);
    lane.finish(key(1));
    lane.add(event(4, 200, 0), 10);
    assert_eq!(started(&mut lane, NOW), [4], "nothing holds up its message");
}

/// Events of as many messages as are said, in a lane.
fn lane_with(events: i64) -> Lane {
    let mut lane = Lane::default();
    for number in 1..=events {
        lane.add(event(number, 1_000 + number, 0), 1_000);
    }
    lane
}

#[test]
fn calls_at_once_are_earned_by_answers_and_lost_by_failures() {
    let mut lane = lane_with(500);
    assert_eq!(started(&mut lane, NOW).len(), 2);
    let mut answered = 0;
    let mut answers = |lane: &mut Lane, how_many: i64, good: bool| {
        for _ in 0..how_many {
            answered += 1;
            lane.note_answer(good, NOW);
            lane.finish(key(answered));
        }
        started(lane, NOW);
        lane.in_flight.len()
    };
    assert_eq!(answers(&mut lane, 1, true), 3);
    for _ in 0..20 {
        answers(&mut lane, 1, true);
    }
    assert_eq!(lane.in_flight.len(), 16);
    // Each failure halves what was earned; what is under way goes on.
    assert_eq!(answers(&mut lane, 1, false), 15);
    assert_eq!(answers(&mut lane, 10, true), 16);
}

#[test]
fn silent_calls_let_no_more_begin() {
    let mut lane = lane_with(100);
    (0..14).for_each(|_| lane.note_answer(true, NOW));
    assert_eq!(started(&mut lane, NOW).len(), 16);
    lane.note_silence(key(1));
    lane.note_silence(key(2));
    lane.note_silence(key(999));
    for number in 3..=16 {
        lane.note_answer(true, NOW);
        lane.finish(key(number));
    }
    assert!(started(&mut lane, NOW).is_empty());
    // One of them ends, well or not: others may begin.
    lane.delay(key(1), NOW.plus_ms(5_000));
    assert_eq!(started(&mut lane, NOW).len(), 15);
}
