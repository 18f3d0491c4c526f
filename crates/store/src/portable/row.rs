//! A row of any table on its way, and the sum by which two copies of a table are compared.
//!
//! A tally is a count of rows and a sum of their hashes. It does not depend on the order of the rows,
//! because each engine reads a table in the order that costs it least. It finds what a disk or a
//! programme has spoilt; it is no proof against a person who means to deceive.

use sha2::{Digest, Sha256};

/// Words of a tally.
const WORDS: usize = 4;
/// Octets of a tally's sum.
pub(crate) const SUM_OCTETS: usize = 32;

/// One value, in the form that both engines have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// NULL.
    Nothing,
    /// A number of any width, or a truth value.
    Number(i64),
    /// Text.
    Text(String),
    /// Octets.
    Octets(Vec<u8>),
}

impl Cell {
    /// How much memory it takes, about.
    pub(crate) fn octets(&self) -> usize {
        match self {
            Self::Nothing | Self::Number(_) => 8,
            Self::Text(text) => text.len() + 8,
            Self::Octets(octets) => octets.len() + 8,
        }
    }

    fn hash(&self, hash: &mut Sha256) {
        let mut put = |kind: u8, octets: &[u8]| {
            hash.update([kind]);
            hash.update((octets.len() as u64).to_be_bytes());
            hash.update(octets);
        };
        match self {
            Self::Nothing => put(0, &[]),
            Self::Number(number) => put(1, &number.to_be_bytes()),
            Self::Text(text) => put(2, text.as_bytes()),
            Self::Octets(octets) => put(3, octets),
        }
    }
}

/// A row.
pub(crate) type Row = Vec<Cell>;

/// What was counted of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// How many rows.
    pub(crate) rows: u64,
    words: [u64; WORDS],
}

impl Tally {
    /// Counts a row by those of its cells that `counts` names; cells behind the last are left out.
    pub(crate) fn add(&mut self, row: &[Cell], counts: &[bool]) {
        let mut hash = Sha256::new();
        for (cell, _) in row.iter().zip(counts).filter(|(_, counts)| **counts) {
            cell.hash(&mut hash);
        }
        let digest = hash.finalize();
        for (word, octets) in self.words.iter_mut().zip(digest.chunks(SUM_OCTETS / WORDS)) {
            let value = octets.iter().fold(0_u64, |value, octet| (value << 8) | u64::from(*octet));
            *word = word.wrapping_add(value);
        }
        self.rows += 1;
    }

    /// A tally as it was written down; `None` when it is none.
    pub(crate) fn from_parts(rows: u64, sum: &[u8]) -> Option<Self> {
        let mut tally = Self { rows, ..Self::default() };
        for (word, octets) in tally.words.iter_mut().zip(sum.chunks(SUM_OCTETS / WORDS)) {
            *word = u64::from_be_bytes(octets.try_into().ok()?);
        }
        (sum.len() == SUM_OCTETS).then_some(tally)
    }

    /// The sum as octets.
    pub(crate) fn sum(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, SUM_OCTETS, Tally};

    fn tally(rows: &[Vec<Cell>], counts: &[bool]) -> Tally {
        let mut tally = Tally::default();
        rows.iter().for_each(|row| tally.add(row, counts));
        tally
    }

    #[test]
    fn a_tally_knows_every_value_and_no_order() {
        let row = |number, text: &str| vec![Cell::Number(number), Cell::Text(text.into())];
        let all = [true, true];
        let one = tally(&[row(1, "a"), row(2, "b")], &all);
        assert_eq!(one, tally(&[row(2, "b"), row(1, "a")], &all));
        assert_eq!((one.rows, one.sum().len()), (2, SUM_OCTETS));
        assert_eq!(Tally::from_parts(2, &one.sum()), Some(one));
        assert_eq!(Tally::from_parts(2, &[0; SUM_OCTETS - 1]), None);
        for other in [
            vec![row(1, "a")],
            vec![row(1, "b"), row(2, "a")],
            vec![row(1, "a"), row(2, "b"), row(2, "b")],
            vec![vec![Cell::Number(1), Cell::Octets(b"a".to_vec())], row(2, "b")],
            vec![vec![Cell::Number(1), Cell::Nothing], row(2, "b")],
        ] {
            assert_ne!(one, tally(&other, &all), "{other:?}");
        }
        // Where text ends and the next begins is a part of it.
        let texts = |a: &str, b: &str| vec![Cell::Text(a.into()), Cell::Text(b.into())];
        assert_ne!(tally(&[texts("ab", "c")], &all), tally(&[texts("a", "bc")], &all));
        let first = [true, false];
        assert_eq!(tally(&[row(1, "a")], &first), tally(&[row(1, "z")], &first));
        // What stands behind the columns is the account that leads in PostgreSQL.
        let with_account = vec![Cell::Number(1), Cell::Text("a".into()), Cell::Number(9)];
        assert_eq!(tally(&[row(1, "a")], &all), tally(&[with_account], &all));
    }
}
