//! TOML documents that people write: read strictly, and told where they are wrong.
//!
//! An error names the line and the key, and never repeats a line, which may hold a secret. Start at
//! [`read`]; [`place`] finds the line that a sentence of the core is about.

mod lines;

use serde::de::DeserializeOwned;

pub(crate) use self::lines::KeyLines;

/// Reads a document.
///
/// # Errors
/// A sentence that begins with the line, e.g. `line 3: unknown field `htp`, expected one of …`.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|error| {
        let message = error.message().trim().replace('\n', ", ");
        match error.span() {
            Some(span) => format!("line {}: {message}", line_of(text, span.start)),
            None => message,
        }
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|octet| *octet == b'\n').count() + 1
}

/// The line that a sentence is about which begins with what it is about: `connector "acme": window: …`
/// is found at the key `window` of that connector, or at its header. `None` when nothing fits.
pub(crate) fn place(text: &str, sentence: &str) -> Option<usize> {
    let (kind, rest) = sentence.split_once(" \"")?;
    let (name, rest) = rest.split_once('"')?;
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let rest = rest.trim_start_matches([':', ' ']);
    let key = rest.get(..rest.find(|letter| !is_word(letter)).unwrap_or(rest.len())).unwrap_or_default();
    let block = block_of(text, kind, name)?;
    let names_key = |line: &&(usize, &str)| {
        let after = line.1.trim_start().strip_prefix(key);
        !key.is_empty() && after.is_some_and(|after| after.trim_start().starts_with(['=', '.']))
    };
    block.iter().find(names_key).or_else(|| block.first()).map(|(number, _)| *number)
}

/// The numbered lines of `[[kind]]` whose name is this one, up to the next header of that level.
fn block_of<'text>(text: &'text str, kind: &str, name: &str) -> Option<Vec<(usize, &'text str)>> {
    let mut blocks: Vec<Vec<(usize, &str)>> = Vec::new();
    let mut is_inside = false;
    for (number, line) in (1..).zip(text.lines()) {
        let header = line.trim_start();
        if header.starts_with("[[") {
            is_inside = header.trim_start_matches('[').trim_start().starts_with(kind);
            if is_inside {
                blocks.push(Vec::new());
            }
        }
        if let Some(block) = blocks.last_mut().filter(|_| is_inside) {
            block.push((number, line));
        }
    }
    let says_name = |line: &str| {
        let value = line.trim_start().strip_prefix("name").map(str::trim_start);
        let value = value.and_then(|value| value.strip_prefix('=')).map(str::trim_start);
        value.is_some_and(|value| value.get(1..).is_some_and(|value| value.starts_with(name)))
    };
    blocks.into_iter().find(|block| block.iter().any(|(_, line)| says_name(line)))
}

#[cfg(test)]
mod tests {
    use types::catalog::TrafficDocument;

    use super::{place, read};

    const DOCUMENT: &str = "\
[[supplier]]
name = \"acme\"
currency = \"EUR\"

[[connector]]
name = \"acme\"
type = \"smpp\"
window = 0
  [connector.error_codes]
  \"0x0B\" = \"reroute\"

[[connector]]
name = 'other'
type = \"pigeon\"

[[route]]
name = \"default\"
connectors = [\"nobody\"]
";

    #[test]
    fn what_cannot_be_read_is_told_by_its_line_and_without_the_line() {
        let cases = [
            ("connectors are [", "line 1: "),
            (
                "[[supplier]]\nname = \"a\"\ncurrency = \"EUR\"\n\ncolour = \"red\"",
                "line 5: unknown field `colour`",
            ),
            (
                "[[route]]\nname = \"r\"\nconnectors = [\"a\"]\nprefixx = \"44\"",
                "line 4: unknown field `prefixx`",
            ),
            ("[[connector]]\nname = \"a\"\ntype = \"smpp\"\npassword = \"hidden", "line 4: "),
            ("[[route]]\nname = \"r\"", "missing field `connectors`"),
        ];
        for (text, expected) in cases {
            let error = read::<TrafficDocument>(text).unwrap_err();
            assert!(error.contains(expected) && !error.contains("hidden"), "{text}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn sentences_of_the_core_are_placed() {
        let cases = [
            ("connector \"acme\": window: write a number from 1 to 1000", Some(8)),
            ("connector \"acme\": password: the environment has no X", Some(5)),
            ("connector \"other\": type: \"pigeon\" is not known", Some(14)),
            ("supplier \"acme\": price \"x\"", Some(1)),
            ("route \"default\": there is no connector \"nobody\"", Some(16)),
            ("route \"default\": connectors", Some(18)),
            ("route \"gone\": there is no connector", None),
            ("there are more than 10 routes", None),
        ];
        for (sentence, expected) in cases {
            assert_eq!(place(DOCUMENT, sentence), expected, "{sentence}");
        }
    }
}
