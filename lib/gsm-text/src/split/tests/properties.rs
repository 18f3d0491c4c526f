//! For any text: count and split agree, parts fit, and no character is cut.

use crate::data_coding::decode_alphabet;
use crate::split::{
    Alphabet, Concatenation, Language, Part, SplitOptions, count, count_body, count_in, count_with, split,
    split_body,
};
use crate::udh::{Concatenated, Udh};
use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

/// Texts that are short and long, in and out of the alphabet, and dense with pairs.
fn any_text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        6 => prop::sample::select("abc XYZ019@§àΩ\n".chars().collect::<Vec<_>>()),
        3 => prop::sample::select("€[]{}^~|\\\u{0C}".chars().collect::<Vec<_>>()),
    ];
    let wide = prop_oneof![
        4 => prop::sample::select("aжçğ`नமش€[".chars().collect::<Vec<_>>()),
        3 => prop::sample::select("😀👩🏽𝄞".chars().collect::<Vec<_>>()),
        1 => any::<char>(),
    ];
    let turkish = prop::sample::select("abcğĞşıİç€[ ".chars().collect::<Vec<_>>());
    prop_oneof![
        prop::collection::vec(character, 0..700),
        prop::collection::vec(wide, 0..400),
        prop::collection::vec(turkish, 0..400),
    ]
    .prop_map(|characters| characters.into_iter().collect())
}

fn any_form() -> impl Strategy<Value = Concatenation> {
    prop::sample::select(vec![
        Concatenation::Udh8,
        Concatenation::Udh16,
        Concatenation::SarTlv,
        Concatenation::Payload,
    ])
}

fn last_room(part: &Part, alphabet: Alphabet) -> usize {
    let octets = 140 - part.header.len();
    (if alphabet.is_septets() { octets * 8 / 7 } else { octets / alphabet.unit_octets() }) - part.units
}

proptest! {
    #[test]
    fn count_equals_the_split_with_an_8_bit_header(text in any_text(), turkish: bool) {
        let national: &[Language] = if turkish { &[Language::Turkish] } else { &[] };
        let counted = count_with(&text, national);
        let split = split(&text, &SplitOptions { national, ..SplitOptions::default() }).unwrap();
        prop_assert_eq!(counted.alphabet, split.alphabet);
        prop_assert_eq!(counted.parts, split.parts.len());
        prop_assert_eq!(counted.parts, usize::from(split.billed_parts));
        prop_assert_eq!(counted.units, split.parts.iter().map(|part| part.units).sum::<usize>());
        prop_assert_eq!(counted.units_left_in_last, last_room(split.parts.last().unwrap(), split.alphabet));
        prop_assert_eq!(count_in(&text, counted.alphabet), Ok(counted));
        if !turkish {
            prop_assert_eq!(count(&text), counted);
        }
    }

    #[test]
    fn parts_fit_and_hold_whole_characters(text in any_text(), form in any_form(), reference: u16) {
        let options = SplitOptions {
            concatenation: form,
            reference,
            national: &[Language::Turkish, Language::Portuguese],
            ..SplitOptions::default()
        };
        let split = split(&text, &options).unwrap();
        let mut joined = String::new();
        for (number, part) in (1..).zip(&split.parts) {
            if form != Concatenation::Payload {
                prop_assert!(part.packed_octets(split.alphabet) <= 140);
            }
            prop_assert_eq!(part.user_data().len(), part.header.len() + part.body.len());
            // A cut pair would be read with a loss.
            let decoded = decode_alphabet(&part.body, split.alphabet);
            prop_assert!(!decoded.lossy);
            joined.push_str(&decoded.text);
            let total = part.total;
            prop_assert_eq!((part.number, usize::from(total)), (number, split.parts.len()));
            if !part.header.is_empty() {
                let header = Udh::parse(&part.header).unwrap();
                prop_assert_eq!(header.octets(), &part.header);
                prop_assert_eq!(header.national_shift(), split.alphabet.national());
                let wide = split.concatenation == Concatenation::Udh16;
                let reference = if wide { reference } else { reference & 0xFF };
                let place = (total > 1).then_some(Concatenated { reference, total, number, wide });
                prop_assert_eq!(header.concatenation(), place);
            }
        }
        prop_assert_eq!(joined, text.clone());
        prop_assert_eq!(usize::from(split.billed_parts), count_with(&text, options.national).parts);
    }

    #[test]
    fn any_body_is_divided(
        body in prop::collection::vec(prop_oneof![any::<u8>(), 0x1A_u8..0x1C, 0xD8_u8..0xE0], 0..900),
        header_octets in 0_usize..160,
        septets: bool,
    ) {
        let alphabet = if septets { Alphabet::Gsm7 } else { Alphabet::Ucs2 };
        let split = split_body(&body, alphabet, &SplitOptions::default()).unwrap();
        let bodies: Vec<&[u8]> = split.parts.iter().map(|part| part.body.as_slice()).collect();
        prop_assert_eq!(bodies.concat(), body.clone());
        prop_assert_eq!(count_body(&body, alphabet, 0).parts, split.parts.len());
        prop_assert!(count_body(&body, alphabet, header_octets).parts >= split.parts.len());
    }
}
