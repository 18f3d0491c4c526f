//! Usage records: what was sent and what it was sold for, summed up over a span or by days, months or years.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use ports::store::Rollup;
use serde_json::{Value, json};
use types::access::KeyScope;
use types::account::write_sid;
use types::money::{Money, Unit};
use types::time::{Civil, Timestamp};

use super::access::Known;
use super::answer::{Wanted, write};
use super::fault::Fault;
use super::resource::API_VERSION;
use crate::state::Api;

/// Milliseconds of a day.
pub(super) const DAY_MS: i64 = 86_400_000;
/// Characters of a year, a month and a day in a date.
const YEAR_CHARS: usize = 4;
const MONTH_CHARS: usize = 7;
const DAY_CHARS: usize = 10;
/// What is summed up, with the unit of what is counted.
const CATEGORIES: &[(&str, &str)] =
    &[("sms", "Total SMS"), ("sms-outbound", "SMS sent"), ("totalprice", "Total price")];

/// Days to sum up, and how finely.
struct Span {
    since: Timestamp,
    until: Timestamp,
    /// Characters of a date that stand for one line; none for one line in all.
    line_chars: usize,
}

impl Span {
    /// The span that a word of the path names, up to today when nothing says otherwise.
    fn named(word: &str, now: Timestamp) -> Option<Self> {
        let today = day_of(now);
        let month = first_of_month(today);
        let tomorrow = today.plus_ms(DAY_MS);
        let (since, until, line_chars) = match word {
            "" | "AllTime" => (Timestamp::EPOCH, tomorrow, 0),
            "Today" => (today, tomorrow, 0),
            "Yesterday" => (today.plus_ms(-DAY_MS), today, 0),
            "ThisMonth" => (month, tomorrow, 0),
            "LastMonth" => (first_of_month(month.plus_ms(-DAY_MS)), month, 0),
            "Daily" => (Timestamp::EPOCH, tomorrow, DAY_CHARS),
            "Monthly" => (Timestamp::EPOCH, tomorrow, MONTH_CHARS),
            "Yearly" => (Timestamp::EPOCH, tomorrow, YEAR_CHARS),
            _ => return None,
        };
        Some(Self { since, until, line_chars })
    }
}

/// The begin of a UTC day.
pub(super) fn day_of(at: Timestamp) -> Timestamp {
    Timestamp::from_ms(at.as_ms().div_euclid(DAY_MS).saturating_mul(DAY_MS))
}

fn first_of_month(day: Timestamp) -> Timestamp {
    Timestamp::from_civil(&Civil { day: 1, ..day_of(day).civil() })
}

/// What was sent on the days of one line.
#[derive(Clone, Copy, Default)]
struct Sum {
    messages: i64,
    parts: i64,
    micros: i64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Sum {
    fn add(&mut self, row: &Rollup) {
        self.messages = self.messages.saturating_add(row.messages);
        self.parts = self.parts.saturating_add(row.parts);
        self.micros = self.micros.saturating_add(row.amount_micros);
        self.first = Some(self.first.map_or(row.day, |first| first.min(row.day)));
        self.last = Some(self.last.map_or(row.day, |last| last.max(row.day)));
    }
}

pub(super) async fn all(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    records(&api, &known, "").await
}

pub(super) async fn span(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    let word = known.name().to_owned();
    records(&api, &known, &word).await
}

async fn records(api: &Api, known: &Known, word: &str) -> Result<Response, Response> {
    known.needs(api, KeyScope::Read)?;
    let fault = |fault: Fault| known.fault(api, &fault);
    let wanted = Wanted::read(&known.query).map_err(fault)?;
    let now = api.desk().now();
    let mut span = Span::named(word, now).ok_or_else(|| fault(Fault::missing(&known.path)))?;
    for (name, bound, later_ms) in [("StartDate", &mut span.since, 0), ("EndDate", &mut span.until, DAY_MS)] {
        if let Some(text) = known.query.get(name) {
            let day = Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z"));
            let bad = || Fault::bad(20_001, format!("{name} must be a day such as 2026-11-22."));
            *bound = day.ok_or_else(bad).map_err(fault)?.plus_ms(later_ms);
        }
    }
    let failed = |refusal| Fault::from(refusal).answer(known.form);
    let rows = api.desk().usage(known.owner.account, span.since).await.map_err(failed)?;
    let unit = api.desk().account(known.owner.account).map_or(Unit::EUR, |account| account.unit);
    let mut lines: BTreeMap<String, Sum> = BTreeMap::new();
    if span.line_chars == 0 {
        lines.insert(String::new(), Sum::default());
    }
    for row in rows.iter().filter(|row| row.day >= span.since && row.day < span.until) {
        let line: String = row.day.to_string().chars().take(span.line_chars).collect();
        lines.entry(line).or_default().add(row);
    }
    let category = known.query.get("Category");
    let asked = CATEGORIES.iter().filter(|(name, _)| category.is_none_or(|wanted| wanted == *name));
    let mut items: Vec<Value> = Vec::new();
    for (name, words) in asked {
        items.extend(lines.values().rev().map(|sum| record(known, (name, words), sum, unit)));
    }
    let begin = wanted.token.as_deref().and_then(|token| token.parse().ok()).unwrap_or(0_usize);
    let end = begin.saturating_add(wanted.size);
    let next = (items.len() > end).then(|| end.to_string());
    let items = items.into_iter().skip(begin).take(wanted.size).collect();
    Ok(write(known.form, "UsageRecords", &wanted.page(known, "usage_records", items, next)))
}

fn record(known: &Known, (category, words): (&str, &str), sum: &Sum, unit: Unit) -> Value {
    let day = |at: Option<Timestamp>| at.map(|at| at.to_string().chars().take(DAY_CHARS).collect::<String>());
    let price = Money::new(sum.micros, unit).decimal();
    let is_price = category == "totalprice";
    let (usage, usage_unit) = if is_price {
        (price.clone(), unit.as_str().to_owned())
    } else {
        (sum.parts.to_string(), "segments".to_owned())
    };
    json!({
        "category": category,
        "description": words,
        "account_sid": write_sid(known.sid),
        "start_date": day(sum.first),
        "end_date": day(sum.last),
        "as_of": null,
        "count": if is_price { Value::Null } else { json!(sum.messages.to_string()) },
        "count_unit": if is_price { "" } else { "messages" },
        "usage": usage,
        "usage_unit": usage_unit,
        "price": price,
        "price_unit": unit.as_str(),
        "api_version": API_VERSION,
        "uri": known.path,
        "subresource_uris": {},
    })
}
