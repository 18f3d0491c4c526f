//! Figures of several rounds: the median counts, and the lowest and highest say how far rounds differ.
//!
//! Pure arithmetic. Start at [`Figures::add`]; a figure becomes a bar by [`Figure::bar`].

use serde_json::Value;

use super::bars::{Bar, Limit};

/// Which way a figure is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    More,
    Less,
}

/// One figure of all rounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) unit: String,
    /// One value a round, in their order.
    pub(super) rounds: Vec<u64>,
    /// One limit a round; some follow from what was measured beside it.
    limits: Vec<Limit>,
}

impl Figure {
    /// A figure that nothing is asked of.
    pub(super) fn told(name: &str, unit: &str, rounds: Vec<u64>) -> Self {
        Self { name: name.to_owned(), unit: unit.to_owned(), rounds, limits: Vec::new() }
    }

    /// What counts: the median, or the worst round where nothing at all is allowed.
    pub(super) fn value(&self) -> u64 {
        match self.limit() {
            Limit::AtMost(0) => self.high(),
            Limit::AtLeast(_) | Limit::AtMost(_) | Limit::None => median(&self.rounds),
        }
    }

    /// The lowest of the rounds.
    pub(super) fn low(&self) -> u64 {
        self.rounds.iter().copied().min().unwrap_or(0)
    }

    /// The highest of the rounds.
    pub(super) fn high(&self) -> u64 {
        self.rounds.iter().copied().max().unwrap_or(0)
    }

    /// The noise: how far the round that is furthest from the median is from it, in thousandths of the median.
    /// `None` when there is one round, which says nothing of noise.
    pub(super) fn noise_per_mille(&self) -> Option<u64> {
        let middle = median(&self.rounds);
        let furthest = self.high().saturating_sub(middle).max(middle.saturating_sub(self.low()));
        (self.rounds.len() > 1).then(|| per_mille(furthest, middle))
    }

    /// Which way it is better; `None` when it only describes.
    pub(super) fn better(&self) -> Option<Better> {
        match (self.limit(), self.unit.as_str()) {
            (Limit::AtLeast(_), _) => Some(Better::More),
            (Limit::AtMost(_), _) => Some(Better::Less),
            (Limit::None, unit) if unit.ends_with("/s") => Some(Better::More),
            (Limit::None, "us" | "ms" | "ns" | "MiB" | "ns/message" | "octets/message") => Some(Better::Less),
            (Limit::None, _) => None,
        }
    }

    /// The median of the rounds' limits.
    pub(super) fn limit(&self) -> Limit {
        let of = |limit: &Limit| match limit {
            Limit::AtLeast(bound) | Limit::AtMost(bound) => Some(*bound),
            Limit::None => None,
        };
        let bounds: Vec<u64> = self.limits.iter().filter_map(of).collect();
        match self.limits.first() {
            Some(Limit::AtLeast(_)) => Limit::AtLeast(median(&bounds)),
            Some(Limit::AtMost(_)) => Limit::AtMost(median(&bounds)),
            Some(Limit::None) | None => Limit::None,
        }
    }

    /// The figure as it is judged.
    pub(super) fn bar(&self) -> Bar {
        Bar { name: self.name.clone(), value: self.value(), unit: self.unit.clone(), limit: self.limit() }
    }

    /// What is kept of it.
    pub(super) fn json(&self) -> Value {
        let mut value = self.bar().json();
        if let Some(fields) = value.as_object_mut() {
            let bound = match self.limit() {
                Limit::AtLeast(_) => Some("at least"),
                Limit::AtMost(_) => Some("at most"),
                Limit::None => None,
            };
            fields.insert("bound".into(), bound.into());
            fields.insert("low".into(), self.low().into());
            fields.insert("high".into(), self.high().into());
            fields.insert("rounds".into(), self.rounds.clone().into());
        }
        value
    }

    /// A figure that was kept; `None` when it is no such thing.
    pub(super) fn parse(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let rounds =
            value.get("rounds")?.as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<_>>>()?;
        let bound = value.get("limit").and_then(Value::as_u64).unwrap_or(0);
        let limit = match text("bound") {
            Some("at least") => Limit::AtLeast(bound),
            Some("at most") => Limit::AtMost(bound),
            _ => Limit::None,
        };
        let mut figure = Self::told(text("name")?, text("unit")?, rounds);
        figure.limits.push(limit);
        Some(figure)
    }
}

