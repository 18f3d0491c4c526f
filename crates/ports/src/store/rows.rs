//! Rows as they are read back: what `app` and the doors ask the store for.

use types::account::{Account, CredentialKind, EndpointKind};
use types::charge::{ChargeState, ChargeTrigger, LevelPrice, Lot, LotShare, PostingKind, Price};
use types::id::{
    AccountId, CommitSeq, ConnectorId, CredentialId, EndpointId, LotId, PersonId, PublicId, RowKey,
};
use types::inbound::{InboundNumber, NumberRoute};
use types::keyword::Keyword;
use types::message::{Class, Door, Flags, Reason, ReportWish, State};
use types::money::Unit;
use types::network::{Country, NetworkFact};
use types::receipt::Verdict;
use types::region::Region;
use types::role::Role;
use types::time::Timestamp;

use super::{DataKeyRow, JournalEntry, ReceiptRow, ResourceRow, SubmissionRow};

/// What a message was admitted as; it never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageFacts {
    /// Its row key.
    pub key: RowKey,
    /// The random bits of its public id.
    pub tail: u64,
    /// The submission that it came with.
    pub submission: RowKey,
    /// Its place in the submission, from zero.
    pub index: u32,
    /// Whose it is.
    pub account: AccountId,
    /// The door that it came through.
    pub door: Door,
    /// Its class.
    pub class: Class,
    /// The operator's own traffic type; empty for none.
    pub traffic_type: Box<str>,
    /// Country of the recipient.
    pub country: Country,
    /// Network of the recipient at rating, if known.
    pub network: Option<NetworkFact>,
    /// Keyed hash of the recipient, for look-ups and matching.
    pub recipient_hash: i64,
    /// Keyed hash of the content; it survives erasure.
    pub content_hash: i64,
    /// What it costs.
    pub price: Price,
    /// What it costs the accounts above, the nearest first; empty for the operator's own customers.
    pub levels: Box<[LevelPrice]>,
    /// The lot that pays; the first of `shares` where several do.
    pub lot: LotId,
    /// What each lot pays, in spending order, when one alone did not cover the price; they add up to
    /// it and have its unit. Empty when `lot` pays all.
    pub shares: Box<[LotShare]>,
    /// What makes the hold a charge.
    pub trigger: ChargeTrigger,
    /// When it was read at the door.
    pub received_at: Timestamp,
    /// When it was admitted.
    pub accepted_at: Timestamp,
    /// Not before this time, if it was scheduled.
    pub send_at: Option<Timestamp>,
    /// When it stops being worth sending.
    pub expires_at: Timestamp,
    /// What its sender wants to hear.
    pub report: ReportWish,
    /// The region of its data.
    pub region: Region,
    /// Version of the profile that decided.
    pub profile_version: u32,
    /// Version of the traffic document that decided.
    pub traffic_version: u32,
    /// The data key of `sealed` and of the body.
    pub data_key: i64,
    /// Addresses as received and as numbers, and the client's reference, sealed by `app`.
    pub sealed: Box<[u8]>,
}

/// How far a message has come; every change raises the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Counts changes; the guard against two writers.
    pub version: u32,
    /// What has become of it.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// Marks.
    pub flags: Flags,
    /// The one money event.
    pub charge: ChargeState,
    /// Attempts made so far.
    pub attempts: u8,
    /// Events told or queued to be told to the customer so far.
    pub events: u16,
    /// The connector of the latest attempt.
    pub connector: Option<ConnectorId>,
    /// When something is due: the next try, the end of patience or of the horizon.
    pub due_at: Timestamp,
    /// When a carrier took it first.
    pub submitted_at: Option<Timestamp>,
    /// When it ended.
    pub final_at: Option<Timestamp>,
}

/// A message without its body, open or final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenMessage {
    /// What it was admitted as.
    pub facts: MessageFacts,
    /// How far it has come.
    pub progress: Progress,
}

/// A part of an attempt as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptPartView {
    /// The part, from one.
    pub part: u8,
    /// What the answer meant.
    pub verdict: Verdict,
    /// The raw status.
    pub status: u32,
    /// The carrier's id.
    pub carrier_id: Option<String>,
    /// When it was written to the socket.
    pub written_at: Timestamp,
    /// When the answer was read.
    pub answered_at: Timestamp,
}

