//! Cases about from which sender of a pool a recipient heard last.

use types::id::{AccountId, RowKey};
use types::resource::{ResourceKind, ReviewState};
use types::time::Timestamp;

use super::rows::add_account;
use super::{BEGIN, Bench};
use crate::store::{ConfigChange, ResourceRow, SenderMemory};

fn memory(pool: RowKey, number_hash: i64, sender: &str, used_at: Timestamp) -> SenderMemory {
    SenderMemory { pool, number_hash, sender: sender.to_owned(), used_at }
}

fn put(bench: &mut Bench, changes: Vec<ConfigChange>) {
    let mut batch = bench.batch();
    batch.config = changes;
    bench.apply(&batch);
}

pub(super) fn remembered(bench: &mut Bench) {
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    bench.apply(&batch);
    let pool = |key: RowKey, name: &str| {
        ConfigChange::Resource(ResourceRow {
            key,
            tail: 1,
            account: AccountId(1),
            kind: ResourceKind::Pool,
            name: name.to_owned(),
            state: ReviewState::Approved,
            document: "{}".to_owned(),
            created_at: BEGIN,
            changed_at: BEGIN,
        })
    };
    let (one, two) = (bench.key(), bench.key());
    put(bench, vec![pool(one, "one"), pool(two, "two")]);
    let first = memory(one, i64::MIN + 1, "ACME", BEGIN);
    let second = memory(one, 77, "żółw", BEGIN);
    let third = memory(two, 77, "+447911123456", BEGIN.plus_ms(1));
    let rows = vec![second.clone(), third.clone(), first.clone()];
    put(bench, vec![ConfigChange::SendersRemembered(rows)]);
    let all = |bench: &mut Bench, after, limit| bench.store().remembered_senders(after, limit).unwrap();
    let begin = (RowKey::ZERO, i64::MIN);
    for _ in 0..2 {
        assert_eq!(all(bench, begin, 9), [first.clone(), second.clone(), third.clone()]);
        assert_eq!(all(bench, begin, 1)[..], *std::slice::from_ref(&first));
        assert_eq!(all(bench, (one, i64::MIN + 1), 1)[..], *std::slice::from_ref(&second));
        assert_eq!(all(bench, (two, 77), 9), []);
        bench.reopen();
    }
    // The newest gives way to nothing but a newer one, and what goes is gone.
    let again = memory(one, 77, "Other", BEGIN.plus_ms(86_400_000));
    let forgotten = vec![(one, i64::MIN + 1), (two, 5)];
    let changes =
        vec![ConfigChange::SendersRemembered(vec![again.clone()]), ConfigChange::SendersForgotten(forgotten)];
    put(bench, changes);
    assert_eq!(all(bench, begin, 9), [again, third.clone()]);
    put(bench, vec![ConfigChange::ResourceEnd(AccountId(1), one)]);
    assert_eq!(all(bench, begin, 9), [third]);
    put(bench, vec![ConfigChange::SendersRemembered(Vec::new()), ConfigChange::SendersForgotten(Vec::new())]);
}
