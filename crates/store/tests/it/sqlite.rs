//! The conformance suite on SQLite, and what only a file can show.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use ports::conformance::store::rows::{ENDPOINT, add_account, add_message, event, map_row};
use ports::conformance::store::{BEGIN, Bench, Subject, run};
use ports::store::{ApplyError, Batch, ListFilter, Reader, Store, TOLD_KEPT_MS};
use store::{DATABASE_FILE, OpenError, SqliteReader, Tuning, open_sqlite, open_sqlite_with};
use tempfile::TempDir;
use types::id::{ConnectorId, RowKey};

struct InFolder {
    folder: TempDir,
    tuning: Tuning,
}

impl Subject for InFolder {
    fn open(&mut self) -> (Box<dyn Store>, Arc<dyn Reader>) {
        let (store, reader) = open_sqlite_with(self.folder.path(), self.tuning).unwrap();
        (Box::new(store), reader)
    }
}

fn subject(tuning: Tuning) -> Box<dyn Subject> {
    Box::new(InFolder { folder: tempfile::tempdir().unwrap(), tuning })
}

/// Sizes with which every few rows make a run.
const TINY: Tuning = Tuning {
    run_rows: 5,
    receipt_run_rows: 2,
    step_rows: 2,
    outbox_settle_ms: 0,
    archive_after_days: None,
    archive_block_messages: 7,
};

#[test]
fn keeps_the_contract() {
    run(&mut || subject(Tuning::default()));
}

#[test]
fn keeps_the_contract_with_tiny_runs() {
    run(&mut || subject(TINY));
}

#[test]
fn keeps_the_contract_when_rows_seldom_make_a_step() {
    run(&mut || {
        subject(Tuning {
            run_rows: 20,
            receipt_run_rows: 100,
            step_rows: 7,
            outbox_settle_ms: 10,
            archive_after_days: None,
            archive_block_messages: 7,
        })
    });
}

#[test]
fn a_folder_is_written_by_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (store, reader) = open_sqlite(&data).unwrap();
    let refused = open_sqlite(&data).unwrap_err();
    assert!(matches!(refused, OpenError::InUse { .. }), "{refused}");
    assert!(refused.to_string().contains("in use"));
    let beside = SqliteReader::open(&data).unwrap();
    assert_eq!(beside.figures().unwrap(), reader.figures().unwrap());
    drop(store);
    drop(open_sqlite(&data).unwrap());
    assert!(SqliteReader::open(folder.path()).is_err());
}

#[test]
fn files_are_private() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (mut store, _reader) = open_sqlite(&data).unwrap();
    store.apply(&Batch { at: BEGIN, ..Batch::default() }).unwrap();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let files: Vec<_> = std::fs::read_dir(&data).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 3);
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

/// Makes the data those of a newer version that lets in this schema and later ones.
fn age(folder: &std::path::Path, opens_from: u32) {
    let raw = rusqlite::Connection::open(folder.join(DATABASE_FILE)).unwrap();
    raw.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS from_the_future (key INTEGER PRIMARY KEY) STRICT; \
         CREATE INDEX IF NOT EXISTS message_by_the_future ON message (country); \
         UPDATE meta SET value = 99 WHERE name = 'schema_version'; \
         UPDATE meta SET value = {opens_from} WHERE name = 'schema_opens_from';"
    ))
    .unwrap();
}

#[test]
fn a_newer_schema_is_refused_unless_it_lets_this_version_in() {
    let folder = tempfile::tempdir().unwrap();
    let known = {
        let (_store, reader) = open_sqlite(folder.path()).unwrap();
        reader.figures().unwrap().schema
    };
    age(folder.path(), known + 1);
    let refused = open_sqlite(folder.path()).unwrap_err();
    let chain = std::error::Error::source(&refused).unwrap().to_string();
    assert!(chain.contains("99") && chain.contains(&format!("knows {known}")), "{chain}");
    assert!(SqliteReader::open(folder.path()).is_err());
    age(folder.path(), known);
    assert!(SqliteReader::open(folder.path()).is_ok());
    let (mut store, reader) = open_sqlite(folder.path()).unwrap();
    let mut batch = Batch { at: BEGIN, ..Batch::default() };
    add_account(&mut batch, 1);
    let key = RowKey::from_parts(BEGIN.as_ms(), 2);
    add_message(&mut batch, (key, key.next()), 1, 7);
    store.apply(&batch).unwrap();
    while store.tidy(BEGIN).unwrap() {}
    let figures = reader.figures().unwrap();
    assert_eq!((figures.schema, figures.messages), (99, 1), "it is written, and stays what it is");
    assert_eq!(reader.ledger_sums().unwrap()[0].imbalance_micros(), 0);
}

