//! Cases about the life of messages.

use types::charge::{ChargeState, CostTrigger, PostingKind};
use types::form::{Encoding, Joined, Rendering};
use types::id::{AccountId, RowKey};
use types::message::{Flags, Reason, State};
use types::receipt::ReceiptState;

use super::Bench;
use super::rows::{
    CONNECTOR, ENDPOINT, PRICE_MICROS, add_account, add_message, answer, attempt, change, event, lot_change,
    map_row, message, posting, receipt, step, submission,
};
use crate::store::{
    AttemptRow, ConfigChange, EventEnd, EventView, MessageRow, OutboxRow, ReceiptRow, message_id,
};

/// An account with one message that is queued.
pub(super) fn admitted(bench: &mut Bench) -> MessageRow {
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    bench.apply(&batch);
    let keys = (bench.key(), bench.key());
    let mut batch = bench.batch();
    let row = add_message(&mut batch, keys, 1, 77);
    bench.apply(&batch);
    row
}

/// Takes an admitted message to a carrier: attempt, two answers, charge.
pub(super) fn submitted(bench: &mut Bench, row: &mut MessageRow) {
    let key = row.message.facts.key;
    let mut batch = bench.batch();
    batch.attempts.push(attempt(key, 1, bench.now));
    let sending = change(key, &row.message.progress, |progress| {
        progress.state = State::Sending;
        progress.attempts = 1;
        progress.connector = Some(CONNECTOR);
    });
    batch.changes.push(sending);
    batch.journal.push(step(key, State::Queued, State::Sending, Reason::None, 1));
    bench.apply(&batch);
    row.message.progress = sending.progress;
    bench.check_ledger();

    bench.now = bench.now.plus_ms(50);
    let mut batch = bench.batch();
    for (part, carrier_id) in [(1, "c0ffee"), (2, "c0ffef")] {
        batch.attempt_parts.push(answer(key, 1, part, Some(carrier_id), bench.now));
        batch.receipt_map.push(map_row(CONNECTOR, carrier_id, key, 1, part));
    }
    let taken = change(key, &row.message.progress, |progress| {
        progress.state = State::Submitted;
        progress.charge = ChargeState::Charged;
        progress.submitted_at = Some(bench.now);
        progress.due_at = bench.now.plus_ms(86_400_000);
    });
    batch.changes.push(taken);
    batch.lots.push(lot_change(1, 0, -PRICE_MICROS));
    batch.postings.push(posting(1, PostingKind::Capture, PRICE_MICROS, 1));
    batch.journal.push(step(key, State::Sending, State::Submitted, Reason::None, 1));
    bench.apply(&batch);
    row.message.progress = taken.progress;
    bench.check_ledger();
}

