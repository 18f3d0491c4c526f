//! The list of targets, and what a target is: one parser with its promises as assertions.
//!
//! To add one: a function that makes a [`Check`], in the file of its subject, a row in [`TARGETS`], and a folder
//! of its name in `fuzz/corpus` with a few inputs that are in order. A check panics when a promise is broken, and
//! gives a number that tells one outcome from another, so that inputs with new outcomes are kept.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a check tells of a broken promise by panicking; the engine catches it"
)]

mod documents;
mod http;
mod smpp_fields;
mod smpp_stream;
mod text;
mod user_data;
mod values;

use std::hash::{DefaultHasher, Hash, Hasher as _};

/// Tries one input and gives a number for its outcome.
pub(crate) type Check = Box<dyn FnMut(&[u8]) -> u64>;

/// A parser under test.
pub(crate) struct Target {
    /// Its name, which is that of its folder in the corpus.
    pub(crate) name: &'static str,
    /// What it tries, in a few words.
    pub(crate) about: &'static str,
    /// Makes the check, with whatever it needs.
    pub(crate) make: fn() -> Check,
    /// What its inputs are made of, to be put in now and then.
    pub(crate) words: &'static [&'static [u8]],
    /// The longest input, in octets.
    pub(crate) limit: usize,
    /// Octets that a run may allocate for an empty input.
    pub(crate) octets_base: usize,
    /// Octets that it may allocate more for each octet of the input.
    pub(crate) octets_per_octet: usize,
}

/// Every target, in the order in which they run.
pub(crate) const TARGETS: &[Target] = &[
    smpp_stream::STREAM,
    smpp_fields::TLVS,
    smpp_fields::RECEIPT,
    smpp_fields::TIME,
    smpp_fields::MESSAGE_ID,
    user_data::HEADER,
    user_data::JOIN,
    text::DECODE,
    text::SPLIT,
    values::VALUES,
    http::SUBMIT,
    http::HOOKS,
    http::PAASOO,
    http::dialects::DIALECTS,
    http::dialects::TWIML,
    http::CALLBACK,
    documents::TRAFFIC,
    documents::PROFILE,
    documents::PRICES,
];

/// A number that is the same for like outcomes.
fn outcome(parts: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// How many, roughly: like outcomes should not differ by one more of the same.
fn roughly(count: usize) -> u32 {
    count.checked_ilog2().map_or(0, |log| log + 1)
}
