//! Figures of the caller's account: `/api/v1/movements`, `/statistics`, `/prices` and `/numbers/{number}`.

use app::PriceList;
use app::detail::Movement;
use app::submission::Caller;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use ports::store::Rollup;
use serde::Serialize;
use types::id::RowKey;
use types::message::State as MessageState;
use types::money::Money;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;
use utoipa::{IntoParams, ToSchema};

use crate::auth::Authenticated;
use crate::native::csv::{file, line};
use crate::native::export::{SpanQuery, check_format};
use crate::native::lists::{PageQuery, read_cursor, read_limit, read_moment, write_cursor};
use crate::native::view::Amount;
use crate::native::webhooks::IdPath;
use crate::problem::{Refused, json_bytes};
use crate::query::Fields;
use crate::state::Api;

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// Days of statistics when the caller does not say.
pub(crate) const DAYS_DEFAULT: i64 = 30;
/// Lines of statistics; who has more asks for fewer days.
const LINES_MAX: usize = 10_000;

/// What moved the balance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0000000000000012", "at": "2026-11-22T10:00:00.000Z", "kind": "charge",
    "amount": {"amount": "-0.08", "unit": "EUR"}, "messages": 2
}))]
pub(crate) struct MovementView {
    /// Its id; those of one account rise with time.
    id: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// `top_up`, `hold`, `capture`, `release`, `charge`, `refund`, `transfer_out` or `transfer_in`.
    #[schema(value_type = String)]
    kind: &'static str,
    /// What it did to what can be spent; below zero when it took something.
    amount: Amount,
    /// How many messages it sums up.
    messages: u32,
}

impl From<&Movement> for MovementView {
    fn from(movement: &Movement) -> Self {
        Self {
            id: write_cursor(RowKey::from_i64(movement.id)),
            at: movement.at.to_string(),
            kind: movement.kind.as_str(),
            amount: movement.amount.into(),
            messages: movement.messages,
        }
    }
}

/// A page of movements, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MovementPage {
    /// The movements.
    items: Vec<MovementView>,
    /// Give it as `cursor` to read on; null at the end.
    next_cursor: Option<String>,
}

/// Traffic of one day to one country that came to one state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "day": "2026-11-22", "country": "GB", "state": "delivered", "messages": 318, "parts": 402,
    "amount": {"amount": "16.08", "unit": "EUR"}
}))]
pub(crate) struct StatisticsLine {
    /// The UTC day on which the messages were accepted.
    day: String,
    /// The recipients' country, ISO 3166-1 alpha-2; `ZZ` when it is not known.
    country: String,
    /// What became of them; `open` for those that have not ended.
    #[schema(value_type = String)]
    state: &'static str,
    /// How many messages.
    messages: i64,
    /// How many parts.
    parts: i64,
    /// What they were sold for, whatever became of the money.
    amount: Amount,
}

impl From<&Rollup> for StatisticsLine {
    fn from(row: &Rollup) -> Self {
        let state = if row.state == MessageState::Accepted { "open" } else { row.state.as_str() };
        Self {
            day: row.day.to_string().chars().take("2026-11-22".len()).collect(),
            country: row.country.as_str().to_owned(),
            state,
            messages: row.messages,
            parts: row.parts,
            amount: Money::new(row.amount_micros, row.unit).into(),
        }
    }
}

/// Traffic by day, country and state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Statistics {
    /// The lines, oldest day first.
    items: Vec<StatisticsLine>,
    /// Always null: there is one page.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<&'static str>,
}

/// Which days to sum up. The parameters are read by [`read_days`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters that the hand-written reader takes")]
pub(crate) struct StatisticsQuery {
    /// From the day of this time on; 30 days back when absent.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Up to the day before this time's; today when absent.
    #[param(format = DateTime)]
    until: Option<String>,
    /// `json` (when absent), or `csv`.
    #[param(pattern = "^(json|csv)$")]
    format: Option<String>,
}

/// What one part costs, by the beginning of the number.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PriceLine {
    /// The first digits of the number; empty for every other one.
    prefix: String,
    /// The price of one part, as a decimal string.
    price: String,
}

