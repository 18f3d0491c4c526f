//! Destinations of the sandbox choose their fate by their last four digits.

use std::time::Duration;

use crate::house::{Plan, SOON};

/// How long the slowest fate may take.
const SLOW: Duration = Duration::from_secs(50);

/// Last four digits, the state in which it ends, and the attempts that it takes.
const FATES: [(&str, &str, u64); 12] = [
    ("0001", "undelivered", 1),
    ("0002", "expired", 1),
    ("0003", "rejected", 1),
    ("0004", "submitted", 1),
    ("0005", "delivered", 3),
    ("0006", "delivered", 1),
    ("0008", "delivered", 1),
    ("0009", "delivered", 1),
    ("0010", "delivered", 1),
    ("0011", "undelivered", 1),
    ("0012", "undelivered", 1),
    ("0013", "rejected", 1),
];

#[test]
fn every_fate_comes_true() {
    let house = Plan::new().start();
    let http = house.http();
    let ids = FATES.map(|(digits, _, _)| http.send(&format!("+44740012{digits}"), "what will become of me?"));
    for (id, (digits, state, attempts)) in ids.iter().zip(FATES) {
        let message = http.until_message(SLOW, id, &format!("{state} for {digits}"), |message| {
            message["state"] == state && (digits != "0010" || message["contradicted"] == true)
        });
        assert_eq!(message["attempt_count"], attempts, "{digits}: {message}");
        assert_eq!(message["possible_duplicate"], false, "{digits}");
        assert_eq!(message["charge"], "charged", "{digits}");
        assert_eq!(message["contradicted"], digits == "0010", "{digits}");
    }
    // Two of its three attempts were throttled, and cost nothing.
    let explained = house.json(&["explain", &ids[4]]);
    let story = explained["story"].as_array().unwrap();
    let attempts = story.iter().filter(|because| because["stage"] == "route");
    let costs: Vec<_> = attempts.map(|because| because["facts"]["cost"].as_str()).collect();
    assert_eq!(costs, [None, None, Some("0.01 EUR")], "{explained}");
    // By now the receipt that takes thirty seconds has come, and of this one nothing was heard.
    let silent = http.message(&ids[3]);
    assert_eq!(silent["state"], "submitted");
    assert_eq!(silent["attempts"][0]["receipts"], serde_json::json!([]));
    let spent = i64::try_from(FATES.len()).unwrap() * 40_000;
    assert_eq!(http.balance(), 250_000_000 - spent, "each is charged once");
}

#[test]
fn a_cut_link_leaves_an_unknown_outcome_that_the_receipt_resolves() {
    let house = Plan::new().start();
    let http = house.http();
    let id = http.send("+447400120007", "cut off");
    let unknown = http.until_state(&id, "unknown");
    assert_eq!(unknown["reason"], "link_broke");
    let message = http.until_state(&id, "delivered");
    assert_eq!(message["attempt_count"], 1, "it was not sent again: {message}");
    assert_eq!(message["possible_duplicate"], false);
    assert_eq!(http.balance(), 250_000_000 - 40_000);
    let connectors = || house.json(&["connectors"])["items"][0]["links_up"].clone();
    crate::house::until(SOON, "both links", || (connectors() == 2).then_some(()));
}
