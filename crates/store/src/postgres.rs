//! The PostgreSQL store: one writer with a lease, readers on connections of their own.
//!
//! Layout. The tables are those of SQLite. Traffic leads with its account and is divided by the month
//! of its row key, the map of carrier ids by days; see `partitions`. What changes (`progress`) is a
//! small row apart from what does not (`message`), on pages with room for its next state. Look-ups are
//! indexes of the server.
//!
//! A commit is one statement that a function in the database carries out (`routines.sql`), so that it
//! is there as a whole or not at all. The first thing that it does is to compare its epoch with the
//! lease (`lease`); the last is nothing at all: the server commits when the statement is over. After a
//! lost connection the journal tells what was committed (`apply`).
//!
//! Start at `apply` for what a commit does, at `open` for the start, at `link` for lost connections and
//! at `reader` for questions.

use std::collections::HashSet;
use std::fs::File;
use std::sync::Arc;

use ports::store::{
    ApplyError, AttemptView, Batch, ContactRow, IdempotencyHit, InboundRow, MessageFacts, OpenMessage,
    OutboxRow, ParkedReceiptRow, ReceiptTarget, SenderMemory, Store, StoreError, StoredState,
    SuppressionMark,
};
use tokio::sync::watch;
use types::id::{AccountId, CommitSeq, ConnectorId, EndpointId, RowKey};
use types::time::Timestamp;

mod accounts;
mod apply;
mod apply_config;
mod apply_rows;
mod bell;
mod contacts;
mod encode;
mod encoded;
mod fold;
mod io;
mod lease;
mod link;
mod load;
mod open;
mod partitions;
mod read_config;
mod read_events;
mod read_messages;
mod read_money;
mod read_suppressions;
mod reader;
mod senders;
mod session;
mod tidy;
mod tls;
mod url;

pub(crate) use apply::hold_lease;
pub(crate) use encode::holdable;
pub(crate) use io::Io;
pub(crate) use lease::{Writer, begin, give_back, holder};
pub(crate) use open::{SCHEMA, enter, schema_version};
pub(crate) use partitions::Partitions;
pub(crate) use read_money::ledger_sums;
pub(crate) use session::{Session, connect};

pub use open::{PostgresOpenError, open_postgres};
pub use reader::PostgresReader;
pub use url::{PostgresUrl, UrlError};

use crate::fault::Fault;
use accounts::Accounts;
use link::Link;
use tidy::Sweeps;

/// The writing side. What it remembers beside the connection mirrors committed rows.
pub struct PostgresStore {
    link: Link,
    last_commit: i64,
    last_key: i64,
    last_posting: i64,
    /// The time of the newest batch, milliseconds.
    last_at: i64,
    staged: HashSet<RowKey>,
    /// Receipts that found no message; usually none, so that asking for them costs nothing.
    parked: i64,
    partitions: Partitions,
    accounts: Accounts,
    sweeps: Sweeps,
    /// Counts commits that were tried; a part of their tokens.
    counter: u64,
    bell: watch::Sender<i64>,
    /// Set when another process writes, or it is not known what is in the database; nothing is written
    /// any more.
    stopped: bool,
    /// Held as long as the store is open; see [`PostgresOpenError::FolderInUse`].
    _lock: File,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").field("last_commit", &self.last_commit).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Asks a question over the writer's connection.
    fn ask<T, F, A>(&mut self, operation: &'static str, question: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(Arc<Session>) -> A,
        A: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        self.link.ask(question).map_err(|fault| fault.doing(operation))
    }

    fn remembered(&mut self, messages: Vec<OpenMessage>) -> Vec<OpenMessage> {
        for message in &messages {
            self.accounts.insert(message.facts.key, message.facts.account);
        }
        messages
    }
}

fn raw(keys: &[RowKey]) -> Arc<Vec<i64>> {
    Arc::new(keys.iter().map(|key| key.as_i64()).collect())
}

impl Store for PostgresStore {
    fn load(&mut self) -> Result<StoredState, StoreError> {
        let state = self.ask("load its state", |session| async move { load::state(&session).await })?;
        Ok(StoredState {
            last_commit: CommitSeq(self.last_commit),
            last_key: RowKey::from_i64(self.last_key),
            parked: self.parked,
            ..state
        })
    }

    fn apply(&mut self, batch: &Batch) -> Result<CommitSeq, ApplyError> {
        self.apply_batch(batch)
    }

    fn open_messages(&mut self, after: RowKey, limit: usize) -> Result<Vec<OpenMessage>, StoreError> {
        let found = self.ask("read open messages", move |session| async move {
            load::open(&session, after, limit).await
        })?;
        Ok(self.remembered(found))
    }

    fn messages(&mut self, keys: &[RowKey]) -> Result<Vec<OpenMessage>, StoreError> {
        let keys = raw(keys);
        let found = self.ask("read messages", |session| {
            let keys = Arc::clone(&keys);
            async move { load::messages(&session, &keys).await }
        })?;
        Ok(self.remembered(found))
    }

