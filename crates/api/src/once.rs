//! Requests that carry a body: read whole, with the key under which they are done once.
//!
//! It parses no document before it is asked to. Start at [`Posted`].

use app::submission::Idempotency;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use axum::response::Response;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use types::refusal::{Refusal, RefusalCode};

use crate::auth::Authenticated;
use crate::body::{BODY_OCTETS_MAX, Taken, parse_json, require_json};
use crate::problem::Refused;
use crate::state::Api;

/// The most characters of an idempotency key.
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// Marks an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A request of somebody who is known, with its body and its key.
pub(crate) struct Posted {
    /// The key under which it is done once.
    pub(crate) once: Option<Idempotency>,
    headers: HeaderMap,
    taken: Taken,
}

impl FromRequest<Api> for Posted {
    type Rejection = Refused;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Refused> {
        let (parts, body) = request.into_parts();
        let Authenticated(caller) = Authenticated::of(&parts)?;
        Ok(api.counting(caller, Self::read(api, parts, body).await)?)
    }
}

impl Posted {
    async fn read(api: &Api, parts: Parts, body: Body) -> Result<Self, Refusal> {
        let taken = api.read_known(&parts.headers, body, BODY_OCTETS_MAX).await?;
        let once = read_idempotency(&parts.method, &parts.uri, &parts.headers, &taken.octets)?;
        Ok(Self { once, headers: parts.headers, taken })
    }

    /// The body as a JSON document.
    ///
    /// # Errors
    /// `unsupported_media_type`, or `invalid_request` that names the field at fault.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        require_json(&self.headers)?;
        parse_json(&self.taken.octets)
    }

    /// As [`Posted::json`], where a request without a body, or with `null`, asks for what is usual.
    ///
    /// # Errors
    /// As [`Posted::json`].
    pub(crate) fn json_or_usual<T: DeserializeOwned + Default>(&self) -> Result<T, Refusal> {
        let body = self.taken.octets.trim_ascii();
        if body.is_empty() || (body == b"null" && require_json(&self.headers).is_ok()) {
            return Ok(T::default());
        }
        self.json()
    }

    /// Refuses a body where none is read.
    ///
    /// # Errors
    /// `invalid_request`.
    pub(crate) fn without_body(self) -> Result<Self, Refusal> {
        if self.taken.octets.trim_ascii().is_empty() || self.taken.octets.trim_ascii() == b"{}" {
            return Ok(self);
        }
        Err(Refusal::new(RefusalCode::InvalidRequest, "this request has no body"))
    }
}

/// The key of a request and the hash of what it asks for.
///
/// # Errors
/// `invalid_request` for a key that cannot be one, and for two.
pub(crate) fn read_idempotency(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    octets: &[u8],
) -> Result<Option<Idempotency>, Refusal> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().map(str::trim).filter(|key| {
        (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len())
            && key.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let (Some(key), None) = (key, values.next()) else {
        let detail = "expected one key of 1 to 255 visible characters";
        return Err(Refusal::new(RefusalCode::InvalidRequest, detail).at("Idempotency-Key"));
    };
    // NUL cannot stand in a method or a path, so no two requests run together to the same octets.
    let digest = Sha256::new()
        .chain_update(method.as_str())
        .chain_update([0])
        .chain_update(uri.path())
        .chain_update([0])
        .chain_update(octets)
        .finalize();
    Ok(Some(Idempotency { key: key.to_owned(), fingerprint: digest.into() }))
}

/// Says in the answer whether the same request had been answered before.
pub(crate) fn marked(mut response: Response, replayed: bool) -> Response {
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
