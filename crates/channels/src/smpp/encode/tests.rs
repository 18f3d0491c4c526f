//! What goes over the wire for which content and options.

use std::sync::Arc;

use ports::channel::{AttemptRef, Dispatch};
use serde_json::{Value, json};
use smpp::{FrameCutter, Pdu, ShortMessage, Strictness};
use types::address::Address;
use types::form::{Encoding, Form, Joined, Rendering, fit, user_data};
use types::id::{MessageId, RowKey};
use types::message::{Class, Content, OctetContent};
use types::time::Timestamp;

use super::{Unsendable, prepare, write};
use crate::smpp::options::Settings;
use crate::smpp::options::tests::settings;

const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);

const REFERENCE: u16 = 0x1234;

/// Stands for the form that the options ask for.
const NO_FORM: Form = Form {
    data_coding: 0,
    encoding: Encoding::Octets,
    joined: Joined::None,
    reference: 0,
    rendering: Rendering::AsReceived,
};

/// A message as the core hands it over: in the form and with the addresses that the options ask for.
fn handed_over(dispatch: &Dispatch, settings: &Settings) -> Result<Dispatch, Unsendable> {
    let can = settings.capabilities();
    let fit = fit(&dispatch.content, &can.manner, REFERENCE).ok_or(Unsendable)?;
    let destination = dispatch.destination.msisdn().map(Address::international);
    Ok(Dispatch {
        form: fit.form,
        requests: fit.form.requests(fit.parts),
        source: can.addressing.source(dispatch.source.as_sender()),
        destination: can.addressing.destination(destination.unwrap_or_default()),
        ..dispatch.clone()
    })
}

fn dispatch(content: Content) -> Dispatch {
    Dispatch {
        attempt: AttemptRef { message: RowKey::from_i64(7), attempt: 1 },
        only_parts: Vec::new(),
        source: Address::from_text("ACME"),
        destination: Address::from_text("+447911123456"),
        content: Arc::new(content),
        form: NO_FORM,
        requests: 1,
        class: Class::Bulk,
        expires_at: NOW.plus_ms(3_600_000),
        public_id: MessageId::new(RowKey::from_i64(7), 1),
    }
}

