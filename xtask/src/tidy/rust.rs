//! Just enough of Rust's grammar to tell code, comments and string literals apart.
//!
//! It never judges and never fails: what it does not know is a symbol. Start at [`tokens`].

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a keyword or a number.
    Word,
    /// One character of punctuation.
    Symbol,
    /// The inside of a string literal of any sort, escapes as they stand.
    Text,
    /// A comment with its marks.
    Comment,
}

/// A piece of a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'text> {
    pub(super) kind: Kind,
    pub(super) text: &'text str,
    /// The line on which it begins, from 1.
    pub(super) line: usize,
}

impl Token<'_> {
    /// Whether this is that name or that sign, and neither a string nor a comment.
    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Symbol) && self.text == text
    }
}

/// Splits a source file; white space and character literals are left out.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (length, token) = next(rest, first);
        let (taken, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if let Some((kind, text)) = token {
            tokens.push(Token { kind, text, line });
        }
        line += taken.matches('\n').count();
        rest = after;
    }
    tokens
}

/// The code of a source file: its tokens without comments.
pub(super) fn code(source: &str) -> Vec<Token<'_>> {
    let mut tokens = tokens(source);
    tokens.retain(|token| token.kind != Kind::Comment);
    tokens
}

/// How many bytes the next piece takes, and what it is if it is anything.
fn next(rest: &str, first: char) -> (usize, Option<(Kind, &str)>) {
    if rest.starts_with("//") {
        let length = rest.find('\n').unwrap_or(rest.len());
        return (length, Some((Kind::Comment, slice(rest, 0, length))));
    }
    if rest.starts_with("/*") {
        let length = block_comment(rest);
        return (length, Some((Kind::Comment, slice(rest, 0, length))));
    }
    if let Some((start, end, length)) = string(rest) {
        return (length, Some((Kind::Text, slice(rest, start, end))));
    }
    if first == '\'' {
        return (character(rest), None);
    }
    if first.is_whitespace() {
        return (first.len_utf8(), None);
    }
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    if is_word(first) {
        let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        return (length, Some((Kind::Word, slice(rest, 0, length))));
    }
    (first.len_utf8(), Some((Kind::Symbol, slice(rest, 0, first.len_utf8()))))
}

fn slice(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default()
}

/// The length of a block comment, which may hold others.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut position = 0;
    while let Some(tail) = rest.get(position..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            position += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            position += 2;
            if depth == 0 {
                return position;
            }
        } else {
            position += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// Start and end of the inside and length of the whole, if a string literal begins here.
fn string(rest: &str) -> Option<(usize, usize, usize)> {
    let prefixes = ["br", "cr", "b", "c", "r", ""];
    for prefix in prefixes {
        let Some(tail) = rest.strip_prefix(prefix) else {
            continue;
        };
        if prefix.ends_with('r') {
            let marks = tail.len() - tail.trim_start_matches('#').len();
            if slice(tail, marks, marks + 1) == "\"" {
                let start = prefix.len() + marks + 1;
                let close = format!("\"{}", "#".repeat(marks));
                let inside = slice(rest, start, rest.len());
                let end = start + inside.find(&close).unwrap_or(inside.len());
                return Some((start, end, (end + close.len()).min(rest.len())));
            }
        } else if tail.starts_with('"') {
            let start = prefix.len() + 1;
            let end = start + quoted(slice(rest, start, rest.len()));
            return Some((start, end, (end + 1).min(rest.len())));
        }
    }
    None
}

/// The position of the quote that ends a string with escapes.
fn quoted(inside: &str) -> usize {
    let mut escaped = false;
    for (position, character) in inside.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return position,
            _ => {}
        }
    }
    inside.len()
}

/// The length of a character literal, or of the quote alone where it begins a lifetime.
fn character(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), _) => {
            // The escaped character itself may be a quote.
            let close = rest.char_indices().skip(3).find(|(_, character)| *character == '\'');
            close.map_or(rest.len(), |(position, _)| position + 1)
        }
        (Some(_), Some((position, '\''))) => position + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_comments_and_strings_are_told_apart() {
        type Expected = &'static [(Kind, &'static str, usize)];
        let cases: &[(&str, Expected)] = &[
            (
                "a::b1",
                &[
                    (Kind::Word, "a", 1),
                    (Kind::Symbol, ":", 1),
                    (Kind::Symbol, ":", 1),
                    (Kind::Word, "b1", 1),
                ],
            ),
            ("// \"x\"\n'\"' y", &[(Kind::Comment, "// \"x\"", 1), (Kind::Word, "y", 2)]),
            ("/* a /* b */ \n */ c", &[(Kind::Comment, "/* a /* b */ \n */", 1), (Kind::Word, "c", 2)]),
            (r#""a\"b" c"#, &[(Kind::Text, r#"a\"b"#, 1), (Kind::Word, "c", 1)]),
            ("r#\"a\n\"b\"# c", &[(Kind::Text, "a\n\"b", 1), (Kind::Word, "c", 2)]),
            ("b\"x\" br\"y\" rest", &[(Kind::Text, "x", 1), (Kind::Text, "y", 1), (Kind::Word, "rest", 1)]),
            (r"'\'' '\u{41}' é", &[(Kind::Word, "é", 1)]),
            ("&'a str", &[(Kind::Symbol, "&", 1), (Kind::Word, "a", 1), (Kind::Word, "str", 1)]),
            ("\"unfinished", &[(Kind::Text, "unfinished", 1)]),
        ];
        for (source, expected) in cases {
            let found: Vec<_> =
                tokens(source).iter().map(|token| (token.kind, token.text, token.line)).collect();
            assert_eq!(found, *expected, "{source}");
        }
    }

    #[test]
    fn code_has_no_comments() {
        assert_eq!(code("a // b\n/* c */ d").iter().map(|token| token.text).collect::<Vec<_>>(), ["a", "d"]);
    }
}
