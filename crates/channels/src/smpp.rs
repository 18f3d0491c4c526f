//! Connectors of type `smpp`: links to a carrier's message centre (SMPP 3.4) as its client.
//!
//! One task per session owns its socket; the channel itself only hands messages over. It never
//! repeats a part. Start at [`open`]; a link's life is in `link`.

mod bind;
mod deliver;
mod encode;
mod hub;
mod link;
mod options;
mod session;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use ports::BoxFuture;
use ports::channel::{AttemptRef, Capabilities, Channel, ChannelSink, Dispatch};
use tokio::time::{Instant, timeout};
use types::address::Address;
use types::catalog::Connector;
use types::id::ConnectorId;

use crate::options::Secrets;
use crate::{Kind, Parts};
use hub::{Hub, Query};
use options::Settings;

/// What taking leave may take beyond the deadline: the answer to the unbind and closing.
const LEAVE: Duration = Duration::from_secs(8);

/// This type in the list of types.
pub(crate) const KIND: Kind = Kind { name: "smpp", check, open };

/// Checks the options of a connector.
///
/// # Errors
/// A sentence that names the key.
fn check(config: &Connector, secrets: &Secrets) -> Result<Capabilities, String> {
    Settings::read(config, secrets).map(|settings| settings.capabilities())
}

/// Opens the links of a connector in the background.
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
    let binds = settings.binds();
    let hub = Arc::new(Hub::new(id, settings, parts.instance.0.clone(), Arc::clone(&parts.clock), sink));
    for (index, (command, session)) in (0_u64..).zip(binds) {
        let first = session == 0 && index == 0;
        let seed = u64::from_ne_bytes(id.0.to_ne_bytes()).wrapping_mul(1_000).wrapping_add(index);
        // The guard of the session tells when it ended, so the handle is not needed.
        drop(parts.handle.spawn(session::run(Arc::clone(&hub), command, first, seed)));
    }
    drop(parts.handle.spawn(hub::keep(Arc::clone(&hub))));
    Ok(Arc::new(SmppChannel { hub, capabilities }))
}

/// The links of one connector.
struct SmppChannel {
    hub: Arc<Hub>,
    capabilities: Capabilities,
}

impl Channel for SmppChannel {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn send(&self, batch: Vec<Dispatch>) -> Result<(), Vec<Dispatch>> {
        self.hub.accept(batch)
    }

    fn query(&self, attempt: AttemptRef, carrier_id: &str, source: &Address) {
        if !self.capabilities.query || carrier_id.is_empty() {
            tracing::debug!(connector = self.hub.id.0, "a question that cannot be asked");
            return;
        }
        self.hub.ask(Query { attempt, carrier_id: carrier_id.to_owned(), source: source.as_sender() });
    }

    fn knock(&self) {
        self.hub.knocks.send_modify(|knocks| *knocks = knocks.wrapping_add(1));
    }

    fn drain(&self, deadline_ms: u64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let limit = Duration::from_millis(deadline_ms);
            self.hub.close(Instant::now() + limit);
            if timeout(limit + LEAVE, self.hub.ended()).await.is_err() {
                tracing::warn!(connector = self.hub.id.0, "the connector did not end in time");
            }
        })
    }
}

impl Drop for SmppChannel {
    fn drop(&mut self) {
        self.hub.close(Instant::now());
    }
}
