//! The SMPP door as a service: managing messages that wait, sessions that staff watches and closes, customers that
//! are called, and SMPP 5.0.

use std::net::TcpListener;

use smpp::{Address, Bind, CancelSm, CommandId, CommandStatus, Pdu, QuerySm, ShortMessage, Tag};

use crate::esme::{Esme, message};
use crate::house::{Plan, SOON, until};

const NUMBER: &str = "447400123456";
/// In an hour.
const LATER: &[u8] = b"000000010000000R";

fn waiting(text: &[u8]) -> ShortMessage<'_> {
    ShortMessage { schedule_delivery_time: LATER, registered_delivery: 0, ..message(NUMBER, text) }
}

fn cancel(esme: &mut Esme, service_type: &[u8], status: CommandStatus) {
    let sequence = esme.request(&Pdu::CancelSm(CancelSm {
        service_type,
        source: Address { ton: 5, npi: 0, digits: b"Chappe" },
        destination: Address { ton: 1, npi: 1, digits: NUMBER.as_bytes() },
        ..CancelSm::default()
    }));
    esme.expect(CommandId::CANCEL_SM_RESP, status, sequence);
}

fn state(esme: &mut Esme, id: &str) -> u8 {
    let sequence = esme.request(&Pdu::QuerySm(QuerySm { message_id: id.as_bytes(), ..QuerySm::default() }));
    let received = esme.expect(CommandId::QUERY_SM_RESP, CommandStatus::ESME_ROK, sequence);
    let Pdu::QuerySmResp(resp) = received.pdu() else { panic!("{received:?}") };
    resp.message_state
}

#[test]
fn messages_that_wait_are_withdrawn_and_replaced_by_their_addresses() {
    let house = Plan::new().start();
    let mut esme = house.bound();
    let first = esme.submit(waiting(b"first")).unwrap();
    let code = esme.submit(ShortMessage { service_type: b"OTP", ..waiting(b"a code") }).unwrap();
    assert_eq!(house.http().message(&code)["traffic_type"], "OTP");
    // A message takes the place of what waits between the same two with the same service type.
    let second = esme.submit(ShortMessage { replace_if_present: 1, ..waiting(b"a second text") }).unwrap();
    assert_eq!([&first, &code, &second].map(|id| state(&mut esme, id)), [4, 1, 1]);
    assert_eq!(house.http().message(&first)["state"], "cancelled");
    cancel(&mut esme, b"WAP", CommandStatus::ESME_RCANCELFAIL);
    cancel(&mut esme, b"OTP", CommandStatus::ESME_ROK);
    assert_eq!([&code, &second].map(|id| state(&mut esme, id)), [4, 1]);
    cancel(&mut esme, b"", CommandStatus::ESME_ROK);
    assert_eq!(state(&mut esme, &second), 4);
    cancel(&mut esme, b"", CommandStatus::ESME_RCANCELFAIL);
    // What was sent is replaced by nothing: both are delivered.
    let sent = esme.submit(message(NUMBER, b"sent")).unwrap();
    assert_eq!(esme.receipt().id, sent);
    let next = esme.submit(ShortMessage { replace_if_present: 1, ..message(NUMBER, b"next") }).unwrap();
    assert_eq!(esme.receipt().id, next);
    assert_eq!(house.http().message(&sent)["state"], "delivered");
}

fn bind_by_5_0(esme: &mut Esme, system_id: &str, password: &str) {
    let bind = Bind {
        system_id: system_id.as_bytes(),
        password: password.as_bytes(),
        interface_version: 0x50,
        ..Bind::default()
    };
    let sequence = esme.request(&Pdu::BindTransceiver(bind));
    esme.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_ROK, sequence);
}

#[test]
fn a_customer_of_5_0_hears_of_successes_alone_and_of_congestion() {
    let house = Plan::new().start();
    let mut esme = house.smpp();
    bind_by_5_0(&mut esme, house.value("CHAPPE_SMPP_SYSTEM_ID"), house.value("CHAPPE_SMPP_PASSWORD"));
    let successes = |number| ShortMessage { registered_delivery: 3, ..message(number, b"did it work?") };
    let sequence = esme.request(&Pdu::SubmitSm(successes("447400120001")));
    let received = esme.expect(CommandId::SUBMIT_SM_RESP, CommandStatus::ESME_ROK, sequence);
    let Pdu::SubmitSmResp(resp) = received.pdu() else { panic!("{received:?}") };
    assert_eq!(resp.tlvs.integer(Tag::CONGESTION_STATE), Some(0));
    let failed = String::from_utf8(resp.message_id.to_vec()).unwrap();
    house.http().until_state(&failed, "undelivered");
    let id = esme.submit(successes(NUMBER)).unwrap();
    assert_eq!(esme.receipt().id, id, "and not the one that failed before");
    esme.check_alive();
}

