//! A simulated phone writes STOP: the next message to it is refused by every door, until it writes START.

use serde_json::{Value, json};
use smpp::CommandStatus;

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
    let mut esme = house.bound();
    assert_eq!(esme.submit(message(PHONE, b"Again")).unwrap_err(), CommandStatus(0x404));
    drop(esme);
    let entry = house.http().get(&format!("/api/v1/suppressions/{PHONE}")).json();
    assert_eq!((&entry["number"], &entry["reason"]), (&json!(PHONE), &json!("opt_out")));
    assert_eq!(entry["source"], format!("inbound:{}", inbound["id"].as_str().unwrap()));

    // It is on disk with the message, also when the process is killed.
    house.kill();
    let house = plan.start();
    assert_eq!(house.http().submit("+447400123456", "Again").status, 422);
    let console = self::console(&house);
    assert_eq!(write(&house, &console, "START")["keyword"], "start");
    let id = house.http().send("+447400123456", "Welcome back");
    house.http().until_state(&id, "delivered");
    assert_eq!(house.http().get("/api/v1/suppressions").json()["items"], json!([]));
}
