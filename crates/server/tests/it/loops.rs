//! Traffic that would come back to where it came from is refused when it is configured, and stopped
//! when it can only be noticed at run time.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::carrier::Carrier;
use crate::house::{House, Plan, SOON, until};

/// A connector that binds at `host` and `port` as the demo account.
fn way_back(host: &str, port: u16, password: &str) -> String {
    format!(
        "[[connector]]\nname = \"self\"\ntype = \"smpp\"\nhost = \"{host}\"\nport = {port}\n\
         system_id = \"demo\"\npassword = \"{password}\"\nreconnect_ms = 100\n"
    )
}

fn route(account: &str, connector: &str) -> String {
    let name = connector.to_owned() + account;
    let condition = if account.is_empty() { String::new() } else { format!("account = \"{account}\"\n") };
    format!("[[route]]\nname = \"{name}\"\nconnectors = [\"{connector}\"]\n{condition}")
}

fn port_of(house: &House, name: &str) -> u16 {
    house.value(name).rsplit_once(':').unwrap().1.parse().unwrap()
}

fn check_sentence(error: &str) {
    assert!(error.contains("circles") && error.contains("demo → demo"), "{error}");
}

#[test]
fn a_loop_is_refused_at_import() {
    let carrier = Carrier::delivering("acme");
    let plain = carrier.connector("0.01") + &route("", "acme");
    let house = Plan::new().config(plain.clone()).start();
    let password = house.value("CHAPPE_SMPP_PASSWORD");
    for (host, name) in
        [("127.0.0.1", "CHAPPE_SMPP"), ("localhost", "CHAPPE_SMPP"), ("127.0.0.1", "CHAPPE_SMPPS")]
    {
        let back = way_back(host, port_of(&house, name), password);
        for account in ["", "demo"] {
            let document = back.clone() + &route(account, "self");
            let file = house.plan.file("loop.toml", &document);
            let error = house.refused(&["routes", "import", file.to_str().unwrap()]);
            check_sentence(&error);
        }
    }
    // Another account's traffic may come in again as the demo account's.
    house.json(&["accounts", "create", "partner"]);
    let back = way_back("127.0.0.1", port_of(&house, "CHAPPE_SMPP"), password);
    let lawful = plain + &back + &route("partner", "self").replace("[[route]]", "[[route]]\norder = -1");
    let file = house.plan.file("lawful.toml", &lawful);
    house.json(&["routes", "import", file.to_str().unwrap()]);
    house.json(&["accounts", "top-up", "partner", "1.00 EUR"]);
    until(SOON, "the link to ourselves", || {
        let all = house.json(&["connectors"])["items"].clone();
        all.as_array().unwrap().iter().any(|one| one["name"] == "self" && one["links_up"] == 1).then_some(())
    });
    let sent = house.json(&["send", "--account", "partner", "--to", "+447400123456", "round the corner"]);
    let id = sent["messages"][0]["id"].as_str().unwrap().to_owned();
    until(SOON, "the end of the message of the partner", || {
        (house.json(&["explain", &id])["message"]["state"] == "delivered").then_some(())
    });
    assert_eq!(carrier.taken().len(), 1);
}

/// A port where nobody listens at the moment.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_loop_is_refused_at_start() {
    let port = free_port();
    let plan = Plan::new().smpp(format!("127.0.0.1:{port}"));
    let house = plan.start();
    let password = house.value("CHAPPE_SMPP_PASSWORD").to_owned();
    assert_eq!(house.terminate().code(), Some(0));
    let looped = plan.config(way_back("127.0.0.1", port, &password) + &route("", "self"));
    check_sentence(&looped.refusal());
}

#[test]
fn a_loop_is_refused_at_the_very_first_start() {
    let port = free_port();
    let config = way_back("127.0.0.1", port, "whatever") + &route("", "self");
    check_sentence(&Plan::new().smpp(format!("127.0.0.1:{port}")).config(config).refusal());
}

/// Carries octets between two sockets until one is closed.
fn carry(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut chunk = [0; 4_096];
        while let Ok(count) = from.read(&mut chunk) {
            if count == 0 || to.write_all(&chunk[..count]).is_err() {
                break;
            }
        }
        drop(to.shutdown(std::net::Shutdown::Both));
    });
}

/// A way to `port` that does not look like it.
fn disguise(port: u16) -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = socket.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in socket.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { continue };
            carry(client.try_clone().unwrap(), server.try_clone().unwrap());
            carry(server, client);
        }
    });
    own
}

#[test]
fn a_loop_in_disguise_is_closed_when_it_is_noticed() {
    let house = Plan::new().config(String::new() + "[sandbox]\ncarrier_smpp = \"127.0.0.1:0\"\n").start();
    let port = disguise(port_of(&house, "CHAPPE_SMPP"));
    let document = way_back("127.0.0.1", port, house.value("CHAPPE_SMPP_PASSWORD")) + &route("", "self");
    let file = house.plan.file("disguised.toml", &document);
    house.json(&["routes", "import", file.to_str().unwrap()]);
    until(SOON, "the connector to be closed", || {
        let one = house.json(&["connectors"])["items"][0].clone();
        (one["disabled"] == true && one["links_up"] == 0).then_some(())
    });
    let log = house.plan.log();
    assert!(log.contains("leads back to this installation"), "the operator is told");
    let reply = house.http().submit("+447400123456", "round and round");
    let code = reply.json()["code"].as_str().unwrap().to_owned();
    assert_eq!((reply.status, ["no_route", "route_loop"].contains(&code.as_str())), (422, true), "{reply:?}");
    assert_eq!((house.http().count(), house.http().balance()), (0, 250_000_000));
}

#[test]
fn messages_on_their_way_do_not_multiply_in_a_loop() {
    let house = Plan::new().start();
    let http = house.http();
    let port = disguise(port_of(&house, "CHAPPE_SMPP"));
    let later = serde_json::json!({ "from": "Chappe", "to": "+447400123456", "text": "later",
                                    "send_at": in_seconds(2), "validity_s": 10 });
    let id = http.post("/api/v1/messages", &later).message_id();
    let document = way_back("127.0.0.1", port, house.value("CHAPPE_SMPP_PASSWORD")) + &route("", "self");
    let file = house.plan.file("disguised.toml", &document);
    house.json(&["routes", "import", file.to_str().unwrap()]);
    let ended =
        http.until_message(Duration::from_secs(30), &id, "an end", |message| !message["final_at"].is_null());
    assert_ne!(ended["state"], "delivered", "{ended}");
    assert_eq!(http.count(), 1, "no copy came in");
}

/// A time of RFC 3339 in some seconds.
fn in_seconds(seconds: u64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + seconds;
    let time = smpp::calendar::CivilTime::from_unix_ms(i64::try_from(now).unwrap() * 1_000, 0);
    format!(
        "{}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        time.year, time.month, time.day, time.hour, time.minute, time.second
    )
}
