//! `cargo xtask bench --compare OLD [NEW]`: what changed between two results, and whether it is more than noise.
//!
//! A change counts when the medians are further apart than the noise of both together: the round that was furthest
//! from its median, of the old and of the new. Start at [`run`].

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::figures::{Better, Figure, per_mille};
use super::results;

/// What became of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Better,
    Worse,
    /// Further apart than noise, of a figure that is neither good nor bad.
    Differs,
    /// Not further apart than rounds are among themselves.
    Noise,
    /// One of both had a single round, so that nobody knows the noise.
    Unsure,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "WORSE",
            Self::Differs => "differs",
            Self::Noise => "within noise",
            Self::Unsure => "one round: noise unknown",
        }
    }
}

/// A figure in both results.
#[derive(Debug)]
struct Change {
    name: String,
    unit: String,
    old: u64,
    new: u64,
    /// The new one in thousandths of the old one.
    ratio_per_mille: u64,
    /// Thousandths within which a change means nothing.
    noise_per_mille: Option<u64>,
    verdict: Verdict,
}

impl Change {
    fn of(old: &Figure, new: &Figure) -> Self {
        let (before, after) = (old.value(), new.value());
        let ratio_per_mille = per_mille(after, before);
        let noise_per_mille =
            old.noise_per_mille().zip(new.noise_per_mille()).map(|(one, other)| one + other);
        let verdict = match noise_per_mille {
            _ if before == after => Verdict::Noise,
            None => Verdict::Unsure,
            Some(noise) if before > 0 && ratio_per_mille.abs_diff(1_000) <= noise => Verdict::Noise,
            Some(_) => match (new.better(), after > before) {
                (None, _) => Verdict::Differs,
                (Some(Better::More), true) | (Some(Better::Less), false) => Verdict::Better,
                (Some(Better::More), false) | (Some(Better::Less), true) => Verdict::Worse,
            },
        };
        let (name, unit) = (new.name.clone(), new.unit.clone());
        Self { name, unit, old: before, new: after, ratio_per_mille, noise_per_mille, verdict }
    }

    fn line(&self) -> String {
        let Self { name, unit, old, new, .. } = self;
        let noise =
            self.noise_per_mille.map_or_else(String::new, |noise| format!("+-{}", thousandths(noise)));
        let ratio = if *old == 0 { "-".to_owned() } else { thousandths(self.ratio_per_mille) };
        format!("{name:<58} {old:>10} {new:>10} {unit:<14} {ratio:>8} {noise:<9} {}", self.verdict.word())
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name, "unit": self.unit, "old": self.old, "new": self.new,
            "ratio": thousandths(self.ratio_per_mille), "noise": self.noise_per_mille.map(thousandths),
            "verdict": self.verdict.word(),
        })
    }
}

/// A number of thousandths with its point.
fn thousandths(number: u64) -> String {
    format!("{}.{:03}", number / 1_000, number % 1_000)
}

/// Prints what changed from the first file to the second, or to the newest result.
pub(super) fn run(files: &[PathBuf], json: bool) -> anyhow::Result<()> {
    let old = files.first().context("a result to compare with is needed")?;
    let newest = || results::newest_but(old);
    let new = files.get(1).map_or_else(newest, |file| Ok(file.clone()))?;
    let (before, after) = (results::read(old)?, results::read(&new)?);
    if !json {
        println!("old: {}\nnew: {}", told(old, &before), told(&new, &after));
        for name in results::differing_circumstances(&before, &after) {
            println!("CAUTION: the two differ in {name}");
        }
    }
    let (before, after) = (results::figures_of(&before)?, results::figures_of(&after)?);
    for change in changes(&before, &after) {
        println!("{}", if json { change.json().to_string() } else { change.line() });
    }
    for (figures, others, word) in [(&before, &after, "old"), (&after, &before, "new")] {
        for figure in figures.iter().filter(|figure| others.iter().all(|other| other.name != figure.name)) {
            if !json {
                println!(
                    "{:<58} {:>10} {} in the {word} one alone",
                    figure.name,
                    figure.value(),
                    figure.unit
                );
            }
        }
    }
    Ok(())
}

fn changes(before: &[Figure], after: &[Figure]) -> Vec<Change> {
    let pair = |new: &Figure| before.iter().find(|old| old.name == new.name).map(|old| Change::of(old, new));
    after.iter().filter_map(pair).collect()
}

fn told(file: &Path, result: &Value) -> String {
    let word = |path: &str| result.pointer(path).and_then(Value::as_str).unwrap_or("?").to_owned();
    format!("{} (commit {}, {})", file.display(), word("/commit"), word("/at"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(unit: &str, rounds: &[u64]) -> Figure {
        Figure::told("x", unit, rounds.to_vec())
    }

    #[test]
    fn a_change_counts_when_it_is_more_than_the_noise_of_both() {
        let cases: [(&str, &[u64], &[u64], Verdict); 9] = [
            ("messages/s", &[100, 100, 100], &[110, 110, 110], Verdict::Better),
            ("messages/s", &[100, 100, 100], &[90, 90, 90], Verdict::Worse),
            ("us", &[100, 100, 100], &[90, 90, 90], Verdict::Better),
            ("us", &[100, 100, 100], &[110, 110, 110], Verdict::Worse),
            // 4 % and 4 % of noise hide 8 %, and not 9 %.
            ("us", &[96, 100, 104], &[96, 100, 104], Verdict::Noise),
            ("us", &[960, 1_000, 1_040], &[1_036, 1_080, 1_124], Verdict::Noise),
            ("us", &[960, 1_000, 1_040], &[1_050, 1_090, 1_130], Verdict::Worse),
            ("us", &[100], &[200, 200], Verdict::Unsure),
            ("cores", &[2, 2], &[4, 4], Verdict::Differs),
        ];
        for (unit, old, new, expected) in cases {
            let change = Change::of(&figure(unit, old), &figure(unit, new));
            assert_eq!(change.verdict, expected, "{unit} {old:?} {new:?}");
        }
    }

    #[test]
    fn ratios_are_told_and_a_zero_is_no_divisor() {
        let change = Change::of(&figure("us", &[200, 200]), &figure("us", &[250, 250]));
        assert_eq!((change.ratio_per_mille, change.json()["ratio"].clone()), (1_250, json!("1.250")));
        assert!(change.line().contains("1.250") && change.line().contains("WORSE"), "{}", change.line());
        let risen = Change::of(&figure("us", &[0, 0]), &figure("us", &[250, 250]));
        assert_eq!(risen.verdict, Verdict::Worse);
        assert!(risen.line().contains(" - "), "{}", risen.line());
    }

    #[test]
    fn figures_are_paired_by_name() {
        let named = |name: &str| Figure::told(name, "us", vec![1]);
        let found = changes(&[named("a"), named("b")], &[named("b"), named("c")]);
        assert_eq!(found.iter().map(|change| change.name.as_str()).collect::<Vec<_>>(), ["b"]);
    }
}
