//! Connectors of type `http`: one request per message to a supplier's API, described by templates,
//! and receipts by the supplier's calls back.
//!
//! It never repeats a request and never divides a text. A supplier that answers nothing counts as down for a while.
//! Start at [`open`]; the work is in `worker`.

mod answer;
mod breaker;
mod options;
mod template;
mod worker;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ports::BoxFuture;
use ports::channel::{AttemptRef, Capabilities, Channel, ChannelSink, Dispatch};
use ports::clock::Clock;
use ports::courier::Courier;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};
use types::address::Address;
use types::catalog::Connector;
use types::id::ConnectorId;

use crate::callback::{Callbacks, Desk};
use crate::credit::Credit;
use crate::options::Secrets;
use crate::queue::Queue;
use crate::{Kind, Parts};
use options::Settings;

/// What ending may take beyond the deadline of a drain.
const LEAVE: Duration = Duration::from_secs(5);

/// This type in the list of types.
pub(crate) const KIND: Kind = Kind { name: "http", check, open };

/// Checks the options of a connector.
///
/// # Errors
/// A sentence that names the key.
fn check(config: &Connector, secrets: &Secrets) -> Result<Capabilities, String> {
    Settings::read(config, secrets).map(|settings| settings.capabilities())
}

/// Starts the task of a connector.
///
/// # Errors
/// As [`check`].
fn open(
    parts: &Parts,
    id: ConnectorId,
    config: &Connector,
    sink: Arc<dyn ChannelSink>,
) -> Result<Arc<dyn Channel>, String> {
    let settings = Settings::read(config, &parts.secrets)?;
    let capabilities = settings.capabilities();
    let desk = settings.callback.clone().map(|(token, options)| {
        let (sink, clock) = (Arc::clone(&sink), Arc::clone(&parts.clock));
        let desk = Arc::new(Desk { id, token, options, sink, clock });
        parts.callbacks.register(&settings.name, Arc::clone(&desk));
        desk
    });
    let mut credit = Credit::default();
    credit.grow(settings.window);
    let shared = Arc::new(Shared {
        id,
        settings,
        courier: Arc::clone(&parts.courier),
        clock: Arc::clone(&parts.clock),
        sink,
        state: Mutex::new(State { queue: Queue::default(), credit, closing: false }),
        bell: Notify::new(),
        knock: Notify::new(),
        leave_by: watch::Sender::new(None),
        ended: watch::Sender::new(false),
    });
    // The task tells by `ended` when it is done, so the handle is not needed.
    drop(parts.handle.spawn(worker::run(Arc::clone(&shared), parts.handle.clone())));
    Ok(Arc::new(HttpChannel { shared, capabilities, desk, callbacks: Arc::clone(&parts.callbacks) }))
}

/// The next message.
enum Next {
    Message(Box<Dispatch>),
    Nothing,
}

struct State {
    queue: Queue,
    credit: Credit,
    closing: bool,
}

/// What the channel and its task share.
struct Shared {
    id: ConnectorId,
    settings: Settings,
    courier: Arc<dyn Courier>,
    clock: Arc<dyn Clock>,
    sink: Arc<dyn ChannelSink>,
    state: Mutex<State>,
    bell: Notify,
    /// Rung when the supplier is to be tried at once.
    knock: Notify,
    leave_by: watch::Sender<Option<Instant>>,
    ended: watch::Sender<bool>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_work(&self) -> bool {
        self.state().queue.len() > 0
    }

    fn next(&self) -> Next {
        self.state().queue.pop().map_or(Next::Nothing, |dispatch| Next::Message(Box::new(dispatch)))
    }

    fn take_all(&self) -> Vec<Dispatch> {
        let mut state = self.state();
        std::iter::from_fn(|| state.queue.pop()).collect()
    }

    /// Books messages as finished; returns the credit to tell.
    fn finish(&self, messages: u32) -> u32 {
        let mut state = self.state();
        state.credit.finish(messages);
        if state.closing { 0 } else { state.credit.grant() }
    }

    fn close(&self, leave_by: Instant) {
        self.state().closing = true;
        self.leave_by.send_if_modified(|now| {
            let sets = now.is_none();
            now.get_or_insert(leave_by);
            sets
        });
    }
}

/// A running connector.
struct HttpChannel {
    shared: Arc<Shared>,
    capabilities: Capabilities,
    desk: Option<Arc<Desk>>,
    callbacks: Arc<Callbacks>,
}

impl Channel for HttpChannel {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn send(&self, mut batch: Vec<Dispatch>) -> Result<(), Vec<Dispatch>> {
        let rest = {
            let mut state = self.shared.state();
            let taken = if state.closing { 0 } else { state.credit.accept(batch.len()) };
            let rest = batch.split_off(taken);
            batch.into_iter().for_each(|dispatch| state.queue.push(dispatch));
            rest
        };
        self.shared.bell.notify_one();
        if rest.is_empty() { Ok(()) } else { Err(rest) }
    }

    fn query(&self, attempt: AttemptRef, _carrier_id: &str, _source: &Address) {
        // The capabilities say that this supplier cannot be asked.
        tracing::debug!(
            connector = self.shared.id.0,
            attempt = attempt.attempt,
            "a question that cannot be asked"
        );
    }

    fn knock(&self) {
        self.shared.knock.notify_one();
    }

    fn drain(&self, deadline_ms: u64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let limit = Duration::from_millis(deadline_ms);
            self.shared.close(Instant::now() + limit);
            let mut ended = self.shared.ended.subscribe();
            if timeout(limit + LEAVE, ended.wait_for(|ended| *ended)).await.is_err() {
                tracing::warn!(connector = self.shared.id.0, "the connector did not end in time");
            }
        })
    }
}

impl Drop for HttpChannel {
    fn drop(&mut self) {
        self.shared.close(Instant::now());
        if let Some(desk) = &self.desk {
            self.callbacks.remove(&self.shared.settings.name, desk);
        }
    }
}
