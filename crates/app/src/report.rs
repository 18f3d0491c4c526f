//! Events on their way to customers, and the binds that take them.

use std::sync::Arc;

use ports::courier::Call;
use types::Sensitive;
use types::account::Endpoint;
use types::address::Address;
use types::id::{EventId, InboundId, MessageId, PublicId, RowKey};
use types::keyword::Keyword;
use types::message::{Flags, OctetContent, Reason, State};
use types::money::Money;
use types::network::NetworkFact;
use types::receipt::ReceiptState;
use types::time::Timestamp;

use crate::submission::Submission;

/// An event, ready to be written in whatever form its endpoint wants.
#[derive(Clone, Debug)]
pub struct Report {
    /// The event's id (`webhook-id`); its key is what [`crate::Core::report_done`] takes.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// What it tells.
    pub body: ReportBody,
}

/// What an event tells.
#[derive(Clone, Debug)]
pub enum ReportBody {
    /// A message moved.
    Message(Box<MessageReport>),
    /// A phone wrote.
    Inbound(Box<InboundReport>),
}

/// A message moved: the full current state, so that a listener that hears out of order can drop
/// what is older.
#[derive(Clone, Debug)]
pub struct MessageReport {
    /// The message.
    pub message: MessageId,
    /// How many events of this message came before.
    pub seq: u16,
    /// The state told.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// What the receipt told, if one did.
    pub receipt: Option<ReceiptState>,
    /// The error code of the receipt, for customers; zero for none.
    pub error: u16,
    /// Marks, e.g. a possible duplicate.
    pub flags: Flags,
    /// The sender as the customer wrote it.
    pub source: Address,
    /// The recipient as the customer wrote it.
    pub destination: Address,
    /// The customer's own reference.
    pub client_reference: Option<String>,
    /// Parts sold.
    pub parts: u32,
    /// What it costs.
    pub price: Money,
    /// Network at rating.
    pub network: Option<NetworkFact>,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it ended.
    pub final_at: Option<Timestamp>,
}

/// A phone wrote.
#[derive(Clone, Debug)]
pub struct InboundReport {
    /// The inbound message.
    pub id: InboundId,
    /// The phone.
    pub source: Address,
    /// What it wrote to.
    pub destination: Address,
    /// The content as received.
    pub content: OctetContent,
    /// The text, decoded.
    pub text: Sensitive<String>,
    /// What it means, when it is a keyword.
    pub keyword: Option<Keyword>,
}

/// A bind of a customer that can take reports. Called from the core's thread: must not block.
pub trait BindSink: Send + Sync {
    /// Offers a report. The bind answers later through [`crate::Core::report_done`].
    ///
    /// # Errors
    /// Gives the report back when its window is full or it is closing; it is offered again after
    /// [`crate::Core::bind_ready`].
    fn offer(&self, report: Arc<Report>) -> Result<(), Arc<Report>>;
}

/// How telling an event went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The customer has it.
    Done,
    /// Not now; try again: at another bind at once when its own has gone, else after a while.
    Later,
    /// The customer refused it for good.
    Refused,
}

/// One answer about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportResult {
    /// The event's key.
    pub event: RowKey,
    /// How it went.
    pub told: Told,
}

/// Whose event is told: for forms that name the account, or prove by one of its API keys who calls.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The account's public id.
    pub sid: PublicId,
    /// The first of its API keys that is still good; `None` when it has none.
    pub key: Option<OwnerKey>,
}

/// An API key that signs what its account is told.
#[derive(Clone, Debug)]
pub struct OwnerKey {
    /// The key.
    pub name: String,
    /// Its secret.
    pub secret: Sensitive<String>,
}

/// Writes a report as the HTTP call that an endpoint of its kind expects. The native webhook and
/// each dialect bring one.
pub trait Renderer: Send + Sync {
    /// The kind of endpoint that it writes for.
    fn kind(&self) -> types::account::EndpointKind;

    /// Writes the call; `None` when this form has no such event: the customer is then not told, and it
    /// is not kept as told.
    fn render(&self, endpoint: &Endpoint, report: &Report, now: Timestamp) -> Option<Call>;

    /// Completes a call by what says and proves whose event it tells; for forms that are signed with an API
    /// key rather than with the secret of their endpoint.
    fn prove(&self, call: Call, _owner: &Owner, _now: Timestamp) -> Call {
        call
    }

    /// What the customer wants sent, by the body of the answer with which it took an event. It is handed in
    /// once for each event, under the key that the submission carries.
    fn reply(
        &self,
        _endpoint: &Endpoint,
        _report: &Report,
        _answer: &[u8],
        _now: Timestamp,
    ) -> Option<Submission> {
        None
    }

    /// Writes the call of an event that tells nothing, for an owner who tries an endpoint out; `None` when
    /// this form has no such event.
    fn render_test(&self, _endpoint: &Endpoint, _id: EventId, _now: Timestamp) -> Option<Call> {
        None
    }
}
