//! Backups, their way back, and moves between the engines: of an installation with a bit of everything,
//! whatever engine it is on.

use std::os::unix::fs::PermissionsExt as _;

use ports::store::Batch;
use store::{
    Again, BackupOptions, DATABASE_FILE, KEK_FILE, KeyWish, MoveOptions, OpenError, PortableError,
    PostgresOpenError, Queued, RestoreOptions, back_up, inspect, move_store, restore, take_back, verify,
};
use types::id::RowKey;
use types::message::Flags;
use types::time::Timestamp;

mod answers;
mod scene;

use answers::everything;
use scene::{Home, Scene, fill, on_file};

/// The key of every installation here.
const KEY: [u8; 32] = [0x6b; 32];

fn options(now: Timestamp) -> BackupOptions {
    BackupOptions { key: KeyWish::Apart, version: "9.9.9".to_owned(), now }
}

fn holding(now: Timestamp) -> RestoreOptions {
    RestoreOptions { queued: Queued::Hold, key: None, again: Again::No, now }
}

fn moving(again: Again, now: Timestamp) -> MoveOptions {
    MoveOptions { again, now }
}

fn filled(home: Home) -> (Home, Scene) {
    let scene = fill(&home);
    std::fs::create_dir(home.data().join("keys")).unwrap();
    std::fs::write(home.data().join(KEK_FILE), KEY).unwrap();
    (home, scene)
}

fn same(one: &[String], other: &[String]) {
    for (one, other) in one.iter().zip(other) {
        assert_eq!(one, other);
    }
    assert_eq!(one.len(), other.len());
}

#[test]
fn an_installation_moves_to_the_other_engine_and_back() {
    let (old, scene) = filled(Home::in_folder());
    let before = everything(&old);
    assert!(before.len() > 80);
    let new = old.without_database().with_database();
    let mut seen = Vec::new();
    let moved = move_store(&old.place(), &new.place(), moving(Again::No, scene.now), &mut |moment| {
        seen.push((moment.phase, moment.rows, moment.of));
    });
    let moved = moved.unwrap();
    assert!(moved.has_key && moved.imbalance_micros == 0, "{moved:?}");
    let rows: u64 = moved.tables.iter().map(|(_, rows)| rows).sum();
    assert!(rows > 150 && seen.iter().all(|(_, done, of)| done <= of && *of == rows), "{rows} {seen:?}");
    let has_rows = |(name, rows): &(String, u64)| (*rows > 0) != name.starts_with("past_");
    assert!(moved.tables.iter().all(has_rows), "every table but the archive's has rows: {moved:?}");
    same(&before, &everything(&new));

    // What was left is marked, and can be had back.
    let refused = store::open_sqlite(&old.data()).unwrap_err();
    let OpenError::Moved { to, at, .. } = &refused else { panic!("{refused}") };
    assert!(to.starts_with("postgres://") && *at == scene.now && !to.contains("chappe@"), "{refused}");
    let again = move_store(&old.place(), &new.place(), moving(Again::No, scene.now), &mut |_| {});
    assert!(matches!(again, Err(PortableError::Sqlite(OpenError::Moved { .. }))), "{again:?}");
    // What was moved is not moved once more to another place, but an interrupted move is completed.
    let other = old.without_database().with_database();
    let refused = move_store(&old.place(), &other.place(), moving(Again::Yes, scene.now), &mut |_| {});
    assert!(matches!(refused, Err(PortableError::Sqlite(OpenError::Moved { .. }))), "{refused:?}");
    assert_eq!(other.sql("SELECT count(*) FROM meta WHERE name = 'unfinished_since'"), "0");
    new.sql("INSERT INTO meta VALUES ('unfinished_since', 1)");
    move_store(&old.place(), &new.place(), moving(Again::Yes, scene.now), &mut |_| {}).unwrap();
    same(&before, &everything(&new));
    assert!(take_back(&old.place()).unwrap());
    assert!(!take_back(&old.place()).unwrap());
    same(&before, &everything(&old));

    // And back, into a folder that is empty.
    let refused = move_store(&new.place(), &old.place(), moving(Again::No, scene.now), &mut |_| {});
    assert!(matches!(refused, Err(PortableError::NotEmpty { .. })), "{refused:?}");
    std::fs::rename(old.data().join(DATABASE_FILE), old.beside("kept.db")).unwrap();
    let home = move_store(&new.place(), &old.place(), moving(Again::No, scene.now), &mut |_| {}).unwrap();
    assert_eq!(home.tables, moved.tables);
    same(&before, &everything(&old));
    let refused = store::open_postgres(
        &new.data(),
        match &new.place() {
            store::Place::Postgres { url, .. } => url,
            store::Place::Sqlite(_) => unreachable!(),
        },
    )
    .unwrap_err();
    assert!(matches!(refused, PostgresOpenError::Moved { .. }), "{refused}");
    assert!(take_back(&new.place()).unwrap());
    same(&before, &everything(&new));
}