/// An attempt as recorded, with its parts and receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptView {
    /// The attempt as begun.
    pub row: super::AttemptRow,
    /// Answers so far, by part, then in the order in which they came.
    pub parts: Vec<AttemptPartView>,
    /// Receipts so far, in the order in which they came.
    pub receipts: Vec<ReceiptRow>,
}

/// Everything about a message that a page or an answer may show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageView {
    /// The message.
    pub message: OpenMessage,
    /// Its submission.
    pub submission: SubmissionRow,
    /// The sealed body, unless erased or not asked for.
    pub body: Option<Vec<u8>>,
    /// Attempts, oldest first; empty in lists.
    pub attempts: Vec<AttemptView>,
    /// Events about it, oldest first, until [`super::TOLD_KEPT_MS`] after they were told; empty in
    /// lists.
    pub outbox: Vec<EventView>,
}

/// An event as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventView {
    /// The event. Once it has ended, `next_at` is when that was.
    pub row: super::OutboxRow,
    /// How it ended; `None` while it waits, and for a dead letter.
    pub end: Option<EventEnd>,
}

/// How an event ended, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventEnd {
    /// The customer has it.
    Told(Timestamp),
    /// There was nothing to tell; see [`super::Batch::outbox_moot`].
    Moot(Timestamp),
}

impl EventView {
    /// When it was told, if it was.
    pub const fn told_at(&self) -> Option<Timestamp> {
        match self.end {
            Some(EventEnd::Told(at)) => Some(at),
            Some(EventEnd::Moot(_)) | None => None,
        }
    }
}

/// A part of an attempt that carries a carrier id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptTarget {
    /// The message.
    pub message: RowKey,
    /// The attempt.
    pub attempt: u8,
    /// The part.
    pub part: u8,
}

/// A request that was answered under an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyHit {
    /// Hash of the request.
    pub fingerprint: [u8; 32],
    /// What it created; see [`super::IdempotencyRow::created`].
    pub created: RowKey,
}

/// An account's way in, with its secret sealed by `app`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRow {
    /// Its number.
    pub id: CredentialId,
    /// Whose it is.
    pub account: AccountId,
    /// What it opens.
    pub kind: CredentialKind,
    /// Key or system id, unique per kind.
    pub name: String,
    /// The data key of `sealed_secret`.
    pub data_key: i64,
    /// The secret.
    pub sealed_secret: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// Where events are told, with address and secret sealed by `app`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointRow {
    /// Its number.
    pub id: EndpointId,
    /// Whose it is.
    pub account: AccountId,
    /// How events are told.
    pub kind: EndpointKind,
    /// Keyed hash of the address; one row per account, kind and address.
    pub url_hash: i64,
    /// The data key of `sealed`.
    pub data_key: i64,
    /// Address and secret.
    pub sealed: Vec<u8>,
    /// Whether it was switched off.
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What an account has phones answered that write a keyword.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeywordReplyRow {
    /// The account.
    pub account: AccountId,
    /// What the phone means.
    pub keyword: Keyword,
    /// The answer.
    pub text: String,
}

/// A number or short code of the operator to which phones write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboundNumberRow {
    /// The number.
    pub number: InboundNumber,
    /// Who holds it; `None` for nobody.
    pub account: Option<AccountId>,
    /// Where goes what is written to it.
    pub route: NumberRoute,
    /// The address, where the route names one.
    pub endpoint: Option<EndpointId>,
    /// When it came into the inventory.
    pub added_at: Timestamp,
    /// Since when somebody holds it.
    pub assigned_at: Option<Timestamp>,
}

/// A person who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRow {
    /// The number.
    pub id: PersonId,
    /// The account of a user; `None` for staff.
    pub account: Option<AccountId>,
    /// E-mail address, lower case, unique.
    pub email: String,
    /// What the person may do.
    pub role: Role,
    /// Argon2id hash in PHC form.
    pub password_hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether signing in is refused.
    pub disabled: bool,
}