#[test]
fn staff_watches_a_session_and_closes_it() {
    let plan = Plan::new();
    let house = plan.start();
    assert_eq!(house.json(&["sessions", "list"])["items"].as_array().unwrap().len(), 0);
    let mut esme = house.bound();
    let listed = house.json(&["sessions"]);
    let session = &listed["items"][0];
    assert_eq!((&session["number"], &session["bind"]), (&1.into(), &"transceiver".into()));
    assert_eq!(session["system_id"], house.value("CHAPPE_SMPP_SYSTEM_ID"));
    let file = plan.data().join("../trace.pcap");
    let path = file.to_str().unwrap();
    let begun = house.text(&["sessions", "trace", "1", "--seconds", "0"]);
    assert!(begun.contains("bind_transceiver"), "{begun}");
    let id = esme.submit(message(NUMBER, b"Nobody shall read this")).unwrap();
    assert_eq!(esme.receipt().id, id);
    let shown = house.text(&["sessions", "trace", "1", "--seconds", "0", "--pcap", path]);
    for word in ["submit_sm", "submit_sm_resp", "deliver_sm", &id, "destination ************", "written to"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    let capture = std::fs::read(&file).unwrap();
    let password = house.value("CHAPPE_SMPP_PASSWORD");
    for secret in [NUMBER, "Nobody shall", password] {
        let is_there = capture.windows(secret.len()).any(|octets| octets == secret.as_bytes());
        assert!(!is_there && !shown.contains(secret), "{secret}");
    }
    let journal = plan.data().join("trace-journal.jsonl");
    assert!(!journal.exists());
    assert!(house.refused(&["sessions", "trace", "1", "--clear", " "]).contains("reason"));
    let clear = house.text(&["sessions", "trace", "1", "--seconds", "0", "--clear", "ticket 4711"]);
    assert!(clear.contains(NUMBER) && clear.contains("Nobody shall read this"), "{clear}");
    assert!(!clear.contains(password));
    let journal = std::fs::read_to_string(&journal).unwrap();
    assert!(journal.lines().count() == 1 && journal.contains("ticket 4711"), "{journal}");
    assert!(!plan.log().contains(NUMBER));

    assert!(house.refused(&["sessions", "close", "7"]).contains("no session has this number"));
    house.text(&["sessions", "close", "1"]);
    let unbind = esme.receive();
    assert_eq!(unbind.header.command_id, CommandId::UNBIND);
    let mut octets = Vec::new();
    let sequence = unbind.header.sequence_number;
    smpp::write_header_only(CommandId::UNBIND_RESP, CommandStatus::ESME_ROK, sequence, &mut octets);
    esme.raw(&octets);
    esme.expect_end();
    until(SOON, "the session to leave the list", || {
        let count = house.json(&["sessions"])["items"].as_array().unwrap().len();
        (count == 0).then_some(())
    });
}

#[test]
fn a_customer_is_called_when_receipts_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = format!(
        "[sandbox]\ncarrier_smpp = \"127.0.0.1:0\"\n\
         [[smpp_door.account]]\nname = \"demo\"\n\
         outbind = {{ host = \"127.0.0.1\", port = {port}, system_id = \"tower\", password = \"knock\" }}\n"
    );
    let house = Plan::new().config(config).start();
    let mut transmitter = house.smpp();
    transmitter.bind_kind(&house, CommandId::BIND_TRANSMITTER);
    let id = transmitter.submit(message(NUMBER, b"told by a call")).unwrap();
    let (stream, _) = listener.accept().unwrap();
    let mut called = Esme::over_stream(stream);
    let received = called.receive();
    let Pdu::Outbind(outbind) = received.pdu() else { panic!("{received:?}") };
    assert_eq!((outbind.system_id, outbind.password), (&b"tower"[..], &b"knock"[..]));
    called.bind_kind(&house, CommandId::BIND_RECEIVER);
    assert_eq!(called.receipt().id, id);
    called.unbind();
}

#[test]
fn a_trusted_proxy_says_who_is_behind_it() {
    let config = "[sandbox]\ncarrier_smpp = \"127.0.0.1:0\"\n\
                  [smpp_door]\ntrusted_proxies = [\"127.0.0.1\"]\n";
    let house = Plan::new().config(config).start();
    let mut esme = house.smpp();
    esme.raw(b"PROXY TCP4 203.0.113.9 198.51.100.1 40000 2775\r\n");
    esme.bind_as(&house);
    assert_eq!(house.json(&["sessions"])["items"][0]["peer"], "203.0.113.9");
    let mut direct = house.smpp();
    let mut octets = Vec::new();
    smpp::write_header_only(CommandId::ENQUIRE_LINK, CommandStatus::ESME_ROK, 1, &mut octets);
    direct.raw(&octets);
    direct.expect_end();
}

#[test]
fn several_system_ids_of_an_account_have_their_own_places() {
    let plan = Plan::new();
    let config = "[sandbox]\ncarrier_smpp = \"127.0.0.1:0\"\n\
                  [[smpp_door.login]]\nsystem_id = \"faraway\"\nallow = [\"203.0.113.0/24\"]\n";
    let house = plan.config(config).start();
    let mut passwords = Vec::new();
    for system_id in ["nearby", "faraway"] {
        let made = house.json(&["keys", "create", "demo", "--smpp-login", "--system-id", system_id]);
        passwords.push(made["password"].as_str().unwrap().to_owned());
    }
    let mut near = house.smpp();
    bind_by_5_0(&mut near, "nearby", &passwords[0]);
    let mut far = house.smpp();
    let sequence = far.ask_to_bind(CommandId::BIND_TRANSCEIVER, "faraway", &passwords[1]);
    far.expect(CommandId::BIND_TRANSCEIVER_RESP, CommandStatus::ESME_RBINDFAIL, sequence);
    let mut own = house.bound();
    let id = own.submit(waiting(b"whoever of the account asks")).unwrap();
    assert_eq!(state(&mut near, &id), 0, "one account, one id space; SMPP 5.0 says SCHEDULED");
    assert_eq!(house.json(&["sessions"])["items"].as_array().unwrap().len(), 2);
}
