//! An installation comes up and goes down.
//!
//! Up: lock and open the store, bind every listener, start the engine, then the doors, and only
//! then say "ready". Down: readiness ends with the doors, sessions are drained, links to carriers
//! take leave, the engine works off what waits, and the process exits with 0.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use app::Core;
use ports::clock::Clock;
use ports::entropy::Entropy;
use tokio::net::TcpListener;
use tokio::sync::watch;
use types::catalog::{PriceBook, TrafficDocument};
use types::money::Unit;

use crate::admin::{self, Place};
use crate::config::Config;
use crate::demo::{self, Bound, Card};
use crate::folder;
use crate::host::{SystemClock, SystemEntropy, forbid_core_dumps, variable};
use crate::signals::Signals;

mod doors;

use doors::{Doors, Entrance};

/// Milliseconds that links to carriers may take to finish when the process stops.
const DRAIN_MS: u64 = 30_000;
/// Who is named as the author of versions that come from the configuration file.
const FILE_AUTHOR: &str = "configuration file";

/// How an installation is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// With the demo account and the simulated parties.
    Demo,
    /// Nothing but what the configuration names.
    Production,
}

/// Whether links to carriers are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// They are: messages flow.
    Open,
    /// They are not: a command looks at the folder, and nothing is sent.
    Closed,
}

struct Listeners {
    http: TcpListener,
    https: Option<TcpListener>,
    smpp: TcpListener,
    smpps: Option<TcpListener>,
    carrier: Option<TcpListener>,
}

/// What the shell is made of, kept together until the process ends.
pub(crate) struct House {
    pub(crate) core: Core,
    engine: app::EngineThread,
    factory: Arc<channels::Factory>,
    mailbox: Arc<sandbox::Mailbox>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// Runs an installation until it is told to stop.
pub(crate) async fn run(config: Config, mode: Mode) -> anyhow::Result<()> {
    tracing::info!(version = admin::VERSION, data = %config.data.display(), "starting");
    // A core dump would hold keys and message texts.
    forbid_core_dumps();
    folder::prepare(&config.data)?;
    folder::remove_stale_card(&config.data)?;
    let mut listeners = bind(&config, mode).await?;
    let own = own_addresses(&listeners)?;
    let house = open(&config, own, Links::Open)?;
    let (stop, stopped) = watch::channel(false);
    // The carrier outlives the doors and the links: answers to the last messages must still come.
    let (carrier_stop, carrier_stopped) = watch::channel(false);
    let carrier = start_carrier(&house, &config, listeners.carrier.take(), &carrier_stopped, mode)?;
    let carrier_addr = carrier.as_ref().map(sandbox::Carrier::local_addr);
    let bound = bound_addresses(
        &listeners.http,
        listeners.https.as_ref(),
        &listeners.smpp,
        listeners.smpps.as_ref(),
        carrier_addr,
    )?;
    bring_up_prices(&house.core, &config, mode).await?;
    let logins =
        if mode == Mode::Demo { Some(demo::logins(&config.data, house.entropy.as_ref())?) } else { None };
    let entrance = Entrance::new(&house, &config);
    let rooms = console::Rooms {
        sessions: Some(entrance.sessions()),
        phones: carrier.as_ref().map(sandbox::Carrier::phones),
        mails: (mode == Mode::Demo).then(|| Arc::clone(&house.mailbox) as Arc<dyn ports::phones::MailDesk>),
        secure_cookie: mode == Mode::Production,
        demo: logins.as_ref().filter(|_| bound.is_http_local()).map(demo::Logins::shown),
    };
    let card = match &logins {
        None => None,
        Some(logins) => {
            let account = demo::prepare(&house.core, logins).await?;
            Some(Card::collect(&house.core, &account, &bound, &config.data, logins).await?)
        }
    };
    bring_up_traffic(&house.core, &config, carrier_addr).await?;
    let sessions = entrance.sessions();
    let doors = entrance.open(&house, &config, listeners, rooms, &stopped)?;
    let place = Arc::new(Place::of_server(&config, bound, sessions, Arc::clone(&house.clock)));
    let admin = admin::listen(house.core.clone(), place, stopped.clone())?;
    let mut signals = Signals::listen().context("the signals that end the process cannot be heard")?;
    let end = live(&house, card.as_ref(), &config.data, &bound, &mut signals).await?;
    let down = async {
        folder::remove_card(&config.data)?;
        shut_down(house, doors, admin, stop, end).await?;
        if let Some(carrier) = carrier {
            drop(carrier_stop);
            carrier.stopped().await;
        }
        anyhow::Ok(())
    };
    tokio::select! {
        outcome = down => outcome?,
        () = signals.next() => {
            bail!("stopped at once by a second signal; what was on its way to carriers is unknown now");
        }
    }
    tracing::info!("stopped");
    end.outcome()
}

/// From the moment in which everything is open until something ends it.
async fn live(
    house: &House,
    card: Option<&Card>,
    data: &Path,
    bound: &Bound,
    signals: &mut Signals,
) -> anyhow::Result<End> {
    tokio::select! {
        () = wait_for_links(&house.core) => {}
        () = signals.next() => return Ok(End::Signal),
    }
    announce(card, data, bound)?;
    Ok(wait_for_end(&house.engine, signals).await)
}

/// Why the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Signal,
    EngineDied,
}

