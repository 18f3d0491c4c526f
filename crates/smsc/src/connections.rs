//! Counts connections, in all and by address, and turns away those beyond a limit.
//!
//! A permit gives its place back when it is dropped, however the connection ended.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
}

/// The connections of all listeners.
#[derive(Clone, Default)]
pub(crate) struct Connections {
    counts: Arc<Mutex<Counts>>,
}

/// A connection's place in the counts.
pub(crate) struct ConnectionPermit {
    connections: Connections,
    network: IpAddr,
}

impl Connections {
    /// Takes a place, or `None` when a limit is reached.
    pub(crate) fn admit(&self, peer: IpAddr, limits: &Limits) -> Option<ConnectionPermit> {
        let network = network_of(peer);
        let is_exempt = peer.to_canonical().is_loopback() && !limits.loopback_is_limited;
        let mut counts = self.lock();
        let from_network = counts.by_network.get(&network).copied().unwrap_or(0);
        let is_full = (limits.connections_max != 0 && counts.total >= limits.connections_max)
            || (limits.connections_per_ip_max != 0
                && !is_exempt
                && from_network >= limits.connections_per_ip_max);
        if is_full {
            return None;
        }
        counts.total += 1;
        counts.by_network.insert(network, from_network + 1);
        drop(counts);
        Some(ConnectionPermit { connections: self.clone(), network })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut counts = self.connections.lock();
        counts.total = counts.total.saturating_sub(1);
        match counts.by_network.get_mut(&self.network) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.by_network.remove(&self.network)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Connections, network_of};
    use crate::limits::Limits;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn limits_hold_in_all_and_by_address() {
        let limits = Limits { connections_max: 3, connections_per_ip_max: 2, ..Limits::default() };
        let connections = Connections::default();
        let first = connections.admit(address("192.0.2.1"), &limits);
        let second = connections.admit(address("192.0.2.1"), &limits);
        assert!(first.is_some() && second.is_some());
        assert!(connections.admit(address("192.0.2.1"), &limits).is_none(), "third of one address");
        let third = connections.admit(address("192.0.2.2"), &limits);
        assert!(third.is_some());
        assert!(connections.admit(address("192.0.2.3"), &limits).is_none(), "fourth in all");
        drop((first, second, third));
        assert!(connections.lock().by_network.is_empty());
        assert_eq!(connections.lock().total, 0);
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
