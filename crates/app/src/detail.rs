//! What doors may show of a message, opened and named: built by `lookup` from stored rows.

pub use decide::cost::Owed;
use types::Sensitive;
use types::address::Address;
use types::charge::{ChargeState, Cost, LotShare, Price};
use types::form::Form;
use types::id::{AccountId, ConnectorId, InboundId, MessageId, PoolId, RowKey, SubmissionId};
use types::keyword::Keyword;
use types::message::{Class, Content, Door, Flags, Reason, State};
use types::money::Money;
use types::network::{Country, NetworkFact};
use types::quiet::TimeFinding;
use types::receipt::{Origin, ReceiptState, Verdict};
use types::region::Region;
use types::resource::ChosenBy;
use types::time::Timestamp;

/// That the sender of a message is one of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenDetail {
    /// The pool.
    pub pool: PoolId,
    /// The name that it had.
    pub pool_name: String,
    /// Why the sender was chosen.
    pub by: ChosenBy,
}

/// Everything about one message. Lists leave `attempts`, `pending_events`, `dead_letters`,
/// `told` and `moot` empty.
#[derive(Clone, Debug)]
pub struct MessageDetail {
    /// Its id.
    pub id: MessageId,
    /// The submission that it came with.
    pub submission: SubmissionId,
    /// Whose it is.
    pub account: AccountId,
    /// The name of the account.
    pub account_name: String,
    /// The door.
    pub door: Door,
    /// The sender as received.
    pub source: Address,
    /// The pool that the sender was chosen from.
    pub chosen: Option<ChosenDetail>,
    /// The recipient as received.
    pub destination: Address,
    /// The content as received; `None` when erased or not asked for.
    pub content: Option<Content>,
    /// The customer's own reference.
    pub client_reference: Option<String>,
    /// What has become of it.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// Marks.
    pub flags: Flags,
    /// Its class.
    pub class: Class,
    /// The operator's traffic type; empty for none.
    pub traffic_type: String,
    /// Country of the recipient.
    pub country: Country,
    /// Network of the recipient at rating.
    pub network: Option<NetworkFact>,
    /// Parts sold.
    pub parts: u32,
    /// What it costs the customer.
    pub price: Money,
    /// The version of the price book.
    pub book_version: u32,
    /// What it costs the accounts above, the nearest first.
    pub levels: Vec<LevelDetail>,
    /// What each of several lots pays; empty when one pays all.
    pub shares: Vec<LotShare>,
    /// What became of the money.
    pub charge: ChargeState,
    /// The region of its data.
    pub region: Region,
    /// The version of the profile that decided.
    pub profile_version: u32,
    /// The version of the traffic document at admission.
    pub traffic_version: u32,
    /// Read at the door.
    pub received_at: Timestamp,
    /// Admitted and committed.
    pub accepted_at: Timestamp,
    /// Not before.
    pub send_at: Option<Timestamp>,
    /// What steered `send_at`, where the recipient's clock did.
    pub time: Option<TimeFinding>,
    /// Worth sending until.
    pub expires_at: Timestamp,
    /// First taken by a carrier.
    pub submitted_at: Option<Timestamp>,
    /// Ended.
    pub final_at: Option<Timestamp>,
    /// How many attempts were made.
    pub attempts_made: u8,
    /// The connector of the latest attempt, by name.
    pub connector: Option<String>,
    /// The error of the receipt that ended it, as the carrier wrote it; empty for none.
    pub receipt_error: String,
    /// The attempts.
    pub attempts: Vec<AttemptDetail>,
    /// Events that were not told yet, dead letters included.
    pub pending_events: usize,
    /// Of those, dead letters: nobody took them, and only a person brings them back.
    pub dead_letters: usize,
    /// What the customer was told, in the order of the events; known for
    /// [`ports::store::TOLD_KEPT_MS`].
    pub told: Vec<ToldEvent>,
    /// States that the customer was not told, because the form of its address has no such event, with
    /// when that was seen; as long as `told`.
    pub moot: Vec<(State, Timestamp)>,
}

/// What a message costs an account above its sender's. It is not charged yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelDetail {
    /// The account's name.
    pub account: String,
    /// What it is asked.
    pub price: Price,
}

/// An event that the customer was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToldEvent {
    /// How many events of the message came before.
    pub seq: u16,
    /// The state told.
    pub state: State,
    /// When it happened.
    pub at: Timestamp,
    /// When the customer was told.
    pub told_at: Timestamp,
    /// Tries that it took, the last one included.
    pub tries: u16,
}

