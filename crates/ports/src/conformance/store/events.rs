//! Cases about what a customer was told, and when.

use types::id::{EndpointId, RowKey};
use types::time::Timestamp;

use super::Bench;
use super::messages::admitted;
use super::rows::{ENDPOINT, event};
use crate::store::{
    EVENTS_LOOKED_AT_MAX, EventEnd, EventFilter, EventStatus, EventView, ListPage, ListedEvent, OutboxRetry,
    OutboxRow, TOLD_KEPT_MS,
};

const OTHER: EndpointId = EndpointId(4);
/// Longer than a store may put off the work of [`crate::store::Store::tidy`].
const LATER_MS: i64 = 3_600_000;

/// A message with `events` events that wait.
fn with_events(bench: &mut Bench, events: usize) -> (RowKey, Vec<OutboxRow>) {
    let about = admitted(bench).message.facts.key;
    let mut batch = bench.batch();
    for _ in 0..events {
        batch.outbox.push(event(bench.key(), ENDPOINT, about, bench.now));
    }
    bench.apply(&batch);
    (about, batch.outbox)
}

fn views(bench: &Bench, about: RowKey) -> Vec<EventView> {
    bench.reader().message(about).unwrap().unwrap().outbox
}

/// Which events were told, by place.
fn told_at(bench: &Bench, about: RowKey) -> Vec<Option<Timestamp>> {
    views(bench, about).iter().map(EventView::told_at).collect()
}

fn tell(bench: &mut Bench, keys: &[RowKey]) {
    let mut batch = bench.batch();
    batch.outbox_done.extend(keys);
    bench.apply(&batch);
}

fn retry(bench: &mut Bench, key: RowKey, tries: u16, next_at: Timestamp) {
    let mut batch = bench.batch();
    batch.outbox_retry.push(OutboxRetry { key, tries, next_at });
    bench.apply(&batch);
}

fn dead_keys(bench: &mut Bench) -> Vec<RowKey> {
    let rows = bench.store().dead_letters(ENDPOINT, 100).unwrap();
    assert!(rows.iter().all(|row| row.next_at == Timestamp::NEVER && row.endpoint == ENDPOINT), "{rows:?}");
    rows.into_iter().map(|row| row.key).collect()
}

fn waiting(bench: &mut Bench) -> Vec<RowKey> {
    let rows = bench.store().outbox(ENDPOINT, RowKey::ZERO, 100).unwrap();
    rows.into_iter().map(|row| row.key).collect()
}

/// Checks how many events of the endpoint were not told, wherever that is counted.
fn check_untold(bench: &mut Bench, events: u64) {
    let expected: Vec<_> = (events > 0).then_some((ENDPOINT, events)).into_iter().collect();
    assert_eq!(bench.store().load().unwrap().outbox_pending, expected);
    assert_eq!(bench.reader().figures().unwrap().outbox, i64::try_from(events).unwrap());
}

/// Lets the store move what it moves after a while, and forget what it only remembers.
fn settle(bench: &mut Bench, round: usize) {
    bench.now = bench.now.plus_ms(LATER_MS);
    bench.tidy();
    if round % 2 == 1 {
        bench.reopen();
    }
}

