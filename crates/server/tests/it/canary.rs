//! Nothing personal and no secret reaches the log or the metrics, whatever goes wrong, and numbers and
//! texts do not stand in the files.
//!
//! Marked values are sent through every door and every error that it has, with the log at its most
//! talkative; then everything that was written is searched.

use std::path::Path;

use serde_json::json;
use smpp::{Address, CommandId, ShortMessage, TlvBuffer};

use crate::esme::message;
use crate::house::{House, Plan, SOON, until};
use crate::http::{Http, encoded};
use crate::listener::Listener;

const NUMBER: &str = "447400987654";
const WRONG_NUMBER: &str = "44canarynumber";
const SENDER: &str = "KanaryBird";
const TEXT: &str = "canarytext zwitschert";
const REFERENCE: &str = "canaryreference";
const SECRET: &str = "canarysecret";
const WORD: &str = "kanary99";
const TOKEN: &str = "canarytoken";
const EMAIL: &str = "canary@example.org";
const COOKIE: &str = "canarycookie";

/// What was sent that the program itself made: keys, passwords, sessions.
struct Made(Vec<String>);

#[test]
fn nothing_personal_reaches_log_metrics_or_files() {
    let failing = Listener::start(|_, _| 500);
    let plan = Plan::new()
        .variable("CHAPPE_LOG", "trace")
        .variable("CHAPPE_DEMO_WEBHOOK", failing.url(&format!("/hook/{TOKEN}?t={TOKEN}")));
    let house = plan.start();
    let names = ["API_KEY", "API_SECRET", "SMPP_PASSWORD", "CONSOLE_PASSWORD", "STAFF_PASSWORD"];
    let mut made = Made(names.iter().map(|name| house.value(&format!("CHAPPE_{name}")).to_owned()).collect());
    let id = send_by_http(&house);
    fail_by_http(&house);
    speak_paasoo(&house);
    speak_smpp(&house);
    use_the_console(&house, &mut made);
    use_the_command_line(&house, &id);
    failing.calls(2, SOON);
    let metrics = Http::new(house.value("CHAPPE_HTTP")).get("/metrics").body;
    assert!(metrics.contains("chappe_"));
    check_text("metrics", &metrics, &made);
    check_files(&plan.data());
    assert_eq!(house.terminate().code(), Some(0));
    check_text("log", &plan.log(), &made);
    assert!(plan.log().contains("\"DEBUG\""), "the log was talkative");
    check_files(&plan.data());
}

fn check_text(what: &str, text: &str, made: &Made) {
    let sent = [
        NUMBER,
        &NUMBER[2..],
        WRONG_NUMBER,
        SENDER,
        "canarytext",
        REFERENCE,
        SECRET,
        WORD,
        TOKEN,
        EMAIL,
        COOKIE,
    ];
    for canary in sent.into_iter().chain(made.0.iter().map(String::as_str)) {
        let hit = text.lines().find(|line| line.to_lowercase().contains(&canary.to_lowercase()));
        assert_eq!(hit, None, "{canary} stands in the {what}");
    }
}

/// Numbers and texts are searched as text, and numbers as the integers that a database would keep.
fn check_files(folder: &Path) {
    let number: u64 = NUMBER.parse().unwrap();
    let wide: Vec<u8> = "canarytext".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let needles = [
        NUMBER.as_bytes().to_vec(),
        NUMBER.as_bytes()[2..].to_vec(),
        number.to_be_bytes()[2..].to_vec(),
        number.to_le_bytes()[..6].to_vec(),
        b"canarytext".to_vec(),
        wide,
        SENDER.as_bytes().to_vec(),
        REFERENCE.as_bytes().to_vec(),
    ];
    let mut searched = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let octets = std::fs::read(&path).unwrap();
        searched += octets.len();
        for needle in &needles {
            let hit = octets.windows(needle.len()).any(|window| window == needle);
            assert!(!hit, "{needle:?} ({}) stands in {}", String::from_utf8_lossy(needle), path.display());
        }
    }
    assert!(searched > 100_000, "{searched}");
}

