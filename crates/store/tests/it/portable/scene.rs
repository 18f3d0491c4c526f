//! An installation with a bit of everything.

use std::path::Path;
use std::sync::Arc;

use ports::conformance::store::rows::{
    CONNECTOR, ENDPOINT, PRICE_MICROS, add_account, add_message, answer, attempt, change, event, lot_change,
    map_row, message, posting, receipt, share, submission,
};
use ports::conformance::store::{Bench, Subject};
use ports::store::{
    Batch, ConfigChange, ConfigKind, ConfigVersion, ContactChange, ContactRow, CredentialRow, DataKeyRow,
    EndpointRow, IdempotencyRow, InboundNumberRow, InboundRow, KeywordReplyRow, MessageRow, OutboxRetry,
    ParkedReceiptRow, PersonRow, Progress, Reader, ResourceRow, SenderMemory, SessionRow, Store,
    SuppressionRow,
};
use store::{Place, PostgresUrl, Tuning, open_postgres, open_sqlite_with};
use tempfile::TempDir;
use testkit::postgres::Cluster;
use types::account::{CredentialKind, EndpointKind};
use types::charge::{ChargeState, LotShare, PostingKind};
use types::id::{AccountId, CredentialId, EndpointId, LotId, PersonId, RowKey};
use types::inbound::{InboundNumber, NumberRoute};
use types::keyword::Keyword;
use types::message::{Flags, State};
use types::receipt::ReceiptState;
use types::resource::{ResourceKind, ReviewState};
use types::role::Role;
use types::suppression::SuppressionReason;
use types::time::Timestamp;

/// Sizes with which every few rows make a run.
const TINY: Tuning = Tuning {
    run_rows: 5,
    receipt_run_rows: 4,
    step_rows: 2,
    outbox_settle_ms: 0,
    archive_after_days: None,
    archive_block_messages: 7,
};
/// Carrier ids that are used; the first by several messages.
pub(super) const IDS: [&str; 6] = ["shared", "a", "b", "late", "ü", "gone"];

/// An empty place with a data folder of its own.
#[derive(Clone)]
pub(crate) struct Home {
    folder: Arc<TempDir>,
    url: Option<PostgresUrl>,
    name: String,
}

impl Home {
    /// A folder.
    pub(crate) fn in_folder() -> Self {
        Self { folder: Arc::new(tempfile::tempdir().unwrap()), url: None, name: String::new() }
    }

    /// A database.
    pub(crate) fn in_database() -> Self {
        Self::in_folder().with_database()
    }

    /// The same folder with a database.
    pub(crate) fn with_database(self) -> Self {
        let address = Cluster::shared().database().unwrap();
        let name = address.trim_start_matches("postgres:///").split('?').next().unwrap().to_owned();
        Self { url: Some(PostgresUrl::parse(&address).unwrap()), name, ..self }
    }

