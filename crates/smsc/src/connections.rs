//! Counts connections, in all and by address, and turns away those beyond a limit.
//!
//! A permit gives its place back when it is dropped, however the connection ended. When all places are taken,
//! the connection that has gone without a bind for longest makes room for the next: strangers who only connect
//! cannot keep customers out, and a bound session is never touched. Start at [`Connections::admit`].

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::limits::Limits;

/// The address that limits count by: an IPv4 address, or the /64 of an IPv6 address, within which a single
/// customer may move freely.
pub(crate) fn network_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[derive(Default)]
struct Counts {
    total: usize,
    by_network: HashMap<IpAddr, usize>,
    last_number: u64,
    /// Connections that are not bound, the oldest first. Dropping an entry tells its connection to go.
    open: BTreeMap<u64, oneshot::Sender<()>>,
}

/// The connections of all listeners.
#[derive(Clone, Default)]
pub(crate) struct Connections {
    counts: Arc<Mutex<Counts>>,
}

/// A connection's place in the counts.
pub(crate) struct ConnectionPermit {
    connections: Connections,
    /// `None` until it is known who is behind a proxy.
    network: Option<IpAddr>,
    number: u64,
    /// Ends when the place is given to another; `None` once nobody can take it any more.
    recall: Option<oneshot::Receiver<()>>,
    is_kept: bool,
}

impl Connections {
    /// Takes a place, or `None` when a limit is reached and no connection without a bind can make room.
    pub(crate) fn admit(&self, peer: IpAddr, limits: &Limits) -> Option<ConnectionPermit> {
        if !self.lock().has_room_for(peer, limits) {
            return None;
        }
        let mut permit = self.admit_unknown(limits)?;
        permit.count_for(peer);
        Some(permit)
    }

