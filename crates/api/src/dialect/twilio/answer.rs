//! Answers: the same members as JSON, or as XML where the address does not end in `.json`; and pages of
//! lists with the addresses of their neighbours.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use types::time::Timestamp;

use super::access::Known;
use super::fault::Fault;
use crate::dialect::xml::escape;
use crate::query::{Fields, percent};

/// Items of a page when the caller does not say.
const PAGE_SIZE_DEFAULT: usize = 50;
/// The most items of a page.
const PAGE_SIZE_MAX: usize = 1_000;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `.json`.
    Json,
    /// `.xml`, or no ending at all.
    Xml,
}

impl Form {
    /// The form that a path asks for.
    pub(super) fn of(path: &str) -> Self {
        // What has no ending and is of the newer products is JSON.
        if path.ends_with(".json") || path.starts_with("/v1/") { Self::Json } else { Self::Xml }
    }
}

/// Writes a resource under its name.
pub(super) fn write(form: Form, name: &str, body: &Value) -> Response {
    let (kind, text) = match form {
        Form::Json => ("application/json", body.to_string()),
        Form::Xml => ("application/xml", xml(name, body)),
    };
    ([(header::CONTENT_TYPE, format!("{kind};charset=utf-8"))], text).into_response()
}

fn xml(name: &str, body: &Value) -> String {
    let mut text = String::from("<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse>");
    element(&mut text, name, body);
    text.push_str("</TwilioResponse>");
    text
}

fn element(text: &mut String, name: &str, value: &Value) {
    text.push_str(&format!("<{name}>"));
    match value {
        Value::Null => {}
        Value::Object(members) => {
            for (member, inner) in members {
                element(text, &camel(member), inner);
            }
        }
        Value::Array(items) => {
            // `messages` hold `Message`s.
            let one = name.strip_suffix('s').unwrap_or(name);
            items.iter().for_each(|item| element(text, one, item));
        }
        Value::String(inner) => text.push_str(&escape(inner)),
        other => text.push_str(&other.to_string()),
    }
    text.push_str(&format!("</{name}>"));
}

/// `num_segments` is `NumSegments`.
fn camel(member: &str) -> String {
    let mut name = String::new();
    for word in member.split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

/// Which page of a list is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// Items of a page.
    pub(super) size: usize,
    /// Its number, which says nothing of where it begins.
    pub(super) number: u64,
    /// Where it begins; `None` for the first.
    pub(super) token: Option<String>,
}

impl Wanted {
    /// Reads `PageSize`, `Page` and `PageToken`.
    pub(super) fn read(query: &Fields) -> Result<Self, Fault> {
        let number = |name: &str| query.get(name).map(str::parse::<u64>).transpose();
        let bad = |name: &str| Fault::bad(20_006, format!("The page cannot be read: {name} is no number"));
        let size = number("PageSize").map_err(|_| bad("PageSize"))?;
        let page = number("Page").map_err(|_| bad("Page"))?;
        let size = size.and_then(|size| usize::try_from(size).ok()).unwrap_or(PAGE_SIZE_DEFAULT);
        Ok(Self {
            size: size.clamp(1, PAGE_SIZE_MAX),
            number: page.unwrap_or(0),
            token: query.get("PageToken").map(str::to_owned),
        })
    }

    /// Writes a page of `items` under `key`; `next` is where the next one begins.
    pub(super) fn page(&self, known: &Known, key: &str, items: Vec<Value>, next: Option<String>) -> Value {
        let here = self.address(known, self.number, self.token.as_deref());
        let start = u64::try_from(self.size).unwrap_or(0).saturating_mul(self.number);
        let count = u64::try_from(items.len()).unwrap_or(0);
        let next = next.map(|token| self.address(known, self.number.saturating_add(1), Some(&token)));
        let mut body = Map::new();
        for (name, value) in [
            ("first_page_uri", json!(self.address(known, 0, None))),
            ("end", json!(start.saturating_add(count.saturating_sub(1)))),
            ("previous_page_uri", Value::Null),
            ("uri", json!(here)),
            ("page_size", json!(self.size)),
            ("start", json!(start)),
            ("page", json!(self.number)),
            ("next_page_uri", json!(next)),
        ] {
            body.insert(name.to_owned(), value);
        }
        body.insert(key.to_owned(), Value::Array(items));
        Value::Object(body)
    }

    /// The address of a page of the same list.
    fn address(&self, known: &Known, number: u64, token: Option<&str>) -> String {
        let paging = ["PageSize", "Page", "PageToken"];
        let own = known.query.0.iter().filter(|(name, _)| !paging.contains(&name.as_str()));
        let mut address = format!("{}?", known.path);
        for (name, value) in own {
            address.push_str(&format!("{}={}&", percent(name), percent(value)));
        }
        address.push_str(&format!("PageSize={}&Page={number}", self.size));
        if let Some(token) = token {
            address.push_str(&format!("&PageToken={}", percent(token)));
        }
        address
    }
}

/// A time as this dialect writes it: `Sun, 22 Nov 2026 20:00:00 +0000` (RFC 2822, 3.3).
pub(super) fn date(at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let civil = at.civil();
    // The epoch was a Thursday.
    let weekday = at.as_ms().div_euclid(86_400_000).rem_euclid(7);
    let day = usize::try_from(weekday).ok().and_then(|place| DAYS.get(place)).copied().unwrap_or("");
    let place = usize::try_from(civil.month.saturating_sub(1)).unwrap_or(0);
    let month = MONTHS.get(place).copied().unwrap_or("");
    format!(
        "{day}, {:02} {month} {} {:02}:{:02}:{:02} +0000",
        civil.day, civil.year, civil.hour, civil.minute, civil.second
    )
}
