//! Putting the shell together: reads the store, starts the engine's thread and the notifier.
//!
//! It decides nothing. Start at [`start`]; what the thread does then, and how a simulation does the same
//! without a thread, is in `turns`.

use std::sync::Arc;

use decide::price::PriceTable;
use decide::snapshot::Snapshot;
use ports::BoxFuture;
use ports::channel::{ChannelEvent, ChannelFactory, ChannelSink};
use ports::clock::Clock;
use ports::courier::Courier;
use ports::entropy::Entropy;
use ports::phones::Mailer;
use ports::store::{ConfigKind, Reader, Store, StoredState};
use ports::vault::Vault;
use types::id::{ConnectorId, RowKey};

use crate::core::Core;
use crate::engine::{Engine, EngineError, Input, Outfit};
use crate::lookup::Questions;
use crate::notify::Notifier;
use crate::report::Renderer;
use crate::seal::{Hasher, KeyClass, Kind, Sealer};
use crate::sealed::settings::{EndpointFacts, read_endpoint, read_key};
use crate::shared::{CredentialEntry, Directory, Resource, Shared};

mod turns;

use turns::Turns;
pub use turns::{EngineThread, Stepper, Turn};

/// Fewest milliseconds between proofs of the ledger.
const PROOF_MS: u64 = 30_000;

/// Everything that the shell needs from outside.
pub struct Parts {
    /// The writing side of the store.
    pub store: Box<dyn Store>,
    /// The reading side.
    pub reader: Arc<dyn Reader>,
    /// The keeper of the key-encryption key.
    pub vault: Arc<dyn Vault>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Makes channels; it is given the sink that [`start`] makes.
    pub factory: Arc<dyn ChannelFactory>,
    /// Calls webhooks.
    pub courier: Arc<dyn Courier>,
    /// Writes webhooks in the form of their endpoint's kind.
    pub renderers: Vec<Arc<dyn Renderer>>,
    /// Sends mail.
    pub mailer: Arc<dyn Mailer>,
    /// Where tasks run.
    pub runtime: tokio::runtime::Handle,
    /// Addresses of our own SMPP doors, to see connectors that lead back.
    pub own_smpp: Vec<std::net::SocketAddr>,
    /// The name by which this installation answers binds, e.g. `chappe-3f9a1c`.
    pub instance_name: String,
    /// Whether channels are opened. Commands on a folder without a server open none: nothing is sent.
    pub connects: bool,
    /// The profile to begin with, when the store has none or another one is given.
    pub profile: Option<types::profile::Profile>,
}

/// What the handle of doors points at.
pub(crate) struct Runtime {
    pub(crate) shared: Arc<Shared>,
    pub(crate) reader: Arc<dyn Reader>,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) hasher: Hasher,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) passwords: crate::people::Passwords,
    pub(crate) failed_sign_ins: crate::people::FailedSignIns,
    pub(crate) questions: Questions,
}

/// Reads the store, starts the engine and gives the handle for doors.
///
/// # Errors
/// When the store, its keys or its configuration cannot be used.
pub fn start(parts: Parts) -> Result<(Core, EngineThread), EngineError> {
    let (core, mut engine) = assemble(parts, Questions::Apart)?;
    engine.catch_crashes();
    let thread = EngineThread::spawn(Turns::of(engine))?;
    Ok((core, thread))
}

/// As [`start`], but without a thread: the engine works when its [`Stepper`] is asked to, and questions to
/// the store are answered where they are asked. For a simulation, which must do everything in one order.
///
/// # Errors
/// As [`start`].
pub fn start_stepped(parts: Parts) -> Result<(Core, Stepper), EngineError> {
    let (core, engine) = assemble(parts, Questions::InPlace)?;
    Ok((core, Stepper::of(Turns::of(engine))))
}

