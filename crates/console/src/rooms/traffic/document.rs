//! A traffic document as text: written without its secrets, read with the line of an error, and
//! compared with another.

use types::catalog::secrets::{is_secret, without_secrets};
use types::catalog::{Connector, TrafficDocument};

/// Why a text is no document.
pub(super) struct Wrong {
    pub(super) text: String,
    /// Counted from one.
    pub(super) line: Option<usize>,
}

/// Writes a document as TOML, with [`KEPT`] in place of secrets.
pub(super) fn to_text(document: &TrafficDocument) -> Result<String, toml::ser::Error> {
    toml::to_string_pretty(&without_secrets(document))
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<TrafficDocument, Wrong> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map(|span| span.start);
        let before = start.and_then(|start| text.get(..start));
        let line = before.map(|before| before.matches('\n').count() + 1);
        Wrong { text: error.message().trim().to_owned(), line }
    })
}

/// The settings of a connector on one line, without its secrets.
pub(super) fn settings(connector: &Connector) -> String {
    let written =
        connector.options.iter().filter(|(key, value)| !is_secret(key, value)).map(|(key, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{key} {text}")
        });
    written.collect::<Vec<_>>().join(", ")
}

/// What a change from one document to another does, by name.
pub(super) fn changes(from: &TrafficDocument, to: &TrafficDocument) -> Vec<String> {
    let mut changes = Vec::new();
    compare("supplier", &from.supplier, &to.supplier, |one| &one.name, &mut changes);
    compare("connector", &from.connector, &to.connector, |one| &one.name, &mut changes);
    compare("route", &from.route, &to.route, |one| &one.name, &mut changes);
    if from.network != to.network {
        changes.push(format!("{} network ranges instead of {}", to.network.len(), from.network.len()));
    }
    changes
}

fn compare<T: PartialEq>(
    what: &str,
    from: &[T],
    to: &[T],
    name: impl Fn(&T) -> &String,
    changes: &mut Vec<String>,
) {
    for old in from {
        match to.iter().find(|new| name(new) == name(old)) {
            None => changes.push(format!("{what} {} goes", name(old))),
            Some(new) if new != old => changes.push(format!("{what} {} changes", name(old))),
            Some(_) => {}
        }
    }
    for new in to.iter().filter(|new| !from.iter().any(|old| name(old) == name(new))) {
        changes.push(format!("{what} {} comes", name(new)));
    }
}

#[cfg(test)]
mod tests {
    use types::catalog::secrets::{KEPT, restore_secrets};

    use super::{changes, parse, to_text};

    const TEXT: &str = r#"
[[supplier]]
name = "acme"
currency = "EUR"

[[connector]]
name = "acme"
type = "smpp"
host = "127.0.0.1"
port = 2776
password = "s3cret"
error_codes = { "0x0B" = "permanent" }

[[connector]]
name = "web"
type = "http"
headers = { Authorization = "Bearer abc", Accept = "text/plain" }
token = "file:/run/secrets/web"

[[route]]
name = "default"
connectors = ["acme", { name = "web", weight = 3 }]
"#;

    #[test]
    fn secrets_are_hidden_and_restored() {
        let document = parse(TEXT).ok().unwrap();
        let text = to_text(&document).unwrap();
        assert!(!text.contains("s3cret") && !text.contains("Bearer abc"), "{text}");
        assert_eq!(text.matches(KEPT).count(), 2, "{text}");
        assert!(text.contains("file:/run/secrets/web"));
        let mut again = parse(&text).ok().unwrap();
        restore_secrets(&mut again, &document).unwrap();
        assert_eq!(again, document);
    }

    #[test]
    fn a_secret_without_an_origin_is_asked_for() {
        let document = parse(TEXT).ok().unwrap();
        let mut renamed = parse(&to_text(&document).unwrap().replace("\"acme\"", "\"other\"")).ok().unwrap();
        let error = restore_secrets(&mut renamed, &document).unwrap_err();
        assert!(error.contains("other") && error.contains("password"), "{error}");
    }

    #[test]
    fn errors_name_their_line() {
        let cases = [("[[route]]\nname = ", 2), ("x = 1\n", 1), ("[[supplier]]\nname = \"a\"\nbad = 1\n", 3)];
        for (text, line) in cases {
            let wrong = parse(text).err().unwrap();
            assert_eq!(wrong.line, Some(line), "{}", wrong.text);
        }
    }

    #[test]
    fn changes_are_named() {
        let old = parse(TEXT).ok().unwrap();
        let mut new = old.clone();
        new.connector.pop();
        new.route[0].order = 5;
        assert_eq!(changes(&old, &new), ["connector web goes", "route default changes"]);
        assert_eq!(changes(&new, &old), ["connector web comes", "route default changes"]);
        assert!(changes(&old, &old).is_empty());
    }
}
