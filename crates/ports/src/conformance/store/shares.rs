//! Cases about messages that several lots pay together.

use types::charge::{ChargeState, LevelPrice, LotShare, PostingKind};
use types::id::{AccountId, LotId, RowKey};
use types::message::State;
use types::money::Unit;

use super::Bench;
use super::rows::{PRICE_MICROS, account, add_account, change, lot, message, share, submission};
use crate::store::{Batch, ConfigChange, LotChange, MessageRow};

/// What the first of the two lots of account 1 can pay.
const FIRST_MICROS: i64 = 20_000;
const REST_MICROS: i64 = PRICE_MICROS - FIRST_MICROS;
const SHARES: [(i64, i64); 2] = [(11, FIRST_MICROS), (12, REST_MICROS)];

/// An account with two lots, neither of which covers a price.
fn add_two_lots(batch: &mut Batch) {
    batch.config.push(ConfigChange::Account(account(1, batch.at)));
    for (number, micros) in [(11, FIRST_MICROS), (12, PRICE_MICROS - 1)] {
        let mut new = lot(1, batch.at);
        (new.id, new.granted_micros) = (LotId(number), micros);
        let lot = LotId(number);
        let (available_delta, held_delta, floor_micros) = (micros, 0, 0);
        batch.lots.push(LotChange { lot, new: Some(new), available_delta, held_delta, floor_micros });
        post(batch, number, PostingKind::TopUp, micros, 0);
    }
}

fn post(batch: &mut Batch, number: i64, kind: PostingKind, amount_micros: i64, messages: u32) {
    let (account, lot, policy) = (AccountId(1), LotId(number), 1);
    batch.postings.push(types::charge::Posting { account, lot, kind, amount_micros, messages, policy });
}

/// Moves the shares of a message by a posting of `kind` each.
fn pay(batch: &mut Batch, kind: PostingKind) {
    for (number, micros) in SHARES {
        let (available_delta, held_delta) = kind.effect(micros);
        let (lot, floor_micros) = (LotId(number), 0);
        batch.lots.push(LotChange { lot, new: None, available_delta, held_delta, floor_micros });
        post(batch, number, kind, micros, 1);
    }
}

/// A message that both lots pay, in a submission of its own.
fn add_shared(bench: &mut Bench, batch: &mut Batch) -> MessageRow {
    let (first, key) = (bench.key(), bench.key());
    batch.submissions.push(submission(first, 1, 1, batch.at));
    let mut row = message(key, first, 1, 4, batch.at);
    share(&mut row, &SHARES);
    batch.messages.push(row.clone());
    row
}

fn settle(bench: &mut Bench, row: &mut MessageRow, kind: PostingKind, charge: ChargeState) {
    let moved = change(row.message.facts.key, &row.message.progress, |progress| {
        progress.charge = charge;
        progress.state = State::Undelivered;
    });
    let mut batch = bench.batch();
    batch.changes.push(moved);
    pay(&mut batch, kind);
    bench.apply(&batch);
    row.message.progress = moved.progress;
    bench.check_ledger();
}

/// Available and held of both lots.
fn lots(bench: &Bench) -> Vec<(i64, i64)> {
    let lots = bench.reader().lots(AccountId(1)).unwrap();
    lots.iter().map(|lot| (lot.available_micros, lot.held_micros)).collect()
}

pub(super) fn shares(bench: &mut Bench) {
    let mut batch = bench.batch();
    add_two_lots(&mut batch);
    bench.apply(&batch);
    let mut batch = bench.batch();
    let mut row = add_shared(bench, &mut batch);
    pay(&mut batch, PostingKind::Hold);
    bench.apply(&batch);
    bench.check_ledger();
    let left = PRICE_MICROS - 1 - REST_MICROS;
    assert_eq!(lots(bench), [(0, FIRST_MICROS), (left, REST_MICROS)]);
    let key = row.message.facts.key;
    let kept: Vec<_> =
        SHARES.iter().map(|(lot, micros)| LotShare { lot: LotId(*lot), micros: *micros }).collect();
    for _ in 0..2 {
        let view = bench.reader().message(key).unwrap().unwrap();
        assert_eq!((&view.message, &*view.message.facts.shares), (&row.message, &*kept));
        assert_eq!(bench.store().messages(&[key]).unwrap(), [row.message.clone()]);
        assert_eq!(bench.store().open_messages(RowKey::ZERO, 9).unwrap(), [row.message.clone()]);
        let submission = row.message.facts.submission;
        assert_eq!(bench.store().submission(submission).unwrap().0, [row.message.facts.clone()]);
        let sum = bench.reader().ledger_sums().unwrap()[0];
        assert_eq!((sum.held_micros, sum.message_held_micros), (PRICE_MICROS, PRICE_MICROS));
        bench.tidy();
        bench.reopen();
    }
    settle(bench, &mut row, PostingKind::Capture, ChargeState::Charged);
    assert_eq!(lots(bench), [(0, 0), (left, 0)]);
    let sum = bench.reader().ledger_sums().unwrap()[0];
    assert_eq!((sum.posted_charged_micros, sum.message_charged_micros), (PRICE_MICROS, PRICE_MICROS));
    settle(bench, &mut row, PostingKind::Refund, ChargeState::Refunded);
    assert_eq!(lots(bench), [(FIRST_MICROS, 0), (PRICE_MICROS - 1, 0)]);

    let mut batch = bench.batch();
    let mut other = add_shared(bench, &mut batch);
    pay(&mut batch, PostingKind::Hold);
    bench.apply(&batch);
    settle(bench, &mut other, PostingKind::Release, ChargeState::Released);
    assert_eq!(lots(bench), [(FIRST_MICROS, 0), (PRICE_MICROS - 1, 0)]);
}

