//! What operators' own machines call: the probes and the metrics.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Extension, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use types::refusal::{Refusal, RefusalCode};

use crate::problem::Refused;
use crate::state::Api;

/// The media type of Prometheus text.
const METRICS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The addresses of this file.
pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/livez", get(live)).route("/readyz", get(ready)).route("/metrics", get(metrics))
}

/// The process runs and answers.
async fn live() -> &'static str {
    "ok\n"
}

/// The store takes durable writes.
async fn ready(State(api): State<Api>) -> Result<&'static str, Refused> {
    api.readiness().await?;
    Ok("ready\n")
}

/// Figures for Prometheus. They tell much about the operator, so they are for this machine only
/// unless the operator says otherwise.
async fn metrics(
    State(api): State<Api>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    // A proxy on this machine speaks for somebody else.
    let is_forwarded = headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
    let is_local = peer.is_some_and(|Extension(ConnectInfo(peer))| peer.ip().to_canonical().is_loopback());
    if !api.settings().metrics_for_all && (is_forwarded || !is_local) {
        return Err(Refusal::new(RefusalCode::Forbidden, "metrics are for this machine only").into());
    }
    Ok(([(header::CONTENT_TYPE, METRICS_TEXT)], api.desk().metrics_text()).into_response())
}