pub(super) fn told(bench: &mut Bench) {
    let (about, rows) = with_events(bench, 4);
    let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
    let begun = bench.now;
    retry(bench, keys[1], 3, begun.plus_ms(5));
    bench.now = begun.plus_ms(40);
    let unknown = bench.key();
    tell(bench, &[keys[1], unknown]);
    let first = bench.now;
    let expected = OutboxRow { tries: 3, next_at: first, ..rows[1].clone() };
    for round in 0..4 {
        assert_eq!(
            views(bench, about)[1],
            EventView { row: expected.clone(), end: Some(EventEnd::Told(first)) },
            "{round}"
        );
        assert_eq!(views(bench, about)[2], EventView { row: rows[2].clone(), end: None }, "{round}");
        assert_eq!(waiting(bench), [keys[0], keys[2], keys[3]], "{round}");
        check_untold(bench, 3);
        // The first time counts, and a try that was under way meanwhile changes nothing.
        tell(bench, &[keys[1]]);
        retry(bench, keys[1], 9, Timestamp::NEVER);
        settle(bench, round);
    }
    let second = bench.now;
    tell(bench, &[keys[3], keys[0]]);
    let mut batch = bench.batch();
    let at_once = event(bench.key(), ENDPOINT, about, bench.now);
    batch.outbox.extend([at_once.clone(), event(keys[3].next(), OTHER, unknown, bench.now)]);
    batch.outbox_done.extend([at_once.key, keys[3].next()]);
    bench.apply(&batch);
    for round in 0..4 {
        assert_eq!(told_at(bench, about), [Some(second), Some(first), None, Some(second), Some(second)]);
        assert_eq!(waiting(bench), [keys[2]], "{round}");
        assert_eq!(bench.store().outbox(OTHER, RowKey::ZERO, 9).unwrap(), [], "{round}");
        check_untold(bench, 1);
        settle(bench, round);
    }
}

pub(super) fn dead_letters(bench: &mut Bench) {
    let (about, rows) = with_events(bench, 5);
    let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
    retry(bench, keys[0], 7, Timestamp::NEVER);
    for round in 0..4 {
        let dead = OutboxRow { tries: 7, next_at: Timestamp::NEVER, ..rows[0].clone() };
        assert_eq!(views(bench, about)[0], EventView { row: dead, end: None }, "{round}");
        assert_eq!(waiting(bench), keys[1..], "{round}");
        assert_eq!(bench.store().outbox(ENDPOINT, RowKey::ZERO, 2).unwrap(), rows[1..3], "{round}");
        assert_eq!(dead_keys(bench), [keys[0]], "{round}");
        assert_eq!(bench.store().dead_letters(OTHER, 9).unwrap(), [], "{round}");
        let figures = bench.reader().figures().unwrap();
        let oldest = Timestamp::from_ms(keys[1].unix_ms());
        assert_eq!((figures.dead_letters, figures.oldest_event_at), (1, Some(oldest)), "{round}");
        check_untold(bench, 5);
        settle(bench, round);
    }
    // Given up after a while, twice, and one made late that is dead from its first day.
    for tries in [8, 9] {
        retry(bench, keys[3], tries, Timestamp::NEVER);
    }
    let mut batch = bench.batch();
    let late = OutboxRow { next_at: Timestamp::NEVER, ..event(keys[4].next(), ENDPOINT, about, bench.now) };
    batch.outbox.push(late.clone());
    bench.apply(&batch);
    assert_eq!(waiting(bench), [keys[1], keys[2], keys[4]]);
    assert_eq!(dead_keys(bench), [keys[0], keys[3], late.key]);
    let first_two = bench.store().dead_letters(ENDPOINT, 2).unwrap();
    assert_eq!(first_two.iter().map(|row| row.key).collect::<Vec<_>>(), [keys[0], keys[3]]);
    check_untold(bench, 6);
    // Brought back by a person, and told.
    let soon = bench.now.plus_ms(9);
    for key in [keys[0], keys[3], late.key] {
        retry(bench, key, 0, soon);
    }
    for round in 0..2 {
        assert_eq!(waiting(bench), [keys[0], keys[1], keys[2], keys[3], keys[4], late.key], "{round}");
        assert_eq!(dead_keys(bench), []);
        check_untold(bench, 6);
        settle(bench, round);
    }
    retry(bench, keys[0], 1, Timestamp::NEVER);
    tell(bench, &[keys[0], keys[3]]);
    let now = bench.now;
    assert_eq!(told_at(bench, about), [Some(now), None, None, Some(now), None, None]);
    assert_eq!(waiting(bench), [keys[1], keys[2], keys[4], late.key]);
    check_untold(bench, 4);
}

