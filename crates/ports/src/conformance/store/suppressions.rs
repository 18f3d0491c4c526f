//! Cases about suppression lists: who is on one, in which order they are shown, and what stays.

use types::id::AccountId;
use types::suppression::SuppressionReason;

use super::rows::add_account;
use super::{Bench, PAGE_ROWS_MAX};
use crate::store::{ConfigChange, SuppressionFilter, SuppressionMark, SuppressionRow};

fn entry(bench: &mut Bench, account: i64, scope: &str, number_hash: i64) -> SuppressionRow {
    SuppressionRow {
        account: AccountId(account),
        scope: scope.to_owned(),
        number_hash,
        key: bench.key(),
        reason: SuppressionReason::OptOut,
        source: "key:1 é".to_owned(),
        data_key: 5,
        sealed: vec![3, 0, 255],
        created_at: bench.now,
    }
}

fn mark(row: &SuppressionRow) -> SuppressionMark {
    let SuppressionRow { key, account, scope, number_hash, reason, .. } = row.clone();
    SuppressionMark { key, account, scope, number_hash, reason }
}

const fn filter(account: i64) -> SuppressionFilter {
    SuppressionFilter { account: AccountId(account), number_hash: None, before: None, limit: PAGE_ROWS_MAX }
}

fn put(bench: &mut Bench, rows: &[SuppressionRow]) {
    let mut batch = bench.batch();
    batch.config = rows.iter().cloned().map(ConfigChange::Suppression).collect();
    bench.apply(&batch);
}

/// Three entries of one account, one of them within a scope, and one of another account.
fn some(bench: &mut Bench) -> Vec<SuppressionRow> {
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    add_account(&mut batch, 2);
    bench.apply(&batch);
    let places = [(1, "", 77), (1, "sender:ACME", 77), (1, "", i64::MIN), (2, "", 77)];
    let rows: Vec<_> =
        places.iter().map(|(account, scope, hash)| entry(bench, *account, scope, *hash)).collect();
    put(bench, &rows);
    rows
}

pub(super) fn listed(bench: &mut Bench) {
    let rows = some(bench);
    let [first, scoped, second, other] = &rows[..] else { panic!("four rows") };
    for _ in 0..2 {
        let reader = bench.reader();
        let page = reader.list_suppressions(&filter(1)).unwrap();
        assert_eq!((page.items, page.next), (vec![second.clone(), scoped.clone(), first.clone()], None));
        let of_one = SuppressionFilter { number_hash: Some(77), ..filter(1) };
        let page = reader.list_suppressions(&of_one).unwrap();
        assert_eq!(page.items, [scoped.clone(), first.clone()]);
        let page = reader.list_suppressions(&SuppressionFilter { limit: 2, ..filter(1) }).unwrap();
        assert_eq!((page.items.len(), page.next), (2, Some(scoped.key)));
        let rest = reader.list_suppressions(&SuppressionFilter { before: page.next, limit: 2, ..filter(1) });
        let rest = rest.unwrap();
        assert_eq!((rest.items, rest.next), (vec![first.clone()], None));
        assert_eq!(reader.list_suppressions(&filter(2)).unwrap().items, std::slice::from_ref(other));
        assert_eq!(reader.list_suppressions(&filter(3)).unwrap().items, []);
        let store = bench.store();
        let all = store.suppressions_after(types::id::RowKey::ZERO, 10).unwrap();
        assert_eq!(all, [mark(first), mark(scoped), mark(second), mark(other)]);
        assert_eq!(store.suppressions_after(first.key, 1).unwrap(), [mark(scoped)]);
        assert_eq!(store.suppressions_after(other.key, 10).unwrap(), []);
        assert!(store.load().unwrap().last_key >= other.key, "no key is given twice");
        bench.reopen();
    }
}

pub(super) fn looked_up(bench: &mut Bench) {
    let rows = some(bench);
    let store = bench.store();
    let mut found = store.suppressed(AccountId(1), "", &[77, 5, i64::MIN]).unwrap();
    found.sort_by_key(|mark| mark.key);
    assert_eq!(found, [mark(&rows[0]), mark(&rows[2])]);
    assert_eq!(store.suppressed(AccountId(2), "", &[i64::MIN]).unwrap(), []);
    assert_eq!(store.suppressed(AccountId(3), "", &[77]).unwrap(), []);
    assert_eq!(store.suppressed(AccountId(1), "", &[]).unwrap(), []);
    assert_eq!(store.suppressed(AccountId(1), "sender:ACME", &[77, i64::MIN]).unwrap(), [mark(&rows[1])]);
}

pub(super) fn ended(bench: &mut Bench) {
    let rows = some(bench);
    // The first entry stays: it says since when and why.
    let again = SuppressionRow { reason: SuppressionReason::Manual, ..entry(bench, 1, "", 77) };
    put(bench, std::slice::from_ref(&again));
    let store = bench.store();
    assert_eq!(store.suppressed(AccountId(1), "", &[77]).unwrap(), [mark(&rows[0])]);
    // Within one batch the changes happen in their order.
    let end = |scope: &str| ConfigChange::SuppressionEnd {
        account: AccountId(1),
        scope: scope.to_owned(),
        number_hash: 77,
    };
    let mut batch = bench.batch();
    batch.config = vec![end(""), ConfigChange::Suppression(again.clone()), end("nothing of the kind")];
    bench.apply(&batch);
    assert_eq!(bench.store().suppressed(AccountId(1), "", &[77]).unwrap(), [mark(&again)]);
    let mut batch = bench.batch();
    batch.config = vec![end("")];
    bench.apply(&batch);
    assert_eq!(bench.store().suppressed(AccountId(1), "", &[77]).unwrap(), []);
    assert_eq!(bench.store().suppressed(AccountId(2), "", &[77]).unwrap(), [mark(&rows[3])]);
    let left = bench.reader().list_suppressions(&filter(1)).unwrap();
    assert_eq!(left.items, [rows[2].clone(), rows[1].clone()], "the narrower entry is one of its own");
}
