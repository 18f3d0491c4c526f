//! What bodies are made of: the type of a value in a few words, tables of members, and examples.

use serde_json::{Map, Value};

use super::{at, members, text};
use crate::page::{escape, inline};

/// References that are followed within one example: a document that leads back to itself ends.
const DEPTH_MAX: usize = 8;

/// The place of a schema on the page.
pub(super) fn anchor(name: &str) -> String {
    format!("schema-{name}")
}

/// The type of a value in a few words; what stands elsewhere on the page is a link.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = referred(schema) {
        return format!("<a href=\"#{}\">{}</a>", escape(&anchor(name)), escape(name));
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(kinds) = schema[choice].as_array() {
            return one_of(kinds.iter().map(kind));
        }
    }
    let kinds: Vec<&str> = match at(schema, "/type") {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => vec!["value"],
    };
    one_of(kinds.into_iter().map(|kind| match kind {
        "array" => format!("array of {}", self::kind(at(schema, "/items"))),
        kind => format!("{}{}", escape(kind), bounds(schema, kind)),
    }))
}

fn one_of(kinds: impl Iterator<Item = String>) -> String {
    kinds.collect::<Vec<_>>().join(" or ")
}

/// The limits and the form of a value, behind its type.
fn bounds(schema: &Value, kind: &str) -> String {
    if kind == "null" {
        return String::new();
    }
    let number = |name: &str| schema[name].as_number().map(ToString::to_string);
    let mut words = Vec::new();
    words.extend(Some(text(schema, "format")).filter(|format| !format.is_empty()).map(str::to_owned));
    match (number("minimum"), number("maximum")) {
        (Some(least), Some(most)) => words.push(format!("{least} to {most}")),
        (Some(least), None) => words.push(format!("from {least}")),
        (None, Some(most)) => words.push(format!("up to {most}")),
        (None, None) => {}
    }
    words.extend(number("maxLength").map(|most| format!("up to {most} long")));
    if words.is_empty() { String::new() } else { format!(" ({})", escape(&words.join(", "))) }
}

/// The section of a schema.
pub(super) fn section(name: &str, schema: &Value) -> String {
    let id = escape(&anchor(name));
    let mut html = format!(
        "<section class=\"operation\" id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h3 id=\"{id}-title\">{}</h3>\n",
        escape(name)
    );
    let description = text(schema, "description");
    if !description.is_empty() {
        html.push_str(&format!("<p>{}</p>\n", inline(description)));
    }
    if at(schema, "/properties").is_null() {
        html.push_str(&format!("<p>{}</p>\n</section>\n", kind(schema)));
        return html;
    }
    html.push_str(
        "<table>\n<thead><tr><th scope=\"col\">Member</th><th scope=\"col\">Type</th>\
         <th scope=\"col\">Meaning</th></tr></thead>\n<tbody>\n",
    );
    let needed = at(schema, "/required").as_array().map(Vec::as_slice).unwrap_or_default();
    for (member, described) in members(at(schema, "/properties")) {
        let mark = if needed.iter().any(|one| one == member) {
            ", <span class=\"needed\">always there</span>"
        } else {
            ""
        };
        html.push_str(&format!(
            "<tr><td><code>{}</code></td><td class=\"type\">{}{mark}</td><td>{}</td></tr>\n",
            escape(member),
            kind(described),
            inline(text(described, "description")),
        ));
    }
    html.push_str("</tbody>\n</table>\n</section>\n");
    html
}

/// An example of a value: the document's own where it has one, else one made of its members' own.
pub(super) fn example(document: &Value, schema: &Value) -> Option<Value> {
    example_within(document, schema, DEPTH_MAX)
}

fn example_within(document: &Value, schema: &Value, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let own = schema.get("example").or_else(|| at(schema, "/examples").get(0));
    if let Some(own) = own {
        return Some(own.clone());
    }
    if let Some(name) = referred(schema) {
        return example_within(document, at(document, "/components/schemas").get(name)?, depth);
    }
    if at(schema, "/type") == "array" {
        return Some(Value::Array(vec![example_within(document, at(schema, "/items"), depth)?]));
    }
    if at(schema, "/properties").is_null() {
        // The first choice that has an example, such as the document beside null.
        let choices = at(schema, "/oneOf").as_array().or_else(|| at(schema, "/anyOf").as_array())?;
        return choices.iter().find_map(|choice| example_within(document, choice, depth));
    }
    let each = members(at(schema, "/properties"))
        .filter_map(|(name, described)| Some((name.to_owned(), example_within(document, described, depth)?)));
    let made: Map<String, Value> = each.collect();
    if made.is_empty() { None } else { Some(Value::Object(made)) }
}

/// What a part of the document says, there or where it leads to.
pub(super) fn followed<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    match at(part, "/$ref").as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => at(document, pointer),
        None => part,
    }
}

/// The name of the schema that a reference leads to.
fn referred(schema: &Value) -> Option<&str> {
    at(schema, "/$ref").as_str()?.strip_prefix("#/components/schemas/")
}
