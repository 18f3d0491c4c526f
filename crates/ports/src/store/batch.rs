//! A batch: everything that one commit changes.

use types::account::Account;
use types::charge::{Cost, Lot, Posting};
use types::form::Form;
use types::id::{AccountId, ConnectorId, EndpointId, LotId, RowKey};
use types::keyword::Keyword;
use types::message::{Door, Reason, State};
use types::network::NetworkFact;
use types::receipt::{Origin, PartOutcome, ReceiptState};
use types::time::Timestamp;

use super::contact::{ContactChange, ResourceRow};
use super::rows::{
    ConfigVersion, CredentialRow, EndpointRow, InboundNumberRow, KeywordReplyRow, OpenMessage, PersonRow,
    Progress, SessionRow,
};
use super::sender::SenderMemory;
use super::suppression::SuppressionRow;

/// How long an event stays known, milliseconds: 30 days from when it was told, or for a dead letter
/// from when it was made.
pub const TOLD_KEPT_MS: i64 = 30 * 86_400_000;

/// Everything that one commit changes. Rows are applied in the order of the fields.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// When the batch was decided.
    pub at: Timestamp,
    /// Wrapped data keys that rows of this batch use first.
    pub data_keys: Vec<DataKeyRow>,
    /// Accounts, credentials, people, documents.
    pub config: Vec<ConfigChange>,
    /// New submissions.
    pub submissions: Vec<SubmissionRow>,
    /// Idempotency keys; guard: unused.
    pub idempotency: Vec<IdempotencyRow>,
    /// Submissions that become visible with this batch (they were staged before).
    pub unstaged: Vec<RowKey>,
    /// Staged submissions that are given up, with all their messages.
    pub discarded: Vec<RowKey>,
    /// New messages with their bodies, in key order.
    pub messages: Vec<MessageRow>,
    /// New attempts: written ahead of the socket.
    pub attempts: Vec<AttemptRow>,
    /// Answers to parts of attempts.
    pub attempt_parts: Vec<AttemptPartRow>,
    /// Carrier ids by which receipts will be found.
    pub receipt_map: Vec<ReceiptMapRow>,
    /// Receipts that found their part.
    pub receipts: Vec<ReceiptRow>,
    /// Receipts that found nothing yet.
    pub parked: Vec<ParkedReceiptRow>,
    /// Parked receipts that found their part or lapsed.
    pub unparked: Vec<RowKey>,
    /// Messages that moved; guard: the version.
    pub changes: Vec<MessageChange>,
    /// Lots that were granted or moved; guard: never below the floor.
    pub lots: Vec<LotChange>,
    /// Ledger entries.
    pub postings: Vec<Posting>,
    /// Messages from phones.
    pub inbound: Vec<InboundRow>,
    /// Events to tell.
    pub outbox: Vec<OutboxRow>,
    /// Events that were told, at the time of the batch. Their rows stay for [`TOLD_KEPT_MS`]; an
    /// event that is named again keeps the first time.
    pub outbox_done: Vec<RowKey>,
    /// Events that there is nothing to tell of, at the time of the batch: what they were about is
    /// gone, or their endpoint's form has no such event. They wait no longer and never count as told;
    /// their rows stay for [`TOLD_KEPT_MS`]. What was told already does not change.
    pub outbox_moot: Vec<RowKey>,
    /// Events to tell again later, or [never](Timestamp::NEVER): a dead letter, which can be brought
    /// back with another time until [`TOLD_KEPT_MS`] after it was made. What was told already does
    /// not change.
    pub outbox_retry: Vec<OutboxRetry>,
    /// What happened, for the journal.
    pub journal: Vec<JournalEntry>,
}

