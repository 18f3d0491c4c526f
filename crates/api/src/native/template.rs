//! Texts with `{placeholders}`: read once, and written for each recipient with its own parameters.
//!
//! A text is a template only where a submission has parameters; any other text goes out as it is, braces
//! and all. `{{` and `}}` stand for braces.

use std::collections::BTreeMap;
use std::fmt;

use decide::template::{Piece, pieces};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use types::contact::{PARAMETER_NAME_OCTETS_MAX, PARAMETER_VALUE_CHARS_MAX, is_parameter_name};

/// The most parameters of a recipient, or of a whole submission.
pub(super) const PARAMETERS_MAX: usize = 50;

/// Parameters by name. A number would lose its form (12.50), so that all values are texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Parameters(BTreeMap<String, String>);

/// For those who state none.
pub(super) const NO_PARAMETERS: &Parameters = &Parameters(BTreeMap::new());

impl From<BTreeMap<String, String>> for Parameters {
    fn from(values: BTreeMap<String, String>) -> Self {
        Self(values)
    }
}

impl Parameters {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for Parameters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ParametersVisitor)
    }
}

struct ParametersVisitor;

impl<'de> Visitor<'de> for ParametersVisitor {
    type Value = Parameters;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Parameters, A::Error> {
        let mut parameters = BTreeMap::new();
        while let Some(name) = entries.next_key::<String>()? {
            if !is_parameter_name(&name) {
                return Err(A::Error::custom(format!(
                    "a parameter's name has 1 to {PARAMETER_NAME_OCTETS_MAX} letters, digits and underscores"
                )));
            }
            let value = entries.next_value::<String>()?;
            if value.chars().count() > PARAMETER_VALUE_CHARS_MAX {
                return Err(A::Error::custom(format!(
                    "`{name}` has more than {PARAMETER_VALUE_CHARS_MAX} characters"
                )));
            }
            if parameters.len() == PARAMETERS_MAX {
                return Err(A::Error::custom(format!("more than {PARAMETERS_MAX} parameters")));
            }
            if parameters.insert(name, value).is_some() {
                return Err(A::Error::custom("a parameter stands there twice"));
            }
        }
        Ok(Parameters(parameters))
    }
}

/// A text with placeholders.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Template<'a> {
    pieces: Vec<Piece<'a>>,
}

impl<'a> Template<'a> {
    /// A text that goes out as it is.
    pub(super) fn literal(text: &'a str) -> Self {
        Self { pieces: vec![Piece::Literal(text)] }
    }

    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it, for the caller to read.
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        Ok(Self { pieces: pieces(text)? })
    }

    /// Its pieces for a recipient: its own parameters go before those of all.
    ///
    /// # Errors
    /// The first name without a value.
    fn filled<'b>(&'b self, own: &'b Parameters, of_all: &'b Parameters) -> Result<Vec<&'b str>, &'b str> {
        let fill = |piece: &'b Piece<'a>| match piece {
            Piece::Literal(text) => Ok(*text),
            Piece::Placeholder(name) => own.get(name).or_else(|| of_all.get(name)).ok_or(*name),
        };
        self.pieces.iter().map(fill).collect()
    }

    /// The octets of the text for a recipient.
    ///
    /// # Errors
    /// The first name without a value.
    pub(super) fn octets<'b>(
        &'b self,
        own: &'b Parameters,
        of_all: &'b Parameters,
    ) -> Result<usize, &'b str> {
        self.filled(own, of_all).map(|pieces| pieces.iter().map(|piece| piece.len()).sum())
    }

    /// The text for a recipient; empty where [`Template::octets`] would name what is missing.
    pub(super) fn write(&self, own: &Parameters, of_all: &Parameters) -> String {
        self.filled(own, of_all).map(|pieces| pieces.concat()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{PARAMETERS_MAX, Parameters, Template};

    fn parameters(json: &str) -> Parameters {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn placeholders_are_filled_and_everything_else_stays() {
        let of_all = parameters(r#"{"shop": "ACME", "n": "7"}"#);
        let own = parameters(r#"{"name": "Zoë {x}", "n": "12.50"}"#);
        let cases = [
            ("Dear {name}, {n} at {shop}", "Dear Zoë {x}, 12.50 at ACME"),
            ("{name}{name}", "Zoë {x}Zoë {x}"),
            ("{{name}} costs {{{n}}}", "{name} costs {12.50}"),
            ("no braces", "no braces"),
            ("", ""),
        ];
        for (text, expected) in cases {
            let template = Template::parse(text).unwrap();
            assert_eq!(template.write(&own, &of_all), expected, "{text}");
            assert_eq!(template.octets(&own, &of_all), Ok(expected.len()), "{text}");
        }
        let literal = Template::literal("{name} }{");
        assert_eq!(literal.write(&own, &of_all), "{name} }{");
    }

    #[test]
    fn what_is_missing_is_named() {
        let template = Template::parse("{a} {b}").unwrap();
        assert_eq!(template.octets(&parameters(r#"{"a": "1"}"#), &Parameters::default()), Err("b"));
    }

    #[test]
    fn braces_that_stand_alone_are_refused() {
        for text in ["{", "}", "a } b", "{a b}", "{}", "{a", "{{}", "{ä}", "{a{b}}"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn parameters_have_limits() {
        let many: Vec<_> = (0..=PARAMETERS_MAX).map(|n| format!(r#""p{n}": "{n}""#)).collect();
        let cases = [
            (format!("{{{}}}", many.join(",")), "more than 50 parameters"),
            (format!("{{{}}}", many[1..].join(",")), ""),
            (r#"{"a": "1", "a": "2"}"#.to_owned(), "stands there twice"),
            (r#"{"a b": "1"}"#.to_owned(), "letters, digits"),
            (format!(r#"{{"{}": "1"}}"#, "n".repeat(33)), "letters, digits"),
            (r#"{"a": 12.50}"#.to_owned(), "expected a string"),
            (r#"{"a": null}"#.to_owned(), "expected a string"),
            (format!(r#"{{"a": "{}"}}"#, "v".repeat(1_601)), "more than 1600 characters"),
        ];
        for (json, expected) in cases {
            match serde_json::from_str::<Parameters>(&json) {
                Ok(_) => assert_eq!(expected, "", "{json}"),
                Err(error) => {
                    assert!(!expected.is_empty() && error.to_string().contains(expected), "{error}")
                }
            }
        }
    }
}
