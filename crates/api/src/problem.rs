//! Refusals as HTTP answers: one table of statuses, and the problem document of RFC 9457.
//!
//! A handler returns a [`Refused`]; `finish` writes the problem, because only there the address of
//! this installation is known. Every error that leaves this door outside the dialects is written
//! here.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use types::refusal::{Refusal, RefusalCode};
use utoipa::ToSchema;

/// The media type of a problem document (RFC 9457, section 3).
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// How callers may prove who they are (RFC 9110, section 11.6.1).
const CHALLENGE: &str = "Basic realm=\"Chappe\", charset=\"UTF-8\", Bearer realm=\"Chappe\"";

/// The HTTP status that says a refusal. This is the only table of its kind.
///
/// 400 is for what cannot be read, 422 for what can be read but not be done as it stands.
pub const fn http_status(code: RefusalCode) -> StatusCode {
    use RefusalCode as R;
    match code {
        R::InvalidRequest => StatusCode::BAD_REQUEST,
        R::InvalidCredentials => StatusCode::UNAUTHORIZED,
        R::InsufficientBalance => StatusCode::PAYMENT_REQUIRED,
        R::Forbidden | R::AccountSuspended => StatusCode::FORBIDDEN,
        R::NotFound => StatusCode::NOT_FOUND,
        R::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        R::IdempotencyInFlight | R::TooLate | R::TooEarly | R::Conflict | R::LimitReached => {
            StatusCode::CONFLICT
        }
        R::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        R::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        R::InvalidDestination
        | R::InvalidSender
        | R::SenderNotApproved
        | R::NoSenderLeft
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
        | R::RecipientSuppressed
        | R::IdempotencyMismatch
        | R::InvalidConfiguration => StatusCode::UNPROCESSABLE_ENTITY,
        R::RateLimited | R::QueueFull | R::RepeatedMessage => StatusCode::TOO_MANY_REQUESTS,
        R::NotBuilt => StatusCode::NOT_IMPLEMENTED,
        R::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// A refusal on its way out: what is wrong with the whole, and with each message of it.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) whole: Refusal,
    pub(crate) each: Vec<(usize, Refusal)>,
}

impl From<Refusal> for Refused {
    fn from(whole: Refusal) -> Self {
        Self { whole, each: Vec::new() }
    }
}

impl IntoResponse for Refused {
    /// A bare status that carries the refusal until it is written.
    fn into_response(self) -> Response {
        let mut response = http_status(self.whole.code).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What went wrong, as a problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "type": "https://sms.example.com/errors/invalid_destination",
    "title": "The recipient cannot be a phone number",
    "status": 422,
    "code": "invalid_destination",
    "detail": "the recipient needs 6 to 15 digits with the country code first",
    "field": "to"
}))]
pub(crate) struct Problem {
    /// The page that explains the code.
    #[serde(rename = "type")]
    #[schema(format = "uri")]
    kind: String,
    /// The code in words; always the same for one code.
    #[schema(value_type = String)]
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// The stable code.
    #[schema(value_type = String)]
    code: &'static str,
    /// What is wrong with this request.
    detail: String,
    /// The field or parameter that it is about, as the caller wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Seconds after which the same request may be taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
    /// What is wrong with each message of the submission.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ProblemItem>,
}

/// What is wrong with one message of a submission.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemItem {
    /// The place in `recipients`, counted from zero.
    index: usize,
    /// The field, as the caller wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The stable code.
    #[schema(value_type = String)]
    code: &'static str,
    /// What is wrong.
    detail: String,
}

/// Describes a refusal as a problem whose type lies under `public_url`.
pub(crate) fn problem(public_url: &str, refused: Refused) -> Problem {
    let code = refused.whole.code;
    let errors = refused.each.into_iter().map(|(index, refusal)| ProblemItem {
        index,
        field: refusal.field,
        code: refusal.code.code(),
        detail: refusal.detail,
    });
    Problem {
        kind: format!("{public_url}/errors/{}", code.code()),
        title: code.title(),
        status: http_status(code).as_u16(),
        code: code.code(),
        detail: refused.whole.detail,
        field: refused.whole.field,
        retry_after: refused.whole.retry_after_s,
        errors: errors.collect(),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json_bytes(status, &self);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A JSON answer that no cache keeps.
pub(crate) fn json_bytes<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => {
            let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
            (status, headers, bytes).into_response()
        }
        Err(error) => {
            // Our own documents have string keys and no failing parts, so this marks a mistake of ours.
            tracing::error!(%error, "an answer could not be written as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
