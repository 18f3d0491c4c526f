//! The Jasmin dialect: `/send`, `/rate`, `/balance` and `/ping`, with everything in the query or a form.
//!
//! Receipts are told at the `dlr-url` that a request names, by GET.

use app::submission::{Caller, KeyAccess, Submission};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use types::access::KeyScope;
use types::account::EndpointKind;
use types::address::Address as Number;
use types::message::{Content, Door, Draft, OctetContent, ReportWish};
use types::refusal::{Refusal, RefusalCode};

use super::{Address, Dialect};
use crate::auth::peer_of;
use crate::callback::read_fields;
use crate::query::Fields;
use crate::state::Api;
use crate::webhook::placeholder;

/// This dialect, for the list.
pub(super) const DIALECT: Dialect = Dialect {
    name: "jasmin",
    title: "Jasmin, HTTP API",
    addresses,
    renderers: &[],
    borrows: &["/send"],
    credentials: &["username", "password"],
};

/// The addresses of this dialect.
fn addresses() -> Vec<Address> {
    let both = "GET POST";
    vec![
        Address::works(
            both,
            &["/send"],
            "sends: `username`, `password`, `from`, `to`, `content` or `hex-content`, `coding`, \
             `validity-period`, and `dlr` with `dlr-url` and `dlr-level`; `dlr-method=POST` and `sdt` are refused",
            get(send).post(send).head(no_head),
        ),
        Address::works(both, &["/rate"], "tells the price of a message and its parts", get(rate).post(rate)),
        Address::works(both, &["/balance"], "tells the balance", get(balance).post(balance)),
        Address::works("GET", &["/ping"], "`Jasmin/PONG`", get(ping)),
    ]
}

/// HTTP status of a refusal. This is the only table of its kind.
const fn status_of(code: RefusalCode) -> StatusCode {
    use RefusalCode as R;
    match code {
        R::InvalidRequest
        | R::InvalidDestination
        | R::InvalidSender
        | R::SenderNotApproved
        | R::NoSenderLeft
        | R::EmptyText
        | R::TextTooLong
        | R::InvalidCoding
        | R::InvalidTemplate
        | R::TemplateNotApproved
        | R::SignatureRequired
        | R::TooManyRecipients
        | R::ExpiredValidity
        | R::InvalidSchedule
        | R::BodyTooLarge
        | R::MethodNotAllowed
        | R::UnsupportedMediaType => StatusCode::BAD_REQUEST,
        R::InvalidCredentials
        | R::Forbidden
        | R::AccountSuspended
        | R::InsufficientBalance
        | R::RecipientSuppressed
        | R::RateLimited
        | R::QueueFull
        | R::RepeatedMessage => StatusCode::FORBIDDEN,
        R::NoPrice | R::NoRoute | R::RouteLoop => StatusCode::PRECONDITION_FAILED,
        R::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        R::IdempotencyMismatch
        | R::IdempotencyInFlight
        | R::NotFound
        | R::TooLate
        | R::TooEarly
        | R::Conflict
        | R::LimitReached
        | R::NotBuilt
        | R::InvalidConfiguration => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What a refusal says.
fn words(refusal: &Refusal) -> String {
    match refusal.code {
        RefusalCode::InvalidCredentials => "Authentication failure".to_owned(),
        RefusalCode::NoPrice | RefusalCode::NoRoute => "No route found".to_owned(),
        _ => match &refusal.field {
            Some(field) => format!("{}: {} [{field}]", refusal.code.title(), refusal.detail),
            None => format!("{}: {}", refusal.code.title(), refusal.detail),
        },
    }
}

fn json(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// `/send` answers a refusal in words.
fn refuse(refusal: &Refusal) -> Response {
    (status_of(refusal.code), format!("Error \"{}\"", words(refusal).replace('"', "'"))).into_response()
}

/// What is asked answers a refusal as a JSON text.
fn refuse_question(refusal: &Refusal) -> Response {
    json(status_of(refusal.code), serde_json::Value::from(words(refusal)).to_string())
}

/// Asking for the headers alone sends nothing.
async fn no_head() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET,POST")]).into_response()
}

async fn ping() -> &'static str {
    "Jasmin/PONG"
}

/// Whose user name and password these are, and the fields beside them; counted when they are refused.
async fn enter(api: &Api, request: Request, scope: KeyScope) -> Result<(Caller, Fields), Refusal> {
    let (parts, body) = request.into_parts();
    let read = async {
        let mut fields = Fields::parse(parts.uri.query().unwrap_or(""))?;
        if parts.method == Method::POST {
            fields.0.extend(read_fields(api, &parts.headers, body).await?);
        }
        for name in ["username", "password"] {
            filled(&fields, name)?;
        }
        let (key, secret) = (filled(&fields, "username")?, filled(&fields, "password")?);
        let access = api.authenticate(peer_of(&parts.extensions), key, secret)?;
        Ok((access, fields))
    };
    let (KeyAccess { caller, scopes }, fields) = read.await.map_err(|refusal| api.counted(None, refusal))?;
    if scopes.contains(scope) {
        return Ok((caller, fields));
    }
    let detail = format!("this needs a key with the scope `{scope}`");
    Err(api.counted(Some(caller.account), Refusal::new(RefusalCode::Forbidden, detail)))
}

/// A field that must be there.
fn filled<'a>(fields: &'a Fields, name: &str) -> Result<&'a str, Refusal> {
    let value = fields.get(name).filter(|value| !value.is_empty());
    value.ok_or_else(|| Refusal::new(RefusalCode::InvalidRequest, "Mandatory argument is not found").at(name))
}

