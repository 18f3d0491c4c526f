//! The notations in which a carrier writes one and the same message id.
//!
//! Carriers answer a `submit_sm` with an id in one notation and put another into the receipt: hexadecimal or
//! decimal, upper or lower case, with or without leading zeros. This module names the candidates; which of them
//! may be matched, and within what window, is decided by whoever keeps the receipt map.
//! Start at [`candidates`].

/// Longest id that is looked at in other notations, in octets; longer ones have only themselves and their fold.
const NUMERIC_OCTETS: usize = 40;

/// How the id of a receipt is turned into the id of the response, or the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdNotation {
    /// As it is.
    Raw,
    /// In lower case.
    CaseFolded,
    /// In lower case, without leading zeros.
    NoLeadingZeros,
    /// Read as hexadecimal, written as decimal.
    HexToDecimal,
    /// Read as decimal, written as lower-case hexadecimal.
    DecimalToHex,
}

impl IdNotation {
    /// All notations, the most certain first.
    pub const ALL: [Self; 5] =
        [Self::Raw, Self::CaseFolded, Self::NoLeadingZeros, Self::HexToDecimal, Self::DecimalToHex];

    /// A stable name for configuration and for the console.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::CaseFolded => "case_folded",
            Self::NoLeadingZeros => "no_leading_zeros",
            Self::HexToDecimal => "hex_to_decimal",
            Self::DecimalToHex => "decimal_to_hex",
        }
    }

    /// The notation of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notation| notation.name() == name)
    }

    /// The id in this notation; `None` when it is empty or not a number of the kind that is read, up to 128 bits.
    #[must_use]
    pub fn normalise(self, id: &str) -> Option<String> {
        let id = id.trim();
        if id.is_empty() {
            return None;
        }
        match self {
            Self::Raw => Some(id.to_owned()),
            Self::CaseFolded => Some(id.to_ascii_lowercase()),
            Self::NoLeadingZeros => Some(strip_zeros(id).to_ascii_lowercase()),
            Self::HexToDecimal => parse(strip_prefix(id), 16).map(|value| value.to_string()),
            Self::DecimalToHex => parse(id, 10).map(|value| format!("{value:x}")),
        }
    }
}

/// One id to look up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// How it was made.
    pub notation: IdNotation,
    /// The id.
    pub id: String,
}

/// The ids under which a carrier's id should be stored and looked up, distinct, the most certain first.
///
/// Two ids belong together if they share a candidate. Empty for an empty id.
#[must_use]
pub fn candidates(id: &str) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::with_capacity(IdNotation::ALL.len());
    for notation in IdNotation::ALL {
        if let Some(id) = notation.normalise(id)
            && !found.iter().any(|candidate| candidate.id == id)
        {
            found.push(Candidate { notation, id });
        }
    }
    found
}

/// The notation that turns the id of a receipt into the id of the response, if one does.
///
/// Both sides are compared without case and leading zeros. Where several notations fit, the most certain is told.
#[must_use]
pub fn relation(response_id: &str, receipt_id: &str) -> Option<IdNotation> {
    let wanted = IdNotation::NoLeadingZeros.normalise(strip_prefix(response_id.trim()))?;
    if response_id.trim() == receipt_id.trim() {
        return Some(IdNotation::Raw);
    }
    if response_id.trim().eq_ignore_ascii_case(receipt_id.trim()) {
        return Some(IdNotation::CaseFolded);
    }
    [IdNotation::NoLeadingZeros, IdNotation::HexToDecimal, IdNotation::DecimalToHex]
        .into_iter()
        .find(|notation| notation.normalise(receipt_id).is_some_and(|id| id == wanted))
}

/// Drops leading zeros, but never the last digit. An id of several words is no number and stays as it is.
fn strip_zeros(id: &str) -> &str {
    if id.contains(char::is_whitespace) {
        return id;
    }
    match id.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    }
}

