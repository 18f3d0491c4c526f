//! Connector types and the outbound HTTP client: how messages leave the platform.
//!
//! An adapter: it knows the seams of `ports` and never `app` or another adapter. It decides nothing;
//! a carrier's codes are mapped by the connector's table only. Start at [`factory`]; each type is one
//! module and one line in [`KINDS`].

mod backoff;
mod callback;
pub mod courier;
mod crash;
mod credit;
mod http;
mod message_state;
mod options;
mod pacer;
mod queue;
mod receipt_text;
mod smpp;
mod tls;

use std::sync::Arc;

use ports::channel::{Capabilities, Channel, ChannelFactory, ChannelSink};
use ports::clock::Clock;
use ports::courier::Courier;
use types::catalog::Connector;
use types::id::ConnectorId;

pub use callback::{CallbackDesk, CallbackOptions, receipt_from_callback};
pub use options::Secrets;

/// The name by which this installation answers binds at its own SMPP server, e.g. `chappe-3f9a1c`.
/// A carrier that calls itself so is this installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceName(pub String);

/// What every type is given.
pub(crate) struct Parts {
    pub(crate) courier: Arc<dyn Courier>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) instance: InstanceName,
    pub(crate) handle: tokio::runtime::Handle,
    pub(crate) secrets: Secrets,
    pub(crate) callbacks: Arc<callback::Callbacks>,
}

/// Checks the options of a connector; the error is a sentence that names the key.
pub(crate) type Check = fn(&Connector, &Secrets) -> Result<Capabilities, String>;
/// Starts a connector in the background; the error is as in [`Check`].
pub(crate) type Open =
    fn(&Parts, ConnectorId, &Connector, Arc<dyn ChannelSink>) -> Result<Arc<dyn Channel>, String>;

/// A type of connector.
pub(crate) struct Kind {
    /// The word after `type` in the routes.
    pub(crate) name: &'static str,
    /// Checks the options and opens nothing.
    pub(crate) check: Check,
    /// Starts the connector.
    pub(crate) open: Open,
}

/// The types, one line each; what belongs to a type stands in its module.
const KINDS: &[Kind] = &[
    // Links to a carrier's message centre.
    smpp::KIND,
    // Requests to a supplier's API.
    http::KIND,
];

/// Makes channels of the types that are built in. Links run as tasks on `handle`; secrets written as
/// `env:NAME` are read through `secrets`.
pub fn factory(
    courier: Arc<dyn Courier>,
    clock: Arc<dyn Clock>,
    instance: InstanceName,
    handle: tokio::runtime::Handle,
    secrets: Secrets,
) -> Factory {
    Factory { parts: Parts { courier, clock, instance, handle, secrets, callbacks: Arc::default() } }
}

/// See [`factory`].
pub struct Factory {
    parts: Parts,
}

impl Factory {
    /// Where the HTTP door hands in what suppliers call back with.
    pub fn callback_desk(&self) -> Arc<dyn CallbackDesk> {
        Arc::clone(&self.parts.callbacks) as Arc<dyn CallbackDesk>
    }
}

fn kind(config: &Connector) -> Result<&'static Kind, String> {
    KINDS.iter().find(|kind| kind.name == config.kind).ok_or_else(|| {
        let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
        format!("type: {:?} is not known; write one of {}", config.kind, names.join(", "))
    })
}

impl ChannelFactory for Factory {
    fn kinds(&self) -> Vec<&'static str> {
        KINDS.iter().map(|kind| kind.name).collect()
    }

    fn check(&self, config: &Connector) -> Result<Capabilities, String> {
        (kind(config)?.check)(config, &self.parts.secrets)
    }

    fn open(
        &self,
        id: ConnectorId,
        config: &Connector,
        sink: Arc<dyn ChannelSink>,
    ) -> Result<Arc<dyn Channel>, String> {
        (kind(config)?.open)(&self.parts, id, config, sink)
    }
}
