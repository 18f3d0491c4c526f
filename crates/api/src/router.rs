//! What this door serves, put together.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{any, get};
use tower::Layer;
use tower::util::MapRequestLayer;
use types::refusal::{Refusal, RefusalCode};

use crate::desk::Desk;
use crate::problem::Refused;
use crate::state::{Api, ApiState, no_such_address};
use crate::{auth, callback, dialect, finish, native, page, probe};

/// Everything that this door serves. It answers unknown addresses too, unless the caller lays
/// another fallback over it; what is under `/api` stays this door's to answer.
pub fn router(core: app::Core, state: ApiState) -> Router {
    router_over(Arc::new(core), state)
}

/// As [`router`], over any desk.
pub fn router_over(desk: Arc<dyn Desk>, state: ApiState) -> Router {
    let api = Api::new(desk, state);
    let mut router = Router::new()
        .route("/api/v1/openapi.json", get(openapi))
        .route("/api/docs", get(reference))
        .route(page::STYLE_PATH, get(page::style))
        .route("/errors", get(page::index))
        .route("/errors/{code}", get(page::show))
        .merge(probe::routes())
        .merge(callback::routes());
    for operation in native::OPERATIONS {
        let door = from_fn_with_state((api.clone(), operation), auth::door);
        router = router.route(operation.path, (operation.route)().route_layer(door));
    }
    router
        .merge(dialect::routes())
        // The console may take the fallback; what is under these stays this door's to answer.
        .route("/api/{*rest}", any(not_found))
        .route("/dialect/{*rest}", any(not_found))
        .method_not_allowed_fallback(wrong_method)
        .fallback(not_found)
        .layer(from_fn_with_state(api.clone(), finish::finish))
        .with_state(api)
}

/// Lays over a whole router, the console's pages included, that some of its paths are lent to a dialect where a
/// request says that it is meant.
pub fn with_lent_paths(router: Router) -> Router {
    Router::new().fallback_service(MapRequestLayer::new(dialect::lend).layer(router))
}

async fn openapi(State(api): State<Api>, headers: HeaderMap) -> Response {
    api.pages().openapi.answer(&headers)
}

async fn reference(State(api): State<Api>, headers: HeaderMap) -> Response {
    api.pages().reference.answer(&headers)
}

async fn not_found() -> Refused {
    no_such_address().into()
}

/// The router adds the `Allow` header.
async fn wrong_method(method: Method) -> Result<StatusCode, Refused> {
    if method == Method::OPTIONS {
        return Ok(StatusCode::NO_CONTENT);
    }
    let shown: String = method.as_str().chars().take(16).collect();
    Err(Refusal::new(RefusalCode::MethodNotAllowed, format!("{shown} is not known at this address")).into())
}

#[cfg(test)]
mod tests;
