//! Cases about the ledger and the daily sums.

use types::charge::{ChargeState, PostingKind};
use types::id::{AccountId, CommitSeq, LotId};
use types::message::State;
use types::money::Unit;
use types::time::Timestamp;

use super::messages::{admitted, submitted};
use super::rows::{
    GRANT_MICROS, PRICE_MICROS, account, add_account, add_message, change, country, lot, lot_change, posting,
};
use super::{BEGIN, Bench};
use crate::store::{ConfigChange, LotChange, Rollup};

const DAY_MS: i64 = 86_400_000;

pub(super) fn ledger(bench: &mut Bench) {
    let mut row = admitted(bench);
    let key = row.message.facts.key;
    submitted(bench, &mut row);
    let sums = |bench: &Bench| bench.reader().ledger_sums().unwrap();
    let sum = sums(bench)[0];
    assert_eq!((sum.unit, sum.available_micros), (Unit::EUR, GRANT_MICROS - PRICE_MICROS));
    assert_eq!((sum.held_micros, sum.posted_charged_micros), (0, PRICE_MICROS));
    let mut batch = bench.batch();
    let refunded = change(key, &row.message.progress, |progress| {
        progress.state = State::Undelivered;
        progress.charge = ChargeState::Refunded;
    });
    batch.changes.push(refunded);
    batch.lots.push(lot_change(1, PRICE_MICROS, 0));
    batch.postings.push(posting(1, PostingKind::Refund, PRICE_MICROS, 1));
    bench.apply(&batch);
    bench.check_ledger();
    let sum = sums(bench)[0];
    assert_eq!((sum.available_micros, sum.message_charged_micros), (GRANT_MICROS, 0));

    // Another unit has its own sum.
    let mut batch = bench.batch();
    let credits = Unit::parse("SMS").unwrap();
    batch.config.push(ConfigChange::Account(account(2, bench.now)));
    let mut new = lot(2, bench.now);
    new.unit = credits;
    batch.lots.push(LotChange { new: Some(new), ..lot_change(2, 5_000_000, 0) });
    batch.postings.push(posting(2, PostingKind::TopUp, 5_000_000, 0));
    bench.apply(&batch);
    bench.check_ledger();
    assert_eq!(sums(bench).iter().map(|sum| sum.unit).collect::<Vec<_>>(), [Unit::EUR, credits]);

    // What does not add up is seen: a posting without its lot, then a lot without its posting.
    let mut batch = bench.batch();
    batch.postings.push(posting(1, PostingKind::Charge, 7, 1));
    bench.apply(&batch);
    assert_eq!(sums(bench)[0].imbalance_micros(), 14);
    assert_eq!(sums(bench)[1].imbalance_micros(), 0);
    let mut batch = bench.batch();
    batch.lots.push(lot_change(2, 3, 0));
    bench.apply(&batch);
    assert_eq!(sums(bench)[1].imbalance_micros(), 3);
}

pub(super) fn floors(bench: &mut Bench) {
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    bench.apply(&batch);
    let lots = |bench: &Bench| bench.reader().lots(AccountId(1)).unwrap();
    let whole = lots(bench);
    assert_eq!((whole[0].available_micros, whole[0].held_micros), (GRANT_MICROS, 0));
    assert_eq!((whole[0].id, whole[0].granted_micros, &*whole[0].source), (LotId(1), GRANT_MICROS, "demo"));
    let mut batch = bench.batch();
    batch.lots.push(lot_change(1, -GRANT_MICROS - 1, 0));
    bench.refuse("one too much", &batch);
    let mut batch = bench.batch();
    batch.lots.extend([lot_change(1, -GRANT_MICROS, 0), lot_change(1, -1, 0)]);
    bench.refuse("one too much at the second step", &batch);
    let mut batch = bench.batch();
    batch.lots.push(LotChange { floor_micros: -10, ..lot_change(1, -GRANT_MICROS - 10, 4) });
    bench.apply(&batch);
    assert_eq!((lots(bench)[0].available_micros, lots(bench)[0].held_micros), (-10, 4));
    assert_eq!(bench.store().load().unwrap().lots, lots(bench));
    let mut batch = bench.batch();
    batch.lots.push(lot_change(1, 10, -4));
    bench.apply(&batch);
    // A spent lot is kept, though nothing needs it at the start.
    assert_eq!(bench.store().load().unwrap().lots, []);
    assert_eq!(bench.store().load().unwrap().last_numbers[3], 1);
    assert_eq!((lots(bench).len(), bench.reader().lots(AccountId(2)).unwrap().len()), (1, 0));
}

