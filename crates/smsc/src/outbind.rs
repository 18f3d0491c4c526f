//! Calls customers for whom reports wait and who have no session that takes them (`outbind`; SMPP 3.4, 2.2.1).
//!
//! The server connects and says `outbind`; from there on the connection is like any other: the customer binds over
//! it, with its own system id and password, and must be the one that was called. Start at [`call`].

use std::net::IpAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::watch;
use types::id::AccountId;

use crate::connections::ConnectionPermit;
use crate::door::{House, run_session, until_shutdown};
use crate::limits::{OUTBIND_CONNECT_MS, OUTBIND_LOOK_MS, OUTBIND_PAUSE_MS, OUTBIND_PAUSE_MS_MAX};
use crate::link::Stream;
use crate::session::Session;
use crate::settings::Outbind;

/// Calls one customer whenever it is to be called, until shutdown.
pub(crate) async fn call(house: Arc<House>, customer: Outbind, shutdown: watch::Receiver<bool>) {
    let mut pause_ms = OUTBIND_LOOK_MS;
    loop {
        tokio::select! {
            () = house.clock.sleep(pause_ms) => {}
            () = until_shutdown(shutdown.clone()) => return,
        }
        let Some(account) = awaited(&house, &customer) else {
            pause_ms = OUTBIND_LOOK_MS;
            continue;
        };
        let has_bound = match reach(&house, &customer, &shutdown).await {
            Some((stream, peer, permit)) => {
                let mut session = Session::new(Arc::clone(&house), Stream::Plain(stream), peer, permit);
                session.call(account, &customer);
                run_session(session, &house, shutdown.clone()).await
            }
            None => false,
        };
        pause_ms = next_pause_ms(pause_ms, has_bound);
    }
}

/// The account, if reports wait for it and nobody takes them.
fn awaited(house: &House, customer: &Outbind) -> Option<AccountId> {
    let account = house.desk.account_named(&customer.account)?;
    (house.desk.reports_wait(account) && !house.sessions.receives(account)).then_some(account)
}

/// A customer that did not bind is left in peace for ever longer.
fn next_pause_ms(pause_ms: u64, has_bound: bool) -> u64 {
    if has_bound {
        OUTBIND_LOOK_MS
    } else {
        pause_ms.saturating_mul(2).clamp(OUTBIND_PAUSE_MS, OUTBIND_PAUSE_MS_MAX)
    }
}

async fn reach(
    house: &House,
    customer: &Outbind,
    shutdown: &watch::Receiver<bool>,
) -> Option<(TcpStream, IpAddr, ConnectionPermit)> {
    let connected = tokio::select! {
        connected = TcpStream::connect((customer.host.as_str(), customer.port)) => connected,
        () = house.clock.sleep(OUTBIND_CONNECT_MS) => Err(std::io::ErrorKind::TimedOut.into()),
        () = until_shutdown(shutdown.clone()) => return None,
    };
    let reached = connected.and_then(|stream| {
        stream.set_nodelay(true)?;
        let peer = stream.peer_addr()?.ip().to_canonical();
        Ok((stream, peer))
    });
    match reached {
        Ok((stream, peer)) => {
            let permit = house.connections.admit(peer, &house.limits)?;
            Some((stream, peer, permit))
        }
        Err(error) => {
            tracing::warn!(%error, "smpp customer could not be called");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::next_pause_ms;

    #[test]
    fn who_does_not_bind_is_called_less_and_less() {
        let mut pause_ms = 1_000;
        let mut pauses = Vec::new();
        for _ in 0..8 {
            pause_ms = next_pause_ms(pause_ms, false);
            pauses.push(pause_ms / 1_000);
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(next_pause_ms(pause_ms, true), 1_000);
    }
}
