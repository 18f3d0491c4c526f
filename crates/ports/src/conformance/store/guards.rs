//! Cases about guards: a batch is refused as a whole.

use types::id::{AccountId, CredentialId, EndpointId, PersonId, RowKey};
use types::message::State;

use super::Bench;
use super::config::{credential, document, endpoint, person};
use super::messages::admitted;
use super::rows::{CONNECTOR, account, add_message, attempt, change, event, lot, lot_change, receipt};
use crate::store::{
    Batch, ConfigChange, ConfigKind, DataKeyRow, IdempotencyRow, LotChange, MessageChange, MessageRow,
};

fn idempotency_row(bench: &Bench, submission: RowKey, fingerprint: u8) -> IdempotencyRow {
    IdempotencyRow {
        account: AccountId(1),
        key_hash: [5; 16],
        fingerprint: [fingerprint; 32],
        created: submission,
        expires_at: bench.now.plus_ms(1_000),
    }
}

/// Rows of every kind, so that a guard at the end has something to undo.
fn full_batch(bench: &mut Bench, row: &MessageRow) -> Batch {
    let mut batch = bench.batch();
    let keys = (bench.key(), bench.key());
    add_message(&mut batch, keys, 1, 5);
    let (receipt_key, event_key) = (bench.key(), bench.key());
    let key = row.message.facts.key;
    batch.attempts.push(attempt(key, 1, bench.now));
    batch.receipts.push(receipt(key, receipt_key, 1, types::receipt::ReceiptState::Enroute, bench.now));
    batch.changes.push(change(key, &row.message.progress, |progress| progress.state = State::Failed));
    batch.outbox.push(event(event_key, EndpointId(3), key, bench.now));
    batch.receipt_map.push(super::rows::map_row(CONNECTOR, "refused", key, 1, 1));
    batch
}

/// What makes a lawful batch unlawful.
type Spoil = fn(&mut Batch, &MessageRow);

const SPOILS: &[(&str, Spoil)] = &[
    ("version", |batch, row| {
        let stale = change(row.message.facts.key, &row.message.progress, |_| {});
        batch.changes = vec![MessageChange { expected_version: 7, ..stale }];
    }),
    ("final version", |batch, row| {
        let stale = change(row.message.facts.key, &row.message.progress, |p| p.state = State::Failed);
        batch.changes = vec![MessageChange { expected_version: 0, ..stale }];
    }),
    ("twice", |batch, _| batch.changes.push(batch.changes[0])),
    ("unknown message", |batch, row| {
        let key = row.message.facts.key.next().next().next();
        batch.changes.push(change(key, &row.message.progress, |_| {}));
    }),
    ("floor", |batch, _| batch.lots.push(lot_change(1, -i64::MAX / 2, 0))),
    ("held", |batch, _| batch.lots.push(lot_change(1, 0, -i64::MAX / 2))),
    ("unknown lot", |batch, _| batch.lots.push(lot_change(99, 1, 0))),
    ("lot again", |batch, _| {
        batch.lots.push(LotChange { new: Some(lot(1, super::BEGIN)), ..lot_change(1, 1, 0) });
    }),
    ("idempotency", |batch, row| {
        let mut again = batch_idempotency(row);
        again.expires_at = batch.at.plus_ms(5_000);
        batch.idempotency.push(again);
    }),
    ("message again", |batch, row| batch.messages.push(row.clone())),
    ("attempt again", |batch, _| batch.attempts.push(batch.attempts[0].clone())),
    ("event again", |batch, _| batch.outbox.push(batch.outbox[0].clone())),
    ("unstaged", |batch, row| batch.unstaged.push(row.message.facts.submission)),
    ("discarded", |batch, row| batch.discarded.push(row.message.facts.submission)),
    ("document gap", |batch, _| batch.config.push(ConfigChange::Document(document(ConfigKind::Traffic, 3)))),
    ("document again", |batch, _| {
        batch.config.push(ConfigChange::Document(document(ConfigKind::Traffic, 1)))
    }),
    ("credential name", |batch, _| {
        let mut taken = credential(1);
        taken.id = CredentialId(2);
        batch.config.push(ConfigChange::Credential(taken));
    }),
    ("endpoint address", |batch, _| {
        let mut taken = endpoint(1);
        taken.id = EndpointId(2);
        batch.config.push(ConfigChange::Endpoint(taken));
    }),
    ("e-mail", |batch, _| {
        let mut taken = person(1);
        taken.id = PersonId(2);
        batch.config.push(ConfigChange::Person(taken));
    }),
    ("account name", |batch, _| {
        let mut taken = account(2, super::BEGIN);
        taken.name = account(1, super::BEGIN).name;
        batch.config.push(ConfigChange::Account(taken));
    }),
    ("connector name", |batch, _| {
        batch.config.push(ConfigChange::Connector(types::id::ConnectorId(9), "acme".to_owned()));
    }),
];

