//! Every PDU type against octets written by hand, both ways.

use smpp::{CommandId, CommandStatus, FrameCutter, Header, Pdu, Receipt, Strictness};
use smpp::{write_deliver_sm_resp, write_header_only, write_submit_sm_resp};

use crate::seeds::seeds;

fn header_of(octets: &[u8]) -> Header {
    Header::parse(octets.first_chunk::<16>().unwrap())
}

#[test]
fn hand_made_pdus_decode_and_encode() {
    for seed in seeds() {
        let header = header_of(&seed.octets);
        assert_eq!(
            usize::try_from(header.command_length).unwrap(),
            seed.octets.len(),
            "length of {}",
            seed.name
        );
        for strictness in [Strictness::Exact, Strictness::Tolerant] {
            let decoded = Pdu::decode(&header, &seed.octets[16..], strictness);
            assert_eq!(decoded, Ok(seed.pdu), "{} {strictness:?}", seed.name);
        }
        let mut encoded = Vec::new();
        seed.pdu.encode(seed.status, seed.sequence, &mut encoded).unwrap();
        assert_eq!(encoded, seed.octets, "{}", seed.name);
        assert_eq!(seed.pdu.command_id(), header.command_id, "{}", seed.name);
    }
}

#[test]
fn every_operation_of_the_specification_has_a_seed() {
    let seeds = seeds();
    for id in CommandId::ALL.iter().filter(|id| !id.name().contains("broadcast")) {
        assert!(seeds.iter().any(|seed| seed.pdu.command_id() == *id), "{id}");
    }
}

#[test]
fn helpers_write_what_encode_writes() {
    for seed in seeds() {
        let mut out = Vec::new();
        match seed.pdu {
            Pdu::SubmitSmResp(resp) => {
                write_submit_sm_resp(resp.message_id, seed.status, seed.sequence, &mut out).unwrap();
            }
            Pdu::DeliverSmResp(_) => write_deliver_sm_resp(seed.status, seed.sequence, &mut out),
            Pdu::SubmitSm(message) => message.encode_submit_sm(seed.sequence, &mut out).unwrap(),
            Pdu::DeliverSm(message) => message.encode_deliver_sm(seed.sequence, &mut out).unwrap(),
            _ if seed.octets.len() == 16 => {
                write_header_only(seed.pdu.command_id(), seed.status, seed.sequence, &mut out);
            }
            _ => continue,
        }
        assert_eq!(out, seed.octets, "{}", seed.name);
    }
}

#[test]
fn a_receipt_is_read_from_its_frame() {
    let seed = seeds().into_iter().find(|seed| seed.name == "deliver_sm receipt").unwrap();
    let mut cutter = FrameCutter::default();
    cutter.extend(&seed.octets);
    let frame = cutter.next_frame().unwrap().unwrap();
    let Ok(Pdu::DeliverSm(message)) = Pdu::decode(&frame.header, frame.body, Strictness::Tolerant) else {
        panic!("the seed is a deliver_sm");
    };
    let receipt = Receipt::from_message(&message).unwrap();
    assert_eq!((receipt.id(), receipt.text.id), (Some("3039"), Some("12345")));
    assert!(!receipt.disagrees());
}

#[test]
fn debug_output_shows_no_number_text_or_password() {
    for seed in seeds() {
        let shown = format!("{:?}", seed.pdu);
        for secret in ["33612345678", "Hello", "secret08", "pwd1", "staff", "DELIVRD"] {
            assert!(!shown.contains(secret), "{} shows {secret}: {shown}", seed.name);
        }
    }
    let status = CommandStatus::ESME_RTHROTTLED;
    assert_eq!(status.to_string(), "ESME_RTHROTTLED (0x58): sent faster than allowed");
}
