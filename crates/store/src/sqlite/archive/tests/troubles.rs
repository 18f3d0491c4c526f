//! Kills, changes in the middle, and damage.

use ports::conformance::store::rows::change;
use ports::store::{Batch, ListFilter, Store};
use rusqlite::Connection;
use types::message::State;

use super::{House, NOW};
use crate::sqlite::DATABASE_FILE;
use crate::sqlite::archive::keyring::Keyring;
use crate::sqlite::archive::rows::{DAY_MS, remove, write};
use crate::sqlite::archive::{archive_status, horizon, presser, verify_archive};
use crate::vault::KEK_FILE;

#[test]
fn a_crash_at_any_step_leaves_each_message_once() {
    for step in 0..4 {
        let mut house = House::new();
        house.fill();
        let before = house.everything();
        let wish = presser::Wish { below: horizon(NOW, 35 * DAY_MS), messages: 7 };
        let keyring = Keyring::of(house.folder.path());
        let store = house.store.take().unwrap();
        let pressed = presser::make(&store.connection, &keyring, wish).unwrap().unwrap();
        // As a kill does: what stands in the log without its end does not count.
        store.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        if step > 0 {
            write(&store.connection, &pressed, NOW.as_ms()).unwrap();
        }
        if step > 1 {
            remove(&store.connection, &pressed).unwrap();
        }
        if step > 2 {
            store.connection.execute_batch("COMMIT").unwrap();
        }
        store.connection.cache_flush().unwrap();
        let copy = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(house.folder.path()).unwrap().flatten() {
            if file.path().is_file() {
                std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
            }
        }
        std::fs::create_dir(copy.path().join("keys")).unwrap();
        std::fs::copy(house.folder.path().join(KEK_FILE), copy.path().join(KEK_FILE)).unwrap();
        drop(store);
        house.folder = copy;
        house.raw = Connection::open(house.folder.path().join(DATABASE_FILE)).unwrap();
        house.reopen();
        let is_archived = house.count("SELECT count(*) FROM past_block") == 1;
        assert_eq!(is_archived, step > 2, "step {step}");
        for (was, is) in before.iter().zip(house.everything()) {
            assert_eq!(was, &is, "step {step}: {}", was.0);
        }
        house.check_whole();
        let left = if is_archived { 54 - 7 } else { 54 };
        assert_eq!(house.archive(), left);
        house.check_whole();
    }
}

#[test]
fn the_thread_makes_blocks_and_one_that_became_stale_is_thrown_away() {
    let mut house = House::new();
    house.fill();
    let before = house.everything();
    let open = house.list(ListFilter { states: vec![State::Queued], ..ListFilter::default() });
    let oldest = open.last().unwrap().message.clone();
    // A block is being made; meanwhile a message of its days moves.
    house.store().tidy(NOW).unwrap();
    while house.store().forget_runs().unwrap() {}
    house.store().archive_step(NOW).unwrap();
    let moved = change(oldest.facts.key, &oldest.progress, |progress| progress.events = 1);
    house.store().apply(&Batch { at: NOW, changes: vec![moved], ..Batch::default() }).unwrap();
    let mut now = NOW;
    while archive_status(house.folder.path()).unwrap().messages < 54 {
        now = now.plus_ms(1_000);
        assert!(now < NOW.plus_ms(DAY_MS), "it goes on");
        house.store().archive_step(now).unwrap();
        std::thread::yield_now();
    }
    let after = house.everything();
    assert_eq!(before.len(), after.len());
    for (was, is) in before.iter().zip(&after) {
        assert_eq!(was.1.len(), is.1.len(), "{}", was.0);
    }
    house.check_whole();
}

#[test]
fn damage_is_found() {
    let mut house = House::new();
    house.fill();
    house.archive();
    for (column, table) in [
        ("facts", "past_content"),
        ("sealed", "past_content"),
        ("accounts", "past_block"),
        ("recipients", "past_block"),
    ] {
        let sql = format!("SELECT {column} FROM {table} WHERE block = 2");
        let octets: Vec<u8> = house.raw.query_row(&sql, [], |row| row.get(0)).unwrap();
        let update = format!("UPDATE {table} SET {column} = ?1 WHERE block = 2");
        let mut other = octets.clone();
        if column == "recipients" {
            other.fill(0);
        } else {
            *other.last_mut().unwrap() ^= 1;
        }
        house.raw.execute(&update, [other]).unwrap();
        let (damaged, _) = verify_archive(house.folder.path(), &mut |_, _| {}).unwrap();
        assert_eq!(damaged.iter().map(|found| found.block).collect::<Vec<_>>(), [2], "{column}");
        house.raw.execute(&update, [octets]).unwrap();
        house.check_whole();
    }
    house.raw.execute("UPDATE past_lot SET micros = micros + 1", []).unwrap();
    assert_eq!(verify_archive(house.folder.path(), &mut |_, _| {}).unwrap(), (Vec::new(), false));
}
