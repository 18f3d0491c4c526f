//! The reading side: a bounded pool of read-only connections.
//!
//! Every question is one short transaction, so that it sees one state of the store and holds up no
//! checkpoint. The answers are in `read_messages`, `read_money` and `read_config`.

use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use ports::store::{
    BatchJournal, ConfigKind, ConfigVersion, ContactFilter, CredentialRow, DataKeyRow, EndpointRow,
    EventFilter, InboundRow, LedgerSum, ListFilter, ListPage, ListedContact, ListedEvent, MessageView,
    PersonRow, PostingView, Reader, Rollup, SessionRow, StoreError, StoreFigures, SuppressionFilter,
    SuppressionRow,
};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use types::account::Account;
use types::charge::Lot;
use types::id::{AccountId, CommitSeq, PersonId, RowKey};
use types::time::Timestamp;

use super::archive::{self, Keyring};
use super::fault::Fault;
use super::open::{DATABASE_FILE, OpenError, reading_connection, schema_of};
use super::{contacts, read_config, read_events, read_messages, read_money, read_suppressions};

/// Connections of one reader. A question that finds all in use waits for one.
const CONNECTIONS_MAX: usize = 8;

#[derive(Default)]
struct Pool {
    idle: Vec<Connection>,
    open: usize,
}

/// Answers questions from the database of a data folder, also while another process writes it.
pub struct SqliteReader {
    path: PathBuf,
    keyring: Keyring,
    pool: Mutex<Pool>,
    returned: Condvar,
}

impl std::fmt::Debug for SqliteReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteReader").finish_non_exhaustive()
    }
}

/// A connection that goes back to the pool.
struct Lent<'a> {
    reader: &'a SqliteReader,
    connection: Option<Connection>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut pool = self.reader.pool();
        match self.connection.take() {
            Some(connection) => pool.idle.push(connection),
            None => pool.open -= 1,
        }
        self.reader.returned.notify_one();
    }
}

impl SqliteReader {
    /// Opens the database of a data folder for reading only. It must exist.
    ///
    /// # Errors
    /// When there is no database, or a newer version wrote it.
    pub fn open(data_dir: &Path) -> Result<Self, OpenError> {
        let path = data_dir.join(DATABASE_FILE);
        let in_folder = |source| OpenError::Database { folder: data_dir.to_owned(), source };
        let connection =
            reading_connection(&path).map_err(|fault| in_folder(fault.doing("open its database")))?;
        schema_of(&connection).map_err(in_folder)?;
        let pool = Mutex::new(Pool { idle: vec![connection], open: 1 });
        Ok(Self { path, keyring: Keyring::of(data_dir), pool, returned: Condvar::new() })
    }

    /// The pool. A panic elsewhere cannot leave it half changed.
    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend(&self) -> Result<Lent<'_>, Fault> {
        let mut pool = self.pool();
        loop {
            if let Some(connection) = pool.idle.pop() {
                return Ok(Lent { reader: self, connection: Some(connection) });
            }
            if pool.open < CONNECTIONS_MAX {
                pool.open += 1;
                drop(pool);
                let mut lent = Lent { reader: self, connection: None };
                lent.connection = Some(reading_connection(&self.path)?);
                return Ok(lent);
            }
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Answers one question in a transaction of its own.
    fn ask<T>(
        &self,
        operation: &'static str,
        question: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let answer = || {
            let lent = self.lend()?;
            let connection = lent.connection.as_ref().ok_or(Fault::Corrupt("pool"))?;
            let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
            question(&transaction)
        };
        answer().map_err(|fault: Fault| fault.doing(operation))
    }
}

impl Reader for SqliteReader {
    fn message(&self, key: RowKey) -> Result<Option<MessageView>, StoreError> {
        self.ask("read a message", |connection| read_messages::message(connection, &self.keyring, key))
    }

    fn list_messages(&self, filter: &ListFilter) -> Result<ListPage<MessageView>, StoreError> {
        self.ask("list messages", |connection| read_messages::list(connection, &self.keyring, filter))
    }

    fn submission_messages(&self, submission: RowKey) -> Result<Vec<MessageView>, StoreError> {
        self.ask("read a submission", |connection| {
            read_messages::of_submission(connection, &self.keyring, submission)
        })
    }

