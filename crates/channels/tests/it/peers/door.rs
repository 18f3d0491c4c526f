//! What scripted peers have in common: a listening socket that can go away, and a behaviour that tests set.

use std::future::Future;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use ports::conformance::channel::Behaviour;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The door of a peer.
pub(crate) struct Door {
    pub(crate) port: u16,
    listener: Mutex<Option<TcpListener>>,
    behaviour: Mutex<Behaviour>,
    /// Counts the requests that were read, so that tests can wait for them.
    read: watch::Sender<usize>,
    open: watch::Sender<bool>,
    gone: watch::Sender<bool>,
    next_id: AtomicU64,
}

impl Door {
    /// Listens at a free port; [`Door::serve`] lets in.
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self {
            port: listener.local_addr().unwrap().port(),
            listener: Mutex::new(Some(listener)),
            behaviour: Mutex::new(Behaviour::Accept),
            read: watch::Sender::new(0),
            open: watch::Sender::new(true),
            gone: watch::Sender::new(false),
            next_id: AtomicU64::new(1),
        }
    }

    /// Serves every connection in a task of its own, until the door is shut.
    pub(crate) async fn serve<S: Future<Output = ()> + Send + 'static>(
        &self,
        serve: impl Fn(TcpStream) -> S,
    ) {
        let listener = self.listener.lock().unwrap().take().unwrap();
        let mut open = self.open.subscribe();
        loop {
            tokio::select! {
                accepted = listener.accept() => drop(tokio::spawn(serve(accepted.unwrap().0))),
                _ = open.wait_for(|open| !*open) => break,
            }
        }
        drop(listener);
        self.gone.send_replace(true);
    }

    /// Lets nobody in any more.
    pub(crate) async fn shut(&self) {
        self.open.send_replace(false);
        self.gone.subscribe().wait_for(|gone| *gone).await.unwrap();
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    pub(crate) fn behaviour(&self) -> Behaviour {
        *self.behaviour.lock().unwrap()
    }

    /// A request was read.
    pub(crate) fn count(&self) {
        self.read.send_modify(|read| *read += 1);
    }

    /// Waits until so many requests have been read in all.
    pub(crate) async fn has_read(&self, requests: usize) {
        self.read.subscribe().wait_for(|read| *read >= requests).await.unwrap();
    }

    /// An id that was not given before.
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }
}
