//! A channel: one running link (or bundle of links) of a connector to a supplier.
//!
//! The contract. A channel owns its sockets. It tells how much it can take by
//! [`ChannelEvent::Credit`]; the core never hands over more than that. For every [`Dispatch`] it
//! took it reports exactly one [`PartOutcome`] per part, also when the link breaks or time runs
//! out ([`types::receipt::Verdict::Unknown`] once octets may have left, `Transient` when none did).
//! A panic while it puts one message into its form is told as `Crashed`, nothing of that part leaves, and
//! every other message goes on as if nothing had been.
//! It never repeats a part by itself, never drops a receipt, and decides nothing: codes are mapped
//! by its error table only. It writes a message in the form and with the addresses that the dispatch
//! names, because those are on record, or answers `Reroute` and writes nothing. A late answer to a part already reported as unknown is reported again.

use std::sync::Arc;

use types::address::{Address, Addressing};
use types::form::{Form, Manner};
use types::id::{ConnectorId, RowKey};
use types::message::{Class, Content};
use types::receipt::{InboundNotice, PartOutcome, ReceiptNotice, ReceiptState};
use types::time::Timestamp;

use crate::BoxFuture;

pub use types::form::{CarrierAlphabet, Joining};

/// Which attempt of which message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptRef {
    /// The message.
    pub message: RowKey,
    /// The attempt, counted from one.
    pub attempt: u8,
}

/// One message for one attempt on one connector. Content is what the customer sent; the channel
/// encodes and splits it with [`types::form::user_data`].
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// Which attempt.
    pub attempt: AttemptRef,
    /// Send only these parts (counted from one); empty for all. Set when failed parts are repeated.
    pub only_parts: Vec<u8>,
    /// The sender as it is sent.
    pub source: Address,
    /// The recipient as it is sent.
    pub destination: Address,
    /// What to say.
    pub content: Arc<Content>,
    /// How to put it.
    pub form: Form,
    /// How many requests the whole message makes in this form, 1 to 255.
    pub requests: u8,
    /// Its class; a channel writes one-time codes first.
    pub class: Class,
    /// When it stops being worth sending.
    pub expires_at: Timestamp,
    /// Public id, for links that carry a reference of ours.
    pub public_id: types::id::MessageId,
}

/// What a channel tells the core.
#[derive(Clone, Debug)]
pub enum ChannelEvent {
    /// The channel can take this many more messages than it said before. What it has said stands while
    /// its links are down.
    Credit(u32),
    /// The answer to one part.
    Outcome {
        /// Which attempt.
        attempt: AttemptRef,
        /// The answer.
        outcome: PartOutcome,
        /// How many parts the attempt has.
        parts: u8,
    },
    /// A receipt.
    Receipt(ReceiptNotice),
    /// What the carrier says of a message that was asked for by [`Channel::query`].
    QueryAnswer {
        /// Which attempt.
        attempt: AttemptRef,
        /// The state, or `None` when the carrier does not know the message.
        state: Option<ReceiptState>,
    },
    /// A message from a phone.
    Inbound(InboundNotice),
    /// The link went up, down, or changed its rate.
    Status(ConnectorStatus),
}

/// How a connector is doing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ConnectorStatus {
    /// Links that are up; none when those that are up cannot send.
    pub links_up: u32,
    /// Links that are configured.
    pub links: u32,
    /// Messages that may be outstanding at once.
    pub window: u32,
    /// Messages outstanding now.
    pub window_used: u32,
    /// The pace now, messages per second; zero for unpaced.
    pub rate_per_second: u32,
    /// Why the last link went down, without personal data or secrets; empty when none did.
    pub last_error: String,
    /// The peer turned out to be this installation itself: the system id that was bound.
    pub bound_to_self: Option<String>,
    /// Answers of the peer that fitted no open request, since the channel was opened. Told with the
    /// next change, and at every power of two.
    pub odd_answers: u64,
    /// Receipts that contradicted themselves, likewise.
    pub disagreeing_receipts: u64,
}

/// Where a channel tells its events. The call waits while the core's queue is full. For receipts and
/// messages from phones it returns when they are on stable storage: only then may they be
/// acknowledged to the carrier.
pub trait ChannelSink: Send + Sync {
    /// Tells events of one connector, in order.
    fn tell(&self, connector: ConnectorId, events: Vec<ChannelEvent>) -> BoxFuture<'_, ()>;
}

/// What a channel can carry; fixed while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// In which form it takes messages.
    pub manner: Manner,
    /// How it asks addresses to be stated.
    pub addressing: Addressing,
    /// Whether the supplier sends receipts.
    pub receipts: bool,
    /// Whether the supplier can be asked what became of a message, by the id that it gave. What it never
    /// answered has no id and cannot be asked about.
    pub query: bool,
    /// Whether messages go to real people. False for simulated carriers.
    pub real: bool,
}

/// A running channel.
pub trait Channel: Send + Sync {
    /// What it can carry.
    fn capabilities(&self) -> Capabilities;

    /// Hands messages over. Never blocks: the credit given before covers them.
    ///
    /// # Errors
    /// Gives back what it can no longer take (it is shutting down, or more than its credit).
    fn send(&self, batch: Vec<Dispatch>) -> Result<(), Vec<Dispatch>>;

    /// Asks the supplier what became of an attempt, by the id that it gave. A state comes as a receipt,
    /// "no such message" as [`ChannelEvent::QueryAnswer`]; nothing comes when it does not say.
    fn query(&self, attempt: AttemptRef, carrier_id: &str, source: &Address);

    /// Tries at once to bring up links that wait for their next try or were given up. Nothing to do
    /// for a channel without links.
    fn knock(&self) {}

    /// Stops taking messages, waits for outstanding answers up to the deadline, takes leave of the
    /// peer and closes. Parts without an answer are reported as unknown.
    fn drain(&self, deadline_ms: u64) -> BoxFuture<'_, ()>;
}

/// Makes channels of the types that are built in.
pub trait ChannelFactory: Send + Sync {
    /// Names of the types, for help texts and errors.
    fn kinds(&self) -> Vec<&'static str>;

    /// Checks a connector's options without opening anything.
    ///
    /// # Errors
    /// A sentence that names the key and says what to write instead.
    fn check(&self, config: &types::catalog::Connector) -> Result<Capabilities, String>;

    /// Opens a channel; links come up in the background.
    ///
    /// # Errors
    /// As [`ChannelFactory::check`].
    fn open(
        &self,
        id: ConnectorId,
        config: &types::catalog::Connector,
        sink: Arc<dyn ChannelSink>,
    ) -> Result<Arc<dyn Channel>, String>;
}
