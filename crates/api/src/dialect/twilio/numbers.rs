//! Numbers to which phones write: those that the account holds, and where is told what is written to them.
//! They are given out by the operator, so that there is nothing to buy here.

use app::InboundNumberView;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use types::access::KeyScope;
use types::account::{EndpointKind, write_sid};
use types::inbound::{InboundNumber, NumberRoute};
use types::refusal::{Refusal, RefusalCode};

use super::access::{Denied, Known};
use super::answer::{Wanted, date, write};
use super::fault::Fault;
use super::resource::API_VERSION;
use crate::state::Api;

/// The most digits of a short code.
const SHORT_CODE_DIGITS_MAX: usize = 6;

fn number_sid(number: InboundNumber) -> String {
    format!("PN{:032x}", number.as_u64())
}

fn read_sid(text: &str) -> Option<InboundNumber> {
    let digits = text.strip_prefix("PN").filter(|digits| digits.len() == 32)?;
    u64::from_str_radix(digits, 16).ok().and_then(InboundNumber::from_u64)
}

/// A number as people write it; a short code stays as it is.
fn shown(number: InboundNumber) -> String {
    let digits = number.to_string();
    if digits.len() > SHORT_CODE_DIGITS_MAX { format!("+{digits}") } else { digits }
}

fn resource(api: &Api, known: &Known, view: &InboundNumberView) -> Value {
    let endpoint = view.endpoint.and_then(|id| api.desk().webhook(known.owner.account, id));
    let url = endpoint.map(|endpoint| endpoint.url.into_inner());
    let sid = number_sid(view.number);
    json!({
        "sid": sid,
        "account_sid": write_sid(known.sid),
        "friendly_name": shown(view.number),
        "phone_number": shown(view.number),
        "sms_url": url.unwrap_or_default(),
        "sms_method": "POST",
        "sms_fallback_url": "",
        "sms_fallback_method": "POST",
        "sms_application_sid": "",
        "voice_url": "",
        "status_callback": "",
        "capabilities": { "voice": false, "sms": true, "mms": false, "fax": false },
        "beta": false,
        "origin": "hosted",
        "status": "in-use",
        "date_created": date(view.assigned_at.unwrap_or(view.added_at)),
        "date_updated": date(view.assigned_at.unwrap_or(view.added_at)),
        "api_version": API_VERSION,
        "uri": format!("{}/{}/IncomingPhoneNumbers/{sid}.json", super::ROOT, write_sid(known.sid)),
    })
}

pub(super) async fn list(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Read)?;
    let wanted = Wanted::read(&known.query).map_err(|fault| known.fault(&api, &fault))?;
    let account = known.owner.account;
    let mut views = match known.query.get("PhoneNumber").map(InboundNumber::parse) {
        Some(number) => {
            number.and_then(|number| api.desk().inbound_number(account, number)).into_iter().collect()
        }
        None => {
            let after = wanted.token.as_deref().and_then(read_sid);
            api.desk().inbound_numbers(account, after, wanted.size.saturating_add(1))
        }
    };
    let has_more = views.len() > wanted.size;
    views.truncate(wanted.size);
    let last = views.last().filter(|_| has_more).map(|view| number_sid(view.number));
    let items = views.iter().map(|view| resource(&api, &known, view)).collect();
    let page = wanted.page(&known, "incoming_phone_numbers", items, last);
    Ok(write(known.form, "IncomingPhoneNumbers", &page))
}

fn find(api: &Api, known: &Known) -> Result<InboundNumberView, Denied> {
    let number = read_sid(known.name());
    let view = number.and_then(|number| api.desk().inbound_number(known.owner.account, number));
    let missing = || known.refuse(api, Refusal::new(RefusalCode::NotFound, known.path.clone()));
    view.ok_or_else(|| Denied::by(missing()))
}

pub(super) async fn show(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Read)?;
    let view = find(&api, &known)?;
    Ok(write(known.form, "IncomingPhoneNumber", &resource(&api, &known, &view)))
}

/// Sets `SmsUrl`; an empty one sends what phones write where the account hears of everything.
pub(super) async fn change(
    State(api): State<Api>,
    known: Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Manage)?;
    let fields = known.form(&api, &headers, body).await?;
    let view = find(&api, &known)?;
    let account = known.owner.account;
    let Some(url) = fields.get("SmsUrl") else {
        return Ok(write(known.form, "IncomingPhoneNumber", &resource(&api, &known, &view)));
    };
    let routed = async {
        if url.is_empty() {
            return api.desk().route_number(account, view.number, NumberRoute::Account, None).await;
        }
        let endpoint = api.desk().webhook_endpoint(account, EndpointKind::Twilio, url).await?;
        api.desk().route_number(account, view.number, NumberRoute::Webhook, Some(endpoint)).await
    };
    let view = routed.await.map_err(|refusal| match refusal.code {
        RefusalCode::InvalidRequest => {
            known.fault(&api, &Fault::bad(21_502, format!("SmsUrl is not a valid URL: {}", refusal.detail)))
        }
        _ => Fault::from(refusal).answer(known.form),
    })?;
    Ok(write(known.form, "IncomingPhoneNumber", &resource(&api, &known, &view)))
}

pub(super) async fn buy(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Manage)?;
    let message = "The phone number is not available: numbers are given out by the operator.";
    Err(known.fault(&api, &Fault::bad(21_422, message)))
}

pub(super) async fn countries(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Read)?;
    let body = json!({ "countries": [], "uri": known.path });
    Ok(write(known.form, "AvailablePhoneNumberCountries", &body))
}

pub(super) async fn available(State(api): State<Api>, known: Known) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Read)?;
    let body = json!({ "available_phone_numbers": [], "uri": known.path });
    Ok(write(known.form, "AvailablePhoneNumbers", &body))
}
