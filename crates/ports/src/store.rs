//! The store: the only truth. [`Store`] writes, [`Reader`] answers questions.
//!
//! The contract. [`Store::apply`] makes one [`Batch`] durable as a whole or not at all; when it
//! returns `Ok`, the batch is on stable storage. Guards in the batch (an expected message version,
//! a lot that must not fall below zero, a unique idempotency key) that do not hold refuse the whole
//! batch with [`ApplyError::Guard`] and leave nothing. There is one writer per installation (or per
//! shard) and any number of readers; a reader sees only whole batches.

use types::account::Account;
use types::charge::Lot;
use types::id::{AccountId, CommitSeq, ConnectorId, EndpointId, PersonId, RowKey};
use types::time::Timestamp;

use crate::Disposition;

mod batch;
mod contact;
mod query;
mod rows;
mod sender;
mod suppression;

pub use batch::{
    AttemptPartRow, AttemptRow, Batch, ConfigChange, DataKeyRow, EventSubject, IdempotencyRow, InboundRow,
    JournalEntry, LotChange, MessageChange, MessageRow, OutboxRetry, OutboxRow, ParkedReceiptRow,
    ReceiptMapRow, ReceiptRow, SubmissionRow, TOLD_KEPT_MS,
};
pub use contact::{ContactChange, ContactFilter, ContactRow, ListedContact, ResourceRow};
pub use query::{
    EVENTS_LOOKED_AT_MAX, EventFilter, EventStatus, ListFilter, ListPage, ListedEvent, PAGE_ROWS_MAX, Rollup,
    StoreFigures,
};
pub use rows::{
    AttemptPartView, AttemptView, BatchJournal, ConfigKind, ConfigVersion, CredentialRow, EndpointRow,
    EventEnd, EventView, IdempotencyHit, InboundNumberRow, KeywordReplyRow, LedgerSum, MessageFacts,
    MessageView, OpenMessage, PersonRow, PostingView, Progress, ReceiptTarget, SessionRow, StoredState,
    message_id,
};
pub use sender::SenderMemory;
pub use suppression::{SuppressionFilter, SuppressionMark, SuppressionRow};

/// The writing side. One value is owned by one thread.
pub trait Store: Send {
    /// Everything that steers decisions, read once at start.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn load(&mut self) -> Result<StoredState, StoreError>;

    /// Makes a batch durable, all or nothing.
    ///
    /// # Errors
    /// A guard that does not hold, or a store that cannot write. After
    /// [`Disposition::Unknown`] the writer must stop.
    fn apply(&mut self, batch: &Batch) -> Result<CommitSeq, ApplyError>;

    /// Open messages (not final) with keys above `after`, in key order, at most `limit`.
    /// Messages of staged submissions are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn open_messages(&mut self, after: RowKey, limit: usize) -> Result<Vec<OpenMessage>, StoreError>;

    /// The given messages, open or final; unknown keys are left out. In no particular order.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn messages(&mut self, keys: &[RowKey]) -> Result<Vec<OpenMessage>, StoreError>;

    /// Sealed bodies of the given messages; erased ones are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn bodies(&mut self, keys: &[RowKey]) -> Result<Vec<(RowKey, Vec<u8>)>, StoreError>;

    /// The attempts of the given messages with their parts; those of one message oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn attempts(&mut self, keys: &[RowKey]) -> Result<Vec<AttemptView>, StoreError>;

