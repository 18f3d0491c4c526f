//! The conformance suite on PostgreSQL, and what only a server can show.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use ports::conformance::store::rows::{
    CONNECTOR, add_account, add_message, attempt, change, map_row, receipt,
};
use ports::conformance::store::{BEGIN, Bench, Subject, run};
use ports::store::{ApplyError, Batch, ParkedReceiptRow, Reader, Store, StoreError};
use store::{PostgresOpenError, PostgresReader, PostgresStore, PostgresUrl, open_postgres};
use tempfile::TempDir;
use testkit::postgres::Cluster;
use types::id::RowKey;
use types::message::State;
use types::receipt::ReceiptState;

use crate::proxy::{Mode, Proxy};

/// A database of its own in the server that the tests share.
pub(crate) struct InDatabase {
    pub(crate) name: String,
    pub(crate) folder: TempDir,
    pub(crate) url: PostgresUrl,
}

impl InDatabase {
    pub(crate) fn new() -> Self {
        let address = Cluster::shared().database().unwrap();
        let name = address.trim_start_matches("postgres:///").split('?').next().unwrap().to_owned();
        Self { name, folder: tempfile::tempdir().unwrap(), url: PostgresUrl::parse(&address).unwrap() }
    }

    /// The same database behind a link that can be broken.
    pub(crate) fn behind(self, proxy: &Proxy) -> Self {
        Self { url: PostgresUrl::parse(&proxy.address(&self.name)).unwrap(), ..self }
    }

    pub(crate) fn open(&self) -> (PostgresStore, Arc<PostgresReader>) {
        open_postgres(self.folder.path(), &self.url).unwrap()
    }

    /// Opens it, with an account and everything that a batch of messages needs.
    fn open_with_account(&self) -> (PostgresStore, Arc<PostgresReader>) {
        let (mut store, reader) = self.open();
        store.apply(&account()).unwrap();
        assert!(!store.tidy(BEGIN).unwrap());
        (store, reader)
    }

    pub(crate) fn psql(&self, statement: &str) -> String {
        Cluster::shared().psql(&self.name, statement).unwrap()
    }
}

impl Subject for InDatabase {
    fn open(&mut self) -> (Box<dyn Store>, Arc<dyn Reader>) {
        let (store, reader) = InDatabase::open(self);
        (Box::new(store), reader)
    }
}

#[test]
fn keeps_the_contract() {
    run(&mut || Box::new(InDatabase::new()));
}

pub(crate) fn account() -> Batch {
    let mut batch = Batch { at: BEGIN, ..Batch::default() };
    add_account(&mut batch, 1);
    batch
}

/// A batch with one message; the number tells it from others.
pub(crate) fn message(number: u32) -> (RowKey, Batch) {
    let mut batch = Batch { at: BEGIN, ..Batch::default() };
    let key = RowKey::from_parts(BEGIN.as_ms(), number * 2);
    add_message(&mut batch, (key, key.next()), 1, i64::from(number));
    (key.next(), batch)
}

fn is_unreachable(error: &ApplyError) -> bool {
    matches!(error, ApplyError::NotWritten(StoreError::Unreachable { .. }))
}

#[test]
fn a_commit_whose_answer_is_lost_is_found_in_the_journal() {
    let proxy = Proxy::to(Cluster::shared().socket());
    let database = InDatabase::new().behind(&proxy);
    let (mut store, reader) = database.open_with_account();
    store.apply(&message(1).1).unwrap();
    for number in 2..6 {
        let mut lose_an_answer = || {
            proxy.set(Mode::LoseAnswer);
            let outcome = store.apply(&message(number).1);
            // On a busy machine it may be the answer to the lease, before the commit is sent.
            assert!(outcome.as_ref().err().is_none_or(is_unreachable), "{outcome:?}");
            outcome.ok()
        };
        let seq = (0..9).find_map(|_| lose_an_answer()).unwrap();
        assert_eq!(seq.0, i64::from(number) + 1);
        assert_eq!(reader.figures().unwrap().messages, i64::from(number));
    }
    assert_eq!(reader.ledger_sums().unwrap()[0].imbalance_micros(), 0);
    assert_eq!(database.psql("SELECT count(DISTINCT token), max(epoch) > 4 FROM journal, lease"), "6|t");
}