pub(super) fn moot(bench: &mut Bench) {
    let (about, rows) = with_events(bench, 4);
    let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
    retry(bench, keys[2], 4, Timestamp::NEVER);
    tell(bench, &[keys[3]]);
    let told = bench.now;
    for round in 0..4 {
        // One that waits, one that is dead, one that was told already, and again in each round.
        let mut batch = bench.batch();
        batch.outbox_moot.extend([keys[1], keys[2], keys[3]]);
        bench.apply(&batch);
        let ends: Vec<_> = views(bench, about).into_iter().map(|view| view.end).collect();
        let moot = Some(EventEnd::Moot(told));
        assert_eq!(ends, [None, moot, moot, Some(EventEnd::Told(told))], "{round}");
        assert_eq!((waiting(bench), dead_keys(bench)), (vec![keys[0]], Vec::new()), "{round}");
        check_untold(bench, 1);
        // Neither a try that was under way nor a late answer changes it.
        retry(bench, keys[1], 9, bench.now);
        tell(bench, &[keys[2]]);
        settle(bench, round);
    }
    bench.now = told.plus_ms(TOLD_KEPT_MS + 6 * LATER_MS);
    bench.tidy();
    assert_eq!(views(bench, about).len(), 1, "only what waits is left");
}

pub(super) fn forgotten(bench: &mut Bench) {
    // More than a store may scan at once for a look-up of the newest.
    let (about, rows) = with_events(bench, 30);
    let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
    retry(bench, keys[4], 9, Timestamp::NEVER);
    let first = bench.now.plus_ms(LATER_MS);
    bench.now = first;
    bench.tidy();
    // One waits, between others that go; one is a dead letter, which goes with its age.
    let prompt: Vec<_> = keys[..25].iter().copied().filter(|key| ![keys[3], keys[4]].contains(key)).collect();
    tell(bench, &prompt);
    let late = first.plus_ms(2 * LATER_MS);
    bench.now = late;
    tell(bench, &keys[25..]);
    let kept = |bench: &Bench| views(bench, about).into_iter().map(|view| view.row.key).collect::<Vec<_>>();
    for (at, left) in [
        (first.plus_ms(TOLD_KEPT_MS - 2 * LATER_MS), keys.clone()),
        (first.plus_ms(TOLD_KEPT_MS + LATER_MS), [&keys[3..4], &keys[25..]].concat()),
        (late.plus_ms(TOLD_KEPT_MS - LATER_MS / 2), [&keys[3..4], &keys[25..]].concat()),
        (late.plus_ms(TOLD_KEPT_MS + LATER_MS), keys[3..4].to_vec()),
        (late.plus_ms(4 * TOLD_KEPT_MS), keys[3..4].to_vec()),
    ] {
        bench.now = at;
        bench.tidy();
        assert_eq!(kept(bench), left);
        assert_eq!(waiting(bench), [keys[3]]);
        let dead_left: Vec<_> = left.contains(&keys[4]).then_some(keys[4]).into_iter().collect();
        assert_eq!(dead_keys(bench), dead_left);
        check_untold(bench, 1 + u64::try_from(dead_left.len()).unwrap());
        bench.reopen();
        assert_eq!(kept(bench), left);
    }
    tell(bench, &keys[3..4]);
    bench.now = bench.now.plus_ms(TOLD_KEPT_MS + LATER_MS);
    bench.tidy();
    assert_eq!(kept(bench), []);
    check_untold(bench, 0);
}

const OF_ENDPOINT: EventFilter =
    EventFilter { endpoint: ENDPOINT, status: None, since: None, until: None, before: None, limit: 100 };

fn list(bench: &Bench, filter: EventFilter) -> ListPage<ListedEvent> {
    bench.reader().events(&filter).unwrap()
}

