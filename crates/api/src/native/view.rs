//! What the native API shows: documents with decimal strings for money and RFC 3339 for times.
//!
//! Nothing here tells a customer which supplier or connector carried a message.

use app::detail::{AttemptDetail, Because, InboundDetail, MessageDetail, PartAnswer, ReceiptDetail};
use serde::Serialize;
use types::keyword::Keyword;
use types::message::{Content, Flags, Pause};
use types::money::Money;
use utoipa::ToSchema;

use crate::native::quiet::ClockView;

/// An amount with its unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({"amount": "0.05", "unit": "EUR"}))]
pub(crate) struct Amount {
    /// A decimal string with two to six decimals.
    pub(crate) amount: String,
    /// A currency (ISO 4217) or a credit unit of the operator.
    pub(crate) unit: String,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self { amount: money.decimal(), unit: money.unit.as_str().to_owned() }
    }
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "msg_01kq3v8w2rj5x7n4m6t9p0c1db",
    "submission_id": "sub_01kq3v8w2rj5x7n4m6t9p0c1dc",
    "state": "delivered",
    "reason": "receipt",
    "from": "ACME",
    "to": "447911123456",
    "client_reference": "order-4711",
    "class": "transactional",
    "traffic_type": null,
    "country": "GB",
    "network": "23410",
    "parts": 1,
    "price": {"amount": "0.05", "unit": "EUR"},
    "charge": "charged",
    "possible_duplicate": false,
    "contradicted": false,
    "test": false,
    "paused": null,
    "error": null,
    "received_at": "2026-11-22T10:00:00.000Z",
    "accepted_at": "2026-11-22T10:00:00.004Z",
    "send_at": null,
    "clock": null,
    "expires_at": "2026-11-24T10:00:00.000Z",
    "submitted_at": "2026-11-22T10:00:00.051Z",
    "final_at": "2026-11-22T10:00:01.204Z",
    "attempt_count": 1
}))]
pub(crate) struct MessageView {
    /// Its id.
    id: String,
    /// The submission that it came with.
    submission_id: String,
    /// What has become of it.
    #[schema(value_type = String)]
    state: &'static str,
    /// Why, in one word.
    #[schema(value_type = String)]
    reason: &'static str,
    /// The sender, as you wrote it.
    from: String,
    /// The recipient, as you wrote it.
    to: String,
    /// Your own reference.
    client_reference: Option<String>,
    /// `one_time`, `transactional` or `bulk`.
    #[schema(value_type = String)]
    class: &'static str,
    /// The operator's own word for this kind of traffic.
    traffic_type: Option<String>,
    /// The recipient's country, ISO 3166-1 alpha-2.
    country: String,
    /// The recipient's network when it was priced, MCC and MNC.
    network: Option<String>,
    /// Parts charged.
    parts: u32,
    /// What it costs.
    price: Amount,
    /// What became of the money: `none`, `held`, `charged`, `released` or `refunded`.
    #[schema(value_type = String)]
    charge: &'static str,
    /// It may have been sent twice.
    possible_duplicate: bool,
    /// A later receipt contradicted the end that was told.
    contradicted: bool,
    /// Test traffic, never sent to a real carrier.
    test: bool,
    /// Why it is not sent by itself and waits for a person of the operator: `quarantined` (working on it
    /// crashed twice) or `restored` (it comes from a backup). Its validity ends it all the same.
    paused: Option<&'static str>,
    /// The error of the receipt that ended it, as the carrier wrote it.
    error: Option<String>,
    /// Read at the door.
    #[schema(format = DateTime)]
    received_at: String,
    /// On stable storage.
    #[schema(format = DateTime)]
    accepted_at: String,
    /// Not sent before.
    #[schema(format = DateTime)]
    send_at: Option<String>,
    /// What the clock where the recipient is had to do with that; null for nothing.
    clock: Option<ClockView>,
    /// Not sent after.
    #[schema(format = DateTime)]
    expires_at: String,
    /// First taken by a carrier.
    #[schema(format = DateTime)]
    submitted_at: Option<String>,
    /// Ended.
    #[schema(format = DateTime)]
    final_at: Option<String>,
    /// How many attempts were made.
    attempt_count: u8,
    /// The text; only when a single message is asked for, and until it is erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The attempts; only when a single message is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<Vec<AttemptView>>,
    /// Events that you were not told yet; only when a single message is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_events: Option<usize>,
}

