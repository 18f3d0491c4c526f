//! The dialects: other firms' public interfaces, so that their clients work here unchanged.
//!
//! A dialect is one folder and one line of [`DIALECTS`]. Each is mounted at its own native paths
//! and again under `/dialect/<name>`.

mod paasoo;

use std::sync::Arc;

use app::report::Renderer;
use axum::Router;

use crate::state::Api;

/// One dialect.
struct Dialect {
    /// Its name in paths.
    name: &'static str,
    /// Its addresses.
    routes: fn() -> Router<Api>,
    /// Writes its calls that tell events; `None` when it has none of its own.
    renderer: Option<fn() -> Arc<dyn Renderer>>,
    /// Its native paths.
    #[cfg(test)]
    paths: fn() -> Vec<&'static str>,
}

/// Every dialect.
const DIALECTS: &[Dialect] = &[paasoo::DIALECT];

/// The addresses of all dialects.
pub(crate) fn routes() -> Router<Api> {
    DIALECTS.iter().fold(Router::new(), |router, dialect| {
        router.merge((dialect.routes)()).nest(&format!("/dialect/{}", dialect.name), (dialect.routes)())
    })
}

/// The native paths of all dialects, for tests of every address.
#[cfg(test)]
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    DIALECTS.iter().flat_map(|dialect| (dialect.paths)())
}

/// What writes the calls of dialects.
pub(crate) fn renderers() -> impl Iterator<Item = Arc<dyn Renderer>> {
    DIALECTS.iter().filter_map(|dialect| dialect.renderer).map(|make| make())
}
