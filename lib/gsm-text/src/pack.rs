//! Packing of septets into octets, as they travel over the air (3GPP TS 23.038, clause 6.1.2.1).
//!
//! SMPP carries unpacked septets, so packing is needed only for size checks and for the few links that want
//! it. It never looks at what the septets mean. Start reading at [`pack`].

/// Bits in a septet.
const SEPTET_BITS: usize = 7;
/// Bits in an octet.
const OCTET_BITS: usize = 8;

/// Fill bits, 0 to 6, that bring the first septet after a header of this many octets to a septet boundary
/// (3GPP TS 23.040, clause 9.2.3.24).
#[must_use]
pub fn fill_bits(header_octets: usize) -> u8 {
    // The remainder is below 7; the fallback cannot be reached.
    let over = header_octets % SEPTET_BITS * OCTET_BITS % SEPTET_BITS;
    u8::try_from((SEPTET_BITS - over) % SEPTET_BITS).unwrap_or(0)
}

/// Octets that this many septets take when packed behind the fill bits.
#[must_use]
pub fn packed_len(septets: usize, fill_bits: u8) -> usize {
    (septets * SEPTET_BITS + usize::from(fill_bits)).div_ceil(OCTET_BITS)
}

/// Packs septets, one per octet, behind `fill_bits` zero bits (values above 7 count modulo 8). The high bit
/// of each septet is ignored, and unused bits at the end are zero.
#[must_use]
pub fn pack(septets: &[u8], fill_bits: u8) -> Vec<u8> {
    let mut bits = u32::from(fill_bits % 8);
    let mut pending = 0_u16;
    let mut octets = Vec::with_capacity(packed_len(septets.len(), fill_bits % 8));
    for septet in septets {
        // At most 7 bits wait, so 14 bits are in use after this line.
        pending |= u16::from(septet & 0x7F) << bits;
        bits += 7;
        if bits >= 8 {
            let [octet, rest] = pending.to_le_bytes();
            octets.push(octet);
            pending = u16::from(rest);
            bits -= 8;
        }
    }
    if bits > 0 && !septets.is_empty() {
        let [octet, _] = pending.to_le_bytes();
        octets.push(octet);
    }
    octets
}

/// Unpacks at most `septets` septets from behind `fill_bits` bits (values above 7 count modulo 8), fewer when
/// the octets end earlier. The count is needed because 49 and 56 bits both fill 7 octets.
#[must_use]
pub fn unpack(octets: &[u8], septets: usize, fill_bits: u8) -> Vec<u8> {
    let mut skip = u32::from(fill_bits % 8);
    let mut bits = 0_u32;
    let mut pending = 0_u16;
    let mut unpacked = Vec::with_capacity(septets.min(octets.len() * OCTET_BITS / SEPTET_BITS));
    for octet in octets {
        pending |= u16::from(*octet) << bits;
        bits += 8;
        let skipped = skip.min(bits);
        pending >>= skipped;
        bits -= skipped;
        skip -= skipped;
        while bits >= 7 {
            if unpacked.len() == septets {
                return unpacked;
            }
            let [low, _] = (pending & 0x7F).to_le_bytes();
            unpacked.push(low);
            pending >>= 7;
            bits -= 7;
        }
    }
    unpacked
}

#[cfg(test)]
mod tests {
    use super::{fill_bits, pack, packed_len, unpack};
    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02X}")).collect()
    }

    #[test]
    fn known_vectors() {
        for (septets, fill, packed) in [
            ("hellohello", 0, "E8329BFD4697D9EC37"),
            ("hello", 0, "E8329BFD06"),
            ("Hello", 1, "906536FB0D"),
            ("", 0, ""),
            ("", 1, ""),
            ("a", 0, "61"),
            ("a", 1, "C2"),
            ("a", 2, "8401"),
            ("12345678", 0, "31D98C56B3DD70"),
        ] {
            assert_eq!(hex(&pack(septets.as_bytes(), fill)), packed, "{septets} behind {fill} bits");
            let octets = pack(septets.as_bytes(), fill);
            assert_eq!(unpack(&octets, septets.len(), fill), septets.as_bytes());
        }
    }

    #[test]
    fn fill_bits_reach_a_septet_boundary() {
        for (header_octets, fill) in
            [(0, 0), (4, 3), (5, 2), (6, 1), (7, 0), (8, 6), (9, 5), (12, 2), (140, 0)]
        {
            assert_eq!(fill_bits(header_octets), fill, "header of {header_octets} octets");
            assert_eq!((header_octets * 8 + usize::from(fill)) % 7, 0);
        }
    }

    #[test]
    fn the_count_tells_seven_septets_from_eight() {
        let octets = pack(&[1, 2, 3, 4, 5, 6, 7], 0);
        assert_eq!(octets.len(), 7);
        assert_eq!(unpack(&octets, 7, 0), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(unpack(&octets, 8, 0), [1, 2, 3, 4, 5, 6, 7, 0]);
        assert_eq!(unpack(&octets, 100, 0).len(), 8);
    }

    proptest! {
        #[test]
        fn unpack_undoes_pack(septets in prop::collection::vec(0_u8..128, 0..200), fill in 0_u8..7) {
            let octets = pack(&septets, fill);
            if !septets.is_empty() {
                prop_assert_eq!(octets.len(), packed_len(septets.len(), fill));
            }
            prop_assert_eq!(unpack(&octets, septets.len(), fill), septets);
        }

        #[test]
        fn unpack_takes_any_octets(
            octets in prop::collection::vec(any::<u8>(), 0..200), count in 0_usize..300, fill in any::<u8>(),
        ) {
            let septets = unpack(&octets, count, fill);
            prop_assert!(septets.len() <= count && septets.iter().all(|septet| *septet < 128));
        }
    }
}