pub(super) fn leave_nothing(bench: &mut Bench) {
    let row = admitted(bench);
    let mut batch = bench.batch();
    let key_row = |id| DataKeyRow {
        id,
        account: None,
        class: 2,
        period: 0,
        wrapped: vec![1],
        created_at: super::BEGIN,
    };
    batch.data_keys.push(key_row(1));
    batch.idempotency.push(idempotency_row(bench, row.message.facts.submission, 1));
    batch.config.extend([
        ConfigChange::Credential(credential(1)),
        ConfigChange::Endpoint(endpoint(1)),
        ConfigChange::Person(person(1)),
        ConfigChange::Document(document(ConfigKind::Traffic, 1)),
        ConfigChange::Connector(CONNECTOR, "acme".to_owned()),
    ]);
    bench.apply(&batch);
    for (case, spoil) in SPOILS {
        let mut batch = full_batch(bench, &row);
        spoil(&mut batch, &row);
        bench.refuse(case, &batch);
    }
    let mut batch = full_batch(bench, &row);
    batch.data_keys.push(key_row(1));
    bench.refuse("data key again", &batch);
    assert!(bench.store().receipt_targets(&[(CONNECTOR, "refused".to_owned())]).unwrap()[0].is_empty());
    let lawful = full_batch(bench, &row);
    bench.apply(&lawful);
    assert_eq!(bench.store().receipt_targets(&[(CONNECTOR, "refused".to_owned())]).unwrap()[0].len(), 1);
    let mut other = bench.batch();
    other.config.push(ConfigChange::Document(document(ConfigKind::Prices, 1)));
    bench.apply(&other);
}

fn batch_idempotency(row: &MessageRow) -> IdempotencyRow {
    IdempotencyRow {
        account: AccountId(1),
        key_hash: [5; 16],
        fingerprint: [2; 32],
        created: row.message.facts.submission,
        expires_at: super::BEGIN,
    }
}

pub(super) fn idempotency(bench: &mut Bench) {
    let row = admitted(bench);
    let submission = row.message.facts.submission;
    let mut batch = bench.batch();
    batch.idempotency.push(idempotency_row(bench, submission, 1));
    bench.apply(&batch);
    let now = bench.now;
    let hit = bench.store().idempotency(AccountId(1), [5; 16], now).unwrap().unwrap();
    assert_eq!((hit.fingerprint, hit.created), ([1; 32], submission));
    assert_eq!(bench.store().idempotency(AccountId(2), [5; 16], now).unwrap(), None);
    assert_eq!(bench.store().idempotency(AccountId(1), [6; 16], now).unwrap(), None);
    bench.now = now.plus_ms(999);
    let mut batch = bench.batch();
    batch.idempotency.push(idempotency_row(bench, submission, 2));
    bench.refuse("it still holds", &batch);
    bench.now = now.plus_ms(1_000);
    let at = bench.now;
    assert_eq!(bench.store().idempotency(AccountId(1), [5; 16], at).unwrap(), None);
    let mut batch = bench.batch();
    batch.idempotency.push(idempotency_row(bench, submission, 3));
    bench.apply(&batch);
    let hit = bench.store().idempotency(AccountId(1), [5; 16], at).unwrap().unwrap();
    assert_eq!(hit.fingerprint, [3; 32]);
    bench.tidy();
    assert!(bench.store().idempotency(AccountId(1), [5; 16], at).unwrap().is_some());
    bench.now = now.plus_ms(86_400_000);
    bench.tidy();
    // What has lapsed is gone also for one who looks back.
    assert_eq!(bench.store().idempotency(AccountId(1), [5; 16], at).unwrap(), None);
}
