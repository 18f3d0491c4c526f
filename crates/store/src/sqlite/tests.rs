//! Opening, layout and limits of the SQLite store.

use ports::Disposition;
use ports::conformance::store::BEGIN;
use ports::conformance::store::rows::{add_account, add_message};
use ports::store::{ApplyError, Batch, Reader, Store};
use types::id::RowKey;

use super::{SqliteStore, Tuning, open_sqlite, open_sqlite_with};

fn batch_of(first: u32, messages: u32) -> Batch {
    let mut batch = Batch { at: BEGIN, ..Batch::default() };
    for number in first..first + messages {
        let key = RowKey::from_parts(BEGIN.as_ms(), number * 2);
        add_message(&mut batch, (key, key.next()), 1, i64::from(number));
    }
    batch
}

fn account() -> Batch {
    let mut batch = Batch { at: BEGIN, ..Batch::default() };
    add_account(&mut batch, 1);
    batch
}

fn pages(store: &SqliteStore, limit: i64) {
    store.connection.pragma_update_and_check(None, "max_page_count", limit, |_| Ok(())).unwrap();
}

#[test]
fn a_full_disk_leaves_nothing_and_the_store_works() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, reader) = open_sqlite(folder.path()).unwrap();
    store.apply(&account()).unwrap();
    pages(&store, 1);
    let refused = store.apply(&batch_of(1, 500)).unwrap_err();
    assert!(matches!(refused, ApplyError::NotWritten(_)), "{refused:?}");
    assert_eq!(refused.disposition(), Disposition::Later);
    assert_eq!(reader.figures().unwrap().messages, 0);
    assert_eq!(reader.ledger_sums().unwrap()[0].imbalance_micros(), 0);
    pages(&store, 1 << 30);
    assert_eq!(store.apply(&batch_of(1, 500)).unwrap().0, 2);
    assert_eq!(reader.figures().unwrap().messages, 500);
}

#[test]
fn a_lock_of_another_process_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, _reader) = open_sqlite(folder.path()).unwrap();
    store.connection.busy_timeout(std::time::Duration::ZERO).unwrap();
    let other = rusqlite::Connection::open(folder.path().join(super::DATABASE_FILE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(store.apply(&account()), Err(ApplyError::NotWritten(_))));
    other.execute_batch("ROLLBACK").unwrap();
    store.apply(&account()).unwrap();
}

#[test]
fn a_step_that_failed_leaves_a_store_that_works_and_syncs() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, _reader) = open_sqlite(folder.path()).unwrap();
    store.apply(&account()).unwrap();
    // As after a read that failed: no sync, and a transaction that nobody has ended.
    store.connection.pragma_update(None, "synchronous", "normal").unwrap();
    store.connection.execute_batch("BEGIN").unwrap();
    assert!(store.tidy(BEGIN).is_err());
    store.apply(&batch_of(1, 1)).unwrap();
    let full: i64 = store.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    assert_eq!(full, 2);
}

#[test]
fn a_stopped_store_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, reader) = open_sqlite(folder.path()).unwrap();
    store.apply(&account()).unwrap();
    let error = store.judge_failed_commit(rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC),
        None,
    ));
    assert!(matches!(error, ApplyError::InDoubt(_)) && error.disposition() == Disposition::Unknown);
    assert!(matches!(store.apply(&batch_of(1, 1)), Err(ApplyError::InDoubt(_))));
    assert!(!store.tidy(BEGIN).unwrap());
    assert_eq!((store.load().unwrap().accounts.len(), reader.figures().unwrap().messages), (1, 0));
}

