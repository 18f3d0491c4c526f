//! What is written is read, and nothing else is.

use types::address::{Address, Msisdn};
use types::message::{Content, OctetContent};
use types::quiet::{QuietHours, QuietSource, TimeFinding, ZoneSource};
use types::receipt::{ReceiptNotice, ReceiptState};
use types::time::Timestamp;

use super::{
    Sent, VERSION, add_time, read_addresses, read_content, read_echo, read_receipt, read_sent, read_texts,
    write_addresses, write_content, write_echo, write_receipt, write_sent, write_texts,
};

fn octets() -> OctetContent {
    OctetContent {
        data_coding: 8,
        protocol_id: 1,
        has_header: true,
        payload: vec![5, 0, 3, 1, 2, 1, 0, 65],
        tlvs: vec![1],
    }
}

fn name() -> Address {
    Address { ton: 5, npi: 0, octets: b"ACME".as_slice().into() }
}

fn number() -> Address {
    Address::from_text("+447911123456")
}

#[test]
fn addresses_are_read_with_the_numbers_that_they_mean() {
    let recipient = Msisdn::parse("447911123456").unwrap();
    for (source, sender) in [(name(), None), (number(), Some(recipient))] {
        for reference in [None, Some("order 7 ✓")] {
            let written = write_addresses(&source, &number(), recipient, reference);
            let read = read_addresses(&written).unwrap();
            assert_eq!((&read.source, &read.destination), (&source, &number()));
            assert_eq!((read.sender, read.recipient), (sender, Some(recipient)));
            assert_eq!(read.client_reference.as_deref(), reference);
            // As the first version wrote it: without the sixteen octets of the numbers.
            let tail = reference.map_or(1, |reference| 5 + reference.len());
            let mut first = written.clone();
            first.drain(written.len() - tail - 16..written.len() - tail);
            first[0] = VERSION;
            assert_eq!(read_addresses(&first), Some(read));
        }
    }
    assert_eq!(read_addresses(&[3, 0, 0]), None, "a version that is not known");
}

#[test]
fn what_steered_the_time_of_a_message_is_read() {
    let recipient = number().msisdn().unwrap();
    let hours = QuietHours::parse("21:00", "08:00", Some(&["sun".to_owned()])).unwrap();
    for held_by in [None, Some((QuietSource::Operator, hours)), Some((QuietSource::Message, hours))] {
        let time = TimeFinding {
            zones: ["America/Denver".into(), "America/Phoenix".into()].into(),
            source: ZoneSource::Number,
            table_version: "9.0.43".into(),
            due_at: Timestamp::from_ms(1_795_000_000_123),
            held_by,
        };
        let without = write_addresses(&name(), &number(), recipient, Some("x"));
        assert_eq!(read_addresses(&without).unwrap().time, None);
        let mut written = without.clone();
        add_time(&mut written, &time);
        assert_eq!(read_addresses(&written).unwrap().time, Some(time));
        for length in without.len() + 1..written.len() {
            assert_eq!(read_addresses(&written[..length]), None);
        }
    }
}

#[test]
fn what_was_sent_and_echoed_is_read() {
    let contents = [None, Some(Content::Text("Grüße 😀".into())), Some(Content::Octets(octets()))];
    for content in contents {
        for (source, destination) in [(None, None), (Some(name()), None), (None, Some(number()))] {
            let sent = Sent { attempt: 7, source, destination, content: content.clone() };
            assert_eq!(
                sent.is_nothing(),
                sent == Sent { content: None, ..Sent::clone(&sent) }
                    && sent.source.is_none()
                    && sent.destination.is_none()
            );
            assert_eq!(read_sent(&write_sent(&sent)), Some(sent));
        }
    }
    let echo = (number(), name(), vec![3, 0x81, 0, 1, 9]);
    assert_eq!(read_echo(&write_echo(&echo.0, &echo.1, &echo.2)), Some(echo));
}

#[test]
fn a_parked_receipt_loses_nothing() {
    let notice = ReceiptNotice {
        carrier_id: "c0ffee".into(),
        state: ReceiptState::Undelivered,
        stat: "UNDELIV".into(),
        error: "034".into(),
        submit_date: "2611220903".into(),
        done_date: String::new(),
        source: Address { ton: 1, npi: 1, octets: b"447911123456".as_slice().into() },
        destination: name(),
        tlvs: vec![4, 0x27, 0, 1, 5],
        read_at: Timestamp::from_ms(9),
    };
    assert_eq!(read_receipt(&write_receipt(&notice), "c0ffee", notice.read_at), Some(notice));
}

#[test]
fn contents_and_texts_are_read() {
    for content in [Content::Text("Grüße 😀".into()), Content::Octets(octets())] {
        assert_eq!(read_content(&write_content(&content)), Some(content));
    }
    assert_eq!(read_texts(&write_texts(&["a", "", "ü"])), Some(["a".into(), String::new(), "ü".into()]));
}

#[test]
fn what_was_cut_is_not_read() {
    let whole = write_content(&Content::Text("hello".into()));
    for length in 0..whole.len() {
        assert_eq!(read_content(&whole[..length]), None);
    }
    let whole = write_addresses(&name(), &number(), number().msisdn().unwrap(), Some("x"));
    for length in 0..whole.len() {
        assert_eq!(read_addresses(&whole[..length]), None);
    }
}
