//! Who calls: `Authorization: Basic` with key and secret, or `Authorization: Bearer KEY.SECRET`.

use std::net::{IpAddr, SocketAddr};

use app::submission::Caller;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use types::refusal::{Refusal, RefusalCode};

use crate::problem::Refused;
use crate::state::Api;

/// The most octets of an `Authorization` header that are decoded.
const AUTHORIZATION_OCTETS_MAX: usize = 1_024;

/// An authenticated caller; a handler that takes one is closed to everybody else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Authenticated(pub(crate) Caller);

impl FromRequestParts<Api> for Authenticated {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Refused> {
        let caller = read_pair(&parts.headers)
            .and_then(|(key, secret)| api.authenticate(peer_of(&parts.extensions), &key, &secret));
        caller.map(Self).map_err(|refusal| api.counted(None, refusal).into())
    }
}

/// Where a request came from, as far as the server loop knows.
pub(crate) fn peer_of(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())
}

/// The key and the secret of a request.
fn read_pair(headers: &HeaderMap) -> Result<(String, String), Refusal> {
    let refuse = |detail: &str| Refusal::new(RefusalCode::InvalidCredentials, detail);
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(refuse(
            "send `Authorization: Basic` with key and secret, or `Authorization: Bearer KEY.SECRET`",
        ));
    };
    if values.next().is_some() || value.len() > AUTHORIZATION_OCTETS_MAX {
        return Err(refuse("the Authorization header must be there once and be short"));
    }
    let unreadable = || refuse("the Authorization header is neither `Basic` nor `Bearer KEY.SECRET`");
    let (scheme, rest) =
        value.to_str().ok().and_then(|text| text.trim().split_once(' ')).ok_or_else(unreadable)?;
    let pair = if scheme.eq_ignore_ascii_case("bearer") {
        rest.trim().split_once('.').map(|(key, secret)| (key.to_owned(), secret.to_owned()))
    } else if scheme.eq_ignore_ascii_case("basic") {
        read_basic(rest.trim())
    } else {
        None
    };
    pair.filter(|(key, secret)| !key.is_empty() && !secret.is_empty()).ok_or_else(unreadable)
}

/// User and password of the Basic scheme (RFC 7617); missing padding is tolerated.
fn read_basic(encoded: &str) -> Option<(String, String)> {
    let octets = STANDARD.decode(encoded).or_else(|_| STANDARD_NO_PAD.decode(encoded)).ok()?;
    let text = String::from_utf8(octets).ok()?;
    text.split_once(':').map(|(key, secret)| (key.to_owned(), secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::read_pair;

    #[test]
    fn reads_both_schemes_and_nothing_else() {
        let cases = [
            ("Basic a2V5OnNlY3JldA==", Some(("key", "secret"))),
            ("basic a2V5OnNlY3JldA", Some(("key", "secret"))),
            ("Basic a2V5OnNlOmNyZXQ=", Some(("key", "se:cret"))),
            ("Bearer key.secret", Some(("key", "secret"))),
            ("BEARER  key.sec.ret", Some(("key", "sec.ret"))),
            ("Bearer keysecret", None),
            ("Bearer .secret", None),
            ("Bearer key.", None),
            ("Basic a2V5", None),
            ("Basic !!!", None),
            ("Basic /w==", None),
            ("Digest key.secret", None),
            ("Basic", None),
            ("", None),
        ];
        for (header_value, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(header_value));
            let pair = read_pair(&headers).ok();
            let expected = expected.map(|(key, secret)| (key.to_owned(), secret.to_owned()));
            assert_eq!(pair, expected, "{header_value}");
        }
    }

    #[test]
    fn refuses_an_ambiguous_header() {
        let mut headers = HeaderMap::new();
        assert!(read_pair(&headers).is_err());
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer key.secret"));
        assert!(read_pair(&headers).is_ok());
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer other.secret"));
        assert!(read_pair(&headers).is_err());
    }
}
