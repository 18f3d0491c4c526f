//! Messages that waited when a backup was made and may have been sent since: what the operator says of
//! them is what happens.

use std::path::PathBuf;

use crate::carrier::Carrier;
use crate::house::{House, Plan};

const ROUTE: &str = "[[route]]\nname = \"default\"\nconnectors = [\"alpha\"]\n";
/// A connector at which nobody answers.
const NOBODY: &str = "[[supplier]]\nname = \"alpha\"\ncurrency = \"EUR\"\n\
                      [[connector]]\nname = \"alpha\"\ntype = \"smpp\"\nhost = \"127.0.0.1\"\nport = 9\n\
                      system_id = \"chappe\"\npassword = \"secret\"\n";

/// A lost installation with three messages that waited, and its backup.
struct Lost {
    plan: Plan,
    backup: PathBuf,
    ids: Vec<String>,
    later: String,
    balance: i64,
}

fn lost() -> Lost {
    let plan = Plan::new().in_folder().config(NOBODY.to_owned() + ROUTE);
    // What is not sent is not paid.
    let profile = plan.file("profile.toml", "schema = 1\n[charging]\ntrigger = \"on_submit\"\n");
    let plan = plan.variable("CHAPPE_OPT_PROFILE", profile.to_str().unwrap());
    let house = plan.start();
    let http = house.http();
    let balance = http.balance();
    let ids: Vec<_> = (0..3).map(|n| http.send(&format!("+44740012345{n}"), "waits")).collect();
    let later = house.later("+447400123459");
    for id in &ids {
        http.until_state(id, "queued");
    }
    let backup = plan.data().parent().unwrap().join("backup");
    let made = house.json(&["backup", backup.to_str().unwrap(), "--with-key"]);
    assert_eq!((&made["waiting"], &made["has_key"]), (&4.into(), &true.into()));
    house.kill();
    Lost { plan, backup, ids, later, balance }
}

impl House {
    /// Sends a message for a time to come.
    fn later(&self, to: &str) -> String {
        let at = types::time::Timestamp::from_ms(now_ms() + 86_400_000).to_string();
        let body = serde_json::json!({ "from": "Chappe", "to": to, "text": "tomorrow", "send_at": at });
        let reply = self.http().post("/api/v1/messages", &body);
        assert_eq!(reply.status, 202, "{reply:?}");
        reply.message_id()
    }
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

impl Lost {
    /// Restores into a place of its own with what is said of the messages; gives what is told.
    fn restored(&self, queued: &str, config: String) -> (Plan, serde_json::Value) {
        let plan = self.plan.clone().named(format!("restored-{queued}")).config(config);
        let into = plan.data();
        let (file, into) = (self.backup.to_str().unwrap(), into.to_str().unwrap());
        let told = plan.idle().json(&["restore", file, "--into", into, "--queued", queued]);
        std::fs::copy(self.plan.data().join("demo-logins.json"), plan.data().join("demo-logins.json"))
            .unwrap();
        (plan, told)
    }
}

#[test]
fn held_messages_wait_until_they_are_released() {
    let lost = lost();
    let carrier = Carrier::delivering("alpha");
    let (plan, told) = lost.restored("hold", carrier.connector("0.01") + ROUTE);
    assert_eq!((&told["marked"], &told["key_in_place"]), (&3.into(), &true.into()), "{told}");
    for round in 0..2 {
        let house = plan.start();
        let http = house.http();
        let other = http.send("+447400123458", "after the restore");
        http.until_state(&other, "delivered");
        assert_eq!(carrier.taken().len(), round + 1, "nothing that is held was sent");
        for id in &lost.ids {
            let message = http.message(id);
            assert_eq!(
                (&message["state"], &message["possible_duplicate"]),
                (&"queued".into(), &false.into())
            );
        }
        let listed = house.json(&["quarantine", "list", "--why", "restored"]);
        assert_eq!(listed["items"].as_array().unwrap().len(), 3, "{listed}");
        // They are held over a restart, too.
        assert_eq!(house.terminate().code(), Some(0));
    }
    let house = plan.start();
    let http = house.http();
    house.text(&["quarantine", "release", &lost.ids[0]]);
    http.until_state(&lost.ids[0], "delivered");
    assert_eq!(http.message(&lost.ids[1])["state"], "queued");
    house.text(&["quarantine", "release", "--all", "restored"]);
    for id in &lost.ids {
        http.until_state(id, "delivered");
        assert_eq!(http.message(id)["possible_duplicate"], true);
    }
    // What is for tomorrow was never sent, and nobody need say anything.
    let later = http.message(&lost.later);
    assert_eq!((&later["state"], &later["possible_duplicate"]), (&"scheduled".into(), &false.into()));
    assert_eq!(carrier.taken().len(), 5);
    assert_eq!(house.json(&["doctor"])["imbalance_micros"], 0);
}

#[test]
fn sent_messages_are_marked() {
    let lost = lost();
    let carrier = Carrier::delivering("alpha");
    let (plan, _told) = lost.restored("send", carrier.connector("0.01") + ROUTE);
    let house = plan.start();
    let http = house.http();
    for id in &lost.ids {
        http.until_state(id, "delivered");
        assert_eq!(http.message(id)["possible_duplicate"], true);
    }
    assert_eq!(http.message(&lost.later)["possible_duplicate"], false);
}

#[test]
fn failed_messages_end_and_cost_nothing() {
    let lost = lost();
    let carrier = Carrier::delivering("alpha");
    let (plan, told) = lost.restored("fail", carrier.connector("0.01") + ROUTE);
    assert_eq!(told["failed"], 3, "{told}");
    let house = plan.start();
    let http = house.http();
    for id in &lost.ids {
        assert_eq!(http.message(id)["state"], "failed");
        assert_eq!(house.json(&["explain", id])["message"]["reason"], "given_up");
    }
    let price = 40_000;
    assert_eq!(http.balance(), lost.balance - price, "the one for tomorrow is held");
    assert_eq!(house.json(&["doctor"])["imbalance_micros"], 0);
    assert_eq!(carrier.taken().len(), 0);
}
