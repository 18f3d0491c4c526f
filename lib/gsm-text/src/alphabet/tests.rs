//! Known codes of every table, both directions, and the identity of encoding and decoding.

use std::collections::HashMap;

use super::{Alphabet, Language, NationalShift, NotEncodable, encode};
use crate::data_coding::decode_alphabet;
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

fn national(locking: Option<Language>, single: Option<Language>) -> Alphabet {
    Alphabet::Gsm7National(NationalShift::new(locking, single))
}

fn check(alphabet: Alphabet, text: &str, body: &[u8]) {
    assert_eq!(encode(text, alphabet).as_deref(), Ok(body), "{text} in {alphabet:?}");
    let decoded = decode_alphabet(body, alphabet);
    assert_eq!((decoded.text.as_str(), decoded.lossy), (text, false), "{body:02X?} in {alphabet:?}");
}

#[test]
fn default_alphabet_codes() {
    let in_order = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ";
    check(Alphabet::Gsm7, in_order, &(0..=0x1A).collect::<Vec<_>>());
    let after_escape = "ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§\
                        ¿abcdefghijklmnopqrstuvwxyzäöñüà";
    check(Alphabet::Gsm7, after_escape, &(0x1C..=0x7F).collect::<Vec<_>>());
    for (text, body) in [
        ("\u{0C}", [0x1B, 0x0A]),
        ("^", [0x1B, 0x14]),
        ("{", [0x1B, 0x28]),
        ("}", [0x1B, 0x29]),
        ("\\", [0x1B, 0x2F]),
        ("[", [0x1B, 0x3C]),
        ("~", [0x1B, 0x3D]),
        ("]", [0x1B, 0x3E]),
        ("|", [0x1B, 0x40]),
        ("€", [0x1B, 0x65]),
    ] {
        check(Alphabet::Gsm7, text, &body);
    }
}

/// The default alphabet holds 127 characters besides the escape, and its extension table ten.
#[test]
fn default_alphabet_holds_nothing_else() {
    let held: Vec<char> = ('\0'..=char::MAX).filter(|c| Alphabet::Gsm7.units_of(*c).is_some()).collect();
    assert_eq!(held.len(), 127 + 10);
    assert_eq!(held.iter().filter(|c| Alphabet::Gsm7.units_of(**c) == Some(2)).count(), 10);
    for missing in ['`', 'ç', '\t', '\0', '\u{1B}', 'Á', 'ı', 'α', '\u{A0}', '’', '😀', '\u{2065}', '\u{400}']
    {
        assert!(!held.contains(&missing), "{missing:?}");
        let error = NotEncodable { offset: 1, character: missing };
        assert_eq!(encode(&format!("a{missing}"), Alphabet::Gsm7), Err(error));
    }
}

#[test]
fn escapes_decode_as_the_standard_says() {
    for (body, text) in [
        (&[0x1B][..], " "),
        (&[0x41, 0x1B], "A "),
        (&[0x1B, 0x1B], " "),
        (&[0x1B, 0x1B, 0x65], " e"),
        (&[0x1B, 0x1B, 0x1B, 0x65], " €"),
        (&[0x1B, 0x41], "A"),
        (&[0x1B, 0x00], "@"),
        (&[0x1B, 0x0D], "\r"),
        (&[0x80], "\u{FFFD}"),
        (&[0x1B, 0xE5], "\u{FFFD}"),
    ] {
        let decoded = decode_alphabet(body, Alphabet::Gsm7);
        assert_eq!(decoded.text, text, "{body:02X?}");
        assert_eq!(decoded.lossy, body != [0x1B, 0x1B, 0x1B, 0x65] || body.starts_with(&[0x1B, 0x1B]));
    }
    // An undefined code after the escape shows the national main table, where there is one.
    let turkish = national(Some(Language::Turkish), Some(Language::Turkish));
    assert_eq!(decode_alphabet(&[0x1B, 0x04], turkish).text, "€");
    assert_eq!(decode_alphabet(&[0x0C], national(Some(Language::Bengali), None)).text, "\u{FFFD}");
}