    fn list_inbound(
        &self,
        account: Option<AccountId>,
        before: Option<RowKey>,
        limit: usize,
    ) -> Result<ListPage<InboundRow>, StoreError> {
        self.ask("list inbound messages", |connection| {
            read_messages::inbound(connection, account, before, limit)
        })
    }

    fn events(&self, filter: &EventFilter) -> Result<ListPage<ListedEvent>, StoreError> {
        self.ask("list events", |connection| read_events::events(connection, filter))
    }

    fn list_suppressions(&self, filter: &SuppressionFilter) -> Result<ListPage<SuppressionRow>, StoreError> {
        self.ask("read a suppression list", |connection| read_suppressions::list(connection, filter))
    }

    fn list_contacts(&self, filter: &ContactFilter) -> Result<ListPage<ListedContact>, StoreError> {
        self.ask("read contacts", |connection| contacts::list(connection, filter))
    }

    fn count_contacts(&self, account: AccountId, most: usize) -> Result<usize, StoreError> {
        self.ask("count contacts", |connection| contacts::count(connection, account, most))
    }

    fn group_sizes(&self, groups: &[RowKey]) -> Result<Vec<u64>, StoreError> {
        self.ask("count the contacts of groups", |connection| contacts::group_sizes(connection, groups))
    }

    fn lots(&self, account: AccountId) -> Result<Vec<Lot>, StoreError> {
        self.ask("read lots", |connection| read_money::lots(connection, account))
    }

    fn postings(
        &self,
        account: AccountId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<ListPage<PostingView>, StoreError> {
        self.ask("list postings", |connection| read_money::postings(connection, account, before, limit))
    }

    fn ledger_sums(&self) -> Result<Vec<LedgerSum>, StoreError> {
        self.ask("sum up the ledger", read_money::ledger_sums)
    }

    fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.ask("read accounts", read_config::accounts)
    }

    fn credentials(&self, account: AccountId) -> Result<Vec<CredentialRow>, StoreError> {
        self.ask("read credentials", |connection| read_config::credentials(connection, account))
    }

    fn endpoints(&self, account: AccountId) -> Result<Vec<EndpointRow>, StoreError> {
        self.ask("read endpoints", |connection| read_config::endpoints(connection, account))
    }

    fn person_by_email(&self, email: &str) -> Result<Option<PersonRow>, StoreError> {
        self.ask("read a person", |connection| read_config::person_by_email(connection, email))
    }

    fn person(&self, id: PersonId) -> Result<Option<PersonRow>, StoreError> {
        self.ask("read a person", |connection| read_config::person(connection, id))
    }

    fn session(&self, token_hash: [u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        self.ask("read a session", |connection| read_config::session(connection, token_hash))
    }

    fn config_versions(&self, kind: ConfigKind, limit: usize) -> Result<Vec<ConfigVersion>, StoreError> {
        self.ask("read documents", |connection| read_config::documents(connection, kind, limit))
    }

    fn config_version(&self, kind: ConfigKind, number: u32) -> Result<Option<ConfigVersion>, StoreError> {
        self.ask("read a document", |connection| read_config::document(connection, kind, number))
    }

    fn data_key(&self, id: i64) -> Result<Option<DataKeyRow>, StoreError> {
        self.ask("read a data key", |connection| read_config::data_key(connection, id))
    }

    fn rollup(&self, account: Option<AccountId>, since: Timestamp) -> Result<Vec<Rollup>, StoreError> {
        self.ask("sum up traffic", |connection| read_money::rollup(connection, account, since))
    }

    fn figures(&self) -> Result<StoreFigures, StoreError> {
        let mut figures = self.ask("count its rows", read_config::figures)?;
        figures.octets = read_config::octets(&self.path);
        Ok(figures)
    }

    fn archived(&self) -> Result<i64, StoreError> {
        self.ask("count what is archived", archive::read::messages)
    }

    fn journal(&self, seq: CommitSeq) -> Result<Option<BatchJournal>, StoreError> {
        self.ask("read the journal", |connection| read_config::journal(connection, seq))
    }
}