/// One attempt.
#[derive(Clone, Debug)]
pub struct AttemptDetail {
    /// Counted from one.
    pub number: u8,
    /// The connector.
    pub connector_id: ConnectorId,
    /// Its name.
    pub connector: String,
    /// The supplier's name; empty when the connector is gone.
    pub supplier: String,
    /// The route's name; empty when that version is gone.
    pub route: String,
    /// The version of the traffic document that chose.
    pub traffic_version: u32,
    /// What the attempt before met.
    pub trigger: Reason,
    /// When it was written ahead of the socket.
    pub started_at: Timestamp,
    /// Parts of the message in the form of this attempt.
    pub parts: u8,
    /// The parts that it sent, by number; empty for all.
    pub only_parts: Vec<u8>,
    /// How the content was put.
    pub form: Form,
    /// The sender as sent.
    pub source: Address,
    /// The recipient as sent.
    pub destination: Address,
    /// The content as sent, where its characters are not those received.
    pub content: Option<Content>,
    /// Network of the recipient when it was sent.
    pub network: Option<NetworkFact>,
    /// What the supplier would ask; `None` when no rate was known.
    pub cost: Option<Cost>,
    /// What is owed by the answers and receipts so far; `None` when no rate was known.
    pub owed: Option<Owed>,
    /// Connectors passed over, with why.
    pub passed_over: Vec<(String, Reason)>,
    /// Answers per part.
    pub answers: Vec<PartAnswer>,
    /// Receipts.
    pub receipts: Vec<ReceiptDetail>,
}

/// The answer to one part.
#[derive(Clone, Debug)]
pub struct PartAnswer {
    /// The part.
    pub part: u8,
    /// What it meant.
    pub verdict: Verdict,
    /// The raw status.
    pub status: u32,
    /// The carrier's id.
    pub carrier_id: Option<String>,
    /// Written to the socket.
    pub written_at: Timestamp,
    /// Answer read.
    pub answered_at: Timestamp,
}

/// One receipt.
#[derive(Clone, Debug)]
pub struct ReceiptDetail {
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
    /// As written by the carrier.
    pub submit_date: String,
    /// As written by the carrier.
    pub done_date: String,
    /// The zone of both dates, as the supplier's entry has it; empty when it has none.
    pub zone: String,
    /// Optional parameters as received, without those that may name a person.
    pub tlvs: Vec<u8>,
    /// What was echoed, where it is not what was sent or names a person.
    pub echoed: Option<EchoDetail>,
    /// The version of the traffic document by which its words were understood.
    pub mapping_version: u32,
    /// When it was read.
    pub read_at: Timestamp,
    /// It contradicts the end that was told before.
    pub contradicts: bool,
}

/// What a receipt echoed.
#[derive(Clone, Debug)]
pub struct EchoDetail {
    /// The recipient.
    pub recipient: Address,
    /// The sender.
    pub sender: Address,
    /// Optional parameters that may name a person.
    pub tlvs: Sensitive<Vec<u8>>,
}

/// A message from a phone.
#[derive(Clone, Debug)]
pub struct InboundDetail {
    /// Its id.
    pub id: InboundId,
    /// Whom it is for.
    pub account: Option<AccountId>,
    /// The phone.
    pub source: Address,
    /// What it wrote to.
    pub destination: Address,
    /// The text.
    pub text: Sensitive<String>,
    /// What it means, when it is a keyword.
    pub keyword: Option<Keyword>,
    /// When it was read.
    pub received_at: Timestamp,
    /// The connector, by name.
    pub connector: String,
}

/// A ledger entry for people.
#[derive(Clone, Debug)]
pub struct Movement {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// What for: a name of [`types::charge::PostingKind`].
    pub kind: types::charge::PostingKind,
    /// Signed: what it did to the available balance.
    pub amount: Money,
    /// How many messages it sums up.
    pub messages: u32,
}

/// Where working on a message crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashStage {
    /// While it was written for a carrier, before any of it left.
    Writing,
    /// In the engine: while something due, an answer, a receipt or a hand-over was worked on.
    Deciding,
}

impl CrashStage {
    /// The name in files and pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Writing => "writing",
            Self::Deciding => "deciding",
        }
    }
}

/// A crash while a message was worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashDetail {
    /// Where.
    pub stage: CrashStage,
    /// When; for a crash in the engine only the journal knows.
    pub at: Option<Timestamp>,
    /// The connector that it was for, if any.
    pub connector: Option<String>,
    /// The attempt, if it was one.
    pub attempt: Option<u8>,
}

/// A message that waits for a person of the operator.
#[derive(Clone, Debug)]
pub struct PausedDetail {
    /// Why it waits.
    pub pause: types::message::Pause,
    /// Since when it waits in the queue; `None` where it waits in another state or for its time.
    pub since: Option<Timestamp>,
    /// What is on record of its crashes, oldest first.
    pub crashes: Vec<CrashDetail>,
    /// The message, with its attempts and without its content.
    pub message: MessageDetail,
}

/// One page.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Newest first.
    pub items: Vec<T>,
    /// Where the next page begins.
    pub next: Option<RowKey>,
}

/// One sentence of an explanation: what was decided, by which rule, from which facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// When; orders the timeline.
    pub at: Timestamp,
    /// The stage: `admission`, `price`, `route`, `attempt`, `answer`, `receipt`, `charge`, `pause`, `end`, `report`.
    pub stage: &'static str,
    /// The sentence, without personal data.
    pub text: String,
    /// Facts as name and value, without personal data.
    pub facts: Vec<(&'static str, String)>,
}