/// All figures, in the order in which they were first measured.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) all: Vec<Figure>,
}

impl Figures {
    /// Adds what one round has measured.
    pub(super) fn add(&mut self, name: impl Into<String>, value: u64, unit: &str, limit: Limit) {
        let name = name.into();
        if let Some(figure) = self.all.iter_mut().find(|figure| figure.name == name) {
            figure.rounds.push(value);
            figure.limits.push(limit);
            return;
        }
        self.all.push(Figure { name, unit: unit.to_owned(), rounds: vec![value], limits: vec![limit] });
    }

    /// Adds what is told and not judged.
    pub(super) fn tell(&mut self, name: impl Into<String>, value: u64, unit: &str) {
        self.add(name, value, unit, Limit::None);
    }
}

/// The value in the middle; of an even number of values, between the two in the middle. Zero of none.
pub(super) fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let at = |place: usize| sorted.get(place).copied().unwrap_or(0);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { at(middle) } else { at(middle.saturating_sub(1)).midpoint(at(middle)) }
}

/// The value below which so many of a thousand are. Zero of none.
pub(super) fn percentile(values: &[u64], per_mille: usize) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().saturating_sub(1);
    sorted.get((last * per_mille).div_ceil(1_000)).copied().unwrap_or(0)
}

/// A part in thousandths of a whole.
pub(super) fn per_mille(part: u64, whole: u64) -> u64 {
    part.saturating_mul(1_000) / whole.max(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let cases: [(&[u64], u64); 6] =
            [(&[], 0), (&[7], 7), (&[9, 1], 5), (&[3, 1, 2], 2), (&[10, 1, 4, 2], 3), (&[5, 1, 9, 2, 7], 5)];
        for (values, expected) in cases {
            assert_eq!(median(values), expected, "{values:?}");
        }
    }

    #[test]
    fn percentiles_take_the_next_value_that_was_measured() {
        let values: Vec<u64> = (1..=100).rev().collect();
        for (share, expected) in [(0, 1), (500, 51), (990, 100), (1_000, 100)] {
            assert_eq!(percentile(&values, share), expected, "{share}");
        }
        assert_eq!((percentile(&[], 990), percentile(&[4], 990)), (0, 4));
    }

    #[test]
    fn noise_is_the_furthest_round_from_the_median() {
        let cases: [(&[u64], Option<u64>); 4] = [
            (&[100], None),
            (&[100, 100], Some(0)),
            (&[90, 100, 105], Some(100)),
            (&[98, 100, 130, 99, 101], Some(300)),
        ];
        for (rounds, expected) in cases {
            assert_eq!(Figure::told("a", "us", rounds.to_vec()).noise_per_mille(), expected, "{rounds:?}");
        }
    }

    #[test]
    fn the_median_is_judged_and_what_must_be_none_by_its_worst_round() {
        let mut figures = Figures::default();
        for (rate, lost, time_us, bound_us) in [(90, 0, 500, 400), (110, 0, 300, 600), (100, 2, 450, 480)] {
            figures.add("rate", rate, "messages/s", Limit::AtLeast(100));
            figures.add("lost", lost, "messages", Limit::AtMost(0));
            figures.add("lone", time_us, "us", Limit::AtMost(bound_us));
        }
        let bars: Vec<_> = figures.all.iter().map(Figure::bar).map(|bar| (bar.value, bar.pass())).collect();
        assert_eq!(bars, [(100, true), (2, false), (450, true)]);
        assert_eq!(figures.all[2].limit(), Limit::AtMost(480));
    }

    #[test]
    fn what_is_kept_is_read_again() {
        let mut figures = Figures::default();
        for value in [3, 1, 2] {
            figures.add("rate", value, "messages/s", Limit::AtLeast(2));
            figures.tell("size", value, "");
        }
        for figure in &figures.all {
            let read = Figure::parse(&figure.json()).unwrap();
            assert_eq!(
                (&read.name, &read.rounds, read.limit()),
                (&figure.name, &figure.rounds, figure.limit())
            );
        }
        assert_eq!(figures.all[0].better(), Some(Better::More));
        assert_eq!(figures.all[1].better(), None);
        assert_eq!(Figure::parse(&json!({ "name": "x" })), None);
    }
}