impl Batch {
    /// Whether a commit would change nothing.
    pub fn is_empty(&self) -> bool {
        self.data_keys.is_empty()
            && self.config.is_empty()
            && self.submissions.is_empty()
            && self.idempotency.is_empty()
            && self.unstaged.is_empty()
            && self.discarded.is_empty()
            && self.messages.is_empty()
            && self.attempts.is_empty()
            && self.attempt_parts.is_empty()
            && self.receipt_map.is_empty()
            && self.receipts.is_empty()
            && self.parked.is_empty()
            && self.unparked.is_empty()
            && self.changes.is_empty()
            && self.lots.is_empty()
            && self.postings.is_empty()
            && self.inbound.is_empty()
            && self.outbox.is_empty()
            && self.outbox_done.is_empty()
            && self.outbox_moot.is_empty()
            && self.outbox_retry.is_empty()
            && self.journal.is_empty()
    }
}

/// A wrapped data key. Deleting the row shreds what it sealed, in backups too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataKeyRow {
    /// Its number.
    pub id: i64,
    /// The account whose data it seals; `None` for the platform's own.
    pub account: Option<AccountId>,
    /// The class of data: 0 messages, 1 secrets, 2 look-up hashes.
    pub class: u8,
    /// The period, as year × 100 + month; zero for keys without one.
    pub period: u32,
    /// The key, wrapped by the vault.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// One request as it came through a door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmissionRow {
    /// Its row key. Keys of its messages are not below it and lie within an hour of it; guard.
    pub key: RowKey,
    /// The random bits of its public id.
    pub tail: u64,
    /// Whose it is.
    pub account: AccountId,
    /// The door.
    pub door: Door,
    /// When it was read.
    pub received_at: Timestamp,
    /// How many messages it has.
    pub messages: u32,
    /// Not visible and not charged until a later batch names it in `unstaged`.
    pub staged: bool,
}

/// An idempotency key, committed with what it created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRow {
    /// Whose key.
    pub account: AccountId,
    /// Hash of the key.
    pub key_hash: [u8; 16],
    /// Hash of the request.
    pub fingerprint: [u8; 32],
    /// What the request created: the key of a submission or message, or the number of what else requests
    /// of its kind create.
    pub created: RowKey,
    /// Until when the key holds.
    pub expires_at: Timestamp,
}

/// A new message and its sealed body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// The message.
    pub message: OpenMessage,
    /// Its content, sealed by `app`.
    pub body: Box<[u8]>,
}

/// A change of a message's progress. `progress.version` is the new version; the guard is that the
/// stored one is `expected_version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageChange {
    /// The message.
    pub key: RowKey,
    /// The version that must be stored now.
    pub expected_version: u32,
    /// What replaces it.
    pub progress: Progress,
}

/// An attempt as begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// The message.
    pub message: RowKey,
    /// Counted from one.
    pub attempt: u8,
    /// The connector.
    pub connector: ConnectorId,
    /// Why this attempt was made: [`Reason::None`] for the first, else what the last one met.
    pub trigger: Reason,
    /// When it was written ahead.
    pub started_at: Timestamp,
    /// Parts of the whole message in this form, as the supplier counts them.
    pub parts: u8,
    /// The parts that this attempt sends, by number, when it completes an earlier one; empty for all.
    pub only_parts: Vec<u8>,
    /// How the content is put: with the content as sent, the user data of every part follows.
    pub form: Form,
    /// Network of the recipient when this attempt was made, if known.
    pub network: Option<NetworkFact>,
    /// What the supplier would ask for the parts that are sent; `None` when no rate is known. What is
    /// owed follows from the answers and receipts.
    pub cost: Option<Cost>,
    /// Version of the traffic document that chose, and of the connector's error table.
    pub traffic_version: u32,
    /// Place of the route in that document.
    pub route: u16,
    /// Connectors passed over and why: pairs of connector and [`types::message::Reason`] code.
    pub passed_over: Vec<(ConnectorId, u8)>,
    /// Addresses as sent when they are not the normal form of what was received, and the content when
    /// its characters are not those received; sealed by `app` with the message's data key. Empty when
    /// neither is so.
    pub sealed_sent: Vec<u8>,
}