impl MessageView {
    /// A message as a list shows it.
    pub(crate) fn brief(detail: &MessageDetail) -> Self {
        Self {
            id: detail.id.to_string(),
            submission_id: detail.submission.to_string(),
            state: detail.state.as_str(),
            reason: detail.reason.as_str(),
            from: detail.source.text().into_owned(),
            to: detail.destination.text().into_owned(),
            client_reference: detail.client_reference.clone(),
            class: detail.class.as_str(),
            traffic_type: filled(&detail.traffic_type),
            country: detail.country.as_str().to_owned(),
            network: detail.network.map(|network| network.plmn.to_string()),
            parts: detail.parts,
            price: detail.price.into(),
            charge: detail.charge.as_str(),
            possible_duplicate: detail.flags.contains(Flags::POSSIBLE_DUPLICATE),
            contradicted: detail.flags.contains(Flags::CONTRADICTED),
            test: detail.flags.contains(Flags::TEST),
            paused: detail.flags.pause().filter(|_| !detail.state.is_final()).map(Pause::as_str),
            error: filled(&detail.receipt_error),
            received_at: detail.received_at.to_string(),
            accepted_at: detail.accepted_at.to_string(),
            send_at: detail.send_at.map(|time| time.to_string()),
            clock: detail.time.as_ref().map(ClockView::of),
            expires_at: detail.expires_at.to_string(),
            submitted_at: detail.submitted_at.map(|time| time.to_string()),
            final_at: detail.final_at.map(|time| time.to_string()),
            attempt_count: detail.attempts_made,
            text: None,
            attempts: None,
            pending_events: None,
        }
    }

    /// A message with its text and attempts.
    pub(crate) fn full(detail: &MessageDetail) -> Self {
        let text = match &detail.content {
            Some(Content::Text(text)) => Some(text.clone()),
            Some(Content::Octets(_)) | None => None,
        };
        let attempts = detail.attempts.iter().map(AttemptView::from).collect();
        Self {
            text,
            attempts: Some(attempts),
            pending_events: Some(detail.pending_events),
            ..Self::brief(detail)
        }
    }
}

fn filled(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// One attempt to hand a message to a carrier.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AttemptView {
    /// Counted from one.
    number: u8,
    /// What the attempt before met; `none` for the first.
    #[schema(value_type = String)]
    trigger: &'static str,
    /// When it was recorded, before anything was sent.
    #[schema(format = DateTime)]
    started_at: String,
    /// Parts sent.
    parts: u8,
    /// What the carrier answered to each part.
    answers: Vec<AnswerView>,
    /// Receipts.
    receipts: Vec<ReceiptView>,
}

impl From<&AttemptDetail> for AttemptView {
    fn from(attempt: &AttemptDetail) -> Self {
        Self {
            number: attempt.number,
            trigger: attempt.trigger.as_str(),
            started_at: attempt.started_at.to_string(),
            parts: attempt.parts,
            answers: attempt.answers.iter().map(AnswerView::from).collect(),
            receipts: attempt.receipts.iter().map(ReceiptView::from).collect(),
        }
    }
}

/// A carrier's answer to one part.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnswerView {
    /// The part, counted from one.
    part: u8,
    /// What it meant: `accepted`, `throttled`, `transient`, `permanent`, `reroute` or `unknown`.
    #[schema(value_type = String)]
    verdict: &'static str,
    /// The carrier's status, raw; zero for success or when none came.
    status: u32,
    /// When it was read.
    #[schema(format = DateTime)]
    answered_at: String,
}