    /// The same for a connection of a proxy: whom it counts for is known later, by
    /// [`ConnectionPermit::belongs_to`].
    pub(crate) fn admit_unknown(&self, limits: &Limits) -> Option<ConnectionPermit> {
        let mut counts = self.lock();
        if limits.connections_max != 0 && counts.total >= limits.connections_max {
            // The place changes hands, so the total stays as it is.
            drop(counts.open.pop_first()?);
        } else {
            counts.total += 1;
        }
        counts.last_number += 1;
        let number = counts.last_number;
        let (sender, recall) = oneshot::channel();
        counts.open.insert(number, sender);
        drop(counts);
        Some(ConnectionPermit {
            connections: self.clone(),
            network: None,
            number,
            recall: Some(recall),
            is_kept: false,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// Whether one more connection may come from that address.
    fn has_room_for(&self, peer: IpAddr, limits: &Limits) -> bool {
        let is_exempt = peer.to_canonical().is_loopback() && !limits.loopback_is_limited;
        let from_network = self.by_network.get(&network_of(peer)).copied().unwrap_or(0);
        limits.connections_per_ip_max == 0 || is_exempt || from_network < limits.connections_per_ip_max
    }
}

impl ConnectionPermit {
    /// The connection of a proxy is that client's. `false` when the client has as many as it may have.
    pub(crate) fn belongs_to(&mut self, peer: IpAddr, limits: &Limits) -> bool {
        let has_room = self.connections.lock().has_room_for(peer, limits);
        if has_room {
            self.count_for(peer);
        }
        has_room
    }

    fn count_for(&mut self, peer: IpAddr) {
        let network = network_of(peer);
        *self.connections.lock().by_network.entry(network).or_insert(0) += 1;
        self.network = Some(network);
    }

    /// The connection is bound: nobody takes its place from now on. `false` when somebody just has.
    pub(crate) fn keep(&mut self) -> bool {
        if !self.is_kept {
            self.is_kept = self.connections.lock().open.remove(&self.number).is_some();
            if self.is_kept {
                self.recall = None;
            }
        }
        self.is_kept
    }

    /// Whether the place has been given to a newer connection.
    pub(crate) fn is_recalled(&self) -> bool {
        !self.is_kept && self.recall.is_none()
    }

    /// Ready, once, when a newer connection has been given the place.
    pub(crate) fn poll_recalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(recall) = &mut self.recall else { return Poll::Pending };
        // The answer is that the sender is gone.
        Pin::new(recall).poll(cx).map(|_| self.recall = None)
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut counts = self.connections.lock();
        if self.is_kept || counts.open.remove(&self.number).is_some() {
            counts.total = counts.total.saturating_sub(1);
        }
        let Some(network) = self.network else { return };
        match counts.by_network.get_mut(&network) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.by_network.remove(&network)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::task::{Context, Waker};

    use super::{Connections, network_of};
    use crate::limits::Limits;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn limits_hold_in_all_and_by_address() {
        let limits = Limits { connections_max: 3, connections_per_ip_max: 2, ..Limits::default() };
        let connections = Connections::default();
        let admit = |peer| connections.admit(address(peer), &limits);
        let mut first = admit("192.0.2.1").unwrap();
        let mut second = admit("192.0.2.1").unwrap();
        assert!(admit("192.0.2.1").is_none(), "third of one address");
        let mut third = admit("192.0.2.2").unwrap();
        assert!(first.keep() && second.keep() && third.keep() && third.keep());
        assert!(admit("192.0.2.3").is_none(), "fourth in all");
        drop((first, second, third));
        assert!(connections.lock().by_network.is_empty() && connections.lock().open.is_empty());
        assert_eq!(connections.lock().total, 0);
    }

    #[test]
    fn the_oldest_that_is_not_bound_makes_room() {
        let limits = Limits { connections_max: 3, ..Limits::default() };
        let connections = Connections::default();
        let admit = || connections.admit(address("192.0.2.1"), &limits);
        let cx = &mut Context::from_waker(Waker::noop());
        let (mut bound, mut older, mut newer) = (admit().unwrap(), admit().unwrap(), admit().unwrap());
        assert!(bound.keep());
        let mut next = admit().unwrap();
        assert!(older.poll_recalled(cx).is_ready() && older.poll_recalled(cx).is_pending());
        assert!(!older.keep() && older.is_recalled(), "too late");
        for untouched in [&mut bound, &mut newer, &mut next] {
            assert!(untouched.poll_recalled(cx).is_pending() && !untouched.is_recalled());
        }
        assert_eq!(connections.lock().total, 3);
        drop(older);
        assert_eq!(connections.lock().total, 3, "its place is taken");
        assert!(newer.keep() && next.keep());
        assert!(admit().is_none());
        drop((bound, newer, next));
        assert_eq!(connections.lock().total, 0);
        assert!(connections.lock().by_network.is_empty());
    }

    #[test]
    fn a_connection_of_a_proxy_counts_for_the_client_behind_it() {
        let limits = Limits { connections_per_ip_max: 1, connections_max: 3, ..Limits::default() };
        let connections = Connections::default();
        let mut admitted: Vec<_> = (0..3).map(|_| connections.admit_unknown(&limits).unwrap()).collect();
        assert!(connections.lock().by_network.is_empty() && connections.lock().total == 3);
        assert!(admitted[0].belongs_to(address("192.0.2.1"), &limits));
        assert!(!admitted[1].belongs_to(address("192.0.2.1"), &limits), "the second of one client");
        assert!(admitted[2].belongs_to(address("192.0.2.2"), &limits));
        assert!(admitted.iter_mut().all(super::ConnectionPermit::keep));
        assert!(connections.admit_unknown(&limits).is_none(), "the fourth in all");
        drop(admitted);
        assert!(connections.lock().by_network.is_empty() && connections.lock().total == 0);
    }

    #[test]
    fn loopback_is_limited_only_when_told() {
        for (loopback_is_limited, admitted) in [(false, true), (true, false)] {
            let limits = Limits { connections_per_ip_max: 1, loopback_is_limited, ..Limits::default() };
            let connections = Connections::default();
            let _first = connections.admit(address("127.0.0.1"), &limits);
            assert_eq!(connections.admit(address("::ffff:127.0.0.1"), &limits).is_some(), admitted);
        }
    }

    #[test]
    fn one_customer_is_one_ipv6_network() {
        assert_eq!(network_of(address("2001:db8:1:2:3::4")), address("2001:db8:1:2::"));
        assert_eq!(network_of(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }
}
