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