/// The proof reads the shares themselves: ones that do not add up to what was posted are seen.
pub(super) fn are_proved(bench: &mut Bench) {
    let mut batch = bench.batch();
    add_two_lots(&mut batch);
    bench.apply(&batch);
    let mut batch = bench.batch();
    add_shared(bench, &mut batch);
    share(&mut batch.messages[0], &[(11, FIRST_MICROS), (12, REST_MICROS - 3)]);
    pay(&mut batch, PostingKind::Hold);
    bench.apply(&batch);
    let sum = bench.reader().ledger_sums().unwrap()[0];
    assert_eq!((sum.unit, sum.imbalance_micros()), (Unit::EUR, 3));
}

pub(super) fn staged(bench: &mut Bench) {
    let mut batch = bench.batch();
    add_two_lots(&mut batch);
    let first = bench.key();
    batch.submissions.push(submission(first, 1, 1, batch.at));
    batch.submissions[0].staged = true;
    let mut row = message(bench.key(), first, 1, 4, batch.at);
    share(&mut row, &SHARES);
    batch.messages.push(row.clone());
    bench.apply(&batch);
    for _ in 0..2 {
        bench.check_ledger();
        bench.reopen();
    }
    let mut visible = bench.batch();
    visible.unstaged.push(first);
    pay(&mut visible, PostingKind::Hold);
    let mut discarded = bench.batch();
    discarded.discarded.push(first);
    // Given up once, then staged again under a new key and made visible.
    bench.apply(&discarded);
    bench.check_ledger();
    assert_eq!(bench.store().messages(&[row.message.facts.key]).unwrap(), []);
    let second = bench.key();
    let mut again = bench.batch();
    again.submissions.push(submission(second, 1, 1, again.at));
    again.submissions[0].staged = true;
    let mut row = message(bench.key(), second, 1, 4, again.at);
    share(&mut row, &SHARES);
    again.messages.push(row.clone());
    bench.apply(&again);
    visible.unstaged = vec![second];
    bench.apply(&visible);
    bench.check_ledger();
    assert_eq!(bench.store().open_messages(RowKey::ZERO, 9).unwrap(), [row.message]);
}

pub(super) fn levels(bench: &mut Bench) {
    let mut batch = bench.batch();
    for number in 1..=3 {
        add_account(&mut batch, number);
    }
    let mut rows = Vec::new();
    for (number, above) in [(1, vec![]), (2, vec![1]), (3, vec![2, 1])] {
        let (first, key) = (bench.key(), bench.key());
        batch.submissions.push(submission(first, number, 1, batch.at));
        let mut row = message(key, first, number, number, batch.at);
        let level = |above: i64| {
            let mut price = row.message.facts.price;
            price.amount.micros -= above;
            LevelPrice { account: AccountId(above), price }
        };
        row.message.facts.levels = above.into_iter().map(level).collect();
        rows.push(row.message.clone());
        batch.messages.push(row);
        batch.lots.push(super::rows::lot_change(number, -PRICE_MICROS, PRICE_MICROS));
        batch.postings.push(super::rows::posting(number, PostingKind::Hold, PRICE_MICROS, 1));
    }
    bench.apply(&batch);
    bench.check_ledger();
    for _ in 0..2 {
        assert_eq!(bench.store().open_messages(RowKey::ZERO, 9).unwrap(), rows);
        bench.reopen();
    }
}