#[test]
fn people_can_read_the_tables() {
    let mut bench = Bench::new(Box::new(InFolder { folder: tempfile::tempdir().unwrap(), tuning: TINY }));
    let keys = (bench.key(), bench.key());
    let mut batch = bench.batch();
    add_account(&mut batch, 1);
    add_message(&mut batch, keys, 1, 2);
    bench.apply(&batch);
    drop(bench);

    let folder = tempfile::tempdir().unwrap();
    let (mut store, _reader) = open_sqlite(folder.path()).unwrap();
    store.apply(&batch).unwrap();
    let raw = rusqlite::Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    let text = |sql: &str| -> String { raw.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(
        text("SELECT state || ' ' || charge || ' ' || account_name FROM message_readable"),
        "queued held account 1"
    );
    assert_eq!(text("SELECT accepted_at FROM message_readable"), "2026-11-22 09:03:20");
    assert_eq!(text("SELECT state || ' ' || messages FROM usage_readable"), "open 1");
}

#[test]
fn a_fault_in_the_middle_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, reader) = open_sqlite(folder.path()).unwrap();
    let mut batch = Batch { at: BEGIN, ..Batch::default() };
    add_account(&mut batch, 1);
    store.apply(&batch).unwrap();
    let mut big = Batch { at: BEGIN, ..Batch::default() };
    let key = RowKey::from_parts(BEGIN.as_ms(), 1);
    let mut row = add_message(&mut big, (key, key.next()), 1, 2);
    // More than SQLite takes in one value, which is met in the middle of the batch.
    row.body = vec![0; 1_000_000_001].into_boxed_slice();
    big.messages = vec![row];
    let before = format!("{:?}", store.load().unwrap());
    assert!(matches!(store.apply(&big), Err(ApplyError::NotWritten(_))));
    assert_eq!(format!("{:?}", store.load().unwrap()), before);
    assert_eq!(reader.figures().unwrap().messages, 0);
    let mut small = Batch { at: BEGIN, ..Batch::default() };
    add_message(&mut small, (key, key.next()), 1, 2);
    store.apply(&small).unwrap();
    assert_eq!(reader.figures().unwrap().messages, 1);
}

#[test]
fn readers_work_beside_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, reader) = open_sqlite_with(folder.path(), TINY).unwrap();
    let mut batch = Batch { at: BEGIN, ..Batch::default() };
    add_account(&mut batch, 1);
    store.apply(&batch).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                let filter = ListFilter {
                    limit: 500,
                    account: Some(types::id::AccountId(1)),
                    ..ListFilter::default()
                };
                let mut seen = 0;
                while seen < 200 {
                    let found = reader.list_messages(&filter).unwrap().items.len();
                    assert!(found >= seen && found % 4 == 0, "half a batch was seen");
                    assert_eq!(reader.ledger_sums().unwrap()[0].imbalance_micros(), 0);
                    seen = found;
                }
            });
        }
        for number in 0..50 {
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
fn lapsed_carrier_ids_go_and_numbers_of_runs_do_not_come_again() {
    const DAY_MS: i64 = 86_400_000;
    let mut bench = Bench::new(subject(TINY));
    let wanted = |id: &str| [(ConnectorId(1), id.to_owned())];
    let key = bench.key();
    for (day, ids) in [(0, ["a", "b"]), (10, ["c", "d"]), (120, ["e", "f"])] {
        bench.now = BEGIN.plus_ms(day * DAY_MS);
        let mut batch = bench.batch();
        batch.receipt_map.extend(ids.map(|id| map_row(ConnectorId(1), id, key, 1, 1)));
        bench.apply(&batch);
        bench.tidy();
    }
    bench.tidy();
    for (id, is_found) in [("a", false), ("b", false), ("c", false), ("d", false), ("e", true), ("f", true)] {
        assert_eq!(bench.store().receipt_targets(&wanted(id)).unwrap()[0].len() == 1, is_found, "{id}");
    }
    bench.reopen();
    let mut batch = bench.batch();
    batch.receipt_map.extend(["g", "h"].map(|id| map_row(ConnectorId(1), id, key, 1, 1)));
    bench.apply(&batch);
    bench.tidy();
    for id in ["e", "h"] {
        assert_eq!(bench.store().receipt_targets(&wanted(id)).unwrap()[0].len(), 1, "{id}");
    }
}

#[test]
fn look_ups_of_waiting_events_follow_the_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, reader) = open_sqlite_with(folder.path(), TINY).unwrap();
    let raw = rusqlite::Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    let listed = || -> (i64, i64) {
        let sql = "SELECT (SELECT count(*) FROM outbox_by_endpoint), (SELECT count(*) FROM outbox_by_about)";
        raw.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    let key = |sequence: u32| RowKey::from_parts(BEGIN.as_ms(), sequence);
    let mut batch = Batch { at: BEGIN, ..Batch::default() };
    add_account(&mut batch, 1);
    add_message(&mut batch, (key(1), key(2)), 1, 3);
    batch.outbox.extend([10, 11, 12].map(|n| event(key(n), ENDPOINT, key(2), BEGIN)));
    store.apply(&batch).unwrap();
    assert_eq!(listed(), (0, 0));
    while store.tidy(BEGIN.plus_ms(60_000)).unwrap() {}
    assert_eq!(listed(), (3, 3));
    // Below what is listed already, though keys ascend.
    let mut late = Batch { at: BEGIN, ..Batch::default() };
    late.outbox.push(event(key(9), ENDPOINT, key(2), BEGIN));
    store.apply(&late).unwrap();
    let keys: Vec<_> = store.outbox(ENDPOINT, RowKey::ZERO, 9).unwrap().iter().map(|row| row.key).collect();
    assert_eq!(keys, [key(9), key(10), key(11), key(12)]);
    assert_eq!(reader.message(key(2)).unwrap().unwrap().outbox.len(), 4);
    let mut done = Batch { at: BEGIN, ..Batch::default() };
    done.outbox_done = keys;
    store.apply(&done).unwrap();
    // What was told is looked for by message only, and not for ever.
    assert_eq!(listed(), (0, 4));
    while store.tidy(BEGIN.plus_ms(TOLD_KEPT_MS + 1)).unwrap() {}
    assert_eq!(listed(), (0, 0));
    assert_eq!(reader.message(key(2)).unwrap().unwrap().outbox, []);
}