#[test]
fn commits_are_synced_and_tidying_goes_back_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let tuning = Tuning {
        run_rows: 3,
        receipt_run_rows: 3,
        step_rows: 3,
        outbox_settle_ms: 0,
        archive_after_days: None,
        archive_block_messages: 7,
    };
    let (mut store, _reader) = open_sqlite_with(folder.path(), tuning).unwrap();
    store.apply(&account()).unwrap();
    let setting = |store: &SqliteStore, name: &str| -> String {
        let value =
            store.connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
        format!("{:?}", value.unwrap())
    };
    assert_eq!(setting(&store, "synchronous"), "Integer(2)");
    assert_eq!(setting(&store, "journal_mode"), "Text(\"wal\")");
    assert_eq!(setting(&store, "wal_autocheckpoint"), "Integer(0)");
    store.apply(&batch_of(1, 9)).unwrap();
    while store.tidy(BEGIN).unwrap() {}
    assert_eq!(setting(&store, "synchronous"), "Integer(2)");
    break_a_step(&mut store);
    assert_eq!(setting(&store, "synchronous"), "Integer(2)");
}

/// A step that fails must leave the setting as it was, too.
fn break_a_step(store: &mut SqliteStore) {
    let failed = super::tidy::unsynced(&store.connection, |connection| {
        connection.execute("DELETE FROM message", [])?;
        Err::<(), _>(super::fault::Fault::Corrupt("test"))
    });
    assert!(failed.is_err());
    assert_eq!(store.messages(&[RowKey::from_parts(BEGIN.as_ms(), 3)]).unwrap().len(), 1);
}

#[test]
fn the_log_begins_anew_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, _reader) = open_sqlite(folder.path()).unwrap();
    store.apply(&account()).unwrap();
    let log = folder.path().join("chappe.db-wal");
    let mut largest = 0;
    for round in 0..400 {
        let mut batch = batch_of(round * 20 + 1, 20);
        batch.lots.clear();
        for row in &mut batch.messages {
            row.body = vec![7; 20_000].into_boxed_slice();
        }
        store.apply(&batch).unwrap();
        store.tidy(BEGIN).unwrap();
        largest = largest.max(log.metadata().unwrap().len());
    }
    // 160 MB were written; without checkpoints the log would hold all of it.
    assert!(largest < 120_000_000, "{largest}");
}

#[test]
fn statements_use_the_keys_and_never_scan() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _reader) = open_sqlite(folder.path()).unwrap();
    let plan = |sql: &str| -> String {
        let mut statement = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    let cases = [
        ("UPDATE progress SET version = 2 WHERE key = 1 AND version = 1 AND open = 1", "INTEGER PRIMARY KEY"),
        (
            "SELECT * FROM progress p JOIN message m ON m.key = p.key WHERE p.open = 1 AND p.key > 5 ORDER BY p.key",
            "progress_open",
        ),
        ("DELETE FROM receipt_map_closed WHERE run = 1 AND hash <= 5", "PRIMARY KEY (run=? AND hash<?)"),
        (
            "SELECT key FROM message_by_account i WHERE i.run = 4 AND i.account = 3 AND i.key < 2 ORDER BY i.key DESC",
            "(run=? AND account=? AND key<?)",
        ),
        (
            "DELETE FROM idempotency WHERE (account, key_hash) > (1, x'00') AND (account, key_hash) <= (2, x'00') AND expires_at <= 5",
            "SEARCH idempotency",
        ),
        (
            "DELETE FROM outbox_by_about WHERE (about, key) IN (SELECT about, key FROM outbox WHERE key > 1 AND key <= 2 AND told_at <= 3)",
            "PRIMARY KEY (about=? AND key=?)",
        ),
        (
            "DELETE FROM outbox_by_endpoint WHERE key = 1 AND dead IN (0, 1) AND endpoint = (SELECT endpoint FROM outbox WHERE key = 1)",
            "PRIMARY KEY (endpoint=? AND dead=? AND key=?)",
        ),
        (
            "UPDATE outbox_by_endpoint SET dead = 1 WHERE key = 1 AND dead = 1 - 1 AND endpoint = (SELECT endpoint FROM outbox WHERE key = 1)",
            "PRIMARY KEY (endpoint=? AND dead=? AND key=?)",
        ),
    ];
    for (sql, part) in cases {
        let plan = plan(sql);
        assert!(
            plan.contains(part) && !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"),
            "{sql}: {plan}"
        );
    }
}