    /// The same folder without.
    pub(crate) fn without_database(&self) -> Self {
        Self { folder: Arc::clone(&self.folder), url: None, name: String::new() }
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// A file beside the data folder.
    pub(crate) fn beside(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn place(&self) -> Place {
        match &self.url {
            None => Place::Sqlite(self.data()),
            Some(url) => Place::Postgres { folder: self.data(), url: Box::new(url.clone()) },
        }
    }

    pub(crate) fn open_both(&self) -> (Box<dyn Store>, Arc<dyn Reader>) {
        match &self.url {
            None => {
                let (store, reader) = open_sqlite_with(&self.data(), TINY).unwrap();
                (Box::new(store), reader)
            }
            Some(url) => {
                let (store, reader) = open_postgres(&self.data(), url).unwrap();
                (Box::new(store), reader)
            }
        }
    }

    /// Runs a statement in the database, whatever the engine.
    pub(crate) fn sql(&self, statement: &str) -> String {
        if self.url.is_some() {
            return Cluster::shared().psql(&self.name, statement).unwrap();
        }
        on_file(&self.data().join(store::DATABASE_FILE), statement)
    }
}

/// Runs a statement in a file; gives the first column of the first row.
pub(crate) fn on_file(path: &Path, statement: &str) -> String {
    let raw = rusqlite::Connection::open(path).unwrap();
    let mut prepared = raw.prepare(statement).unwrap();
    let mut rows = prepared.query([]).unwrap();
    let first = rows.next().unwrap().map(|row| row.get::<_, rusqlite::types::Value>(0).unwrap());
    match first {
        Some(rusqlite::types::Value::Integer(number)) => number.to_string(),
        Some(rusqlite::types::Value::Text(text)) => text,
        _ => String::new(),
    }
}

impl Subject for Home {
    fn open(&mut self) -> (Box<dyn Store>, Arc<dyn Reader>) {
        self.open_both()
    }
}

/// Messages of the scene by what has become of them.
pub(crate) struct Scene {
    pub(crate) queued: Vec<RowKey>,
    /// Scheduled for a time that has come, and for one that has not.
    pub(crate) due: RowKey,
    pub(crate) later: RowKey,
    pub(crate) sending: RowKey,
    pub(crate) unknown: RowKey,
    pub(crate) submitted: RowKey,
    pub(crate) delivered: RowKey,
    pub(crate) now: Timestamp,
}

/// What steers messages from phones.
fn of_phones(at: Timestamp) -> [ConfigChange; 3] {
    [
        ConfigChange::InboundNumber(InboundNumberRow {
            number: InboundNumber::parse("447400999000").unwrap(),
            account: Some(AccountId(2)),
            route: NumberRoute::Webhook,
            endpoint: Some(ENDPOINT),
            added_at: at,
            assigned_at: Some(at),
        }),
        ConfigChange::KeywordReply(KeywordReplyRow {
            account: AccountId(2),
            keyword: Keyword::Help,
            text: "żółw".to_owned(),
        }),
        ConfigChange::Suppression(SuppressionRow {
            account: AccountId(2),
            scope: String::new(),
            number_hash: -11,
            key: RowKey::from_parts(at.as_ms(), 0),
            reason: SuppressionReason::OptOut,
            source: "inbound:ü".to_owned(),
            data_key: 1,
            sealed: vec![6; 30],
            created_at: at,
        }),
    ]
}

/// A contact in a group, who heard from a sender of it.
fn of_people(at: Timestamp) -> [ConfigChange; 4] {
    let (group, contact) = (RowKey::from_parts(at.as_ms(), 1_000), RowKey::from_parts(at.as_ms(), 1_001));
    [
        ConfigChange::Resource(ResourceRow {
            key: group,
            tail: (1 << 53) - 1,
            account: AccountId(2),
            kind: ResourceKind::Group,
            name: "żółw".to_owned(),
            state: ReviewState::Pending,
            document: "{}".to_owned(),
            created_at: at,
            changed_at: at.plus_ms(1),
        }),
        ConfigChange::Contact(ContactChange::Put(ContactRow {
            key: contact,
            tail: 3,
            account: AccountId(2),
            number_hash: -11,
            language: "pl".to_owned(),
            data_key: 1,
            sealed: vec![5; 40],
            created_at: at,
            changed_at: at.plus_ms(2),
        })),
        ConfigChange::Contact(ContactChange::Join { group, contact }),
        ConfigChange::SendersRemembered(vec![SenderMemory {
            pool: group,
            number_hash: -11,
            sender: "żółw".to_owned(),
            used_at: at,
        }]),
    ]
}

fn configuration(batch: &mut Batch, at: Timestamp) {
    let wrapped = vec![7; 61];
    for (id, account) in [(1, None), (9, Some(AccountId(2)))] {
        let wrapped = wrapped.clone();
        batch.data_keys.push(DataKeyRow { id, account, class: 0, period: 202_611, wrapped, created_at: at });
    }
    let credential = |number: i64, revoked_at| CredentialRow {
        id: CredentialId(number),
        account: AccountId(1),
        kind: CredentialKind::ApiKey,
        name: format!("key{number}"),
        data_key: 1,
        sealed_secret: vec![9; 40],
        created_at: at,
        revoked_at,
    };
    let endpoint = EndpointRow {
        id: ENDPOINT,
        account: AccountId(1),
        kind: EndpointKind::Webhook,
        url_hash: -5,
        data_key: 1,
        sealed: vec![8; 60],
        disabled: true,
        created_at: at,
    };
    let person = PersonRow {
        id: PersonId(3),
        account: None,
        email: "ops@example.com".to_owned(),
        role: Role::StaffAdmin,
        password_hash: "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA".to_owned(),
        created_at: at,
        disabled: false,
    };
    let session = SessionRow {
        token_hash: [4; 32],
        person: PersonId(3),
        created_at: at,
        expires_at: at.plus_ms(900_000),
    };
    batch.config.extend([
        ConfigChange::Credential(credential(1, None)),
        ConfigChange::Credential(credential(2, Some(at))),
        ConfigChange::Endpoint(endpoint),
        ConfigChange::Person(person),
        ConfigChange::Session(session),
        ConfigChange::Connector(CONNECTOR, "acme".to_owned()),
    ]);
    batch.config.extend(of_phones(at));
    batch.config.extend(of_people(at));
    for number in 1..4 {
        batch.config.push(ConfigChange::Document(ConfigVersion {
            kind: if number == 3 { ConfigKind::Profile } else { ConfigKind::Traffic },
            number: if number == 3 { 1 } else { number },
            document: format!("{{\"number\": {number}, \"text\": \"żółw\"}}"),
            author: "cli".to_owned(),
            comment: String::new(),
            created_at: at,
        }));
    }
}

fn add(bench: &mut Bench, account: i64, recipient: i64) -> MessageRow {
    let keys = (bench.key(), bench.key());
    let mut batch = bench.batch();
    let row = add_message(&mut batch, keys, account, recipient);
    bench.apply(&batch);
    row
}

/// Moves a message and what else the batch says.
fn go(bench: &mut Bench, row: &mut MessageRow, mut batch: Batch, alter: impl FnOnce(&mut Progress)) {
    let moved = change(row.message.facts.key, &row.message.progress, alter);
    row.message.progress = moved.progress;
    batch.changes.push(moved);
    bench.apply(&batch);
}

fn scheduled(bench: &mut Bench, due_ms: i64) -> RowKey {
    let mut row = add(bench, 1, 11);
    let (batch, due_at) = (bench.batch(), bench.now.plus_ms(due_ms));
    go(bench, &mut row, batch, |progress| (progress.state, progress.due_at) = (State::Scheduled, due_at));
    row.message.facts.key
}

/// A message whose first attempt was written ahead.
fn begun(bench: &mut Bench, recipient: i64) -> MessageRow {
    let mut row = add(bench, 2, recipient);
    let mut batch = bench.batch();
    batch.attempts.push(attempt(row.message.facts.key, 1, bench.now));
    go(bench, &mut row, batch, |progress| {
        (progress.state, progress.attempts, progress.connector) = (State::Sending, 1, Some(CONNECTOR));
        progress.due_at = Timestamp::NEVER;
    });
    row
}

/// Fills an empty store and closes it.
pub(crate) fn fill(home: &Home) -> Scene {
    let mut bench = Bench::new(Box::new(home.clone()));
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    add_account(&mut batch, 2);
    configuration(&mut batch, bench.now);
    bench.apply(&batch);
    let queued = (0..12).map(|n| add(&mut bench, 1 + n % 2, n).message.facts.key).collect();
    shared(&mut bench);
    let (due, later) = (scheduled(&mut bench, 50_000), scheduled(&mut bench, 80_000_000));
    let sending = begun(&mut bench, 20).message.facts.key;
    let mut unknown = begun(&mut bench, 21);
    let mut batch = bench.batch();
    batch.attempt_parts.push(answer(unknown.message.facts.key, 1, 1, None, bench.now));
    let horizon = bench.now.plus_ms(259_200_000);
    go(&mut bench, &mut unknown, batch, |p| (p.state, p.due_at) = (State::Unknown, horizon));
    let submitted = taken(&mut bench, 22, &["shared", "a"]).message.facts.key;
    let mut delivered = taken(&mut bench, 23, &["shared", "b", "ü"]);
    let mut batch = bench.batch();
    let key = delivered.message.facts.key;
    // The same id came again, for another part and later.
    batch.receipt_map.push(map_row(CONNECTOR, "shared", key, 1, 2));
    batch.attempt_parts.push(answer(key, 1, 1, Some("late"), bench.now.plus_ms(9)));
    batch.receipt_map.push(map_row(CONNECTOR, "late", key, 1, 1));
    batch.receipts.push(receipt(key, bench.key(), 1, ReceiptState::Delivered, bench.now));
    let end = bench.now;
    go(&mut bench, &mut delivered, batch, |progress| {
        (progress.state, progress.final_at) = (State::Delivered, Some(end));
        (progress.due_at, progress.flags) = (Timestamp::NEVER, Flags::TEST);
    });
    bench.tidy();
    around(&mut bench, key);
    staged(&mut bench);
    Scene {
        queued,
        due,
        later,
        sending,
        unknown: unknown.message.facts.key,
        submitted,
        delivered: key,
        now: bench.now,
    }
}

/// A message that two lots pay.
fn shared(bench: &mut Bench) {
    let keys = (bench.key(), bench.key());
    let mut batch = bench.batch();
    batch.submissions.push(submission(keys.0, 1, 1, bench.now));
    let mut row = message(keys.1, keys.0, 1, 4, bench.now);
    let shares = [(1, PRICE_MICROS - 1), (2, 1)];
    share(&mut row, &shares);
    assert_eq!(row.message.facts.shares.first(), Some(&LotShare { lot: LotId(1), micros: PRICE_MICROS - 1 }));
    batch.messages.push(row);
    for (lot, micros) in shares {
        batch.lots.push(lot_change(lot, -micros, micros));
        batch.postings.push(posting(lot, PostingKind::Hold, micros, 1));
    }
    bench.apply(&batch);
}

/// A message that a carrier took under these ids, and that was charged.
fn taken(bench: &mut Bench, recipient: i64, ids: &[&str]) -> MessageRow {
    let mut row = begun(bench, recipient);
    let key = row.message.facts.key;
    let mut batch = bench.batch();
    for (part, id) in (1..).zip(ids) {
        batch.attempt_parts.push(answer(key, 1, part, Some(id), bench.now));
        batch.receipt_map.push(map_row(CONNECTOR, id, key, 1, part));
    }
    batch.lots.push(lot_change(2, 0, -PRICE_MICROS));
    batch.postings.push(posting(2, PostingKind::Capture, PRICE_MICROS, 1));
    let now = bench.now;
    go(bench, &mut row, batch, |progress| {
        (progress.state, progress.charge) = (State::Submitted, ChargeState::Charged);
        (progress.submitted_at, progress.due_at) = (Some(now), now.plus_ms(259_200_000));
    });
    row
}

/// Events, parked receipts, messages from phones and idempotency keys.
fn around(bench: &mut Bench, about: RowKey) {
    let mut batch = bench.batch();
    let events: Vec<_> =
        (0..6).map(|n| event(bench.key(), EndpointId(3 + n % 2), about, bench.now)).collect();
    batch.outbox.clone_from(&events);
    for id in ["gone", "x"] {
        batch.parked.push(ParkedReceiptRow {
            key: bench.key(),
            connector: CONNECTOR,
            carrier_id: id.to_owned(),
            data_key: 1,
            sealed: vec![1, 2],
            read_at: bench.now,
        });
    }
    for account in [None, Some(AccountId(2))] {
        let (key, sealed) = (bench.key(), vec![3; 40]);
        let (connector, received_at) = (CONNECTOR, bench.now);
        batch.inbound.push(InboundRow {
            key,
            tail: 77,
            account,
            connector,
            received_at,
            data_key: 1,
            sealed,
        });
    }
    for octet in [5, 6] {
        batch.idempotency.push(IdempotencyRow {
            account: AccountId(1),
            key_hash: [octet; 16],
            fingerprint: [octet; 32],
            created: about,
            expires_at: bench.now.plus_ms(86_400_000),
        });
    }
    bench.apply(&batch);
    let mut batch = bench.batch();
    batch.outbox_done.push(events[0].key);
    batch.outbox_moot.push(events[1].key);
    let never = Timestamp::NEVER;
    batch.outbox_retry.push(OutboxRetry { key: events[2].key, tries: 9, next_at: never });
    batch.outbox_retry.push(OutboxRetry { key: events[3].key, tries: 2, next_at: bench.now.plus_ms(60_000) });
    bench.apply(&batch);
}

/// A submission that is not whole.
fn staged(bench: &mut Bench) {
    let key = bench.key();
    let mut row = submission(key, 1, 2, bench.now);
    row.staged = true;
    let mut batch = bench.batch();
    batch.submissions.push(row);
    batch.messages.push(message(bench.key(), key, 1, 90, bench.now));
    bench.apply(&batch);
}
