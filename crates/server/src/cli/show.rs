//! Answers as text for people: tables with aligned columns, and the story of a message.

use serde_json::Value;

use crate::admin::Request;

/// What is shown of a session.
const SESSION_COLUMNS: [&str; 12] = [
    "number",
    "system_id",
    "account",
    "bind",
    "version",
    "peer",
    "tls",
    "since",
    "submitted",
    "throttled",
    "delivered",
    "window_used",
];

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
            // A TOML text, in which control characters are escaped already.
            let text = value.get("toml").and_then(Value::as_str).unwrap_or_default();
            format!("# version {}\n{text}\n", plain(value.get("version")))
        }
        Request::RouteVersions => table(value.get("items"), &["version", "created_at", "author", "comment"]),
        Request::RoutesImport { .. } | Request::RoutesRollBack { .. } | Request::PricesImport { .. } => {
            format!("Version {} is in force.\n", plain(value.get("version")))
        }
        Request::Accounts | Request::Transfer { .. } => table(
            value.get("items"),
            &["name", "state", "balance", "held", "unit", "price_book", "above", "sid"],
        ),
        Request::Doctor => doctor(value),
        Request::Quarantine(request) => super::quarantine::text(request, value),
        Request::Numbers(request) => super::numbers::text(request, value),
        Request::Senders(request) => super::senders::text(request, value),
        Request::Contacts(request) => super::contacts::text(request, value),
        Request::Sessions => table(value.get("items"), &SESSION_COLUMNS),
        Request::SessionClose { number } => format!("Session {number} takes leave.\n"),
        Request::AccountWebhook { url: None, account, .. } => {
            format!("Events of {account} are told nowhere unless a message says where.\n")
        }
        Request::Keys { .. } => table(
            value.get("items"),
            &["id", "key", "label", "scopes", "addresses", "expires_at", "last_used_at"],
        ),
        Request::KeyRevoke { .. } => format!("{} opens nothing any more.\n", plain(value.get("key"))),
        Request::AccountReplay { .. } => {
            format!("{} will be told again.\n", counted(value.get("events"), "event"))
        }
        Request::AccountCreate { .. }
        | Request::AccountLimits { .. }
        | Request::AccountState { .. }
        | Request::AccountWebhook { .. }
        | Request::TopUp { .. }
        | Request::KeyCreate { .. }
        | Request::SessionTrace { .. }
        | Request::SessionCapture { .. }
        | Request::KeyRotate { .. }
        | Request::PersonCreate { .. } => fields(value),
    }
}

/// Writes what became of a file of recipients.
pub(super) fn bulk(value: &Value) -> String {
    let refused = value.get("refused").and_then(Value::as_array).map_or(0, Vec::len);
    let is_dry = value.get("dry_run").and_then(Value::as_bool).unwrap_or(false);
    let words = if is_dry { "would be accepted" } else { "accepted" };
    let mut text = format!("{} {words}, {refused} refused\n", plain(value.get("accepted")));
    if refused > 0 {
        text.push('\n');
        text.push_str(&table(value.get("refused"), &["to", "detail"]));
    }
    if let Some(stopped) = value.get("stopped") {
        text.push_str(&format!(
            "\nStopped before {}, with {} recipients left: {}\n",
            plain(stopped.get("before")),
            plain(stopped.get("recipients_left")),
            plain(stopped.get("detail")),
        ));
    }
    text
}

/// A text on one line, without what a terminal would obey: senders, carriers and file names are chosen
/// by strangers.
pub(super) fn line(text: &str) -> String {
    let is_obeyed = |letter: char| {
        // Besides control characters those that turn the direction of writing round.
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|letter| if is_obeyed(letter) { '\u{fffd}' } else { letter }).collect()
}

pub(super) fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => line(text),
        Some(Value::Object(price)) => format!("{} {}", plain(price.get("amount")), plain(price.get("unit"))),
        Some(other) => other.to_string(),
    }
}

/// `1 part`, `2 parts`.
pub(super) fn counted(count: Option<&Value>, what: &str) -> String {
    let plural = if count.and_then(Value::as_u64) == Some(1) { "" } else { "s" };
    format!("{} {what}{plural}", plain(count))
}

pub(super) fn table(items: Option<&Value>, columns: &[&str]) -> String {
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
        let mark = match check.get("level").and_then(Value::as_str) {
            Some("good") => "ok  ",
            Some("warning") => "warn",
            _ => "FAIL",
        };
        let detail = plain(check.get("detail"));
        let detail = if detail.is_empty() { detail } else { format!(": {detail}") };
        text.push_str(&format!("{mark} {}{detail}\n", plain(check.get("check"))));
    }
    text.push_str(&format!(
        "\n{}, {} open, {} to tell, {} octets on disk, schema {}, version {}\n",
        counted(value.get("messages"), "message"),
        plain(value.get("open")),
        counted(value.get("outbox"), "event"),
        plain(value.get("octets")),
        plain(value.get("schema")),
        plain(value.get("version")),
    ));
    let running = plain(value.get("version"));
    if !running.is_empty() && running != crate::admin::VERSION {
        text.push_str(&format!("This program is version {}: restart the server.\n", crate::admin::VERSION));
    }
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
    fn what_strangers_write_gives_the_terminal_no_orders() {
        let request = Request::Messages { account: None, state: None, to: None, limit: 1 };
        let shown =
            text(&request, &json!({ "items": [{ "from": "\u{1b}[2J\u{7}x\ny\u{202e}", "to": "é" }] }));
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']) && shown.lines().count() == 2, "{shown:?}");
        assert!(shown.contains("x\u{fffd}y") && shown.contains('é'), "{shown:?}");
    }

    #[test]
    fn the_doctor_says_what_is_wrong_first_hand() {
        let check = |level, detail| json!({ "check": "the disk has room", "level": level, "detail": detail });
        let value = json!({ "checks": [check("good", ""), check("warning", "1 GiB"), check("failure", "none")],
                            "messages": 1, "outbox": 2, "version": "0.0.0-old" });
        let shown = text(&Request::Doctor, &value);
        assert!(
            shown.starts_with(
                "ok   the disk has room\nwarn the disk has room: 1 GiB\nFAIL the disk has room: none\n"
            ),
            "{shown}"
        );
        assert!(
            shown.contains("1 message,")
                && shown.contains("2 events to tell")
                && shown.contains("restart the server")
        );
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
