//! Templates of addresses and bodies, with what a message puts into their places.
//!
//! Values are escaped for where they stand, so that no text can break out of its place. Start at
//! [`Template::read`].

use std::borrow::Cow;
use std::fmt::Write;

/// What a place stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    To,
    ToPlus,
    From,
    Text,
    Id,
    Reference,
}

const FIELDS: [(&str, Field); 6] = [
    ("to", Field::To),
    ("to_plus", Field::ToPlus),
    ("from", Field::From),
    ("text", Field::Text),
    ("id", Field::Id),
    ("reference", Field::Reference),
];

/// How values are escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// Inside a JSON string (RFC 8259, section 7).
    Json,
    /// In an address or a form (RFC 3986, section 2.1).
    Url,
    /// In the text or an attribute of XML.
    Xml,
    /// Not at all.
    None,
}

impl Escape {
    /// The escape for a body of that content type.
    pub(super) fn of_content_type(content_type: &str) -> Self {
        let kind = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/x-www-form-urlencoded" => Self::Url,
            "application/json" => Self::Json,
            "application/xml" | "text/xml" => Self::Xml,
            _ if kind.ends_with("+json") => Self::Json,
            _ if kind.ends_with("+xml") => Self::Xml,
            _ => Self::None,
        }
    }

    fn push(self, value: &str, out: &mut String) {
        match self {
            Self::None => out.push_str(value),
            Self::Json => {
                let quoted = serde_json::Value::from(value).to_string();
                let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
                out.push_str(inside.unwrap_or(""));
            }
            Self::Url => value.bytes().for_each(|octet| push_percent(octet, out)),
            Self::Xml => value.chars().for_each(|c| push_xml(c, out)),
        }
    }
}

fn push_percent(octet: u8, out: &mut String) {
    if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
        out.push(char::from(octet));
    } else if write!(out, "%{octet:02X}").is_err() {
        // Writing into a text does not fail.
        debug_assert!(false);
    }
}

fn push_xml(character: char, out: &mut String) {
    match character {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&apos;"),
        // XML 1.0 has no way to write other control characters.
        c if c.is_control() && !matches!(c, '\n' | '\r' | '\t') => out.push(' '),
        c => out.push(c),
    }
}

/// What a message puts into the places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'a> {
    /// The recipient's digits, or its text when it is no number.
    pub(super) to: &'a str,
    /// The sender.
    pub(super) from: &'a str,
    /// The text.
    pub(super) text: &'a str,
    /// Our id.
    pub(super) id: &'a str,
    /// The reference number of the message.
    pub(super) reference: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Place(Field),
}

/// A text with places like `{to}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

impl Template {
    /// Reads a template. Braces around anything but one word of small letters stand for themselves,
    /// so that JSON needs no escaping.
    ///
    /// # Errors
    /// A sentence that names a place that does not exist.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            literal.push_str(before);
            let word = after.split_once('}').filter(|(word, _)| is_word(word));
            let Some((word, behind)) = word else {
                literal.push('{');
                rest = after;
                continue;
            };
            let Some((_, field)) = FIELDS.iter().find(|(name, _)| *name == word) else {
                let names: Vec<_> = FIELDS.iter().map(|(name, _)| format!("{{{name}}}")).collect();
                return Err(format!("{{{word}}} is no place; write one of {}", names.join(" ")));
            };
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            pieces.push(Piece::Place(*field));
            rest = behind;
        }
        literal.push_str(rest);
        pieces.push(Piece::Literal(literal));
        Ok(Self { pieces })
    }

    /// Whether it is one place and nothing else, so that there is nothing to break out of.
    fn is_one_place(&self) -> bool {
        let (mut places, mut is_bare) = (0, true);
        for piece in &self.pieces {
            match piece {
                Piece::Place(_) => places += 1,
                Piece::Literal(text) => is_bare &= text.is_empty(),
            }
        }
        places == 1 && is_bare
    }

    /// The text with the values in it; `None` when one of them could break out of its place: where nothing is
    /// escaped, a value with line breaks or other control characters.
    pub(super) fn render(&self, values: &Values<'_>, escape: Escape) -> Option<String> {
        let is_open = escape == Escape::None && !self.is_one_place();
        let mut out = String::new();
        for piece in &self.pieces {
            let field = match piece {
                Piece::Literal(text) => {
                    out.push_str(text);
                    continue;
                }
                Piece::Place(field) => field,
            };
            let value = match field {
                Field::To => Cow::Borrowed(values.to),
                Field::ToPlus => Cow::Owned(format!("+{}", values.to)),
                Field::From => Cow::Borrowed(values.from),
                Field::Text => Cow::Borrowed(values.text),
                Field::Id => Cow::Borrowed(values.id),
                Field::Reference => Cow::Owned(values.reference.to_string()),
            };
            if is_open && value.chars().any(char::is_control) {
                return None;
            }
            escape.push(&value, &mut out);
        }
        Some(out)
    }
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::{Escape, Template, Values};

    const VALUES: Values<'_> =
        Values { to: "447911123456", from: "A&B", text: "a\"b\\c\n<é>{to}", id: "msg_1", reference: 7 };

    #[test]
    fn values_cannot_break_out() {
        for (template, escape, expected) in [
            (
                r#"{"to":"{to_plus}","t":"{text}"}"#,
                Escape::Json,
                r#"{"to":"+447911123456","t":"a\"b\\c\n<é>{to}"}"#,
            ),
            ("to={to}&from={from}", Escape::Url, "to=447911123456&from=A%26B"),
            ("{text}", Escape::Url, "a%22b%5Cc%0A%3C%C3%A9%3E%7Bto%7D"),
            ("<t f='{from}'>{text}</t>", Escape::Xml, "<t f='A&amp;B'>a&quot;b\\c\n&lt;é&gt;{to}</t>"),
            ("{id} {reference} {} {X} {a b} {", Escape::None, "msg_1 7 {} {X} {a b} {"),
            ("", Escape::None, ""),
            ("{text}", Escape::None, VALUES.text),
        ] {
            let rendered = Template::read(template).unwrap().render(&VALUES, escape);
            assert_eq!(rendered.as_deref(), Some(expected), "{template}");
        }
        // The text holds a line break, and nothing says how to escape it.
        for template in ["to={to}\ntext={text}", "{text}{id}", " {text}"] {
            assert_eq!(Template::read(template).unwrap().render(&VALUES, Escape::None), None, "{template}");
        }
        assert!(Template::read("{recipient}").unwrap_err().contains("{to}"));
    }

    #[test]
    fn the_content_type_decides() {
        for (content_type, escape) in [
            ("application/json", Escape::Json),
            ("application/vnd.x+json; charset=utf-8", Escape::Json),
            ("application/x-www-form-urlencoded", Escape::Url),
            ("text/xml; charset=utf-8", Escape::Xml),
            ("text/plain", Escape::None),
        ] {
            assert_eq!(Escape::of_content_type(content_type), escape, "{content_type}");
        }
    }
}
