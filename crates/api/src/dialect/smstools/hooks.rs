//! Webhooks: addresses of the account that hear of all messages, each known by its secret.

use app::{EndpointView, EndpointWish};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use types::Sensitive;
use types::access::KeyScope;
use types::account::EndpointKind;
use types::event::{EventType, EventTypes};
use types::refusal::{Refusal, RefusalCode};

use super::access::Known;
use super::fault::Fault;
use crate::state::Api;

/// What this dialect can tell of.
const RECEIPTS: &str = "delivery_report";
const INBOX: &str = "inbox_message";

/// An address that is asked for.
#[derive(Deserialize)]
struct Wish {
    webhook_endpoint: Option<String>,
    webhook_method: Option<String>,
    webhook_types: Option<Vec<String>>,
}

pub(super) async fn create(
    State(api): State<Api>,
    known: Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Manage)?;
    let wish: Wish = known.read(&api, &headers, body).await?;
    let url = wish.webhook_endpoint.filter(|url| !url.is_empty());
    let url = url.ok_or_else(|| known.fault(&api, 139, "webhook_endpoint is missing"))?;
    if wish.webhook_method.is_some_and(|method| !method.eq_ignore_ascii_case("POST")) {
        return Err(known.fault(&api, 139, "webhook_method: only POST is built"));
    }
    let names = wish.webhook_types.unwrap_or_default();
    if names.is_empty() || names.iter().any(|name| name != RECEIPTS && name != INBOX) {
        return Err(known.fault(
            &api,
            139,
            "webhook_types: delivery_report and inbox_message are built, and one is wanted",
        ));
    }
    let wants = |name: &str| names.iter().any(|wanted| wanted == name);
    let events = EventType::all().filter(|event| match event {
        EventType::Message(_) => wants(RECEIPTS),
        EventType::Inbound => wants(INBOX),
    });
    let wish = EndpointWish {
        kind: EndpointKind::Smstools,
        url: Sensitive::new(url),
        description: String::new(),
        wants: events.collect::<EventTypes>(),
        enabled: true,
    };
    let made = api.desk().make_webhook(known.caller.account, wish, None).await?;
    Ok(Json(json!({ "secret": made.value.secret.expose() })))
}

fn own(api: &Api, known: &Known) -> Vec<EndpointView> {
    let all = api.desk().endpoints(known.caller.account);
    all.into_iter().filter(|view| view.kind == EndpointKind::Smstools).collect()
}

pub(super) async fn list(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Manage)?;
    let items: Vec<Value> = own(&api, &known)
        .iter()
        .map(|view| {
            let told: Vec<&str> = [
                (RECEIPTS, EventType::Message(types::message::State::Delivered)),
                (INBOX, EventType::Inbound),
            ]
            .into_iter()
            .filter(|(_, event)| view.wants.wants(*event))
            .map(|(name, _)| name)
            .collect();
            json!({
                "webhook_endpoint": view.url.expose(),
                "webhook_method": "POST",
                "webhook_types": told,
                "secret": view.secret.expose(),
            })
        })
        .collect();
    Ok(Json(Value::Array(items)))
}

pub(super) async fn remove(State(api): State<Api>, known: Known) -> Result<Json<Value>, Fault> {
    known.needs(&api, KeyScope::Manage)?;
    let found = own(&api, &known).into_iter().find(|view| *view.secret.expose() == known.name);
    let Some(view) = found else {
        api.desk().note_refusal(Some(known.caller.account), RefusalCode::NotFound);
        return Err(Fault::new(134, "The webhook was not found"));
    };
    let removed: Result<(), Refusal> = api.desk().remove_webhook(known.caller.account, view.id).await;
    removed?;
    Ok(Json(json!({ "success": true })))
}
