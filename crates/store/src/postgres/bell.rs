//! A bell that says "look again": `NOTIFY chappe` with the number of the newest commit.
//!
//! It rings after commits and never inside one, at most once in a while, over a connection of its own.
//! Nothing depends on it: who misses it finds everything in the tables.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::session::{Session, connect};
use super::url::PostgresUrl;

/// Fewest milliseconds between two rings.
const PAUSE: Duration = Duration::from_millis(100);
/// The pause before the connection is made anew.
const AGAIN: Duration = Duration::from_secs(5);
/// A ring need not be on the disk.
const SETTINGS: &str = "SET synchronous_commit = off";

/// Rings for every commit that is told, until nobody tells any more.
pub(crate) async fn ring(url: Arc<PostgresUrl>, mut commits: watch::Receiver<i64>) {
    let mut session: Option<Session> = None;
    while commits.changed().await.is_ok() {
        let seq = *commits.borrow_and_update();
        if session.as_ref().is_none_or(Session::is_closed) {
            session = open(&url).await;
        }
        let Some(open) = &session else {
            tokio::time::sleep(AGAIN).await;
            continue;
        };
        if open.integer("SELECT 0::bigint FROM pg_notify('chappe', $1::bigint::text)", &[&seq]).await.is_err()
        {
            session = None;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn open(url: &PostgresUrl) -> Option<Session> {
    let session = connect(url, &Handle::current()).await.ok()?;
    session.run(SETTINGS).await.ok()?;
    Some(session)
}
