//! The Kannel dialect: `/cgi-bin/sendsms`, with everything in the query and one line of text for an answer.
//!
//! Receipts are told at the `dlr-url` that a request names, whose signs (`%d`, `%P`…) become the names of the
//! form that tells them.

use app::submission::{Caller, Submission};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use types::access::KeyScope;
use types::account::EndpointKind;
use types::address::Address as Number;
use types::message::{Content, Door, Draft, OctetContent, ReportWish};
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::{Address, Dialect};
use crate::auth::peer_of;
use crate::callback::read_fields;
use crate::query::Fields;
use crate::state::Api;
use crate::webhook::placeholder;

/// This dialect, for the list.
pub(super) const DIALECT: Dialect = Dialect {
    name: "kannel",
    title: "Kannel, sendsms",
    addresses,
    renderers: &[],
    borrows: &[],
    credentials: &["username", "password"],
};

/// The most recipients of one request.
const RECIPIENTS_MAX: usize = 100;
/// `dlr-mask`: delivered, not delivered, and the two of a carrier that has it.
const DELIVERED: u8 = 1;
const NOT_DELIVERED: u8 = 2;
const WITH_CARRIER: u8 = 4 | 8;
/// The `coding` of octets and of UCS-2, as `data_coding` of SMPP 3.4 (5.2.19).
const BINARY: u8 = 4;
const UCS2: u8 = 8;

/// The addresses of this dialect.
fn addresses() -> Vec<Address> {
    vec![Address::works(
        "GET POST",
        &["/cgi-bin/sendsms", "/sendsms"],
        "sends: `username`, `password`, `from`, `to` (several between blanks), `text`, `coding`, `udh`, \
         `validity`, `deferred`, `dlr-mask`, `dlr-url`",
        get(send).post(send).head(no_head),
    )]
}

/// HTTP status and line that say a refusal. This is the only table of its kind.
const fn answer_of(code: RefusalCode) -> (StatusCode, &'static str) {
    use RefusalCode as R;
    match code {
        R::InvalidCredentials | R::Forbidden | R::AccountSuspended => {
            (StatusCode::FORBIDDEN, "Authorization failed for sendsms")
        }
        R::InvalidDestination | R::NoPrice | R::NoRoute | R::RouteLoop => {
            (StatusCode::BAD_REQUEST, "Not routable. Do not try again.")
        }
        R::RecipientSuppressed => {
            (StatusCode::BAD_REQUEST, "Number(s) has/have been denied by white- and/or black-lists.")
        }
        R::InvalidSender | R::SenderNotApproved | R::NoSenderLeft => {
            (StatusCode::BAD_REQUEST, "Invalid sender, rejected")
        }
        R::EmptyText => (StatusCode::BAD_REQUEST, "Missing message text, rejected"),
        R::TextTooLong | R::BodyTooLarge => (StatusCode::BAD_REQUEST, "Message body too long, rejected"),
        R::InvalidRequest
        | R::InvalidCoding
        | R::InvalidTemplate
        | R::TemplateNotApproved
        | R::SignatureRequired
        | R::TooManyRecipients
        | R::ExpiredValidity
        | R::InvalidSchedule
        | R::UnsupportedMediaType
        | R::MethodNotAllowed => (StatusCode::BAD_REQUEST, "Invalid request, rejected"),
        R::InsufficientBalance => (StatusCode::FORBIDDEN, "Insufficient balance"),
        R::RateLimited | R::QueueFull | R::RepeatedMessage | R::Unavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, "Temporal failure, try again later.")
        }
        R::IdempotencyMismatch
        | R::IdempotencyInFlight
        | R::NotFound
        | R::TooLate
        | R::TooEarly
        | R::Conflict
        | R::LimitReached
        | R::NotBuilt
        | R::InvalidConfiguration => (StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
    }
}

fn line(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
}

fn refuse(refusal: &Refusal) -> Response {
    let (status, words) = answer_of(refusal.code);
    // Whoever is not known hears nothing more than that.
    let is_stranger = status == StatusCode::FORBIDDEN;
    line(status, if is_stranger { words.to_owned() } else { format!("{words} {}", refusal.detail) })
}

