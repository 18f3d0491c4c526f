//! Cases about contacts, their groups, and what has a name: what is shown, in which order, and what goes with
//! what.

use types::id::{AccountId, RowKey};
use types::resource::{ResourceKind, ReviewState};
use types::suppression::SuppressionReason;

use super::rows::add_account;
use super::{Bench, PAGE_ROWS_MAX};
use crate::store::{
    ConfigChange, ContactChange, ContactFilter, ContactRow, ListedContact, ResourceRow, SuppressionRow,
};

fn contact(bench: &mut Bench, account: i64, number_hash: i64, language: &str) -> ContactRow {
    ContactRow {
        key: bench.key(),
        tail: 7,
        account: AccountId(account),
        number_hash,
        language: language.to_owned(),
        data_key: 5,
        sealed: vec![3, 0, 255],
        created_at: bench.now,
        changed_at: bench.now,
    }
}

fn resource(bench: &mut Bench, account: i64, kind: ResourceKind, name: &str) -> ResourceRow {
    ResourceRow {
        key: bench.key(),
        tail: 9,
        account: AccountId(account),
        kind,
        name: name.to_owned(),
        state: ReviewState::Approved,
        document: "{\"note\":\"żółw\"}".to_owned(),
        created_at: bench.now,
        changed_at: bench.now,
    }
}

const fn filter(account: i64) -> ContactFilter {
    ContactFilter {
        account: AccountId(account),
        key: None,
        number_hash: None,
        group: None,
        language: None,
        before: None,
        limit: PAGE_ROWS_MAX,
        scope: None,
    }
}

fn put(bench: &mut Bench, changes: Vec<ConfigChange>) {
    let mut batch = bench.batch();
    batch.config = changes;
    bench.apply(&batch);
}

fn change(change: ContactChange) -> ConfigChange {
    ConfigChange::Contact(change)
}

/// Three contacts of one account, and one of another with the number of the first.
fn some(bench: &mut Bench) -> Vec<ContactRow> {
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    add_account(&mut batch, 2);
    bench.apply(&batch);
    let places = [(1, 77, "en"), (1, i64::MIN, ""), (1, 78, "en"), (2, 77, "")];
    let rows: Vec<_> =
        places.iter().map(|(account, hash, language)| contact(bench, *account, *hash, language)).collect();
    put(bench, rows.iter().cloned().map(ContactChange::Put).map(change).collect());
    rows
}

fn keys(bench: &Bench, filter: &ContactFilter) -> Vec<RowKey> {
    let page = bench.reader().list_contacts(filter).unwrap();
    page.items.iter().map(|listed| listed.contact.key).collect()
}

pub(super) fn kept(bench: &mut Bench) {
    let rows = some(bench);
    let suppression = SuppressionRow {
        account: AccountId(1),
        scope: String::new(),
        number_hash: 77,
        key: bench.key(),
        reason: SuppressionReason::Complaint,
        source: "key:1".to_owned(),
        data_key: 5,
        sealed: vec![1],
        created_at: bench.now,
    };
    let scoped =
        SuppressionRow { scope: "pool".to_owned(), number_hash: 78, key: bench.key(), ..suppression.clone() };
    put(bench, vec![ConfigChange::Suppression(suppression), ConfigChange::Suppression(scoped)]);
    for _ in 0..2 {
        let listed = |row: &ContactRow, suppressed| ListedContact {
            contact: row.clone(),
            suppressed,
            groups: Vec::new(),
        };
        let page = bench.reader().list_contacts(&filter(1)).unwrap();
        let shown = [
            listed(&rows[2], None),
            listed(&rows[1], None),
            listed(&rows[0], Some(SuppressionReason::Complaint)),
        ];
        assert_eq!((page.items.as_slice(), page.next), (shown.as_slice(), None));
        let page = bench.reader().list_contacts(&filter(2)).unwrap();
        assert_eq!(page.items, [listed(&rows[3], None)], "the list of another account is none of its");
        let mut found = bench.store().contacts(AccountId(1), &[77, 5, i64::MIN]).unwrap();
        found.sort_by_key(|row| row.key);
        assert_eq!(found, [rows[0].clone(), rows[1].clone()]);
        assert_eq!(bench.store().contacts(AccountId(3), &[77]).unwrap(), []);
        let count = |account, most| bench.reader().count_contacts(AccountId(account), most).unwrap();
        assert_eq!((count(1, 9), count(1, 2), count(2, 9), count(3, 9)), (3, 2, 1, 0));
        assert!(bench.store().load().unwrap().last_key >= rows[3].key, "no key is given twice");
        bench.reopen();
    }
    let later = bench.now.plus_ms(5);
    let moved = ContactRow { number_hash: 80, sealed: vec![1], changed_at: later, ..rows[0].clone() };
    put(bench, vec![change(ContactChange::Put(ContactRow { tail: 1, created_at: later, ..moved.clone() }))]);
    let found = bench.store().contacts(AccountId(1), &[77, 80]).unwrap();
    assert_eq!(found, std::slice::from_ref(&moved), "its id stays");
    let mut batch = bench.batch();
    batch.config = vec![change(ContactChange::Put(ContactRow { number_hash: 78, ..moved.clone() }))];
    bench.refuse("two contacts with one number", &batch);
    put(bench, vec![change(ContactChange::End(AccountId(2), moved.key))]);
    assert_eq!(keys(bench, &filter(1)).len(), 3, "it is not another's to end");
    put(bench, vec![change(ContactChange::End(AccountId(1), moved.key))]);
    assert_eq!(keys(bench, &filter(1)), [rows[2].key, rows[1].key]);
}

