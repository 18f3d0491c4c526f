//! The known sizes, the forms of concatenation, the limits, and pairs on every boundary.

use super::{
    Alphabet, Concatenation, InformationElement, Language, NationalShift, PartCount, Split, SplitError,
    SplitOptions, count, count_body, count_in, count_octets, count_with, smallest_alphabet, split,
    split_body,
};
use crate::udh::Udh;

mod properties;

fn by(concatenation: Concatenation) -> SplitOptions<'static> {
    SplitOptions { concatenation, reference: 0xABCD, ..SplitOptions::default() }
}

fn units_of_parts(split: &Split) -> Vec<usize> {
    split.parts.iter().map(|part| part.units).collect()
}

#[test]
fn known_sizes() {
    let text = |pieces: &[(&str, usize)]| {
        pieces.iter().map(|(piece, times)| piece.repeat(*times)).collect::<String>()
    };
    for (pieces, alphabet, total, left, units) in [
        (&[("", 1)][..], Alphabet::Gsm7, 0, 160, &[0][..]),
        (&[("a", 1)], Alphabet::Gsm7, 1, 159, &[1]),
        (&[("a", 160)], Alphabet::Gsm7, 160, 0, &[160]),
        (&[("a", 161)], Alphabet::Gsm7, 161, 145, &[153, 8]),
        (&[("a", 306)], Alphabet::Gsm7, 306, 0, &[153, 153]),
        (&[("a", 307)], Alphabet::Gsm7, 307, 152, &[153, 153, 1]),
        (&[("€", 1)], Alphabet::Gsm7, 2, 158, &[2]),
        (&[("€", 80)], Alphabet::Gsm7, 160, 0, &[160]),
        (&[("€", 81)], Alphabet::Gsm7, 162, 143, &[152, 10]),
        (&[("a", 159), ("€", 1)], Alphabet::Gsm7, 161, 145, &[153, 8]),
        // The escape pair at septets 153 and 154 moves to the next part and leaves a septet unused.
        (&[("a", 152), ("€", 1), ("a", 10)], Alphabet::Gsm7, 164, 141, &[152, 12]),
        // Each part loses a septet, and by that the message needs a third part.
        (&[("€", 153)], Alphabet::Gsm7, 306, 151, &[152, 152, 2]),
        (&[("ж", 70)], Alphabet::Ucs2, 70, 0, &[70]),
        (&[("ж", 71)], Alphabet::Ucs2, 71, 63, &[67, 4]),
        (&[("ж", 134)], Alphabet::Ucs2, 134, 0, &[67, 67]),
        (&[("ж", 135)], Alphabet::Ucs2, 135, 66, &[67, 67, 1]),
        (&[("😀", 35)], Alphabet::Ucs2, 70, 0, &[70]),
        (&[("😀", 36)], Alphabet::Ucs2, 72, 61, &[66, 6]),
        // A surrogate pair at units 67 and 68 moves whole.
        (&[("ж", 66), ("😀", 1), ("ж", 3)], Alphabet::Ucs2, 71, 62, &[66, 5]),
        (&[("ж", 65), ("😀", 1), ("ж", 4)], Alphabet::Ucs2, 71, 63, &[67, 4]),
        // One character outside the alphabet makes the whole message UCS-2.
        (&[("a", 70), ("`", 1)], Alphabet::Ucs2, 71, 63, &[67, 4]),
    ] {
        let text = text(pieces);
        let counted = count(&text);
        let expected = PartCount { alphabet, parts: units.len(), units: total, units_left_in_last: left };
        assert_eq!(counted, expected, "{pieces:?}");
        for form in [Concatenation::Udh8, Concatenation::SarTlv] {
            let split = split(&text, &by(form)).unwrap();
            assert_eq!(units_of_parts(&split), units, "{pieces:?} {form:?}");
            assert_eq!(usize::from(split.billed_parts), units.len());
        }
    }
}

