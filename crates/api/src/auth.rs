//! Who calls: `Authorization: Basic` with key and secret, or `Authorization: Bearer KEY.SECRET`.

use std::net::{IpAddr, SocketAddr};

use app::submission::{Caller, KeyAccess};
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use types::access::{KeyScope, KeyScopes};
use types::account::parse_sid;
use types::refusal::{Refusal, RefusalCode};

use crate::native::Operation;
use crate::native::accounts::no_such_account;
use crate::problem::Refused;
use crate::query::Fields;
use crate::state::Api;

/// The most octets of an `Authorization` header that are decoded.
const AUTHORIZATION_OCTETS_MAX: usize = 1_024;

/// The header that names the account for which a request is made, and how refusals name it.
const ACTS_FOR: HeaderName = HeaderName::from_static("chappe-account");
const ACTS_FOR_FIELD: &str = "Chappe-Account";

/// Lets the requests of one operation in: those whose key is right and may do this. Everybody else is
/// refused before anything of the request is read.
pub(crate) async fn door(
    State((api, operation)): State<(Api, &'static Operation)>,
    mut request: Request,
    next: Next,
) -> Response {
    let access = read_pair(request.headers())
        .and_then(|(key, secret)| api.authenticate(peer_of(request.extensions()), &key, &secret));
    let access = match access {
        Ok(access) => access,
        Err(refusal) => return Refused::from(api.counted(None, refusal)).into_response(),
    };
    let access = match act_for(&api, request.headers(), access) {
        Ok(access) => access,
        Err(refusal) => {
            return Refused::from(api.counted(Some(access.caller.account), refusal)).into_response();
        }
    };
    let account = access.caller.account;
    let query = request.uri().query().unwrap_or("");
    let lawful = check_scope(operation, access.scopes).and_then(|()| check_query(operation, query));
    let mut response = match lawful {
        Ok(()) => {
            request.extensions_mut().insert(access);
            next.run(request).await
        }
        Err(refusal) => Refused::from(api.counted(Some(account), refusal)).into_response(),
    };
    if let Some(rate) = api.desk().rate(account) {
        let policy = format!("\"messages\";q={};w={}", rate.most, rate.window_s);
        let state = format!("\"messages\";r={};t={}", rate.left, rate.full_in_s);
        for (name, text) in [("ratelimit-policy", policy), ("ratelimit", state)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
    }
    response
}

/// Who calls, or the account below it that the request names: with it a key of a reseller does for that account
/// whatever its other scopes allow.
fn act_for(api: &Api, headers: &HeaderMap, access: KeyAccess) -> Result<KeyAccess, Refusal> {
    let mut values = headers.get_all(ACTS_FOR).iter();
    let Some(value) = values.next() else { return Ok(access) };
    if !access.scopes.contains(KeyScope::Accounts) {
        let detail =
            format!("acting for another account needs a key with the scope `{}`", KeyScope::Accounts);
        return Err(Refusal::new(RefusalCode::Forbidden, detail));
    }
    let sid = value.to_str().ok().and_then(parse_sid).filter(|_| values.next().is_none());
    let found = sid.and_then(|sid| api.desk().account_below(access.caller.account, sid));
    let account =
        found.ok_or_else(|| Refusal { field: Some(ACTS_FOR_FIELD.to_owned()), ..no_such_account() })?;
    Ok(KeyAccess { caller: Caller { account: account.account.id, ..access.caller }, ..access })
}

fn check_scope(operation: &Operation, scopes: KeyScopes) -> Result<(), Refusal> {
    if scopes.contains(operation.scope) {
        return Ok(());
    }
    let detail = format!("this needs a key with the scope `{}`", operation.scope);
    Err(Refusal::new(RefusalCode::Forbidden, detail))
}

/// Refuses parameters that the operation does not know, and those that are there twice.
fn check_query(operation: &Operation, query: &str) -> Result<(), Refusal> {
    let fields = Fields::parse(query)?;
    fields.only(operation.query)?;
    let mut single = operation.query.iter().filter(|name| !operation.repeatable.contains(name));
    single.try_for_each(|name| fields.once(name).map(drop))
}

/// An authenticated caller; a handler that takes one is closed to everybody else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Authenticated(pub(crate) Caller);

/// An authenticated caller with what its key may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyHolder(pub(crate) KeyAccess);

impl Authenticated {
    /// Whom the door has let in.
    ///
    /// # Errors
    /// `invalid_credentials` when it was not asked: an address without a door is closed.
    pub(crate) fn of(parts: &Parts) -> Result<Self, Refused> {
        KeyHolder::of(parts).map(|KeyHolder(access)| Self(access.caller))
    }
}

impl KeyHolder {
    fn of(parts: &Parts) -> Result<Self, Refused> {
        let access = parts.extensions.get::<KeyAccess>().copied();
        let closed = || Refusal::new(RefusalCode::InvalidCredentials, "nobody is let in here");
        Ok(Self(access.ok_or_else(closed)?))
    }
}

impl FromRequestParts<Api> for Authenticated {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _api: &Api) -> Result<Self, Refused> {
        Self::of(parts)
    }
}

impl FromRequestParts<Api> for KeyHolder {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _api: &Api) -> Result<Self, Refused> {
        Self::of(parts)
    }
}

/// Where a request came from, as far as the server loop knows.
pub(crate) fn peer_of(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())
}

/// The key and the secret of a request.
pub(crate) fn read_pair(headers: &HeaderMap) -> Result<(String, String), Refusal> {
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

/// User and password of the Basic scheme (RFC 7617); missing padding is tolerated. No key and no secret has a
/// full stop, so a password with one is both of them, whatever the user is called: programmes that keep the
/// password alone as a secret can then keep both.
fn read_basic(encoded: &str) -> Option<(String, String)> {
    let octets = STANDARD.decode(encoded).or_else(|_| STANDARD_NO_PAD.decode(encoded)).ok()?;
    let text = String::from_utf8(octets).ok()?;
    let (user, password) = text.split_once(':')?;
    let (key, secret) = password.split_once('.').unwrap_or((user, password));
    Some((key.to_owned(), secret.to_owned()))
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
            // The second half of each is key.secret, with and without a user before it.
            ("Basic Z3JhZmFuYTprZXkuc2VjcmV0", Some(("key", "secret"))),
            ("Basic OmtleS5zZWNyZXQ=", Some(("key", "secret"))),
            ("Basic OnNlY3JldA==", None),
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
