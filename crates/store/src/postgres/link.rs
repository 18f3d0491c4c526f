//! The writer's connection: kept, and made anew with growing pauses when it is lost.
//!
//! After a loss the lease is taken again under a new epoch before anything is asked. That waits for a
//! commit that may still be under way on the server and refuses any that comes later, so that the
//! newest row of the journal then tells for certain what was written. Start at [`Link::ask`].

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::io::Io;
use super::lease::{self, Newest, Writer, taken_over};
use super::session::Session;
use super::url::PostgresUrl;
use crate::fault::Fault;

/// The pause after the first attempt to connect that failed; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How long a question of the writer may take.
const ASK_LIMIT: Duration = Duration::from_secs(120);
/// How long giving the lease back may take at the end.
const FAREWELL_LIMIT: Duration = Duration::from_secs(1);

/// The writer's connection and what it takes to make it anew.
pub(crate) struct Link {
    url: Arc<PostgresUrl>,
    holder: String,
    writer: Option<Writer>,
    /// The server's process of the latest connection.
    process: i64,
    /// The commit that this process knows as the newest.
    known: Newest,
    pause: Duration,
    next_try: Option<Instant>,
    /// Ends last: dropping it ends the connections.
    io: Io,
}

impl Link {
    /// With the connection that was opened at the start.
    pub(crate) fn new(io: Io, url: Arc<PostgresUrl>, holder: String, writer: Writer) -> Self {
        let (process, known) = (writer.process, writer.newest.clone());
        Self { url, holder, writer: Some(writer), process, known, pause: FIRST_PAUSE, next_try: None, io }
    }

    /// The number of the newest commit that this process knows.
    pub(crate) fn newest(&self) -> i64 {
        self.known.as_ref().map_or(0, |known| known.0)
    }

    /// The thread of the connection.
    pub(crate) const fn io(&self) -> &Io {
        &self.io
    }

    /// Whether the newest commit in the database is the one that this process knows.
    pub(crate) fn knows(&self, newest: &Newest) -> bool {
        *newest == self.known
    }

    /// Remembers a commit of this process as the newest.
    pub(crate) fn committed(&mut self, seq: i64, token: Vec<u8>) {
        self.known = Some((seq, token));
    }

    /// Forgets the connection.
    pub(crate) fn lose(&mut self) {
        self.writer = None;
    }

    /// The connection, made anew when it was lost and it is time to try.
    pub(crate) fn writer(&mut self) -> Result<&Writer, Fault> {
        if self.writer.as_ref().is_none_or(|writer| writer.session.is_closed()) {
            let newest = self.connect()?;
            if !self.knows(&newest) {
                self.lose();
                return Err(taken_over());
            }
        }
        self.writer.as_ref().ok_or_else(taken_over)
    }

    /// Makes the connection anew, unless it is too early; gives the newest commit.
    pub(crate) fn connect(&mut self) -> Result<Newest, Fault> {
        self.lose();
        if self.next_try.is_some_and(|at| Instant::now() < at) {
            return Err(Fault::Unreachable("the connection was lost; it is tried again in a moment".into()));
        }
        let made = lease::reconnect(Arc::clone(&self.url), self.holder.clone(), self.process);
        match self.io.run(made) {
            Ok(writer) => {
                tracing::info!(epoch = writer.epoch, "connected to the database again");
                (self.pause, self.next_try) = (FIRST_PAUSE, None);
                self.process = writer.process;
                let newest = writer.newest.clone();
                self.writer = Some(writer);
                Ok(newest)
            }
            Err(fault) => {
                self.next_try = Some(Instant::now() + self.pause);
                self.pause = (self.pause * 2).min(LONGEST_PAUSE);
                Err(fault)
            }
        }
    }

    /// How long to wait before another attempt is worth it.
    pub(crate) const fn pause(&self) -> Duration {
        self.pause
    }

    /// Asks a question, twice when the connection is found lost.
    pub(crate) fn ask<T, F, A>(&mut self, question: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Fn(Arc<Session>) -> A,
        A: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        match self.ask_once(&question) {
            Err(Fault::Unreachable(_)) if self.writer.is_none() => self.ask_once(&question),
            outcome => outcome,
        }
    }

    fn ask_once<T, A>(&mut self, question: impl Fn(Arc<Session>) -> A) -> Result<T, Fault>
    where
        T: Send + 'static,
        A: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let session = Arc::clone(&self.writer()?.session);
        let answer = question(session);
        let outcome = self.io.run(async move {
            let late = |_| Fault::Unreachable("no answer within the time for a question".into());
            tokio::time::timeout(ASK_LIMIT, answer).await.map_err(late)?
        });
        if matches!(outcome, Err(Fault::Unreachable(_))) {
            self.lose();
        }
        outcome
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some(writer) = self.writer.take() else { return };
        let farewell = lease::give_back(writer.session, writer.epoch);
        let farewell = self.io.run(async move {
            let late = |_| Fault::Unreachable("no answer".into());
            tokio::time::timeout(FAREWELL_LIMIT, farewell).await.map_err(late)?
        });
        if let Err(fault) = farewell {
            tracing::debug!(?fault, "the lease could not be given back");
        }
    }
}
