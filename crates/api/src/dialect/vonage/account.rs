//! The balance, and the account's numbers.

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use types::access::KeyScope;
use types::id::AccountId;
use types::inbound::InboundNumber;
use types::refusal::{Refusal, RefusalCode};

use super::fault::problem;
use crate::auth::{peer_of, read_pair};
use crate::query::Fields;
use crate::state::Api;

/// Numbers of a page when the caller does not say.
const SIZE_DEFAULT: usize = 10;
/// The most numbers of a page.
const SIZE_MAX: usize = 100;
/// The most numbers that are looked through.
const NUMBERS_MAX: usize = 10_000;
/// Digits of the longest short code.
const SHORT_CODE_DIGITS_MAX: usize = 6;

/// Whose key and secret these are, in the query or by Basic authentication; and the query.
fn enter(api: &Api, request: &Request) -> Result<(AccountId, Fields), Refusal> {
    let query = Fields::parse(request.uri().query().unwrap_or(""))?;
    let pair = match (query.get("api_key"), query.get("api_secret")) {
        (Some(key), Some(secret)) => (key.to_owned(), secret.to_owned()),
        _ => read_pair(request.headers())?,
    };
    let access = api.authenticate(peer_of(request.extensions()), &pair.0, &pair.1)?;
    if !access.scopes.contains(KeyScope::Read) {
        return Err(Refusal::new(RefusalCode::Forbidden, "the key may not look"));
    }
    Ok((access.caller.account, query))
}

fn write(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

pub(super) async fn balance(State(api): State<Api>, request: Request) -> Response {
    let account = match enter(&api, &request) {
        Ok((account, _)) => account,
        Err(refusal) => return problem(&api, &api.counted(None, refusal)),
    };
    match api.desk().balance(account) {
        // Written by hand: the value is a bare number and must not pass through a float.
        Some(balance) => write(format!("{{\"value\":{},\"autoReload\":false}}", balance.available.decimal())),
        None => problem(&api, &Refusal::new(RefusalCode::NotFound, "the account is gone")),
    }
}

pub(super) async fn numbers(State(api): State<Api>, request: Request) -> Response {
    let (account, query) = match enter(&api, &request) {
        Ok(entered) => entered,
        Err(refusal) => return problem(&api, &api.counted(None, refusal)),
    };
    let number = |name: &str, usual: usize| match query.get(name) {
        None => Ok(usual),
        Some(text) => text.parse::<usize>().ok().filter(|number| *number > 0).ok_or_else(|| {
            Refusal::new(RefusalCode::InvalidRequest, "expected a whole number above zero").at(name)
        }),
    };
    let place = number("size", SIZE_DEFAULT).and_then(|size| Ok((size, number("index", 1)?)));
    let (size, index) = match place {
        Ok((size, index)) => (size.min(SIZE_MAX), index),
        Err(refusal) => return problem(&api, &api.counted(Some(account), refusal)),
    };
    let mut views = api.desk().inbound_numbers(account, None, NUMBERS_MAX);
    let (pattern, country) = (query.get("pattern"), query.get("country"));
    views.retain(|view| {
        let digits = view.number.to_string();
        pattern.is_none_or(|pattern| digits.contains(pattern))
            && country.is_none_or(|country| country_of(&api, account, view.number) == country)
    });
    let count = views.len();
    let begin = index.saturating_sub(1).saturating_mul(size);
    let items: Vec<Value> = views
        .iter()
        .skip(begin)
        .take(size)
        .map(|view| {
            let digits = view.number.to_string();
            let is_short = digits.len() <= SHORT_CODE_DIGITS_MAX;
            let url = view.endpoint.and_then(|id| api.desk().webhook(account, id));
            json!({
                "country": country_of(&api, account, view.number),
                "msisdn": digits,
                "moHttpUrl": url.map(|view| view.url.into_inner()).unwrap_or_default(),
                "type": if is_short { "mobile-shortcode" } else { "mobile-lvn" },
                "features": ["SMS"],
            })
        })
        .collect();
    let body = if count == 0 { json!({}) } else { json!({ "count": count, "numbers": items }) };
    write(body.to_string())
}

/// The country of a number; `ZZ` for one that its digits do not tell.
fn country_of(api: &Api, account: AccountId, number: InboundNumber) -> String {
    let view = api.desk().number(account, &format!("+{number}"));
    view.map_or_else(|_| "ZZ".to_owned(), |view| view.country.as_str().to_owned())
}
