//! What every measurement has around the platform: carriers, a web server, and platforms that begin alike.
//!
//! The accounts are made once per store, and have sent before anything is measured: what a customer's first message
//! makes (keys, addresses to tell) is made once in its life. Each measurement has a copy of that data folder (and of that database), so
//! that none finds what another has left. Start at [`Stand::open`].

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use serde_json::Value;

use super::Settings;
use super::bars::progress;
use super::figures::Figures;
use super::house::{Administration, imbalance_micros};
use super::load::{Peer, Tools, configuration, count};
use super::traffic::{ACCOUNTS, Dialect, Traffic, not_taken, sink_url};
use super::usage;
use crate::need::{self, Need};
use crate::process;
use crate::server::Server;

/// Carriers, each with a connector of its own.
pub(super) const CARRIERS: &str = "4";
/// Messages at each door before anything is measured: enough that hardly any of the smallest accounts sends none.
const WARM_UP_MESSAGES: &str = "20000";
/// How long that may take.
const WARM_UP_LIMIT_S: u64 = 300;

/// Where messages are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(super) enum Engine {
    /// The data folder.
    Sqlite,
    /// A database server of the run's own.
    Postgres,
}

impl Engine {
    /// Its name in figures.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// A data folder with the accounts, from which others are copied.
#[derive(Debug)]
struct Template {
    folder: PathBuf,
    database: Option<Peer>,
}

/// What surrounds the platform.
#[derive(Debug)]
pub(super) struct Stand {
    pub(super) tools: Tools,
    pub(super) settings: Settings,
    pub(super) carriers: Peer,
    /// The customers' web server.
    pub(super) sink: Peer,
    /// The configuration with these carriers.
    pub(super) configuration: PathBuf,
    folder: tempfile::TempDir,
    sqlite: Option<Template>,
    postgres: Option<Template>,
    /// The SQLite one, with accounts that are told by the PaaSoo dialect.
    paasoo: Option<Template>,
}

/// A data folder of one measurement; it goes with the value.
#[derive(Debug)]
pub(super) struct Place {
    folder: tempfile::TempDir,
    /// The address of its database, if messages are not in the folder.
    store: Option<String>,
}

/// A running platform in a place.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) server: Server,
    pub(super) administration: Administration,
    pub(super) place: Place,
}

/// Processor time of each party so far, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cpu {
    pub(super) platform_us: u64,
    pub(super) carriers_us: u64,
    pub(super) database_us: Option<u64>,
}

impl Place {
    /// The data folder.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A file beside the data folder.
    pub(super) fn beside(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    /// Starts a platform on it.
    pub(super) fn start(&self, tools: &Tools, configuration: &Path) -> anyhow::Result<Server> {
        let store = self.store.as_deref().map(|address| ("CHAPPE_OPT_STORE", address));
        let words = ["--config", &configuration.to_string_lossy()];
        Server::start_with(&tools.chappe, &self.data(), &words, store.as_slice())
    }
}

impl Scene {
    /// Ends the platform in order; an error of what was measured is told with the platform's last words.
    pub(super) fn close<T>(self, done: anyhow::Result<T>) -> anyhow::Result<(T, Place)> {
        let done = done.map_err(|error| self.server.explained(&error))?;
        self.server.terminate()?;
        Ok((done, self.place))
    }

    /// Proves the ledger; gives what the doctor says.
    pub(super) fn doctor(&self, name: &str, figures: &mut Figures) -> anyhow::Result<Value> {
        let doctor = self.administration.doctor()?;
        let off = imbalance_micros(&doctor)?;
        figures.add(format!("{name}: ledger off by"), off, "micro-units", super::bars::Limit::AtMost(0));
        Ok(doctor)
    }

    /// The most memory that the platform has had since [`Scene::forget_memory`].
    pub(super) fn memory_mib(&self) -> anyhow::Result<u64> {
        usage::memory_peak_mib(self.server.process_id())
    }

    /// Begins a new peak of memory.
    pub(super) fn forget_memory(&self) -> anyhow::Result<()> {
        usage::forget_memory_peak(self.server.process_id())
    }
}

impl Stand {
    /// Starts carriers and web server.
    pub(super) fn open(tools: Tools, settings: Settings) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(&tools.target).context("failed to make a temporary folder")?;
        let carriers = Peer::start(&tools, &["responder", "--ports", CARRIERS])?;
        let sink = Peer::start(&tools, &["sink"])?;
        let path = folder.path().join("chappe.toml");
        std::fs::write(&path, configuration(&carriers.addresses)?)?;
        Ok(Self {
            tools,
            settings,
            carriers,
            sink,
            configuration: path,
            folder,
            sqlite: None,
            postgres: None,
            paasoo: None,
        })
    }

    /// A folder on the disk that is measured.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The customers, who send for so long.
    pub(super) fn traffic<'a>(&'a self, accounts: &'a str, seconds: u64) -> Traffic<'a> {
        Traffic { tools: &self.tools, accounts, seconds }
    }

    /// The file with the accounts of a store.
    pub(super) fn accounts(&self, engine: Engine) -> String {
        self.folder.path().join(engine.name()).join("accounts").to_string_lossy().into_owned()
    }

    /// A new platform with the accounts.
    pub(super) fn scene(&mut self, engine: Engine) -> anyhow::Result<Scene> {
        let place = self.place(engine)?;
        self.start(place)
    }