    fn bodies(&mut self, keys: &[RowKey]) -> Result<Vec<(RowKey, Vec<u8>)>, StoreError> {
        let keys = raw(keys);
        self.ask("read bodies", |session| {
            let keys = Arc::clone(&keys);
            async move { load::bodies(&session, &keys).await }
        })
    }

    fn attempts(&mut self, keys: &[RowKey]) -> Result<Vec<AttemptView>, StoreError> {
        let keys = raw(keys);
        self.ask("read attempts", |session| {
            let keys = Arc::clone(&keys);
            async move { load::attempts(&session, &keys).await }
        })
    }

    fn receipt_targets(
        &mut self,
        wanted: &[(ConnectorId, String)],
    ) -> Result<Vec<Vec<ReceiptTarget>>, StoreError> {
        let (wanted, newest_at) = (Arc::new(wanted.to_vec()), self.last_at);
        self.ask("find receipts' messages", |session| {
            let wanted = Arc::clone(&wanted);
            async move { load::receipt_targets(&session, &wanted, newest_at).await }
        })
    }

    fn parked_receipts(
        &mut self,
        wanted: &[(ConnectorId, String)],
    ) -> Result<Vec<ParkedReceiptRow>, StoreError> {
        if self.parked == 0 || wanted.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = Arc::new(wanted.to_vec());
        self.ask("read parked receipts", |session| {
            let wanted = Arc::clone(&wanted);
            async move { load::parked(&session, &wanted).await }
        })
    }

    fn parked_after(&mut self, after: RowKey, limit: usize) -> Result<Vec<ParkedReceiptRow>, StoreError> {
        self.ask("read parked receipts", move |session| async move {
            load::parked_after(&session, after, limit).await
        })
    }

    fn outbox(
        &mut self,
        endpoint: EndpointId,
        after: RowKey,
        limit: usize,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.ask(
            "read events",
            move |session| async move { load::outbox(&session, endpoint, after, limit).await },
        )
    }

    fn dead_letters(&mut self, endpoint: EndpointId, limit: usize) -> Result<Vec<OutboxRow>, StoreError> {
        self.ask("read dead letters", move |session| async move {
            load::dead_letters(&session, endpoint, limit).await
        })
    }

    fn idempotency(
        &mut self,
        account: AccountId,
        key_hash: [u8; 16],
        now: Timestamp,
    ) -> Result<Option<IdempotencyHit>, StoreError> {
        self.ask("look up an idempotency key", move |session| async move {
            load::idempotency(&session, account, key_hash, now).await
        })
    }

    fn submission(&mut self, key: RowKey) -> Result<(Vec<MessageFacts>, Option<u64>), StoreError> {
        self.ask("read a submission", move |session| async move { load::submission(&session, key).await })
    }

    fn staged(&mut self) -> Result<Vec<RowKey>, StoreError> {
        let mut staged: Vec<_> = self.staged.iter().copied().collect();
        staged.sort_unstable();
        Ok(staged)
    }

    fn inbound(&mut self, key: RowKey) -> Result<Option<InboundRow>, StoreError> {
        self.ask("read an inbound message", move |session| async move { load::inbound(&session, key).await })
    }

    fn last_sender_to(&mut self, recipient_hash: i64) -> Result<Option<AccountId>, StoreError> {
        self.ask("find the last sender to a number", move |session| async move {
            load::last_sender(&session, recipient_hash).await
        })
    }

    fn suppressions_after(
        &mut self,
        after: RowKey,
        limit: usize,
    ) -> Result<Vec<SuppressionMark>, StoreError> {
        self.ask("read suppression lists", move |session| async move {
            read_suppressions::after(&session, after, limit).await
        })
    }

    fn suppressed(
        &mut self,
        account: AccountId,
        scope: &str,
        number_hashes: &[i64],
    ) -> Result<Vec<SuppressionMark>, StoreError> {
        let question = Arc::new((scope.to_owned(), number_hashes.to_vec()));
        self.ask("look recipients up in a suppression list", |session| {
            let question = Arc::clone(&question);
            async move { read_suppressions::among(&session, (account, &question.0), &question.1).await }
        })
    }

    fn remembered_senders(
        &mut self,
        after: (RowKey, i64),
        limit: usize,
    ) -> Result<Vec<SenderMemory>, StoreError> {
        self.ask("read which senders recipients heard from", move |session| async move {
            senders::after(&session, after, limit).await
        })
    }

    fn contacts(&mut self, account: AccountId, number_hashes: &[i64]) -> Result<Vec<ContactRow>, StoreError> {
        let hashes = Arc::new(number_hashes.to_vec());
        self.ask("look contacts up", |session| {
            let hashes = Arc::clone(&hashes);
            async move { contacts::among(&session, account, &hashes).await }
        })
    }

    fn tidy(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        self.tidy_step(now).map_err(|fault| fault.doing("tidy up"))
    }
}