#[test]
fn an_archive_goes_along_and_is_unpacked_for_an_engine_that_has_none() {
    let (old, scene) = filled(Home::in_folder());
    let before = everything(&old);
    let later = scene.now.plus_ms(40 * 86_400_000);
    let archived = {
        let (mut store, _reader) = store::open_sqlite(&old.data()).unwrap();
        store.archive_all(later, 35, &mut |_| {}).unwrap()
    };
    assert!(archived > 0);
    same(&before, &everything(&old));
    let file = old.beside("with-archive");
    let backup = back_up(&old.place(), &file, &options(scene.now), &mut |_| {}).unwrap();
    assert_eq!(backup.imbalance_micros(), 0);
    assert!(backup.tables.iter().any(|(name, rows)| name == "past_block" && *rows > 0));
    let folder = Home::in_folder();
    restore(&file, &folder.place(), &holding(later), &mut |_| {}).unwrap();
    let status = store::archive_status(&folder.data()).unwrap();
    assert_eq!(u64::try_from(status.messages).unwrap(), archived);
    assert_eq!(store::verify_archive(&folder.data(), &mut |_, _| {}).unwrap(), (Vec::new(), true));

    let new = old.without_database().with_database();
    let refused = restore(&file, &new.place(), &holding(later), &mut |_| {});
    assert!(matches!(refused, Err(PortableError::Archived { .. })), "{refused:?}");
    let refused = move_store(&old.place(), &new.place(), moving(Again::No, later), &mut |_| {});
    assert!(matches!(refused, Err(PortableError::Archived { .. })), "{refused:?}");
    {
        let (mut store, _reader) = store::open_sqlite(&old.data()).unwrap();
        assert_eq!(store.unpack_archive(&mut |_| {}).unwrap(), archived);
    }
    same(&before, &everything(&old));
    move_store(&old.place(), &new.place(), moving(Again::No, later), &mut |_| {}).unwrap();
    same(&before, &everything(&new));
}

/// Of an id that came again after the move, the newest use is found first.
#[test]
fn what_comes_after_a_move_is_newer_than_what_came_before() {
    use ports::conformance::store::rows::{CONNECTOR, map_row};
    let (old, scene) = filled(Home::in_folder());
    let new = old.without_database().with_database();
    move_store(&old.place(), &new.place(), moving(Again::No, scene.now), &mut |_| {}).unwrap();
    let (mut store, _reader) = new.open_both();
    let mut batch = Batch { at: scene.now.plus_ms(5_000), ..Batch::default() };
    batch.receipt_map.push(map_row(CONNECTOR, "shared", scene.submitted, 2, 1));
    store.apply(&batch).unwrap();
    let found = store.receipt_targets(&[(CONNECTOR, "shared".to_owned())]).unwrap();
    assert_eq!(found[0][0].message, scene.submitted, "{found:?}");
    assert_eq!(found[0][0].attempt, 2);
    assert_eq!(found[0][1].message, scene.delivered);
}