/// The keys of all pages.
fn listed_keys(bench: &Bench, filter: EventFilter) -> Vec<RowKey> {
    let (mut keys, mut before) = (Vec::new(), filter.before);
    loop {
        let page = list(bench, EventFilter { before, ..filter });
        assert!(page.items.len() <= filter.limit);
        keys.extend(page.items.iter().map(|item| item.event.row.key));
        match page.next {
            Some(next) => before = Some(next),
            None => return keys,
        }
    }
}

pub(super) fn listed(bench: &mut Bench) {
    let (about, rows) = with_events(bench, 6);
    let keys: Vec<_> = rows.iter().map(|row| row.key).collect();
    let mut batch = bench.batch();
    batch.outbox.push(event(bench.key(), OTHER, about, bench.now));
    let erased = event(bench.key(), ENDPOINT, RowKey::from_parts(1, 1), bench.now);
    batch.outbox.push(erased.clone());
    bench.apply(&batch);
    retry(bench, keys[0], 9, Timestamp::NEVER);
    retry(bench, keys[1], 2, bench.now.plus_ms(77));
    tell(bench, &[keys[2], keys[3]]);
    let mut batch = bench.batch();
    batch.outbox_moot.push(keys[4]);
    bench.apply(&batch);
    let of = |status| EventFilter { status: Some(status), ..OF_ENDPOINT };
    let all: Vec<_> = [erased.key].into_iter().chain(keys.iter().rev().copied()).collect();
    for round in 0..4 {
        for limit in [1, 2, 6, 7, 100] {
            assert_eq!(listed_keys(bench, EventFilter { limit, ..OF_ENDPOINT }), all, "{round} {limit}");
        }
        assert_eq!(listed_keys(bench, of(EventStatus::Waiting)), [erased.key, keys[5], keys[1]], "{round}");
        assert_eq!(listed_keys(bench, of(EventStatus::Dead)), [keys[0]], "{round}");
        assert_eq!(listed_keys(bench, of(EventStatus::Told)), [keys[3], keys[2]], "{round}");
        assert_eq!(listed_keys(bench, of(EventStatus::Moot)), [keys[4]], "{round}");
        let page = list(bench, OF_ENDPOINT);
        let seen = views(bench, about);
        let tail = bench.reader().message(about).unwrap().unwrap().message.facts.tail;
        for item in page.items.iter().filter(|item| item.event.row.about == about) {
            assert!(seen.contains(&item.event), "{round}: {item:?}");
            assert_eq!(item.about_tail, Some(tail), "{round}");
        }
        assert_eq!(
            page.items[0],
            ListedEvent { event: EventView { row: erased.clone(), end: None }, about_tail: None }
        );
        settle(bench, round);
    }
    let at = |key: RowKey| Timestamp::from_ms(key.unix_ms());
    let made = at(keys[0]);
    assert_eq!(listed_keys(bench, EventFilter { since: Some(made), ..OF_ENDPOINT }), all);
    assert_eq!(listed_keys(bench, EventFilter { until: Some(made), ..OF_ENDPOINT }), []);
    assert_eq!(listed_keys(bench, EventFilter { since: Some(made.plus_ms(1)), ..OF_ENDPOINT }), []);
    let window = EventFilter { since: Some(made), until: Some(made.plus_ms(1)), ..OF_ENDPOINT };
    assert_eq!(listed_keys(bench, window), all);
    assert_eq!(listed_keys(bench, EventFilter { before: Some(keys[2]), ..OF_ENDPOINT }), [keys[1], keys[0]]);
}

pub(super) fn listed_in_steps(bench: &mut Bench) {
    let (about, rows) = with_events(bench, 1);
    let mut batch = bench.batch();
    for _ in 0..=EVENTS_LOOKED_AT_MAX {
        batch.outbox.push(event(bench.key(), OTHER, about, bench.now));
    }
    bench.apply(&batch);
    for _ in 0..2 {
        assert_eq!(listed_keys(bench, OF_ENDPOINT), [rows[0].key]);
        bench.now = bench.now.plus_ms(LATER_MS);
        bench.tidy();
    }
}
