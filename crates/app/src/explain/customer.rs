//! What a customer may see of a story: neither who carried a message nor what that cost.

use crate::detail::{Because, MessageDetail};

/// Facts that a customer may see. All others tell of the operator's suppliers, routes and costs,
/// and a new one stays hidden until it is listed here.
const FACTS_FOR_CUSTOMERS: &[&str] = &[
    "amount",
    "charge",
    "chosen by",
    "class",
    "counted",
    "country",
    "done date",
    "err",
    "network",
    "parts",
    "pause",
    "pool",
    "price book version",
    "profile version",
    "reason",
    "region",
    "route version",
    "stat",
    "state",
    "status",
    "submit date",
    "suppressed",
    "suppressed by",
    "valid until",
    "verdict",
    "written",
];

impl Because {
    /// As a customer of the operator may see it: without the names of connectors, suppliers and
    /// routes, and without facts about them. `detail` is the message that it explains.
    pub fn for_customer(&self, detail: &MessageDetail) -> Self {
        let facts = self.facts.iter().filter(|(name, _)| FACTS_FOR_CUSTOMERS.contains(name));
        Self {
            at: self.at,
            stage: self.stage,
            text: without_suppliers(detail, &self.text),
            facts: facts.cloned().collect(),
        }
    }
}

/// A sentence in which the names of connectors, suppliers and routes are replaced: they are the
/// operator's business and none of its customers'.
fn without_suppliers(detail: &MessageDetail, text: &str) -> String {
    let mut shown = text.to_owned();
    for attempt in &detail.attempts {
        let passed_over = attempt.passed_over.iter().map(|(name, _)| (name, "another connector"));
        let own = [
            (&attempt.connector, "a connector"),
            (&attempt.supplier, "a supplier"),
            (&attempt.route, "a route"),
        ];
        for (name, replacement) in own.into_iter().chain(passed_over) {
            if !name.is_empty() {
                shown = replace_word(&shown, &format!("connector {name}"), replacement);
                shown = replace_word(&shown, name, replacement);
            }
        }
    }
    shown
}

/// Replaces `name` where it stands as a word of its own, with quotes around it taken away.
fn replace_word(text: &str, name: &str, replacement: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(name) {
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let is_word = !before.ends_with(is_part) && !after.starts_with(is_part);
        shown.push_str(before);
        if !is_word {
            shown.push_str(name);
            rest = after;
            continue;
        }
        let quote = before.chars().next_back().filter(|c| matches!(c, '`' | '"' | '\''));
        match quote.and_then(|quote| after.strip_prefix(quote)) {
            Some(unquoted) => {
                shown.pop();
                rest = unquoted;
            }
            None => rest = after,
        }
        shown.push_str(replacement);
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::replace_word;

    #[test]
    fn replaces_names_and_leaves_words_that_contain_them() {
        let cases = [
            ("sent to acme", "sent to the connector"),
            ("sent to `acme` at once", "sent to the connector at once"),
            ("acme, acme-2 and acmeo", "the connector, acme-2 and acmeo"),
            ("nothing", "nothing"),
        ];
        for (text, expected) in cases {
            assert_eq!(replace_word(text, "acme", "the connector"), expected);
        }
    }
}
