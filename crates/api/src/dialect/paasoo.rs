//! The PaaSoo dialect: GET with everything in the query, flat JSON of texts, always HTTP 200.
//!
//! Clients look at the body alone, so a refusal is `{"status": "2", "status_code": "…"}`. The
//! other way round, [`push`] tells receipts by GET. What is not built answers status 11.

mod push;
mod record;
mod send;

use std::sync::Arc;

use app::submission::{Caller, KeyAccess};
use axum::extract::{FromRequest, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use types::access::KeyScope;
use types::refusal::{Refusal, RefusalCode};

use super::{Address, Dialect};
use crate::auth::peer_of;
use crate::body::media_type;
use crate::query::Fields;
use crate::state::Api;

/// This dialect, for the list.
pub(super) const DIALECT: Dialect = Dialect {
    name: "paasoo",
    title: "PaaSoo",
    addresses,
    renderers: &[|| Arc::new(push::PaasooPush)],
    borrows: &[],
    credentials: &["key", "secret"],
};

/// What clients read when something that they must state is missing.
const MISSING: &str = "Missing params.";

/// The status that says a refusal. This is the only table of its kind.
///
/// 2 a parameter is missing or unusable, 3 too many recipients, 4 key or secret, 5 not allowed,
/// 6 recipient, 7 sender, 8 the same text again, 9 balance, 10 too fast, 11 anything else.
const fn status_of(code: RefusalCode) -> u8 {
    use RefusalCode as R;
    match code {
        R::InvalidRequest
        | R::EmptyText
        | R::TextTooLong
        | R::InvalidCoding
        | R::InvalidTemplate
        | R::TemplateNotApproved
        | R::SignatureRequired
        | R::ExpiredValidity
        | R::InvalidSchedule
        | R::BodyTooLarge
        | R::UnsupportedMediaType => 2,
        R::TooManyRecipients => 3,
        R::InvalidCredentials => 4,
        R::Forbidden | R::AccountSuspended => 5,
        R::InvalidDestination | R::NoPrice | R::NoRoute | R::RouteLoop | R::RecipientSuppressed => 6,
        R::InvalidSender | R::SenderNotApproved | R::NoSenderLeft => 7,
        R::RepeatedMessage => 8,
        R::InsufficientBalance => 9,
        R::RateLimited | R::QueueFull => 10,
        R::IdempotencyMismatch
        | R::IdempotencyInFlight
        | R::NotFound
        | R::TooLate
        | R::TooEarly
        | R::Conflict
        | R::LimitReached
        | R::MethodNotAllowed
        | R::Unavailable
        | R::NotBuilt
        | R::InvalidConfiguration => 11,
    }
}

/// The addresses of this dialect, old ones too.
fn addresses() -> Vec<Address> {
    let both = "GET POST";
    let refusing = || get(not_built).post(not_built);
    vec![
        Address::works(
            both,
            &["/json", "/api/json"],
            "sends to one recipient, or to up to 100 separated by commas",
            get(send::send).post(send::send).head(no_head),
        ),
        Address::works(
            both,
            &["/dlr", "/api/dlr"],
            "tells what has become of a message",
            get(record::record).post(record::record),
        ),
        Address::works(both, &["/balance", "/api/balance"], "tells the balance", get(balance).post(balance)),
        Address::works(
            both,
            &["/validnumber", "/api/validnumber"],
            "says whether a number can be one",
            get(valid_number).post(valid_number),
        ),
        Address::refuses(both, &["/voice", "/api/voice"], "there are no voice calls yet", refusing()),
        Address::refuses(
            both,
            &["/lookup", "/api/lookup"],
            "there is no live source of what a number does now",
            refusing(),
        ),
        Address::refuses(both, &["/mms", "/api/mms"], "there are no multimedia messages yet", refusing()),
        Address::refuses(
            both,
            &["/price/list", "/api/price/list"],
            "prices are told by the native API",
            refusing(),
        ),
    ]
}

/// A request of somebody whose key and secret are right, with its fields: those of the query, then
/// those of a form. Everybody else is refused, and it is counted.
struct Known {
    caller: Caller,
    fields: Fields,
}

/// As [`Known`], of somebody whose key may send; a key for [`Known`] may look.
struct Sender(Known);

impl FromRequest<Api> for Known {
    type Rejection = Response;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Response> {
        Self::with(KeyScope::Read, request, api).await
    }
}

impl FromRequest<Api> for Sender {
    type Rejection = Response;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Response> {
        Known::with(KeyScope::Send, request, api).await.map(Self)
    }
}

impl Known {
    async fn with(scope: KeyScope, request: Request, api: &Api) -> Result<Self, Response> {
        let known = async {
            let from = peer_of(request.extensions());
            let fields = read_fields(api, request).await?;
            let (key, secret) = (required(&fields, "key")?, required(&fields, "secret")?);
            let KeyAccess { caller, scopes } = api.authenticate(from, key, secret)?;
            if !scopes.contains(scope) {
                return Err(Refusal::new(RefusalCode::Forbidden, "the key may not do this"));
            }
            Ok(Self { caller, fields })
        };
        known.await.map_err(|refusal| refuse(&api.counted(None, refusal)))
    }
}

async fn read_fields(api: &Api, request: Request) -> Result<Fields, Refusal> {
    let (parts, body) = request.into_parts();
    let mut fields = Fields::parse(parts.uri.query().unwrap_or(""))?;
    if parts.method != Method::POST {
        return Ok(fields);
    }
    let taken = api.read_unknown(&parts.headers, body).await?;
    if taken.octets.is_empty() {
        return Ok(fields);
    }
    if media_type(&parts.headers) != "application/x-www-form-urlencoded" {
        return Err(Refusal::new(
            RefusalCode::UnsupportedMediaType,
            "send the fields in the query or as a form",
        ));
    }
    let text = std::str::from_utf8(&taken.octets)
        .map_err(|_| Refusal::new(RefusalCode::InvalidRequest, "the form is not UTF-8"))?;
    fields.0.extend(Fields::parse(text)?.0);
    Ok(fields)
}

/// A parameter that must be there and be filled.
fn required<'a>(fields: &'a Fields, name: &str) -> Result<&'a str, Refusal> {
    let value = fields.get(name).filter(|value| !value.trim().is_empty());
    value.ok_or_else(|| Refusal::new(RefusalCode::InvalidRequest, MISSING).at(name))
}