#[test]
fn a_commit_that_never_arrived_is_not_written() {
    let proxy = Proxy::to(Cluster::shared().socket());
    let database = InDatabase::new().behind(&proxy);
    let (mut store, reader) = database.open_with_account();
    for number in 1..4 {
        let (key, batch) = message(number);
        proxy.set(Mode::LoseRequest);
        let error = store.apply(&batch).unwrap_err();
        assert!(is_unreachable(&error), "{error:?}");
        assert_eq!(reader.message(key).unwrap(), None);
        store.apply(&batch).unwrap();
        assert!(reader.message(key).unwrap().is_some());
    }
    // Changes of configuration are committed in several steps; they are whole, too.
    let mut batch = Batch { at: BEGIN, ..Batch::default() };
    add_account(&mut batch, 2);
    proxy.set(Mode::LoseAnswer);
    let outcome = store.apply(&batch);
    let is_there = reader.accounts().unwrap().len() == 2;
    assert_eq!(outcome.is_ok(), is_there, "{outcome:?}");
}

#[test]
fn a_database_that_is_away_is_waited_for() {
    let proxy = Proxy::to(Cluster::shared().socket());
    let database = InDatabase::new().behind(&proxy);
    let (mut store, reader) = database.open();
    store.apply(&account()).unwrap();
    proxy.set(Mode::Away);
    let (key, batch) = message(1);
    for _ in 0..3 {
        assert!(is_unreachable(&store.apply(&batch).unwrap_err()));
        assert!(matches!(store.load(), Err(StoreError::Unreachable { .. })));
        assert!(matches!(store.tidy(BEGIN), Err(StoreError::Unreachable { .. })));
        assert!(matches!(reader.figures(), Err(StoreError::Unreachable { .. })));
    }
    proxy.set(Mode::Pass);
    while store.tidy(BEGIN).is_err() {
        std::thread::yield_now();
    }
    store.apply(&batch).unwrap();
    assert!(reader.message(key).unwrap().is_some());
}

#[test]
fn a_commit_in_doubt_is_settled_when_the_database_comes_back() {
    let proxy = Proxy::to(Cluster::shared().socket());
    let database = InDatabase::new().behind(&proxy);
    let (mut store, reader) = database.open_with_account();
    proxy.set(Mode::LoseAnswerAndStay);
    let seq = std::thread::scope(|scope| {
        let applied = scope.spawn(|| store.apply(&message(1).1).unwrap());
        std::thread::sleep(Duration::from_millis(400));
        assert!(!applied.is_finished(), "it must not guess");
        proxy.set(Mode::Pass);
        applied.join().unwrap()
    });
    assert_eq!((seq.0, reader.figures().unwrap().messages), (2, 1));
}

#[test]
fn nothing_promised_is_lost_when_the_server_is_cut() {
    let cluster = Cluster::start(&[]).unwrap();
    let url = PostgresUrl::parse(&cluster.database().unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (mut store, reader) = open_postgres(folder.path(), &url).unwrap();
    store.apply(&account()).unwrap();
    let mut promised = Vec::new();
    let mut refused = Vec::new();
    std::thread::scope(|scope| {
        let cuts = scope.spawn(|| {
            for _ in 0..3 {
                std::thread::sleep(Duration::from_millis(150));
                cluster.cut().unwrap();
                cluster.start_again().unwrap();
            }
        });
        for number in 1..100_000 {
            let (key, batch) = message(number);
            match store.apply(&batch) {
                Ok(_) => promised.push(key),
                Err(ApplyError::NotWritten(_)) => refused.push(key),
                Err(other) => panic!("{other:?}"),
            }
            if cuts.is_finished() && promised.last() == Some(&key) {
                break;
            }
            if refused.last() == Some(&key) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        cuts.join().unwrap();
    });
    // Each of those cuts may have hit a commit that was looked up and found. This one hits none, so that what
    // comes after it is refused for certain: at once, or when the journal can be asked.
    cluster.cut().unwrap();
    let (tried, after_the_try) = std::sync::mpsc::channel::<()>();
    let cluster = &cluster;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            after_the_try.recv_timeout(Duration::from_secs(2)).unwrap_or_default();
            cluster.start_again().unwrap();
        });
        let (key, batch) = message(100_000);
        let outcome = store.apply(&batch);
        drop(tried);
        assert!(matches!(outcome, Err(ApplyError::NotWritten(_))), "{outcome:?}");
        refused.push(key);
    });
    assert!(!promised.is_empty());
    let is_there = |key: &RowKey| reader.message(*key).unwrap().is_some();
    assert!(promised.iter().all(is_there), "a promise was broken");
    assert!(!refused.iter().any(is_there), "what was refused is there");
    assert_eq!(reader.ledger_sums().unwrap()[0].imbalance_micros(), 0);
}

