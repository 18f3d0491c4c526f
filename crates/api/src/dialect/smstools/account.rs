//! The account: its balance, numbers, senders and figures, and those below it.

use app::AccountView;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use types::access::KeyScope;
use types::account::write_sid;
use types::charge::Balance;
use types::id::AccountId;
use types::refusal::{Refusal, RefusalCode};
use types::time::{Civil, Timestamp};

use super::access::Known;
use super::fault::Fault;
use super::send::text_of;
use crate::state::Api;

/// Numbers and accounts that are listed at the most.
const LISTED_MAX: usize = 500;
/// Inbound messages that are read at once, and counted at the most.
const READ_AT_ONCE: usize = 500;
const COUNTED_MAX: usize = 10_000;

/// Says that the credentials are right.
pub(super) async fn auth(State(_api): State<Api>, _known: Known) -> Json<Value> {
    Json(json!({ "success": true }))
}

fn balance_of(api: &Api, known: &Known) -> Result<Balance, Fault> {
    known.needs(api, KeyScope::Read)?;
    let gone = || Refusal::new(RefusalCode::NotFound, "the account is gone");
    api.desk().balance(known.caller.account).ok_or_else(|| known.refuse(api, gone()))
}

/// JSON that is written by hand, because its numbers must not pass through a float.
fn bare(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// `credits` is a text here, and `use` a number: a client reads them strictly.
pub(super) async fn balance(State(api): State<Api>, known: Known) -> Result<Response, Fault> {
    let balance = balance_of(&api, &known)?;
    let (available, held) = (balance.available.decimal(), balance.held.decimal());
    let unit = Value::from(balance.available.unit.as_str());
    Ok(bare(format!(
        "{{\"credits\":\"{available}\",\"balance\":\"{available}\",\"currency\":{unit},\"use\":{held}}}"
    )))
}

/// `credits` is a number here.
pub(super) async fn account(State(api): State<Api>, known: Known) -> Result<Response, Fault> {
    let balance = balance_of(&api, &known)?;
    let name = Value::from(api.desk().own_name(known.caller.account));
    let unit = Value::from(balance.available.unit.as_str());
    Ok(bare(format!(
        "{{\"username\":{name},\"company\":{name},\"credits\":{},\"creditstype\":\"currency\",\
         \"currency\":{unit},\"webhooksenabled\":1}}",
        balance.available.decimal()
    )))
}

pub(super) async fn senders(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Read)?;
    let page = api.desk().senders(known.caller.account, None, LISTED_MAX);
    let items: Vec<Value> = page
        .items
        .iter()
        .map(|view| {
            json!({ "ID": view.id.key().as_i64(), "name": view.sender, "order": null,
                    "status": view.state.as_str() })
        })
        .collect();
    Ok(Json(Value::Array(items)))
}

pub(super) async fn numbers(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Read)?;
    let account = known.caller.account;
    let views = api.desk().inbound_numbers(account, None, LISTED_MAX);
    let items: Vec<Value> = views
        .iter()
        .map(|view| {
            let digits = view.number.to_string();
            let known_of = api.desk().number(account, &format!("+{digits}")).ok();
            let country = known_of.map(|found| found.country.as_str().to_owned());
            json!({ "ID": digits, "number": digits, "countrycode": country })
        })
        .collect();
    Ok(Json(Value::Array(items)))
}

/// The first moment of a month and of the one after it.
fn month_of(known: &Known, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let today = now.civil();
    let number = |name: &str| known.query.get(name).map(|text| text.parse::<u32>().ok());
    let year = number("year").map_or(Some(today.year), |year| year.map(i64::from))?;
    let month = number("month").unwrap_or(Some(today.month))?;
    if !(1..=12).contains(&month) || !(1_970..=9_999).contains(&year) {
        return None;
    }
    let first = |year, month| {
        let civil = Civil { year, month, day: 1, hour: 0, minute: 0, second: 0, millisecond: 0 };
        Timestamp::from_civil(&civil)
    };
    let next = if month == 12 { first(year + 1, 1) } else { first(year, month + 1) };
    Some((first(year, month), next))
}

async fn count(api: &Api, known: &Known, account: AccountId) -> Result<Json<Value>, Fault> {
    let span = month_of(known, api.desk().now());
    let (since, until) =
        span.ok_or_else(|| known.fault(api, 139, "year and month must be such as 2026 and 11"))?;
    let rows = api.desk().usage(account, since).await?;
    let sent: i64 = rows.iter().filter(|row| row.day < until).map(|row| row.messages).sum();
    let (mut received, mut looked, mut before) = (0, 0, None);
    while looked < COUNTED_MAX {
        let page = api.desk().inbound(app::Scope::Account(account), before, READ_AT_ONCE).await?;
        looked += READ_AT_ONCE;
        let is_in = |at: Timestamp| at >= since && at < until;
        received += page.items.iter().filter(|item| is_in(item.received_at)).count();
        before = page.next;
        let is_past = page.items.last().is_none_or(|item| item.received_at < since);
        if before.is_none() || is_past {
            break;
        }
    }
    Ok(Json(json!({ "sent": sent, "received": received })))
}

pub(super) async fn statistics(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Read)?;
    count(&api, &known, known.caller.account).await
}

pub(super) async fn statistics_below(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    let account = known.below(&api, &known.name)?;
    count(&api, &known, account).await
}

/// A number to look at.
#[derive(Deserialize)]
struct Looked {
    number: Option<Value>,
    countrycode: Option<Value>,
}

pub(super) async fn format(
    State(api): State<Api>,
    known: Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Read)?;
    let looked: Looked = known.read(&api, &headers, body).await?;
    let number = looked.number.as_ref().and_then(text_of);
    let number = number.ok_or_else(|| known.fault(&api, 103, "The phone is missing or invalid"))?;
    let country = looked.countrycode.as_ref().and_then(text_of).unwrap_or_default();
    let code: String = country.chars().filter(char::is_ascii_digit).collect();
    let is_whole = number.starts_with('+') || number.starts_with("00") || code.is_empty();
    let text = if is_whole { number } else { format!("+{code}{}", number.trim_start_matches('0')) };
    Ok(Json(match api.desk().number(known.caller.account, &text) {
        Ok(view) => json!({
            "isValidNumber": view.plausible,
            "numberType": null,
            "prefixCode": code.parse::<u32>().ok(),
            "regionCode": view.country.as_str(),
            "formattedNumber": view.number.e164(),
            "error": null,
        }),
        Err(refusal) => json!({ "isValidNumber": false, "error": refusal.detail }),
    }))
}

fn write_below(view: &AccountView) -> Value {
    json!({
        "ID": write_sid(view.account.sid),
        "username": view.name,
        "email": null,
        "memo": null,
        "amount_of_logins": 0,
    })
}

pub(super) async fn below(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Accounts)?;
    let views = api.desk().accounts_below(known.caller.account, None, LISTED_MAX);
    Ok(Json(views.iter().map(write_below).collect()))
}

pub(super) async fn one_below(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    known.below(&api, &known.name)?;
    let found = types::account::parse_sid(&known.name)
        .and_then(|sid| api.desk().account_below(known.caller.account, sid));
    let missing = || Refusal::new(RefusalCode::NotFound, "there is no such subaccount");
    found.as_ref().map(|view| Json(write_below(view))).ok_or_else(|| known.refuse(&api, missing()))
}
