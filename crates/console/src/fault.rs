//! Answers of "no" as pages: nothing there, not allowed, refused, broken.
//!
//! A room returns a [`Fault`]; [`dress`] makes the page, because only there the visitor is known.
//! A page never tells what was broken inside; the log does.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use types::refusal::{Refusal, RefusalCode};

use crate::frame::{Frame, Room};
use crate::guard::Visitor;
use crate::shared::House;

/// Why a page cannot be shown.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    status: StatusCode,
    title: String,
    text: String,
    code: Option<&'static str>,
    retry_after_s: Option<u32>,
}

impl Fault {
    fn new(status: StatusCode, title: &str, text: impl Into<String>) -> Self {
        Self { status, title: title.to_owned(), text: text.into(), code: None, retry_after_s: None }
    }

    /// 404 with a sentence on what was looked for.
    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing here", text)
    }

    /// 403: the person lacks the permission.
    pub(crate) fn forbidden() -> Self {
        let text = "Your role does not open this room. Ask the owner of your account if you need it.";
        Self::new(StatusCode::FORBIDDEN, "This room is closed to you", text).with(RefusalCode::Forbidden)
    }

    /// 403: another site sent this form.
    pub(crate) fn foreign() -> Self {
        let text = "This form was not sent from a page of this console, so nothing was done. \
                    Open the page here and send it again.";
        Self::new(StatusCode::FORBIDDEN, "The form came from elsewhere", text)
    }

    /// 401 for scripts, which cannot follow to the sign-in page.
    pub(crate) fn signed_out() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "You are signed out", "Sign in to go on.")
    }

    /// 503: too many live pages are open.
    pub(crate) fn crowded() -> Self {
        let mut fault =
            Self::new(StatusCode::SERVICE_UNAVAILABLE, "Too many live pages", "Live updates are all taken.");
        fault.retry_after_s = Some(5);
        fault
    }

    /// 500: our own mistake, which is logged here with its cause.
    pub(crate) fn broken(cause: &dyn std::error::Error) -> Self {
        tracing::error!(cause = %cause, "console page failed");
        let text =
            "The page could not be made. Nothing was changed. Try again; if it stays, tell the operator.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something broke here", text)
    }

    fn with(mut self, code: RefusalCode) -> Self {
        self.code = Some(code.code());
        self
    }

    /// What the HTTP library says by a bare status.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found("No page has this address."),
            StatusCode::METHOD_NOT_ALLOWED => {
                let text = "This address shows a page or takes a form, but not the way it was asked.";
                Self::new(status, "Not that way", text)
            }
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::new(status, "The form is too large", "Nothing was done. Send less at once.")
            }
            status if status.is_server_error() => {
                Self::new(status, "Something broke here", "The page could not be made. Nothing was changed.")
            }
            status => {
                let text = "The address or form is not one that this console makes. Nothing was done.";
                Self::new(status, "This cannot be read", text)
            }
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.code {
            RefusalCode::NotFound => StatusCode::NOT_FOUND,
            RefusalCode::Forbidden | RefusalCode::AccountSuspended => StatusCode::FORBIDDEN,
            RefusalCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            RefusalCode::TooLate
            | RefusalCode::TooEarly
            | RefusalCode::Conflict
            | RefusalCode::LimitReached => StatusCode::CONFLICT,
            RefusalCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            RefusalCode::NotBuilt => StatusCode::NOT_IMPLEMENTED,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let mut fault = Self::new(status, refusal.code.title(), refusal.detail).with(refusal.code);
        fault.retry_after_s = refusal.retry_after_s;
        fault
    }
}

impl From<askama::Error> for Fault {
    fn from(error: askama::Error) -> Self {
        Self::broken(&error)
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage {
    frame: Frame,
    fault: Fault,
}

/// The fallback: no route has this address.
pub(crate) async fn nowhere() -> Fault {
    Fault::of_status(StatusCode::NOT_FOUND)
}

/// Makes a page of every fault and of every bare error of the HTTP library.
pub(crate) async fn dress(State(house): State<House>, request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<Visitor>().cloned().unwrap_or_default();
    let mut response = next.run(request).await;
    let status = response.status();
    let fault = match response.extensions_mut().remove::<Fault>() {
        Some(fault) => fault,
        None if (status.is_client_error() || status.is_server_error()) && !is_html(&response) => {
            Fault::of_status(status)
        }
        None => return response,
    };
    let frame = Frame::new(&house, visitor.person.as_ref(), Room::None, &fault.title);
    let retry_after_s = fault.retry_after_s;
    let body = FaultPage { frame, fault }.render().unwrap_or_else(|error| {
        tracing::error!(cause = %error, "console error page failed");
        "The page could not be made.".to_owned()
    });
    let mut dressed = (status, Html(body)).into_response();
    // What the answer said besides its body still holds: cookies, where to go, which methods.
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            dressed.headers_mut().append(name.clone(), value.clone());
        }
    }
    if let Some(seconds) = retry_after_s {
        dressed.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    dressed
}

fn is_html(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}
