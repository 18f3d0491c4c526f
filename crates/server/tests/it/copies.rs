//! Backups beside a running platform, their way back, and the move to the other store, as an operator
//! does it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use testkit::postgres::Cluster;

use crate::house::{House, Plan, SOON, until};

/// A file beside the data folders of a plan.
fn beside(plan: &Plan, name: &str) -> PathBuf {
    plan.data().parent().unwrap().join(name)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Everything that `chappe doctor` looks at is well.
fn check_well(house: &House) {
    let doctor = house.json(&["doctor"]);
    assert_eq!(doctor["imbalance_micros"], 0, "{doctor}");
    let checks = doctor["checks"].as_array().unwrap();
    let bad: Vec<_> = checks.iter().filter(|check| check["ok"] == false).collect();
    assert!(bad.is_empty(), "{bad:?}");
}

/// Traffic with different fates, and what of it is known afterwards.
fn busy(house: &House) -> Vec<(String, Value)> {
    let http = house.http();
    let ids: Vec<_> = ["+447400123456", "+447400120001", "+447400120004", "+447400120010"]
        .iter()
        .map(|to| http.send(to, "before the backup"))
        .collect();
    for (id, state) in ids.iter().zip(["delivered", "undelivered", "submitted", "delivered"]) {
        http.until_state(id, state);
    }
    ids.into_iter().map(|id| (id.clone(), seen(house, &id))).collect()
}

/// What the operator sees of a message that stays.
fn seen(house: &House, id: &str) -> Value {
    let mut message = house.json(&["explain", id])["message"].clone();
    message.as_object_mut().unwrap().remove("connector");
    message
}

/// Takes over what the demonstration knows beside its store.
fn take_logins(from: &Plan, to: &Plan) {
    std::fs::create_dir_all(to.data()).unwrap();
    std::fs::set_permissions(to.data(), std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::copy(from.data().join("demo-logins.json"), to.data().join("demo-logins.json")).unwrap();
}

fn comes_back(plan: &Plan) {
    let house = plan.start();
    let before = busy(&house);
    let balance = house.http().balance();
    let (file, name) = (beside(plan, "backup"), beside(plan, "backup.part"));
    let made = house.json(&["backup", text(&file)]);
    assert_eq!(
        (&made["has_key"], &made["knows_key"], &made["open"]),
        (&false.into(), &true.into(), &1.into())
    );
    assert_eq!(made["imbalance_micros"], 0);
    assert!(!name.exists());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let said = house.refused(&["backup", text(&file)]);
    assert!(said.contains("is there already"), "{said}");
    assert!(house.text(&["backup", "--check", text(&file)]).contains("is whole"));
    let later = house.http().send("+447400123457", "after the backup");
    house.http().until_state(&later, "delivered");
    // It goes on, and then the machine is lost.
    let kek = plan.data().join("keys/kek");
    let stopped = house.plan.clone();
    house.kill();

    let database = Cluster::shared().database().unwrap();
    let folder = plan.clone().in_folder().named("restored");
    let other = plan.clone().in_database(&database).named("restored-beside");
    for (new, into) in [(folder.clone(), text(&folder.data()).to_owned()), (other, database.clone())] {
        take_logins(&stopped, &new);
        let idle = new.idle();
        let said = idle.refused(&["restore", text(&file), "--into", &into]);
        assert!(said.contains("--queued hold, send or fail"), "{said}");
        let told =
            idle.json(&["restore", text(&file), "--into", &into, "--key", text(&kek), "--queued", "send"]);
        assert_eq!((&told["key_in_place"], &told["rows"]), (&true.into(), &made["rows"]), "{told}");
        let said = idle.refused(&["restore", text(&file), "--into", &into, "--queued", "send"]);
        assert!(said.contains("not empty"), "{said}");
        let house = new.start();
        for (id, message) in &before {
            assert_eq!(&seen(&house, id), message);
        }
        assert_eq!(house.http().get(&format!("/api/v1/messages/{later}")).status, 404);
        assert_eq!(house.http().balance(), balance);
        let id = house.http().send("+447400123458", "after the restore");
        assert!(id > later, "ids go on above those that were handed out since");
        house.http().until_state(&id, "delivered");
        check_well(&house);
        assert_eq!(house.terminate().code(), Some(0));
    }
}

#[test]
fn a_backup_of_a_running_platform_comes_back() {
    comes_back(&Plan::new().in_folder());
}

#[test]
fn a_backup_of_a_database_in_use_comes_back() {
    comes_back(&Plan::on_postgres());
}

#[test]
fn an_installation_moves_into_a_database_and_the_old_place_is_shut() {
    let plan = Plan::new().in_folder();
    let database = Cluster::shared().database().unwrap();
    let moved = plan.clone().in_database(&database);
    let from = format!("sqlite:{}", text(&plan.data()));
    let go = ["migrate-store", "--from", &from, "--to", &database];
    let house = plan.start();
    let before = busy(&house);
    let said = house.refused(&go);
    assert!(said.contains("in use"), "{said}");
    assert_eq!(house.terminate().code(), Some(0));

    let told = plan.idle().text(&go);
    assert!(told.contains("every one compared") && told.contains("ledger balances"), "{told}");
    let said = plan.refusal();
    assert!(said.contains("were moved to postgres://") && said.contains("--take-back"), "{said}");
    let house = moved.start();
    for (id, message) in &before {
        assert_eq!(&seen(&house, id), message);
    }
    let id = house.http().send("+447400123456", "at the new place");
    house.http().until_state(&id, "delivered");
    check_well(&house);
    assert_eq!(house.terminate().code(), Some(0));

    // And back: the folder must be empty.
    let back = ["migrate-store", "--from", &database, "--to", &from];
    let said = plan.idle().refused(&back);
    assert!(said.contains("not empty"), "{said}");
    std::fs::rename(plan.data().join("chappe.db"), beside(&plan, "old.db")).unwrap();
    plan.idle().text(&back);
    let said = moved.refusal();
    assert!(said.contains("were moved to sqlite:"), "{said}");
    let house = plan.start();
    assert_eq!(house.http().message(&id)["state"], "delivered");
    check_well(&house);
    assert_eq!(house.terminate().code(), Some(0));
    // The mark can be taken back.
    let told = moved.idle().text(&["migrate-store", "--take-back"]);
    assert!(told.contains("can be started again"), "{told}");
    assert_eq!(moved.start().terminate().code(), Some(0));
}

/// Many messages, so that a copy takes a while.
fn filled(plan: &Plan) -> House {
    let house = plan.clone().variable("CHAPPE_DEMO_UNLIMITED", "1").start();
    let lines: String = (0..6_000).map(|n| format!("+44740012{n:04}\n")).collect();
    let file = plan.file("recipients", &lines);
    let sent = house.json(&["send", "--to-file", text(&file), "many"]);
    assert_eq!(sent["accepted"], 6_000, "{}", sent["stopped"]);
    house
}

fn spawn(plan: &Plan, arguments: &[&str]) -> Child {
    plan.command().args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Kills a process at a moment; tells whether it was still there.
fn kill_when(mut child: Child, what: &str, mut is_time: impl FnMut() -> bool) -> bool {
    until(SOON, what, || (is_time() || child.try_wait().unwrap().is_some()).then_some(()));
    let was_there = child.try_wait().unwrap().is_none();
    drop(child.kill());
    drop(child.wait());
    was_there
}

#[test]
fn a_backup_that_is_killed_leaves_no_file_and_the_next_one_is_whole() {
    let plan = Plan::new().in_folder();
    let house = filled(&plan);
    let mut killed = 0;
    for round in 0..8_u64 {
        let file = beside(&plan, &format!("backup-{round}"));
        let part = beside(&plan, &format!("backup-{round}.part"));
        let size = 40_000 * round * round;
        let child = spawn(&plan, &["backup", text(&file)]);
        let reached = || std::fs::metadata(&part).is_ok_and(|part| part.len() >= size);
        killed += u32::from(kill_when(child, "a part of a backup", reached));
        assert!(!file.exists() || house.text(&["backup", "--check", text(&file)]).contains("is whole"));
    }
    assert!(killed >= 3, "{killed}");
    let file = beside(&plan, "backup-0");
    drop(std::fs::remove_file(&file));
    house.json(&["backup", text(&file)]);
    assert!(!beside(&plan, "backup-0.part").exists());
    assert_eq!(house.terminate().code(), Some(0));
}

#[test]
fn a_move_that_is_killed_is_begun_anew() {
    let plan = Plan::new().in_folder();
    let house = filled(&plan);
    let balance = house.http().balance();
    assert_eq!(house.terminate().code(), Some(0));
    let from = format!("sqlite:{}", text(&plan.data()));
    let mut killed = 0;
    for (round, table) in ["account", "body", "message", "progress", "submission"].into_iter().enumerate() {
        let database = Cluster::shared().database().unwrap();
        let name = database.trim_start_matches("postgres:///").split('?').next().unwrap().to_owned();
        let go = ["migrate-store", "--from", &from, "--to", &database];
        let child = spawn(&plan, &go);
        let rows = || Cluster::shared().rows(&name, table).is_ok_and(|count| count > 0);
        if !kill_when(child, "rows at the new place", rows) {
            continue;
        }
        killed += 1;
        let moved = plan.clone().in_database(&database);
        let said = moved.refusal();
        assert!(said.contains("interrupted") && said.contains("--again"), "{said}");
        let said = plan.idle().refused(&go);
        assert!(said.contains("--again"), "{said}");
        if round % 2 == 0 {
            // The old place works as before.
            assert_eq!(plan.start().terminate().code(), Some(0));
        }
        let again = [go.as_slice(), &["--again"]].concat();
        let told = plan.idle().json(&again);
        assert_eq!(told["imbalance_micros"], 0);
        let house = moved.start();
        assert!(house.http().balance() <= balance);
        check_well(&house);
        house.kill();
        plan.idle().text(&["migrate-store", "--take-back"]);
    }
    assert!(killed >= 2, "{killed}");
}

/// The lines of a unit that run something, as a shell would get them.
fn lines_of(unit: &str, folder: &Path, config: &Path) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("packaging/systemd").join(unit)).unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix("Exec").and_then(|line| line.split_once('=')))
        .map(|(_, line)| line.replace("%%", "%").replace("$$", "$"))
        .map(|line| line.replace("/usr/bin/chappe", env!("CARGO_BIN_EXE_chappe")))
        .map(|line| line.replace("/var/backups", folder.to_str().unwrap()))
        .map(|line| line.replace("/etc/chappe/chappe.toml", config.to_str().unwrap()))
        .collect()
}

