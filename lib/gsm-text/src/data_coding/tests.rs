//! Every data coding value that carriers use, in both directions.

use super::{ClassForm, DataCoding, MessageClass, MessageWaiting, WaitingKind, decode};
use crate::alphabet::{Alphabet, Language, NationalShift};
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

#[test]
fn alphabets_and_classes_of_values() {
    use MessageClass::{Class0, Class1, Class2, Class3};
    // The link of this test means Latin-1 by 0x00, so that GSM 7-bit and "default" can be told apart.
    for (octet, alphabet, class) in [
        (0x00, Some(Alphabet::Latin1), None),
        (0x01, Some(Alphabet::Ascii), None),
        (0x02, Some(Alphabet::Octets), None),
        (0x03, Some(Alphabet::Latin1), None),
        (0x04, Some(Alphabet::Octets), None),
        (0x05, None, None),
        (0x06, Some(Alphabet::Cyrillic), None),
        (0x07, Some(Alphabet::Hebrew), None),
        (0x08, Some(Alphabet::Ucs2), None),
        (0x09, None, None),
        (0x0A, None, None),
        (0x0B, Some(Alphabet::Latin1), None),
        (0x0D, None, None),
        (0x0E, None, None),
        (0x10, Some(Alphabet::Gsm7), Some(Class0)),
        (0x11, Some(Alphabet::Gsm7), Some(Class1)),
        (0x12, Some(Alphabet::Gsm7), Some(Class2)),
        (0x13, Some(Alphabet::Gsm7), Some(Class3)),
        (0x14, Some(Alphabet::Octets), Some(Class0)),
        (0x18, Some(Alphabet::Ucs2), Some(Class0)),
        (0x19, Some(Alphabet::Ucs2), Some(Class1)),
        (0x20, None, None),
        (0x30, None, Some(Class0)),
        (0x40, Some(Alphabet::Gsm7), None),
        (0x58, Some(Alphabet::Ucs2), Some(Class0)),
        (0x80, Some(Alphabet::Latin1), None),
        (0xC8, Some(Alphabet::Gsm7), None),
        (0xD0, Some(Alphabet::Gsm7), None),
        (0xE0, Some(Alphabet::Ucs2), None),
        (0xF0, Some(Alphabet::Gsm7), Some(Class0)),
        (0xF1, Some(Alphabet::Gsm7), Some(Class1)),
        (0xF2, Some(Alphabet::Gsm7), Some(Class2)),
        (0xF3, Some(Alphabet::Gsm7), Some(Class3)),
        (0xF4, Some(Alphabet::Octets), Some(Class0)),
        (0xF5, Some(Alphabet::Octets), Some(Class1)),
    ] {
        let coding = DataCoding::from_octet(octet);
        assert_eq!(coding.octet(), octet);
        assert_eq!(
            (coding.alphabet(Alphabet::Latin1), coding.message_class()),
            (alphabet, class),
            "{octet:#04X}"
        );
    }
}

#[test]
fn message_waiting_values() {
    for (octet, expected) in [
        (0xC0, Some((WaitingKind::Voicemail, false, false))),
        (0xC8, Some((WaitingKind::Voicemail, true, false))),
        (0xD9, Some((WaitingKind::Fax, true, true))),
        (0xEA, Some((WaitingKind::Email, true, true))),
        (0xE3, Some((WaitingKind::Other, false, true))),
        (0x00, None),
        (0xF8, None),
    ] {
        let expected = expected.map(|(kind, active, store)| MessageWaiting { kind, active, store });
        assert_eq!(DataCoding::from_octet(octet).message_waiting(), expected, "{octet:#04X}");
    }
}

#[test]
fn written_values() {
    use ClassForm::{ClassGroup, GeneralGroup};
    for (alphabet, plain, class_group, general_group) in [
        (Alphabet::Gsm7, 0x00, Some(0xF0), Some(0x10)),
        (Alphabet::Octets, 0x04, Some(0xF4), Some(0x14)),
        (Alphabet::Ucs2, 0x08, Some(0x18), Some(0x18)),
        (Alphabet::Latin1, 0x03, None, None),
        (Alphabet::Ascii, 0x01, None, None),
        (Alphabet::Cyrillic, 0x06, None, None),
        (Alphabet::Hebrew, 0x07, None, None),
    ] {
        assert_eq!(DataCoding::for_alphabet(alphabet).octet(), plain);
        for (form, octet) in [(ClassGroup, class_group), (GeneralGroup, general_group)] {
            let coding = DataCoding::with_class(alphabet, MessageClass::Class0, form);
            assert_eq!(coding.map(DataCoding::octet), octet, "{alphabet:?} {form:?}");
        }
    }
    for class in [MessageClass::Class0, MessageClass::Class1, MessageClass::Class2, MessageClass::Class3] {
        for alphabet in [Alphabet::Gsm7, Alphabet::Octets, Alphabet::Ucs2] {
            for form in [ClassGroup, GeneralGroup] {
                let coding = DataCoding::with_class(alphabet, class, form).unwrap();
                assert_eq!(coding.message_class(), Some(class));
                assert_eq!(coding.alphabet(Alphabet::Latin1), Some(alphabet));
            }
        }
    }
}

#[test]
fn bodies_by_value() {
    let turkish = NationalShift::new(Some(Language::Turkish), None);
    for (octet, default_alphabet, body, shift, text, lossy) in [
        (0x00, Alphabet::Gsm7, &[0x1B, 0x65, 0x5F][..], NationalShift::NONE, "€§", false),
        (0x00, Alphabet::Latin1, &[0xE9, 0x5F], NationalShift::NONE, "é_", false),
        (0x00, Alphabet::Gsm7, &[0x0C, 0x04], turkish, "ğ€", false),
        (0xF0, Alphabet::Latin1, &[0x0C, 0x04], turkish, "ğ€", false),
        (0x08, Alphabet::Gsm7, &[0x01, 0x1F], turkish, "ğ", false),
        (0x05, Alphabet::Gsm7, &[0x30, 0x21], NationalShift::NONE, "\u{FFFD}\u{FFFD}", true),
        (0x05, Alphabet::Gsm7, &[], NationalShift::NONE, "", false),
        (0x04, Alphabet::Gsm7, &[0x00, 0xFF], NationalShift::NONE, "\0ÿ", false),
    ] {
        let decoded = decode(DataCoding::from_octet(octet), default_alphabet, body, shift);
        assert_eq!((decoded.text.as_str(), decoded.lossy), (text, lossy), "{octet:#04X} {body:02X?}");
    }
}

proptest! {
    #[test]
    fn any_octets_decode_by_any_value(octet: u8, body: Vec<u8>, locking: u8, single: u8) {
        let shift = NationalShift::new(
            Language::from_identifier(locking % 16), Language::from_identifier(single % 16),
        );
        let decoded = decode(DataCoding::from_octet(octet), Alphabet::Gsm7, &body, shift);
        prop_assert_eq!(decoded.text.is_empty(), body.is_empty());
        prop_assert!(decoded.text.chars().count() <= body.len());
    }
}
