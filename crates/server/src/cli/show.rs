//! Answers as text for people: tables with aligned columns, and the story of a message.

use serde_json::Value;

use crate::admin::Request;

/// Writes the answer to a request.
pub(super) fn text(request: &Request, value: &Value) -> String {
    match request {
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
        Request::AccountCreate { .. }
        | Request::AccountLimits { .. }
        | Request::TopUp { .. }
        | Request::KeyCreate { .. }
        | Request::PersonCreate { .. } => fields(value),
    }
}

/// Writes what became of a file of recipients.
pub(super) fn bulk(value: &Value) -> String {
    let refused = value.get("refused").and_then(Value::as_array).map_or(0, Vec::len);
    let head = format!("{} accepted, {refused} refused\n", plain(value.get("accepted")));
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
        "{}  {}  {} parts  {}\n\n",
        plain(message.get("id")),
        plain(message.get("state")),
        plain(message.get("parts")),
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
        "\n{} messages, {} open, {} events to tell, {} octets on disk, schema {}\n",
        plain(value.get("messages")),
        plain(value.get("open")),
        plain(value.get("outbox")),
        plain(value.get("octets")),
        plain(value.get("schema")),
    ));
    text
}