#[test]
fn forms_of_concatenation() {
    let text = "a".repeat(306);
    for (form, headers, units) in [
        (Concatenation::Udh8, &[&[5, 0, 3, 0xCD, 2, 1][..], &[5, 0, 3, 0xCD, 2, 2]][..], &[153, 153][..]),
        (
            Concatenation::Udh16,
            &[&[6, 8, 4, 0xAB, 0xCD, 3, 1], &[6, 8, 4, 0xAB, 0xCD, 3, 2], &[6, 8, 4, 0xAB, 0xCD, 3, 3]],
            &[152, 152, 2],
        ),
        (Concatenation::SarTlv, &[&[], &[]], &[153, 153]),
        (Concatenation::Payload, &[&[]], &[306]),
    ] {
        let split = split(&text, &by(form)).unwrap();
        let found: Vec<&[u8]> = split.parts.iter().map(|part| part.header.as_slice()).collect();
        assert_eq!(found, headers, "{form:?}");
        assert_eq!(units_of_parts(&split), units, "{form:?}");
        assert_eq!((split.billed_parts, split.reference, split.concatenation), (2, 0xABCD, form));
        let numbers: Vec<_> = split.parts.iter().map(|part| (part.number, usize::from(part.total))).collect();
        assert_eq!(numbers, (1..).zip(units.iter().map(|_| units.len())).collect::<Vec<_>>());
    }
    let ucs2 = split(&"ж".repeat(134), &by(Concatenation::Udh16)).unwrap();
    assert_eq!((units_of_parts(&ucs2), ucs2.billed_parts), (vec![66, 66, 2], 2));
    assert_eq!(ucs2.data_coding().octet(), 8);
    // A message of one part has no header, whatever the form.
    for form in [Concatenation::Udh8, Concatenation::Udh16, Concatenation::SarTlv, Concatenation::Payload] {
        let split = split(&"a".repeat(160), &by(form)).unwrap();
        assert_eq!((split.parts.len(), split.parts[0].header.len()), (1, 0));
        assert_eq!(split.parts[0].packed_octets(split.alphabet), 140);
    }
}

#[test]
fn limits_of_parts() {
    let options = |max_parts| SplitOptions { max_parts, ..SplitOptions::default() };
    for (septets, max_parts, expected) in [
        (255 * 153, 255, Ok(255)),
        (255 * 153 + 1, 255, Err(SplitError::TooManyParts { needed: 256, limit: 255 })),
        (1530, 10, Ok(10)),
        (1531, 10, Err(SplitError::TooManyParts { needed: 11, limit: 10 })),
        (0, 0, Err(SplitError::TooManyParts { needed: 1, limit: 0 })),
    ] {
        let text = "a".repeat(septets);
        assert_eq!(split(&text, &options(max_parts)).map(|split| split.parts.len()), expected, "{septets}");
        let payload = SplitOptions { concatenation: Concatenation::Payload, ..options(max_parts) };
        assert_eq!(
            split(&text, &payload).map(|split| usize::from(split.billed_parts)),
            expected,
            "{septets}"
        );
    }
    assert_eq!(count(&"a".repeat(255 * 153 + 1)).parts, 256);
    // What is billed fits, but the 16-bit form would need a part too many.
    let error = split(&"a".repeat(255 * 153), &by(Concatenation::Udh16)).unwrap_err();
    assert_eq!(
        (error, error.code()),
        (SplitError::TooManyParts { needed: 257, limit: 255 }, "too_many_parts")
    );
}

#[test]
fn a_fixed_alphabet_is_kept_or_refused() {
    let options = |alphabet| SplitOptions { alphabet: Some(alphabet), ..SplitOptions::default() };
    for (text, alphabet, expected) in [
        ("abc", Alphabet::Ucs2, Ok(3)),
        ("aé", Alphabet::Latin1, Ok(2)),
        ("a€", Alphabet::Latin1, Err("text_not_encodable")),
        ("a`", Alphabet::Gsm7, Err("text_not_encodable")),
    ] {
        let found = split(text, &options(alphabet));
        let found = found.map(|split| split.parts[0].units).map_err(|error| error.code());
        assert_eq!(found, expected, "{text}");
        assert_eq!(count_in(text, alphabet).ok().map(|count| count.units), expected.ok(), "{text}");
    }
}

#[test]
fn national_tables_are_used_where_they_save_parts() {
    use Language::{Hindi, Portuguese, Spanish, Turkish};
    let national = |locking, single| Alphabet::Gsm7National(NationalShift::new(locking, single));
    for (text, languages, alphabet, units) in [
        ("ğ".repeat(71), &[][..], Alphabet::Ucs2, &[67, 4][..]),
        ("ğ".repeat(70), &[Turkish], Alphabet::Ucs2, &[70]),
        // One table in the header leaves 155 septets, or 149 in each of several parts.
        ("ğ".repeat(155), &[Turkish], national(Some(Turkish), None), &[155]),
        ("ğ".repeat(156), &[Turkish], national(Some(Turkish), None), &[149, 7]),
        ("a".repeat(140) + "ğ", &[Spanish, Turkish], national(Some(Turkish), None), &[141]),
        ("a".repeat(140) + "ú", &[Spanish, Turkish], national(None, Some(Spanish)), &[142]),
        // Two tables leave 152, or 146 in each of several parts.
        ("म".repeat(142) + "।।।।।", &[Hindi], national(Some(Hindi), Some(Hindi)), &[152]),
        ("म".repeat(143) + "।।।।।", &[Hindi], national(Some(Hindi), Some(Hindi)), &[145, 8]),
        // The default alphabet wins where it holds the text.
        ("€".repeat(81), &[Turkish, Portuguese], Alphabet::Gsm7, &[152, 10]),
        ("😀".repeat(36), &[Turkish], Alphabet::Ucs2, &[66, 6]),
    ] {
        assert_eq!(smallest_alphabet(&text, languages), alphabet, "{text}");
        let options = SplitOptions { national: languages, ..SplitOptions::default() };
        let split = split(&text, &options).unwrap();
        assert_eq!((split.alphabet, units_of_parts(&split)), (alphabet, units.to_vec()), "{text}");
        assert_eq!(count_with(&text, languages).parts, units.len());
        for part in &split.parts {
            let header = if part.header.is_empty() { None } else { Some(Udh::parse(&part.header).unwrap()) };
            let shift = header.map_or(NationalShift::NONE, |header| header.national_shift());
            assert_eq!(shift, alphabet.national());
            assert!(part.packed_octets(split.alphabet) <= 140);
        }
    }
}

