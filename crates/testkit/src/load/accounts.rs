//! The customers: their logins, and who of them sends the next message.
//!
//! Sizes are skewed as with real customers: the one at place k sends in proportion to 1/k (Zipf's law).

use std::path::Path;

use anyhow::{Context as _, anyhow, bail};

use crate::random::Random;

/// The share of the largest customer, to which all others stand in proportion.
const LARGEST_SHARE: u64 = 1_000_000_000;

/// The logins of one customer.
#[derive(Clone, Debug)]
pub(super) struct Logins {
    pub(super) system_id: String,
    pub(super) password: String,
    pub(super) key: String,
    pub(super) secret: String,
}

/// Reads a file with one customer a line: system id, password, key and secret, apart by blanks.
pub(super) fn read(path: &Path, count: usize) -> anyhow::Result<Vec<Logins>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let logins: Vec<Logins> = text.lines().map(parse).take(count).collect::<anyhow::Result<_>>()?;
    if logins.is_empty() {
        bail!("{} names no account", path.display());
    }
    Ok(logins)
}

fn parse(line: &str) -> anyhow::Result<Logins> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [system_id, password, key, secret] = words.as_slice() else {
        return Err(anyhow!("a line of the accounts has {} words and not 4", words.len()));
    };
    let owned = |word: &str| word.to_owned();
    Ok(Logins {
        system_id: owned(system_id),
        password: owned(password),
        key: owned(key),
        secret: owned(secret),
    })
}

/// Chooses by size.
#[derive(Debug)]
pub(super) struct Skew {
    /// The sum of the shares up to and with each place.
    sums: Vec<u64>,
}

impl Skew {
    /// Shares among that many customers, at least one.
    pub(super) fn new(count: usize) -> Self {
        let mut sum = 0;
        let sums = (1..=count.max(1)).map(|place| {
            sum += LARGEST_SHARE / u64::try_from(place).unwrap_or(u64::MAX);
            sum
        });
        Self { sums: sums.collect() }
    }

    /// The place of the next sender, from zero.
    pub(super) fn draw(&self, random: &mut Random) -> usize {
        let point = random.below(self.sums.last().copied().unwrap_or(1));
        self.sums.partition_point(|sum| *sum <= point)
    }
}

#[cfg(test)]
mod tests {
    use super::{Random, Skew};

    #[test]
    fn the_first_sends_most_and_everybody_sends() {
        let skew = Skew::new(100);
        let mut random = Random::new(7);
        let mut counts = [0_u32; 100];
        for _ in 0..200_000 {
            counts[skew.draw(&mut random)] += 1;
        }
        // The harmonic number of 100 is 5.19: the first has 19 %, the last 0.19 %.
        assert!((37_000..40_000).contains(&counts[0]), "{}", counts[0]);
        assert!((18_000..20_500).contains(&counts[1]), "{}", counts[1]);
        assert!((250..550).contains(&counts[99]), "{}", counts[99]);
    }
}
