//! What is sent and to whom: a text of 160 characters that fits one part, to numbers of several countries.

use crate::random::Random;

/// Characters of the text, all of the GSM 7-bit default alphabet.
const TEXT_CHARACTERS: usize = 160;
const WORDS: &str = "Your parcel has left our depot and will reach you between nine and eleven. Please have your \
     code at hand; our driver asks for it at the door. Reply STOP to end these messages. ";
/// Country codes with the national digits that a mobile number begins with.
const PREFIXES: [&str; 8] = ["4474", "32470", "336", "4915", "120255", "8613", "8526", "39320"];
/// Numbers of one run that are unlike each other: all begin with this and have nine more digits.
const UNIQUE_PREFIX: u64 = 447_000_000_000;
const UNIQUE_NUMBERS: u64 = 1_000_000_000;

/// A text of 160 characters.
pub(super) fn body() -> String {
    WORDS.chars().cycle().take(TEXT_CHARACTERS).collect()
}

/// Makes recipients.
#[derive(Debug)]
pub(super) struct Recipients {
    random: Random,
    /// The next of a series without repetition; `None` for random numbers.
    next: Option<u64>,
}

impl Recipients {
    /// Random numbers, or from `first` on a series in which none comes twice.
    pub(super) const fn new(seed: u64, first: Option<u64>) -> Self {
        Self { random: Random::new(seed), next: first }
    }

    /// The next recipient, digits from the country code on.
    pub(super) fn next(&mut self) -> String {
        if let Some(next) = &mut self.next {
            let number = UNIQUE_PREFIX + *next % UNIQUE_NUMBERS;
            *next += 1;
            return number.to_string();
        }
        let place = usize::try_from(self.random.below(PREFIXES.len() as u64)).unwrap_or(0);
        let prefix = PREFIXES.get(place).copied().unwrap_or("4474");
        format!("{prefix}{:07}", self.random.below(10_000_000))
    }
}