#[test]
fn two_processes_never_write_one_database() {
    let database = InDatabase::new();
    let (mut first, _reader) = database.open();
    first.apply(&account()).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let refused = open_postgres(elsewhere.path(), &database.url).unwrap_err();
    assert!(matches!(refused, PostgresOpenError::DatabaseInUse), "{refused}");
    let refused = open_postgres(database.folder.path(), &database.url).unwrap_err();
    assert!(matches!(refused, PostgresOpenError::FolderInUse { .. }), "{refused}");
    // The first goes silent; its lease lapses.
    database.psql("UPDATE lease SET expires_at = 0");
    let (mut second, reader) = open_postgres(elsewhere.path(), &database.url).unwrap();
    second.apply(&message(1).1).unwrap();
    for _ in 0..2 {
        let error = first.apply(&message(2).1).unwrap_err();
        assert!(matches!(error, ApplyError::InDoubt(_)), "{error:?}");
        assert!(error.source().unwrap().source().unwrap().to_string().contains("taken over"), "{error:?}");
    }
    assert!(!first.tidy(BEGIN).unwrap());
    drop(first);
    second.apply(&message(3).1).unwrap();
    assert_eq!(reader.figures().unwrap().messages, 2);
    // A process that has left gave the lease back.
    drop(second);
    let (mut third, _reader) = database.open();
    third.apply(&message(4).1).unwrap();
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the lease lapses by the real clock")]
fn a_start_after_a_crash_on_the_same_folder_waits_for_nothing() {
    let database = InDatabase::new();
    drop(database.open());
    // As if the process had gone without a word, a moment ago.
    database
        .psql("UPDATE lease SET expires_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint + 9000");
    let begun = std::time::Instant::now();
    drop(database.open());
    assert!(begun.elapsed() < Duration::from_secs(9));
}

#[test]
fn a_database_that_was_set_back_is_not_written() {
    let database = InDatabase::new();
    let (mut store, _reader) = database.open();
    store.apply(&account()).unwrap();
    store.apply(&message(1).1).unwrap();
    // A restored backup: the newest commit is not the one that this process made.
    database.psql("DELETE FROM journal WHERE seq = 2");
    database.psql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    let error = store.apply(&message(2).1).unwrap_err();
    assert!(matches!(error, ApplyError::InDoubt(_)), "{error:?}");
}

#[test]
fn what_phones_and_carriers_write_need_not_be_text() {
    let mut bench = Bench::new(Box::new(InDatabase::new()));
    bench.apply(&account());
    let (key, mut batch) = message(1);
    batch.attempts.push(attempt(key, 1, BEGIN));
    let id = "a\0b";
    batch.receipt_map.push(map_row(CONNECTOR, id, key, 1, 1));
    let mut odd = receipt(key, bench.key(), 1, ReceiptState::Delivered, BEGIN);
    odd.stat = "DELI\0RD".to_owned();
    batch.receipts.push(odd);
    batch.parked.push(ParkedReceiptRow {
        key: bench.key(),
        connector: CONNECTOR,
        carrier_id: "c\0".to_owned(),
        data_key: 1,
        sealed: vec![0, 1],
        read_at: BEGIN,
    });
    bench.apply(&batch);
    let found = bench.store().receipt_targets(&[(CONNECTOR, id.to_owned())]).unwrap();
    assert_eq!(found[0][0].message, key);
    assert_eq!(bench.store().parked_receipts(&[(CONNECTOR, "c\0".to_owned())]).unwrap().len(), 1);
    assert_eq!(bench.store().attempts(&[key]).unwrap()[0].receipts[0].stat, "DELI\u{2400}RD");
}

#[test]
fn a_server_that_may_lose_commits_is_refused_unless_told() {
    let cluster = Cluster::start(&["synchronous_commit=off"]).unwrap();
    let address = cluster.database().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let refused = open_postgres(folder.path(), &PostgresUrl::parse(&address).unwrap()).unwrap_err();
    assert!(refused.to_string().contains("synchronous_commit is off"), "{refused}");
    let relaxed = PostgresUrl::parse(&format!("{address}&durability=relaxed")).unwrap();
    let (mut store, reader) = open_postgres(folder.path(), &relaxed).unwrap();
    store.apply(&account()).unwrap();
    assert!(!reader.figures().unwrap().durable);
}

#[test]
fn a_newer_schema_is_refused() {
    let database = InDatabase::new();
    drop(database.open());
    database.psql("UPDATE meta SET value = 99 WHERE name = 'schema_version'");
    let refused = open_postgres(database.folder.path(), &database.url).unwrap_err();
    let chain = refused.source().unwrap().to_string();
    assert!(chain.contains("99"), "{chain}");
}

#[test]
fn routines_are_installed_when_their_text_is_another() {
    let database = InDatabase::new();
    drop(database.open());
    database.psql("UPDATE meta SET value = 1 WHERE name = 'routines'");
    database.psql("DROP FUNCTION change_ended");
    let (mut store, _reader) = database.open();
    store.apply(&account()).unwrap();
    assert_eq!(database.psql("SELECT count(*) FROM pg_proc WHERE proname = 'change_ended'"), "1");
}

#[test]
fn people_can_read_the_tables() {
    let database = InDatabase::new();
    let (mut store, _reader) = database.open();
    let mut batch = account();
    let key = RowKey::from_parts(BEGIN.as_ms(), 1);
    add_message(&mut batch, (key, key.next()), 1, 2);
    store.apply(&batch).unwrap();
    assert_eq!(
        database.psql("SELECT state, charge, account_name, accepted_at FROM message_readable"),
        "queued|held|account 1|2026-11-22 09:03:20"
    );
    assert_eq!(
        database.psql("SELECT state, messages, day FROM usage_readable"),
        "open|1|2026-11-22 00:00:00"
    );
}

#[test]
fn readers_work_beside_the_writer() {
    let database = InDatabase::new();
    let (mut store, reader) = database.open();
    store.apply(&account()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                let mut seen = 0;
                while seen < 120 {
                    let found = reader.figures().unwrap().messages;
                    assert!(found >= seen && found % 4 == 0, "half a batch was seen");
                    assert_eq!(reader.ledger_sums().unwrap()[0].imbalance_micros(), 0);
                    seen = found;
                }
            });
        }
        for number in 0..30 {
            let mut batch = Batch { at: BEGIN, ..Batch::default() };
            for place in 0..4 {
                let key = RowKey::from_parts(BEGIN.as_ms(), number * 8 + place * 2 + 1);
                add_message(&mut batch, (key, key.next()), 1, i64::from(place));
            }
            store.apply(&batch).unwrap();
            store.tidy(BEGIN).unwrap();
        }
    });
}

