//! One commit: everything that a batch changes, or nothing.
//!
//! A batch is one statement, so that the server has all of it or none, waits for nobody in between and
//! answers once; only changes of configuration, which are few, take a transaction of several. When the
//! connection is lost after a commit was sent, nothing is guessed: the lease is taken anew, which waits
//! for what may still run, and then the journal tells. Start at [`PostgresStore::apply_batch`].

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ports::store::{ApplyError, Batch};
use tokio::time::Instant;
use types::id::{AccountId, CommitSeq, RowKey};

use super::apply_config::write_config;
use super::encoded::{APPLY, Encoded, encode_parts};
use super::lease::{is_taken_over, taken_over};
use super::partitions::{Partitions, table_of};
use super::session::Session;
use super::{PostgresStore, apply_rows as rows, fold, load};
use crate::fault::Fault;
use crate::journal;
use crate::keys::highest_key;
use crate::span::submission_end;

/// How long the server may take for a commit.
const COMMIT_LIMIT: Duration = Duration::from_secs(60);
/// How long a commit may be in doubt because the database cannot be reached. Then the store stops: a
/// later start can tell.
const DOUBT_LIMIT: Duration = Duration::from_secs(600);

/// The guards that `routines.sql` raises by name.
const RAISED: [&str; 4] = ["idempotency key", "staged submission", "message version", "lot floor"];

/// What the writer will mirror once the batch is committed.
struct After {
    seq: i64,
    token: Vec<u8>,
    last_key: i64,
    last_posting: i64,
    staged: HashSet<RowKey>,
    /// How many receipts the batch parks.
    parked: i64,
}

impl PostgresStore {
    /// Applies a batch; see [`ports::store::Store::apply`].
    pub(crate) fn apply_batch(&mut self, batch: &Batch) -> Result<CommitSeq, ApplyError> {
        if self.stopped {
            return Err(in_doubt(taken_over()));
        }
        match self.try_apply(batch) {
            Err(Fault::Guard(what)) => Err(ApplyError::Guard { what }),
            Err(fault) if is_taken_over(&fault) => {
                self.stopped = true;
                Err(in_doubt(fault))
            }
            Err(fault) if self.stopped => Err(in_doubt(fault)),
            Err(fault) => Err(fault.not_written()),
            Ok(seq) => Ok(seq),
        }
    }

    fn try_apply(&mut self, batch: &Batch) -> Result<CommitSeq, Fault> {
        check_keys(batch)?;
        let accounts = self.accounts_of(batch)?;
        self.make_partitions(batch)?;
        let token = self.next_token()?;
        let (encoded, after) = self.encode(batch, &accounts, token)?;
        let encoded = Arc::new(encoded);
        let unparked = match self.send(&encoded) {
            Ok(unparked) => unparked,
            Err(fault) => self.judge(fault, &encoded, &after)?,
        };
        self.remember(batch, after, &accounts, unparked);
        Ok(CommitSeq(self.last_commit))
    }

    /// Sends the statement; answers beside those to the same part are numbered at the second try.
    fn send(&mut self, encoded: &Arc<Encoded>) -> Result<i64, Fault> {
        let outcome = self.send_once(encoded);
        let is_late = |fault: &Fault| {
            fault.said().is_some_and(|said| {
                said.is_over
                    && said.code == "23505"
                    && said.table.as_deref().is_some_and(|table| table_of(table) == "attempt_part")
            })
        };
        match outcome {
            Err(fault) if is_late(&fault) && !encoded.with_late_parts.swap(true, Ordering::Relaxed) => {
                self.send_once(encoded)
            }
            outcome => outcome,
        }
    }

    fn send_once(&mut self, encoded: &Arc<Encoded>) -> Result<i64, Fault> {
        encoded.sent.store(false, Ordering::Relaxed);
        let writer = self.link.writer()?;
        let (session, epoch) = (Arc::clone(&writer.session), writer.epoch);
        let encoded = Arc::clone(encoded);
        self.link.io().run(async move {
            let late = |_| Fault::Unreachable("no answer within the time for a commit".into());
            tokio::time::timeout(COMMIT_LIMIT, commit(&session, epoch, &encoded)).await.map_err(late)?
        })
    }

