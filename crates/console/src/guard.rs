//! Who comes in: the session cookie, the permission of each route, forms from other sites, and the
//! headers that tell the browser what a page may do.
//!
//! Rooms never look at cookies or permissions of a route. Start at [`admit`].

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use app::{Person, Scope};
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Form, RequestExt};
use serde::de::DeserializeOwned;
use types::Sensitive;
use types::account::{parse_sid, write_sid};
use types::id::PublicId;
use types::role::Permission;

use crate::fault::Fault;
use crate::shared::House;
use crate::table::Access;
use crate::view::percent_encode;

/// What a page may load: its own files only, nothing inline (CSP level 3).
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const SECURE_COOKIE: &str = "__Host-chappe";
const PLAIN_COOKIE: &str = "chappe_session";
const SECURE_ACCOUNT_COOKIE: &str = "__Host-chappe-account";
const PLAIN_ACCOUNT_COOKIE: &str = "chappe_account";
/// The longest session token that is looked up.
const TOKEN_LENGTH_MAX: usize = 256;

/// Who asks; nobody in particular when not signed in.
#[derive(Clone, Default)]
pub(crate) struct Visitor {
    pub(crate) person: Option<Person>,
    pub(crate) token: Option<Sensitive<String>>,
}

/// A signed-in person; rooms that take it answer 401 to everybody else.
pub(crate) struct SignedIn(pub(crate) Person);

impl SignedIn {
    /// Whose messages this person may see.
    pub(crate) fn scope(&self) -> Result<Scope, Fault> {
        match self.0.account {
            Some(account) => Ok(Scope::Account(account)),
            None if self.0.role.is_staff() && self.may(Permission::AnyMessageView) => Ok(Scope::All),
            None => Err(Fault::forbidden()),
        }
    }

    /// Whether the role allows it.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.0.role.may(permission)
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fault> {
        let person = parts.extensions.get::<Visitor>().and_then(|visitor| visitor.person.clone());
        person.map(Self).ok_or_else(Fault::signed_out)
    }
}

/// Where a visitor sits, as far as the server loop knows.
pub(crate) struct Seat(pub(crate) Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Seat {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fault> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(peer.map(|ConnectInfo(peer)| peer.ip())))
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Fault> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// The query of an address; one that cannot be read is a page that says so.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(query)| Self(query)).map_err(|rejection| Fault::of_status(rejection.status()))
    }
}

/// The fields of a form; one that cannot be read is a page that says so.
pub(crate) struct Posted<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static, S: Send + Sync> FromRequest<S> for Posted<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Fault> {
        let form = request.extract::<Form<T>, _>().await;
        form.map(|Form(form)| Self(form)).map_err(|rejection| Fault::of_status(rejection.status()))
    }
}

/// A password field, which is never printed.
#[derive(Default, serde::Deserialize)]
#[serde(from = "String")]
pub(crate) struct Password(pub(crate) Sensitive<String>);

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Sensitive::new(text))
    }
}

