//! Who may write: one row with an epoch.
//!
//! A process that takes the lease raises the epoch. Every commit locks the row and compares its own
//! epoch with it, so that whoever takes over waits for a commit under way, and what an older epoch
//! sends later is refused. Times are by the server's clock. The lease is taken over at once from an
//! earlier life of the same installation on the same machine, which the lock of the data folder proves
//! to be over; from any other holder only when it has lapsed.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::time::Duration;

use super::session::{Param, Session, connect};
use super::url::PostgresUrl;
use crate::codec::{Cells, single_blob};
use crate::fault::Fault;

/// How long a lease holds when nobody renews it, milliseconds.
pub(crate) const LEASE_MS: i64 = 10_000;
/// How often it is renewed between commits.
const RENEWAL: Duration = Duration::from_millis(2_500);
/// How long taking it may take: a commit of the holder before is waited for.
const TAKE_LIMIT: Duration = Duration::from_secs(20);
/// What the machine calls itself, and its present run.
const BOOT_FILE: &str = "/proc/sys/kernel/random/boot_id";

/// The server's clock in milliseconds.
macro_rules! server_ms {
    () => {
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    };
}

/// Settings of a session that writes. Statements are planned once, by key and never by scan: what a
/// table was like at the first commit says nothing of what it will be.
const SETTINGS: &str = "SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_seqscan = off; \
    SET enable_hashjoin = off; SET enable_mergejoin = off; SET work_mem = '32MB'; \
    SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = warning";

/// The lease is another process's.
#[derive(Debug)]
pub(crate) struct TakenOver;

impl fmt::Display for TakenOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another process has taken over the database, or its state was set back")
    }
}

impl Error for TakenOver {}

/// As a fault of the store.
pub(crate) fn taken_over() -> Fault {
    Fault::Engine(Box::new(TakenOver))
}

/// Whether a fault says that another process writes.
pub(crate) fn is_taken_over(fault: &Fault) -> bool {
    matches!(fault, Fault::Engine(source) if source.is::<TakenOver>())
}

/// Names this installation on this run of this machine: two processes that hold the lock of one data
/// folder after each other have the same name, and no others.
pub(crate) fn holder(lock: &File) -> String {
    let boot = std::fs::read_to_string(BOOT_FILE).unwrap_or_default();
    let (device, file) = lock.metadata().map_or((0, 0), |data| (data.dev(), data.ino()));
    format!("{} {device:x}:{file:x} {}", boot.trim(), if boot.is_empty() { std::process::id() } else { 0 })
}

/// The newest commit: its number and its token.
pub(crate) type Newest = Option<(i64, Vec<u8>)>;

/// A session that may write.
pub(crate) struct Writer {
    pub(crate) session: Arc<Session>,
    pub(crate) epoch: i64,
    /// The server's process, so that it can be ended when the connection is lost.
    pub(crate) process: i64,
    /// Random octets: no other session has the same.
    pub(crate) nonce: Vec<u8>,
    pub(crate) newest: Newest,
}

/// Connects for writing, without the lease yet.
pub(crate) async fn session(url: &PostgresUrl) -> Result<Session, Fault> {
    let session = connect(url, &tokio::runtime::Handle::current()).await?;
    session.run(SETTINGS).await?;
    Ok(session)
}

/// Connects anew and takes the lease back from the connection that was lost, whose process on the
/// server is ended if it is still there.
pub(crate) async fn reconnect(url: Arc<PostgresUrl>, holder: String, lost: i64) -> Result<Writer, Fault> {
    let session = session(&url).await?;
    // It has gone by itself, as a rule. Where it may not be ended, the lock is waited for.
    if let Err(fault) = end_process(&session, lost).await {
        tracing::debug!(?fault, "the process of a lost connection could not be ended");
    }
    let take = "UPDATE lease SET epoch = epoch + 1 WHERE name = 'writer' AND holder = $1 RETURNING epoch";
    let params: [Param<'_>; 1] = [&holder];
    let taken = tokio::time::timeout(TAKE_LIMIT, session.integer(take, &params));
    let epoch = taken.await.map_err(|_| Fault::Unreachable("the lease is locked".into()))??;
    if epoch == 0 {
        return Err(taken_over());
    }
    begin(session, epoch).await
}

/// Ends the process behind a lost connection, if it is still there. In two steps: in one, the planner may
/// end every process before it compares their numbers.
async fn end_process(session: &Session, process: i64) -> Result<(), Fault> {
    let is_there = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1::bigint \
                    AND datname = current_database() AND application_name = current_setting('application_name')";
    if session.integer(is_there, &[&process]).await? == 1 {
        session.integer("SELECT pg_terminate_backend($1::bigint::integer)::integer", &[&process]).await?;
    }
    Ok(())
}

/// Takes the lease at the start, if it is free, has lapsed or was this installation's. `None` when it
/// is another's.
pub(crate) async fn take(session: &Session, holder: &str) -> Result<Option<i64>, Fault> {
    let take = concat!(
        "INSERT INTO lease AS l (name, epoch, holder, expires_at) VALUES ('writer', 1, $1, ",
        server_ms!(),
        " + $2) ON CONFLICT (name) DO UPDATE SET epoch = l.epoch + 1, holder = excluded.holder, \
         expires_at = excluded.expires_at WHERE l.holder = excluded.holder OR l.expires_at <= ",
        server_ms!(),
        " RETURNING epoch"
    );
    let epoch = session.integer(take, &[&holder, &LEASE_MS]).await?;
    Ok((epoch != 0).then_some(epoch))
}

/// When the lease of another lapses, by the server's clock.
pub(crate) async fn expires_at(session: &Session) -> Result<i64, Fault> {
    session.integer("SELECT expires_at FROM lease WHERE name = 'writer'", &[]).await
}

/// A session with the lease: who it is, and what was committed last. It is renewed from here on.
pub(crate) async fn begin(session: Session, epoch: i64) -> Result<Writer, Fault> {
    let session = Arc::new(session);
    tokio::spawn(renew(Arc::downgrade(&session), epoch));
    let newest = "SELECT seq, token FROM journal ORDER BY seq DESC LIMIT 1";
    let newest = session.first(newest, &[], |row| {
        let cells = &mut Cells::new(row, "journal");
        Ok((cells.int()?, cells.blob()?))
    });
    let newest = newest.await?;
    let nonce = session.first("SELECT uuid_send(gen_random_uuid())", &[], single_blob).await?;
    let process = session.process().await?;
    Ok(Writer { session, epoch, process, nonce: nonce.unwrap_or_default(), newest })
}

/// Renews the lease as long as the session lives.
async fn renew(session: std::sync::Weak<Session>, epoch: i64) {
    let renew =
        concat!("UPDATE lease SET expires_at = ", server_ms!(), " + $1 WHERE name = 'writer' AND epoch = $2");
    loop {
        tokio::time::sleep(RENEWAL).await;
        let Some(session) = session.upgrade().filter(|session| !session.is_closed()) else { return };
        match session.execute(renew, &[&LEASE_MS, &epoch]).await {
            Ok(1) => {}
            // The next commit is refused and says so.
            Ok(_) => return,
            Err(fault) => tracing::debug!(?fault, "the lease could not be renewed"),
        }
    }
}

/// Gives the lease back, so that the next process need not wait.
pub(crate) async fn give_back(session: Arc<Session>, epoch: i64) -> Result<(), Fault> {
    let give = "UPDATE lease SET expires_at = 0 WHERE name = 'writer' AND epoch = $1";
    session.execute(give, &[&epoch]).await.map(drop)
}
