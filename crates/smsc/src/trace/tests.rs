//! What a tap remembers, shows and forgets.

use ports::sessions::{Disclosure, Shown, TRACE_IDLE_MS, TRACE_OCTETS_MAX, TRACE_PDUS_MAX};
use smpp::session::Side;
use smpp::{Address, Bind, CommandId, CommandStatus, Pdu, ShortMessage, write_header_only};
use types::time::Timestamp;

use super::{Tap, pdus};

const AT: Timestamp = Timestamp::from_ms(1_795_000_000_000);

fn clear() -> Shown {
    Shown::Clear(Disclosure { who: "a test".to_owned(), reason: "to see".to_owned() })
}

fn encoded(pdu: &Pdu<'_>) -> Vec<u8> {
    let mut octets = Vec::new();
    pdu.encode(CommandStatus::ESME_ROK, 7, &mut octets).unwrap();
    octets
}

fn message(text: &[u8]) -> Vec<u8> {
    encoded(&Pdu::SubmitSm(ShortMessage {
        source: Address { ton: 5, npi: 0, digits: b"ACME" },
        destination: Address { ton: 1, npi: 1, digits: b"447911123456" },
        short_message: text,
        ..ShortMessage::default()
    }))
}

fn bound() -> Tap {
    let tap = Tap::default();
    let bind = Bind { system_id: b"acme", password: b"secret", ..Bind::default() };
    tap.keep_bind(Side::Esme, &encoded(&Pdu::BindTransceiver(bind)), AT);
    tap
}

#[test]
fn numbers_and_texts_are_shown_only_to_who_asks() {
    let tap = bound();
    tap.look(0);
    tap.keep(Side::Esme, &message(b"hello"), AT);
    let masked = tap.page(0, &Shown::Masked);
    let [bind, submitted] = masked.pdus.as_slice() else { panic!("{masked:?}") };
    assert_eq!((bind.name, bind.number, submitted.number), ("bind_transceiver", 1, 2));
    assert!(bind.fields.contains("system_id \"acme\""), "{}", bind.fields);
    assert!(submitted.fields.contains("destination ************ (1, 1)"), "{}", submitted.fields);
    assert!(submitted.fields.contains("text \"*****\""), "{}", submitted.fields);
    let clear = tap.page(0, &clear());
    assert!(clear.pdus[1].fields.contains("447911123456") && clear.pdus[1].fields.contains("hello"));
    for page in [&masked, &clear] {
        assert!(
            !page.pdus[0].octets.windows(6).any(|octets| octets == b"secret"),
            "a password is never kept"
        );
    }
    let file = tap.capture("192.0.2.7".parse().unwrap(), &Shown::Masked);
    assert!(!file.windows(4).any(|octets| octets == b"4479" || octets == b"hell"));
    assert!(tap.page(2, &Shown::Masked).pdus.is_empty());
}

#[test]
fn it_keeps_the_newest_and_says_what_it_lost() {
    let tap = bound();
    tap.look(0);
    let mut probe = Vec::new();
    write_header_only(CommandId::ENQUIRE_LINK, CommandStatus::ESME_ROK, 1, &mut probe);
    for _ in 0..TRACE_PDUS_MAX + 5 {
        tap.keep(Side::Smsc, &probe, AT);
    }
    let page = tap.page(0, &Shown::Masked);
    assert_eq!((page.pdus.len(), page.lost), (1 + TRACE_PDUS_MAX, 5));
    assert_eq!(page.next, u64::try_from(TRACE_PDUS_MAX).unwrap() + 6);
    assert_eq!(tap.page(page.next, &Shown::Masked).lost, 0);
    let long = message(&[b'x'; 254]);
    for _ in 0..TRACE_OCTETS_MAX / long.len() + 10 {
        tap.keep(Side::Esme, &long, AT);
    }
    let kept: usize = tap.page(0, &Shown::Masked).pdus.iter().map(|pdu| pdu.octets.len()).sum();
    assert!(kept <= TRACE_OCTETS_MAX + 100, "{kept}");
}

#[test]
fn it_forgets_when_nobody_looks() {
    let tap = bound();
    assert!(!tap.is_open());
    tap.look(1_000);
    tap.keep(Side::Esme, &message(b"hello"), AT);
    tap.close_when_idle(999 + TRACE_IDLE_MS);
    assert!(tap.is_open());
    tap.close_when_idle(1_000 + TRACE_IDLE_MS);
    assert!(!tap.is_open());
    tap.look(2_000_000);
    assert_eq!(tap.page(0, &Shown::Masked).pdus.len(), 1, "the bind alone");
}

#[test]
fn output_is_cut_into_pdus() {
    let (first, second) = (message(b"one"), message(b"and two"));
    let both = [first.as_slice(), &second].concat();
    assert_eq!(pdus(&both).collect::<Vec<_>>(), [first.as_slice(), &second]);
    assert_eq!(pdus(&both[..both.len() - 1]).count(), 1);
    assert_eq!(pdus(&[0; 40]).count(), 0, "a length of zero ends it");
}