/// Reads the session cookie and finds the person.
pub(crate) async fn recognise(State(house): State<House>, mut request: Request, next: Next) -> Response {
    let token = session_token(&house, request.headers());
    let visitor = match token {
        Some(token) if !request.uri().path().starts_with("/assets/") => {
            let person = house.desk.session(token.expose()).await;
            let person = person.map(|person| in_place_of(&house, request.headers(), person));
            Visitor { person, token: Some(token) }
        }
        _ => Visitor::default(),
    };
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

/// Lets a request through to its room when the route's access allows it.
pub(crate) async fn admit(
    State((house, access)): State<(House, Access)>,
    request: Request,
    next: Next,
) -> Response {
    let visitor = request.extensions().get::<Visitor>().cloned().unwrap_or_default();
    match visitor.person {
        _ if access == Access::Public => next.run(request).await,
        Some(person) if access.allows(&house, &person) => next.run(request).await,
        Some(_) => Fault::forbidden().into_response(),
        None => ask_to_sign_in(&house, &request),
    }
}

/// Sends a person to the sign-in page and back; tells scripts by 401.
fn ask_to_sign_in(house: &House, request: &Request) -> Response {
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let is_script = request.headers().contains_key("hx-request")
        || request.headers().get("sec-fetch-mode").is_some_and(|mode| mode != "navigate")
        || accepts.is_some_and(|accepts| accepts.starts_with("text/event-stream"));
    if is_script {
        let to = HeaderValue::from_static("/sign-in");
        return ([(HeaderName::from_static("hx-redirect"), to)], Fault::signed_out()).into_response();
    }
    let wanted = match request.uri().path_and_query() {
        Some(path) if request.method() == Method::GET && path.as_str() != "/" => path.as_str(),
        _ => return forget(house, Redirect::to("/sign-in").into_response()),
    };
    let to = format!("/sign-in?next={}", percent_encode(wanted));
    forget(house, Redirect::to(&to).into_response())
}

fn cookie_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// The person as it acts: for the account below its own that it has chosen, where it may. Every request is
/// asked about anew, so that a choice opens nothing by itself.
fn in_place_of(house: &House, headers: &HeaderMap, person: Person) -> Person {
    let name = if house.secure_cookie { SECURE_ACCOUNT_COOKIE } else { PLAIN_ACCOUNT_COOKIE };
    let chosen =
        cookie_of(headers, name).and_then(parse_sid).filter(|_| person.role.may(Permission::TreeView));
    let found = chosen.zip(person.account).and_then(|(sid, own)| house.desk.account_below(own, sid));
    match found {
        Some(view) => Person { account: Some(view.account.id), home: person.account, ..person },
        None => person,
    }
}

/// Lets a person act for an account below its own from now on, or for its own for `None`.
pub(crate) fn act_for(house: &House, mut response: Response, account: Option<PublicId>) -> Response {
    let (name, secure) =
        if house.secure_cookie { (SECURE_ACCOUNT_COOKIE, "; Secure") } else { (PLAIN_ACCOUNT_COOKIE, "") };
    let (value, more) = account.map_or_else(|| (String::new(), "; Max-Age=0"), |sid| (write_sid(sid), ""));
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

fn session_token(house: &House, headers: &HeaderMap) -> Option<Sensitive<String>> {
    let name = if house.secure_cookie { SECURE_COOKIE } else { PLAIN_COOKIE };
    let token = cookie_of(headers, name)?;
    (!token.is_empty() && token.len() <= TOKEN_LENGTH_MAX).then(|| Sensitive::new(token.to_owned()))
}

/// Sets the session cookie on a response. It ends with the browser; the core ends the session earlier.
pub(crate) fn remember(house: &House, mut response: Response, token: &Sensitive<String>) -> Response {
    let value = cookie(house, token.expose(), "");
    if let Ok(value) = HeaderValue::from_str(&value) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// Removes the session cookie.
pub(crate) fn forget(house: &House, mut response: Response) -> Response {
    if let Ok(value) = HeaderValue::from_str(&cookie(house, "", "; Max-Age=0")) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

fn cookie(house: &House, token: &str, more: &str) -> String {
    let (name, secure) = if house.secure_cookie { (SECURE_COOKIE, "; Secure") } else { (PLAIN_COOKIE, "") };
    format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax{secure}{more}")
}

/// Refuses requests that change something and were not sent by a page of ours (CSRF). Browsers
/// state where a request comes from in `Sec-Fetch-Site`, or where that is not sent (plain HTTP to
/// another host than this one) in `Origin`; a request with neither is refused.
pub(crate) async fn refuse_foreign_posts(request: Request, next: Next) -> Response {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if is_safe || is_our_own(request.headers()) {
        return next.run(request).await;
    }
    Fault::foreign().into_response()
}

fn is_our_own(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else { return false };
    origin.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
}

/// Adds the headers that every answer carries.
pub(crate) async fn add_headers(request: Request, next: Next) -> Response {
    const HEADERS: [(&str, &str); 7] = [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        // `no-referrer` would make browsers hide the origin of our own forms.
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ];
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// A session as a live page keeps it, to notice its end.
pub(crate) struct Session {
    house: House,
    token: Option<Sensitive<String>>,
    access: Access,
}

impl Session {
    /// Remembers who opened a live page, and what the page asks for.
    pub(crate) fn new(house: &House, visitor: &Visitor, access: Access) -> Self {
        Self { house: Arc::clone(house), token: visitor.token.clone(), access }
    }

    /// Whether the person is still signed in and still allowed.
    pub(crate) async fn is_alive(&self) -> bool {
        let Some(token) = &self.token else { return false };
        let person = self.house.desk.session(token.expose()).await;
        person.is_some_and(|person| self.access.allows(&self.house, &person))
    }
}