    /// The same on SQLite, with accounts that are told by the PaaSoo dialect.
    pub(super) fn paasoo_scene(&mut self) -> anyhow::Result<Scene> {
        if self.paasoo.is_none() {
            let scene = self.scene(Engine::Sqlite)?;
            progress("giving 1,000 accounts an address of the PaaSoo dialect");
            let set = scene.administration.tell_by_paasoo(ACCOUNTS, &sink_url(&self.sink));
            let ((), place) = scene.close(set)?;
            let folder = self.folder.path().join("paasoo");
            std::fs::create_dir(&folder)?;
            copy(&place.data(), &folder)?;
            self.paasoo = Some(Template { folder, database: None });
        }
        let template = self.paasoo.as_mut().context("there is no template")?;
        let place = template.copied(self.folder.path())?;
        self.start(place)
    }

    /// Makes the accounts, so that it is done before anything is measured.
    pub(super) fn prepare(&mut self, engine: Engine) -> anyhow::Result<()> {
        self.template(engine).map(drop)
    }

    /// A copy of the data folder with the accounts.
    pub(super) fn place(&mut self, engine: Engine) -> anyhow::Result<Place> {
        let parent = self.folder.path().to_path_buf();
        self.template(engine)?.copied(&parent)
    }

    fn template(&mut self, engine: Engine) -> anyhow::Result<&mut Template> {
        let template = match engine {
            Engine::Sqlite => &mut self.sqlite,
            Engine::Postgres => &mut self.postgres,
        };
        if template.is_none() {
            *template = Some(Template::make(
                engine,
                &self.tools,
                self.folder.path(),
                &self.configuration,
                &mut self.sink,
            )?);
        }
        template.as_mut().context("there is no template")
    }

    /// Processor time so far.
    pub(super) fn cpu(&mut self, scene: &Scene) -> anyhow::Result<Cpu> {
        let database_us = match (&scene.place.store, &mut self.postgres) {
            (Some(_), Some(Template { database: Some(peer), .. })) => {
                Some(count(&peer.party.counts()?, "/cpu_us"))
            }
            _ => None,
        };
        Ok(Cpu {
            platform_us: usage::cpu_us(scene.server.process_id())?,
            carriers_us: usage::cpu_us(self.carriers.party.process_id())?,
            database_us,
        })
    }

    fn start(&self, place: Place) -> anyhow::Result<Scene> {
        let server = place.start(&self.tools, &self.configuration)?;
        Ok(Scene { server, administration: Administration::new(&place.data()), place })
    }
}

impl Template {
    /// Makes the accounts in a folder of the store's name.
    fn make(
        engine: Engine,
        tools: &Tools,
        parent: &Path,
        configuration: &Path,
        sink: &mut Peer,
    ) -> anyhow::Result<Self> {
        let folder = parent.join(engine.name());
        std::fs::create_dir(&folder)?;
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => {
                need::provide(Need::Postgres)?;
                Some(Peer::start(tools, &["database"])?)
            }
        };
        let address = database.as_ref().and_then(|peer| peer.addresses.first());
        let store = address.map(|address| ("CHAPPE_OPT_STORE", address.as_str()));
        let data = folder.join("data");
        let words = ["--config", &configuration.to_string_lossy()];
        let server = Server::start_with(&tools.chappe, &data, &words, store.as_slice())?;
        progress("making 1,000 accounts");
        let made = Administration::new(&data).make_accounts(ACCOUNTS);
        std::fs::write(folder.join("accounts"), made.map_err(|error| server.explained(&error))?)?;
        let warmed = warm_up(engine, tools, &folder.join("accounts").to_string_lossy(), &server, sink);
        warmed.map_err(|error| server.explained(&error))?;
        server.terminate()?;
        Ok(Self { folder, database })
    }

    /// A copy of the folder, and of the database.
    fn copied(&mut self, parent: &Path) -> anyhow::Result<Place> {
        let folder = tempfile::tempdir_in(parent).context("failed to make a temporary folder")?;
        copy(&self.folder.join("data"), folder.path())?;
        let copied = self.database.as_mut().map(|peer| peer.party.order("copy")).transpose()?;
        let address = |said: Value| {
            let address = said.get("copy").and_then(Value::as_str).map(str::to_owned);
            address.ok_or_else(|| anyhow!("the database told no address: {said}"))
        };
        Ok(Place { folder, store: copied.map(address).transpose()? })
    }
}

/// Lets the customers send, over HTTP too where that is measured.
fn warm_up(
    engine: Engine,
    tools: &Tools,
    accounts: &str,
    server: &Server,
    sink: &mut Peer,
) -> anyhow::Result<()> {
    progress("letting them send for the first time");
    let traffic = Traffic { tools, accounts, seconds: WARM_UP_LIMIT_S };
    let further = ["--messages", WARM_UP_MESSAGES];
    let said = traffic.run(&traffic.smpp_words(server.value("CHAPPE_SMPP")?, "max", ACCOUNTS, &further))?;
    anyhow::ensure!(not_taken(&said) == 0, "messages were refused: {said}");
    if engine == Engine::Sqlite {
        let told = traffic.http_told(server.value("CHAPPE_HTTP")?, Dialect::Native, sink, &further)?;
        anyhow::ensure!(not_taken(&told.said) == 0, "messages were refused: {}", told.said);
    }
    Ok(())
}

/// Copies a folder with its rights into another one.
fn copy(from: &Path, into: &Path) -> anyhow::Result<()> {
    process::run(process::command("cp").arg("--archive").arg(from).arg(into))
}
