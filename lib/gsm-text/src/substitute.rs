//! Replacement of typographic characters by plain ones, so that a text stays in the GSM 7-bit alphabet.
//!
//! A pasted quotation mark can double the price of a message. This module replaces characters whose plain
//! form reads the same, reports every replacement, and touches nothing else: no letter loses its accent, and
//! the joiners of emoji and of Indic scripts stay. It is never applied unasked. Start reading at
//! [`substitute`].

use std::borrow::Cow;

/// A kind of replacement that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Substitution {
    /// The character that was replaced.
    pub from: char,
    /// What stands in its place; empty where the character was invisible.
    pub to: &'static str,
    /// How often it was replaced.
    pub count: u32,
}

/// A text after replacement, and what was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substituted<'a> {
    /// The text, borrowed when nothing changed.
    pub text: Cow<'a, str>,
    /// One entry per replaced character in order of first appearance; bounded by the replacement list.
    pub changes: Vec<Substitution>,
}

/// Replaces typographic quotes, dashes, spaces, ellipses and invisible characters by GSM characters.
///
/// A text that holds other characters outside the alphabet needs UCS-2 all the same; compare
/// [`count`](crate::count()) before and after to see whether the replacement is worth it.
#[must_use]
pub fn substitute(text: &str) -> Substituted<'_> {
    let mut changes: Vec<Substitution> = Vec::new();
    let mut changed = String::new();
    let mut kept_from = 0;
    for (offset, from) in text.char_indices() {
        let Some(to) = replacement(from) else { continue };
        match changes.iter_mut().find(|change| change.from == from) {
            Some(change) => change.count = change.count.saturating_add(1),
            None => changes.push(Substitution { from, to, count: 1 }),
        }
        changed.push_str(text.get(kept_from..offset).unwrap_or_default());
        changed.push_str(to);
        kept_from = offset + from.len_utf8();
    }
    if changes.is_empty() {
        return Substituted { text: Cow::Borrowed(text), changes };
    }
    changed.push_str(text.get(kept_from..).unwrap_or_default());
    Substituted { text: Cow::Owned(changed), changes }
}

fn replacement(character: char) -> Option<&'static str> {
    match character {
        // Back-tick, acute accent, single quotation marks, modifier apostrophe, prime, single guillemets.
        '`' | '\u{B4}' | '\u{2018}'..='\u{201B}' | '\u{2BC}' | '\u{2032}' | '\u{2039}' | '\u{203A}' => {
            Some("'")
        }
        // Double quotation marks, double prime, guillemets.
        '\u{201C}'..='\u{201F}' | '\u{2033}' | '\u{AB}' | '\u{BB}' => Some("\""),
        // Hyphens, dashes, horizontal bar, minus sign.
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some("-"),
        '\u{2026}' => Some("..."),
        // Tabulator, no-break space, spaces of all widths, ideographic space.
        '\t' | '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => Some(" "),
        // Line and paragraph separators.
        '\u{2028}' | '\u{2029}' => Some("\n"),
        // Soft hyphen, zero-width space, word joiner, byte order mark.
        '\u{AD}' | '\u{200B}' | '\u{2060}' | '\u{FEFF}' => Some(""),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::substitute;
    use crate::{Alphabet, count};
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn typographic_characters_become_plain_ones() {
        for (from, to) in [
            ("“Don’t” – it’s 5…", "\"Don't\" - it's 5..."),
            ("«Oui» ‚x‘ ‹y›", "\"Oui\" 'x' 'y'"),
            ("a\u{A0}b\u{2009}c\u{3000}d\te", "a b c d e"),
            ("so\u{AD}ft\u{200B}\u{FEFF}", "soft"),
            ("−5 ‑ —", "-5 - -"),
            ("`x´", "'x'"),
        ] {
            let substituted = substitute(from);
            assert_eq!(substituted.text, to);
            assert_eq!(count(&substituted.text).alphabet, Alphabet::Gsm7, "{to}");
        }
    }

    #[test]
    fn changes_are_reported_by_character_and_count() {
        let substituted = substitute("’a’ – ’");
        let changes: Vec<_> =
            substituted.changes.iter().map(|change| (change.from, change.to, change.count)).collect();
        assert_eq!(changes, [('’', "'", 3), ('–', "-", 1)]);
    }

    #[test]
    fn other_text_is_left_alone() {
        for text in ["", "plain", "Zażółć", "👩\u{200D}👧", "क्\u{200D}ष", "é ü ñ € [x]"] {
            let substituted = substitute(text);
            assert!(matches!(substituted.text, Cow::Borrowed(same) if same == text));
            assert!(substituted.changes.is_empty());
        }
    }

    proptest! {
        #[test]
        fn replacing_again_changes_nothing(text in any::<String>()) {
            let once = substitute(&text).text.into_owned();
            prop_assert!(substitute(&once).changes.is_empty());
            prop_assert_eq!(&substitute(&once).text, &once);
        }
    }
}