/// Writes a refusal: numbers as texts, because clients read a map of texts.
fn refuse(refusal: &Refusal) -> Response {
    let is_missing = refusal.detail == MISSING;
    let words = if is_missing { MISSING } else { refusal.code.title() };
    flat(&[("status", &status_of(refusal.code).to_string()), ("status_code", words)])
}

/// A flat JSON object of texts, in the order given.
fn flat(members: &[(&str, &str)]) -> Response {
    let mut json = String::from("{");
    for (position, (name, value)) in members.iter().enumerate() {
        if position > 0 {
            json.push(',');
        }
        json.push_str(&quoted(name));
        json.push(':');
        json.push_str(&quoted(value));
    }
    json.push('}');
    json_text(json)
}

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn json_text(json: String) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "application/json;charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::OK, headers, json).into_response()
}

/// `/balance`: the balance as a text.
async fn balance(State(api): State<Api>, Known { caller, .. }: Known) -> Response {
    match api.desk().balance(caller.account) {
        Some(balance) => {
            let (amount, unit) = (balance.available.decimal(), balance.available.unit);
            flat(&[("balance", &amount), ("currency", unit.as_str())])
        }
        None => refuse(&Refusal::new(RefusalCode::NotFound, "the account is gone")),
    }
}

/// `/validnumber`: the bare word `true` or `false`.
async fn valid_number(State(api): State<Api>, Known { caller, fields }: Known) -> Response {
    let pair = required(&fields, "countryCode").and_then(|country| {
        let national = required(&fields, "nationalNumber")?;
        Ok(decide::numbering::is_valid(country, national))
    });
    match api.counting(caller, pair) {
        Ok(is_valid) => json_text(is_valid.to_string()),
        Err(refusal) => refuse(&refusal),
    }
}

/// What PaaSoo has and Chappe has not yet.
async fn not_built(State(api): State<Api>, Known { caller, .. }: Known) -> Response {
    let refusal = Refusal::new(RefusalCode::NotBuilt, "this part of the interface is not built yet");
    refuse(&api.counted(Some(caller.account), refusal))
}

/// Asking for the headers alone sends nothing: whoever looks whether a link works must not pay.
async fn no_head() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET,POST")]).into_response()
}

#[cfg(test)]
mod tests;
