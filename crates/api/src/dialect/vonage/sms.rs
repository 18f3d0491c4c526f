//! The SMS API: `/sms/json` and `/sms/xml`.

use app::Scope;
use app::submission::{Caller, KeyAccess, Submission};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use types::access::KeyScope;
use types::account::EndpointKind;
use types::address::Address;
use types::message::{Content, Door, Draft, OctetContent, ReportWish};
use types::refusal::{Refusal, RefusalCode};

use super::fault::{MISSING, status};
use super::sign::is_signed;
use crate::auth::{peer_of, read_pair};
use crate::callback::read_fields;
use crate::dialect::xml::escape;
use crate::query::{Fields, unhex};
use crate::state::Api;

/// Seconds by which the time of a signed request may be off.
const CLOCK_SLACK_S: i64 = 300;
/// Milliseconds of the shortest and the longest validity.
const TTL_MS: std::ops::RangeInclusive<i64> = 20_000..=604_800_000;
/// `data_coding` of octets that are no text (SMPP 3.4, 5.2.19).
const BINARY: u8 = 4;
/// What a wrong signature is answered with.
const BAD_SIGNATURE: u8 = 14;

/// What one request is answered with.
type Answer = Vec<(&'static str, String)>;

/// A request that was refused, and whether only its signature was at fault.
struct Refused {
    account: Option<types::id::AccountId>,
    refusal: Refusal,
    is_signature: bool,
}

pub(super) async fn json(State(api): State<Api>, request: Request) -> Response {
    let members: Map<String, Value> = answer(&api, request)
        .await
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let body = json!({ "message-count": "1", "messages": [members] });
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

pub(super) async fn xml(State(api): State<Api>, request: Request) -> Response {
    let mut text = String::from(
        "<?xml version='1.0' encoding='UTF-8' ?>\n<mt-submission-response><messages count='1'><message>",
    );
    for (name, value) in answer(&api, request).await {
        let name = camel(name);
        text.push_str(&format!("<{name}>{}</{name}>", escape(&value)));
    }
    text.push_str("</message></messages></mt-submission-response>");
    ([(header::CONTENT_TYPE, "text/xml;charset=UTF-8")], text).into_response()
}

/// Asking for the headers alone sends nothing.
pub(super) async fn no_head() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET,POST")]).into_response()
}

/// `message-id` is `messageId`.
fn camel(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or("").to_owned();
    words.fold(first, |mut all, word| {
        let mut letters = word.chars();
        all.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        all.push_str(letters.as_str());
        all
    })
}

async fn answer(api: &Api, request: Request) -> Answer {
    match send(api, request).await {
        Ok(answer) => answer,
        Err(Refused { account, refusal, is_signature }) => {
            let refusal = api.counted(account, refusal);
            let number = if is_signature { BAD_SIGNATURE } else { status(&refusal) };
            let text = match refusal.field {
                Some(field) if !refusal.detail.starts_with(MISSING) => {
                    format!("{}: {} ({field})", refusal.code.title(), refusal.detail)
                }
                _ => refusal.detail,
            };
            vec![("status", number.to_string()), ("error-text", text)]
        }
    }
}

async fn send(api: &Api, request: Request) -> Result<Answer, Refused> {
    let nobody = |refusal| Refused { account: None, refusal, is_signature: false };
    let (parts, body) = request.into_parts();
    let mut fields = Fields::parse(parts.uri.query().unwrap_or("")).map_err(nobody)?;
    if parts.method == Method::POST {
        fields.0.extend(read_fields(api, &parts.headers, body).await.map_err(nobody)?);
    }
    let KeyAccess { caller, scopes } = authenticate(api, &parts, &fields)?;
    let own = |refusal| Refused { account: Some(caller.account), refusal, is_signature: false };
    if !scopes.contains(KeyScope::Send) {
        return Err(own(Refusal::new(RefusalCode::Forbidden, "the key may not send")));
    }
    let draft = read_draft(api, caller, &fields).await.map_err(own)?;
    let (to, reference) = (digits(&draft.destination), draft.client_reference.clone());
    let submission = Submission {
        account: caller.account,
        door: Door::Vonage,
        received_at: api.desk().now(),
        idempotency: None,
        drafts: vec![draft],
        guard_repeats: false,
        replaces: Vec::new(),
    };
    let lost = || Refusal::new(RefusalCode::Unavailable, "refused without a reason");
    // What the core refuses it counts itself.
    let refused =
        |refusal: Refusal| vec![("status", status(&refusal).to_string()), ("error-text", refusal.detail)];
    let accepted = match api.desk().submit(submission).await {
        Ok(accepted) => accepted,
        Err(rejected) => return Ok(refused(rejected.first().cloned().unwrap_or_else(lost))),
    };
    let Some(message) = accepted.messages.first() else { return Ok(refused(lost())) };
    let balance = api.desk().balance(caller.account).map_or_else(String::new, |all| all.available.decimal());
    let detail = api.desk().message(Scope::Account(caller.account), message.id).await.ok().flatten();
    let network = detail.and_then(|detail| detail.network).map(|network| network.plmn.to_string());
    let mut answer = vec![
        ("to", to),
        ("message-id", message.id.0.uuid()),
        ("status", "0".to_owned()),
        ("remaining-balance", balance),
        ("message-price", message.price.decimal()),
        ("network", network.unwrap_or_default()),
    ];
    answer.extend(reference.map(|text| ("client-ref", text)));
    Ok(answer)
}

/// A number without its plus, as this dialect writes it; a name as it stands.
pub(super) fn digits(address: &Address) -> String {
    address.msisdn().map_or_else(|| address.text().into_owned(), |number| number.digits())
}

/// Who sends: by a signature, by key and secret among the fields, or by Basic authentication.
fn authenticate(
    api: &Api,
    parts: &axum::http::request::Parts,
    fields: &Fields,
) -> Result<KeyAccess, Refused> {
    let from = peer_of(&parts.extensions);
    let wrong = |refusal, is_signature| Refused { account: None, refusal, is_signature };
    let missing = |name: &str| Refusal::new(RefusalCode::InvalidRequest, format!("{MISSING}{name}")).at(name);
    if let Some(secret) = fields.get("api_secret") {
        let key = fields.get("api_key").ok_or_else(|| wrong(missing("api_key"), false))?;
        return api.authenticate(from, key, secret).map_err(|refusal| wrong(refusal, false));
    }
    if fields.get(super::sign::SIG).is_none() {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            let access =
                read_pair(&parts.headers).and_then(|(key, secret)| api.authenticate(from, &key, &secret));
            return access.map_err(|refusal| wrong(refusal, false));
        }
        let name = if fields.get("api_key").is_none() { "api_key" } else { "api_secret" };
        return Err(wrong(missing(name), false));
    }
    let key = fields.get("api_key").ok_or_else(|| wrong(missing("api_key"), false))?;
    let now_s = api.desk().now().as_ms().div_euclid(1_000);
    let signed_s = fields.get("timestamp").and_then(|text| text.parse::<i64>().ok());
    let is_fresh = signed_s.is_some_and(|then| now_s.abs_diff(then) <= CLOCK_SLACK_S.unsigned_abs());
    let outcome = if is_fresh {
        api.authenticate_signed(from, key, &|secret| is_signed(secret, &fields.0))
    } else {
        let detail = format!("the timestamp must be within {CLOCK_SLACK_S} seconds");
        Err(Refusal::new(RefusalCode::InvalidCredentials, detail))
    };
    outcome.map_err(|refusal| {
        let is_signature = refusal.code == RefusalCode::InvalidCredentials;
        wrong(refusal, is_signature)
    })
}

