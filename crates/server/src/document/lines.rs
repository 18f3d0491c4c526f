//! Where each key of a TOML document stands, by the dotted names that `types::profile::keys` gives them:
//! `operator.timezone`, `lifecycle.rule[idle].after`.

use std::collections::BTreeMap;

use toml_edit::{ImDocument, Item, Table, Value};

/// Lines of keys.
pub(crate) struct KeyLines(BTreeMap<String, usize>);

impl KeyLines {
    /// Of a document; none of one that cannot be read.
    pub(crate) fn of(text: &str) -> Self {
        let mut lines = BTreeMap::new();
        if let Ok(document) = ImDocument::parse(text) {
            walk(text, "", document.as_table(), &mut lines);
        }
        Self(lines)
    }

    /// The line of a key, or of the section around it; `None` when the document does not state it.
    pub(crate) fn of_key(&self, key: &str) -> Option<usize> {
        self.0.get(key).copied()
    }

    /// `line 7: ` in front of what is said of a key; of the nearest section around it when it is not stated, and
    /// nothing without one.
    pub(crate) fn before(&self, key: &str) -> String {
        let mut key = key;
        loop {
            if let Some(line) = self.0.get(key) {
                return format!("line {line}: ");
            }
            match key.rfind(['.', '[']) {
                Some(end) => key = key.get(..end).unwrap_or_default(),
                None => return String::new(),
            }
        }
    }
}

fn walk(text: &str, path: &str, table: &Table, lines: &mut BTreeMap<String, usize>) {
    for (name, item) in table.iter() {
        let key = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let span = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
        if let Some(span) = span {
            lines.insert(key.clone(), super::line_of(text, span.start));
        }
        match item {
            Item::Table(table) => walk(text, &key, table, lines),
            Item::ArrayOfTables(tables) => {
                for (place, table) in tables.iter().enumerate() {
                    let key = format!("{key}[{}]", name_of(table, place));
                    if let Some(span) = table.span() {
                        lines.insert(key.clone(), super::line_of(text, span.start));
                    }
                    walk(text, &key, table, lines);
                }
            }
            Item::Value(value) => walk_value(text, &key, value, lines),
            Item::None => {}
        }
    }
}

fn walk_value(text: &str, path: &str, value: &Value, lines: &mut BTreeMap<String, usize>) {
    let Value::InlineTable(table) = value else { return };
    for (name, value) in table.iter() {
        let key = format!("{path}.{name}");
        if let Some(span) = value.span() {
            lines.insert(key.clone(), super::line_of(text, span.start));
        }
        walk_value(text, &key, value, lines);
    }
}

/// What an item of a list is called: by what names it, or by its number.
fn name_of(table: &Table, place: usize) -> String {
    let named = ["id", "class", "host", "name"].iter().find_map(|name| table.get(name)?.as_str());
    named.map_or_else(|| (place + 1).to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::KeyLines;

    #[test]
    fn every_way_to_write_a_key_is_found() {
        let text = "schema = 1\n\n[operator]\ntimezone = \"UTC\"\n\n[[lifecycle.rule]]\nid = \"idle\"\nafter = \"1y\"\n\
                    \n[charging]\nlow_balance = { warn_at = [\"5%\"] }\n[[sanctions]]\nladder = []\n";
        let lines = KeyLines::of(text);
        let cases = [
            ("schema", Some(1)),
            ("operator.timezone", Some(4)),
            ("lifecycle.rule[idle].after", Some(8)),
            ("charging.low_balance.warn_at", Some(11)),
            ("sanctions[1].ladder", Some(13)),
            ("refund.on", None),
        ];
        for (key, line) in cases {
            assert_eq!(lines.of_key(key), line, "{key}");
        }
        assert_eq!(lines.before("lifecycle.rule[idle].remind"), "line 6: ");
        assert_eq!(lines.before("refund.on"), "");
        assert_eq!(KeyLines::of("not [ toml").before("schema"), "");
    }
}