/// Asking for the headers alone sends nothing.
async fn no_head() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET,POST")]).into_response()
}

async fn send(State(api): State<Api>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let read = async {
        let mut fields = Fields::parse(parts.uri.query().unwrap_or(""))?;
        if parts.method == Method::POST {
            fields.0.extend(read_fields(&api, &parts.headers, body).await?);
        }
        let either =
            |long: &str, short: &str| fields.get(long).or_else(|| fields.get(short)).unwrap_or("").to_owned();
        let (key, secret) = (either("username", "user"), either("password", "pass"));
        let access = api.authenticate(peer_of(&parts.extensions), &key, &secret)?;
        Ok((access, fields))
    };
    let (access, fields) = match read.await {
        Ok(known) => known,
        Err(refusal) => return refuse(&api.counted(None, refusal)),
    };
    let caller = access.caller;
    let submission = async {
        if !access.scopes.contains(KeyScope::Send) {
            return Err(Refusal::new(RefusalCode::Forbidden, "the key may not send"));
        }
        read_submission(&api, caller, &fields).await
    };
    let submission = match api.counting(caller, submission.await) {
        Ok(submission) => submission,
        Err(refusal) => return refuse(&refusal),
    };
    let waits = submission.drafts.iter().any(|draft| draft.send_at.is_some());
    match api.desk().submit(submission).await {
        Ok(accepted) => {
            let ids: Vec<String> = accepted.messages.iter().map(|message| message.id.0.base32()).collect();
            let words = if waits { "3: Queued for later delivery" } else { "0: Accepted for delivery" };
            line(StatusCode::ACCEPTED, format!("{words}: {}", ids.join(" ")))
        }
        Err(rejected) => {
            let lost = || Refusal::new(RefusalCode::Unavailable, "refused without a reason");
            refuse(&rejected.first().cloned().unwrap_or_else(lost))
        }
    }
}

async fn read_submission(api: &Api, caller: Caller, fields: &Fields) -> Result<Submission, Refusal> {
    let invalid = |name: &str, detail: &str| Refusal::new(RefusalCode::InvalidRequest, detail).at(name);
    let now = api.desk().now();
    let to = fields.get("to").unwrap_or("");
    let recipients: Vec<&str> = to.split_whitespace().collect();
    if recipients.is_empty() {
        return Err(invalid("to", "Empty receiver number not allowed"));
    }
    if recipients.len() > RECIPIENTS_MAX {
        let detail = format!("one request may have {RECIPIENTS_MAX} recipients");
        return Err(Refusal::new(RefusalCode::TooManyRecipients, detail).at("to"));
    }
    if fields.get("mclass").or(fields.get("mwi")).is_some_and(|text| !text.is_empty()) {
        return Err(invalid("mclass", "mclass and mwi are not built; leave them out"));
    }
    let minutes = |name: &str| match fields.get(name).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => match text.parse::<i64>() {
            Ok(minutes) if minutes > 0 => Ok(Some(minutes.saturating_mul(60_000))),
            _ => Err(invalid(name, "expected minutes above zero")),
        },
    };
    let send_at = minutes("deferred")?.map(|ms| now.plus_ms(ms));
    let expires_at = minutes("validity")?.map(|ms| now.plus_ms(ms));
    let content = read_content(fields)?;
    let report = read_report(api, caller, fields).await?;
    let draft = |number: &str| Draft {
        source: Number::from_text(fields.get("from").unwrap_or("").trim()),
        destination: Number::from_text(number),
        content: content.clone(),
        class: None,
        traffic_type: String::new(),
        expires_at,
        send_at,
        time: types::quiet::RecipientTime::default(),
        client_reference: None,
        report,
    };
    Ok(submission(caller, now, recipients.into_iter().map(draft).collect()))
}

fn submission(caller: Caller, now: Timestamp, drafts: Vec<Draft>) -> Submission {
    Submission {
        account: caller.account,
        door: Door::Dialect,
        received_at: now,
        idempotency: None,
        drafts,
        guard_repeats: false,
        replaces: Vec::new(),
    }
}