#[test]
fn lapsed_carrier_ids_go_by_the_day() {
    const DAY_MS: i64 = 86_400_000;
    let mut bench = Bench::new(Box::new(InDatabase::new()));
    let key = bench.key();
    let found = |bench: &mut Bench, id: &str| {
        bench.store().receipt_targets(&[(CONNECTOR, id.to_owned())]).unwrap()[0].len()
    };
    for (day, id) in [(0, "a"), (10, "b"), (99, "c")] {
        bench.now = BEGIN.plus_ms(day * DAY_MS);
        let mut batch = bench.batch();
        batch.receipt_map.push(map_row(CONNECTOR, id, key, 1, 1));
        bench.apply(&batch);
        bench.tidy();
    }
    assert_eq!(["a", "b", "c"].map(|id| found(&mut bench, id)), [0, 1, 1]);
    bench.reopen();
    assert_eq!(["a", "b", "c"].map(|id| found(&mut bench, id)), [0, 1, 1]);
}

/// A table that grows must not be read from its beginning: the plans were made when it was empty.
#[test]
fn the_writer_never_scans_a_table_of_traffic() {
    let database = InDatabase::new();
    let (mut store, _reader) = database.open_with_account();
    let scans = "SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE relname ~ '_[0-9]{6,8}$'";
    let (first, batch) = message(1);
    store.apply(&batch).unwrap();
    drop(store);
    let before = database.psql(scans);
    let (mut store, _reader) = database.open();
    for number in 2..40 {
        let (key, mut batch) = message(number);
        let queued = batch.messages[0].message.progress;
        batch.attempts.push(attempt(key, 1, BEGIN));
        batch.receipts.push(receipt(key, key.next(), 1, ReceiptState::Delivered, BEGIN));
        batch.receipt_map.push(map_row(CONNECTOR, &format!("id {number}"), key, 1, 1));
        batch.outbox_done.push(key);
        batch.changes.push(change(key, &queued, |progress| {
            progress.state = if number % 2 == 0 { State::Delivered } else { State::Submitted };
        }));
        store.apply(&batch).unwrap();
        let wanted = [(CONNECTOR, format!("id {number}")), (CONNECTOR, "unknown".to_owned())];
        assert_eq!(store.receipt_targets(&wanted).unwrap()[0].len(), 1);
        assert_eq!(store.messages(&[key, first]).unwrap().len(), 2);
        assert_eq!(store.bodies(&[key]).unwrap().len(), 1);
        assert_eq!(store.attempts(&[key]).unwrap().len(), 1);
        assert!(!store.open_messages(RowKey::ZERO, 10).unwrap().is_empty());
        store.outbox(types::id::EndpointId(3), RowKey::ZERO, 10).unwrap();
        store.last_sender_to(i64::from(number)).unwrap();
        assert_eq!(store.submission(RowKey::from_i64(key.as_i64() - 1)).unwrap().0.len(), 1);
    }
    // The server counts when a connection ends.
    drop(store);
    assert_eq!(database.psql(scans), before);
}

