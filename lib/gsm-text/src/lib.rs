//! SMS text: alphabets, part counting, splitting, user data headers, data coding and reassembly.
//!
//! This crate is the one place where part arithmetic happens. A quote, a charge, a send and a preview all
//! call [`count`] or [`split`], so they cannot disagree. The count that is billed is always the one for
//! concatenation with an 8-bit reference, whatever form a connector then uses.
//!
//! It has no sockets, no clock, no randomness and no dependencies. References and times come from the caller.
//! Nothing in it panics on any input. Its errors are all permanent: the same arguments fail in the same way
//! again, so no error here asks for a retry.
//!
//! Start reading at [`split()`] for sending, at [`decode`] and [`split_udh`] for receiving, and at [`Joiner`]
//! for putting inbound parts together.
//!
//! ```
//! use gsm_text::{Alphabet, SplitOptions, count, split};
//!
//! let preview = count("Ciao! The price is 5 €.");
//! assert_eq!((preview.alphabet, preview.parts, preview.units), (Alphabet::Gsm7, 1, 24));
//!
//! let long = "Zażółć gęślą jaźń. ".repeat(5);
//! let sent = split(&long, &SplitOptions { reference: 7, ..SplitOptions::default() })?;
//! assert_eq!(sent.parts.len(), 2);
//! assert_eq!(sent.parts[0].header, [5, 0, 3, 7, 2, 1]);
//! # Ok::<(), gsm_text::SplitError>(())
//! ```

mod alphabet;
mod data_coding;
mod join;
mod pack;
mod split;
mod substitute;
mod udh;

pub use alphabet::{Alphabet, Language, NationalShift, NotEncodable, encode};
pub use data_coding::{
    ClassForm, DataCoding, DecodedText, MessageClass, MessageWaiting, WaitingKind, decode, decode_alphabet,
};
pub use join::{DropReason, Incomplete, Joined, Joiner, JoinerLimits};
pub use pack::{fill_bits, pack, packed_len, unpack};
pub use split::{
    Concatenation, MAX_PARTS, Part, PartCount, Split, SplitError, SplitOptions, USER_DATA_OCTETS_MAX, count,
    count_body, count_in, count_octets, count_with, smallest_alphabet, split, split_body,
};
pub use substitute::{Substituted, Substitution, substitute};
pub use udh::{
    Concatenated, InformationElement, InformationElements, Ports, Udh, UdhBuilder, UdhError, split_udh,
};

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
