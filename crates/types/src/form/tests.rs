//! Forms by content and channel: what is decided is what can be carried out, and as often as counted.

use gsm_text::{Alphabet, Concatenation, SplitOptions};

use super::{
    CarrierAlphabet, Encoding, Fit, Form, Joined, Joining, Manner, Piece, Rendering, Unfit, fit, octet_parts,
    sent_content, user_data,
};
use crate::message::{Content, OctetContent};

const JOININGS: [Joining; 5] =
    [Joining::Udh8, Joining::Udh16, Joining::Sar, Joining::Payload, Joining::Whole];
const ALPHABETS: [CarrierAlphabet; 3] =
    [CarrierAlphabet::Gsm7, CarrierAlphabet::Latin1, CarrierAlphabet::Ucs2];

fn manner(joining: Joining, alphabet: CarrierAlphabet) -> Manner {
    Manner { joining, alphabet, octets: true }
}

fn text(text: &str) -> Content {
    Content::Text(text.to_owned())
}

fn octets(data_coding: u8, payload: Vec<u8>) -> OctetContent {
    OctetContent { data_coding, payload, ..OctetContent::default() }
}

#[test]
fn texts_by_joining_and_alphabet() {
    use CarrierAlphabet as A;
    use Encoding as E;
    use Joined as D;
    use Joining as J;
    let long = "a".repeat(200);
    // 306 septets are two parts by 8-bit and three by 16-bit references.
    let tight = "b".repeat(306);
    let euro = format!("€{}", "a".repeat(100));
    let cases = [
        (J::Udh8, A::Gsm7, "hello", Some((0, E::Gsm7, D::None, 1))),
        (J::Udh8, A::Gsm7, "пока", Some((8, E::Ucs2, D::None, 1))),
        (J::Udh8, A::Gsm7, &long, Some((0, E::Gsm7, D::Udh8, 2))),
        (J::Udh16, A::Gsm7, &long, Some((0, E::Gsm7, D::Udh16, 2))),
        (J::Udh16, A::Gsm7, &tight, None),
        (J::Sar, A::Gsm7, &tight, Some((0, E::Gsm7, D::Sar, 2))),
        (J::Payload, A::Gsm7, &tight, Some((0, E::Gsm7, D::Payload, 2))),
        (J::Whole, A::Gsm7, &tight, Some((0, E::Utf8, D::Whole, 2))),
        (J::Whole, A::Gsm7, "hi", Some((0, E::Utf8, D::Whole, 1))),
        (J::Udh8, A::Latin1, "é@[", Some((0, E::Latin1, D::None, 1))),
        (J::Udh8, A::Latin1, "10 €", Some((8, E::Ucs2, D::None, 1))),
        (J::Udh8, A::Latin1, &euro, None),
        (J::Udh8, A::Latin1, &long, Some((0, E::Latin1, D::Udh8, 2))),
        (J::Udh8, A::Ucs2, "hello", Some((3, E::Latin1, D::None, 1))),
        (J::Udh8, A::Ucs2, "пока", Some((8, E::Ucs2, D::None, 1))),
    ];
    for (joining, alphabet, content, expected) in cases {
        let found = fit(&text(content), &manner(joining, alphabet), 0x1234);
        let seen = found.map(|fit| (fit.form.data_coding, fit.form.encoding, fit.form.joined, fit.parts));
        assert_eq!(seen, expected, "{joining:?} {alphabet:?} {}", content.len());
        assert!(found.is_none_or(|fit| fit.form.rendering == Rendering::AsReceived));
    }
}

/// What is decided can be carried out, in as many requests as it says.
#[test]
fn forms_are_carried_out_as_they_were_decided() {
    let texts = ["", "x", "{}[]€", "пока", "Zażółć", "😀"];
    for (seed, times) in (0..).zip([1, 30, 66, 67, 70, 71, 100, 152, 153, 160, 161, 305, 306, 400]) {
        for pattern in texts {
            let long = format!("{pattern}{}", "a".repeat(seed)).repeat(times);
            let contents = [text(&long), Content::Octets(octets(0, vec![0x41; long.len()]))];
            for content in &contents {
                for manner in JOININGS.iter().flat_map(|j| ALPHABETS.map(|alphabet| manner(*j, alphabet))) {
                    let Some(fit) = fit(content, &manner, 0xBEEF) else { continue };
                    let pieces = user_data(content, &fit.form).unwrap();
                    let expected = usize::from(fit.form.requests(fit.parts));
                    assert_eq!(pieces.len(), expected, "{manner:?} {fit:?}");
                    let total = u8::try_from(expected).unwrap();
                    assert!((1..).zip(&pieces).all(|(n, piece)| (piece.number, piece.total) == (n, total)));
                }
            }
        }
    }
}

