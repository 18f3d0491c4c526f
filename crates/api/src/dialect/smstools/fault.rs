//! Errors in this dialect: HTTP 400 and a number as a text. [`of`] is the only table of codes.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use types::refusal::{Refusal, RefusalCode};

use super::access::Known;
use crate::state::Api;

/// An error on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) number: u16,
    pub(super) message: String,
}

impl Fault {
    /// An error that no refusal stands for.
    pub(super) fn new(number: u16, message: impl Into<String>) -> Self {
        Self { number, message: message.into() }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let message = match (&refusal.field, refusal.code) {
            (_, RefusalCode::InvalidCredentials) => "Invalid credentials".to_owned(),
            (Some(field), _) => format!("{}: {} ({field})", refusal.code.title(), refusal.detail),
            (None, _) => format!("{}: {}", refusal.code.title(), refusal.detail),
        };
        Self { number: of(refusal.code), message }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.number.to_string(), "errorMsg": self.message });
        (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
    }
}

/// The number that says a refusal. This is the only table of its kind.
pub(super) const fn of(code: RefusalCode) -> u16 {
    use RefusalCode as R;
    match code {
        R::InvalidCredentials => 104,
        R::RateLimited | R::QueueFull | R::RepeatedMessage | R::Unavailable => 105,
        R::InvalidDestination | R::NoPrice | R::NoRoute | R::RouteLoop => 106,
        R::InsufficientBalance => 108,
        R::InvalidSender | R::SenderNotApproved | R::NoSenderLeft => 111,
        R::EmptyText => 112,
        R::AccountSuspended => 116,
        R::TextTooLong => 118,
        R::ExpiredValidity | R::InvalidSchedule => 121,
        R::RecipientSuppressed => 131,
        R::NotFound | R::TooLate => 133,
        R::NotBuilt | R::InvalidConfiguration => 138,
        R::InvalidRequest
        | R::InvalidCoding
        | R::InvalidTemplate
        | R::TemplateNotApproved
        | R::SignatureRequired
        | R::TooManyRecipients
        | R::TooEarly
        | R::Conflict
        | R::LimitReached
        | R::IdempotencyMismatch
        | R::IdempotencyInFlight
        | R::BodyTooLarge
        | R::MethodNotAllowed
        | R::UnsupportedMediaType => 139,
        R::Forbidden => 1403,
    }
}

/// What this dialect has and Chappe has not.
pub(super) async fn not_built(State(api): State<Api>, known: Known) -> Fault {
    let detail = "this part of the interface is not built yet";
    api.counted(Some(known.caller.account), Refusal::new(RefusalCode::NotBuilt, detail)).into()
}
