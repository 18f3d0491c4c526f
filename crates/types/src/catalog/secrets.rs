//! Secrets inside configuration documents: hidden where a document is shown, kept where it is
//! published again.

use serde_json::Value;

use super::TrafficDocument;

/// Stands in the text for a secret that a person need not see; publishing it keeps the secret.
pub const KEPT: &str = "(unchanged)";
/// Settings whose name has one of these words are secrets.
const SECRET_WORDS: [&str; 6] = ["password", "secret", "token", "api_key", "authorization", "credential"];

/// Whether a setting is a secret. One that only names a file or variable is none.
pub fn is_secret(key: &str, value: &Value) -> bool {
    let key = key.to_ascii_lowercase();
    let elsewhere = |text: &str| text.starts_with("file:") || text.starts_with("env:");
    SECRET_WORDS.iter().any(|word| key.contains(word)) && !value.as_str().is_some_and(elsewhere)
}

/// A copy of a document with [`KEPT`] in place of its secrets.
pub fn without_secrets(document: &TrafficDocument) -> TrafficDocument {
    let mut document = document.clone();
    for connector in &mut document.connector {
        for (key, value) in &mut connector.options {
            hide(key, value);
        }
    }
    document
}

fn hide(key: &str, value: &mut Value) {
    if is_secret(key, value) {
        *value = Value::String(KEPT.to_owned());
        return;
    }
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| hide(key, value)),
        Value::Array(items) => items.iter_mut().for_each(|value| hide("", value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Puts the secrets of the newest version in place of [`KEPT`].
///
/// # Errors
/// A sentence that names the connector and the key that had no secret to keep.
pub fn restore_secrets(document: &mut TrafficDocument, newest: &TrafficDocument) -> Result<(), String> {
    for connector in &mut document.connector {
        let known = newest.connector.iter().find(|known| known.name == connector.name);
        for (key, value) in &mut connector.options {
            let old = known.and_then(|known| known.options.get(key));
            restore(&connector.name, key, value, old)?;
        }
    }
    Ok(())
}

fn restore(connector: &str, key: &str, value: &mut Value, old: Option<&Value>) -> Result<(), String> {
    if value.as_str() == Some(KEPT) {
        let missing = || {
            format!(
                "the connector {connector} has no {key} that could stay unchanged: write it instead of {KEPT}"
            )
        };
        value.clone_from(old.ok_or_else(missing)?);
        return Ok(());
    }
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                restore(connector, key, value, old.and_then(|old| old.get(key.as_str())))?;
            }
        }
        Value::Array(items) => {
            for (place, value) in items.iter_mut().enumerate() {
                restore(connector, key, value, old.and_then(|old| old.get(place)))?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{KEPT, restore_secrets, without_secrets};
    use crate::catalog::{Connector, TrafficDocument};

    fn document() -> TrafficDocument {
        let options = [
            ("host", json!("smsc.example.com")),
            ("password", json!("hunter2")),
            ("callback_token", json!("file:/run/token")),
            ("headers", json!({ "Authorization": "Bearer x", "Accept": "*/*" })),
        ];
        let options = options.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let connector = Connector { options, ..Connector::new("a", "smpp") };
        TrafficDocument { connector: vec![connector], ..TrafficDocument::default() }
    }

    #[test]
    fn what_is_hidden_comes_back_when_it_is_published() {
        let mut shown = without_secrets(&document());
        let text = serde_json::to_string(&shown).unwrap();
        assert!(!text.contains("hunter2") && !text.contains("Bearer"));
        assert!(text.contains("file:/run/token") && text.contains(KEPT));
        restore_secrets(&mut shown, &document()).unwrap();
        assert_eq!(shown, document());
        let mut renamed = without_secrets(&document());
        renamed.connector[0].name = "b".into();
        assert!(restore_secrets(&mut renamed, &document()).unwrap_err().contains("connector b"));
    }
}