pub(super) fn pages(bench: &mut Bench) {
    let rows = some(bench);
    let first = bench.reader().list_contacts(&ContactFilter { limit: 2, ..filter(1) }).unwrap();
    assert_eq!((first.items.len(), first.next), (2, Some(rows[1].key)));
    assert_eq!(keys(bench, &ContactFilter { limit: 2, before: first.next, ..filter(1) }), [rows[0].key]);
    let cases = [
        (ContactFilter { key: Some(rows[1].key), ..filter(1) }, vec![1]),
        (ContactFilter { key: Some(rows[1].key), ..filter(2) }, vec![]),
        (ContactFilter { number_hash: Some(77), ..filter(1) }, vec![0]),
        (ContactFilter { number_hash: Some(5), ..filter(1) }, vec![]),
        (ContactFilter { language: Some("en".to_owned()), ..filter(1) }, vec![2, 0]),
        (ContactFilter { language: Some("en".to_owned()), number_hash: Some(78), ..filter(1) }, vec![2]),
        (ContactFilter { language: Some("EN".to_owned()), ..filter(1) }, vec![]),
    ];
    for (filter, expected) in cases {
        let expected: Vec<_> = expected.into_iter().map(|place: usize| rows[place].key).collect();
        assert_eq!(keys(bench, &filter), expected, "{filter:?}");
    }
}

pub(super) fn groups(bench: &mut Bench) {
    let rows = some(bench);
    let named = [resource(bench, 1, ResourceKind::Group, "a"), resource(bench, 1, ResourceKind::Group, "b")];
    let join = |group: usize, contact: usize| {
        change(ContactChange::Join { group: named[group].key, contact: rows[contact].key })
    };
    let mut changes: Vec<_> = named.iter().cloned().map(ConfigChange::Resource).collect();
    changes.extend([join(0, 0), join(0, 2), join(1, 2), join(0, 2)]);
    put(bench, changes);
    let of = |group: usize| ContactFilter { group: Some(named[group].key), ..filter(1) };
    let both = [named[0].key, RowKey::from_i64(5), named[1].key];
    assert_eq!(keys(bench, &of(0)), [rows[2].key, rows[0].key]);
    assert_eq!(keys(bench, &ContactFilter { limit: 1, ..of(0) }), [rows[2].key]);
    assert_eq!(keys(bench, &ContactFilter { before: Some(rows[2].key), ..of(0) }), [rows[0].key]);
    assert_eq!(keys(bench, &ContactFilter { account: AccountId(2), ..of(0) }), []);
    assert_eq!(bench.reader().group_sizes(&both).unwrap(), [2, 0, 1]);
    let shown = bench.reader().list_contacts(&of(1)).unwrap();
    assert_eq!(shown.items[0].groups, [named[0].key, named[1].key]);
    put(bench, vec![change(ContactChange::Leave { group: named[0].key, contact: rows[0].key })]);
    assert_eq!(keys(bench, &of(0)), [rows[2].key]);
    put(bench, vec![change(ContactChange::End(AccountId(1), rows[2].key))]);
    assert_eq!(bench.reader().group_sizes(&both).unwrap(), [0, 0, 0]);
    put(bench, vec![join(1, 1), ConfigChange::ResourceEnd(AccountId(2), named[1].key)]);
    assert_eq!(bench.reader().group_sizes(&both).unwrap(), [0, 0, 1], "it is not another's to end");
    put(bench, vec![ConfigChange::ResourceEnd(AccountId(1), named[1].key)]);
    assert_eq!(bench.reader().group_sizes(&both).unwrap(), [0, 0, 0]);
    assert_eq!(keys(bench, &filter(1)), [rows[1].key, rows[0].key], "contacts outlive their groups");
}

pub(super) fn resources(bench: &mut Bench) {
    some(bench);
    let rows = [
        resource(bench, 1, ResourceKind::Group, "ä"),
        resource(bench, 1, ResourceKind::Sender, "ä"),
        resource(bench, 2, ResourceKind::Group, "ä"),
    ];
    put(bench, rows.iter().cloned().map(ConfigChange::Resource).collect());
    for _ in 0..2 {
        assert_eq!(bench.store().load().unwrap().resources, rows);
        assert!(bench.store().load().unwrap().last_key >= rows[2].key, "no key is given twice");
        bench.reopen();
    }
    let later = bench.now.plus_ms(5);
    let changed = ResourceRow {
        name: "b".to_owned(),
        state: ReviewState::Revoked,
        document: "{}".to_owned(),
        changed_at: later,
        ..rows[0].clone()
    };
    put(bench, vec![ConfigChange::Resource(ResourceRow { tail: 1, created_at: later, ..changed.clone() })]);
    assert_eq!(bench.store().load().unwrap().resources, [changed, rows[1].clone(), rows[2].clone()]);
    let twin = resource(bench, 1, ResourceKind::Sender, "ä");
    let mut batch = bench.batch();
    batch.config = vec![ConfigChange::Resource(twin)];
    bench.refuse("two of one kind with one name", &batch);
    put(bench, vec![ConfigChange::ResourceEnd(AccountId(1), rows[1].key)]);
    assert_eq!(bench.store().load().unwrap().resources.len(), 2);
}