    /// For each (connector, carrier id notation), the attempt parts that carry it, newest first.
    /// When a newer use of an id is found, older uses of the same id may be left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn receipt_targets(
        &mut self,
        wanted: &[(ConnectorId, String)],
    ) -> Result<Vec<Vec<ReceiptTarget>>, StoreError>;

    /// Receipts that were parked under one of these carrier ids.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn parked_receipts(
        &mut self,
        wanted: &[(ConnectorId, String)],
    ) -> Result<Vec<ParkedReceiptRow>, StoreError>;

    /// Parked receipts with keys above `after`, in key order, at most `limit`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn parked_after(&mut self, after: RowKey, limit: usize) -> Result<Vec<ParkedReceiptRow>, StoreError>;

    /// Events of an endpoint that were not told yet, oldest first, keys above `after`. Dead letters
    /// are left out.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn outbox(
        &mut self,
        endpoint: EndpointId,
        after: RowKey,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, StoreError>;

    /// Dead letters of an endpoint, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn dead_letters(&mut self, endpoint: EndpointId, limit: usize) -> Result<Vec<OutboxRow>, StoreError>;

    /// Whether an account used an idempotency key that still holds at `now`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn idempotency(
        &mut self,
        account: AccountId,
        key_hash: [u8; 16],
        now: Timestamp,
    ) -> Result<Option<IdempotencyHit>, StoreError>;

    /// What a submission's messages were admitted as, in their order, and the random bits of the
    /// submission's id. Staged ones are found too.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn submission(&mut self, key: RowKey) -> Result<(Vec<MessageFacts>, Option<u64>), StoreError>;

    /// Submissions that were staged and never finished: the process died in between. The caller
    /// discards them.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn staged(&mut self) -> Result<Vec<RowKey>, StoreError>;

    /// One message from a phone.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn inbound(&mut self, key: RowKey) -> Result<Option<InboundRow>, StoreError>;

    /// The account whose message to this recipient is the newest; rows that `tidy` has not indexed
    /// yet count too.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn last_sender_to(&mut self, recipient_hash: i64) -> Result<Option<AccountId>, StoreError>;

    /// What suppression lists have with keys above `after`, in key order, at most `limit`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn suppressions_after(&mut self, after: RowKey, limit: usize)
    -> Result<Vec<SuppressionMark>, StoreError>;

    /// Which of these recipients are on the list of an account within this scope, in no particular order.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn suppressed(
        &mut self,
        account: AccountId,
        scope: &str,
        number_hashes: &[i64],
    ) -> Result<Vec<SuppressionMark>, StoreError>;

    /// From which senders recipients heard last by pools, behind this pool and hash of a number, in the order
    /// of both, at most `limit`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn remembered_senders(
        &mut self,
        after: (RowKey, i64),
        limit: usize,
    ) -> Result<Vec<SenderMemory>, StoreError>;

    /// The contacts of an account with one of these numbers, in no particular order.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn contacts(&mut self, account: AccountId, number_hashes: &[i64]) -> Result<Vec<ContactRow>, StoreError>;

    /// Work between batches: moves checkpoints, builds look-up indexes for rows that have come
    /// since, removes what has lapsed. Returns whether there is more to do. Each call takes a few
    /// milliseconds at most.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn tidy(&mut self, now: Timestamp) -> Result<bool, StoreError>;
}

/// The reading side, for doors. Calls block; callers run them apart from the async workers.
pub trait Reader: Send + Sync {
    /// One message by its key, with its attempts, receipts and reports.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn message(&self, key: RowKey) -> Result<Option<MessageView>, StoreError>;

    /// Messages that match, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn list_messages(&self, filter: &ListFilter) -> Result<ListPage<MessageView>, StoreError>;

    /// The messages of a submission, in their order.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn submission_messages(&self, submission: RowKey) -> Result<Vec<MessageView>, StoreError>;

