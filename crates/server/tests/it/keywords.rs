//! A simulated phone writes STOP: the next message to it is refused by every door, until it writes START; and
//! the numbers to which phones write.

use serde_json::{Value, json};
use smpp::{CommandId, CommandStatus};

use crate::esme::message;
use crate::house::{House, Plan, SOON, until};
use crate::http::{Http, encoded};

const PHONE: &str = "447400123456";

/// The console of the demo account's owner.
fn console(house: &House) -> Http {
    let console = Http::new(house.value("CHAPPE_HTTP"));
    let email = encoded(house.value("CHAPPE_CONSOLE_EMAIL"));
    let login = format!("email={email}&password={}", house.value("CHAPPE_CONSOLE_PASSWORD"));
    let reply = console.form("/sign-in", &login);
    assert_eq!(reply.status, 303, "{reply:?}");
    let cookie = reply.header("set-cookie").split(';').next().unwrap().to_owned();
    console.with_header("Cookie", &cookie)
}

/// The phone writes, and it is read.
fn write(house: &House, console: &Http, text: &str) -> Value {
    let before = house.http().get("/api/v1/inbound").json()["items"].as_array().unwrap().len();
    let reply = console.form(&format!("/phones/{PHONE}/answer"), &format!("to=447400999000&text={text}"));
    assert_eq!(reply.status, 303, "{reply:?}");
    until(SOON, "what the phone wrote", || {
        let items = house.http().get("/api/v1/inbound").json()["items"].as_array().unwrap().clone();
        (items.len() > before).then(|| items[0].clone())
    })
}

#[test]
fn a_phone_that_writes_stop_gets_no_more_messages() {
    let plan = Plan::new();
    let house = plan.start();
    let console = console(&house);
    let id = house.http().send("+447400123456", "Hello");
    house.http().until_state(&id, "delivered");
    let inbound = write(&house, &console, "Stop.");
    assert_eq!(inbound["keyword"], "stop");

    // Each door says it in its own words.
    let reply = house.http().submit("+447400123456", "Again");
    assert_eq!((reply.status, reply.json()["code"].clone()), (422, json!("recipient_suppressed")));
    let query = format!(
        "/json?key={}&secret={}&from=Chappe&to={PHONE}&text=Again",
        house.value("CHAPPE_API_KEY"),
        house.value("CHAPPE_API_SECRET")
    );
    assert_eq!(Http::new(house.value("CHAPPE_HTTP")).get(&query).json()["status"], "6");
    let mut esme = house.smpp();
    esme.bind_kind(&house, CommandId::BIND_TRANSMITTER);
    assert_eq!(esme.submit(message(PHONE, b"Again")).unwrap_err(), CommandStatus(0x404));
    drop(esme);
    let entry = house.http().get(&format!("/api/v1/suppressions/{PHONE}")).json();
    assert_eq!((&entry["number"], &entry["reason"]), (&json!(PHONE), &json!("opt_out")));
    assert_eq!(entry["source"], format!("inbound:{}", inbound["id"].as_str().unwrap()));

    assert_eq!(write(&house, &console, "START")["keyword"], "start");
    let id = house.http().send("+447400123456", "Welcome back");
    house.http().until_state(&id, "delivered");
    assert_eq!(house.http().get("/api/v1/suppressions").json()["items"], json!([]));

    // It is on disk with the message, also when the process is killed.
    assert_eq!(write(&house, &console, "quit")["keyword"], "stop");
    house.kill();
    let house = plan.start();
    assert_eq!(house.http().submit("+447400123456", "Again").status, 422);
}

#[test]
fn the_operator_imports_assigns_and_releases_numbers() {
    let plan = Plan::new();
    let house = plan.start();
    let import = |text: &str| plan.file("numbers.csv", text).to_str().unwrap().to_owned();
    let file = import("number,account\r\n+44 7400 999000,demo\r\n\r\n\"88811\"\r\n");
    let done = house.json(&["numbers", "import", &file]);
    assert_eq!((&done["numbers"], &done["changed"]), (&json!(2), &json!(2)));
    let numbers = |arguments: &[&str]| {
        let items = house.json(arguments)["items"].as_array().unwrap().clone();
        items.iter().map(|item| (item["number"].clone(), item["account"].clone())).collect::<Vec<_>>()
    };
    let (code, long) = ((json!("88811"), json!(null)), (json!("447400999000"), json!("demo")));
    assert_eq!(numbers(&["numbers", "list"]), [code.clone(), long.clone()]);
    assert_eq!(numbers(&["numbers", "list", "--account", "demo"]), [long]);
    let held = house.http().get("/api/v1/senders/numbers").json()["items"].clone();
    assert_eq!((held.as_array().unwrap().len(), &held[0]["number"]), (1, &json!("447400999000")));
    let to_nobody = house.http().request(
        "PATCH",
        "/api/v1/senders/numbers/447400999000",
        "application/json",
        br#"{"route":"keywords"}"#,
    );
    assert_eq!((to_nobody.status, to_nobody.json()["route"].clone()), (200, json!("keywords")));

    assert!(house.text(&["numbers", "assign", "88811", "demo"]).contains("held by demo"));
    assert!(house.text(&["numbers", "release", "+447400999000"]).contains("free"));
    assert_eq!(numbers(&["numbers", "list", "--account", "demo"]), [(json!("88811"), json!("demo"))]);
    for (text, line) in [("88811\nACME\n", "line 2"), ("88812,nobody\n", "line 1"), ("", "expected 1 to")] {
        let error = house.refused(&["numbers", "import", &import(text)]);
        assert!(error.contains(line), "{error}");
    }
    assert!(house.refused(&["numbers", "assign", "12", "demo"]).contains("no number"));
    assert!(house.refused(&["numbers", "release", "88899"]).contains("not_found"));
}