pub(super) fn postings(bench: &mut Bench) {
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    add_account(&mut batch, 2);
    bench.apply(&batch);
    let mut commits = vec![CommitSeq(1)];
    for amount in 1..20 {
        let mut batch = bench.batch();
        batch.postings.push(posting(1, PostingKind::Charge, amount, 1));
        batch.postings.push(posting(2, PostingKind::Refund, amount, 1));
        commits.push(bench.apply(&batch));
        if amount % 4 == 0 {
            bench.tidy();
        }
    }
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let page = bench.reader().postings(AccountId(1), before, 3).unwrap();
        assert!(page.items.len() <= 3 && page.items.iter().all(|item| item.lot == LotId(1)));
        found.extend(page.items);
        before = page.next.map(types::id::RowKey::as_i64);
        if before.is_none() {
            break;
        }
    }
    let amounts: Vec<_> = found.iter().map(|item| item.amount_micros).collect();
    let expected: Vec<_> = (1..20).rev().chain([GRANT_MICROS]).collect();
    assert_eq!(amounts, expected);
    assert_eq!(found.iter().rev().map(|item| item.commit).collect::<Vec<_>>(), commits);
    let newest = &found[0];
    assert_eq!((newest.kind, newest.unit, newest.at), (PostingKind::Charge, Unit::EUR, bench.now));
    assert_eq!((newest.messages, newest.policy), (1, 1));
    assert_eq!(bench.reader().postings(AccountId(3), None, 3).unwrap().items, []);
}

pub(super) fn rollup(bench: &mut Bench) {
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    add_account(&mut batch, 2);
    bench.apply(&batch);
    let mut rows = Vec::new();
    for day in 0..2 {
        bench.now = BEGIN.plus_ms(day * DAY_MS);
        let mut batch = bench.batch();
        for recipient in 0..8 {
            let keys = (bench.key(), bench.key());
            rows.push(add_message(&mut batch, keys, 1 + recipient % 2, recipient).message);
        }
        bench.apply(&batch);
    }
    let total = |bench: &Bench, state: State| -> i64 {
        let rollup = bench.reader().rollup(None, Timestamp::EPOCH).unwrap();
        rollup.iter().filter(|row| row.state == state).map(|row| row.messages).sum()
    };
    assert_eq!(total(bench, State::Accepted), 16);
    let mut move_to = |bench: &mut Bench, place: usize, state: State| {
        let moved = change(rows[place].facts.key, &rows[place].progress, |progress| progress.state = state);
        let mut batch = bench.batch();
        batch.changes.push(moved);
        bench.apply(&batch);
        rows[place].progress = moved.progress;
    };
    move_to(bench, 0, State::Submitted);
    move_to(bench, 0, State::NoReport);
    move_to(bench, 1, State::Failed);
    move_to(bench, 9, State::Delivered);
    let ends = |bench: &Bench| {
        [State::Accepted, State::NoReport, State::Failed, State::Delivered].map(|state| total(bench, state))
    };
    assert_eq!(ends(bench), [13, 1, 1, 1]);
    // A late receipt improves an end, and a change without a move counts nothing.
    move_to(bench, 0, State::Delivered);
    move_to(bench, 0, State::Delivered);
    assert_eq!(ends(bench), [13, 0, 1, 2]);
    let day = Timestamp::from_ms(BEGIN.as_ms() - BEGIN.as_ms().rem_euclid(DAY_MS));
    let first = Rollup {
        day,
        account: AccountId(1),
        country: country(0),
        state: State::Delivered,
        messages: 1,
        parts: 2,
        amount_micros: PRICE_MICROS,
        unit: Unit::EUR,
    };
    let rollup = bench.reader().rollup(Some(AccountId(1)), BEGIN).unwrap();
    assert!(rollup.contains(&first), "{rollup:?}");
    assert!(rollup.iter().all(|row| row.account == AccountId(1)));
    assert_eq!(rollup.iter().map(|row| row.messages).sum::<i64>(), 8);
    let second_day = bench.reader().rollup(None, BEGIN.plus_ms(DAY_MS)).unwrap();
    assert_eq!(second_day.iter().map(|row| row.messages).sum::<i64>(), 8);
    assert!(second_day.iter().all(|row| row.day == day.plus_ms(DAY_MS)));
    assert_eq!(bench.reader().rollup(None, BEGIN.plus_ms(5 * DAY_MS)).unwrap(), []);
}