fn assemble(parts: Parts, questions: Questions) -> Result<(Core, Engine), EngineError> {
    let Parts {
        mut store,
        reader,
        vault,
        clock,
        entropy,
        factory,
        courier,
        renderers,
        mailer,
        runtime,
        own_smpp,
        instance_name,
        connects,
        profile,
    } = parts;
    let state = store.load()?;
    let sealer = Arc::new(Sealer::new(vault, Arc::clone(&entropy)));
    sealer.load(&state.data_keys)?;
    let hasher = hasher(store.as_mut(), &sealer, clock.as_ref())?;
    let notifier =
        Notifier::new(courier, Arc::clone(&clock), Arc::clone(&entropy), renderers, runtime.clone());
    let shared = shared_of(instance_name, notifier, own_smpp, directory_of(&state, &sealer));
    let outfit = Outfit {
        store,
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        sealer: Arc::clone(&sealer),
        shared: Arc::clone(&shared),
        factory,
        sink: Arc::new(Sink(Arc::clone(&shared))),
        runtime,
        hasher: hasher.clone(),
        connects,
    };
    let mut engine = Engine::new(outfit, &state);
    // The notifier knows what waits in the store before the engine adds events of its own: those of one
    // endpoint are told in their order.
    shared.notifier.start(&shared, &state.outbox_pending);
    engine.begin(&state, profile)?;
    let inner = Runtime {
        shared: Arc::clone(&shared),
        reader,
        sealer,
        hasher,
        clock,
        entropy,
        mailer,
        passwords: crate::people::Passwords::new(),
        failed_sign_ins: Default::default(),
        questions,
    };
    let core = Core { inner: Arc::new(inner) };
    prove_ledger(&core, &engine.runtime);
    Ok((core, engine))
}

/// What the engine and the doors share at the start.
fn shared_of(
    instance_name: String,
    notifier: Notifier,
    own_smpp: Vec<std::net::SocketAddr>,
    directory: Directory,
) -> Arc<Shared> {
    let shared = Shared::new(instance_name, notifier);
    *shared.own_smpp.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = own_smpp;
    shared.directory.store(Arc::new(directory));
    Arc::new(shared)
}

impl Engine {
    /// Compiles the stored configuration, opens channels and reads the open messages.
    fn begin(
        &mut self,
        state: &StoredState,
        profile: Option<types::profile::Profile>,
    ) -> Result<(), EngineError> {
        let now = self.clock.now();
        let document = |kind: ConfigKind| state.configs.iter().find(|config| config.kind == kind);
        let broken = |what: &str, why: String| EngineError::Configuration(format!("{what}: {why}"));
        let mut snapshot = Snapshot::default();
        if let Some(stored) = document(ConfigKind::Profile) {
            snapshot.profile_version = stored.number;
            let parsed =
                serde_json::from_str(&stored.document).map_err(|e| broken("profile", e.to_string()))?;
            snapshot.profile = Arc::new(parsed);
        }
        if let Some(stored) = document(ConfigKind::Prices) {
            let books: Vec<_> =
                serde_json::from_str(&stored.document).map_err(|e| broken("prices", e.to_string()))?;
            snapshot.prices =
                Arc::new(PriceTable::compile(stored.number, &books).map_err(|e| broken("prices", e))?);
        }
        if let Some(stored) = document(ConfigKind::Traffic) {
            let parsed =
                serde_json::from_str(&stored.document).map_err(|e| broken("traffic", e.to_string()))?;
            let (numbers, table) =
                self.compile_traffic(stored.number, &parsed).map_err(|e| broken("traffic", e))?;
            self.connector_numbers.extend(numbers);
            snapshot.traffic = Arc::new(table);
        }
        self.publish_snapshot(snapshot);
        let wanted = profile.unwrap_or_else(|| (*self.snapshot.profile).clone());
        self.adopt_profile(wanted, now)?;
        self.shared.metrics.learn_names(self.connector_numbers.iter().cloned());
        self.adopt_money(&state.lots);
        self.scan_suppressions()?;
        self.scan_senders()?;
        self.open_channels();
        self.scan_open(now, true)
    }
}

/// Where channels tell their events.
struct Sink(Arc<Shared>);