/// Encodes, decodes strictly and hands every part to `look`.
fn wire(
    dispatch: &Dispatch,
    options: &Value,
    mut look: impl FnMut(usize, &ShortMessage<'_>),
) -> Result<u8, Unsendable> {
    let settings = settings(options).unwrap();
    let prepared = prepare(&handed_over(dispatch, &settings)?, &settings)?;
    let mut octets = Vec::new();
    for (sequence, part) in (1..).zip(&prepared.parts) {
        write(&prepared, part, &settings, NOW, sequence, &mut octets).unwrap();
    }
    let mut cutter = FrameCutter::default();
    cutter.extend(&octets);
    let mut index = 0;
    while let Some(frame) = cutter.next_frame().unwrap() {
        let Ok(Pdu::SubmitSm(message)) = Pdu::decode(&frame.header, frame.body, Strictness::Exact) else {
            panic!("a submit_sm is expected");
        };
        look(index, &message);
        index += 1;
    }
    assert_eq!(index, prepared.parts.len());
    Ok(prepared.total)
}

#[test]
fn alphabets_and_parts_by_options() {
    let gsm_200 = "a".repeat(200);
    let cases: [(Value, &str, Result<u8, Unsendable>, u8); 13] = [
        (json!({}), "hello", Ok(1), 0),
        (json!({}), "пока", Ok(1), 8),
        (json!({}), &gsm_200, Ok(2), 0),
        (json!({"joining": "udh16"}), &gsm_200, Ok(2), 0),
        (json!({"joining": "sar"}), &gsm_200, Ok(2), 0),
        (json!({"joining": "payload"}), &gsm_200, Ok(1), 0),
        (json!({"default_alphabet": "latin1"}), "é@", Ok(1), 0),
        (json!({"default_alphabet": "latin1"}), "10 €", Ok(1), 8),
        (json!({"default_alphabet": "latin1"}), &gsm_200, Ok(2), 0),
        (json!({"default_alphabet": "ucs2"}), "hello", Ok(1), 3),
        (json!({"default_alphabet": "ucs2"}), "пока", Ok(1), 8),
        (json!({}), "", Ok(1), 0),
        (json!({"joining": "udh16"}), &"b".repeat(306), Err(Unsendable), 0),
    ];
    for (options, text, total, data_coding) in cases {
        let found = wire(&dispatch(Content::Text(text.to_owned())), &options, |_, message| {
            assert_eq!(message.data_coding, data_coding, "{options} {text}");
        });
        assert_eq!(found, total, "{options} {text}");
    }
    let euro = format!("€{}", "a".repeat(100));
    let options = json!({"default_alphabet": "latin1"});
    assert_eq!(
        wire(&dispatch(Content::Text(euro)), &options, |_, _| ()),
        Err(Unsendable),
        "two parts, one paid"
    );
}

#[test]
fn joinings_look_as_they_should() {
    let text = Content::Text("x".repeat(200));
    wire(&dispatch(text.clone()), &json!({}), |index, message| {
        let header = [5, 0, 3, 0x34, 2, u8::try_from(index).unwrap() + 1];
        assert!(message.has_udh() && message.short_message.starts_with(&header));
    })
    .unwrap();
    wire(&dispatch(text.clone()), &json!({"joining": "sar"}), |index, message| {
        assert_eq!(message.tlvs.sar_msg_ref_num(), Some(0x1234));
        assert_eq!(message.tlvs.sar_segment_seqnum(), Some(u8::try_from(index).unwrap() + 1));
        assert!(!message.has_udh());
    })
    .unwrap();
    wire(&dispatch(text), &json!({"joining": "payload"}), |_, message| {
        assert_eq!((message.short_message.len(), message.payload().len()), (0, 200));
    })
    .unwrap();
}

#[test]
fn latin_text_is_written_in_the_carriers_default_alphabet() {
    let options = json!({"default_alphabet": "latin1"});
    wire(&dispatch(Content::Text("@é£".into())), &options, |_, message| {
        assert_eq!(message.short_message, [0x40, 0xE9, 0xA3]);
    })
    .unwrap();
    let octets = OctetContent { payload: vec![0x00, 0x05, 0x01], ..OctetContent::default() };
    wire(&dispatch(Content::Octets(octets)), &options, |_, message| {
        assert_eq!(message.short_message, [0x40, 0xE9, 0xA3], "a customer's 0 is GSM 7-bit");
    })
    .unwrap();
}

#[test]
fn octets_pass_unchanged() {
    let tlv = [0x02, 0x04, 0, 2, 0xAB, 0xCD];
    let octets = OctetContent {
        data_coding: 0xF5,
        protocol_id: 0x41,
        has_header: true,
        payload: vec![6, 5, 4, 1, 2, 3, 4, 9, 9],
        tlvs: tlv.to_vec(),
    };
    wire(&dispatch(Content::Octets(octets.clone())), &json!({}), |_, message| {
        assert_eq!((message.data_coding, message.protocol_id), (0xF5, 0x41));
        assert_eq!(message.payload(), octets.payload);
        assert!(message.has_udh());
        assert_eq!(message.tlvs.octets(), tlv);
    })
    .unwrap();
    let long = OctetContent { data_coding: 8, payload: [4, 0x10].repeat(100), ..OctetContent::default() };
    assert_eq!(
        wire(&dispatch(Content::Octets(long)), &json!({}), |_, message| assert!(message.has_udh())),
        Ok(2)
    );
}

#[test]
fn only_the_parts_asked_for_are_sent() {
    let mut again = dispatch(Content::Text("x".repeat(400)));
    again.only_parts = vec![3];
    let total =
        wire(&again, &json!({}), |_, message| assert_eq!(message.short_message.get(5), Some(&3))).unwrap();
    assert_eq!(total, 3);
    again.only_parts = vec![9];
    assert_eq!(wire(&again, &json!({}), |_, _| ()), Err(Unsendable));
}

#[test]
fn addresses_and_validity() {
    let options = json!({"source_ton": 0, "source_npi": 0, "destination_npi": 8, "service_type": "CMT"});
    let mut message = dispatch(Content::Text("hi".into()));
    wire(&message, &options, |_, message| {
        assert_eq!(
            (message.source.ton, message.source.digits),
            (5, b"ACME".as_slice()),
            "names are left alone"
        );
        assert_eq!((message.destination.ton, message.destination.npi), (1, 8));
        assert_eq!(message.destination.digits, b"447911123456");
        assert_eq!(message.validity_period, b"000000010000000R");
        assert_eq!((message.registered_delivery, message.service_type), (1, b"CMT".as_slice()));
    })
    .unwrap();
    message.source = Address::from_text("447911000000");
    message.expires_at = Timestamp::NEVER;
    wire(&message, &options, |_, message| {
        assert_eq!((message.source.ton, message.source.npi), (0, 0));
        assert_eq!(message.validity_period, b"");
    })
    .unwrap();
    message.source = Address::from_text("A name that is far too long");
    assert_eq!(wire(&message, &options, |_, _| ()), Err(Unsendable));
}

/// Parameters of vendors go to the carriers that know them.
#[test]
fn vendor_parameters_pass_by_the_list() {
    let mut tlvs = smpp::TlvBuffer::new();
    tlvs.push(smpp::Tag(0x1401), b"gold").unwrap().push_u16(smpp::Tag::USER_MESSAGE_REFERENCE, 7);
    let octets = types::message::OctetContent {
        payload: b"hello".to_vec(),
        tlvs: tlvs.into_octets(),
        ..types::message::OctetContent::default()
    };
    let message = dispatch(Content::Octets(octets));
    for (options, expected) in [
        (json!({}), None),
        (json!({"vendor_tlvs": [0x1402]}), None),
        (json!({"vendor_tlvs": [0x1401, 0x1402]}), Some(b"gold".as_slice())),
    ] {
        wire(&message, &options, |_, message| {
            assert_eq!(message.tlvs.get(smpp::Tag(0x1401)), expected, "{options}");
            assert_eq!(message.tlvs.user_message_reference(), Some(7));
        })
        .unwrap();
    }
}

/// What goes over the wire is what the form says, whatever the link's options are.
#[test]
fn the_form_is_obeyed() {
    let text = Content::Text("€".repeat(100));
    let latin = settings(&json!({"default_alphabet": "latin1", "joining": "sar"})).unwrap();
    let gsm = settings(&json!({"joining": "udh16"})).unwrap();
    let handed = handed_over(&dispatch(text.clone()), &gsm).unwrap();
    let prepared = prepare(&handed, &gsm).unwrap();
    let expected = user_data(&text, &handed.form).unwrap();
    let mut octets = Vec::new();
    for part in &prepared.parts {
        write(&prepared, part, &latin, NOW, 1, &mut octets).unwrap();
    }
    let mut cutter = FrameCutter::default();
    cutter.extend(&octets);
    for piece in expected {
        let frame = cutter.next_frame().unwrap().unwrap();
        let Ok(Pdu::SubmitSm(message)) = Pdu::decode(&frame.header, frame.body, Strictness::Exact) else {
            panic!("a submit_sm is expected");
        };
        assert_eq!((message.short_message, message.data_coding), (piece.octets.as_slice(), 0));
        assert_eq!(&message.short_message[..4], [6, 8, 4, 0x12]);
    }
    let whole = Dispatch { form: Form { joined: Joined::Whole, ..handed.form }, ..handed.clone() };
    assert!(prepare(&whole, &gsm).is_err(), "a form of another protocol");
    let octets = Dispatch { form: NO_FORM, ..handed };
    assert!(prepare(&octets, &gsm).is_err(), "a form of another content");
}
