//! JSON forms of what the command line shows.

use app::detail::{Because, MessageDetail};
use app::{ConnectorView, Core};
use serde_json::{Value, json};
use types::account::Account;
use types::message::Flags;

/// A message.
pub(super) fn detail_json(detail: &MessageDetail) -> Value {
    json!({
        "id": detail.id.to_string(),
        "account": detail.account_name,
        "door": detail.door.as_str(),
        "from": detail.source.text(),
        "to": detail.destination.text(),
        "state": detail.state.as_str(),
        "reason": detail.reason.as_str(),
        "possible_duplicate": detail.flags.contains(Flags::POSSIBLE_DUPLICATE),
        "parts": detail.parts,
        "price": { "amount": detail.price.decimal(), "unit": detail.price.unit.as_str() },
        "country": detail.country.as_str(),
        "connector": detail.connector,
        "attempts": detail.attempts_made,
        "accepted_at": detail.accepted_at.to_string(),
        "final_at": detail.final_at.map(|at| at.to_string()),
    })
}

/// The story of a message.
pub(super) fn story_json(story: &[Because]) -> Vec<Value> {
    let because = |because: &Because| {
        let facts: serde_json::Map<String, Value> =
            because.facts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        json!({ "at": because.at.to_string(), "stage": because.stage, "text": because.text, "facts": facts })
    };
    story.iter().map(because).collect()
}

/// An account with its balance.
pub(super) fn account_json(core: &Core, account: &Account) -> Value {
    let balance = core.balance(account.id);
    json!({
        "name": account.name,
        "sid": format!("AC{}", account.sid.hex()),
        "state": account.state.as_str(),
        "above": account.parent.and_then(|above| core.account(above)).map(|above| above.name.clone()),
        "price_book": account.price_book,
        "balance": balance.map(|balance| balance.available.decimal()),
        "held": balance.map(|balance| balance.held.decimal()),
        "unit": account.unit.as_str(),
    })
}

/// A connector.
pub(super) fn connector_json(view: &ConnectorView) -> Value {
    json!({
        "name": view.name,
        "supplier": view.supplier,
        "type": view.kind,
        "target": view.target,
        "disabled": view.disabled,
        "links_up": view.status.links_up,
        "links": view.status.links,
        "window": view.status.window,
        "window_used": view.status.window_used,
        "rate_per_second": view.status.rate_per_second,
        "queued": view.queued,
        "submitted": view.submitted,
        "delivered": view.delivered,
        "failed": view.failed,
        "errors": view.errors,
        "receipt_ids": view.receipt_ids,
        "ambiguous_receipts": view.ambiguous_receipts,
        "odd_answers": view.status.odd_answers,
        "disagreeing_receipts": view.status.disagreeing_receipts,
        "last_error": view.status.last_error,
    })
}
