//! Text of short messages: decoding by data coding, and dividing into parts.

use gsm_text::{
    Alphabet, Concatenation, DataCoding, Language, NationalShift, SplitOptions, count, count_body, count_in,
    count_with, decode, decode_alphabet, encode, split, substitute,
};

use super::{Target, outcome, roughly};

/// Octets in any coding.
pub(super) const DECODE: Target = Target {
    name: "decode",
    about: "octets in every data coding: reading, writing again",
    make: || Box::new(check_decode),
    words: &[b"\x1B\x65", b"\x1B\x1B", b"\xD8\x3D\xDE\0", b"\x08\0", b"\xF0\0"],
    limit: 8_192,
    octets_base: 8 * 1024,
    octets_per_octet: 64,
};

/// A text that is divided into parts.
pub(super) const SPLIT: Target = Target {
    name: "split",
    about: "dividing a text: count, parts and their octets agree",
    make: || Box::new(check_split),
    words: &[
        "€".as_bytes(),
        "😀".as_bytes(),
        "ğ".as_bytes(),
        "नमस्ते".as_bytes(),
        b"[",
        b"\x1B",
        "’".as_bytes(),
    ],
    limit: 50_000,
    octets_base: 64 * 1024,
    octets_per_octet: 256,
};

/// The first octet is the data coding, the second names national tables.
fn check_decode(input: &[u8]) -> u64 {
    let [coding, tables, body @ ..] = input else { return 0 };
    let coding = DataCoding::from_octet(*coding);
    let shift =
        NationalShift::new(Language::from_identifier(tables & 0x0F), Language::from_identifier(tables >> 4));
    let decoded = decode(coding, Alphabet::Gsm7, body, shift);
    assert!(decoded.text.len() <= 4 * body.len(), "a text grows out of its octets");
    assert_eq!(decoded.text.is_empty(), body.is_empty());
    let Some(alphabet) = coding.alphabet(Alphabet::Gsm7) else {
        assert!(decoded.lossy || body.is_empty());
        return outcome((coding.octet(), "unread"));
    };
    let alphabet = if alphabet == Alphabet::Gsm7 { Alphabet::Gsm7National(shift) } else { alphabet };
    let encoded = encode(&decoded.text, alphabet);
    if !decoded.lossy {
        let encoded = encoded.expect("what was read can be written");
        assert!(encoded.len() <= body.len(), "the written form is the shortest");
        let again = decode_alphabet(&encoded, alphabet);
        assert_eq!((again.text.as_str(), again.lossy), (decoded.text.as_str(), false));
        assert!(alphabet.is_septets() || encoded == body, "these codings have one form only");
        let counted = count_in(&decoded.text, alphabet).expect("it can be written");
        assert_eq!(counted.units * alphabet.unit_octets(), encoded.len());
    }
    let parts = count_body(body, alphabet, usize::from(*tables)).parts;
    assert!(parts >= 1 && parts <= body.len().max(1));
    outcome((coding.octet(), decoded.lossy, alphabet.is_septets(), roughly(parts)))
}

/// The first octet chooses how parts are tied together.
fn check_split(input: &[u8]) -> u64 {
    let [choice, text @ ..] = input else { return 0 };
    let text = String::from_utf8_lossy(text);
    check_substitution(&text);
    let concatenation = match choice % 4 {
        0 => Concatenation::Udh8,
        1 => Concatenation::Udh16,
        2 => Concatenation::SarTlv,
        _ => Concatenation::Payload,
    };
    let national: &[Language] = if choice & 0x10 == 0 { &[] } else { &[Language::Turkish, Language::Hindi] };
    let counted = count_with(&text, national);
    assert!(counted.parts <= count(&text).parts, "national tables save parts or are not used");
    let options = SplitOptions { concatenation, national, reference: 0x1234, ..SplitOptions::default() };
    let divided = match split(&text, &options) {
        Ok(divided) => divided,
        Err(error) => {
            assert!(counted.parts > 250, "{error}");
            return outcome(error.code());
        }
    };
    assert_eq!((divided.alphabet, usize::from(divided.billed_parts)), (counted.alphabet, counted.parts));
    let whole = encode(&text, divided.alphabet).expect("it was divided");
    let joined: Vec<u8> = divided.parts.iter().flat_map(|part| part.body.clone()).collect();
    assert_eq!(joined, whole, "the parts together are the text");
    let mut back = String::new();
    for (number, part) in (1_usize..).zip(&divided.parts) {
        assert_eq!((usize::from(part.number), usize::from(part.total)), (number, divided.parts.len()));
        let fits = part.packed_octets(divided.alphabet) <= gsm_text::USER_DATA_OCTETS_MAX;
        assert!(fits || concatenation == Concatenation::Payload, "a part does not fit into a message");
        let read = decode_alphabet(&part.body, divided.alphabet);
        assert!(!read.lossy, "a cut goes through a character");
        back.push_str(&read.text);
    }
    assert_eq!(back, text, "what arrives is what was sent");
    let tied = divided.concatenation;
    outcome((roughly(divided.parts.len()), divided.alphabet.is_septets(), divided.alphabet.national(), tied))
}

fn check_substitution(text: &str) {
    let substituted = substitute(text);
    assert!(substitute(&substituted.text).changes.is_empty(), "replacing again changes something");
    assert!(count(&substituted.text).parts <= count(text).parts.max(1) * 3);
}