    /// Says what a failed commit means; gives the count of parked receipts removed when it turns out
    /// to have been written.
    fn judge(&mut self, fault: Fault, encoded: &Encoded, after: &After) -> Result<i64, Fault> {
        if let Some(said) = fault.said().filter(|said| said.is_over) {
            // The server has rolled back and said why.
            let table = said.table.as_deref().map(table_of);
            return Err(match said.code.as_str() {
                "CH001" => raised(&fault),
                "CH002" => taken_over(),
                "23505" => Fault::Guard(guard_of(table.unwrap_or_default())),
                "21000" => Fault::Guard("idempotency key"),
                _ => {
                    if matches!(fault, Fault::Unreachable(_)) {
                        self.link.lose();
                    }
                    fault
                }
            });
        }
        if matches!(fault, Fault::Guard(_)) || is_taken_over(&fault) {
            return Err(fault);
        }
        self.link.lose();
        if !encoded.sent.load(Ordering::Relaxed) {
            return Err(fault);
        }
        tracing::warn!("the connection was lost during a commit; the journal is asked for it");
        self.resolve(fault, after)
    }

    /// Asks the journal whether a commit is there, as soon as the database can be reached.
    fn resolve(&mut self, fault: Fault, after: &After) -> Result<i64, Fault> {
        let begun = Instant::now();
        while begun.elapsed() < DOUBT_LIMIT {
            match self.link.connect() {
                Ok(Some((seq, token))) if (seq, &token) == (after.seq, &after.token) => {
                    tracing::info!(seq, "the commit is there");
                    let parked = self.link.ask(|session| async move { load::parked_count(&session).await });
                    // Believing that more are parked than are only costs a question now and then.
                    return Ok(parked.map_or(0, |parked| self.parked + after.parked - parked));
                }
                Ok(newest) if self.link.knows(&newest) => {
                    tracing::info!("the commit is not there");
                    return Err(fault);
                }
                Ok(_) => return Err(taken_over()),
                Err(fault) if is_taken_over(&fault) => return Err(fault),
                Err(_) => std::thread::sleep(self.link.pause()),
            }
        }
        self.stopped = true;
        Err(fault)
    }

    /// A token that no other commit has.
    fn next_token(&mut self) -> Result<Vec<u8>, Fault> {
        self.counter += 1;
        let counter = self.counter;
        let mut token = self.link.writer()?.nonce.clone();
        token.extend(counter.to_be_bytes());
        Ok(token)
    }

    /// Makes the partitions that a batch needs and that `tidy` has not made; never, as a rule.
    fn make_partitions(&mut self, batch: &Batch) -> Result<(), Fault> {
        let missing = self.partitions.needed(batch);
        self.make(missing)
    }

    /// Makes partitions.
    pub(crate) fn make(&mut self, missing: super::partitions::Missing) -> Result<(), Fault> {
        if missing.is_empty() {
            return Ok(());
        }
        self.divide_tables(missing.sql())?;
        self.partitions.made(&missing);
        Ok(())
    }

    /// Makes or drops partitions, as the holder of the lease. After a failure nobody knows which there
    /// are, and the database is asked.
    pub(crate) fn divide_tables(&mut self, sql: String) -> Result<(), Fault> {
        let writer = self.link.writer()?;
        let (session, epoch) = (Arc::clone(&writer.session), writer.epoch);
        let done = self.link.io().run(async move {
            let work = async {
                hold_lease(&session, epoch).await?;
                session.run(&sql).await
            };
            let late = |_| Fault::Unreachable("no answer within the time for a change of tables".into());
            let work = session.in_transaction("BEGIN", work);
            tokio::time::timeout(COMMIT_LIMIT, work).await.map_err(late)?
        });
        if let Err(fault) = &done {
            if matches!(fault, Fault::Unreachable(_)) {
                self.link.lose();
            }
            if !is_taken_over(fault)
                && let Ok(known) = self.link.ask(|session| async move { Partitions::load(&session).await })
            {
                self.partitions = known;
            }
        }
        done
    }