    /// Inbound messages of an account, or of all for `None`, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn list_inbound(
        &self,
        account: Option<AccountId>,
        before: Option<RowKey>,
        limit: usize,
    ) -> Result<ListPage<InboundRow>, StoreError>;

    /// Events of an endpoint, newest first, until [`TOLD_KEPT_MS`] after they ended. A page may have fewer
    /// than asked for, and even none, while there are more; see [`EVENTS_LOOKED_AT_MAX`].
    ///
    /// # Errors
    /// When the store cannot be read.
    fn events(&self, filter: &EventFilter) -> Result<ListPage<ListedEvent>, StoreError>;

    /// The suppression list of an account, newest first; entries of every scope.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn list_suppressions(&self, filter: &SuppressionFilter) -> Result<ListPage<SuppressionRow>, StoreError>;

    /// Contacts of an account, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn list_contacts(&self, filter: &ContactFilter) -> Result<ListPage<ListedContact>, StoreError>;

    /// How many contacts an account has, counted up to `most`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn count_contacts(&self, account: AccountId, most: usize) -> Result<usize, StoreError>;

    /// How many contacts are in each of these groups, in their order.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn group_sizes(&self, groups: &[RowKey]) -> Result<Vec<u64>, StoreError>;

    /// Lots of an account.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn lots(&self, account: AccountId) -> Result<Vec<Lot>, StoreError>;

    /// Ledger entries of an account, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn postings(
        &self,
        account: AccountId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<ListPage<PostingView>, StoreError>;

    /// The ledger, summed per unit, for the proof that it balances.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn ledger_sums(&self) -> Result<Vec<LedgerSum>, StoreError>;

    /// All accounts.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// Credentials of an account, secrets sealed.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn credentials(&self, account: AccountId) -> Result<Vec<CredentialRow>, StoreError>;

    /// Endpoints of an account.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn endpoints(&self, account: AccountId) -> Result<Vec<EndpointRow>, StoreError>;

    /// A person by e-mail, lower case.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn person_by_email(&self, email: &str) -> Result<Option<PersonRow>, StoreError>;

    /// A person by number.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn person(&self, id: PersonId) -> Result<Option<PersonRow>, StoreError>;

    /// A signed-in session by the hash of its token.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn session(&self, token_hash: [u8; 32]) -> Result<Option<SessionRow>, StoreError>;

    /// Versions of a configuration document, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn config_versions(&self, kind: ConfigKind, limit: usize) -> Result<Vec<ConfigVersion>, StoreError>;

    /// One version of a configuration document.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn config_version(&self, kind: ConfigKind, number: u32) -> Result<Option<ConfigVersion>, StoreError>;

    /// Wrapped data keys by number.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn data_key(&self, id: i64) -> Result<Option<DataKeyRow>, StoreError>;

    /// Traffic by day, country and state of an account, or of all, since a day.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn rollup(&self, account: Option<AccountId>, since: Timestamp) -> Result<Vec<Rollup>, StoreError>;

    /// Counts for `doctor` and metrics.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn figures(&self) -> Result<StoreFigures, StoreError>;

    /// How many messages are in the archive of whole days; a store without one has none.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn archived(&self) -> Result<i64, StoreError> {
        Ok(0)
    }

    /// Journal entries of one commit.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn journal(&self, seq: CommitSeq) -> Result<Option<BatchJournal>, StoreError>;
}

/// Why the store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine reported an error.
    #[error("the store could not {operation}")]
    Engine {
        /// What was being done, as a verb phrase.
        operation: &'static str,
        /// What the engine said; it names no values of rows.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The engine cannot be reached now: it is restarting, or the network is down. Nothing is known
    /// to be wrong with it; the same question may be answered in a while.
    #[error("the store could not {operation}, because it cannot be reached")]
    Unreachable {
        /// What was being done, as a verb phrase.
        operation: &'static str,
        /// What is known of the reason.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A row holds what this version cannot read.
    #[error("a row of {table} cannot be read by this version")]
    Corrupt {
        /// The table.
        table: &'static str,
    },
    /// The data was written by a newer version and lets no older one in.
    #[error(
        "a newer version has written the data: they have schema {found}, and this version knows {known}; \
         start the newer version again, or restore the backup that was made before the upgrade"
    )]
    NewerSchema {
        /// Version found.
        found: u32,
        /// Newest version known.
        known: u32,
    },
}

impl StoreError {
    /// What a caller may do.
    pub const fn disposition(&self) -> Disposition {
        match self {
            Self::Engine { .. } | Self::Unreachable { .. } => Disposition::Later,
            Self::Corrupt { .. } | Self::NewerSchema { .. } => Disposition::Never,
        }
    }
}

/// Why a batch was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A guard did not hold; nothing was written. Load again and decide again.
    #[error("a guard of the batch does not hold: {what}")]
    Guard {
        /// Which guard.
        what: &'static str,
    },
    /// Nothing was written, and the store works: the disk is full or the lock was taken.
    #[error("the batch could not be written")]
    NotWritten(#[source] StoreError),
    /// It is not known whether the batch is durable (a failed sync). The writer must stop.
    #[error("it is not known whether the batch was written")]
    InDoubt(#[source] StoreError),
}

impl ApplyError {
    /// What a caller may do.
    pub const fn disposition(&self) -> Disposition {
        match self {
            Self::Guard { .. } => Disposition::Retry,
            Self::NotWritten(_) => Disposition::Later,
            Self::InDoubt(_) => Disposition::Unknown,
        }
    }
}
