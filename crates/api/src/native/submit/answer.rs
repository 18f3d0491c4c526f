//! The answer to a submission: what was taken, or what it would cost.

use app::submission::{Accepted, AcceptedMessage};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::native::quiet::ClockView;
use crate::native::recipients::Recipient;
use crate::native::view::Amount;
use crate::once::marked;
use crate::problem::json_bytes;

/// A submission that is on stable storage.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "submission_id": "sub_01kq3v8w2rj5x7n4m6t9p0c1dc",
    "messages": [{
        "id": "msg_01kq3v8w2rj5x7n4m6t9p0c1db",
        "to": "447911123456",
        "state": "queued",
        "parts": 1,
        "price": {"amount": "0.05", "unit": "EUR"}
    }]
}))]
pub(crate) struct AcceptedBody {
    /// Its id.
    submission_id: String,
    /// The messages, in the order of the recipients.
    messages: Vec<AcceptedItem>,
    /// How many contacts of the group were left out because they are on the suppression list; only where a
    /// group was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<usize>,
}

/// One message that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AcceptedItem {
    /// Its id.
    id: String,
    /// The recipient, as you wrote it.
    to: String,
    /// `queued`, or `scheduled` for later.
    #[schema(value_type = String)]
    state: &'static str,
    /// Parts charged.
    parts: u32,
    /// What it costs.
    price: Amount,
    /// Not before, if it is scheduled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    send_at: Option<String>,
    /// What the recipient's clock had to do with that.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<ClockView>,
}

impl AcceptedItem {
    /// A message that was taken, with its recipient as the caller wrote it.
    pub(crate) fn of(message: &AcceptedMessage, to: &str) -> Self {
        Self {
            id: message.id.to_string(),
            to: to.to_owned(),
            state: message.state.as_str(),
            parts: message.parts,
            price: message.price.into(),
            send_at: message.send_at.map(|at| at.to_string()),
            clock: message.time.as_deref().map(ClockView::of),
        }
    }
}

/// What a submission would cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuoteBody {
    /// Always true: nothing was sent.
    dry_run: bool,
    /// The messages, in the order of the recipients.
    messages: Vec<QuoteItem>,
    /// How many contacts of the group would be left out because they are on the suppression list; only where
    /// a group was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<usize>,
}

/// What one message would cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuoteItem {
    /// The recipient, as you wrote it.
    to: String,
    /// Parts that would be charged.
    parts: u32,
    /// What it would cost.
    price: Amount,
    /// Not before, if it would be scheduled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    send_at: Option<String>,
    /// What the recipient's clock would have to do with that.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<ClockView>,
    /// The sender that it would get; only where a pool was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// The text that it would have; only where a signature is put.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl QuoteItem {
    /// A message that was priced, with its recipient as the caller wrote it.
    pub(crate) fn of(message: &AcceptedMessage, to: &str) -> Self {
        let preview = message.preview.as_ref();
        Self {
            to: to.to_owned(),
            parts: message.parts,
            price: message.price.into(),
            send_at: message.send_at.map(|at| at.to_string()),
            clock: message.time.as_deref().map(ClockView::of),
            from: preview.and_then(|preview| Some(preview.from.as_ref()?.text().into_owned())),
            text: preview.and_then(|preview| Some(preview.text.as_ref()?.expose().clone())),
        }
    }
}

pub(super) fn write_accepted<'a>(
    recipients: impl Iterator<Item = &'a str>,
    accepted: Accepted,
    left_out: Option<usize>,
) -> Response {
    let both = accepted.messages.iter().zip(recipients);
    let messages = both.map(|(message, to)| AcceptedItem::of(message, to)).collect();
    let body = AcceptedBody { submission_id: accepted.id.to_string(), messages, left_out };
    marked(json_bytes(StatusCode::ACCEPTED, &body), accepted.replayed)
}

pub(super) fn write_quote(recipients: &[Recipient], quoted: Accepted, left_out: Option<usize>) -> Response {
    let both = quoted.messages.iter().zip(recipients);
    let messages = both.map(|(message, recipient)| QuoteItem::of(message, &recipient.to));
    let messages = messages.collect();
    json_bytes(StatusCode::OK, &QuoteBody { dry_run: true, messages, left_out })
}
