//! What a bad carrier does, by chance and by seed.
//!
//! Start at [`Chaos::draw`], which decides about one message when it is taken.

use std::collections::{HashMap, VecDeque};
use std::str::FromStr;

use smpp::MessageState;

use crate::random::Random;

/// Messages that can be asked for with `query_sm`; older ones are forgotten.
const KNOWN_MAX: usize = 1_000_000;
/// Digits of an id that is padded with zeros.
const PADDED_DIGITS: usize = 16;

/// A number of per cent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Percent(u8);

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(percent @ 0..=100) => Ok(Self(percent)),
            _ => Err("expected 0 to 100".to_owned()),
        }
    }
}

impl Percent {
    const fn falls(self, random: &mut Random) -> bool {
        // Nothing is drawn for what never happens, so that one knob does not change what another does.
        self.0 > 0 && random.below(100) < self.0 as u64
    }
}

/// How an id is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Notation {
    /// Hexadecimal, 8 to 10 digits in lower case.
    Hex,
    /// The same in upper case.
    Upper,
    /// The same with zeros before it, 16 digits.
    Padded,
    /// Hexadecimal without any leading zero.
    Stripped,
    /// Decimal.
    Decimal,
    /// Decimal with zeros before it, 16 digits.
    PaddedDecimal,
    /// One of the above for each, by chance.
    Mixed,
}

impl Notation {
    const PLAIN: [Self; 6] =
        [Self::Hex, Self::Upper, Self::Padded, Self::Stripped, Self::Decimal, Self::PaddedDecimal];

    /// Writes an id.
    pub(super) fn write(self, number: u64) -> String {
        match self {
            Self::Hex | Self::Mixed => format!("{number:08x}"),
            Self::Upper => format!("{number:08X}"),
            Self::Padded => format!("{number:0PADDED_DIGITS$x}"),
            Self::Stripped => format!("{number:x}"),
            Self::Decimal => number.to_string(),
            Self::PaddedDecimal => format!("{number:0PADDED_DIGITS$}"),
        }
    }

    fn settled(self, random: &mut Random) -> Self {
        if self != Self::Mixed {
            return self;
        }
        let place = random.below(Self::PLAIN.len() as u64);
        usize::try_from(place).ok().and_then(|place| Self::PLAIN.get(place).copied()).unwrap_or(Self::Hex)
    }
}

/// Where a receipt says what it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    /// In its text and in its TLVs.
    #[default]
    Both,
    /// In its text only.
    Text,
    /// In its TLVs only.
    Tlv,
}

/// Knobs of `carrier`; every share is in per cent of the messages.
#[derive(clap::Args, Debug, Clone)]
pub(super) struct ChaosOptions {
    /// Receipts that come before the answer.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    early: Percent,
    /// How long the answer comes after such a receipt.
    #[arg(long, value_name = "MS", default_value_t = 50)]
    early_by_ms: u64,
    /// Receipts that come late.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    late: Percent,
    /// How late.
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    late_after_ms: u64,
    /// Receipts that never go over the session that took the message, as long as there is another one.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    other_bind: Percent,
    /// Receipts that wait until the session that took the message has ended.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    after_rebind: Percent,
    /// Receipts that are told twice.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    duplicate: Percent,
    /// Receipts that are followed by one that says the opposite.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    contradict: Percent,
    /// How long after the first the second comes.
    #[arg(long, value_name = "MS", default_value_t = 200)]
    again_after_ms: u64,
    /// Receipts that are preceded by one that says `ENROUTE`.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    intermediate: Percent,
    /// Messages that fail: their receipt says `UNDELIV`.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    fail: Percent,
    /// Messages without a receipt.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    silent: Percent,
    /// Messages that are taken and never answered.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    mute: Percent,
    /// Messages that are answered twice.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    answer_twice: Percent,
    /// Messages that are not taken: answered with `ESME_RTHROTTLED`.
    #[arg(long, value_name = "PERCENT", default_value = "0")]
    throttle: Percent,
    /// How answers write ids.
    #[arg(long, value_enum, default_value = "hex")]
    id_notation: Notation,
    /// How receipts write ids.
    #[arg(long, value_enum, default_value = "hex")]
    receipt_notation: Notation,
    /// Where receipts say what they say.
    #[arg(long, value_enum, default_value = "both")]
    form: Form,
}