async fn send(State(api): State<Api>, request: Request) -> Response {
    let (caller, fields) = match enter(&api, request, KeyScope::Send).await {
        Ok(entered) => entered,
        Err(refusal) => return refuse(&refusal),
    };
    let read = async {
        let report = read_report(&api, caller, &fields).await?;
        read_submission(&api, caller, &fields, report)
    };
    let submission = match api.counting(caller, read.await) {
        Ok(submission) => submission,
        Err(refusal) => return refuse(&refusal),
    };
    let lost = || Refusal::new(RefusalCode::Unavailable, "refused without a reason");
    match api.desk().submit(submission).await {
        Ok(accepted) => match accepted.messages.first() {
            Some(message) => format!("Success \"{}\"", message.id.0.base32()).into_response(),
            None => refuse(&lost()),
        },
        Err(rejected) => refuse(&rejected.first().cloned().unwrap_or_else(lost)),
    }
}

async fn rate(State(api): State<Api>, request: Request) -> Response {
    let (caller, mut fields) = match enter(&api, request, KeyScope::Read).await {
        Ok(entered) => entered,
        Err(refusal) => return refuse_question(&refusal),
    };
    // Whoever asks for the price of a number need not say what is to be sent, nor by whom.
    if fields.get("content").or(fields.get("hex-content")).is_none() {
        fields.0.push(("content".to_owned(), "x".to_owned()));
    }
    if fields.get("from").is_none() {
        fields.0.push(("from".to_owned(), "x".to_owned()));
    }
    let submission = match api.counting(caller, read_submission(&api, caller, &fields, ReportWish::default()))
    {
        Ok(submission) => submission,
        Err(refusal) => return refuse_question(&refusal),
    };
    let lost = || Refusal::new(RefusalCode::Unavailable, "refused without a reason");
    match api.desk().quote(submission).await {
        // Written by hand: the price is a bare number and must not pass through a float.
        Ok(accepted) => match accepted.messages.first() {
            Some(message) => json(
                StatusCode::OK,
                format!(
                    "{{\"submit_sm_count\":{},\"unit_rate\":{}}}",
                    message.parts,
                    types::money::format_micros(message.price.micros / i64::from(message.parts.max(1)))
                ),
            ),
            None => refuse_question(&lost()),
        },
        Err(rejected) => refuse_question(&rejected.first().cloned().unwrap_or_else(lost)),
    }
}

async fn balance(State(api): State<Api>, request: Request) -> Response {
    let caller = match enter(&api, request, KeyScope::Read).await {
        Ok((caller, _)) => caller,
        Err(refusal) => return refuse_question(&refusal),
    };
    match api.desk().balance(caller.account) {
        Some(balance) => json(
            StatusCode::OK,
            format!("{{\"balance\":{},\"sms_count\":\"ND\"}}", balance.available.decimal()),
        ),
        None => refuse_question(&Refusal::new(RefusalCode::NotFound, "the account is gone")),
    }
}