/// What the account pays: the longest prefix of a number counts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "version": 3, "unit": "EUR", "items": [{"prefix": "44", "price": "0.04"}], "next_cursor": null
}))]
pub(crate) struct Prices {
    /// The version of the prices.
    version: u32,
    /// What they are in.
    unit: String,
    /// The prices, in the order of their prefixes.
    items: Vec<PriceLine>,
    /// Always null: there is one page.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<&'static str>,
}

impl From<PriceList> for Prices {
    fn from(list: PriceList) -> Self {
        let mut items: Vec<_> =
            list.prices.into_iter().map(|(prefix, price)| PriceLine { prefix, price }).collect();
        items.sort_by(|a, b| a.prefix.cmp(&b.prefix));
        Self { version: list.version, unit: list.unit.as_str().to_owned(), items, next_cursor: None }
    }
}

/// What is known of a number.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "number": "447911123456", "plausible": true, "country": "GB", "kind": "mobile",
    "international": "+44 7911 123456", "national": "07911 123456", "network": "23410",
    "time_zones": ["Europe/London"], "time_zones_by": "number", "table_version": "9.0.43",
    "price": {"amount": "0.04", "unit": "EUR"}
}))]
pub(crate) struct NumberCheck {
    /// The number in its normal form.
    number: String,
    /// Whether the numbering plan of its country has such numbers. One that is not plausible may still be
    /// reached.
    plausible: bool,
    /// Its country, ISO 3166-1 alpha-2; `ZZ` when it is not known.
    country: String,
    /// What kind of line it is by the numbering plan: `mobile`, `fixed_line`, `fixed_line_or_mobile` where they look
    /// alike, `toll_free`, `premium_rate`, `shared_cost`, `voip`, `personal`, `pager`, `company_wide`, `voicemail`
    /// or `unknown`.
    #[schema(value_type = String)]
    kind: &'static str,
    /// How it is written abroad.
    international: String,
    /// How it is written in its country.
    national: String,
    /// The time zones in which its phone may be; `UTC` where nothing is known.
    time_zones: Vec<String>,
    /// Where they come from: `number`, its leading digits, or `unknown`.
    #[schema(value_type = String)]
    time_zones_by: &'static str,
    /// The version of the table of zones.
    table_version: String,
    /// The network that its range belongs to, MCC and MNC; it may have been ported away.
    network: Option<String>,
    /// What one part to it costs; null when no price is published.
    price: Option<Amount>,
}

/// Lists what moved the balance, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/movements",
    operation_id = "movement_list",
    tag = "account",
    params(PageQuery),
    responses((status = 200, description = "A page", body = MovementPage))
)]
pub(crate) async fn movements(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let read = Fields::parse(query.as_deref().unwrap_or(""))
        .and_then(|fields| Ok((read_cursor(&fields)?, read_limit(&fields)?)));
    let (before, limit) = api.counting(caller, read)?;
    let page = api.desk().movements(caller.account, before.map(RowKey::as_i64), limit).await?;
    let items = page.items.iter().map(MovementView::from).collect();
    Ok(json_bytes(StatusCode::OK, &MovementPage { items, next_cursor: page.next.map(write_cursor) }))
}

/// Sums up traffic by day, country and state.
#[utoipa::path(
    get,
    path = "/api/v1/statistics",
    operation_id = "statistics_view",
    tag = "account",
    params(StatisticsQuery),
    responses((status = 200, description = "The lines; with `format=csv` as a table", content(
        (Statistics = "application/json"),
        (String = "text/csv")
    )))
)]
pub(crate) async fn statistics(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let now = api.desk().now();
    let days = api.counting(caller, read_days(query.as_deref().unwrap_or(""), now))?;
    let lines = lines_of(&api, caller, &days).await?;
    if days.as_csv {
        return Ok(table(&lines));
    }
    Ok(json_bytes(StatusCode::OK, &Statistics { items: lines, next_cursor: None }))
}