/// Statistics of a quiet moment know of no open message, so that reading all of them for each change looks cheap.
#[test]
fn a_change_is_found_by_its_key_whatever_the_statistics_say() {
    let database = InDatabase::new();
    let (mut store, _reader) = database.open_with_account();
    let mut ends = Batch { at: BEGIN, ..Batch::default() };
    for number in 1..300 {
        let (key, batch) = message(number);
        ends.changes.push(change(key, &batch.messages[0].message.progress, |progress| {
            progress.state = State::Delivered;
        }));
        store.apply(&batch).unwrap();
    }
    store.apply(&ends).unwrap();
    let routines = include_str!("../../src/postgres/routines.sql");
    let (_, update) = routines.split_once("WITH moved AS (").unwrap();
    let (update, _) = update.split_once("RETURNING").unwrap();
    let plan = database.psql(&format!(
        "ANALYZE; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; \
         SET enable_mergejoin = off; \
         PREPARE moved (progress_change[]) AS {}; EXPLAIN EXECUTE moved (NULL)",
        update.replace("p_changes", "$1")
    ));
    let by_key =
        plan.lines().filter(|line| line.contains("Index Scan using progress_") && line.contains("_pkey"));
    assert!(by_key.count() > 0 && !plan.contains("_key_idx"), "{plan}");
}