impl From<&PartAnswer> for AnswerView {
    fn from(answer: &PartAnswer) -> Self {
        Self {
            part: answer.part,
            verdict: answer.verdict.as_str(),
            status: answer.status,
            answered_at: answer.answered_at.to_string(),
        }
    }
}

/// A receipt for one part.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptView {
    /// The part, counted from one.
    part: u8,
    /// Who said so: `carrier`, `intermediate`, `platform` or `staff`.
    #[schema(value_type = String)]
    origin: &'static str,
    /// What it told.
    #[schema(value_type = String)]
    state: &'static str,
    /// The raw `stat` of the receipt.
    stat: String,
    /// The raw `err` of the receipt.
    error: String,
    /// When it was read.
    #[schema(format = DateTime)]
    read_at: String,
    /// Whether it contradicts the end that was told before.
    contradicts: bool,
}

impl From<&ReceiptDetail> for ReceiptView {
    fn from(receipt: &ReceiptDetail) -> Self {
        Self {
            part: receipt.part,
            origin: receipt.origin.as_str(),
            state: receipt.state.as_str(),
            stat: receipt.stat.clone(),
            error: receipt.error.clone(),
            read_at: receipt.read_at.to_string(),
            contradicts: receipt.contradicts,
        }
    }
}

/// A page of messages, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessagePage {
    /// The messages.
    pub(crate) items: Vec<MessageView>,
    /// Give it as `cursor` to read on; null at the end.
    pub(crate) next_cursor: Option<String>,
}

/// A message from a phone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InboundView {
    /// Its id.
    id: String,
    /// The phone.
    from: String,
    /// The number or short code that it wrote to.
    to: String,
    /// The text.
    text: String,
    /// `stop`, `start` or `help` when the text is such a word in any language; null for every other text.
    #[schema(value_type = Option<String>)]
    keyword: Option<&'static str>,
    /// When it was read.
    #[schema(format = DateTime)]
    received_at: String,
}

impl From<&InboundDetail> for InboundView {
    fn from(detail: &InboundDetail) -> Self {
        Self {
            id: detail.id.to_string(),
            from: detail.source.text().into_owned(),
            to: detail.destination.text().into_owned(),
            text: detail.text.expose().clone(),
            keyword: detail.keyword.map(Keyword::as_str),
            received_at: detail.received_at.to_string(),
        }
    }
}

/// A page of messages from phones, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InboundPage {
    /// The messages.
    pub(crate) items: Vec<InboundView>,
    /// Give it as `cursor` to read on; null at the end.
    pub(crate) next_cursor: Option<String>,
}

/// Why a message was treated as it was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExplainView {
    /// The message.
    message: MessageView,
    /// What happened and why, in order.
    because: Vec<BecauseView>,
}

impl ExplainView {
    pub(crate) fn new(detail: &MessageDetail, because: &[Because]) -> Self {
        Self {
            message: MessageView::full(detail),
            because: because.iter().map(|sentence| BecauseView::new(detail, sentence)).collect(),
        }
    }
}

/// One sentence of an explanation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BecauseView {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// `admission`, `price`, `route`, `attempt`, `answer`, `receipt`, `charge`, `end` or `report`.
    #[schema(value_type = String)]
    stage: &'static str,
    /// The sentence.
    text: String,
    /// What it was decided from.
    facts: Vec<FactView>,
}

/// A fact that a decision saw.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FactView {
    /// Its name.
    #[schema(value_type = String)]
    name: &'static str,
    /// Its value.
    value: String,
}

impl BecauseView {
    fn new(detail: &MessageDetail, sentence: &Because) -> Self {
        let shown = sentence.for_customer(detail);
        let facts = shown.facts.into_iter();
        Self {
            at: shown.at.to_string(),
            stage: shown.stage,
            text: shown.text,
            facts: facts.map(|(name, value)| FactView { name, value }).collect(),
        }
    }
}