/// What becomes of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) answer: Answer,
    /// The id as the answer writes it.
    pub(super) id: String,
    /// The id as receipts write it.
    pub(super) receipt_id: String,
    pub(super) over: Over,
    pub(super) receipts: Vec<Told>,
}

impl Fate {
    /// What a good carrier does.
    pub(super) fn good(number: u64, receipt_after_us: u64) -> Self {
        let id = Notation::Hex.write(number);
        let receipt = Told { after_us: receipt_after_us, state: MessageState::Delivered };
        Self { answer: Answer::Now, receipt_id: id.clone(), id, over: Over::Any, receipts: vec![receipt] }
    }
}

/// How a message is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// At once.
    Now,
    /// At once, and again.
    Twice,
    /// After so many microseconds.
    After(u64),
    /// Never.
    Never,
    /// It is not taken.
    Throttled,
}

/// The session over which a receipt goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Over {
    /// Whichever comes next.
    #[default]
    Any,
    /// Another one than that which took the message.
    Other,
    /// Whichever comes next once that session has ended.
    Later,
}

/// One receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Microseconds from the moment when the message was taken.
    pub(super) after_us: u64,
    pub(super) state: MessageState,
}

/// The chance of a bad carrier, and what it remembers for those who ask.
#[derive(Debug)]
pub(super) struct Chaos {
    options: ChaosOptions,
    random: Random,
    /// The final state by id, and when it is reached.
    known: HashMap<String, (MessageState, u64)>,
    known_by_age: VecDeque<String>,
}

impl Chaos {
    pub(super) fn new(options: ChaosOptions, seed: u64) -> Self {
        Self { options, random: Random::new(seed), known: HashMap::new(), known_by_age: VecDeque::new() }
    }

    /// Where receipts say what they say.
    pub(super) const fn form(&self) -> Form {
        self.options.form
    }

    /// Decides about a message with an id of that number whose receipt would come after so many microseconds.
    pub(super) fn draw(&mut self, number: u64, receipt_after_us: u64) -> Fate {
        let (options, random) = (&self.options, &mut self.random);
        let early = options.early.falls(random);
        let answer = if options.throttle.falls(random) {
            Answer::Throttled
        } else if options.mute.falls(random) {
            Answer::Never
        } else if early {
            Answer::After(options.early_by_ms * 1_000)
        } else if options.answer_twice.falls(random) {
            Answer::Twice
        } else {
            Answer::Now
        };
        let over = if options.after_rebind.falls(random) {
            Over::Later
        } else if options.other_bind.falls(random) {
            Over::Other
        } else {
            Over::Any
        };
        let after_us = if early {
            0
        } else if options.late.falls(random) {
            options.late_after_ms * 1_000
        } else {
            receipt_after_us
        };
        let (state, opposite) = if options.fail.falls(random) {
            (MessageState::Undeliverable, MessageState::Delivered)
        } else {
            (MessageState::Delivered, MessageState::Undeliverable)
        };
        let mut receipts = Vec::new();
        if !options.silent.falls(random) {
            if options.intermediate.falls(random) {
                receipts.push(Told { after_us: after_us / 2, state: MessageState::Enroute });
            }
            receipts.push(Told { after_us, state });
            let again_us = after_us + options.again_after_ms * 1_000;
            if options.duplicate.falls(random) {
                receipts.push(Told { after_us: again_us, state });
            }
            if options.contradict.falls(random) {
                receipts.push(Told { after_us: again_us, state: opposite });
            }
        }
        Fate {
            answer,
            id: options.id_notation.settled(random).write(number),
            receipt_id: options.receipt_notation.settled(random).write(number),
            over,
            receipts,
        }
    }