#[test]
fn a_header_replaces_sar_parameters() {
    let options = SplitOptions { national: &[Language::Turkish], ..by(Concatenation::SarTlv) };
    let several = split(&"ğ".repeat(156), &options).unwrap();
    assert_eq!(several.concatenation, Concatenation::Udh8);
    assert_eq!(several.parts[1].header, [8, 0, 3, 0xCD, 2, 2, 0x25, 1, 1]);
    let payload = SplitOptions { concatenation: Concatenation::Payload, ..options };
    let payload = split(&"ğ".repeat(156), &payload).unwrap();
    assert_eq!((payload.parts[0].header.as_slice(), payload.billed_parts), (&[3, 0x25, 1, 1][..], 2));
}

#[test]
fn further_elements_are_repeated_and_take_room() {
    let ports = [InformationElement { identifier: 5, data: &[0x0B, 0x84, 0x23, 0xF0] }];
    let options = SplitOptions { elements: &ports, ..by(Concatenation::Udh8) };
    for (len, sizes) in [(133, &[133][..]), (134, &[128, 6])] {
        let split = split_body(&vec![7; len], Alphabet::Octets, &options).unwrap();
        assert_eq!(units_of_parts(&split), sizes, "{len}");
        for part in &split.parts {
            assert_eq!(Udh::parse(&part.header).unwrap().ports().map(|ports| ports.destination), Some(2948));
        }
        assert_eq!(count_octets(len, 7).parts, sizes.len());
        assert_eq!(count_body(&vec![7; len], Alphabet::Octets, 7).parts, sizes.len());
    }
    let huge = [InformationElement { identifier: 0x70, data: &[0; 200] }];
    let options = SplitOptions { elements: &huge, ..SplitOptions::default() };
    assert_eq!(split("a", &options), Err(SplitError::NoRoom));
}

#[test]
fn binary_sizes() {
    for (len, header_octets, parts, left) in [
        (0, 0, 1, 140),
        (140, 0, 1, 0),
        (141, 0, 2, 127),
        (268, 0, 2, 0),
        (269, 0, 3, 133),
        (134, 6, 1, 0),
        (135, 6, 2, 123),
        (1, 300, 1, 1),
    ] {
        let counted = count_octets(len, header_octets);
        assert_eq!(
            (counted.parts, counted.units_left_in_last),
            (parts, left),
            "{len} beside {header_octets}"
        );
        assert_eq!(count_body(&vec![0x1B; len], Alphabet::Octets, header_octets), counted);
    }
}

#[test]
fn ready_bodies_count_by_their_own_header() {
    for (septets, header_octets, parts) in [
        (160, 0, 1),
        (161, 0, 2),
        (153, 6, 1),
        (154, 6, 2),
        (152, 7, 1),
        (153, 7, 2),
        (155, 4, 1),
        (156, 4, 2),
    ] {
        let counted = count_body(&vec![0x61; septets], Alphabet::Gsm7, header_octets);
        assert_eq!(counted.parts, parts, "{septets} septets beside {header_octets} octets");
    }
    // Escapes that pair with each other are not cut apart either.
    let escapes = [vec![0x61; 151], vec![0x1B; 20]].concat();
    assert_eq!(
        units_of_parts(&split_body(&escapes, Alphabet::Gsm7, &by(Concatenation::Udh8)).unwrap()),
        [153, 18]
    );
    let odd = [vec![0x61; 152], vec![0x1B; 20]].concat();
    assert_eq!(
        units_of_parts(&split_body(&odd, Alphabet::Gsm7, &by(Concatenation::Udh8)).unwrap()),
        [152, 20]
    );
}
