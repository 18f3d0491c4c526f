//! Headers as handsets and carriers send them, broken headers, and the writer against the reader.

use super::{Concatenated, InformationElement, Ports, Udh, UdhBuilder, UdhError, split_udh};
use crate::alphabet::{Language, NationalShift};
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

#[test]
fn concatenation() {
    let place = |reference, total, number, wide| Some(Concatenated { reference, total, number, wide });
    for (octets, expected) in [
        (&[5, 0, 3, 0xCC, 2, 1][..], place(0xCC, 2, 1, false)),
        (&[6, 8, 4, 0x12, 0x34, 255, 255], place(0x1234, 255, 255, true)),
        // After another element, before another element.
        (&[8, 0x24, 1, 1, 0, 3, 9, 2, 2], place(9, 2, 2, false)),
        (&[12, 0, 3, 9, 2, 2, 5, 4, 0x0B, 0x84, 0x23, 0xF0, 0], None),
        (&[11, 0, 3, 9, 2, 2, 5, 4, 0x0B, 0x84, 0x23, 0xF0], place(9, 2, 2, false)),
        // The last of several counts.
        (&[10, 0, 3, 1, 2, 1, 0, 3, 7, 2, 2], place(7, 2, 2, false)),
        // Numbers that make no sense, lengths that are wrong, no element at all.
        (&[5, 0, 3, 1, 0, 0], None),
        (&[5, 0, 3, 1, 2, 0], None),
        (&[5, 0, 3, 1, 2, 3], None),
        (&[6, 0, 4, 1, 2, 1, 0], None),
        (&[5, 8, 3, 1, 2, 1], None),
        (&[0], None),
    ] {
        let found = Udh::parse(octets).ok().and_then(|header| header.concatenation());
        assert_eq!(found, expected, "{octets:02X?}");
    }
}

#[test]
fn broken_headers() {
    for (octets, error) in [
        (&[][..], UdhError::Empty),
        (&[5, 0, 3, 1, 2], UdhError::Truncated { announced: 5, available: 4 }),
        (&[255], UdhError::Truncated { announced: 255, available: 0 }),
        (&[1, 0], UdhError::ElementTruncated { offset: 1 }),
        (&[4, 0, 3, 1, 2, 1], UdhError::ElementTruncated { offset: 1 }),
        (&[6, 0, 3, 1, 2, 1, 0x24], UdhError::ElementTruncated { offset: 6 }),
    ] {
        assert_eq!(split_udh(octets), Err(error), "{octets:02X?}");
        assert!(!error.code().is_empty() && !error.to_string().is_empty());
    }
}

#[test]
fn user_data_is_divided_and_unknown_elements_are_kept() {
    let user_data = [9, 0x70, 2, 0xAA, 0xBB, 0, 3, 1, 2, 1, 0x48, 0x69];
    let (header, rest) = split_udh(&user_data).unwrap();
    assert_eq!(rest, [0x48, 0x69]);
    assert_eq!(header.octets(), &user_data[..10]);
    let elements: Vec<_> = header.elements().map(|element| (element.identifier, element.data)).collect();
    assert_eq!(elements, [(0x70, &[0xAA, 0xBB][..]), (0, &[1, 2, 1])]);
}

#[test]
fn national_shifts_and_ports() {
    let shift = NationalShift::new;
    for (octets, national, ports) in [
        (&[3, 0x24, 1, 2][..], shift(None, Some(Language::Spanish)), None),
        (&[6, 0x24, 1, 1, 0x25, 1, 6], shift(Some(Language::Hindi), Some(Language::Turkish)), None),
        (&[3, 0x25, 1, 2], NationalShift::NONE, None),
        (&[3, 0x25, 1, 14], NationalShift::NONE, None),
        (&[4, 0x25, 2, 1, 1], NationalShift::NONE, None),
        (&[4, 4, 2, 240, 241], NationalShift::NONE, Some(Ports { destination: 240, source: 241 })),
        (
            &[6, 5, 4, 0x0B, 0x84, 0x23, 0xF0],
            NationalShift::NONE,
            Some(Ports { destination: 2948, source: 9200 }),
        ),
    ] {
        let header = Udh::parse(octets).unwrap();
        assert_eq!((header.national_shift(), header.ports()), (national, ports), "{octets:02X?}");
    }
}

#[test]
fn written_headers() {
    let place = |wide| Concatenated { reference: 0x1234, total: 3, number: 2, wide };
    let both = NationalShift::new(Some(Language::Turkish), Some(Language::Spanish));
    for (builder, octets) in [
        (Ok(UdhBuilder::new()), &[][..]),
        (UdhBuilder::new().concatenation(place(false)), &[5, 0, 3, 0x34, 3, 2]),
        (UdhBuilder::new().concatenation(place(true)), &[6, 8, 4, 0x12, 0x34, 3, 2]),
        (UdhBuilder::new().national(both), &[6, 0x24, 1, 2, 0x25, 1, 1]),
        (UdhBuilder::new().element(InformationElement { identifier: 0x70, data: &[] }), &[2, 0x70, 0]),
    ] {
        assert_eq!(builder.and_then(UdhBuilder::finish).as_deref(), Ok(octets));
    }
}

#[test]
fn a_header_leaves_room_for_text() {
    let element = |data| UdhBuilder::new().element(InformationElement { identifier: 0x70, data });
    let octets = [0; 300];
    assert_eq!(element(&octets[..136]).and_then(UdhBuilder::finish).map(|header| header.len()), Ok(139));
    for length in [137, 138, 255, 256, 300] {
        assert_eq!(element(&octets[..length]).err(), Some(UdhError::TooLong), "{length}");
    }
}

proptest! {
    #[test]
    fn any_octets_are_read(octets: Vec<u8>) {
        if let Ok((header, rest)) = split_udh(&octets) {
            prop_assert_eq!(&[header.octets(), rest].concat(), &octets);
            let length: usize = header.elements().map(|element| 2 + element.data.len()).sum();
            prop_assert_eq!(1 + length, header.octets().len());
            if let Some(place) = header.concatenation() {
                prop_assert!(1 <= place.number && place.number <= place.total);
            }
        }
    }

    #[test]
    fn the_reader_undoes_the_writer(
        elements in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..9)), 1..9),
    ) {
        let mut builder = UdhBuilder::new();
        for (identifier, data) in &elements {
            builder = builder.element(InformationElement { identifier: *identifier, data }).unwrap();
        }
        let octets = builder.finish().unwrap();
        let header = Udh::parse(&octets).unwrap();
        let read = header.elements().map(|element| (element.identifier, element.data.to_vec()));
        let read: Vec<_> = read.collect();
        prop_assert_eq!(read, elements);
    }
}