async fn read_draft(api: &Api, caller: Caller, fields: &Fields) -> Result<Draft, Refusal> {
    let filled = |name: &str| fields.get(name).filter(|value| !value.trim().is_empty());
    let wanted = |name: &str| {
        filled(name)
            .ok_or_else(|| Refusal::new(RefusalCode::InvalidRequest, format!("{MISSING}{name}")).at(name))
    };
    let invalid = |name: &str, detail: &str| Refusal::new(RefusalCode::InvalidRequest, detail).at(name);
    let (from, to) = (wanted("from")?, wanted("to")?);
    let content = match filled("type").unwrap_or("text") {
        "text" | "unicode" => Content::Text(wanted("text")?.to_owned()),
        "binary" => read_binary(fields)?,
        _ => return Err(invalid("type", "text, unicode and binary are built")),
    };
    if filled("message-class").is_some() {
        return Err(invalid("message-class", "classes of messages are not built; leave it out"));
    }
    let now = api.desk().now();
    let expires_at = match filled("ttl") {
        None => None,
        Some(text) => {
            let ms = text.parse::<i64>().ok().filter(|ms| TTL_MS.contains(ms));
            let ms = ms.ok_or_else(|| invalid("ttl", "expected 20000 to 604800000 milliseconds"))?;
            Some(now.plus_ms(ms))
        }
    };
    let wants_none = filled("status-report-req").is_some_and(|text| matches!(text, "0" | "false" | "False"));
    let report = if wants_none {
        ReportWish::default()
    } else {
        let wish = api.report_wish(caller.account, EndpointKind::Vonage, filled("callback")).await;
        wish.map_err(|refusal| refusal.at("callback"))?
    };
    let reference = filled("client-ref");
    if reference.is_some_and(|text| text.chars().count() > 100 || text.chars().any(char::is_control)) {
        return Err(invalid("client-ref", "expected at most 100 characters"));
    }
    Ok(Draft {
        source: Address::from_text(from.trim()),
        destination: Address::from_text(to.trim()),
        content,
        class: None,
        traffic_type: String::new(),
        expires_at,
        send_at: None,
        time: types::quiet::RecipientTime::default(),
        client_reference: reference.map(str::to_owned),
        report,
    })
}

/// `body` and `udh` in hexadecimal digits.
fn read_binary(fields: &Fields) -> Result<Content, Refusal> {
    let octets = |name: &str| {
        let text = fields.get(name).unwrap_or("");
        let broken = || Refusal::new(RefusalCode::InvalidRequest, "expected hexadecimal digits").at(name);
        unhex(text).ok_or_else(broken)
    };
    let (udh, body) = (octets("udh")?, octets("body")?);
    if body.is_empty() {
        return Err(Refusal::new(RefusalCode::InvalidRequest, format!("{MISSING}body")).at("body"));
    }
    let protocol_id = fields.get("protocol-id").filter(|text| !text.is_empty()).map_or(Ok(0), str::parse);
    let protocol_id = protocol_id
        .map_err(|_| Refusal::new(RefusalCode::InvalidRequest, "expected 0 to 255").at("protocol-id"))?;
    let has_header = !udh.is_empty();
    let payload = udh.into_iter().chain(body).collect();
    Ok(Content::Octets(OctetContent {
        data_coding: BINARY,
        protocol_id,
        has_header,
        payload,
        tlvs: Vec::new(),
    }))
}
