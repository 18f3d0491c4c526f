//! What a customer sends over SMPP arrives at the carrier as it was meant, in every form of a text.

use smpp::{CommandId, CommandStatus, Pdu, QuerySm, ShortMessage, Tag, TlvBuffer};

use crate::carrier::{Carrier, Taken};
use crate::esme::message;
use crate::house::{House, Plan, SOON, until};

const NUMBER: &str = "447400123456";

fn with_carrier() -> (Carrier, House) {
    let carrier = Carrier::delivering("acme");
    let route = "[[route]]\nname = \"default\"\nconnectors = [\"acme\"]\n";
    let house = Plan::new().config(carrier.connector("0.01") + route).start();
    (carrier, house)
}

fn parts(carrier: &Carrier, count: usize) -> Vec<Taken> {
    let taken =
        until(SOON, "parts at the carrier", || Some(carrier.taken()).filter(|all| all.len() >= count));
    assert_eq!(taken.len(), count, "{taken:?}");
    taken
}

#[test]
fn single_texts_keep_their_octets_and_coding() {
    let (carrier, house) = with_carrier();
    let mut esme = house.bound();
    let ucs2: Vec<u8> = "Привет €".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let texts: [(u8, &[u8]); 4] = [(0, b"plain @"), (3, b"latin \xe9"), (8, &ucs2), (4, &[0, 1, 2, 255])];
    for (place, (data_coding, text)) in texts.into_iter().enumerate() {
        let id = esme.submit(ShortMessage { data_coding, ..message(NUMBER, text) }).unwrap();
        let told = esme.receipt();
        assert_eq!((&told.id, told.stat.as_str(), told.error.as_str()), (&id, "DELIVRD", "000"));
        assert_eq!((told.from.as_str(), told.to.as_str()), (NUMBER, "Chappe"), "as the customer wrote them");
        let taken = parts(&carrier, place + 1)[place].clone();
        assert_eq!((taken.payload.as_slice(), taken.data_coding), (text, data_coding));
        assert_eq!((taken.to.as_str(), taken.esm_class & 0x40), (NUMBER, 0));
        let seen = house.http().message(&id);
        assert_eq!((&seen["state"], &seen["parts"]), (&"delivered".into(), &1.into()));
    }
    assert_eq!(house.http().balance(), 250_000_000 - 4 * 40_000);
}

#[test]
fn parts_joined_by_udh_stay_parts() {
    let (carrier, house) = with_carrier();
    let mut esme = house.bound();
    let octets = |number: u8, text: &[u8]| [&[5, 0, 3, 0x42, 2, number], text].concat();
    let (first, second) = (octets(1, &[b'a'; 153]), octets(2, b"and the rest"));
    let mut ids = Vec::new();
    for payload in [&first, &second] {
        ids.push(esme.submit(ShortMessage { esm_class: 0x40, ..message(NUMBER, payload) }).unwrap());
        let told = esme.receipt();
        assert_eq!((Some(&told.id), told.stat.as_str()), (ids.last(), "DELIVRD"));
    }
    assert_ne!(ids[0], ids[1]);
    let taken = parts(&carrier, 2);
    assert_eq!((&taken[0].payload, &taken[1].payload), (&first, &second));
    assert!(taken.iter().all(|part| part.esm_class & 0x40 != 0));
    assert_eq!(house.http().balance(), 250_000_000 - 2 * 40_000);
}

#[test]
fn parts_joined_by_sar_can_still_be_joined() {
    let (carrier, house) = with_carrier();
    let mut esme = house.bound();
    for number in 1..=2 {
        let mut tlvs = TlvBuffer::new();
        tlvs.push_sar(0x1234, 2, number);
        let text = format!("part {number}");
        let id = esme.submit_with(message(NUMBER, text.as_bytes()), &tlvs);
        assert_eq!(esme.receipt().id, id);
    }
    let taken = parts(&carrier, 2);
    let place = |part: &Taken| match (part.sar, part.payload.as_slice()) {
        (Some((reference, total, number)), _) => (u32::from(reference), total, number),
        (None, [5, 0, 3, reference, total, number, ..]) => (u32::from(*reference), *total, *number),
        (None, [6, 8, 4, high, low, total, number, ..]) => {
            (u32::from(u16::from_be_bytes([*high, *low])), *total, *number)
        }
        other => panic!("the part has lost its place: {other:?}"),
    };
    let (first, second) = (place(&taken[0]), place(&taken[1]));
    assert_eq!((first.0, first.1, first.2), (second.0, 2, 1), "{taken:?}");
    assert_eq!((second.1, second.2), (2, 2));
}

