//! What this door serves, put together.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use types::refusal::{Refusal, RefusalCode};

use crate::desk::Desk;
use crate::state::{Api, ApiState, no_such_address};
use crate::{callback, dialect, native, page, probe};

/// Everything that this door serves. It answers unknown addresses too, unless the caller lays
/// another fallback over it; what is under `/api` stays this door's to answer.
pub fn router(core: app::Core, state: ApiState) -> Router {
    router_over(Arc::new(core), state)
}

/// As [`router`], over any desk.
pub fn router_over(desk: Arc<dyn Desk>, state: ApiState) -> Router {
    let mut router = Router::new()
        .route("/api/v1/openapi.json", get(openapi))
        .route("/errors", get(page::index))
        .route("/errors/{code}", get(page::show))
        .merge(probe::routes())
        .merge(callback::routes());
    for operation in native::OPERATIONS {
        router = router.route(operation.path, (operation.route)());
    }
    router
        .merge(dialect::routes())
        // The console may take the fallback; what is under these stays this door's to answer.
        .route("/api/{*rest}", any(not_found))
        .route("/dialect/{*rest}", any(not_found))
        .method_not_allowed_fallback(wrong_method)
        .fallback(not_found)
        .with_state(Api::new(desk, state))
}

async fn openapi(State(api): State<Api>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], api.openapi()).into_response()
}

async fn not_found(State(api): State<Api>) -> Response {
    api.refuse(no_such_address())
}

/// The router adds the `Allow` header.
async fn wrong_method(State(api): State<Api>, method: Method) -> Response {
    let shown: String = method.as_str().chars().take(16).collect();
    api.refuse(Refusal::new(RefusalCode::MethodNotAllowed, format!("{shown} is not known at this address")))
}

#[cfg(test)]
mod tests;
