//! Where the platform of a driver keeps its messages, and a database server that can be killed.
//!
//! The server is one of the run's own, played by `chappe-load`; it goes with the value. Start at [`Store::open`].

use std::path::Path;

use anyhow::Context as _;

use super::scene::Engine;
use crate::bench::load::{Peer, Tools, count};
use crate::need::{self, Need};

/// A kind of store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Store {
    /// The data folder.
    #[default]
    Sqlite,
    /// A database server of this run's own.
    Postgres,
}

impl Store {
    /// What the platform is started with, and the database server if there is one.
    pub(super) fn open(self, tools: &Tools, folder: &Path) -> anyhow::Result<(Option<Database>, Engine)> {
        let engine = Engine::sqlite(folder.join("data"));
        match self {
            Self::Sqlite => Ok((None, engine)),
            Self::Postgres => {
                let database = Database::start(tools)?;
                let engine = engine.with("CHAPPE_OPT_STORE", &database.address);
                Ok((Some(database), engine))
            }
        }
    }
}

/// A database server; it lives as long as this value.
#[derive(Debug)]
pub(super) struct Database {
    peer: Peer,
    address: String,
}

impl Database {
    /// A new one with an empty database.
    fn start(tools: &Tools) -> anyhow::Result<Self> {
        need::provide(Need::Postgres)?;
        let peer = Peer::start(tools, &["database"])?;
        let address = peer.addresses.first().context("the database told no address")?.clone();
        Ok(Self { peer, address })
    }

    /// Kills it with all its processes; gives how many have been killed so far.
    pub(super) fn kill(&mut self) -> anyhow::Result<u64> {
        Ok(count(&self.peer.party.order("kill")?, "/killed"))
    }

    /// Starts it on its data as they are, and returns when it takes connections.
    pub(super) fn start_again(&mut self) -> anyhow::Result<()> {
        self.peer.party.order("start").map(drop)
    }
}
