//! The opt-out list: recipients that want no messages of this account.

use app::{SuppressionQuery, SuppressionWish};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use types::access::KeyScope;
use types::address::Msisdn;
use types::suppression::SuppressionReason;

use super::access::Known;
use super::fault::Fault;
use super::lists::date;
use super::send::text_of;
use crate::state::Api;

/// Entries that are read at once, and listed at the most.
const READ_AT_ONCE: usize = 500;
const LISTED_MAX: usize = 10_000;

/// A number that wants no messages.
#[derive(Deserialize)]
struct Wish {
    number: Option<Value>,
}

pub(super) async fn add(
    State(api): State<Api>,
    known: Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Manage)?;
    let wish: Wish = known.read(&api, &headers, body).await?;
    let number = wish.number.as_ref().and_then(text_of).and_then(|text| Msisdn::parse(&text));
    let number = number.ok_or_else(|| known.fault(&api, 103, "The phone is missing or invalid"))?;
    let wish = SuppressionWish {
        numbers: vec![number],
        reason: SuppressionReason::OptOut,
        source: format!("key:{}", known.caller.credential.0),
    };
    api.desk().suppress(known.caller.account, wish, None).await?;
    Ok(Json(json!({ "success": true, "number": number.digits() })))
}

pub(super) async fn list(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Read)?;
    let mut items = Vec::new();
    let mut before = None;
    while items.len() < LISTED_MAX {
        let query = SuppressionQuery { number: None, before, limit: READ_AT_ONCE };
        let page = api.desk().suppressions(known.caller.account, query).await?;
        items.extend(page.items.iter().map(|view| {
            json!({ "number": view.number.digits(), "memo": view.source, "date": date(view.created_at) })
        }));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    Ok(Json(Value::Array(items)))
}

pub(super) async fn remove(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Manage)?;
    let number = Msisdn::parse(&known.name);
    let number = number.ok_or_else(|| known.fault(&api, 103, "The phone is missing or invalid"))?;
    api.desk().unsuppress(known.caller.account, number).await?;
    Ok(Json(json!({ "success": true })))
}
