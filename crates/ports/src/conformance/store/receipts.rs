//! Cases about what comes from carriers and what is told to customers.

use types::id::{AccountId, ConnectorId, EndpointId, RowKey};

use super::Bench;
use super::messages::admitted;
use super::rows::{CONNECTOR, add_account, event, map_row};
use crate::store::{EventSubject, InboundRow, OutboxRetry, ParkedReceiptRow, ReceiptTarget};

const OTHER: ConnectorId = ConnectorId(5);

fn targets(bench: &mut Bench, connector: ConnectorId, id: &str) -> Vec<ReceiptTarget> {
    bench.store().receipt_targets(&[(connector, id.to_owned())]).unwrap().remove(0)
}

pub(super) fn map(bench: &mut Bench) {
    let key = admitted(bench).message.facts.key;
    let target = |attempt, part| ReceiptTarget { message: key, attempt, part };
    let mut batch = bench.batch();
    batch.receipt_map.extend([
        map_row(CONNECTOR, "a", key, 1, 1),
        map_row(CONNECTOR, "b", key, 1, 2),
        map_row(OTHER, "a", key, 2, 1),
    ]);
    bench.apply(&batch);
    let mut batch = bench.batch();
    batch.receipt_map.push(map_row(CONNECTOR, "a", key, 3, 1));
    bench.apply(&batch);
    let wanted = [(CONNECTOR, "b"), (OTHER, "a"), (OTHER, "b"), (CONNECTOR, "A"), (CONNECTOR, "")];
    let wanted: Vec<_> = wanted.iter().map(|(connector, id)| (*connector, (*id).to_owned())).collect();
    let expected = [vec![target(1, 2)], vec![target(2, 1)], vec![], vec![], vec![]];
    // In memory, after a restart, once moved to where old ones are kept, and after another restart.
    for round in 0..4 {
        assert_eq!(bench.store().receipt_targets(&wanted).unwrap(), expected, "{round}");
        assert_eq!(targets(bench, CONNECTOR, "a")[0], target(3, 1), "the newest use comes first, {round}");
        if round % 2 == 0 {
            bench.reopen();
        } else {
            bench.now = bench.now.plus_ms(7_200_000);
            bench.tidy();
        }
    }
    let mut batch = bench.batch();
    batch.receipt_map.push(map_row(CONNECTOR, "a", key, 4, 1));
    batch.receipt_map.extend((0..500).map(|n| map_row(OTHER, &format!("id {n}"), key, 5, 1)));
    bench.apply(&batch);
    assert_eq!(targets(bench, CONNECTOR, "a")[0], target(4, 1));
    for _ in 0..2 {
        bench.tidy();
        for n in [0, 17, 499] {
            assert_eq!(targets(bench, OTHER, &format!("id {n}")), [target(5, 1)]);
        }
        assert_eq!(targets(bench, CONNECTOR, "b"), [target(1, 2)]);
        bench.reopen();
    }
}

/// Ids are found at every step of their way to where old ones are kept, and those that come
/// meanwhile are not lost.
pub(super) fn map_moves(bench: &mut Bench) {
    let key = admitted(bench).message.facts.key;
    let id = |round: u8, n: u8| format!("id {round} {n}");
    for round in 0..40 {
        let mut batch = bench.batch();
        batch.receipt_map.extend((0..5).map(|n| map_row(OTHER, &id(round, n), key, round, n)));
        bench.apply(&batch);
        let now = bench.now;
        bench.store().tidy(now).unwrap();
        for (round, n) in (0..=round).flat_map(|round| (0..5).map(move |n| (round, n))) {
            let target = ReceiptTarget { message: key, attempt: round, part: n };
            assert_eq!(targets(bench, OTHER, &id(round, n)), [target]);
        }
        if round % 16 == 15 {
            bench.reopen();
        }
    }
}

pub(super) fn parked(bench: &mut Bench) {
    let wanted = [(CONNECTOR, "x".to_owned()), (CONNECTOR, "y".to_owned())];
    assert_eq!(bench.store().parked_receipts(&wanted).unwrap(), []);
    let mut batch = bench.batch();
    for (connector, carrier_id) in [(CONNECTOR, "x"), (OTHER, "x"), (CONNECTOR, "z"), (CONNECTOR, "x")] {
        batch.parked.push(ParkedReceiptRow {
            key: bench.key(),
            connector,
            carrier_id: carrier_id.to_owned(),
            data_key: 1,
            sealed: vec![1, 2],
            read_at: bench.now,
        });
    }
    bench.apply(&batch);
    let expected = [batch.parked[0].clone(), batch.parked[3].clone()];
    assert_eq!(bench.store().parked_after(RowKey::ZERO, 9).unwrap(), batch.parked);
    let second = batch.parked[1].key;
    assert_eq!(bench.store().parked_after(second, 1).unwrap(), batch.parked[2..3]);
    assert_eq!(bench.store().parked_receipts(&wanted).unwrap(), expected);
    bench.reopen();
    assert_eq!(bench.store().parked_receipts(&wanted).unwrap(), expected);
    assert_eq!((bench.reader().figures().unwrap().parked, bench.store().load().unwrap().parked), (4, 4));
    let mut found = bench.batch();
    found.unparked.extend([expected[0].key, expected[1].key, RowKey::ZERO]);
    bench.apply(&found);
    assert_eq!(bench.store().parked_receipts(&wanted).unwrap(), []);
    assert_eq!(bench.reader().figures().unwrap().parked, 2);
    assert_eq!(bench.store().parked_after(RowKey::ZERO, 9).unwrap(), batch.parked[1..3]);
}