impl End {
    fn outcome(self) -> anyhow::Result<()> {
        match self {
            Self::Signal => Ok(()),
            Self::EngineDied => Err(anyhow!("the engine stopped by itself; see the log")),
        }
    }
}

/// Opens the store and starts the engine, without any door: for commands of the command line too.
pub(crate) fn open(config: &Config, own_smpp: Vec<SocketAddr>, links: Links) -> anyhow::Result<House> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
    let (store, reader) = config.store.open(&config.data, config.archive_after_days)?;
    let vault = store::FileVault::open(&config.data, Arc::clone(&entropy))
        .context("the key of the data folder cannot be read")?;
    let instance_name = folder::instance_name(&config.data, entropy.as_ref())?;
    let courier = channels::courier::HttpCourier::new().context("the outbound HTTP client cannot be made")?;
    let courier: Arc<dyn ports::courier::Courier> = Arc::new(courier);
    let runtime = tokio::runtime::Handle::current();
    let secrets: channels::Secrets =
        Arc::new(|name: &str| variable(name).ok_or_else(|| format!("the environment has no {name}")));
    let instance = channels::InstanceName(instance_name.clone());
    let factory = Arc::new(channels::factory(
        Arc::clone(&courier),
        Arc::clone(&clock),
        instance,
        runtime.clone(),
        secrets,
    ));
    let mailbox = Arc::new(sandbox::Mailbox::new());
    let parts = app::Parts {
        store,
        reader,
        vault: Arc::new(vault),
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        factory: Arc::clone(&factory) as Arc<dyn ports::channel::ChannelFactory>,
        courier,
        renderers: api::renderers(),
        mailer: Arc::clone(&mailbox) as Arc<dyn ports::phones::Mailer>,
        runtime,
        own_smpp,
        instance_name,
        connects: links == Links::Open,
        profile: config.profile.clone(),
    };
    let (core, engine) = app::start(parts).context("the installation cannot start")?;
    Ok(House { core, engine, factory, mailbox, clock, entropy })
}

impl House {
    /// The clock that everything goes by.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Stops the engine of a house without doors.
    pub(crate) fn close(self) -> anyhow::Result<()> {
        self.engine.stop().context("the engine did not stop cleanly")
    }
}

