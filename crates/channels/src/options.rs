//! Reading a connector's options: strict keys, errors that name the key, secrets by reference, and
//! the table of the carrier's own error codes.
//!
//! It opens no socket and reads no environment: environment variables come from the server through
//! [`Secrets`]. Start at [`read`].

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use types::Sensitive;
use types::catalog::Connector;
use types::receipt::Verdict;

/// Reads an environment variable by its name; the error is a sentence without the value.
pub type Secrets = Arc<dyn Fn(&str) -> Result<String, String> + Send + Sync>;

/// Octets of the longest secret in a file.
const SECRET_OCTETS_MAX: u64 = 16_384;

/// Reads the options of a connector. Every field of `T` must have a default, so that a key that is
/// wrong can be found by reading the keys one by one.
///
/// # Errors
/// A sentence that begins with the key.
pub(crate) fn read<T: DeserializeOwned>(connector: &Connector) -> Result<T, String> {
    for (key, value) in &connector.options {
        let alone: Map<String, Value> = [(key.clone(), value.clone())].into_iter().collect();
        serde_json::from_value::<T>(Value::Object(alone)).map_err(|error| format!("{key}: {error}"))?;
    }
    let all: Map<String, Value> = connector.options.clone().into_iter().collect();
    serde_json::from_value(Value::Object(all)).map_err(|error| error.to_string())
}

/// Refuses a value outside a range.
pub(crate) fn within(key: &str, value: u64, least: u64, most: u64) -> Result<(), String> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(format!("{key}: write a number from {least} to {most}"))
    }
}

/// Resolves a secret: the text itself, `file:PATH` for the first line of a file, or `env:NAME`.
///
/// # Errors
/// A sentence that names the key and never the value.
pub(crate) fn secret(key: &str, text: &str, secrets: &Secrets) -> Result<Sensitive<String>, String> {
    if let Some(name) = text.strip_prefix("env:") {
        return secrets(name).map(Sensitive::new).map_err(|error| format!("{key}: {error}"));
    }
    let Some(path) = text.strip_prefix("file:") else { return Ok(Sensitive::new(text.to_owned())) };
    let mut content = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(SECRET_OCTETS_MAX).read_to_string(&mut content))
        .map_err(|error| format!("{key}: the file {path} cannot be read: {error}"))?;
    Ok(Sensitive::new(content.lines().next().unwrap_or("").to_owned()))
}

/// The carrier's own codes by the number or text that stands before the meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorTable {
    by_status: BTreeMap<u32, Verdict>,
    by_code: BTreeMap<String, Verdict>,
}

impl ErrorTable {
    /// Reads the table. Keys are numbers (`0x0B`, `429`), `code:` and a code in the answer's body, or
    /// `err:` and the code of a receipt; the last are read elsewhere and only checked here.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub(crate) fn read(connector: &Connector) -> Result<Self, String> {
        let mut table = Self::default();
        for (key, meaning) in &connector.error_codes {
            let verdict = match meaning.as_str() {
                "transient" => Verdict::Transient,
                "permanent" => Verdict::Permanent,
                "reroute" => Verdict::Reroute,
                "throttled" => Verdict::Throttled,
                _ => {
                    let wish = "write transient, permanent, reroute or throttled";
                    return Err(format!("error_codes.{key}: {wish}"));
                }
            };
            if let Some(code) = key.strip_prefix("code:") {
                table.by_code.insert(code.to_owned(), verdict);
            } else if !key.starts_with("err:") {
                let status = number(key).ok_or_else(|| {
                    format!("error_codes.{key}: write a number like 0x0B, err:CODE or code:CODE")
                })?;
                table.by_status.insert(status, verdict);
            }
        }
        Ok(table)
    }

    /// What a status means, if the table says so.
    pub(crate) fn of_status(&self, status: u32) -> Option<Verdict> {
        self.by_status.get(&status).copied()
    }

    /// What a code in an answer's body means, if the table says so.
    pub(crate) fn of_code(&self, code: &str) -> Option<Verdict> {
        self.by_code.get(code).copied()
    }
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use types::catalog::Connector;
    use types::receipt::Verdict;

    use super::{ErrorTable, Secrets, secret};

    fn with_codes(codes: &[(&str, &str)]) -> Connector {
        let codes = codes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Connector {
            name: "acme".into(),
            supplier: None,
            kind: "any".into(),
            disabled: false,
            error_codes: codes,
            options: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn error_codes_are_read_or_named() {
        let table = ErrorTable::read(&with_codes(&[
            ("0x0B", "reroute"),
            ("429", "throttled"),
            ("code:E12", "permanent"),
            ("err:034", "transient"),
        ]))
        .unwrap();
        assert_eq!(table.of_status(11), Some(Verdict::Reroute));
        assert_eq!(table.of_status(429), Some(Verdict::Throttled));
        assert_eq!(table.of_code("E12"), Some(Verdict::Permanent));
        assert_eq!(table.of_status(34), None);
        for (key, meaning) in [("eleven", "reroute"), ("0x0B", "accepted"), ("0xZZ", "permanent")] {
            let error = ErrorTable::read(&with_codes(&[(key, meaning)])).unwrap_err();
            assert!(error.contains(key), "{error}");
        }
    }

    #[test]
    fn secrets_come_from_where_they_are_kept() {
        let secrets: Secrets = Arc::new(|name| match name {
            "ACME" => Ok("from the environment".into()),
            _ => Err(format!("the environment variable {name} is not set")),
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "from a file\nsecond line\n").unwrap();
        let file = format!("file:{}", path.display());
        for (text, expected) in
            [("plain", "plain"), ("env:ACME", "from the environment"), (file.as_str(), "from a file")]
        {
            assert_eq!(secret("password", text, &secrets).unwrap().expose(), expected);
        }
        for text in ["env:OTHER", "file:/nowhere/secret"] {
            let error = secret("password", text, &secrets).unwrap_err();
            assert!(error.starts_with("password: "), "{error}");
        }
    }
}