/// Drops the `0x` that some carriers write before hexadecimal digits.
fn strip_prefix(id: &str) -> &str {
    id.strip_prefix("0x").or_else(|| id.strip_prefix("0X")).unwrap_or(id)
}

/// Reads digits only: a sign, which the standard parser would take, is no part of an id.
fn parse(digits: &str, radix: u32) -> Option<u128> {
    let plain = digits.len() <= NUMERIC_OCTETS && digits.chars().all(|digit| digit.is_digit(radix));
    if plain { u128::from_str_radix(digits, radix).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::{IdNotation, candidates, relation};

    #[test]
    fn candidates_of_typical_ids() {
        for (id, expected) in [
            ("12345", &["12345", "74565", "3039"][..]),
            ("00003039", &["00003039", "3039", "12345", "bdf"]),
            ("01AB", &["01AB", "01ab", "1ab", "427"]),
            ("0x1F", &["0x1F", "0x1f", "x1f", "31"]),
            ("0000", &["0000", "0"]),
            ("0 0", &["0 0"]),
            ("00\u{A0}7", &["00\u{A0}7"]),
            ("a-b", &["a-b"]),
            ("  7 ", &["7"]),
            ("+7", &["+7"]),
            ("Straße", &["Straße", "straße"]),
            ("", &[]),
            ("ffffffffffffffffffffffffffffffffff", &["ffffffffffffffffffffffffffffffffff"]),
        ] {
            let found: Vec<_> = candidates(id).into_iter().map(|candidate| candidate.id).collect();
            assert_eq!(found, expected, "{id}");
        }
    }

    #[test]
    fn relations() {
        for (response, receipt, expected) in [
            ("12345", "12345", Some(IdNotation::Raw)),
            ("01AB", "01ab", Some(IdNotation::CaseFolded)),
            ("1ab", "000001AB", Some(IdNotation::NoLeadingZeros)),
            ("0000001ab", "1AB", Some(IdNotation::NoLeadingZeros)),
            ("12345", "3039", Some(IdNotation::HexToDecimal)),
            ("00003039", "0000012345", Some(IdNotation::DecimalToHex)),
            ("0x3039", "12345", Some(IdNotation::DecimalToHex)),
            ("12345", "12346", None),
            ("", "", None),
        ] {
            assert_eq!(relation(response, receipt), expected, "{response} {receipt}");
        }
        for notation in IdNotation::ALL {
            assert_eq!(IdNotation::from_name(notation.name()), Some(notation));
        }
    }

    proptest! {
        #[test]
        fn one_number_shares_a_candidate_in_any_two_notations(value: u64, zeros in 0_usize..4) {
            let zeros = "0".repeat(zeros);
            let forms = [format!("{value}"), format!("{zeros}{value}"), format!("{value:x}"), format!("{zeros}{value:X}")];
            for a in &forms {
                for b in &forms {
                    let of_b = candidates(b);
                    prop_assert!(candidates(a).iter().any(|x| of_b.iter().any(|y| x.id == y.id)), "{} {}", a, b);
                    prop_assert!(relation(a, b).is_some());
                }
            }
        }

        #[test]
        fn notations_of_one_id_stay_what_they_are(id in "[ 0-9a-fx]{0,12}") {
            for notation in [IdNotation::Raw, IdNotation::CaseFolded, IdNotation::NoLeadingZeros] {
                let once = notation.normalise(&id);
                prop_assert_eq!(once.as_deref().and_then(|id| notation.normalise(id)), once);
            }
        }

        #[test]
        fn candidates_are_distinct_whatever_the_id(id in "\\PC{0,70}") {
            let found = candidates(&id);
            for (index, candidate) in found.iter().enumerate() {
                prop_assert!(found.iter().skip(index + 1).all(|other| other.id != candidate.id));
            }
            prop_assert_eq!(found.is_empty(), id.trim().is_empty());
        }
    }
}