impl AttemptRow {
    /// How many parts are bought.
    pub fn bought(&self) -> u8 {
        u8::try_from(self.only_parts.len()).ok().filter(|parts| *parts > 0).unwrap_or(self.parts)
    }

    /// How many requests the whole message makes in this form.
    pub const fn requests(&self) -> u8 {
        self.form.requests(self.parts)
    }
}

/// The answer to one part of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptPartRow {
    /// The message.
    pub message: RowKey,
    /// The attempt.
    pub attempt: u8,
    /// The answer.
    pub outcome: PartOutcome,
}

/// A carrier id by which receipts will be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptMapRow {
    /// Whose id it is.
    pub connector: ConnectorId,
    /// The id in its canonical notation.
    pub carrier_id: String,
    /// The message.
    pub message: RowKey,
    /// The attempt.
    pub attempt: u8,
    /// The part.
    pub part: u8,
}

/// A receipt that found its part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptRow {
    /// The message.
    pub message: RowKey,
    /// Orders receipts of a message; unique.
    pub key: RowKey,
    /// The attempt.
    pub attempt: u8,
    /// The part.
    pub part: u8,
    /// Who said so.
    pub origin: Origin,
    /// What it told.
    pub state: ReceiptState,
    /// Raw `stat`.
    pub stat: String,
    /// Raw `err`.
    pub error: String,
    /// The carrier's submit date, as written.
    pub submit_date: String,
    /// The carrier's done date, as written.
    pub done_date: String,
    /// The zone of both dates by the supplier's entry, as written there; empty when it says none.
    pub zone: String,
    /// Optional parameters as received, without those that may name a person; see
    /// [`types::receipt::part_tlvs`].
    pub tlvs: Vec<u8>,
    /// The version of the traffic document by which its words were understood.
    pub mapping_version: u32,
    /// When it was read.
    pub read_at: Timestamp,
    /// It came after the end it contradicts was told.
    pub contradicts: bool,
    /// Addresses as echoed and optional parameters that may name a person, sealed; empty when the
    /// addresses are those that were sent and there are no such parameters.
    pub sealed_echo: Vec<u8>,
}

/// A receipt whose carrier id is not known (yet).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedReceiptRow {
    /// Its row key.
    pub key: RowKey,
    /// The connector that it came from.
    pub connector: ConnectorId,
    /// The carrier's id, canonical notation.
    pub carrier_id: String,
    /// The data key of `sealed`.
    pub data_key: i64,
    /// The receipt, sealed by `app`.
    pub sealed: Vec<u8>,
    /// When it was read.
    pub read_at: Timestamp,
}

/// A lot that is granted or moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LotChange {
    /// The lot.
    pub lot: LotId,
    /// A new lot; its amounts start at zero and the deltas grant them.
    pub new: Option<Lot>,
    /// Added to what is available.
    pub available_delta: i64,
    /// Added to what is held.
    pub held_delta: i64,
    /// The least that may be available afterwards.
    pub floor_micros: i64,
}

/// A message from a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboundRow {
    /// Its row key.
    pub key: RowKey,
    /// The random bits of its public id.
    pub tail: u64,
    /// Whom it is for; `None` when nobody has the number.
    pub account: Option<AccountId>,
    /// The connector that it came from.
    pub connector: ConnectorId,
    /// When it was read.
    pub received_at: Timestamp,
    /// The data key of `sealed`.
    pub data_key: i64,
    /// Addresses and content, sealed by `app`.
    pub sealed: Vec<u8>,
}

/// What an event tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSubject {
    /// A message of the customer moved.
    Message {
        /// The state told.
        state: State,
        /// Why.
        reason: Reason,
        /// What the receipt told, if one did.
        receipt: Option<ReceiptState>,
        /// The customer's error code of the receipt, 0 for none.
        error: u16,
        /// How many events of this message came before.
        seq: u16,
    },
    /// A message from a phone came in.
    Inbound,
}