async fn bind(config: &Config, mode: Mode) -> anyhow::Result<Listeners> {
    let loopback = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    let demo = mode == Mode::Demo;
    let https = config.https.or_else(|| demo.then(|| loopback(8443)));
    let smpps = config.smpps.or_else(|| demo.then(|| loopback(3550)));
    let wants_carrier = (demo && config.traffic.is_none()) || config.sandbox.carrier;
    let carrier = match (wants_carrier, config.sandbox.carrier_smpp) {
        (false, _) => None,
        (true, Some(addr)) => Some(listen("simulated carrier", addr).await?),
        // The usual port keeps the route the same from start to start; any other does as well.
        (true, None) => match TcpListener::bind(loopback(2776)).await {
            Ok(listener) => Some(listener),
            Err(_) => Some(listen("simulated carrier", loopback(0)).await?),
        },
    };
    Ok(Listeners {
        http: listen("HTTP", config.http).await?,
        https: listen_some("HTTPS", https).await?,
        smpp: listen("SMPP", config.smpp).await?,
        smpps: listen_some("SMPP over TLS", smpps).await?,
        carrier,
    })
}

async fn listen(what: &str, addr: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(addr).await.with_context(|| {
        format!("{what} cannot be served at {addr}; choose another address, or port 0 for a free one")
    })
}

async fn listen_some(what: &str, addr: Option<SocketAddr>) -> anyhow::Result<Option<TcpListener>> {
    match addr {
        None => Ok(None),
        Some(addr) => listen(what, addr).await.map(Some),
    }
}

fn own_addresses(listeners: &Listeners) -> anyhow::Result<Vec<SocketAddr>> {
    let mut own = vec![listeners.smpp.local_addr()?];
    if let Some(smpps) = &listeners.smpps {
        own.push(smpps.local_addr()?);
    }
    Ok(own)
}

fn bound_addresses(
    http: &TcpListener,
    https: Option<&TcpListener>,
    smpp: &TcpListener,
    smpps: Option<&TcpListener>,
    carrier: Option<SocketAddr>,
) -> anyhow::Result<Bound> {
    let (http, smpp) = (http.local_addr()?, smpp.local_addr()?);
    let https = https.map_or(Ok(http), TcpListener::local_addr)?;
    let smpps = smpps.map_or(Ok(smpp), TcpListener::local_addr)?;
    Ok(Bound { http, https, smpp, smpps, carrier })
}

fn start_carrier(
    house: &House,
    config: &Config,
    listener: Option<TcpListener>,
    stopped: &watch::Receiver<bool>,
    mode: Mode,
) -> anyhow::Result<Option<sandbox::Carrier>> {
    let Some(listener) = listener else { return Ok(None) };
    let mut options = sandbox::CarrierOptions::new(demo::CARRIER_SYSTEM_ID, demo::CARRIER_PASSWORD);
    options.log =
        config.sandbox.carrier_log.clone().or_else(|| variable("CHAPPE_CARRIER_LOG").map(Into::into));
    options.keep_phones = mode == Mode::Demo || config.sandbox.carrier;
    let (clock, entropy) = (Arc::clone(&house.clock), Arc::clone(&house.entropy));
    let carrier = sandbox::Carrier::start(listener, clock, entropy, options, stopped.clone());
    carrier.map(Some).context("the simulated carrier cannot start")
}

/// Prices: the store's, unless the file has some or the first run needs them.
async fn bring_up_prices(core: &Core, config: &Config, mode: Mode) -> anyhow::Result<()> {
    let said = |refusal: types::refusal::Refusal| anyhow!("{refusal}");
    let newest = core.price_books(None).await.map_err(said)?;
    let books = match (&config.price_books, newest) {
        (Some(books), _) => books.clone(),
        (None, Some(_)) => return Ok(()),
        (None, None) if mode == Mode::Demo => demo::price_books(),
        // Every destination is closed until the operator publishes prices.
        (None, None) => vec![PriceBook { name: "standard".into(), unit: Unit::EUR, price: Vec::new() }],
    };
    // What people published since stays in force as long as the file stays the same.
    if core.price_books(Some(FILE_AUTHOR)).await.map_err(said)?.as_ref() != Some(&books) {
        core.change_prices(books, FILE_AUTHOR, "read at start").await.map_err(said)?;
    }
    Ok(())
}

