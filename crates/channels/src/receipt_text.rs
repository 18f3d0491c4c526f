//! How much of what a carrier writes into a receipt is kept: a hostile one can write 64 KiB into every field.
//!
//! Pure. The one function is [`shortened`].

/// Octets of an id that are kept. Ids of answers are at most 64 (SMPP 3.4), so that a longer one matches nothing.
pub(crate) const ID_OCTETS_MAX: usize = 128;
/// Octets of a state, an error or a date that are kept.
pub(crate) const WORD_OCTETS_MAX: usize = 64;

/// The beginning of a text, cut between characters.
pub(crate) fn shortened(text: &str, octets_max: usize) -> String {
    let mut end = text.len().min(octets_max);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn texts_are_cut_between_characters() {
        for (text, octets_max, expected) in
            [("DELIVRD", 64, "DELIVRD"), ("abcdef", 3, "abc"), ("aéb", 2, "a"), ("é", 1, ""), ("", 0, "")]
        {
            assert_eq!(shortened(text, octets_max), expected);
        }
    }
}