#[test]
fn latin_national_table_codes() {
    use Language::{Portuguese, Spanish, Turkish};
    for (locking, single, text, body) in [
        (Some(Turkish), None, "€ığĞŞşİç", &[0x04, 0x07, 0x0C, 0x0B, 0x1C, 0x1D, 0x40, 0x60][..]),
        (None, Some(Turkish), "ĞğıŞ", &[0x1B, 0x47, 0x1B, 0x67, 0x1B, 0x69, 0x1B, 0x53]),
        (None, Some(Turkish), "€ç", &[0x1B, 0x65, 0x1B, 0x63]),
        (None, Some(Spanish), "áéíó", &[0x1B, 0x61, 0x05, 0x1B, 0x69, 0x1B, 0x6F]),
        (None, Some(Spanish), "úç", &[0x1B, 0x75, 0x1B, 0x09]),
        (None, Some(Spanish), "ÁÍÓÚ", &[0x1B, 0x41, 0x1B, 0x49, 0x1B, 0x4F, 0x1B, 0x55]),
        (Some(Portuguese), None, "êúíóç`ã∞^\\€|", &[4, 6, 7, 8, 9, 0x7D, 0x7B, 0x15, 0x16, 0x17, 0x18, 0x1A]),
        (None, Some(Portuguese), "ÃõâΣ", &[0x1B, 0x5B, 0x1B, 0x7C, 0x1B, 0x7F, 0x18]),
        (Some(Portuguese), Some(Portuguese), "Σ", &[0x1B, 0x18]),
        // The tables need not be of one language.
        (Some(Turkish), Some(Spanish), "ğá", &[0x0C, 0x1B, 0x61]),
    ] {
        check(national(locking, single), text, body);
    }
}

#[test]
fn indic_national_table_codes() {
    for (language, text, body) in [
        (Language::Bengali, "অক১,A", &[0x03, 0x15, 0x1B, 0x1A, 0x2C, 0x1B, 0x41][..]),
        (Language::Gujarati, "અક૧", &[0x03, 0x15, 0x1B, 0x1D]),
        (Language::Hindi, "नमस्ते।", &[0x2F, 0x42, 0x4C, 0x5F, 0x27, 0x59, 0x1B, 0x19]),
        (Language::Kannada, "ಡಪ೧", &[0x24, 0x3D, 0x1B, 0x1D]),
        (Language::Malayalam, "അൿ", &[0x03, 0x1B, 0x34]),
        (Language::Oriya, "ଅୱ", &[0x03, 0x1B, 0x2C]),
        (Language::Punjabi, "ਅੵ", &[0x03, 0x1B, 0x2D]),
        (Language::Tamil, "அன௮௺", &[0x03, 0x3C, 0x1B, 0x24, 0x1B, 0x2E]),
        (Language::Telugu, "అ౬౭౿€", &[0x03, 0x1B, 0x22, 0x1B, 0x23, 0x1B, 0x32, 0x1B, 0x65]),
        (Language::Urdu, "اے۱۔", &[0x00, 0x5B, 0x1B, 0x1D, 0x1B, 0x3F]),
    ] {
        check(national(Some(language), Some(language)), text, body);
    }
}

/// Every defined code of every pair of like tables decodes to a character that encodes back to it, unless the
/// table holds the character twice.
#[test]
fn every_table_is_exact_both_ways() {
    let mut shifts: Vec<Alphabet> =
        Language::ALL.map(|language| national(Some(language), Some(language))).to_vec();
    shifts.push(Alphabet::Gsm7);
    for alphabet in shifts {
        let mut seen: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
        for code in (0..0x80_u8).filter(|code| *code != 0x1B) {
            for body in [vec![code], vec![0x1B, code]] {
                let decoded = decode_alphabet(&body, alphabet);
                if !decoded.lossy {
                    seen.entry(decoded.text).or_default().push(body);
                }
            }
        }
        for (text, bodies) in seen {
            let encoded = encode(&text, alphabet).unwrap();
            assert_eq!(
                Some(&encoded),
                bodies.iter().min_by_key(|body| (body.len(), (*body).clone())),
                "{text:?}"
            );
        }
    }
}

/// Number of characters in each locking and single shift table, so that a lost or added code shows.
#[test]
fn tables_are_of_the_known_size() {
    let size = |shift: NationalShift, escaped: bool| {
        (0..0x80_u8)
            .filter(|code| {
                *code != 0x1B
                    && if escaped { shift.single_character(*code) } else { shift.locking_character(*code) }
                        .is_some()
            })
            .count()
    };
    for (language, locking, single) in [
        (Language::Turkish, 127, 17),
        (Language::Spanish, 127, 19),
        (Language::Portuguese, 127, 37),
        (Language::Bengali, 114, 82),
        (Language::Gujarati, 120, 70),
        (Language::Hindi, 127, 88),
        (Language::Kannada, 120, 73),
        (Language::Malayalam, 120, 82),
        (Language::Oriya, 116, 75),
        (Language::Punjabi, 110, 76),
        (Language::Tamil, 102, 77),
        (Language::Telugu, 120, 78),
        (Language::Urdu, 127, 90),
    ] {
        let shift = NationalShift::new(Some(language), Some(language));
        assert_eq!((size(shift, false), size(shift, true)), (locking, single), "{language:?}");
    }
}

