//! The reading side: a bounded pool of connections on a thread of their own.
//!
//! A question that takes several statements sees one state of the store. One that finds its connection
//! lost is asked again over a new one. The answers are in `read_messages`, `read_money` and
//! `read_config`.

use std::future::Future;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ports::store::{
    BatchJournal, ConfigKind, ConfigVersion, ContactFilter, CredentialRow, DataKeyRow, EndpointRow,
    EventFilter, InboundRow, LedgerSum, ListFilter, ListPage, ListedContact, ListedEvent, MessageView,
    PersonRow, PostingView, Reader, Rollup, SessionRow, StoreError, StoreFigures, SuppressionFilter,
    SuppressionRow,
};
use tokio::runtime::Handle;
use types::account::Account;
use types::charge::Lot;
use types::id::{AccountId, CommitSeq, PersonId, RowKey};
use types::time::Timestamp;

use super::io::Io;
use super::session::{Session, connect};
use super::url::PostgresUrl;
use super::{contacts, read_config, read_events, read_messages, read_money, read_suppressions};
use crate::fault::Fault;

/// Connections of one reader. A question that finds all in use waits for one.
const CONNECTIONS_MAX: usize = 8;
/// How long an answer may take. The proof of a big ledger takes longest.
const ANSWER_LIMIT: Duration = Duration::from_secs(300);
/// How a question of several statements begins.
const ONE_STATE: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// Settings of a session that reads.
const SETTINGS: &str = "SET jit = off; SET statement_timeout = '300s'; \
                        SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = warning";

#[derive(Default)]
struct Pool {
    idle: Vec<Arc<Session>>,
    open: usize,
}

/// Answers questions from the database, also while another process writes it.
pub struct PostgresReader {
    url: Arc<PostgresUrl>,
    pool: Mutex<Pool>,
    returned: Condvar,
    io: Io,
}

impl std::fmt::Debug for PostgresReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresReader").finish_non_exhaustive()
    }
}

/// Leave to use a connection; it goes back to the pool.
struct Lent<'a> {
    reader: &'a PostgresReader,
    session: Option<Arc<Session>>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut pool = self.reader.pool();
        match self.session.take().filter(|session| !session.is_closed()) {
            Some(session) => pool.idle.push(session),
            None => pool.open -= 1,
        }
        self.reader.returned.notify_one();
    }
}

impl PostgresReader {
    /// A reader without connections; they are made when there are questions.
    ///
    /// # Errors
    /// When its thread cannot be started.
    pub(crate) fn new(url: Arc<PostgresUrl>) -> std::io::Result<Self> {
        let io = Io::start("store-reader")?;
        Ok(Self { url, pool: Mutex::default(), returned: Condvar::new(), io })
    }

    /// The pool. A panic elsewhere cannot leave it half changed.
    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend(&self) -> Result<Lent<'_>, Fault> {
        let mut pool = self.pool();
        loop {
            if let Some(session) = pool.idle.pop() {
                if session.is_closed() {
                    pool.open -= 1;
                    continue;
                }
                return Ok(Lent { reader: self, session: Some(session) });
            }
            if pool.open < CONNECTIONS_MAX {
                pool.open += 1;
                drop(pool);
                let mut lent = Lent { reader: self, session: None };
                lent.session = Some(self.open()?);
                return Ok(lent);
            }
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn open(&self) -> Result<Arc<Session>, Fault> {
        let url = Arc::clone(&self.url);
        self.io.run(async move {
            let session = connect(&url, &Handle::current()).await?;
            session.run(SETTINGS).await?;
            Ok(Arc::new(session))
        })
    }

    /// Answers one question; again over another connection when the first is found lost.
    fn ask<T, F, A>(&self, operation: &'static str, question: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(Arc<Session>) -> A,
        A: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let outcome = match self.ask_once(&question) {
            Err(Fault::Unreachable(_)) => self.ask_once(&question),
            outcome => outcome,
        };
        outcome.map_err(|fault| fault.doing(operation))
    }

    fn ask_once<T, A>(&self, question: impl Fn(Arc<Session>) -> A) -> Result<T, Fault>
    where
        T: Send + 'static,
        A: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let mut lent = self.lend()?;
        let session = Arc::clone(lent.session.as_ref().ok_or(Fault::Corrupt("pool"))?);
        let answer = question(session);
        let outcome = self.io.run(async move {
            let late = |_| Fault::Unreachable("no answer within the time for a question".into());
            tokio::time::timeout(ANSWER_LIMIT, answer).await.map_err(late)?
        });
        if matches!(outcome, Err(Fault::Unreachable(_))) {
            // Whatever is wrong with it, it is not lent again.
            lent.session = None;
        }
        outcome
    }
}

/// Asks in one state of the store.
macro_rules! in_one_state {
    ($reader:expr, $operation:literal, |$session:ident| $question:expr) => {
        $reader.ask($operation, |$session| async move {
            $session
                .in_transaction(ONE_STATE, async {
                    let $session = &$session;
                    $question.await
                })
                .await
        })
    };
}

impl Reader for PostgresReader {
    fn message(&self, key: RowKey) -> Result<Option<MessageView>, StoreError> {
        in_one_state!(self, "read a message", |session| read_messages::message(session, key))
    }