/// A signed-in session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// SHA-256 of the token in the cookie.
    pub token_hash: [u8; 32],
    /// Who signed in.
    pub person: PersonId,
    /// When.
    pub created_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// Which configuration document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConfigKind {
    /// [`types::catalog::TrafficDocument`].
    Traffic,
    /// A list of [`types::catalog::PriceBook`].
    Prices,
    /// [`types::profile::Profile`].
    Profile,
}

impl ConfigKind {
    /// The number in the store.
    pub const fn code(self) -> u8 {
        match self {
            Self::Traffic => 0,
            Self::Prices => 1,
            Self::Profile => 2,
        }
    }
}

/// One version of a configuration document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigVersion {
    /// Which document.
    pub kind: ConfigKind,
    /// Counted from one.
    pub number: u32,
    /// JSON.
    pub document: String,
    /// Who changed it, e.g. `cli` or a person's e-mail.
    pub author: String,
    /// What for.
    pub comment: String,
    /// When.
    pub created_at: Timestamp,
}

/// Everything that steers decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredState {
    /// The latest commit; zero for an empty store.
    pub last_commit: CommitSeq,
    /// The highest row key in use, zero for an empty store.
    pub last_key: RowKey,
    /// Accounts.
    pub accounts: Vec<Account>,
    /// Credentials.
    pub credentials: Vec<CredentialRow>,
    /// Endpoints.
    pub endpoints: Vec<EndpointRow>,
    /// Lots with value left or held.
    pub lots: Vec<Lot>,
    /// The newest version of each configuration document.
    pub configs: Vec<ConfigVersion>,
    /// Numbers of connectors by name, past ones included.
    pub connectors: Vec<(ConnectorId, String)>,
    /// Wrapped data keys.
    pub data_keys: Vec<DataKeyRow>,
    /// Endpoints that have events that were not told, with how many; dead letters included.
    pub outbox_pending: Vec<(EndpointId, u64)>,
    /// What phones are answered that write a keyword, by account and keyword.
    pub keyword_replies: Vec<KeywordReplyRow>,
    /// Numbers to which phones write, in their order.
    pub inbound_numbers: Vec<InboundNumberRow>,
    /// What accounts have set up under names, in the order of their keys.
    pub resources: Vec<ResourceRow>,
    /// How many receipts are parked.
    pub parked: i64,
    /// The highest number given to an account, credential, endpoint, lot, person.
    pub last_numbers: [i64; 5],
}

/// A ledger entry as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostingView {
    /// Its number.
    pub id: i64,
    /// The commit that wrote it.
    pub commit: CommitSeq,
    /// When.
    pub at: Timestamp,
    /// The lot.
    pub lot: LotId,
    /// What for.
    pub kind: PostingKind,
    /// Micro-units.
    pub amount_micros: i64,
    /// The lot's unit.
    pub unit: Unit,
    /// How many messages it sums up.
    pub messages: u32,
    /// The policy's number.
    pub policy: u32,
}

/// The ledger of one unit, for the proof that it balances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerSum {
    /// The unit.
    pub unit: Unit,
    /// Sum over the lots of what is available.
    pub available_micros: i64,
    /// Sum over the lots of what is held.
    pub held_micros: i64,
    /// What the postings say should be available.
    pub posted_available_micros: i64,
    /// What the postings say should be held.
    pub posted_held_micros: i64,
    /// What the open messages say is held.
    pub message_held_micros: i64,
    /// Charged and not refunded, by the postings.
    pub posted_charged_micros: i64,
    /// Charged and not refunded, by the messages.
    pub message_charged_micros: i64,
}

impl LedgerSum {
    /// How far the ledger is off; zero when it balances.
    pub const fn imbalance_micros(&self) -> i64 {
        (self.available_micros - self.posted_available_micros).saturating_abs()
            + (self.held_micros - self.posted_held_micros).saturating_abs()
            + (self.held_micros - self.message_held_micros).saturating_abs()
            + (self.posted_charged_micros - self.message_charged_micros).saturating_abs()
    }
}

/// Journal entries of one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchJournal {
    /// The commit.
    pub seq: CommitSeq,
    /// When.
    pub at: Timestamp,
    /// What happened, in order.
    pub entries: Vec<JournalEntry>,
}

/// The public id of a message.
pub fn message_id(facts: &MessageFacts) -> types::id::MessageId {
    types::id::MessageId(PublicId::new(facts.key, facts.tail))
}
