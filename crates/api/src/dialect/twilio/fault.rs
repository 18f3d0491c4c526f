//! Errors in this dialect: a number, a sentence and an HTTP status. [`of`] is the only table of codes.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use types::refusal::{Refusal, RefusalCode};

use super::access::Known;
use super::answer::{Form, write};
use crate::state::Api;

/// Where a number is explained; clients print it.
const MORE_INFO: &str = "https://www.twilio.com/docs/errors";

/// An error on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) status: StatusCode,
    pub(super) code: u32,
    pub(super) message: String,
    pub(super) retry_after_s: Option<u32>,
}

impl Fault {
    /// An error that no refusal stands for.
    pub(super) fn new(status: StatusCode, code: u32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after_s: None }
    }

    /// A parameter that cannot be used.
    pub(super) fn bad(code: u32, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// Nothing by this id.
    pub(super) fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, 20_404, format!("The requested resource {what} was not found"))
    }

    /// Writes the error in the form that was asked for.
    pub(super) fn answer(&self, form: Form) -> Response {
        let body = json!({
            "code": self.code,
            "message": self.message,
            "more_info": format!("{MORE_INFO}/{}", self.code),
            "status": self.status.as_u16(),
        });
        let mut response = (self.status, write(form, "RestException", &body)).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"Twilio API\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = of(refusal.code);
        let message = match refusal.code {
            RefusalCode::InvalidCredentials => "Authenticate".to_owned(),
            _ => match refusal.field {
                Some(field) => format!("{}: {} ({field})", refusal.code.title(), refusal.detail),
                None => format!("{}: {}", refusal.code.title(), refusal.detail),
            },
        };
        Self { status, code, message, retry_after_s: refusal.retry_after_s }
    }
}

/// HTTP status and number of a refusal. This is the only table of its kind.
pub(super) const fn of(code: RefusalCode) -> (StatusCode, u32) {
    use RefusalCode as R;
    match code {
        R::InvalidRequest
        | R::InvalidCoding
        | R::InvalidTemplate
        | R::TemplateNotApproved
        | R::SignatureRequired
        | R::TooManyRecipients
        | R::ExpiredValidity => (StatusCode::BAD_REQUEST, 20_001),
        R::InvalidDestination => (StatusCode::BAD_REQUEST, 21_211),
        R::InvalidSender => (StatusCode::BAD_REQUEST, 21_212),
        R::SenderNotApproved => (StatusCode::BAD_REQUEST, 21_606),
        R::NoSenderLeft => (StatusCode::BAD_REQUEST, 21_703),
        R::EmptyText => (StatusCode::BAD_REQUEST, 21_602),
        R::TextTooLong => (StatusCode::BAD_REQUEST, 21_617),
        R::InvalidSchedule => (StatusCode::BAD_REQUEST, 35_114),
        R::NoPrice => (StatusCode::BAD_REQUEST, 21_408),
        R::NoRoute | R::RouteLoop => (StatusCode::BAD_REQUEST, 21_612),
        R::RecipientSuppressed => (StatusCode::BAD_REQUEST, 21_610),
        R::InvalidCredentials => (StatusCode::UNAUTHORIZED, 20_003),
        R::Forbidden => (StatusCode::FORBIDDEN, 20_003),
        R::AccountSuspended | R::InsufficientBalance => (StatusCode::FORBIDDEN, 20_005),
        R::NotFound | R::NotBuilt => (StatusCode::NOT_FOUND, 20_404),
        R::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, 20_004),
        R::TooLate => (StatusCode::CONFLICT, 30_409),
        R::TooEarly => (StatusCode::CONFLICT, 20_009),
        R::Conflict | R::LimitReached | R::IdempotencyMismatch | R::IdempotencyInFlight => {
            (StatusCode::CONFLICT, 20_409)
        }
        R::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, 20_413),
        R::UnsupportedMediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, 20_415),
        R::RateLimited | R::QueueFull | R::RepeatedMessage => (StatusCode::TOO_MANY_REQUESTS, 20_429),
        R::InvalidConfiguration => (StatusCode::INTERNAL_SERVER_ERROR, 20_500),
        R::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, 20_503),
    }
}

/// What this dialect has and Chappe has not: to whoever may ask, nothing is there.
pub(super) async fn not_built(State(api): State<Api>, request: Request) -> Response {
    let (mut parts, _body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    match Known::from_request_parts(&mut parts, &api).await {
        Ok(known) => {
            api.desk().note_refusal(Some(known.owner.account), RefusalCode::NotBuilt);
            Fault::missing(&path).answer(known.form)
        }
        Err(response) => response,
    }
}
