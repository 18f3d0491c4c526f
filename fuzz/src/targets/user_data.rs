//! User data headers, and parts that are put together again.

use gsm_text::{
    Concatenated, Incomplete, Joined, Joiner, JoinerLimits, Udh, UdhBuilder, fill_bits, pack, packed_len,
    split_udh, unpack,
};

use super::{Target, outcome, roughly};

/// A user data header and what follows it.
pub(super) const HEADER: Target = Target {
    name: "user_data",
    about: "user data headers: reading, writing again; packed septets",
    make: || Box::new(check_header),
    words: &[
        b"\x05\0\x03\x07\x02\x01",
        b"\x06\x08\x04\x12\x34\x02\x01",
        b"\x05\x04\x15\xB3\0\0",
        b"\x24\x01\x01",
        b"\x25\x01\x04",
    ],
    limit: 4_096,
    octets_base: 8 * 1024,
    octets_per_octet: 16,
};

/// Parts of long messages in any order.
pub(super) const JOIN: Target = Target {
    name: "join",
    about: "putting parts together: nothing is lost, nothing grows without end",
    make: || Box::new(check_join),
    words: &[b"\x01\x07\x02\x01a", b"\x01\x07\x02\x02b", b"\x02\x07\x03\x01c", b"\xFF"],
    limit: 8_192,
    octets_base: 64 * 1024,
    octets_per_octet: 512,
};

fn check_header(input: &[u8]) -> u64 {
    check_packing(input);
    let (header, rest) = match split_udh(input) {
        Ok(divided) => divided,
        Err(error) => return outcome(error.code()),
    };
    assert_eq!(header.octets().len() + rest.len(), input.len());
    assert_eq!(Udh::parse(header.octets()), Ok(header));
    let elements: Vec<_> = header.elements().collect();
    let octets: usize = elements.iter().map(|element| 2 + element.data.len()).sum();
    assert_eq!(octets + 1, header.octets().len(), "elements fill the header");
    let written = elements.iter().try_fold(UdhBuilder::new(), |builder, element| builder.element(*element));
    let written = written.and_then(UdhBuilder::finish);
    match written {
        Ok(written) if elements.is_empty() => assert!(written.is_empty()),
        Ok(written) => assert_eq!(written, header.octets(), "it is written as something else"),
        // A header that leaves no room for text is read and not written.
        Err(_) => assert!(header.octets().len() >= gsm_text::USER_DATA_OCTETS_MAX),
    }
    let place = header.concatenation();
    if let Some(place) = place {
        assert!((1..=place.total).contains(&place.number) && (place.wide || place.reference < 256));
    }
    let shift = header.national_shift();
    let told = (place.map(|place| place.wide), header.ports().is_some(), shift.locking(), shift.single());
    outcome((told, roughly(elements.len()), rest.is_empty()))
}

/// What is packed unpacks to the same septets.
fn check_packing(input: &[u8]) {
    let Some((first, septets)) = input.split_first() else { return };
    let septets: Vec<u8> = septets.iter().map(|septet| septet & 0x7F).collect();
    let fill = fill_bits(usize::from(*first));
    assert!(fill < 7);
    let packed = pack(&septets, fill);
    assert!(packed.len() <= packed_len(septets.len(), fill));
    assert_eq!(unpack(&packed, septets.len(), fill), septets);
}

/// Five octets are a step: sender, reference, total, number and content; the sender 0xFF lets time pass.
fn check_join(input: &[u8]) -> u64 {
    const LIMITS: JoinerLimits = JoinerLimits { sets_max: 6, parts_max: 24 };
    const TTL_MS: u64 = 1_000;
    let mut joiner: Joiner<u8, u8> = Joiner::new(LIMITS);
    let (mut now_ms, mut came, mut left) = (0, 0, 0);
    let mut seen = [0_usize; 5];
    for step in input.chunks(5) {
        let [sender, reference, total, number, content] = step else { break };
        let kind = if *sender == 0xFF {
            now_ms += u64::from(*reference) * 10;
            left += joiner.expire(now_ms, TTL_MS).iter().map(parts_of).sum::<usize>();
            0
        } else {
            came += 1;
            let total = total % 8;
            let place =
                Concatenated { reference: u16::from(reference % 4), total, number: number % 8, wide: false };
            match joiner.push(sender % 4, place, *content, now_ms) {
                Joined::Complete(parts) => {
                    assert_eq!(parts.len(), usize::from(total));
                    left += parts.len();
                    1
                }
                Joined::Waiting => 2,
                Joined::Replaced(given_up) => {
                    left += parts_of(&given_up);
                    3
                }
                Joined::Dropped(_, part) => {
                    assert_eq!(part, *content, "another part comes back");
                    left += 1;
                    4
                }
            }
        };
        if let Some(count) = seen.get_mut(kind) {
            *count += 1;
        }
        assert!(joiner.open_sets() <= LIMITS.sets_max && joiner.held_parts() <= LIMITS.parts_max);
        assert_eq!(came, left + joiner.held_parts(), "a part is lost");
    }
    left += joiner.expire(u64::MAX, TTL_MS).iter().map(parts_of).sum::<usize>();
    assert_eq!((joiner.open_sets(), joiner.held_parts(), left), (0, 0, came), "something stays behind");
    outcome(seen.map(roughly))
}

fn parts_of(set: &Incomplete<u8, u8>) -> usize {
    assert!(
        set.parts.windows(2).all(|pair| matches!(pair, [(one, _), (two, _)] if one < two)),
        "out of order"
    );
    set.parts.len()
}