/// A told event is written over in its place, so that pages stay full and none is split.
#[test]
fn telling_an_event_makes_no_row_longer() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, _reader) = open_sqlite(folder.path()).unwrap();
    let mut batch = Batch { at: BEGIN, ..Batch::default() };
    add_account(&mut batch, 1);
    let key = |sequence: u32| RowKey::from_parts(BEGIN.as_ms(), sequence);
    batch.outbox.extend((1..2_000).map(|n| event(key(n), ENDPOINT, key(2), BEGIN)));
    store.apply(&batch).unwrap();
    let raw = rusqlite::Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    let pages = || -> i64 { raw.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap() };
    let before = pages();
    let mut done = Batch { at: BEGIN.plus_ms(400), ..Batch::default() };
    done.outbox_done = (1..2_000).map(key).collect();
    store.apply(&done).unwrap();
    assert_eq!(pages(), before);
    let told = "SELECT count(*) FROM outbox WHERE told_at = ?1 AND next_at IS NULL";
    let told: i64 = raw.query_row(told, [done.at.as_ms()], |row| row.get(0)).unwrap();
    assert_eq!(told, 1_999);
}

#[test]
fn keys_below_what_is_sorted_are_listed_in_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, reader) = open_sqlite_with(folder.path(), TINY).unwrap();
    let mut batch = Batch { at: BEGIN, ..Batch::default() };
    add_account(&mut batch, 1);
    store.apply(&batch).unwrap();
    let mut keys = Vec::new();
    let mut add = |store: &mut store::SqliteStore, sequence: u32| {
        let key = RowKey::from_parts(BEGIN.as_ms(), sequence);
        let mut batch = Batch { at: BEGIN, ..Batch::default() };
        add_message(&mut batch, (key, key), 1, 3);
        store.apply(&batch).unwrap();
        keys.push(key);
        keys.sort_unstable_by_key(|key| std::cmp::Reverse(*key));
        let filter = ListFilter { limit: 500, ..ListFilter::default() };
        let mut by_account = filter.clone();
        by_account.account = Some(types::id::AccountId(1));
        let hash = reader.message(key).unwrap().unwrap().message.facts.recipient_hash;
        for filter in [filter.clone(), by_account, ListFilter { recipient_hash: Some(hash), ..filter }] {
            let page = reader.list_messages(&filter).unwrap();
            let listed: Vec<_> = page.items.iter().map(|view| view.message.facts.key).collect();
            assert_eq!(listed, keys, "{filter:?}");
        }
    };
    for number in 10..70 {
        add(&mut store, number * 10);
        if number % 3 == 0 {
            // Below runs that are complete, and into the one that is being written.
            add(&mut store, number * 2 + 1);
            add(&mut store, number * 10 - 25);
        }
        store.tidy(BEGIN).unwrap();
    }
    while store.tidy(BEGIN).unwrap() {}
    add(&mut store, 1);
}