/// An event to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its row key; events of an endpoint are told in this order per message.
    pub key: RowKey,
    /// The random bits of its public id.
    pub tail: u64,
    /// Where to tell it.
    pub endpoint: EndpointId,
    /// The message or inbound message that it is about.
    pub about: RowKey,
    /// What it tells.
    pub subject: EventSubject,
    /// When it happened.
    pub at: Timestamp,
    /// Tries that failed so far.
    pub tries: u16,
    /// Not before this time; [`Timestamp::NEVER`] for a dead letter.
    pub next_at: Timestamp,
}

/// A try that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxRetry {
    /// The event.
    pub key: RowKey,
    /// Tries that failed so far.
    pub tries: u16,
    /// Not before this time; [`Timestamp::NEVER`] makes it a dead letter.
    pub next_at: Timestamp,
}

/// A change of accounts, people or documents.
#[derive(Clone, Debug)]
pub enum ConfigChange {
    /// A new or changed account.
    Account(Account),
    /// A new or changed credential; guard: the name is free or its own.
    Credential(CredentialRow),
    /// A new or changed endpoint; when it was made is written once.
    Endpoint(EndpointRow),
    /// A new or changed person; guard: the e-mail is free or its own.
    Person(PersonRow),
    /// A session begins.
    Session(SessionRow),
    /// A session ends.
    SessionEnd([u8; 32]),
    /// A new version of a document; guard: its number follows the newest.
    Document(ConfigVersion),
    /// A connector's name gets its number.
    Connector(ConnectorId, String),
    /// A new or changed number to which phones write; when it came is written once.
    InboundNumber(InboundNumberRow),
    /// What an account has phones answered that write a keyword.
    KeywordReply(KeywordReplyRow),
    /// Phones that write a keyword are answered nothing any more.
    KeywordReplyEnd(AccountId, Keyword),
    /// The content of a message is erased: as it was received, as it was sent, and what receipts repeat of it.
    /// Everything else of it stays. Nothing happens when there is no such content.
    ContentErased(AccountId, RowKey),
    /// As [`ConfigChange::ContentErased`], and the addresses of the message give way to these. Nothing happens
    /// when there is no such message.
    AddressesErased {
        /// Whose message.
        account: AccountId,
        /// The message.
        message: RowKey,
        /// What stands for its addresses from now on, sealed as they were.
        sealed: Vec<u8>,
    },
    /// A contact, or who is in a group.
    Contact(ContactChange),
    /// Something new or changed that an account has under a name; its tail, its kind and when it came are
    /// written once. Guard: nothing else of its kind and account has the name.
    Resource(ResourceRow),
    /// Something under a name goes; where it is a group, its contacts are in it no more, and where it is a
    /// pool, nobody remembers its senders. Nothing happens when it is not there.
    ResourceEnd(AccountId, RowKey),
    /// From which senders recipients heard by pools; what was remembered of them before gives way. A number
    /// stands under its pool at most once.
    SendersRemembered(Vec<SenderMemory>),
    /// From which senders these recipients heard is forgotten, by pools and hashes of numbers.
    SendersForgotten(Vec<(RowKey, i64)>),
    /// A recipient that an account must not message. One that is on the list within this scope already
    /// stays as it is.
    Suppression(SuppressionRow),
    /// A recipient may be messaged again; nothing happens when it is not on the list.
    SuppressionEnd {
        /// Whose list.
        account: AccountId,
        /// The scope of the entry.
        scope: String,
        /// The hash of the number.
        number_hash: i64,
    },
}

/// One step of one message, for the journal. No personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// The message.
    pub message: RowKey,
    /// The state before; the same as `to` when it did not move.
    pub from: State,
    /// The state after.
    pub to: State,
    /// Why.
    pub reason: Reason,
    /// The attempt that it is about; zero for none.
    pub attempt: u8,
}