fn send_by_http(house: &House) -> String {
    let http = house.http().with_header("Idempotency-Key", TOKEN);
    let body = json!({ "from": SENDER, "to": NUMBER, "text": TEXT, "client_reference": REFERENCE });
    let id = http.post("/api/v1/messages", &body).message_id();
    house.http().until_state(&id, "delivered");
    // An endpoint where nobody is, and one that may not be called.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [format!("http://{nobody}/{TOKEN}"), format!("https://{nobody}/{TOKEN}?{TOKEN}")] {
        let mut body = body.clone();
        body["callback_url"] = json!(url);
        let id = house.http().post("/api/v1/messages", &body).message_id();
        house.http().until_state(&id, "delivered");
    }
    for fate in ["0001", "0007"] {
        house.http().post(
            "/api/v1/messages",
            &json!({ "from": SENDER, "to": format!("44740098{fate}"), "text": TEXT }),
        );
    }
    let listed = house.http().get(&format!("/api/v1/messages?to={NUMBER}"));
    assert_eq!(listed.json()["items"].as_array().unwrap().len(), 3);
    assert!(house.http().get(&format!("/api/v1/messages/{id}/explain")).body.contains(NUMBER));
    id
}

fn fail_by_http(house: &House) {
    let path = "/api/v1/messages";
    let http = house.http();
    for body in [
        json!({ "from": SENDER, "to": WRONG_NUMBER, "text": TEXT }),
        json!({ "from": SENDER, "to": NUMBER, "text": "" }),
        json!({ "from": format!("{SENDER} too long"), "to": NUMBER, "text": TEXT }),
        json!({ "from": SENDER, "to": NUMBER, "text": TEXT, NUMBER: SECRET }),
        json!({ "from": SENDER, "to": [NUMBER], "text": TEXT }),
        json!({ "from": SENDER, "to": NUMBER, "text": TEXT, "callback_url": format!("gopher://x/{TOKEN}") }),
        json!({ "from": SENDER, "to": NUMBER, "text": TEXT, "class": TOKEN, "client_reference": REFERENCE }),
        json!({ "from": SENDER, "recipients": [NUMBER, WRONG_NUMBER], "text": TEXT }),
    ] {
        assert!(http.post(path, &body).status >= 400, "{body}");
    }
    for body in
        [format!("{{\"text\":\"{TEXT}"), format!("{NUMBER} {TEXT}"), format!("{{\"to\":\"{NUMBER}\u{0}\"}}")]
    {
        assert_eq!(http.request("POST", path, "application/json", body.as_bytes()).status, 400);
    }
    let nobody = Http::new(house.value("CHAPPE_HTTP"));
    for client in [
        nobody.clone().with_key(SECRET, SECRET),
        nobody.clone().with_key(house.value("CHAPPE_API_KEY"), SECRET),
        nobody.clone().with_header("Authorization", &format!("Bearer {SECRET}.{SECRET}")),
        nobody.clone().with_header("Authorization", SECRET),
    ] {
        assert_eq!(client.submit(NUMBER, TEXT).status, 401);
    }
    for path in
        [format!("/api/v1/{TOKEN}/{NUMBER}"), format!("/callbacks/sandbox/{TOKEN}?to={NUMBER}&text={TOKEN}")]
    {
        assert_eq!(nobody.get(&path).status, 404);
    }
    assert_eq!(http.get(&format!("/api/v1/messages?to={NUMBER}&cursor={TOKEN}")).status, 400);
    for junk in [format!("{SECRET}\r\n\r\n"), format!("GET /{TOKEN} HTTP/1.1\r\n{NUMBER}\r\n\r\n")] {
        assert_eq!(nobody.raw(junk.as_bytes()).status, 400);
    }
    let cut = http.head("POST", path, "application/json", 1_000) + TEXT;
    let mut wire = std::net::TcpStream::connect(house.value("CHAPPE_HTTP")).unwrap();
    std::io::Write::write_all(&mut wire, cut.as_bytes()).unwrap();
}

fn speak_paasoo(house: &House) {
    let nobody = Http::new(house.value("CHAPPE_HTTP"));
    let (key, secret) = (house.value("CHAPPE_API_KEY"), house.value("CHAPPE_API_SECRET"));
    let text = encoded(TEXT);
    for (login, to, status) in [
        (format!("key={key}&secret={secret}"), NUMBER, "0"),
        (format!("key={key}&secret={secret}"), NUMBER, "8"),
        (format!("key={key}&secret={secret}"), WRONG_NUMBER, "6"),
        (format!("key={key}&secret={SECRET}"), NUMBER, "4"),
    ] {
        let reply = nobody.get(&format!("/json?{login}&from={SENDER}&to={to}&text={text}"));
        assert_eq!(reply.json()["status"], status);
    }
    nobody.get(&format!("/dlr?key={key}&secret={secret}&messageid={TOKEN}"));
    nobody.get(&format!("/voice?key={key}&secret={secret}&to={NUMBER}&text={text}"));
}

