//! `/dlr`: what has become of a message, as an array of one record; empty for an unknown id.

use app::Scope;
use app::detail::MessageDetail;
use axum::extract::State;
use axum::response::Response;
use types::id::MessageId;
use types::message::State as MessageState;

use super::{Known, json_text, quoted, refuse, required};
use crate::state::Api;

/// A state in the words of this dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// 0 is well, 400 is not or not known.
    pub(super) status: u16,
    /// `delivered`, `accepted`, `failed`, `rejected` or `unknown`.
    pub(super) word: &'static str,
    /// 0 none, 1 unknown, 2 absent or undeliverable, 5 rejected by the operator, 99 another error.
    pub(super) error: u8,
}

/// What this dialect says of a state.
pub(super) const fn told(state: MessageState) -> Told {
    use MessageState as S;
    let (status, word, error) = match state {
        S::Delivered => (0, "delivered", 0),
        S::Accepted | S::Scheduled | S::Queued | S::Sending | S::Submitted => (0, "accepted", 0),
        S::Unknown | S::Unconfirmed | S::NoReport => (400, "unknown", 1),
        S::Undelivered | S::Expired => (400, "failed", 2),
        S::Rejected => (400, "rejected", 5),
        S::Deleted | S::Failed | S::Cancelled => (400, "failed", 99),
    };
    Told { status, word, error }
}

pub(super) async fn record(State(api): State<Api>, Known { caller, fields }: Known) -> Response {
    let id = match api.counting(caller, required(&fields, "messageid")) {
        Ok(id) => id,
        Err(refusal) => return refuse(&refusal),
    };
    let Some(message) = MessageId::parse(id) else { return json_text("[]".to_owned()) };
    match api.desk().message(Scope::Account(caller.account), message).await {
        Ok(Some(detail)) => json_text(write_record(id, &detail)),
        Ok(None) => json_text("[]".to_owned()),
        Err(refusal) => refuse(&refusal),
    }
}

/// Writes the record by hand: its numbers are bare, and the price must not pass through a float.
fn write_record(id: &str, detail: &MessageDetail) -> String {
    let told = told(detail.state);
    format!(
        "[{{\"type\":\"dlr\",\"messageid\":{},\"to\":{},\"status\":0,\"drStatus\":{},\
         \"drStatuscode\":\"{}\",\"drErrcode\":\"{}\",\"price\":{},\"counts\":{}}}]",
        quoted(id),
        quoted(&detail.destination.text()),
        told.status,
        told.word,
        told.error,
        detail.price.decimal(),
        detail.parts,
    )
}
