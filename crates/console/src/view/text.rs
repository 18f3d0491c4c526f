//! How texts of messages look: decoded, cut for a list, and with their codes found.

use gsm_text::{Alphabet, DataCoding, NationalShift, decode, split_udh};
use types::message::Content;

/// Characters of a text in a list.
const EXCERPT_CHARS: usize = 120;
/// Digits of what is taken for a one-time code.
const CODE_DIGITS: std::ops::RangeInclusive<usize> = 4..=8;

/// The text of a message as a person reads it; what cannot be read becomes U+FFFD.
pub(crate) fn readable(content: &Content) -> String {
    let octets = match content {
        Content::Text(text) => return text.clone(),
        Content::Octets(octets) => octets,
    };
    let plain = (NationalShift::default(), octets.payload.as_slice());
    let (shift, body) = match split_udh(&octets.payload) {
        Ok((header, body)) if octets.has_header => (header.national_shift(), body),
        _ => plain,
    };
    decode(DataCoding::from_octet(octets.data_coding), Alphabet::Gsm7, body, shift).text
}

/// The beginning of a text on one line.
pub(crate) fn excerpt(text: &str) -> String {
    let mut line: String =
        text.chars().take(EXCERPT_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > EXCERPT_CHARS {
        line.push('…');
    }
    line
}

/// A run of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) text: String,
    /// Whether it looks like a one-time code.
    pub(crate) code: bool,
}

/// Splits a text where codes of 4 to 8 digits begin and end. Digits that belong to a longer number,
/// a price or a word are no code.
pub(crate) fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut before = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_digit = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "+.,:/€$£".contains(c));
        let ends_freely = !joins(after.chars().next()) || is_sentence_end(after);
        let code = is_digit && CODE_DIGITS.contains(&run.len()) && !joins(before) && ends_freely;
        match runs.last_mut() {
            Some(last) if !code && !last.code => last.text.push_str(run),
            _ => runs.push(Run { text: run.to_owned(), code }),
        }
        before = run.chars().next_back();
        rest = after;
    }
    runs
}

/// Whether a full stop, comma or colon ends a sentence or clause rather than joins digits.
fn is_sentence_end(after: &str) -> bool {
    let mut chars = after.chars();
    chars.next().is_some_and(|c| ".,:".contains(c)) && chars.next().is_none_or(|c| c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use types::message::{Content, OctetContent};

    use super::{excerpt, readable, runs};

    #[test]
    fn codes_are_found_and_other_numbers_are_not() {
        let cases: [(&str, &[&str]); 9] = [
            ("Your code is 493817.", &["493817"]),
            ("493817", &["493817"]),
            ("Codes 1234, 5678 or 90", &["1234", "5678"]),
            ("Call +447911123456 now", &[]),
            ("It costs 1234.50 EUR", &[]),
            ("A1234 and 1234B", &[]),
            ("123 123456789", &[]),
            ("", &[]),
            ("(4821)", &["4821"]),
        ];
        for (text, codes) in cases {
            let found = runs(text);
            let joined: String = found.iter().map(|run| run.text.as_str()).collect();
            assert_eq!(joined, text);
            let found: Vec<_> = found.iter().filter(|run| run.code).map(|run| run.text.as_str()).collect();
            assert_eq!(found, codes, "{text}");
        }
    }

    #[test]
    fn octets_are_read_by_their_coding() {
        let octets = |data_coding, has_header, payload: &[u8]| {
            readable(&Content::Octets(OctetContent {
                data_coding,
                has_header,
                payload: payload.to_vec(),
                ..OctetContent::default()
            }))
        };
        assert_eq!(octets(8, false, &[0x04, 0x16]), "Ж");
        assert_eq!(octets(0, true, &[5, 0, 3, 1, 2, 1, b'H', b'i']), "Hi");
        assert_eq!(octets(3, false, &[0xe9]), "é");
    }

    #[test]
    fn excerpts_are_one_short_line() {
        assert_eq!(excerpt("a\nb"), "a b");
        assert_eq!(excerpt(&"x".repeat(500)).chars().count(), 121);
    }
}