fn read_submission(
    api: &Api,
    caller: Caller,
    fields: &Fields,
    report: ReportWish,
) -> Result<Submission, Refusal> {
    let invalid = |name: &str, detail: &str| Refusal::new(RefusalCode::InvalidRequest, detail).at(name);
    let now = api.desk().now();
    let to = filled(fields, "to")?;
    if fields.get("sdt").is_some_and(|text| !text.is_empty()) {
        return Err(invalid("sdt", "scheduled delivery is not built here; the native API has it"));
    }
    let expires_at = match fields.get("validity-period").filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => {
            let minutes = text.parse::<i64>().ok().filter(|minutes| *minutes > 0);
            let minutes = minutes.ok_or_else(|| invalid("validity-period", "expected minutes above zero"))?;
            Some(now.plus_ms(minutes.saturating_mul(60_000)))
        }
    };
    let draft = Draft {
        source: Number::from_text(fields.get("from").unwrap_or("").trim()),
        destination: Number::from_text(to.trim()),
        content: read_content(fields)?,
        class: None,
        traffic_type: String::new(),
        expires_at,
        send_at: None,
        time: types::quiet::RecipientTime::default(),
        client_reference: None,
        report,
    };
    Ok(Submission {
        account: caller.account,
        door: Door::Dialect,
        received_at: now,
        idempotency: None,
        drafts: vec![draft],
        guard_repeats: false,
        replaces: Vec::new(),
    })
}

/// `content` is a text; `hex-content` has the octets that `coding` explains.
fn read_content(fields: &Fields) -> Result<Content, Refusal> {
    let invalid = |name: &str, detail: &str| Refusal::new(RefusalCode::InvalidRequest, detail).at(name);
    let coding = fields.get("coding").filter(|text| !text.is_empty()).unwrap_or("0");
    let data_coding = coding.parse::<u8>().ok().filter(|coding| *coding <= 14);
    let data_coding = data_coding.ok_or_else(|| invalid("coding", "expected 0 to 14"))?;
    match (fields.get("content"), fields.get("hex-content")) {
        (Some(_), Some(_)) => Err(invalid("hex-content", "content and hex-content exclude each other")),
        (Some(""), None) => Err(Refusal::new(RefusalCode::EmptyText, "the text is empty").at("content")),
        (Some(text), None) => Ok(Content::Text(text.to_owned())),
        (None, Some(digits)) => {
            let payload = crate::query::unhex(digits).filter(|octets| !octets.is_empty());
            let broken = || invalid("hex-content", "expected hexadecimal digits");
            let octets =
                OctetContent { data_coding, payload: payload.ok_or_else(broken)?, ..OctetContent::default() };
            Ok(Content::Octets(octets))
        }
        (None, None) => Err(invalid("content", "Mandatory argument is not found")),
    }
}

/// Where receipts are told: level 1 of the carrier's answer, 2 of the end, 3 of both.
async fn read_report(api: &Api, caller: Caller, fields: &Fields) -> Result<ReportWish, Refusal> {
    let invalid = |name: &str, detail: &str| Refusal::new(RefusalCode::InvalidRequest, detail).at(name);
    if fields.get("dlr") != Some("yes") {
        return Ok(ReportWish::default());
    }
    let level = fields.get("dlr-level").unwrap_or("1");
    if !matches!(level, "1" | "2" | "3") {
        return Err(invalid("dlr-level", "expected 1, 2 or 3"));
    }
    if fields.get("dlr-method").is_some_and(|method| !method.eq_ignore_ascii_case("GET")) {
        return Err(invalid("dlr-method", "only GET is built"));
    }
    let url = filled(fields, "dlr-url")?;
    let wish = api.report_wish(caller.account, EndpointKind::Template, Some(&told_at(url))).await;
    let wish = wish.map_err(|refusal| refusal.at("dlr-url"))?;
    Ok(ReportWish { steps: level != "2", ..wish })
}

/// The address with everything that this dialect tells.
fn told_at(url: &str) -> String {
    let fields = [
        ("id", "id"),
        ("id_smsc", "id"),
        ("message_status", "stat"),
        ("level", "level"),
        ("sub", "parts"),
        ("dlvrd", "delivered"),
        ("subdate", "minute"),
        ("donedate", "minute"),
        ("err", "error"),
    ];
    let mut address = url.to_owned();
    for (name, meaning) in fields {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(&format!("{name}={}", placeholder(meaning)));
    }
    address
}

#[cfg(test)]
mod tests;