pub(super) fn outbox(bench: &mut Bench) {
    let key = admitted(bench).message.facts.key;
    let (first, second) = (EndpointId(1), EndpointId(2));
    let mut batch = bench.batch();
    for number in 0..12 {
        let mut row = event(bench.key(), if number % 3 == 0 { second } else { first }, key, bench.now);
        if number == 4 {
            row.subject = EventSubject::Inbound;
        }
        batch.outbox.push(row);
    }
    bench.apply(&batch);
    let of = |endpoint: EndpointId| -> Vec<_> {
        batch.outbox.iter().filter(|row| row.endpoint == endpoint).cloned().collect()
    };
    for round in 0..3 {
        let events = bench.store().outbox(first, RowKey::ZERO, 100).unwrap();
        assert_eq!(events, of(first), "{round}");
        assert_eq!(bench.store().outbox(first, events[2].key, 3).unwrap(), events[3..6], "{round}");
        assert_eq!(bench.store().outbox(second, RowKey::ZERO, 100).unwrap(), of(second), "{round}");
        assert_eq!(bench.store().load().unwrap().outbox_pending, [(first, 8), (second, 4)]);
        assert_eq!(bench.reader().message(key).unwrap().unwrap().outbox.len(), 12);
        bench.now = bench.now.plus_ms(3_600_000);
        bench.tidy();
        if round == 1 {
            bench.reopen();
        }
    }
    let mut waiting = of(first);
    let mut later = bench.batch();
    later.outbox_done.push(waiting.remove(0).key);
    later.outbox_retry.push(OutboxRetry { key: waiting[0].key, tries: 3, next_at: bench.now });
    (waiting[0].tries, waiting[0].next_at) = (3, bench.now);
    let newest = event(bench.key(), first, key, bench.now);
    later.outbox.push(newest.clone());
    waiting.push(newest);
    bench.apply(&later);
    assert_eq!(bench.store().outbox(first, RowKey::ZERO, 100).unwrap(), waiting);
    assert_eq!(bench.reader().message(key).unwrap().unwrap().outbox.len(), 13);
    let mut done = bench.batch();
    done.outbox_done.extend(waiting.iter().map(|row| row.key));
    bench.apply(&done);
    bench.tidy();
    assert_eq!(bench.store().outbox(first, RowKey::ZERO, 100).unwrap(), []);
    assert_eq!(bench.reader().figures().unwrap().outbox, 4);
}

pub(super) fn inbound(bench: &mut Bench) {
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    for number in 0..9 {
        let key = bench.key();
        batch.inbound.push(InboundRow {
            key,
            tail: key.as_i64().cast_unsigned() & 0xffff,
            account: (number % 3 > 0).then_some(AccountId(number % 3)),
            connector: CONNECTOR,
            received_at: bench.now,
            data_key: 1,
            sealed: vec![u8::try_from(number).unwrap(); 40],
        });
    }
    bench.apply(&batch);
    let newest: Vec<_> = batch.inbound.iter().rev().cloned().collect();
    let reader = bench.reader();
    let all = reader.list_inbound(None, None, 100).unwrap();
    assert_eq!((all.items, all.next), (newest.clone(), None));
    let page = reader.list_inbound(None, None, 4).unwrap();
    assert_eq!((page.items.as_slice(), page.next), (&newest[..4], Some(newest[3].key)));
    let page = reader.list_inbound(None, page.next, 5).unwrap();
    assert_eq!((page.items.as_slice(), page.next), (&newest[4..], None));
    let mine = reader.list_inbound(Some(AccountId(1)), None, 2).unwrap();
    assert!(mine.items.len() == 2 && mine.items.iter().all(|row| row.account == Some(AccountId(1))));
    assert_eq!(reader.list_inbound(Some(AccountId(1)), mine.next, 2).unwrap().items.len(), 1);
    bench.reopen();
    assert_eq!(bench.store().load().unwrap().last_key, newest[0].key);
    assert_eq!(bench.store().inbound(newest[3].key).unwrap().as_ref(), Some(&newest[3]));
    let unknown = bench.key().next();
    assert_eq!(bench.store().inbound(unknown).unwrap(), None);
}
