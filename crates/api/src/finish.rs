//! What every answer of this door gets on its way out: refusals become problem documents, and each
//! answer carries its request's id and the headers that keep caches and browsers from guessing.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{Refused, problem};
use crate::state::Api;

/// Names one request, for a customer to quote; the log has the same name.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Finishes every answer of this door.
pub(crate) async fn finish(State(api): State<Api>, request: Request, next: Next) -> Response {
    let id = api.next_request_id();
    let mut response = next.run(request).await;
    if let Some(refused) = response.extensions_mut().remove::<Refused>() {
        tracing::debug!(request = id, code = refused.whole.code.code(), "refused");
        response = write_problem(&api, refused, &response);
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// The problem document of a refusal. What the bare answer said in its headers still holds, such as
/// the methods that an address knows.
fn write_problem(api: &Api, refused: Refused, bare: &Response) -> Response {
    let mut response = problem(&api.settings().public_url, refused).into_response();
    for (name, value) in bare.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            response.headers_mut().append(name.clone(), value.clone());
        }
    }
    response
}
