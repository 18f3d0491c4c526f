//! Sending: `POST …/Messages`.

use app::submission::Submission;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use types::access::KeyScope;
use types::account::EndpointKind;
use types::address::Address;
use types::id::PoolId;
use types::message::{Content, Door, Draft};
use types::refusal::{Refusal, RefusalCode};
use types::resource::pool_address;
use types::time::Timestamp;

use super::access::Known;
use super::answer::write;
use super::fault::Fault;
use super::resource::outbound;
use crate::query::Fields;
use crate::state::Api;

/// The longest validity, in seconds.
const VALIDITY_S_MAX: i64 = 36_000;
/// Parameters that change what is sent or kept, and that are not built: left aside, they would be a lie.
const NOT_BUILT: &[&str] =
    &["MediaUrl", "ContentSid", "ContentVariables", "ApplicationSid", "MaxPrice", "SendAsMms"];

/// Why a request was not taken.
enum Failure {
    Fault(Fault),
    Refusal(Refusal),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

pub(super) async fn create(
    State(api): State<Api>,
    known: Known,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    known.needs(&api, KeyScope::Send)?;
    let fields = known.form(&api, &headers, body).await?;
    let draft = match read_draft(&api, &known, &fields).await {
        Ok(draft) => draft,
        Err(Failure::Fault(fault)) => return Err(known.fault(&api, &fault)),
        Err(Failure::Refusal(refusal)) => return Err(known.refuse(&api, refusal)),
    };
    let submission = Submission {
        account: known.owner.account,
        door: Door::Twilio,
        received_at: api.desk().now(),
        idempotency: None,
        drafts: vec![draft],
        guard_repeats: false,
        replaces: Vec::new(),
    };
    let refused = |refusal: Refusal| Fault::from(refusal).answer(known.form);
    let lost = || Refusal::new(RefusalCode::Unavailable, "it was taken and cannot be shown now");
    let outcome = api.desk().submit(submission).await;
    let id = match outcome {
        Ok(accepted) => accepted.messages.first().map(|message| message.id),
        Err(rejected) => return Err(refused(rejected.first().cloned().unwrap_or_else(lost))),
    };
    let scope = app::Scope::Account(known.owner.account);
    let id = id.ok_or_else(|| refused(lost()))?;
    let found = api.desk().message(scope, id).await.map_err(refused)?;
    let detail = found.ok_or_else(|| refused(lost()))?;
    let body = outbound(&detail, known.sid);
    Ok((StatusCode::CREATED, write(known.form, "Message", &body)).into_response())
}

async fn read_draft(api: &Api, known: &Known, fields: &Fields) -> Result<Draft, Failure> {
    let filled = |name: &str| fields.get(name).filter(|value| !value.trim().is_empty());
    let to = filled("To").ok_or_else(|| Fault::bad(21_604, "A 'To' phone number is required."))?;
    if let Some(name) = NOT_BUILT.iter().find(|name| filled(name).is_some()) {
        return Err(not_built(name).into());
    }
    for (name, value) in
        [("ContentRetention", "discard"), ("AddressRetention", "obfuscate"), ("ShortenUrls", "true")]
    {
        if filled(name) == Some(value) {
            return Err(not_built(name).into());
        }
    }
    let from = match (filled("From"), filled("MessagingServiceSid")) {
        // A pool of senders is what others call a messaging service.
        (None, Some(service)) => {
            let pool = PoolId::parse(service).and_then(|id| api.desk().pool(known.owner.account, id));
            let pool = pool.ok_or_else(|| {
                Fault::bad(21_701, format!("The Messaging Service {service} does not exist"))
            })?;
            pool_address(&pool.id.to_string())
        }
        (Some(from), _) if !from.contains(':') => Address::from_text(from.trim()),
        (from, _) => {
            let missing = "A 'From' phone number or a 'MessagingServiceSid' is required.";
            let channel = "Channels such as WhatsApp are not built; only phone numbers can be written to.";
            let fault = if from.is_some() { (63_007, channel) } else { (21_603, missing) };
            return Err(Fault::bad(fault.0, fault.1).into());
        }
    };
    if to.contains(':') {
        let message = "Channels such as WhatsApp are not built; only phone numbers can be written to.";
        return Err(Fault::bad(63_007, message).into());
    }
    let text = fields.get("Body").filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| Fault::bad(21_602, "Message body is required."))?;
    let now = api.desk().now();
    let send_at = read_send_at(fields)?;
    let callback = filled("StatusCallback");
    let wish = api.report_wish(known.owner.account, EndpointKind::Twilio, callback).await;
    let report = wish.map_err(|refusal| match refusal.code {
        RefusalCode::InvalidRequest => Failure::Fault(Fault::bad(
            21_609,
            format!("The 'StatusCallback' URL is not a valid URL: {}", refusal.detail),
        )),
        _ => Failure::Refusal(refusal),
    })?;
    Ok(Draft {
        source: from,
        destination: Address::from_text(to.trim()),
        content: Content::Text(text.to_owned()),
        class: None,
        traffic_type: String::new(),
        expires_at: read_validity(fields)?.map(|ms| send_at.unwrap_or(now).plus_ms(ms)),
        send_at,
        time: types::quiet::RecipientTime::default(),
        client_reference: None,
        report,
    })
}

fn not_built(name: &str) -> Fault {
    Fault::bad(20_001, format!("{name} is not built in this installation; leave it out. Nothing was sent."))
}

/// `SendAt`, which wants `ScheduleType=fixed` beside it.
fn read_send_at(fields: &Fields) -> Result<Option<Timestamp>, Fault> {
    let Some(text) = fields.get("SendAt") else { return Ok(None) };
    if fields.get("ScheduleType") != Some("fixed") {
        return Err(Fault::bad(35_111, "SendAt needs ScheduleType=fixed beside it."));
    }
    let at = Timestamp::parse_rfc3339(text).map(Some);
    at.ok_or_else(|| Fault::bad(35_114, "SendAt must be a time such as 2026-11-22T10:00:00Z."))
}

/// `ValidityPeriod` in milliseconds.
fn read_validity(fields: &Fields) -> Result<Option<i64>, Fault> {
    let Some(text) = fields.get("ValidityPeriod") else { return Ok(None) };
    let seconds = text.parse::<i64>().ok().filter(|seconds| (1..=VALIDITY_S_MAX).contains(seconds));
    let refuse = || Fault::bad(20_001, format!("ValidityPeriod must be 1 to {VALIDITY_S_MAX} seconds."));
    seconds.map(|seconds| Some(seconds.saturating_mul(1_000))).ok_or_else(refuse)
}
