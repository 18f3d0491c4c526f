//! Messaging Services: the account's pools of senders under their other name. Their answers are JSON, and
//! their lists have the form of the newer products.

use app::{PoolPatch, PoolView};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use types::access::KeyScope;
use types::account::write_sid;
use types::id::{PoolId, RowKey};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::access::{Denied, Known};
use super::answer::{Form, Wanted, write};
use super::fault::Fault;
use crate::query::Fields;
use crate::state::Api;

/// Where they are.
pub(super) const ROOT: &str = "/v1/Services";

/// A pool's id as this dialect writes it.
fn service_sid(id: PoolId) -> String {
    format!("MG{}", id.0.hex())
}

/// `2026-11-22T20:00:00Z`.
fn date(at: Timestamp) -> String {
    format!("{}Z", at.to_string().chars().take("2026-11-22T20:00:00".len()).collect::<String>())
}

fn resource(api: &Api, known: &Known, pool: &PoolView) -> Value {
    let sid = service_sid(pool.id);
    json!({
        "sid": sid,
        "account_sid": write_sid(known.sid),
        "friendly_name": pool.name,
        "date_created": date(pool.created_at),
        "date_updated": date(pool.changed_at),
        "inbound_request_url": null,
        "inbound_method": "POST",
        "fallback_url": null,
        "fallback_method": "POST",
        "status_callback": null,
        "sticky_sender": pool.is_sticky,
        "area_code_geomatch": pool.prefers_country,
        "mms_converter": false,
        "smart_encoding": false,
        "fallback_to_long_code": false,
        "synchronous_validation": false,
        "validity_period": 36_000,
        "usecase": "undeclared",
        "use_inbound_webhook_on_number": true,
        "url": format!("{}{ROOT}/{sid}", api.settings().public_url),
        "links": {},
    })
}

fn find(api: &Api, known: &Known) -> Result<PoolView, Denied> {
    let found = PoolId::parse(known.name()).and_then(|id| api.desk().pool(known.owner.account, id));
    let missing = || known.refuse(api, Refusal::new(RefusalCode::NotFound, known.path.clone()));
    found.ok_or_else(|| Denied::by(missing()))
}

pub(super) async fn list(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Read)?;
    let wanted = Wanted::read(&known.query).map_err(|fault| known.fault(&api, &fault))?;
    let before = wanted.token.as_deref().and_then(|token| token.parse().ok()).map(RowKey::from_i64);
    let page = api.desk().pools(known.owner.account, before, wanted.size);
    let items: Vec<Value> = page.items.iter().map(|pool| resource(&api, &known, pool)).collect();
    let here = format!("{}{ROOT}?PageSize={}", api.settings().public_url, wanted.size);
    let number = wanted.number.saturating_add(1);
    let next = page.next.map(|key| format!("{here}&Page={number}&PageToken={}", key.as_i64()));
    let meta = json!({
        "key": "services", "page": wanted.number, "page_size": wanted.size, "url": here,
        "first_page_url": format!("{here}&Page=0"), "previous_page_url": null, "next_page_url": next,
    });
    Ok(write(Form::Json, "Services", &json!({ "services": items, "meta": meta })))
}

pub(super) async fn show(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Read)?;
    let pool = find(&api, &known)?;
    Ok(write(Form::Json, "Service", &resource(&api, &known, &pool)))
}

/// What a form sets of a pool.
fn read_patch(fields: &Fields) -> PoolPatch {
    let flag = |name: &str| fields.get(name).map(|text| text.eq_ignore_ascii_case("true"));
    PoolPatch {
        name: fields.get("FriendlyName").map(|name| name.trim().to_owned()),
        is_sticky: flag("StickySender"),
        prefers_country: flag("AreaCodeGeomatch"),
        ..PoolPatch::default()
    }
}

pub(super) async fn create(
    State(api): State<Api>,
    known: Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Manage)?;
    let fields = known.form(&api, &headers, body).await?;
    let done = api.desk().make_pool(known.owner.account, read_patch(&fields), None).await;
    let pool = done.map_err(|refusal| Fault::from(refusal).answer(Form::Json))?.value;
    let answer = write(Form::Json, "Service", &resource(&api, &known, &pool));
    Ok((StatusCode::CREATED, answer).into_response())
}

pub(super) async fn change(
    State(api): State<Api>,
    known: Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Manage)?;
    let fields = known.form(&api, &headers, body).await?;
    let id = find(&api, &known)?.id;
    let changed = api.desk().change_pool(known.owner.account, id, read_patch(&fields)).await;
    let pool = changed.map_err(|refusal| Fault::from(refusal).answer(Form::Json))?;
    Ok(write(Form::Json, "Service", &resource(&api, &known, &pool)))
}

pub(super) async fn remove(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Manage)?;
    let id = find(&api, &known)?.id;
    let removed = api.desk().remove_pool(known.owner.account, id).await;
    removed.map_err(|refusal| Fault::from(refusal).answer(Form::Json))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
