//! Cases about submissions that are staged over several commits.

use types::charge::PostingKind;
use types::id::RowKey;
use types::message::State;
use types::time::Timestamp;

use super::Bench;
use super::rows::{PRICE_MICROS, add_account, add_message, change, lot_change, message, posting, submission};
use crate::store::{Batch, ListFilter};

const MESSAGES: u32 = 6;

/// A staged submission with all but its last message, between messages of others.
fn stage(bench: &mut Bench) -> RowKey {
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    let key = bench.key();
    let mut row = submission(key, 1, MESSAGES, bench.now);
    row.staged = true;
    batch.submissions.push(row);
    bench.apply(&batch);
    for index in 0..MESSAGES - 1 {
        let mut batch = bench.batch();
        let keys = (bench.key(), bench.key());
        add_message(&mut batch, keys, 1, 500);
        add(bench, &mut batch, key, index);
        bench.apply(&batch);
    }
    key
}

fn add(bench: &mut Bench, batch: &mut Batch, submission: RowKey, index: u32) {
    let mut row = message(bench.key(), submission, 1, i64::from(index), bench.now);
    row.message.facts.index = index;
    batch.messages.push(row);
}

/// Checks that only the five messages of others are seen.
fn check_hidden(bench: &mut Bench, key: RowKey) {
    let others = MESSAGES as usize - 1;
    bench.check_ledger();
    let list = bench.reader().list_messages(&ListFilter { limit: 100, ..ListFilter::default() }).unwrap();
    assert_eq!(list.items.len(), others);
    assert!(list.items.iter().all(|view| view.submission.key != key));
    let open = bench.store().open_messages(RowKey::ZERO, 3).unwrap();
    assert!(open.len() == 3 && open.iter().all(|message| message.facts.submission != key));
    assert_eq!(bench.reader().submission_messages(key).unwrap(), []);
    let rollup = bench.reader().rollup(None, Timestamp::EPOCH).unwrap();
    assert_eq!(rollup.iter().map(|row| row.messages).sum::<i64>(), 5);
    let figures = bench.reader().figures().unwrap();
    assert_eq!((figures.messages, figures.open), (5, 5));
    assert_eq!(bench.store().staged().unwrap(), [key]);
    let facts = bench.store().submission(key).unwrap().0;
    assert_eq!(bench.store().last_sender_to(facts[0].recipient_hash).unwrap(), None);
    assert_eq!(facts.iter().map(|facts| facts.index).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(facts.iter().all(|facts| bench.reader().message(facts.key).unwrap().is_none()));
}

pub(super) fn becomes_visible(bench: &mut Bench) {
    let key = stage(bench);
    check_hidden(bench, key);
    bench.tidy();
    check_hidden(bench, key);
    let mut batch = bench.batch();
    add(bench, &mut batch, key, MESSAGES - 1);
    batch.unstaged.push(key);
    let amount = i64::from(MESSAGES) * PRICE_MICROS;
    batch.lots.push(lot_change(1, -amount, amount));
    batch.postings.push(posting(1, PostingKind::Hold, amount, MESSAGES));
    bench.apply(&batch);
    bench.check_ledger();
    assert_eq!(bench.store().staged().unwrap(), []);
    let views = bench.reader().submission_messages(key).unwrap();
    assert_eq!(views.iter().map(|view| view.message.facts.index).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    assert!(views.iter().all(|view| !view.submission.staged));
    let list = bench.reader().list_messages(&ListFilter { limit: 100, ..ListFilter::default() }).unwrap();
    assert_eq!(list.items.len(), 11);
    assert_eq!(bench.store().open_messages(RowKey::ZERO, 100).unwrap().len(), 11);
    let last = &views[5].message;
    let mut batch = bench.batch();
    batch.changes.push(change(last.facts.key, &last.progress, |progress| progress.state = State::Cancelled));
    bench.apply(&batch);
    let rollup = bench.reader().rollup(None, Timestamp::EPOCH).unwrap();
    let in_state = |ended: bool| -> i64 {
        rollup.iter().filter(|row| (row.state == State::Cancelled) == ended).map(|row| row.messages).sum()
    };
    assert_eq!((in_state(true), in_state(false)), (1, 10));
    assert_eq!(bench.reader().figures().unwrap().open, 10);
}

pub(super) fn discarded(bench: &mut Bench) {
    let key = stage(bench);
    let keys: Vec<_> = bench.store().submission(key).unwrap().0.iter().map(|facts| facts.key).collect();
    bench.tidy();
    let mut batch = bench.batch();
    batch.discarded.push(key);
    bench.apply(&batch);
    assert_eq!(bench.store().staged().unwrap(), []);
    assert_eq!(bench.store().submission(key).unwrap(), (Vec::new(), None));
    assert_eq!(bench.store().messages(&keys).unwrap(), []);
    assert_eq!(bench.store().bodies(&keys).unwrap(), []);
    bench.tidy();
    let list = bench.reader().list_messages(&ListFilter { limit: 100, ..ListFilter::default() }).unwrap();
    assert_eq!(list.items.len(), 5);
    let of_account =
        ListFilter { account: Some(types::id::AccountId(1)), limit: 100, ..ListFilter::default() };
    assert_eq!(bench.reader().list_messages(&of_account).unwrap().items.len(), 5);
    let figures = bench.reader().figures().unwrap();
    assert_eq!((figures.messages, figures.open), (5, 5));
    bench.check_ledger();
    bench.refuse("it is gone", &batch);
}

pub(super) fn restart(bench: &mut Bench) {
    let key = stage(bench);
    bench.reopen();
    check_hidden(bench, key);
    let mut batch = bench.batch();
    batch.discarded.push(key);
    bench.apply(&batch);
    bench.reopen();
    assert_eq!(bench.store().staged().unwrap(), []);
    assert_eq!(bench.store().open_messages(RowKey::ZERO, 100).unwrap().len(), 5);
}