#[test]
fn the_nightly_unit_makes_a_backup_and_removes_old_ones() {
    let plan = Plan::new().in_folder();
    let house = plan.start();
    let (folder, config) = (beside(&plan, "var"), beside(&plan, "chappe.toml"));
    let kept = folder.join("chappe");
    std::fs::create_dir_all(&kept).unwrap();
    for (name, age_days) in [("2026-01-01-0315", 15), ("2026-01-14-0315", 13), ("note", 15)] {
        let file = std::fs::File::create(kept.join(name)).unwrap();
        let age = Duration::from_secs(age_days * 86_400);
        file.set_modified(std::time::SystemTime::now() - age).unwrap();
    }
    let lines = lines_of("chappe-backup.service", &folder, &config);
    assert_eq!(lines.len(), 3);
    for line in lines {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &line]).env("CHAPPE_OPT_DATA", plan.data());
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let names: Vec<_> = std::fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().path()).collect();
    let is = |name: &str| names.iter().any(|path| path.ends_with(name));
    assert!(names.len() == 3 && is("note") && is("2026-01-14-0315"), "{names:?}");
    let made = names.iter().find(|path| !path.ends_with("note") && !path.ends_with("2026-01-14-0315"));
    house.text(&["backup", "--check", text(made.unwrap())]);
}
