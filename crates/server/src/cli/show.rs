//! Answers as text for people: tables with aligned columns, and the story of a message.

use serde_json::Value;

use crate::admin::Request;

/// Writes the answer to a request.
pub(super) fn text(request: &Request, value: &Value) -> String {
    match request {
        // Nothing was sent, so nothing has an id or a state.
        Request::Send { dry_run: true, .. } => table(value.get("messages"), &["to", "parts", "price"]),
        Request::Send { .. } => table(value.get("messages"), &["id", "to", "state", "parts", "price"]),
        Request::Messages { .. } => table(
            value.get("items"),
            &["id", "accepted_at", "from", "to", "state", "parts", "price", "connector"],
        ),
        Request::Explain { .. } => story(value),
        Request::Balance { .. } => balance(value),
        Request::Connectors => table(
            value.get("items"),
            &[
                "name",
                "type",
                "target",
                "links_up",
                "links",
                "window_used",
                "window",
                "queued",
                "submitted",
                "delivered",
                "errors",
                "last_error",
            ],
        ),
        Request::Routes { .. } => {
            format!("# version {}\n{}\n", plain(value.get("version")), plain(value.get("toml")))
        }
        Request::RouteVersions => table(value.get("items"), &["version", "created_at", "author", "comment"]),
        Request::RoutesImport { .. } | Request::RoutesRollBack { .. } | Request::PricesImport { .. } => {
            format!("Version {} is in force.\n", plain(value.get("version")))
        }
        Request::Accounts => {
            table(value.get("items"), &["name", "state", "balance", "held", "unit", "price_book", "sid"])
        }
        Request::Doctor => doctor(value),
        Request::AccountWebhook { url: None, account, .. } => {
            format!("Events of {account} are told nowhere unless a message says where.\n")
        }
        Request::AccountCreate { .. }
        | Request::AccountLimits { .. }
        | Request::AccountWebhook { .. }
        | Request::TopUp { .. }
        | Request::KeyCreate { .. }
        | Request::PersonCreate { .. } => fields(value),
    }
}

/// Writes what became of a file of recipients.
pub(super) fn bulk(value: &Value) -> String {
    let refused = value.get("refused").and_then(Value::as_array).map_or(0, Vec::len);
    let is_dry = value.get("dry_run").and_then(Value::as_bool).unwrap_or(false);
    let words = if is_dry { "would be accepted" } else { "accepted" };
    let head = format!("{} {words}, {refused} refused\n", plain(value.get("accepted")));
    if refused == 0 { head } else { head + "\n" + &table(value.get("refused"), &["to", "detail"]) }
}

fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Object(price)) => format!("{} {}", plain(price.get("amount")), plain(price.get("unit"))),
        Some(other) => other.to_string(),
    }
}

/// `1 part`, `2 parts`.
fn counted(count: Option<&Value>, what: &str) -> String {
    let plural = if count.and_then(Value::as_u64) == Some(1) { "" } else { "s" };
    format!("{} {what}{plural}", plain(count))
}

fn table(items: Option<&Value>, columns: &[&str]) -> String {
    let rows: Vec<Vec<String>> = items
        .and_then(Value::as_array)
        .map(|items| {
            items.iter().map(|item| columns.iter().map(|name| plain(item.get(*name))).collect()).collect()
        })
        .unwrap_or_default();
    if rows.is_empty() {
        return "Nothing to show.\n".to_owned();
    }
    let titles: Vec<String> = columns.iter().map(|name| name.replace('_', " ")).collect();
    let width = |place: usize| {
        let cells = rows.iter().chain([&titles]).filter_map(|row| row.get(place));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let line = |row: &Vec<String>| {
        let cells =
            row.iter().enumerate().map(|(place, cell)| format!("{cell:<width$}", width = width(place)));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    std::iter::once(&titles).chain(&rows).map(line).collect()
}

fn fields(value: &Value) -> String {
    let Some(object) = value.as_object() else { return format!("{}\n", plain(Some(value))) };
    let width = object.keys().map(String::len).max().unwrap_or(0);
    object
        .iter()
        .map(|(name, value)| format!("{:<width$}  {}\n", name.replace('_', " "), plain(Some(value))))
        .collect()
}

fn balance(value: &Value) -> String {
    let head = format!(
        "{}: {} {} available, {} held\n\n",
        plain(value.get("name")),
        plain(value.get("balance")),
        plain(value.get("unit")),
        plain(value.get("held")),
    );
    head + &table(value.get("movements"), &["at", "kind", "amount", "unit", "messages"])
}

fn story(value: &Value) -> String {
    let message = value.get("message").cloned().unwrap_or_default();
    let mut text = format!(
        "{}  {}  {}  {}\n\n",
        plain(message.get("id")),
        plain(message.get("state")),
        counted(message.get("parts"), "part"),
        plain(message.get("price")),
    );
    for because in value.get("story").and_then(Value::as_array).into_iter().flatten() {
        let facts: Vec<String> = because
            .get("facts")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, value)| format!("{name} {}", plain(Some(value))))
            .collect();
        text.push_str(&format!(
            "{}  {:<9} {}\n",
            plain(because.get("at")),
            plain(because.get("stage")),
            plain(because.get("text"))
        ));
        if !facts.is_empty() {
            text.push_str(&format!("{:36}{}\n", "", facts.join(" · ")));
        }
    }
    text
}

fn doctor(value: &Value) -> String {
    let mut text = String::new();
    for check in value.get("checks").and_then(Value::as_array).into_iter().flatten() {
        let ok = check.get("ok").and_then(Value::as_bool).unwrap_or(false);
        let detail = if ok { String::new() } else { format!(": {}", plain(check.get("detail"))) };
        text.push_str(&format!(
            "{} {}{detail}\n",
            if ok { "ok  " } else { "FAIL" },
            plain(check.get("check"))
        ));
    }
    text.push_str(&format!(
        "\n{}, {} open, {} to tell, {} octets on disk, schema {}\n",
        counted(value.get("messages"), "message"),
        plain(value.get("open")),
        counted(value.get("outbox"), "event"),
        plain(value.get("octets")),
        plain(value.get("schema")),
    ));
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Request, text};

    fn sending(dry_run: bool) -> String {
        let to = vec!["+447400123456".to_owned()];
        let request = Request::Send {
            account: "a".into(),
            from: "b".into(),
            to: to.clone(),
            text: "c".into(),
            dry_run,
        };
        let price = json!({ "amount": "0.04", "unit": "EUR" });
        let id = if dry_run { json!(null) } else { json!("msg_1") };
        let message = json!({ "id": id, "to": to[0], "state": "queued", "parts": 1, "price": price });
        text(&request, &json!({ "dry_run": dry_run, "messages": [message] }))
    }

    #[test]
    fn a_dry_run_shows_no_state() {
        let sent =
            "id     to             state   parts  price\nmsg_1  +447400123456  queued  1      0.04 EUR\n";
        assert_eq!(sending(false), sent);
        assert_eq!(sending(true), "to             parts  price\n+447400123456  1      0.04 EUR\n");
    }

    #[test]
    fn one_part_is_one_part() {
        let story = |parts| {
            let message = json!({ "id": "msg_1", "state": "queued", "parts": parts, "price": null });
            text(&Request::Explain { id: "msg_1".into() }, &json!({ "message": message, "story": [] }))
        };
        assert!(story(1).contains("  1 part  ") && story(2).contains("  2 parts  "));
    }
}
