//! Checkpoints: pages of the log are copied to the database by a thread with its own connection.
//!
//! A commit appends to the log; the log begins anew only at a commit that finds all of it copied
//! and no reader in it. A copying thread alone never gets there under load, because commits go on
//! while it copies; a writer that copies everything itself stands still for as long as that takes.
//! So the thread copies the bulk (`PASSIVE`, which waits for nobody), and right after it the writer
//! copies the few pages that have come since. When copying fails, the disk cannot be trusted any
//! more and the store stops.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, ErrorCode};

use super::fault::{Fault, first};
use super::open::writing_connection;
use crate::codec::Cells;

/// The thread is woken when this many pages of the log wait to be copied (8 MiB of a new database).
const WAKE_PAGES: i64 = 1_024;
/// The writer copies the rest itself when the log has at least so many pages, and at most so many of them wait to
/// be copied: for a log of 32 MiB it is patient and stops everybody for a few milliseconds (2 MiB) at most, for
/// one of 128 MiB less so (8 MiB), and from 512 MiB on it copies whatever waits, because a disk is not endless.
const RESTS: [(i64, i64); 3] = [(4_096, 256), (16_384, 1_024), (65_536, i64::MAX)];

/// Pages in the log, and how many of them are copied.
struct Log {
    pages: i64,
    copied: i64,
}

/// Wakes the copying thread and knows how it fares.
pub(crate) struct Checkpointer {
    /// At most one request waits; asking again while it does is the same request.
    wake: Option<SyncSender<()>>,
    busy: Arc<AtomicBool>,
    failed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// Starts the thread.
    pub(crate) fn start(path: &Path) -> Result<Self, Fault> {
        let connection = writing_connection(path)?;
        let (wake, asked) = sync_channel(1);
        let (busy, failed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (thread_busy, thread_failed) = (Arc::clone(&busy), Arc::clone(&failed));
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || copy_when_asked(&connection, &asked, &thread_busy, &thread_failed))
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(Self { wake: Some(wake), busy, failed, thread: Some(thread) })
    }

    /// Whether copying has failed, so that nothing must be written any more.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Between two commits: wakes the thread or finishes its work. Returns whether the writer
    /// copied pages.
    pub(crate) fn step(&self, connection: &Connection) -> Result<bool, Fault> {
        if self.busy.load(Ordering::Acquire) {
            return Ok(false);
        }
        let log = log(connection, "PRAGMA wal_checkpoint(NOOP)")?;
        let waiting = log.pages - log.copied;
        if waiting > 0 && RESTS.iter().any(|(pages, rest)| log.pages >= *pages && waiting <= *rest) {
            copy(connection, &self.failed);
            return Ok(true);
        }
        if waiting >= WAKE_PAGES
            && let Some(wake) = &self.wake
        {
            // Before the request, because the thread may be done with it before this goes on.
            self.busy.store(true, Ordering::Release);
            if wake.try_send(()).is_err() {
                self.busy.store(false, Ordering::Release);
            }
        }
        Ok(false)
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was already printed; there is nobody to tell it to here.
            drop(thread.join());
        }
    }
}

fn copy_when_asked(connection: &Connection, asked: &Receiver<()>, busy: &AtomicBool, failed: &AtomicBool) {
    while asked.recv().is_ok() {
        copy(connection, failed);
        busy.store(false, Ordering::Release);
    }
}

/// Copies what can be copied. A lock or a full disk is no failure: the log stays, the next round
/// goes on. An error of the disk is one: after a failed sync nobody knows what it holds.
fn copy(connection: &Connection, failed: &AtomicBool) {
    let untrusted = |error: &rusqlite::Error| {
        let code = error.sqlite_error_code();
        matches!(
            code,
            Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        )
    };
    if let Err(Fault::Engine(error)) = log(connection, "PRAGMA wal_checkpoint(PASSIVE)")
        && error.downcast_ref().is_some_and(untrusted)
    {
        failed.store(true, Ordering::Release);
    }
}

fn log(connection: &Connection, pragma: &str) -> Result<Log, Fault> {
    let found = first(connection, pragma, [], |row| {
        let cells = &mut Cells::new(row, "the log");
        cells.int()?;
        Ok(Log { pages: cells.int()?, copied: cells.int()? })
    })?;
    found.ok_or(Fault::Corrupt("wal_checkpoint"))
}