/// Writes traffic by day, country and state as a table.
#[utoipa::path(
    get,
    path = "/api/v1/exports/statistics",
    operation_id = "statistics_export",
    tag = "account",
    params(SpanQuery),
    responses((status = 200, description = "A table; fields that begin like a formula have an apostrophe before them", content_type = "text/csv", body = String))
)]
pub(crate) async fn export(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let now = api.desk().now();
    let read = Fields::parse(query.as_deref().unwrap_or("")).and_then(|fields| {
        check_format(&fields)?;
        read_span(&fields, now)
    });
    let (since, until) = api.counting(caller, read)?;
    let lines = lines_of(&api, caller, &Days { since, until, as_csv: true }).await?;
    Ok(table(&lines))
}

async fn lines_of(api: &Api, caller: Caller, days: &Days) -> Result<Vec<StatisticsLine>, Refused> {
    let Days { since, until, .. } = *days;
    let rows = api.desk().usage(caller.account, since).await?;
    let lines: Vec<_> = rows.iter().filter(|row| row.day < until).map(StatisticsLine::from).collect();
    if lines.len() > LINES_MAX {
        let detail = format!("these days have more than {LINES_MAX} lines; ask for fewer");
        return Err(api.counted(Some(caller.account), refuse(&detail, "since")).into());
    }
    Ok(lines)
}

fn table(lines: &[StatisticsLine]) -> Response {
    let mut text = line(["day", "country", "state", "messages", "parts", "amount", "unit"]);
    for one in lines {
        let (messages, parts) = (one.messages.to_string(), one.parts.to_string());
        let Amount { amount, unit } = &one.amount;
        let (day, country) = (one.day.as_str(), one.country.as_str());
        let fields =
            [day, country, one.state, messages.as_str(), parts.as_str(), amount.as_str(), unit.as_str()];
        text.push_str(&line(fields));
    }
    file("attachment; filename=\"statistics.csv\"", text)
}

/// Lists what one part costs the account, by the beginning of the number.
#[utoipa::path(
    get,
    path = "/api/v1/prices",
    operation_id = "price_list",
    tag = "account",
    responses((status = 200, description = "The prices", body = Prices))
)]
pub(crate) async fn prices(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refused> {
    let list = api.desk().prices(caller.account).await?;
    Ok(json_bytes(StatusCode::OK, &Prices::from(list)))
}

/// Tells what is known of a number, without asking its network.
#[utoipa::path(
    get,
    path = "/api/v1/numbers/{id}",
    operation_id = "number_check",
    tag = "account",
    params(("id" = String, Path, description = "The number in any notation")),
    responses((status = 200, description = "What is known", body = NumberCheck))
)]
pub(crate) async fn number(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    number: IdPath,
) -> Result<Response, Refused> {
    let text = number.map(|axum::extract::Path(text)| text).unwrap_or_default();
    let known = api.desk().number(caller.account, &text)?;
    let check = NumberCheck {
        number: known.number.as_u64().to_string(),
        plausible: known.plausible,
        country: known.country.as_str().to_owned(),
        kind: known.description.kind.as_str(),
        international: known.description.international,
        national: known.description.national,
        time_zones: known.zones,
        time_zones_by: known.zones_by.as_str(),
        table_version: known.zone_table.to_owned(),
        network: known.network.map(|network| network.plmn.to_string()),
        price: known.price.map(|price| price.amount.into()),
    };
    Ok(json_bytes(StatusCode::OK, &check))
}

/// The days that are asked for: from the first, before the second.
struct Days {
    since: Timestamp,
    until: Timestamp,
    as_csv: bool,
}

fn read_days(query: &str, now: Timestamp) -> Result<Days, Refusal> {
    let fields = Fields::parse(query)?;
    let as_csv = match fields.once("format")? {
        None | Some("json") => false,
        Some("csv") => true,
        Some(_) => return Err(refuse("expected `json` or `csv`", "format")),
    };
    let (since, until) = read_span(&fields, now)?;
    Ok(Days { since, until, as_csv })
}

fn read_span(fields: &Fields, now: Timestamp) -> Result<(Timestamp, Timestamp), Refusal> {
    let since = read_moment(fields, "since")?.unwrap_or_else(|| now.plus_ms(-DAYS_DEFAULT * DAY_MS));
    Ok((since, read_moment(fields, "until")?.unwrap_or(Timestamp::NEVER)))
}

fn refuse(detail: &str, field: &str) -> Refusal {
    Refusal::new(RefusalCode::InvalidRequest, detail).at(field)
}
