//! Routes change while messages flow: a new version is taken, an old one comes back, a bad one is
//! refused and changes nothing.

use serde_json::Value;

use crate::carrier::Carrier;
use crate::house::{House, Plan};

fn route(name: &str) -> String {
    format!("[[route]]\nname = \"default\"\nconnectors = [\"{name}\"]\n")
}

fn version(house: &House) -> Value {
    house.json(&["routes"])["version"].clone()
}

fn deliver(house: &House, text: &str) {
    let id = house.http().send("+447400123456", text);
    house.http().until_state(&id, "delivered");
}

#[test]
fn a_version_is_imported_and_rolled_back() {
    let (old, new) = (Carrier::delivering("old"), Carrier::delivering("new"));
    let both = old.connector("0.01") + &new.connector("0.02");
    let house = Plan::new().config(both.clone() + &route("old")).start();
    deliver(&house, "by the first version");
    assert_eq!((old.taken().len(), new.taken().len()), (1, 0));
    let first = version(&house);

    let file = house.plan.file("new.toml", &(both + &route("new")));
    let file = file.to_str().unwrap();
    let imported = house.json(&["routes", "import", file, "--comment", "cheaper by far"])["version"].clone();
    assert_ne!(imported, first);
    assert_eq!(version(&house), imported);
    deliver(&house, "by the second version");
    assert_eq!((old.taken().len(), new.taken().len()), (1, 1));
    let versions = house.json(&["routes", "versions"])["items"].clone();
    assert!(versions.as_array().unwrap().iter().any(|one| one["comment"] == "cheaper by far"), "{versions}");

    let back = house.json(&["routes", "rollback", &first.to_string()])["version"].clone();
    assert!(back.as_u64() > imported.as_u64(), "a roll-back is a new version");
    deliver(&house, "by the first version again");
    assert_eq!((old.taken().len(), new.taken().len()), (2, 1));

    // The file has not changed, so what people decided outlasts a restart.
    house.json(&["routes", "rollback", &imported.to_string()]);
    let plan = house.plan.clone();
    assert_eq!(house.terminate().code(), Some(0));
    let house = plan.start();
    deliver(&house, "by the second version after a restart");
    assert_eq!((old.taken().len(), new.taken().len()), (2, 2));
}

#[test]
fn a_bad_document_is_refused_with_a_sentence_and_changes_nothing() {
    let carrier = Carrier::delivering("acme");
    let connector = carrier.connector("0.01");
    let house = Plan::new().config(connector.clone() + &route("acme")).start();
    let before = (version(&house), house.text(&["routes"]));
    let cases = [
        ("nothing", "# nothing\n".to_owned(), "empty"),
        ("no TOML", "connectors are [".to_owned(), "line 1"),
        ("unknown key", format!("{connector}{}colour = \"red\"\n", route("acme")), "colour"),
        ("unknown connector", format!("{connector}{}", route("nobody")), "nobody"),
        ("unknown type", connector.replace("\"smpp\"", "\"pigeon\"") + &route("acme"), "\"pigeon\""),
        (
            "option that the type does not know",
            connector.replace("window", "windows") + &route("acme"),
            "windows",
        ),
        ("window out of range", connector.replace("= 50", "= 0") + &route("acme"), "window"),
        ("bad prefix", format!("{connector}{}prefix = \"x\"\n", route("acme")), "prefix"),
        ("bad price", connector.replace("0.01", "cheap") + &route("acme"), "cheap"),
        ("name twice", format!("{connector}{}{}", route("acme"), route("acme")), "twice"),
        ("bad reroute", format!("{connector}{}reroute_on = [\"delivered\"]\n", route("acme")), "delivered"),
    ];
    for (what, document, word) in &cases {
        let file = house.plan.file("bad.toml", document);
        let error = house.refused(&["routes", "import", file.to_str().unwrap()]);
        assert!(error.contains(word) && error.contains("invalid_configuration"), "{what}: {error}");
        assert!(!error.contains("secret"), "{what}: {error}");
        assert_eq!((version(&house), house.text(&["routes"])), before, "{what}");
    }
    house.refused(&["routes", "rollback", "999"]);
    house.refused(&["routes", "import", "/nowhere.toml"]);
    assert!(!before.1.contains("secret"), "passwords are not shown");
    deliver(&house, "all as before");
    assert_eq!(carrier.taken().len(), 1);
}

#[test]
fn a_bad_file_is_refused_at_start_with_its_place() {
    let carrier = Carrier::delivering("acme");
    let connector = carrier.connector("0.01");
    let line_of = |key: &str| 1 + connector.lines().position(|line| line.starts_with(key)).unwrap();
    for (config, word, line) in [
        ("# first\nhtp = \"127.0.0.1:0\"".to_owned(), "htp", 2),
        (connector.clone() + &route("nobody"), "nobody", connector.lines().count() + 1),
        (connector.replace("\"smpp\"", "\"pigeon\""), "\"pigeon\"", line_of("type")),
        (connector.replace("window", "windows"), "windows", line_of("window")),
        (connector.replace("password = \"", "password = \"file:/nowhere/"), "/nowhere/", line_of("password")),
    ] {
        let error = Plan::new().config(config).refusal();
        let place = format!("chappe.toml: line {line}: ");
        assert!(
            error.contains(word) && error.contains("chappe: ") && error.contains(&place),
            "{place}: {error}"
        );
    }
}