/// Routes: the store's, unless the file has changed or the first run needs them. The accounts must be
/// there, because a connector that leads back is known by the system id of one of them.
async fn bring_up_traffic(core: &Core, config: &Config, carrier: Option<SocketAddr>) -> anyhow::Result<()> {
    let said = |refusal: types::refusal::Refusal| anyhow!("{refusal}");
    let wanted: Option<TrafficDocument> = match (&config.traffic, carrier) {
        (Some(document), _) => Some(document.clone()),
        (None, Some(carrier)) => Some(demo::traffic(carrier)),
        (None, None) => None,
    };
    let Some(wanted) = wanted else { return Ok(()) };
    if last_from_file(core).await?.as_ref() != Some(&wanted) {
        let placed = |refusal: types::refusal::Refusal| match &config.source {
            Some(source) => anyhow!("{}", source.locate(&refusal.detail)),
            None => said(refusal),
        };
        core.change_traffic(wanted, FILE_AUTHOR, "read at start").await.map_err(placed)?;
    }
    Ok(())
}

/// The document that the file gave last; changes made since then by people stay in force as long as
/// the file stays the same.
async fn last_from_file(core: &Core) -> anyhow::Result<Option<TrafficDocument>> {
    let said = |refusal: types::refusal::Refusal| anyhow!("{refusal}");
    let versions = core.traffic_versions(500).await.map_err(said)?;
    let Some(version) = versions.iter().find(|version| version.author == FILE_AUTHOR) else {
        return Ok(None);
    };
    core.traffic_version(version.number).await.map_err(said)
}

/// Waits a moment for the first links, so that "ready" means that messages flow.
async fn wait_for_links(core: &Core) {
    for _ in 0..50 {
        let connectors = core.connectors();
        let waiting = connectors.iter().any(|view| !view.disabled && view.status.links_up == 0);
        if !waiting {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

fn announce(card: Option<&Card>, data: &Path, bound: &Bound) -> anyhow::Result<()> {
    if let Some(card) = card {
        card.write(data)?;
        crate::cli::say(&card.banner(data, bound.is_http_local()));
        if !bound.is_http_local() {
            tracing::warn!(
                "the demonstration can be reached from other machines; it is made for this one alone"
            );
        }
    }
    let doors: Vec<String> = bound.doors().map(|(door, address)| format!("{door} {address}")).collect();
    tracing::info!(doors = doors.join(", "), "ready");
    // Without a service manager there is nobody to tell.
    if sd_notify::notify(&[sd_notify::NotifyState::Ready]).is_err() {
        tracing::debug!("the service manager was not told");
    }
    Ok(())
}

/// Waits for a signal, or for the engine to stop by itself; tells which.
async fn wait_for_end(engine: &app::EngineThread, signals: &mut Signals) -> End {
    let died = async {
        while engine.is_running() {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        () = signals.next() => End::Signal,
        () = died => End::EngineDied,
    }
}

async fn shut_down(
    house: House,
    mut doors: Doors,
    admin: tokio::task::JoinHandle<()>,
    stop: watch::Sender<bool>,
    end: End,
) -> anyhow::Result<()> {
    tracing::info!("stopping: draining sessions and links");
    if sd_notify::notify(&[sd_notify::NotifyState::Stopping]).is_err() {
        tracing::debug!("the service manager was not told");
    }
    // Links first go quiet while the doors still answer what they have in hand.
    if stop.send(true).is_err() {
        tracing::debug!("no door is left to be told");
    }
    match end {
        End::Signal => {
            while let Some(ended) = doors.join_next().await {
                if let Err(error) = ended {
                    tracing::error!(%error, "a door failed");
                }
            }
            house.core.drain_channels(DRAIN_MS).await;
        }
        // Nobody is left who could answer a customer or keep what a carrier says: waiting for either
        // would only delay the start that can tell what is on disk.
        End::EngineDied => doors.shutdown().await,
    }
    if admin.await.is_err() {
        tracing::debug!("the administration socket was already closed");
    }
    house.close()
}
