//! Ids that carriers give, and the notations in which they write one and the same id.
//!
//! A carrier may answer with one notation and put another into the receipt: hexadecimal or decimal, in other case,
//! with or without leading zeros. An id is always kept as it came; this module says which other ids may mean the
//! same. Whether they do is decided where messages and their recipients are known. Start at [`readings`].

pub use smpp::message_id::IdNotation;

/// An id without what notations differ in besides the radix: in lower case, without `0x` and leading zeros. Empty
/// for an empty id.
pub fn folded(id: &str) -> String {
    let id = id.trim();
    let bare = id.strip_prefix("0x").or_else(|| id.strip_prefix("0X")).unwrap_or(id);
    IdNotation::NoLeadingZeros.normalise(bare).unwrap_or_default()
}

/// What the id of a receipt may stand for: folded ids of answers, each with the notation that leads there, the most
/// certain first and none twice. The relation holds both ways: `folded(a)` is among the readings of `b` exactly when
/// `folded(b)` is among those of `a`.
pub fn readings(id: &str) -> Vec<(IdNotation, String)> {
    let folded = folded(id);
    let other = |notation: IdNotation| notation.normalise(&folded).map(|id| (notation, id));
    let mut readings = vec![(IdNotation::NoLeadingZeros, folded.clone())];
    for reading in [other(IdNotation::HexToDecimal), other(IdNotation::DecimalToHex)].into_iter().flatten() {
        if readings.iter().all(|(_, id)| *id != reading.1) {
            readings.push(reading);
        }
    }
    readings.retain(|(_, id)| !id.is_empty());
    readings
}

#[cfg(test)]
mod tests {
    use super::{folded, readings};

    #[test]
    fn ids_mean_the_same_in_every_notation() {
        let number = 0x00AB_CDEF_u64;
        let forms = [
            format!("{number:x}"),
            format!("{number:X}"),
            format!("{number:016x}"),
            format!("0x{number:08X}"),
            format!("{number}"),
            format!("{number:020}"),
        ];
        for answer in &forms {
            for receipt in &forms {
                assert!(readings(receipt).iter().any(|(_, id)| *id == folded(answer)), "{answer} {receipt}");
                assert!(readings(answer).iter().any(|(_, id)| *id == folded(receipt)), "{answer} {receipt}");
            }
        }
    }

    #[test]
    fn other_ids_mean_something_else() {
        for (answer, receipt) in [("abc", "abd"), ("12", "13"), ("msg-7", "7"), ("", "0"), ("10", "17")] {
            assert!(readings(receipt).iter().all(|(_, id)| *id != folded(answer)), "{answer} {receipt}");
        }
        assert!(readings(" ").is_empty());
        let letters: Vec<_> = readings("msg-7").into_iter().map(|(_, id)| id).collect();
        assert_eq!(letters, ["msg-7"]);
    }
}