#[test]
fn an_interrupted_move_says_so_and_is_begun_anew() {
    let (old, scene) = filled(Home::in_folder());
    let new = old.without_database().with_database();
    let before = everything(&old);
    // It ends in the middle, as when the process is killed.
    let result = std::panic::catch_unwind(|| {
        move_store(&old.place(), &new.place(), moving(Again::No, scene.now), &mut |moment| {
            assert!(moment.table != "posting", "cut");
        })
    });
    assert!(result.is_err());
    assert!(new.sql("SELECT count(*) FROM message").parse::<i64>().unwrap() > 0);
    let store::Place::Postgres { url, .. } = new.place() else { unreachable!() };
    let refused = store::open_postgres(&new.data(), &url).unwrap_err();
    assert!(matches!(refused, PostgresOpenError::Unfinished) && refused.to_string().contains("--again"));
    // The platform goes on with what it had.
    same(&before, &everything(&old));
    let refused = move_store(&old.place(), &new.place(), moving(Again::No, scene.now), &mut |_| {});
    assert!(matches!(refused, Err(PortableError::Unfinished { .. })), "{refused:?}");
    move_store(&old.place(), &new.place(), moving(Again::Yes, scene.now), &mut |_| {}).unwrap();
    same(&before, &everything(&new));
}

#[test]
fn a_place_that_is_not_empty_or_in_use_is_refused() {
    let (old, scene) = filled(Home::in_folder());
    let (taken, _) = filled(Home::in_database());
    let before = everything(&taken);
    for again in [Again::No, Again::Yes] {
        let refused = move_store(&old.place(), &taken.place(), moving(again, scene.now), &mut |_| {});
        assert!(matches!(refused, Err(PortableError::NotEmpty { .. })), "{refused:?}");
    }
    same(&before, &everything(&taken));
    let running = old.open_both();
    let new = old.without_database().with_database();
    let refused = move_store(&old.place(), &new.place(), moving(Again::No, scene.now), &mut |_| {});
    assert!(matches!(refused, Err(PortableError::Sqlite(OpenError::InUse { .. }))), "{refused:?}");
    drop(running);
    let refused =
        move_store(&old.place(), &Home::in_folder().place(), moving(Again::No, scene.now), &mut |_| {});
    assert!(matches!(refused, Err(PortableError::SameKind)), "{refused:?}");
    let nothing = Home::in_folder();
    let refused = move_store(&nothing.place(), &new.place(), moving(Again::No, scene.now), &mut |_| {});
    assert!(matches!(refused, Err(PortableError::NoInstallation { .. })), "{refused:?}");
}

/// What a restore changes on purpose.
fn without_marks(home: &Home, scene: &Scene) {
    let restored = Flags::RESTORED.bits();
    home.sql(&format!("UPDATE progress SET flags = flags & ~{restored}"));
    home.sql("DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)");
    assert!(scene.now > Timestamp::EPOCH);
}

#[test]
fn a_backup_of_a_running_platform_comes_back_on_either_engine() {
    for (old, scene) in [filled(Home::in_folder()), filled(Home::in_database())] {
        let mut before = everything(&old);
        let file = old.beside("backup");
        // The platform runs and writes while the backup is made: it has one state of it.
        let (mut running, _reader) = old.open_both();
        let mut wrote = 0;
        let made = back_up(&old.place(), &file, &options(scene.now), &mut |_| {
            running.apply(&Batch { at: scene.now, ..Batch::default() }).unwrap();
            wrote += 1;
        });
        let made = made.unwrap();
        drop(running);
        assert!(wrote > 20);
        assert_eq!((made.version.as_str(), made.made_at), ("9.9.9", scene.now));
        assert!(made.waiting == 15 && made.open == 18 && made.imbalance_micros() == 0, "{made:?}");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(verify(&file, &mut |_| {}).unwrap(), made);
        // Nobody is signed in in it.
        let sessions = before.iter().filter(|line| line.contains("SessionRow")).count();
        assert_eq!(sessions, 1);
        before.iter_mut().filter(|line| line.contains("SessionRow")).for_each(|line| *line = "None".into());

        for new in [Home::in_folder(), Home::in_database()] {
            let restored = restore(&file, &new.place(), &holding(scene.now), &mut |_| {}).unwrap();
            assert_eq!((&restored.backup, restored.has_key), (&made, false));
            without_marks(&new, &scene);
            same(&before, &everything(&new));
        }
    }
}

