//! The channels of the routes in force: opened, closed, watched, and their messages placed anew.
//!
//! It hands nothing over; that is the pump's work. Start at [`Engine::open_channels`].

use std::sync::Arc;

use decide::snapshot::Snapshot;
use ports::channel::ConnectorStatus;
use types::id::ConnectorId;
use types::time::Timestamp;

use crate::core::ConnectorView;
use crate::engine::live::ConnectorState;
use crate::engine::queue::ClassQueue;
use crate::engine::{Engine, EngineError};

/// Milliseconds that a channel that is no longer configured may take to finish.
const CLOSE_MS: u64 = 30_000;

impl Engine {
    /// Opens channels that are new or changed, and closes those that are gone.
    pub(crate) fn open_channels(&mut self) {
        if !self.connects {
            return;
        }
        let document = self.snapshot.traffic.document.clone();
        let mut wanted = Vec::new();
        for config in &document.connector {
            let Some(id) = self.snapshot.traffic.connector_id(&config.name) else { continue };
            if config.disabled {
                continue;
            }
            wanted.push(id);
            if let Some(state) = self.connectors.get(&id)
                && state.config == *config
            {
                // Publishing is also how a person asks for another try.
                state.channel.knock();
                continue;
            }
            self.close_channel(id);
            match self.factory.open(id, config, Arc::clone(&self.sink)) {
                Ok(channel) => {
                    let state = ConnectorState {
                        name: config.name.clone(),
                        config: config.clone(),
                        channel,
                        status: ConnectorStatus::default(),
                        credit: 0,
                        committed_credit: 0,
                        queue: ClassQueue::default(),
                    };
                    self.connectors.insert(id, state);
                }
                Err(why) => tracing::error!(connector = config.name, why, "a connector could not be opened"),
            }
        }
        let gone: Vec<ConnectorId> =
            self.connectors.keys().filter(|id| !wanted.contains(id)).copied().collect();
        for id in gone {
            self.close_channel(id);
        }
        self.publish_connectors();
    }

    fn close_channel(&mut self, id: ConnectorId) {
        if let Some(mut state) = self.connectors.remove(&id) {
            self.unplaced.extend(state.queue.drain().iter().map(|waiter| waiter.key));
            let channel = state.channel;
            self.runtime.spawn(async move { channel.drain(CLOSE_MS).await });
        }
    }

    /// Finds every waiting message its connector anew, after routes have changed.
    pub(in crate::engine) fn place_all(&mut self, now: Timestamp) -> Result<(), EngineError> {
        let mut waiting = std::mem::take(&mut self.unplaced);
        for state in self.connectors.values_mut() {
            waiting.extend(state.queue.drain().iter().map(|waiter| waiter.key));
        }
        waiting.sort_unstable();
        waiting.dedup();
        for chunk in waiting.chunks(crate::engine::LIVE_MAX / 10) {
            self.ensure_live(chunk)?;
            for key in chunk {
                let queued =
                    |live: &crate::engine::live::Live| live.progress.state == types::message::State::Queued;
                if self.live.get(key).is_some_and(queued) {
                    self.place(*key, now)?;
                }
            }
        }
        Ok(())
    }

    /// Takes the state of a connector; when it went down, messages that another may take move on.
    pub(in crate::engine) fn connector_status(
        &mut self,
        id: ConnectorId,
        status: &ConnectorStatus,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let Some(state) = self.connectors.get_mut(&id) else { return Ok(()) };
        let went_down = state.is_up() && status.links_up == 0;
        let came_up = !state.is_up() && status.links_up > 0;
        let name = state.name.clone();
        state.status = status.clone();
        if let Some(system_id) = &status.bound_to_self {
            self.found_itself(&name, system_id, now)?;
        }
        if went_down {
            self.move_on(id, now)?;
        }
        if came_up {
            self.place_unplaced(now)?;
        }
        self.publish_connectors();
        Ok(())
    }

    fn move_on(&mut self, id: ConnectorId, now: Timestamp) -> Result<(), EngineError> {
        let Some(state) = self.connectors.get_mut(&id) else { return Ok(()) };
        for waiter in state.queue.drain() {
            if self.live.contains_key(&waiter.key) {
                self.place(waiter.key, now)?;
            } else if let Some(state) = self.connectors.get_mut(&id) {
                // It is not in memory, and it is read again when its turn comes.
                state.queue.push(waiter);
            }
        }
        Ok(())
    }

    /// A connector turned out to be bound to this installation: its routes are checked anew, and
    /// where traffic would go round in circles the connector is closed.
    fn found_itself(&mut self, name: &str, system_id: &str, now: Timestamp) -> Result<(), EngineError> {
        let Some(account) = self.account_of_bind(system_id) else { return Ok(()) };
        if self.self_links.insert(name.to_owned(), account.clone()).as_ref() == Some(&account) {
            return Ok(());
        }
        let document = self.snapshot.traffic.document.clone();
        let version = self.snapshot.traffic.version;
        let table = match self.compile_traffic(version, &document) {
            Ok((_, table)) => table,
            Err(why) => {
                tracing::error!(
                    connector = name,
                    why,
                    "a connector leads back to this installation and is closed"
                );
                let mut without = document;
                for connector in without.connector.iter_mut().filter(|connector| connector.name == name) {
                    connector.disabled = true;
                }
                match self.compile_traffic(version, &without) {
                    Ok((_, table)) => table,
                    Err(_) => return Ok(()),
                }
            }
        };
        self.publish_snapshot(Snapshot { traffic: Arc::new(table), ..(*self.snapshot).clone() });
        self.open_channels();
        self.place_all(now)
    }

    /// Publishes how the connectors are doing.
    pub(crate) fn publish_connectors(&self) {
        let mut views: Vec<ConnectorView> = Vec::new();
        for config in &self.snapshot.traffic.document.connector {
            let Some(id) = self.snapshot.traffic.connector_id(&config.name) else { continue };
            let state = self.connectors.get(&id);
            let oldest = state.and_then(|state| state.queue.oldest_at(None));
            let text = |name: &str| {
                config
                    .options
                    .get(name)
                    .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            };
            let target = match (text("host"), text("port"), text("url")) {
                (Some(host), Some(port), _) => format!("{host}:{port}"),
                (_, _, Some(url)) => url.split(['?', '{']).next().unwrap_or_default().to_owned(),
                _ => String::new(),
            };
            views.push(ConnectorView {
                id,
                name: config.name.clone(),
                supplier: config.supplier_name().to_owned(),
                kind: config.kind.clone(),
                disabled: config.disabled || state.is_none(),
                target,
                status: state.map(|s| s.status.clone()).unwrap_or_default(),
                queued: u64::try_from(state.map_or(0, |state| state.queue.len())).unwrap_or(0),
                oldest_queued_at: oldest,
                receipt_ids: self.notations.settled(id).map(|notation| notation.name()),
                ambiguous_receipts: self.notations.ambiguous(id),
                submitted: 0,
                delivered: 0,
                failed: 0,
                errors: 0,
            });
        }
        self.shared.connectors.store(Arc::new(views));
    }
}