#[test]
fn a_long_payload_is_split_and_has_one_receipt() {
    let (carrier, house) = with_carrier();
    let mut esme = house.bound();
    let text = "0123456789".repeat(31);
    let mut tlvs = TlvBuffer::new();
    tlvs.push(Tag::MESSAGE_PAYLOAD, text.as_bytes()).unwrap();
    let id = esme.submit_with(message(NUMBER, b""), &tlvs);
    let told = esme.receipt();
    assert_eq!((&told.id, told.stat.as_str()), (&id, "DELIVRD"));
    esme.check_alive();
    let taken = parts(&carrier, 3);
    let joined: Vec<u8> = taken.iter().flat_map(|part| part.payload[6..].to_vec()).collect();
    assert_eq!(String::from_utf8(joined).unwrap(), text);
    for (place, part) in taken.iter().enumerate() {
        assert_eq!(
            (&part.payload[..3], &part.payload[4..6]),
            (&[5, 0, 3][..], &[3, u8::try_from(place).unwrap() + 1][..])
        );
        assert_eq!(part.payload[3], taken[0].payload[3], "one reference");
        assert!(part.esm_class & 0x40 != 0);
    }
    let seen = house.http().message(&id);
    assert_eq!((&seen["parts"], &seen["price"]["amount"]), (&3.into(), &"0.12".into()));
    assert_eq!(house.http().balance(), 250_000_000 - 3 * 40_000);
}

#[test]
fn an_id_of_one_door_is_found_by_the_others() {
    let house = Plan::new().start();
    let mut esme = house.bound();
    let id = esme.submit(message(NUMBER, b"one id space")).unwrap();
    assert_eq!(id.len(), 26);
    assert_eq!(esme.receipt().id, id);
    assert_eq!(house.http().message(&id)["id"], format!("msg_{id}"));
    assert_eq!(house.json(&["explain", &id])["message"]["door"], "smpp");

    let sent = house.http().send("447400123457", "by HTTP");
    house.http().until_state(&sent, "delivered");
    for form in [&sent, &sent.to_uppercase(), sent.trim_start_matches("msg_")] {
        let query = QuerySm { message_id: form.as_bytes(), ..QuerySm::default() };
        let sequence = esme.request(&Pdu::QuerySm(query));
        let answer = esme.expect(CommandId::QUERY_SM_RESP, CommandStatus::ESME_ROK, sequence);
        let Pdu::QuerySmResp(found) = answer.pdu() else { panic!("{answer:?}") };
        assert_eq!((found.message_id, found.message_state), (form.as_bytes(), 2));
    }
    let query = QuerySm { message_id: b"nothing", ..QuerySm::default() };
    let sequence = esme.request(&Pdu::QuerySm(query));
    esme.expect(CommandId::QUERY_SM_RESP, CommandStatus::ESME_RINVMSGID, sequence);
}

#[test]
fn refusals_name_what_is_wrong_and_cost_nothing() {
    let house = Plan::new().start();
    let mut esme = house.bound();
    let good = message(NUMBER, b"hello");
    let number = |digits| smpp::Address { ton: 1, npi: 1, digits };
    let cases = [
        (ShortMessage { destination: number(b""), ..good }, CommandStatus::ESME_RINVDSTADR),
        (ShortMessage { destination: number(b"abc"), ..good }, CommandStatus::ESME_RINVDSTADR),
        (ShortMessage { source: number(b""), ..good }, CommandStatus::ESME_RINVSRCADR),
        (ShortMessage { short_message: b"", ..good }, CommandStatus::ESME_RINVMSGLEN),
        (ShortMessage { validity_period: b"200101000000000+", ..good }, CommandStatus::ESME_RINVEXPIRY),
        (ShortMessage { schedule_delivery_time: b"991301000000000+", ..good }, CommandStatus::ESME_RINVSCHED),
        (ShortMessage { priority_flag: 9, ..good }, CommandStatus::ESME_RINVPRTFLG),
        (ShortMessage { registered_delivery: 3, ..good }, CommandStatus::ESME_RINVREGDLVFLG),
        (ShortMessage { esm_class: 0x40, short_message: b"\x09x", ..good }, CommandStatus::ESME_RINVESMCLASS),
    ];
    for (message, status) in cases {
        assert_eq!(esme.submit(message).unwrap_err(), status);
    }
    assert_eq!((house.http().count(), house.http().balance()), (0, 250_000_000));
    esme.submit(good).unwrap();
    assert_eq!(esme.receipt().stat, "DELIVRD");
    esme.unbind();
}
