//! The first run: what is printed works, what is written can be scripted against, and a second start
//! finds everything.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::house::{House, Plan};
use crate::http::{Http, micros};

/// Every name of demo.env, in its order.
const NAMES: [&str; 15] = [
    "CHAPPE_HTTP",
    "CHAPPE_HTTPS",
    "CHAPPE_SMPP",
    "CHAPPE_SMPPS",
    "CHAPPE_CA",
    "CHAPPE_API_KEY",
    "CHAPPE_API_SECRET",
    "CHAPPE_ACCOUNT_SID",
    "CHAPPE_SMPP_SYSTEM_ID",
    "CHAPPE_SMPP_PASSWORD",
    "CHAPPE_CONSOLE_EMAIL",
    "CHAPPE_CONSOLE_PASSWORD",
    "CHAPPE_STAFF_EMAIL",
    "CHAPPE_STAFF_PASSWORD",
    "CHAPPE_CARRIER_SMPP",
];

/// Sends the request of the printed `curl` line, argument by argument; gives the id.
fn follow_the_printed_line(house: &House) -> String {
    let shown = house.plan.shown().replace("\\\n", " ");
    let line = shown.lines().find(|line| line.trim_start().starts_with("curl ")).expect("a curl line");
    let quoted: Vec<&str> = line.split('\'').collect();
    let (kind, body) = (quoted[1], quoted[3]);
    let words: Vec<&str> = line.split_whitespace().collect();
    let after = |flag: &str| words[words.iter().position(|word| *word == flag).unwrap() + 1];
    let (key, secret) = after("-u").split_once(':').unwrap();
    let (address, path) = words.last().unwrap().strip_prefix("http://").unwrap().split_once('/').unwrap();
    let client = Http::new(address).with_key(key, secret);
    let reply =
        client.request("POST", &format!("/{path}"), kind.split(": ").nth(1).unwrap(), body.as_bytes());
    reply.message_id()
}

/// The 128 bits of an id.
fn bits(id: &str) -> u128 {
    let digits = "0123456789abcdefghjkmnpqrstvwxyz";
    id.trim_start_matches("msg_")
        .chars()
        .fold(0, |value, letter| value * 32 + digits.find(letter).unwrap() as u128)
}

#[test]
fn the_printed_line_sends_and_a_second_start_keeps_everything() {
    sends_and_keeps_everything(&Plan::new());
}

#[test]
fn the_printed_line_sends_and_a_second_start_keeps_everything_on_postgres() {
    let plan = Plan::on_postgres();
    sends_and_keeps_everything(&plan);
    assert!(!plan.data().join("chappe.db").exists() && plan.data().join("keys").exists());
}

fn sends_and_keeps_everything(plan: &Plan) {
    let house = plan.start();
    let id = follow_the_printed_line(&house);
    let message = house.http().until_state(&id, "delivered");
    assert_eq!(message["price"], serde_json::json!({ "amount": "0.04", "unit": "EUR" }));
    let balance = house.http().balance();
    assert_eq!(balance, 250_000_000 - 40_000);
    let card = house.card().clone();
    assert_eq!(house.terminate().code(), Some(0));
    for gone in ["admin.sock", "demo.env"] {
        assert!(!plan.data().join(gone).exists(), "{gone} stays after the stop");
    }

    let again = plan.start();
    for name in
        NAMES.iter().filter(|name| !["HTTP", "SMPP", "HTTPS", "SMPPS"].iter().any(|end| name.ends_with(end)))
    {
        assert_eq!(again.card()[*name], card[*name], "{name} changed");
    }
    assert_eq!(again.http().message(&id)["state"], "delivered");
    assert_eq!(again.http().balance(), balance);
    let second = again.http().send("+447400123457", "second run");
    again.http().until_state(&second, "delivered");
}

#[test]
fn every_notation_of_an_id_finds_the_message() {
    let house = Plan::new().start();
    let http = house.http();
    let id = http.send("447400123456", "a message with many names");
    let bare = id.strip_prefix("msg_").unwrap();
    let hex = format!("{:032x}", bits(&id));
    let groups = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    let uuid = groups.join("-");
    let forms = [
        id.clone(),
        bare.to_owned(),
        id.to_uppercase(),
        bare.to_uppercase(),
        hex.clone(),
        hex.to_uppercase(),
        format!("SM{hex}"),
        format!("sm{}", hex.to_uppercase()),
        uuid.clone(),
        uuid.to_uppercase(),
        bits(&id).to_string(),
    ];
    for form in &forms {
        assert_eq!(http.message(form)["id"], id.as_str(), "{form}");
    }
    let neighbour = format!("{:032x}", bits(&id) ^ 1);
    for nothing in [neighbour.as_str(), "msg_", "x", "..%2f..", "%00", "%ff"] {
        let reply = http.get(&format!("/api/v1/messages/{nothing}"));
        assert_eq!((reply.status, reply.json()["code"].as_str()), (404, Some("not_found")), "{nothing}");
    }
}

#[test]
fn long_texts_cost_their_parts() {
    let house = Plan::new().start();
    let http = house.http();
    let mut spent = 0;
    for (text, parts) in
        [("a".repeat(160), 1), ("a".repeat(161), 2), ("ж".repeat(71), 2), ("€".repeat(81), 2)]
    {
        let reply = http.submit("+447400123456", &text);
        let item = reply.json()["messages"][0].clone();
        assert_eq!(item["parts"], parts, "{text}");
        spent += micros(item["price"]["amount"].as_str().unwrap());
        assert_eq!(spent, 250_000_000 - http.balance(), "{text}");
        let message = http.until_state(item["id"].as_str().unwrap(), "delivered");
        assert_eq!((&message["parts"], &message["text"]), (&Value::from(parts), &Value::from(text.as_str())));
    }
    assert_eq!(spent, 7 * 40_000);
}