#[test]
fn languages_by_identifier() {
    for (identifier, language) in (1..).zip(Language::ALL) {
        assert_eq!(Language::from_identifier(identifier), Some(language));
        assert_eq!(language.identifier(), identifier);
        assert_eq!(language.has_locking_table(), language != Language::Spanish);
    }
    for reserved in [0, 14, 255] {
        assert_eq!(Language::from_identifier(reserved), None);
    }
    let spanish = NationalShift::new(Some(Language::Spanish), Some(Language::Spanish));
    assert_eq!(
        (spanish.locking(), spanish.single(), spanish.element_octets()),
        (None, Some(Language::Spanish), 3)
    );
}

#[test]
fn other_alphabets() {
    check(Alphabet::Ucs2, "aЖ😀", &[0, 0x61, 0x04, 0x16, 0xD8, 0x3D, 0xDE, 0x00]);
    check(Alphabet::Latin1, "é§\u{80}`", &[0xE9, 0xA7, 0x80, 0x60]);
    check(Alphabet::Ascii, "a`~", b"a`~");
    check(Alphabet::Cyrillic, "ЁЖяё№§џ\u{A0}\u{AD}", &[0xA1, 0xB6, 0xEF, 0xF1, 0xF0, 0xFD, 0xFF, 0xA0, 0xAD]);
    check(Alphabet::Hebrew, "את×÷‗", &[0xE0, 0xFA, 0xAA, 0xBA, 0xDF]);
    for (alphabet, body, text) in [
        (Alphabet::Ucs2, &[0xD8, 0x3D][..], "\u{FFFD}"),
        (Alphabet::Ucs2, &[0xDE, 0x00, 0, 0x61], "\u{FFFD}a"),
        (Alphabet::Ucs2, &[0, 0x61, 0], "a\u{FFFD}"),
        (Alphabet::Ascii, &[0x61, 0xE9], "a\u{FFFD}"),
        (Alphabet::Hebrew, &[0xA1, 0xFF], "\u{FFFD}\u{FFFD}"),
    ] {
        let decoded = decode_alphabet(body, alphabet);
        assert_eq!((decoded.text.as_str(), decoded.lossy), (text, true), "{body:02X?}");
    }
    for (alphabet, missing) in
        [(Alphabet::Ascii, 'é'), (Alphabet::Latin1, '€'), (Alphabet::Cyrillic, 'é'), (Alphabet::Hebrew, 'é')]
    {
        assert_eq!(alphabet.units_of(missing), None);
    }
}

fn any_alphabet() -> impl Strategy<Value = Alphabet> {
    let language = || prop::option::of(prop::sample::select(Language::ALL.to_vec()));
    prop_oneof![
        Just(Alphabet::Gsm7),
        Just(Alphabet::Ucs2),
        Just(Alphabet::Ascii),
        Just(Alphabet::Latin1),
        Just(Alphabet::Cyrillic),
        Just(Alphabet::Hebrew),
        Just(Alphabet::Octets),
        (language(), language()).prop_map(|(locking, single)| national(locking, single)),
    ]
}

proptest! {
    #[test]
    fn decoding_undoes_encoding(alphabet in any_alphabet(), wild in any::<String>(), codes: Vec<u8>) {
        // Random text is rarely encodable, so most of it is made by decoding.
        for text in [wild, decode_alphabet(&codes, alphabet).text] {
            let text: String = text.chars().filter(|c| alphabet.units_of(*c).is_some()).collect();
            let decoded = decode_alphabet(&encode(&text, alphabet).unwrap(), alphabet);
            prop_assert_eq!(decoded.text, text);
            prop_assert!(!decoded.lossy);
        }
    }

    #[test]
    fn units_are_those_of_the_encoded_text(alphabet in any_alphabet(), text in any::<String>()) {
        for character in text.chars() {
            let encoded = encode(&character.to_string(), alphabet).ok();
            let units = encoded.map(|body| body.len() / alphabet.unit_octets());
            prop_assert_eq!(alphabet.units_of(character), units);
        }
    }

    #[test]
    fn any_octets_decode(alphabet in any_alphabet(), octets: Vec<u8>) {
        let decoded = decode_alphabet(&octets, alphabet);
        prop_assert_eq!(decoded.text.is_empty(), octets.is_empty());
    }
}