/// A text in UTF-8; with `coding` 1 octets, and with `udh` octets behind a header, as they stand in the query.
fn read_content(fields: &Fields) -> Result<Content, Refusal> {
    let invalid = |name: &str, detail: &str| Refusal::new(RefusalCode::InvalidRequest, detail).at(name);
    let text = fields.get("text").unwrap_or("");
    if fields.get("charset").is_some_and(|name| !name.eq_ignore_ascii_case("utf-8")) {
        return Err(invalid("charset", "only UTF-8 is read"));
    }
    let has_header = fields.get("udh").is_some_and(|udh| !udh.is_empty());
    match fields.get("coding").unwrap_or("") {
        "" | "0" | "2" if !has_header => {
            if text.is_empty() {
                return Err(Refusal::new(RefusalCode::EmptyText, "the text is empty").at("text"));
            }
            Ok(Content::Text(text.to_owned()))
        }
        coding @ ("" | "0" | "1" | "2") => {
            // Fields are texts in UTF-8 here, so that octets above 127 have no way in.
            if coding == "1" || has_header {
                let header = fields.get("udh").unwrap_or("");
                if !(header.is_ascii() && text.is_ascii()) {
                    return Err(invalid("text", "octets above 127 are not read here; send them over SMPP"));
                }
                let data_coding = if coding == "2" { UCS2 } else { BINARY };
                let payload = header.bytes().chain(text.bytes()).collect();
                let octets = OctetContent { data_coding, has_header, payload, ..OctetContent::default() };
                return Ok(Content::Octets(octets));
            }
            Ok(Content::Text(text.to_owned()))
        }
        _ => Err(invalid("coding", "expected 0, 1 or 2")),
    }
}

/// Where receipts are told, and of which steps.
async fn read_report(api: &Api, caller: Caller, fields: &Fields) -> Result<ReportWish, Refusal> {
    let mask = match fields.get("dlr-mask").filter(|text| !text.is_empty()) {
        None => 0,
        Some(text) => text.parse::<u8>().map_err(|_| {
            Refusal::new(RefusalCode::InvalidRequest, "expected a number up to 31").at("dlr-mask")
        })?,
    };
    let url = fields.get("dlr-url").filter(|url| !url.is_empty() && mask > 0);
    let Some(url) = url else { return Ok(ReportWish::default()) };
    let wish = api.report_wish(caller.account, EndpointKind::Template, Some(&named(url))).await;
    let wish = wish.map_err(|refusal| refusal.at("dlr-url"))?;
    let ends = mask & (DELIVERED | NOT_DELIVERED);
    Ok(ReportWish {
        steps: mask & WITH_CARRIER != 0,
        failures_only: ends == NOT_DELIVERED,
        successes_only: ends == DELIVERED,
        ..wish
    })
}

/// An address whose signs of this dialect are written as names: `%d` the step, `%p` the sender, `%P` the
/// recipient, `%I` the id, `%t` and `%T` the time, `%a` and `%A` the word of the receipt.
fn named(url: &str) -> String {
    let mut named = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, behind)) = rest.split_once('%') {
        named.push_str(before);
        let sign = behind.chars().next();
        let name = match sign {
            Some('d') if !is_escape(behind) => Some("bit"),
            Some('p') => Some("from"),
            Some('P') => Some("to"),
            Some('I' | 'F') if !is_escape(behind) => Some("id"),
            Some('t') => Some("time"),
            Some('T') => Some("unix"),
            Some('a' | 'A') if !is_escape(behind) => Some("stat"),
            _ => None,
        };
        match name {
            Some(name) => {
                named.push_str(&placeholder(name));
                rest = behind.get(1..).unwrap_or("");
            }
            // `%%` is a percent sign, and everything else an octet.
            None if sign == Some('%') => {
                named.push_str("%25");
                rest = behind.get(1..).unwrap_or("");
            }
            None => {
                named.push('%');
                rest = behind;
            }
        }
    }
    named.push_str(rest);
    named
}

/// Whether an octet in two hexadecimal digits stands here rather than a sign.
fn is_escape(behind: &str) -> bool {
    behind.len() >= 2 && behind.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