pub(super) fn life(bench: &mut Bench) {
    let mut row = admitted(bench);
    let key = row.message.facts.key;
    bench.check_ledger();
    let view = bench.reader().message(key).unwrap().unwrap();
    assert_eq!((&view.message, view.body.as_deref()), (&row.message, Some(&*row.body)));
    assert!(view.attempts.is_empty() && view.outbox.is_empty() && !view.submission.staged);
    assert_eq!(message_id(&view.message.facts).tail(), row.message.facts.tail);
    submitted(bench, &mut row);

    bench.now = bench.now.plus_ms(900);
    let (first, second, told) = (bench.key(), bench.key(), bench.key());
    let mut batch = bench.batch();
    batch.receipts.push(receipt(key, first, 2, ReceiptState::Delivered, bench.now));
    batch.receipts.push(receipt(key, second, 1, ReceiptState::Delivered, bench.now));
    let delivered = change(key, &row.message.progress, |progress| {
        progress.state = State::Delivered;
        progress.reason = Reason::Receipt;
        progress.flags = Flags::POSSIBLE_DUPLICATE.with(Flags::CONTRADICTED);
        progress.events = 1;
        progress.final_at = Some(bench.now);
    });
    batch.changes.push(delivered);
    batch.outbox.push(event(told, ENDPOINT, key, bench.now));
    batch.journal.push(step(key, State::Submitted, State::Delivered, Reason::Receipt, 1));
    let seq = bench.apply(&batch);
    bench.check_ledger();

    let view = bench.reader().message(key).unwrap().unwrap();
    assert_eq!(view.message.progress, delivered.progress);
    assert_eq!(view.outbox, [EventView { row: batch.outbox[0].clone(), end: None }]);
    assert_eq!(view.attempts, bench.store().attempts(&[key]).unwrap());
    assert_eq!(view.attempts[0].row, attempt(key, 1, super::BEGIN));
    assert_eq!(view.attempts[0].parts.iter().map(|part| part.part).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(view.attempts[0].receipts, batch.receipts);
    let journal = bench.reader().journal(seq).unwrap().unwrap();
    assert_eq!((journal.at, journal.entries), (bench.now, batch.journal.clone()));
    assert_eq!(bench.store().open_messages(RowKey::ZERO, 10).unwrap(), []);
    assert_eq!(bench.store().messages(&[key]).unwrap(), [view.message]);

    bench.now = bench.now.plus_ms(70);
    let mut batch = bench.batch();
    batch.outbox_done.push(told);
    bench.apply(&batch);
    let row = OutboxRow { next_at: bench.now, ..view.outbox[0].row.clone() };
    let told = EventView { row, end: Some(EventEnd::Told(bench.now)) };
    assert_eq!(bench.reader().message(key).unwrap().unwrap().outbox, [told]);
    let figures = bench.reader().figures().unwrap();
    assert_eq!((figures.messages, figures.open, figures.outbox, figures.parked), (1, 0, 0, 0));
    assert!(figures.octets > 0 && figures.schema > 0 && figures.durable);
}

pub(super) fn late_answers(bench: &mut Bench) {
    let row = admitted(bench);
    let key = row.message.facts.key;
    let mut batch = bench.batch();
    batch.attempts.extend([attempt(key, 1, bench.now), attempt(key, 2, bench.now)]);
    batch.attempt_parts.extend([
        answer(key, 2, 1, Some("second"), bench.now),
        answer(key, 1, 2, None, bench.now),
        answer(key, 1, 1, None, bench.now),
        answer(key, 1, 1, Some("late"), bench.now.plus_ms(-5)),
    ]);
    bench.apply(&batch);
    let mut batch = bench.batch();
    batch.attempt_parts.push(answer(key, 1, 1, Some("later"), bench.now));
    bench.apply(&batch);
    let attempts = bench.store().attempts(&[key]).unwrap();
    let ids = |attempt: usize| -> Vec<_> {
        let view = &attempts[attempt];
        view.parts.iter().map(|part| (part.part, part.carrier_id.as_deref())).collect()
    };
    assert_eq!(ids(0), [(1, None), (1, Some("late")), (1, Some("later")), (2, None)]);
    assert_eq!(ids(1), [(1, Some("second"))]);
    assert_eq!(attempts[1].row, attempt(key, 2, bench.now));

    let keys = (bench.key(), bench.key());
    let mut batch = bench.batch();
    let other = add_message(&mut batch, keys, 1, 78).message.facts.key;
    batch.attempts.push(attempt(other, 1, bench.now));
    batch.attempt_parts.push(answer(other, 1, 1, Some("other"), bench.now));
    bench.apply(&batch);
    let unknown = bench.key();
    let of_both = bench.store().attempts(&[other, unknown, key]).unwrap();
    let of = |wanted| of_both.iter().filter(|view| view.row.message == wanted).cloned().collect::<Vec<_>>();
    assert_eq!(of(key), attempts);
    assert_eq!(of(other), bench.store().attempts(&[other]).unwrap());
    assert_eq!((of_both.len(), of(other)[0].parts[0].carrier_id.as_deref()), (3, Some("other")));
}

/// Every form, cost and network that an attempt can have, and receipts with and without the rest.
pub(super) fn as_sent(bench: &mut Bench) {
    let row = admitted(bench);
    let key = row.message.facts.key;
    let mut batch = bench.batch();
    let places = Encoding::ALL.len().max(Joined::ALL.len()).max(Rendering::ALL.len());
    for (place, number) in (0..places).zip(1_u8..) {
        let mut attempt = attempt(key, 1 + number % 2, bench.now);
        attempt.attempt = number;
        attempt.form.encoding = Encoding::ALL[place % Encoding::ALL.len()];
        attempt.form.joined = Joined::ALL[place % Joined::ALL.len()];
        attempt.form.rendering = Rendering::ALL[place % Rendering::ALL.len()];
        attempt.form.data_coding = 255 - number;
        attempt.form.reference = u16::MAX - u16::from(number);
        if let Some(cost) = &mut attempt.cost {
            cost.trigger = CostTrigger::ALL[place % CostTrigger::ALL.len()];
        }
        if let Some(network) = &mut attempt.network {
            network.ported = [None, Some(true), Some(false)][place % 3];
            network.checked_at = bench.now.plus_ms(i64::from(number));
        }
        attempt.only_parts = (1..number % 4).collect();
        let mut told = receipt(key, bench.key(), 1, ReceiptState::Enroute, bench.now);
        told.attempt = number;
        if number % 2 == 0 {
            (told.zone, told.tlvs, told.mapping_version) = (String::new(), Vec::new(), u32::MAX);
        }
        batch.attempts.push(attempt);
        batch.receipts.push(told);
    }
    bench.apply(&batch);
    for _ in 0..2 {
        let attempts = bench.reader().message(key).unwrap().unwrap().attempts;
        assert_eq!(attempts, bench.store().attempts(&[key]).unwrap());
        assert_eq!(attempts.iter().map(|view| view.row.clone()).collect::<Vec<_>>(), batch.attempts);
        let told: Vec<_> = attempts.into_iter().flat_map(|view| view.receipts).collect();
        assert_eq!(told, batch.receipts);
        bench.reopen();
    }
}

pub(super) fn big_batch(bench: &mut Bench) {
    let mut batch = bench.batch();
    for number in 1..=20 {
        add_account(&mut batch, number);
    }
    bench.apply(&batch);
    let mut batch = bench.batch();
    let mut rows = Vec::new();
    for recipient in 0..1_000 {
        let keys = (bench.key(), bench.key());
        rows.push(add_message(&mut batch, keys, 1 + recipient % 20, recipient));
    }
    let seq = bench.apply(&batch);
    bench.check_ledger();
    assert_eq!(bench.reader().journal(seq).unwrap().unwrap().entries, batch.journal);
    let keys: Vec<_> = rows.iter().map(|row| row.message.facts.key).collect();
    let stored = bench.store().messages(&keys).unwrap();
    assert!(stored.len() == 1_000 && rows.iter().all(|row| stored.contains(&row.message)));
    let bodies = bench.store().bodies(&keys).unwrap();
    assert!(rows.iter().all(|row| bodies.contains(&(row.message.facts.key, row.body.to_vec()))));
    let sum = bench.reader().ledger_sums().unwrap()[0];
    assert_eq!((sum.held_micros, sum.message_held_micros), (1_000 * PRICE_MICROS, 1_000 * PRICE_MICROS));
    assert_eq!(bench.reader().figures().unwrap().open, 1_000);
}

pub(super) fn erased(bench: &mut Bench) {
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    let mut rows = Vec::new();
    for recipient in [77, 78] {
        let keys = (bench.key(), bench.key());
        rows.push(add_message(&mut batch, keys, 1, recipient));
    }
    let [first, second] = [0, 1].map(|place: usize| rows[place].message.facts.key);
    for key in [first, second] {
        let retried = AttemptRow { sealed_sent: vec![1, 2, 3], ..attempt(key, 1, bench.now) };
        let told = receipt(key, bench.key(), 1, ReceiptState::Delivered, bench.now);
        batch.attempts.push(retried);
        batch.receipts.push(ReceiptRow { sealed_echo: vec![4, 5, 6], ..told });
    }
    bench.apply(&batch);
    let before = bench.reader().message(first).unwrap().unwrap();
    assert!(before.body.is_some());
    let mut batch = bench.batch();
    // The second time, and for what is not there, nothing happens.
    batch.config.push(ConfigChange::ContentErased(AccountId(1), first));
    batch.config.push(ConfigChange::ContentErased(AccountId(1), first));
    batch.config.push(ConfigChange::ContentErased(AccountId(1), bench.key()));
    bench.apply(&batch);
    for _ in 0..2 {
        let after = bench.reader().message(first).unwrap().unwrap();
        assert_eq!(
            (after.message, after.submission, after.body),
            (before.message.clone(), before.submission.clone(), None)
        );
        assert!(
            after.attempts[0].row.sealed_sent.is_empty()
                && after.attempts[0].receipts[0].sealed_echo.is_empty()
        );
        assert_eq!(after.attempts[0].receipts[0].stat, before.attempts[0].receipts[0].stat);
        let bodies = bench.store().bodies(&[first, second]).unwrap();
        assert_eq!(bodies, [(second, rows[1].body.to_vec())]);
        let other = bench.reader().message(second).unwrap().unwrap();
        assert_eq!(
            (&other.attempts[0].row.sealed_sent, &other.attempts[0].receipts[0].sealed_echo),
            (&vec![1, 2, 3], &vec![4, 5, 6])
        );
        bench.reopen();
    }
}

pub(super) fn addresses_erased(bench: &mut Bench) {
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    let mut rows = Vec::new();
    for recipient in [77, 78] {
        let keys = (bench.key(), bench.key());
        rows.push(add_message(&mut batch, keys, 1, recipient));
    }
    let [first, second] = [0, 1].map(|place: usize| rows[place].message.facts.key);
    bench.apply(&batch);
    let mut batch = bench.batch();
    for message in [first, bench.key()] {
        let sealed = vec![9, 9, 9];
        batch.config.push(ConfigChange::AddressesErased { account: AccountId(1), message, sealed });
    }
    bench.apply(&batch);
    for _ in 0..2 {
        let after = bench.reader().message(first).unwrap().unwrap();
        let mut expected = rows[0].message.clone();
        expected.facts.sealed = vec![9, 9, 9].into();
        assert_eq!((after.message, after.body), (expected, None));
        let other = bench.reader().message(second).unwrap().unwrap();
        assert_eq!((&other.message, other.body.is_some()), (&rows[1].message, true));
        bench.reopen();
    }
}

pub(super) fn open_pages(bench: &mut Bench) {
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    let mut keys = Vec::new();
    for recipient in 0..10 {
        let pair = (bench.key(), bench.key());
        keys.push(add_message(&mut batch, pair, 1, recipient).message.facts.key);
    }
    bench.apply(&batch);
    let mut after = RowKey::ZERO;
    let mut seen = Vec::new();
    loop {
        let page = bench.store().open_messages(after, 3).unwrap();
        let Some(last) = page.last() else { break };
        after = last.facts.key;
        assert!(page.len() <= 3);
        seen.extend(page.iter().map(|message| message.facts.key));
    }
    assert_eq!(seen, keys);
    let unknown = bench.key();
    assert_eq!(bench.store().messages(&[unknown]).unwrap(), []);
    assert_eq!(bench.store().bodies(&[unknown]).unwrap(), []);
    assert_eq!(bench.store().attempts(&[unknown]).unwrap(), []);
    assert_eq!(bench.reader().message(unknown).unwrap(), None);
}

pub(super) fn submission_order(bench: &mut Bench) {
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    let first = bench.key();
    batch.submissions.push(submission(first, 1, 5, bench.now));
    let mut other = Vec::new();
    for index in [3, 0, 4, 1, 2] {
        let keys = (bench.key(), bench.key());
        other.push(keys.0);
        batch.submissions.push(submission(keys.0, 1, 1, bench.now));
        batch.messages.push(message(keys.1, keys.0, 1, 99, bench.now));
        let mut row = message(bench.key(), first, 1, i64::from(index), bench.now);
        row.message.facts.index = index;
        batch.messages.push(row);
    }
    batch.lots.push(lot_change(1, -10 * PRICE_MICROS, 10 * PRICE_MICROS));
    batch.postings.push(posting(1, PostingKind::Hold, 10 * PRICE_MICROS, 10));
    bench.apply(&batch);
    let views = bench.reader().submission_messages(first).unwrap();
    assert_eq!(views.iter().map(|view| view.message.facts.index).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(views.iter().all(|view| view.submission == batch.submissions[0] && view.body.is_some()));
    assert_eq!(bench.reader().submission_messages(other[2]).unwrap().len(), 1);
    let (facts, tail) = bench.store().submission(first).unwrap();
    assert_eq!(facts, views.into_iter().map(|view| view.message.facts).collect::<Vec<_>>());
    assert_eq!(tail, Some(batch.submissions[0].tail));
    let unknown = bench.key();
    assert_eq!(bench.store().submission(unknown).unwrap(), (Vec::new(), None));
    assert_eq!(bench.reader().submission_messages(unknown).unwrap(), []);
}

pub(super) fn restart(bench: &mut Bench) {
    let mut row = admitted(bench);
    let key = row.message.facts.key;
    submitted(bench, &mut row);
    let told = bench.key();
    let mut batch = bench.batch();
    batch.outbox.push(event(told, ENDPOINT, key, bench.now));
    let seq = bench.apply(&batch);
    let before = bench.everything();
    bench.reopen();
    assert_eq!(bench.everything(), before);
    let state = bench.store().load().unwrap();
    assert_eq!((state.last_commit, state.last_key), (seq, told));
    assert_eq!(state.outbox_pending, [(ENDPOINT, 1)]);
    assert_eq!(bench.store().open_messages(RowKey::ZERO, 10).unwrap(), [row.message]);
    let found = bench.store().receipt_targets(&[(CONNECTOR, "c0ffef".to_owned())]).unwrap();
    assert_eq!((found[0][0].message, found[0][0].part), (key, 2));
    let mut batch = bench.batch();
    batch.outbox_done.push(told);
    let next = bench.apply(&batch);
    assert_eq!(next.0, seq.0 + 1);
    let before = bench.everything();
    bench.reopen();
    assert_eq!(bench.everything(), before);
    assert_eq!(bench.store().load().unwrap().outbox_pending, []);
    assert_eq!(bench.store().load().unwrap().last_key, told, "a key is never used again");
}
