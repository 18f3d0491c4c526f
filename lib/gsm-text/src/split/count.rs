//! Counting of parts without encoding: what a quote, a preview and a charge use.
//!
//! Every count here is that of concatenation with an 8-bit reference, which is the billed one. Start reading
//! at [`count`].

use super::{CONCATENATION_8_OCTETS, Room, cut};
use crate::alphabet::{Alphabet, Language, NationalShift, NotEncodable};

/// How many parts a message takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PartCount {
    /// The alphabet counted in.
    pub alphabet: Alphabet,
    /// Billed parts, at least 1. Not limited to 255, so that a preview can show by how much a text is too
    /// long.
    pub parts: usize,
    /// Units of the whole message: septets with escapes, UTF-16 code units or octets.
    pub units: usize,
    /// Units that still fit into the last part.
    pub units_left_in_last: usize,
}

/// Counts the parts of a text in the GSM 7-bit default alphabet, or in UCS-2 when that does not hold it.
#[must_use]
pub fn count(text: &str) -> PartCount {
    let mut septets = 0;
    let mut characters = 0;
    for character in text.chars() {
        match Alphabet::Gsm7.units_of(character) {
            Some(units) => septets += units,
            None => return count_ucs2(text),
        }
        characters += 1;
    }
    finish(text, Alphabet::Gsm7, Room { alone: 160, each: 153 }, septets, septets > characters)
}

/// Counts the parts of a text in the smallest alphabet by [`smallest_alphabet`].
#[must_use]
pub fn count_with(text: &str, national: &[Language]) -> PartCount {
    let plain = count(text);
    if plain.alphabet == Alphabet::Gsm7 {
        return plain;
    }
    // UCS-2 in one part cannot be beaten, and handsets that lack national tables can read it.
    let mut best = plain;
    if best.parts == 1 {
        return best;
    }
    let languages = || std::iter::once(None).chain(national.iter().copied().map(Some));
    for locking in languages() {
        for single in languages() {
            let shift = NationalShift::new(locking, single);
            if shift.is_none() {
                continue;
            }
            if let Ok(candidate) = count_in(text, Alphabet::Gsm7National(shift))
                && is_better(candidate, best)
            {
                best = candidate;
            }
        }
    }
    best
}

/// Ranks by parts, then UCS-2 first, then by number of national tables, then by septets.
fn is_better(candidate: PartCount, best: PartCount) -> bool {
    let rank = |count: PartCount| (count.parts, count.alphabet.national().element_octets(), count.units);
    rank(candidate) < rank(best)
}

/// Chooses the smallest alphabet that holds a text: GSM 7-bit where it does; else, of UCS-2 and the pairs of
/// tables of the languages given, the one with the fewest parts. On a tie UCS-2 wins, because some carriers
/// and handsets drop national tables; then fewer tables, then fewer septets.
#[must_use]
pub fn smallest_alphabet(text: &str, national: &[Language]) -> Alphabet {
    count_with(text, national).alphabet
}

/// Counts the parts of a text in a given alphabet.
///
/// # Errors
/// The first character that the alphabet does not hold.
pub fn count_in(text: &str, alphabet: Alphabet) -> Result<PartCount, NotEncodable> {
    let mut total = 0;
    let mut pairs = false;
    for (offset, character) in text.char_indices() {
        let units = alphabet.units_of(character).ok_or(NotEncodable { offset, character })?;
        total += units;
        pairs |= units > 1;
    }
    Ok(finish(text, alphabet, room_of(alphabet), total, pairs))
}

/// Counts the parts of an encoded body as SMPP carries it: unpacked, without the user data header, which
/// takes `header_octets` with its length octet. A body that does not fit beside its header counts as the
/// carrier would have to divide it, with a concatenation element added to that header; a header that leaves
/// no room for two units counts as if it left room for two.
#[must_use]
pub fn count_body(body: &[u8], alphabet: Alphabet, header_octets: usize) -> PartCount {
    // The header names the national tables itself, so the room is that of the plain alphabet.
    let plain = if alphabet.is_septets() { Alphabet::Gsm7 } else { alphabet };
    let room = room_beside(plain, header_octets);
    let unit_octets = alphabet.unit_octets();
    let (parts, last) = cut(body, plain, room).fold((0, 0), |(parts, _), part| (parts + 1, part.len()));
    let room = if parts == 1 { room.alone } else { room.each };
    PartCount {
        alphabet,
        parts,
        units: body.len().div_ceil(unit_octets),
        units_left_in_last: room.saturating_sub(last.div_ceil(unit_octets)),
    }
}

/// Counts the parts of a binary message of `len` octets beside a user data header of `header_octets` with its
/// length octet, 0 when it has none: 140 octets in one part, 134 in each of several when there is no other
/// header. A message that does not fit beside its header counts as by [`count_body`].
#[must_use]
pub fn count_octets(len: usize, header_octets: usize) -> PartCount {
    divide(Alphabet::Octets, room_beside(Alphabet::Octets, header_octets), len)
}

fn count_ucs2(text: &str) -> PartCount {
    // Each character starts with one byte that is no continuation; four-byte ones are surrogate pairs.
    let characters = text.bytes().filter(|byte| byte & 0xC0 != 0x80).count();
    let pairs = text.bytes().filter(|byte| *byte >= 0xF0).count();
    finish(text, Alphabet::Ucs2, Room { alone: 70, each: 67 }, characters + pairs, pairs > 0)
}

/// Turns a number of units into a number of parts, walking the text only where pairs could leave gaps.
fn finish(text: &str, alphabet: Alphabet, room: Room, units: usize, pairs: bool) -> PartCount {
    if !pairs || units <= room.alone {
        return divide(alphabet, room, units);
    }
    let mut parts = 1;
    let mut used = 0;
    for character in text.chars() {
        let width = alphabet.units_of(character).unwrap_or(0);
        used += width;
        if used > room.each {
            parts += 1;
            used = width;
        }
    }
    PartCount { alphabet, parts, units, units_left_in_last: room.each - used }
}

/// Divides units of width one.
fn divide(alphabet: Alphabet, room: Room, units: usize) -> PartCount {
    let (parts, each) =
        if units <= room.alone { (1, room.alone) } else { (units.div_ceil(room.each), room.each) };
    PartCount { alphabet, parts, units, units_left_in_last: parts * each - units }
}

fn room_of(alphabet: Alphabet) -> Room {
    // Two national tables leave 146 septets, so the fallback cannot be reached.
    Room::new(alphabet, 0, CONCATENATION_8_OCTETS).unwrap_or(Room::LEAST)
}

fn room_beside(alphabet: Alphabet, header_octets: usize) -> Room {
    Room::new(alphabet, header_octets.saturating_sub(1), CONCATENATION_8_OCTETS).unwrap_or(Room::LEAST)
}