    fn list_messages(&self, filter: &ListFilter) -> Result<ListPage<MessageView>, StoreError> {
        self.ask("list messages", |session| {
            let filter = filter.clone();
            async move { session.in_transaction(ONE_STATE, read_messages::list(&session, &filter)).await }
        })
    }

    fn submission_messages(&self, submission: RowKey) -> Result<Vec<MessageView>, StoreError> {
        in_one_state!(self, "read a submission", |session| read_messages::of_submission(session, submission))
    }

    fn list_inbound(
        &self,
        account: Option<AccountId>,
        before: Option<RowKey>,
        limit: usize,
    ) -> Result<ListPage<InboundRow>, StoreError> {
        self.ask("list inbound messages", |session| async move {
            read_messages::inbound(&session, account, before, limit).await
        })
    }

    fn events(&self, filter: &EventFilter) -> Result<ListPage<ListedEvent>, StoreError> {
        self.ask("list events", |session| {
            let filter = *filter;
            async move { session.in_transaction(ONE_STATE, read_events::events(&session, &filter)).await }
        })
    }

    fn list_suppressions(&self, filter: &SuppressionFilter) -> Result<ListPage<SuppressionRow>, StoreError> {
        self.ask("read a suppression list", |session| {
            let filter = *filter;
            async move { read_suppressions::list(&session, &filter).await }
        })
    }

    fn list_contacts(&self, filter: &ContactFilter) -> Result<ListPage<ListedContact>, StoreError> {
        self.ask("read contacts", |session| {
            let filter = filter.clone();
            async move { session.in_transaction(ONE_STATE, contacts::list(&session, &filter)).await }
        })
    }

    fn count_contacts(&self, account: AccountId, most: usize) -> Result<usize, StoreError> {
        self.ask("count contacts", |session| async move { contacts::count(&session, account, most).await })
    }

    fn group_sizes(&self, groups: &[RowKey]) -> Result<Vec<u64>, StoreError> {
        self.ask("count the contacts of groups", |session| {
            let groups = groups.to_vec();
            async move { contacts::group_sizes(&session, &groups).await }
        })
    }

    fn lots(&self, account: AccountId) -> Result<Vec<Lot>, StoreError> {
        self.ask("read lots", |session| async move { read_money::lots(&session, account).await })
    }

    fn postings(
        &self,
        account: AccountId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<ListPage<PostingView>, StoreError> {
        self.ask("read the ledger", |session| async move {
            read_money::postings(&session, account, before, limit).await
        })
    }

    fn ledger_sums(&self) -> Result<Vec<LedgerSum>, StoreError> {
        in_one_state!(self, "sum up the ledger", |session| read_money::ledger_sums(session))
    }

    fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.ask("read accounts", |session| async move { read_config::accounts(&session).await })
    }

    fn credentials(&self, account: AccountId) -> Result<Vec<CredentialRow>, StoreError> {
        self.ask(
            "read credentials",
            |session| async move { read_config::credentials(&session, account).await },
        )
    }

    fn endpoints(&self, account: AccountId) -> Result<Vec<EndpointRow>, StoreError> {
        self.ask("read endpoints", |session| async move { read_config::endpoints(&session, account).await })
    }

    fn person_by_email(&self, email: &str) -> Result<Option<PersonRow>, StoreError> {
        self.ask("read a person", |session| {
            let email = email.to_owned();
            async move { read_config::person_by_email(&session, &email).await }
        })
    }

    fn person(&self, id: PersonId) -> Result<Option<PersonRow>, StoreError> {
        self.ask("read a person", |session| async move { read_config::person(&session, id).await })
    }

    fn session(&self, token_hash: [u8; 32]) -> Result<Option<SessionRow>, StoreError> {
        self.ask("read a session", |session| async move { read_config::session(&session, token_hash).await })
    }

    fn config_versions(&self, kind: ConfigKind, limit: usize) -> Result<Vec<ConfigVersion>, StoreError> {
        self.ask(
            "read documents",
            |session| async move { read_config::documents(&session, kind, limit).await },
        )
    }

    fn config_version(&self, kind: ConfigKind, number: u32) -> Result<Option<ConfigVersion>, StoreError> {
        self.ask(
            "read a document",
            |session| async move { read_config::document(&session, kind, number).await },
        )
    }

    fn data_key(&self, id: i64) -> Result<Option<DataKeyRow>, StoreError> {
        self.ask("read a data key", |session| async move { read_config::data_key(&session, id).await })
    }

    fn rollup(&self, account: Option<AccountId>, since: Timestamp) -> Result<Vec<Rollup>, StoreError> {
        self.ask(
            "sum up traffic",
            |session| async move { read_money::rollup(&session, account, since).await },
        )
    }

    fn figures(&self) -> Result<StoreFigures, StoreError> {
        in_one_state!(self, "count its rows", |session| read_config::figures(session))
    }

    fn journal(&self, seq: CommitSeq) -> Result<Option<BatchJournal>, StoreError> {
        self.ask("read the journal", |session| async move { read_config::journal(&session, seq).await })
    }
}
