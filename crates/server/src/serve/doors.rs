//! The doors of a running installation: HTTP with API and console, and SMPP, each plain and over TLS.
//!
//! They are opened last and closed first. Start at [`Entrance::open`].

use std::sync::Arc;

use ports::sessions::SessionDesk;
use tokio::sync::watch;

use super::{House, Listeners};
use crate::config::Config;
use crate::tls;
use crate::watch::Watched;

/// The tasks of the doors.
pub(super) type Doors = tokio::task::JoinSet<()>;

/// The SMPP server before it is opened, with what staff sees of its sessions.
pub(super) struct Entrance {
    smsc: smsc::Smsc,
    sessions: Arc<dyn SessionDesk>,
}

impl Entrance {
    /// Makes the SMPP server; nobody can reach it yet.
    pub(super) fn new(house: &House, config: &Config) -> Self {
        let mut settings = config.smpp_door.clone();
        if let Some(connections) = config.limits.connections_per_ip {
            settings.limits.connections_per_ip_max = connections;
        }
        let smsc = smsc::Smsc::new(house.core.clone(), Arc::clone(&house.clock), settings);
        let sessions = Watched::new(Arc::new(smsc.sessions()), &config.data, Arc::clone(&house.clock));
        Self { smsc, sessions: Arc::new(sessions) }
    }

    /// The sessions, for staff.
    pub(super) fn sessions(&self) -> Arc<dyn SessionDesk> {
        Arc::clone(&self.sessions)
    }

    /// Opens all doors.
    pub(super) fn open(
        self,
        house: &House,
        config: &Config,
        listeners: Listeners,
        rooms: console::Rooms,
        stopped: &watch::Receiver<bool>,
    ) -> anyhow::Result<Doors> {
        let core = &house.core;
        for name in config.smpp_accounts.iter().filter(|name| core.account_by_name(name).is_none()) {
            tracing::warn!(account = name, "smpp_door.account names an account that does not exist");
        }
        let Listeners { http, https, smpp, smpps, carrier: _ } = listeners;
        let public_url = config
            .public_url
            .clone()
            .map_or_else(|| http.local_addr().map(|addr| format!("http://{addr}")), Ok)?;
        let state = api::ApiState {
            public_url,
            metrics_for_all: config.metrics_for_all,
            callbacks: Some(Arc::new(Callbacks(house.factory.callback_desk()))),
        };
        let router = api::router(core.clone(), state).fallback_service(console::router(core.clone(), rooms));
        let router = api::with_lent_paths(router);
        let mut limits = api::HttpLimits::default();
        // On loopback every caller has the same address, and none is a stranger.
        if http.local_addr()?.ip().is_loopback() {
            limits.connections_per_ip_max = 0;
        }
        if let Some(connections) = config.limits.connections_per_ip {
            limits.connections_per_ip_max = connections;
        }
        let has_tls = https.is_some() || smpps.is_some();
        let tls_config = if has_tls { Some(tls::server_config(&config.data)?) } else { None };
        let mut doors = Doors::new();
        doors.spawn(api::serve(http, None, router.clone(), limits.clone(), stopped.clone()));
        if let Some(https) = https {
            doors.spawn(api::serve(https, tls_config.clone(), router, limits, stopped.clone()));
        }
        let (plain, secure, caller) = (self.smsc.clone(), self.smsc.clone(), self.smsc);
        let stop = stopped.clone();
        doors.spawn(async move { plain.serve(smpp, None, stop).await });
        if let Some(smpps) = smpps {
            let stop = stopped.clone();
            doors.spawn(async move { secure.serve(smpps, tls_config, stop).await });
        }
        let stop = stopped.clone();
        doors.spawn(async move { caller.call_customers(stop).await });
        Ok(doors)
    }
}

/// Carries suppliers' callbacks from the HTTP door to the channels.
struct Callbacks(Arc<dyn channels::CallbackDesk>);

impl api::CallbackDesk for Callbacks {
    fn receive(
        &self,
        connector: &str,
        token: &str,
        fields: Vec<(String, String)>,
    ) -> ports::BoxFuture<'_, bool> {
        let (connector, token) = (connector.to_owned(), token.to_owned());
        Box::pin(async move { self.0.receive(&connector, &token, &fields).await })
    }
}