    /// Remembers what becomes of a message, for `query_sm`.
    pub(super) fn remember(&mut self, id: &str, state: MessageState, from_us: u64) {
        if self.known_by_age.len() >= KNOWN_MAX
            && let Some(oldest) = self.known_by_age.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.known.insert(id.to_owned(), (state, from_us));
        self.known_by_age.push_back(id.to_owned());
    }

    /// The state of a message now.
    pub(super) fn state(&self, id: &str, now_us: u64) -> Option<MessageState> {
        let (state, from_us) = self.known.get(id)?;
        Some(if now_us >= *from_us { *state } else { MessageState::Enroute })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: ChaosOptions,
    }

    fn chaos(words: &[&str]) -> Chaos {
        let line = Line::parse_from([&["carrier"], words].concat());
        Chaos::new(line.options, 1)
    }

    #[test]
    fn without_knobs_a_carrier_is_good() {
        let fate = chaos(&[]).draw(0xab_cdef, 50);
        let receipts = vec![Told { after_us: 50, state: MessageState::Delivered }];
        assert_eq!((fate.answer, fate.over, fate.receipts), (Answer::Now, Over::Any, receipts));
        assert_eq!((fate.id.as_str(), fate.receipt_id.as_str()), ("00abcdef", "00abcdef"));
    }

    #[test]
    fn each_knob_does_what_it_says() {
        let always = |knob: &str| chaos(&[knob, "100"]).draw(10, 50_000);
        let told = |after_us, state| Told { after_us, state };
        let (good, bad) = (MessageState::Delivered, MessageState::Undeliverable);
        assert_eq!(always("--early").answer, Answer::After(50_000));
        assert_eq!(always("--early").receipts, [told(0, good)]);
        assert_eq!(always("--late").receipts, [told(5_000_000, good)]);
        assert_eq!(always("--other-bind").over, Over::Other);
        assert_eq!(always("--after-rebind").over, Over::Later);
        assert_eq!(always("--duplicate").receipts, [told(50_000, good), told(250_000, good)]);
        assert_eq!(always("--contradict").receipts, [told(50_000, good), told(250_000, bad)]);
        assert_eq!(
            always("--intermediate").receipts,
            [told(25_000, MessageState::Enroute), told(50_000, good)]
        );
        assert_eq!(always("--fail").receipts, [told(50_000, bad)]);
        assert_eq!(always("--silent").receipts, []);
        for (knob, answer) in
            [("--mute", Answer::Never), ("--answer-twice", Answer::Twice), ("--throttle", Answer::Throttled)]
        {
            assert_eq!(always(knob).answer, answer);
        }
    }

    #[test]
    fn shares_are_about_right() {
        let mut chaos = chaos(&["--duplicate", "30"]);
        let twice = (0..10_000).filter(|number| chaos.draw(*number, 0).receipts.len() == 2).count();
        assert!((2_800..3_200).contains(&twice), "{twice}");
    }

    #[test]
    fn ids_are_written_in_every_notation() {
        let cases = [
            (Notation::Hex, "00abcdef"),
            (Notation::Upper, "00ABCDEF"),
            (Notation::Padded, "0000000000abcdef"),
            (Notation::Stripped, "abcdef"),
            (Notation::Decimal, "11259375"),
            (Notation::PaddedDecimal, "0000000011259375"),
        ];
        for (notation, expected) in cases {
            assert_eq!(notation.write(0xab_cdef), expected);
        }
    }

    #[test]
    fn who_asks_is_told_the_state_of_the_moment() {
        let mut chaos = chaos(&[]);
        chaos.remember("a", MessageState::Delivered, 100);
        assert_eq!(chaos.state("a", 99), Some(MessageState::Enroute));
        assert_eq!(chaos.state("a", 100), Some(MessageState::Delivered));
        assert_eq!(chaos.state("b", 100), None);
    }
}