#[test]
fn pieces_are_those_of_the_splitter() {
    let content = text(&"Ä{".repeat(120));
    let fit_of = |joining| fit(&content, &manner(joining, CarrierAlphabet::Gsm7), 0x1234).unwrap();
    for (joining, concatenation) in [
        (Joining::Udh8, Concatenation::Udh8),
        (Joining::Udh16, Concatenation::Udh16),
        (Joining::Sar, Concatenation::SarTlv),
        (Joining::Payload, Concatenation::Payload),
    ] {
        let pieces = user_data(&content, &fit_of(joining).form).unwrap();
        let options = SplitOptions { concatenation, reference: 0x1234, ..SplitOptions::default() };
        let split = gsm_text::split(&"Ä{".repeat(120), &options).unwrap();
        let expected: Vec<_> = split.parts.iter().map(gsm_text::Part::user_data).collect();
        assert_eq!(pieces.into_iter().map(|piece| piece.octets).collect::<Vec<_>>(), expected, "{joining:?}");
    }
    let latin = fit(&text("@é£["), &manner(Joining::Udh8, CarrierAlphabet::Latin1), 0).unwrap();
    let pieces = user_data(&text("@é£["), &latin.form).unwrap();
    assert_eq!(pieces, [Piece { number: 1, total: 1, has_header: false, octets: b"@\xE9\xA3[".to_vec() }]);
}

#[test]
fn octets_are_passed_on_divided_or_written_anew() {
    use CarrierAlphabet as A;
    let header = OctetContent { has_header: true, ..octets(0xF5, vec![6, 5, 4, 1, 2, 3, 4, 9, 9]) };
    let segment = OctetContent { tlvs: vec![0x02, 0x0E, 0, 1, 3], ..octets(0, vec![0x41; 150]) };
    let alone = OctetContent { tlvs: vec![0x02, 0x0E, 0, 1, 1], ..octets(0, vec![0x41; 150]) };
    let broken = OctetContent { has_header: true, ..octets(4, vec![200, 1]) };
    let long = octets(8, [4, 0x10].repeat(100));
    let odd = octets(0, vec![0x41, 0xFF]);
    let cases = [
        (&header, A::Gsm7, Some((0xF5, Encoding::Octets, Joined::Own, 1))),
        (&segment, A::Gsm7, Some((0, Encoding::Octets, Joined::Own, 1))),
        (&segment, A::Latin1, Some((0, Encoding::Latin1, Joined::Own, 1))),
        (&alone, A::Gsm7, Some((0, Encoding::Octets, Joined::None, 1))),
        (&broken, A::Gsm7, None),
        (&long, A::Gsm7, Some((8, Encoding::Octets, Joined::Udh8, 2))),
        (&odd, A::Gsm7, Some((0, Encoding::Octets, Joined::None, 1))),
        (&octets(0, vec![0x00, 0x05]), A::Latin1, Some((0, Encoding::Latin1, Joined::None, 1))),
    ];
    for (content, alphabet, expected) in cases {
        let content = Content::Octets(content.clone());
        let found = fit(&content, &manner(Joining::Udh8, alphabet), 7);
        let seen = found.map(|fit| (fit.form.data_coding, fit.form.encoding, fit.form.joined, fit.parts));
        assert_eq!(seen, expected, "{content:?} {alphabet:?}");
        assert!(found.is_none_or(|fit| sent_content(&content, &fit.form).is_none()));
    }
    let whole = Manner { octets: false, ..manner(Joining::Whole, A::Gsm7) };
    assert_eq!(fit(&Content::Octets(header.clone()), &whole, 0), None);
    assert_eq!(octet_parts(&header), Some(1));
}

#[test]
fn replaced_characters_are_told_and_kept() {
    let content = Content::Octets(octets(0, vec![0x41, 0xFF]));
    let fit = fit(&content, &manner(Joining::Udh8, CarrierAlphabet::Latin1), 7).unwrap();
    assert_eq!(fit.form.rendering, Rendering::Transliterated);
    let sent = sent_content(&content, &fit.form).unwrap();
    assert_eq!(user_data(&sent, &fit.form), user_data(&content, &fit.form), "the kept content suffices");
}

#[test]
fn a_form_of_another_content_is_refused() {
    let one = fit(&text("hi"), &manner(Joining::Udh8, CarrierAlphabet::Gsm7), 0).unwrap();
    assert_eq!(user_data(&text(&"a".repeat(200)), &one.form), Err(Unfit));
    assert_eq!(user_data(&text("пока"), &one.form), Err(Unfit));
    let as_octets = Form { encoding: Encoding::Octets, ..one.form };
    assert_eq!(user_data(&text("hi"), &as_octets), Err(Unfit));
    let Fit { form, parts } = one;
    assert_eq!((form.requests(parts), gsm_text::count("hi").alphabet), (1, Alphabet::Gsm7));
}