fn flags(home: &Home, key: RowKey) -> Flags {
    let found = home.sql(&format!("SELECT flags FROM progress WHERE key = {}", key.as_i64()));
    Flags::from_bits(found.parse().unwrap())
}

#[test]
fn what_may_have_been_sent_since_is_marked_and_keys_go_on_above() {
    let (old, scene) = filled(Home::in_folder());
    let file = old.beside("backup");
    // Its route has patience: after a minute it may have gone to the next connector.
    let patience = "UPDATE progress SET due_at = submitted_at + 60000 WHERE key = ";
    old.sql(&format!("{patience}{}", scene.submitted.as_i64()));
    back_up(&old.place(), &file, &options(scene.now), &mut |_| {}).unwrap();
    // An hour has passed: what was scheduled within it may have been sent.
    let now = scene.now.plus_ms(3_600_000);
    for (queued, mark) in [(Queued::Hold, Flags::RESTORED), (Queued::Send, Flags::POSSIBLE_DUPLICATE)] {
        for new in [Home::in_folder(), Home::in_database()] {
            let options = RestoreOptions { queued, ..holding(now) };
            let restored = restore(&file, &new.place(), &options, &mut |_| {}).unwrap();
            // Of those that wait, one has its time still to come.
            let expected = if queued == Queued::Hold { 18 } else { 16 };
            assert_eq!(restored.marked, expected, "{queued:?}");
            for key in scene.queued.iter().chain([&scene.due, &scene.submitted]) {
                assert_eq!(flags(&new, *key), mark, "{queued:?}");
            }
            for key in [scene.sending, scene.unknown] {
                // What the policy for doubt sends again it marks itself.
                let held = if queued == Queued::Hold { mark } else { Flags::default() };
                assert_eq!(flags(&new, key), held, "{queued:?}");
            }
            assert_eq!(flags(&new, scene.later), Flags::default());
            assert_eq!(flags(&new, scene.delivered), Flags::TEST);
            let (mut store, reader) = new.open_both();
            let last = store.load().unwrap().last_key;
            assert!(last.unix_ms() >= now.as_ms() && last.unix_ms() < now.as_ms() + 600_000);
            // It works: the next commit is numbered on.
            store.apply(&Batch { at: now, ..Batch::default() }).unwrap();
            assert!(reader.ledger_sums().unwrap().iter().all(|sum| sum.imbalance_micros() == 0));
            assert_eq!(new.sql("SELECT value FROM meta WHERE name = 'restored_at'"), now.as_ms().to_string());
        }
    }
}

#[test]
fn a_restore_needs_an_empty_place_and_leaves_it_as_it_was() {
    let (old, scene) = filled(Home::in_folder());
    let file = old.beside("backup");
    back_up(&old.place(), &file, &options(scene.now), &mut |_| {}).unwrap();
    for taken in [filled(Home::in_folder()).0, filled(Home::in_database()).0] {
        let before = everything(&taken);
        let refused = restore(&file, &taken.place(), &holding(scene.now), &mut |_| {});
        assert!(matches!(refused, Err(PortableError::NotEmpty { .. })), "{refused:?}");
        same(&before, &everything(&taken));
    }
    let refused = back_up(&old.place(), &file, &options(scene.now), &mut |_| {});
    assert!(matches!(refused, Err(PortableError::Exists { .. })), "{refused:?}");
    let refused = back_up(&Home::in_folder().place(), &old.beside("no"), &options(scene.now), &mut |_| {});
    assert!(matches!(refused, Err(PortableError::NoInstallation { .. })), "{refused:?}");
    let refused = back_up(&Home::in_database().place(), &old.beside("no"), &options(scene.now), &mut |_| {});
    assert!(matches!(refused, Err(PortableError::NoInstallation { .. })), "{refused:?}");
    assert!(!old.beside("no").exists() && !old.beside("no.part").exists());
}

