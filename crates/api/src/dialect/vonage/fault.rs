//! Refusals in the words of both APIs: numbers inside of HTTP 200, and problem documents.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use types::refusal::{Refusal, RefusalCode};

use crate::auth::{peer_of, read_pair};
use crate::query::Fields;
use crate::state::Api;

/// Where problems are explained.
const ERRORS: &str = "https://developer.vonage.com/api-errors";
/// What clients read when a field that they must state is missing; its name follows.
pub(super) const MISSING: &str = "Missing ";

/// The status of the SMS API that says a refusal. This is the only table of its kind.
///
/// 1 throttled, 2 missing, 3 invalid, 4 credentials, 5 internal, 6 unroutable, 7 number barred, 8 account
/// barred, 9 balance, 11 not enabled, 12 too long, 15 sender.
pub(super) const fn status_of(code: RefusalCode) -> u8 {
    use RefusalCode as R;
    match code {
        R::RateLimited | R::QueueFull | R::RepeatedMessage => 1,
        R::EmptyText => 2,
        R::InvalidRequest
        | R::InvalidDestination
        | R::TooManyRecipients
        | R::ExpiredValidity
        | R::InvalidSchedule
        | R::BodyTooLarge
        | R::UnsupportedMediaType
        | R::MethodNotAllowed => 3,
        R::InvalidCredentials => 4,
        R::InvalidCoding
        | R::InvalidTemplate
        | R::TemplateNotApproved
        | R::SignatureRequired
        | R::NoPrice
        | R::NoRoute
        | R::RouteLoop => 6,
        R::RecipientSuppressed => 7,
        R::AccountSuspended => 8,
        R::InsufficientBalance => 9,
        R::Forbidden => 11,
        R::TextTooLong => 12,
        R::InvalidSender | R::SenderNotApproved | R::NoSenderLeft => 15,
        R::IdempotencyMismatch
        | R::IdempotencyInFlight
        | R::NotFound
        | R::TooLate
        | R::TooEarly
        | R::Conflict
        | R::LimitReached
        | R::Unavailable
        | R::NotBuilt
        | R::InvalidConfiguration => 5,
    }
}

/// The status of the SMS API of one refusal: a field that is missing has a number of its own.
pub(super) fn status(refusal: &Refusal) -> u8 {
    let is_missing = refusal.code == RefusalCode::InvalidRequest && refusal.detail.starts_with(MISSING);
    if is_missing { 2 } else { status_of(refusal.code) }
}

/// HTTP status, name and title of a refusal in the Messages API. This is the only table of its kind.
pub(super) const fn problem_of(code: RefusalCode) -> (StatusCode, &'static str, &'static str) {
    use RefusalCode as R;
    match code {
        R::InvalidCredentials => (StatusCode::UNAUTHORIZED, "#unauthorized", "Unauthorized"),
        R::InsufficientBalance => (StatusCode::PAYMENT_REQUIRED, "#low-balance", "Low balance"),
        R::Forbidden | R::AccountSuspended => (StatusCode::FORBIDDEN, "#forbidden", "Forbidden"),
        R::NotFound | R::NotBuilt => (StatusCode::NOT_FOUND, "#not-found", "Not Found"),
        R::RateLimited | R::QueueFull | R::RepeatedMessage => {
            (StatusCode::TOO_MANY_REQUESTS, "#throttled", "Rate Limit Hit")
        }
        R::InvalidSender | R::SenderNotApproved | R::NoSenderLeft => {
            (StatusCode::UNPROCESSABLE_ENTITY, "/messages#1120", "Invalid sender")
        }
        R::InvalidRequest
        | R::InvalidDestination
        | R::EmptyText
        | R::TextTooLong
        | R::InvalidCoding
        | R::InvalidTemplate
        | R::TemplateNotApproved
        | R::SignatureRequired
        | R::TooManyRecipients
        | R::ExpiredValidity
        | R::InvalidSchedule
        | R::NoPrice
        | R::NoRoute
        | R::RouteLoop
        | R::RecipientSuppressed => (StatusCode::UNPROCESSABLE_ENTITY, "/messages#1150", "Invalid params"),
        R::IdempotencyMismatch
        | R::IdempotencyInFlight
        | R::TooLate
        | R::TooEarly
        | R::Conflict
        | R::LimitReached => (StatusCode::CONFLICT, "#conflict", "Conflict"),
        R::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "#not-allowed", "Method Not Allowed"),
        R::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "#too-large", "Request Entity Too Large"),
        R::UnsupportedMediaType => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "#unsupported-media-type", "Unsupported Media Type")
        }
        R::InvalidConfiguration | R::Unavailable => {
            (StatusCode::INTERNAL_SERVER_ERROR, "/messages#1000", "Internal Error")
        }
    }
}

/// Writes a problem document.
pub(super) fn problem(api: &Api, refusal: &Refusal) -> Response {
    let (status, name, title) = problem_of(refusal.code);
    let detail = match &refusal.field {
        Some(field) => format!("{} ({field})", refusal.detail),
        None => refusal.detail.clone(),
    };
    let body = json!({
        "type": format!("{ERRORS}{name}"),
        "title": title,
        "detail": detail,
        "instance": api.next_request_id(),
    });
    let headers = [(header::CONTENT_TYPE, "application/problem+json")];
    let mut response = (status, headers, body.to_string()).into_response();
    if let Some(seconds) = refusal.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// What this dialect has and Chappe has not: to whoever may ask, nothing is there.
pub(super) async fn not_built(State(api): State<Api>, request: Request) -> Response {
    let query = Fields::parse(request.uri().query().unwrap_or("")).unwrap_or_default();
    let from = peer_of(request.extensions());
    let pair = match (query.get("api_key"), query.get("api_secret")) {
        (Some(key), Some(secret)) => Ok((key.to_owned(), secret.to_owned())),
        _ => read_pair(request.headers()),
    };
    let access = pair.and_then(|(key, secret)| api.authenticate(from, &key, &secret));
    let (account, refusal) = match access {
        Ok(access) => {
            let detail = "this part of the interface is not built yet";
            (Some(access.caller.account), Refusal::new(RefusalCode::NotBuilt, detail))
        }
        Err(refusal) => (None, refusal),
    };
    problem(&api, &api.counted(account, refusal))
}