    /// Whose messages the rows of a batch are about.
    fn accounts_of(&mut self, batch: &Batch) -> Result<HashMap<RowKey, AccountId>, Fault> {
        let new = batch.messages.iter().map(|row| (row.message.facts.key, row.message.facts.account));
        let mut found: HashMap<_, _> = new.collect();
        let attempts = batch.attempts.iter().map(|row| row.message);
        let parts = batch.attempt_parts.iter().map(|row| row.message);
        let receipts = batch.receipts.iter().map(|row| row.message);
        let changes = batch.changes.iter().map(|change| change.key);
        let mut unknown = Vec::new();
        for key in attempts.chain(parts).chain(receipts).chain(changes) {
            if found.contains_key(&key) {
                continue;
            }
            match self.accounts.get(key) {
                Some(account) => drop(found.insert(key, account)),
                None => unknown.push(key.as_i64()),
            }
        }
        if !unknown.is_empty() {
            let keys = Arc::new(unknown);
            let asked = self.link.ask(|session| {
                let keys = Arc::clone(&keys);
                async move { load::accounts_of(&session, &keys).await }
            })?;
            found.extend(asked);
        }
        Ok(found)
    }

    fn encode(
        &self,
        batch: &Batch,
        accounts: &HashMap<RowKey, AccountId>,
        token: Vec<u8>,
    ) -> Result<(Encoded, After), Fault> {
        let seq = self.last_commit + 1;
        let mut staged = self.staged.clone();
        staged.extend(batch.submissions.iter().filter(|row| row.staged).map(|row| row.key));
        for key in batch.unstaged.iter().chain(&batch.discarded) {
            if !staged.remove(key) {
                return Err(Fault::Guard("staged submission"));
            }
        }
        let of = |key: RowKey| accounts.get(&key).copied().unwrap_or(AccountId(0));
        let mut encoded = Encoded::of_traffic(batch, &staged);
        batch.attempts.iter().for_each(|row| rows::attempt(&mut encoded.attempts, of(row.message), row));
        encode_parts(&mut encoded.parts, batch, of);
        let map = &batch.receipt_map;
        map.iter().for_each(|row| rows::receipt_map(&mut encoded.receipt_map, batch.at, seq, row));
        batch.receipts.iter().for_each(|row| rows::receipt(&mut encoded.receipts, of(row.message), row));
        let mut changes = fold::changes(batch)?;
        changes.sort_unstable_by_key(|change| (of(change.key), change.key));
        for change in &changes {
            let key = change.key.as_i64();
            rows::change(
                &mut encoded.changes,
                of(change.key),
                key,
                change.expected_version,
                &change.progress,
            );
        }
        let (new, lot_changes) = fold::lots(&batch.lots)?;
        new.into_iter().for_each(|lot| rows::lot(&mut encoded.lots, lot));
        encoded.lot_changes = lot_changes;
        let mut last_posting = self.last_posting;
        for posting in &batch.postings {
            last_posting += 1;
            rows::posting(&mut encoded.postings, last_posting, seq, batch.at, posting);
        }
        let last_key = self.last_key.max(highest_key(batch));
        encoded.journal.0.push(6, |record| {
            record.big(seq).big(batch.at.as_ms()).big(last_key).big(last_posting);
            record.blob(&token).blob(&journal::pack(&batch.journal));
        });
        let parked = i64::try_from(batch.parked.len()).unwrap_or(i64::MAX);
        Ok((encoded, After { seq, token, last_key, last_posting, staged, parked }))
    }

