//! Texts with `{placeholders}`: read into pieces, and compared with texts that were written from them.
//!
//! `{{` and `}}` stand for braces. Start at [`pieces`] and [`matches`].

use types::contact::is_parameter_name;

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A text that stays as it is.
    Literal(&'a str),
    /// The name of a parameter whose value stands here.
    Placeholder(&'a str),
}

/// Reads a template.
///
/// # Errors
/// What is wrong with it, for whoever wrote it to read.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(place) = rest.find(['{', '}']) {
        let (before, at) = rest.split_at(place);
        pieces.push(Piece::Literal(before));
        let doubled = ["{{", "}}"].into_iter().find_map(|pair| at.strip_prefix(pair));
        rest = if let Some(behind) = doubled {
            let brace = if at.starts_with('{') { "{" } else { "}" };
            pieces.push(Piece::Literal(brace));
            behind
        } else {
            let inner = at.strip_prefix('{').and_then(|inner| inner.split_once('}'));
            let Some((name, behind)) = inner.filter(|(name, _)| is_parameter_name(name)) else {
                return Err(
                    "a brace stands alone: write `{name}` for a parameter, and `{{` or `}}` for a brace"
                        .to_owned(),
                );
            };
            pieces.push(Piece::Placeholder(name));
            behind
        };
    }
    pieces.push(Piece::Literal(rest));
    pieces.retain(|piece| *piece != Piece::Literal(""));
    Ok(pieces)
}

/// A template to compare texts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The texts between the placeholders, in their order; one more than there are placeholders. Placeholders
    /// that stand side by side have an empty one between them.
    literals: Vec<String>,
}

impl Pattern {
    /// The pattern of a template; `None` for what is none.
    pub fn of(text: &str) -> Option<Self> {
        let mut literals = vec![String::new()];
        for piece in pieces(text).ok()? {
            match (piece, literals.last_mut()) {
                (Piece::Literal(text), Some(last)) => last.push_str(text),
                _ => literals.push(String::new()),
            }
        }
        Some(Self { literals })
    }
}

/// Whether a text can be written from a template, with some text or none for each placeholder.
pub fn matches(pattern: &Pattern, text: &str) -> bool {
    let Some((first, others)) = pattern.literals.split_first() else { return false };
    let Some((last, between)) = others.split_last() else { return first == text };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    // The first place is as good as any later one: whatever stands before it goes into the placeholder.
    for literal in between {
        let Some((_, behind)) = rest.split_once(literal.as_str()) else { return false };
        rest = behind;
    }
    rest.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    use super::{Pattern, Piece, matches, pieces};

    #[test]
    fn a_template_is_read_into_its_pieces() {
        use Piece::{Literal, Placeholder};
        let read = pieces("Dear {name}, {{{n}}}").unwrap();
        let expected = [
            Literal("Dear "),
            Placeholder("name"),
            Literal(", "),
            Literal("{"),
            Placeholder("n"),
            Literal("}"),
        ];
        assert_eq!(read, expected);
        for text in ["{", "}", "a } b", "{a b}", "{}", "{a", "{{}", "{ä}", "{a{b}}"] {
            assert!(pieces(text).is_err() && Pattern::of(text).is_none(), "{text}");
        }
    }

    #[test]
    fn texts_are_known_by_their_template() {
        let cases = [
            ("Your code is {code}.", "Your code is 1234.", true),
            ("Your code is {code}.", "Your code is .", true),
            ("Your code is {code}.", "Your code is 1234", false),
            ("Your code is {code}.", "your code is 1234.", false),
            ("Your code is {code}.", "Buy now! Your code is 1234.", false),
            ("{a} and {b}", "salt and pepper and oil", true),
            ("{a} and {b}", "salt, pepper", false),
            ("{a}{b}", "anything", true),
            ("{a}-{b}-{c}!", "1-2-3!", true),
            ("{a}-{b}-{c}!", "1-23!", false),
            ("no placeholders", "no placeholders", true),
            ("no placeholders", "no placeholders at all", false),
            ("{{{a}}}", "{x}", true),
            ("{{{a}}}", "x", false),
            // What stands at both ends does not overlap.
            ("aba{x}ba", "aba", false),
            ("aba{x}ba", "ababa", true),
        ];
        for (template, text, expected) in cases {
            assert_eq!(matches(&Pattern::of(template).unwrap(), text), expected, "{template} {text}");
        }
    }
}
