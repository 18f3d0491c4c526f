//! The server over real loopback sockets, against a hand-driven core and a hand-driven clock.
//!
//! No test waits for time to pass: it moves the clock, or awaits what it expects. Start at `World`.

mod binding;
mod calling;
mod client;
mod fake_desk;
mod framing;
mod lifecycle;
mod managing;
mod manual_clock;
mod proxies;
mod reports;
mod samples;
mod storm;
mod submitting;
mod tls;
mod watching;

use std::net::SocketAddr;
use std::sync::Arc;

use ports::clock::Clock;
use smpp::{CommandId, CommandStatus};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::limits::Limits;
use crate::{SessionsHandle, Settings, Smsc};
use client::Client;
use fake_desk::FakeDesk;
use manual_clock::ManualClock;

/// A running server with everything that drives it.
struct World {
    desk: Arc<FakeDesk>,
    clock: Arc<ManualClock>,
    sessions: SessionsHandle,
    address: SocketAddr,
    shutdown: watch::Sender<bool>,
    server: JoinHandle<()>,
}

impl World {
    async fn start() -> Self {
        Self::start_with(Limits::default(), None).await
    }

    async fn start_with(limits: Limits, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        Self::start_set(Settings { limits, ..Settings::default() }, tls).await
    }

    async fn start_set(settings: Settings, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let desk = Arc::new(FakeDesk::default());
        let clock = Arc::new(ManualClock::default());
        let own_clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let smsc = Smsc::with_desk(Arc::clone(&desk) as Arc<_>, own_clock, settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, heard) = watch::channel(false);
        let sessions = smsc.sessions();
        let caller = (smsc.clone(), heard.clone());
        let server = tokio::spawn(async move {
            let (smsc, heard) = (smsc, heard);
            tokio::join!(smsc.serve(listener, tls, heard), caller.0.call_customers(caller.1));
        });
        Self { desk, clock, sessions, address, shutdown, server }
    }

    async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    /// A bound client; the fake core knows `acme` and `other` by the password `secret`.
    async fn bound(&self, command: CommandId) -> Client {
        self.bound_as(command, "acme").await
    }

    async fn bound_as(&self, command: CommandId, system_id: &str) -> Client {
        let mut client = self.connect().await;
        client.send_bind(command, system_id, "secret", 1).await;
        let answer = client.receive().await;
        assert_eq!((answer.id(), answer.status()), (command.response().unwrap(), CommandStatus::ESME_ROK));
        client
    }

    async fn transceiver(&self) -> Client {
        self.bound(CommandId::BIND_TRANSCEIVER).await
    }
}