impl ChannelSink for Sink {
    fn tell(&self, connector: ConnectorId, events: Vec<ChannelEvent>) -> BoxFuture<'_, ()> {
        // A receipt or a message from a phone is acknowledged to the carrier when this returns: it must
        // be on disk by then, because the carrier will not tell it again.
        let must_be_kept =
            events.iter().any(|event| matches!(event, ChannelEvent::Receipt(_) | ChannelEvent::Inbound(_)));
        Box::pin(async move {
            if !must_be_kept {
                return self.0.inbox.push_event(Input::Channel(connector, events, None)).await;
            }
            let (kept_on_disk, kept) = tokio::sync::oneshot::channel();
            self.0.inbox.push_event(Input::Channel(connector, events, Some(kept_on_disk))).await;
            if kept.await.is_err() {
                // The engine has stopped, and with it the process: nothing may be acknowledged.
                std::future::pending::<()>().await;
            }
        })
    }
}

fn hasher(store: &mut dyn Store, sealer: &Sealer, clock: &dyn Clock) -> Result<Hasher, EngineError> {
    let now = clock.now();
    let mut data_keys = Vec::new();
    let key = sealer.current(None, KeyClass::Hashes, now, &mut data_keys)?;
    if !data_keys.is_empty() {
        let batch = ports::store::Batch { at: now, data_keys, ..ports::store::Batch::default() };
        store.apply(&batch).map_err(EngineError::InDoubt)?;
    }
    Hasher::new(&key).ok_or_else(|| EngineError::Configuration("the key of hashes cannot be used".into()))
}

fn directory_of(state: &StoredState, sealer: &Sealer) -> Directory {
    let mut directory = Directory::default();
    for account in &state.accounts {
        directory.put_account(account.clone());
    }
    for row in state.credentials.iter().filter(|row| row.revoked_at.is_none()) {
        let opened = sealer
            .key(row.data_key)
            .and_then(|key| key.open(Kind::Credential, RowKey::from_i64(row.id.0), &row.sealed_secret).ok());
        let Some(settings) = opened.and_then(|plain| read_key(&plain)) else {
            tracing::error!(credential = row.id.0, "a credential cannot be opened and is left out");
            continue;
        };
        let entry = CredentialEntry::new(row.id, row.account, row.created_at, settings);
        directory.put_credential((row.kind, row.name.clone()), entry);
    }
    directory.inbound_numbers =
        Arc::new(state.inbound_numbers.iter().map(|row| (row.number, *row)).collect());
    for row in &state.keyword_replies {
        directory.keyword_replies.insert((row.account, row.keyword), row.text.as_str().into());
    }
    for row in &state.resources {
        match Resource::of(row.clone()) {
            Some(resource) => directory.put_resource(resource),
            None => {
                tracing::error!(kind = %row.kind, "what an account has set up cannot be read and is left out")
            }
        }
    }
    for row in &state.endpoints {
        let opened = sealer
            .key(row.data_key)
            .and_then(|key| key.open(Kind::Endpoint, RowKey::from_i64(row.id.0), &row.sealed).ok());
        let facts =
            EndpointFacts { id: row.id, account: row.account, kind: row.kind, disabled: row.disabled };
        let Some(endpoint) = opened.and_then(|plain| read_endpoint(facts, &plain)) else {
            tracing::error!(endpoint = row.id.0, "an endpoint cannot be opened and is left out");
            continue;
        };
        directory.put_endpoint(endpoint, row.url_hash);
    }
    directory
}

fn prove_ledger(core: &Core, runtime: &tokio::runtime::Handle) {
    let inner = Arc::downgrade(&core.inner);
    let clock = Arc::clone(&core.inner.clock);
    runtime.spawn(async move {
        loop {
            let Some(inner) = inner.upgrade() else { return };
            let began_us = clock.monotonic_us();
            if let Ok(sums) = inner.ask(|reader| reader.ledger_sums()).await {
                inner.shared.metrics.set_imbalance(sums.iter().map(|sum| sum.imbalance_micros()).sum());
            }
            if let Ok(messages) = inner.ask(|reader| reader.archived()).await {
                inner.shared.metrics.set_archived(messages);
            }
            drop(inner);
            // The proof reads every charged message: on a large store it comes less often, so that
            // it never takes more than a fiftieth of the time.
            let took_ms = clock.monotonic_us().saturating_sub(began_us) / 1_000;
            clock.sleep(PROOF_MS.max(took_ms.saturating_mul(50))).await;
        }
    });
}