fn speak_smpp(house: &House) {
    let mut esme = house.smpp();
    for system_id in ["demo", "kanary"] {
        esme.ask_to_bind(CommandId::BIND_TRANSCEIVER, system_id, WORD);
        esme.receive();
    }
    esme.bind_as(house);
    let source = Address { ton: 5, npi: 0, digits: SENDER.as_bytes() };
    let good = ShortMessage { source, ..message(NUMBER, TEXT.as_bytes()) };
    esme.submit(good).unwrap();
    assert_eq!(esme.receipt().from, NUMBER);
    let mut tlvs = TlvBuffer::new();
    tlvs.push(smpp::Tag(0x1400), TOKEN.as_bytes()).unwrap();
    esme.submit_with(good, &tlvs);
    esme.receipt();
    let odd = Address { ton: 1, npi: 1, digits: WRONG_NUMBER.as_bytes() };
    for bad in [
        ShortMessage { destination: odd, ..good },
        ShortMessage { priority_flag: 9, ..good },
        ShortMessage { esm_class: 0x40, ..good },
        ShortMessage { data_coding: 0xef, esm_class: 0x40, ..good },
    ] {
        esme.submit(bad).unwrap_err();
    }
    for command in [CommandId::SUBMIT_SM, CommandId::QUERY_SM, CommandId::CANCEL_SM, CommandId(0x777)] {
        esme.frame(command, format!("{NUMBER}{TEXT}{SECRET}").as_bytes());
        assert!(!esme.receive().header.command_status.is_ok());
    }
    // Cut off in the middle, and with a receipt in hand.
    esme.submit(good).unwrap();
    esme.receipt_unanswered();
    esme.raw(format!("\0\0\0\u{7f}{NUMBER}{TEXT}").as_bytes());
}

fn use_the_console(house: &House, made: &mut Made) {
    let nobody = Http::new(house.value("CHAPPE_HTTP"));
    let wrong = format!("email={}&password={SECRET}", encoded(EMAIL));
    assert_eq!(nobody.form("/sign-in", &wrong).status, 401);
    let (email, password) = (house.value("CHAPPE_CONSOLE_EMAIL"), house.value("CHAPPE_CONSOLE_PASSWORD"));
    assert_eq!(nobody.form("/sign-in", &format!("email={}&password={SECRET}", encoded(email))).status, 401);
    let strange = nobody.clone().with_header("Cookie", &format!("chappe_session={COOKIE}"));
    assert_eq!(strange.get("/messages").status, 303);
    let reply = nobody.form("/sign-in", &format!("email={}&password={password}", encoded(email)));
    assert_eq!(reply.status, 303, "{reply:?}");
    let cookie = reply.header("set-cookie").split(';').next().unwrap().to_owned();
    made.0.push(cookie.split_once('=').unwrap().1.to_owned());
    let console = nobody.with_header("Cookie", &cookie);
    for path in ["/", "/messages", "/account", "/phones", "/send"] {
        assert_eq!(console.get(path).status, 200, "{path}");
    }
    let found = console.form("/messages", &format!("q={NUMBER}"));
    assert_eq!(found.status, 303, "{found:?}");
    assert!(!found.header("location").contains(&NUMBER[2..]), "{found:?}");
    assert_eq!(console.get(found.header("location")).status, 200);
    console.form("/account", &format!("password={SECRET}"));
    assert!(
        console
            .form("/account", &format!("password={password}"))
            .body
            .contains(house.value("CHAPPE_API_SECRET"))
    );
    let fields = format!("to={NUMBER}&from={SENDER}&text={}&reference={REFERENCE}", encoded(TEXT));
    console.form("/send/preview", &fields);
    console.form("/send", &fields);
    console.form("/send", &format!("to={WRONG_NUMBER}&from={SENDER}&text={}", encoded(TEXT)));
    console.form(&format!("/phones/{NUMBER}/answer"), &format!("to=447400999000&text={}", encoded(TEXT)));
    console.form(&format!("/phones/{WRONG_NUMBER}/answer"), &format!("to={NUMBER}&text={TOKEN}"));
    console.form("/sign-out", "");
}

fn use_the_command_line(house: &House, id: &str) {
    house.json(&["send", "--from", SENDER, "--to", NUMBER, TEXT]);
    house.refused(&["send", "--from", SENDER, "--to", WRONG_NUMBER, TEXT]);
    assert!(house.text(&["messages", "--to", NUMBER]).contains(NUMBER));
    house.json(&["explain", id]);
    house.refused(&["explain", TOKEN]);
    until(SOON, "what was sent to end", || {
        let open = house.json(&["messages", "--state", "sending"])["items"].as_array().unwrap().len();
        (open == 0).then_some(())
    });
}
