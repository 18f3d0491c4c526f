//! The dialects: other firms' public interfaces, so that their clients work here unchanged.
//!
//! A dialect is one folder and one line of [`DIALECTS`]. Each is mounted at its own native paths
//! and again under `/dialect/<name>`. Where two claim one path, the first label of the Host header
//! decides (`jasmin.example.com`), then the credentials that the request has.

mod jasmin;
mod kannel;
mod paasoo;
mod smstools;
mod table;
mod twilio;
mod vonage;
mod xml;

use std::collections::BTreeMap;
use std::sync::Arc;

use app::report::Renderer;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use tower::ServiceExt;

use crate::state::Api;

pub use table::page;

/// One dialect.
struct Dialect {
    /// Its name in paths.
    name: &'static str,
    /// Its name for people.
    title: &'static str,
    /// Everything that it answers.
    addresses: fn() -> Vec<Address>,
    /// Write its calls that tell events; none when it has none of its own.
    renderers: &'static [fn() -> Arc<dyn Renderer>],
    /// Native paths that pages of the console have too: the dialect answers there only a request that says
    /// that it is meant.
    borrows: &'static [&'static str],
    /// Names of the query under which its credentials come; none when they come elsewhere.
    credentials: &'static [&'static str],
}

/// One thing that a dialect answers.
struct Address {
    /// Its methods, for people.
    methods: &'static str,
    /// Its paths, which are answered alike.
    paths: Vec<String>,
    /// What it does.
    does: Does,
    /// What answers.
    route: MethodRouter<Api>,
}

/// What an address does.
#[derive(Clone, Copy, Debug)]
enum Does {
    /// What was asked for, in these words.
    Works(&'static str),
    /// It refuses in the dialect's own terms, for this reason.
    Refuses(&'static str),
}

impl Address {
    fn works(methods: &'static str, paths: &[&str], what: &'static str, route: MethodRouter<Api>) -> Self {
        Self { methods, paths: owned(paths), does: Does::Works(what), route }
    }

    fn refuses(methods: &'static str, paths: &[&str], why: &'static str, route: MethodRouter<Api>) -> Self {
        Self { methods, paths: owned(paths), does: Does::Refuses(why), route }
    }
}

fn owned(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

/// Every dialect.
const DIALECTS: &[Dialect] =
    &[paasoo::DIALECT, twilio::DIALECT, vonage::DIALECT, kannel::DIALECT, jasmin::DIALECT, smstools::DIALECT];

impl Dialect {
    /// What answers at each of its paths.
    fn routes(&self) -> BTreeMap<String, MethodRouter<Api>> {
        let mut routes: BTreeMap<String, MethodRouter<Api>> = BTreeMap::new();
        for address in (self.addresses)() {
            for path in address.paths {
                let known = routes.remove(&path).unwrap_or_default();
                routes.insert(path, known.merge(address.route.clone()));
            }
        }
        routes
    }
}

/// The addresses of all dialects.
pub(crate) fn routes() -> Router<Api> {
    let mut router = Router::new();
    let mut claims: BTreeMap<String, Vec<Claim>> = BTreeMap::new();
    for dialect in DIALECTS {
        for (path, route) in dialect.routes() {
            router = router.route(&format!("/dialect/{}{path}", dialect.name), route.clone());
            if dialect.borrows.contains(&path.as_str()) {
                continue;
            }
            claims.entry(path).or_default().push(Claim { dialect, route });
        }
    }
    claims.into_iter().fold(router, |router, (path, claims)| router.route(&path, answer_for(claims)))
}

/// A dialect that wants to answer at a path.
#[derive(Clone)]
struct Claim {
    dialect: &'static Dialect,
    route: MethodRouter<Api>,
}

/// What answers at a path: the only dialect that claims it, or one that finds out who is meant.
fn answer_for(mut claims: Vec<Claim>) -> MethodRouter<Api> {
    if claims.len() == 1
        && let Some(only) = claims.pop()
    {
        return only.route;
    }
    any(move |State(api): State<Api>, request: Request| async move {
        let meant = claims.iter().find(|claim| claim.dialect.is_meant(&request)).or(claims.first()).cloned();
        let route = meant.map_or_else(MethodRouter::new, |claim| claim.route);
        route.with_state(api).oneshot(request).await.unwrap_or_else(|never| -> Response { match never {} })
    })
}

impl Dialect {
    /// Whether a request says by its host or its credentials that this dialect is meant.
    fn is_meant<B>(&self, request: &axum::http::Request<B>) -> bool {
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
        if host.split('.').next().is_some_and(|label| label.eq_ignore_ascii_case(self.name)) {
            return true;
        }
        let query = request.uri().query().unwrap_or("");
        let has = |name: &&str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        !self.credentials.is_empty() && self.credentials.iter().all(has)
    }
}

/// Leads a request for a path that a dialect borrows to that dialect, when it is meant.
pub(crate) fn lend(mut request: Request) -> Request {
    let path = request.uri().path();
    let borrower = DIALECTS.iter().find(|dialect| dialect.borrows.contains(&path));
    let Some(dialect) = borrower.filter(|dialect| dialect.is_meant(&request)) else { return request };
    let query = request.uri().query().map_or_else(String::new, |query| format!("?{query}"));
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = format!("/dialect/{}{path}{query}", dialect.name).parse().ok();
    if let Ok(uri) = axum::http::Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

/// The native paths of dialects that find these credentials in the query, with the name of each, for tests of
/// every address.
#[cfg(test)]
pub(crate) fn paths_with(credentials: &[&str]) -> Vec<(&'static str, String)> {
    let fitting = DIALECTS.iter().filter(|dialect| dialect.credentials == credentials);
    fitting.flat_map(|dialect| dialect.routes().into_keys().map(move |path| (dialect.name, path))).collect()
}

/// What writes the calls of dialects.
pub(crate) fn renderers() -> impl Iterator<Item = Arc<dyn Renderer>> {
    DIALECTS.iter().flat_map(|dialect| dialect.renderers).map(|make| make())
}
