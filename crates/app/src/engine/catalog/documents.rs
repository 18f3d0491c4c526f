//! The versioned documents: routes, prices and the operator's policy. A document is compiled before it
//! is written, so that no version is kept that could not be used.
//!
//! It opens no channel itself. Start at [`Engine::new_traffic`].

use std::collections::BTreeMap;
use std::sync::Arc;

use decide::price::PriceTable;
use decide::snapshot::{ConnectorFacts, Snapshot, TrafficTable};
use ports::channel::Capabilities;
use ports::store::{ConfigChange, ConfigKind, ConfigVersion};
use types::account::CredentialKind;
use types::catalog::{PriceBook, TrafficDocument};
use types::id::ConnectorId;
use types::profile::Profile;
use types::refusal::{Refusal, RefusalCode};
use types::time::Timestamp;

use super::Changed;
use crate::engine::{Engine, EngineError};

impl Engine {
    pub(super) fn new_traffic(
        &mut self,
        document: TrafficDocument,
        author: String,
        comment: String,
        now: Timestamp,
    ) -> Result<Result<Changed, Refusal>, EngineError> {
        let number = self.snapshot.traffic.version + 1;
        let (new_numbers, table) = match self.compile_traffic(number, &document) {
            Ok(compiled) => compiled,
            Err(why) => return Ok(Err(Refusal::new(RefusalCode::InvalidConfiguration, why))),
        };
        let row = match self.document(ConfigKind::Traffic, number, &document, author, comment, now) {
            Ok(row) => row,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut config: Vec<_> =
            new_numbers.iter().map(|(id, name)| ConfigChange::Connector(*id, name.clone())).collect();
        config.push(ConfigChange::Document(row));
        if let Err(refusal) = self.write(config, now) {
            return Ok(Err(refusal));
        }
        self.connector_numbers.extend(new_numbers);
        self.publish_snapshot(Snapshot { traffic: Arc::new(table), ..(*self.snapshot).clone() });
        self.open_channels();
        self.place_all(now)?;
        Ok(Ok(Changed::Version(number)))
    }

    pub(super) fn new_prices(
        &mut self,
        books: &[PriceBook],
        author: String,
        comment: String,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        let number = self.snapshot.prices.version + 1;
        let table = PriceTable::compile(number, books)
            .map_err(|why| Refusal::new(RefusalCode::InvalidConfiguration, why))?;
        let missing = self
            .shared
            .directory
            .load()
            .accounts
            .values()
            .find(|h| !table.has_book(&h.account.price_book))
            .map(|h| {
                format!(
                    "account {:?} buys from the price book {:?}, which is missing",
                    h.account.name, h.account.price_book
                )
            });
        if let Some(why) = missing {
            return Err(Refusal::new(RefusalCode::InvalidConfiguration, why));
        }
        let row = self.document(ConfigKind::Prices, number, &books, author, comment, now)?;
        self.write(vec![ConfigChange::Document(row)], now)?;
        self.publish_snapshot(Snapshot { prices: Arc::new(table), ..(*self.snapshot).clone() });
        Ok(Changed::Version(number))
    }

    pub(super) fn new_profile(
        &mut self,
        profile: Profile,
        author: String,
        now: Timestamp,
    ) -> Result<Changed, Refusal> {
        if self.snapshot.profile_version > 0 && *self.snapshot.profile == profile {
            return Ok(Changed::Version(self.snapshot.profile_version));
        }
        let number = self.snapshot.profile_version + 1;
        let row = self.document(ConfigKind::Profile, number, &profile, author, String::new(), now)?;
        self.write(vec![ConfigChange::Document(row)], now)?;
        let next =
            Snapshot { profile_version: number, profile: Arc::new(profile), ..(*self.snapshot).clone() };
        self.publish_snapshot(next);
        Ok(Changed::Version(number))
    }

    /// Makes the wanted profile the one in force at start.
    pub(crate) fn adopt_profile(&mut self, profile: Profile, now: Timestamp) -> Result<(), EngineError> {
        let outcome = self.new_profile(profile, "start".into(), now);
        outcome.map(|_| ()).map_err(|refusal| EngineError::Configuration(refusal.to_string()))
    }

    fn document<T: serde::Serialize>(
        &self,
        kind: ConfigKind,
        number: u32,
        value: &T,
        author: String,
        comment: String,
        now: Timestamp,
    ) -> Result<ConfigVersion, Refusal> {
        let document = serde_json::to_string(value).map_err(|_| {
            Refusal::new(RefusalCode::InvalidConfiguration, "the document cannot be written as JSON")
        })?;
        Ok(ConfigVersion { kind, number, document, author, comment, created_at: now })
    }

    pub(crate) fn publish_snapshot(&mut self, snapshot: Snapshot) {
        self.snapshot = Arc::new(snapshot);
        self.shared.snapshot.store(Arc::clone(&self.snapshot));
    }

    /// Compiles a traffic document and numbers connectors that are new.
    pub(crate) fn compile_traffic(
        &self,
        version: u32,
        document: &TrafficDocument,
    ) -> Result<(Vec<(ConnectorId, String)>, TrafficTable), String> {
        let mut facts = BTreeMap::new();
        let mut new_numbers = Vec::new();
        let mut last = self.connector_numbers.iter().map(|(id, _)| id.0).max().unwrap_or(0);
        for connector in &document.connector {
            let capabilities = self
                .factory
                .check(connector)
                .map_err(|why| format!("connector {:?}: {why}", connector.name))?;
            let known =
                self.connector_numbers.iter().find(|(_, name)| *name == connector.name).map(|(id, _)| *id);
            let id = known.unwrap_or_else(|| {
                last += 1;
                new_numbers.push((ConnectorId(last), connector.name.clone()));
                ConnectorId(last)
            });
            facts.insert(connector.name.clone(), self.facts_of(id, connector, &capabilities));
        }
        let table = TrafficTable::compile(version, document, &facts)?;
        Ok((new_numbers, table))
    }

    fn facts_of(
        &self,
        id: ConnectorId,
        connector: &types::catalog::Connector,
        can: &Capabilities,
    ) -> ConnectorFacts {
        let learned = self.self_links.get(&connector.name).cloned();
        let comes_back_as = learned.or_else(|| self.leads_back(connector));
        ConnectorFacts {
            id,
            manner: can.manner,
            addressing: can.addressing,
            receipts: can.receipts,
            comes_back_as,
        }
    }

    /// The account that a connector comes back in as, when its address is one of our own doors.
    fn leads_back(&self, connector: &types::catalog::Connector) -> Option<String> {
        let text = |name: &str| connector.options.get(name)?.as_str().map(str::to_owned);
        let port = u16::try_from(connector.options.get("port")?.as_u64()?).ok()?;
        let host = text("host")?;
        let own = self.shared.own_smpp.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let loopback =
            host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let same = own.iter().any(|addr| addr.port() == port && (loopback || addr.ip().to_string() == host));
        if !same {
            return None;
        }
        self.account_of_bind(&text("system_id")?)
    }

    pub(super) fn account_of_bind(&self, system_id: &str) -> Option<String> {
        let directory = self.shared.directory.load();
        let entry = directory.credentials.get(&(CredentialKind::Smpp, system_id.to_owned()))?;
        directory.accounts.get(&entry.account).map(|handle| handle.account.name.clone())
    }
}
