//! What is served as it stands: the document, its page and the pages of codes. Caches may keep it,
//! and ask with its tag whether it is still the same.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// The pages of this door run nothing, and load nothing but their style sheet.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// They are asked for again each time, and mostly answered with 304.
const CACHING: &str = "no-cache";

/// Something that never changes while the process runs.
#[derive(Clone)]
pub(crate) struct Fixed {
    kind: &'static str,
    octets: Bytes,
    tag: String,
}

impl Fixed {
    /// Something of a media type.
    pub(crate) fn new(kind: &'static str, octets: impl Into<Bytes>) -> Self {
        let octets = octets.into();
        let digest = Sha256::digest(&octets);
        let tag: String = digest.iter().take(8).map(|octet| format!("{octet:02x}")).collect();
        Self { kind, octets, tag: format!("\"{tag}\"") }
    }

    /// The answer to a request for it.
    pub(crate) fn answer(&self, headers: &HeaderMap) -> Response {
        let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut tags = known.flat_map(|line| line.split(',')).map(str::trim);
        // Tags are compared weakly (RFC 9110, section 13.1.2).
        let is_known = tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == self.tag);
        let mut response = if is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(header::CONTENT_TYPE, self.kind)], self.octets.clone()).into_response()
        };
        let fields: [(HeaderName, &str); 4] = [
            (header::ETAG, &self.tag),
            (header::CACHE_CONTROL, CACHING),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::REFERRER_POLICY, "no-referrer"),
        ];
        for (name, value) in fields {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