#[test]
fn a_restore_that_is_cut_leaves_nothing_that_starts() {
    let (old, scene) = filled(Home::in_folder());
    let file = old.beside("backup");
    back_up(&old.place(), &file, &options(scene.now), &mut |_| {}).unwrap();
    for new in [Home::in_folder(), Home::in_database()] {
        let cut = std::panic::catch_unwind(|| {
            restore(&file, &new.place(), &holding(scene.now), &mut |moment| {
                assert!(moment.phase != store::Phase::Comparing || moment.table != "lot", "cut");
            })
        });
        assert!(cut.is_err());
        let options = RestoreOptions { again: Again::Yes, ..holding(scene.now) };
        match new.place() {
            store::Place::Sqlite(folder) => assert!(!folder.join(DATABASE_FILE).exists()),
            store::Place::Postgres { folder, url } => {
                let refused = store::open_postgres(&folder, &url).unwrap_err();
                assert!(matches!(refused, PostgresOpenError::Unfinished), "{refused}");
                let refused = restore(&file, &new.place(), &holding(scene.now), &mut |_| {});
                assert!(matches!(refused, Err(PortableError::Unfinished { .. })), "{refused:?}");
            }
        }
        restore(&file, &new.place(), &options, &mut |_| {}).unwrap();
        drop(new.open_both());
    }
}

#[test]
fn what_a_disk_has_spoilt_is_found_before_anything_is_written() {
    let (old, scene) = filled(Home::in_folder());
    let file = old.beside("backup");
    back_up(&old.place(), &file, &options(scene.now), &mut |_| {}).unwrap();
    let whole = std::fs::read(&file).unwrap();
    let spoilt = old.beside("spoilt");
    let refused = |what: &str| {
        let new = Home::in_folder();
        let refused = restore(&spoilt, &new.place(), &holding(scene.now), &mut |_| {});
        assert!(
            matches!(refused, Err(PortableError::Damaged { .. } | PortableError::NoArchive { .. })),
            "{what}: {refused:?}"
        );
        assert!(!new.data().join(DATABASE_FILE).exists(), "{what}");
    };
    let database = Home::in_database();
    for (what, sql) in [
        (
            "a value",
            "UPDATE progress SET price_micros = price_micros + 1 WHERE key = (SELECT max(key) FROM progress)",
        ),
        ("a row less", "DELETE FROM posting WHERE id = (SELECT max(id) FROM posting)"),
        ("a row more", "INSERT INTO connector VALUES (99, 'new')"),
        ("the ledger", "UPDATE archive_ledger SET held_micros = held_micros + 1"),
        ("the header", "UPDATE archive SET value = 0 WHERE name = 'waiting'"),
        ("a tally", "UPDATE archive_table SET rows = rows + 1 WHERE name = 'lot'"),
    ] {
        std::fs::write(&spoilt, &whole).unwrap();
        on_file(&spoilt, sql);
        refused(what);
        let found = restore(&spoilt, &database.place(), &holding(scene.now), &mut |_| {});
        assert!(matches!(found, Err(PortableError::Damaged { .. })), "{what}: {found:?}");
    }
    for cut in [0, 100, whole.len() / 2, whole.len() - 4_096] {
        std::fs::write(&spoilt, &whole[..cut]).unwrap();
        refused("a cut file");
    }
    // The database is as empty as it was.
    restore(&file, &database.place(), &holding(scene.now), &mut |_| {}).unwrap();
    // Octets anywhere: either they are found, or they lie in a gap of a page and mean nothing.
    let mut found = 0;
    for place in (0..whole.len()).step_by(whole.len() / 40) {
        let mut octets = whole.clone();
        octets[place] ^= 0x55;
        std::fs::write(&spoilt, &octets).unwrap();
        found += u32::from(verify(&spoilt, &mut |_| {}).is_err());
    }
    assert!(found >= 5, "{found}");
    assert!(matches!(inspect(&old.beside("nothing")), Err(PortableError::File { .. })));
    on_file(&old.data().join(DATABASE_FILE), "SELECT 1");
    assert!(matches!(inspect(&old.data().join(DATABASE_FILE)), Err(PortableError::NoArchive { .. })));
}

