//! Data that an older version has written: a later one opens them, finds everything, and goes on.
//!
//! The folders are kept in `tests/fixtures`, one for each schema that was released; `make.sh` there
//! makes them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::esme::message;
use crate::house::{House, Plan};
use crate::http::{Http, encoded};

/// States in which a message stays.
const ENDS: [&str; 6] = ["delivered", "undelivered", "expired", "rejected", "failed", "deleted"];

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "gz")).collect();
    files.sort();
    files
}

/// A plan whose data folder is the one that was kept.
fn unpacked(file: &Path) -> Plan {
    let plan = Plan::new();
    let folder = plan.data().parent().unwrap().to_owned();
    let tar = Command::new("tar").arg("-xzf").arg(file).arg("-C").arg(folder).status().unwrap();
    assert!(tar.success(), "{}", file.display());
    plan
}

fn kept(plan: &Plan, name: &str) -> Value {
    let path = plan.data().parent().unwrap().join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Every message is there with all that it was, and those that had ended have not moved.
fn check_messages(house: &House, kept: &Value) -> usize {
    let items = kept["items"].as_array().unwrap();
    for before in items {
        let id = before["id"].as_str().unwrap();
        let now = house.json(&["explain", id])["message"].clone();
        for field in ["account", "from", "to", "parts", "price", "accepted_at", "possible_duplicate"] {
            assert_eq!(now[field], before[field], "{field} of {id}");
        }
        let state = before["state"].as_str().unwrap();
        if ENDS.contains(&state) {
            assert_eq!((&now["state"], &now["final_at"]), (&before["state"], &before["final_at"]), "{id}");
        }
        if before["account"] == "demo" {
            let text = house.http().message(id)["text"].as_str().unwrap().to_owned();
            assert!(text.contains("Anchor is booked – żółw €") || text == "Long after", "{text}");
        }
    }
    items.len()
}

fn check_money(house: &House, kept: &Value) {
    let now = house.json(&["accounts"]);
    for before in kept["items"].as_array().unwrap() {
        let name = &before["name"];
        let account = now["items"].as_array().unwrap().iter().find(|one| one["name"] == *name).unwrap();
        for field in ["sid", "balance", "unit", "price_book", "state"] {
            assert_eq!(account[field], before[field], "{field} of {name}");
        }
    }
}

#[test]
fn data_of_every_released_schema_are_opened_and_gone_on_with() {
    let files = fixtures();
    assert!(!files.is_empty(), "no folder was kept");
    for file in files {
        let plan = unpacked(&file);
        let (messages, accounts) = (kept(&plan, "messages.json"), kept(&plan, "accounts.json"));
        let card = std::fs::read_to_string(plan.data().parent().unwrap().join("card.env")).unwrap();
        let house = plan.start();
        assert!(check_messages(&house, &messages) >= 8);
        check_money(&house, &accounts);
        for name in ["CHAPPE_API_KEY", "CHAPPE_API_SECRET", "CHAPPE_SMPP_PASSWORD", "CHAPPE_STAFF_PASSWORD"] {
            assert!(card.contains(&format!("{name}={}\n", house.value(name))), "{name} changed");
        }
        // People sign in with the passwords that they had.
        let login = format!(
            "email={}&password={}",
            encoded("owner@example.com"),
            encoded("a password of the fixture")
        );
        let reply = Http::new(house.value("CHAPPE_HTTP")).form("/sign-in", &login);
        assert_eq!(reply.status, 303, "{reply:?}");
        assert!(house.json(&["routes", "versions"])["items"].as_array().unwrap().len() >= 2);
        assert_eq!(house.http().get("/api/v1/inbound").json()["items"][0]["text"], "The Anchor it is");
        assert!(house.json(&["doctor"])["outbox"].as_i64().unwrap() > 0, "events that nobody took wait");

        // Traffic goes on by every door, and over another restart.
        let first = house.http().send("+447400123456", "after the upgrade");
        house.http().until_state(&first, "delivered");
        let mut esme = house.bound();
        let second = esme.submit(message("447400123457", b"after the upgrade")).unwrap();
        assert_eq!(esme.receipt().id, second);
        esme.unbind();
        assert_eq!(house.terminate().code(), Some(0));
        let house = plan.start();
        check_messages(&house, &messages);
        for id in [&first, &second] {
            assert_eq!(house.http().message(id)["state"], "delivered");
        }
        assert_eq!(house.json(&["doctor"])["imbalance_micros"], 0);
    }
}