#[test]
fn demo_env_keeps_its_contract() {
    let house = Plan::new().start();
    let path = house.plan.data().join("demo.env");
    let text = std::fs::read_to_string(&path).unwrap();
    let names: Vec<&str> = text.lines().map(|line| line.split_once('=').unwrap().0).collect();
    assert_eq!(names, NAMES);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!text.contains(['"', '\'', ' ']), "values stand bare");
    for name in ["CHAPPE_HTTP", "CHAPPE_HTTPS", "CHAPPE_SMPP", "CHAPPE_SMPPS", "CHAPPE_CARRIER_SMPP"] {
        let address: std::net::SocketAddr = house.value(name).parse().unwrap();
        assert_ne!(address.port(), 0, "{name}");
        drop(std::net::TcpStream::connect(address).unwrap());
    }
    assert!(house.value("CHAPPE_SMPP_PASSWORD").len() <= 8);
    for name in ["CHAPPE_API_KEY", "CHAPPE_API_SECRET", "CHAPPE_SMPP_PASSWORD"] {
        assert!(house.value(name).bytes().all(|byte| byte.is_ascii_alphanumeric()), "{name}");
    }
}

#[test]
fn the_command_line_answers() {
    let house = Plan::new().start();
    let id = house.http().send("+447400123456", "seen from the command line");
    house.http().until_state(&id, "delivered");
    let explained = house.json(&["explain", &id]);
    assert_eq!(explained["message"]["state"], "delivered");
    let stages: Vec<&str> = explained["story"]
        .as_array()
        .unwrap()
        .iter()
        .map(|because| because["stage"].as_str().unwrap())
        .collect();
    for stage in ["admission", "price", "charge", "route", "answer", "receipt", "end"] {
        assert!(stages.contains(&stage), "{stages:?}");
    }
    assert_eq!(house.json(&["messages"])["items"][0]["id"], id.as_str());
    assert_eq!(house.json(&["messages", "--state", "failed"])["items"], serde_json::json!([]));
    assert_eq!(house.json(&["balance"])["balance"], "249.96");
    let connectors = house.json(&["connectors"]);
    assert_eq!(connectors["items"][0]["name"], "sandbox");
    assert_eq!(connectors["items"][0]["links_up"], 2);
    assert_eq!(house.json(&["routes", "versions"])["items"].as_array().unwrap().len(), 1);
    let doctor = house.json(&["doctor"]);
    for check in doctor["checks"].as_array().unwrap() {
        assert_eq!(check["ok"], true, "{check}");
    }
    assert_eq!((&doctor["well"], doctor["checks"].as_array().unwrap().len()), (&true.into(), 16));
    let sent = house.json(&["send", "--to", "+447400123457", "from the command line"]);
    let sent = sent["messages"][0]["id"].as_str().unwrap().to_owned();
    house.http().until_state(&sent, "delivered");
    for arguments in
        [&["messages"][..], &["balance"], &["connectors"], &["doctor"], &["explain", &id], &["routes"]]
    {
        assert!(!house.text(arguments).is_empty(), "{arguments:?}");
    }
    let error = house.refused(&["explain", "msg_00000000000000000000000000"]);
    assert!(error.contains("not_found"), "{error}");
}

#[test]
fn tls_doors_are_trusted_by_the_authority_of_the_first_run() {
    let house = Plan::new().start();
    let (key, secret) = (house.value("CHAPPE_API_KEY"), house.value("CHAPPE_API_SECRET"));
    let https =
        Http::new(house.value("CHAPPE_HTTPS")).over_tls(house.value("CHAPPE_CA")).with_key(key, secret);
    let id = https.send("+447400123456", "over TLS");
    https.until_state(&id, "delivered");

    let mut esme = crate::esme::Esme::connect_tls(house.value("CHAPPE_SMPPS"), house.value("CHAPPE_CA"));
    esme.bind_as(&house);
    let id = esme.submit(crate::esme::message("447400123457", b"over TLS")).unwrap();
    let told = esme.receipt();
    assert_eq!((told.id.as_str(), told.stat.as_str()), (id.as_str(), "DELIVRD"));
    esme.unbind();
}

#[test]
fn probes_and_documents_are_served() {
    let house = Plan::new().start();
    let nobody = Http::new(house.value("CHAPPE_HTTP"));
    for (path, status, piece) in [
        ("/livez", 200, "ok"),
        ("/readyz", 200, "ready"),
        ("/metrics", 200, "chappe_"),
        ("/api/v1/openapi.json", 200, "\"3.1"),
        ("/errors/no_route", 200, "no_route"),
        ("/errors/nothing", 404, "not_found"),
        ("/api/v1/messages", 401, "invalid_credentials"),
        ("/api/v1/nowhere", 404, "not_found"),
        ("/sign-in", 200, "Chappe"),
    ] {
        let reply = nobody.get(path);
        assert_eq!(reply.status, status, "{path}");
        assert!(reply.body.contains(piece), "{path}: {}", reply.body);
    }
}
