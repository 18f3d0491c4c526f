//! The packed form of journal entries: one blob per commit.
//!
//! Format 1. The first octet is the format's number. Then, per entry: the difference of the message
//! key to the one before (the first to zero) as a zigzag LEB128 number, and one octet each for the
//! state before, the state after, the reason and the attempt. Keys of one commit lie close together,
//! so that an entry takes about eight octets.

use ports::store::{BatchJournal, JournalEntry};
use types::id::{CommitSeq, RowKey};
use types::message::{Reason, State};

use crate::codec::{Cells, Columns};
use crate::fault::Fault;

const FORMAT: u8 = 1;
const CORRUPT: Fault = Fault::Corrupt("journal");

/// `seq, at, entries`.
pub(crate) fn row(row: &dyn Columns) -> Result<BatchJournal, Fault> {
    let cells = &mut Cells::new(row, "journal");
    let (seq, at) = (CommitSeq(cells.int()?), cells.time()?);
    Ok(BatchJournal { seq, at, entries: unpack(&cells.blob()?)? })
}

/// Packs the entries of one commit.
pub(crate) fn pack(entries: &[JournalEntry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + entries.len() * 10);
    out.push(FORMAT);
    let mut previous = 0_i64;
    for entry in entries {
        let key = entry.message.as_i64();
        push_number(&mut out, zigzag(key.wrapping_sub(previous)));
        out.extend([entry.from.code(), entry.to.code(), entry.reason.code(), entry.attempt]);
        previous = key;
    }
    out
}

/// Reads what [`pack`] wrote.
pub(crate) fn unpack(blob: &[u8]) -> Result<Vec<JournalEntry>, Fault> {
    let Some((&FORMAT, mut rest)) = blob.split_first() else { return Err(CORRUPT) };
    let mut entries = Vec::new();
    let mut previous = 0_i64;
    while !rest.is_empty() {
        let (number, after) = take_number(rest).ok_or(CORRUPT)?;
        let [from, to, reason, attempt, after @ ..] = after else { return Err(CORRUPT) };
        let key = previous.wrapping_add(unzigzag(number));
        entries.push(JournalEntry {
            message: RowKey::from_i64(key),
            from: State::from_code(*from).ok_or(CORRUPT)?,
            to: State::from_code(*to).ok_or(CORRUPT)?,
            reason: Reason::from_code(*reason).ok_or(CORRUPT)?,
            attempt: *attempt,
        });
        (previous, rest) = (key, after);
    }
    Ok(entries)
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

fn push_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

fn take_number(octets: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (position, octet) in octets.iter().enumerate().take(10) {
        value |= u64::from(octet & 0x7f).checked_shl(u32::try_from(position * 7).ok()?)?;
        if octet & 0x80 == 0 {
            return Some((value, octets.get(position + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use ports::store::JournalEntry;
    use types::id::RowKey;
    use types::message::{Reason, State};

    use super::{pack, unpack};

    fn entry(key: i64, attempt: u8) -> JournalEntry {
        let message = RowKey::from_i64(key);
        JournalEntry {
            message,
            from: State::Queued,
            to: State::NoReport,
            reason: Reason::Quarantined,
            attempt,
        }
    }

    #[test]
    fn entries_lead_back() {
        let keys: [&[i64]; 4] =
            [&[], &[0], &[i64::MAX, 1, i64::MIN, -1], &[1 << 62, (1 << 62) + 1, (1 << 62) - 700]];
        for keys in keys {
            let entries: Vec<_> = keys.iter().map(|key| entry(*key, 3)).collect();
            assert_eq!(unpack(&pack(&entries)).unwrap(), entries);
        }
    }

    #[test]
    fn neighbours_are_small() {
        let entries: Vec<_> = (0..1_000).map(|step| entry((1 << 61) + step, 1)).collect();
        assert!(pack(&entries).len() < 5_100);
    }

    #[test]
    fn damage_is_seen() {
        let whole = pack(&[entry(1 << 61, 1), entry((1 << 61) + 9, 2)]);
        for length in (0..whole.len()).filter(|length| *length != 1) {
            let cut = unpack(whole.get(..length).unwrap());
            assert!(cut.is_err() || cut.unwrap().len() < 2, "{length}");
        }
        assert!(unpack(&[2]).is_err());
        assert!(unpack(&[1, 0, 99, 0, 0, 0]).is_err());
        assert!(unpack(&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err());
    }
}
