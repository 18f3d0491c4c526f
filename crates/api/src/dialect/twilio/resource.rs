//! Messages as this dialect shows them: those that were sent, and those that phones wrote.

use app::Core;
use app::detail::{InboundDetail, MessageDetail};
use serde_json::{Value, json};
use types::account::write_sid;
use types::address::Address;
use types::id::PublicId;
use types::keyword::Keyword;
use types::message::{Door, Reason, State};

use super::answer::date;

/// The version that every resource names.
pub(super) const API_VERSION: &str = "2010-04-01";

/// A state in the words of this dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// `queued`, `sent`, `delivered` and the like.
    pub(super) status: &'static str,
    /// Why it failed, as a number.
    pub(super) error: Option<u32>,
}

/// What this dialect says of a state and its reason.
///
/// 21610 opted out, 30003 unreachable, 30004 refused by the carrier, 30008 unknown, 30036 validity ended.
pub(super) const fn told(state: State, reason: Reason) -> Told {
    use State as S;
    let (status, error) = match state {
        S::Accepted => ("accepted", None),
        S::Scheduled => ("scheduled", None),
        S::Queued => ("queued", None),
        S::Sending => ("sending", None),
        S::Submitted | S::Unknown | S::NoReport | S::Unconfirmed => ("sent", None),
        S::Delivered => ("delivered", None),
        S::Undelivered => ("undelivered", Some(30_003)),
        S::Expired => ("undelivered", Some(30_036)),
        S::Rejected => ("undelivered", Some(30_004)),
        S::Deleted => ("undelivered", Some(30_008)),
        S::Failed if matches!(reason, Reason::Suppressed) => ("failed", Some(21_610)),
        S::Failed => ("failed", Some(30_008)),
        S::Cancelled => ("canceled", None),
    };
    Told { status, error }
}

/// What a number of an error says.
const fn words(error: u32) -> &'static str {
    match error {
        21_610 => "Attempt to send to unsubscribed recipient",
        30_003 => "Unreachable destination handset",
        30_004 => "Message blocked",
        30_036 => "Validity period expired",
        _ => "Unknown error",
    }
}

/// A message's id as this dialect writes it.
pub(super) fn message_sid(id: PublicId) -> String {
    format!("SM{}", id.hex())
}

/// A number with its plus, as this dialect writes all of them; a name as it stands.
pub(super) fn number(address: &Address) -> String {
    let text = address.text();
    match address.msisdn() {
        Some(number) if !text.starts_with('+') => number.e164(),
        _ => text.into_owned(),
    }
}

/// A message that was sent.
pub(super) fn outbound(detail: &MessageDetail, account: PublicId) -> Value {
    let told = told(detail.state, detail.reason);
    let is_free = detail.price.micros == 0;
    let price = if is_free { "0".to_owned() } else { format!("-{}", detail.price.decimal()) };
    let is_reply = detail.door == Door::Keyword;
    json!({
        "body": detail.content.as_ref().map(Core::text_of).unwrap_or_default(),
        "num_segments": detail.parts.to_string(),
        "direction": if is_reply { "outbound-reply" } else { "outbound-api" },
        "from": number(&detail.source),
        "to": number(&detail.destination),
        "date_created": date(detail.accepted_at),
        "date_updated": date(detail.final_at.or(detail.submitted_at).unwrap_or(detail.accepted_at)),
        "date_sent": detail.submitted_at.map(date),
        "price": price,
        "price_unit": detail.price.unit.as_str(),
        "error_code": told.error,
        "error_message": told.error.map(words),
        "status": told.status,
        "num_media": "0",
        "messaging_service_sid": null,
        "sid": message_sid(detail.id.0),
        "account_sid": write_sid(account),
        "api_version": API_VERSION,
        "uri": uri(account, detail.id.0),
        "subresource_uris": subresources(account, detail.id.0),
    })
}

/// A message that a phone wrote.
pub(super) fn inbound(detail: &InboundDetail, account: PublicId) -> Value {
    let at = date(detail.received_at);
    json!({
        "body": detail.text.expose(),
        "num_segments": "1",
        "direction": "inbound",
        "from": number(&detail.source),
        "to": number(&detail.destination),
        "date_created": at,
        "date_updated": at,
        "date_sent": at,
        "price": null,
        "price_unit": null,
        "error_code": null,
        "error_message": null,
        "status": "received",
        "num_media": "0",
        "messaging_service_sid": null,
        "sid": message_sid(detail.id.0),
        "account_sid": write_sid(account),
        "api_version": API_VERSION,
        "uri": uri(account, detail.id.0),
        "subresource_uris": subresources(account, detail.id.0),
    })
}

fn uri(account: PublicId, id: PublicId) -> String {
    format!("{}/{}/Messages/{}.json", super::ROOT, write_sid(account), message_sid(id))
}

fn subresources(account: PublicId, id: PublicId) -> Value {
    let own = uri(account, id);
    json!({ "media": format!("{}/Media.json", own.trim_end_matches(".json")) })
}

/// What `OptOutType` says of a keyword.
pub(super) const fn opt_out_type(keyword: Keyword) -> &'static str {
    match keyword {
        Keyword::Stop => "STOP",
        Keyword::Start => "START",
        Keyword::Help => "HELP",
    }
}
