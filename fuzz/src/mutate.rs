//! Damages inputs: bits, octets, numbers, pieces, lines, words of the target, pieces of other inputs, and repetition up
//! to the longest input that the target takes.
//!
//! It knows nothing of what an input means.

use crate::random::Random;

/// Edits of one input.
const EDITS_MAX: usize = 8;
/// The longest piece that is copied, moved or cut at once, in octets.
const PIECE_MAX: usize = 64;
/// One input in so many is repeated until it is long: what costs too much shows there.
const STRETCHED_ONE_IN: usize = 64;

/// Changes `input` in a few places. `others` lend pieces, `words` are what the target knows.
pub(crate) fn damage(
    input: &mut Vec<u8>,
    others: &[Vec<u8>],
    words: &[&[u8]],
    limit: usize,
    random: &mut Random,
) {
    for _ in 0..=random.below(EDITS_MAX) {
        edit(input, others, words, random);
    }
    if random.one_in(STRETCHED_ONE_IN) {
        stretch(input, limit, random);
    }
    input.truncate(limit);
}

fn edit(input: &mut Vec<u8>, others: &[Vec<u8>], words: &[&[u8]], random: &mut Random) {
    let at = random.below(input.len() + 1);
    match random.below(11) {
        0 => {
            let bit = 1 << random.below(8);
            if let Some(octet) = input.get_mut(at) {
                *octet ^= bit;
            }
        }
        1 | 2 => {
            let value = random.octet();
            if let Some(octet) = input.get_mut(at) {
                *octet = value;
            }
        }
        3 => insert(input, at, &[random.octet()]),
        4 => drop(input.drain(at..piece_end(input, at, random))),
        5 => {
            let piece = input.get(at..piece_end(input, at, random)).unwrap_or_default().to_vec();
            let to = random.below(input.len() + 1);
            insert(input, to, &piece);
        }
        6 => number(input, at, random),
        7 => {
            if let Some(word) = random.of(words) {
                insert(input, at, word);
            }
        }
        8 => line(input, at, random),
        9 => {
            if let Some(other) = random.of(others) {
                let from = random.below(other.len() + 1);
                let piece = other.get(from..piece_end(other, from, random)).unwrap_or_default();
                insert(input, at, piece);
            }
        }
        _ if random.one_in(4) => input.truncate(at),
        _ => {}
    }
}

/// Takes the line out that stands there, and puts it in again elsewhere, once, twice or not at all.
fn line(input: &mut Vec<u8>, at: usize, random: &mut Random) {
    let is_end = |octet: &u8| *octet == b'\n';
    let before = input.get(..at).unwrap_or_default();
    let start = before.iter().rposition(is_end).map_or(0, |end| end + 1);
    let rest = input.get(start..).unwrap_or_default();
    let end = rest.iter().position(is_end).map_or(input.len(), |end| start + end + 1);
    let line: Vec<u8> = input.drain(start..end).collect();
    for _ in 0..random.below(3) {
        let from = random.below(input.len() + 1);
        let next = input.get(from..).unwrap_or_default().iter().position(is_end);
        insert(input, next.map_or(input.len(), |next| from + next + 1), &line);
    }
}

fn piece_end(octets: &[u8], from: usize, random: &mut Random) -> usize {
    (from + 1 + random.below(PIECE_MAX)).min(octets.len()).max(from)
}

fn insert(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let at = at.min(input.len());
    drop(input.splice(at..at, piece.iter().copied()));
}

/// Writes a telling number of one, two or four octets, the highest first: a length, most likely.
fn number(input: &mut [u8], at: usize, random: &mut Random) {
    let rest = input.len().saturating_sub(at);
    let value = match random.below(6) {
        0 => u32::MAX,
        1 => 0x7FFF_FFFF,
        2 => u32::try_from(rest).unwrap_or(0),
        3 => u32::try_from(input.len()).unwrap_or(0),
        4 => u32::try_from(random.below(300)).unwrap_or(0),
        _ => 0,
    };
    let octets = value.to_be_bytes();
    let width = [1, 2, 4].get(random.below(3)).copied().unwrap_or(1);
    let written = octets.get(4 - width..).unwrap_or_default();
    for (place, octet) in input.iter_mut().skip(at).zip(written) {
        *place = *octet;
    }
}

/// Repeats a piece of the input, or all of it, until it is long.
fn stretch(input: &mut Vec<u8>, limit: usize, random: &mut Random) {
    let at = random.below(input.len());
    let end = if random.one_in(2) { input.len() } else { piece_end(input, at, random) };
    let piece = input.get(at..end).unwrap_or_default().to_vec();
    if piece.is_empty() {
        return;
    }
    let tail = input.split_off(end);
    let wanted = limit / (1 + random.below(4));
    while input.len() + piece.len() + tail.len() <= wanted {
        input.extend_from_slice(&piece);
    }
    input.extend_from_slice(&tail);
}