#[test]
fn the_key_goes_with_a_backup_only_when_it_is_wanted_and_no_other_is_taken() {
    let (old, scene) = filled(Home::in_folder());
    let (apart, inside) = (old.beside("apart"), old.beside("inside"));
    back_up(&old.place(), &apart, &options(scene.now), &mut |_| {}).unwrap();
    let with_key = BackupOptions { key: KeyWish::Inside, ..options(scene.now) };
    let made = back_up(&old.place(), &inside, &with_key, &mut |_| {}).unwrap();
    assert!(made.has_key && made.knows_key && !inspect(&apart).unwrap().has_key);
    let holds = |file: &std::path::Path| {
        let octets = std::fs::read(file).unwrap();
        octets.windows(KEY.len()).any(|window| window == KEY)
    };
    assert!(holds(&inside) && !holds(&apart));

    let new = Home::in_folder();
    assert!(restore(&inside, &new.place(), &holding(scene.now), &mut |_| {}).unwrap().has_key);
    let kek = new.data().join(KEK_FILE);
    assert_eq!(std::fs::read(&kek).unwrap(), KEY);
    assert_eq!(kek.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    // One that is named, the right and a wrong one.
    let named = |octet: u8| {
        let path = old.beside(&format!("key{octet}"));
        std::fs::write(&path, [octet; 32]).unwrap();
        RestoreOptions { key: Some(path), ..holding(scene.now) }
    };
    let new = Home::in_folder();
    let refused = restore(&apart, &new.place(), &named(0x6c), &mut |_| {});
    assert!(matches!(refused, Err(PortableError::OtherKey { .. })), "{refused:?}");
    assert!(restore(&apart, &new.place(), &named(0x6b), &mut |_| {}).unwrap().has_key);
    // One that lies there.
    let new = Home::in_folder();
    std::fs::create_dir_all(new.data().join("keys")).unwrap();
    std::fs::write(new.data().join(KEK_FILE), [0x6c; 32]).unwrap();
    let refused = restore(&apart, &new.place(), &holding(scene.now), &mut |_| {});
    assert!(matches!(refused, Err(PortableError::OtherKey { .. })), "{refused:?}");
    assert!(!new.data().join(DATABASE_FILE).exists());

    std::fs::remove_file(old.data().join(KEK_FILE)).unwrap();
    assert!(
        !back_up(&old.place(), &old.beside("without"), &options(scene.now), &mut |_| {}).unwrap().knows_key
    );
    let refused = back_up(&old.place(), &old.beside("with"), &with_key, &mut |_| {});
    assert!(matches!(refused, Err(PortableError::File { .. })), "{refused:?}");
}

#[test]
fn two_backups_do_not_write_one_file() {
    let (old, scene) = filled(Home::in_folder());
    let file = old.beside("backup");
    let mut refused = None;
    back_up(&old.place(), &file, &options(scene.now), &mut |_| {
        refused.get_or_insert_with(|| back_up(&old.place(), &file, &options(scene.now), &mut |_| {}));
    })
    .unwrap();
    assert!(matches!(refused, Some(Err(PortableError::BeingWritten { .. }))), "{refused:?}");
    assert!(verify(&file, &mut |_| {}).is_ok());
    // What an interrupted run has left is written over.
    let next = old.beside("next");
    std::fs::write(old.beside("next.part"), "rubbish").unwrap();
    back_up(&old.place(), &next, &options(scene.now), &mut |_| {}).unwrap();
    assert!(verify(&next, &mut |_| {}).is_ok() && !old.beside("next.part").exists());
}