    fn remember(
        &mut self,
        batch: &Batch,
        after: After,
        accounts: &HashMap<RowKey, AccountId>,
        unparked: i64,
    ) {
        self.last_commit = after.seq;
        self.last_key = after.last_key;
        self.last_posting = after.last_posting;
        self.last_at = self.last_at.max(batch.at.as_ms());
        self.staged = after.staged;
        self.parked += after.parked - unparked;
        for row in &batch.messages {
            self.accounts.insert(row.message.facts.key, row.message.facts.account);
        }
        // What had to be asked for will be named again.
        for change in &batch.changes {
            if let Some(account) = accounts.get(&change.key)
                && self.accounts.get(change.key).is_none()
            {
                self.accounts.insert(change.key, *account);
            }
        }
        self.link.committed(after.seq, after.token);
        // Nobody may be listening.
        self.bell.send_replace(after.seq);
    }
}

fn check_keys(batch: &Batch) -> Result<(), Fault> {
    let is_near = |row: &ports::store::MessageRow| {
        let facts = &row.message.facts;
        facts.key >= facts.submission && facts.key < submission_end(facts.submission)
    };
    if batch.messages.iter().all(is_near) {
        Ok(())
    } else {
        Err(Fault::Guard("message key near its submission's"))
    }
}

/// Runs the commit: one statement, or a transaction when there is configuration in it.
async fn commit(session: &Session, epoch: i64, encoded: &Encoded) -> Result<i64, Fault> {
    let with_late_parts = encoded.with_late_parts.load(Ordering::Relaxed);
    let params = encoded.params(&epoch, &with_late_parts);
    if encoded.config.is_empty() {
        // The statement is prepared before, so that what may be in doubt is one message to the server.
        session.statement(APPLY).await?;
        encoded.sent.store(true, Ordering::Relaxed);
        return session.integer(APPLY, &params).await;
    }
    let work = async {
        hold_lease(session, epoch).await?;
        write_config(session, &encoded.config).await?;
        let unparked = session.integer(APPLY, &params).await?;
        encoded.sent.store(true, Ordering::Relaxed);
        Ok(unparked)
    };
    session.in_transaction("BEGIN", work).await
}

/// Locks the lease for the rest of a transaction, if it is still this process's.
pub(crate) async fn hold_lease(session: &Session, epoch: i64) -> Result<(), Fault> {
    let lock = "UPDATE lease SET epoch = epoch WHERE name = 'writer' AND epoch = $1";
    if session.execute(lock, &[&epoch]).await? == 1 { Ok(()) } else { Err(taken_over()) }
}

fn in_doubt(fault: Fault) -> ApplyError {
    ApplyError::InDoubt(fault.doing("commit a batch"))
}

/// The guard that the statement named.
fn raised(fault: &Fault) -> Fault {
    let text = fault.said().map(ToString::to_string).unwrap_or_default();
    let name = RAISED.iter().find(|name| text.starts_with(**name));
    Fault::Guard(name.copied().unwrap_or("a guard of the commit"))
}

/// The guard behind the uniqueness of a table.
fn guard_of(table: &str) -> &'static str {
    match table {
        "account" => "account name",
        "attempt" => "attempt number",
        "attempt_part" => "answer number",
        "connector" => "connector name",
        "contact" => "contact number",
        "credential" => "credential name",
        "data_key" => "data key number",
        "document" => "document number",
        "endpoint" => "endpoint address",
        "inbound" => "inbound key",
        "journal" => "commit number",
        "lot" => "lot number",
        "message" | "progress" | "body" | "message_lot" => "message key",
        "outbox" => "event key",
        "parked_receipt" => "parked receipt key",
        "person" => "person e-mail",
        "posting" => "posting number",
        "receipt" => "receipt key",
        "resource" => "resource name",
        "session" => "session token",
        "staged" | "submission" => "submission key",
        "suppression" => "suppression key",
        _ => "a row's key",
    }
}
