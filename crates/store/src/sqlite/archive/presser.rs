//! The thread that makes blocks, with a connection that only reads.
//!
//! Reading some thousand messages, compressing them and opening the block again takes a tenth of a second:
//! too long for the writer, who only writes what is ready. At most one block is asked for at a time.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::keyring::Keyring;
use super::rows::{Pressed, pick, press};
use crate::sqlite::fault::Fault;
use crate::sqlite::open::reading_connection;

/// What is asked for: a block of the oldest messages below a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) below: i64,
    pub(super) messages: usize,
}

type Answer = Result<Option<Pressed>, Fault>;

/// What has become of a wish.
pub(super) enum Outcome {
    /// Nothing was asked for.
    Idle,
    /// It is being made.
    Busy,
    /// Here it is, or there is nothing to archive.
    Done(Answer),
}

/// The thread and what it was asked for.
pub(super) struct Presser {
    ask: Option<SyncSender<Wish>>,
    answers: Receiver<Answer>,
    is_asked: bool,
    thread: Option<JoinHandle<()>>,
}

impl Presser {
    pub(super) fn start(path: &Path, keyring: Arc<Keyring>) -> Result<Self, Fault> {
        let (ask, asked) = sync_channel(1);
        let (answer, answers) = sync_channel(1);
        let path = path.to_owned();
        let thread = std::thread::Builder::new()
            .name("archive".to_owned())
            .spawn(move || work(&path, &keyring, &asked, &answer))
            .map_err(|error| Fault::Engine(Box::new(error)))?;
        Ok(Self { ask: Some(ask), answers, is_asked: false, thread: Some(thread) })
    }

    /// Asks for a block, unless one is being made.
    pub(super) fn ask(&mut self, wish: Wish) {
        if !self.is_asked
            && let Some(ask) = &self.ask
        {
            self.is_asked = ask.try_send(wish).is_ok();
        }
    }

    /// What has become of the wish; an answer is given once.
    pub(super) fn answer(&mut self) -> Outcome {
        if !self.is_asked {
            return Outcome::Idle;
        }
        match self.answers.try_recv() {
            Ok(answer) => {
                self.is_asked = false;
                Outcome::Done(answer)
            }
            Err(TryRecvError::Empty) => Outcome::Busy,
            Err(TryRecvError::Disconnected) => {
                self.is_asked = false;
                Outcome::Done(Err(Fault::Corrupt("the thread of the archive")))
            }
        }
    }
}

impl Drop for Presser {
    fn drop(&mut self) {
        self.ask = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was already printed; there is nobody to tell it to here.
            drop(thread.join());
        }
    }
}

fn work(path: &Path, keyring: &Keyring, asked: &Receiver<Wish>, answer: &SyncSender<Answer>) {
    while let Ok(wish) = asked.recv() {
        // A connection for each block: a thread that rests for a day holds nothing.
        let made = reading_connection(path).and_then(|connection| make(&connection, keyring, wish));
        if answer.send(made).is_err() {
            return;
        }
    }
}

/// Makes a block from one state of the database.
pub(super) fn make(connection: &Connection, keyring: &Keyring, wish: Wish) -> Answer {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let keys = pick(&transaction, wish.below, wish.messages)?;
    press(&transaction, keyring, keys)
}
