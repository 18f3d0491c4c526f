//! The thread on which connections live.
//!
//! The seam of the store blocks, the driver does not. Each side of the store has a thread with a small
//! runtime that never waits for anybody: callers hand it a future and block on its outcome, whatever
//! thread they are, so that a connection is heard also between two questions. Start at [`Io::run`].

use std::future::Future;
use std::io;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::fault::Fault;

/// The runtime of one side of the store. It ends with this value.
pub(crate) struct Io {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Io {
    /// Starts the thread.
    pub(crate) fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let work = move || {
            // Whether it was told to stop or the value was dropped is the same.
            let _told = runtime.block_on(stopped);
            runtime.shutdown_timeout(Duration::from_millis(100));
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work)?;
        Ok(Self { handle, stop: Some(stop), thread: Some(thread) })
    }

    /// Runs a future on the thread and waits for its outcome.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<T, Fault> {
        let (done, outcome) = sync_channel(1);
        self.handle.spawn(async move {
            // Nobody waits any more only when the caller's thread has gone.
            let _told = done.send(work.await);
        });
        outcome
            .recv()
            .unwrap_or_else(|_| Err(Fault::Unreachable("the thread of the connection has ended".into())))
    }

    /// Where tasks of connections run.
    pub(crate) const fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Io {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of a database connection failed");
        }
    }
}
