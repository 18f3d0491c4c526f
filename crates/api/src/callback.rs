//! `/callbacks/{connector}/{token}`: where carriers and channels call a connector back. What they
//! send is handed on as fields, unread; only its form is checked here.

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::routing::get;
use types::refusal::{Refusal, RefusalCode};

use crate::body::{media_type, parse_json};
use crate::problem::Refused;
use crate::query::{FIELDS_MAX, Fields};
use crate::state::{Api, no_such_address};

/// The addresses of this file.
pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/callbacks/{connector}/{token}", get(callback).post(callback))
}

/// A carrier calls back. An unknown connector and a wrong token look alike.
async fn callback(
    State(api): State<Api>,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Result<&'static str, Refused> {
    let Path((connector, token)) = path.map_err(|_| no_such_address())?;
    let callbacks = api.settings().callbacks.as_ref().ok_or_else(no_such_address)?;
    let mut fields = Fields::parse(query.as_deref().unwrap_or(""))?.0;
    if method == Method::POST {
        fields.extend(read_fields(&api, &headers, body).await?);
    }
    if callbacks.receive(&connector, &token, fields).await {
        Ok("ok\n")
    } else {
        Err(no_such_address().into())
    }
}

/// The fields of a form, or the top-level members of a JSON object; inner values stay JSON.
pub(crate) async fn read_fields(
    api: &Api,
    headers: &HeaderMap,
    body: Body,
) -> Result<Vec<(String, String)>, Refusal> {
    let taken = api.read_unknown(headers, body).await?;
    match media_type(headers).as_str() {
        "" if taken.octets.is_empty() => Ok(Vec::new()),
        "application/x-www-form-urlencoded" => {
            let text = std::str::from_utf8(&taken.octets)
                .map_err(|_| Refusal::new(RefusalCode::InvalidRequest, "the form is not UTF-8"))?;
            Ok(Fields::parse(text)?.0)
        }
        "application/json" => read_members(&taken.octets),
        _ => Err(Refusal::new(RefusalCode::UnsupportedMediaType, "send a form or JSON")),
    }
}

fn read_members(octets: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    let object: serde_json::Map<String, serde_json::Value> = parse_json(octets)?;
    if object.len() > FIELDS_MAX {
        return Err(Refusal::new(RefusalCode::InvalidRequest, format!("more than {FIELDS_MAX} members")));
    }
    let text = |value| match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    Ok(object.into_iter().map(|(name, value)| (name, text(value))).collect())
}
