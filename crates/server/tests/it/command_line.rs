//! The command line beside a running server and on a folder of its own: bulk sending, the doctor, and
//! who may ask.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use crate::house::Plan;

fn set(path: &std::path::Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_file_of_recipients_waits_for_the_rate_of_its_account_and_costs_nobody_a_bad_line() {
    let house = Plan::new().start();
    let mut lines: Vec<String> = (0..520).map(|n| format!("+4474001{n:05}")).collect();
    lines.insert(7, "no number".into());
    let file = house.plan.file("recipients", &format!("# who\n{}\n", lines.join("\n")));
    let sent = house.json(&["send", "--to-file", file.to_str().unwrap(), "many"]);
    assert_eq!(
        (&sent["accepted"], sent["refused"].as_array().unwrap().len()),
        (&520.into(), 1),
        "{}",
        sent["refused"]
    );
    assert_eq!(sent["refused"][0]["to"], "no number");
    assert!(sent.get("stopped").is_none());
    assert_eq!(house.http().balance(), 250_000_000 - 520 * 40_000);
}

#[test]
fn the_doctor_says_who_can_look_into_the_folder_and_fails() {
    let house = Plan::new().start();
    let data = house.plan.data();
    let socket = std::fs::metadata(data.join("admin.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    for file in ["keys/kek", "demo.env", "demo-logins.json", "instance", "tls/server-key.pem", "chappe.db"] {
        let mode = std::fs::metadata(data.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    set(&data.join("keys/kek"), 0o644);
    let output = house.run(&["--json", "doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let bad: Vec<_> =
        said["checks"].as_array().unwrap().iter().filter(|check| check["ok"] == false).collect();
    assert!(bad.len() == 1 && bad[0]["detail"].as_str().unwrap().contains("chmod 600"), "{said}");
    set(&data.join("keys/kek"), 0o600);
    assert!(house.text(&["doctor"]).lines().all(|line| !line.starts_with("FAIL")));
}

#[test]
fn a_folder_that_everybody_can_write_is_refused() {
    let plan = Plan::new();
    std::fs::create_dir(plan.data()).unwrap();
    set(&plan.data(), 0o777);
    let error = plan.refusal();
    assert!(error.contains("everybody on this machine") && error.contains("chmod 700"), "{error}");
    set(&plan.data(), 0o700);
    plan.start();
}

#[test]
fn a_folder_with_a_long_path_answers_commands() {
    let house = Plan::new().named("a-name-of-its-own/".repeat(8) + "data").start();
    assert!(house.plan.data().as_os_str().len() > 108);
    assert!(house.text(&["balance"]).starts_with("demo: 250.00 EUR available"));
    assert!(house.run(&["doctor"]).status.success());
}

#[test]
fn commands_work_on_a_folder_without_a_server() {
    let plan = Plan::new();
    let house = plan.start();
    let id = house.http().send("+447400123456", "looked at later");
    house.http().until_state(&id, "delivered");
    assert_eq!(house.signalled("TERM").code(), Some(0));
    let idle = plan.idle();
    assert_eq!(idle.json(&["explain", &id])["message"]["state"], "delivered");
    assert_eq!(idle.json(&["balance"])["balance"], "249.96");
    // Nothing runs, so nothing is bound: the doctor says so.
    let said = idle.run(&["doctor"]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("no server runs on this folder"), "{said}");
    idle.refused(&["balance", "nobody"]);
}
